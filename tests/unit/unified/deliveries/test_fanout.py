"""Which endpoints an event goes to, and what the bus is told."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.unit.unified.deliveries.conftest import PROJECT, World
from unified.deliveries.bus import MAX_DETAIL_BYTES, Bus, NotPut
from unified.deliveries.fanout import CACHE_SECONDS, event_of


def sent_to(world: World) -> list[str]:
    """Return the endpoints that messages were sent for."""
    return [message.endpoint for _, _, message in world.queue.waiting]


@pytest.mark.parametrize(
    ("chosen", "subscribed", "takes"),
    [
        ({"events": ["*"]}, False, True),
        ({"events": ["genericContact::*"]}, False, True),
        ({"events": ["*::updated"]}, False, True),
        ({"events": ["genericContact::updated", "atsJob::*"]}, False, True),
        ({"events": ["*::created", "atsJob::*"]}, True, False),
        ({"events": None}, True, True),
        ({"events": None}, False, False),
        ({"events": ["*"], "connections": [{"connector": "ashby", "owner": "acme"}]}, False, True),
        ({"events": ["*"], "connections": [{"connector": "ashby", "owner": "globex"}]}, False, False),
        ({"events": ["*"], "connections": [{"connector": "other", "owner": "acme"}]}, False, False),
        ({"events": None, "connections": [{"connector": "ashby", "owner": "acme"}]}, True, True),
        ({"events": ["*"], "status": "disabled"}, True, False),
    ],
)
def test_an_event_goes_to_the_endpoints_that_take_it(
    world: World, chosen: dict[str, Any], subscribed: bool, takes: bool
) -> None:
    endpoint = world.endpoint(**chosen)
    event = world.event(subscribed=subscribed)

    world.fanout.run(PROJECT, event.id)

    assert sent_to(world) == ([endpoint.id] if takes else [])
    assert [kind for kind, _ in world.bus.put_events] == ["genericContact::updated"]


def test_an_event_that_is_fanned_out_again_is_delivered_once(world: World) -> None:
    endpoints = [world.endpoint(), world.endpoint()]
    event = world.event()

    for _ in range(3):
        world.fanout.run(PROJECT, event.id)
    world.run()

    assert len(world.posted) == len(endpoints)


def test_another_projects_endpoints_get_nothing(world: World) -> None:
    world.store.create("prj_2", {"url": "https://example.com/", "events": ["*"]})

    world.fanout.run(PROJECT, world.event().id)

    assert sent_to(world) == []


def test_an_event_that_has_expired_goes_nowhere(world: World) -> None:
    world.endpoint()
    event = world.event()
    world.table.update(event.key(), {"ttl": 1})

    world.fanout.run(PROJECT, event.id)

    assert (sent_to(world), world.bus.put_events) == ([], [])


def test_endpoints_are_remembered_for_some_seconds(world: World) -> None:
    world.fanout.run(PROJECT, world.event().id)
    endpoint = world.endpoint()

    world.fanout.run(PROJECT, world.event().id)
    assert sent_to(world) == []
    world.after(CACHE_SECONDS + 1)
    world.fanout.run(PROJECT, world.event().id)
    assert sent_to(world) == [endpoint.id]


def test_the_bus_gets_the_event_with_its_project(world: World) -> None:
    event = world.event()
    world.bodies[event.id] = {"object": "resource", "id": "rec_1"}

    world.fanout.run(PROJECT, event.id)

    assert world.bus.put_events == [(event.name, {**event.to_wire(world.bodies[event.id]), "project": PROJECT})]


def test_a_resource_too_large_for_the_bus_is_put_as_a_reference(world: World) -> None:
    event = world.event()
    world.bodies[event.id] = {"object": "resource", "id": "rec_1", "text": "ö" * (MAX_DETAIL_BYTES // 6)}

    world.fanout.run(PROJECT, event.id)

    assert world.bus.put_events == [
        (event.name, {**event.to_wire(None), "project": PROJECT, "truncated": True}),
    ]


@pytest.mark.parametrize("failed", [0, 1])
def test_what_the_bus_did_not_take_is_an_error(failed: int) -> None:
    entries: list[dict[str, Any]] = []

    class Events:
        def put_events(self, **arguments: Any) -> dict[str, Any]:
            entries.extend(arguments["Entries"])
            return {"FailedEntryCount": failed}

    bus = Bus(cast(Any, Events()), "unified")
    if failed:
        with pytest.raises(NotPut):
            bus.put("genericContact::created", {"a": 1})
    else:
        bus.put("genericContact::created", {"a": 1})

    assert entries == [
        {
            "Source": "unified.ashby",
            "DetailType": "genericContact::created",
            "Detail": '{"a":1}',
            "EventBusName": "unified",
        }
    ]


def test_a_records_keys_name_the_event() -> None:
    keys = {"pk": {"S": "EVENT#prj_1#2026-11-24"}, "sk": {"S": "evt_1"}}

    assert event_of(keys) == ("prj_1", "evt_1")


@pytest.mark.parametrize("pk", ["LEDGER#prj_1#2026", "EVENT#prj_1", "EVENT#prj_1#2026-11-24#x"])
def test_other_keys_are_refused(pk: str) -> None:
    with pytest.raises(ValueError, match=r"event|unpack"):
        event_of({"pk": {"S": pk}, "sk": {"S": "evt_1"}})
