"""What the connection routes do: from a caller and plain values to the answer's body."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from unified.api.access import Access, Caller, reference
from unified.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from unified.connections.lifecycle import connections, missing, split_session_token
from unified.connections.line import Line
from unified.connections.records import Connection, Reference
from unified.connector import connector_ids, load_connector
from unified.deadline import Deadline
from unified.errors import FieldProblem, Invalid, UnifiedError
from unified.grants import Need
from unified.log import logger
from unified.projects import Project
from unified.table import connection_key

_MODES = ("connect", "direct")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_SORT_KEY_BYTES = 1024


def list_connections(caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the project's connections, by connector and owner."""
    _only(query, "limit", "cursor", "connectorId")
    connector = query.get("connectorId")
    if connector is not None:
        load_connector(connector)
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,6}", limit) or not 1 <= int(limit) <= MAX_LIMIT:
        raise Invalid(f"limit must be a number from 1 to {MAX_LIMIT}.", fields=[FieldProblem("limit", "is wrong")])
    after = _open_cursor(query["cursor"], connector) if "cursor" in query else None
    shown, last = _visible(caller, connector, int(limit), after)
    return {
        "data": [connection.to_wire() for connection in shown],
        "next": None if last is None else base64.urlsafe_b64encode(last.encode()).decode(),
    }


def _visible(
    caller: Caller, connector: str | None, limit: int, after: str | None
) -> tuple[list[Connection], str | None]:
    """Read on until there are ``limit`` connections that the key may see; returns them and where to go on.

    The cursor names the last of these: one that stood on a hidden connection would tell its name.
    """
    shown: list[Connection] = []
    while True:
        found, after = connections().store.page(caller.project.id, connector, limit=limit, after=after)
        for one in found:
            if caller.grant.covers(one.reference.connector, one.reference.owner):
                shown.append(one)
                if len(shown) == limit:
                    is_last = one is found[-1] and after is None
                    return shown, None if is_last else connection_key(*one.reference).sk
        if after is None:
            return shown, None


