"""Records of a connected account in unified form: list, search, read, create, update, delete, describe.

Each route serves two doors: ``/v1`` by secret key or session, ``/v1/s`` as Morph's browser client calls it.
"""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api import resources
from unified.api.http import create_app, created, documented, entry, no_content
from unified.api.requests import access, idempotency_key, json_body, query

app = create_app()

_LIST = documented(
    "List or search resources",
    answer="ResourcePage",
    parameters=("limit", "cursor", "q", "filter", "fields", "include", "expand", "syncToken"),
)
_CREATE = documented(
    "Create a resource",
    answer="ResourceOrReference",
    body="Fields",
    parameters=("returnResource",),
    idempotent=True,
)
_RETRIEVE = documented("Read a resource", answer="Resource", parameters=("fields", "include", "expand"))
_UPDATE = documented(
    "Change fields of a resource",
    answer="ResourceOrReference",
    body="Fields",
    parameters=("returnResource",),
    idempotent=True,
)
_DELETE = documented("Delete a resource", answer="Nothing", idempotent=True)
_FIELDS = documented(
    "List a model's fields, standard and custom",
    answer="FieldPage",
    parameters=("limit", "cursor", "key", "type", "isCustom", "isRequired", "isValueReadOnly"),
)
_CREATE_FIELD = documented("Make a custom field in the account", answer="Field", body="FieldBody", status=201)


@app.get("/v1/resources/<model>", **_LIST)
@app.get("/v1/s/resources/<model>", **_LIST)
def list_resources(request: Request, model: str) -> dict[str, Any]:
    return resources.list_resources(access(request, model), model, query(request))


@app.post("/v1/resources/<model>", **_CREATE)
@app.post("/v1/s/resources/<model>", **_CREATE)
def create_resource(request: Request, model: str) -> dict[str, Any]:
    return resources.create_resource(
        access(request, model), model, json_body(request), query(request), idempotency_key(request)
    )


@app.get("/v1/resources/<model>/<record_id>", **_RETRIEVE)
@app.get("/v1/s/resources/<model>/<record_id>", **_RETRIEVE)
def retrieve_resource(request: Request, model: str, record_id: str) -> dict[str, Any]:
    return resources.retrieve_resource(access(request, model), model, record_id, query(request))


@app.patch("/v1/resources/<model>/<record_id>", **_UPDATE)
@app.patch("/v1/s/resources/<model>/<record_id>", **_UPDATE)
def update_resource(request: Request, model: str, record_id: str) -> dict[str, Any]:
    return resources.update_resource(
        access(request, model), model, record_id, json_body(request), query(request), idempotency_key(request)
    )


@app.delete("/v1/resources/<model>/<record_id>", **_DELETE)
@app.delete("/v1/s/resources/<model>/<record_id>", **_DELETE)
def delete_resource(request: Request, model: str, record_id: str) -> Response[Any]:
    resources.delete_resource(access(request, model), model, record_id, idempotency_key(request))
    return no_content()


@app.get("/v1/models/<model>/fields", **_FIELDS)
@app.get("/v1/s/models/<model>/fields", **_FIELDS)
def list_fields(request: Request, model: str) -> dict[str, Any]:
    return resources.list_fields(access(request, model), model, query(request))


@app.post("/v1/models/<model>/fields", **_CREATE_FIELD)
@app.post("/v1/s/models/<model>/fields", **_CREATE_FIELD)
def create_field(request: Request, model: str) -> Response[Any]:
    return created(resources.create_field(access(request, model), model, json_body(request)))


handler = entry(app)
