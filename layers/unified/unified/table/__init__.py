"""The one DynamoDB table: its keys, the spelling of its values, and conditional writes with named outcomes."""

from __future__ import annotations

from functools import lru_cache

from unified import aws
from unified.settings import settings
from unified.table.items import Table
from unified.table.keys import (
    Key,
    attempt_key,
    audit_key,
    branding_key,
    connection_key,
    credential_key,
    endpoint_key,
    event_key,
    event_settings_key,
    hook_key,
    idempotency_key,
    lease_key,
    ledger_key,
    link_key,
    mapping_key,
    model_key,
    pause_key,
    project_key,
    secret_key,
    session_key,
    state_key,
    sweep_key,
    sync_key,
    used_key,
)
from unified.table.values import Item
from unified.table.writes import (
    ABSENT,
    PRESENT,
    Condition,
    ConditionFailed,
    Contention,
    Delete,
    Put,
    Throttled,
    Update,
)

__all__ = [
    "ABSENT",
    "PRESENT",
    "Condition",
    "ConditionFailed",
    "Contention",
    "Delete",
    "Item",
    "Key",
    "Put",
    "Table",
    "Throttled",
    "Update",
    "attempt_key",
    "audit_key",
    "branding_key",
    "connection_key",
    "credential_key",
    "endpoint_key",
    "event_key",
    "event_settings_key",
    "hook_key",
    "idempotency_key",
    "lease_key",
    "ledger_key",
    "link_key",
    "mapping_key",
    "model_key",
    "pause_key",
    "project_key",
    "secret_key",
    "session_key",
    "state_key",
    "sweep_key",
    "sync_key",
    "table",
    "used_key",
]


@lru_cache(maxsize=1)
def table() -> Table:
    """Return this environment's table."""
    return Table(settings().table_name, aws.client("dynamodb"))
