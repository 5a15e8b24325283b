"""Who is calling: API keys by HTTP Basic, access tokens by Bearer.

Source: developers.ashbyhq.com/reference/authentication. No credential is 401, a wrong or disabled key 403, and a key
without the permission an endpoint needs 403 `missing_endpoint_permission`. Bearer tokens are the sandbox's own
addition (Ashby documents no OAuth today); their 401s follow RFC 6750 section 3.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b

from sandbox import permissions
from sandbox.errors import ApiError, ErrorShape


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A caller: its name for people, what it may do, and the key switches that widen what it sees.

    `private_fields`, `confidential` and `on_behalf_of` are the switches of Ashby's key page: non-offer private fields,
    confidential jobs and projects, and acting for a user with `X-On-Behalf-Of`. `granted_to` is the client behind an
    access token, which changes when the token is renewed.
    """

    key_id: str
    title: str
    created_at: int
    permissions: frozenset[str]
    private_fields: bool = False
    confidential: bool = False
    on_behalf_of: bool = False
    granted_to: str | None = None

    @property
    def owner(self) -> str:
        """Whose a record is that this caller makes: the same for all tokens of a client."""
        return self.granted_to or self.key_id


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """An API key: its secret, whether it is enabled, and who it stands for."""

    secret: str
    principal: Principal
    enabled: bool = True


BUILT_IN_KEYS = ("ashby_local_full", "ashby_local_readonly", "ashby_local_noscopes", "ashby_local_disabled")


class KeyRing:
    """The API keys of the organisation."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._keys: dict[str, ApiKey] = {}
        full, readonly, noscopes, disabled = BUILT_IN_KEYS
        self.add(
            full,
            title="Local full access",
            granted=permissions.ALL,
            private_fields=True,
            confidential=True,
            on_behalf_of=True,
        )
        self.add(readonly, title="Local read only", granted=permissions.READS)
        self.add(noscopes, title="Local without scopes", granted=("candidatesRead",))
        self.add(disabled, title="Local disabled", granted=permissions.ALL, enabled=False)

    def add(
        self,
        secret: str,
        *,
        title: str,
        granted: Iterable[str],
        private_fields: bool = False,
        confidential: bool = False,
        on_behalf_of: bool = False,
        enabled: bool = True,
    ) -> ApiKey:
        """Create a key, or change the one with this secret, which keeps its age.

        Raises ValueError for an unknown permission.
        """
        chosen = frozenset(granted)
        if unknown := chosen - permissions.ALL:
            raise ValueError(f"Unknown permissions: {', '.join(sorted(unknown))}")
        known = self._keys.get(secret)
        principal = Principal(
            key_id=masked(secret),
            title=title,
            created_at=known.principal.created_at if known else self._now(),
            permissions=chosen,
            private_fields=private_fields,
            confidential=confidential,
            on_behalf_of=on_behalf_of,
        )
        self._keys[secret] = ApiKey(secret=secret, principal=principal, enabled=enabled)
        return self._keys[secret]

    def set_enabled(self, secret: str, enabled: bool) -> ApiKey | None:
        """Enable or disable a key; return it, or None if there is none."""
        if secret not in self._keys:
            return None
        self._keys[secret] = replace(self._keys[secret], enabled=enabled)
        return self._keys[secret]

    def find(self, secret: str) -> ApiKey | None:
        """Return the key with this secret, enabled or not."""
        return self._keys.get(secret)

    def all(self) -> list[ApiKey]:
        """Return every key in order of creation."""
        return list(self._keys.values())


def masked(secret: str) -> str:
    """Return a name for a secret that tells keys apart without giving them away."""
    return f"{secret[:4]}…{blake2b(secret.encode(), digest_size=4).hexdigest()}"


def parse_authorization(header: str | None) -> tuple[str, str] | None:
    """Return (`basic`, key) or (`bearer`, token) from an Authorization header; None if it holds neither."""
    scheme, _, value = (header or "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return "bearer", value
    if scheme.lower() != "basic":
        return None
    try:
        user, _, _ = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return ("basic", user) if user else None


def authenticate(header: str | None, keys: KeyRing, find_token: Callable[[str], Principal | None]) -> Principal:
    """Return who an Authorization header stands for; raises the 401 or 403 Ashby answers otherwise."""
    parsed = parse_authorization(header)
    if parsed is None:
        challenge = {"WWW-Authenticate": 'Basic realm="Ashby", charset="UTF-8"'}
        raise _refusal(401, "unauthorized", "No API key was sent.", challenge)
    scheme, secret = parsed
    if scheme == "bearer":
        principal = find_token(secret)
        if principal is None:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise _refusal(401, "invalid_token", "The access token is unknown, expired or revoked.", challenge)
        return principal
    key = keys.find(secret)
    if key is None or not key.enabled:
        raise _refusal(403, "forbidden", "The API key is wrong or disabled.", {})
    return key.principal


def _refusal(status: int, code: str, message: str, headers: dict[str, str]) -> ApiError:
    return ApiError(code, message, status=status, shape=ErrorShape.INFO_ONLY, headers=headers)
