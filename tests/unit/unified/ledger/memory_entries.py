"""Entries in memory, held to the same tests as those in the table (``test_entries.py``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unified.events.records import Event
from unified.ledger.decisions import Entry
from unified.ledger.ledger import Conflict, Find, Write


class MemoryEntries:
    """What ``unified.ledger.ledger.Entries`` asks for, without I/O; ``events`` are in the order of writing."""

    def __init__(self) -> None:
        self.kept: dict[str, Entry] = {}
        self.events: list[Event] = []

    def read(self, record_ids: Sequence[str]) -> dict[str, Entry]:
        return {record_id: self.kept[record_id] for record_id in record_ids if record_id in self.kept}

    def all(self, most: int) -> Find | None:
        return None if len(self.kept) > most else dict(self.kept).get

    def begins(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        yield from sorted((name, entry) for name, entry in self.kept.items() if name.startswith(prefix))

    def count(self) -> int:
        return sum(not entry.is_gone for entry in self.kept.values())

    def write(self, writes: Sequence[Write]) -> None:
        assert 0 < sum(1 if write.event is None else 2 for write in writes) <= 100
        assert len({write.record_id for write in writes}) == len(writes)
        if not all(_holds(self.kept.get(write.record_id), write.before) for write in writes):
            raise Conflict
        for write in writes:
            self.kept[write.record_id] = write.after
            if write.event is not None:
                self.events.append(write.event)


def _holds(now: Entry | None, before: Entry | None) -> bool:
    """Tell whether an entry is still the one read, as the table's condition does."""
    if now is None or before is None:
        return now is before
    return now == before
