"""The way out, on real sockets: what it sends, what it refuses, and when it ends."""

from __future__ import annotations

import contextlib
import datetime
import socket
import threading
import time
from collections.abc import Generator
from email.utils import format_datetime

import pytest

from tests.unit.unified.deliveries.receiver import Answer, receiver, says
from unified import egress
from unified.addresses import networks
from unified.egress import Outcome, post

LOOPBACK = networks(["127.0.0.0/8"])
HEADERS = {"content-type": "application/json", "webhook-id": "evt_1"}


def send(url: str, content: bytes = b"{}", seconds: float = 5) -> Outcome:
    """Post to a receiver on this machine."""
    return post(url, HEADERS, content, allowed=LOOPBACK, seconds=seconds)


def test_a_request_arrives_as_it_was_given() -> None:
    with receiver(says("200 OK")) as there:
        outcome = send(there.url + "?team=1", b'{"a":1}')

    assert outcome[:2] == (200, None)
    assert there.requests[0].startswith(b"POST /hooks?team=1 HTTP/1.1\r\n")
    assert there.body() == b'{"a":1}'
    assert there.headers() == {
        "content-type": "application/json",
        "webhook-id": "evt_1",
        "host": f"127.0.0.1:{there.port}",
        "content-length": "7",
        "connection": "close",
    }


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("200 OK", None),
        ("202 Accepted", None),
        ("204 No Content", None),
        ("299 Whatever", None),
        ("300 Multiple Choices", "redirect"),
        ("301 Moved Permanently", "redirect"),
        ("304 Not Modified", "redirect"),
        ("307 Temporary Redirect", "redirect"),
        ("400 Bad Request", "status"),
        ("404 Not Found", "status"),
        ("410 Gone", "status"),
        ("429 Too Many Requests", "status"),
        ("500 Internal Server Error", "status"),
        ("503 Service Unavailable", "status"),
    ],
)
def test_only_2xx_is_success(status: str, problem: str | None) -> None:
    with receiver(says(status)) as there:
        outcome = send(there.url)

    assert outcome[:2] == (int(status[:3]), problem)


def test_a_redirect_is_not_followed() -> None:
    with receiver(says("200 OK")) as target, receiver(says("302 Found", f"location: {target.url}")) as there:
        outcome = send(there.url)

    assert outcome[:2] == (302, "redirect")
    assert target.requests == []


def test_a_redirect_to_a_private_address_is_not_followed_either() -> None:
    with receiver(says("307 Temporary Redirect", "location: http://169.254.169.254/latest/meta-data/")) as there:
        assert send(there.url)[:2] == (307, "redirect")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("999999999999999999999", 86_400),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
    ],
)
def test_retry_after_is_read_in_seconds(value: str, seconds: float | None) -> None:
    with receiver(says("503 Service Unavailable", f"Retry-After: {value}")) as there:
        assert send(there.url).retry_after == seconds


def test_retry_after_is_read_as_a_date() -> None:
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=300)
    with receiver(says("429 Too Many Requests", f"Retry-After: {format_datetime(at, usegmt=True)}")) as there:
        asked = send(there.url).retry_after

    assert asked is not None
    assert 290 < asked <= 300


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    with receiver(says("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT")) as there:
        assert send(there.url).retry_after == 0


# -- receivers that misbehave ------------------------------------------------------------------------------------


def dripping(first: bytes, drop: bytes) -> Answer:
    """Send a beginning and then a little, again and again, for longer than anybody should wait: a busy machine too."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(first)
        for _ in range(1000):
            time.sleep(0.02)
            connection.sendall(drop)

    return answer


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nx-slow: "], ids=["nothing", "a status", "a header"]
)
def test_a_dripping_head_does_not_extend_the_time(first: bytes) -> None:
    with receiver(dripping(first, b"x-a: b\r\n" if first.endswith(b"\r\n") else b"a")) as there:
        began = time.monotonic()
        outcome = send(there.url, seconds=0.15)
        took = time.monotonic() - began

    assert outcome[:2] == (None, "timeout")
    assert 140 <= outcome.milliseconds < 4000
    assert took < 4


def test_a_dripping_handshake_does_not_extend_the_time() -> None:
    with silent() as port:
        outcome = send(f"https://127.0.0.1:{port}/", seconds=0.15)

    assert outcome[:2] == (None, "timeout")
    assert outcome.milliseconds < 4000


def test_a_receiver_that_takes_nothing_does_not_extend_the_time() -> None:
    with silent() as port:
        outcome = send(f"http://127.0.0.1:{port}/", b"x" * 20_000_000, seconds=0.15)

    assert outcome[:2] == (None, "timeout")
    assert outcome.milliseconds < 4000


def test_a_body_is_never_waited_for() -> None:
    with receiver(dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b"a")) as there:
        outcome = send(there.url)

    assert outcome[:2] == (200, None)
    assert outcome.milliseconds < 4000


def test_an_endless_body_costs_nothing() -> None:
    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")

    with receiver(answer) as there:
        assert send(there.url)[:2] == (200, None)


@pytest.mark.parametrize("line", [b"x-long: " + b"a" * 1000 + b"\r\n", b"a" * 1000], ids=["many headers", "one"])
def test_a_very_large_head_is_refused(line: bytes) -> None:
    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + line * 100)

    with receiver(answer) as there:
        assert send(there.url)[:2] == (None, "protocol")


def test_endless_interim_answers_are_refused() -> None:
    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000)

    with receiver(answer) as there:
        assert send(there.url)[:2] == (None, "protocol")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nx-cut: "], ids=["at once", "in the head"])
def test_a_connection_closed_early_is_no_answer(sent: bytes) -> None:
    with receiver(lambda connection, _request: connection.sendall(sent)) as there:
        assert send(there.url)[:2] == (None, "connection")


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH_9.7\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"])
def test_what_is_not_http_is_no_answer(sent: bytes) -> None:
    with receiver(lambda connection, _request: connection.sendall(sent)) as there:
        assert send(there.url)[:2] == (None, "protocol")


def test_nobody_there() -> None:
    # Held, so that nobody else takes the port, but not listened on.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert send(f"http://127.0.0.1:{taken.getsockname()[1]}/")[:2] == (None, "connection")


@contextlib.contextmanager
def silent() -> Generator[int]:
    """Listen, and never say or read anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


