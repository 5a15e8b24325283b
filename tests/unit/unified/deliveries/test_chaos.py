"""Deliveries while all around them fails now and then: nothing is lost, and nothing is doubled without a cause."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.unit.unified.deliveries.conftest import OK, World, failure
from unified import table as t
from unified.deliveries.queue import Message

# After which SQS gives a message again that nobody said was done.
VISIBILITY_SECONDS = 720
STEPS = ("get", "put", "update", "transact")


class Chaos:
    """Fails steps by chance, before or after they had effect, as a process that dies there would."""

    def __init__(self, seed: int, share: float) -> None:
        self.random = Random(seed)
        self.share = share
        self.faults = 0

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return a step that may fail."""

        def flaky(*arguments: Any, **named: Any) -> Any:
            before, after = (self.random.random() < self.share for _ in range(2))
            if before:
                self.faults += 1
                raise ConnectionError
            done = step(*arguments, **named)
            if after:
                self.faults += 1
                raise ConnectionError
            return done

        return flaky


def live_through(world: World, chaos: Chaos, messages: list[Message], copies: float) -> None:
    """Deal with messages as Lambda and SQS do: what failed comes again, and by chance what did not."""
    world.queue.send(messages)
    # Whatever happens at a step, the message is taken from the queue only once it was dealt with.
    for _ in range(3000):
        if not world.queue.waiting:
            return
        at, _, message = heapq.heappop(world.queue.waiting)
        world.clock.now = max(world.clock.now, at)
        again = chaos.random.random() < copies
        try:
            world.courier.run(message)
        except ConnectionError:
            again = True
        if again:
            world.queue.sent += 1
            heapq.heappush(world.queue.waiting, (world.clock.now + VISIBILITY_SECONDS, world.queue.sent, message))
    raise AssertionError("it does not end")


@pytest.mark.parametrize("seed", range(1, 11))
def test_every_event_arrives_though_any_step_may_fail(world: World, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chaos = Chaos(seed, share=0.12)
    endpoint = world.endpoint()
    events = [world.event() for _ in range(3)]
    arrived: list[str] = []

    def answer(_now: float) -> Any:
        if chaos.random.random() < 0.3:
            return failure(503)
        arrived.append(world.posted[-1].headers["webhook-id"])
        return OK

    world.answers = answer
    with monkeypatch.context() as patch:
        for step in STEPS:
            patch.setattr(t.Table, step, chaos.around(getattr(t.Table, step)))
        patch.setattr(type(world.queue), "later", chaos.around(type(world.queue).later))
        world.queue.waiting = [(world.clock.now, number, world.message(e, endpoint)) for number, e in enumerate(events)]
        live_through(world, chaos, [], copies=0.1)

    assert chaos.faults > 0
    assert set(arrived) == {event.id for event in events}
    # It arrives twice only where the outcome of the first time was lost.
    assert len(arrived) - len(events) <= chaos.faults
    assert {world.state(event, endpoint).state for event in events} == {"delivered"}


@pytest.mark.parametrize("seed", range(6))
def test_copies_alone_double_nothing(world: World, seed: int) -> None:
    chaos = Chaos(seed, share=0)
    endpoint = world.endpoint()
    events = [world.event() for _ in range(5)]
    world.answers = lambda _now: failure(503) if chaos.random.random() < 0.4 else OK

    live_through(world, chaos, [world.message(event, endpoint) for event in events] * 2, copies=0.3)

    for event in events:
        outcomes = [attempt["outcome"] for attempt in world.attempts(event)]
        assert outcomes == ["failed"] * (len(outcomes) - 1) + ["delivered"]
    assert len(world.posted) == sum(len(world.attempts(event)) for event in events)
