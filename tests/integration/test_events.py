"""From a change in the account to an event: webhooks observed, sweeps, and what the ledger makes of both."""

from __future__ import annotations

import re
from typing import Any

import pytest

from admin.rewrap import rewrap_all
from unified import aws, projects
from unified.deliveries.endpoints import endpoints

from .cloud import forget
from .pump import Pump
from .stack import Stack

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture
def pump(stack: Stack) -> Pump:
    """Return the event sources of the test's deployment."""
    return Pump(stack)


def watch(stack: Stack, pump: Pump, events: list[str] | None = None) -> str:
    """Connect an account with events wanted, and sweep it for the first time."""
    path = stack.connect("acme")
    assert stack.call("PATCH", path, body={"events": events or ["*"]}).status == 200
    pump.tick()
    pump.run()
    return path


def seen(stack: Stack) -> list[dict[str, Any]]:
    """Return all events, oldest first."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = stack.call("GET", "/v1/events", query={"limit": "100", **({"cursor": cursor} if cursor else {})}).json
        found += page["data"]
        cursor = page["next"]
        if cursor is None:
            return found[::-1]


def test_a_first_sweep_fills_the_ledger_silently_but_for_the_workspace(stack: Stack, pump: Pump) -> None:
    watch(stack, pump)

    assert [event["event"] for event in seen(stack)] == ["genericWorkspace::created"]
    known = {sk.partition("#")[0] for pk, sk in stack.items() if pk.startswith("LEDGER#")}
    assert len(known) == 10


@pytest.mark.parametrize("by", ["PATCH", "session"])
def test_events_that_are_wanted_now_are_looked_for_without_waiting_for_a_tick(
    stack: Stack, pump: Pump, by: str
) -> None:
    path = stack.connect("acme")
    pump.run()
    assert seen(stack) == []

    if by == "PATCH":
        assert stack.call("PATCH", path, body={"events": ["*"]}).status == 200
    else:
        stack.session(connection={"events": ["*"]})
    pump.run()

    assert [event["event"] for event in seen(stack)] == ["genericWorkspace::created"]


def sweep(stack: Stack, pump: Pump, path: str, **asked: Any) -> None:
    """Have the account looked through now."""
    assert stack.call("POST", f"{path}/sync", body=asked).status == 200
    pump.run()


def test_a_sweep_tells_once_of_what_no_webhook_told(stack: Stack, pump: Pump) -> None:
    path = watch(stack, pump)
    organisation = stack.sandbox.organisation
    before = len(seen(stack))
    person = organisation.candidates.at(3)
    assert person is not None

    organisation.save("candidate", {**person, "name": "Somebody Else"})
    for _ in range(3):
        sweep(stack, pump, path)

    (event,) = seen(stack)[before:]
    assert event["event"] == "genericContact::updated"
    assert event["data"] == {"object": "resourceRef", "model": "genericContact", "id": person["id"]}
    assert event["version"] == 1


def test_a_new_connection_tells_of_all_there_is_when_asked_to(stack: Stack, pump: Pump) -> None:
    assert stack.call("PATCH", "/v1/event-settings", body={"backfill": True, "thin": False}).status == 200
    watch(stack, pump, ["genericUser::created"])

    events = seen(stack)
    assert {event["event"] for event in events} == {"genericUser::created"}
    assert len(events) == len([1 for user in range(10_000) if stack.sandbox.organisation.users.at(user)])
    one = stack.call("GET", f"/v1/events/{events[0]['id']}").json
    assert one["data"]["fields"]["email"]


def test_all_that_is_sealed_is_wrapped_anew_and_opens_as_before(
    stack: Stack, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack.call("PATCH", "/v1/event-settings", body={"backfill": True, "thin": False}).status == 200
    made = stack.call(
        "POST", "/v1/webhook-endpoints", body={"url": "https://hooks.example.com/", "events": ["atsOffer::deleted"]}
    )
    assert made.status == 201, made.text
    watch(stack, pump, ["genericUser::created"])
    (event, *_) = seen(stack)
    old = dict(stack.items())
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    monkeypatch.setenv("KEY_ARN", key)
    forget()

    project = projects.projects().find(stack.public_key)
    assert project is not None
    done = rewrap_all(project)

    assert done["skipped"] == 0
    assert _key_ids(stack.items()) == {key}
    assert _key_ids(old) != {key}
    assert stack.call("GET", f"/v1/events/{event['id']}").json["data"] == event["data"]
    (endpoint,) = endpoints().all(stack.project_id)
    assert [secret.reveal() for secret in endpoints().secrets(endpoint, 0)] == [made.json["secret"]]


def _key_ids(items: Any) -> set[str]:
    """Return the KMS keys that anything in the table is sealed under."""
    return set(re.findall(r"'keyId': {'S': '([^']+)'", str(list(items.values()))))