# -- names and addresses ----------------------------------------------------------------------------------------


def looked_up(*answers: list[str]) -> tuple[egress.Resolve, list[str]]:
    """Return a resolver that gives each of ``answers`` in turn, and the list of what it was asked."""
    asked: list[str] = []

    def resolve(host: str, _port: int, _seconds: float) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    return resolve, asked


def no_connection(address: str, _port: int, _seconds: float) -> socket.socket:
    raise AssertionError(f"connected to {address}")


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fd00:ec2::254"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["::ffff:10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "127.0.0.1"],
    ],
)
def test_a_name_that_leads_to_a_private_address_is_never_connected_to(addresses: list[str]) -> None:
    resolve, _ = looked_up(addresses)

    outcome = post("https://example.com/", HEADERS, b"{}", allowed=(), resolve=resolve, connect=no_connection)

    assert outcome[:2] == (None, "privateAddress")


def test_a_name_is_looked_up_once_and_the_checked_address_is_connected_to() -> None:
    resolve, asked = looked_up(["93.184.215.14"], ["127.0.0.1"])
    connected: list[str] = []

    def connect(address: str, _port: int, _seconds: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    outcome = post("https://rebinding.example/", HEADERS, b"{}", allowed=(), resolve=resolve, connect=connect)

    assert outcome[:2] == (None, "connection")
    assert (asked, connected) == (["rebinding.example"], ["93.184.215.14"])
    again = post("https://rebinding.example/", HEADERS, b"{}", allowed=(), resolve=resolve, connect=no_connection)
    assert again[:2] == (None, "privateAddress")


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    resolve, _ = looked_up(["127.0.0.2", "127.0.0.1"])

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        if address == "127.0.0.2":
            raise ConnectionRefusedError
        return egress.connect(address, port, seconds)

    with receiver(says("200 OK")) as there:
        url = f"http://example.com:{there.port}/"
        outcome = post(url, HEADERS, b"{}", allowed=LOOPBACK, resolve=resolve, connect=connect)

    assert outcome[:2] == (200, None)
    assert there.headers()["host"] == f"example.com:{there.port}"


def test_a_name_that_is_not_there() -> None:
    resolve, _ = looked_up([])

    outcome = post("https://example.com/", HEADERS, b"{}", allowed=(), resolve=resolve, connect=no_connection)

    assert outcome[:2] == (None, "dns")


def test_a_slow_resolver_does_not_extend_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        may_end.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    outcome = post("https://example.com/", HEADERS, b"{}", allowed=(), seconds=0.05, connect=no_connection)
    may_end.set()

    assert outcome[:2] == (None, "timeout")
    assert outcome.milliseconds < 4000


def test_the_systems_resolver_is_asked() -> None:
    with receiver(says("200 OK")) as there:
        url = there.url.replace("127.0.0.1", "localhost")
        outcome = post(url, HEADERS, b"{}", allowed=networks(["127.0.0.0/8", "::1/128"]))

    assert outcome[:2] == (200, None)


def test_a_url_that_was_saved_under_other_rules_is_refused_now() -> None:
    assert post("http://127.0.0.1:9000/", HEADERS, b"{}", allowed=())[:2] == (None, "privateAddress")
    assert post("http://example.com/", HEADERS, b"{}", allowed=())[:2] == (None, "url")


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with receiver(says("200 OK")) as there:
        assert send(there.url)[:2] == (200, None)
