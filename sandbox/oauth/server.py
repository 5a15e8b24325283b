"""Clients, codes and tokens, without HTTP.

Rules and their sources: PKCE with S256 required (OAuth 2.1 draft section 7.5.2, RFC 7636); codes live 60 seconds and
work once, a second use revokes what the first one gave (RFC 6749 section 4.1.2); refresh tokens rotate, and the use
of a spent one revokes its whole family (OAuth 2.1 draft section 4.3.1); revocation ends the family (RFC 7009).
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from sandbox import permissions
from sandbox.config import SandboxConfig
from sandbox.credentials import Principal, masked

CODE_SECONDS = 60


@dataclass(frozen=True)
class Client:
    """A registered application; `redirect_uris` are matched exactly."""

    identifier: str
    secret: str
    name: str
    redirect_uris: tuple[str, ...]


@dataclass
class _Family:
    """All tokens that come from one consent."""

    client_id: str
    scopes: tuple[str, ...]
    began: int
    revoked: bool = False


@dataclass
class _Code:
    family: _Family
    redirect_uri: str
    challenge: str
    expires: float
    used: bool = False


@dataclass
class _AccessToken:
    family: _Family
    scopes: tuple[str, ...]
    expires: float


@dataclass
class _RefreshToken:
    family: _Family
    used: bool = False


@dataclass(frozen=True)
class TokenGrant:
    """A successful token answer (RFC 6749 section 5.1)."""

    access_token: str
    refresh_token: str
    expires_in: int
    scopes: tuple[str, ...]

    def body(self) -> dict[str, str | int]:
        """Return the JSON body."""
        return {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "scope": " ".join(self.scopes),
        }


class OAuthError(Exception):
    """An error answer of the token or revocation endpoint (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass
class TokenCounts:
    """How often the token endpoint was asked, by grant type, and how often it refused."""

    requests: int = 0
    refused: int = 0
    by_grant_type: dict[str, int] = field(default_factory=dict[str, int])


class AuthorizationServer:
    """The authorization server's state."""

    def __init__(self, config: SandboxConfig) -> None:
        self.issuer = config.issuer
        self.access_token_seconds = config.access_token_seconds
        self.counts = TokenCounts()
        self._clock = config.clock
        callbacks = tuple(
            f"http://{host}:{config.application_port}/v1/callback/ashby" for host in ("127.0.0.1", "localhost")
        )
        self.clients = {
            client.identifier: client
            for client in (
                Client("sandbox-client", "sandbox-secret", "Local app", callbacks),
                Client("whitelabel-client", "whitelabel-secret", "Acme Recruiting", callbacks),
            )
        }
        self._codes: dict[str, _Code] = {}
        self._access_tokens: dict[str, _AccessToken] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}

    # -- clients ---------------------------------------------------------------------------------------------------

    def authenticate_client(self, identifier: str, secret: str) -> Client:
        """Return the client with this id and secret; raises `invalid_client` (401)."""
        client = self.clients.get(identifier)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise OAuthError("invalid_client", "Unknown client or wrong secret.", status=401)
        return client

    # -- the authorization code grant ------------------------------------------------------------------------------

    def issue_code(self, client: Client, redirect_uri: str, scopes: tuple[str, ...], challenge: str) -> str:
        """Return a one-time code for what the user consented to."""
        code = secrets.token_urlsafe(24)
        family = _Family(client.identifier, scopes, int(self._clock() * 1000))
        self._codes[code] = _Code(family, redirect_uri, challenge, self._clock() + CODE_SECONDS)
        return code

    def redeem_code(self, client: Client, code: str, redirect_uri: str, verifier: str) -> TokenGrant:
        """Exchange a code for tokens; raises `invalid_grant`."""
        known = self._codes.get(code)
        if known is None or known.family.client_id != client.identifier:
            raise OAuthError("invalid_grant", "The code is unknown.")
        if known.used:
            known.family.revoked = True
            raise OAuthError("invalid_grant", "The code was used before; its tokens are revoked.")
        if self._clock() > known.expires:
            raise OAuthError("invalid_grant", "The code has expired.")
        if known.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one the code was issued for.")
        if not hmac.compare_digest(challenge_of(verifier), known.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not match the challenge.")
        known.used = True
        return self._issue(known.family, known.family.scopes)

    # -- the refresh token grant -----------------------------------------------------------------------------------

    def refresh(self, client: Client, token: str, scopes: tuple[str, ...] | None) -> TokenGrant:
        """Exchange a refresh token for new tokens, optionally with fewer scopes; raises `invalid_grant`."""
        known = self._refresh_tokens.get(token)
        if known is None or known.family.client_id != client.identifier or known.family.revoked:
            raise OAuthError("invalid_grant", "The refresh token is unknown or revoked.")
        if known.used:
            known.family.revoked = True
            raise OAuthError("invalid_grant", "The refresh token was used before; its family is revoked.")
        if scopes is not None and not set(scopes) <= set(known.family.scopes):
            raise OAuthError("invalid_scope", "A refresh cannot widen the granted scopes.")
        known.used = True
        return self._issue(known.family, scopes or known.family.scopes)

    # -- tokens ----------------------------------------------------------------------------------------------------

    def revoke(self, client: Client, token: str) -> None:
        """End the family of one of the client's tokens; an unknown token is no error (RFC 7009 section 2.2)."""
        known = self._refresh_tokens.get(token) or self._access_tokens.get(token)
        if known is not None and known.family.client_id == client.identifier:
            known.family.revoked = True

    def expire_access_tokens(self) -> int:
        """Make every access token given out until now an expired one; return how many were live."""
        now = self._clock()
        live = [token for token in self._access_tokens.values() if token.expires > now]
        for token in live:
            token.expires = now - 1
        return len(live)

    def principal(self, token: str) -> Principal | None:
        """Return who an access token stands for, or None if it is unknown, expired or revoked."""
        known = self._access_tokens.get(token)
        if known is None or known.family.revoked or self._clock() >= known.expires:
            return None
        return Principal(
            key_id=masked(token),
            title=self.clients[known.family.client_id].name,
            created_at=known.family.began,
            permissions=frozenset(known.scopes),
            granted_to=known.family.client_id,
        )

    def _issue(self, family: _Family, scopes: tuple[str, ...]) -> TokenGrant:
        access, renewal = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access_tokens[access] = _AccessToken(family, scopes, self._clock() + self.access_token_seconds)
        self._refresh_tokens[renewal] = _RefreshToken(family)
        return TokenGrant(access, renewal, self.access_token_seconds, scopes)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def parse_scopes(text: str) -> tuple[str, ...] | None:
    """Return the distinct scopes of a space-separated list in the order given, or None if one is unknown."""
    scopes = tuple(dict.fromkeys(text.split()))
    return scopes if set(scopes) <= permissions.ALL else None
