"""One attempt to deliver one event to one endpoint, from the message that says it is due to the next message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from unified import table as t
from unified.addresses import Networks, networks
from unified.connections.vault import vault
from unified.deliveries import payload, schedule, states
from unified.deliveries.bus import Bus, bus
from unified.deliveries.endpoints import Endpoint, EndpointStore, endpoints
from unified.deliveries.queue import Message, Queue, queue
from unified.deliveries.states import Attempt, Busy, Claimed, Deliveries, Delivery, Follow, Spent
from unified.events import outbox
from unified.events.bodies import Bodies
from unified.events.records import Event
from unified.log import logger
from unified.metrics import count
from unified.secret import Secret
from unified.settings import settings

if TYPE_CHECKING:
    from unified.egress import Outcome

OpenBody = Callable[[Event], Mapping[str, Any] | None]


class Post(Protocol):
    """What sends: ``unified.egress.post``."""

    def __call__(self, url: str, headers: Mapping[str, str], content: bytes, *, allowed: Networks) -> Outcome:
        """Send one request and say how it ended."""
        ...


class Courier:
    """Makes attempts; its methods may run in several threads. ``clock`` is in seconds since the epoch."""

    def __init__(
        self,
        table: t.Table,
        store: EndpointStore,
        queue: Queue,
        bus: Bus,
        open_body: OpenBody,
        *,
        post: Post,
        allowed: Networks = (),
        clock: Callable[[], float] = time.time,
        uniform: schedule.Uniform = schedule.UNIFORM,
    ) -> None:
        self._table = table
        self._endpoints = store
        self._queue = queue
        self._bus = bus
        self._open_body = open_body
        self._post = post
        self._allowed = allowed
        self._clock = clock
        self._uniform = uniform
        self._deliveries = Deliveries(table)
        # Of several threads that want the same data key one asks KMS; the others find it in memory.
        self._opening = Lock()

    def run(self, message: Message) -> None:
        """Make the attempt that is due, unless it was made or is being made. Raises what shall be tried again."""
        now = self._clock()
        match self._deliveries.claim(message, now):
            case Claimed(delivery):
                self._attempt(message, delivery, now)
            case Busy(until):
                self._queue.later(message, until + 1, now)
            case Follow(following, at):
                self._tell_disabled(self._endpoints.get(message.project, message.endpoint))
                self._queue.later(following, at, now)
            case Spent(delivery):
                self._tell_disabled(self._endpoints.get(message.project, message.endpoint))
                self._give_up(message, delivery)
            case None:
                pass

    def _attempt(self, message: Message, delivery: Delivery, now: float) -> None:
        endpoint = self._endpoints.get(message.project, message.endpoint)
        event = outbox.get(self._table, message.project, message.event, now)
        self._tell_disabled(endpoint)
        # It is asked anew each time: an endpoint that was made narrower meanwhile, or moved, must not get what another
        # connection's customer trusted the earlier one with.
        if endpoint is None or endpoint.status != "enabled" or event is None or not _is_for(endpoint, event, message):
            self._deliveries.settle(message.project, delivery, now, "cancelled")
            return
        outcome = self._send(endpoint, event, now)
        attempt = Attempt(
            delivery.attempts + 1,
            now,
            outcome.status,
            outcome.milliseconds,
            outcome_of(outcome),
            outcome.problem,
        )
        if outcome.problem is None:
            self._deliveries.settle(message.project, delivery, self._clock(), "delivered", attempt=attempt)
            self._endpoints.succeeded(endpoint)
        else:
            self._failed(message, delivery, endpoint, attempt, outcome)
        logger.info(
            "delivery",
            extra={
                "project": message.project,
                "status": outcome.status,
                "reason": outcome.problem,
                "milliseconds": outcome.milliseconds,
            },
        )

    def _send(self, endpoint: Endpoint, event: Event, now: float) -> Outcome:
        with self._opening:
            secrets: list[Secret] = self._endpoints.secrets(endpoint, now)
            resource = self._open_body(event)
        body = payload.body_of(event.to_wire(resource))
        headers = payload.headers_of(event.id, body, secrets, now, event.reference)
        return self._post(endpoint.url, headers, body, allowed=self._allowed)

    def _failed(
        self, message: Message, delivery: Delivery, endpoint: Endpoint, attempt: Attempt, outcome: Outcome
    ) -> None:
        """Store a failure, note it at the endpoint, and send for the next attempt, if there is to be one.

        What is stored says what is to follow: should this process die before it is done, the message that comes back
        does it.
        """
        now = self._clock()
        wait = schedule.wait_after(message.attempt, outcome.retry_after, self._uniform)
        due = None if wait is None else now + wait
        stored = self._deliveries.settle(message.project, delivery, now, "pending", attempt=attempt, next_at=due)
        if stored is None:
            return
        if self._endpoints.failed(endpoint, now, gone=outcome.status == 410) is not None:
            self._tell_disabled(self._endpoints.get(message.project, message.endpoint))
            self._deliveries.settle(message.project, stored, now, "cancelled")
        elif due is None:
            self._give_up(message, stored)
        else:
            self._queue.later(message._replace(attempt=message.attempt + 1), due, now)

    def _give_up(self, message: Message, delivery: Delivery) -> None:
        """Tell that a delivery has failed for good, and settle that it has: in this order, so that it is told."""
        count("DeliveryFailed", project=message.project, endpoint=delivery.endpoint)
        self._bus.put(
            "webhookEndpoint.deliveryFailed",
            {
                "object": "delivery",
                "project": message.project,
                "eventId": delivery.event,
                "endpointId": delivery.endpoint,
                "state": "failed",
                "attempts": delivery.attempts,
            },
        )
        self._deliveries.settle(message.project, delivery, self._clock(), "failed")

    def _tell_disabled(self, endpoint: Endpoint | None) -> None:
        """Tell that an endpoint was disabled, if that may not have been told yet."""
        if endpoint is None or not endpoint.untold:
            return
        count("EndpointDisabled", project=endpoint.project, endpoint=endpoint.id)
        self._bus.put(
            "webhookEndpoint.disabled",
            {
                "object": "webhookEndpoint",
                "project": endpoint.project,
                "id": endpoint.id,
                "status": "disabled",
                "reason": endpoint.reason,
            },
        )
        self._endpoints.told(endpoint)


def _is_for(endpoint: Endpoint, event: Event, message: Message) -> bool:
    """Tell whether an endpoint still takes an event. One that somebody asked for again need fit no pattern."""
    return endpoint.takes(event) if message.replay is None else endpoint.serves(event.reference)


def outcome_of(outcome: Outcome) -> states.Ending:
    """Return one word for how an attempt ended: refused is what was never sent, for its address."""
    if outcome.problem is None:
        return "delivered"
    return "refused" if outcome.problem in ("url", "privateAddress") else "failed"


@lru_cache(maxsize=1)
def courier() -> Courier:
    """Return this environment's courier."""
    from unified import egress

    return Courier(
        t.table(),
        endpoints(),
        queue(),
        bus(),
        Bodies(t.table(), vault()).open,
        post=egress.post,
        allowed=networks(settings().delivery_allowed_networks),
    )
