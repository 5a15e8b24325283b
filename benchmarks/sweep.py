"""A full sweep of 100,000 candidates that have not changed, beside a bare loop over the same pages, in one run.

The sweep is the real function with the real session, in a process of its own that begins as cold as Lambda's, from the
task that the queue gives it to its last note. The bare loop has the same HTTP client, decodes the same JSON and follows
the cursors, and does nothing else; it runs before and after. Both twice: against the sandbox as it is, which gives a
page in about 10 ms, and with the sandbox 50 ms away, as in ``benchmarks.expand``. Target: at least 0.9 of the bare
loop's rate, and no more than 128 MB at any moment.

moto cannot stand for DynamoDB's speed at this size, so the table is ``benchmarks.quick_dynamo``: reached over HTTP by
the real botocore, and answering after 5 ms for one item and 10 ms for several. ``--instant`` takes both delays off,
``--where`` tells what the sweep's processor time goes into, ``--candidates`` makes the organisation smaller.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.event_stack import (
    ASHBY_HEADERS,
    OWNER,
    EventStack,
    FreshContext,
    Meter,
    alone,
    batch,
    get_json,
    handler,
    load,
    logged,
    quiet,
    resident_mb,
    running,
)

CANDIDATES = 100_000
AWAY_MS = (0, 50)
RATIO = 0.9
MEGABYTES = 128.0
_SINGLE_MS, _MANY_MS = 5.0, 10.0
# Of ``sweep`` in template.yaml.
_INVOCATION_SECONDS = 300


class Sweep(NamedTuple):
    """One sweep: how long it took, in seconds of the clock and of the processor, and what it asked of the table.

    Memory in MB: ``start`` is before it, ``quarter`` and ``late`` after one and three quarters, ``peak`` the most.
    ``parts`` are seconds of the processor by what was done, where that was asked for; some lie within others.
    """

    seconds: float
    processor: float
    invocations: int
    units: Counter[str]
    start: float
    quarter: float
    late: float
    peak: float
    parts: dict[str, float] = {}  # noqa: RUF012 - never changed


def measure(stack: EventStack, *, where: bool = False) -> dict[str, Any]:
    """Fill the ledger, then sweep what has not changed at each distance, with a bare loop before and after."""
    stack.connect(events=["genericContact::*"])
    watch = stack.watch()
    stack.units()
    found: dict[str, Any] = {"filling": alone(_sweep, stack, watch), "away": {}}
    for milliseconds in AWAY_MS:
        if milliseconds:
            fault = {"endpoint": "*", "kind": "latency", "milliseconds": milliseconds}
            get_json(f"{stack.sandbox_url}/_sandbox/faults", fault)
        before = alone(_bare, stack)
        _want_full(stack)
        stack.units()
        swept = alone(_sweep_by_part if where and not milliseconds else _sweep, stack, watch)
        found["away"][milliseconds] = (swept, before, alone(_bare, stack))
    return found


def backfill(stack: EventStack, *, whole: bool) -> dict[str, float]:
    """Make an event of every candidate there is; returns what each one asked of AWS, bytes logged among it."""
    stack.connect(events=["genericContact::*"])
    stack.call("events", "PATCH", "/v1/event-settings", {"thin": not whole, "backfill": True})
    meter = Meter()
    meter.watch()
    watch = stack.watch()
    stack.units()
    meter.calls.clear()
    before = logged()
    swept = _sweep(stack, watch)
    told = len(stack.event_keys())
    counted = Counter({f"{name} units": swept.units[name] for name in ("reads", "writes")}) + meter.calls
    counted["logged bytes"] = logged() - before
    return {**{name: count / told for name, count in counted.items()}, "processor ms": swept.processor / told * 1000}


def _want_full(stack: EventStack) -> None:
    path = f"/v1/connections/ashby/{OWNER}/sync"
    stack.call("events", "POST", path, {"full": True}, connectorId="ashby", ownerId=OWNER)


def _sweep(stack: EventStack, watch: Any) -> Sweep:
    """Give the function its task until a pass has ended, as often as it asks for more time."""
    from unified.ledger.watched import home

    task = batch([json.dumps({"task": "sweep", "watch": watch.to_message()})])
    work = handler("sweep")
    memory = _Memory()
    started, processor, invocations = time.perf_counter(), time.process_time(), 0
    with memory, quiet():
        while True:
            answer = work(task, FreshContext(_INVOCATION_SECONDS))
            invocations += 1
            if answer["batchItemFailures"]:
                raise RuntimeError("the sweep failed")
            progress = home().progress(watch, "genericContact", {})
            if progress.run is None and progress.held is None and progress.is_complete:
                break
            if invocations > 20:
                raise RuntimeError("the sweep does not end")
    seconds, used = time.perf_counter() - started, time.process_time() - processor
    return Sweep(seconds, used, invocations, stack.units(), *memory.told())


def _sweep_by_part(stack: EventStack, watch: Any) -> Sweep:
    """Sweep, and tell what the processor's time went into; asking costs a little of it."""
    from botocore.parsers import JSONParser

    from unified.ashby import failures
    from unified.ledger.ledger import Ledger, TableEntries
    from unified.ledger.subject import Subject
    from unified.ledger.sweep import Pass
    from unified.mapping import Mapper

    parts: dict[str, float] = {}
    for holder, attribute, name in (
        (Pass, "_read", "reading pages"),
        (failures, "judge", "  of which decoding"),
        (Subject, "seen", "sightings"),
        (Mapper, "resource", "  of which mapping"),
        (TableEntries, "read", "reading entries"),
        (Ledger, "observe", "deciding"),
        (Pass, "_note", "notes"),
        (Pass, "_delete", "looking for what is gone"),
        (JSONParser, "parse", "botocore's parser, in all"),
    ):
        setattr(holder, attribute, _adding(parts, name, getattr(holder, attribute)))
    return _sweep(stack, watch)._replace(parts=parts)


