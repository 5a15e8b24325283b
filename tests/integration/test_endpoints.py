"""Webhook endpoints by the API: made, changed, rotated, tried, removed, and by nobody but their project."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.deliveries_support import ENDPOINTS, Deployment, deployment
from tests.integration.test_lifecycle import second_project
from tests.unit.unified.deliveries.receiver import receiver, says
from unified import aws

__all__ = ["deployment"]

URL = "https://example.com/hooks"


def test_an_endpoint_is_made_and_its_secret_seen_once(deployment: Deployment) -> None:
    made = deployment.call(
        "POST",
        ENDPOINTS,
        body={
            "url": URL,
            "events": ["genericContact::*", "*::deleted", "genericContact::*"],
            "connections": [{"connectorId": "ashby", "ownerId": "a/b"}],
            "description": "CRM",
        },
    )

    assert made.status == 201
    endpoint = made.json
    secret = endpoint.pop("secret")
    assert endpoint == {
        "object": "webhookEndpoint",
        "id": endpoint["id"],
        "url": URL,
        "events": ["genericContact::*", "*::deleted"],
        "connections": [{"connectorId": "ashby", "ownerId": "a/b"}],
        "description": "CRM",
        "status": "enabled",
        "createdAt": endpoint["createdAt"],
        "updatedAt": endpoint["createdAt"],
    }
    assert secret.startswith("whsec_")
    path = f"{ENDPOINTS}/{endpoint['id']}"
    assert deployment.call("GET", path).json == endpoint
    assert deployment.call("GET", ENDPOINTS).json == {"data": [endpoint], "next": None}
    assert secret not in str(deployment.stack.items())


def test_without_a_choice_it_takes_what_each_connection_asks_for(deployment: Deployment) -> None:
    made = deployment.call("POST", ENDPOINTS, body={"url": URL}).json

    assert (made["events"], made["connections"], made["description"], made["status"]) == (None, None, "", "enabled")


def test_a_change_leaves_what_it_does_not_name(deployment: Deployment) -> None:
    endpoint = deployment.endpoint(description="CRM")
    path = f"{ENDPOINTS}/{endpoint['id']}"

    changed = deployment.call("PATCH", path, body={"events": None, "status": "disabled"}).json
    assert (changed["events"], changed["status"], changed["description"]) == (None, "disabled", "CRM")
    assert "secret" not in changed
    assert deployment.call("PATCH", path, body={}).json == changed

    again = deployment.call("PATCH", path, body={"url": "https://example.org/", "events": ["atsJob::created"]}).json
    assert (again["url"], again["events"], again["status"]) == ("https://example.org/", ["atsJob::created"], "disabled")


def test_enabling_it_again_forgets_that_it_failed(deployment: Deployment) -> None:
    endpoint = deployment.endpoint()
    from unified.deliveries.endpoints import endpoints

    store = endpoints()
    found = store.get(deployment.stack.project_id, endpoint["id"])
    assert found is not None
    store.failed(found, 1_700_000_000.0, gone=False)
    failing = deployment.call("GET", f"{ENDPOINTS}/{endpoint['id']}").json
    assert failing["failingSince"] == "2023-11-14T22:13:20.000Z"
    failed = store.get(deployment.stack.project_id, endpoint["id"])
    assert failed is not None
    assert store.failed(failed, 1_700_000_000.0, gone=True) == "gone"
    assert deployment.call("GET", f"{ENDPOINTS}/{endpoint['id']}").json["reason"] == "gone"

    enabled = deployment.call("PATCH", f"{ENDPOINTS}/{endpoint['id']}", body={"status": "enabled"}).json

    assert enabled["status"] == "enabled"
    assert not {"reason", "failingSince"} & set(enabled)
    kept = store.get(deployment.stack.project_id, endpoint["id"])
    assert kept is not None
    assert not kept.untold


def test_a_removed_endpoint_is_gone(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}"

    assert deployment.call("DELETE", path).status == 204
    assert deployment.call("GET", path).code == "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND"
    assert deployment.call("DELETE", path).code == "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND"
    assert deployment.call("GET", ENDPOINTS).json["data"] == []


def test_the_list_has_pages(deployment: Deployment) -> None:
    made = {deployment.endpoint()["id"] for _ in range(5)}

    seen: list[str] = []
    page: dict[str, Any] = deployment.call("GET", ENDPOINTS, query={"limit": "2"}).json
    seen += [one["id"] for one in page["data"]]
    while page["next"] is not None:
        page = deployment.call("GET", ENDPOINTS, query={"limit": "2", "cursor": page["next"]}).json
        seen += [one["id"] for one in page["data"]]

    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://user:pw@example.com/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": 5}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["genericContact"]}, "events.0"),
        ({"url": URL, "events": ["*", "genericContact::changed"]}, "events.1"),
        ({"url": URL, "events": ["genericFoo::created"]}, "events.0"),
        ({"url": URL, "connections": [{"connectorId": "ashby"}]}, "connections.0.ownerId"),
        ({"url": URL, "status": "paused"}, "status"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
        ({"url": URL, "description": "x" * 501}, "description"),
    ],
)
def test_what_is_wrong_is_named(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], field: str
) -> None:
    from unified import settings

    monkeypatch.setenv("DELIVERY_ALLOWED_NETWORKS", "")
    settings.settings.cache_clear()

    answer = deployment.call("POST", ENDPOINTS, body=body)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert [problem["field"] for problem in answer.json["fields"]] == [field]


@pytest.mark.parametrize("body", [{"url": None}, {"url": ""}, {"status": None}, {"description": None}, {"id": "ep_1"}])
def test_a_change_to_nothing_is_refused(deployment: Deployment, body: dict[str, Any]) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}"

    assert deployment.call("PATCH", path, body=body).status == 400


@pytest.mark.parametrize("query", [{"limit": "101"}, {"limit": ""}, {"cursor": "x"}, {"order": "asc"}])
def test_a_list_that_cannot_be_right_is_refused(deployment: Deployment, query: dict[str, str]) -> None:
    assert deployment.call("GET", ENDPOINTS, query=query).status == 400


@pytest.mark.parametrize("endpoint_id", ["ep_1", "undefined", "ep_" + "0" * 32, "EP_" + "0" * 32, "x" * 900])
def test_what_is_not_there_is_missing(deployment: Deployment, endpoint_id: str) -> None:
    for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")):
        answer = deployment.call(method, f"{ENDPOINTS}/{endpoint_id}{rest}")
        assert (answer.status, answer.code) == (404, "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND")


def test_another_projects_endpoint_is_missing(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}"
    other = second_project(deployment.stack)

    for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")):
        assert deployment.call(method, f"{path}{rest}", other).status == 404
    replay = deployment.call("POST", f"{path}/replay", other, body={"since": "2026-01-01T00:00:00Z"})
    assert replay.status == 404
    assert deployment.call("GET", ENDPOINTS, other).json["data"] == []


def test_a_session_may_not_do_any_of_it(deployment: Deployment) -> None:
    session = deployment.stack.session()

    for method, path in (("GET", ENDPOINTS), ("POST", ENDPOINTS), ("GET", "/v1/events"), ("GET", "/v1/event-settings")):
        assert deployment.call(method, path, session).status == 401


def test_a_project_has_only_so_many(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    from unified.api import endpoints

    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 1)
    deployment.endpoint()

    answer = deployment.call("POST", ENDPOINTS, body={"url": URL})

    assert (answer.status, answer.code) == (409, "MORPH::WEBHOOK_ENDPOINT::CONFLICT")


def test_connections_are_made_ready_for_what_is_wanted_now(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}"
    task = {
        "task": "prepare-project",
        "project": deployment.stack.project_id,
        "publicKey": deployment.stack.public_key,
    }
    assert deployment.tasks() == [task]
    deployment.call("PATCH", path, body={"description": "other"})
    deployment.call("POST", f"{path}/rotate")
    assert deployment.tasks() == []

    deployment.call("PATCH", path, body={"events": ["atsJob::*"]})
    deployment.call("PATCH", path, body={"status": "disabled"})
    deployment.call("DELETE", path)

    assert deployment.tasks() == [task, task, task]


def test_an_endpoint_is_made_though_nobody_can_be_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(aws.client("sqs"), "send_message_batch", refuse)

    assert deployment.endpoint()["status"] == "enabled"


def test_who_did_it_is_recorded(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}"
    deployment.call("POST", f"{path}/rotate")
    deployment.call("DELETE", path)

    audit = [item for (pk, _), item in sorted(deployment.stack.items().items()) if pk.startswith("AUDIT#")]
    assert [item["action"]["S"] for item in audit] == ["endpoint.create", "endpoint.rotate", "endpoint.delete"]
    assert {item["actor"]["S"] for item in audit} == {f"key:{deployment.stack.secret_id}"}


# -- rotation ----------------------------------------------------------------------------------------------------


def test_a_rotation_gives_a_new_secret(deployment: Deployment) -> None:
    endpoint = deployment.endpoint()

    rotated = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/rotate", body={"overlapSeconds": 60})

    assert rotated.status == 200
    assert rotated.json["secret"].startswith("whsec_")
    assert rotated.json["secret"] != endpoint["secret"]


@pytest.mark.parametrize("seconds", [-1, 604_801, "60", 1.5, None])
def test_an_overlap_is_a_week_at_most(deployment: Deployment, seconds: object) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}/rotate"

    assert deployment.call("POST", path, body={"overlapSeconds": seconds}).status == 400


def test_only_so_many_secrets_sign_at_a_time(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}/rotate"
    for _ in range(4):
        assert deployment.call("POST", path).status == 200

    assert deployment.call("POST", path).code == "MORPH::WEBHOOK_ENDPOINT::CONFLICT"
    assert deployment.call("POST", path, body={"overlapSeconds": 0}).status == 200


# -- the ping ----------------------------------------------------------------------------------------------------


def test_a_ping_is_signed_and_its_outcome_told(deployment: Deployment) -> None:
    from standardwebhooks import Webhook

    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url, status="disabled")
        answer = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/test")

    assert answer.json == {
        "object": "webhookEndpointTest",
        "endpointId": endpoint["id"],
        "status": 200,
        "latencyMs": answer.json["latencyMs"],
        "outcome": "delivered",
    }
    sent = Webhook(endpoint["secret"]).verify(there.body(), there.headers())
    assert (sent["event"], sent["data"]) == ("ping", {})


@pytest.mark.parametrize(("status", "kind"), [("404 Not Found", "status"), ("302 Found", "redirect")])
def test_a_ping_that_is_not_taken_says_why(deployment: Deployment, status: str, kind: str) -> None:
    with receiver(says(status, "location: http://169.254.169.254/")) as there:
        endpoint = deployment.endpoint(there.url)
        answer = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/test").json

    assert (answer["outcome"], answer["status"], answer["errorKind"]) == ("failed", int(status[:3]), kind)


def test_a_ping_to_a_name_of_a_private_address_is_refused(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    endpoint = deployment.endpoint("https://rebinding.example/")
    private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [private])

    answer = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/test").json

    assert (answer["outcome"], answer["status"], answer["errorKind"]) == ("refused", None, "privateAddress")
