"""What a connection can do, before anybody tries: each operation against the credential's own permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unified.connections.line import missing_permissions
from unified.connections.records import Connection
from unified.connector import Capability, Connector, Operation


def describe(connector: Connector, connection: Connection, scopes: Sequence[str] | None) -> dict[str, Any]:
    """Return every operation as allowed, missing, refused, or unknown where the key may not read its own scopes.

    ``granted`` says whether the connection was given the operation; the rest is what the provider allows.
    """
    operations: list[dict[str, Any]] = []
    for model_id in connector.model_ids:
        model = connector.load(model_id)
        for operation in Operation:
            name = f"{model_id}::{operation}"
            operations.append(
                {
                    "operation": name,
                    "granted": name in connection.operations,
                    **_state(model.capabilities[operation], scopes),
                }
            )
    return {
        "object": "connectionPermissions",
        "connectorId": connection.reference.connector,
        "ownerId": connection.reference.owner,
        "status": connection.status,
        "scopes": None if scopes is None else list(scopes),
        "operations": operations,
        "hint": connector.permission_hint,
        "warnings": [{"code": "CONNECTOR::PERMISSIONS::HIDDEN", "message": text} for text in connector.blind_spots],
    }


def _state(capability: Capability, scopes: Sequence[str] | None) -> dict[str, Any]:
    if capability.mode == "refused":
        return {"status": "refused", "reason": capability.reason}
    lacking = missing_permissions(capability, scopes)
    if lacking:
        return {"status": "missing", "permissions": lacking}
    known = scopes is not None or not capability.permissions
    return {"status": "allowed" if known else "unknown", "permissions": list(capability.permissions)}
