"""What became of each event at each endpoint: one item a delivery, claimed before every attempt, and one an attempt.

SQS delivers a message at least once, and a function may die between any two steps. So an attempt is claimed by a
conditional write, for longer than it can take; of several copies of a message one claims, and the others find that
somebody has. Whoever claimed and died has stored no outcome: once the claim has run out, the message that comes back
claims again. An attempt can therefore be made twice only if the first one's outcome was lost, which is what "at least
once" must mean.

A delivery that is given up is ``failed`` only once that was told. Before, it is ``pending`` with no attempt left.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from unified import table as t
from unified.deliveries.queue import Message
from unified.events.records import EVENT_DAYS, Event
from unified.models.moments import iso_at

CLAIM_SECONDS = 60
"""Longer than one attempt takes, shorter than DeliveryQueue hides a message that is being dealt with."""

_LIFE_SECONDS = EVENT_DAYS * 86_400
# Somebody else has just written: a moment later it is known what.
_SOON = 5.0

State = Literal["pending", "delivered", "failed", "cancelled"]
Ending = Literal["delivered", "failed", "refused"]


class Delivery(NamedTuple):
    """One event's way to one endpoint.

    ``attempts`` counts all that were made, ``tries`` those since the delivery or its latest ``replay`` began.
    ``next_at`` is when the next is due (seconds since the epoch), ``claimed_until`` until when one may be under way.
    ``revision`` counts the writes of the item.
    """

    event: str
    endpoint: str
    state: State
    attempts: int
    tries: int
    replay: str | None
    next_at: float | None
    claimed_until: float
    revision: int
    status: int | None
    updated_at: str

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Delivery:
        """Read it from the table."""
        return cls(
            item["event"],
            item["endpoint"],
            item["state"],
            item["attempts"],
            item["tries"],
            item.get("replay"),
            item.get("nextAt"),
            item["claimedUntil"],
            item["revision"],
            item.get("status"),
            item["updatedAt"],
        )

    def to_wire(self) -> dict[str, Any]:
        """Spell it for a caller."""
        wire: dict[str, Any] = {
            "object": "delivery",
            "endpointId": self.endpoint,
            "state": self.state,
            "attempts": self.attempts,
            "updatedAt": self.updated_at,
        }
        if self.status is not None:
            wire["lastStatus"] = self.status
        if self.next_at is not None:
            wire["nextAttemptAt"] = iso_at(self.next_at)
        return wire


class Attempt(NamedTuple):
    """One attempt: when it began and how it ended. Nothing of what the other side sent but its status."""

    number: int
    at: float
    status: int | None
    milliseconds: int
    outcome: Ending
    problem: str | None

    def to_item(self, event: str, endpoint: str) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "event": event,
            "endpoint": endpoint,
            "number": self.number,
            "at": iso_at(self.at),
            "status": self.status,
            "latencyMs": self.milliseconds,
            "outcome": self.outcome,
            "errorKind": self.problem,
            "ttl": int(self.at) + _LIFE_SECONDS,
        }


class Claimed(NamedTuple):
    """The attempt is the caller's to make."""

    delivery: Delivery


class Busy(NamedTuple):
    """Another may be making an attempt until then (seconds since the epoch)."""

    until: float


class Follow(NamedTuple):
    """The attempt was made and failed; whoever made it may have died before it sent for the next one."""

    following: Message
    at: float


class Spent(NamedTuple):
    """The last attempt was made and failed; whoever made it may have died before it told so and settled that."""

    delivery: Delivery


