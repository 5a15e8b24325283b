"""OAuth 2.1 authorization code with PKCE, as a client: addresses, tokens, revocation. No storage here.

Sources: RFC 6749 (the framework), RFC 7636 (PKCE), RFC 9207 (``iss``), RFC 7009 (revocation), RFC 9700 (best
practice). Ashby itself publishes no OAuth today: this serves partners that hold a client, and the endpoints
are the client's own settings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from unified.errors import UnifiedError
from unified.secret import Secret


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client registered with the provider, and the provider's endpoints.

    ``revoke_url`` and ``issuer`` may be empty; with an issuer, a callback must come from it (RFC 9207).
    """

    client_id: str
    client_secret: Secret
    authorize_url: str
    token_url: str
    revoke_url: str = ""
    issuer: str = ""

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> OAuthClient:
        """Read a client's settings. Raises ``BAD_CONFIGURATION`` naming what is missing or not https.

        Plain http is taken for the loopback addresses only, where the sandbox listens.
        """
        wrong = [name for name in ("clientId", "clientSecret") if not settings.get(name)]
        for name in ("authorizeUrl", "tokenUrl", "revokeUrl"):
            value = settings.get(name)
            if (not value and name != "revokeUrl") or (value and not _is_safe(str(value))):
                wrong.append(name)
        if wrong:
            raise UnifiedError(
                "MORPH::BAD_CONFIGURATION", f"The OAuth client's settings are not valid: {', '.join(wrong)}."
            )
        return cls(
            settings["clientId"],
            Secret(settings["clientSecret"]),
            settings["authorizeUrl"],
            settings["tokenUrl"],
            settings.get("revokeUrl") or "",
            settings.get("issuer") or "",
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. ``expires_at`` is in seconds since the epoch; None means not said."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: int | None
    scopes: tuple[str, ...] | None


class GrantRejected(Exception):
    """``invalid_grant``: the code or refresh token is used, expired or revoked."""


class ClientRejected(Exception):
    """The provider does not accept our client or our request: nothing that trying again would mend."""


class ProviderUnavailable(Exception):
    """No usable answer. ``sent`` is False when the grant was certainly not spent."""

    def __init__(self, *, sent: bool, retry_after: int | None = None) -> None:
        super().__init__("the provider gave no usable answer")
        self.sent = sent
        self.retry_after = retry_after


def new_verifier() -> Secret:
    """Return a PKCE code verifier of 256 bits (RFC 7636 §4.1)."""
    return Secret(secrets.token_urlsafe(32))


def authorization_url(
    client: OAuthClient, *, redirect_uri: str, state: str, verifier: Secret, scopes: Sequence[str]
) -> str:
    """Return where the person is sent to consent."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.reveal().encode()).digest())
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    separator = "&" if urlsplit(client.authorize_url).query else "?"
    return client.authorize_url + separator + urlencode(query)


def exchange_code(client: OAuthClient, *, code: str, redirect_uri: str, verifier: Secret, timeout: float) -> Tokens:
    """Turn a code into tokens. Raises ``GrantRejected``, ``ClientRejected``, ``ProviderUnavailable``."""
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.reveal(),
    }
    return _tokens(client, grant, timeout)


def refresh_tokens(client: OAuthClient, refresh_token: Secret, timeout: float) -> Tokens:
    """Spend a refresh token. Raises as ``exchange_code``."""
    return _tokens(client, {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}, timeout)


def revoke(client: OAuthClient, token: Secret, timeout: float) -> bool:
    """Ask the provider to forget a token (RFC 7009); False when it could not be asked or did not agree."""
    from unified import transport

    if not client.revoke_url:
        return False
    try:
        return _post(client, client.revoke_url, {"token": token.reveal()}, timeout).status < 300
    except transport.TransportFailure:
        return False


def _tokens(client: OAuthClient, grant: Mapping[str, str], timeout: float) -> Tokens:
    from unified import transport

    try:
        reply = _post(client, client.token_url, grant, timeout)
    except transport.TransportFailure as failure:
        raise ProviderUnavailable(sent=failure.sent) from None
    answer = _object(reply.body)
    if reply.status == 200 and _is_token(answer.get("access_token")):
        return _read_tokens(answer)
    error = answer.get("error")
    if reply.status == 429 or error in ("temporarily_unavailable", "slow_down"):
        raise ProviderUnavailable(sent=False, retry_after=_seconds(reply.headers.get("retry-after")))
    if error == "invalid_grant":
        raise GrantRejected
    if reply.status >= 500 or reply.status == 200:
        raise ProviderUnavailable(sent=True)
    raise ClientRejected


def _post(client: OAuthClient, url: str, form: Mapping[str, str], timeout: float) -> Any:
    from unified import transport

    fields = {**form, "client_id": client.client_id, "client_secret": client.client_secret.reveal()}
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
        "user-agent": "unified-ashby",
    }
    return transport.send("POST", url, headers=headers, content=urlencode(fields).encode(), timeout=timeout)


def _read_tokens(answer: Mapping[str, Any], clock: Callable[[], float] = time.time) -> Tokens:
    refresh: Any = answer.get("refresh_token")
    lifetime: Any = answer.get("expires_in")
    scope: Any = answer.get("scope")
    seconds = _seconds(lifetime)
    return Tokens(
        Secret(answer["access_token"]),
        Secret(refresh) if isinstance(refresh, str) and refresh else None,
        None if seconds is None else int(clock()) + seconds,
        tuple(sorted(set(scope.split()))) if isinstance(scope, str) else None,
    )


def _is_token(value: Any) -> bool:
    """Whether a header can carry the token (RFC 6750 §2.1): one that cannot would fail every request later."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


def _seconds(value: Any) -> int | None:
    """Read a number of seconds, None for what is none that anybody means."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], answer) if isinstance(answer, dict) else {}


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))
