"""Writes that take Ashby several calls, and several calls at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from unified.errors import UnifiedError

# Of the transport's connections; each waits for Ashby, none works.
WORKERS = 24

Item = TypeVar("Item")
Result = TypeVar("Result")


class Steps:
    """The steps of one write. A failure before anything was written is the write's own; a later one is noted."""

    def __init__(self, *, wrote: bool = False) -> None:
        self.not_written: dict[str, str] = {}
        self._wrote = wrote

    def look(self, fields: Iterable[str], read: Callable[[], Result]) -> Result | None:
        """Read what writing ``fields`` needs; None, noted, when that failed after something was written."""
        try:
            return read()
        except UnifiedError as failed:
            if not self._wrote:
                raise
            self.not_written.update(dict.fromkeys(fields, failed.detail))
            return None

    def write(self, fields: Iterable[str], step: Callable[[], Result]) -> Result | None:
        """Do one step, which writes ``fields``; None, noted, when it failed after something was written."""
        result = self.look(fields, step)
        self._wrote = True
        return result


def together(read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Read each of ``items``, at the same time, and return the results in their order."""
    if len(items) <= 1:
        return [read(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(WORKERS, len(items))) as pool:
        return list(pool.map(read, items))


def unavailable(failed: UnifiedError) -> dict[str, str]:
    """Return what stands in a record for a part that could not be read."""
    return {"unavailable": failed.detail}
