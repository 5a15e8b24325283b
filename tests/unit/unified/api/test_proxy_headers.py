"""Which headers go along and which come back: those of a list, however spelled, none of ours or a neighbour's."""

from __future__ import annotations

import pytest

from unified.api.proxy_headers import for_caller, for_upstream
from unified.ashby.passthrough import PASSTHROUGH
from unified.errors import Invalid

OURS = [
    "Authorization", "Cookie", "Host", "x-api-key", "X-API-Secret", "x-session-token", "x-connector-id", "x-owner-id",
    "Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
    "Upgrade", "Content-Length", "Expect", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP",
    "X-Forwarded-Proto", "X-Amzn-Trace-Id", "Origin", "Referer", "Accept-Encoding", "Range", "X-HTTP-Method-Override",
    "X-Unified-Origin", "X-Anything",
]  # fmt: skip
PASS = [
    "Accept",
    "Content-Type",
    "Content-Encoding",
    "Idempotency-Key",
    "User-Agent",
    "Ashby-Version",
    "X-On-Behalf-Of",
]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_what_is_between_others_does_not_go_along(name: str, spell: type[str]) -> None:
    assert for_upstream({spell(name): "x"}, PASSTHROUGH.passes) == {}


@pytest.mark.parametrize("name", PASS)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_what_is_for_the_account_goes_along(name: str, spell: type[str]) -> None:
    assert for_upstream({spell(name): "x y"}, PASSTHROUGH.passes) == {name.lower(): "x y"}


def test_another_connector_lets_no_header_of_ashby_pass() -> None:
    assert for_upstream({"ashby-version": "1", "x-on-behalf-of": "u"}, lambda _name: False) == {}


def test_a_connector_that_lets_all_pass_lets_none_of_ours_pass() -> None:
    secret = {"authorization": "a", "cookie": "c", "host": "h", "x-api-key": "k", "x-api-secret": "s"}
    assert for_upstream({**secret, "x-session-token": "t"}, lambda _name: True) == {}


@pytest.mark.parametrize(
    "named", ["ashby-version", "Ashby-Version", "close, ASHBY-VERSION ,x-foo", "x-foo,ashby-version"]
)
def test_what_connection_names_ends_with_it(named: str) -> None:
    sent = {"Connection": named, "Ashby-Version": "2026-01-01", "accept": "*/*"}
    assert for_upstream(sent, PASSTHROUGH.passes) == {"accept": "*/*"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "a", "accept": "b"},
        {"accept": "a\r\nhost: evil.example"},
        {"accept": "\x00"},
        {"accept": "é"},
        {"user-agent": "\x7f"},
        {"ashby-version": "x" * 8193},
        {"a b": "c"},
        {"": "c"},
        {"host:": "c"},
    ],
)
def test_a_header_that_cannot_be_sent_is_named_and_its_value_is_not(headers: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        for_upstream(headers, PASSTHROUGH.passes)
    assert refused.value.fields[0].field.startswith("headers.")
    assert "evil" not in refused.value.detail + refused.value.fields[0].message


def test_an_answer_brings_its_type_its_limits_and_its_versions() -> None:
    wanted = {
        "content-type": "application/pdf",
        "content-disposition": 'attachment; filename="cv.pdf"',
        "retry-after": "7",
        "x-ratelimit-scope": "integration-partner",
        "ratelimit-remaining": "3",
        "ashby-version": "2026-01-01",
        "ashby-version-status": "active",
    }
    assert for_caller({**wanted, "x-request-id": "01REQ"}, PASSTHROUGH.passes) == {
        **wanted,
        "x-upstream-request-id": "01REQ",
    }


@pytest.mark.parametrize(
    "name",
    [
        "set-cookie", "location", "connection", "transfer-encoding", "content-length", "content-encoding", "server",
        "strict-transport-security", "access-control-allow-origin", "cache-control", "www-authenticate", "date",
    ],
)  # fmt: skip
def test_what_an_answer_says_to_its_neighbour_does_not_come_back(name: str) -> None:
    assert for_caller({name: "x"}, PASSTHROUGH.passes) == {}


def test_a_header_of_an_answer_that_is_not_plain_is_left_out() -> None:
    odd = {"etag": "é", "x-request-id": "a\r\nset-cookie: b", "ashby-note": "\x01", "retry-after": "1"}
    assert for_caller(odd, PASSTHROUGH.passes) == {"retry-after": "1"}
