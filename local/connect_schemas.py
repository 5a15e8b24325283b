"""The OpenAPI schemas of links and of the connect page's live check."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    return {
        "ConnectLink": _object(
            {
                "object": {"const": "connectLink"},
                "connectorId": _TEXT,
                "ownerId": _TEXT,
                "url": {"type": "string", "format": "uri"},
                "expiresAt": {"type": "string", "format": "date-time"},
            }
        ),
        "ConnectCheckBody": _object({"formToken": _TEXT, "key": _TEXT}),
        "ConnectCheck": _object(
            {
                "object": {"const": "connectCheck"},
                "valid": {"type": "boolean"},
                "status": {"enum": ["valid", "malformed", "encoded", "refused", "busy", "ended", "form", "tries"]},
                "message": _TEXT,
                "missing": {"type": "array", "items": _object({"permission": _TEXT, "name": _TEXT})},
                "scopesKnown": {"type": "boolean"},
                "organization": {"type": ["string", "null"]},
                "another": {"type": "boolean"},
            }
        ),
    }


def _object(required: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": required, "required": list(required)}
