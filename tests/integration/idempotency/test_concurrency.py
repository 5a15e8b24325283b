"""``Idempotency-Key`` over HTTP: many at the same time make one record."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from tests.integration.idempotency.support import ADA, CONTACTS, FAULTS, Clock, Died, claims, keyed, people
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault
from unified import aws, transport
from unified import table as t
from unified.api import resources, writes
from unified.api.access import open_connection
from unified.api.idempotency import CLAIM_SECONDS, SETTLE_SECONDS
from unified.connections.lifecycle import connections
from unified.deadline import Deadline
from unified.errors import UnifiedError
from unified.projects import projects


@pytest.fixture
def separate_tables(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each thread a store of its own, as functions have; moto checks and writes without a lock, DynamoDB not."""
    lock = threading.RLock()

    class Atomic(t.Table):
        def put(self, *args: Any, **rest: Any) -> None:
            with lock:
                super().put(*args, **rest)

        def update(self, *args: Any, **rest: Any) -> Any:
            with lock:
                return super().update(*args, **rest)

        def delete(self, *args: Any, **rest: Any) -> Any:
            with lock:
                return super().delete(*args, **rest)

    @lru_cache(maxsize=64)
    def of_thread(_thread: int) -> t.Table:
        return Atomic("unified-test", aws.client("dynamodb"))

    monkeypatch.setattr(writes, "table", lambda: of_thread(threading.get_ident()))


def at_once(stack: Stack, headers: dict[str, str], *, count: int = 8, body: Any = ADA) -> list[Any]:
    """Send a create from several threads at once; returns ids and errors."""
    barrier = threading.Barrier(count)
    ended: list[Any] = []

    def work() -> None:
        access = open_connection(connections(), projects(), headers, Deadline(29), "genericContact")
        barrier.wait()
        try:
            ended.append(resources.create_resource(access, "genericContact", body, {}, "k1")["id"])
        except UnifiedError as told:
            ended.append(told)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == count
    return ended


@pytest.mark.usefixtures("separate_tables")
@pytest.mark.parametrize(
    ("kind", "rest"),
    [(None, {}), *((kind, rest) for kind, rest, _ in FAULTS), ("status", {"status": 429, "retry_after": 1})],
)
def test_many_at_once_make_one_record(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str | None, rest: dict[str, Any]
) -> None:
    # Slow enough that all the others meet the one that writes.
    stack.sandbox.faults.add(Fault("candidate.search", FaultKind("latency"), milliseconds=20))
    if kind is not None:
        fault(stack, "candidate.create", kind, times=1, **rest)
    answers = at_once(stack, acme)
    ids = {one for one in answers if isinstance(one, str)}
    codes = {one.code for one in answers if isinstance(one, UnifiedError)}

    assert codes <= {"MORPH::IDEMPOTENCY::IN_PROGRESS", "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"}
    assert all(one.retry_after for one in answers if getattr(one, "code", "").endswith("IN_PROGRESS"))
    assert len(people(stack)) <= 1
    clock.ahead = SETTLE_SECONDS + 1
    ids |= {one for one in at_once(stack, acme) if isinstance(one, str)}
    ids |= {one for one in at_once(stack, acme) if isinstance(one, str)}

    assert ids == {one["id"] for one in people(stack)}
    assert len(ids) == 1


@pytest.mark.usefixtures("separate_tables")
def test_many_that_retry_after_a_death_make_one_record(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for happened in (False, True):
        with monkeypatch.context() as patch:

            def dies(*args: Any, real: Any = transport.send, after: bool = happened, **rest: Any) -> Any:
                if after:
                    real(*args, **rest)
                raise Died

            patch.setattr(transport, "send", dies)
            with pytest.raises(Died):
                stack.call("POST", CONTACTS, keyed(acme), body=ADA)
        clock.ahead += CLAIM_SECONDS + 1
        answers = [one for _ in range(3) for one in at_once(stack, acme)]

        assert {one for one in answers if isinstance(one, str)} == {one["id"] for one in people(stack)}
        assert len(people(stack)) == 1
        clock.ahead = 0
        for item in claims(stack):
            t.table().delete(t.Key(item["pk"]["S"], item["sk"]["S"]))
        stack.sandbox.organisation.delete("candidate", people(stack)[0]["id"])
