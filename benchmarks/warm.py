"""What a warm retrieve and a warm page cost beyond the upstream call, what they ask of AWS, and memory over time.

The real handler of ``resources`` runs in this process with real events; the fake Ashby and AWS (moto) are
other processes, as they would be. Time spent waiting for either is taken off by measuring at the socket's
edge: ``unified.transport.send`` and botocore's HTTP session. What is left is ours. Calls to DynamoDB and KMS
are counted by botocore's own events. Targets: at most 3 ms (5 ms a page) of our own at the median, one read, no
KMS call, and memory that stays where it is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.event_stack import handler as handler_of
from benchmarks.local_stack import LocalStack, running

ROOT = Path(__file__).resolve().parents[1]
CALLS = 300
WARM_UP = 30
PAGES = 1000
GROWTH_MB = 5.0
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


def measure(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """Connect an account, then retrieve one contact and list a page of 100, many times; figures in milliseconds."""
    os.environ.update(stack.function_environment())
    handler = handler_of("resources")
    from botocore.httpsession import URLLib3Session

    from unified import aws, transport

    record_id = _connect(stack)
    meter = Meter()
    transport.send = meter.timing(transport.send, "upstream")
    URLLib3Session.send = meter.timing(URLLib3Session.send, "aws")
    for service in ("dynamodb", "kms"):
        aws.client(service).meta.events.register("before-call", meter.count)
    found = {
        "retrieve": _repeat(handler, _event("retrieve", f"/{record_id}", {"id": record_id}), meter, CALLS),
        "list of 100": _repeat(handler, _event("list", "", {}, limit="100"), meter, CALLS),
    }
    before = _resident_mb()
    _repeat(handler, _event("list", "", {}, limit="100"), meter, PAGES)
    found["memory"] = {"before": before, "after": _resident_mb()}
    return found


def _repeat(handler: Any, event: dict[str, Any], meter: Meter, calls: int) -> dict[str, Any]:
    own: list[float] = []
    beyond: list[float] = []
    for number in range(WARM_UP + calls):
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
        "reads": sum(name != "Decrypt" for name in meter.calls) / calls,
        "names": sorted(set(meter.calls)),
        "kms": meter.calls.count("Decrypt") / calls,
    }


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def _connect(stack: LocalStack) -> str:
    path = "/v1/connections/ashby/bench"
    stack.call("POST", path, {"operations": ["genericContact::list", "genericContact::retrieve"]}, HEADERS)
    stack.call("POST", f"{path}/authorization", {"settings": {"apiKey": "ashby_local_full"}}, HEADERS)
    return stack.call("GET", "/v1/resources/genericContact?limit=1", None, HEADERS)["data"][0]["id"]


def _event(name: str, path: str, parameters: dict[str, str], **query: str) -> dict[str, Any]:
    event = json.loads((ROOT / "events" / "resources" / f"{name}.json").read_text(encoding="utf-8"))
    event["rawPath"] = f"/v1/resources/genericContact{path}"
    event["pathParameters"] = {"model": "genericContact", **parameters}
    event["headers"] = {**event["headers"], **HEADERS}
    event["rawQueryString"] = "&".join(f"{key}={value}" for key, value in query.items())
    event["queryStringParameters"] = query
    return event


def main() -> int:
    """Print the figures; the exit status is 1 when a target is missed."""
    with running(LOCAL_RELOAD="0", SANDBOX_REQUESTS_PER_MINUTE="1000000") as stack:
        found = measure(stack)
    missed = False
    for name, target in (("retrieve", 3.0), ("list of 100", 5.0)):
        one = found[name]
        missed = missed or one["own"] > target or one["reads"] > 1 or one["kms"] > 0
        print(f"warm {name}, {CALLS} calls")
        print(f"  our own time             {one['own']:6.2f} ms   <= {target} ms   (p99 {one['own_p99']:.2f} ms)")
        print(f"  all beyond the upstream  {one['beyond']:6.2f} ms   (moto's answer time is in it)")
        print(f"  DynamoDB calls a request {one['reads']:6.2f}   <= 1   {', '.join(one['names'])}")
        print(f"  KMS calls a request      {one['kms']:6.2f}   0")
    memory = found["memory"]
    grown = memory["after"] - memory["before"]
    print(
        f"memory over {PAGES} pages: {memory['before']:.1f} MB, then {memory['after']:.1f} MB   grows <= {GROWTH_MB} MB"
    )
    return int(missed or grown > GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
