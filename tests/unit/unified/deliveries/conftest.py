"""Deliveries in simulated time: a table in moto, a queue that holds messages until their time, a scripted receiver."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from moto import mock_aws

from tests.serial_database import serialize
from tests.unit.unified.connections.conftest import MemoryKeys
from unified import aws
from unified import table as t
from unified.addresses import Networks
from unified.connections.records import Reference
from unified.connections.vault import Vault
from unified.connections.watch import Watch
from unified.deliveries.attempts import Courier
from unified.deliveries.bus import Bus
from unified.deliveries.endpoints import Endpoint, EndpointStore
from unified.deliveries.fanout import Fanout
from unified.deliveries.queue import Message, Queue
from unified.deliveries.states import Deliveries, Delivery
from unified.egress import Outcome
from unified.events.records import Event, new_event_id
from unified.models.moments import now_iso

PROJECT = "prj_1"
OK = Outcome(200, None, 12)


def failure(status: int = 500, retry_after: float | None = None) -> Outcome:
    """Return what a receiver's refusal comes to."""
    return Outcome(status, "status", 12, retry_after)


@dataclass
class Clock:
    """Time that passes only when it is told to."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


class TimedQueue(Queue):
    """A queue that keeps messages until their time has come."""

    def __init__(self, clock: Clock) -> None:
        self.waiting: list[tuple[float, int, Message]] = []
        self.sent = 0
        self.broken = False
        self._clock = clock

    def send(self, messages: Sequence[Message], delay: int = 0) -> None:
        for message in messages:
            self.later(message, self._clock.now + delay, self._clock.now)

    def later(self, message: Message, at: float, now: float) -> None:
        if self.broken:
            raise ConnectionError("the queue is not there")
        self.sent += 1
        heapq.heappush(self.waiting, (at, self.sent, message))


class RecordingBus(Bus):
    """A bus that remembers what was put on it."""

    def __init__(self) -> None:
        self.put_events: list[tuple[str, Mapping[str, Any]]] = []
        self.broken = False

    def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        if self.broken:
            raise ConnectionError("the bus is not there")
        self.put_events.append((kind, detail))


@dataclass(frozen=True)
class Posted:
    """One request as a receiver got it."""

    at: float
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class World:
    """One project's endpoints, events and deliveries. ``answers`` decides how the receiver answers at a moment."""

    table: t.Table
    store: EndpointStore
    clock: Clock
    queue: TimedQueue
    bus: RecordingBus
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    posted: list[Posted] = field(default_factory=list[Posted])
    answers: Callable[[float], Outcome] = lambda _now: OK

    def __post_init__(self) -> None:
        self.began = self.clock.now
        self.deliveries = Deliveries(self.table)
        self.fanout = Fanout(self.table, self.store, self.queue, self.bus, self.open_body, self.clock)

    @property
    def courier(self) -> Courier:
        """A courier as a new process would make it."""
        return Courier(
            self.table,
            self.store,
            self.queue,
            self.bus,
            self.open_body,
            post=self.post,
            clock=self.clock,
            uniform=lambda _low, _high: 1.0,
        )

    def open_body(self, event: Event) -> dict[str, Any] | None:
        return self.bodies.get(event.id)

    def post(self, url: str, headers: Mapping[str, str], content: bytes, *, allowed: Networks) -> Outcome:
        self.posted.append(Posted(self.clock.now - self.began, url, dict(headers), content))
        return self.answers(self.clock.now - self.began)

    def endpoint(self, **chosen: Any) -> Endpoint:
        """Make an endpoint that takes everything, unless told otherwise."""
        return self.store.create(PROJECT, {"url": "https://example.com/hooks", "events": ["*"], **chosen})[0]

    def event(self, owner: str = "acme", **changes: Any) -> Event:
        """Put an event into the outbox."""
        watch = Watch(Reference(PROJECT, "ashby", owner), "g1", "pk_1")
        made = Event(new_event_id(self.clock.now), watch, "genericContact", "updated", "rec_1", 3, now_iso())
        made = made._replace(**changes)
        self.table.put(made.key(), made.to_item())
        return made

    def message(self, event: Event, endpoint: Endpoint, attempt: int = 1, replay: str | None = None) -> Message:
        """Return the message that an attempt is due."""
        return Message(PROJECT, event.id, endpoint.id, attempt, replay)

    def run(self, *messages: Message, until: float = float("inf")) -> None:
        """Deal with messages, and with what they lead to, each at its time (seconds from the beginning)."""
        self.queue.send(messages)
        while self.queue.waiting and self.queue.waiting[0][0] - self.began <= until:
            at, _, message = heapq.heappop(self.queue.waiting)
            self.clock.now = max(self.clock.now, at)
            self.courier.run(message)

    def after(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    def state(self, event: Event, endpoint: Endpoint) -> Delivery:
        """Return what became of an event at an endpoint."""
        found, _ = self.deliveries.of_event(PROJECT, event.id)
        return next(delivery for delivery in found if delivery.endpoint == endpoint.id)

    def attempts(self, event: Event) -> list[dict[str, Any]]:
        """Return the attempts to deliver an event."""
        return self.deliveries.of_event(PROJECT, event.id)[1]

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        """Return what the bus was told of one kind."""
        return [detail for put, detail in self.bus.put_events if put == kind]

    def now(self, endpoint: Endpoint) -> Endpoint:
        """Read an endpoint anew."""
        return cast(Endpoint, self.store.get(PROJECT, endpoint.id))


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[t.Table]:
    """Give an empty table in moto, and fresh clients."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        aws._client.cache_clear()
        serialize(aws.client("dynamodb"))
        aws.client("dynamodb").create_table(
            TableName="unified",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield t.Table("unified", aws.client("dynamodb"))
        aws._client.cache_clear()


@pytest.fixture
def world(table: t.Table) -> World:
    """Return a project of the test's own."""
    clock = Clock()
    return World(table, EndpointStore(table, Vault(MemoryKeys())), clock, TimedQueue(clock), RecordingBus())
