"""``Idempotency-Key`` over HTTP: a death at every step, and at most one record in Ashby."""

from __future__ import annotations

import time

import pytest

from tests.integration.idempotency.cases import Application, Case, Change, Job, Nameless, Person, Steps
from tests.integration.idempotency.support import Clock, claims, in_progress
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault
from unified import table as t
from unified.api.idempotency import CLAIM_SECONDS


@pytest.mark.parametrize("kind", [Person, Nameless, Application, Job, Change])
def test_a_death_at_any_step_makes_no_second_record_and_no_wrong_answer(
    stack: Stack, acme: dict[str, str], grade: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: type[Case]
) -> None:
    case = kind(stack, acme)
    steps = Steps(monkeypatch)
    assert steps.run(lambda: case.send(0)).status == 200
    every = list(steps.done)
    assert case.whole(*case.found(0))
    # The claim, the write, its outcome; and what it takes to know who asks.
    assert {"table.get_many", "table.put", "upstream", "table.update"} <= set(every)

    for number, (position, after) in enumerate(
        ((position, after) for position in range(len(every)) for after in (False, True)), start=1
    ):
        where = f"{'after' if after else 'before'} {position} of {every}"
        clock.ahead = 0
        assert steps.run(lambda n=number: case.send(n), (position, after)) is None, where

        at_once = case.send(number)
        assert at_once.status == 200 or in_progress(at_once), f"{where}: {at_once.text}"
        clock.ahead = CLAIM_SECONDS + 2
        answer = case.send(number)
        found = case.found(number)
        assert len(found) <= 1, where
        if answer.status == 200:
            assert [answer.json["id"]] == found, where
            assert "warnings" not in answer.json, f"{where}: {answer.text}"
            assert case.whole(*found), where
        else:
            assert not case.lookup, f"{where}: {answer.text}"
            assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"), where
        last_change = stack.sandbox.organisation.last_change
        assert case.send(number).json.get("id") == answer.json.get("id")
        assert stack.sandbox.organisation.last_change == last_change, where


def test_a_death_while_settling_or_resuming_changes_nothing_of_that(
    stack: Stack, acme: dict[str, str], grade: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Person(stack, acme)
    steps = Steps(monkeypatch)
    number = 0
    for first in ("candidate.create", "candidate.update", "customField.setValues"):
        position = 0
        while True:
            number += 1
            clock.ahead = 0
            fault(stack, first, "drop_after", times=1)
            steps.run(lambda n=number: case.send(n))
            clock.ahead = CLAIM_SECONDS + 2
            died = steps.run(lambda n=number: case.send(n), (position, True))
            clock.ahead = 2 * CLAIM_SECONDS + 4
            answer = case.send(number)

            assert answer.status == 200, answer.text
            assert [answer.json["id"]] == case.found(number)
            assert case.whole(answer.json["id"])
            position += 1
            if died is not None:
                break
        assert position > 4


def test_what_somebody_has_changed_since_is_left_alone(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Application(stack, acme)
    steps = Steps(monkeypatch)
    # Dies as soon as Ashby has made the application, before its recruiter.
    position = 3
    assert steps.run(lambda: case.send(1), (position, True)) is None
    assert steps.done[-1] == "upstream"
    (application,) = case.found(1)
    # As if all that had been longer ago than a request can live.
    began = int(time.time()) - 10_000
    for item in claims(stack):
        key = t.Key(item["pk"]["S"], item["sk"]["S"])
        t.table().update(key, {"began": began})
    clock.ahead = CLAIM_SECONDS + 2

    assert case.send(1).json["id"] == application

    assert stack.upstream("application.addHiringTeamMember") == 0
    assert not case.whole(application)
