"""What a connection is asked to be able to do: operations and events, checked, and the permissions that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unified.connections.records import Reference
from unified.connections.store import ConnectionStore
from unified.connector import Operation, known_operations, load_connector
from unified.errors import FieldProblem, Invalid
from unified.grants import PROXY, PROXY_READ
from unified.models.events import is_pattern


def checked_operations(store: ConnectionStore, reference: Reference, operations: Sequence[str]) -> tuple[str, ...]:
    """Return the operations without doubles.

    Raises ``Invalid`` that names those that neither the connector nor a custom model of the project knows.
    """
    known = known_operations(load_connector(reference.connector)) | {PROXY, PROXY_READ}
    unknown = [operation for operation in operations if operation not in known]
    if unknown:
        own = store.definitions(reference.project, reference.connector)
        unknown = [name for name in unknown if not _is_custom(name, own)]
    if unknown:
        raise Invalid(
            "These operations are not known; they are written model::operation, such as genericContact::list.",
            fields=[FieldProblem("operations", f"has an unknown element: {name[:80]}") for name in unknown[:20]],
        )
    return tuple(dict.fromkeys(operations))


def checked_events(store: ConnectionStore, reference: Reference, events: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of events without doubles. Raises ``Invalid`` that names those that match nothing."""
    known = set(load_connector(reference.connector).model_ids)
    if any(event.partition("::")[0] not in known for event in events):
        known.update(store.definitions(reference.project, reference.connector))
    wrong = [event for event in events if not is_pattern(event, known)]
    if wrong:
        raise Invalid(
            "These events are not known; they are written model::trigger, such as genericContact::created, with * for"
            " either.",
            fields=[FieldProblem("events", f"has an unknown element: {name[:80]}") for name in wrong[:20]],
        )
    return tuple(dict.fromkeys(events))


def needed_scopes(store: ConnectionStore, reference: Reference, operations: Sequence[str]) -> tuple[str, ...]:
    """Return the provider's permissions that ``operations`` need, those of custom models among them."""
    connector = load_connector(reference.connector)
    builtin = [name for name in operations if name.partition("::")[0] in connector.model_ids]
    needed = set(connector.scopes(builtin))
    if len(builtin) != len(operations):
        own = store.definitions(reference.project, reference.connector)
        for name in operations:
            model_id, _, verb = name.partition("::")
            endpoint = own.get(model_id, {}).get("endpoints", {}).get(verb, {})
            needed.update([endpoint["permission"]] if endpoint.get("permission") else [])
    return tuple(sorted(needed))


def _is_custom(operation: str, own: Mapping[str, Mapping[str, Any]]) -> bool:
    model_id, _, verb = operation.partition("::")
    return model_id in own and (verb in own[model_id]["endpoints"] or verb == Operation.FIELD_READ)
