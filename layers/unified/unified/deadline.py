"""How long this invocation may still take: every wait in the layer is bounded by it."""

from __future__ import annotations

import time


class Deadline:
    """A point in monotonic time. What waits asks ``remaining`` first and gives up while an answer can still be sent."""

    # Left for turning what happened into an answer once the waiting is over.
    MARGIN = 0.75

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that may still be spent waiting; zero or less when there are none."""
        return self._at - time.monotonic() - self.MARGIN

    def within(self, seconds: float) -> Deadline:
        """Return a deadline for a part of the work: in so many seconds, and never after this one."""
        return Deadline(min(seconds, self.remaining()) + self.MARGIN)
