"""What the routes of connections do: from a caller and plain values to the answer's body."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Mapping
from typing import Any

from unified.api.access import Access, Caller, reference
from unified.api.queries import only, read_limit, wrong
from unified.connections.lifecycle import connections, missing
from unified.connections.line import Line
from unified.connections.listing import page
from unified.connections.records import Connection
from unified.connector import load_connector
from unified.deadline import Deadline
from unified.errors import FieldProblem, Invalid, UnifiedError
from unified.grants import Need
from unified.log import logger
from unified.projects import Project
from unified.table import table

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_SORT_KEY_BYTES = 1024


def list_connections(caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the project's connections, by connector and owner."""
    only(query, "limit", "cursor", "connectorId")
    connector = query.get("connectorId")
    if connector is not None:
        load_connector(connector)
    limit = read_limit(query)
    after = _open_cursor(query["cursor"], connector) if "cursor" in query else None
    shown, last = page(table(), caller.project.id, caller.grant, connector, limit=limit, after=after)
    return {
        "data": [connection.to_wire() for connection in shown],
        "next": None if last is None else base64.urlsafe_b64encode(last.encode()).decode(),
    }


def create(caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a connection."""
    from unified.api.bodies import ConnectionBody, parse

    place = reference(caller, connector_id, owner_id)
    asked = parse(ConnectionBody, body)
    caller.require_operations(asked.operations)
    require_events(caller, asked.events)
    return connections().create(caller.actor, place, asked.operations, asked.events).to_wire()


def retrieve(caller: Caller, connector_id: str, owner_id: str) -> dict[str, Any]:
    """Return a connection."""
    return connections().retrieve(reference(caller, connector_id, owner_id)).to_wire()


def update(
    caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any], query: Mapping[str, str]
) -> dict[str, Any]:
    """Replace a connection's operations and events, each when given.

    With ``createIfMissing=true`` make the connection where there is none.
    """
    from unified.api.bodies import ConnectionBody, parse

    only(query, "createIfMissing")
    if query.get("createIfMissing", "false") not in ("true", "false"):
        raise wrong("createIfMissing", "must be true or false")
    place = reference(caller, connector_id, owner_id)
    create_if_missing = query.get("createIfMissing") == "true"
    asked = parse(ConnectionBody, body)
    caller.require_operations(asked.operations)
    given = asked.model_fields_set
    require_events(caller, given & {"events"})
    if not given:
        kept = connections().store.get(place)
        if kept is not None:
            return kept.to_wire()
    changed = connections().update(
        caller.actor,
        place,
        asked.operations if "operations" in given else None,
        asked.events if "events" in given else None,
        create_if_missing=create_if_missing,
    )
    if "events" in given:
        look_soon(caller.project, changed)
    return changed.to_wire()


def delete(caller: Caller, connector_id: str, owner_id: str, deadline: Deadline) -> None:
    """Remove a connection."""
    place = reference(caller, connector_id, owner_id)
    loaded = connections().store.load(place)
    if loaded.connection is None:
        raise missing(place)
    _delete(Line(connections(), caller.project, caller.actor, loaded.connection, loaded.credential, deadline))


def delete_own(access: Access) -> None:
    """Remove the session's connection."""
    _delete(access.line)


def require_events(caller: Caller, asked: Collection[str]) -> None:
    """Keep what decides how a connection is watched for a key that has events. Raises ``KEY::FORBIDDEN``."""
    if asked:
        caller.require(Need.EVENTS)


def look_soon(project: Project, connection: Connection) -> None:
    """Have the connection's webhooks set up and its records looked through without waiting for the next tick."""
    from unified.connections.watch import Watch
    from unified.ledger.tasks import send_soon

    if connection.status == "authorized":
        send_soon(Watch(connection.reference, connection.generation, project.public_key))


def _delete(line: Line) -> None:
    """Take our webhooks out of the account, best effort, while there still is a credential; then remove all.

    Before that nobody else may set any up: a sweep under way loses its lease.
    """
    from unified.connections.watch import Watch
    from unified.hooks import settings as hook_settings
    from unified.ledger.registry import Desk
    from unified.ledger.tasks import send_soon

    connection = line.connection
    watch = Watch(connection.reference, connection.generation, line.project.public_key)
    Desk(table(), watch).close(time.time())
    try:
        line.run(lambda session: hook_settings.remove_all(watch, session))
    except UnifiedError as failed:
        logger.warning("webhook settings left behind", extra={"code": failed.code})
        hook_settings.remove_all(watch, None)
    line.connections.delete(line.actor, line.project, line.connection.reference)
    send_soon(watch, "purge")


def _open_cursor(cursor: str, connector: str | None) -> str:
    """Read a cursor of the list of connections: the sort key to go on after, which only names, and opens nothing.

    DynamoDB fails on one that lies outside of the list or is longer than a sort key can be.
    """
    try:
        after = base64.urlsafe_b64decode(cursor).decode()
    except ValueError:
        after = ""
    begins = "CONNECTION#" + (f"{connector}#" if connector else "")
    if not after.startswith(begins) or len(after.encode()) > MAX_SORT_KEY_BYTES:
        raise Invalid("The cursor is not one of this list.", fields=[FieldProblem("cursor", "is not one of this list")])
    return after
