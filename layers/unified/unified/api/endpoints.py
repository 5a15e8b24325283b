"""What the routes of webhook endpoints do: from a caller and plain values to the answer's body."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unified.addresses import Unfit, networks, read_url
from unified.api.access import Caller, reference
from unified.api.event_queries import check_pattern, cursor, known_models, read_cursor, read_span
from unified.api.queries import only, read_limit, wrong
from unified.connections.lifecycle import connections
from unified.connections.records import Reference
from unified.deadline import Deadline
from unified.deliveries.endpoints import MAX_SECRETS, Endpoint, endpoints, is_endpoint_id
from unified.errors import Missing, UnifiedError
from unified.events.records import new_event_id
from unified.ledger.tasks import send_tasks
from unified.log import logger
from unified.models.moments import now_iso
from unified.settings import settings
from unified.table import table

if TYPE_CHECKING:
    from unified.api.event_bodies import EndpointBody, EndpointChangeBody, EndpointConnection

MAX_ENDPOINTS = 50
"""How many endpoints a project may have: each event is matched against all of them."""

# What decides which events somebody wants.
_DECIDING = frozenset({"events", "connections", "status"})


def list_endpoints(caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of a project's endpoints."""
    only(query, "limit", "cursor")
    after = query.get("cursor")
    if after is not None and not is_endpoint_id(after):
        raise wrong("cursor", "is not one of this list")
    found, following = endpoints().page(caller.project.id, limit=read_limit(query), after=after)
    return {"data": [one.to_wire() for one in found if may_see(caller, one)], "next": following}


