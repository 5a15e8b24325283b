"""What the field-mapping routes do: a project's rules, a connection's own, and a preview on live records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unified.api.access import Access, Caller
from unified.connections.lifecycle import connections
from unified.connections.records import Reference
from unified.connector import ConnectorModel, ListQuery, Operation, load_connector
from unified.errors import FieldProblem, Invalid, UnifiedError

if TYPE_CHECKING:
    from unified.mapping.custom import Rule

PREVIEW_RECORDS = 3


def read_defaults(caller: Caller, connector_id: str, model_id: str) -> dict[str, Any]:
    """Return a project's rules for one model."""
    from unified.mapping.custom import merge

    model = load_connector(connector_id).load(model_id)
    rules = connections().store.default_mapping(caller.project.id, connector_id, model.model.id)
    return _answer(model_id, merge(rules, ()))


def put_defaults(caller: Caller, connector_id: str, model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a project's rules for one model, for all its connections that have no rule of the same key."""
    from unified.mapping.custom import merge

    model = load_connector(connector_id).load(model_id)
    rules = _rules(model, body)
    store = connections().store
    store.put_default_mapping(caller.project.id, connector_id, model.model.id, rules)
    store.audit(Reference(caller.project.id, "*", "*"), caller.actor, "mapping.update", model.model.id)
    return _answer(model_id, merge(rules, ()))


def read_mapping(access: Access, model_id: str) -> dict[str, Any]:
    """Return the rules that hold for a connection, with what no longer fits the account as warnings."""
    from unified.mapping.custom import merge

    model = _model(access, model_id)
    return _standing(access, model, model_id, merge(access.defaults, access.connection.mappings.get(model_id, ())))


def put_mapping(access: Access, model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a connection's own rules for one model; returns as ``read_mapping``.

    A session may where its project allows it.
    """
    from unified.mapping.custom import merge

    model = _model(access, model_id)
    if access.by_session and not access.project.session_mappings:
        raise UnifiedError("MORPH::SESSION::FORBIDDEN", "This project does not let sessions change field mappings.")
    rules = _rules(model, body)
    store = connections().store
    if not store.put_mapping(access.connection, model_id, rules):
        raise UnifiedError("MORPH::CONNECTION::UPDATE_FAILED", "The connection was changed meanwhile. Try again.")
    store.audit(access.connection.reference, access.actor, "mapping.update", model_id)
    return _standing(access, model, model_id, merge(access.defaults, rules))


def preview(access: Access, model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Show what rules would read of a few live records; nothing is saved."""
    from unified.mapping.custom import compile_rules, merge

    model = _model(access, model_id)
    access.require(f"{model_id}::{Operation.LIST}")
    rules = merge(access.defaults, _rules(model, body))
    mapping = compile_rules(model.model, rules)
    page = access.run(
        lambda session: model.list(session, ListQuery(PREVIEW_RECORDS)), model.capabilities[Operation.LIST]
    )
    read = model.mapper.resource
    data = [read(record, only=mapping.keys, mapping=mapping) for record in page.records]
    return {"data": data, "next": None, "warnings": _gone(access, model, rules)}


def _answer(model_id: str, rules: Sequence[Rule]) -> dict[str, Any]:
    return {"object": "fieldMapping", "model": model_id, "rules": list(rules)}


def _standing(access: Access, model: ConnectorModel, model_id: str, rules: Sequence[Rule]) -> dict[str, Any]:
    return {**_answer(model_id, rules), "warnings": _gone(access, model, rules)}


def _model(access: Access, model_id: str) -> ConnectorModel:
    model = access.model(model_id)
    access.require(f"{model_id}::{Operation.FIELD_READ}")
    return model


def _rules(model: ConnectorModel, body: Mapping[str, Any]) -> list[Rule]:
    from unified.api.bodies import MappingBody, parse
    from unified.mapping.custom import compile_rules

    rules = [rule.model_dump(exclude_none=True) for rule in parse(MappingBody, body).rules]
    mapping = compile_rules(model.model, rules)
    clashes = [key for key in mapping.writable if key in model.model.by_key and model.mapper.rows[key].writable]
    if clashes:
        raise Invalid(
            "The mapping is not valid.",
            fields=[FieldProblem(f"rules.{key}", "writes a key that the model itself writes") for key in clashes],
        )
    return list(rules)


def _gone(access: Access, model: ConnectorModel, rules: Sequence[Rule]) -> list[dict[str, str]]:
    """Name rules whose custom field the account does not have (any more), where the account can be asked."""
    wanted = {str(rule["key"]): rule["source"]["customField"] for rule in rules if "customField" in rule["source"]}
    if not wanted or access.connection.status != "authorized":
        return []
    try:
        found = {field["key"] for field in access.run(model.custom_fields)}
    except UnifiedError:
        return []
    return [
        {
            "code": "CONNECTOR::MAPPING::FIELD_GONE",
            "message": f'The rule for "{key}" names a custom field that the account does not show.',
        }
        for key, field_id in wanted.items()
        if field_id not in found
    ]
