"""Webhooks looked into: how many hints a second and core become events, and what each kind of them asks of AWS.

The real ``observe`` gets batches of ten, as from its queue, and the ledger really changes. Beside it is the least that
could be done for one hint: one record read from the account, one transaction of two items. Four kinds of hint: of a
record that must be read, of one that came whole, of one that tells nothing new, and one that was repeated. Waiting
for the account (the sandbox) and for the table (``benchmarks.quick_dynamo``) is taken off.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks.event_stack import (
    ASHBY_HEADERS,
    EventStack,
    FreshContext,
    Meter,
    application_webhook,
    batch,
    handler,
    load,
    logged,
    quiet,
    running,
)

HINTS = 400
_BATCH = 10


class Kind(NamedTuple):
    """Figures of one kind of hint: milliseconds for one, events and calls for one."""

    own: float
    own_p99: float
    processor: float
    events: float
    calls: dict[str, float]


def measure(stack: EventStack, *, hints: int = HINTS, whole: bool = False) -> dict[str, Kind]:
    """Look into ``hints`` hints of each kind; with ``whole``, of a project that wants its events whole."""
    from unified.ledger.progress import Progress
    from unified.models.moments import now_iso
    from unified.table import table

    stack.connect(events=["atsApplication::*"])
    if whole:
        stack.call("events", "PATCH", "/v1/event-settings", {"thin": False})
    watch = stack.watch()
    # Its first full sweep is over: what is unknown from now on is new.
    complete = Progress("atsApplication", now_iso(), is_complete=True)
    table().put(watch.sync_key("MODEL#atsApplication"), complete.to_item())
    meter = Meter()
    meter.watch()
    messages = {
        "read again": [_message(watch, application_webhook(stack, number)) for number in range(hints)],
        "whole": [_message(watch, application_webhook(stack, number, changed=True)) for number in range(hints)],
        "nothing new": [_message(watch, application_webhook(stack, number, changed=True)) for number in range(hints)],
    }
    messages["repeated"] = messages["nothing new"]
    work = handler("observe")

    def observe(bodies: Sequence[str]) -> None:
        assert work(batch(bodies), FreshContext(60)) == {"batchItemFailures": []}

    with quiet():
        # What a fresh environment reads once is not of any hint.
        observe([_message(watch, application_webhook(stack, hints + number)) for number in range(_BATCH)])
        found = {name: _kind(stack, meter, observe, bodies) for name, bodies in messages.items()}
        found["floor"] = _kind(stack, meter, lambda bodies: [_floor(stack, body) for body in bodies], messages["whole"])
    return found


def _message(watch: Any, body: str) -> str:
    """Spell a webhook as ``webhook_ingest`` does."""
    sent = json.loads(body)
    message = {
        "watch": watch.to_message(),
        "hookId": "hk_bench",
        "action": sent["action"],
        "actionId": sent["webhookActionId"],
        "data": sent["data"],
        "receivedAt": time.time(),
        "tries": 0,
    }
    return json.dumps(message, separators=(",", ":"))


def _floor(stack: EventStack, body: str) -> None:
    """Read one record, decode it, and write two items in one transaction."""
    from unified import transport
    from unified.table import Key, Put, table

    application = json.loads(body)["data"]["application"]["id"]
    reply = transport.send(
        "POST",
        f"{stack.sandbox_url}/application.info",
        headers={"content-type": "application/json", **ASHBY_HEADERS},
        content=json.dumps({"applicationId": application}).encode(),
        timeout=20,
    )
    assert json.loads(reply.body)["success"]
    entry = {"hash": b"0123456789abcdef", "version": 1, "updatedAt": "2026-11-24T08:00:00Z", "seenAt": time.time()}
    table().transact([Put(Key("FLOOR", application), entry), Put(Key("FLOOR", f"event#{application}"), entry)])


def _kind(stack: EventStack, meter: Meter, work: Callable[[Sequence[str]], Any], bodies: Sequence[str]) -> Kind:
    before = len(stack.event_keys())
    stack.units()
    meter.calls.clear()
    own: list[float] = []
    written = logged()
    processor = time.thread_time()
    for start in range(0, len(bodies), _BATCH):
        part = bodies[start : start + _BATCH]
        waited, started = meter.waited, time.perf_counter()
        work(part)
        own.append((time.perf_counter() - started - (meter.waited - waited)) / len(part) * 1000)
    used = (time.thread_time() - processor) / len(bodies) * 1000
    units = stack.units()
    calls = Counter({f"{name} units": units[name] for name in ("reads", "writes")}) + meter.calls
    calls["logged bytes"] = logged() - written
    events = (len(stack.event_keys()) - before) / len(bodies)
    per_hint = {**{name: count / len(bodies) for name, count in calls.items()}, "processor ms": used}
    return Kind(median(own), quantiles(own, n=100)[98], used, events, per_hint)


def main() -> int:
    """Print the figures."""
    with running(SANDBOX_CANDIDATES="1000", SANDBOX_REQUESTS_PER_MINUTE="1000000000") as stack:
        found = measure(stack)
    print(f"observe, {HINTS} hints of each kind, in batches of {_BATCH} ({load()})")
    for name, one in found.items():
        print(f"  {name:12} {1000 / one.processor:6.0f} a second and core, own time {one.own:.2f} ms", end="")
        print(f" (p99 of batches {one.own_p99:.2f} ms), {one.events:.2f} events")
        print("    " + ", ".join(f"{count:.2f} {call}" for call, count in sorted(one.calls.items())))
    ratio = found["read again"].own / found["floor"].own
    print(f"  read again, of the floor  {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
