"""What the custom-model routes do: define, look, remove. A definition is tried on a live account before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unified.api.access import Access, Caller, is_model_name
from unified.connections.lifecycle import connections
from unified.connections.records import Reference
from unified.connector import ListQuery, Operation, load_connector
from unified.errors import Invalid, Missing
from unified.grants import PROXY

TRY_RECORDS = 3


def list_models(caller: Caller, connector_id: str) -> dict[str, Any]:
    """Return a project's own models."""
    load_connector(connector_id)
    found = connections().store.definitions(caller.project.id, connector_id)
    return {"data": [_answer(model_id, definition) for model_id, definition in found.items()], "next": None}


def retrieve_model(caller: Caller, connector_id: str, model_id: str) -> dict[str, Any]:
    """Return one of a project's own models."""
    load_connector(connector_id)
    _check_name(model_id)
    definition = connections().store.definition(caller.project.id, connector_id, model_id)
    if definition is None:
        raise _missing()
    return _answer(model_id, definition)


def put_model(access: Access, model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a definition once its list has answered on the account of ``access``; returns it with what was read.

    A model leads to endpoints by name, as the proxy does, so the key must have these endpoints by its rights to the
    proxy. Raises ``Invalid`` for a definition that cannot be, ``KEY::FORBIDDEN``, and whatever the live try raises:
    nothing is kept then.
    """
    from unified.api.bodies import ModelBody, parse
    from unified.api.proxy import may_proxy

    reference = access.connection.reference
    definition = parse(ModelBody, body).model_dump(exclude_none=True)
    if model_id == PROXY:
        raise Invalid("No model can have this name: it names the proxy's operations.")
    model = load_connector(reference.connector).define(model_id, definition)
    for endpoint in definition["endpoints"].values():
        may_proxy(access, "POST", endpoint["endpoint"])
    capability = model.capabilities[Operation.LIST]
    tried: list[dict[str, Any]] = []
    if capability.mode != "refused":
        page = access.run(lambda session: model.list(session, ListQuery(TRY_RECORDS)), capability)
        tried = [model.mapper.resource(record) for record in page.records[:TRY_RECORDS]]
    connections().store.put_definition(reference.project, reference.connector, model_id, definition)
    connections().store.audit(reference, access.actor, "model.define", model_id)
    # Whoever may define a model need not be let to see its records.
    shown = tried if access.grant.allows(f"{model_id}::list") else []
    return {**_answer(model_id, definition), "tried": shown}


def delete_model(caller: Caller, connector_id: str, model_id: str) -> None:
    """Remove one of a project's own models; what was read by it elsewhere stays where it is."""
    load_connector(connector_id)
    _check_name(model_id)
    if not connections().store.delete_definition(caller.project.id, connector_id, model_id):
        raise _missing()
    connections().store.audit(Reference(caller.project.id, "*", "*"), caller.actor, "model.delete", model_id)


def _answer(model_id: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "model", "model": model_id, "definition": dict(definition)}


def _check_name(model_id: str) -> None:
    """Keep what no model is called from the table, which fails on a very long key. Raises ``Missing``."""
    if not is_model_name(model_id):
        raise _missing()


def _missing() -> Missing:
    return Missing("CONNECTOR::RESOURCE_MODEL::NOT_FOUND", "The project has no custom model of this name.")
