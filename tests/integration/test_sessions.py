"""Sessions: what a browser is given, what it may do with it, and when that ends."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.stack import Stack
from tests.integration.test_lifecycle import second_project

PATH = "/v1/connections/ashby/acme"
LIST = "genericContact::list"
CONTACTS = "/v1/resources/genericContact"


def test_a_session_is_the_union_of_both_shapes_that_morphs_client_reads(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST])

    made = stack.call("POST", f"{PATH}/sessions", body={"expiresIn": 600, "connection": {}}).json

    assert made == {
        "object": "session",
        "connectorId": "ashby",
        "ownerId": "acme",
        "connection": {"connectorId": "ashby", "ownerId": "acme", "operations": [LIST]},
        "sessionToken": made["sessionToken"],
        "expiresAt": made["expiresAt"],
    }
    lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    assert 595 < lasts.total_seconds() <= 600


@pytest.mark.parametrize("seconds", [1, 30 * 60 * 60, 7 * 24 * 60 * 60])
def test_a_session_lasts_a_second_to_a_week(stack: Stack, seconds: int) -> None:
    """The first two are those of Morph's own published examples."""
    stack.connect("acme", operations=[LIST])

    made = stack.call("POST", f"{PATH}/sessions", body={"expiresIn": seconds, "connection": {}}).json

    lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    assert seconds - 5 < lasts.total_seconds() <= seconds


def test_a_session_lasts_half_an_hour_unless_said_otherwise(stack: Stack) -> None:
    made = stack.call("POST", f"{PATH}/sessions", body={"connection": {}}).json

    lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    assert 1795 < lasts.total_seconds() <= 1800


@pytest.mark.parametrize("body", [{"connection": {}}, {}, {"connection": {"operations": [LIST]}}])
def test_a_session_makes_the_connection_where_there_is_none(stack: Stack, body: dict[str, Any]) -> None:
    headers = stack.session(**body)

    own = stack.call("GET", "/v1/s/connection", headers).json
    assert own["status"] == "unauthorized"
    assert own["operations"] == body.get("connection", {}).get("operations", [])


def test_a_session_without_operations_keeps_those_of_the_connection(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST])

    stack.session()

    assert stack.call("GET", PATH).json["operations"] == [LIST]


def test_a_session_with_operations_replaces_those_of_the_connection(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST, "genericUser::list"])

    stack.session(connection={"operations": [LIST]})

    assert stack.call("GET", PATH).json["operations"] == [LIST]


def test_the_token_is_kept_only_as_a_fingerprint(stack: Stack) -> None:
    headers = stack.session()

    secret = headers["x-session-token"].partition(".")[0]
    assert secret not in str(stack.items())


@pytest.mark.parametrize("prefix", ["/v1/resources", "/v1/s/resources"])
def test_a_browser_reads_with_its_session_alone(stack: Stack, prefix: str) -> None:
    stack.connect("acme")
    headers = stack.session()

    assert len(stack.call("GET", f"{prefix}/genericContact", headers, query={"limit": "2"}).json["data"]) == 2


def test_a_session_beside_a_secret_key_decides(stack: Stack) -> None:
    stack.connect("acme", operations=[])
    headers = {**stack.keys(), **stack.session()}

    refused = stack.call("GET", CONTACTS, headers)

    assert refused.code == "MORPH::CONNECTION::OPERATION_NOT_GRANTED"
    assert "session" in refused.json["detail"]


def test_a_session_does_what_it_was_given_even_when_the_connection_got_more(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST])
    headers = stack.session()
    stack.call("PATCH", PATH, body={"operations": [LIST, "genericUser::list"]})

    assert stack.call("GET", "/v1/resources/genericUser", headers).status == 403
    assert stack.call("GET", CONTACTS, headers).status == 200


def test_a_session_opens_no_other_connection(stack: Stack) -> None:
    stack.connect("acme")
    stack.connect("other")
    headers = stack.session()

    answer = stack.call("GET", CONTACTS, {**headers, "x-owner-id": "other"})

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    moved = {**headers, "x-session-token": _moved(headers["x-session-token"], "ashby\0other")}
    assert stack.call("GET", CONTACTS, moved).code == "MORPH::SESSION::TOKEN_VALIDATION_FAILED"


