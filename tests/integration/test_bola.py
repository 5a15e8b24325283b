"""Every route by every kind of wrong caller: the answer that the rules say, no effect, and nothing told.

Broken object level authorization is what an API like this fails by first (OWASP API1:2023): an id of somebody else's,
sent by a caller who is known and may do other things. The table is made of all routes (``bola_support``) and of the
principals below; whoever a principal is wrong for is said by rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import pytest

from tests.integration.bola_support import GUARDED, Route, deployed_names, described_names
from tests.integration.deliveries_support import Deployment
from tests.integration.stack import ALL_OPERATIONS, Item, Stack
from tests.integration.test_custom_models import DEPARTMENT
from tests.integration.test_lifecycle import second_project
from unified import egress
from unified.connections.lifecycle import session_token
from unified.connections.records import Reference
from unified.connections.store import StoredSession, store
from unified.events.records import new_event_id
from unified.grants import FULL, Grant
from unified.projects import projects

UNKNOWN = (401, "MORPH::UNAUTHENTICATED")
FORBIDDEN = (403, "MORPH::KEY::FORBIDDEN")
NO_CONNECTION = (404, "MORPH::CONNECTION::NOT_FOUND")
NO_ENDPOINT = (404, "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND")
NO_EVENT = (404, "MORPH::EVENT::NOT_FOUND")
NO_MODEL = (404, "CONNECTOR::RESOURCE_MODEL::NOT_FOUND")
NO_SESSION = (401, "MORPH::SESSION::TOKEN_VALIDATION_FAILED")
ENDED = (401, "MORPH::SESSION::EXPIRED")
NOT_GRANTED = (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
READS = frozenset({"GetItem", "BatchGetItem", "Query"})
# One that failed by its condition has changed nothing; whether it did, the table tells.
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})

Headers = dict[str, str]
Refusal = tuple[int, str] | None


class World:
    """One project with connections, an endpoint, an event, a mapping and a model; another; and keys of both."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        deployment = Deployment(stack)
        for owner in ("acme", "globex"):
            stack.connect(owner)
        stack.call("PUT", "/v1/connections/ashby/acme/models/department", body=DEPARTMENT)
        rules = {"rules": [{"key": "city", "source": {"path": "location.city"}}]}
        stack.call("PUT", "/v1/connectors/ashby/mappings/genericContact", body=rules)
        place = {"connectorId": "ashby", "ownerId": "acme"}
        self.ids = {
            "connectorId": "ashby",
            "ownerId": "acme",
            "model": "genericContact",
            "ownModel": "department",
            "id": next(iter(stack.sandbox.organisation.candidates))["id"],
            "endpointId": deployment.endpoint(connections=[place])["id"],
            "eventId": deployment.event("acme").id,
            "path": "candidate.create",
        }
        # As all of these are spelled, and never were.
        self.nobodys = {
            **self.ids,
            "ownerId": "nobody",
            "ownModel": "neverDefined",
            "endpointId": f"ep_{0:032x}",
            "eventId": new_event_id(),
        }
        self.other = second_project(stack)
        stack.call("POST", "/v1/connections/ashby/initech", self.other, body={"operations": []})

    def key(self, grant: Grant = FULL) -> Headers:
        """Give the project one more key."""
        _, secret = projects().add_secret(self.stack.public_key, grant=grant)
        return {**self.stack.keys(), "x-api-secret": secret}

    def revoked(self) -> Headers:
        """Give it a key and take it back, when no function remembers it any more."""
        secret_id, secret = projects().add_secret(self.stack.public_key)
        projects().revoke_secret(self.stack.public_key, secret_id)
        return {**self.stack.keys(), "x-api-secret": secret}

    def session(self, **changes: Any) -> Headers:
        """Put a session of acme into the table."""
        connection = store().get(self.acme)
        assert connection is not None
        kept = StoredSession(tuple(ALL_OPERATIONS), int(time.time()) + 600, connection.generation)._replace(**changes)
        store().create_session(self.acme, "sess_own", kept)
        return {"x-api-key": self.stack.public_key, "x-session-token": session_token(self.acme, "sess_own")}

    def ended(self) -> Headers:
        """End a session."""
        headers = self.session()
        assert self.stack.call("DELETE", "/v1/s/session", headers).status == 204
        return headers

    def others_session(self) -> Headers:
        """Make a session of the other project's."""
        made = self.stack.call("POST", "/v1/connections/ashby/initech/sessions", self.other, body={}).json
        return {"x-api-key": self.stack.public_key, "x-session-token": made["sessionToken"]}

    def moved(self) -> Headers:
        """Make a session of globex and write acme's name into its token."""
        token, _, _ = self.stack.session("globex")["x-session-token"].partition(".")
        return {"x-api-key": self.stack.public_key, "x-session-token": session_token(self.acme, token)}

    def beside(self) -> Headers:
        """Make a session of globex and name acme beside it."""
        return {**self.stack.session("globex"), "x-connector-id": "ashby", "x-owner-id": "acme"}

    @cached_property
    def acme(self) -> Reference:
        """The connection that everybody here is after."""
        return Reference(self.stack.project_id, "ashby", "acme")

    def kept(self) -> dict[tuple[str, str], Item]:
        """Return the table but for when keys were used and what was done by whom."""
        return {key: item for key, item in self.stack.items().items() if not key[0].startswith(("USED#", "AUDIT#"))}


