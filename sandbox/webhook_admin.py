"""`/_sandbox/webhooks...`: settings as an administrator of Ashby makes them, and what becomes of deliveries."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sandbox import parameters
from sandbox.admin_routes import number, route
from sandbox.categories.webhook import SET_BY_HAND, WEBHOOK_TYPES
from sandbox.courier import Delivery
from sandbox.errors import not_found
from sandbox.parameters import InvalidValue, Reader, optional, required
from sandbox.pinging import ping
from sandbox.state import Sandbox
from sandbox.table import Record
from sandbox.webhooks import Chaos


def _between(minimum: float, maximum: float) -> Reader:
    """Make a reader of numbers in a range."""

    def read(value: Any) -> float:
        found = parameters.number(value)
        if not minimum <= found <= maximum:
            raise InvalidValue(f"Must be between {minimum} and {maximum}")
        return found

    return read


# -- settings --------------------------------------------------------------------------------------------------------


def _list(sandbox: Sandbox, _body: dict[str, Any], _given: Mapping[str, str]) -> dict[str, Any]:
    return {"webhooks": list(sandbox.organisation.webhooks)}


async def _create(sandbox: Sandbox, body: dict[str, Any], _given: Mapping[str, str]) -> dict[str, Any]:
    """Make a setting of any type, with or without a secret; it is pinged only on request and disabled if that fails."""
    organisation = sandbox.organisation
    enabled = body.get("enabled", True)
    if enabled and body.get("ping", False):
        enabled = await ping(body["requestUrl"], body.get("secretToken"))
    with organisation.lock:
        record: Record = {
            "id": organisation.new_identifier("webhook"),
            "webhookType": body["webhookType"],
            "requestUrl": body["requestUrl"],
            "secretToken": body.get("secretToken"),
            "enabled": enabled,
        }
        return organisation.save("webhook", record)


def _change(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Change a setting without a ping, e.g. disable it as Ashby may."""
    return sandbox.organisation.save("webhook", {**_setting(sandbox, given), **body})


def _delete(sandbox: Sandbox, _body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    identifier = _setting(sandbox, given)["id"]
    sandbox.organisation.delete("webhook", identifier)
    return {"id": identifier}


def _setting(sandbox: Sandbox, given: Mapping[str, str]) -> Record:
    record = sandbox.organisation.webhooks.get(given["id"])
    if record is None:
        raise not_found("webhook")
    return record


# -- deliveries ------------------------------------------------------------------------------------------------------


def _deliveries(sandbox: Sandbox, _body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    after, limit = number(query, "after", 0), number(query, "limit", 1000)
    found = [delivery for delivery in sandbox.webhooks.deliveries if delivery.number > after]
    return {"deliveries": [_written(delivery) for delivery in found[:limit]]}


def _written(delivery: Delivery) -> dict[str, Any]:
    return {
        "number": delivery.number,
        "at": delivery.at,
        "webhookId": delivery.webhook_id,
        "action": delivery.action,
        "webhookActionId": delivery.action_id,
        "attempts": delivery.attempts,
        "lastStatus": delivery.last_status,
        "state": delivery.state,
    }


def _status(sandbox: Sandbox, _body: dict[str, Any], _given: Mapping[str, str]) -> dict[str, Any]:
    courier = sandbox.webhooks.courier
    chaos = asdict(sandbox.webhooks.chaos)
    chaos["delayMs"] = chaos.pop("delay")
    return {
        "idle": courier.pending == 0,
        "pending": courier.pending,
        "paused": courier.paused,
        "speed": courier.speed,
        "chaos": chaos,
    }


def _disturb(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Replace what goes wrong; an empty body ends it."""
    sandbox.webhooks.disturb(
        Chaos(
            double=body.get("double", 0),
            drop=body.get("drop", 0),
            shuffle=body.get("shuffle", 0),
            delay=body.get("delayMs", 0),
            seed=body.get("seed", 0),
        )
    )
    return _status(sandbox, body, given)


def _shuffle(value: Any) -> float:
    """Read the longest delay of a first attempt; true is a second."""
    return 1000 * value if isinstance(value, bool) else _between(0, 600_000)(value)


def _pause(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    sandbox.webhooks.courier.paused = True
    return _status(sandbox, body, given)


def _resume(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    sandbox.webhooks.courier.paused = False
    return _status(sandbox, body, given)


def _speed(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    sandbox.webhooks.courier.speed = body["speed"]
    return _status(sandbox, body, given)


_ANY_SETTING = {
    "enabled": optional(parameters.flag),
    "secretToken": optional(parameters.text, nullable=True),
}
ROUTES = [
    route("/webhooks", "GET", _list),
    route(
        "/webhooks",
        "POST",
        _create,
        {
            "webhookType": required(parameters.one_of(*WEBHOOK_TYPES, *SET_BY_HAND)),
            "requestUrl": required(parameters.url),
            "ping": optional(parameters.flag),
            **_ANY_SETTING,
        },
    ),
    route("/webhooks/deliveries", "GET", _deliveries),
    route("/webhooks/idle", "GET", _status),
    route(
        "/webhooks/chaos",
        "POST",
        _disturb,
        {
            "double": optional(_between(0, 1)),
            "drop": optional(_between(0, 1)),
            "shuffle": optional(_shuffle),
            "delayMs": optional(_between(0, 600_000)),
            "seed": optional(parameters.whole(0, 2**31)),
        },
    ),
    route("/webhooks/pause", "POST", _pause),
    route("/webhooks/resume", "POST", _resume),
    route("/webhooks/speed", "POST", _speed, {"speed": required(_between(0.001, 1_000_000))}),
    route("/webhooks/{id}", "POST", _change, {"requestUrl": optional(parameters.url), **_ANY_SETTING}),
    route("/webhooks/{id}", "DELETE", _delete),
]
