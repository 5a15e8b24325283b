"""The lease under which one refresher works, and the two ways in which a conditional write says no."""

from __future__ import annotations

from typing import NamedTuple


class LeaseHeld(Exception):
    """Somebody else has the lease; ``cooling_until`` when it is a pause after a failure."""

    def __init__(self, cooling_until: int | None) -> None:
        super().__init__("lease held")
        self.cooling_until = cooling_until


class VersionMoved(Exception):
    """The credential is no longer the one that was read."""


class Lease(NamedTuple):
    """The right to refresh until then (seconds since the epoch), and a number greater than any holder's before."""

    holder: str
    fence: int
    until: int
