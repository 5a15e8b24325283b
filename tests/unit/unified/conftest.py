"""A scripted Ashby for the tests of its connector, and Hypothesis without a stopwatch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings

from unified.ashby.client import AshbySession
from unified.connector import Credential
from unified.deadline import Deadline
from unified.secret import Secret
from unified.transport import Reply, TransportFailure

# How long one example takes says nothing on a shared machine.
settings.register_profile("no stopwatch", deadline=None)
settings.load_profile("no stopwatch")

KEY = "ashby-key-that-nobody-may-see"


@dataclass(frozen=True)
class Sent:
    """One request as Ashby would have got it."""

    endpoint: str
    body: Any
    headers: Mapping[str, str]
    timeout: float


@dataclass
class Script:
    """Answers calls in turn: with a reply, or by raising. Asked for more than it has, it fails the test."""

    answers: list[Reply | Exception] = field(default_factory=list[Reply | Exception])
    sent: list[Sent] = field(default_factory=list[Sent])
    slept: list[float] = field(default_factory=list[float])

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes, timeout: float) -> Reply:
        """Stand in for ``unified.transport.send``."""
        assert (method, url.rpartition("/")[0]) == ("POST", "https://ashby.example")
        self.sent.append(Sent(url.rpartition("/")[2], json.loads(content), headers, timeout))
        assert self.answers, f"nothing is scripted for {self.sent[-1]}"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def session(
        self,
        *,
        seconds: float = 60,
        credential: Credential | None = None,
        renew: Callable[[], Credential] | None = None,
        waits: bool = True,
    ) -> AshbySession:
        """Open a line to this Ashby."""
        return AshbySession(
            "https://ashby.example",
            credential or Credential("apiKey", Secret(KEY)),
            Deadline(seconds),
            renew,
            waits=waits,
            send=self.send,
            sleep=self.slept.append,
        )

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """Endpoint and body of every call."""
        return [(one.endpoint, one.body) for one in self.sent]


@pytest.fixture
def ashby() -> Script:
    """Return a scripted Ashby."""
    return Script()


def good(results: Any, **envelope: Any) -> Reply:
    """Answer with results."""
    return reply(200, {"success": True, "results": results, **envelope})


def refused(code: str, status: int = 200, **headers: str) -> Reply:
    """Answer with a failure of that code, in the documented shape."""
    return reply(status, {"success": False, "errorInfo": {"code": code, "requestId": "01REQ"}}, **headers)


def reply(status: int, body: Any, **headers: str) -> Reply:
    """Answer with a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def lost() -> TransportFailure:
    """No answer to a request that was sent."""
    return TransportFailure("ReadTimeout", sent=True)


def unsent() -> TransportFailure:
    """No connection."""
    return TransportFailure("ConnectError", sent=False)
