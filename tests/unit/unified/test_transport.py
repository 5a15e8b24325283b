"""What the one HTTP client keeps between two requests, which may be of two customers: connections, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.unified.deliveries.receiver import Receiver, receiver, says
from unified import transport


@pytest.fixture(autouse=True)
def fresh_client() -> Iterator[None]:
    """Give the test a client of its own, and close it."""
    _close()
    yield
    _close()


def _close() -> None:
    if transport._client.cache_info().currsize:
        transport._client().close()
        transport._client.cache_clear()


@pytest.fixture
def account() -> Iterator[Receiver]:
    """Serve an account that gives everybody a cookie, and ends each connection."""
    cookies = ("set-cookie: session=of-customer-a; Path=/; Max-Age=3600", "set-cookie: balancer=7")
    with receiver(says("200 OK", *cookies, "connection: close")) as made:
        yield made


def _call(account: Receiver, key: str, **headers: str) -> transport.Reply:
    return transport.send("POST", account.url, headers={"authorization": key, **headers}, content=b"{}", timeout=5)


def test_a_cookie_of_one_customers_answer_never_goes_out_again(account: Receiver) -> None:
    answer = _call(account, "Basic a")
    _call(account, "Basic b")
    _call(account, "Basic a")

    assert "session=of-customer-a" in answer.headers["set-cookie"]
    assert [account.headers(number).get("cookie") for number in range(3)] == [None, None, None]
    assert [account.headers(number)["authorization"] for number in range(3)] == ["Basic a", "Basic b", "Basic a"]


def test_a_cookie_that_the_caller_itself_sends_is_sent_and_not_kept(account: Receiver) -> None:
    _call(account, "Basic a", cookie="chosen=1")
    _call(account, "Basic b")

    assert [account.headers(number).get("cookie") for number in range(2)] == ["chosen=1", None]
