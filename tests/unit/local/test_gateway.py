"""The gateway's answers, with a stand-in for the functions."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.gateway import BODY_LIMIT, Gateway
from local.processes import Log
from local.runtime import Failure, Outcome
from local.template import Cors, HttpRoute

ROUTES = [HttpRoute("Items", "GET", "/items/{id}"), HttpRoute("Items", "POST", "/items")]
CORS = Cors(["https://app.example"], ["GET"], ["x-api-key"], [], None, False)


class Functions:
    """Answers every event with one outcome, and keeps the events."""

    def __init__(self, outcome: Outcome, seconds: float = 0) -> None:
        self.outcome = outcome
        self.seconds = seconds
        self.events: list[dict[str, Any]] = []

    async def invoke(self, name: str, event: bytes, *, request_id: str, trace_id: str) -> Outcome:
        """Take one event."""
        self.events.append({"function": name, "ids": (request_id, trace_id), **json.loads(event)})
        await asyncio.sleep(self.seconds)
        return self.outcome


Send = Callable[..., httpx.Response]


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Say where the gateway logs."""
    return tmp_path / "log"


@pytest.fixture
def send(log_file: Path) -> Send:
    """Send one request through a gateway."""

    def send_one(
        functions: Functions, method: str, path: str, cors: Cors | None = None, **options: Any
    ) -> httpx.Response:
        async def main() -> httpx.Response:
            log = Log(log_file)
            gateway = Gateway(functions, log, integration_seconds=0.2)
            gateway.use(ROUTES, cors)
            transport = httpx.ASGITransport(app=gateway)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as client:
                response = await client.request(method, path, **options)
            log.close()
            return response

        return asyncio.run(main())

    return send_one


def answers(payload: object) -> Functions:
    """Make functions that return `payload`."""
    return Functions(Outcome(json.dumps(payload).encode()))


def test_a_request_reaches_its_function_and_the_answer_its_caller(send: Send) -> None:
    """The event names the route and the path as it was meant; the answer is as the function made it."""
    functions = answers({"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=1", "d=2"], "body": "made"})
    response = send(functions, "GET", "/items/a%2Fb?x=1", headers={"cookie": "k=v"})
    (event,) = functions.events
    assert (event["function"], event["routeKey"], event["pathParameters"]) == (
        "Items",
        "GET /items/{id}",
        {"id": "a/b"},
    )
    assert (event["rawQueryString"], event["cookies"]) == ("x=1", ["k=v"])
    assert (response.status_code, response.text, response.headers["x-a"]) == (201, "made", "b")
    assert response.headers.get_list("set-cookie") == ["c=1", "d=2"]
    assert response.headers["apigw-requestid"] == event["requestContext"]["requestId"]


def test_no_route_is_not_found_without_a_function(send: Send) -> None:
    """API Gateway's own words, which differ from those of our functions."""
    functions = answers({})
    response = send(functions, "DELETE", "/items/1")
    assert (response.status_code, response.text) == (404, '{"message":"Not Found"}')
    assert functions.events == []


@pytest.mark.parametrize(
    ("failure", "status", "text"),
    [
        (Failure.ERROR, 500, "Internal Server Error"),
        (Failure.INIT, 500, "Internal Server Error"),
        (Failure.CRASH, 500, "Internal Server Error"),
        (Failure.TOO_LARGE, 500, "Internal Server Error"),
        (Failure.TIMEOUT, 503, "Service Unavailable"),
    ],
)
def test_a_function_without_an_answer(send: Send, failure: Failure, status: int, text: str) -> None:
    """What the function raised stays inside."""
    response = send(Functions(Outcome(b'{"errorMessage":"secret"}', failure)), "GET", "/items/1")
    assert (response.status_code, response.json()) == (status, {"message": text})


def test_an_answer_that_is_not_accepted_is_explained_in_the_log(send: Send, log_file: Path) -> None:
    """In AWS one sees only a 500; here the reason is told."""
    assert send(answers({"statusCode": 200, "body": {}}), "GET", "/items/1").status_code == 500
    assert "body is not text" in log_file.read_text()


def test_the_gateway_does_not_wait_longer_than_its_own_limit(send: Send) -> None:
    """30 seconds in AWS, whatever the function's timeout is."""
    response = send(Functions(Outcome(b"{}"), seconds=0.4), "GET", "/items/1")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 8 * 1024 * 1024])
def test_a_body_over_a_limit_reaches_no_function(send: Send, size: int) -> None:
    """10 MB is the gateway's limit; Lambda's is 6 MB with the whole event."""
    functions = answers({"statusCode": 200})
    response = send(functions, "POST", "/items", content=b"x" * size)
    assert (response.status_code, functions.events) == (413, [])


def test_a_preflight_is_answered_by_the_gateway(send: Send) -> None:
    """There is no OPTIONS route, and needs none."""
    functions = answers({"statusCode": 200})
    headers = {"origin": "https://app.example", "access-control-request-method": "GET"}
    response = send(functions, "OPTIONS", "/items", CORS, headers=headers)
    assert (response.status_code, functions.events) == (204, [])
    assert response.headers["access-control-allow-headers"] == "x-api-key"
    assert "content-length" not in response.headers


def test_a_page_may_read_even_the_gateways_own_errors(send: Send) -> None:
    """Without these headers a browser shows a script nothing but a failure."""
    response = send(answers({}), "GET", "/nothing", CORS, headers={"origin": "https://app.example"})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (404, "https://app.example")


def test_the_log_holds_the_route_and_not_what_was_sent(send: Send, log_file: Path) -> None:
    """Paths, queries and headers may hold secrets; the template's access log leaves them out too."""
    send(answers({"statusCode": 200}), "GET", "/items/hidden-1?code=hidden-2", headers={"x-api-secret": "hidden-3"})
    logged = log_file.read_text()
    assert "GET /items/{id} 200" in logged
    assert "hidden" not in logged
