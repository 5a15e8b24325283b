"""A world in which passes run: an account, entries and notes in memory, and a way to kill a pass at any call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from unified.deadline import Deadline
from unified.errors import RateLimited, Unauthorized, UnifiedError
from unified.ledger.decisions import Policy
from unified.ledger.ledger import Write
from unified.ledger.progress import Progress
from unified.ledger.subject import Subject
from unified.ledger.sweep import Interrupted, Pass, Witness, begin, fail

from .account import Account, Things, moment, subject
from .memory_entries import MemoryEntries

DAY = 86_400.0


class Crash(BaseException):
    """The invocation is killed."""


class Trip:
    """Counts calls by name, and kills the invocation at one of them, once: before it has an effect or after."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.at: tuple[str, int, bool] | None = None

    def call(self, name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        self.calls[name] += 1
        at = self.at
        if at is None or at[:2] != (name, self.calls[name]):
            return work(*arguments)
        self.at = None
        if at[2]:
            work(*arguments)
        raise Crash


class Notebook:
    """Notes in memory; every model's progress and the ids of every run."""

    def __init__(self, progress: Progress, trip: Trip) -> None:
        self.progress = progress
        self.kept: dict[tuple[str, int], bytes] = {}
        self._trip = trip

    def save(self, progress: Progress, *granted: str) -> None:
        wishes = {"wantsFull": "wants_full", "accepts": "accepts"}
        kept = progress._replace(**{wishes[name]: False for name in granted})
        self._trip.call("save", setattr, self, "progress", kept)

    def add_ids(self, progress: Progress, page: int, ids: bytes) -> None:
        assert progress.run is not None
        self._trip.call("add_ids", self.kept.__setitem__, (progress.run.id, page), ids)

    def ids(self, progress: Progress) -> Iterable[bytes]:
        assert progress.run is not None
        run_id = progress.run.id
        return self._trip.call("ids", lambda: [ids for (run, _), ids in self.kept.items() if run == run_id])


class TrippedEntries(MemoryEntries):
    def __init__(self, trip: Trip) -> None:
        super().__init__()
        self._trip = trip

    def read(self, record_ids: Sequence[str]) -> Any:
        return self._trip.call("read", super().read, record_ids)

    def all(self, most: int) -> Any:
        return self._trip.call("all", super().all, most)

    def begins(self, prefix: str) -> Any:
        return self._trip.call("begins", super().begins, prefix)

    def write(self, writes: Sequence[Write]) -> None:
        self._trip.call("write", super().write, writes)


class TrippedThings(Things):
    trip: Trip

    def sweep(self, session: Any, query: Any) -> Any:
        return self.trip.call("sweep", super().sweep, session, query)

    def retrieve(self, session: Any, record_id: str) -> Any:
        return self.trip.call("retrieve", super().retrieve, session, record_id)

    def members(self, session: Any, group: str) -> Any:
        return self.trip.call("members", super().members, session, group)


class Time(Deadline):
    """Time enough, or none."""

    def __init__(self, seconds: float = 60) -> None:
        super().__init__(seconds)
        self._seconds = seconds

    def remaining(self) -> float:
        return self._seconds


class World:
    """An account of which a connection is swept; ``sweep`` makes one pass as the sweep function would."""

    def __init__(self, count: int = 25, *, has_times: bool = True) -> None:
        self.trip = Trip()
        self.account = Account()
        self.entries = TrippedEntries(self.trip)
        self.model = TrippedThings(self.account, has_times=has_times)
        self.model.trip = self.trip
        for number in range(count):
            self.account.put(f"r{number:03}", "A")
        self.account.now += 60
        self.notes = Notebook(Progress("thing", moment(self.account.now)), self.trip)
        self.is_blind = False
        self.witnessed: list[str] = []
        self.deadline = Time()

    def clock(self) -> float:
        return self.account.now

    def one(self) -> Subject:
        """Return a way into the ledger, of this pass or of a webhook beside it."""
        before = self.notes.progress
        return subject(self.model, self.entries, self.clock, Policy(before.is_complete, before.watched_from))

    def sweep(self) -> Progress:
        """Begin a pass, or go on with it. Raises what the pass does."""
        before = self.notes.progress
        one = Pass(
            self.one(),
            None,
            self.notes,
            Witness(lambda _session: self.is_blind, lambda _model, record_id: self.witnessed.append(record_id)),
            self.deadline,
            self.clock,
        )
        begun = begin(before, full_seconds=DAY, now=self.clock())
        if begun.run is not before.run:
            self.notes.save(begun)
        try:
            return one.run(begun)
        except (RateLimited, Unauthorized):
            raise
        except (UnifiedError, ValueError) as failed:
            return fail(self.notes, self.notes.progress, failed, self.clock())

    def sweep_until_done(self) -> int:
        """Sweep whatever stops it; returns how many times it was begun."""
        for times in range(1, 1000):
            try:
                self.sweep()
            except (Crash, Interrupted):
                continue
            return times
        raise AssertionError("no end")

    def next_day(self) -> None:
        self.account.now += DAY

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return sorted((event.record_id, event.trigger, event.version) for event in self.entries.events)

    @property
    def ledger(self) -> dict[str, tuple[bytes, int, str | None]]:
        return {name: (entry.digest, entry.version, entry.updated_at) for name, entry in self.entries.kept.items()}


def changed_world(*, groups: bool = False) -> World:
    """Return a world that was swept, and in which a good deal has happened since."""
    world = World()
    if groups:
        world.model.groups_end = "00"
    world.sweep()
    world.account.now += 3600
    for name in ("r003", "r004", "r021"):
        world.account.put(name, "B")
    for name in ("r005", "r022"):
        world.account.remove(name)
    world.account.put("r100", "A")
    world.account.now += 60
    return world


CHANGES = [
    ("r003", "updated", 1),
    ("r004", "updated", 1),
    ("r005", "deleted", 1),
    ("r021", "updated", 1),
    ("r022", "deleted", 1),
    ("r100", "created", 1),
]


def full_world() -> World:
    world = changed_world()
    world.next_day()
    return world


class Late(Time):
    """No time while pages are listed: every page is noted."""

    def __init__(self, notes: Notebook) -> None:
        super().__init__()
        self._notes = notes

    def remaining(self) -> float:
        run = self._notes.progress.run
        return 60.0 if run is not None and run.is_listed else 0.0
