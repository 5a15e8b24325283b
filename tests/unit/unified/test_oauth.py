"""OAuth as a client: the address of the consent page, and what the token endpoint's answers mean."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.strategies import json_values
from unified import transport
from unified.connections.oauth import (
    ClientRejected,
    GrantRejected,
    OAuthClient,
    ProviderUnavailable,
    Tokens,
    authorization_url,
    exchange_code,
    new_verifier,
    refresh_tokens,
    revoke,
)
from unified.errors import UnifiedError
from unified.secret import Secret
from unified.transport import Reply, TransportFailure

SETTINGS = {
    "clientId": "the-client",
    "clientSecret": "the-client-secret",
    "authorizeUrl": "https://provider.example/authorize",
    "tokenUrl": "https://provider.example/token",
    "revokeUrl": "https://provider.example/revoke",
    "issuer": "https://provider.example",
}
CLIENT = OAuthClient.parse(SETTINGS)
REFRESH = Secret("the-refresh-token")


class Provider:
    """A token endpoint that gives one answer and remembers what it was sent."""

    def __init__(self) -> None:
        self.answer: Reply | TransportFailure = Reply(200, {}, b"")
        self.sent: list[tuple[str, Mapping[str, str], float]] = []

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes, timeout: float) -> Reply:
        """Stand in for ``unified.transport.send``."""
        assert method == "POST"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        self.sent.append((url, dict(parse_qsl(content.decode(), strict_parsing=True)), timeout))
        if isinstance(self.answer, TransportFailure):
            raise self.answer
        return self.answer


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Return the provider."""
    made = Provider()
    monkeypatch.setattr(transport, "send", made.send)
    return made


def _answer(status: int, body: Any, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


# The consent page


def test_the_challenge_is_rfc_7636s_for_its_verifier() -> None:
    # RFC 7636, appendix B.
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    url = authorization_url(CLIENT, redirect_uri="https://us.example/cb", state="s", verifier=verifier, scopes=())

    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
    assert query["code_challenge_method"] == ["S256"]
    assert verifier.reveal() not in url


def test_the_address_has_all_that_the_provider_needs_and_no_secret() -> None:
    url = authorization_url(
        CLIENT, redirect_uri="https://us.example/cb?a=b&c=d", state="st_é&", verifier=new_verifier(), scopes=("a", "b")
    )

    assert url.startswith("https://provider.example/authorize?response_type=code&")
    query = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
    assert query["client_id"] == "the-client"
    assert query["redirect_uri"] == "https://us.example/cb?a=b&c=d"
    assert query["scope"] == "a b"
    assert query["state"] == "st_é&"
    assert "the-client-secret" not in url


def test_a_query_that_the_provider_has_already_is_kept() -> None:
    client = OAuthClient.parse({**SETTINGS, "authorizeUrl": "https://provider.example/authorize?tenant=x"})

    url = authorization_url(client, redirect_uri="https://us.example/cb", state="s", verifier=new_verifier(), scopes=())

    assert url.startswith("https://provider.example/authorize?tenant=x&response_type=code&")


def test_verifiers_are_new_and_as_long_as_the_rfc_wants() -> None:
    made = {new_verifier().reveal() for _ in range(50)}

    assert len(made) == 50
    assert all(43 <= len(one) <= 128 for one in made)
    assert set("".join(made)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


# A client's settings


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"clientId": ""}, "clientId"),
        ({"clientSecret": None}, "clientSecret"),
        ({"authorizeUrl": ""}, "authorizeUrl"),
        ({"tokenUrl": "http://provider.example/token"}, "tokenUrl"),
        ({"tokenUrl": "https:///token"}, "tokenUrl"),
        ({"tokenUrl": "ftp://provider.example"}, "tokenUrl"),
        ({"tokenUrl": "http://localhost.evil.example/"}, "tokenUrl"),
        ({"revokeUrl": "http://provider.example/revoke"}, "revokeUrl"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnifiedError) as wrong:
        OAuthClient.parse({**SETTINGS, **changes})

    assert wrong.value.code == "MORPH::BAD_CONFIGURATION"
    assert wrong.value.detail == f"The OAuth client's settings are not valid: {named}."


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(UnifiedError, match="clientId, clientSecret, authorizeUrl, tokenUrl"):
        OAuthClient.parse({})


def test_revocation_and_issuer_may_be_missing_and_loopback_may_be_plain() -> None:
    few = {key: SETTINGS[key] for key in ("clientId", "clientSecret")}
    client = OAuthClient.parse({**few, "authorizeUrl": "http://127.0.0.1:1/a", "tokenUrl": "http://localhost:1/t"})

    assert (client.revoke_url, client.issuer) == ("", "")


