"""The functions' real handlers on an AWS in this process (moto) and an Ashby on a free port (the sandbox).

Every answer that comes back through ``Stack.call`` is held to what all answers must be: text that UTF-8 can
carry, strict JSON, and for an error the one shape.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl, quote, unquote, urlencode

import pytest
import uvicorn
from moto import mock_aws

from local.emulator import mend
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.state import Sandbox
from tests.integration.roles import Roles
from unified import aws, projects, transport
from unified.ashby import client as ashby_client
from unified.connections import clients
from unified.errors import CATALOGUE
from unified.events import settings as settings_of_events
from unified.log import logger

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = tuple(sorted(folder.parent.name for folder in (ROOT / "functions").glob("*/app.py")))
PUBLIC_URL = "http://127.0.0.1:8787"
REDIRECT_URL = "https://app.example.com/connected"
REGION = "eu-central-1"
_QUEUES = f"https://sqs.{REGION}.amazonaws.com/123456789012"

Item = dict[str, Any]


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


ALL_OPERATIONS = [
    f"{model}::{operation}"
    for model in ("genericContact", "genericUser", "genericWorkspace")
    for operation in ("create", "retrieve", "list", "update", "delete", "fieldRead", "fieldWrite")
]


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


# -- the sandbox, one server for all tests -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[tuple[str, Sandbox]]:
    """Serve one sandbox on a free port."""
    app = create_app(SandboxConfig(candidates=30, requests_per_minute=1_000_000))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the sandbox did not start"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", app.state.sandbox
    if transport._client.cache_info().currsize:
        transport._client().close()
        transport._client.cache_clear()
    server.should_exit = True
    thread.join(10)


# -- AWS and the functions ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cloud(sandbox_server: tuple[str, Sandbox]) -> Iterator[SimpleNamespace]:
    """Load every function once, on clients that moto answers; making clients is what costs time."""
    mend()
    made: dict[str, Any] = {}
    counted: Counter[str] = Counter()
    roles = Roles()

    def client(service: str) -> Any:
        if service not in made:
            made[service] = aws.get_session().create_client(service, config=aws._CONFIG)
            made[service].meta.events.register("before-call", lambda model, **_: counted.update([model.name]))
            made[service].meta.events.register("before-parameter-build", roles.judge)
        return made[service]

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in _environment(sandbox_server[0]).items():
            patch.setenv(name, value)
        patch.setattr(aws, "_client", client)
        handlers = {name: roles.held(name, _load(name).handler) for name in FUNCTIONS}
        # Made while the network is moto's, so that no test pays for it.
        for service in ("dynamodb", "kms", "secretsmanager", "sqs", "events", "scheduler"):
            client(service)
    yield SimpleNamespace(client=client, counted=counted, handlers=handlers, roles=roles)
    for one in made.values():
        one.close()


def _load(function: str) -> ModuleType:
    name = f"integration_{function}_app"
    spec = importlib.util.spec_from_file_location(name, ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _environment(sandbox_url: str) -> dict[str, str]:
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TABLE_NAME": "unified-test",
        "KEY_ARN": "alias/unified-test",
        "OAUTH_CLIENT_SECRET_ARN": "unified-test-oauth",
        "ASHBY_API_URL": sandbox_url,
        "PUBLIC_URL": PUBLIC_URL,
        "ALLOWED_REDIRECT_URLS": f"{REDIRECT_URL}, https://app.example.com/other",
        **{f"{name}_QUEUE_URL": f"{_QUEUES}/{name.lower()}" for name in ("HINT", "SWEEP", "DELIVERY")},
        "DELIVERY_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:delivery",
        "DELIVERY_DEAD_LETTER_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:delivery-dead-letters",
        "SCHEDULE_GROUP": "unified-test",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/unified-test-schedules",
        "EVENT_BUS_NAME": "unified-test",
        "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "BASE_URLS": "https://connect.acme.example",
        "POWERTOOLS_SERVICE_NAME": "unified",
    }


# The constructor's own defaults, which is where a handler's pauses come from.
_DEFAULTS = cast(dict[str, Any], ashby_client.AshbySession.__init__.__kwdefaults__)
# What outlives a deployment: moto answers all clients alike, and sockets are dear to open.
_KEPT = frozenset({"unified.aws", "unified.transport"})


@contextlib.contextmanager
def new_stack(cloud: SimpleNamespace, url: str, sandbox: Sandbox) -> Generator[Stack]:
    """Give a deployment as new: an empty table, a key of its own, one project, an untouched sandbox."""
    sandbox.reset()
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in _environment(url).items():
            patch.setenv(name, value)
        patch.setattr(aws, "_client", cloud.client)
        # Nothing here waits for real: what matters is how often something is tried, not after what pause.
        patch.setitem(_DEFAULTS, "sleep", lambda _seconds: None)
        cloud.client("dynamodb").create_table(
            TableName="unified-test",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )
        for queue in ("hint", "sweep", "delivery", "delivery-dead-letters"):
            cloud.client("sqs").create_queue(QueueName=queue)
        cloud.client("events").create_event_bus(Name="unified-test")
        cloud.client("scheduler").create_schedule_group(Name="unified-test")
        patch.setenv("KEY_ARN", cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
        cloud.client("secretsmanager").create_secret(Name="unified-test-oauth", SecretString="{}")
        forget()
        made = Stack(cloud.handlers, sandbox, url, cloud.counted)
        project = projects.projects().create("Test", public_key="pk_test", redirect_urls=())
        made.secret_id, made.secret_key = projects.projects().add_secret("pk_test")
        made.public_key, made.project_id = "pk_test", project.id
        cloud.counted.clear()
        cloud.roles.refused.clear()
        yield made
        cloud.roles.report()
        forget()


@pytest.fixture
def stack(cloud: SimpleNamespace, sandbox_server: tuple[str, Sandbox]) -> Iterator[Stack]:
    """Return a deployment of the test's own."""
    with new_stack(cloud, *sandbox_server) as made:
        yield made


def forget() -> None:
    """Forget what an environment of the functions remembers: each module's one cached object."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("unified.") or name in _KEPT:
            continue
        for cached in vars(module).values():
            if getattr(cached, "cache_parameters", dict)().get("maxsize") == 1:
                cached.cache_clear()
    settings_of_events.forget()
    clients._cached = None


@pytest.fixture
def oauth(stack: Stack) -> Stack:
    """Give the deployment an OAuth client of the sandbox's."""
    give_oauth_client(stack)
    return stack


def give_oauth_client(stack: Stack, **changes: str) -> None:
    """Put an OAuth client into the deployment's secret."""
    client = {
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-secret",
        "authorizeUrl": f"{stack.sandbox_url}/oauth/authorize",
        "tokenUrl": f"{stack.sandbox_url}/oauth/token",
        "revokeUrl": f"{stack.sandbox_url}/oauth/revoke",
        "issuer": stack.sandbox.config.issuer,
        **changes,
    }
    aws.client("secretsmanager").put_secret_value(
        SecretId="unified-test-oauth", SecretString=json.dumps({"ashby": client})
    )
    clients._cached = None


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the functions log meanwhile: whole lines, as CloudWatch would get them."""
    handler = cast(Any, logger.registered_handler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    yield lines
    handler.setStream(before)
