"""What callers may know of a connector: its form, its operations, and what each of them really is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unified.api.access import Access, Caller
from unified.api.queries import only
from unified.connector import Connector, EventSource, Operation, connector_ids, load_connector


def list_connectors(_caller: Caller, query: Mapping[str, str]) -> dict[str, Any]:
    """Return every connector."""
    only(query)
    return {"data": [describe(load_connector(name)) for name in connector_ids()], "next": None}


def retrieve_connector(_caller: Caller, path_id: str, header_id: str | None) -> dict[str, Any]:
    """Return a connector.

    Where the path holds what JavaScript makes of an object, the header decides: Morph's client asks for
    ``/v1/connectors/[object Object]`` and names the connector in ``x-connector-id``.
    """
    named_by_header = path_id.startswith("[object") and header_id is not None
    return describe(load_connector(header_id if named_by_header and header_id else path_id))


def own_connector(access: Access) -> dict[str, Any]:
    """Return the session's connector."""
    return describe(load_connector(access.connection.reference.connector))


def describe(connector: Connector) -> dict[str, Any]:
    """Return the wire's ``connector``, with the tables of capabilities and of events under ``models``."""
    models = {model_id: connector.load(model_id) for model_id in connector.model_ids}
    return {
        "object": "connector",
        "id": connector.id,
        "name": connector.name,
        "settings": [
            {
                "key": setting.key,
                "name": setting.name,
                "type": "text",
                "required": setting.required,
                "description": setting.description,
                "secret": setting.secret,
            }
            for setting in connector.settings
        ],
        "operations": [
            f"{model_id}::{operation}"
            for model_id, model in models.items()
            for operation in Operation
            if model.capabilities[operation].mode != "refused"
        ],
        "models": {
            model_id: {
                "name": model.model.name,
                "operations": {
                    str(operation): {
                        "mode": capability.mode,
                        "permissions": list(capability.permissions),
                        **({"sometimes": list(capability.sometimes)} if capability.sometimes else {}),
                        **({"reason": capability.reason} if capability.reason else {}),
                    }
                    for operation, capability in model.capabilities.items()
                },
                "filters": dict(model.filters),
                "searchable": model.searchable,
                "syncs": model.syncs,
                "extras": sorted(model.extras),
                "events": {trigger: _event(source) for trigger, source in model.event_sources.items()},
            }
            for model_id, model in models.items()
        },
    }


def _event(source: EventSource) -> dict[str, Any]:
    return {
        "mode": source.mode,
        "delay": source.delay,
        **({"webhooks": list(source.actions), "byHand": source.by_hand} if source.actions else {}),
        **({"reason": source.reason} if source.reason else {}),
    }
