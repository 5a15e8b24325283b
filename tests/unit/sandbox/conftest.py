"""A sandbox with a clock the test moves, called in process; and a real server where sockets matter."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from sandbox.organisation import Organisation
from sandbox.state import Sandbox


class Clock:
    """A clock that stands still until told to move."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the sandbox under test."""
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Starlette:
    """Return a sandbox of 120 candidates."""
    return create_app(SandboxConfig(candidates=120, clock=clock))


@pytest.fixture
def sandbox(app: Starlette) -> Sandbox:
    """Return the state of the sandbox."""
    return app.state.sandbox


@pytest.fixture
def organisation(sandbox: Sandbox) -> Organisation:
    """Return the organisation of the sandbox."""
    return sandbox.organisation


@pytest.fixture
def client(app: Starlette) -> Iterator[httpx.Client]:
    """Return a client of the sandbox without credentials."""
    with in_process_client(app) as client:
        yield client


@pytest.fixture
def ashby(client: httpx.Client) -> Callable[..., Any]:
    """Call an endpoint and return the whole answer's body."""

    def call(endpoint: str, *, key: str = "ashby_local_full", **parameters: Any) -> Any:
        return client.post(f"/{endpoint}", json=parameters, auth=(key, "")).json()

    return call


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve ASGI applications with uvicorn on free ports; the function returns the base URL."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        # Without uvicorn's own logging setup its errors reach pytest's caplog.
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
