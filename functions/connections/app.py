"""Connections: made, authorized, given sessions, removed; and the connectors one can connect to."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api import authorizations, connections, connectors, mappings, models, sessions
from unified.api.http import create_app, documented, entry, no_content
from unified.api.requests import access, caller, deadline, json_body, public_url, query
from unified.grants import Need

app = create_app()

_CONNECTION = "/v1/connections/<connector_id>/<owner_id>"
_READ_MAPPING = documented("Read a connection's field mapping", answer="FieldMapping", auth="either")
_PUT_MAPPING = documented(
    "Replace a connection's field mapping", answer="FieldMapping", body="MappingBody", auth="either"
)
_PREVIEW = documented("Try a field mapping on live records", answer="ResourcePage", body="MappingBody", auth="either")


@app.get(
    "/v1/connections",
    **documented(
        "List connections", answer="ConnectionPage", auth="secret", parameters=("limit", "cursor", "connectorId")
    ),
)
def list_connections(request: Request) -> dict[str, Any]:
    return connections.list_connections(caller(request), query(request))


@app.post(
    _CONNECTION,
    **documented("Create a connection", answer="Connection", body="ConnectionBody", auth="secret"),
)
def create_connection(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return connections.create(caller(request, Need.MANAGE), connector_id, owner_id, json_body(request))


@app.get(_CONNECTION, **documented("Read a connection", answer="Connection", auth="secret"))
def retrieve_connection(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return connections.retrieve(caller(request), connector_id, owner_id)


@app.patch(
    _CONNECTION,
    **documented(
        "Replace a connection's operations",
        answer="Connection",
        body="ConnectionBody",
        auth="secret",
        parameters=("createIfMissing",),
    ),
)
def update_connection(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return connections.update(caller(request, Need.MANAGE), connector_id, owner_id, json_body(request), query(request))


@app.delete(_CONNECTION, **documented("Remove a connection", answer="Nothing", auth="secret"))
def delete_connection(request: Request, connector_id: str, owner_id: str) -> Response[Any]:
    connections.delete(caller(request, Need.MANAGE), connector_id, owner_id, deadline(request))
    return no_content()


@app.post(
    f"{_CONNECTION}/authorization",
    **documented(
        "Authorize a connection, by key or by OAuth",
        answer="ConnectionAuthorization",
        body="AuthorizationBody",
        auth="secret",
        parameters=("redirectUrl", "mode"),
    ),
)
def authorize_connection(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return authorizations.authorize(
        caller(request, Need.MANAGE),
        connector_id,
        owner_id,
        json_body(request),
        query(request),
        public_url(request),
        deadline(request),
    )


@app.get(
    f"{_CONNECTION}/permissions",
    **documented("Tell what a connection can do", answer="ConnectionPermissions", auth="secret"),
)
def retrieve_permissions(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return authorizations.permissions(caller(request), connector_id, owner_id)


@app.post(
    f"{_CONNECTION}/sessions",
    **documented("Create a session", answer="Session", body="SessionBody", auth="secret"),
)
def create_session(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return sessions.create_session(caller(request, Need.MANAGE), connector_id, owner_id, json_body(request))


@app.post(
    f"{_CONNECTION}/links",
    **documented("Make a link to the connect page", answer="ConnectLink", body="LinkBody", auth="secret"),
)
def create_link(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    calling = caller(request, Need.MANAGE)
    return authorizations.create_link(calling, connector_id, owner_id, json_body(request), public_url(request))


@app.delete(
    f"{_CONNECTION}/sessions",
    **documented("Revoke all sessions and links of a connection", answer="Nothing", auth="secret"),
)
def revoke_sessions(request: Request, connector_id: str, owner_id: str) -> Response[Any]:
    sessions.revoke_all(caller(request, Need.MANAGE), connector_id, owner_id)
    return no_content()


@app.get(f"{_CONNECTION}/mappings/<model>", **_READ_MAPPING)
@app.get("/v1/s/connection/mappings/<model>", **_READ_MAPPING)
def retrieve_mapping(request: Request, model: str, connector_id: str = "", owner_id: str = "") -> dict[str, Any]:
    return mappings.read_mapping(access(request, model, connector_id, owner_id), model)


@app.put(f"{_CONNECTION}/mappings/<model>", **_PUT_MAPPING)
@app.put("/v1/s/connection/mappings/<model>", **_PUT_MAPPING)
def replace_mapping(request: Request, model: str, connector_id: str = "", owner_id: str = "") -> dict[str, Any]:
    return mappings.put_mapping(access(request, model, connector_id, owner_id, Need.MANAGE), model, json_body(request))


@app.post(f"{_CONNECTION}/mappings/<model>/preview", **_PREVIEW)
@app.post("/v1/s/connection/mappings/<model>/preview", **_PREVIEW)
def preview_mapping(request: Request, model: str, connector_id: str = "", owner_id: str = "") -> dict[str, Any]:
    return mappings.preview(access(request, model, connector_id, owner_id, Need.MANAGE), model, json_body(request))


@app.get("/v1/connectors", **documented("List connectors", answer="ConnectorPage", auth="secret"))
def list_connectors(request: Request) -> dict[str, Any]:
    return connectors.list_connectors(caller(request), query(request))


@app.get(
    "/v1/connectors/<connector_id>",
    **documented("Read a connector and its capability table", answer="Connector", auth="secret"),
)
def retrieve_connector(request: Request, connector_id: str) -> dict[str, Any]:
    return connectors.retrieve_connector(caller(request), connector_id, request.headers.get("x-connector-id"))


@app.get(
    "/v1/connectors/<connector_id>/mappings/<model>",
    **documented("Read a project's field mapping", answer="FieldMapping", auth="secret"),
)
def retrieve_default_mapping(request: Request, connector_id: str, model: str) -> dict[str, Any]:
    return mappings.read_defaults(caller(request), connector_id, model)


@app.put(
    "/v1/connectors/<connector_id>/mappings/<model>",
    **documented("Replace a project's field mapping", answer="FieldMapping", body="MappingBody", auth="secret"),
)
def replace_default_mapping(request: Request, connector_id: str, model: str) -> dict[str, Any]:
    return mappings.put_defaults(caller(request, Need.ADMIN), connector_id, model, json_body(request))


@app.get(
    "/v1/connectors/<connector_id>/models",
    **documented("List a project's custom models", answer="ModelPage", auth="secret"),
)
def list_models(request: Request, connector_id: str) -> dict[str, Any]:
    return models.list_models(caller(request), connector_id)


@app.get(
    "/v1/connectors/<connector_id>/models/<model>",
    **documented("Read a custom model", answer="CustomModel", auth="secret"),
)
def retrieve_model(request: Request, connector_id: str, model: str) -> dict[str, Any]:
    return models.retrieve_model(caller(request), connector_id, model)


@app.put(
    f"{_CONNECTION}/models/<model>",
    **documented(
        "Define a custom model, tried on this connection", answer="CustomModel", body="ModelBody", auth="secret"
    ),
)
def replace_model(request: Request, connector_id: str, owner_id: str, model: str) -> dict[str, Any]:
    caller(request, Need.ADMIN)
    return models.put_model(access(request, None, connector_id, owner_id), model, json_body(request))


@app.delete(
    "/v1/connectors/<connector_id>/models/<model>",
    **documented("Remove a custom model", answer="Nothing", auth="secret"),
)
def delete_model(request: Request, connector_id: str, model: str) -> Response[Any]:
    models.delete_model(caller(request, Need.ADMIN), connector_id, model)
    return no_content()


@app.get("/v1/s/connection", **documented("Read the session's connection", answer="Connection"))
def retrieve_own_connection(request: Request) -> dict[str, Any]:
    return access(request).connection.to_wire()


@app.delete("/v1/s/connection", **documented("Remove the session's connection", answer="Nothing"))
def delete_own_connection(request: Request) -> Response[Any]:
    connections.delete_own(access(request, need=Need.MANAGE))
    return no_content()


@app.post(
    "/v1/s/connection/authorization",
    **documented(
        "Authorize the session's connection",
        answer="ConnectionAuthorization",
        body="AuthorizationBody",
        parameters=("redirectUrl", "mode"),
    ),
)
def authorize_own_connection(request: Request) -> dict[str, Any]:
    return authorizations.authorize_own(
        access(request, need=Need.MANAGE), json_body(request), query(request), public_url(request)
    )


@app.get(
    "/v1/s/connection/permissions",
    **documented("Tell what the session's connection can do", answer="ConnectionPermissions"),
)
def retrieve_own_permissions(request: Request) -> dict[str, Any]:
    return authorizations.own_permissions(access(request))


@app.get("/v1/s/connector", **documented("Read the session's connector", answer="Connector"))
def retrieve_own_connector(request: Request) -> dict[str, Any]:
    return connectors.own_connector(access(request))


@app.delete("/v1/s/session", **documented("End the session itself", answer="Nothing", auth="session"))
def end_session(request: Request) -> Response[Any]:
    sessions.end_session(access(request), request.headers.get("x-session-token"))
    return no_content()


handler = entry(app)