def create(caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make an endpoint; its secret is in this answer and in no later one."""
    from unified.api.bodies import parse
    from unified.api.event_bodies import EndpointBody

    asked = parse(EndpointBody, body)
    chosen = _chosen(caller, asked, asked.model_fields_set | {"url", "connections"})
    if len(endpoints().all(caller.project.id)) >= MAX_ENDPOINTS:
        raise _conflict(f"A project may have {MAX_ENDPOINTS} webhook endpoints.")
    made, secret = endpoints().create(caller.project.id, chosen)
    _done(caller, "endpoint.create", prepare=True)
    return {**made.to_wire(), "secret": secret.reveal()}


def retrieve(caller: Caller, endpoint_id: str) -> dict[str, Any]:
    """Return an endpoint."""
    return find(caller, endpoint_id).to_wire()


def update(caller: Caller, endpoint_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change an endpoint. Enabling it, or giving it another URL, forgets that it failed."""
    from unified.api.bodies import parse
    from unified.api.event_bodies import EndpointChangeBody

    asked = parse(EndpointChangeBody, body)
    found = find(caller, endpoint_id)
    named = asked.model_fields_set
    if not named:
        return found.to_wire()
    changes = _chosen(caller, asked, named)
    if "status" in named:
        # Whoever decides that knows how it stood.
        changes |= {"reason": None, "untold": None}
    if changes.get("status") == "enabled" or "url" in named:
        changes |= {"failingSince": None, "failedAt": None}
    changed = endpoints().change(caller.project.id, found.id, changes)
    if changed is None:
        raise _missing()
    _done(caller, "endpoint.update", prepare=bool(named & _DECIDING))
    return changed.to_wire()


def delete(caller: Caller, endpoint_id: str) -> None:
    """Remove an endpoint; what was still to be delivered to it is not."""
    found = find(caller, endpoint_id)
    if not endpoints().delete(caller.project.id, found.id):
        raise _missing()
    _done(caller, "endpoint.delete", prepare=True)


def rotate(caller: Caller, endpoint_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give an endpoint a new secret, which is in this answer and in no later one."""
    from unified.api.bodies import parse
    from unified.api.event_bodies import RotateBody

    overlap = parse(RotateBody, body).overlapSeconds
    rotated = endpoints().rotate(find(caller, endpoint_id), overlap, time.time())
    if rotated is None:
        raise _conflict(
            f"At most {MAX_SECRETS} secrets sign at a time, and only one request may change them. Try again, or end"
            " those of before by overlapSeconds 0."
        )
    changed, secret = rotated
    _done(caller, "endpoint.rotate", prepare=False)
    return {**changed.to_wire(), "secret": secret.reveal()}


def test(caller: Caller, endpoint_id: str, deadline: Deadline) -> dict[str, Any]:
    """Send an endpoint a ping, as a delivery would be sent, and tell how it took it. A disabled one is tried too."""
    from unified import egress
    from unified.deliveries import payload
    from unified.deliveries.attempts import outcome_of

    endpoint = find(caller, endpoint_id)
    event_id, now = new_event_id(), time.time()
    ping: dict[str, Any] = {"object": "event", "id": event_id, "event": "ping", "createdAt": now_iso(), "data": {}}
    sent = payload.body_of(ping)
    outcome = egress.post(
        endpoint.url,
        payload.headers_of(event_id, sent, endpoints().secrets(endpoint, now), now, None),
        sent,
        allowed=networks(settings().delivery_allowed_networks),
        seconds=min(egress.SECONDS, deadline.remaining()),
    )
    answer: dict[str, Any] = {
        "object": "webhookEndpointTest",
        "endpointId": endpoint.id,
        "status": outcome.status,
        "latencyMs": outcome.milliseconds,
        "outcome": outcome_of(outcome),
    }
    return answer if outcome.problem is None else {**answer, "errorKind": outcome.problem}


def replay(caller: Caller, endpoint_id: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Deliver again what an endpoint takes of a span of time; ``next`` is None once all of it is asked for.

    With ``only`` what has arrived is left out.
    """
    from unified.api.bodies import parse
    from unified.api.event_bodies import ReplayBody
    from unified.deliveries.queue import queue
    from unified.deliveries.replays import replay_since

    asked = parse(ReplayBody, body)
    since, until = read_span(asked.since, asked.until)
    after = read_cursor(asked.cursor)
    endpoint = find(caller, endpoint_id)
    require_enabled(endpoint)
    done = replay_since(
        table(),
        queue(),
        endpoint,
        since=since,
        until=until,
        after=after,
        undelivered=asked.only == "undelivered",
        remaining=deadline.remaining,
    )
    return {"object": "replay", "id": done.id, "enqueued": done.enqueued, "next": cursor(done.following)}


def find(caller: Caller, endpoint_id: str) -> Endpoint:
    """Return one of the caller's endpoints. Raises ``Missing``."""
    found = endpoints().get(caller.project.id, endpoint_id) if is_endpoint_id(endpoint_id) else None
    if found is None or not may_see(caller, found):
        raise _missing()
    return found


def may_see(caller: Caller, endpoint: Endpoint) -> bool:
    """Tell whether an endpoint gets only events of connections that the key may see."""
    if endpoint.connections is None:
        return caller.grant.connections is None
    return all(caller.grant.covers(connector, owner) for connector, owner in endpoint.connections)


def require_enabled(endpoint: Endpoint) -> None:
    """Refuse to send to an endpoint that is disabled. Raises ``CONFLICT``."""
    if endpoint.status != "enabled":
        raise _conflict("The webhook endpoint is disabled. Enable it first.")


def require_connection(endpoint: Endpoint, connection: Reference) -> None:
    """Refuse to send what happened in a connection that an endpoint is not for. Raises ``CONFLICT``."""
    if not endpoint.serves(connection):
        raise _conflict("The webhook endpoint is for other connections than the event's. Name this one there first.")


def _chosen(caller: Caller, asked: EndpointBody | EndpointChangeBody, named: set[str]) -> dict[str, Any]:
    """Return what was named, checked, by the table's names. Raises ``Invalid``."""
    chosen: dict[str, Any] = {name: getattr(asked, name) for name in ("description", "status") if name in named}
    if "url" in named:
        chosen["url"] = _url(asked.url)
    if "events" in named:
        chosen["events"] = None if asked.events is None else _patterns(caller, asked.events)
    if "connections" in named:
        chosen["connections"] = None if asked.connections is None else _connections(caller, asked.connections)
        if asked.connections is None:
            _require_all(caller)
    return chosen


def _url(url: str) -> str:
    try:
        read_url(url, networks(settings().delivery_allowed_networks))
    except Unfit as unfit:
        raise wrong("url", unfit.reason) from None
    return url


def _require_all(caller: Caller) -> None:
    """Keep an endpoint of all connections for a key that may see all. Raises ``KEY::FORBIDDEN``."""
    if caller.grant.connections is not None:
        raise UnifiedError(
            "MORPH::KEY::FORBIDDEN", "This key was not given all connections: name those that the endpoint is for."
        )


def _patterns(caller: Caller, patterns: Sequence[str]) -> list[str]:
    """Return the patterns without doubles; they name models of some connector, or the project's own."""
    models = known_models(caller.project.id)
    for place, pattern in enumerate(patterns):
        check_pattern(f"events.{place}", pattern, models)
    return list(dict.fromkeys(patterns))


def _connections(caller: Caller, named: Sequence[EndpointConnection]) -> list[dict[str, str]]:
    places = dict.fromkeys(reference(caller, one.connectorId, one.ownerId) for one in named)
    return [{"connector": place.connector, "owner": place.owner} for place in places]


def _done(caller: Caller, action: str, *, prepare: bool) -> None:
    """Record who did it, and have the project's connections made ready for the events that are wanted now."""
    connections().store.audit(Reference(caller.project.id, "*", "*"), caller.actor, action, "done")
    if not prepare:
        return
    task = {"task": "prepare-project", "project": caller.project.id, "publicKey": caller.project.public_key}
    try:
        send_tasks([task])
    except Exception as error:  # whatever AWS says: the sweeps find out by themselves, only later
        logger.warning("not prepared", extra={"project": caller.project.id, "exception_name": type(error).__name__})


def _missing() -> Missing:
    return Missing("MORPH::WEBHOOK_ENDPOINT::NOT_FOUND", "There is no webhook endpoint of this id.")


def _conflict(detail: str) -> UnifiedError:
    return UnifiedError("MORPH::WEBHOOK_ENDPOINT::CONFLICT", detail)
