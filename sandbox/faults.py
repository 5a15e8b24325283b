"""Faults on demand: which call fails, how, and how often."""

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count


class FaultKind(StrEnum):
    """What a fault does. Those marked * let the call take effect first."""

    LATENCY = "latency"  # * answers after `milliseconds`
    STATUS = "status"  # answers with `status`, and `retryAfter` if given
    FAILURE = "failure"  # answers 200 with success:false and `code`, in `shape`
    DROP_BEFORE = "drop_before"  # closes the connection without effect
    DROP_AFTER = "drop_after"  # * closes the connection without answering
    MALFORMED = "malformed"  # * answers 200 with a body that is not JSON
    TRUNCATED = "truncated"  # * answers with half of the announced body, then closes


@dataclass
class Fault:
    """One rule. `endpoint` is a glob (`candidate.*`, `oauth.token`); the first matching rule applies.

    With a `key`, an API key or an access token, it matches that caller's calls alone.
    `skip` calls pass untouched first; then `times` calls are affected, or all of them if it is None.
    """

    endpoint: str
    kind: FaultKind
    key: str | None = None
    times: int | None = None
    skip: int = 0
    status: int = 500
    retry_after: int | None = None
    partner: bool = False
    milliseconds: int = 0
    code: str = "generic_internal_error"
    message: str = "Injected by the sandbox."
    shape: str = "CODES_AND_INFO"
    identifier: int = field(default=0)


class FaultBoard:
    """The rules in force, in order."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Add a rule and give it its number."""
        fault.identifier = next(self._numbers)
        self._faults.append(fault)
        return fault

    def all(self) -> list[Fault]:
        """Return the rules in force."""
        return list(self._faults)

    def clear(self, identifier: int | None = None) -> int:
        """Remove one rule, or all; return how many were removed."""
        before = len(self._faults)
        self._faults = [] if identifier is None else [fault for fault in self._faults if fault.identifier != identifier]
        return before - len(self._faults)

    def take(self, endpoint: str, key: str | None = None) -> Fault | None:
        """Return the rule that applies to a call by a key now starting, using up one of its times."""
        for fault in self._faults:
            if not fnmatchcase(endpoint, fault.endpoint) or fault.key not in (None, key):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None
