"""Attempts in simulated time: the schedule, the endpoint's health, and who may make which attempt."""

from __future__ import annotations

import threading
from itertools import accumulate

import pytest

from tests.unit.unified.deliveries.conftest import OK, PROJECT, World, failure
from unified.deliveries.schedule import WAITS
from unified.deliveries.states import CLAIM_SECONDS, new_replay_id
from unified.egress import Outcome
from unified.errors import VaultFailure

HOUR, DAY = 3600, 86_400
# When each attempt is due, from the first one on.
DUE = [0, *accumulate(WAITS)]


def test_an_event_is_delivered_and_that_is_noted(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()

    world.run(world.message(event, endpoint))

    assert len(world.posted) == 1
    delivered = world.state(event, endpoint)
    assert (delivered.state, delivered.attempts, delivered.status, delivered.next_at) == ("delivered", 1, 200, None)
    (attempt,) = world.attempts(event)
    assert attempt == {
        "object": "deliveryAttempt",
        "endpointId": endpoint.id,
        "number": 1,
        "at": attempt["at"],
        "status": 200,
        "latencyMs": 12,
        "outcome": "delivered",
    }
    assert world.now(endpoint) == endpoint


# -- the schedule ------------------------------------------------------------------------------------------------


def test_an_endpoint_that_always_fails_is_tried_ten_times_over_three_days(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure()

    world.run(world.message(event, endpoint))

    assert [round(posted.at) for posted in world.posted] == DUE
    assert DUE[-1] == 75 * HOUR + 35 * 60 + 5
    ended = world.state(event, endpoint)
    assert (ended.state, ended.attempts, ended.next_at) == ("failed", 10, None)
    assert [attempt["number"] for attempt in world.attempts(event)] == list(range(1, 11))
    assert {attempt["errorKind"] for attempt in world.attempts(event)} == {"status"}


@pytest.mark.parametrize(("down", "attempts"), [(30 * 60, 4), (3 * DAY, 10)], ids=["half an hour", "three days"])
def test_an_endpoint_that_comes_back_gets_its_event_at_the_next_attempt(
    world: World, down: float, attempts: int
) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda now: failure(503) if now < down else OK

    world.run(world.message(event, endpoint))

    assert [round(posted.at) for posted in world.posted] == DUE[:attempts]
    assert world.state(event, endpoint).state == "delivered"
    assert (world.now(endpoint).status, world.now(endpoint).failing_since) == ("enabled", None)
    # The very same event and bytes each time; only the time of sending is new.
    assert len({(posted.headers["webhook-id"], posted.body) for posted in world.posted}) == 1
    assert len({posted.headers["webhook-timestamp"] for posted in world.posted}) == attempts


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_is_honoured(world: World, status: int) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda now: failure(status, retry_after=1000) if now < 1000 else OK

    world.run(world.message(event, endpoint))

    assert [round(posted.at) for posted in world.posted] == [0, 1000]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(None, "timeout", 15_000), "failed"),
        (Outcome(None, "connection", 3), "failed"),
        (Outcome(None, "tls", 3), "failed"),
        (Outcome(302, "redirect", 3), "failed"),
        (Outcome(404, "status", 3), "failed"),
        (Outcome(None, "privateAddress", 3), "refused"),
    ],
)
def test_whatever_is_not_2xx_is_tried_again(world: World, outcome: Outcome, said: str) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda now: outcome if now < 1 else OK

    world.run(world.message(event, endpoint))

    first, second = world.attempts(event)
    assert (first["outcome"], first["errorKind"], first["status"]) == (said, outcome.problem, outcome.status)
    assert second["outcome"] == "delivered"


