"""Write the API's OpenAPI 3.1 document from the handlers' own routes: ``python -m local.openapi [--check]``.

Paths, methods and summaries come from each route's decorator (``unified.api.http.documented``), bodies from
the pydantic models, resources from the unified models, error codes from the catalogue. The document is
committed beside the function that serves it; ``--check`` fails when it is out of date.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from local import connect_schemas, event_schemas, proxy_schemas
from unified.api import bodies, event_bodies
from unified.connector import connector_ids, known_operations, load_connector
from unified.errors import CATALOGUE
from unified.models import Model
from unified.settings import QUEUES_AND_BUS

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "functions" / "docs" / "openapi.json"

_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "limit": ({"type": "integer", "minimum": 0, "maximum": 100}, "Records a page, 50 unless told; 0 means 50."),
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
    "returnResource": ({"type": "string", "enum": ["true", "false"]}, "Answer with the whole resource."),
    "isCustom": ({"type": "string", "enum": ["true", "false"]}, "Only custom, or only standard, fields."),
    "createIfMissing": ({"type": "string", "enum": ["true", "false"]}, "Make the connection if there is none."),
    "connectorId": ({"type": "string"}, "Only those of this connector."),
    "ownerId": ({"type": "string"}, "Only those of this owner's connection; goes with `connectorId`."),
    "model": ({"type": "string"}, "Only events of this model."),
    "event": ({"type": "string"}, "Only this event, `model::trigger`."),
    "since": ({"type": "string", "format": "date-time"}, "Not older than this."),
    "until": ({"type": "string", "format": "date-time"}, "Older than this."),
    "endpointId": ({"type": "string"}, "Only attempts at this endpoint."),
    "redirectUrl": ({"type": "string", "format": "uri"}, "Where the person returns to; one of the project's."),
    "mode": (
        {"type": "string", "enum": ["connect", "direct"]},
        "`connect` leads to the connect page, `direct` to the provider's own.",
    ),
}
_TEXT = {"type": "string"}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_WARNINGS = {
    "type": "array",
    "items": {"type": "object", "properties": {"code": _TEXT, "message": _TEXT}, "required": ["code", "message"]},
}


def build() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for folder in sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py")):
        # Only functions with a router have routes that somebody calls; Ashby calls webhook_ingest.
        if "create_app()" not in (ROOT / "functions" / folder / "app.py").read_text(encoding="utf-8"):
            continue
        for route in routes(folder):
            path = route.openapi_path.replace("+}", "}").replace("+>", "}").replace("<", "{")
            for method in _methods(route):
                operation = _operation(folder, route, path)
                if path.endswith("/{path}"):
                    operation["operationId"] += method.capitalize()
                paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Unified API to Ashby",
            "version": "1",
            "description": "Connect a customer's Ashby account, read and write it through one API.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _schemas(),
            "parameters": {name: _parameter(name) for name in _PARAMETERS},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header}
                for name, header in (
                    ("publicKey", "x-api-key"),
                    ("secretKey", "x-api-secret"),
                    ("connectorId", "x-connector-id"),
                    ("ownerId", "x-owner-id"),
                    ("session", "x-session-token"),
                )
            },
            "responses": {
                "Problem": _content("A problem document (RFC 9457)", "Problem", "application/problem+json"),
                **proxy_schemas.responses(),
            },
        },
    }


def routes(folder: str) -> list[Any]:
    """Return the routes that a function's router holds, as Powertools keeps them."""
    for name in ("TABLE_NAME", "KEY_ARN", "OAUTH_CLIENT_SECRET_ARN", "ASHBY_API_URL"):
        os.environ.setdefault(name, "-")
    for name in ("PUBLIC_URL", "ALLOWED_REDIRECT_URLS", *QUEUES_AND_BUS):
        os.environ.setdefault(name, "")
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    spec = importlib.util.spec_from_file_location(f"openapi_{folder}", ROOT / "functions" / folder / "app.py")
    assert spec is not None  # noqa: S101 - the file was found by its name
    assert spec.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: Any = module.app
    return [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001 - Powertools has no public list


def _methods(route: Any) -> list[str]:
    """Return a route's methods as OpenAPI writes them; OPTIONS is API Gateway's own."""
    methods = [route.method] if isinstance(route.method, str) else route.method
    return [method.lower() for method in methods if method != "OPTIONS"]


def _operation(folder: str, route: Any, path: str) -> dict[str, Any]:
    about: dict[str, Any] = dict(route.openapi_extensions or {})
    if about["x-auth"] == "either":
        about["x-auth"] = "session" if path.startswith("/v1/s/") else "secret"
    twin = "Session" if path.startswith("/v1/s/") else ""
    operation: dict[str, Any] = {
        "operationId": f"{route.func.__name__}{twin}",
        "summary": route.summary,
        "tags": [folder],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _path_schema(name, path)}
                for name in _names(path)
            ),
            *({"$ref": f"#/components/parameters/{name}"} for name in about["x-parameters"]),
        ],
        "responses": _responses(about),
        "security": _security(about["x-auth"]),
    }
    if about["x-body"]:
        schema = {"$ref": f"#/components/schemas/{about['x-body']}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _responses(about: dict[str, Any]) -> dict[str, Any]:
    answer = about["x-answer"]
    problem = {"$ref": "#/components/responses/Problem"}
    if answer == "Nothing":
        good: dict[str, Any] = {"204": {"description": "Done"}}
    elif answer == "Page":
        page = {"description": "A page", "content": {"text/html": {"schema": _TEXT}}}
        good = {"200": page, "302": {"description": "Back to the application"}, "400": page}
    elif answer == "Upstream":
        good = {"default": {"$ref": "#/components/responses/Upstream"}}
        problem = {"$ref": "#/components/responses/UpstreamOrProblem"}
    elif answer == "ConnectPage":
        page = {"description": "A page", "content": {"text/html": {"schema": _TEXT}}}
        good = {str(status): page for status in (200, 400, 403, 404, 409, 410, 429)}
        good["303"] = {"description": "On to the page that says that it is done"}
    else:
        good = {str(about["x-status"]): _content("Done", answer)}
    statuses = [500]
    if about["x-auth"] != "none":
        # 403: any of these may ask for a right that a key, or a session, was not given.
        statuses += [400, 401, 403, 404, 409, 429, 502, 503, 504]
    if about["x-auth"] in ("connection", "session") or answer in ("FieldMapping", "ResourcePage", "CustomModel"):
        statuses += [501]
    if about["x-body"]:
        statuses += [400, 413, 415]
    if answer == "Page":
        statuses += [404]
    if answer == "Upstream":
        statuses += [413]
    return {**good, **{str(status): problem for status in sorted(statuses) if str(status) not in good}}


def _security(auth: str) -> list[dict[str, list[str]]]:
    secret: dict[str, list[str]] = {"publicKey": [], "secretKey": []}
    if auth == "none":
        return []
    if auth == "secret":
        return [secret]
    session: dict[str, list[str]] = {"publicKey": [], "session": []}
    return [session] if auth == "session" else [{**secret, "connectorId": [], "ownerId": []}, session]


def _schemas() -> dict[str, Any]:
    models = _models()
    schemas: dict[str, Any] = {
        f"{model.id}Fields": {**model.schema(), "additionalProperties": False} for model in models
    }
    for kind in (*bodies.REQUESTS, *event_bodies.REQUESTS):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[kind.__name__] = schema
    operations = {"type": "string", "examples": sorted(_operations())}
    schemas["ConnectionBody"]["properties"]["operations"]["items"] = operations
    schemas["SessionConnection"]["properties"]["operations"]["anyOf"][0]["items"] = operations
    connection = {"object": {"const": "connection"}, "connectorId": _TEXT, "ownerId": _TEXT}
    reference = {"object": {"const": "resourceRef"}, "model": _TEXT, "id": _TEXT, "remote": {"type": "object"}}
    schemas |= event_schemas.schemas() | proxy_schemas.schemas() | connect_schemas.schemas()
    schemas |= {
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
                        *({"$ref": f"#/components/schemas/{model.id}Fields"} for model in models),
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
    return dict(sorted(schemas.items()))


def _models() -> list[Model]:
    connectors = [load_connector(connector_id) for connector_id in connector_ids()]
    return [connector.load(model_id).model for connector in connectors for model_id in connector.model_ids]


def _operations() -> set[str]:
    return {name for connector_id in connector_ids() for name in known_operations(load_connector(connector_id))}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _page(element: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{element}"}}
    return {"data": items, "next": {"type": ["string", "null"]}}


def _content(description: str, schema: str, media_type: str = "application/json") -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {media_type: {"schema": reference}}}


def _parameter(name: str) -> dict[str, Any]:
    schema, description = _PARAMETERS[name]
    style = {"style": "deepObject", "explode": True} if schema["type"] == "object" else {}
    return {"name": name, "in": "query", "description": description, "schema": schema, **style}


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def _path_schema(name: str, path: str) -> dict[str, Any]:
    if name == "model" and "/models/{model}" in path and not path.endswith("/fields"):
        return {"type": "string", "pattern": "^[a-z][A-Za-z0-9]{2,39}$"}
    if name == "model":
        told = "One of the connector's models; a custom model's name is taken too."
        return {"type": "string", "enum": [model.id for model in _models()], "description": told}
    if name == "connector_id":
        return {"type": "string", "enum": list(connector_ids())}
    return {"type": "string", "minLength": 1, "maxLength": 250}


def main(arguments: list[str]) -> int:
    """Write the document, or with ``--check`` say whether it is the committed one."""
    text = json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in arguments:
        current = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        if current != text:
            sys.stderr.write("functions/docs/openapi.json is out of date: run make openapi\n")
        return int(current != text)
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
