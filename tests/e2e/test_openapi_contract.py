"""The API keeps to its own description: generated requests, right and wrong, against the running stack."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.e2e.receiving import Receiver, subscribe
from tests.e2e.running import ROOT, Connection, World, assert_problem

pytest_plugins = ["tests.e2e.fixtures"]

EXAMPLES = 14
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
    ("GET", "/connect/{token}"),
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
        self._endpoint = ""
        connector = connection.world.http.get(
            f"{connection.world.url}/v1/connectors/ashby", headers=connection.project.headers
        )
        self.operations: list[str] = connector.json()["operations"]
        self.key = connection.world.keep_secret(connection.world.sandbox.key())

    def restore(self) -> None:
        """Put back what a request has removed or changed."""
        connection = self.connection
        found = connection.send("GET", "")
        if found.status_code == 404:
            assert connection.send("POST", "", json={"operations": self.operations}).status_code == 200
        elif found.json()["operations"] != self.operations:
            assert connection.send("PATCH", "", json={"operations": self.operations}).status_code == 200
        if found.status_code == 404 or found.json()["status"] != "authorized":
            assert connection.authorize_by_key(self.key).status_code == 200

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

    def contact(self) -> str:
        """Make a contact."""
        answer = self.connection.call("POST", "/resources/genericContact", json={"firstName": "Ada"})
        return answer.json()["id"]


@pytest.fixture(scope="module")
def customer(world: World) -> Iterator[Customer]:
    """Connect a customer of a project that has nothing else."""
    with Receiver() as receiver:
        yield Customer(world.connection(world.project("Contract")), receiver)


def send(customer: Customer, case: Any) -> Any:
    """Send a generated request as this customer's server."""
    asked = case.as_transport_kwargs(base_url=customer.connection.world.url)
    body = {name: asked[name] for name in ("json", "content") if name in asked}
    if isinstance(asked.get("data"), str | bytes):
        body["content"] = asked["data"]
    request = customer.connection.world.http.build_request(
        asked["method"],
        asked["url"],
        params=asked.get("params") or None,
        headers={"content-type": "application/json", **customer.connection.headers},
        **body,
    )
    return customer.connection.world.http.send(request)


@pytest.mark.parametrize(("path", "method", "mode"), ROUTES)
def test_answers_are_as_described(customer: Customer, path: str, method: str, mode: GenerationMode) -> None:
    """No status, header, media type or body that the document does not name, and never a fault of ours."""
    operation = SCHEMA[path][method]
    seen: set[int] = set()
    asked: list[str] = []
    customer.restore()

    @settings(
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
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        if method != "GET":
            customer.restore()
        places = case.path_parameters or {}
        if mode is GenerationMode.POSITIVE and "owner_id" in places:
            creates = (method, path) == ("POST", "/v1/connections/{connector_id}/{owner_id}")
            places["owner_id"] = secrets.token_hex(6) if creates else customer.connection.owner
        if mode is GenerationMode.POSITIVE and "record_id" in places and len(asked) % 2 == 0:
            # Of another model's records none is known; of this one there is always one.
            places["model"], places["record_id"] = "genericContact", customer.contact()
        if mode is GenerationMode.POSITIVE and "endpoint_id" in places:
            places["endpoint_id"] = customer.endpoint()
        if mode is GenerationMode.POSITIVE and "event_id" in places:
            places["event_id"] = customer.event()
        asked.append(path)
        answer = send(customer, case)
        seen.add(answer.status_code)
        assert answer.status_code < 500 or answer.status_code == 501, answer.text[:600]
        case.validate_response(answer, checks=CONFORMANCE)

    run()
    assert seen
    if mode is GenerationMode.POSITIVE and (method, path.replace("/v1/s/", "/v1/")) not in SELDOM:
        assert seen & {200, 201, 202, 204}


def test_the_document_that_is_served_is_the_one_that_was_tried(world: World) -> None:
    """Without keys: it holds no secret."""
    assert world.http.get(f"{world.url}/openapi.json").json() == DOCUMENT


def test_every_route_of_the_document_is_served_and_no_other(world: World, customer: Customer) -> None:
    """A method that a path has not is no route."""
    for path, methods in DOCUMENT["paths"].items():
        places = {"connector_id": "ashby", "owner_id": "o", "model": "genericContact", "record_id": "r"}
        concrete = path.format(**places, endpoint_id="ep_1", event_id="evt_1", token="lnk_1")
        for method in {"put", "get", "post", "patch", "delete"} - set(methods):
            answer = world.http.request(method.upper(), f"{world.url}{concrete}", headers=customer.connection.headers)
            assert_problem(answer, 404, "MORPH::ROUTE_NOT_FOUND")
