"""The parameters of the OpenAPI document: those that routes share, and what stands in a path."""

from __future__ import annotations

from typing import Any

from local.schemas import models
from unified.api.idempotency import MAX_KEY
from unified.api.proxy_path import MAX_PATH
from unified.connector import connector_ids

IDEMPOTENCY_KEY = "Idempotency-Key"
_TRUE_OR_FALSE = {"type": "string", "enum": ["true", "false"]}
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "limit": (
        {"type": "integer", "minimum": 0, "maximum": 100},
        "Records a page; without it and for 0, 50, of fields and attempts 100.",
    ),
    "cursor": ({"type": "string"}, "`next` of the page before."),
    "q": ({"type": "string", "minLength": 1, "maxLength": 250}, "A search text, where the model has one."),
    "filter": (
        {"type": "object", "additionalProperties": {"type": "string"}},
        "`filter[name]=value`; the connector's table lists each model's filters. Others are refused.",
    ),
    "fields": ({"type": "string"}, "Comma list of the fields to answer with."),
    "expand": ({"type": "string"}, "References to replace, `job,application.candidate`; three levels at most."),
    "syncToken": ({"type": "string"}, "What an earlier whole list ended with: only what has changed since."),
    "include": ({"type": "string", "enum": ["raw"]}, "`raw` adds the untouched remote record."),
    "returnResource": (_TRUE_OR_FALSE, "Answer with the whole resource, which takes `retrieve` too."),
    "isCustom": (_TRUE_OR_FALSE, "Only custom, or only standard, fields."),
    "isRequired": (_TRUE_OR_FALSE, "Only fields that a create needs, or only others."),
    "isValueReadOnly": (_TRUE_OR_FALSE, "Only fields that cannot be written, or only others."),
    "key": ({"type": "string"}, "Only the field of this key."),
    "type": ({"type": "string"}, "Only fields of this type, such as `text` or `select`."),
    "createIfMissing": (_TRUE_OR_FALSE, "Make the connection if there is none."),
    "connectorId": ({"type": "string"}, "Only those of this connector."),
    "ownerId": ({"type": "string"}, "Only those of this owner's connections."),
    "model": ({"type": "string"}, "Only events of this model."),
    "event": ({"type": "string"}, "Only this event, `model::trigger`."),
    "since": ({"type": "string", "format": "date-time"}, "Not older than this."),
    "until": ({"type": "string", "format": "date-time"}, "Not newer than this."),
    "undelivered": ({"type": "string"}, "Only what this webhook endpoint takes and what has not arrived there."),
    "endpointId": ({"type": "string"}, "Only attempts at this endpoint."),
    "redirectUrl": ({"type": "string", "format": "uri"}, "Where the person returns to; one of the project's."),
    "mode": (
        {"type": "string", "enum": ["connect", "direct"]},
        "`connect` leads to the connect page, `direct` to the provider's own.",
    ),
    IDEMPOTENCY_KEY: (
        {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
        "New for each thing that is wanted: the same request with it may be sent again, and is done at most once.",
    ),
}


def parameters() -> dict[str, Any]:
    """Return what routes may take beside their path, by name: all in the query but for the one header."""
    return {name: _parameter(name, *about) for name, about in _PARAMETERS.items()}


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    style = {"style": "deepObject", "explode": True} if schema["type"] == "object" else {}
    place = "header" if name == IDEMPOTENCY_KEY else "query"
    return {"name": name, "in": place, "description": description, "schema": schema, **style}


def path_schema(name: str, path: str) -> dict[str, Any]:
    """Return the schema of a variable of a route's path."""
    if name == "model" and "/models/{model}" in path and not path.endswith("/fields"):
        return {"type": "string", "pattern": "^[a-z][A-Za-z0-9]{2,39}$"}
    if name == "model":
        told = "One of the connector's models; a custom model's name is taken too."
        return {"type": "string", "enum": [model.id for model in models()], "description": told}
    if name == "connector_id":
        return {"type": "string", "enum": list(connector_ids())}
    # The proxy's is a whole path, of which ``unified.api.proxy_path`` knows the rules.
    return {"type": "string", "minLength": 1, "maxLength": MAX_PATH if name == "path" else 250}
