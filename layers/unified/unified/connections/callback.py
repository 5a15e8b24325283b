"""The provider's redirect back: one authorization is finished, once, whatever comes in by this door.

Nothing in the query is believed: the state is looked up by its fingerprint and consumed by a conditional
delete, and all that matters (whose connection, where to return, the PKCE verifier) was stored with it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from unified.connections import oauth
from unified.connections.accounts import UNKNOWN, account_of, is_another, witnesses
from unified.connections.clients import oauth_client
from unified.connections.consent import page_of, page_of_late, told
from unified.connections.lifecycle import Connections
from unified.connections.links import used
from unified.connections.records import Connection, Reference, seal
from unified.connections.requested import needed_scopes
from unified.connections.vault import Sealed
from unified.connector import Account, Credential, load_connector
from unified.deadline import Deadline
from unified.errors import UnifiedError
from unified.projects import ProjectStore
from unified.secret import Secret

_EXCHANGE_SECONDS = 8.0
# RFC 6749 §4.1.2.1 allows more; what we show and pass on is only what the registered codes look like.
_ERROR = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an authorization ended, in a title and a message for the person. ``error`` is None when it succeeded.

    ``redirect_url`` is where the person is sent, already with the outcome in its query: back to the connect page where
    the consent began there, else to the application. None to show a page.
    """

    error: str | None
    title: str
    message: str
    redirect_url: str | None = None


