"""What is odd and still right: owner ids are the caller's own text, bodies come as API Gateway brings them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.stack import Answer, Stack, event

CONNECTION = "/v1/connections/ashby/new"
CONTACTS = "/v1/resources/genericContact"


OWNERS = [
    "user 1",
    "é",
    "Ünïcode 名前",
    "a@b.example",
    "org:1|2",
    "50%",
    "%2F",
    "x" * 250,
    "🙂",
    "-",
    "0",
    "user 1/é",
    "acme/authorization",
    "a?b#c",
    '"quoted" \\ `ticked`',
    "{connectorId}",
]


@pytest.mark.parametrize("owner", OWNERS)
def test_an_owner_id_is_the_callers_own_text(stack: Stack, owner: str) -> None:
    path = stack.connect(owner)

    assert stack.call("GET", path).json["ownerId"] == owner
    assert [one["ownerId"] for one in stack.call("GET", "/v1/connections").json["data"]] == [owner]
    listed = stack.call("GET", CONTACTS, stack.of(owner), query={"limit": "1"})
    assert len(listed.json["data"]) == 1
    session = stack.call("POST", f"{path}/sessions", body={"connection": {}}).json
    assert session["ownerId"] == owner
    own = {"x-api-key": stack.public_key, "x-session-token": session["sessionToken"]}
    assert stack.call("GET", "/v1/s/connection", own).json["ownerId"] == owner


def _as_text(stack: Stack) -> Answer:
    return stack.call("POST", CONNECTION, body={"operations": ["genericContact::list"]})


def _as_base64(stack: Stack) -> Answer:
    return stack.call("POST", CONNECTION, body={"operations": ["genericContact::list"]}, base64_body=True)


def _as_merge_patch(stack: Stack) -> Answer:
    headers = {**stack.keys(), "content-type": "application/vnd.api+json; charset=UTF-8"}
    return stack.call("POST", CONNECTION, headers, body={"operations": ["genericContact::list"]})


def _without_type(stack: Stack) -> Answer:
    built = event("POST", CONNECTION, headers=stack.keys(), body={"operations": ["genericContact::list"]})
    del built["headers"]["content-type"]
    return stack.send("connections", built)


@pytest.mark.parametrize("send", [_as_text, _as_base64, _as_merge_patch, _without_type])
def test_a_body_is_read_however_api_gateway_brings_it(stack: Stack, send: Callable[[Stack], Answer]) -> None:
    assert send(stack).json["operations"] == ["genericContact::list"]


def test_a_header_may_be_written_in_any_case(stack: Stack) -> None:
    stack.connect()
    built = event("GET", CONTACTS)
    built["headers"] = {name.title(): value for name, value in stack.of("acme").items()}

    assert stack.send("resources", built).status == 200


def test_every_operation_that_is_offered_can_be_given(stack: Stack) -> None:
    offered = stack.call("GET", "/v1/connectors/ashby").json["operations"]

    made = stack.call("POST", CONNECTION, body={"operations": offered})

    assert made.json["operations"] == offered


def test_a_slash_in_an_owner_id_makes_no_other_route_of_it(stack: Stack) -> None:
    stack.connect("acme", operations=[])

    made = stack.call("POST", "/v1/connections/ashby/acme%2Fsessions", body={"operations": []})

    assert (made.json["object"], made.json["ownerId"]) == ("connection", "acme/sessions")


@pytest.mark.parametrize("body", ["", None])
def test_an_empty_body_says_what_an_empty_object_says(stack: Stack, body: str | None) -> None:
    assert stack.call("POST", CONNECTION, body=body).json["operations"] == []
