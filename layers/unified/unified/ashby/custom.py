"""Custom models: a project's own models on Ashby's endpoints, by a definition instead of a module.

A definition names an endpoint for each operation it wants, where the id and times are in a record, and a table of
fields. It makes a model like any other: listing, reading, writing, fields, expansion. What it may name is bound: a
list is a ``.list`` or ``.search``, a read an ``.info``, so that reads stay reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from unified.ashby.base import AshbyModel
from unified.ashby.client import AshbySession, identity
from unified.ashby.queries import page_of
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, Invalid
from unified.mapping import Mapper, Row
from unified.mapping.custom import KEY, TYPES, reader
from unified.models import Field, Model
from unified.models.types import Ref, Unfit

Definition = Mapping[str, Any]

_ID = re.compile(r"[a-z][A-Za-z0-9]{2,39}")
_ENDPOINT = re.compile(r"[a-z][A-Za-z]{1,40}\.[a-z][A-Za-z]{1,40}")
_VERBS: Mapping[Operation, tuple[str, ...]] = {
    Operation.LIST: ("list", "search"),
    Operation.RETRIEVE: ("info",),
}
_READ_VERBS = frozenset({"list", "search", "info"})
_OPERATIONS = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)


class CustomModel(AshbyModel):
    """A model made of a definition that ``define`` has checked. Whatever webhooks Ashby has for it, sweeps read it."""

    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "incremental"),
        "updated": EventSource("sweep", "incremental"),
        "deleted": EventSource("sweep", "full"),
    }

    def __init__(self, model: Model, mapper: Mapper, definition: Definition) -> None:
        self.model = model
        self.mapper = mapper
        self._endpoints: Mapping[str, Mapping[str, Any]] = definition["endpoints"]
        self._parameters = {field["key"]: field.get("parameter") for field in definition["fields"]}
        self.capabilities = {
            **{operation: self._capability(operation) for operation in _OPERATIONS},
            Operation.FIELD_READ: Capability("native"),
            Operation.FIELD_WRITE: Capability("refused", reason="A custom model's fields are its definition's."),
        }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by the definition's endpoint. Raises ``Refused`` where there is none: a sweep may ask."""
        if Operation.LIST not in self._endpoints:
            raise self._refusal(Operation.LIST)
        endpoint = self._endpoints[Operation.LIST]
        body: dict[str, Any] = {**endpoint.get("body", {}), **page_of(query)}
        return session.page(endpoint["endpoint"], body, permission=endpoint.get("permission"))

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by the definition's endpoint."""
        return self._call(session, Operation.RETRIEVE, record_id)

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by the definition's endpoint."""
        return Written(self._call(session, Operation.CREATE, None, fields))

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change by the definition's endpoint."""
        return Written(self._call(session, Operation.UPDATE, record_id, fields))

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Delete by the definition's endpoint."""
        endpoint = self._endpoints[Operation.DELETE]
        body = {**endpoint.get("body", {}), endpoint["idParameter"]: identity(record_id)}
        session.call(endpoint["endpoint"], body, permission=endpoint.get("permission"))

    def _call(
        self,
        session: AshbySession,
        operation: Operation,
        record_id: str | None,
        fields: Mapping[str, Any] | None = None,
    ) -> Record:
        endpoint = self._endpoints[operation]
        body: dict[str, Any] = dict(endpoint.get("body", {}))
        if record_id is not None:
            body[endpoint["idParameter"]] = identity(record_id)
        for key, value in (fields or {}).items():
            body[str(self._parameters[key])] = value
        return session.record(endpoint["endpoint"], body, permission=endpoint.get("permission"))

    def _capability(self, operation: Operation) -> Capability:
        endpoint = self._endpoints.get(operation)
        if endpoint is None:
            return Capability("refused", reason="The definition of this custom model names no endpoint for it.")
        permission = endpoint.get("permission")
        return Capability("native", (permission,) if permission else ())


def define(model_id: str, definition: Definition, *, known_models: Sequence[str]) -> CustomModel:
    """Make a model of a definition whose shape is right (``unified.api.bodies.ModelBody``).

    Raises ``Invalid`` that names each part that cannot be.
    """
    problems: list[FieldProblem] = []
    if not _ID.fullmatch(model_id) or model_id in known_models:
        problems.append(FieldProblem("model", "must be a new name of letters and digits, such as atsDepartment"))
    for name, endpoint in cast(Mapping[str, Mapping[str, Any]], definition["endpoints"]).items():
        problems.extend(_check_endpoint(name, endpoint))
    fields: list[Field] = []
    rows: list[Row] = []
    for position, field in enumerate(cast(Sequence[Mapping[str, Any]], definition["fields"])):
        try:
            made, row = _field(field, known_models)
        except Unfit as problem:
            problems.append(FieldProblem(f"fields.{position}", str(problem)))
            continue
        fields.append(made)
        rows.append(row)
    if len({field.key for field in fields}) != len(fields):
        problems.append(FieldProblem("fields", "names a key twice"))
    if problems:
        raise Invalid("The model's definition is not valid.", fields=problems)
    model = Model(model_id, definition["name"], definition.get("description") or definition["name"], tuple(fields))
    mapper = Mapper(
        model,
        rows,
        record_id=definition.get("idPath") or "id",
        created_at=definition.get("createdAtPath"),
        updated_at=definition.get("updatedAtPath"),
    )
    return CustomModel(model, mapper, definition)


def _check_endpoint(name: str, endpoint: Mapping[str, Any]) -> list[FieldProblem]:
    called = str(endpoint["endpoint"])
    verb = called.rpartition(".")[2]
    place = f"endpoints.{name}"
    if not _ENDPOINT.fullmatch(called):
        return [FieldProblem(place, "must be one of Ashby's endpoints, such as department.list")]
    allowed = _VERBS.get(Operation(name))
    if allowed is not None and verb not in allowed:
        return [FieldProblem(place, f"must end with {' or '.join(allowed)}")]
    if allowed is None and verb in _READ_VERBS:
        return [FieldProblem(place, "must be an endpoint that writes")]
    if name in (Operation.RETRIEVE, Operation.UPDATE, Operation.DELETE) and not endpoint.get("idParameter"):
        return [FieldProblem(place, "must have an idParameter")]
    return []


def _field(field: Mapping[str, Any], known_models: Sequence[str]) -> tuple[Field, Row]:
    key, kind = str(field["key"]), str(field["type"])
    if not KEY.fullmatch(key):
        raise Unfit("must have a key of letters, digits and _, beginning with a letter")
    target = kind.removeprefix("reference:")
    if kind != target and target not in known_models:
        raise Unfit("must refer to a model of this connector")
    if kind == target and kind not in TYPES:
        raise Unfit(f"must have a type of {', '.join(TYPES)} or reference:model")
    made = Field(key, TYPES[kind] if kind in TYPES else Ref(target), str(field.get("description") or key))
    parameter = field.get("parameter")
    return made, Row(
        key,
        reader(field["source"]),
        writable=parameter is not None,
        required=field.get("required") is True,
        remote=str(parameter or key),
    )
