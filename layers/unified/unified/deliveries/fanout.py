"""From the outbox to the bus and to the queue: each new event once, or again if we died half-way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any

from unified import table as t
from unified.connections.vault import vault
from unified.deliveries.attempts import OpenBody
from unified.deliveries.bus import MAX_DETAIL_BYTES, Bus, bus, spell
from unified.deliveries.endpoints import Endpoint, EndpointStore, endpoints
from unified.deliveries.queue import Message, Queue, queue
from unified.events import outbox
from unified.events.bodies import Bodies
from unified.events.records import Event
from unified.remembered import Remembered

CACHE_SECONDS = 10
"""How long a process may go on with the endpoints that it knows of a project."""

_MOST_REMEMBERED = 500


class Fanout:
    """Puts an event on the bus and sends a message for each endpoint that it goes to; may run in several threads."""

    def __init__(
        self,
        table: t.Table,
        store: EndpointStore,
        queue: Queue,
        bus: Bus,
        open_body: OpenBody,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._endpoints = store
        self._queue = queue
        self._bus = bus
        self._open_body = open_body
        # Of several threads that want the same data key one asks KMS; the others find it in memory.
        self._opening = Lock()
        self._remembered: Remembered[str, list[Endpoint]] = Remembered(CACHE_SECONDS, _MOST_REMEMBERED, clock)

    def run(self, project: str, event_id: str) -> None:
        """Send one event on its way. Raises what shall be tried again: what was sent twice is told by its id."""
        event = outbox.get(self._table, project, event_id)
        if event is None:
            return
        with self._opening:
            resource = self._open_body(event)
        self._bus.put(event.name, _detail(event, resource))
        self._queue.send(
            [
                Message(project, event.id, endpoint.id)
                for endpoint in self._of(project)
                if endpoint.status == "enabled" and endpoint.takes(event)
            ]
        )

    def _of(self, project: str) -> list[Endpoint]:
        return self._remembered.get(project, lambda: self._endpoints.all(project))


def _detail(event: Event, resource: Mapping[str, Any] | None) -> Mapping[str, Any]:
    project = event.reference.project
    detail = {**event.to_wire(resource), "project": project}
    if resource is not None and len(spell(detail)) > MAX_DETAIL_BYTES:
        return {**event.to_wire(None), "project": project, "truncated": True}
    return detail


def event_of(keys: Mapping[str, Any]) -> tuple[str, str]:
    """Return (project, event id) of the keys in a stream's record, as DynamoDB spells them. Raises ``ValueError``."""
    kind, project, _day = keys["pk"]["S"].split("#")
    if kind != "EVENT":
        raise ValueError("not the key of an event")
    return project, keys["sk"]["S"]


@lru_cache(maxsize=1)
def fanout() -> Fanout:
    """Return this environment's fan-out."""
    return Fanout(t.table(), endpoints(), queue(), bus(), Bodies(t.table(), vault()).open)
