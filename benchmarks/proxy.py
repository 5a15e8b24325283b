"""What the proxy adds to a direct call of Ashby's API: the same call both ways, in turn, in one run.

The real handler of ``proxy`` runs in this process with real events; the fake Ashby and AWS (moto) are other processes,
as they would be. The direct call goes through the same HTTP client. Time that the proxied call spends waiting for
either is taken off at the socket's edge, as in ``benchmarks.warm``; what is left is the overhead, apart from DynamoDB's
own answer time, which moto's is not. Targets: at most 2 ms at the median, 10 ms at p99, one read and no KMS call.
"""

from __future__ import annotations

import base64
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
from benchmarks.warm import HEADERS, Context, Meter

ROOT = Path(__file__).resolve().parents[1]
CALLS = 400
WARM_UP = 30
KEY = "ashby_local_full"
MEDIAN_MS = 2.0
P99_MS = 10.0


def measure(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """Connect an account, then call two endpoints both ways, many times; figures in milliseconds."""
    os.environ.update({**stack.function_environment(), "POWERTOOLS_SERVICE_NAME": "proxy"})
    handler = handler_of("proxy")
    from botocore.httpsession import URLLib3Session

    from unified import aws, transport

    path = "/v1/connections/ashby/bench"
    stack.call("POST", path, {"operations": ["genericContact::list"]}, HEADERS)
    stack.call("POST", f"{path}/authorization", {"settings": {"apiKey": KEY}}, HEADERS)
    send = transport.send
    basic = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()

    def direct(endpoint: str, body: bytes) -> bytes:
        headers = {"authorization": basic, "content-type": "application/json"}
        return send("POST", f"{stack.sandbox_url}/{endpoint}", headers=headers, content=body, timeout=20).body

    page = json.loads(direct("candidate.list", b'{"limit": 1}'))
    one = json.dumps({"id": page["results"][0]["id"]}).encode()
    meter = Meter()
    transport.send = meter.timing(send, "upstream")
    URLLib3Session.send = meter.timing(URLLib3Session.send, "aws")
    for service in ("dynamodb", "kms"):
        aws.client(service).meta.events.register("before-call", meter.count)
    return {
        "one record": _repeat(handler, direct, "candidate.info", one, meter),
        "page of 100": _repeat(handler, direct, "candidate.list", b'{"limit": 100}', meter),
    }


def _repeat(
    handler: Any, direct: Callable[[str, bytes], bytes], endpoint: str, body: bytes, meter: Meter
) -> dict[str, Any]:
    event = _event(endpoint, body)
    own: list[float] = []
    proxied: list[float] = []
    plain: list[float] = []
    wanted = b""
    for number in range(WARM_UP + CALLS):
        if number == WARM_UP:
            meter.calls.clear()
        started = time.perf_counter()
        wanted = direct(endpoint, body)
        between = time.perf_counter()
        meter.upstream = meter.aws = 0.0
        answer = handler(event, Context())
        took = time.perf_counter() - between
        assert answer["statusCode"] == 200, answer
        if number >= WARM_UP:
            plain.append(between - started)
            proxied.append(took - meter.aws)
            own.append(took - meter.upstream - meter.aws)
    return {
        "direct": median(plain) * 1000,
        "proxied": median(proxied) * 1000,
        "own": median(own) * 1000,
        "own_p99": quantiles(own, n=100)[98] * 1000,
        "kilobytes": len(wanted) / 1024,
        "reads": sum(name != "Decrypt" for name in meter.calls) / CALLS,
        "kms": meter.calls.count("Decrypt") / CALLS,
    }


def _event(endpoint: str, body: bytes) -> dict[str, Any]:
    event = json.loads((ROOT / "events" / "proxy" / "list.json").read_text(encoding="utf-8"))
    event["pathParameters"] = {"path": endpoint}
    event["rawPath"] = f"/v1/proxy/{endpoint}"
    event["headers"] = {**event["headers"], **HEADERS}
    event["body"] = body.decode()
    return event


def main() -> int:
    """Print the figures; the exit status is 1 when a target is missed."""
    with running(LOCAL_RELOAD="0", SANDBOX_REQUESTS_PER_MINUTE="1000000") as stack:
        found = measure(stack)
    missed = False
    for name, one in found.items():
        missed = missed or one["own"] > MEDIAN_MS or one["own_p99"] > P99_MS or one["reads"] > 1 or one["kms"] > 0
        print(f"proxied {name}, {one['kilobytes']:.0f} KB, {CALLS} calls each way")
        print(f"  a direct call            {one['direct']:6.2f} ms")
        print(f"  the same, proxied        {one['proxied']:6.2f} ms   (without moto's answer time)")
        print(f"  overhead                 {one['own']:6.2f} ms   <= {MEDIAN_MS} ms")
        print(f"  overhead, p99            {one['own_p99']:6.2f} ms   <= {P99_MS} ms")
        print(f"  DynamoDB calls a request {one['reads']:6.2f}   <= 1")
        print(f"  KMS calls a request      {one['kms']:6.2f}   0")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
