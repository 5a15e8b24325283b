"""The schemas of what the events function answers with, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from unified.events.records import TRIGGERS

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}
_TEXTS = {"type": "array", "items": _TEXT}
_COUNT = {"type": "integer", "minimum": 0}
_WARNING = {"type": "object", "properties": {"code": _TEXT, "message": _TEXT}, "required": ["code", "message"]}
_WARNINGS = {"type": "array", "items": _WARNING}


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    connection = {"connectorId": _TEXT, "ownerId": _TEXT}
    endpoint = {
        "object": {"const": "webhookEndpoint"},
        "id": _TEXT,
        "url": {"type": "string", "format": "uri"},
        "events": {"type": ["array", "null"], "items": _TEXT},
        "connections": {"type": ["array", "null"], "items": {"type": "object"}},
        "description": _TEXT,
        "status": {"enum": ["enabled", "disabled"]},
        "createdAt": _TIME,
        "updatedAt": _TIME,
    }
    failing = {"reason": {"enum": ["failing", "gone"]}, "failingSince": _TIME}
    event = {
        "object": {"const": "event"},
        "id": _TEXT,
        "event": {"type": "string", "description": f"`model::trigger`; triggers are {', '.join(TRIGGERS)}."},
        **connection,
        "version": {"type": "integer", "minimum": 1, "description": "Counts the changes of this record."},
        "createdAt": _TIME,
        "data": {
            "description": "The record, or a reference to it where events are thin or it was deleted.",
            "oneOf": [{"$ref": "#/components/schemas/Resource"}, {"$ref": "#/components/schemas/RecordReference"}],
        },
    }
    attempt = {"object": {"const": "deliveryAttempt"}, "endpointId": _TEXT, "outcome": _TEXT}
    return {
        "RecordReference": _object(
            {"object": {"const": "resourceRef"}, "model": _TEXT, "id": _TEXT},
            mergedInto={"$ref": "#/components/schemas/RecordReference"},
        ),
        "WebhookEndpoint": _object(endpoint, **failing),
        "WebhookEndpointSecret": _object({**endpoint, "secret": _TEXT}, **failing),
        "WebhookEndpointPage": _page("WebhookEndpoint"),
        "WebhookEndpointTest": _object(
            {
                "object": {"const": "webhookEndpointTest"},
                "endpointId": _TEXT,
                "status": {"type": ["integer", "null"]},
                "latencyMs": _COUNT,
                "outcome": _TEXT,
            },
            errorKind=_TEXT,
        ),
        "Replay": _object(
            {"object": {"const": "replay"}, "id": _TEXT, "enqueued": _COUNT, "next": {"type": ["string", "null"]}}
        ),
        "Event": _object(event, changedAt=_TIME, warnings=_WARNINGS),
        "EventPage": _page("Event"),
        "EventWithDeliveries": _object(
            {**event, "deliveries": {"type": "array", "items": {"type": "object"}}},
            changedAt=_TIME,
            warnings=_WARNINGS,
        ),
        "DeliveryAttempt": _object(attempt, status={"type": ["integer", "null"]}, latencyMs=_COUNT, errorKind=_TEXT),
        "DeliveryAttemptPage": _page("DeliveryAttempt"),
        "EventSettings": _object(
            {
                "object": {"const": "eventSettings"},
                "thin": {"type": "boolean"},
                "backfill": {"type": "boolean"},
                "sweepMinutes": _COUNT,
                "fullSweepHours": _COUNT,
            }
        ),
        "Sync": _object(
            {
                "object": {"const": "sync"},
                **connection,
                "status": {"enum": ["watching", "notWanted", "unauthorized"]},
                "events": _TEXTS,
                "nextSweepAt": _MAYBE_TIME,
                "pausedUntil": _MAYBE_TIME,
                "webhooks": _object(
                    {
                        "mode": {"enum": ["managed", "manual", "sweep"]},
                        "missing": _TEXTS,
                        "actions": _TEXTS,
                        "byHand": _TEXTS,
                        "checkedAt": _MAYBE_TIME,
                    }
                ),
                "models": {"type": "array", "items": _sweeps()},
                "waiting": _TEXTS,
                "unknownActions": {"type": "array", "items": _object({"action": _TEXT, "count": _COUNT})},
            }
        ),
        "WebhookAddress": _object(
            {
                "object": {"const": "webhookAddress"},
                **connection,
                "url": {"type": "string", "format": "uri"},
                "secret": _TEXT,
                "actions": _TEXTS,
            }
        ),
    }


def _sweeps() -> dict[str, Any]:
    return _object(
        {
            "model": _TEXT,
            "isComplete": {"type": "boolean", "description": "Whether a full sweep ever ended."},
            "watchedFrom": _TIME,
            "sweptAt": _MAYBE_TIME,
            "fullSweepAt": _MAYBE_TIME,
            "running": {"type": ["object", "null"]},
            "held": {"type": ["object", "null"], "description": "Why nothing is taken for deleted."},
        }
    )


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _page(element: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{element}"}}
    return _object({"data": items, "next": {"type": ["string", "null"]}})
