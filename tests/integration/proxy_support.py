"""What the tests of the proxy share: requests as clients send them, and a spy on what goes out.

Requests are made into events by the local gateway's own code, so headers, paths and bodies arrive as from API Gateway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from local.payload import Request, to_event, to_response
from local.routing import Router
from local.template import HttpRoute
from tests.integration.stack import Stack
from unified import transport
from unified.errors import CATALOGUE
from unified.transport import Reply

ROUTES = Router(
    HttpRoute("proxy", method, f"/v1{door}/proxy{rest}")
    for door in ("", "/s")
    for method, rest in (("ANY", "/{path+}"), ("POST", ""))
)
BAD = "MORPH::CONNECTION::PROXY::BAD_REQUEST"
JSON = {"content-type": "application/json"}
Headers = Sequence[tuple[str, str]]


class Got(NamedTuple):
    """An answer as a client sees it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_upstreams(self) -> bool:
        return self.headers.get("x-unified-origin") == "upstream"


def request(stack: Stack, method: str, target: str, headers: Headers, body: bytes = b"") -> Got:
    """Send a request to the proxy's function. ``target`` is path and query as a client spells them."""
    path, _, query = target.partition("?")
    match = ROUTES.match(method, path)
    assert match is not None, target
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    made = Request(method, path, query, raw, body, "203.0.113.7")
    event = to_event(made, match, request_id="JKJaXmPLvHcESHA=", trace_id="1-2-3", now=datetime.now(UTC))
    payload = json.dumps(stack.handlers["proxy"](event, stack.context)).encode()
    assert len(payload) <= 6 * 1024 * 1024
    answer = to_response(payload)
    got = Got(answer.status, dict(answer.headers), answer.body)
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-request-id"] == "JKJaXmPLvHcESHA="
    assert "set-cookie" not in got.headers
    if not got.is_upstreams:
        assert got.headers["content-type"] == "application/problem+json"
        assert got.json["error"] in CATALOGUE
    return got


def ask(stack: Stack, endpoint: str, body: Any = None, *, door: str = "", **headers: str) -> Got:
    """Call an endpoint for acme by the secret key, with JSON."""
    sent = {**stack.of("acme"), **JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return request(stack, "POST", f"/v1{door}/proxy/{endpoint}", [*sent.items()], json.dumps(body or {}).encode())


def described(stack: Stack, body: Any, headers: Mapping[str, str] | None = None) -> Got:
    """Send a described request for acme by the secret key."""
    sent = {**(stack.of("acme") if headers is None else headers), **JSON}
    return request(stack, "POST", "/v1/proxy", [*sent.items()], json.dumps(body).encode())


class Spy:
    """Sees what goes out, and answers in its place when it has something to answer."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.answers: list[Reply | Exception] = []
        self._send = transport.send

    def send(self, method: str, url: str, **rest: Any) -> Reply:
        self.sent.append({"method": method, "url": url, **rest})
        if not self.answers:
            return self._send(method, url, **rest)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def acme(stack: Stack) -> Stack:
    """Return a deployment with a connected account, the operations of which no proxy needs."""
    stack.connect(operations=[])
    return stack


@pytest.fixture
def spy(acme: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spy]:
    """Watch what goes out once the account is connected."""
    spy = Spy()
    monkeypatch.setattr(transport, "send", spy.send)
    yield spy
    assert spy.answers == []


def audit(stack: Stack) -> list[tuple[str, str, str]]:
    """Return who did what by the proxy and what came of it."""
    items = [item for (pk, _), item in sorted(stack.items().items()) if pk.startswith("AUDIT#")]
    found = [(item["actor"]["S"], item["action"]["S"], item["outcome"]["S"]) for item in items]
    return [one for one in found if one[1].startswith("proxy.")]
