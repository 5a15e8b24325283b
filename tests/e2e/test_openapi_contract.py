"""The API keeps to its own description: generated requests, right and wrong, against the running stack."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.e2e.receiving import Receiver, subscribe
from tests.e2e.running import ROOT, Connection, World, assert_problem

pytest_plugins = ["tests.e2e.fixtures"]

EXAMPLES = 10
DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "docs" / "openapi.json").read_text(encoding="utf-8"))
SCHEMA: Any = schemathesis.openapi.from_dict(DOCUMENT)
# A route that takes nothing cannot be asked wrongly.
ROUTES = [
    pytest.param(path, method.upper(), mode, id=f"{method} {path}-{mode.value}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation["parameters"] or operation["security"]
]
# What is right there is more than a schema says: a state that was given, a person's name, a session.
SELDOM = {
    # A form of the page itself.
    ("POST", "/connect/{token}"),
    ("GET", "/v1/callback/{connector_id}"),
    ("POST", "/v1/resources/{model}"),
    ("PATCH", "/v1/resources/{model}/{record_id}"),
    ("DELETE", "/v1/session"),
    ("PUT", "/v1/connections/{connector_id}/{owner_id}/mappings/{model}"),
    ("PUT", "/v1/connection/mappings/{model}"),
    ("POST", "/v1/connections/{connector_id}/{owner_id}/mappings/{model}/preview"),
    ("POST", "/v1/connection/mappings/{model}/preview"),
    ("PUT", "/v1/connectors/{connector_id}/mappings/{model}"),
    ("PUT", "/v1/connections/{connector_id}/{owner_id}/models/{model}"),
    ("GET", "/v1/connectors/{connector_id}/models/{model}"),
    ("DELETE", "/v1/connectors/{connector_id}/models/{model}"),
    ("POST", "/v1/models/{model}/fields"),
    # An address that may be sent to, a moment in time.
    ("POST", "/v1/webhook-endpoints"),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/replay"),
    # Ashby's API takes POST alone.
    *((method, "/v1/proxy/{path}") for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")),
}

load_all_checks()
CONFORMANCE: Any = [
    CHECKS.get_one(f"{name}_conformance")
    for name in ("status_code", "content_type", "response_headers", "response_schema")
]


class Customer:
    """A connection that is there and authorized whenever a request is made, whatever the one before it did."""

    def __init__(self, connection: Connection, receiver: Receiver) -> None:
        self.connection = connection
        self.receiver = receiver
        self.is_touched = True
        self._endpoint = ""
        self._limited: dict[tuple[str, ...], str] = {}
        self.other = connection.world.project("Another")
        connector = connection.world.http.get(
            f"{connection.world.url}/v1/connectors/ashby", headers=connection.project.headers
        )
        self.operations: list[str] = connector.json()["operations"]
        self.key = connection.world.keep_secret(connection.world.sandbox.key())

    def be_whole(self) -> None:
        """Put back what a request may have removed or changed, if there was one."""
        if self.is_touched:
            self.restore()

    def restore(self) -> None:
        """Put back what is removed or changed."""
        connection = self.connection
        found = connection.send("GET", "")
        if found.status_code == 404:
            assert connection.send("POST", "", json={"operations": self.operations}).status_code == 200
        elif found.json()["operations"] != self.operations:
            assert connection.send("PATCH", "", json={"operations": self.operations}).status_code == 200
        if found.status_code == 404 or found.json()["status"] != "authorized":
            assert connection.authorize_by_key(self.key).status_code == 200
        self.is_touched = False

    def endpoint(self) -> str:
        """Return an endpoint that is there."""
        if not self._endpoint or self.connection.call("GET", f"/webhook-endpoints/{self._endpoint}").is_error:
            patterns = ["genericWorkspace::created"]
            self._endpoint = subscribe(self.connection.world, self.connection.project, self.receiver, events=patterns)
        return self._endpoint

    def event(self) -> str:
        """Return an event that is there: that the account was first seen."""
        self.endpoint()
        return self.receiver.wait("genericWorkspace::created", "organization").event["id"]

    def link(self) -> str:
        """Make a link to the connect page; returns its token."""
        self.be_whole()
        return self.connection.link().rpartition("/")[2]

    def limited(self, *rights: str) -> dict[str, str]:
        """Return the headers of a server whose key has these rights."""
        if rights not in self._limited:
            self._limited[rights] = self.connection.world.key(self.connection.project, *rights)
        return {**self.connection.headers, "x-api-secret": self._limited[rights]}

    def session(self, **connection: Any) -> dict[str, str]:
        """Return the headers of a browser with a session that works.

        A session of few operations gives them to the connection too, which gets its own back.
        """
        self.be_whole()
        session = self.connection.session({"connection": connection})
        if connection:
            self.restore()
        return session.headers

    def contact(self) -> str:
        """Make a contact."""
        answer = self.connection.call("POST", "/resources/genericContact", json={"firstName": "Ada"})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]


@pytest.fixture(scope="module")
def customer(world: World) -> Iterator[Customer]:
    """Connect a customer of a project that has nothing else."""
    with Receiver() as receiver:
        yield Customer(world.connection(world.project("Contract")), receiver)


def send(customer: Customer, case: Any, headers: Mapping[str, str]) -> Any:
    """Send a generated request with these headers and none of its own."""
    asked = case.as_transport_kwargs(base_url=customer.connection.world.url)
    body = {name: asked[name] for name in ("json", "content") if name in asked}
    if isinstance(asked.get("data"), str | bytes):
        body["content"] = asked["data"]
    request = customer.connection.world.http.build_request(
        asked["method"],
        asked["url"],
        params=asked.get("params") or None,
        headers={"content-type": "application/json", **headers},
        **body,
    )
    return customer.connection.world.http.send(request)


def try_out(customer: Customer, case: Any, mode: GenerationMode, number: int, headers: Mapping[str, str]) -> Any:
    """Send one generated request to a customer that is there, and hold the answer to the document; returns it.

    What no schema can know, such as ids that there are, stands in right requests in place of what was generated; where
    the answer depends on it, in those of an even ``number``.
    """
    method, path = case.operation.method.upper(), case.operation.path
    if method != "GET":
        customer.be_whole()
    places = case.path_parameters or {}
    if mode is GenerationMode.POSITIVE:
        known: dict[str, Callable[[], str]] = {"endpoint_id": customer.endpoint, "event_id": customer.event}
        if number % 2 == 0:
            known |= {"token": customer.link, "path": lambda: "candidate.list", "record_id": customer.contact}
        if (method, path) != ("POST", "/v1/connections/{connector_id}/{owner_id}"):
            known["owner_id"] = lambda: customer.connection.owner
        else:
            known["owner_id"] = lambda: secrets.token_hex(6)
        places.update({name: known[name]() for name in places.keys() & known.keys()})
        if number % 2 == 0 and "record_id" in places:
            # Of another model's records none is known; of this one there is always one.
            places["model"] = "genericContact"
        if number % 2 == 0 and path.endswith("/proxy"):
            case.body |= {"method": "POST", "path": "candidate.list", "data": {"limit": 1}}
    answer = send(customer, case, headers)
    customer.is_touched |= method != "GET" and answer.status_code < 400
    assert answer.status_code < 500 or answer.status_code == 501, answer.text[:600]
    case.validate_response(answer, checks=CONFORMANCE)
    return answer


TRIES = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.parametrize(("path", "method", "mode"), ROUTES)
def test_answers_are_as_described(customer: Customer, path: str, method: str, mode: GenerationMode) -> None:
    """No status, header, media type or body that the document does not name, and never a fault of ours."""
    seen: list[int] = []
    customer.restore()

    @TRIES
    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        seen.append(try_out(customer, case, mode, len(seen), customer.connection.headers).status_code)

    run()
    assert seen
    if mode is GenerationMode.POSITIVE and (method, path.replace("/v1/s/", "/v1/")) not in SELDOM:
        assert {*seen} & {200, 201, 202, 204}


def test_the_document_that_is_served_is_the_one_that_was_tried(world: World) -> None:
    """Without keys: it holds no secret."""
    assert world.http.get(f"{world.url}/openapi.json").json() == DOCUMENT


def test_every_route_of_the_document_is_served_and_no_other(world: World, customer: Customer) -> None:
    """A method that a path has not is no route."""
    for path, methods in DOCUMENT["paths"].items():
        places = {"connector_id": "ashby", "owner_id": "o", "model": "genericContact", "record_id": "r"}
        concrete = path.format(**places, endpoint_id="ep_1", event_id="evt_1", token="lnk_1", path="candidate.list")
        for method in {"put", "get", "post", "patch", "delete"} - set(methods):
            answer = world.http.request(method.upper(), f"{world.url}{concrete}", headers=customer.connection.headers)
            assert_problem(answer, 405, "MORPH::METHOD_NOT_ALLOWED")
            assert answer.headers["allow"] == ", ".join(sorted(one.upper() for one in methods))