def finish(
    connections: Connections,
    projects: ProjectStore,
    connector_id: str,
    query: Mapping[str, str],
    deadline: Deadline,
    cookies: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Finish the authorization that ``query`` (``state`` with ``code`` or ``error``) belongs to.

    One that was begun on the connect page ends only in the browser that it was begun in, told by its ``cookies``.
    """
    state = query.get("state", "")
    flow = _take(connections, state)
    if flow is None or flow["connector"] != connector_id:
        page = page_of_late(state, cookies)
        return Outcome(
            "invalid_state",
            "This link has ended",
            "It has been used, or its ten minutes are over. Start again from the application.",
            # The page knows whether the first of two that came back has connected.
            None if page is None else told(page, done="1", error="expired_consent"),
        )
    page = page_of(flow, state, cookies) if "browser" in flow else None
    if "browser" in flow and page is None:
        return Outcome(
            "wrong_browser",
            "This was begun in another browser",
            "Nothing has changed. Open the link to connect in the browser that you want to use, and start there.",
        )
    reference = Reference(flow["project"], flow["connector"], flow["owner"])
    name = load_connector(connector_id).name
    try:
        missing_scopes = _authorize(connections, projects, reference, flow, query, deadline)
    except _Stopped as stopped:
        connections.store.audit(reference, "callback", "connection.authorize", stopped.error)
        return Outcome(
            stopped.error,
            f"{name} was not connected",
            stopped.message,
            _return_url(flow, reference, error=stopped.error) if page is None else told(page, error=stopped.error),
        )
    return Outcome(
        None,
        f"{name} is connected",
        "You can close this window.",
        _return_url(flow, reference, missingScopes=",".join(missing_scopes)) if page is None else told(page, done="1"),
    )


class _Stopped(Exception):
    """The authorization ended without a connection; the message is for the person."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(error)
        self.error = error
        self.message = message


def _take(connections: Connections, state: str) -> dict[str, Any] | None:
    if not 20 <= len(state) <= 200:
        return None
    return connections.store.take_state(state, now=int(time.time()))


def _authorize(
    connections: Connections,
    projects: ProjectStore,
    reference: Reference,
    flow: Mapping[str, Any],
    query: Mapping[str, str],
    deadline: Deadline,
) -> list[str]:
    """Exchange the code, prove the token, keep it; returns the scopes that were asked for and not granted."""
    name = load_connector(reference.connector).name
    if "error" in query:
        error = query["error"] if _ERROR.fullmatch(query["error"]) else "provider_error"
        raise _Stopped(
            error,
            "Access was not granted. Nothing has changed; you can start again from the application."
            if error == "access_denied"
            else f"{name} answered {error}. Start again from the application.",
        )
    if not query.get("code"):
        raise _Stopped("invalid_request", f"{name} sent no code. Start again from the application.")
    project = projects.find(flow["publicKey"])
    loaded = connections.store.load(reference)
    if project is None or loaded.connection is None or not _is_of(flow, loaded.connection):
        raise _Stopped("connection_removed", "The connection was removed, or access to it revoked, meanwhile.")
    try:
        client = oauth_client(connections.vault, project, reference)
        if client is None or client.client_id != flow["clientId"]:
            raise _Stopped("server_error", "The application's settings were changed meanwhile. Start again.")
        if client.issuer and query.get("iss") != client.issuer:
            # RFC 9207 §2.4: an answer from another issuer is not for us.
            raise _Stopped("invalid_issuer", "The answer did not come from the expected place. Start again.")
        verifier = connections.vault.open(reference.context("verifier"), Sealed.from_item(flow["verifier"]))
        tokens = oauth.exchange_code(
            client,
            code=query["code"],
            redirect_uri=flow["callbackUrl"],
            verifier=verifier,
            timeout=min(_EXCHANGE_SECONDS, max(1.0, deadline.remaining())),
        )
        credential = connections.prove(reference, _credential(tokens), deadline)
        account = account_of(reference, credential, deadline)
        if "link" in flow and not flow["switch"]:
            try:
                _check_same(loaded.connection, account, name)
            except _Stopped:
                connections.revoke(project, reference, seal(connections.vault, reference, credential, version=0))
                raise
        connections.keep(
            "callback",
            project,
            loaded.connection,
            loaded.credential,
            credential,
            "connection.authorize",
            account=account or UNKNOWN,
            also=[used(flow["link"])] if "link" in flow else [],
        )
    except oauth.GrantRejected:
        raise _Stopped("invalid_grant", f"{name} did not accept the code. Start again.") from None
    except oauth.ClientRejected:
        raise _Stopped("server_error", f"{name} did not accept this application's client.") from None
    except oauth.ProviderUnavailable:
        raise _Stopped("temporarily_unavailable", f"{name} did not answer. Start again in a moment.") from None
    except UnifiedError as failed:
        raise _Stopped(
            "invalid_token" if failed.code.endswith("AUTHORIZATION_DATA_INVALID") else "server_error",
            failed.detail,
        ) from None
    needed = needed_scopes(connections.store, reference, loaded.connection.operations)
    return [scope for scope in needed if credential.scopes is not None and scope not in credential.scopes]


def _is_of(flow: Mapping[str, Any], connection: Connection) -> bool:
    """Tell whether a consent was begun for this life of the connection, and nothing was revoked since."""
    begun = (flow["generation"], flow.get("revocations", 0))
    return begun == (connection.generation, connection.revocations)


def _check_same(connection: Connection, account: Account | None, name: str) -> None:
    """Stop before another account takes the place of the one before, and where nobody can tell whether it is."""
    if not connection.witnesses:
        return
    if account is None:
        raise _Stopped("temporarily_unavailable", f"{name} did not say whose account this is. Start again in a moment.")
    if is_another(connection.witnesses, witnesses(connection.reference, account)):
        raise _Stopped("another_account", f"This is another {name} account than before. Nothing has changed.")


def _credential(tokens: oauth.Tokens) -> Credential:
    return Credential(
        "oauth2", Secret(tokens.access_token.reveal()), tokens.refresh_token, tokens.expires_at, tokens.scopes
    )


def _return_url(flow: Mapping[str, Any], reference: Reference, **outcome: str) -> str | None:
    """Add the outcome to the redirect URL, which was checked against the allow-list when it was stored."""
    url: str | None = flow.get("redirectUrl")
    if not url:
        return None
    parts = urlsplit(url)
    said = {
        "status": "error" if "error" in outcome else "authorized",
        "connectorId": reference.connector,
        "ownerId": reference.owner,
        **{name: value for name, value in outcome.items() if value},
    }
    query = "&".join(part for part in (parts.query, urlencode(said)) if part)
    return urlunsplit(parts._replace(query=query))
