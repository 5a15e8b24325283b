"""Every route of the API's description, called by those who must not: nothing is done and nothing is told."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.receiving import Receiver, subscribe
from tests.e2e.running import OPERATIONS, ROOT, Connection, Project, World, form_token_of

pytest_plugins = ["tests.e2e.fixtures"]

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "docs" / "openapi.json").read_text(encoding="utf-8"))
ROUTES = [
    pytest.param(method.upper(), path, operation, id=f"{method} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
# Anybody may call these.
PUBLIC = {
    "GET /docs",
    "GET /openapi.json",
    "GET /v1/callback/{connector_id}",
    "GET /connect/{token}",
    "POST /connect/{token}",
    "POST /connect/{token}/check",
}
# Another project's keys are good keys: these routes serve that project's own things, and none of ours.
SERVES_ITS_OWN = {
    "GET /v1/connections",
    "GET /v1/connectors",
    "GET /v1/connectors/{connector_id}",
    "POST /v1/connections/{connector_id}/{owner_id}",
    "POST /v1/connections/{connector_id}/{owner_id}/sessions",
    "GET /v1/connectors/{connector_id}/models",
    "GET /v1/connectors/{connector_id}/mappings/{model}",
    "PUT /v1/connectors/{connector_id}/mappings/{model}",
    "GET /v1/webhook-endpoints",
    "POST /v1/webhook-endpoints",
    "GET /v1/events",
    "GET /v1/event-settings",
    "PATCH /v1/event-settings",
}
# What a request must hold to be refused for who asks, and not for what is asked.
BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "/v1/webhook-endpoints"): {"url": "https://example.com/events", "status": "disabled"},
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/replay"): {"since": "2026-01-01T00:00:00Z"},
    ("POST", "/v1/proxy"): {"method": "POST", "path": "candidate.list"},
    ("POST", "/v1/s/proxy"): {"method": "POST", "path": "candidate.list"},
}
GUARDED = [route for route in ROUTES if f"{route.values[0]} {route.values[1]}" not in PUBLIC]


@dataclass(frozen=True)
class Ours:
    """What the wrong callers are after: a connection, one of its contacts, an endpoint, an event, and a session."""

    connection: Connection
    contact: str
    endpoint: str
    event: str
    telling: frozenset[str]
    session: Mapping[str, str]

    def send(self, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
        """Call a route of the document about this connection."""
        places = {
            "connector_id": "ashby",
            "owner_id": self.connection.owner,
            "model": "genericContact",
            "record_id": self.contact,
            "endpoint_id": self.endpoint,
            "event_id": self.event,
            "path": "candidate.list",
        }
        world = self.connection.world
        body = {"rules": []} if method == "PUT" else {} if method in ("POST", "PATCH") else None
        body = BODIES.get((method, path), body)
        return world.http.request(method, f"{world.url}{path.format(**places)}", headers=headers, json=body)

    def state(self) -> list[Any]:
        """Read what nobody but us may change."""
        paths = ("/event-settings", "/webhook-endpoints", f"/webhook-endpoints/{self.endpoint}")
        read = [self.connection.send("GET", ""), *(self.connection.call("GET", path) for path in paths)]
        assert [answer.status_code for answer in read] == [200] * len(read)
        return [answer.json() for answer in read]


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Ours]:
    """Connect a customer whose data would be known anywhere."""
    with Receiver() as receiver:
        yield our_things(world, receiver)


def our_things(world: World, receiver: Receiver) -> Ours:
    """Make all that is ours; the workspace's event has come when it returns."""
    project = world.project("Ours")
    name = f"Zaphod{secrets.token_hex(6)}"
    endpoint = subscribe(world, project, receiver, events=["genericWorkspace::created"], description=name)
    connection = world.connected(project)
    event: str = receiver.wait("genericWorkspace::created", "organization", connection.owner).event["id"]
    fields = {"firstName": name, "email": f"{name}@example.com"}
    contact: str = connection.call("POST", "/resources/genericContact", json=fields).json()["id"]
    telling = frozenset({name, project.id, project.public_key, project.secret_key, "Ours"})
    return Ours(connection, contact, endpoint, event, telling, connection.session().headers)


@pytest.fixture(scope="module")
def theirs(world: World) -> Project:
    """Make another project."""
    return world.project("Theirs")


@pytest.fixture(scope="module")
def their_session(world: World, theirs: Project) -> Mapping[str, str]:
    """Give the other project a customer that is connected, and a session of that one."""
    return world.connected(theirs).session().headers


@pytest.fixture(autouse=True)
def nothing_changes(ours: Ours) -> Any:
    """Whoever calls, our connection, our endpoint and our settings are afterwards what they were."""
    before = ours.state()
    yield
    assert ours.state() == before
    assert before[0]["status"] == "authorized"
    assert tuple(before[0]["operations"]) == OPERATIONS


def assert_refused(ours: Ours, answer: httpx.Response, *statuses: int) -> None:
    """Check that an answer is a problem document that tells nothing of ours."""
    assert answer.status_code in statuses, answer.text[:600]
    assert_tells_nothing(ours, answer)
    if answer.request.method == "HEAD":
        assert answer.content == b""
        return
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert {"type", "title", "detail", "instance", "error", "message", "requestId"} <= set(problem)


def assert_tells_nothing(ours: Ours, answer: httpx.Response) -> None:
    """Check that neither headers nor body hold anything that only we know."""
    said = f"{answer.headers}{answer.text}"
    assert [word for word in ours.telling if word in said] == []


