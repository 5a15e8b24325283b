"""The one way out to addresses that others chose: guarded where the connection is made, and ended on time.

The library under httpx is given a network of our own. It resolves the name, refuses unless every address may be sent
to (``unified.addresses``), and connects to the very address that was checked, so a name that changes its mind between
check and connection (DNS rebinding) gains nothing. TLS is held to the name. One deadline holds for the whole exchange,
however slowly the other side drips. No proxy of the environment, no redirects, no kept connections, and of the answer
nothing but its head is read: status and ``Retry-After``.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple

import httpcore

from unified.addresses import Networks, Place, Unfit, check_addresses, read_url

SECONDS = 15.0
"""How long one exchange may take, from the first look-up to the last header."""

MAX_HEAD_BYTES = 32 * 1024
_CONNECT_SECONDS = 5.0
_MAX_ADDRESSES = 4
_MAX_RETRY_AFTER = 86_400

Problem = Literal["url", "privateAddress", "dns", "connection", "tls", "timeout", "protocol", "redirect", "status"]
Resolve = Callable[[str, int, float], list[str]]
Connect = Callable[[str, int, float], socket.socket]


class Outcome(NamedTuple):
    """How one exchange ended. ``problem`` is None for an answer of 2xx; ``retry_after`` is in seconds, as asked for."""

    status: int | None
    problem: Problem | None
    milliseconds: int
    retry_after: float | None = None


class _Failure(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem: Problem = problem


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Look up every address of a host. Raises ``OSError`` for none, ``TimeoutError`` after ``seconds``.

    The system's resolver takes no time limit, so it is waited for in a thread that is left behind if it must be.
    """
    found: list[list[str]] = []

    def look() -> None:
        try:
            found.append([str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError):
            found.append([])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise TimeoutError
    return list(dict.fromkeys(found[0]))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """Open a connection to an address, which is no name and so needs no look-up."""
    opened = socket.create_connection((address, port), seconds)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def post(
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    *,
    allowed: Networks,
    seconds: float = SECONDS,
    tls: ssl.SSLContext | None = None,
    resolve: Resolve = resolve,
    connect: Connect = connect,
) -> Outcome:
    """POST ``content`` and return how it ended within ``seconds``; what the other side does never raises."""
    began = time.monotonic()
    status: int | None = None
    retry_after: float | None = None
    problem: Problem | None
    try:
        status, answered = _exchange(url, headers, content, _Gate(allowed, began + seconds, resolve, connect), tls)
        retry_after = _retry_after(answered)
        problem = _judge(status)
    except _Failure as failure:
        problem = failure.problem
    except Unfit as unfit:
        problem = unfit.kind
    except (TimeoutError, httpcore.TimeoutException):
        problem = "timeout"
    except ssl.SSLError:
        problem = "tls"
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        problem = "protocol"
    except (OSError, httpcore.NetworkError):
        problem = "connection"
    return Outcome(status, problem, round((time.monotonic() - began) * 1000), retry_after)


def _exchange(
    url: str, headers: Mapping[str, str], content: bytes, gate: _Gate, tls: ssl.SSLContext | None
) -> tuple[int, Mapping[str, str]]:
    place = read_url(url, gate.allowed)
    gate.place = place
    origin = httpcore.Origin(place.scheme.encode(), place.host.encode(), place.port)
    sent = {**headers, "host": place.authority, "content-length": str(len(content)), "connection": "close"}
    request = httpcore.Request(
        "POST",
        httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=place.target.encode()),
        headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        content=content,
    )
    connection = httpcore.HTTPConnection(
        origin, ssl_context=tls or (_tls() if place.scheme == "https" else None), network_backend=gate
    )
    try:
        response = connection.handle_request(request)
        return response.status, {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in response.headers}
    finally:
        gate.close()


class _Gate(httpcore.NetworkBackend):
    """The library's network: resolves, checks, connects, and holds the deadline (monotonic) of one exchange."""

    place: Place

    def __init__(self, allowed: Networks, ends: float, resolve: Resolve, connect: Connect) -> None:
        self.allowed = allowed
        self._ends = ends
        self._resolve = resolve
        self._connect = connect
        self._opened: _Stream | None = None

    def remaining(self) -> float:
        """Seconds that are left. Raises ``TimeoutError`` when there are none: a zero would mean not to wait."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses once all of them are known to be fit."""
        found = self._resolve(host, port, self.remaining())
        if not found:
            raise _Failure("dns")
        check_addresses(self.place, [ip_address(address) for address in found], self.allowed)
        failure: OSError = OSError()
        for address in found[:_MAX_ADDRESSES]:
            try:
                opened = self._connect(address, port, min(self.remaining(), _CONNECT_SECONDS))
            except OSError as failed:
                failure = failed
            else:
                self._opened = _Stream(opened, self)
                return self._opened
        raise failure

    def close(self) -> None:
        """Close what was opened, if anything was."""
        if self._opened is not None:
            self._opened.close()


class _Stream(httpcore.NetworkStream):
    """A socket whose every step is bounded by what is left of the whole time, and by the size of an answer's head."""

    def __init__(self, opened: socket.socket, gate: _Gate) -> None:
        self._socket = opened
        self._gate = gate
        self._read = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there. The head is all that is ever asked for, so more than its bound is refused."""
        if self._read >= MAX_HEAD_BYTES:
            raise _Failure("protocol")
        self._socket.settimeout(self._gate.remaining())
        got = self._socket.recv(min(max_bytes, MAX_HEAD_BYTES - self._read))
        if not got:
            raise _Failure("connection")
        self._read += len(got)
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it. A connection closed meanwhile may still hold an answer, which the library then reads."""
        rest = memoryview(buffer)
        while rest:
            self._socket.settimeout(self._gate.remaining())
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise
            except OSError:
                raise httpcore.WriteError from None

    def close(self) -> None:
        """Close it, without waiting for the other side."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS with the name that the URL has, not with the address."""
        self._socket.settimeout(self._gate.remaining())
        self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell nothing: the library asks only for what kept connections and HTTP/2 need."""
        return None


def _judge(status: int) -> Problem | None:
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else "status"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` as seconds from now, at most a day (RFC 9110 §10.2.3); None for what is neither form."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(min(int(value[:12]), _MAX_RETRY_AFTER))
    try:
        asked = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(asked, 0.0), float(_MAX_RETRY_AFTER))


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()
