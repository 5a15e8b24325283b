"""The list of a project's connections as a key may see it: read where the key's connections lie, and nowhere else.

A key of few connections in a project of many thousands would else have all of them read to find its own, and a page
that gave up on the way could say where to go on only by the name of a connection that the key may not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from unified import table as t
from unified.connections.records import Connection
from unified.grants import Grant

_CONNECTIONS = "CONNECTION#"
_MANY = 100  # items in one BatchGetItem


class _Span(NamedTuple):
    """Sort keys that lie together: all that begin with ``begin``, or only ``begin`` itself."""

    begin: str
    is_prefix: bool

    def holds(self, sort_key: str) -> bool:
        return sort_key.startswith(self.begin) if self.is_prefix else sort_key == self.begin

    def is_before(self, after: str | None) -> bool:
        """Tell whether nothing of it comes after ``after``."""
        return after is not None and self.begin <= after and not (self.is_prefix and after.startswith(self.begin))


def page(
    table: t.Table, project: str, grant: Grant, connector: str | None, *, limit: int, after: str | None
) -> tuple[list[Connection], str | None]:
    """Return up to ``limit`` connections that ``grant`` covers, by connector and owner, and where to go on.

    ``after`` and what is returned are the sort key of the last connection of a page; None is before the first, and
    after the last.
    """
    within = _CONNECTIONS + (f"{connector}#" if connector else "")
    spans = [span for span in _spans(grant, within) if not span.is_before(after)]
    shown: list[Connection] = []
    for item in _items(table, f"PROJECT#{project}", spans, limit + 1, after):
        found = Connection.from_item(project, item)
        # A pattern's own "#" may spell another connection's key.
        if grant.covers(found.reference.connector, found.reference.owner):
            shown.append(found)
        if len(shown) > limit:
            return shown[:limit], t.connection_key(*shown[limit - 1].reference).sk
    return shown, None


def _spans(grant: Grant, within: str) -> list[_Span]:
    """Return where the connections of a grant lie, in order and apart from each other."""
    if grant.connections is None:
        return [_Span(within, is_prefix=True)]
    spans: list[_Span] = []
    for pattern in sorted(set(grant.connections)):
        begin = _CONNECTIONS + pattern.removesuffix("*").replace("/", "#", 1)
        if begin.startswith(within):
            spans.append(_Span(begin, pattern.endswith("*")))
    # A prefix before what it holds: what is in it already is not read again.
    spans.sort(key=lambda span: (span.begin, not span.is_prefix))
    apart: list[_Span] = []
    for span in spans:
        if not apart or not apart[-1].holds(span.begin):
            apart.append(span)
    return apart


def _items(table: t.Table, pk: str, spans: list[_Span], wanted: int, after: str | None) -> Iterator[t.Item]:
    """Yield what lies in the spans after ``after``, in order: one read for many single ones, pages for a prefix."""
    for is_prefix, together in groupby(spans, key=lambda span: span.is_prefix):
        if not is_prefix:
            keys = [t.Key(pk, span.begin) for span in together]
            for first in range(0, len(keys), _MANY):
                yield from (item for item in table.get_many(keys[first : first + _MANY]) if item is not None)
            continue
        for span in together:
            start = after if after is not None and after.startswith(span.begin) else None
            while True:
                items, start = table.page(pk, span.begin, limit=wanted, after=start)
                yield from items
                if start is None:
                    break
