"""What a narrow key must not come by roundabout: by what a write answers, by a model of its own, by a list's length."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.stack import ALL_OPERATIONS, Item, Stack
from tests.integration.test_custom_models import DEPARTMENT, TAG
from tests.integration.test_key_rights import CONTACTS, FORBIDDEN, all_pages, kept, key
from unified.connections.lifecycle import _new
from unified.connections.records import Reference
from unified.connections.store import store
from unified.grants import FULL, Grant

WHOLE = {"returnResource": "true"}
CREATE, UPDATE, RETRIEVE = (f"genericContact::{verb}" for verb in ("create", "update", "retrieve"))


def a_contact(stack: Stack) -> str:
    return next(iter(stack.sandbox.organisation.candidates))["id"]


# -- what a write answers ----------------------------------------------------------------------------------------


def test_a_key_that_only_writes_reads_no_record_by_writing(stack: Stack) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    holder = key(stack, Grant(operations=(CREATE, UPDATE), needs=frozenset()))
    calls = stack.sandbox.calls.by_endpoint.copy()
    before = kept(stack)

    for method, path in (("PATCH", f"{CONTACTS}/{a_contact(stack)}"), ("POST", CONTACTS)):
        asked = {"firstName": "Grace", "lastName": "Hopper"}
        refused = stack.call(method, path, {**holder, "idempotency-key": method}, body=asked, query=WHOLE)
        assert (refused.status, refused.code) == FORBIDDEN
        assert RETRIEVE in refused.json["detail"]

    assert stack.sandbox.calls.by_endpoint == calls
    assert kept(stack) == before


def test_it_still_writes_and_gets_a_reference(stack: Stack) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    holder = key(stack, Grant(operations=(CREATE, UPDATE), needs=frozenset()))

    done = stack.call("PATCH", f"{CONTACTS}/{a_contact(stack)}", holder, body={"phoneNumber": "+1 555 0100"})

    assert done.status == 200
    assert done.json.keys() == {"object", "model", "id", "remote"}
    assert done.json["remote"] == {"id": done.json["id"]}


def test_who_may_read_too_gets_the_whole_record(stack: Stack) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    holder = key(stack, Grant(operations=(UPDATE, RETRIEVE), needs=frozenset()))
    path = f"{CONTACTS}/{a_contact(stack)}"

    for headers in (holder, stack.of("acme"), stack.session()):
        done = stack.call("PATCH", path, headers, body={"phoneNumber": "+1 555 0100"}, query=WHOLE)
        assert done.json["object"] == "resource", done.text


@pytest.mark.parametrize("operations", [[UPDATE], ["genericContact::list", UPDATE]])
def test_a_connection_or_session_that_was_not_given_reading_answers_no_record(
    stack: Stack, operations: list[str]
) -> None:
    stack.connect("acme", operations=operations)
    path = f"{CONTACTS}/{a_contact(stack)}"

    for headers in (stack.of("acme"), stack.session()):
        refused = stack.call("PATCH", path, headers, body={"phoneNumber": "+1 555 0100"}, query=WHOLE)
        assert (refused.status, refused.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
        assert RETRIEVE in refused.json["detail"]


# -- models of its own -------------------------------------------------------------------------------------------

WIDGET: dict[str, Any] = {
    "name": "Widget",
    "endpoints": {
        "list": {"endpoint": "candidate.list"},
        "create": {"endpoint": "candidate.create"},
        "update": {"endpoint": "candidate.anonymize", "idParameter": "candidateId"},
    },
    "fields": [{"key": "name", "type": "text", "source": {"path": "name"}, "parameter": "name"}],
}
MODEL = "/v1/connections/ashby/acme/models/widget"


@pytest.mark.parametrize(
    ("proxy", "named"),
    [
        ((), "candidate.list"),
        (("read",), "candidate.create"),
        (("candidate.list", "candidate.create"), "candidate.anonymize"),
    ],
)
def test_a_model_leads_to_no_endpoint_that_its_key_has_not(stack: Stack, proxy: tuple[str, ...], named: str) -> None:
    stack.connect("acme", operations=["genericContact::list"])
    holder = key(stack, Grant(operations=("widget::*",), proxy=proxy, needs=frozenset({"manage", "admin"})))
    before, listed = kept(stack), stack.upstream("candidate.list")

    refused = stack.call("PUT", MODEL, holder, body=WIDGET)

    assert (refused.status, refused.code) == FORBIDDEN
    assert named in refused.json["detail"]
    assert stack.upstream("candidate.list") == listed
    assert kept(stack) == before


@pytest.mark.parametrize(
    ("proxy", "definition"),
    [
        (("read",), DEPARTMENT),
        (("department.list", "department.info"), DEPARTMENT),
        (("*",), TAG),
    ],
)
def test_with_its_endpoints_it_is_defined(stack: Stack, proxy: tuple[str, ...], definition: dict[str, Any]) -> None:
    stack.connect("acme")
    holder = key(stack, Grant(operations=(), proxy=proxy, needs=frozenset({"admin"})))

    assert stack.call("PUT", MODEL, holder, body=definition).status == 200


# -- lists -------------------------------------------------------------------------------------------------------


def make(stack: Stack, *owners: str) -> None:
    """Put connections into the table."""
    for owner in owners:
        store().create(_new(Reference(stack.project_id, "ashby", owner), (), ()))


@pytest.mark.parametrize("limit", ["1", "2", "100"])
@pytest.mark.parametrize(
    "pattern",
    ["ashby/zz", "ashby/zz*", "ashby/z*", "ashby/*"],
)
def test_a_list_costs_what_it_shows_and_not_what_it_hides(stack: Stack, pattern: str, limit: str) -> None:
    hidden = [] if pattern == "ashby/*" else [f"a{number:03}" for number in range(40)]
    make(stack, *hidden, "zz")
    holder = key(stack, FULL._replace(connections=(pattern,)))
    stack.call("GET", "/v1/connections", holder, query={"limit": "1"})
    stack.aws_calls.clear()

    page = stack.call("GET", "/v1/connections", holder, query={"limit": limit})

    assert [one["ownerId"] for one in page.json["data"]] == ["zz"]
    assert page.json["next"] is None
    assert sum(stack.aws_calls.values()) == 1


@pytest.mark.parametrize("limit", ["1", "2", "3", "100"])
def test_a_list_of_many_patterns_shows_each_connection_once_and_in_order(stack: Stack, limit: str) -> None:
    owners = ["a", "a#", "a-1", "a-2", "a.3", "b", "b-1", "c", "d", "é-1", "é-2"]
    make(stack, *owners)
    patterns = ("ashby/a-*", "ashby/d", "ashby/a-1", "ashby/b*", "ashby/b", "ashby/none", "ashby/é-*", "ashby/a#")
    holder = key(stack, FULL._replace(connections=patterns))

    found, cursors = all_pages(stack, "/v1/connections", holder, limit=limit)

    shown = ["a#", "a-1", "a-2", "b", "b-1", "d", "é-1", "é-2"]
    assert [one["ownerId"] for one in found] == shown
    assert {cursor.rpartition("#")[2] or "a#" for cursor in cursors} <= {"", *shown}
    of_connector, _ = all_pages(stack, "/v1/connections", holder, limit=limit, connectorId="ashby")
    assert of_connector == found


def test_a_pattern_is_no_way_to_spell_another_connections_key(stack: Stack) -> None:
    make(stack, "b#c")
    holder = key(stack, FULL._replace(connections=("ashby#b/c", "ashby#b/*")))

    assert all_pages(stack, "/v1/connections", holder) == ([], [])


def test_a_key_of_hundreds_of_owners_is_read_by_the_hundred(stack: Stack) -> None:
    owners = [f"o{number:03}" for number in range(250)]
    make(stack, owners[-1])
    holder = key(stack, FULL._replace(connections=tuple(f"ashby/{owner}" for owner in owners)))
    stack.call("GET", "/v1/connections", holder)
    stack.aws_calls.clear()

    page = stack.call("GET", "/v1/connections", holder, query={"limit": "1"})

    assert [one["ownerId"] for one in page.json["data"]] == [owners[-1]]
    assert sum(stack.aws_calls.values()) == 3


# -- what is noted -----------------------------------------------------------------------------------------------


def noted(stack: Stack) -> list[tuple[str, str, str, str]]:
    """Return the audit: of what, by whom, what was done and how it ended."""
    found: list[tuple[str, Item]] = [(pk, item) for (pk, _), item in stack.items().items() if pk.startswith("AUDIT#")]
    return [(pk.split("#", 2)[2], item["actor"]["S"], item["action"]["S"], item["outcome"]["S"]) for pk, item in found]


@pytest.mark.parametrize(
    ("method", "path", "body", "action", "outcome"),
    [
        ("PATCH", "/v1/event-settings", {"thin": False, "sweepMinutes": 30}, "eventSettings.update", None),
        ("PUT", "/v1/connectors/ashby/mappings/genericContact", {"rules": []}, "mapping.update", "genericContact"),
        ("DELETE", "/v1/connectors/ashby/models/atsDepartment", None, "model.delete", "atsDepartment"),
    ],
)
def test_what_holds_for_a_whole_project_is_noted_with_its_key(
    stack: Stack, method: str, path: str, body: Any, action: str, outcome: str | None
) -> None:
    stack.connect("acme")
    assert stack.call("PUT", "/v1/connections/ashby/acme/models/atsDepartment", body=DEPARTMENT).status == 200
    before = noted(stack)

    assert stack.call(method, path, body=body).status in (200, 204)

    (one,) = [record for record in noted(stack) if record not in before]
    assert one == ("*#*", f"key:{stack.secret_id}", action, outcome or "sweepMinutes, thin")


def test_what_changes_nothing_is_not_noted(stack: Stack) -> None:
    before = noted(stack)

    assert stack.call("PATCH", "/v1/event-settings", body={}).status == 200
    assert stack.call("DELETE", "/v1/connectors/ashby/models/atsNone").status == 404
    assert noted(stack) == before


def test_what_a_session_does_is_noted_with_the_session_and_the_key_that_made_it(stack: Stack) -> None:
    stack.connect("acme")
    stack.session()
    session = stack.session()
    made = [outcome for _, _, action, outcome in noted(stack) if action == "session.create"]

    body = {"settings": {"apiKey": "ashby_local_full"}}
    assert stack.call("POST", "/v1/s/connection/authorization", session, body=body).status == 200
    assert stack.call("DELETE", "/v1/s/session", session).status == 204

    actors = {actor for _, actor, _, _ in noted(stack) if actor.startswith("session:")}
    (actor,) = actors
    name, _, key_of = actor.partition("/")
    assert name in made
    assert key_of == f"key:{stack.secret_id}"
    assert len(set(made)) == 2
    assert session["x-session-token"].partition(".")[0] not in json.dumps(list(map(str, stack.items().values())))
