"""The schemas of the proxy's routes, for the OpenAPI document."""

from __future__ import annotations

from typing import Any


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    return {
        "Proxied": {
            "type": "object",
            "description": "A request to the connected account's API, described.",
            "properties": {
                "method": {"type": "string", "default": "GET"},
                "path": {"type": "string", "description": "Such as `/candidate.list`."},
                "query": {"type": "object"},
                "data": {"description": "The body; what is no text is sent as JSON."},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["path"],
            "additionalProperties": False,
        }
    }


def responses() -> dict[str, Any]:
    """Return the answers: the connected account's own, whatever its status, or a problem of ours."""
    anything: dict[str, Any] = {"description": "The connected account's own answer", "content": {"*/*": {"schema": {}}}}
    told = {
        name: {"schema": {"type": "string"}, "description": about}
        for name, about in (
            ("x-unified-origin", "`upstream`: the answer is not ours."),
            ("x-unified-upstream-success", "`false` where a 200 says `success: false`."),
            ("x-unified-upstream-code", "The account's own code of a failure."),
            ("x-upstream-request-id", "The account's own id of the request."),
        )
    }
    return {"default": {**anything, "headers": told}}
