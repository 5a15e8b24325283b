"""What the routes of sessions do: made for a browser by a server, ended by either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unified.api.access import Access, Caller, reference
from unified.api.connections import look_soon, require_events
from unified.connections.lifecycle import connections, missing, split_session_token
from unified.errors import UnifiedError


def create_session(caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a session, and the connection where there is none."""
    from unified.api.bodies import SessionBody, parse

    asked = parse(SessionBody, body)
    caller.require_operations(asked.connection.operations or ())
    require_events(caller, asked.connection.model_fields_set & {"events"})
    place = reference(caller, connector_id, owner_id)
    made = connections().create_session(
        caller.actor,
        place,
        expires_in=asked.expiresIn,
        operations=asked.connection.operations,
        events=asked.connection.events,
        allows=caller.grant.may_give,
        manages=asked.manage,
    )
    if asked.connection.events is not None:
        connection = connections().store.get(place)
        if connection is not None:
            look_soon(caller.project, connection)
    return made


def revoke_all(caller: Caller, connector_id: str, owner_id: str) -> None:
    """Revoke every session and link of a connection, and the consents that were begun."""
    place = reference(caller, connector_id, owner_id)
    if not connections().store.revoke_all(place):
        raise missing(place)
    connections().store.audit(place, caller.actor, "session.revoke", "done")


def end_session(access: Access, token: str | None) -> None:
    """End the very session that asks."""
    found = split_session_token(access.project.id, token) if token and access.by_session else None
    if found is None:
        raise UnifiedError("MORPH::SESSION::TOKEN_VALIDATION_FAILED", "Only a session can end itself.")
    connections().store.revoke_session(*found)
    connections().store.audit(found[0], access.actor, "session.revoke", "done")
