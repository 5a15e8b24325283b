"""The ledger of one connection: read entries, decide, write entry and event in one transaction."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from unified import table as t
from unified.connections.watch import Watch
from unified.events.records import Event, Trigger, new_event_id
from unified.ledger.decisions import Entry, Policy, Seen, Verdict, decide
from unified.ledger.known import Known
from unified.models.events import matches
from unified.models.moments import now_iso

# A tombstone must outlive every late word of the record: Ashby gives a webhook up after about three hours.
TOMBSTONE_DAYS = 30
# DynamoDB: a hundred keys a batch, a hundred writes a transaction.
_BATCH = 100
_WRITES = 100
# Of the 4 MB that a transaction may hold; what is not the bodies of events is small.
_BYTES = 3_000_000


class Write(NamedTuple):
    """One entry to write in the place of ``before``, with the event that tells of it or None."""

    record_id: str
    before: Entry | None
    after: Entry
    event: Event | None


class Conflict(Exception):
    """An entry is no longer the one that the decision was made on: read it again, and then the record."""


Find = Callable[[str], Entry | None]


class Entries(Protocol):
    """Where entries are kept, of one model of one connection: DynamoDB, or a stand-in held to the same tests."""

    def read(self, record_ids: Sequence[str]) -> dict[str, Entry]:
        """Return the entries there are, each as of a moment after the call began."""
        ...

    def all(self, most: int) -> Find | None:
        """Return what finds the entries there are, each as of a moment after the call began; None for too many.

        ``most`` is how many may be held: about 70 bytes each.
        """
        ...

    def begins(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        """Yield record ids and entries of all records whose id begins with ``prefix``, in order of id."""
        ...

    def count(self) -> int:
        """Return how many records there are that are not gone."""
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """Apply all of at most a hundred writes or none. Raises ``Conflict``."""
        ...


Seal = Callable[[Mapping[str, Any]], Mapping[str, bytes] | None]


class Teller:
    """Who is told what: patterns of the events that are wanted, those the connection itself subscribes to.

    ``seal`` seals the body of an event; None makes events that are references only.
    """

    def __init__(self, wanted: Sequence[str], subscribed: Sequence[str], seal: Seal | None = None) -> None:
        self._wanted = wanted
        self._subscribed = subscribed
        self.seal = seal

    def is_wanted(self, name: str) -> bool:
        """Tell whether somebody wants the event."""
        return matches(self._wanted, name)

    def is_subscribed(self, name: str) -> bool:
        """Tell whether the connection's own list takes the event in."""
        return matches(self._subscribed, name)


class Ledger:
    """Observes records of one model of one connection."""

    def __init__(self, watch: Watch, model: str, entries: Entries, policy: Policy, teller: Teller) -> None:
        self._watch = watch
        self._model = model
        self._policy = policy
        self._teller = teller
        self.entries = entries

    def observe(self, sightings: Sequence[Seen], entries: Mapping[str, Entry]) -> tuple[list[Event], list[str]]:
        """Take in sightings beside the entries that were read for them.

        Returns the events made, and the ids of records that are unsure and must be settled by a fenced read.
        """
        writes: list[Write] = []
        unsure: list[str] = []
        # A list that shifts while it is paged may give a record twice, and a transaction takes an item once.
        for seen in {seen.record_id: seen for seen in sightings}.values():
            entry = entries.get(seen.record_id)
            verdict = decide(entry, seen, self._policy)
            if verdict is Verdict.UNSURE:
                unsure.append(seen.record_id)
            elif verdict is Verdict.QUIET or not isinstance(verdict, Verdict):
                writes.append(self._write(entry, seen, None if verdict is Verdict.QUIET else verdict))
        events: list[Event] = []
        for chunk in _chunks(writes):
            done, lost = self._apply(chunk)
            events += done
            unsure += lost
        return events, unsure

    def _apply(self, writes: Sequence[Write]) -> tuple[list[Event], list[str]]:
        """Write a chunk whole, or write by write when one of it stands in the way of the others."""
        try:
            self.entries.write(writes)
        except Conflict:
            if len(writes) == 1:
                return [], [writes[0].record_id]
            parts = [self._apply([write]) for write in writes]
            return [event for done, _ in parts for event in done], [name for _, lost in parts for name in lost]
        return [write.event for write in writes if write.event is not None], []

    def _write(self, before: Entry | None, seen: Seen, trigger: Trigger | None) -> Write:
        version = (before.version if before else 0) + (trigger is not None)
        updated_at = seen.updated_at if seen.updated_at or before is None else before.updated_at
        after = Entry(
            seen.basis,
            seen.digest,
            version,
            updated_at,
            seen.ended_at,
            before.is_restricted if seen.is_gone and before else seen.is_restricted,
        )
        return Write(seen.record_id, before, after, self._event(seen, trigger, version) if trigger else None)

    def _event(self, seen: Seen, trigger: Trigger, version: int) -> Event | None:
        name = f"{self._model}::{trigger}"
        if not self._teller.is_wanted(name):
            return None
        seal = self._teller.seal
        return Event(
            new_event_id(),
            self._watch,
            self._model,
            trigger,
            seen.record_id,
            version,
            now_iso(),
            None if seen.is_gone else seen.updated_at,
            seen.merged_into,
            seal(seen.resource) if seal and seen.resource is not None else None,
            self._teller.is_subscribed(name),
        )


