"""What the resource routes do: one function a verb, from an ``Access`` to the answer's body."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from unified.api.access import Access
from unified.api.queries import only, wrong
from unified.connector import Connector, ConnectorModel, Operation, Record, load_connector
from unified.errors import FieldProblem, Invalid, Refused

# Ids go into the provider's JSON, never into a URL; still, what is no id anywhere is refused before it is sent.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_TRUE = frozenset({"true", "1"})


def list_resources(access: Access, model_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return one page: ``data``, ``next``, and ``warnings`` where the provider may hold more than it gave."""
    from unified.api.expand import expand
    from unified.api.paging import read_list

    connector, model = _model(access, model_id, Operation.LIST)
    mapping = access.mapping(model.model)
    request = read_list(parameters, model, access.connection.reference, connector, mapping.keys)
    shape = request.shape

    def work(session: Any) -> dict[str, Any]:
        page = model.list(session, request.query)
        # A list stays one call upstream unless a field that takes calls of its own is asked for by name.
        asked = (shape.only or frozenset()) | shape.expand.keys()
        records = _with_extras(session, model, page.records, model.extras & asked)
        read = model.mapper.resource
        data = [read(record, only=shape.only, raw=shape.raw, mapping=mapping) for record in records]
        if shape.expand:
            expand(data, shape.expand, connector, session, access.operations.__contains__)
        answer: dict[str, Any] = {"data": data, "next": request.cursor(page.next)}
        if page.sync_token is not None and not request.query.filters and request.query.q is None:
            answer["syncToken"] = request.sync_token(page.sync_token)
        if page.warnings:
            answer["warnings"] = [{"code": "CONNECTOR::LIST::MAY_BE_CUT", "message": text} for text in page.warnings]
        return answer

    return access.run(work, model.capabilities[Operation.LIST])


