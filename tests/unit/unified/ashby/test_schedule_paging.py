"""Schedules paged by event: every event once and in order, whatever schedules hold and pages take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.conftest import Script, good
from tests.unit.unified.strategies import json_values
from unified.ashby.schedules import events_of, list_events
from unified.errors import Invalid

Schedules = list[dict[str, Any]]


def _schedules(sizes: list[int]) -> Schedules:
    return [
        {
            "id": f"s{number}",
            "applicationId": "a",
            "status": "Scheduled",
            "interviewEvents": [{"id": f"e{number}-{place}"} for place in range(size)],
        }
        for number, size in enumerate(sizes)
    ]


class _Ashby(Script):
    """Lists schedules whose cursor is a position."""

    def of(self, schedules: Schedules) -> _Ashby:
        self.schedules = schedules
        return self

    def send(self, method: str, url: str, **rest: Any) -> Any:
        body = json.loads(rest["content"])
        start = int(body.get("cursor", 0))
        end = start + body["limit"]
        more = end < len(self.schedules)
        self.answers = [
            good(self.schedules[start:end], moreDataAvailable=more, **({"nextCursor": str(end)} if more else {}))
        ]
        return super().send(method, url, **rest)


def _walk(ashby: _Ashby, limits: list[int]) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor: str | None = None
    while True:
        limit = limits[len(pages) % len(limits)]
        before = len(ashby.sent)
        page = list_events(ashby.session(), {}, limit, cursor)
        assert len(page.records) <= limit
        assert len(ashby.sent) - before <= 10
        pages.append([record["id"] for record in page.records])
        assert len(pages) < 500
        cursor = page.next
        if cursor is None:
            return pages


def _all(schedules: Schedules) -> list[str]:
    return [record["id"] for schedule in schedules for record in events_of(schedule)]


@given(st.lists(st.integers(0, 7), max_size=40), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_every_event_comes_once_and_in_order(sizes: list[int], limits: list[int]) -> None:
    schedules = _schedules(sizes)

    pages = _walk(_Ashby().of(schedules), limits)

    assert [one for page in pages for one in page] == _all(schedules)


def test_a_page_is_full_where_enough_events_are_near() -> None:
    pages = _walk(_Ashby().of(_schedules([0, 3, 0, 0, 1, 2, 5])), [4])

    assert [len(page) for page in pages] == [4, 4, 3]


def test_a_page_without_events_ends_after_some_calls_and_goes_on() -> None:
    ashby = _Ashby().of(_schedules([0] * 25 + [1]))

    pages = _walk(ashby, [1])

    assert [len(page) for page in pages] == [0, 0, 1]
    assert len(ashby.sent) == 26


def test_no_schedules_are_an_empty_list() -> None:
    assert _walk(_Ashby().of([]), [5]) == [[]]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 3), st.integers(1, 3))
def test_schedules_that_come_in_front_meanwhile_lose_and_double_nothing(
    sizes: list[int], newcomers: int, limit: int
) -> None:
    schedules = _schedules(sizes)
    ashby = _Ashby().of(schedules)
    first = list_events(ashby.session(), {}, limit, None)
    new = [{"id": f"n{one}", "applicationId": "a", "interviewEvents": [{"id": "x"}]} for one in range(newcomers)]
    # As Ashby's first page has no cursor, it begins with what is newest.
    if first.next is not None and json.loads(first.next)[0] is None:
        ashby.schedules = new + schedules

    found = [record["id"] for record in first.records]
    cursor = first.next
    while cursor is not None:
        page = list_events(ashby.session(), {}, limit, cursor)
        found += [record["id"] for record in page.records]
        cursor = page.next

    assert found == _all(schedules)


def test_a_schedule_that_is_gone_meanwhile_says_to_begin_anew() -> None:
    ashby = _Ashby().of(_schedules([3]))
    cursor = list_events(ashby.session(), {}, 1, None).next
    ashby.schedules = _schedules([0, 3])[1:]

    with pytest.raises(Invalid, match="List again from the start"):
        list_events(ashby.session(), {}, 1, cursor)


def test_filters_go_with_every_call() -> None:
    ashby = _Ashby().of(_schedules([1, 1, 1]))
    session = ashby.session()

    page = list_events(session, {"applicationId": "a"}, 2, None)
    list_events(session, {"applicationId": "a"}, 5, page.next)

    assert [body for _, body in ashby.calls] == [
        {"applicationId": "a", "limit": 2},
        {"applicationId": "a", "limit": 2, "cursor": "2"},
    ]


@given(st.text() | json_values.map(lambda value: json.dumps(value, default=str)))
def test_any_cursor_is_one_or_is_refused(cursor: str) -> None:
    try:
        list_events(_Ashby().of([]).session(), {}, 5, cursor)
    except Invalid:
        return
    assert json.loads(cursor)[2] is None


@given(st.dictionaries(st.sampled_from(["id", "applicationId", "interviewEvents", "updatedAt"]), json_values))
def test_whatever_a_schedule_holds_it_has_events_or_none(schedule: dict[str, Any]) -> None:
    for record in events_of(schedule):
        assert record["interviewEvent"] in schedule["interviewEvents"]


def test_an_events_record_keeps_ashbys_own_and_the_later_time() -> None:
    event = {"id": "e", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}
    schedule = {"id": "s", "applicationId": "a", "updatedAt": "2026-02-01T00:00:00.000Z"}

    (record,) = events_of({**schedule, "interviewEvents": [event, "no event"]})

    assert record == {
        "id": "a.s.e",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-02-01T00:00:00.000Z",
        "interviewEvent": event,
        "interviewSchedule": schedule,
    }
    assert "id" not in events_of({"id": "s", "interviewEvents": [event]})[0]
    assert events_of({"interviewEvents": [event]})[0]["updatedAt"] == event["updatedAt"]
