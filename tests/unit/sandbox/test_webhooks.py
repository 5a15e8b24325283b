"""Webhook settings: the signed ping decides whether one is enabled."""

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.sandbox.receiving import SECRET, Receiver

Ashby = Callable[..., Any]


@pytest.fixture
def create(ashby: Ashby, url: str) -> Callable[..., Any]:
    """Create a setting for the receiver."""

    def make(**changes: Any) -> Any:
        return ashby(
            "webhook.create", **{"webhookType": "candidateHire", "requestUrl": url, "secretToken": SECRET, **changes}
        )

    return make


def test_creating_sends_a_signed_ping_and_enables(create: Callable[..., Any], receiver: Receiver, url: str) -> None:
    made = create()["results"]
    assert made == {
        "id": made["id"],
        "enabled": True,
        "requestUrl": url,
        "secretToken": SECRET,
        "webhookType": "candidateHire",
    }
    [(headers, body)] = receiver.received
    content = json.loads(body)
    assert (content["action"], content["data"]) == ("ping", {"webhookActionType": "ping"})
    expected = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    assert headers["ashby-signature"] == f"sha256={expected}"
    assert headers["user-agent"] == "Ashby-Webhook"


@pytest.mark.parametrize(("status", "enabled"), [(204, True), (302, True), (400, False), (500, False)])
def test_the_answer_to_the_ping_decides(
    status: int, enabled: bool, create: Callable[..., Any], receiver: Receiver
) -> None:
    receiver.status = status
    assert create()["results"]["enabled"] is enabled


def test_no_answer_saves_the_setting_disabled_and_enabling_needs_one(
    create: Callable[..., Any], ashby: Ashby, receiver: Receiver, url: str
) -> None:
    made = create(requestUrl="http://127.0.0.1:9/hook")["results"]
    assert made["enabled"] is False
    refused = ashby("webhook.update", webhookId=made["id"], enabled=True)
    assert refused == {"success": False, "errors": ["webhook_ping_failed"]}
    moved = ashby("webhook.update", webhookId=made["id"], enabled=True, requestUrl=url)["results"]
    assert (moved["enabled"], moved["requestUrl"]) == (True, url)
    receiver.status = 503
    assert ashby("webhook.update", webhookId=made["id"], secretToken="new")["results"]["enabled"] is False


def test_disabling_does_not_ping(create: Callable[..., Any], ashby: Ashby, receiver: Receiver) -> None:
    made = create()["results"]
    assert ashby("webhook.update", webhookId=made["id"], enabled=False)["results"]["enabled"] is False
    assert len(receiver.received) == 1


def test_info_keeps_the_secret_and_delete_names_the_webhook_id(create: Callable[..., Any], ashby: Ashby) -> None:
    made = create()["results"]
    shown = ashby("webhook.info", webhookId=made["id"])["results"]
    assert shown == {name: value for name, value in made.items() if name != "secretToken"}
    assert ashby("webhook.delete", webhookId=made["id"])["results"] == {"webhookId": made["id"]}
    assert ashby("webhook.info", webhookId=made["id"])["errors"] == ["webhook_not_found"]


def test_the_same_type_and_url_twice_is_a_duplicate(create: Callable[..., Any], ashby: Ashby) -> None:
    create()
    assert create()["errors"] == ["duplicate_webhook"]
    other = create(webhookType="offerCreate")["results"]
    assert other["enabled"] is True
    assert ashby("webhook.update", webhookId=other["id"], enabled=True)["success"] is True


def test_a_type_that_only_the_interface_can_set_is_refused(create: Callable[..., Any]) -> None:
    assert create(webhookType="jobCreate")["errorInfo"]["code"] == "invalid_input"


def test_an_update_without_changes_is_refused(create: Callable[..., Any], ashby: Ashby) -> None:
    made = create()["results"]
    assert ashby("webhook.update", webhookId=made["id"])["errorInfo"]["code"] == "invalid_input"
