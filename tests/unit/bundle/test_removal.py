"""What is kept of a removed connection is deleted only when nobody can be at work on it any more."""

from __future__ import annotations

from tests.unit.bundle.deployed import each_function, timeout
from unified.connections.watch import QUIET_SECONDS


@each_function
def test_no_function_outlives_the_time_before_a_purge(name: str) -> None:
    """With some time to spare: for clocks that differ, and for a last write that is on its way as Lambda ends it."""
    assert timeout(name) + 30 <= QUIET_SECONDS
