"""``Idempotency-Key`` over HTTP: faults of the network and of Ashby."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.idempotency.support import (
    ADA,
    APPLICATIONS,
    CONTACTS,
    FAULTS,
    Clock,
    in_progress,
    keyed,
    people,
)
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault
from unified import transport
from unified.api.idempotency import SETTLE_SECONDS


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
@pytest.mark.parametrize("email", [True, False])
def test_a_create_whose_answer_is_lost_is_settled_by_looking_where_it_can_be(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool, email: bool
) -> None:
    body = ADA if email else {"firstName": "Ada", "lastName": "Claims"}
    before = len(stack.sandbox.organisation.candidates)
    fault(stack, "candidate.create", kind, times=1, **rest)

    first = stack.call("POST", CONTACTS, keyed(acme), body=body)
    early = stack.call("POST", CONTACTS, keyed(acme), body=body)
    clock.ahead = SETTLE_SECONDS + 1
    settled = [stack.call("POST", CONTACTS, keyed(acme), body=body) for _ in range(3)]

    assert (first.status, first.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert in_progress(early)
    made = len(stack.sandbox.organisation.candidates) - before
    if email:
        assert made == 1
        assert {one.json["id"] for one in settled} == {people(stack)[0]["id"]}
        assert stack.upstream("candidate.create") == (1 if happened else 2)
    else:
        assert made == int(happened)
        assert {(one.status, one.code) for one in settled} == {(409, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")}
        assert stack.upstream("candidate.create") == 1


def test_a_write_that_ashby_does_late_is_waited_for(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Callable[[], Any]] = []

    def slow(*args: Any, real: Any = transport.send, **rest: Any) -> Any:
        late.append(lambda: real(*args, **rest))
        raise transport.TransportFailure("ReadTimeout", sent=True)

    with monkeypatch.context() as patch:
        patch.setattr(transport, "send", slow)
        first = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert (first.status, first.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert not people(stack)
    assert in_progress(stack.call("POST", CONTACTS, keyed(acme), body=ADA))
    late.pop()()
    clock.ahead = SETTLE_SECONDS + 1
    settled = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert [settled.json["id"]] == [one["id"] for one in people(stack)]
    assert stack.upstream("candidate.create") == 1


def test_a_real_timeout_is_an_unknown_outcome(stack: Stack, acme: dict[str, str]) -> None:
    # What is left of it after the margin is time enough to send, and less than Ashby takes.
    stack.context.get_remaining_time_in_millis = lambda: 2_000

    # While its account is locked the sandbox answers nobody.
    locked = stack.sandbox.organisation.lock
    with locked:
        answer = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert (answer.status, answer.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert in_progress(stack.call("POST", CONTACTS, keyed(acme), body=ADA))
    # It is done all the same: waited for, so that it is not done in the account of the next test.
    until = time.monotonic() + 20
    while True:
        with locked:
            if people(stack):
                break
        assert time.monotonic() < until, "Ashby has not made it"
        time.sleep(0.005)


def test_a_look_that_fails_settles_nothing_and_writes_nothing(stack: Stack, acme: dict[str, str], clock: Clock) -> None:
    fault(stack, "candidate.create", "drop_after", times=1)
    stack.call("POST", CONTACTS, keyed(acme), body=ADA)
    clock.ahead = SETTLE_SECONDS + 1
    fault(stack, "candidate.search", "status", status=500, times=3)

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).status == 502

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] == people(stack)[0]["id"]
    assert stack.upstream("candidate.create") == 1


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
def test_a_change_whose_answer_is_lost_is_made_again(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool
) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "candidate.update", kind, times=1, **rest)
    path, body = f"{CONTACTS}/{made}", {"email": "ada@second.example.com"}

    assert stack.call("PATCH", path, keyed(acme), body=body).status == 504
    clock.ahead = SETTLE_SECONDS + 1
    assert stack.call("PATCH", path, keyed(acme), body=body).json["id"] == made
    sent = stack.upstream("candidate.update")
    assert stack.call("PATCH", path, keyed(acme), body=body).json["id"] == made

    assert sent == stack.upstream("candidate.update") == 2
    assert [one["id"] for one in people(stack, "ada@second.example.com")] == [made]


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
def test_a_deletion_whose_answer_is_lost_is_made_again(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool
) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "candidate.anonymize", kind, times=1, **rest)

    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 504
    clock.ahead = SETTLE_SECONDS + 1
    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 204
    sent = stack.upstream("candidate.anonymize")
    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 204

    assert sent == stack.upstream("candidate.anonymize")
    assert not people(stack)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_deletion_for_good_that_is_asked_for_again_is_done(stack: Stack, clock: Clock, kind: str) -> None:
    stack.connect("acme", operations=["atsApplication::delete"])
    application = next(iter(stack.sandbox.organisation.applications))["id"]
    fault(stack, "application.delete", kind, times=1)
    path, headers = f"{APPLICATIONS}/{application}", keyed(stack.of("acme"))

    assert stack.call("DELETE", path, headers).status == 504
    clock.ahead = SETTLE_SECONDS + 1

    assert stack.call("DELETE", path, headers).status == 204
    assert stack.call("DELETE", path, headers).status == 204
    # Without a key, or with another, it is simply not there.
    assert stack.call("DELETE", path, stack.of("acme")).status == 404
    assert stack.call("DELETE", path, keyed(headers, "k2")).status == 404
