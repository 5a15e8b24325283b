"""One event, its spelling in the table and on the wire, and ids that sort by time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from unified import table as t
from unified.connections.records import Reference
from unified.connections.watch import Watch

Trigger = Literal["created", "updated", "deleted"]
TRIGGERS: tuple[Trigger, ...] = ("created", "updated", "deleted")
EVENT_DAYS = 30
# Crockford's base 32 keeps the order of the numbers that it spells (https://www.crockford.com/base32.html).
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS = 10
_RANDOM_DIGITS = 16


class Event(NamedTuple):
    """One change of one record.

    ``version`` counts the changes of this record from 1: whoever gets two events of a record in the wrong order
    keeps the one with the higher version. ``changed_at`` is the account's own time of the change where it has one,
    ``created_at`` when we saw it. ``merged_into`` is the id of the record that took this one's place. ``body`` is the
    sealed resource (``nonce`` and ``ciphertext``), None for an event that is only a reference. ``subscribed`` tells
    whether the connection's own list of events takes it in, for endpoints that name none.
    """

    id: str
    watch: Watch
    model: str
    trigger: Trigger
    record_id: str
    version: int
    created_at: str
    changed_at: str | None = None
    merged_into: str | None = None
    body: Mapping[str, bytes] | None = None
    subscribed: bool = False

    @property
    def name(self) -> str:
        """Return ``model::trigger``, as subscriptions name it."""
        return f"{self.model}::{self.trigger}"

    @property
    def reference(self) -> Reference:
        """Return the connection that it happened in."""
        return self.watch.reference

    def key(self) -> t.Key:
        """Where it lies."""
        return key_of(self.watch.reference.project, self.id)

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            **self.watch.to_message(),
            "id": self.id,
            "model": self.model,
            "trigger": self.trigger,
            "recordId": self.record_id,
            "version": self.version,
            "createdAt": self.created_at,
            "changedAt": self.changed_at,
            "mergedInto": self.merged_into,
            "body": None if self.body is None else dict(self.body),
            "subscribed": self.subscribed or None,
            "ttl": int(time.time()) + EVENT_DAYS * 86400,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Event:
        """Read it from the table."""
        return cls(
            item["id"],
            Watch.from_message(item),
            item["model"],
            item["trigger"],
            item["recordId"],
            item["version"],
            item["createdAt"],
            item.get("changedAt"),
            item.get("mergedInto"),
            item.get("body"),
            item.get("subscribed") is True,
        )

    def data(self, resource: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the wire's ``data``: the resource where there is one, else a reference to it."""
        data: dict[str, Any] = (
            {"object": "resourceRef", "model": self.model, "id": self.record_id} if resource is None else dict(resource)
        )
        if self.merged_into is not None:
            data["mergedInto"] = {"object": "resourceRef", "model": self.model, "id": self.merged_into}
        return data

    def to_wire(self, resource: Mapping[str, Any] | None) -> dict[str, Any]:
        """Spell it for callers, endpoints and the bus: Morph's ``event`` and ``data``, and what orders it."""
        return {
            "object": "event",
            "id": self.id,
            "event": self.name,
            "connectorId": self.reference.connector,
            "ownerId": self.reference.owner,
            "version": self.version,
            "createdAt": self.created_at,
            **({"changedAt": self.changed_at} if self.changed_at else {}),
            "data": self.data(resource),
        }


def new_event_id(now: float | None = None) -> str:
    """Return a new id, ``evt_`` with 48 bits of time (milliseconds) and 80 of chance: ids sort by time."""
    return event_id_at(now) + _spell(int.from_bytes(os.urandom(10)), _RANDOM_DIGITS)


def event_id_at(now: float | None = None) -> str:
    """Return what every id of a moment begins with (seconds since the epoch; None means now)."""
    return "evt_" + _spell(int((time.time() if now is None else now) * 1000), _TIME_DIGITS)


def event_time(event_id: str) -> float | None:
    """Return the moment in an id, in seconds since the epoch, None for what is no event's id."""
    prefix, _, digits = event_id.partition("_")
    if prefix != "evt" or len(digits) != _TIME_DIGITS + _RANDOM_DIGITS or any(digit not in _DIGITS for digit in digits):
        return None
    milliseconds = 0
    for digit in digits[:_TIME_DIGITS]:
        milliseconds = milliseconds * 32 + _DIGITS.index(digit)
    return milliseconds / 1000 if milliseconds < 1 << 47 else None


def day_of(moment: float) -> str:
    """Return the day (UTC) of a moment, as events are kept by."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def key_of(project: str, event_id: str) -> t.Key:
    """Where the event of an id lies. Raises ``ValueError`` for what is no event's id."""
    moment = event_time(event_id)
    if moment is None:
        raise ValueError("not an event's id")
    return t.event_key(project, day_of(moment), event_id)


def _spell(number: int, digits: int) -> str:
    spelled = ""
    for _ in range(digits):
        number, digit = divmod(number, 32)
        spelled = _DIGITS[digit] + spelled
    return spelled