class Deliveries:
    """Deliveries in the table. ``now`` is in seconds since the epoch."""

    def __init__(self, table: t.Table) -> None:
        self._table = table

    def claim(self, message: Message, now: float) -> Claimed | Busy | Follow | Spent | None:
        """Claim the attempt that a message is about; None when there is nothing to do for it any more."""
        key = t.attempt_key(message.project, message.event, message.endpoint)
        if message.attempt == 1:
            new = self._begun(message, now, attempts=0, revision=1)
            try:
                self._table.put(key, new, t.ABSENT)
            except t.ConditionFailed as found:
                item = found.item
            else:
                return Claimed(Delivery.from_item(new))
        else:
            item = self._table.get(key)
        if item is None:
            return None
        delivery = Delivery.from_item(item)
        judged = _judge(message, delivery, now)
        return self._take(key, message, delivery, now) if judged == "claim" else judged

    def settle(
        self,
        project: str,
        delivery: Delivery,
        now: float,
        state: State,
        *,
        attempt: Attempt | None = None,
        next_at: float | None = None,
    ) -> Delivery | None:
        """Store how a delivery stands, after a claimed ``attempt`` or without one; returns it as it is now.

        None when the claim was lost to another, who will say how it ends.
        """
        key = t.attempt_key(project, delivery.event, delivery.endpoint)
        changes: dict[str, Any] = {
            "state": state,
            "claimedUntil": 0,
            "nextAt": next_at,
            "revision": delivery.revision + 1,
            "updatedAt": iso_at(now),
        }
        writes: list[t.Put | t.Update | t.Delete] = []
        if attempt is not None:
            changes |= {"attempts": delivery.attempts + 1, "tries": delivery.tries + 1, "status": attempt.status}
            place = t.attempt_key(project, delivery.event, delivery.endpoint, attempt.number)
            writes.append(t.Put(place, attempt.to_item(delivery.event, delivery.endpoint)))
        try:
            self._table.transact([t.Update(key, changes, _unchanged(delivery)), *writes])
        except t.ConditionFailed:
            return None
        made = 0 if attempt is None else 1
        return delivery._replace(
            state=state,
            attempts=delivery.attempts + made,
            tries=delivery.tries + made,
            next_at=next_at,
            claimed_until=0,
            revision=delivery.revision + 1,
            status=delivery.status if attempt is None else attempt.status,
            updated_at=changes["updatedAt"],
        )

    def undelivered(self, endpoint: str, events: Sequence[Event]) -> list[Event]:
        """Return those of at most 100 events that have not arrived at an endpoint, whether or not they were sent."""
        keys = [t.attempt_key(event.reference.project, event.id, endpoint) for event in events]
        found = self._table.get_many(keys) if keys else []
        return [
            event for event, item in zip(events, found, strict=True) if item is None or item["state"] != "delivered"
        ]

    def of_event(self, project: str, event: str) -> tuple[list[Delivery], list[dict[str, Any]]]:
        """Return an event's deliveries, and the attempts of all of them as the wire has them, by endpoint and time."""
        deliveries: list[Delivery] = []
        attempts: list[dict[str, Any]] = []
        now = time.time()
        for item in self._table.query(t.attempt_key(project, event, "").pk):
            if item["ttl"] <= now:
                continue
            if "number" in item:
                attempts.append(_attempt_to_wire(item))
            else:
                deliveries.append(Delivery.from_item(item))
        return deliveries, attempts

    def _take(self, key: t.Key, message: Message, delivery: Delivery, now: float) -> Claimed | Busy:
        if message.replay == delivery.replay:
            changes = {"claimedUntil": now + CLAIM_SECONDS, "revision": delivery.revision + 1}
        else:
            changes = self._begun(message, now, attempts=delivery.attempts, revision=delivery.revision + 1)
            changes["nextAt"] = None
        try:
            item = self._table.update(key, changes, condition=_unchanged(delivery))
        except t.ConditionFailed:
            return Busy(now + _SOON)
        return Claimed(Delivery.from_item(item))

    def _begun(self, message: Message, now: float, *, attempts: int, revision: int) -> dict[str, Any]:
        return {
            "event": message.event,
            "endpoint": message.endpoint,
            "state": "pending",
            "attempts": attempts,
            "tries": 0,
            "replay": message.replay,
            "claimedUntil": now + CLAIM_SECONDS,
            # Unlike a random token this also tells which of two writes was the later.
            "revision": revision,
            "updatedAt": iso_at(now),
            "ttl": int(now) + _LIFE_SECONDS,
        }


def _judge(message: Message, delivery: Delivery, now: float) -> Literal["claim"] | Busy | Follow | Spent | None:
    """Say what a message means to a delivery as it stands.

    A replay takes over from what was before it, an older one is overtaken. Within one replay only the attempt after
    the last one made is due; whether its time has come is not asked, since a message has waited already.
    """
    if message.replay != delivery.replay:
        if message.attempt != 1 or (message.replay or "") < (delivery.replay or ""):
            return None
    elif delivery.state != "pending" or message.attempt not in (delivery.tries, delivery.tries + 1):
        return None
    elif message.attempt == delivery.tries:
        if delivery.claimed_until > now:
            return None
        if delivery.next_at is None:
            return Spent(delivery)
        return Follow(message._replace(attempt=message.attempt + 1), delivery.next_at)
    return Busy(delivery.claimed_until) if delivery.claimed_until > now else "claim"


def _unchanged(delivery: Delivery) -> t.Condition:
    return t.Condition("#revision = :revision", {"revision": delivery.revision}, ("revision",))


def _attempt_to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "object": "deliveryAttempt",
        "endpointId": item["endpoint"],
        "number": item["number"],
        "at": item["at"],
        "status": item.get("status"),
        "latencyMs": item["latencyMs"],
        "outcome": item["outcome"],
    }
    return wire if item.get("errorKind") is None else {**wire, "errorKind": item["errorKind"]}


def new_replay_id() -> str:
    """Return the id of a new replay: ids sort by time, so that the later of two replays is known."""
    return f"rpl_{int(time.time() * 1000):013}{uuid.uuid4().hex[:19]}"


@lru_cache(maxsize=1)
def deliveries() -> Deliveries:
    """Return this environment's deliveries."""
    return Deliveries(t.table())
