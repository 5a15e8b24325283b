"""apiKey.info: what the calling key is and may do."""

from typing import Any

from sandbox import moments
from sandbox.endpoints import Call, endpoint
from sandbox.permissions import printed


@endpoint("apiKey.info", permission="apiKeysRead")
def info(call: Call) -> dict[str, Any]:
    """Return `{title, createdAt, scopes}`; scopes are printed as `candidates:read`."""
    return {
        "title": call.principal.title,
        "createdAt": moments.iso(call.principal.created_at),
        "scopes": sorted(printed(permission) for permission in call.principal.permissions),
    }
