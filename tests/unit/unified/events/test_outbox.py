"""Events read in order of time across days, with bounds on what is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.unified.deliveries.conftest import table
from unified import table as t
from unified.connections.records import Reference
from unified.connections.watch import Watch
from unified.events import outbox
from unified.events.records import Event, new_event_id

__all__ = ["table"]

DAY = 86_400
NOW = time.time()


def put(table: t.Table, at: float, *, project: str = "prj_1", model: str = "atsJob") -> str:
    """Put an event of a moment into the outbox; returns its id."""
    event = Event(new_event_id(at), Watch(Reference(project, "ashby", "acme"), "g", "pk"), model, "created", "r", 1, "")
    table.put(event.key(), event.to_item())
    return event.id


def everything(_event: Event) -> bool:
    return True


def all_newest(table: t.Table, limit: int, since: float = 0, until: float = NOW) -> list[list[str]]:
    """Read page after page."""
    pages: list[list[str]] = []
    after: str | None = None
    while True:
        found = outbox.newest(table, "prj_1", everything, limit=limit, since=since, until=until, after=after)
        pages.append([event.id for event in found.events])
        after = found.following
        if after is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_every_event_once_in_order(table: t.Table, limit: int) -> None:
    ids = [put(table, NOW - hours * 3600) for hours in (0.001, 1, 2, 23, 24, 25, 26, 200, 201, 700)]

    pages = all_newest(table, limit)

    assert [one for page in pages for one in page] == ids
    assert all(len(page) == limit for page in pages[:-1])


def test_the_oldest_come_first_when_asked(table: t.Table) -> None:
    ids = [put(table, NOW - hours * 3600) for hours in (700, 201, 200, 26, 25, 2, 1)]
    seen: list[str] = []
    after: str | None = None
    while True:
        found = outbox.oldest(table, "prj_1", everything, limit=2, since=0, until=NOW, after=after)
        seen += [event.id for event in found.events]
        after = found.following
        if after is None:
            break

    assert seen == ids


@pytest.mark.parametrize("read", [outbox.newest, outbox.oldest])
def test_only_what_lies_between_the_moments(table: t.Table, read: Callable[..., Any]) -> None:
    ids = [put(table, NOW - days * DAY) for days in (0, 1, 2, 3, 4)]

    found = read(table, "prj_1", everything, limit=9, since=NOW - 3 * DAY, until=NOW - DAY)

    assert sorted(event.id for event in found.events) == sorted(ids[1:4])
    assert found.following is None


def test_another_projects_events_are_not_among_them(table: t.Table) -> None:
    own, other = put(table, NOW), put(table, NOW, project="prj_2")

    assert all_newest(table, 10) == [[own]]
    assert outbox.get(table, "prj_1", own) is not None
    assert outbox.get(table, "prj_1", other) is None


def test_a_rare_event_takes_several_calls_and_no_unbounded_one(table: t.Table) -> None:
    for number in range(12):
        put(table, NOW - number)
    rare = put(table, NOW - 60, model="atsOffer")
    found = outbox.newest(table, "prj_1", lambda e: e.model == "atsOffer", limit=5, since=0, until=NOW, budget=5)

    calls = 1
    while not found.events:
        assert found.following is not None
        found = outbox.newest(
            table,
            "prj_1",
            lambda e: e.model == "atsOffer",
            limit=5,
            since=0,
            until=NOW,
            after=found.following,
            budget=5,
        )
        calls += 1

    assert ([event.id for event in found.events], calls) == ([rare], 3)


def test_what_has_expired_is_not_there_though_it_still_lies_there(table: t.Table) -> None:
    event = put(table, NOW)
    table.update(outbox.key_of("prj_1", event), {"ttl": int(NOW) - 1})

    assert all_newest(table, 10) == [[]]
    assert outbox.get(table, "prj_1", event) is None


def test_no_more_days_are_looked_at_than_events_live(table: t.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    page = t.Table.page

    def counted(self: t.Table, pk: str, *rest: object, **named: object) -> object:
        asked.append(pk)
        return page(self, pk, *rest, **named)  # type: ignore[arg-type] - passed on as given

    monkeypatch.setattr(t.Table, "page", counted)

    assert all_newest(table, 10, until=NOW + 400 * DAY) == [[]]
    assert len(asked) <= 34


@pytest.mark.parametrize(
    "text", ["", "evt_", "evt_1", "x" * 30, "evt_" + "u" * 26, "evt_" + "z" * 26, "EVT_" + "0" * 26]
)
def test_what_is_no_events_id_is_nobodys_event(table: t.Table, text: str) -> None:
    assert outbox.get(table, "prj_1", text) is None