def create(caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a connection."""
    from unified.api.bodies import ConnectionBody, parse

    place = reference(caller, connector_id, owner_id)
    asked = parse(ConnectionBody, body)
    caller.require_operations(asked.operations)
    _require_events(caller, asked.events)
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

    _only(query, "createIfMissing")
    if query.get("createIfMissing", "false") not in ("true", "false"):
        raise Invalid("createIfMissing must be true or false.")
    place = reference(caller, connector_id, owner_id)
    create_if_missing = query.get("createIfMissing") == "true"
    asked = parse(ConnectionBody, body)
    caller.require_operations(asked.operations)
    given = asked.model_fields_set
    _require_events(caller, given & {"events"})
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
        _look_soon(caller.project, changed)
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


def _delete(line: Line) -> None:
    """Take our webhooks out of the account, best effort, while there still is a credential; then remove all."""
    from unified.connections.watch import Watch
    from unified.hooks import settings as hook_settings
    from unified.ledger.tasks import send_soon

    connection = line.connection
    watch = Watch(connection.reference, connection.generation, line.project.public_key)
    try:
        line.run(lambda session: hook_settings.remove_all(watch, session))
    except UnifiedError as failed:
        logger.warning("webhook settings left behind", extra={"code": failed.code})
        hook_settings.remove_all(watch, None)
    line.connections.delete(line.actor, line.project, line.connection.reference)
    send_soon(watch, "purge")


def authorize(
    caller: Caller,
    connector_id: str,
    owner_id: str,
    body: Mapping[str, Any],
    query: Mapping[str, str],
    public_url: str,
    deadline: Deadline,
) -> dict[str, Any]:
    """Authorize a connection by key, or begin OAuth."""
    place = reference(caller, connector_id, owner_id)
    return _authorize(caller.actor, caller.project, place, body, query, public_url, deadline)


def authorize_own(access: Access, body: Mapping[str, Any], query: Mapping[str, str], public_url: str) -> dict[str, Any]:
    """Authorize the session's connection."""
    place = access.connection.reference
    return _authorize(access.actor, access.project, place, body, query, public_url, access.deadline)


def permissions(caller: Caller, connector_id: str, owner_id: str) -> dict[str, Any]:
    """Return what a connection can do, operation by operation."""
    return _permissions(reference(caller, connector_id, owner_id))


def own_permissions(access: Access) -> dict[str, Any]:
    """Return what the session's connection can do."""
    return _permissions(access.connection.reference)


def create_session(caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a session, and the connection where there is none."""
    from unified.api.bodies import SessionBody, parse

    asked = parse(SessionBody, body)
    caller.require_operations(asked.connection.operations or ())
    _require_events(caller, asked.connection.model_fields_set & {"events"})
    return connections().create_session(
        caller.actor,
        reference(caller, connector_id, owner_id),
        expires_in=asked.expiresIn,
        operations=asked.connection.operations,
        events=asked.connection.events,
        allows=caller.grant.may_give,
    )


def create_link(
    caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any], public_url: str
) -> dict[str, Any]:
    """Make a link to the connect page of a connection that is there."""
    from unified.api.bodies import LinkBody, parse
    from unified.connect.branding import checked
    from unified.connect.texts import LANGUAGES
    from unified.connections.links import base_of, create_link

    asked = parse(LinkBody, body)
    if asked.language and asked.language not in LANGUAGES:
        told = f"must be one of {', '.join(LANGUAGES)}"
        raise Invalid("The language is not known.", fields=[FieldProblem("language", told)])
    _, link = create_link(
        connections(),
        caller.actor,
        caller.project,
        reference(caller, connector_id, owner_id),
        base_url=base_of(caller.project, public_url),
        expires_in=asked.expiresInSeconds,
        redirect_url=_redirect({} if asked.redirectUrl is None else {"redirectUrl": asked.redirectUrl}),
        origin=asked.origin,
        language=asked.language,
        branding=checked(asked.branding),
        methods=asked.methods,
    )
    return link


def revoke_sessions(caller: Caller, connector_id: str, owner_id: str) -> None:
    """Revoke every session of a connection."""
    place = reference(caller, connector_id, owner_id)
    connections().retrieve(place)
    connections().store.revoke_sessions(place)
    connections().store.audit(place, caller.actor, "session.revoke", "done")


def end_session(access: Access, token: str | None) -> None:
    """End the very session that asks."""
    found = split_session_token(access.project.id, token) if token and access.by_session else None
    if found is None:
        raise UnifiedError("MORPH::SESSION::TOKEN_VALIDATION_FAILED", "Only a session can end itself.")
    connections().store.revoke_session(*found)
    connections().store.audit(found[0], access.actor, "session.revoke", "done")


def list_connectors(_caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return every connector."""
    from unified.api.connectors import describe

    _only(query)
    return {"data": [describe(load_connector(name)) for name in connector_ids()], "next": None}


def retrieve_connector(_caller: Caller, path_id: str, header_id: str | None) -> dict[str, Any]:
    """Return a connector.

    Where the path holds what JavaScript makes of an object, the header decides: Morph's client asks for
    ``/v1/connectors/[object Object]`` and names the connector in ``x-connector-id``.
    """
    from unified.api.connectors import describe

    named_by_header = path_id.startswith("[object") and header_id is not None
    return describe(load_connector(header_id if named_by_header and header_id else path_id))


def own_connector(access: Access) -> dict[str, Any]:
    """Return the session's connector."""
    from unified.api.connectors import describe

    return describe(load_connector(access.connection.reference.connector))


def _permissions(place: Reference) -> dict[str, Any]:
    from unified.api.permissions import describe

    loaded = connections().store.load(place)
    if loaded.connection is None:
        raise missing(place)
    scopes = None if loaded.credential is None else loaded.credential.scopes
    return describe(load_connector(place.connector), loaded.connection, scopes)


def _authorize(
    actor: str,
    project: Project,
    place: Reference,
    body: Mapping[str, Any],
    query: Mapping[str, str],
    public_url: str,
    deadline: Deadline,
) -> dict[str, Any]:
    from unified.api.bodies import AuthorizationBody, parse
    from unified.connections.links import base_of, create_link

    _only(query, "redirectUrl", "mode")
    if query.get("mode", "direct") not in _MODES:
        raise Invalid("mode must be connect or direct.", fields=[FieldProblem("mode", "is not known")])
    asked = parse(AuthorizationBody, body)
    base = base_of(project, public_url)
    if query.get("mode") == "connect" and not any(asked.settings.values()):
        connection, link = create_link(
            connections(), actor, project, place, base_url=base, redirect_url=_redirect(query)
        )
        return {**connections().standing(connection), "authorizationUrl": link["url"]}
    answer = connections().authorize(
        actor,
        project,
        place,
        form=asked.settings,
        scopes=asked.scopes,
        redirect_url=_redirect(query),
        callback_url=f"{base}/v1/callback/{place.connector}",
        deadline=deadline,
    )
    if answer["status"] != "authorized":
        return answer
    connection = connections().store.get(place)
    if connection is not None:
        _look_soon(project, connection)
    return {**answer, "permissions": _own_operations(place)}


def _require_events(caller: Caller, asked: Collection[str]) -> None:
    """Keep what decides how a connection is watched for a key that has events. Raises ``KEY::FORBIDDEN``."""
    if asked:
        caller.require(Need.EVENTS)


def _look_soon(project: Project, connection: Connection) -> None:
    """Have the connection's webhooks set up and its records looked through without waiting for the next tick."""
    from unified.connections.watch import Watch
    from unified.ledger.tasks import send_soon

    if connection.status == "authorized":
        send_soon(Watch(connection.reference, connection.generation, project.public_key))


def _own_operations(place: Reference) -> list[dict[str, Any]]:
    """Say of each operation that the connection was given whether its credential allows it."""
    return [operation for operation in _permissions(place)["operations"] if operation["granted"]]


def _redirect(query: Mapping[str, str]) -> str | None:
    url = query.get("redirectUrl")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or len(url) > 2000:
        raise Invalid("redirectUrl must be an absolute http or https URL without a fragment.")
    return url


def _only(query: Mapping[str, str], *known: str) -> None:
    unknown = [name for name in query if name not in known]
    if unknown:
        raise Invalid(
            "The query is not valid.",
            fields=[FieldProblem(name[:60], "is not a parameter of this route") for name in unknown[:20]],
        )


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
