"""What a key of few rights can do: its connections, its operations, its events, as long as it lasts, and no more."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.deliveries_support import ENDPOINTS, Deployment, deployment
from tests.integration.stack import ALL_OPERATIONS, Item, Stack
from unified import projects as projects_module
from unified import table as t
from unified.grants import FULL, Grant
from unified.projects import CACHE_SECONDS, ProjectStore, projects
from unified.secret import Secret

__all__ = ["deployment"]

LIST, RETRIEVE, CREATE = "genericContact::list", "genericContact::retrieve", "genericContact::create"
CONTACTS = "/v1/resources/genericContact"
FORBIDDEN = (403, "MORPH::KEY::FORBIDDEN")
OWNERS = ("abel", "acme", "acme-2", "globex", "zenith")
ACME = FULL._replace(connections=("ashby/acme",))


def key(stack: Stack, grant: Grant, owner: str = "acme") -> dict[str, str]:
    """Give the project one more key; returns the headers of its holder, who asks for a connection."""
    _, secret = projects().add_secret(stack.public_key, grant=grant)
    return {**stack.of(owner), "x-api-secret": secret}


def kept(stack: Stack) -> dict[tuple[str, str], Item]:
    """Return the table but for when keys were used."""
    return {place: item for place, item in stack.items().items() if not place[0].startswith("USED#")}


def all_pages(stack: Stack, path: str, headers: dict[str, str], **query: str) -> tuple[list[Any], list[str]]:
    """Follow a list to its end; returns what it held, and its cursors as they can be read."""
    found: list[Any] = []
    cursors: list[str] = []
    asked = dict(query)
    while True:
        answer = stack.call("GET", path, headers, query=asked)
        assert answer.status == 200, answer.text
        found += answer.json["data"]
        if answer.json["next"] is None:
            return found, cursors
        cursors.append(base64.urlsafe_b64decode(answer.json["next"]).decode(errors="replace"))
        asked = {**query, "cursor": answer.json["next"]}


# -- connections -------------------------------------------------------------------------------------------------


@pytest.fixture
def five(stack: Stack) -> Stack:
    """Return a deployment with five connections that nobody has authorized."""
    for owner in OWNERS:
        stack.connect(owner, key=None)
    return stack


@pytest.mark.parametrize("limit", ["1", "2", "100"])
@pytest.mark.parametrize(
    ("patterns", "owners"),
    [
        (("ashby/acme",), ["acme"]),
        (("ashby/acme*",), ["acme", "acme-2"]),
        (("ashby/zenith", "ashby/abel"), ["abel", "zenith"]),
        (("ashby/nobody",), []),
        ((), []),
    ],
)
def test_the_list_shows_a_keys_own_connections(
    five: Stack, patterns: Sequence[str], owners: list[str], limit: str
) -> None:
    holder = key(five, Grant(connections=tuple(patterns)))

    found, _ = all_pages(five, "/v1/connections", holder, limit=limit)

    assert [one["ownerId"] for one in found] == owners


def test_a_cursor_names_no_connection_that_the_key_may_not_see(five: Stack) -> None:
    """A cursor is readable, and owner ids are customers."""
    _, cursors = all_pages(five, "/v1/connections", key(five, ACME), limit="1")

    assert not [cursor for cursor in cursors if cursor.rpartition("#")[2] != "acme"]


def test_a_key_makes_connections_of_its_own_owners(stack: Stack) -> None:
    holder = key(stack, FULL._replace(connections=("ashby/eu-*",)))

    made = stack.call("POST", "/v1/connections/ashby/eu-acme", holder, body={"operations": [LIST]})
    assert made.status == 200
    assert stack.call("POST", "/v1/connections/ashby/us-acme", holder, body={}).status == 404
    assert stack.call("POST", "/v1/connections/ashby/us-acme/sessions", holder, body={}).status == 404
    asked = stack.call("PATCH", "/v1/connections/ashby/us-acme", holder, body={}, query={"createIfMissing": "true"})
    assert asked.status == 404
    assert [pk for pk, sk in stack.items() if sk.endswith("#us-acme")] == []


# -- operations --------------------------------------------------------------------------------------------------


def test_a_key_does_what_it_was_given_and_its_connection_too(stack: Stack) -> None:
    stack.connect("acme", operations=[LIST, CREATE])
    holder = key(stack, Grant(operations=("genericContact::list", "genericUser::*"), needs=frozenset()))

    assert stack.call("GET", CONTACTS, holder, query={"limit": "1"}).status == 200
    refused = stack.call("POST", CONTACTS, holder, body={"firstName": "Grace"})
    assert (refused.status, refused.code) == FORBIDDEN
    # What the connection itself lacks is said to be the connection's lack.
    lacking = stack.call("GET", "/v1/resources/genericUser", holder)
    assert (lacking.status, lacking.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")


def test_what_is_expanded_takes_its_own_operation(stack: Stack) -> None:
    stack.connect("acme", operations=["atsApplication::list", RETRIEVE])
    query = {"limit": "1", "expand": "candidate", "fields": "candidate"}
    path = "/v1/resources/atsApplication"
    may = stack.call("GET", path, key(stack, Grant(operations=("atsApplication::list", RETRIEVE))), query=query)
    assert "firstName" in may.text

    may_not = stack.call("GET", path, key(stack, Grant(operations=("atsApplication::list",))), query=query)

    assert "firstName" not in may_not.text


@pytest.mark.parametrize("operation", [CREATE, "genericUser::list", "proxy", "proxy::read"])
def test_a_key_gives_no_operation_that_it_lacks(stack: Stack, operation: str) -> None:
    path = stack.connect("acme", operations=[LIST], key=None)
    holder = key(stack, Grant(operations=(LIST, RETRIEVE), proxy=()))
    before = kept(stack)

    for method, at, body in (
        ("POST", "/v1/connections/ashby/new", {"operations": [LIST, operation]}),
        ("PATCH", path, {"operations": [LIST, operation]}),
        ("POST", f"{path}/sessions", {"connection": {"operations": [operation]}}),
    ):
        refused = stack.call(method, at, holder, body=body)
        assert (refused.status, refused.code) == FORBIDDEN, (method, at)
    assert kept(stack) == before
    given = stack.call("PATCH", path, holder, body={"operations": [LIST, RETRIEVE]})
    assert given.json["operations"] == [LIST, RETRIEVE]


def test_a_session_gets_what_both_its_key_and_its_connection_have(stack: Stack) -> None:
    path = stack.connect("acme", operations=[*ALL_OPERATIONS, "proxy"])
    holder = key(stack, Grant(operations=("*::list", "atsJob::*"), proxy=("read",)))

    made = stack.call("POST", f"{path}/sessions", holder, body={})

    session = {"x-api-key": stack.public_key, "x-session-token": made.json["sessionToken"]}
    assert stack.call("GET", CONTACTS, session, query={"limit": "1"}).status == 200
    assert stack.call("GET", "/v1/resources/genericUser", session).status == 200
    for method, at, body in (
        ("POST", CONTACTS, {"firstName": "Grace"}),
        ("GET", f"{CONTACTS}/x", None),
        ("POST", "/v1/proxy", {"method": "POST", "path": "candidate.create", "data": {}}),
    ):
        refused = stack.call(method, at, session, body=body)
        assert (refused.status, refused.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED"), at
    assert stack.upstream("candidate.create") == 0
    # The connection keeps what it has: the session is less, not the connection.
    assert stack.call("GET", path).json["operations"] == [*ALL_OPERATIONS, "proxy"]


# -- events ------------------------------------------------------------------------------------------------------


def at(*owners: str) -> list[dict[str, str]]:
    return [{"connectorId": "ashby", "ownerId": owner} for owner in owners]


@pytest.mark.parametrize("limit", ["1", "100"])
def test_a_key_sees_endpoints_that_get_events_of_its_connections_alone(deployment: Deployment, limit: str) -> None:
    stack = deployment.stack
    own = deployment.endpoint("https://example.com/own", connections=at("acme"))["id"]
    others = [
        deployment.endpoint("https://example.com/all")["id"],
        deployment.endpoint("https://example.com/both", connections=at("acme", "globex"))["id"],
        deployment.endpoint("https://example.com/other", connections=at("globex"))["id"],
    ]
    holder = key(stack, ACME)

    listed: list[str] = []
    query = {"limit": limit}
    while True:
        page = stack.call("GET", ENDPOINTS, holder, query=query).json
        listed += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        query = {"limit": limit, "cursor": page["next"]}

    assert listed == [own]
    assert stack.call("GET", f"{ENDPOINTS}/{own}", holder).status == 200
    assert {stack.call("GET", f"{ENDPOINTS}/{other}", holder).status for other in others} == {404}
    assert {stack.call("DELETE", f"{ENDPOINTS}/{other}", holder).status for other in others} == {404}


def test_a_key_sends_events_of_its_connections_alone_anywhere(deployment: Deployment) -> None:
    stack = deployment.stack
    holder = key(stack, ACME)
    url = "https://example.com/mine"

    made = stack.call("POST", ENDPOINTS, holder, body={"url": url, "connections": at("acme")})
    assert made.status == 201
    mine = f"{ENDPOINTS}/{made.json['id']}"
    for body in ({"url": url}, {"url": url, "connections": None}):
        refused = stack.call("POST", ENDPOINTS, holder, body=body)
        assert (refused.status, refused.code) == FORBIDDEN
    assert stack.call("POST", ENDPOINTS, holder, body={"url": url, "connections": at("acme", "globex")}).status == 404
    assert stack.call("PATCH", mine, holder, body={"connections": at("globex")}).status == 404
    assert stack.call("PATCH", mine, holder, body={"connections": None}).status == 403
    assert stack.call("GET", mine, holder).json["connections"] == at("acme")


def test_a_key_sees_and_replays_events_of_its_connections_alone(deployment: Deployment) -> None:
    stack = deployment.stack
    own = deployment.endpoint("https://example.com/own", connections=at("acme"))["id"]
    everybodys = deployment.endpoint("https://example.com/all")["id"]
    events = {owner: deployment.event(owner).id for owner in ("acme", "globex")}
    holder = key(stack, ACME)

    for limit in ("1", "100"):
        found, _ = all_pages(stack, "/v1/events", holder, limit=limit)
        assert [one["id"] for one in found] == [events["acme"]]
    assert stack.call("GET", "/v1/events", holder, query={"ownerId": "globex"}).json["data"] == []
    assert stack.call("GET", f"/v1/events/{events['acme']}", holder).status == 200
    assert stack.call("GET", f"/v1/events/{events['globex']}", holder).status == 404
    again = f"/v1/events/{events['acme']}/replay"
    assert stack.call("POST", again, holder, body={}).json["enqueued"] == 1
    assert stack.call("POST", again, holder, body={"endpointId": own}).status == 202
    assert stack.call("POST", again, holder, body={"endpointId": everybodys}).status == 404
    deployment.messages()
    assert {one["endpoint"] for one in deployment.taken} == {own}


def test_what_became_of_an_event_at_anothers_endpoint_is_not_told(deployment: Deployment) -> None:
    stack = deployment.stack
    everybodys = deployment.endpoint("https://hooks.invalid/all")["id"]
    event = deployment.event("acme")
    deployment.stream(event)
    deployment.deliver()
    path = f"/v1/events/{event.id}"
    assert everybodys in stack.call("GET", path).text

    holder = key(stack, ACME)

    assert everybodys not in stack.call("GET", path, holder).text
    assert everybodys not in stack.call("GET", f"{path}/attempts", holder).text


# -- how long ----------------------------------------------------------------------------------------------------


def test_a_revoked_key_ends_in_every_environment_within_the_cache_time(stack: Stack) -> None:
    secret_id, secret = projects().add_secret(stack.public_key)
    began = time.time()
    now = [began]
    elsewhere = ProjectStore(t.table(), clock=lambda: now[0])
    assert elsewhere.check(stack.public_key, Secret(secret)) is not None

    projects().revoke_secret(stack.public_key, secret_id)

    assert projects().check(stack.public_key, Secret(secret)) is None
    for later, serves in ((CACHE_SECONDS - 1, True), (CACHE_SECONDS + 1, False)):
        now[0] = began + later
        assert (elsewhere.check(stack.public_key, Secret(secret)) is not None) is serves
    assert CACHE_SECONDS <= 30


def test_a_key_ends_to_the_second_though_it_is_remembered(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    holder = key(stack, FULL._replace(expires_at=int(now) + 100))
    assert stack.call("GET", "/v1/connections", holder).status == 200

    monkeypatch.setattr(projects_module.time, "time", lambda: int(now) + 100)

    assert stack.call("GET", "/v1/connections", holder).status == 401


def test_both_keys_serve_while_one_is_rotated(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.connect("acme", operations=[LIST, CREATE])
    secret_id, secret = projects().add_secret(stack.public_key, grant=Grant(operations=(LIST,)))
    old = {**stack.of("acme"), "x-api-secret": secret}

    _, secret = projects().rotate_secret(stack.public_key, secret_id, overlap=3600)

    new = {**old, "x-api-secret": secret}
    for holder in (old, new):
        assert stack.call("GET", CONTACTS, holder, query={"limit": "1"}).status == 200
        assert stack.call("POST", CONTACTS, holder, body={"firstName": "Grace"}).status == 403
    now = time.time()
    monkeypatch.setattr(projects_module.time, "time", lambda: now + 3601)
    assert stack.call("GET", CONTACTS, old, query={"limit": "1"}).status == 401
    assert stack.call("GET", CONTACTS, new, query={"limit": "1"}).status == 200


def test_the_use_of_a_key_is_noted_once_an_hour(stack: Stack) -> None:
    secret_id, secret = projects().add_secret(stack.public_key)
    holder = {**stack.keys(), "x-api-secret": secret}

    def used() -> str | None:
        return next(one["lastUsedAt"] for one in projects().secrets(stack.public_key) if one["secretId"] == secret_id)

    assert used() is None
    stack.call("GET", "/v1/connections", holder)
    first = used()
    assert first is not None
    stack.aws_calls.clear()
    stack.call("GET", "/v1/connections", holder)
    assert "PutItem" not in stack.aws_calls
    assert used() == first


def test_a_use_that_cannot_be_noted_refuses_nobody(stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("the table is throttled")

    monkeypatch.setattr("unified.table.Table.put", full)

    assert stack.call("GET", "/v1/connections").status == 200
    assert '"message":"key use not noted"' in log.getvalue()
    assert "throttled" not in log.getvalue()


def test_a_wrong_secret_is_no_use_of_a_key(stack: Stack) -> None:
    stack.call("GET", "/v1/connections", {**stack.keys(), "x-api-secret": "sk_wrong"})

    assert [one["lastUsedAt"] for one in projects().secrets(stack.public_key)] == [None]


def test_the_audit_names_the_key(stack: Stack) -> None:
    secret_id, secret = projects().add_secret(stack.public_key, grant=Grant(operations=(), needs=frozenset({"manage"})))

    stack.call("POST", "/v1/connections/ashby/acme", {**stack.keys(), "x-api-secret": secret}, body={})

    noted = [item["actor"]["S"] for (pk, _), item in stack.items().items() if pk.startswith("AUDIT#")]
    assert noted == [f"key:{secret_id}"]
