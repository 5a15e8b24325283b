"""When a delivery that failed is tried again: the schedule that Standard Webhooks gives as its example.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

WAITS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to wait after each failed attempt but the last: 10 attempts within 75 hours and 35 minutes."""

ATTEMPTS = len(WAITS) + 1
JITTER = 0.1
"""A wait is up to this part longer or shorter, so that what failed together does not come back together."""

MAX_WAIT = 86_400
"""How long an endpoint's ``Retry-After`` can hold an attempt back, in seconds."""

Uniform = Callable[[float, float], float]
UNIFORM: Uniform = SystemRandom().uniform


def wait_after(number: int, retry_after: float | None, uniform: Uniform = UNIFORM) -> float | None:
    """Return the seconds to wait after attempt ``number`` (from 1) failed, None after the last one.

    What the endpoint asks for by ``Retry-After`` can only make it longer.
    """
    if number >= ATTEMPTS:
        return None
    wait = WAITS[number - 1] * uniform(1 - JITTER, 1 + JITTER)
    return max(wait, min(retry_after or 0.0, MAX_WAIT))
