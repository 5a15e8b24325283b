"""A sweep whose connection cannot be opened: it is tried again at its time, and its task never piles up."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from unified.connections.refresh import Refresher
from unified.errors import UnifiedError, VaultFailure

from .stack import Stack
from .test_intake import waiting
from .watched_support import Watched, counted, watching

_EVERY = 900
_DETAIL = "Which nobody needs to read in a log."
_RENEWING = "MORPH::CONNECTION::REFRESH_IN_PROGRESS"
_FAULTS = {
    "MORPH::BAD_CONFIGURATION": UnifiedError("MORPH::BAD_CONFIGURATION", _DETAIL),
    "MORPH::UNKNOWN_ERROR": VaultFailure(_DETAIL),
}


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment that watches nothing yet."""
    with watching(stack) as made:
        yield made


@contextmanager
def unopened(failed: UnifiedError) -> Generator[list[UnifiedError]]:
    """Have no connection's credential opened; gives what was raised instead."""
    raised: list[UnifiedError] = []

    def working(*_: Any, **__: Any) -> Any:
        raised.append(failed)
        raise failed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Refresher, "working", working)
        yield raised


def renewing() -> UnifiedError:
    """Return what is raised while another process renews the token."""
    return UnifiedError(_RENEWING, _DETAIL)


@pytest.mark.parametrize("code", _FAULTS)
def test_a_fault_of_ours_costs_a_sweep_at_each_of_its_times_and_raises_an_alarm(
    watched: Watched, capsys: pytest.CaptureFixture[str], log: io.StringIO, code: str
) -> None:
    watched.watch("genericContact::*")
    capsys.readouterr()
    with unopened(_FAULTS[code]) as raised:
        for _ in range(20):
            watched.later(200)
            assert waiting("sweep") == 0
    # Of 4,000 seconds.
    assert len(raised) == 4
    assert [line["code"] for line in counted(capsys.readouterr().out, "SweepFailed")] == [code] * 4
    assert code in log.getvalue()
    assert _DETAIL not in log.getvalue()

    removed = watched.remove("candidate", 2)
    watched.later(86_400)
    assert {event["data"]["id"] for event in watched.events()} == removed
    assert counted(capsys.readouterr().out, "SweepFailed") == []


def test_what_was_asked_for_during_a_fault_of_ours_is_done_once_it_is_over(watched: Watched) -> None:
    path = watched.watch("genericContact::*")
    removed = watched.remove("candidate", 2)
    with unopened(_FAULTS["MORPH::BAD_CONFIGURATION"]) as raised:
        watched.sweep(path, full=True)
    assert (len(raised), waiting("sweep"), watched.names()) == (1, 0, [])

    watched.later(_EVERY)
    assert {event["data"]["id"] for event in watched.events("genericContact::deleted")} == removed


def test_a_token_that_somebody_else_renews_is_no_fault_and_waited_for(
    watched: Watched, capsys: pytest.CaptureFixture[str], log: io.StringIO
) -> None:
    watched.watch("atsOffer::*")
    before = watched.stack.upstream("offer.list")
    capsys.readouterr()
    with unopened(renewing()) as raised:
        watched.later(_EVERY)
    assert (len(raised), waiting("sweep"), watched.stack.upstream("offer.list")) == (1, 0, before)
    assert counted(capsys.readouterr().out, "SweepFailed") == []
    assert _RENEWING in log.getvalue()

    watched.later(61)
    assert watched.stack.upstream("offer.list") == before + 1


def test_what_was_asked_for_while_a_token_is_renewed_waits_for_seconds_only(watched: Watched, log: io.StringIO) -> None:
    path = watched.watch("atsOffer::*")
    before = watched.stack.upstream("offer.list")
    with unopened(renewing()) as raised:
        watched.sweep(path)
        assert (len(raised), waiting("sweep")) == (1, 1)
    assert "message failed" not in log.getvalue()

    watched.clock.advance(6)
    watched.pump.run()
    assert (watched.stack.upstream("offer.list"), waiting("sweep")) == (before + 1, 0)
