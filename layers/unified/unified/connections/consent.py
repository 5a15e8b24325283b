"""An OAuth consent begun: what is kept until the person comes back, and where the person is sent.

One that is begun on the connect page is bound to the browser it was begun in: the state alone, which others may have
come by, does not finish it. The cookie that binds it also holds the link's token, so the table need not, and lives
longer than the state: who comes back too late, or twice, is led to the page all the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from unified.secret import fingerprint, random_token

if TYPE_CHECKING:
    from unified.connections.lifecycle import Connections
    from unified.connections.oauth import OAuthClient
    from unified.connections.records import Connection
    from unified.projects import Project

STATE_SECONDS = 600
COOKIE_SECONDS = 3600
# A random part, the language that the person chose, if any, and the link's token.
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}\.([a-z]{0,10})\.(lnk_[A-Za-z0-9_-]{43})")


class PageConsent(NamedTuple):
    """A consent begun on the connect page: the link's token, and whether to take another account than before.

    ``language`` is the one that the person chose there, empty for none.
    """

    token: str
    switch: bool
    language: str = ""


class Begun(NamedTuple):
    """Where to send the person, and for one from the connect page the cookie to bind it by."""

    url: str
    cookie_name: str = ""
    cookie_value: str = ""


def begin(
    connections: Connections,
    project: Project,
    connection: Connection,
    client: OAuthClient,
    *,
    scopes: Sequence[str],
    redirect_url: str | None,
    callback_url: str,
    page: PageConsent | None = None,
) -> Begun:
    """Keep what was asked under a new one-time state."""
    from unified.connections.oauth import authorization_url, new_verifier

    reference = connection.reference
    state, verifier = random_token("st_"), new_verifier()
    cookie = "" if page is None else f"{random_token('')}.{page.language}.{page.token}"
    bound: dict[str, Any] = {}
    if page is not None:
        bound = {"browser": fingerprint(cookie), "link": fingerprint(page.token), "switch": page.switch}
    connections.store.put_state(
        state,
        {
            "project": reference.project,
            "publicKey": project.public_key,
            "connector": reference.connector,
            "owner": reference.owner,
            "generation": connection.generation,
            "revocations": connection.revocations,
            "clientId": client.client_id,
            "redirectUrl": redirect_url,
            "callbackUrl": callback_url,
            "verifier": connections.vault.seal(reference.context("verifier"), verifier).to_item(),
            **bound,
        },
        expires_at=int(time.time()) + STATE_SECONDS,
    )
    url = authorization_url(client, redirect_uri=callback_url, state=state, verifier=verifier, scopes=scopes)
    return Begun(url, cookie_name(state, callback_url), cookie)


def cookie_name(state: str, callback_url: str) -> str:
    """Return the name of the cookie that binds a state: one for each, so that two tabs do not disturb each other.

    ``__Host-`` makes a browser take it from this host over TLS alone, which plain http, for local use, has not.
    """
    prefix = "__Host-" if callback_url.startswith("https://") else ""
    return f"{prefix}connect-{fingerprint(state)[:12]}"


def page_of(flow: Mapping[str, Any], state: str, cookies: Mapping[str, str]) -> str | None:
    """Return the address of the page that the browser's cookie holds; None in another browser than this consent's."""
    value = cookies.get(cookie_name(state, flow["callbackUrl"]), "")
    return _address(value) if fingerprint(value) == flow["browser"] else None


def page_of_late(state: str, cookies: Mapping[str, str]) -> str | None:
    """Return the address of the page from which a consent was begun whose state is used or over by now.

    The cookie's value alone says so, and leads nowhere but to a page of ours that the browser could ask for anyway.
    """
    values = (cookies.get(cookie_name(state, scheme), "") for scheme in ("https://", "http://"))
    return next((address for value in values if (address := _address(value)) is not None), None)


def told(page: str, **outcome: str) -> str:
    """Return the page's address with an outcome in its query."""
    return f"{page}{'&' if '?' in page else '?'}{urlencode(outcome)}"


def _address(cookie: str) -> str | None:
    found = _COOKIE.fullmatch(cookie)
    return None if found is None else f"/connect/{found[2]}{f'?lang={found[1]}' if found[1] else ''}"