class Principal(NamedTuple):
    """A wrong caller: what it sends, and what each route says to it, None where it is not wrong."""

    name: str
    headers: Callable[[World], Mapping[str, str]]
    refusal: Callable[[Route], Refusal]


# -- whom a route refuses, and how -------------------------------------------------------------------------------


def always(refusal: Refusal) -> Callable[[Route], Refusal]:
    """Refuse alike by every route."""
    return lambda _: refusal


def by_session(refusal: Refusal) -> Callable[[Route], Refusal]:
    """Refuse by each route that takes sessions; to the others a session is nobody."""
    return lambda route: refusal if route.by_headers else UNKNOWN


def hidden(route: Route) -> Refusal:
    """Answer that what the caller may not see is not there."""
    if "{endpointId}" in route.path:
        return NO_ENDPOINT
    if "{eventId}" in route.path:
        return NO_EVENT
    named_by_body = route.is_one_of("POST /v1/webhook-endpoints")
    return NO_CONNECTION if route.by_path or route.by_headers or named_by_body else None


def anothers(route: Route) -> Refusal:
    """Answer another project that nothing of this one is there; what it makes is its own, of whatever owner."""
    if route.is_one_of("POST /v1/connections/{}/{}(/sessions|/links)?|POST /v1/webhook-endpoints"):
        return None
    return NO_MODEL if route.is_one_of("(GET|DELETE) /v1/connectors/{}/models/{}") else hidden(route)


def needs(need: str) -> Callable[[Route], Refusal]:
    """Refuse by the routes that need what the key was not given."""
    return lambda route: FORBIDDEN if route.need == need else None


def operation(route: Route) -> Refusal:
    """Refuse to let a key use or give away an operation that it lacks."""
    gives = route.is_one_of("(POST|PATCH) /v1/connections/{}/{}|POST /v1/connections/{}/{}/sessions")
    return FORBIDDEN if route.operation or gives else None


def nothing(route: Route) -> Refusal:
    """Refuse a key of no rights all but what is everybody's."""
    return FORBIDDEN if route.need != "any" else hidden(route)


def without(need: str) -> Grant:
    """Return all rights but one."""
    return FULL._replace(needs=FULL.needs - {need})


def session_operation(route: Route) -> Refusal:
    """Refuse a session without operations what takes one."""
    return NOT_GRANTED if route.by_headers and (route.operation or route.is_proxy) else None


def session_mapping(route: Route) -> Refusal:
    """Refuse a session to change mappings, unless its project lets it."""
    is_change = route.is_one_of("PUT /v1/s/connection/mappings/{}")
    return (403, "MORPH::SESSION::FORBIDDEN") if is_change else None


