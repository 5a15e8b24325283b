"""What the benchmarks of events share: the functions in this process, AWS and the sandbox beside, and counters.

Nothing moves by itself here: a benchmark gives a function its batch, and no runner takes what it sends. DynamoDB is
``benchmarks.quick_dynamo``, everything else of AWS moto. Time that a function waits at a socket's edge, for AWS or for
the account, is taken off to leave its own.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar, cast

Result = TypeVar("Result")

ROOT = Path(__file__).resolve().parents[1]
KEY = "ashby_local_full"
ASHBY_HEADERS = {
    "authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode(),
    "accept": "application/json; version=1",
}
OWNER = "bench"
HEADERS = {"x-api-key": "pk_local", "x-api-secret": "sk_local", "x-connector-id": "ashby", "x-owner-id": OWNER}
TABLE = "bench"
_REGION = "eu-west-1"
_START_SECONDS = 60


class _Nowhere(io.TextIOBase):
    """Where log lines go: they are counted, as CloudWatch would bill them."""

    written = 0

    def write(self, text: str, /) -> int:
        """Count what would be written."""
        self.written += len(text.encode())
        return len(text)


_NOWHERE = _Nowhere()


def logged() -> int:
    """Return how many bytes the functions have logged so far."""
    return _NOWHERE.written


@dataclass(frozen=True)
class EventStack:
    """A running stack: addresses, and the environment that its functions have."""

    sandbox_url: str
    table_url: str
    environment: Mapping[str, str]

    def units(self) -> Counter[str]:
        """Return what the table was asked since this was last called: calls by name, ``reads``, ``writes``."""
        return Counter(get_json(f"{self.table_url}/units"))

    def event_keys(self) -> list[tuple[str, str]]:
        """Return the keys of all events."""
        return [(pk, sk) for pk, sk in get_json(f"{self.table_url}/keys/EVENT")]

    def ashby(self, endpoint: str, body: Any) -> Any:
        """Call the account."""
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json", **ASHBY_HEADERS}
        asked = urllib.request.Request(f"{self.sandbox_url}/{endpoint}", content, headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read())

    def call(self, function: str, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """Call a function as API Gateway does and return its answer. Raises ``RuntimeError`` for an error."""
        answer = handler(function)(request(method, path, body, **parameters), FreshContext(30))
        if answer["statusCode"] >= 400:
            raise RuntimeError(answer["body"])
        return json.loads(answer["body"] or "null")

    def connect(self, url: str | None = None, *, events: Sequence[str] = ("*",)) -> dict[str, Any]:
        """Connect an account and make an endpoint that takes ``events``; returns the endpoint."""
        path = f"/v1/connections/ashby/{OWNER}"
        parameters = {"connectorId": "ashby", "ownerId": OWNER}
        self.call("connections", "POST", path, {"operations": ["genericContact::list"]}, **parameters)
        body = {"settings": {"apiKey": KEY}}
        self.call("connections", "POST", f"{path}/authorization", body, **parameters)
        wanted = {"url": url or "http://127.0.0.1:9/", "events": list(events)}
        return self.call("events", "POST", "/v1/webhook-endpoints", wanted)

    def watch(self) -> Any:
        """Return the one connection as the queues name it."""
        from unified.connections.records import Reference
        from unified.connections.watch import Watch
        from unified.projects import projects
        from unified.table import connection_key, table

        project = projects().find("pk_local")
        assert project is not None
        place = Reference(project.id, "ashby", OWNER)
        item = table().get(connection_key(*place))
        assert item is not None
        return Watch(place, item["generation"], "pk_local")


class FreshContext:
    """What a handler asks of Lambda's context, with a time in seconds that runs out."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
    aws_request_id = "bench"

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left."""
        return int((self._ends - time.monotonic()) * 1000)


class Meter:
    """Adds up the time spent at sockets, by thread, and counts the calls to AWS by service and name."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._waited = threading.local()

    @property
    def waited(self) -> float:
        """Seconds that this thread has waited so far."""
        return getattr(self._waited, "seconds", 0.0)

    def watch(self) -> None:
        """Begin: from now on every call is counted and its waiting timed."""
        from botocore.httpsession import URLLib3Session

        from unified import aws, egress, transport

        transport.send = self.timing(transport.send)
        URLLib3Session.send = self.timing(URLLib3Session.send)
        egress.connect = self.timing(egress.connect)
        for service in ("dynamodb", "kms", "sqs", "events"):
            client = cast(Any, aws).client(service)
            client.meta.events.register("before-call", self._count)

    def timing(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work`` with its duration counted as waiting."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                self._waited.seconds = self.waited + time.perf_counter() - started

        return timed

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[f"{model.service_model.service_name}.{model.name}"] += 1


@contextlib.contextmanager
def running(*, single_ms: float = 0, many_ms: float = 0, **environment: str) -> Generator[EventStack]:
    """Start AWS and the sandbox on free ports, put a project in, and set this process' environment for functions.

    DynamoDB answers after ``single_ms`` for one item and ``many_ms`` for several; ``environment`` is the sandbox's.
    """
    with contextlib.ExitStack() as stack:
        table_port, aws_port, sandbox_port = _free_ports(3)
        delays = (str(single_ms), str(many_ms))
        stack.enter_context(_process("benchmarks.quick_dynamo", table_port, *delays))
        stack.enter_context(_process("local.aws", aws_port))
        stack.enter_context(_process("sandbox", sandbox_port, environment=environment, flag="--port"))
        addresses = [f"http://127.0.0.1:{port}" for port in (table_port, aws_port, sandbox_port)]
        made = EventStack(addresses[2], addresses[0], _environment(*addresses))
        os.environ.update(made.environment)
        _seed(made.environment)
        yield made


def handler(function: str) -> Callable[[Any, Any], Any]:
    """Return a function's handler; what it logs goes nowhere, but is spelled all the same."""
    if function not in _handlers:
        path = ROOT / "functions" / function / "app.py"
        spec = importlib.util.spec_from_file_location(f"{function}_app", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.stdout, kept = _NOWHERE, sys.stdout  # the logger binds it for the run
        spec.loader.exec_module(module)
        sys.stdout = kept
        _handlers[function] = module.handler
    return _handlers[function]


_handlers: dict[str, Callable[[Any, Any], Any]] = {}


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Let what would go to standard output go nowhere."""
    with contextlib.redirect_stdout(_NOWHERE):
        yield


def request(method: str, path: str, body: Any = None, **parameters: str) -> dict[str, Any]:
    """Build API Gateway's event; the route is ``path`` with the ``parameters`` put back."""
    route = path
    for name, value in parameters.items():
        route = route.replace(f"/{value}", f"/{{{name}}}", 1)
    event = json.loads((ROOT / "events" / "connections" / "create.json").read_text(encoding="utf-8"))
    event["rawPath"] = path
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{method} {route}"
    event["pathParameters"] = parameters
    event["headers"] = {**event["headers"], **HEADERS}
    event["body"] = body if isinstance(body, str) else json.dumps(body)
    event["isBase64Encoded"] = False
    event["requestContext"]["http"] |= {"method": method, "path": path}
    return event


def batch(bodies: Sequence[str]) -> dict[str, Any]:
    """Build the event of a queue's batch."""
    record = {
        "attributes": {"ApproximateReceiveCount": "1"},
        "awsRegion": _REGION,
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{_REGION}:123456789012:bench",
        "md5OfBody": "",
        "messageAttributes": {},
        "receiptHandle": "bench",
    }
    return {"Records": [{**record, "messageId": str(uuid.uuid4()), "body": body} for body in bodies]}


def application_webhook(stack: EventStack, number: int, *, changed: bool = False) -> str:
    """Return Ashby's webhook that tells of one of the account's applications, in full, as it is or ``changed``."""
    if not _applications:
        cursor: str | None = None
        while True:
            page = stack.ashby("application.list", {"limit": 100, **({"cursor": cursor} if cursor else {})})
            _applications.extend(page["results"])
            cursor = page.get("nextCursor")
            if not page["moreDataAvailable"]:
                break
    application = _applications[number % len(_applications)]
    if changed:
        status = "Active" if application["status"] == "Archived" else "Archived"
        application = {**application, "status": status, "updatedAt": "2099-01-01T00:00:00.000Z"}
    sent = {"action": "applicationUpdate", "webhookActionId": str(uuid.uuid4()), "data": {"application": application}}
    return json.dumps(sent, separators=(",", ":"))


_applications: list[dict[str, Any]] = []


def resident_mb() -> float:
    """Return how much memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def get_json(url: str, body: Any = None) -> Any:
    """Read JSON of a server of this run; with a body, by POST."""
    asked = urllib.request.Request(url, None if body is None else json.dumps(body).encode())  # noqa: S310 - loopback
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


def alone(work: Callable[..., Result], *arguments: Any) -> Result:
    """Run ``work`` in a process of its own, as fresh as an environment of Lambda's, and return what it returns."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def load() -> str:
    """Say how busy the machine is, which every figure must be read with."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _environment(table_url: str, aws_url: str, sandbox_url: str) -> dict[str, str]:
    import boto3

    access = {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_DYNAMODB": table_url,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    os.environ.update(access)

    def client(service: str) -> Any:
        return cast(Any, boto3).client(service)

    queues = {
        f"{name}_QUEUE_URL": client("sqs").create_queue(QueueName=name)["QueueUrl"]
        for name in ("HINT", "SWEEP", "DELIVERY")
    }
    client("events").create_event_bus(Name="bench")
    return {
        **access,
        **queues,
        "TABLE_NAME": TABLE,
        "KEY_ARN": client("kms").create_key()["KeyMetadata"]["Arn"],
        "OAUTH_CLIENT_SECRET_ARN": client("secretsmanager").create_secret(Name="o", SecretString="{}")["ARN"],
        "EVENT_BUS_NAME": "bench",
        "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "ASHBY_API_URL": sandbox_url,
        "PUBLIC_URL": "http://127.0.0.1:9",
        "BASE_URLS": "",
        "ALLOWED_REDIRECT_URLS": "",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def _seed(environment: Mapping[str, str]) -> None:
    arguments = ["--endpoint-url", environment["AWS_ENDPOINT_URL_DYNAMODB"], "--table", TABLE]
    keys = ["--public-key", "pk_local", "--secret-key", "sk_local"]
    subprocess.run(
        [sys.executable, "-m", "admin", *arguments, "projects", "create", "--name", "Bench", *keys],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "layers" / "unified")},
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextlib.contextmanager
def _process(
    module: str, port: int, *arguments: str, environment: Mapping[str, str] | None = None, flag: str | None = None
) -> Generator[None]:
    """Run a server of ours while inside, once it answers."""
    command = [sys.executable, "-m", module, *([flag] if flag else []), str(port), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        ends = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{module} did not start")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
