"""What the resource routes do: one function a verb, from an ``Access`` to the answer's body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from unified.api.access import Access
from unified.api.paging import Shape, read_list, read_shape
from unified.connector import ConnectorModel, Operation, Written, load_connector
from unified.errors import FieldProblem, Invalid, Refused

# Ids go into the provider's JSON, never into a URL; still, what is no id anywhere is refused before it is sent.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_TRUE = frozenset({"true", "1"})


def list_resources(access: Access, model_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return one page: ``data``, ``next``, and ``warnings`` where the provider may hold more than it gave."""
    model = _model(access, model_id, Operation.LIST)
    request = read_list(parameters, model, access.connection.reference)
    page = access.run(lambda session: model.list(session, request.query))
    read = model.mapper.resource
    shape = request.shape
    answer: dict[str, Any] = {
        "data": [read(record, only=shape.only, raw=shape.raw) for record in page.records],
        "next": request.cursor(page.next),
    }
    if page.warnings:
        answer["warnings"] = [{"code": "CONNECTOR::LIST::MAY_BE_CUT", "message": text} for text in page.warnings]
    return answer


def retrieve_resource(access: Access, model_id: str, record_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return one resource."""
    model = _model(access, model_id, Operation.RETRIEVE)
    shape = _shape(model, parameters)
    record = access.run(lambda session: model.retrieve(session, _id(record_id)))
    return model.mapper.resource(record, only=shape.only, raw=shape.raw)


def create_resource(
    access: Access, model_id: str, body: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Make a record; returns a reference to it, or the resource when asked for."""
    model = _model(access, model_id, Operation.CREATE)
    whole = _returns_resource(parameters)
    fields = model.mapper.check_write(body, creating=True)
    return _written(model, access.run(lambda session: model.create(session, fields)), whole=whole)


def update_resource(
    access: Access, model_id: str, record_id: str, body: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Change a record's given fields; returns as ``create_resource``."""
    model = _model(access, model_id, Operation.UPDATE)
    whole = _returns_resource(parameters)
    fields = model.mapper.check_write(body, creating=False)
    identity = _id(record_id)
    return _written(model, access.run(lambda session: model.update(session, identity, fields)), whole=whole)


def delete_resource(access: Access, model_id: str, record_id: str) -> None:
    """Delete a record, as the model's capability says."""
    model = _model(access, model_id, Operation.DELETE)
    identity = _id(record_id)
    access.run(lambda session: model.delete(session, identity))


def list_fields(access: Access, model_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a model's fields, standard and custom; other parameters filter by equality of a property."""
    model = _model(access, model_id, Operation.FIELD_READ)
    wanted = {name: value for name, value in parameters.items() if name not in ("limit", "cursor")}
    can_update = model.capabilities[Operation.UPDATE].mode != "refused"
    fields: list[Mapping[str, Any]] = list(model.mapper.fields(can_update=can_update))
    unknown = [name for name in wanted if name not in fields[0]]
    if unknown:
        raise Invalid(
            "The query is not valid.",
            fields=[FieldProblem(name[:60], "is not a property of a field") for name in unknown],
        )
    if wanted.get("isCustom") != "false":
        fields.extend(access.run(model.custom_fields))
    return {"data": [field for field in fields if _matches(field, wanted)], "next": None}


def _model(access: Access, model_id: str, operation: Operation) -> ConnectorModel:
    """Load the model, once it is known to exist, to offer the operation, and the caller to be given it."""
    model = load_connector(access.connection.reference.connector).load(model_id)
    capability = model.capabilities[operation]
    if capability.mode == "refused":
        raise Refused(capability.reason)
    access.require(f"{model_id}::{operation}")
    return model


def _id(record_id: str) -> str:
    if not _ID.fullmatch(record_id):
        raise Invalid("The id is not in a form that this connector gives.")
    return record_id


def _shape(model: ConnectorModel, parameters: Mapping[str, str]) -> Shape:
    problems = [
        FieldProblem(name[:100], "is not a parameter of this route")
        for name in parameters
        if name not in ("fields", "include")
    ]
    shape = read_shape(parameters, model, problems)
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    return shape


def _returns_resource(parameters: Mapping[str, str]) -> bool:
    unknown = [name for name in parameters if name != "returnResource"]
    if unknown or parameters.get("returnResource", "false") not in (*_TRUE, "false", "0"):
        raise Invalid("The only parameter of this route is returnResource, true or false.")
    return parameters.get("returnResource") in _TRUE


def _written(model: ConnectorModel, written: Written, *, whole: bool) -> dict[str, Any]:
    resource = model.mapper.resource(written.record)
    if not whole:
        resource = {
            "object": "resourceRef",
            "model": resource["model"],
            "id": resource["id"],
            "remote": resource["remote"],
        }
    if written.not_written:
        resource["warnings"] = [
            *resource.get("warnings", []),
            *(
                {"code": "CONNECTOR::OPERATION::PARTLY_WRITTEN", "message": f"{key} was not written: {why}"}
                for key, why in written.not_written.items()
            ),
        ]
    return resource


def _matches(field: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    def spell(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return all(spell(field[name]) == value for name, value in wanted.items())
