"""Delivering again, when somebody asks: one event, or everything since a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from unified import table as t
from unified.deliveries.endpoints import Endpoint
from unified.deliveries.queue import Message, Queue
from unified.deliveries.states import Deliveries, new_replay_id
from unified.events import outbox
from unified.events.records import Event

_PAGE = 100
# A page takes about a second at its slowest.
_ENOUGH_SECONDS = 3.0


class Replayed(NamedTuple):
    """How many deliveries were asked for under which id, and the event to go on behind, if time ran out before."""

    id: str
    enqueued: int
    following: str | None = None


def replay_event(queue: Queue, event: Event, to: Sequence[Endpoint]) -> Replayed:
    """Deliver an event again to some endpoints."""
    replay = new_replay_id()
    queue.send([Message(event.reference.project, event.id, endpoint.id, replay=replay) for endpoint in to])
    return Replayed(replay, len(to))


def replay_since(
    table: t.Table,
    queue: Queue,
    endpoint: Endpoint,
    *,
    since: float,
    until: float,
    after: str | None,
    undelivered: bool,
    remaining: Callable[[], float],
) -> Replayed:
    """Deliver again everything between two moments that an endpoint takes, from the oldest on, while time remains.

    With ``undelivered``, only what has not arrived there: what failed, was cancelled, still waits or was never sent.
    ``remaining`` tells the seconds that are left; at least one page is always done.
    """
    replay, enqueued = new_replay_id(), 0
    while True:
        found = outbox.oldest(
            table, endpoint.project, endpoint.takes, limit=_PAGE, since=since, until=until, after=after
        )
        events = Deliveries(table).undelivered(endpoint.id, found.events) if undelivered else found.events
        queue.send([Message(endpoint.project, event.id, endpoint.id, replay=replay) for event in events])
        enqueued += len(events)
        after = found.following
        if after is None or remaining() < _ENOUGH_SECONDS:
            return Replayed(replay, enqueued, after)
