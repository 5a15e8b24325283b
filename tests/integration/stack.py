"""One deployment as tests call it: events as API Gateway makes them, the functions' answers, what is in the table.

Every answer that comes back through ``Stack.call`` is held to what all answers must be: text that UTF-8 can
carry, strict JSON, and for an error the one shape.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from sandbox.state import Sandbox
from unified import aws
from unified.errors import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_URL = "http://127.0.0.1:8787"
REDIRECT_URL = "https://app.example.com/connected"

Item = dict[str, Any]

ALL_OPERATIONS = [
    f"{model}::{operation}"
    for model in ("genericContact", "genericUser", "genericWorkspace")
    for operation in ("create", "retrieve", "list", "update", "delete", "fieldRead", "fieldWrite")
]


@dataclass(frozen=True)
class Answer:
    """A function's answer: status, headers, body as text."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text, parse_constant=_not_json)

    @property
    def code(self) -> str:
        """The error's code, empty for a success."""
        return self.json["error"] if self.status >= 400 else ""


def event(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    base64_body: bool = False,
) -> dict[str, Any]:
    """Build API Gateway's event, payload format 2.0. ``path`` is percent-encoded, as a client sends it.

    A ``body`` that is text or bytes is sent as it is, any other as JSON.
    """
    raw_query = urlencode(query or {})
    route_key, path_parameters = route_of(method, path)
    sent = {"content-type": "application/json", "host": "api.example.com"}
    sent.update({name.lower(): value for name, value in (headers or {}).items()})
    built: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": unquote(path),
        "rawQueryString": raw_query,
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "node",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route_key,
            "stage": "$default",
            "time": "24/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_507_200_000,
        },
        "isBase64Encoded": False,
    }
    if path_parameters:
        built["pathParameters"] = path_parameters
    if raw_query:
        built["queryStringParameters"] = dict(parse_qsl(raw_query, keep_blank_values=True))
    if body is not None:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        if isinstance(content, bytes) or base64_body:
            encoded = content.encode() if isinstance(content, str) else content
            built["body"], built["isBase64Encoded"] = base64.b64encode(encoded).decode(), True
        else:
            built["body"] = content
    return built


@dataclass
class Stack:
    """One deployment with one project and, on demand, connections of it."""

    handlers: Mapping[str, Callable[[dict[str, Any], Any], dict[str, Any]]]
    sandbox: Sandbox
    sandbox_url: str
    aws_calls: Counter[str]
    public_key: str = ""
    secret_key: str = ""
    secret_id: str = ""
    project_id: str = ""
    context: Any = field(default_factory=lambda: SimpleNamespace(get_remaining_time_in_millis=lambda: 29_000))

    def keys(self) -> dict[str, str]:
        """Headers of a server-side caller."""
        return {"x-api-key": self.public_key, "x-api-secret": self.secret_key}

    def of(self, owner: str, connector: str = "ashby") -> dict[str, str]:
        """Headers of a server-side caller that names a connection."""
        return {**self.keys(), "x-connector-id": connector, "x-owner-id": owner}

    def call(self, method: str, path: str, headers: Mapping[str, str] | None = None, **rest: Any) -> Answer:
        """Send a request through the function that serves its path; with ``headers`` None, by the secret key."""
        built = event(method, path, headers=self.keys() if headers is None else headers, **rest)
        return self.send(function_of(built["routeKey"]), built)

    def send(self, function: str, built: dict[str, Any]) -> Answer:
        """Send an event to a function and check what every answer must be."""
        answer = self.handlers[function](built, self.context)
        # What Lambda's runtime does with it: it must be JSON, and JSON must be UTF-8.
        json.dumps(answer, ensure_ascii=False).encode()
        read = Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")
        assert read.headers["x-request-id"] == built["requestContext"]["requestId"]
        assert read.headers["cache-control"] == "no-store"
        if read.status >= 400 and read.headers.get("Content-Type", "").startswith("application/"):
            check_problem(read)
        elif read.headers.get("Content-Type") == "application/json":
            assert isinstance(read.json, dict)
        return read

    def connect(
        self, owner: str = "acme", *, operations: list[str] | None = None, key: str | None = "ashby_local_full"
    ) -> str:
        """Make a connection and, with a key, authorize it; returns its path."""
        path = f"/v1/connections/ashby/{quote(owner, safe='')}"
        made = self.call("POST", path, body={"operations": ALL_OPERATIONS if operations is None else operations})
        assert made.status == 200, made.text
        if key is not None:
            done = self.call("POST", f"{path}/authorization", body={"settings": {"apiKey": key}})
            assert done.json["status"] == "authorized", done.text
        return path

    def session(self, owner: str = "acme", **body: Any) -> dict[str, str]:
        """Make a session; returns the headers of a browser that holds it."""
        made = self.call("POST", f"/v1/connections/ashby/{owner}/sessions", body={"connection": {}, **body})
        assert made.status == 200, made.text
        return {"x-api-key": self.public_key, "x-session-token": made.json["sessionToken"]}

    def items(self) -> dict[tuple[str, str], Item]:
        """Return everything in the table, by key."""
        found: dict[tuple[str, str], Item] = {}
        start: dict[str, Any] = {}
        while True:
            page = aws.client("dynamodb").scan(TableName="unified-test", ConsistentRead=True, **start)
            found.update({(item["pk"]["S"], item["sk"]["S"]): item for item in page["Items"]})
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def upstream(self, endpoint: str) -> int:
        """Return how often an endpoint of Ashby was called."""
        return self.sandbox.calls.by_endpoint[endpoint]


_TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")
_ROUTES = re.findall(r'Method: (\w+), Path: "([^"]+)"', _TEMPLATE)


def _functions_by_route() -> dict[str, str]:
    """Read from the template which function serves which route."""
    found: dict[str, str] = {}
    for block in _TEMPLATE.split("Type: AWS::Serverless::Function")[1:]:
        folder = re.search(r"CodeUri: functions/(\w+)", block)
        own = block.partition("\n  # --- ")[0]
        for method, path in re.findall(r'Method: (\w+), Path: "([^"]+)"', own):
            assert folder is not None
            found[f"{method} {path}"] = folder[1]
    return found


_SERVES = _functions_by_route()


def route_of(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Find the route of an encoded path as API Gateway does: fixed segments before variables, else $default."""
    segments = path.split("/")
    best = ("$default", dict[str, str]())
    fixed = -1
    for of_method, template in _ROUTES:
        pairs = list(zip(template.split("/"), segments, strict=False))
        fits = of_method == method and template.count("/") == path.count("/")
        if not fits or not all(part == sent or (part.startswith("{") and sent) for part, sent in pairs):
            continue
        variables = {part[1:-1]: unquote(sent) for part, sent in pairs if part.startswith("{")}
        if len(pairs) - len(variables) > fixed:
            best, fixed = (f"{method} {template}", variables), len(pairs) - len(variables)
    return best


def function_of(route_key: str) -> str:
    """Say which function serves a route, as the template does."""
    return _SERVES.get(route_key, "docs")


def check_problem(answer: Answer) -> None:
    """Hold an error to the one shape: RFC 9457 with Morph's flat code and message beside it."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == answer.status
    assert problem["error"] in CATALOGUE
    assert problem["type"] == f"urn:unified:error:{problem['error']}"
    assert problem["title"] == CATALOGUE[problem["error"]].title
    assert problem["detail"] == problem["message"] != ""
    assert problem["requestId"] == answer.headers["x-request-id"]
    assert set(problem) <= {
        "type", "title", "status", "detail", "instance", "error", "message", "requestId",
        "fields", "permission", "upstream", "retryAfter",
    }  # fmt: skip
    if "retryAfter" in problem:
        assert answer.headers["retry-after"] == str(problem["retryAfter"])
    for one in problem.get("fields", []):
        assert set(one) == {"field", "message"}


def _not_json(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")
