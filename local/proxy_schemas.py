"""The schemas of the proxy's routes, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from unified.api.proxy_body import METHODS


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    return {
        "Proxied": {
            "type": "object",
            "description": "A request to the connected account's API, described.",
            "properties": {
                "method": {"type": "string", "enum": list(METHODS)},
                "path": {"type": "string", "description": "Such as `/candidate.list`."},
                "query": {"type": "object"},
                "data": {"description": "The body, sent as JSON."},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["method", "path"],
            "additionalProperties": False,
        }
    }


def responses() -> dict[str, Any]:
    """Return the answers by name: the connected account's own, and what may be that or a problem of ours."""
    told = {
        name: {"schema": {"type": "string"}, "description": about}
        for name, about in (
            ("x-unified-origin", "`upstream`: the answer is not ours."),
            ("x-unified-upstream-success", "`false` where a 200 says `success: false`."),
            ("x-unified-upstream-code", "The account's own code of a failure."),
            ("x-upstream-request-id", "The account's own id of the request."),
        )
    }
    anything: dict[str, Any] = {"*/*": {"schema": {}}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "Upstream": {"description": "The connected account's own answer", "content": anything, "headers": told},
        "UpstreamOrProblem": {
            "description": "The connected account's own answer, or without `x-unified-origin` a problem document",
            "content": {**problem, **anything},
            "headers": told,
        },
    }
