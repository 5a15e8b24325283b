"""Ashby's interview schedules as the events in them, and the way through their pages.

``interviewSchedule.list`` pages by schedule and we page by event. A page of ours may therefore end within a page of
Ashby's, even within a schedule: our cursor names Ashby's page, the schedule, and how many of its events were given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from unified.ashby.base import records
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity, is_identity
from unified.ashby.queries import page_of
from unified.connector import ListQuery, Page, Record
from unified.errors import Invalid, Missing

READ = "interviewsRead"
# Schedules without events may be many; a page that is not full by then ends, and its cursor goes on.
_CALLS_A_PAGE = 10


def events_of(schedule: Record) -> list[Record]:
    """Return a record for each event: Ashby's ``interviewEvent``, and its ``interviewSchedule`` without events.

    The id is ``<application>.<schedule>.<event>``: Ashby reads neither an event nor a schedule by its own id, but
    lists an application's schedules whole. It is updated when either is, since the status is the schedule's.
    """
    shared = {key: value for key, value in schedule.items() if key != "interviewEvents"}
    return [_record(shared, event) for event in records(schedule.get("interviewEvents"))]


def _record(schedule: Record, event: Record) -> Record:
    record: Record = {
        "createdAt": event.get("createdAt"),
        "updatedAt": _later(event.get("updatedAt"), schedule.get("updatedAt")),
        "interviewEvent": event,
        "interviewSchedule": schedule,
    }
    parts = (schedule.get("applicationId"), schedule.get("id"), event.get("id"))
    if all(isinstance(part, str) and part for part in parts):
        record["id"] = ".".join(cast(tuple[str, ...], parts))
    return record


def _later(one: Any, other: Any) -> Any:
    if isinstance(one, str) and isinstance(other, str):
        return max(one, other)  # both in Ashby's one form, which sorts as time does
    return one if one is not None else other


def find(session: AshbySession, record_id: str) -> tuple[Record, int]:
    """Return one event and how many its schedule has. Raises ``Missing``."""
    parts = record_id.split(".")
    if len(parts) == 3:
        application_id, schedule_id, _ = (identity(part) for part in parts)
        body = {"applicationId": application_id, "limit": PAGE_LIMIT}
        for schedule in session.everything("interviewSchedule.list", body, permission=READ):
            if schedule.get("id") == schedule_id:
                events = events_of(schedule)
                for record in events:
                    if record.get("id") == record_id:
                        return record, len(events)
    raise Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", "Ashby has no such event.")


def swept(session: AshbySession, query: ListQuery) -> Page:
    """Return the events of one page of schedules, each schedule whole; ``groups`` names the schedules.

    A schedule without events is named too: what was in it is gone.
    """
    page = session.page("interviewSchedule.list", page_of(query), permission=READ)
    found = [record for schedule in page.records for record in events_of(schedule)]
    named = [_group(schedule) for schedule in page.records]
    return Page(found, page.next, sync_token=page.sync_token, groups=[group for group in named if group is not None])


def of_group(session: AshbySession, group: str) -> list[Record]:
    """Return the events of the schedule ``<application>.<schedule>.``; none where either is gone."""
    application_id, _, rest = group.partition(".")
    if not is_identity(application_id):
        return []
    body = {"applicationId": application_id, "limit": PAGE_LIMIT}
    try:
        schedules = session.everything("interviewSchedule.list", body, permission=READ)
    except Missing:
        return []
    return [record for schedule in schedules if schedule.get("id") == rest[:-1] for record in events_of(schedule)]


def _group(schedule: Record) -> str | None:
    """Return what the ids of a schedule's events begin with."""
    parts = (schedule.get("applicationId"), schedule.get("id"))
    named = all(isinstance(part, str) and part for part in parts)
    return "".join(f"{part}." for part in parts) if named else None


class _Place(NamedTuple):
    """Where a page of ours begins: in Ashby's page at ``cursor`` of ``size``, after ``given`` of a schedule's events.

    ``schedule`` is None at the beginning of Ashby's page. ``size`` is kept, since callers may ask for fewer later.
    """

    cursor: str | None
    size: int
    schedule: str | None = None
    given: int = 0


def list_events(session: AshbySession, filters: Mapping[str, str], limit: int, cursor: str | None) -> Page:
    """Return at most ``limit`` events, each schedule's together and in Ashby's order."""
    place = _Place(None, limit) if cursor is None else _read(cursor)
    found: list[Record] = []
    for _ in range(_CALLS_A_PAGE):
        body = {**filters, "limit": place.size, **({"cursor": place.cursor} if place.cursor else {})}
        page = session.page("interviewSchedule.list", body, permission=READ)
        schedules = _from(page.records, place.schedule)
        if schedules is None and page.next is None:
            raise _no_longer()
        for schedule in schedules or ():
            name = str(schedule.get("id"))
            given = place.given if name == place.schedule else 0
            events = events_of(schedule)[given:]
            room = limit - len(found)
            found += events[:room]
            if len(events) > room:
                return Page(found, _write(place._replace(schedule=name, given=given + room)))
        if page.next is None:
            return Page(found)
        # A schedule that is no longer on its page was moved on by newer ones: it is looked for on the next.
        place = place._replace(cursor=page.next) if schedules is None else _Place(page.next, limit)
        if len(found) == limit:
            break
    return Page(found, _write(place))


def _from(schedules: Sequence[Record], schedule_id: str | None) -> Sequence[Record] | None:
    """Return the schedules from that one on, None when it is not among them."""
    if schedule_id is None:
        return schedules
    for position, schedule in enumerate(schedules):
        if str(schedule.get("id")) == schedule_id:
            return schedules[position:]
    return None


def _write(place: _Place) -> str:
    return json.dumps(place, separators=(",", ":"))


def _read(cursor: str) -> _Place:
    """Read a cursor of ours; it was in the caller's hands meanwhile."""
    try:
        upstream, size, schedule, given = cast(list[Any], json.loads(cursor))
    except (ValueError, TypeError, RecursionError):
        raise _no_longer() from None
    texts = all(part is None or isinstance(part, str) for part in (upstream, schedule))
    numbers = type(size) is int and type(given) is int
    if not (texts and numbers and 0 < size <= PAGE_LIMIT and given >= 0):
        raise _no_longer()
    return _Place(upstream, size, schedule, given)


def _no_longer() -> Invalid:
    return Invalid("This cursor is no longer valid. List again from the start.")
