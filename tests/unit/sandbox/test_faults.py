"""Faults as a client sees them, over real connections."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.gate import ConnectionDropped
from sandbox.state import Sandbox

KEY = ("ashby_local_full", "")
NEW = {"name": "Written"}


@pytest.fixture
def wire(app: Starlette, serve: Callable[[Any], str]) -> Iterator[httpx.Client]:
    """Return a client that talks to the sandbox over a socket."""
    with httpx.Client(base_url=serve(app), auth=KEY, trust_env=False) as client:
        yield client


def written(sandbox: Sandbox) -> int:
    """Count the candidates made by a create that took effect."""
    return len(sandbox.organisation.search.find(email=None, name="written"))


def fault(wire: httpx.Client, **rule: Any) -> dict[str, Any]:
    """Add a fault rule."""
    answer = wire.post("/_sandbox/faults", json=rule)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_drop_before_closes_the_connection_without_effect_and_without_a_500(
    wire: httpx.Client, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    fault(wire, endpoint="candidate.create", kind="drop_before", times=1)
    with caplog.at_level(logging.ERROR), pytest.raises(httpx.RemoteProtocolError):
        wire.post("/candidate.create", json=NEW)
    assert written(sandbox) == 0
    assert caplog.records == []
    assert sandbox.calls.latest(1)[0]["status"] == 0


def test_drop_after_closes_the_connection_but_the_write_happened(wire: httpx.Client, sandbox: Sandbox) -> None:
    fault(wire, endpoint="candidate.create", kind="drop_after", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        wire.post("/candidate.create", json=NEW)
    assert written(sandbox) == 1
    assert wire.post("/candidate.create", json=NEW).json()["success"] is True


def test_truncated_announces_more_than_it_sends(
    wire: httpx.Client, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    fault(wire, endpoint="candidate.create", kind="truncated", times=1)
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"),
    ):
        wire.post("/candidate.create", json=NEW)
    assert written(sandbox) == 1
    assert caplog.records == []


def test_malformed_is_a_200_that_is_not_json(wire: httpx.Client) -> None:
    fault(wire, endpoint="candidate.*", kind="malformed")
    answer = wire.post("/candidate.list", json={})
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


def test_a_drop_in_process_raises_at_the_caller(client: httpx.Client, sandbox: Sandbox) -> None:
    fault(client, endpoint="candidate.create", kind="drop_after", times=1)
    with pytest.raises(ConnectionDropped):
        client.post("/candidate.create", json=NEW, auth=KEY)
    assert written(sandbox) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_status_answers_with_that_status_and_retry_after_and_no_effect(
    status: int, client: httpx.Client, sandbox: Sandbox
) -> None:
    fault(client, endpoint="candidate.create", kind="status", status=status, retryAfter=7)
    answer = client.post("/candidate.create", json=NEW, auth=KEY)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert "x-ratelimit-scope" not in answer.headers
    assert answer.json()["success"] is False
    assert written(sandbox) == 0


def test_a_partner_wide_429_names_its_scope(client: httpx.Client) -> None:
    fault(client, endpoint="*", kind="status", status=429, retryAfter=1, partner=True)
    answer = client.post("/user.list", json={}, auth=KEY)
    assert answer.headers["x-ratelimit-scope"] == "integration-partner"


@pytest.mark.parametrize(
    ("shape", "errors", "has_info"),
    [
        ("CODES_AND_INFO", ["made_up"], True),
        ("CODES_ONLY", ["made_up"], False),
        ("DETAILS_AND_INFO", [{"message": "Why"}], True),
        ("DETAILS_ONLY", [{"message": "Why"}], False),
        ("INFO_ONLY", None, True),
    ],
)
def test_failure_is_a_200_in_any_of_the_error_shapes(
    shape: str, errors: Any, has_info: bool, client: httpx.Client
) -> None:
    fault(client, endpoint="user.info", kind="failure", code="made_up", message="Why", shape=shape)
    answer = client.post("/user.info", json={}, auth=KEY)
    assert (answer.status_code, answer.json().get("errors"), "errorInfo" in answer.json()) == (200, errors, has_info)


def test_latency_delays_the_real_answer(client: httpx.Client) -> None:
    fault(client, endpoint="brand.list", kind="latency", milliseconds=80)
    answer = client.post("/brand.list", json={}, auth=KEY)
    assert answer.json()["success"] is True
    assert client.get("/_sandbox/calls?limit=1").json()["calls"][0]["fault"] == "latency"


def test_skip_and_times_pick_the_calls_that_fail(client: httpx.Client) -> None:
    fault(client, endpoint="user.list", kind="status", status=500, skip=1, times=2)
    statuses = [client.post("/user.list", json={}, auth=KEY).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]


def test_a_fault_for_one_key_leaves_other_callers_alone(client: httpx.Client) -> None:
    added = fault(client, endpoint="user.list", kind="status", status=500, times=1, key=KEY[0])
    callers = [("ashby_local_readonly", ""), KEY, KEY]
    assert [client.post("/user.list", json={}, auth=caller).status_code for caller in callers] == [200, 500, 200]
    assert added["key"].startswith("ashb…")


def test_other_endpoints_and_the_admin_routes_are_untouched(client: httpx.Client) -> None:
    fault(client, endpoint="candidate.*", kind="status", status=500)
    assert client.post("/user.list", json={}, auth=KEY).status_code == 200
    fault(client, endpoint="*", kind="status", status=500)
    assert client.get("/_sandbox/").status_code == 200


def test_the_token_endpoint_can_fail_too(client: httpx.Client) -> None:
    fault(client, endpoint="oauth.token", kind="status", status=503, times=1)
    assert client.post("/oauth/token", data={}).status_code == 503
    assert client.post("/oauth/token", data={}).status_code == 401


def test_faults_are_listed_and_cleared_one_by_one_or_all(client: httpx.Client) -> None:
    first = fault(client, endpoint="a.*", kind="status")
    fault(client, endpoint="b.*", kind="drop_before", times=3)
    assert [rule["endpoint"] for rule in client.get("/_sandbox/faults").json()["faults"]] == ["a.*", "b.*"]
    assert client.request("DELETE", "/_sandbox/faults", json={"id": first["id"]}).json() == {"removed": 1}
    assert client.request("DELETE", "/_sandbox/faults").json() == {"removed": 1}
    assert client.get("/_sandbox/faults").json() == {"faults": []}


@pytest.mark.parametrize(
    "rule",
    [{"endpoint": "x"}, {"endpoint": "x", "kind": "explode"}, {"endpoint": "x", "kind": "status", "status": 200}],
)
def test_a_wrong_rule_is_a_400(rule: dict[str, Any], client: httpx.Client) -> None:
    assert client.post("/_sandbox/faults", json=rule).status_code == 400
