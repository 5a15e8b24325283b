"""Receivers on real sockets of this machine: they answer, or misbehave, byte by byte as a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class Receiver:
    """A server on a free port; ``requests`` are the whole requests that it got."""

    url: str
    port: int
    requests: list[bytes] = field(default_factory=list[bytes])

    def headers(self, number: int = -1) -> dict[str, str]:
        """Return the headers of a request, by lower-case name."""
        head = self.requests[number].partition(b"\r\n\r\n")[0].decode("latin-1")
        pairs = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
        return {name.lower(): value for name, value in pairs}

    def body(self, number: int = -1) -> bytes:
        """Return the body of a request."""
        return self.requests[number].partition(b"\r\n\r\n")[2]


def says(status: str, *headers: str, body: bytes = b"") -> Answer:
    """Answer with a status line, headers and a body."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall("\r\n".join(lines).encode() + body)

    return answer


@contextlib.contextmanager
def receiver(answer: Answer, *, tls: ssl.SSLContext | None = None) -> Generator[Receiver]:
    """Serve on a loopback port until the block ends; every request is answered on a connection of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    made = Receiver(f"{'http' if tls is None else 'https'}://127.0.0.1:{port}/hooks", port)
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            wrapped = connection if tls is None else tls.wrap_socket(connection, server_side=True)
            with wrapped:
                request = _request(wrapped)
                made.requests.append(request)
                answer(wrapped, request)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield made
    finally:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def _request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
