"""What is left of a connection that was removed: told of, and then deleted item by item."""

from __future__ import annotations

from typing import Any

from unified import table as t
from unified.connections.watch import Watch
from unified.connector import load_connector
from unified.deadline import Deadline
from unified.hooks import settings as hook_settings
from unified.ledger.decisions import Policy
from unified.ledger.ledger import Ledger, TableEntries, Teller
from unified.ledger.registry import Due, Registry
from unified.ledger.subject import absence
from unified.ledger.watched import Home

_WRITES = 100


def purge(home: Home, registry: Registry, watch: Watch, deadline: Deadline) -> bool:
    """Delete all that was kept to watch a removed connection; False when time is over before it is done.

    Models whose records end with the connection (the workspace) are told deleted first. The entry in the registry goes
    last, so whatever interrupts it, the next tick goes on.
    """
    due = registry.find(watch)
    if due is None or not due.is_removed:
        return True
    _tell(home, due)
    # Once more: webhooks may have been prepared while the connection was being removed.
    hook_settings.remove_all(watch, None)
    for pk in (watch.ledger_key("").pk, watch.sync_key("").pk):
        batch: list[t.Put | t.Update | t.Delete] = []
        for item in home.table.query(pk):
            batch.append(t.Delete(t.Key(item["pk"], item["sk"])))
            if len(batch) == _WRITES:
                home.table.transact(batch)
                batch = []
                if deadline.remaining() <= 0:
                    return False
        home.table.transact_all(batch)
    home.table.delete(watch.sweep_key())
    return True


def _tell(home: Home, due: Due) -> None:
    watch = due.watch
    patterns = (*due.events, *home.asked_by_endpoints(watch.reference))
    teller = Teller(patterns, due.events)
    connector = load_connector(watch.reference.connector)
    for model_id in connector.model_ids:
        if connector.load(model_id).event_sources["deleted"].delay != "atOnce":
            continue
        entries = TableEntries(home.table, watch, model_id)
        ledger = Ledger(watch, model_id, entries, Policy(is_complete=True, watched_from=""), teller)
        known: dict[str, Any] = dict(entries.begins(""))
        ledger.observe([absence(record_id, entry.basis, home.clock()) for record_id, entry in known.items()], known)