def test_between_attempts_the_delivery_says_when_the_next_is_due(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda _now: failure()

    world.run(world.message(event, endpoint), until=10)

    waiting = world.state(event, endpoint)
    assert (waiting.state, waiting.attempts) == ("pending", 2)
    assert waiting.next_at == pytest.approx(world.began + 305)
    assert set(waiting.to_wire()) >= {"nextAttemptAt", "lastStatus"}


# -- the endpoint's health ---------------------------------------------------------------------------------------


def test_410_disables_the_endpoint_at_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint, event, other = world.endpoint(), world.event(), world.event()
    world.answers = lambda _now: failure(410)

    world.run(world.message(event, endpoint), world.message(other, endpoint))

    assert len(world.posted) == 1
    assert (world.now(endpoint).status, world.now(endpoint).reason) == ("disabled", "gone")
    assert [world.state(one, endpoint).state for one in (event, other)] == ["cancelled", "cancelled"]
    assert [kind for kind, _ in world.bus.put_events] == ["webhookEndpoint.disabled"]
    assert world.bus.put_events[0][1]["reason"] == "gone"
    assert capsys.readouterr().out.count('"EndpointDisabled": 1') == 1


def test_five_days_of_failure_disable_the_endpoint(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = world.endpoint()
    world.answers = lambda _now: failure()

    # One event every six hours, so that something is tried all the time.
    for hour in range(0, 132, 6):
        world.run(world.message(world.event(), endpoint), until=hour * HOUR + 1)
        world.clock.now = max(world.clock.now, world.began + (hour + 6) * HOUR)
    late = world.event()
    world.run(world.message(late, endpoint))

    found = world.now(endpoint)
    assert (found.status, found.reason) == ("disabled", "failing")
    assert 120 * HOUR <= max(posted.at for posted in world.posted) < 127 * HOUR
    assert world.state(late, endpoint).state == "cancelled"
    assert [detail["reason"] for detail in world.told("webhookEndpoint.disabled")] == ["failing"]
    assert capsys.readouterr().out.count('"EndpointDisabled": 1') == 1


def test_a_success_between_keeps_the_endpoint_enabled(world: World) -> None:
    endpoint = world.endpoint()
    world.answers = lambda now: OK if 70 * HOUR < now < 71 * HOUR else failure()

    for hour in range(0, 150, 6):
        moment = 70.5 if hour == 66 else hour
        world.clock.now = max(world.clock.now, world.began + moment * HOUR)
        world.run(world.message(world.event(), endpoint), until=moment * HOUR + 1)

    assert world.now(endpoint).status == "enabled"


def test_two_failures_with_nothing_tried_between_do_not_disable_it(world: World) -> None:
    endpoint = world.endpoint()
    world.answers = lambda now: failure(500) if now < 1 or now > 6 * DAY else OK
    world.run(world.message(world.event(), endpoint), until=1)
    world.queue.waiting.clear()
    world.after(6 * DAY + 1)

    world.run(world.message(world.event(), endpoint), until=6 * DAY + 2)

    assert world.now(endpoint).status == "enabled"
    assert world.now(endpoint).failing_since == pytest.approx(world.began + 6 * DAY + 1)


# -- duplicates, and processes that die ----------------------------------------------------------------------------


def test_a_message_that_comes_twice_is_delivered_once(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)

    world.run(message, message, message)

    assert len(world.posted) == 1
    assert world.queue.waiting == []


def test_a_copy_of_a_message_under_way_waits_and_then_finds_it_done(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)
    copies: list[int] = []

    def answer(_now: float) -> Outcome:
        world.courier.run(message)
        copies.append(len(world.posted))
        return OK

    world.answers = answer
    world.run(message)

    assert copies == [1]
    assert len(world.posted) == 1
    assert world.state(event, endpoint).attempts == 1


def test_of_two_processes_with_the_same_message_one_sends(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)
    together = threading.Barrier(4)

    def run() -> None:
        courier = world.courier
        together.wait(5)
        courier.run(message)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    world.run()

    assert len(world.posted) == 1
    assert world.state(event, endpoint).state == "delivered"


def test_a_process_that_dies_after_claiming_leaves_the_attempt_to_the_message_that_comes_back(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)

    def dies(_now: float) -> Outcome:
        raise SystemExit

    world.answers = dies
    with pytest.raises(SystemExit):
        world.courier.run(message)
    assert (world.state(event, endpoint).state, world.state(event, endpoint).attempts) == ("pending", 0)

    world.answers = lambda _now: OK
    world.run(message)

    assert [round(posted.at) for posted in world.posted] == [0, CLAIM_SECONDS + 1]
    assert (world.state(event, endpoint).state, world.state(event, endpoint).attempts) == ("delivered", 1)


def test_a_process_that_dies_before_sending_for_the_next_attempt_loses_it_not(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)
    world.answers = lambda now: failure() if now < 1 else OK
    world.queue.broken = True
    with pytest.raises(ConnectionError):
        world.courier.run(message)
    assert world.state(event, endpoint).attempts == 1
    world.queue.broken = False
    world.after(2)

    world.run(message)

    assert [round(posted.at) for posted in world.posted] == [0, 5]
    assert world.state(event, endpoint).state == "delivered"


def test_a_slow_process_that_lost_its_claim_changes_nothing(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    message = world.message(event, endpoint)
    answers = [OK, failure()]

    def answer(_now: float) -> Outcome:
        if len(world.posted) == 1:
            # Frozen for longer than a claim holds; meanwhile another process delivers.
            world.after(CLAIM_SECONDS + 1)
            world.courier.run(message)
        return answers[2 - len(world.posted)] if len(world.posted) < 2 else answers.pop(0)

    world.answers = answer
    world.run(message)

    assert len(world.posted) == 2
    assert (world.state(event, endpoint).state, world.state(event, endpoint).attempts) == ("delivered", 1)
    assert world.queue.waiting == []


def test_a_secret_that_cannot_be_opened_sends_nothing_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, event = world.endpoint(), world.event()

    def refuse(*_: object) -> list[object]:
        raise VaultFailure("The stored credential cannot be opened.")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "secrets", refuse)
        with pytest.raises(VaultFailure):
            world.courier.run(world.message(event, endpoint))
    assert world.posted == []

    world.run(world.message(event, endpoint))
    assert len(world.posted) == 1


@pytest.mark.parametrize("attempt", [2, 3, 10])
def test_a_message_of_an_attempt_that_is_not_due_does_nothing(world: World, attempt: int) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.run(world.message(event, endpoint, attempt))
    assert world.posted == []

    world.run(world.message(event, endpoint))
    world.run(world.message(event, endpoint, attempt))
    assert len(world.posted) == 1


# -- nowhere to deliver to ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["disabled", "deleted", "expired"])
def test_a_delivery_that_has_lost_its_end_is_cancelled(world: World, gone: str) -> None:
    endpoint, event = world.endpoint(), world.event()
    if gone == "disabled":
        world.store.change(PROJECT, endpoint.id, {"status": "disabled"})
    elif gone == "deleted":
        world.store.delete(PROJECT, endpoint.id)
    else:
        world.table.update(event.key(), {"ttl": int(world.clock.now) - 1})

    world.run(world.message(event, endpoint))

    assert world.posted == []
    assert (world.state(event, endpoint).state, world.attempts(event)) == ("cancelled", [])


# -- replays -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["delivered", "failed", "cancelled"])
def test_a_replay_begins_anew_whatever_was_before(world: World, before: str) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = {"delivered": lambda _: OK, "failed": lambda _: failure(), "cancelled": lambda _: failure(410)}[
        before
    ]
    world.run(world.message(event, endpoint))
    assert world.state(event, endpoint).state == before
    world.store.change(PROJECT, endpoint.id, {"status": "enabled", "reason": None})
    made = len(world.posted)
    world.answers = lambda _now: failure() if len(world.posted) == made + 1 else OK

    world.run(world.message(event, endpoint, replay=new_replay_id()))

    assert len(world.posted) == made + 2
    assert (world.state(event, endpoint).state, world.state(event, endpoint).attempts) == ("delivered", made + 2)
    assert [attempt["number"] for attempt in world.attempts(event)] == list(range(1, made + 3))
    assert {posted.headers["webhook-id"] for posted in world.posted} == {event.id}


def test_a_replay_takes_the_place_of_the_attempts_that_wait(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.answers = lambda now: failure() if now < 1 else OK
    world.run(world.message(event, endpoint), until=1)
    world.after(2)

    world.run(world.message(event, endpoint, replay=new_replay_id()))

    assert [round(posted.at) for posted in world.posted] == [0, 2]
    assert world.queue.waiting == []


def test_a_replay_that_comes_twice_is_delivered_once_and_an_older_one_not_at_all(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    older, newer = "rpl_1", "rpl_2"
    world.run(world.message(event, endpoint, replay=newer))

    world.run(world.message(event, endpoint, replay=newer), world.message(event, endpoint, replay=older))
    world.run(world.message(event, endpoint))

    assert len(world.posted) == 1
