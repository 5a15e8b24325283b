"""What expanding costs: a page of 100 applications with candidate, job and stage, the sandbox 50 ms away.

The floor is the slowest single call of the kinds that the page needs, measured in the same run. Target: at most
three of it, with one upstream call for the page and one for each distinct reference.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from statistics import median
from typing import Any

from benchmarks.local_stack import LocalStack, running

ROUNDS = 7
LATENCY_MS = 50
TARGET = 3.0
HEADERS = {"x-api-key": "pk_local", "x-api-secret": "sk_local", "x-connector-id": "ashby", "x-owner-id": "bench"}
MODELS = ("atsApplication", "genericContact", "atsJob", "atsApplicationStage")
PAGE = "/v1/resources/atsApplication?limit=100&expand=candidate,job,stage"


def measure(stack: LocalStack) -> dict[str, Any]:
    """Connect an account, put the sandbox 50 ms away, and time the page and the single calls in turn."""
    path = "/v1/connections/ashby/bench"
    operations = [f"{model}::{verb}" for model in MODELS for verb in ("list", "retrieve")]
    stack.call("POST", path, {"operations": operations}, HEADERS)
    stack.call("POST", f"{path}/authorization", {"settings": {"apiKey": "ashby_local_full"}}, HEADERS)
    page = stack.call("GET", PAGE, None, HEADERS)
    singles = ["/v1/resources/atsApplication?limit=100"]
    for field in ("candidate", "job", "stage"):
        reference = page["data"][0]["fields"][field]
        singles.append(f"/v1/resources/{reference['model']}/{reference['id']}")
    references = {
        (found["model"], found["id"])
        for resource in page["data"]
        for found in (resource["fields"].get(field) for field in ("candidate", "job", "stage"))
        if found
    }
    _admin(stack, "POST", "/rate-limit", {"perMinute": 1_000_000, "burst": 1_000_000})
    _admin(stack, "POST", "/faults", {"endpoint": "*", "kind": "latency", "milliseconds": LATENCY_MS})
    before = _calls(stack)
    stack.call("GET", PAGE, None, HEADERS)
    calls = _calls(stack) - before
    whole = [_seconds(stack, PAGE) for _ in range(ROUNDS)]
    single = [max(_seconds(stack, url) for url in singles) for _ in range(ROUNDS)]
    return {"references": len(references), "calls": calls, "whole": median(whole), "single": median(single)}


def _seconds(stack: LocalStack, path: str) -> float:
    started = time.perf_counter()
    stack.call("GET", path, None, HEADERS)
    return time.perf_counter() - started


def _admin(stack: LocalStack, method: str, path: str, body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{stack.sandbox_url}/_sandbox{path}", method=method, data=content)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


def _calls(stack: LocalStack) -> int:
    return sum(_admin(stack, "GET", "/")["calls"]["byEndpoint"].values())


def main() -> int:
    """Print the figures; the exit status is 1 when a target is missed."""
    with running(LOCAL_RELOAD="0") as stack:
        found = measure(stack)
    ratio = found["whole"] / found["single"]
    print(f"expand, 100 applications, {LATENCY_MS} ms away")
    print(f"  upstream calls       {found['calls']:6}      <= 1 + {found['references']} distinct references")
    print(f"  the page             {found['whole'] * 1000:6.0f} ms")
    print(f"  slowest single call  {found['single'] * 1000:6.0f} ms")
    print(f"  ratio                {ratio:6.2f}      <= {TARGET}")
    return int(found["calls"] > 1 + found["references"] or ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main())
