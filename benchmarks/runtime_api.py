"""A Lambda Runtime API for one process: tells when that process is ready and, if asked, gives it one event.

The part of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html that awslambdaric speaks.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_ARN = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
_INVOCATION_SECONDS = 29


class RuntimeApi:
    """Serves one runtime on loopback. Times are ``time.perf_counter()``, so they compare with the caller's own."""

    def __init__(self, event: dict[str, Any] | None = None) -> None:
        self.event = event
        self.ready = threading.Event()
        self.answered = threading.Event()
        self.ready_at = 0.0
        self.sent_at = 0.0
        self.answered_at = 0.0
        self.answer: Any = None
        self.failure: str | None = None
        # Set by the caller once it has read what it wants of the waiting process; only then is the event sent.
        self.go = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def address(self) -> str:
        """Host and port, as ``AWS_LAMBDA_RUNTIME_API`` wants them."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name http.server calls
            """Answer ``invocation/next``: the first time that is readiness."""
            now = time.perf_counter()
            if not api.ready.is_set():
                api.ready_at = now
                api.ready.set()
            api.go.wait()
            if api.event is None or api.sent_at:
                # Nothing more to do: the connection stays silent until the process is ended.
                self.close_connection = True
                return
            body = json.dumps(api.event).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + _INVOCATION_SECONDS) * 1000)))
            self.end_headers()
            api.sent_at = time.perf_counter()
            self.wfile.write(body)

        def do_POST(self) -> None:  # the name http.server calls
            """Take the invocation's response, or the report of what went wrong."""
            now = time.perf_counter()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/error"):
                api.failure = body.decode(errors="replace")
                api.ready.set()
            else:
                api.answer = json.loads(body)
            api.answered_at = now
            api.answered.set()
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server names it
            """Keep quiet: the caller reports."""

    return Handler
