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

from local import parameters, proxy_schemas, schemas
from unified.connector import connector_ids
from unified.settings import QUEUES_AND_BUS, upstream_variable

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "functions" / "docs" / "openapi.json"


def build() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for folder in sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py")):
        # Only functions with a router have routes that somebody calls; Ashby calls webhook_ingest.
        if "create_app(" not in (ROOT / "functions" / folder / "app.py").read_text(encoding="utf-8"):
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
            "schemas": schemas.schemas(),
            "parameters": parameters.parameters(),
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
    for name in ("TABLE_NAME", "KEY_ARN", "OAUTH_CLIENT_SECRET_ARN", *map(upstream_variable, connector_ids())):
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
    shared = [*about["x-parameters"], *([parameters.IDEMPOTENCY_KEY] if about["x-idempotent"] else [])]
    operation: dict[str, Any] = {
        "operationId": f"{route.func.__name__}{twin}",
        "summary": route.summary,
        "tags": [folder],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": parameters.path_schema(name, path)}
                for name in _names(path)
            ),
            *({"$ref": f"#/components/parameters/{name}"} for name in shared),
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
        page = {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}
        good = {"200": page, "302": {"description": "Back to the application"}, "400": page}
    elif answer == "Upstream":
        good = {"default": {"$ref": "#/components/responses/Upstream"}}
        problem = {"$ref": "#/components/responses/UpstreamOrProblem"}
    elif answer == "ConnectPage":
        page = {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}
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
    if about["x-idempotent"]:
        statuses += [422]
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


def _content(description: str, schema: str, media_type: str = "application/json") -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {media_type: {"schema": reference}}}


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


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
