"""The event bus: every event of every project, for rules of the deployment's own account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unified import aws
from unified.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "unified.ashby"
MAX_DETAIL_BYTES = 200_000
"""A larger detail is put as a reference: EventBridge takes 256 kB with all that belongs to an entry."""


class NotPut(Exception):
    """The bus did not take the event."""


class Bus:
    """What puts events on the bus."""

    def __init__(self, events: EventBridgeClient, name: str) -> None:
        self._events = events
        self._name = name

    def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Put one event. Raises ``NotPut``."""
        answer = self._events.put_events(
            Entries=[{"Source": SOURCE, "DetailType": kind, "Detail": spell(detail), "EventBusName": self._name}]
        )
        if answer["FailedEntryCount"]:
            raise NotPut


def spell(detail: Mapping[str, Any]) -> str:
    """Spell JSON compactly, in ASCII."""
    return json.dumps(detail, separators=(",", ":"))


@lru_cache(maxsize=1)
def bus() -> Bus:
    """Return this environment's bus."""
    return Bus(aws.client("events"), settings().event_bus_name)
