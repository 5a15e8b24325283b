"""What a million events cost: every call that the functions make for one, counted, by AWS's list prices.

Each part is the real function in a process of its own. Counted are requests to SQS, EventBridge and KMS, DynamoDB's
units by its own rules (``benchmarks.quick_dynamo``), the bytes that are logged, and the processor's time. Two things
are assumed, since nothing here can measure them: how long AWS and the other sides take to answer, and how full batches
are. So two sums are given: each message alone, and batches as full as template.yaml lets them be.

Prices: us-east-1, on demand, arm64, without free tiers (docs/cost.md).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks import deliver, ingest, observe, sweep
from benchmarks.event_stack import alone, load, running

# Dollars for a million, but for time (a GB-second) and logs (a GB).
API = 1.00
INVOCATION = 0.20
GB_SECOND = 0.0000133334
WRITE_UNIT = 0.625
READ_UNIT = 0.125
SQS_REQUEST = 0.40
BUS_EVENT = 1.00
KMS_REQUEST = 3.00
LOG_GB = 0.50
MEMORY_GB = 1.0

# How long others take to answer, in milliseconds: one item, several, a queue or the bus, Ashby, a receiver.
WAITS = {
    "dynamodb.GetItem": 5.0,
    "dynamodb.PutItem": 5.0,
    "dynamodb.UpdateItem": 5.0,
    "dynamodb.BatchGetItem": 10.0,
    "dynamodb.Query": 5.0,
    "dynamodb.TransactWriteItems": 10.0,
    "sqs.SendMessage": 10.0,
    "sqs.SendMessageBatch": 10.0,
    "events.PutEvents": 10.0,
    "kms.Decrypt": 10.0,
    "kms.GenerateDataKey": 10.0,
}
ASHBY_MS = 300.0
RECEIVER_MS = 200.0
# What Lambda itself logs of an invocation.
_REPORT_BYTES = 500
_COUNT = 200


class Part(NamedTuple):
    """One function's share of an event: what it calls, the most that share an invocation, and its waits besides AWS.

    ``at_once`` of a batch run at the same time; a pass ``is_one``, however much it finds. ``calls`` also holds
    "reads units", "writes units", "logged bytes" and "processor ms".
    """

    name: str
    calls: Mapping[str, float]
    batch: int
    waits_ms: float = 0.0
    at_once: int = 1
    by_api: bool = False
    by_queue: bool = False
    is_one: bool = False

    def dollars(self, *, full: bool) -> dict[str, float]:
        """Return what a million cost, by kind; ``full`` says that batches are."""
        full = full or self.is_one
        share = 1 / self.batch if full else 1.0
        calls = self.calls
        waiting = sum(WAITS.get(name, 0.0) * count for name, count in calls.items()) + self.waits_ms
        seconds = (calls["processor ms"] + waiting / (self.at_once if full else 1)) / 1000
        # A queue's messages are received and deleted by Lambda, which is billed to us.
        requests = sum(count for name, count in calls.items() if name.startswith("sqs.")) + self.by_queue * 2 * share
        logged = calls["logged bytes"] + _REPORT_BYTES * share
        return {
            "API": self.by_api * API,
            "Lambda": INVOCATION * share + seconds * MEMORY_GB * GB_SECOND * 1e6,
            "DynamoDB": calls["writes units"] * WRITE_UNIT + calls.get("reads units", 0.0) * READ_UNIT,
            "SQS": requests * SQS_REQUEST,
            "bus": calls.get("events.PutEvents", 0.0) * BUS_EVENT,
            "KMS": sum(count for name, count in calls.items() if name.startswith("kms.")) * KMS_REQUEST,
            "logs": logged / 1000 * LOG_GB,
        }


def measure(*, whole: bool) -> dict[str, Part]:
    """Count what each part does for one event."""
    hints = alone(_observe, whole)
    delivered = alone(_deliver, whole)
    return {
        "ingest": Part("webhook_ingest", alone(_ingest), 1, by_api=True),
        "payload": Part("observe, told in full", hints["whole"], 10, by_queue=True),
        "read": Part("observe, read again", hints["read again"], 10, ASHBY_MS, by_queue=True),
        "sweep": Part("sweep", alone(_sweep, whole), 1000, ASHBY_MS / 100, is_one=True),
        "fan-out": Part("deliver, fan-out", delivered["fan-out"], 100, at_once=10),
        "attempt": Part("deliver, attempt", delivered["attempts"], 10, RECEIVER_MS, at_once=10, by_queue=True),
    }


def _ingest() -> dict[str, float]:
    with running() as stack:
        return ingest.measure(stack, webhooks=_COUNT)["calls"]


def _observe(whole: bool) -> dict[str, dict[str, float]]:
    with running(SANDBOX_CANDIDATES="500", SANDBOX_REQUESTS_PER_MINUTE="1000000000") as stack:
        return {name: dict(kind.calls) for name, kind in observe.measure(stack, hints=_COUNT, whole=whole).items()}


def _sweep(whole: bool) -> dict[str, float]:
    with running(SANDBOX_CANDIDATES="2000", SANDBOX_REQUESTS_PER_MINUTE="1000000000") as stack:
        return sweep.backfill(stack, whole=whole)


def _deliver(whole: bool) -> dict[str, dict[str, float]]:
    with deliver.receiving() as url, running() as stack:
        rates = deliver.measure(stack, url, events=_COUNT, whole=whole)
        return {name: dict(rate.calls) for name, rate in rates.items()}


_WAYS: Mapping[str, tuple[str, ...]] = {
    "webhook, told in full": ("ingest", "payload", "fan-out", "attempt"),
    "webhook, read again": ("ingest", "read", "fan-out", "attempt"),
    "found by a sweep": ("sweep", "fan-out", "attempt"),
}


def _row(name: str, dollars: Mapping[str, float], kinds: list[str]) -> str:
    cells = "".join(f"{dollars[kind]:>10.2f}" for kind in kinds)
    return f"  {name:36}{cells}{sum(dollars.values()):>10.2f}"


def _table(title: str, rows: Mapping[str, dict[str, float]]) -> None:
    kinds = list(next(iter(rows.values())))
    print(f"{title:38}" + "".join(f"{kind:>10}" for kind in [*kinds, "sum"]))
    for name, dollars in rows.items():
        print(_row(name, dollars, kinds))


def _sums(parts: Mapping[str, Part], *, full: bool) -> dict[str, dict[str, float]]:
    def of(way: tuple[str, ...]) -> dict[str, float]:
        each = [parts[name].dollars(full=full) for name in way]
        return {kind: sum(one[kind] for one in each) for kind in each[0]}

    return {name: of(way) for name, way in _WAYS.items()}


def main() -> int:
    """Print the counts and the costs."""
    print(f"events: what one asks of AWS, and dollars for a million ({load()})")
    for kind in ("thin", "whole"):
        parts = measure(whole=kind == "whole")
        for part in parts.values():
            print(f"  {kind}, {part.name}: ", end="")
            print(", ".join(f"{count:.2f} {name}" for name, count in sorted(part.calls.items())))
        _table(f"{kind}, each alone, by function", {p.name: p.dollars(full=False) for p in parts.values()})
        _table(f"{kind}, each alone", _sums(parts, full=False))
        _table(f"{kind}, full batches", _sums(parts, full=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