def test_the_document_says_which_routes_are_for_anybody() -> None:
    """The others are all tried below."""
    open_ones = {
        f"{method.upper()} {path}"
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if not operation["security"]
    }
    assert open_ones == PUBLIC
    assert len(GUARDED) > 20


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_without_keys(ours: Ours, method: str, path: str, operation: Any) -> None:
    """Not even when the customer is named, nor with the public key, which is no secret."""
    named = {"x-connector-id": "ashby", "x-owner-id": ours.connection.owner}
    public = {**named, "x-api-key": ours.connection.project.public_key}
    for headers in ({}, named, public):
        assert_refused(ours, ours.send(method, path, headers), 401)


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_with_a_wrong_secret_key(ours: Ours, theirs: Project, method: str, path: str, operation: Any) -> None:
    """Nor with the right one of another project, nor with half of it."""
    right = ours.connection.project.secret_key
    for wrong in ("sk_wrong", theirs.secret_key, right[:-1], right + "x", right.upper()):
        headers = {**ours.connection.headers, "x-api-secret": wrong}
        assert_refused(ours, ours.send(method, path, headers), 401)


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_with_the_keys_of_another_project(ours: Ours, theirs: Project, method: str, path: str, operation: Any) -> None:
    """Our customer is as absent for it as one that never was."""
    headers = {**theirs.headers, "x-connector-id": "ashby", "x-owner-id": ours.connection.owner}
    answer = ours.send(method, path, headers)
    if f"{method} {path}" not in SERVES_ITS_OWN:
        assert_refused(ours, answer, 404)
        return
    assert answer.status_code in (200, 201), answer.text
    assert_tells_nothing(ours, answer)
    if method == "POST":
        its_own = Connection(ours.connection.world, theirs, ours.connection.owner)
        if "{owner_id}" in path:
            assert its_own.send("GET", "").json()["status"] == "unauthorized"
            assert its_own.send("DELETE", "").status_code == 204
        else:
            assert its_own.call("DELETE", f"{path.removeprefix('/v1')}/{answer.json()['id']}").status_code == 204


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_with_a_session_of_another_project(
    ours: Ours, their_session: Mapping[str, str], method: str, path: str, operation: Any
) -> None:
    """Beside our public key it is no session; naming our customer beside their own is refused."""
    mixed = {**their_session, "x-api-key": ours.connection.project.public_key}
    assert_refused(ours, ours.send(method, path, mixed), 401)
    named = {**their_session, "x-connector-id": "ashby", "x-owner-id": ours.connection.owner}
    by_secret_only = all("session" not in way for way in operation["security"])
    assert_refused(ours, ours.send(method, path, named), 401 if by_secret_only else 400)


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_with_our_session_and_another_projects_key(
    ours: Ours, theirs: Project, method: str, path: str, operation: Any
) -> None:
    """The token alone opens nothing."""
    for headers in ({"x-session-token": ours.session["x-session-token"]}, {**ours.session, **theirs.headers}):
        answer = ours.send(method, path, headers)
        if f"{method} {path}" in SERVES_ITS_OWN and "x-api-secret" in headers:
            assert_tells_nothing(ours, answer)
            if method == "POST":
                Connection(ours.connection.world, theirs, ours.connection.owner).send("DELETE", "")
            continue
        assert_refused(ours, answer, 401, 404)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token[:-1], id="shorter"),
        pytest.param(lambda token: f"{token}x", id="longer"),
        pytest.param(str.swapcase, id="other-case"),
        pytest.param(lambda _: "x", id="none"),
    ],
)
def test_with_a_link_that_is_not_quite_ours(ours: Ours, change: Callable[[str], str]) -> None:
    """It leads to the page that says so, with keys and without; what is sent there connects nothing."""
    world, token = ours.connection.world, ours.connection.link().rpartition("/")[2]
    page = f"{world.url}/connect/{change(token)}"
    key = world.keep_secret(world.sandbox.key())
    for headers in ({}, ours.connection.headers):
        answers = [world.http.get(page, headers=headers), world.http.post(page, headers=headers, data={"key": key})]
        assert [answer.status_code for answer in answers] == [404, 404]
        checked = world.http.post(f"{page}/check", headers=headers, json={"formToken": "x", "key": key})
        assert (checked.status_code, checked.json()["status"], checked.json()["valid"]) == (200, "ended", False)
        for answer in (*answers, checked):
            assert_tells_nothing(ours, answer)


def test_with_our_link_but_not_from_its_page(ours: Ours) -> None:
    """A form from elsewhere does not know the page's own token, and a browser tells where it comes from."""
    world, url = ours.connection.world, ours.connection.link()
    key = world.keep_secret(world.sandbox.key())
    form_token = form_token_of(world.http.get(url))
    for headers, token in (({}, "x"), ({}, ""), ({"sec-fetch-site": "cross-site"}, form_token)):
        form = {"action": "key", "key": key, "formToken": token}
        assert world.http.post(url, headers=headers, data=form).status_code == 403
        checked = world.http.post(f"{url}/check", headers=headers, json={"formToken": token, "key": key}).json()
        assert (checked["status"], checked["organization"]) == ("form", None)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v2/connections", "/v1/resources", "/.env"])
def test_a_path_that_nothing_serves(ours: Ours, path: str) -> None:
    """The answer has the one shape, with or without keys."""
    for headers in ({}, ours.connection.headers):
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert_refused(ours, ours.send(method, path, headers), 404)
