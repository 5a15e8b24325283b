"""Ids longer than the table's keys can be: refused before anything is read, and never a failure of ours."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.integration.stack import Stack
from tests.integration.test_key_rights import kept

LONGEST = "ह" * 250
"""The longest owner: 250 letters of three bytes each."""


def test_the_longest_owner_does_all_that_any_does(stack: Stack) -> None:
    path = stack.connect(LONGEST)

    made = stack.call("POST", f"{path}/sessions", body={})
    session = {"x-api-key": stack.public_key, "x-session-token": made.json["sessionToken"]}
    assert stack.call("GET", "/v1/resources/genericContact", session, query={"limit": "1"}).status == 200
    assert stack.call("POST", f"{path}/links", body={}).status == 200
    assert stack.call("PATCH", path, body={"events": ["genericContact::created"]}).status == 200
    assert stack.call("GET", f"{path}/sync").status == 200
    page = stack.call("GET", "/v1/connections", query={"limit": "1"})
    assert page.json["data"][0]["ownerId"] == LONGEST
    assert stack.call("DELETE", path).status == 204


@pytest.mark.parametrize("owner", ["\U00020000" * 188, "\U00020000" * 250, "a" * 251, LONGEST + "a"])
def test_a_longer_one_is_none(stack: Stack, owner: str) -> None:
    before = kept(stack)

    refused = stack.call("POST", f"/v1/connections/ashby/{quote(owner)}", body={"operations": []})

    assert (refused.status, refused.code) == (400, "MORPH::BAD_REQUEST")
    assert kept(stack) == before


@pytest.mark.parametrize("connector", ["a" * 3000, "a" * 200_000, "nobody", "", "[object Object]"])
def test_a_session_token_that_names_no_connector_is_none(stack: Stack, connector: str) -> None:
    stack.connect("acme")
    place = base64.urlsafe_b64encode(f"{connector}\0acme".encode()).decode().rstrip("=")
    stack.aws_calls.clear()

    answer = stack.call(
        "GET", "/v1/s/connection", {"x-api-key": stack.public_key, "x-session-token": f"sess_x.{place}"}
    )

    assert (answer.status, answer.code) == (401, "MORPH::SESSION::TOKEN_VALIDATION_FAILED")
    assert stack.aws_calls["BatchGetItem"] == 0


@pytest.mark.parametrize("model", ["m" * 81, "m" * 1100, "m" * 3000, "é" * 600, "a#b", "m.n"])
def test_a_model_that_can_be_none_is_none(stack: Stack, model: str) -> None:
    path = stack.connect("acme")
    name = quote(model)
    headers = stack.of("acme")

    for method, target in (
        ("GET", f"/v1/resources/{name}"),
        ("GET", f"/v1/resources/{name}/1"),
        ("GET", f"/v1/models/{name}/fields"),
        ("GET", f"/v1/connectors/ashby/models/{name}"),
        ("DELETE", f"/v1/connectors/ashby/models/{name}"),
        ("GET", f"/v1/connectors/ashby/mappings/{name}"),
        ("GET", f"{path}/mappings/{name}"),
    ):
        answer = stack.call(method, target, headers)
        assert (answer.status, answer.code) == (404, "CONNECTOR::RESOURCE_MODEL::NOT_FOUND"), target