def proxy(refusal: Refusal) -> Callable[[Route], Refusal]:
    """Refuse what goes by the proxy."""
    return lambda route: refusal if route.is_proxy else None


A_KEY = "x-api-key"
A_SECRET = "x-api-secret"
GLOBEX = FULL._replace(connections=("ashby/globex",))
PREFIX = FULL._replace(connections=("ashby/glo*", "ashby/acm", "ashby/acme-*"))
PRINCIPALS = (
    Principal("nobody", lambda _: {}, always(UNKNOWN)),
    Principal("a public key alone", lambda w: {A_KEY: w.stack.public_key}, always(UNKNOWN)),
    Principal("an unknown public key", lambda w: {**w.stack.keys(), A_KEY: "pk_nobody"}, always(UNKNOWN)),
    Principal("a wrong secret", lambda w: {**w.stack.keys(), A_SECRET: "sk_wrong"}, always(UNKNOWN)),
    Principal("another project's secret", lambda w: {**w.other, A_KEY: w.stack.public_key}, always(UNKNOWN)),
    Principal("another project's public key", lambda w: {**w.stack.keys(), A_KEY: "pk_other"}, always(UNKNOWN)),
    Principal("a revoked key", World.revoked, always(UNKNOWN)),
    Principal("an expired key", lambda w: w.key(FULL._replace(expires_at=int(time.time()) - 1)), always(UNKNOWN)),
    Principal("another project", lambda w: w.other, anothers),
    Principal("a key of another connection", lambda w: w.key(GLOBEX), hidden),
    Principal("a key of other owners", lambda w: w.key(PREFIX), hidden),
    Principal("a key without manage", lambda w: w.key(without("manage")), needs("manage")),
    Principal("a key without events", lambda w: w.key(without("events")), needs("events")),
    Principal("a key without admin", lambda w: w.key(without("admin")), needs("admin")),
    Principal("a key without the operation", lambda w: w.key(FULL._replace(operations=("*::none",))), operation),
    Principal("a key of no rights", lambda w: w.key(Grant((), (), (), frozenset())), nothing),
    Principal("a key without the proxy", lambda w: w.key(FULL._replace(proxy=())), proxy(FORBIDDEN)),
    Principal("a key that reads by the proxy", lambda w: w.key(FULL._replace(proxy=("read",))), proxy(FORBIDDEN)),
    Principal("a key of another endpoint", lambda w: w.key(FULL._replace(proxy=("candidate.list",))), proxy(FORBIDDEN)),
    Principal("a session", World.session, lambda r: None if r.by_headers else UNKNOWN),
    Principal("a session of no operation", lambda w: w.session(operations=()), session_operation),
    Principal("a session without the proxy", World.session, proxy(NOT_GRANTED)),
    Principal("a session that changes mappings", World.session, session_mapping),
    Principal("an expired session", lambda w: w.session(expires_at=int(time.time()) - 1), by_session(ENDED)),
    Principal("a session of before", lambda w: w.session(generation="before"), by_session(NO_CONNECTION)),
    Principal("a session that was ended", World.ended, by_session(NO_SESSION)),
    Principal("another project's session", World.others_session, by_session(NO_SESSION)),
    Principal("a session with another's name in it", World.moved, by_session(NO_SESSION)),
    Principal("a session of another connection", World.beside, by_session((400, "MORPH::BAD_REQUEST"))),
    Principal(
        "a session of this project with another's key",
        lambda w: {**w.session(), A_KEY: "pk_other"},
        by_session(NO_SESSION),
    ),
    Principal(
        "a secret key in place of a session",
        lambda w: w.stack.keys(),
        lambda r: NO_SESSION if r.is_one_of("DELETE /v1/s/session") else None,
    ),
)


