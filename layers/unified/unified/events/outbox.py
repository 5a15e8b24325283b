"""The outbox read: one event by its id, and events in order of time, day by day.

Events lie in one partition a project and day, and live ``EVENT_DAYS``. So a list never looks at more days than that,
however few events there are, and at no more items than it was told to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from unified import table as t
from unified.events.records import EVENT_DAYS, Event, day_of, event_id_at, event_time, key_of

_DAY = 86_400
_PAGE = 100
# Greater than every digit of an id: behind all events of a moment.
_BEHIND = "~"


class Found(NamedTuple):
    """Events of one page, and the id of the last one looked at when there may be more behind it."""

    events: list[Event]
    following: str | None


def get(table: t.Table, project: str, event_id: str, now: float | None = None) -> Event | None:
    """Read an event; None for one that is not this project's, that has expired, or whose id is none."""
    try:
        item = table.get(key_of(project, event_id))
    except ValueError:
        return None
    if item is None or item["ttl"] <= (time.time() if now is None else now):
        return None
    return Event.from_item(item)


def newest(
    table: t.Table,
    project: str,
    wanted: Callable[[Event], bool],
    *,
    limit: int,
    since: float,
    until: float,
    after: str | None = None,
    budget: int = 1000,
) -> Found:
    """Return up to ``limit`` wanted events between two moments, newest first, behind the event ``after``.

    At most ``budget`` events are looked at, so a rare one may need several calls: then few or none come back with a
    place to go on from.
    """
    begin = until if after is None else min(until, event_time(after) or until)
    position = f"{event_id_at(until)}{_BEHIND}"
    return _collect(
        _walk(table, project, since, begin, after=min(position, after or position), newest_first=True),
        wanted,
        limit,
        budget,
    )


def oldest(
    table: t.Table,
    project: str,
    wanted: Callable[[Event], bool],
    *,
    limit: int,
    since: float,
    until: float,
    after: str | None = None,
    budget: int = 1000,
) -> Found:
    """Return the same from the oldest on."""
    begin = since if after is None else max(since, event_time(after) or since)
    position = event_id_at(since)
    return _collect(
        _walk(table, project, begin, until, after=max(position, after or position), newest_first=False),
        wanted,
        limit,
        budget,
    )


def _collect(events: Iterator[Event], wanted: Callable[[Event], bool], limit: int, budget: int) -> Found:
    found: list[Event] = []
    for seen, event in enumerate(events, 1):
        if wanted(event):
            found.append(event)
        if len(found) == limit or seen == budget:
            # Behind the very last event the next page is empty, which costs less than to look ahead on every page.
            return Found(found, event.id)
    return Found(found, None)


def _walk(
    table: t.Table, project: str, since: float, until: float, *, after: str, newest_first: bool
) -> Iterator[Event]:
    now = time.time()
    first, last = max(since, now - EVENT_DAYS * _DAY - _DAY), min(until, now + _DAY)
    lowest, highest = event_id_at(max(since, 0)), f"{event_id_at(max(until, 0))}{_BEHIND}"
    for day in _days(first, last, newest_first=newest_first):
        pk = t.event_key(project, day, "").pk
        position: str | None = after
        while position is not None:
            items, position = table.page(pk, "", limit=_PAGE, after=position, newest_first=newest_first)
            for item in items:
                if lowest <= item["id"] <= highest and item["ttl"] > now:
                    yield Event.from_item(item)


def _days(first: float, last: float, *, newest_first: bool) -> list[str]:
    """Return the days from one moment to another, both among them."""
    starts = range(int(first // _DAY), int(last // _DAY) + 1)
    return [day_of(number * _DAY) for number in (reversed(starts) if newest_first else starts)]