def test_a_session_is_worth_nothing_to_another_project(stack: Stack) -> None:
    stack.connect("acme")
    headers = stack.session()
    other = second_project(stack)
    before = stack.items()

    for path, method in ((CONTACTS, "GET"), ("/v1/s/connection", "GET"), ("/v1/s/connection", "DELETE")):
        answer = stack.call(method, path, {**headers, "x-api-key": other["x-api-key"]})
        assert (answer.status, answer.code) == (401, "MORPH::SESSION::TOKEN_VALIDATION_FAILED")
    assert stack.items() == before


def test_a_session_needs_its_projects_public_key(stack: Stack) -> None:
    stack.connect("acme")
    headers = stack.session()

    for key in ("", "pk_unknown"):
        assert stack.call("GET", CONTACTS, {**headers, "x-api-key": key}).code == "MORPH::UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("PATCH", PATH),
        ("DELETE", PATH),
        ("GET", "/v1/connections"),
        ("POST", f"{PATH}/sessions"),
        ("GET", "/v1/connectors/ashby"),
    ],
)
def test_a_session_is_not_a_secret_key(stack: Stack, method: str, path: str) -> None:
    stack.connect("acme")
    headers = stack.session()

    answer = stack.call(method, path, headers, body={} if method in ("PATCH", "POST") else None)

    assert (answer.status, answer.code) == (401, "MORPH::UNAUTHENTICATED")


def test_a_session_ends_in_time_even_while_its_item_is_still_there(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.connect("acme")
    headers = stack.session(expiresIn=60)
    assert stack.call("GET", CONTACTS, headers).status == 200

    later = time.time() + 61
    monkeypatch.setattr("unified.api.access.time.time", lambda: later)

    assert stack.call("GET", CONTACTS, headers).code == "MORPH::SESSION::EXPIRED"


def test_a_session_ends_itself(stack: Stack) -> None:
    stack.connect("acme")
    headers, other = stack.session(), stack.session()

    assert stack.call("DELETE", "/v1/s/session", headers).status == 204

    assert stack.call("GET", CONTACTS, headers).code == "MORPH::SESSION::TOKEN_VALIDATION_FAILED"
    assert stack.call("GET", CONTACTS, other).status == 200


def test_all_sessions_of_a_connection_can_be_revoked(stack: Stack) -> None:
    stack.connect("acme")
    stack.connect("other")
    ended, kept = [stack.session(), stack.session()], stack.session("other")

    assert stack.call("DELETE", f"{PATH}/sessions").status == 204

    assert [stack.call("GET", CONTACTS, headers).status for headers in ended] == [401, 401]
    assert stack.call("GET", CONTACTS, kept).status == 200


def test_a_session_of_an_earlier_connection_does_not_fit_the_next_of_the_same_name(stack: Stack) -> None:
    stack.connect("acme")
    headers = stack.session()
    session = {key: item for key, item in stack.items().items() if key[1].startswith("SESSION#")}
    stack.call("DELETE", PATH)
    stack.connect("acme")
    _restore(session)

    answer = stack.call("GET", CONTACTS, headers)

    assert (answer.status, answer.code) == (404, "MORPH::CONNECTION::NOT_FOUND")


def test_a_session_authorizes_and_removes_its_own_connection(stack: Stack) -> None:
    headers = stack.session(connection={"operations": [LIST]})

    done = stack.call(
        "POST", "/v1/s/connection/authorization", headers, body={"settings": {"apiKey": "ashby_local_full"}}
    )
    assert done.json["status"] == "authorized"
    assert stack.call("GET", "/v1/s/connector", headers).json["id"] == "ashby"
    assert stack.call("GET", "/v1/s/connection", headers).json["status"] == "authorized"
    assert stack.call("DELETE", "/v1/s/connection", headers).status == 204

    assert stack.call("GET", PATH).status == 404


def test_a_secret_key_with_connection_headers_serves_the_sessions_routes_too(stack: Stack) -> None:
    stack.connect("acme")

    assert stack.call("GET", "/v1/s/connection", stack.of("acme")).json["ownerId"] == "acme"
    assert stack.call("GET", "/v1/s/connector", stack.of("acme")).json["id"] == "ashby"


def _moved(token: str, place: str) -> str:
    import base64

    return f"{token.partition('.')[0]}.{base64.urlsafe_b64encode(place.encode()).decode().rstrip('=')}"


def _restore(items: dict[tuple[str, str], Any]) -> None:
    """Put items back as if their deletion had not come through."""
    from unified import aws

    for item in items.values():
        aws.client("dynamodb").put_item(TableName="unified-test", Item=item)
