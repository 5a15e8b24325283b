"""What callers may know of a connector: its form, its operations, and what each of them really is."""

from __future__ import annotations

from typing import Any

from unified.connector import Connector, EventSource, Operation


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
                        **({"reason": capability.reason} if capability.reason else {}),
                    }
                    for operation, capability in model.capabilities.items()
                },
                "filters": dict(model.filters),
                "searchable": model.searchable,
                "syncs": model.syncs,
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
