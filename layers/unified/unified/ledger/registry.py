"""Which connections are watched and what is due for each, and who is at work on one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.watch import QUIET_SECONDS, REMOVAL, Watch
from unified.connector import NOTHING
from unified.ledger.progress import Progress
from unified.models.moments import now_iso

# How long one invocation has a connection for itself after its last note; one that died is waited for so long.
LEASE_SECONDS = 120
PAUSE_SECONDS = 30
"""A throttled account is left alone for at least so long."""

# The ids of a full pass that nobody went on with.
_RUN_SECONDS = 7 * 86400
_KEPT = t.Condition("attribute_exists(pk) AND attribute_not_exists(removedAt)", {})
_REMOVED = t.Condition("attribute_exists(removedAt)", {})


class LeaseLost(Exception):
    """Somebody else works on this connection by now."""


class Due(NamedTuple):
    """One watched connection: when it is due (seconds since the epoch), whether it was removed.

    ``events`` are the connection's own patterns, kept on removal for the events that tell of it. From ``purge_at`` on
    nobody can be at work on a removed one any more.
    """

    watch: Watch
    due_at: float
    is_removed: bool
    events: tuple[str, ...]
    purge_at: float = 0.0


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
        """Say when a connection is due next; of one that was removed meanwhile its purge decides that."""
        self._change(watch, {"dueAt": due_at}, _KEPT)

    def put_off(self, watch: Watch, due_at: float) -> None:
        """Say when the purge of a removed connection is due next."""
        self._change(watch, {"dueAt": due_at}, _REMOVED)

    def set_removed(self, watch: Watch) -> None:
        """Have a connection purged that is no longer there."""
        removed = {"removedAt": now_iso(), "dueAt": 0, "purgeAt": time.time() + QUIET_SECONDS}
        self._change(watch, removed, _KEPT)

    def _change(self, watch: Watch, changes: dict[str, Any], condition: t.Condition) -> None:
        try:
            self._table.update(watch.sweep_key(), changes, condition=condition)
        except t.ConditionFailed:
            return

    def pause(self, watch: Watch, until: float, *, for_all: bool) -> None:
        """Leave an account alone until then: what people ask for comes first. ``for_all`` means all of its connector.

        The connection's own pause is written by whoever meets the limit, with the lease or without.
        """
        if for_all:
            self._table.update(t.pause_key(watch.reference.connector), {"until": until})
            return
        try:
            self._table.update(watch.sync_key("STATE"), {"pausedUntil": until}, condition=t.PRESENT)
        except t.ConditionFailed:
            return

    def paused_until(self, connector: str) -> float:
        """Return until when all connections of a connector are left alone; zero where none is held up."""
        return _until(self._table.get(t.pause_key(connector)))

    def standing(self, watch: Watch) -> tuple[dict[str, Any], float]:
        """Return how a connection is watched, and until when it is left alone, be it alone or with all others."""
        keys = [watch.sync_key("STATE"), t.pause_key(watch.reference.connector)]
        state, pause = self._table.get_many(keys)
        return state or {}, max((state or {}).get("pausedUntil", 0.0), _until(pause))


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

    def close(self, now: float) -> None:
        """Take the lease from whoever has it, for a connection that is about to be removed.

        Who is at work finds it lost at the next note, and nobody begins. Should the removal come to nothing, the lease
        ends by itself. ``interrupted`` says that somebody had it, or died with it: more may be written until then.
        """
        closed: dict[str, Any] = {"leaseHolder": REMOVAL, "leaseUntil": now + QUIET_SECONDS}
        given_back = t.Condition("attribute_not_exists(leaseUntil) OR leaseUntil = :none", {"none": 0})
        state = self._watch.sync_key("STATE")
        try:
            self._table.update(state, {**closed, "interrupted": None}, condition=given_back)
        except t.ConditionFailed:
            self._table.update(state, {**closed, "interrupted": True})

    def keep(self, now: float, changes: Mapping[str, Any] = NOTHING) -> None:
        """Extend the lease, and change attributes of the state. Raises ``LeaseLost``."""
        kept = {**changes, "leaseUntil": now + LEASE_SECONDS}
        try:
            self._table.update(self._watch.sync_key("STATE"), kept, condition=self._ours())
        except t.ConditionFailed:
            raise LeaseLost from None

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        try:
            self._table.update(self._watch.sync_key("STATE"), {"leaseUntil": 0}, condition=self._ours())
        except t.ConditionFailed:
            return

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


def _until(pause: Mapping[str, Any] | None) -> float:
    return 0.0 if pause is None else pause["until"]


def _due(item: dict[str, Any]) -> Due:
    events = tuple(item.get("events", ()))
    return Due(Watch.from_message(item), item["dueAt"], "removedAt" in item, events, item.get("purgeAt", 0.0))
