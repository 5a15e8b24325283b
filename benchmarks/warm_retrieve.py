"""What one warm retrieve costs beyond the upstream call, and what it asks of AWS.

The real handler of ``resources`` runs in this process with real events; the fake Ashby and AWS (moto) are
other processes, as they would be. Time spent waiting for either is taken off by measuring at the socket's
edge: ``unified.transport.send`` and botocore's HTTP session. What is left is ours. Calls to DynamoDB and KMS
are counted by botocore's own events. Target: at most 3 ms of our own at the median, one read, no KMS call.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.local_stack import LocalStack, running

ROOT = Path(__file__).resolve().parents[1]
CALLS = 300
WARM_UP = 30
TARGET_MS = 3.0
HEADERS = {"x-api-key": "pk_local", "x-api-secret": "sk_local", "x-connector-id": "ashby", "x-owner-id": "bench"}


class Context:
    """What a handler asks of Lambda's context."""

    function_name = "resources"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:resources"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Return a fresh invocation's time."""
        return 29_000


class Meter:
    """Adds up time and calls between two readings."""

    def __init__(self) -> None:
        self.upstream = 0.0
        self.aws = 0.0
        self.calls: list[str] = []

    def count(self, model: Any, **_: Any) -> None:
        """Remember one call to AWS (botocore's ``before-call``)."""
        self.calls.append(model.name)

    def timing(self, work: Callable[..., Any], attribute: str) -> Callable[..., Any]:
        """Return ``work`` with its duration added to ``attribute``."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                setattr(self, attribute, getattr(self, attribute) + time.perf_counter() - started)

        return timed


def measure(stack: LocalStack) -> dict[str, Any]:
    """Connect an account, then retrieve one contact many times; returns the figures in milliseconds."""
    os.environ.update(stack.function_environment())
    handler = _handler()
    from botocore.httpsession import URLLib3Session
    from unified import aws, transport

    record_id = _connect(stack)
    meter = Meter()
    transport.send = meter.timing(transport.send, "upstream")
    URLLib3Session.send = meter.timing(URLLib3Session.send, "aws")
    for service in ("dynamodb", "kms"):
        events = aws.client(service).meta.events
        events.register("before-call", meter.count)
    event = _event(record_id)
    own: list[float] = []
    beyond: list[float] = []
    for number in range(WARM_UP + CALLS):
        if number == WARM_UP:
            meter.calls.clear()
        meter.upstream = meter.aws = 0.0
        started = time.perf_counter()
        answer = handler(event, Context())
        took = time.perf_counter() - started
        assert answer["statusCode"] == 200, answer
        if number >= WARM_UP:
            own.append(took - meter.upstream - meter.aws)
            beyond.append(took - meter.upstream)
    return {
        "own": median(own) * 1000,
        "own_p99": quantiles(own, n=100)[98] * 1000,
        "beyond": median(beyond) * 1000,
        "reads": sum(name != "Decrypt" for name in meter.calls) / CALLS,
        "names": sorted(set(meter.calls)),
        "kms": meter.calls.count("Decrypt") / CALLS,
    }


def _handler() -> Callable[[Any, Any], dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("resources_app", ROOT / "functions" / "resources" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.stdout, kept = open(os.devnull, "w"), sys.stdout  # noqa: SIM115, PTH123 - the logger binds it for the run
    spec.loader.exec_module(module)
    sys.stdout = kept
    return module.handler


def _connect(stack: LocalStack) -> str:
    path = "/v1/connections/ashby/bench"
    stack.call("POST", path, {"operations": ["genericContact::list", "genericContact::retrieve"]}, HEADERS)
    stack.call("POST", f"{path}/authorization", {"settings": {"apiKey": "ashby_local_full"}}, HEADERS)
    return stack.call("GET", "/v1/resources/genericContact?limit=1", None, HEADERS)["data"][0]["id"]


def _event(record_id: str) -> dict[str, Any]:
    event = json.loads((ROOT / "events" / "resources" / "retrieve.json").read_text(encoding="utf-8"))
    event["rawPath"] = f"/v1/resources/genericContact/{record_id}"
    event["pathParameters"] = {"model": "genericContact", "id": record_id}
    event["headers"] = {**event["headers"], **HEADERS}
    event["rawQueryString"] = ""
    event.pop("queryStringParameters", None)
    return event


def main() -> int:
    """Print the figures; the exit status is 1 when a target is missed."""
    with running() as stack:
        found = measure(stack)
    print(f"warm retrieve, {CALLS} calls        median      p99   target")
    print(f"  our own time             {found['own']:8.2f} ms {found['own_p99']:5.2f} ms   <= {TARGET_MS} ms")
    print(f"  all beyond the upstream  {found['beyond']:8.2f} ms            (moto's answer time is in it)")
    print(f"  DynamoDB calls a request {found['reads']:8.2f}  {found['names']}   <= 1")
    print(f"  KMS calls a request      {found['kms']:8.2f}   0")
    return int(found["own"] > TARGET_MS or found["reads"] > 1 or found["kms"] > 0)


if __name__ == "__main__":
    sys.exit(main())