def test_a_client_does_not_print_its_secret() -> None:
    assert "the-client-secret" not in repr(CLIENT) + str(CLIENT)


# Tokens


def test_a_code_is_exchanged_with_its_verifier(provider: Provider) -> None:
    provider.answer = _answer(200, {"access_token": "at", "refresh_token": "rt", "expires_in": 60, "scope": "b a b"})
    before = int(time.time())

    tokens = exchange_code(CLIENT, code="c", redirect_uri="https://us.example/cb", verifier=Secret("v"), timeout=3)

    assert (tokens.access_token.reveal(), tokens.refresh_token and tokens.refresh_token.reveal()) == ("at", "rt")
    assert tokens.scopes == ("a", "b")
    assert tokens.expires_at is not None
    assert before + 60 <= tokens.expires_at <= time.time() + 60
    assert provider.sent == [
        (
            SETTINGS["tokenUrl"],
            {
                "grant_type": "authorization_code",
                "code": "c",
                "redirect_uri": "https://us.example/cb",
                "code_verifier": "v",
                "client_id": "the-client",
                "client_secret": "the-client-secret",
            },
            3,
        )
    ]


def test_a_refresh_token_is_spent(provider: Provider) -> None:
    provider.answer = _answer(200, {"access_token": "at"})

    tokens = refresh_tokens(CLIENT, REFRESH, 5)

    assert tokens == Tokens(Secret("at"), None, None, None)
    assert provider.sent[0][1]["grant_type"] == "refresh_token"
    assert provider.sent[0][1]["refresh_token"] == "the-refresh-token"


@pytest.mark.parametrize(
    ("lifetime", "known"),
    [
        (3600, True),
        ("60", True),
        (0, True),
        (None, False),
        (-1, False),
        (True, False),
        ("soon", False),
        ("", False),
        ([3600], False),
        ({"seconds": 1}, False),
    ],
)
def test_a_lifetime_that_is_no_number_is_not_known(provider: Provider, lifetime: Any, known: bool) -> None:
    provider.answer = _answer(200, {"access_token": "at", "expires_in": lifetime})

    assert (refresh_tokens(CLIENT, REFRESH, 5).expires_at is not None) is known


@pytest.mark.parametrize(
    ("field", "value"), [("refresh_token", ""), ("refresh_token", 5), ("scope", ["a"]), ("scope", None)]
)
def test_an_odd_part_is_not_known(provider: Provider, field: str, value: Any) -> None:
    provider.answer = _answer(200, {"access_token": "at", field: value})

    tokens = refresh_tokens(CLIENT, REFRESH, 5)

    assert (tokens.refresh_token, tokens.scopes) == (None, None)


REJECTED: list[tuple[Reply, type[Exception], bool | None]] = [
    (_answer(400, {"error": "invalid_grant"}), GrantRejected, None),
    (_answer(401, {"error": "invalid_grant"}), GrantRejected, None),
    (_answer(200, {"error": "invalid_grant"}), GrantRejected, None),
    (_answer(401, {"error": "invalid_client"}), ClientRejected, None),
    (_answer(400, {"error": "unauthorized_client"}), ClientRejected, None),
    (_answer(400, {"error": "invalid_request"}), ClientRejected, None),
    (_answer(400, {}), ClientRejected, None),
    (_answer(403, b"<html>"), ClientRejected, None),
    (_answer(404, b""), ClientRejected, None),
    (_answer(302, b"", location="https://elsewhere.example"), ClientRejected, None),
    (_answer(429, {}), ProviderUnavailable, False),
    (_answer(429, {"error": "invalid_grant"}), ProviderUnavailable, False),
    (_answer(400, {"error": "temporarily_unavailable"}), ProviderUnavailable, False),
    (_answer(503, {"error": "temporarily_unavailable"}), ProviderUnavailable, False),
    (_answer(400, {"error": "slow_down"}), ProviderUnavailable, False),
    (_answer(500, b""), ProviderUnavailable, True),
    (_answer(502, b"<html>"), ProviderUnavailable, True),
    (_answer(200, b""), ProviderUnavailable, True),
    (_answer(200, b"{"), ProviderUnavailable, True),
    (_answer(200, b"[]"), ProviderUnavailable, True),
    (_answer(200, {}), ProviderUnavailable, True),
    (_answer(200, {"access_token": None}), ProviderUnavailable, True),
    (_answer(200, {"access_token": 5}), ProviderUnavailable, True),
    (_answer(500, {"access_token": "at"}), ProviderUnavailable, True),
]


