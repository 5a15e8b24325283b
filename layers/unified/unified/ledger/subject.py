"""One model of one watched connection: how its records are read into the ledger, and how a doubt is settled."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from unified.connector import ConnectorModel, Operation, Record
from unified.errors import Missing
from unified.ledger.decisions import Entry, Seen
from unified.ledger.ledger import Find, Ledger

if TYPE_CHECKING:
    from unified.events.records import Event
    from unified.mapping.custom import FieldMapping

Absence = Literal["fenced", "word", "final"]

_DIGEST_BYTES = 12
_BASIS_BYTES = 4
# Somebody else writes the same record each time we have read it: that cannot go on for long.
_ROUNDS = 8


class Unsettled(Exception):
    """A record changed under every fenced read; whoever asked should ask again later."""


class Subject:
    """A model's records on their way into the ledger. ``clock`` gives seconds since the epoch."""

    def __init__(
        self,
        model: ConnectorModel,
        mapping: FieldMapping,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.model = model
        self.ledger = ledger
        self.clock = clock
        self._mapping = mapping
        self._hashed = frozenset((*model.mapper.rows, *mapping.keys)) - model.unhashed
        self._basis = _basis(self._hashed, mapping)

    def seen(
        self,
        record: Record,
        how: Literal["fenced", "page", "payload"],
        began_at: float,
        ended_at: float,
    ) -> Seen:
        """Turn a record into a sighting."""
        resource = self.model.mapper.resource(record, only=self._hashed, mapping=self._mapping)
        text = json.dumps(resource["fields"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return Seen(
            resource["id"],
            self._basis,
            hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest(),
            how,
            began_at,
            ended_at,
            resource["updatedAt"],
            resource["createdAt"],
            self.model.is_restricted(record),
            None,
            resource,
        )

    def gone(self, record_id: str, how: Absence, at: float, merged_into: str | None = None) -> Seen:
        """Return the sighting of a record's absence."""
        return absence(record_id, self._basis, at, how, merged_into)

    def entries_of(self, records: Sequence[Record], find: Find | None) -> dict[str, Entry]:
        """Return the entries of a page's records, read now or found among those that were read before."""
        identity = self.model.mapper.identity
        names = [name for record in records if (name := identity(record))]
        if find is None:
            return self.ledger.entries.read(names)
        return {name: entry for name in names if (entry := find(name))}

    def take_page(
        self,
        session: Any,
        records: Sequence[Record],
        began_at: float,
        ended_at: float,
        entries: Mapping[str, Entry] | None = None,
    ) -> Taken:
        """Take in a page of a list; what is unsure is settled, one fenced read each.

        ``entries`` are those of its records, read at any time: a write needs them to be the same still.
        """
        sightings = [seen for record in records if (seen := self.seen(record, "page", began_at, ended_at)).record_id]
        return self._take(session, sightings, entries=entries)

    def take_payload(self, session: Any, record: Record, received_at: float) -> Taken:
        """Take in a record that a webhook holds whole.

        Where a mapping reads more than the declared fields it is read instead: a webhook may show private fields that
        the credential's own reading hides, and the two would differ forever.
        """
        seen = self.seen(record, "payload", received_at, received_at)
        if self._mapping.keys and seen.record_id:
            return Taken(self.settle(session, seen.record_id), [seen.record_id])
        return self._take(session, [seen] if seen.record_id else [])

    def take_word(self, session: Any, record_id: str, received_at: float, merged_into: str | None) -> Taken:
        """Take in a webhook's word that a record is deleted, once the account says so too."""
        how = "word" if self.reads_one else "final"
        return self._take(session, [self.gone(record_id, how, received_at, merged_into)], merged_into)

    @property
    def reads_one(self) -> bool:
        """Whether the model reads single records; otherwise a list must be believed."""
        return self.model.capabilities[Operation.RETRIEVE].mode != "refused"

    def settle(
        self, session: Any, record_id: str, merged_into: str | None = None, *, believes_restricted: bool = False
    ) -> list[Event]:
        """Read a record after its entry, until what was read could be written. Raises ``Unsettled``.

        A missing record that only special access shows may be there still, and be hidden by now: unless the caller
        ``believes`` it, it is left to the full sweep, which looks whether that access is lost.
        """
        for _ in range(_ROUNDS):
            entries = self.ledger.entries.read([record_id])
            began_at = self.clock()
            try:
                record = self.model.retrieve(session, record_id)
            except Missing:
                if not believes_restricted and record_id in entries and entries[record_id].is_restricted:
                    return []
                seen = self.gone(record_id, "fenced", self.clock(), merged_into)
            else:
                seen = self.seen(record, "fenced", began_at, self.clock())
                if seen.record_id != record_id:
                    # Asked for a record that was merged away, an account may answer with the one that took its place.
                    seen = self.gone(record_id, "fenced", self.clock(), seen.record_id or None)
            events, lost = self.ledger.observe([seen], entries)
            if not lost:
                return events
        raise Unsettled

    def settle_group(self, session: Any, group: str) -> list[Event]:
        """Read all records whose ids begin with ``group`` after their entries. Raises ``Unsettled``."""
        events: list[Event] = []
        for _ in range(_ROUNDS):
            entries = dict(self.ledger.entries.begins(group))
            began_at = self.clock()
            records = self.model.members(session, group)
            ended_at = self.clock()
            here = [seen for record in records if (seen := self.seen(record, "fenced", began_at, ended_at)).record_id]
            names = {seen.record_id for seen in here}
            left = [self.gone(name, "fenced", ended_at) for name in entries if name not in names]
            made, lost = self.ledger.observe([*here, *left], entries)
            events += made
            if not lost:
                return events
        raise Unsettled

    def settle_groups(self, session: Any, groups: Iterable[str], present: Iterable[str]) -> list[Event]:
        """Settle those of ``groups`` of which the ledger knows a record that is not ``present``."""
        here = set(present)
        events: list[Event] = []
        for group in groups:
            known = self.ledger.entries.begins(group)
            if any(name not in here and not entry.is_gone for name, entry in known):
                events += self.settle_group(session, group)
        return events

    def _take(
        self,
        session: Any,
        sightings: Sequence[Seen],
        merged_into: str | None = None,
        entries: Mapping[str, Entry] | None = None,
    ) -> Taken:
        if entries is None:
            entries = self.ledger.entries.read([seen.record_id for seen in sightings])
        events, unsure = self.ledger.observe(sightings, entries)
        if self.reads_one:
            for record_id in dict.fromkeys(unsure):
                events += self.settle(session, record_id, merged_into)
        return Taken(events, [seen.record_id for seen in sightings], next(_restricted(sightings), None))


def absence(
    record_id: str,
    basis: bytes,
    at: float,
    how: Absence = "final",
    merged_into: str | None = None,
) -> Seen:
    """Return the sighting of a record's absence."""
    return Seen(record_id, basis, b"", how, at, at, merged_into=merged_into)


class Taken(NamedTuple):
    """What became of a page: its events, the ids on it, and one that only special access shows, if any."""

    events: Sequence[Event]
    record_ids: Sequence[str]
    restricted: str | None = None


def _restricted(sightings: Iterable[Seen]) -> Iterator[str]:
    return (seen.record_id for seen in sightings if seen.is_restricted)


def _basis(hashed: frozenset[str], mapping: FieldMapping) -> bytes:
    """Return what tells one way of reading records from another: the fields, and the rules of the mapping."""
    text = json.dumps([sorted(hashed), mapping.fingerprint], separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=_BASIS_BYTES).digest()
