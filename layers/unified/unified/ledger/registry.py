"""Which connections are watched and what is due for each, and who is at work on one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.watch import Watch
from unified.ledger.progress import Progress
from unified.models.moments import now_iso

# How long one invocation has a connection for itself after its last note; one that died is waited for so long.
LEASE_SECONDS = 120
# The ids of a full pass that nobody went on with.
_RUN_SECONDS = 7 * 86400


class LeaseLost(Exception):
    """Somebody else works on this connection by now."""


class Due(NamedTuple):
    """One watched connection: when it is due (seconds since the epoch), whether it was removed.

    ``events`` are the connection's own patterns, kept on removal for the events that tell of it.
    """

    watch: Watch
    due_at: float
    is_removed: bool
    events: tuple[str, ...]


class Registry:
    """The watched connections, in the table."""

    def __init__(self, table: t.Table) -> None:
        self._table = table

    def all(self) -> Iterator[Due]:
        """Yield every watched connection."""
        for item in self._table.query("SWEEP"):
            if not item["sk"].startswith("PAUSE#"):
                yield _due(item)

    def find(self, watch: Watch) -> Due | None:
        """Read one."""
        item = self._table.get(watch.sweep_key())
        return None if item is None else _due(item)

    def set_due(self, watch: Watch, due_at: float) -> None:
        """Say when a connection is due next; one that was removed meanwhile stays removed."""
        try:
            self._table.update(watch.sweep_key(), {"dueAt": due_at}, condition=t.PRESENT)
        except t.ConditionFailed:
            return

    def set_removed(self, watch: Watch) -> None:
        """Have a connection purged that is no longer there."""
        try:
            self._table.update(watch.sweep_key(), {"removedAt": now_iso()}, condition=t.PRESENT)
        except t.ConditionFailed:
            return

    def pause_all(self, connector: str, until: float) -> None:
        """Have no connection of a connector swept until then: the limit of all of them together is reached."""
        self._table.put(_pause_key(connector), {"until": until})

    def paused_until(self, connector: str) -> float:
        """Return until when no connection of a connector is swept; zero where none is held up."""
        item = self._table.get(_pause_key(connector))
        return 0.0 if item is None else item["until"]


class Desk:
    """One invocation's hold on one watched connection: its state, its lease, and the notes of its passes."""

    def __init__(self, table: t.Table, watch: Watch) -> None:
        self._table = table
        self._watch = watch
        self._holder = uuid.uuid4().hex

    def state(self) -> dict[str, Any]:
        """Read how the connection is watched."""
        return self._table.get(self._watch.sync_key("STATE")) or {}

    def take(self, now: float) -> dict[str, Any] | None:
        """Take the lease; returns the state, None when somebody else has it."""
        free = t.Condition("attribute_not_exists(leaseUntil) OR leaseUntil < :now", {"now": now})
        try:
            return self._table.update(
                self._watch.sync_key("STATE"),
                {"leaseHolder": self._holder, "leaseUntil": now + LEASE_SECONDS},
                condition=free,
            )
        except t.ConditionFailed:
            return None

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        try:
            self._table.update(self._watch.sync_key("STATE"), {"leaseUntil": 0}, condition=self._ours())
        except t.ConditionFailed:
            return

    def change(self, changes: dict[str, Any]) -> None:
        """Change attributes of the state."""
        self._table.update(self._watch.sync_key("STATE"), changes)

    def notes(self, clock: Any) -> TableNotes:
        """Return where passes note how far they are."""
        return TableNotes(self._table, self._watch, self._ours(), self._holder, clock)

    def _ours(self) -> t.Condition:
        return t.Condition("leaseHolder = :holder", {"holder": self._holder})


class TableNotes:
    """The notes of passes, in the table; every note also extends the lease, and fails without it."""

    def __init__(self, table: t.Table, watch: Watch, ours: t.Condition, holder: str, clock: Any) -> None:
        self._table = table
        self._watch = watch
        self._ours = ours
        self._holder = holder
        self._clock = clock

    def save(self, progress: Progress, *granted: str) -> None:
        """Keep how far a pass is, and the lease. Raises ``LeaseLost``.

        What a person asks for meanwhile (``wantsFull``, ``accepts``) is not ours to overwrite, unless it is
        ``granted`` by this very note.
        """
        changes = {**progress.to_item(), **dict.fromkeys(granted)}
        lease = {"leaseUntil": self._clock() + LEASE_SECONDS}
        try:
            self._table.transact(
                [
                    t.Update(self._watch.sync_key(f"MODEL#{progress.model}"), changes),
                    t.Update(self._watch.sync_key("STATE"), lease, self._ours),
                ]
            )
        except (t.ConditionFailed, t.Contention):
            raise LeaseLost from None

    def add_ids(self, progress: Progress, page: int, ids: bytes) -> None:
        """Keep the ids of pages up to ``page``."""
        key = self._watch.sync_key(f"{_run_prefix(progress)}{page:08}")
        self._table.put(key, {"ids": ids, "ttl": int(self._clock()) + _RUN_SECONDS})

    def ids(self, progress: Progress) -> Iterable[bytes]:
        """Yield what this pass kept; the notes of another are another's."""
        for item in self._table.query(self._watch.sync_key("").pk, _run_prefix(progress)):
            yield bytes(item["ids"])


def _run_prefix(progress: Progress) -> str:
    return f"RUN#{progress.model}#{progress.run.id if progress.run else ''}#"


def _pause_key(connector: str) -> t.Key:
    return t.Key("SWEEP", f"PAUSE#{connector}")


def _due(item: dict[str, Any]) -> Due:
    return Due(Watch.from_message(item), item["dueAt"], "removedAt" in item, tuple(item.get("events", ())))
