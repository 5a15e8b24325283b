"""How a connection is watched: how far its sweeps are, how its webhooks stand, and what a person may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unified import table as t
from unified.api.access import Caller, reference
from unified.connections.lifecycle import connections, missing
from unified.connections.watch import Watch
from unified.errors import FieldProblem, Invalid
from unified.ledger.progress import Progress
from unified.ledger.registry import Registry
from unified.ledger.tasks import send_soon
from unified.ledger.watched import Watched, home
from unified.models.moments import iso_at


def read_sync(caller: Caller, connector_id: str, owner_id: str) -> dict[str, Any]:
    """Return how a connection is watched."""
    watched = _watched(caller, connector_id, owner_id)
    items = {item["sk"]: item for item in home().table.query(watched.watch.sync_key("").pk)}
    state = items.get("STATE", {})
    models = [
        _model(Progress.from_item(item))
        for model in watched.models
        if (item := items.get(f"MODEL#{model}")) is not None
    ]
    due = Registry(home().table).find(watched.watch)
    status = "watching" if watched.patterns else "notWanted"
    return {
        "object": "sync",
        "connectorId": connector_id,
        "ownerId": owner_id,
        "status": status if watched.connection.status == "authorized" else "unauthorized",
        "events": list(watched.patterns),
        "nextSweepAt": None if due is None or not due.due_at else _time(due.due_at),
        "pausedUntil": _time(state["pausedUntil"]) if state.get("pausedUntil", 0) > home().clock() else None,
        "webhooks": _webhooks(state, items),
        "models": models,
        "waiting": [model for model in watched.models if f"MODEL#{model}" not in items],
        "unknownActions": [
            {"action": item["action"], "count": item["count"]}
            for sk, item in sorted(items.items())
            if sk.startswith("ACTION#")
        ],
    }


def change_sync(caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Have a connection swept now: what has changed, or with ``full`` everything.

    With ``accept``, a full sweep takes for deleted what was held back. ``models`` limits both.
    """
    from unified.api.bodies import SyncBody, parse

    asked = parse(SyncBody, body)
    watched = _watched(caller, connector_id, owner_id)
    unknown = [model for model in asked.models or () if model not in watched.models]
    if unknown:
        raise Invalid(
            "Of these models no event is wanted, so they are not swept.",
            fields=[FieldProblem("models", f"has an element of which no event is wanted: {unknown[0][:80]}")],
        )
    changes: dict[str, Any] = {"wantsFull": True} if asked.full or asked.accept else {}
    if asked.accept:
        changes["accepts"] = True
    for model in asked.models or watched.models:
        key = watched.watch.sync_key(f"MODEL#{model}")
        try:
            home().table.update(key, {**changes, "askedAt": home().clock()}, condition=t.PRESENT)
        except t.ConditionFailed:
            continue  # it was never swept, so it is due anyhow
    if asked.accept:
        home().table.update(watched.watch.sync_key("STATE"), {"witness": None})
    connections().store.audit(watched.watch.reference, caller.actor, "connection.sync", "asked")
    send_soon(watched.watch)
    return read_sync(caller, connector_id, owner_id)


def rotate_hook(
    caller: Caller, connector_id: str, owner_id: str, body: Mapping[str, Any], public_url: str
) -> dict[str, Any]:
    """Make a new secret for a connection's webhooks, with ``newAddress`` a new address too; both are shown once.

    What we set up ourselves is put right at once; the rest is for a person to set up with these.
    """
    from unified.api.bodies import HookBody, parse
    from unified.connector import load_connector
    from unified.hooks import settings as hook_settings

    asked = parse(HookBody, body)
    watched = _watched(caller, connector_id, owner_id)
    url, secret = hook_settings.rotate(watched.watch, public_url, new_address=asked.newAddress)
    home().table.update(watched.watch.sync_key("STATE"), {"hooksAt": 0})
    connections().store.audit(watched.watch.reference, caller.actor, "connection.hook", "rotated")
    send_soon(watched.watch)
    by_api, by_hand = load_connector(connector_id).hooks.actions(watched.models)
    return {
        "object": "webhookAddress",
        "connectorId": connector_id,
        "ownerId": owner_id,
        "url": url,
        "secret": secret.reveal(),
        "actions": [*by_api, *by_hand],
    }


def _watched(caller: Caller, connector_id: str, owner_id: str) -> Watched:
    place = reference(caller, connector_id, owner_id)
    connection = connections().store.get(place)
    found = None if connection is None else home().open(Watch(place, connection.generation, caller.project.public_key))
    if found is None:
        raise missing(place)
    return found


def _model(progress: Progress) -> dict[str, Any]:
    run = progress.run
    return {
        "model": progress.model,
        "isComplete": progress.is_complete,
        "watchedFrom": progress.watched_from,
        "sweptAt": _time(progress.swept_at),
        "fullSweepAt": _time(progress.full_at),
        "running": None
        if run is None
        else {
            "kind": run.kind,
            "beganAt": _time(run.began_at),
            "pages": run.pages,
            "records": run.records,
            "failures": run.failures,
        },
        "held": None if progress.held is None else progress.held.to_item(),
    }


def _webhooks(state: Mapping[str, Any], items: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    settings = {sk.partition("#")[2]: item for sk, item in items.items() if sk.startswith("SETTING#")}
    return {
        "mode": state.get("hookMode", "sweep"),
        "missing": list(state.get("hookMissing", ())),
        "actions": sorted(action for action, item in settings.items() if item.get("id")),
        "byHand": list(state.get("hookByHand", ())),
        "checkedAt": state.get("hookCheckedAt"),
    }


def _time(seconds: float) -> str | None:
    return iso_at(seconds) if seconds else None
