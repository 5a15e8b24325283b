"""What a refusal tells whoever reads only its message, as Morph's client has it: what is wrong, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.stack import ROOT, Stack
from unified.ashby import CONNECTOR

CONTACTS = "/v1/resources/genericContact"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "docs" / "openapi.json").read_text(encoding="utf-8"))
# Routes of callers that have no parameters. What goes through the proxy is the provider's affair.
WITHOUT_QUERY = [
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if operation["security"]
    and "/proxy" not in path
    and not any("$ref" in one and "Idempotency" not in one["$ref"] for one in operation["parameters"])
]


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect a customer; returns the headers that name it."""
    stack.connect("acme")
    return stack.of("acme")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"sort": "name"}, "The query is not valid: sort is not offered: the connected account's API orders"),
        ({"email": "x"}, "email is not a parameter of this list: write filter[email]"),
        ({"Limit": "5"}, "Limit is not a parameter of this list (did you mean limit?)"),
        ({"fields": "emial"}, "fields names an unknown field: emial (did you mean email?)"),
        ({"fields": "shoeSize"}, "fields names an unknown field: shoeSize."),
        ({"expand": "job"}, "expand names no reference of genericContact: job; there is: "),
    ],
)
def test_a_message_says_which_parameter_and_why(
    stack: Stack, acme: dict[str, str], query: dict[str, str], told: str
) -> None:
    answer = stack.call("GET", CONTACTS, acme, query=query)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert told in answer.json["message"]


def test_a_message_has_an_end(stack: Stack, acme: dict[str, str]) -> None:
    """All that is wrong is in ``fields``."""
    few = stack.call("GET", CONTACTS, acme, query={f"wrong{number}": "x" for number in range(5)}).json
    long = stack.call("GET", CONTACTS, acme, query={letter * 90: "x" for letter in "abcdefgh"} | {"fields": "y" * 500})

    assert few["message"].endswith("; and 2 more.")
    assert len(few["fields"]) == 5
    assert len(long.json["message"]) <= 600


def test_a_message_repeats_no_value(stack: Stack, acme: dict[str, str]) -> None:
    written = stack.call(
        "POST", CONTACTS, acme, body={"firstName": "Ada", "email": "not-an-address", "emial": "secret"}
    )

    assert "email must be an e-mail address" in written.json["message"]
    assert "emial is not a field of this model (did you mean email?)" in written.json["message"]
    assert "not-an-address" not in written.text
    assert "secret" not in written.text


def test_a_misspelt_parameter_of_a_write_is_named(stack: Stack, acme: dict[str, str]) -> None:
    answer = stack.call("POST", CONTACTS, acme, query={"returnresource": "true"}, body={"firstName": "Ada"})

    assert [one["field"] for one in answer.json["fields"]] == ["returnresource"]
    assert "did you mean returnResource?" in answer.json["message"]
    answer = stack.call("POST", CONTACTS, acme, query={"returnResource": "yes"}, body={"firstName": "Ada"})
    assert answer.json["fields"] == [{"field": "returnResource", "message": "must be true or false"}]


def test_an_unknown_model_is_answered_with_those_there_are(stack: Stack, acme: dict[str, str]) -> None:
    answer = stack.call("GET", "/v1/resources/genericContacts", acme)

    assert (answer.status, answer.code) == (404, "CONNECTOR::RESOURCE_MODEL::NOT_FOUND")
    assert all(model in answer.json["message"] for model in CONNECTOR.model_ids)
    assert "GET /v1/connectors/ashby" in answer.json["message"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/connections", "GET"),
        ("PUT", "/v1/connections/ashby/acme", "DELETE, GET, PATCH, POST"),
        ("PUT", f"{CONTACTS}/some-id", "DELETE, GET, PATCH"),
        ("GET", "/v1/proxy", "POST"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_another_method_is_answered_with_those_there_are(stack: Stack, method: str, path: str, allow: str) -> None:
    answer = stack.call(method, path, {})

    assert (answer.status, answer.code) == (405, "MORPH::METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allow
    assert allow in answer.json["message"]


def test_the_description_is_found_from_where_it_is_not(stack: Stack) -> None:
    assert "GET /openapi.json (without /v1)" in stack.call("GET", "/v1/openapi.json", {}).json["message"]


@pytest.mark.parametrize(("method", "path"), WITHOUT_QUERY)
def test_a_route_without_parameters_refuses_any(stack: Stack, acme: dict[str, str], method: str, path: str) -> None:
    """Such as ``?expiresIn=5``, which belongs into the body: nothing that was wanted is passed over."""
    places = {"connector_id": "ashby", "owner_id": "acme", "model": "genericContact", "record_id": "r"}
    concrete = path.format(**places, endpoint_id="ep_1", event_id="evt_1")

    answer = stack.call(method, concrete, acme, query={"expiresIn": "5"}, body=None if method == "GET" else {})

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert [one["field"] for one in answer.json["fields"]] == ["expiresIn"]


def test_an_empty_key_is_not_taken_for_the_one_there_is(stack: Stack, acme: dict[str, str]) -> None:
    path = "/v1/connections/ashby/acme/authorization"

    answer = stack.call("POST", path, body={"settings": {"apiKey": ""}})

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert [one["field"] for one in answer.json["fields"]] == ["settings.apiKey"]
    assert stack.call("GET", CONTACTS, acme).status == 200


def test_an_empty_form_of_morphs_components_leads_to_the_connect_page(stack: Stack, acme: dict[str, str]) -> None:
    """They ask for ``mode=connect`` and may send their form's fields as they are."""
    path = "/v1/connections/ashby/acme/authorization"

    answer = stack.call("POST", path, query={"mode": "connect"}, body={"settings": {"apiKey": ""}})

    assert answer.status == 200
    assert "/connect/" in answer.json["authorizationUrl"]


def test_a_mapping_is_put_with_the_warnings_of_a_look_at_it(stack: Stack, acme: dict[str, str]) -> None:
    path = "/v1/connections/ashby/acme/mappings/genericContact"
    rules = {"rules": [{"key": "level", "source": {"customField": "nope"}}]}

    put = stack.call("PUT", path, body=rules)

    assert put.status == 200
    assert [one["code"] for one in put.json["warnings"]] == ["CONNECTOR::MAPPING::FIELD_GONE"]
    assert put.json == stack.call("GET", path).json