def retrieve_resource(access: Access, model_id: str, record_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return one resource."""
    from unified.api.expand import expand
    from unified.api.paging import read_retrieve

    connector, model = _model(access, model_id, Operation.RETRIEVE)
    mapping = access.mapping(model.model)
    shape = read_retrieve(parameters, model, connector, mapping.keys)
    identity = _id(record_id)

    def work(session: Any) -> dict[str, Any]:
        extras = model.extras if shape.only is None else model.extras & shape.only
        (record,) = _with_extras(session, model, (model.retrieve(session, identity),), extras)
        resource = model.mapper.resource(record, only=shape.only, raw=shape.raw, mapping=mapping)
        if shape.expand:
            expand([resource], shape.expand, connector, session, access.operations.__contains__)
        return resource

    return access.run(work, model.capabilities[Operation.RETRIEVE])


def create_resource(
    access: Access,
    model_id: str,
    body: Mapping[str, Any],
    parameters: Mapping[str, str],
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Make a record; returns a reference to it, or the resource when asked for."""
    from unified.api.writes import Write

    _, model = _model(access, model_id, Operation.CREATE)
    whole = _returns_resource(access, model_id, parameters)
    mapping = access.mapping(model.model)
    rest, values = mapping.split(body)
    fields = model.mapper.check_write(rest, creating=True)
    write = Write(access, model, mapping, Operation.CREATE, body, idempotency_key)
    return write.bring(
        write=lambda session: write.with_custom(session, model.create(session, fields), values),
        lookup=model.lookup(fields),
        resume=lambda session, record_id, names: write.again(session, record_id, fields, values, names),
        whole=whole,
    )


def update_resource(
    access: Access,
    model_id: str,
    record_id: str,
    body: Mapping[str, Any],
    parameters: Mapping[str, str],
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Change a record's given fields; returns as ``create_resource``."""
    from unified.api.writes import Write

    _, model = _model(access, model_id, Operation.UPDATE)
    whole = _returns_resource(access, model_id, parameters)
    mapping = access.mapping(model.model)
    rest, values = mapping.split(body)
    fields = model.mapper.check_write(rest, creating=False) if rest or not values else {}
    identity = _id(record_id)
    write = Write(access, model, mapping, Operation.UPDATE, body, idempotency_key, identity)
    return write.bring(
        write=lambda session: write.again(session, identity, fields, values),
        lookup=_nothing_to_find,
        resume=lambda session, _, names: write.again(session, identity, fields, values, names),
        whole=whole,
    )


def delete_resource(access: Access, model_id: str, record_id: str, idempotency_key: str | None = None) -> None:
    """Delete a record, as the model's capability says."""
    from unified.api.writes import Write
    from unified.mapping.custom import NO_MAPPING

    _, model = _model(access, model_id, Operation.DELETE)
    identity = _id(record_id)
    write = Write(access, model, NO_MAPPING, Operation.DELETE, {}, idempotency_key, identity)
    write.bring_deletion(lambda session: model.delete(session, identity))


def list_fields(access: Access, model_id: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a model's fields, standard and custom; other parameters filter by equality of a property."""
    from unified.api.paging import read_positions

    _, model = _model(access, model_id, Operation.FIELD_READ)
    wanted = {name: value for name, value in parameters.items() if name not in ("limit", "cursor")}
    can_update = model.capabilities[Operation.UPDATE].mode != "refused"
    fields: list[Mapping[str, Any]] = list(model.mapper.fields(can_update=can_update))
    limit, start = read_positions(parameters)
    problems = [
        FieldProblem(name[:60], "must be true or false" if name in fields[0] else "is not a property of a field")
        for name, value in wanted.items()
        if name not in fields[0] or (isinstance(fields[0][name], bool) and value not in ("true", "false"))
    ]
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    if wanted.get("isCustom") != "false":
        fields.extend(access.run(model.custom_fields))
    matching = [field for field in fields if _matches(field, wanted)]
    end = start + limit
    return {"data": matching[start:end], "next": str(end) if end < len(matching) else None}


def create_field(access: Access, model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a field of the account's own on a model; returns it."""
    from unified.api.bodies import FieldBody, parse

    _, model = _model(access, model_id, Operation.FIELD_WRITE)
    field = parse(FieldBody, body).model_dump(exclude_none=True)
    made = access.run(lambda session: model.create_field(session, field), model.capabilities[Operation.FIELD_WRITE])
    return dict(made)


def _model(access: Access, model_id: str, operation: Operation) -> tuple[Connector, ConnectorModel]:
    """Load the model, once it is known to exist, to offer the operation, and the caller to be given it."""
    connector = load_connector(access.connection.reference.connector)
    model = access.model(model_id)
    capability = model.capabilities[operation]
    if capability.mode == "refused":
        raise Refused(capability.reason)
    access.require(f"{model_id}::{operation}")
    return connector, model


def _with_extras(
    session: Any, model: ConnectorModel, records: Sequence[Record], extras: Collection[str]
) -> Sequence[Record]:
    return model.with_extras(session, records, extras) if extras and records else records


def _id(record_id: str) -> str:
    if not _ID.fullmatch(record_id):
        raise Invalid("The id is not in a form that this connector gives.")
    return record_id


def _returns_resource(access: Access, model_id: str, parameters: Mapping[str, str]) -> bool:
    """Tell whether the whole record is asked for, which shows what the caller did not send: only to whom may read it.

    A created one too: sent again, the request finds the record as others have changed it since. Raises as reading does.
    """
    only(parameters, "returnResource")
    if parameters.get("returnResource", "false") not in (*_TRUE, "false", "0"):
        raise wrong("returnResource", "must be true or false")
    whole = parameters.get("returnResource") in _TRUE
    if whole:
        _model(access, model_id, Operation.RETRIEVE)
    return whole


def _nothing_to_find(_session: Any, _since: int) -> str | None:
    """Stand for a write that may simply be done again: it sets what it sets."""
    return None


def _matches(field: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    def spell(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return all(spell(field[name]) == value for name, value in wanted.items())