@pytest.mark.parametrize(("answer", "of", "sent"), REJECTED)
def test_what_is_no_token_is_told_apart_by_what_to_do_about_it(
    provider: Provider, answer: Reply, of: type[Exception], sent: bool | None
) -> None:
    provider.answer = answer

    with pytest.raises(of) as failed:
        refresh_tokens(CLIENT, REFRESH, 5)

    assert getattr(failed.value, "sent", None) is sent
    assert len(provider.sent) == 1


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), ("soon", None), ("", None), ("-3", None), ("1.5", None)])
def test_a_wait_is_passed_on(provider: Provider, value: str, seconds: int | None) -> None:
    provider.answer = _answer(429, {}, retry_after=value)

    with pytest.raises(ProviderUnavailable) as failed:
        refresh_tokens(CLIENT, REFRESH, 5)

    assert failed.value.retry_after == seconds


@pytest.mark.parametrize("sent", [False, True])
def test_silence_says_whether_the_grant_may_be_spent(provider: Provider, sent: bool) -> None:
    provider.answer = TransportFailure("ReadTimeout", sent=sent)

    with pytest.raises(ProviderUnavailable) as failed:
        refresh_tokens(CLIENT, REFRESH, 5)

    assert failed.value.sent is sent


@given(
    st.integers(200, 599),
    json_values
    | st.dictionaries(st.sampled_from(["access_token", "refresh_token", "expires_in", "scope", "error"]), json_values),
)
def test_any_answer_whatever_is_tokens_or_one_of_three_failures(status: int, body: Any) -> None:
    provider = Provider()
    provider.answer = _answer(status, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "send", provider.send)
        try:
            tokens = refresh_tokens(CLIENT, REFRESH, 5)
        except (GrantRejected, ClientRejected, ProviderUnavailable):
            return
    assert status == 200
    assert type(tokens.access_token.reveal()) is str


@pytest.mark.parametrize("answer", [case[0] for case in REJECTED] + [TransportFailure("ReadTimeout", sent=True)])
def test_no_failure_shows_a_secret(provider: Provider, answer: Reply | TransportFailure) -> None:
    import traceback

    provider.answer = answer
    with pytest.raises(Exception) as failed:  # noqa: PT011 - any of them
        refresh_tokens(CLIENT, REFRESH, 5)

    seen = f"{failed.value!r} {failed.value.__dict__} {''.join(traceback.format_exception(failed.value))}"
    assert "the-refresh-token" not in seen
    assert "the-client-secret" not in seen


# Answers that no honest provider gives


@pytest.mark.parametrize(
    "answer",
    [
        _answer(200, {"access_token": "at", "expires_in": "9" * 5000}),
        _answer(429, {}, retry_after="9" * 5000),
        _answer(200, b"[" * 200_000),
    ],
    ids=["a lifetime of 5,000 digits", "a wait of 5,000 digits", "deep nesting"],
)
def test_an_absurd_answer_is_tokens_or_one_of_three_failures_too(provider: Provider, answer: Reply) -> None:
    provider.answer = answer
    try:
        assert refresh_tokens(CLIENT, REFRESH, 5).expires_at is None
    except (GrantRejected, ClientRejected, ProviderUnavailable) as failed:
        assert getattr(failed, "retry_after", None) is None  # noqa: PT017 - either end is right


@pytest.mark.parametrize("token", ["schlüssel", "a\nb", ""], ids=["beyond ASCII", "a line break", "empty"])
def test_a_token_that_a_header_cannot_carry_is_none(provider: Provider, token: str) -> None:
    provider.answer = _answer(200, {"access_token": token})

    with pytest.raises(ProviderUnavailable):
        refresh_tokens(CLIENT, REFRESH, 5)


# Revocation


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        (_answer(200, b""), True),
        (_answer(204, b""), True),
        (_answer(302, b""), False),
        (_answer(400, {"error": "unsupported_token_type"}), False),
        (_answer(503, b""), False),
        (TransportFailure("ReadTimeout", sent=True), False),
    ],
)
def test_revoking_says_whether_the_provider_agreed(
    provider: Provider, answer: Reply | TransportFailure, done: bool
) -> None:
    provider.answer = answer

    assert revoke(CLIENT, REFRESH, 2) is done

    url, form, timeout = provider.sent[0]
    assert (url, form["token"], timeout) == (SETTINGS["revokeUrl"], "the-refresh-token", 2)


def test_a_provider_that_cannot_revoke_is_not_asked(provider: Provider) -> None:
    assert revoke(OAuthClient.parse({**SETTINGS, "revokeUrl": ""}), REFRESH, 2) is False

    assert provider.sent == []
