"""What is left of a connection that was removed: told of, and then deleted item by item.

Only once nobody can be at work on it any more. A sweep or an observer that began before the removal has credential and
settings in its memory and goes on for minutes; to it, what had been deleted by then would be unknown, and so new: it
would tell of it, and leave entries that nobody deletes. DynamoDB could refuse each of their writes by checking in its
transaction that the connection is still there. But transactions that hold one item conflict, even where they only check
it (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling),
twenty observers of one account would stand in each other's way, and each event would cost half as much again to write.
No function lives longer than some minutes, so to wait costs nothing and holds for all that any of them writes.
"""

from __future__ import annotations

from typing import Any

from unified import table as t
from unified.connections.watch import REMOVAL, Watch
from unified.connector import load_connector
from unified.deadline import Deadline
from unified.hooks import settings as hook_settings
from unified.ledger.decisions import Policy
from unified.ledger.ledger import Ledger, TableEntries, Teller
from unified.ledger.registry import Desk, Due, LeaseLost, Registry
from unified.ledger.subject import absence
from unified.ledger.watched import Home

_WRITES = 100
# A lease lasts for two minutes.
_KEEP_SECONDS = 30


def purge(home: Home, registry: Registry, watch: Watch, deadline: Deadline) -> bool:
    """Delete all that was kept to watch a removed connection; False when time is over before it is done.

    Models whose records end with the connection (the workspace) are told deleted first, at once where no sweep was
    under way as it was removed. What comes too early is put off, what comes beside another purge does nothing. The
    entry in the registry goes last, so whatever interrupts it, the next tick goes on.
    """
    due = registry.find(watch)
    if due is None or not due.is_removed:
        return True
    desk = Desk(home.table, watch)
    now = home.clock()
    if now < due.purge_at:
        if _is_quiet(desk.state()):
            _tell(home, due)
        registry.put_off(watch, due.purge_at)
        return True
    if desk.take(now) is None:
        return True
    try:
        _tell(home, due)
        # Once more: webhooks may have been prepared while the connection was being removed.
        hook_settings.remove_all(watch, None)
        if not _delete(home, desk, watch, deadline):
            desk.release()
            return False
    except LeaseLost:
        return True
    home.table.transact([t.Delete(watch.sync_key("STATE")), t.Delete(watch.sweep_key())])
    return True


def _is_quiet(state: dict[str, Any]) -> bool:
    """Tell whether no sweep was under way as the connection was removed: one could find again what is told deleted."""
    return state.get("leaseHolder") == REMOVAL and not state.get("interrupted")


def _delete(home: Home, desk: Desk, watch: Watch, deadline: Deadline) -> bool:
    """Delete all but the state, which holds the lease; False when time is over. Raises ``LeaseLost``."""
    kept_at = home.clock()
    for pk in (watch.ledger_key("").pk, watch.sync_key("").pk):
        batch: list[t.Put | t.Update | t.Delete] = []
        for item in home.table.query(pk, only=("pk", "sk")):
            key = t.Key(item["pk"], item["sk"])
            if key == watch.sync_key("STATE"):
                continue
            batch.append(t.Delete(key))
            if len(batch) == _WRITES:
                home.table.transact(batch)
                batch = []
                if deadline.remaining() <= 0:
                    return False
                if home.clock() > kept_at + _KEEP_SECONDS:
                    kept_at = home.clock()
                    desk.keep(kept_at)
        home.table.transact(batch)
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