def _adding(parts: dict[str, float], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    parts[name] = 0.0

    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.thread_time()
        try:
            return work(*arguments, **named)
        finally:
            parts[name] += time.thread_time() - started

    return timed


class Bare(NamedTuple):
    """The bare loop: seconds of the clock and of the processor for one record."""

    seconds: float
    processor: float


def _bare(stack: EventStack) -> Bare:
    """Page through all candidates."""
    from unified import transport

    headers = {"content-type": "application/json", **ASHBY_HEADERS}
    cursor: str | None = None
    found = 0
    started, processor = time.perf_counter(), time.process_time()
    while True:
        body = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        reply = transport.send(
            "POST",
            f"{stack.sandbox_url}/candidate.list",
            headers=headers,
            content=json.dumps(body).encode(),
            timeout=20,
        )
        page = json.loads(reply.body)
        found += len(page["results"])
        cursor = page.get("nextCursor")
        if not page["moreDataAvailable"]:
            return Bare((time.perf_counter() - started) / found, (time.process_time() - processor) / found)


class _Memory:
    """Looks at this process' memory ten times a second while inside."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def told(self) -> tuple[float, float, float, float]:
        """Return what there was at the start, after one and three quarters of the time, and at most."""
        quarter = len(self._seen) // 4
        return self._seen[0], self._seen[quarter], self._seen[3 * quarter], max(self._seen)

    def _look(self) -> None:
        while True:
            self._seen.append(resident_mb())
            if self._over.wait(0.1):
                return


def _print(name: str, one: Sweep, count: int) -> None:
    print(f"{name}: {one.seconds:.1f} s, {count / one.seconds:,.0f} records a second, {one.invocations} invocations")
    print(f"  processor time   {one.processor:6.1f} s   {one.processor / count * 1e6:.0f} µs a record")
    print(f"  memory           {one.start:6.1f} MB at the start, {one.quarter:.1f} MB after a quarter,", end="")
    print(f" {one.late:.1f} MB after three, {one.peak:.1f} MB at most")
    calls = ", ".join(f"{n} {name}" for name, n in sorted(one.units.items()) if name not in ("reads", "writes"))
    for part, seconds in one.parts.items():
        print(f"    {part:28} {seconds / count * 1e6:6.1f} µs a record")
    print(f"  DynamoDB         {one.units['reads']:,} read and {one.units['writes']:,} write units: {calls}")


def main() -> int:
    """Print the figures; the exit status is 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep")
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    parser.add_argument("--instant", action="store_true")
    parser.add_argument("--where", action="store_true")
    asked = parser.parse_args()
    single, many = (0.0, 0.0) if asked.instant else (_SINGLE_MS, _MANY_MS)
    sandbox = {"SANDBOX_CANDIDATES": str(asked.candidates), "SANDBOX_REQUESTS_PER_MINUTE": "1000000000"}
    with running(single_ms=single, many_ms=many, **sandbox) as stack:
        found = measure(stack, where=asked.where)
    count = asked.candidates
    print(f"sweep of {count:,} candidates, DynamoDB {single:.0f} ms away, {many:.0f} ms for several items ({load()})")
    _print("filling the ledger", found["filling"], count)
    missed = False
    for milliseconds, (swept, before, after) in found["away"].items():
        _print(f"unchanged, the sandbox {milliseconds} ms away", swept, count)
        seconds = (before.seconds + after.seconds) / 2
        print(f"  bare loop        {1 / seconds:,.0f} records a second", end="")
        print(f" ({1 / before.seconds:,.0f} before, {1 / after.seconds:,.0f} after),", end="")
        print(f" {before.processor * 1e6:.0f} µs of the processor a record")
        ratio = seconds * count / swept.seconds
        print(f"  ratio            {ratio:6.2f}   >= {RATIO}")
        missed = missed or ratio < RATIO or swept.peak > MEGABYTES
        print(f"  memory at most   {swept.peak:6.1f} MB   <= {MEGABYTES:.0f} MB")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
