"""Whoever must know hears of an endpoint that was disabled and of a delivery that was given up, whatever dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.unified.deliveries.conftest import OK, PROJECT, World, failure
from unified import table as t
from unified.deliveries.endpoints import EndpointStore
from unified.deliveries.schedule import ATTEMPTS
from unified.deliveries.states import Deliveries

DISABLED, FAILED = "webhookEndpoint.disabled", "webhookEndpoint.deliveryFailed"
# After which SQS gives a message again that nobody said was done.
VISIBILITY_SECONDS = 720
DAY = 86_400


def dies(*_arguments: Any, **_named: Any) -> Any:
    """Stand for a process that ends here."""
    raise SystemExit


def test_a_delivery_that_is_given_up_is_told_by_its_ids_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure()

    world.run(world.message(event, endpoint))

    assert world.bus.put_events == [
        (
            FAILED,
            {
                "object": "delivery",
                "project": PROJECT,
                "eventId": event.id,
                "endpointId": endpoint.id,
                "state": "failed",
                "attempts": ATTEMPTS,
            },
        )
    ]
    assert capsys.readouterr().out.count('"DeliveryFailed": 1') == 1
    assert world.state(event, endpoint).state == "failed"


def test_an_endpoint_that_fails_once_in_a_while_is_told_of_though_it_is_never_disabled(world: World) -> None:
    endpoint = world.endpoint()
    world.answers = lambda _now: failure()

    events = [world.event()]
    world.run(world.message(events[0], endpoint))
    world.after(2.1 * DAY)
    events.append(world.event())
    world.run(world.message(events[1], endpoint))

    assert world.now(endpoint).status == "enabled"
    assert [detail["eventId"] for detail in world.told(FAILED)] == [event.id for event in events]


@pytest.mark.parametrize("again", [1, 3])
def test_a_bus_that_is_away_does_not_lose_that_a_delivery_failed(world: World, again: int) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure()
    world.run(world.message(event, endpoint), until=75 * 3600)
    _, _, last = world.queue.waiting.pop()
    world.after(DAY)

    world.bus.broken = True
    for _ in range(again):
        with pytest.raises(ConnectionError):
            world.courier.run(last)
        world.after(VISIBILITY_SECONDS)
    assert world.state(event, endpoint).state == "pending"
    world.bus.broken = False
    world.run(last, last)

    assert len(world.posted) == ATTEMPTS
    assert len(world.told(FAILED)) == 1
    assert (world.state(event, endpoint).state, world.state(event, endpoint).attempts) == ("failed", ATTEMPTS)


DEATHS: dict[str, tuple[type, str]] = {
    "before it is stored": (Deliveries, "settle"),
    "before the endpoint is disabled": (EndpointStore, "failed"),
    "before that is told": (EndpointStore, "get"),
    "before it is noted that it was told": (EndpointStore, "told"),
}


def once(step: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Return a step that a process dies at when it is taken for the ``at``-th time, and never again."""
    taken = 0

    def taken_once(*arguments: Any, **named: Any) -> Any:
        nonlocal taken
        taken += 1
        return dies() if taken == at else step(*arguments, **named)

    return taken_once


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_that_dies_on_the_way_loses_neither_the_notice_nor_the_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], death: str
) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure(410)
    place, name = DEATHS[death]
    # The endpoint is read once before the attempt.
    monkeypatch.setattr(place, name, once(getattr(place, name), at=2 if name == "get" else 1))
    message = world.message(event, endpoint)
    with pytest.raises(SystemExit):
        world.courier.run(message)
    world.after(VISIBILITY_SECONDS)

    world.run(message)

    assert (world.now(endpoint).status, world.now(endpoint).untold) == ("disabled", False)
    assert world.state(event, endpoint).state == "cancelled"
    assert world.attempts(event)[0]["status"] == 410
    assert {detail["reason"] for detail in world.told(DISABLED)} == {"gone"}
    assert '"EndpointDisabled": 1' in capsys.readouterr().out


def test_a_notice_that_is_due_is_not_put_off_until_the_next_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may be a day away."""
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure(410)
    world.bus.broken = True
    with pytest.raises(ConnectionError):
        world.courier.run(world.message(event, endpoint))
    world.bus.broken = False
    world.after(VISIBILITY_SECONDS)

    world.courier.run(world.message(event, endpoint))

    assert len(world.told(DISABLED)) == 1


def test_whoever_enables_an_endpoint_knows_that_it_was_disabled(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.store.failed(endpoint, world.clock.now, gone=True)
    assert world.now(endpoint).untold
    # As a PATCH of its status does.
    world.store.change(PROJECT, endpoint.id, {"status": "enabled", "reason": None, "untold": None})

    world.run(world.message(event, endpoint))

    assert world.told(DISABLED) == []


def test_noting_that_it_was_told_does_not_bring_a_removed_endpoint_back(world: World) -> None:
    endpoint = world.endpoint()
    world.store.delete(PROJECT, endpoint.id)

    world.store.told(endpoint)

    assert world.table.get(t.endpoint_key(PROJECT, endpoint.id)) is None


# -- an endpoint that was made narrower --------------------------------------------------------------------------

GLOBEX = {"connections": [{"connector": "ashby", "owner": "globex"}], "url": "https://globex.example/hooks"}


@pytest.mark.parametrize("replay", [None, "rpl_1"])
def test_what_waits_does_not_go_to_an_endpoint_that_is_for_other_connections_by_now(
    world: World, replay: str | None
) -> None:
    endpoint, event = world.endpoint(), world.event("acme")
    world.answers = lambda now: failure() if now < 1 else OK
    world.run(world.message(event, endpoint, replay=replay), until=1)
    world.store.change(PROJECT, endpoint.id, GLOBEX)

    world.run()

    assert [posted.url for posted in world.posted] == ["https://example.com/hooks"]
    assert world.state(event, endpoint).state == "cancelled"


@pytest.mark.parametrize(("replay", "state"), [(None, "cancelled"), ("rpl_1", "delivered")])
def test_what_waits_and_fits_no_pattern_any_more_goes_only_where_somebody_asked_for_it(
    world: World, replay: str | None, state: str
) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda now: failure() if now < 1 else OK
    world.run(world.message(event, endpoint, replay=replay), until=1)
    world.store.change(PROJECT, endpoint.id, {"events": ["atsJob::*"]})

    world.run()

    assert world.state(event, endpoint).state == state
