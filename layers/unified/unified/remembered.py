"""What a process remembers of what it has read: each thing for a bounded time, and a bounded number of things.

Ages are told by the time of day. A monotonic clock may stand still while Lambda has an environment frozen between two
requests, and what shall hold within 30 seconds would then hold only once the environment had been awake for so long.
The time of day may be set back: what was read in the future counts as too old.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Name = TypeVar("Name")
Value = TypeVar("Value")


class Remembered(Generic[Name, Value]):
    """Values by name, each for ``max_age`` seconds since its reading began; of all the ``capacity`` last used.

    Several threads may use it at once; two that miss the same value both read it.
    """

    def __init__(self, max_age: float, capacity: int, clock: Callable[[], float] = time.time) -> None:
        self._max_age = max_age
        self._capacity = capacity
        self._clock = clock
        self._known: OrderedDict[Name, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: Name, read: Callable[[], Value], *, max_age: float | None = None) -> Value:
        """Return what is remembered, else what ``read`` returns, which is remembered then, None like anything else.

        ``max_age`` (seconds) asks for something younger than usual, 0 for something new. What ``read`` raises passes
        through, and what was known before stays known.
        """
        now = self._clock()
        limit = self._max_age if max_age is None else min(max_age, self._max_age)
        with self._lock:
            known = self._known.get(name)
            if known is not None and 0 <= now - known[0] < limit:
                self._known.move_to_end(name)
                return known[1]
        # Not under the lock: a slow reading keeps nobody from what is known.
        value = read()
        self._keep(name, now, value)
        return value

    def put(self, name: Name, value: Value) -> None:
        """Remember a value that was made here."""
        self._keep(name, self._clock(), value)

    def forget(self, name: Name) -> None:
        """Forget a value, if it is known."""
        with self._lock:
            self._known.pop(name, None)

    def _keep(self, name: Name, at: float, value: Value) -> None:
        with self._lock:
            self._known[name] = (at, value)
            self._known.move_to_end(name)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
