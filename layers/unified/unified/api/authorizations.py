"""What the routes of authorization do: by key, by OAuth or by a link, and what a connection then can do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from unified.api.access import Access, Caller, reference
from unified.api.connections import look_soon
from unified.api.queries import only, wrong
from unified.connections.lifecycle import connections, missing
from unified.connections.records import Reference
from unified.connector import load_connector
from unified.deadline import Deadline
from unified.projects import Project

_MODES = ("connect", "direct")


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
    """Authorize the session's connection.

    A link ends with the session that made it, or after the ten minutes that any consent may take.
    """
    from unified.connections.consent import STATE_SECONDS

    place = access.connection.reference
    latest = None if access.ends_at is None else max(access.ends_at, int(time.time()) + STATE_SECONDS)
    return _authorize(access.actor, access.project, place, body, query, public_url, access.deadline, latest)


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
        raise wrong("language", f"must be one of {', '.join(LANGUAGES)}")
    place = reference(caller, connector_id, owner_id)
    _, link = create_link(
        connections(),
        caller.actor,
        caller.project,
        place,
        base_url=base_of(caller.project, place, public_url),
        expires_in=asked.expiresInSeconds,
        redirect_url=_redirect({} if asked.redirectUrl is None else {"redirectUrl": asked.redirectUrl}),
        origin=asked.origin,
        language=asked.language,
        branding=checked(asked.branding) | checked({"displayName": asked.displayName}, ""),
        methods=asked.methods,
    )
    return link


def permissions(caller: Caller, connector_id: str, owner_id: str) -> dict[str, Any]:
    """Return what a connection can do, operation by operation."""
    return _permissions(reference(caller, connector_id, owner_id))


def own_permissions(access: Access) -> dict[str, Any]:
    """Return what the session's connection can do."""
    return _permissions(access.connection.reference)


def _authorize(
    actor: str,
    project: Project,
    place: Reference,
    body: Mapping[str, Any],
    query: Mapping[str, str],
    public_url: str,
    deadline: Deadline,
    latest: int | None = None,
) -> dict[str, Any]:
    from unified.api.bodies import AuthorizationBody, parse
    from unified.connections.links import base_of, create_link

    only(query, "redirectUrl", "mode")
    if query.get("mode", "direct") not in _MODES:
        raise wrong("mode", "must be connect or direct")
    asked = parse(AuthorizationBody, body)
    base = base_of(project, place, public_url)
    if query.get("mode") == "connect" and not any(asked.settings.values()):
        connection, link = create_link(
            connections(), actor, project, place, base_url=base, latest=latest, redirect_url=_redirect(query)
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
        look_soon(project, connection)
    return {**answer, "permissions": _own_operations(place)}


def _permissions(place: Reference) -> dict[str, Any]:
    from unified.api.permissions import describe

    loaded = connections().store.load(place)
    if loaded.connection is None:
        raise missing(place)
    scopes = None if loaded.credential is None else loaded.credential.scopes
    return describe(load_connector(place.connector), loaded.connection, scopes)


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
        raise wrong("redirectUrl", "must be an absolute http or https URL without a fragment")
    return url
