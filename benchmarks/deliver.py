"""Events delivered to a receiver on this machine: how many a second, and what each asks of AWS.

The real ``deliver`` first sends new events on their way (the bus, one message for each endpoint), then makes the
attempts, in batches of ten as from the queue, ten at a time. Beside it a bare loop posts the same number of bodies to
the same receiver by the same HTTP library with as many threads, each on a connection of its own, and keeps nothing of
it. The table is ``benchmarks.quick_dynamo``, the bus and the queue moto. Events are thin, or whole with ``--whole``.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from benchmarks.event_stack import EventStack, FreshContext, Meter, batch, handler, load, logged, quiet, running

EVENTS = 500
_BATCH = 10
_STREAM_BATCH = 100
_RESOURCE_BYTES = 2000


class Rate(NamedTuple):
    """``seconds`` of the clock and milliseconds of the processor for one, and calls for one."""

    seconds: float
    processor: float
    calls: dict[str, float]


def measure(stack: EventStack, url: str, *, events: int = EVENTS, whole: bool = False) -> dict[str, Rate]:
    """Deliver ``events`` events to the receiver at ``url``."""
    from unified.deliveries.queue import Message

    endpoint = stack.connect(url)
    made = [_event(stack, whole=whole) for _ in range(events + _BATCH)]
    messages = [Message(event.watch.reference.project, event.id, endpoint["id"]).to_json() for event in made]
    work = handler("deliver")
    meter = Meter()
    meter.watch()

    def fan_out(part: Sequence[Any]) -> None:
        assert work({"Records": [_record(event) for event in part]}, FreshContext(120)) == {"batchItemFailures": []}

    def attempt(part: Sequence[str]) -> None:
        assert work(batch(part), FreshContext(120)) == {"batchItemFailures": []}

    def bare(part: Sequence[str]) -> None:
        with ThreadPoolExecutor(_BATCH) as pool:
            list(pool.map(_post, [url] * len(part), part))

    with quiet():
        for first in (lambda: fan_out(made[:_BATCH]), lambda: attempt(messages[:_BATCH])):
            first()
        made, messages = made[_BATCH:], messages[_BATCH:]
        found = {
            "fan-out": _rate(stack, meter, fan_out, made, _STREAM_BATCH),
            "attempts": _rate(stack, meter, attempt, messages, _BATCH),
            "bare": _rate(stack, meter, bare, messages, _BATCH),
        }
    _check(made)
    return found


def _event(stack: EventStack, *, whole: bool) -> Any:
    """Put an event into the outbox, as the ledger does."""
    from unified import table as t
    from unified.connections.vault import vault
    from unified.events.bodies import Bodies
    from unified.events.records import Event, new_event_id
    from unified.models.moments import now_iso

    watch = stack.watch()
    event = Event(
        new_event_id(), watch, "genericContact", "updated", "10000000-0000-4000-8000-000000000000", 2, now_iso()
    )
    if whole:
        event = event._replace(body=Bodies(t.table(), vault()).seal(watch, {"text": "x" * _RESOURCE_BYTES}))
    t.table().put(event.key(), event.to_item())
    return event


def _record(event: Any) -> dict[str, Any]:
    keys = {"pk": {"S": event.key().pk}, "sk": {"S": event.key().sk}}
    told = {"Keys": keys, "SequenceNumber": event.id, "SizeBytes": 100, "StreamViewType": "KEYS_ONLY"}
    return {"eventID": event.id, "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": told}


def _check(made: Sequence[Any]) -> None:
    """Every event must have been delivered."""
    from unified.deliveries.states import deliveries

    for event in made[:: max(1, len(made) // 20)]:
        (delivery,), attempts = deliveries().of_event(event.watch.reference.project, event.id)
        if delivery.state != "delivered" or len(attempts) != 1:
            raise RuntimeError(f"an event was not delivered: {delivery.state}, {attempts}")


def _rate(
    stack: EventStack, meter: Meter, work: Callable[[Sequence[Any]], None], items: Sequence[Any], size: int
) -> Rate:
    stack.units()
    meter.calls.clear()
    written = logged()
    started, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(items), size):
        work(items[start : start + size])
    seconds, used = time.perf_counter() - started, time.process_time() - processor
    units = stack.units()
    calls = Counter({f"{name} units": units[name] for name in ("reads", "writes")}) + meter.calls
    calls["logged bytes"] = logged() - written
    count = len(items)
    each = {name: number / count for name, number in calls.items()}
    return Rate(
        seconds / count, used / count * 1000, {"writes units": 0.0, **each, "processor ms": used / count * 1000}
    )


def _post(url: str, body: str) -> None:
    import httpcore

    headers = [("content-type", "application/json"), ("connection", "close")]
    with httpcore.ConnectionPool() as pool:
        assert pool.request("POST", url, headers=headers, content=body.encode()).status == 204


@contextlib.contextmanager
def receiving() -> Generator[str]:
    """Answer every request with 204 in a process of its own; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        process.terminate()
        process.join()
        listener.close()


def _serve(listener: socket.socket) -> None:
    """One connection after another is enough: each is one short request."""
    while True:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while (end := received.find(b"\r\n\r\n")) < 0:
                received += connection.recv(65536)
            head = received[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(received) < end + 4 + length:
                received += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deliver")
    parser.add_argument("--whole", action="store_true")
    whole = parser.parse_args().whole
    with receiving() as url, running() as stack:
        found = measure(stack, url, whole=whole)
    print(f"deliver, {EVENTS} {'whole' if whole else 'thin'} events to one endpoint ({load()})")
    for name, one in found.items():
        print(f"  {name:9} {1 / one.seconds:6.0f} a second, {1000 / one.processor:6.0f} a second and core", end="")
        print(f" ({one.processor:.2f} ms of the processor each)")
        if name != "bare":
            print("    " + ", ".join(f"{count:.2f} {call}" for call, count in sorted(one.calls.items()) if count))
    bare, ours = found["bare"], found["attempts"]
    print(f"  attempts, of the bare loop's rate  {bare.seconds / ours.seconds:.2f}", end="")
    print(f"; by processor time {bare.processor / ours.processor:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