class TableEntries:
    """Entries in the table."""

    def __init__(self, table: t.Table, watch: Watch, model: str) -> None:
        self._table = table
        self._watch = watch
        self._model = model

    def read(self, record_ids: Sequence[str]) -> dict[str, Entry]:
        """Read in batches of a hundred, consistently."""
        skip = len(self._model) + 1
        pk = self._key("").pk
        unique = list(dict.fromkeys(record_ids))
        found: dict[str, Entry] = {}
        for start in range(0, len(unique), _BATCH):
            names = [f"{self._model}#{name}" for name in unique[start : start + _BATCH]]
            values = self._table.get_values(pk, names, "entry")
            found.update((sk[skip:], _unpack(value)) for sk, value in values.items())
        return found

    def all(self, most: int) -> Find | None:
        """Query them all, for a twentieth of what reading them one by one costs."""
        skip = len(self._model) + 1
        items = self._table.query(self._key("").pk, f"{self._model}#", ("sk", "entry"))
        known = Known((item["sk"][skip:], bytes(item["entry"])) for item in islice(items, most + 1))

        def find(record_id: str) -> Entry | None:
            packed = known.find(record_id)
            return None if packed is None else _unpack(packed)

        return None if len(known) > most else find

    def begins(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        """Query by the beginning of the id."""
        skip = len(self._model) + 1
        for item in self._table.query(self._key("").pk, f"{self._model}#{prefix}", ("sk", "entry")):
            yield item["sk"][skip:], _unpack(item["entry"])

    def count(self) -> int:
        """Count by the attribute that only the entries of gone records have."""
        return self._table.count(self._key("").pk, f"{self._model}#", without="ttl")

    def write(self, writes: Sequence[Write]) -> None:
        """Write entries and events in one transaction. Raises ``Conflict``."""
        items: list[t.Put | t.Update | t.Delete] = []
        for write in writes:
            before = write.before
            held = (
                t.ABSENT if before is None else t.Condition("#entry = :before", {"before": _pack(before)}, ("entry",))
            )
            items.append(t.Put(self._key(write.record_id), _item(write.after), held))
            if write.event is not None:
                items.append(t.Put(write.event.key(), write.event.to_item()))
        try:
            self._table.transact(items)
        except (t.ConditionFailed, t.Contention):
            raise Conflict from None

    def _key(self, record_id: str) -> t.Key:
        return self._watch.ledger_key(f"{self._model}#{record_id}")


# An entry is one attribute: basis, flags, version, the time it was seen, digest, updatedAt. So it is small, cheap to
# read a hundred thousand times, and compared as a whole by the condition of the next write.
_HEAD = struct.Struct(">4sBId")
_GONE, _RESTRICTED, _DATED = 1, 2, 4
_DIGEST_BYTES = 12


def _pack(entry: Entry) -> bytes:
    flags = _GONE * entry.is_gone | _RESTRICTED * entry.is_restricted | _DATED * (entry.updated_at is not None)
    head = _HEAD.pack(entry.basis, flags, entry.version, entry.seen_at)
    return head + entry.digest + (entry.updated_at or "").encode()


def _unpack(packed: Any) -> Entry:
    data = bytes(packed)
    basis, flags, version, seen_at = _HEAD.unpack_from(data)
    end = _HEAD.size if flags & _GONE else _HEAD.size + _DIGEST_BYTES
    updated_at = data[end:].decode() if flags & _DATED else None
    return Entry(basis, data[_HEAD.size : end], version, updated_at, seen_at, bool(flags & _RESTRICTED))


def _item(entry: Entry) -> dict[str, Any]:
    ends = int(time.time()) + TOMBSTONE_DAYS * 86400 if entry.is_gone else None
    return {"entry": _pack(entry), "ttl": ends}


def _chunks(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Give chunks that one transaction holds: an entry is one write, with an event two, and bodies have their size."""
    chunk: list[Write] = []
    room, space = _WRITES, _BYTES
    for write in writes:
        size = 1 if write.event is None else 2
        length = sum(map(len, write.event.body.values())) if write.event and write.event.body else 0
        if size > room or length > space:
            yield chunk
            chunk, room, space = [], _WRITES, _BYTES
        chunk.append(write)
        room -= size
        space -= length
    if chunk:
        yield chunk