@pytest.fixture
def world(stack: Stack) -> World:
    return World(stack)


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda p: p.name.replace(" ", "-"))
def test_a_wrong_caller_is_refused_by_every_route_and_changes_nothing(world: World, principal: Principal) -> None:
    headers, stack = principal.headers(world), world.stack
    projects.cache_clear()
    before, called = world.kept(), stack.sandbox.calls.by_endpoint.copy()
    wrong: list[str] = []
    refused = 0
    for route in GUARDED:
        refusal = principal.refusal(route)
        if refusal is None:
            continue
        refused += 1
        stack.aws_calls.clear()
        answer = route.send(stack, headers, world.ids)
        asked = set(stack.aws_calls)
        if (answer.status, answer.code) != refusal:
            wrong.append(f"{route.name}: {answer.status} {answer.code}, not {refusal[0]} {refusal[1]}")
        if asked - READS - WRITES or (asked & WRITES and world.kept() != before):
            wrong.append(f"{route.name} had an effect: {sorted(asked - READS)}")
            before = world.kept()
        if stack.sandbox.calls.by_endpoint != called:
            wrong.append(f"{route.name} called the account")
            called = stack.sandbox.calls.by_endpoint.copy()
    assert wrong == []
    assert refused > 0


@pytest.mark.parametrize("name", ["another project", "a key of another connection", "a key of other owners"])
def test_what_is_anothers_is_answered_word_for_word_as_what_never_was(world: World, name: str) -> None:
    principal = next(one for one in PRINCIPALS if one.name == name)
    headers = principal.headers(world)
    projects.cache_clear()
    for route in GUARDED:
        refusal = principal.refusal(route)
        if refusal is None or refusal[0] != 404:
            continue
        theirs, nobodys = route.send(world.stack, headers, world.ids), route.send(world.stack, headers, world.nobodys)
        assert (theirs.status, theirs.headers, theirs.text) == (404, nobodys.headers, nobodys.text), route.name


def test_the_owner_of_all_is_let_in_everywhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the table would hold for an API that refuses everybody."""
    monkeypatch.setattr(egress, "post", lambda *_args, **_rest: egress.Outcome(200, None, 1))
    # What removes comes last, and what is deepest in a path before what it hangs on.
    for route in sorted(GUARDED, key=lambda route: (route.method == "DELETE", -route.path.count("/"))):
        if store().get(world.acme) is None:
            world.stack.connect("acme")
        ends_session = route.is_one_of("DELETE /v1/s/session")
        makes_connection = route.is_one_of("POST /v1/connections/{}/{}")
        headers = world.session() if ends_session else world.stack.keys()
        answer = route.send(world.stack, headers, world.nobodys if makes_connection else world.ids)
        # Ashby itself does not delete a candidate that applies for something.
        assert answer.status < 400 or answer.code == "CONNECTOR::OPERATION::CONFLICT", f"{route.name}: {answer.text}"


def test_what_another_project_makes_under_the_same_owner_is_its_own(world: World) -> None:
    """Owner ids are each project's own: two may well have a customer of the same name."""
    before = world.kept()
    makes = [route for route in GUARDED if anothers(route) is None and route.method == "POST"]
    for route in makes:
        assert route.send(world.stack, world.other, world.ids).status in (200, 201), route.name
    after = world.kept()
    assert {key: after.get(key) for key in before} == before
    assert not [key for key in set(after) - set(before) if world.stack.project_id in "".join(key)]


def test_another_project_reads_none_of_what_this_one_defined(world: World) -> None:
    for path, member in (
        ("/v1/connectors/ashby/mappings/genericContact", "rules"),
        ("/v1/connectors/ashby/models", "data"),
        ("/v1/webhook-endpoints", "data"),
        ("/v1/events", "data"),
    ):
        assert world.stack.call("GET", path).json[member] != [], path
        assert world.stack.call("GET", path, world.other).json[member] == [], path


# -- the table itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_every_route_has_a_rule(route: Route) -> None:
    assert route.need is not None, "say in bola_support who may use it"
    is_write = route.method != "GET" and not route.is_proxy and not route.is_one_of("DELETE /v1/s/session")
    assert route.need != "any" or route.operation or not is_write


def test_every_route_is_deployed_and_described_alike() -> None:
    assert described_names() <= deployed_names()
    assert [route.name for route in GUARDED if not route.callers] == [], "described as anybody's"
