"""Request limits: a token bucket per key, and a switch for throttling the whole integration.

Ashby publishes no number per key. A partner-wide 429 carries `X-RateLimit-Scope: integration-partner`, a per-key one
does not (changelog 2026-10-14).
"""

import math
from dataclasses import dataclass

from sandbox.config import Clock
from sandbox.errors import ApiError


@dataclass
class RateRules:
    """`per_minute` requests for each key, of which `burst` at once; `partner_retry_after` throttles everyone."""

    per_minute: float
    burst: int
    partner_retry_after: int | None = None


class RateLimiter:
    """Counts requests per key."""

    def __init__(self, clock: Clock, rules: RateRules) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # key id -> (tokens left, at)
        self.rules = rules

    def spend(self, key_id: str) -> None:
        """Take one request from a key's bucket; raises the 429 when it is empty or the partner is throttled."""
        rules = self.rules
        if rules.partner_retry_after is not None:
            raise _too_many(rules.partner_retry_after, {"X-RateLimit-Scope": "integration-partner"})
        now = self._clock()
        tokens, before = self._buckets.get(key_id, (float(rules.burst), now))
        tokens = min(rules.burst, tokens + (now - before) * rules.per_minute / 60)
        if tokens < 1:
            self._buckets[key_id] = (tokens, now)
            raise _too_many(math.ceil((1 - tokens) * 60 / rules.per_minute), {})
        self._buckets[key_id] = (tokens - 1, now)


def _too_many(seconds: int, headers: dict[str, str]) -> ApiError:
    return ApiError(
        "rate_limit_exceeded", "Too many requests.", status=429, headers={"Retry-After": str(seconds), **headers}
    )
