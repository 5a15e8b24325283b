"""The proxy key: a project's keys and a connection in one text, for programs that know only Ashby's own API keys.

Such a program sends its key as the user name of HTTP Basic, with an empty password. In its place goes

    <public key>~<secret key>~<connector id>~<owner id, percent-encoded>

which needs nothing stored: it is made of what the customer has. An owner's id is encoded as by ``encodeURIComponent``,
so that no colon ends the user name (RFC 7617 §2).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import unquote

from unified.api.proxy_path import bad_request
from unified.errors import UnifiedError

_KEY_HEADERS = ("x-api-key", "x-api-secret", "x-session-token")
_MAX_LENGTH = 4096
# An owner's id may hold the character that separates: encodeURIComponent leaves it alone.
_USER = re.compile(r"(?P<public>[^~:]+)~(?P<secret>[^~:]+)~(?P<connector>[^~:]+)~(?P<owner>[^:]+):")


def with_proxy_key(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers in which a proxy key, where it is all that there is, stands as the four that name a caller.

    ``headers`` have lower-case names. A key or token in a header of its own decides, and ``Authorization`` is then
    nobody's. Raises ``UNAUTHENTICATED`` for what is no proxy key, ``Invalid`` when a header names another connection.
    """
    given = headers.get("authorization")
    if given is None or any(name in headers for name in _KEY_HEADERS):
        return headers
    public_key, secret_key, connector_id, owner_id = _read(given)
    named = {"x-connector-id": connector_id, "x-owner-id": owner_id}
    if any(headers.get(name, value) != value for name, value in named.items()):
        raise bad_request("x-connector-id and x-owner-id name another connection than the proxy key.")
    return {"x-api-key": public_key, "x-api-secret": secret_key, **named}


def _read(authorization: str) -> tuple[str, str, str, str]:
    scheme, _, encoded = authorization.partition(" ")
    key = _USER.fullmatch(_decoded(encoded.strip())) if scheme.lower() == "basic" else None
    if key is None:
        raise UnifiedError(
            "MORPH::UNAUTHENTICATED",
            "Send x-api-key and x-api-secret, or a proxy key as the user name of HTTP Basic with an empty password:"
            " <public key>~<secret key>~<connector id>~<owner id, percent-encoded>.",
        )
    return key["public"], key["secret"], key["connector"], unquote(key["owner"])


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded[:_MAX_LENGTH], validate=True).decode("ascii")
    except ValueError:
        return ""
