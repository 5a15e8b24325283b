"""The waits between attempts."""

from __future__ import annotations

from random import Random

import pytest

from unified.deliveries.schedule import ATTEMPTS, MAX_WAIT, WAITS, wait_after


def test_ten_attempts_span_seventy_five_hours() -> None:
    assert ATTEMPTS == 10
    assert sum(WAITS) == 75 * 3600 + 35 * 60 + 5


@pytest.mark.parametrize(("number", "wait"), list(enumerate(WAITS, 1)))
def test_a_wait_is_a_tenth_longer_or_shorter_at_most(number: int, wait: int) -> None:
    uniform = Random(number).uniform
    waits = [wait_after(number, None, uniform) or 0 for _ in range(200)]

    assert 0.9 * wait <= min(waits) < 0.93 * wait
    assert 1.07 * wait < max(waits) <= 1.1 * wait


def test_after_the_last_attempt_there_is_none() -> None:
    assert wait_after(ATTEMPTS, None) is None
    assert wait_after(ATTEMPTS, 60) is None


@pytest.mark.parametrize(
    ("number", "asked", "wait"),
    [(1, 60, 60), (1, 1, 5), (1, 0, 5), (2, 10, 300), (3, MAX_WAIT * 30, MAX_WAIT), (9, 60, 86_400)],
)
def test_retry_after_makes_a_wait_longer_and_never_shorter(number: int, asked: float, wait: float) -> None:
    assert wait_after(number, asked, lambda _low, _high: 1.0) == wait
