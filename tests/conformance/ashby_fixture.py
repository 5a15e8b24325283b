"""What the conformance suite needs to know of Ashby: the sandbox on a free port, and samples of the ten models."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from sandbox import permissions
from sandbox.config import SandboxConfig
from sandbox.faults import Fault, FaultKind
from sandbox.state import Sandbox
from tests.conformance import ashby_ats_samples, ashby_samples
from tests.conformance.ashby_account import Account
from tests.conformance.kit import Sample, Trouble
from tests.serving import served_sandbox
from unified import transport
from unified.ashby.client import AshbySession
from unified.connector import Credential
from unified.deadline import Deadline
from unified.secret import Secret

KEY = "ashby_conformance_key_that_nobody_may_see"
_FAULTS: Mapping[Trouble, dict[str, Any]] = {
    Trouble.RATE_LIMITED: {"kind": FaultKind.STATUS, "status": 429, "retry_after": 1},
    Trouble.BROKEN: {"kind": FaultKind.STATUS, "status": 500},
    Trouble.DROPPED_BEFORE: {"kind": FaultKind.DROP_BEFORE},
    Trouble.DROPPED_AFTER: {"kind": FaultKind.DROP_AFTER},
    Trouble.MALFORMED: {"kind": FaultKind.MALFORMED},
}


class AshbyFake:
    """The sandbox, and one key of every permission and switch."""

    secret = KEY

    def __init__(self, sandbox: Sandbox, base_url: str, client: httpx.Client) -> None:
        self.base_url = base_url
        self._sandbox = sandbox
        self._client = client
        self._account = Account(sandbox)

    def credential(self) -> Credential:
        """Return the key."""
        return Credential("apiKey", Secret(KEY))

    def open(self) -> AshbySession:
        """Open a line that never waits."""
        return self._open(self.base_url)

    def open_nowhere(self) -> AshbySession:
        """Open a line to a port that is closed."""
        return self._open("http://127.0.0.1:1")

    def _open(self, url: str) -> AshbySession:
        send = partial(transport.send, client=self._client)
        return AshbySession(url, self.credential(), Deadline(60), None, send=send, sleep=lambda _seconds: None)

    def permit(self, permissions: Collection[str] | None) -> None:
        """Change the key's permissions."""
        granted = self.all_permissions() if permissions is None else permissions
        switches = {"private_fields": True, "confidential": True, "on_behalf_of": True}
        self._sandbox.keys.add(KEY, title="Conformance", granted=granted, **switches)

    def all_permissions(self) -> Collection[str]:
        """Return Ashby's permissions."""
        return permissions.ALL

    def disable(self) -> None:
        """Disable the key."""
        self._sandbox.keys.set_enabled(KEY, enabled=False)

    def trouble(self, kind: Trouble, operations: str, times: int | None = None) -> None:
        """Add a fault; the first one that matches a call applies, so reads go past one of writes."""
        for endpoint in self._sandbox.endpoints:
            if _reads(endpoint) == (operations == "reads"):
                self._sandbox.faults.add(Fault(endpoint=endpoint, times=times, **_FAULTS[kind]))

    def calm(self) -> None:
        """Remove every fault and restore the key."""
        self._sandbox.faults.clear(None)
        self.permit(None)

    def effects(self) -> int:
        """Return the number of the latest change."""
        return self._sandbox.organisation.last_change

    def calls(self, operations: str) -> int:
        """Count calls by the endpoint's name."""
        calls = self._sandbox.calls.by_endpoint
        return sum(number for endpoint, number in calls.items() if _reads(endpoint) == (operations == "reads"))

    def sample(self, model_id: str) -> Sample:
        """Return a model's sample."""
        return {**ashby_samples.SAMPLES, **ashby_ats_samples.SAMPLES}[model_id](self._account)


def _reads(endpoint: str) -> bool:
    return endpoint.rpartition(".")[2] in ("list", "info", "search")


@contextmanager
def start() -> Generator[AshbyFake]:
    """Serve a sandbox from this process."""
    with (
        served_sandbox(SandboxConfig(candidates=60, requests_per_minute=10**6)) as (url, sandbox),
        httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=50)) as client,
    ):
        yield AshbyFake(sandbox, url, client)
