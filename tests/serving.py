"""Servers in the tests' own process: applications, sandboxes, handlers. Called over sockets, steered as objects."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import uvicorn

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.state import Sandbox
from unified import transport


@contextmanager
def served(app: Any) -> Generator[str]:
    """Serve an ASGI application on a free port; gives its address. What it logs as an error reaches pytest."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def served_sandbox(config: SandboxConfig) -> Generator[tuple[str, Sandbox]]:
    """Serve a sandbox; gives its address and itself. What the product keeps open to it is closed before it ends."""
    app = create_app(config)
    with served(app) as url:
        try:
            yield url, app.state.sandbox
        finally:
            if transport._client.cache_info().currsize:
                transport._client().close()
                transport._client.cache_clear()


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""

    def body(self) -> bytes:
        """Read the request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))


class Loopback:
    """A handler served on a free port of this machine, at ``url``, for as long as the block lasts."""

    def __init__(self, handler: type[QuietHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
