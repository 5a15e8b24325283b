"""The schemas of the OpenAPI document: what connection and resource routes take and answer, and those of the others.

Bodies come from the pydantic models, resources from the unified models, error codes from the catalogue.
"""

from __future__ import annotations

from typing import Any

from local import connect_schemas, event_schemas, proxy_schemas
from unified.api import bodies, event_bodies
from unified.connector import connector_ids, known_operations, load_connector
from unified.errors import CATALOGUE
from unified.models import Model

_TEXT = {"type": "string"}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_WARNINGS = {
    "type": "array",
    "items": {"type": "object", "properties": {"code": _TEXT, "message": _TEXT}, "required": ["code", "message"]},
}


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    every = models()
    found: dict[str, Any] = {f"{model.id}Fields": {**model.schema(), "additionalProperties": False} for model in every}
    for kind in (*bodies.REQUESTS, *event_bodies.REQUESTS):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        found.update(schema.pop("$defs", {}))
        found[kind.__name__] = schema
    operations = {"type": "string", "examples": sorted(_operations())}
    found["ConnectionBody"]["properties"]["operations"]["items"] = operations
    found["SessionConnection"]["properties"]["operations"]["anyOf"][0]["items"] = operations
    connection = {"object": {"const": "connection"}, "connectorId": _TEXT, "ownerId": _TEXT}
    reference = {"object": {"const": "resourceRef"}, "model": _TEXT, "id": _TEXT, "remote": {"type": "object"}}
    found |= event_schemas.schemas() | proxy_schemas.schemas() | connect_schemas.schemas()
    found |= {
        "Document": {"type": "object"},
        "Fields": {
            "type": "object",
            "description": "The fields of the model, as `<model>Fields`; what is unknown or read-only is refused.",
        },
        "Resource": _object(
            {
                "object": {"const": "resource"},
                "model": {"type": "string", "description": "One of the connector's, or a custom model."},
                "id": _TEXT,
                "fields": {
                    "anyOf": [
                        *({"$ref": f"#/components/schemas/{model.id}Fields"} for model in every),
                        {"type": "object"},
                    ]
                },
                "createdAt": _TIME,
                "updatedAt": _TIME,
                "remote": {"type": "object"},
            },
            warnings=_WARNINGS,
        ),
        "ResourceRef": _object(reference, warnings=_WARNINGS),
        "ResourceOrReference": {
            "oneOf": [{"$ref": "#/components/schemas/ResourceRef"}, {"$ref": "#/components/schemas/Resource"}]
        },
        "ResourcePage": _object(_page("Resource"), warnings=_WARNINGS, syncToken=_TEXT),
        "Field": _object({"key": _TEXT, "name": _TEXT, "type": _TEXT, "isCustom": {"type": "boolean"}}),
        "FieldPage": _object(_page("Field")),
        "Connection": _object(
            {
                **connection,
                "status": {"enum": ["authorized", "unauthorized"]},
                "operations": {"type": "array", "items": _TEXT},
                "events": {"type": "array", "items": _TEXT},
                "createdAt": {"type": "string", "format": "date-time"},
                "updatedAt": {"type": "string", "format": "date-time"},
            },
            reason=_TEXT,
        ),
        "ConnectionPermissions": _object(
            {
                **connection,
                "object": {"const": "connectionPermissions"},
                "status": {"enum": ["authorized", "unauthorized"]},
                "scopes": {"type": ["array", "null"], "items": _TEXT},
                "operations": {
                    "type": "array",
                    "items": _object(
                        {
                            "operation": _TEXT,
                            "granted": {"type": "boolean"},
                            "status": {"enum": ["allowed", "missing", "unknown", "refused"]},
                        },
                        permissions={"type": "array", "items": _TEXT},
                        reason=_TEXT,
                    ),
                },
                "hint": _TEXT,
                "warnings": _WARNINGS,
            }
        ),
        "CustomModel": _object(
            {"object": {"const": "model"}, "model": _TEXT, "definition": {"type": "object"}},
            tried={"type": "array", "items": {"$ref": "#/components/schemas/Resource"}},
        ),
        "ModelPage": _object(_page("CustomModel")),
        "FieldMapping": _object(
            {
                "object": {"const": "fieldMapping"},
                "model": _TEXT,
                "rules": {"type": "array", "items": {"type": "object"}},
            },
            warnings=_WARNINGS,
        ),
        "ConnectionPage": _object(_page("Connection")),
        "ConnectionAuthorization": _object(
            {
                **connection,
                "object": {"const": "connectionAuthorization"},
                "status": {"enum": ["authorized", "awaitingAuthorization"]},
            },
            authorizationUrl={"type": "string", "format": "uri"},
            scopes={"type": "array", "items": _TEXT},
            missingScopes={"type": "array", "items": _TEXT},
            permissions={"type": "array", "items": {"type": "object"}},
        ),
        "Session": _object(
            {
                **connection,
                "object": {"const": "session"},
                "connection": {"type": "object"},
                "sessionToken": _TEXT,
                "expiresAt": {"type": "string", "format": "date-time"},
            }
        ),
        "Connector": _object(
            {
                "object": {"const": "connector"},
                "id": _TEXT,
                "name": _TEXT,
                "settings": {"type": "array", "items": {"type": "object"}},
                "operations": {"type": "array", "items": _TEXT},
                "models": {"type": "object"},
            }
        ),
        "ConnectorPage": _object(_page("Connector")),
        "Problem": _object(
            {
                "type": _TEXT,
                "title": _TEXT,
                "status": {"type": "integer"},
                "detail": _TEXT,
                "instance": _TEXT,
                "error": {"type": "string", "enum": list(CATALOGUE)},
                "message": _TEXT,
                "requestId": _TEXT,
            },
            fields={"type": "array", "items": _object({"field": _TEXT, "message": _TEXT})},
            permission=_TEXT,
            retryAfter={"type": "integer"},
            upstream={"type": "object"},
        ),
    }
    return dict(sorted(found.items()))


def models() -> list[Model]:
    """Return every model of every connector."""
    connectors = [load_connector(connector_id) for connector_id in connector_ids()]
    return [connector.load(model_id).model for connector in connectors for model_id in connector.model_ids]


def _operations() -> set[str]:
    return {name for connector_id in connector_ids() for name in known_operations(load_connector(connector_id))}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _page(element: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{element}"}}
    return {"data": items, "next": {"type": ["string", "null"]}}
