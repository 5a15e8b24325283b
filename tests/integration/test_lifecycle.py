"""A connection's life over HTTP: made, listed, changed, authorized, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.chaos_support import Clock
from tests.integration.cloud import give_oauth_client
from tests.integration.pump import Pump
from tests.integration.stack import ALL_OPERATIONS, REDIRECT_URL, Item, Stack
from unified.connections.records import Reference
from unified.connections.store import store
from unified.connections.watch import QUIET_SECONDS

PATH = "/v1/connections/ashby/acme"
LIST = "genericContact::list"


def test_a_new_connection_is_unauthorized_and_holds_what_was_asked_for(stack: Stack) -> None:
    made = stack.call("POST", PATH, body={"operations": [LIST, "genericUser::list", LIST]}).json

    assert made == {
        "object": "connection",
        "connectorId": "ashby",
        "ownerId": "acme",
        "status": "unauthorized",
        "reason": "neverAuthorized",
        "operations": [LIST, "genericUser::list"],
        "events": [],
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert stack.call("GET", PATH).json == made


def test_creating_twice_is_a_conflict_that_leaves_the_first_as_it_is(stack: Stack) -> None:
    first = stack.call("POST", PATH, body={"operations": [LIST]}).json

    again = stack.call("POST", PATH, body={"operations": []})

    assert (again.status, again.code) == (409, "MORPH::CONNECTION::CREATION_FAILED")
    assert stack.call("GET", PATH).json == first


def test_update_replaces_the_operations(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": ALL_OPERATIONS})

    changed = stack.call("PATCH", PATH, body={"operations": [LIST]}).json

    assert changed["operations"] == [LIST]
    assert stack.call("GET", PATH).json == changed


def test_update_without_operations_keeps_them(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": [LIST]})

    changed = stack.call("PATCH", PATH, body={})

    assert changed.status == 200
    assert changed.json["operations"] == [LIST]


@pytest.mark.parametrize("body", [{"operations": [LIST]}, {}])
def test_update_creates_only_when_asked_to(stack: Stack, body: dict[str, Any]) -> None:
    assert stack.call("PATCH", PATH, body=body).status == 404
    assert stack.call("PATCH", PATH, query={"createIfMissing": "false"}, body=body).status == 404

    made = stack.call("PATCH", PATH, query={"createIfMissing": "true"}, body=body).json

    assert made["operations"] == body.get("operations", [])
    assert stack.call("GET", PATH).json == made
    kept = stack.call("PATCH", PATH, query={"createIfMissing": "true"}, body={"operations": []}).json
    assert kept["createdAt"] == made["createdAt"]


def test_connections_are_listed_page_by_page_each_once(stack: Stack) -> None:
    owners = sorted(f"owner {number:02}" for number in range(7))
    for owner in owners:
        stack.connect(owner, key=None)

    found: list[str] = []
    query = {"limit": "3"}
    pages = 0
    while True:
        page = stack.call("GET", "/v1/connections", query=query).json
        found += [one["ownerId"] for one in page["data"]]
        pages += 1
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert found == owners
    assert pages == 3
    only = stack.call("GET", "/v1/connections", query={"connectorId": "ashby", "limit": "100"}).json
    assert [one["ownerId"] for one in only["data"]] == owners


def test_a_list_shows_no_other_projects_connections(stack: Stack) -> None:
    stack.connect("acme")
    other = second_project(stack)

    assert stack.call("GET", "/v1/connections", other).json == {"data": [], "next": None}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", PATH, None),
        ("PATCH", PATH, {"operations": []}),
        ("DELETE", PATH, None),
        ("POST", f"{PATH}/authorization", {"settings": {"apiKey": "ashby_local_full"}}),
        ("DELETE", f"{PATH}/sessions", None),
        ("GET", "/v1/resources/genericContact", None),
        ("POST", "/v1/resources/genericContact", {"firstName": "A"}),
        ("GET", "/v1/models/genericContact/fields", None),
        ("GET", "/v1/s/connection", None),
    ],
)
def test_another_projects_connection_is_as_absent_as_none(stack: Stack, method: str, path: str, body: Any) -> None:
    stack.connect("acme")
    other = {**second_project(stack), "x-connector-id": "ashby", "x-owner-id": "acme"}
    before = but_key_use(stack)

    answer = stack.call(method, path, other, body=body)
    nobody = stack.call(method, path.replace("acme", "nobody"), {**other, "x-owner-id": "nobody"}, body=body)

    assert (answer.status, answer.code) == (404, "MORPH::CONNECTION::NOT_FOUND")
    assert answer.text == nobody.text
    assert but_key_use(stack) == before


def test_an_api_key_is_proven_kept_sealed_and_never_given_back(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": [LIST]})

    done = stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": "ashby_local_readonly"}})

    assert done.json["status"] == "authorized"
    assert "candidatesRead" in done.json["scopes"]
    assert done.json["missingScopes"] == []
    assert "ashby_local_readonly" not in done.text
    assert "ashby_local_readonly" not in str(stack.items())
    assert stack.call("GET", PATH).json["status"] == "authorized"


def test_authorizing_asks_the_account_once_who_it_is_and_what_the_key_may(stack: Stack) -> None:
    """Its brands and departments bear witness that it is the account of before; nothing asks for them again."""
    stack.connect("acme")
    stack.call("GET", PATH)
    stack.session()

    assert dict(stack.sandbox.calls.by_endpoint) == {"apiKey.info": 1, "brand.list": 1, "department.list": 1}


def test_a_key_that_lacks_permissions_is_told_which(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": ["genericContact::list", "genericContact::create"]})

    done = stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": "ashby_local_readonly"}})

    assert done.json["missingScopes"] == ["candidatesWrite"]


def test_a_refused_key_leaves_the_working_one(stack: Stack) -> None:
    stack.connect("acme")

    refused = stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": "ashby_local_disabled"}})

    assert refused.code == "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID"
    assert stack.call("GET", "/v1/resources/genericContact", stack.of("acme")).status == 200


def test_an_upstream_that_does_not_answer_authorizes_nothing(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": [LIST]})
    before = stack.items()
    fault(stack, "apiKey.info", "status", status=503)

    answer = stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": "ashby_local_full"}})

    assert (answer.status, answer.code) == (502, "MORPH::CONNECTION::PROXY::SERVER_ERROR")
    assert stack.items() == before


def test_authorizing_by_oauth_leads_to_the_consent_page(oauth: Stack) -> None:
    oauth.call("POST", PATH, body={"operations": [LIST]})

    begun = oauth.call("POST", f"{PATH}/authorization", query={"redirectUrl": REDIRECT_URL}, body={})

    assert begun.json["status"] == "awaitingAuthorization"
    assert begun.json["authorizationUrl"].startswith(f"{oauth.sandbox_url}/oauth/authorize?response_type=code&")
    assert "scope=candidatesRead" in begun.json["authorizationUrl"]
    assert oauth.call("GET", PATH).json["status"] == "unauthorized"


def test_a_half_configured_oauth_client_is_our_fault_and_named(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": [LIST]})
    give_oauth_client(stack, tokenUrl="http://evil.example/token", clientSecret="")

    answer = stack.call("POST", f"{PATH}/authorization", body={})

    assert (answer.status, answer.code) == (500, "MORPH::BAD_CONFIGURATION")
    assert "clientSecret, tokenUrl" in answer.json["detail"]


def test_removing_a_connection_leaves_nothing_of_it_but_the_audit(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    clock.rule(monkeypatch)
    stack.connect("acme")
    headers = stack.session()
    place = Reference(stack.project_id, "ashby", "acme")
    store().acquire(place, "somebody", now=0, until=30)
    assert {sk.partition("#")[0] for pk, sk in stack.items() if pk.startswith("CREDENTIAL#")} == {
        "CREDENTIAL",
        "LEASE",
        "SESSION",
    }

    removed = stack.call("DELETE", PATH)

    assert (removed.status, removed.text) == (204, "")
    left = [(pk, sk) for pk, sk in stack.items() if "acme" in pk + sk]
    assert left
    # What says that it is gone, to whoever is at work on it, is purged when nobody can be any more.
    assert {pk.partition("#")[0] for pk, _ in left} <= {"AUDIT", "SWEEP", "SYNC"}
    clock.advance(QUIET_SECONDS)
    pump = Pump(stack)
    pump.tick()
    pump.run()
    assert all(pk.startswith("AUDIT#") for pk, sk in stack.items() if "acme" in pk + sk)
    assert stack.call("GET", PATH).status == 404
    assert stack.call("DELETE", PATH).status == 404
    assert stack.call("GET", "/v1/s/connection", headers).code == "MORPH::SESSION::TOKEN_VALIDATION_FAILED"


def test_removing_an_oauth_connection_revokes_its_token(oauth: Stack) -> None:
    from tests.integration.test_oauth_callback import connect_by_oauth

    connect_by_oauth(oauth)
    tokens = oauth.sandbox.authorization._refresh_tokens

    oauth.call("DELETE", PATH)

    assert [token.family.revoked for token in tokens.values()] == [True]


def test_a_token_that_cannot_be_revoked_does_not_keep_the_connection(oauth: Stack) -> None:
    from tests.integration.test_oauth_callback import connect_by_oauth

    connect_by_oauth(oauth)
    fault(oauth, "oauth.revoke", "status", status=500)

    assert oauth.call("DELETE", PATH).status == 204
    assert oauth.call("GET", PATH).status == 404


def test_every_change_is_audited_without_what_was_sent(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST])
    stack.call("PATCH", PATH, body={"operations": []})
    stack.session()
    stack.call("DELETE", f"{PATH}/sessions")
    stack.call("DELETE", PATH)

    records = [item for (pk, _), item in sorted(stack.items().items()) if pk.startswith("AUDIT#")]

    actions = sorted(record["action"]["S"] for record in records)
    assert actions == [
        "connection.authorize",
        "connection.create",
        "connection.delete",
        "connection.update",
        "session.create",
        "session.revoke",
    ]
    assert {record["actor"]["S"] for record in records} == {f"key:{stack.secret_id}"}
    assert "ashby_local_full" not in json.dumps(str(records))


@pytest.mark.parametrize("path", ["/v1/connectors/[object%20Object]", "/v1/connectors/ashby"])
def test_a_connector_is_described_also_where_morphs_client_asks_for_an_object(stack: Stack, path: str) -> None:
    found = stack.call("GET", path, {**stack.keys(), "x-connector-id": "ashby"}).json

    assert (found["object"], found["id"]) == ("connector", "ashby")
    assert found["models"]["genericUser"]["operations"]["create"]["mode"] == "refused"
    assert "genericUser::create" not in found["operations"]
    assert found["models"]["genericContact"]["operations"]["delete"]["mode"] == "emulated"
    assert stack.call("GET", "/v1/connectors").json == {"data": [found], "next": None}


def test_the_object_quirk_needs_a_header_that_names_a_connector(stack: Stack) -> None:
    wrong = stack.call("GET", "/v1/connectors/[object%20Object]", {**stack.keys(), "x-connector-id": "nope"})

    assert wrong.code == "CONNECTOR::NOT_FOUND"


def second_project(stack: Stack) -> dict[str, str]:
    """Make another project; returns the headers of its caller."""
    from unified.projects import projects

    projects().create("Other", public_key="pk_other", redirect_urls=())
    _, secret = projects().add_secret("pk_other")
    return {"x-api-key": "pk_other", "x-api-secret": secret}


def but_key_use(stack: Stack) -> dict[tuple[str, str], Item]:
    """Return the table but for when keys were used, which every caller's request may note of its own key."""
    return {place: item for place, item in stack.items().items() if not place[0].startswith("USED#")}


def fault(stack: Stack, endpoint: str, kind: str, **rest: Any) -> None:
    """Let the sandbox fail."""
    from sandbox.faults import Fault, FaultKind

    stack.sandbox.faults.add(Fault(endpoint, FaultKind(kind), **rest))
