"""What the routes of events and their settings do: from a caller and plain values to the answer's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from unified.api.access import Caller
from unified.api.endpoints import find as find_endpoint
from unified.api.endpoints import may_see, require_connection, require_enabled
from unified.api.event_queries import check_pattern, cursor, known_models, read_cursor, read_span
from unified.api.paging import read_positions
from unified.api.queries import only, read_limit, wrong
from unified.connections.lifecycle import connections
from unified.connections.records import Reference
from unified.connections.vault import vault
from unified.connector import load_connector
from unified.deliveries.bus import spell
from unified.deliveries.endpoints import endpoints
from unified.deliveries.states import deliveries
from unified.errors import Missing
from unified.events import outbox
from unified.events import settings as event_settings
from unified.events.bodies import Bodies, Opened
from unified.events.records import Event
from unified.models.events import matches
from unified.table import table

MAX_PAGE_BYTES = 4_000_000
"""How large a page of whole events may be: Lambda takes an answer of 6 MB, with all that is around its text."""

_UNREADABLE = {
    "code": "MORPH::EVENT::UNREADABLE",
    "message": "The event holds the record, but it cannot be opened; data is a reference to it.",
}


def list_events(caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of a project's events, the newest first.

    A page may be shorter than asked for, or empty, and still have a ``next``: only so many events are looked at, and
    an answer holds only so much.
    """
    only(query, "limit", "cursor", "connectorId", "ownerId", "model", "event", "since", "until", "undelivered")
    wanted = _wanted(caller, query)
    endpoint = find_endpoint(caller, query["undelivered"]) if "undelivered" in query else None
    since, until = read_span(query.get("since"), query.get("until"))
    found = outbox.newest(
        table(),
        caller.project.id,
        wanted if endpoint is None else lambda event: wanted(event) and endpoint.takes(event),
        limit=read_limit(query),
        since=since,
        until=until,
        after=read_cursor(query.get("cursor")),
    )
    if endpoint is not None:
        found = found._replace(events=deliveries().undelivered(endpoint.id, found.events))
    return _fitting(found)


def retrieve(caller: Caller, event_id: str) -> dict[str, Any]:
    """Return an event with what became of it at each endpoint."""
    event = _find(caller, event_id)
    states, _ = deliveries().of_event(caller.project.id, event.id)
    is_shown = _shown_endpoints(caller)
    return {
        **_to_wire(event, _bodies().opener()(event)),
        "deliveries": [state.to_wire() for state in states if is_shown(state.endpoint)],
    }


def list_attempts(caller: Caller, event_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the attempts to deliver an event, by endpoint and in order."""
    only(query, "limit", "cursor", "endpointId")
    limit, position = read_positions(query)
    event = _find(caller, event_id)
    _, attempts = deliveries().of_event(caller.project.id, event.id)
    is_shown = _shown_endpoints(caller)
    attempts = [attempt for attempt in attempts if is_shown(attempt["endpointId"])]
    if "endpointId" in query:
        attempts = [attempt for attempt in attempts if attempt["endpointId"] == query["endpointId"]]
    following = position + limit
    return {
        "data": attempts[position:following],
        "next": str(following) if following < len(attempts) else None,
    }


def replay(caller: Caller, event_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Deliver an event again: to all endpoints that are enabled and take it, or to the one that is named.

    That one gets it whatever its patterns are, but never what happened in a connection that it is not for.
    """
    from unified.api.bodies import parse
    from unified.api.event_bodies import EventReplayBody
    from unified.deliveries.queue import queue
    from unified.deliveries.replays import replay_event

    named = parse(EventReplayBody, body).endpointId
    event = _find(caller, event_id)
    if named is None:
        all_of_them = endpoints().all(caller.project.id)
        to = [one for one in all_of_them if one.status == "enabled" and one.takes(event) and may_see(caller, one)]
    else:
        to = [find_endpoint(caller, named)]
        require_enabled(to[0])
        require_connection(to[0], event.reference)
    done = replay_event(queue(), event, to)
    return {"object": "replay", "id": done.id, "enqueued": done.enqueued, "next": None}


def read_settings(caller: Caller) -> dict[str, Any]:
    """Return how a project wants its events."""
    return event_settings.load(table(), caller.project.id).to_wire()


def change_settings(caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change how a project wants its events; holds everywhere within ``unified.events.settings.CACHE_SECONDS``."""
    from unified.api.bodies import parse
    from unified.api.event_bodies import EventSettingsBody

    changes = parse(EventSettingsBody, body).model_dump(exclude_unset=True)
    changed = event_settings.change(table(), caller.project.id, changes)
    if changes:
        told = ", ".join(sorted(changes))
        connections().store.audit(Reference(caller.project.id, "*", "*"), caller.actor, "eventSettings.update", told)
    return changed.to_wire()


def _wanted(caller: Caller, query: Mapping[str, str]) -> Callable[[Event], bool]:
    """Return what tells whether a list was asked for an event. Raises ``Invalid`` for what could fit none."""
    connector, pattern = query.get("connectorId"), query.get("event")
    if connector is not None:
        load_connector(connector)
    if pattern is not None or "model" in query:
        models = known_models(caller.project.id, None if connector is None else [connector])
        if pattern is not None:
            check_pattern("event", pattern, models)
        if "model" in query and query["model"] not in models:
            raise wrong("model", "is no model that a connector has")

    def wanted(event: Event) -> bool:
        return (
            caller.grant.covers(event.reference.connector, event.reference.owner)
            and query.get("connectorId", event.reference.connector) == event.reference.connector
            and query.get("ownerId", event.reference.owner) == event.reference.owner
            and query.get("model", event.model) == event.model
            and (pattern is None or matches([pattern], event.name))
        )

    return wanted


def _fitting(found: outbox.Found) -> dict[str, Any]:
    """Spell as many events as an answer can hold, one at the least."""
    data: list[dict[str, Any]] = []
    size = 0
    opener = _bodies().opener()
    for event in found.events:
        wire = _to_wire(event, opener(event))
        size += len(spell(wire))
        if data and size > MAX_PAGE_BYTES:
            return {"data": data, "next": cursor(data[-1]["id"])}
        data.append(wire)
    return {"data": data, "next": cursor(found.following)}


def _shown_endpoints(caller: Caller) -> Callable[[str], bool]:
    """Return what tells whether the key may know of an endpoint, those that were removed among them."""
    if caller.grant.connections is None:
        return lambda _endpoint: True
    shown = {one.id for one in endpoints().all(caller.project.id) if may_see(caller, one)}
    return shown.__contains__


def _find(caller: Caller, event_id: str) -> Event:
    found = outbox.get(table(), caller.project.id, event_id)
    if found is None or not caller.grant.covers(found.reference.connector, found.reference.owner):
        raise Missing("MORPH::EVENT::NOT_FOUND", "There is no event of this id, or it is more than 30 days old.")
    return found


def _to_wire(event: Event, opened: Opened) -> dict[str, Any]:
    wire = event.to_wire(opened.resource)
    return {**wire, "warnings": [_UNREADABLE]} if opened.is_unreadable else wire


@lru_cache(maxsize=1)
def _bodies() -> Bodies:
    return Bodies(table(), vault())
