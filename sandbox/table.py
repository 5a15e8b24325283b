"""One kind of record: generated on demand, changed in memory, listed by position, followed by change number.

A record has a position that never changes, so that a cursor survives insertions and deletions. Positions below the
generator's size are computed when asked for; only what was changed is kept. This is what lets an organisation of
100,000 candidates start at once and list a page without touching the other records.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

Record = dict[str, Any]


class Generator(Protocol):
    """Supplies a table's original records. Their ids must be decodable without a list of them."""

    @property
    def size(self) -> int:
        """How many records there are at first."""
        ...

    def build(self, position: int) -> Record:
        """Compute the record at a position below `size`; the same one each time."""
        ...

    def position_of(self, identifier: str) -> int | None:
        """Return the position of an id this generator made, else None."""
        ...


def _keep_all(_: Record) -> bool:
    return True


def _likely_all(_: int) -> bool:
    return True


class Table:
    """An ordered set of records with an `id` each. Only `Organisation` writes to it."""

    def __init__(self, generator: Generator | None = None) -> None:
        self._generator = generator
        self._generated = generator.size if generator else 0
        self._changed: dict[int, Record | None] = {}
        self._added: dict[str, int] = {}
        self._end = self._generated
        self._size = self._generated
        self._log: list[tuple[int, str]] = []
        self._latest: dict[str, int] = {}

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Record]:
        return (record for position in range(self._end) if (record := self.at(position)) is not None)

    @property
    def end(self) -> int:
        """The position the next added record will have."""
        return self._end

    def position_of(self, identifier: str) -> int | None:
        """Return the position of a record that exists or existed, else None."""
        if identifier in self._added:
            return self._added[identifier]
        position = self._generator.position_of(identifier) if self._generator else None
        return position if position is not None and position < self._generated else None

    def at(self, position: int) -> Record | None:
        """Return the record at a position; None where it was removed or never was."""
        if position in self._changed:
            return self._changed[position]
        if self._generator and position < self._generated:
            return self._generator.build(position)
        return None

    def get(self, identifier: str) -> Record | None:
        """Return the record with this id, or None. Treat it as read-only: save a changed copy instead."""
        position = self.position_of(identifier)
        return None if position is None else self.at(position)

    def changed_records(self) -> Iterator[Record]:
        """Return the records that were added or changed and still exist, in order of position."""
        return (record for position in sorted(self._changed) if (record := self._changed[position]) is not None)

    def is_changed(self, position: int) -> bool:
        """Tell whether the record at a position was added, changed or removed."""
        return position in self._changed

    def page(
        self,
        start: int,
        limit: int,
        *,
        keep: Callable[[Record], bool] = _keep_all,
        floor: int = 0,
        likely: Callable[[int], bool] = _likely_all,
    ) -> tuple[list[Record], int | None]:
        """Return up to `limit` records from position `start` that `keep` accepts, and where the next page starts.

        The second value is None on the last page. `floor` promises that no *unchanged* record below that position
        would be kept, and `likely` the same of any position it refuses, so that a filter need not build the records
        it can rule out by their positions.
        """
        found: list[Record] = []
        for position in self._positions(start, floor, likely):
            record = self.at(position)
            if record is not None and keep(record):
                if len(found) == limit:
                    return found, position
                found.append(record)
        return found, None

    def changes(
        self, after: int, until: int, limit: int, *, keep: Callable[[Record], bool] = _keep_all
    ) -> tuple[list[Record], int | None]:
        """Return up to `limit` records last changed in the change numbers (`after`, `until`], oldest change first.

        The second value is the change number of the last returned record if more follow, else None. Removed records
        are not returned: a sync pass tells what changed, not what vanished.
        """
        found: list[Record] = []
        last = after
        for index in range(bisect_right(self._log, (after, "\U0010ffff")), len(self._log)):
            number, identifier = self._log[index]
            if number > until:
                break
            record = self.get(identifier)
            if self._latest[identifier] == number and record is not None and keep(record):
                if len(found) == limit:
                    return found, last
                found.append(record)
                last = number
        return found, None

    def put(self, record: Record) -> bool:
        """Add a record, or replace the one with its id; return whether it was added."""
        position = self.position_of(record["id"])
        existed = position is not None and self.at(position) is not None
        if position is None:
            position = self._end
            self._added[record["id"]] = position
            self._end += 1
        self._changed[position] = record
        self._size += 0 if existed else 1
        return not existed

    def remove(self, identifier: str) -> bool:
        """Remove a record; return whether there was one."""
        position = self.position_of(identifier)
        if position is None or self.at(position) is None:
            return False
        self._changed[position] = None
        self._size -= 1
        return True

    def note_change(self, number: int, identifier: str) -> None:
        """Remember that the record's latest change has this number; numbers only grow."""
        self._log.append((number, identifier))
        self._latest[identifier] = number

    def _positions(self, start: int, floor: int, likely: Callable[[int], bool]) -> Iterator[int]:
        changed = self._changed
        yield from sorted(position for position in changed if start <= position < floor)
        for position in range(max(start, floor), self._generated):
            if position in changed or likely(position):
                yield position
        yield from range(max(start, floor, self._generated), self._end)


def table_of(records: Iterable[Record]) -> Table:
    """Return a table of records that are kept elsewhere, so that they can be listed in pages."""
    table = Table()
    for record in records:
        table.put(record)
    return table
