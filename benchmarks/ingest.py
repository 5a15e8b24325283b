"""Webhooks taken in until they are durable: how many a second and core, and how long each takes.

The real ``webhook_ingest`` takes genuine webhooks of Ashby's size (an application in full), one after another. Beside
it a bare handler does what nobody can leave out: one HMAC over the body and one message to the same queue, by the same
client. Both run in turn. What is left after waiting for SQS (moto) is taken off is ours. Target: at least half the
bare handler's rate.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import quantiles
from typing import Any, NamedTuple

from benchmarks.event_stack import (
    EventStack,
    FreshContext,
    Meter,
    application_webhook,
    handler,
    load,
    logged,
    quiet,
    running,
)
from benchmarks.event_stack import request as gateway_event

WEBHOOKS = 600
WARM_UP = 50
RATIO = 0.5


class Rate(NamedTuple):
    """Times of many calls, in milliseconds: without the waiting and with it; the processor's time of one."""

    own_p50: float
    own_p99: float
    whole_p50: float
    whole_p99: float
    processor: float

    @property
    def per_second(self) -> float:
        """How many one core can do."""
        return 1000 / self.processor


def measure(stack: EventStack, *, webhooks: int = WEBHOOKS) -> dict[str, Any]:
    """Make a hook, and send it webhooks; what was called is of one webhook."""
    stack.connect()
    from unified import aws
    from unified.hooks.store import hooks
    from unified.settings import settings

    hook = hooks().create(stack.watch())
    secret = hooks().secrets(hook)[0].reveal().encode()
    bodies = [application_webhook(stack, number) for number in range(WARM_UP + webhooks)]
    ingest = handler("webhook_ingest")
    sqs = aws.client("sqs")
    url = settings().hint_queue_url

    def sign(body: str) -> str:
        return "sha256=" + hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()

    def ours(event: dict[str, Any]) -> None:
        assert ingest(event, FreshContext(29))["statusCode"] == 200

    def bare(event: dict[str, Any]) -> None:
        assert hmac.compare_digest(sign(event["body"]), event["headers"]["ashby-signature"])
        sqs.send_message(QueueUrl=url, MessageBody=event["body"])

    events: list[dict[str, Any]] = []
    for body in bodies:
        event = gateway_event("POST", f"/v1/hooks/ashby/{hook.id}", body, connectorId="ashby", hookId=hook.id)
        event["headers"]["ashby-signature"] = sign(body)
        events.append(event)
    meter = Meter()
    meter.watch()
    with quiet():
        for event in events[:WARM_UP]:
            ours(event)
            bare(event)
        stack.units()
        meter.calls.clear()
        taken: dict[str, list[tuple[float, float, float]]] = {"ours": [], "bare": []}
        calls: Counter[str] = Counter()
        for event in events[WARM_UP:]:
            before = logged()
            taken["ours"].append(_timed(meter, ours, event))
            calls += meter.calls
            calls["logged bytes"] += logged() - before
            taken["bare"].append(_timed(meter, bare, event))
            meter.calls.clear()
    units = stack.units()
    calls += Counter({f"{name} units": units[name] for name in ("reads", "writes")})
    rate = _rate(taken["ours"])
    counted = {name: count / webhooks for name, count in calls.items()}
    return {
        "bytes": sum(map(len, bodies)) / len(bodies),
        "ours": rate,
        "bare": _rate(taken["bare"]),
        "calls": {"writes units": 0.0, **counted, "processor ms": rate.processor},
    }


def _timed(meter: Meter, work: Callable[[Any], None], event: Any) -> tuple[float, float, float]:
    waited, processor, started = meter.waited, time.thread_time(), time.perf_counter()
    work(event)
    whole = time.perf_counter() - started
    return whole - (meter.waited - waited), whole, time.thread_time() - processor


def _rate(times: list[tuple[float, float, float]]) -> Rate:
    def at(place: int, percent: int) -> float:
        return quantiles((one[place] for one in times), n=100)[percent - 1] * 1000

    processor = sum(one[2] for one in times) / len(times) * 1000
    return Rate(at(0, 50), at(0, 99), at(1, 50), at(1, 99), processor)


def main() -> int:
    """Print the figures; the exit status is 1 when the target is missed."""
    with running() as stack:
        found = measure(stack)
    print(f"ingest, {WEBHOOKS} webhooks of {found['bytes'] / 1024:.1f} KB ({load()})")
    for name in ("ours", "bare"):
        one: Rate = found[name]
        print(f"  {name}: {one.per_second:6.0f} a second and core ({one.processor:.2f} ms of the processor each)")
        print(f"    own time  {one.own_p50:6.2f} ms   p99 {one.own_p99:.2f} ms")
        print(f"    with moto {one.whole_p50:6.2f} ms   p99 {one.whole_p99:.2f} ms")
    ratio = found["ours"].per_second / found["bare"].per_second
    print(f"  ratio {ratio:.2f}   >= {RATIO}")
    print(
        "  calls a webhook: "
        + ", ".join(f"{count:.2f} {name}" for name, count in sorted(found["calls"].items()) if count)
    )
    return int(ratio < RATIO)


if __name__ == "__main__":
    sys.exit(main())
