"""The proxy key, for programs that can send nothing but an API key as the user name of HTTP Basic."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from unified.api.proxy_keys import with_proxy_key
from unified.errors import UnifiedError


def basic(user: str, password: str = "", scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def named(owner: str) -> dict[str, str]:
    return {"x-api-key": "pk_1", "x-api-secret": "sk-_2", "x-connector-id": "ashby", "x-owner-id": owner}


@pytest.mark.parametrize("owner", ["acme", "a~b", "a:b", "a/b", "ä 🎉", "50%", "~", "a~b~c"])
@pytest.mark.parametrize("safe", ["", "~!*'()"])
def test_a_proxy_key_names_keys_and_connection(owner: str, safe: str) -> None:
    assert with_proxy_key(basic(f"pk_1~sk-_2~ashby~{quote(owner, safe=safe)}")) == named(owner)


@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert with_proxy_key(basic("pk_1~sk-_2~ashby~acme", scheme=scheme)) == named("acme")


def test_other_headers_that_agree_are_no_matter() -> None:
    given = basic("pk_1~sk-_2~ashby~acme") | {"x-owner-id": "acme", "x-connector-id": "ashby", "accept": "*/*"}
    assert with_proxy_key(given) == named("acme")


@pytest.mark.parametrize("header", ["x-owner-id", "x-connector-id"])
def test_a_header_that_names_another_connection_is_an_error(header: str) -> None:
    with pytest.raises(UnifiedError) as refused:
        with_proxy_key(basic("pk_1~sk-_2~ashby~acme") | {header: "globex"})
    assert refused.value.status == 400


@pytest.mark.parametrize("header", ["x-api-key", "x-api-secret", "x-session-token"])
def test_a_key_in_a_header_of_its_own_decides(header: str) -> None:
    given = basic("pk_1~sk-_2~ashby~acme") | {header: "other"}
    assert with_proxy_key(given) == given


def test_nothing_given_stays_nothing() -> None:
    assert with_proxy_key({"accept": "*/*"}) == {"accept": "*/*"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe:").decode()},
        {"authorization": "Basic " + base64.b64encode(b"pk_1~sk_2~ashby~acme").decode()},
        {"authorization": "Basic " + "YWFh" * 5000},
        {"authorization": "Bearer pk_1~sk_2~ashby~acme"},
        basic("pk_1~sk_2~ashby~acme", "x"),
        basic("pk_1~sk_2~ashby~acme", scheme="Digest"),
        basic("ashby_key"),
        basic("pk_1~sk_2~ashby"),
        basic("pk_1~sk_2~ashby~"),
        basic("~sk_2~ashby~acme"),
        basic("pk_1~~ashby~acme"),
        basic("pk_1~sk_2~ashby~ä"),
        basic(""),
    ],
)
def test_what_is_no_proxy_key_is_nobodys_and_not_repeated(headers: dict[str, str]) -> None:
    with pytest.raises(UnifiedError) as refused:
        with_proxy_key(headers)
    assert refused.value.code == "MORPH::UNAUTHENTICATED"
    assert "sk_2" not in refused.value.detail
