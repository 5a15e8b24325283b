"""Ashby's side of the proxy: one call, sent once, and what its answer says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.unified.conftest import good, lost, refused, reply, unsent
from unified.ashby.client import AshbySession
from unified.ashby.passthrough import PASSTHROUGH, Said
from unified.connector import Credential
from unified.deadline import Deadline
from unified.errors import OutcomeUnknown, Unauthorized, UnifiedError, UpstreamFailure
from unified.secret import Secret
from unified.transport import MAX_ANSWER_BYTES, Reply, TransportFailure

EXPIRED = reply(401, {"success": False, "errors": ["unauthorized"]})
TROUBLES = [reply(429, {}), reply(500, {}), reply(502, b"<html>"), refused("invalid_input"), reply(403, {}), EXPIRED]


class Upstream:
    """Answers in turn, and keeps what it was sent."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.timeouts: list[float] = []

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes, timeout: float) -> Reply:
        self.sent.append((method, url, headers, content))
        self.timeouts.append(timeout)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def session(self, *, renew: Callable[[], Credential] | None = None, seconds: float = 60) -> AshbySession:
        kind = "oauth2" if renew else "apiKey"
        credential = Credential(kind, Secret("old"))
        return AshbySession("https://ashby.example", credential, Deadline(seconds), renew, send=self.send)


def fresh() -> Credential:
    return Credential("oauth2", Secret("new"))


def call(session: AshbySession, path: str = "candidate.create", **rest: Any) -> Reply:
    sent: dict[str, Any] = {"query": "", "headers": {}, "content": b"", **rest}
    return PASSTHROUGH.send(session, "POST", path, sent["query"], sent["headers"], sent["content"])


def test_what_is_asked_is_what_is_sent() -> None:
    upstream = Upstream(good({}))

    call(upstream.session(), query="a=1&a=%2F", headers={"accept": "x"}, content=b"\x00\xff")

    method, url, headers, content = upstream.sent[0]
    assert (method, url, content) == ("POST", "https://ashby.example/candidate.create?a=1&a=%2F", b"\x00\xff")
    assert headers == {"user-agent": "unified-ashby", "accept": "x", "authorization": "Basic b2xkOg=="}


def test_no_header_of_the_callers_can_be_the_credential() -> None:
    upstream = Upstream(good({}))
    call(upstream.session(), headers={"authorization": "Bearer mine"})
    assert upstream.sent[0][2]["authorization"] == "Basic b2xkOg=="


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("path", ["candidate.create", "candidate.list"])
def test_no_answer_makes_it_sent_again(trouble: Reply, path: str) -> None:
    upstream = Upstream(trouble)
    assert call(upstream.session(), path) is trouble
    assert len(upstream.sent) == 1


@pytest.mark.parametrize("path", ["candidate.create", "candidate.list"])
@pytest.mark.parametrize("silence", [lost(), unsent()])
def test_silence_does_not_make_it_sent_again(path: str, silence: TransportFailure) -> None:
    upstream = Upstream(silence)
    with pytest.raises(UpstreamFailure):
        call(upstream.session(), path)
    assert len(upstream.sent) == 1


@pytest.mark.parametrize(
    ("path", "silence", "status"),
    [
        ("candidate.create", lost(), 504),
        ("report.generate", lost(), 504),
        ("candidate.create", unsent(), 502),
        ("candidate.list", lost(), 502),
        ("candidate.list", unsent(), 502),
    ],
)
def test_a_lost_answer_is_told_as_what_it_is(path: str, silence: TransportFailure, status: int) -> None:
    with pytest.raises(UpstreamFailure) as failed:
        call(Upstream(silence).session(), path)
    assert failed.value.status == status
    assert isinstance(failed.value, OutcomeUnknown) is (status == 504)


def test_a_get_of_a_writing_endpoint_may_have_had_an_effect() -> None:
    with pytest.raises(OutcomeUnknown):
        PASSTHROUGH.send(Upstream(lost()).session(), "GET", "candidate.create", "", {}, b"")


def test_without_time_nothing_is_sent() -> None:
    upstream = Upstream()
    with pytest.raises(UpstreamFailure) as failed:
        call(upstream.session(seconds=0))
    assert failed.value.status == 502
    assert upstream.sent == []


def test_a_call_may_take_all_the_time_that_there_is() -> None:
    upstream = Upstream(good({}))
    call(upstream.session(seconds=28))
    assert 26 < upstream.timeouts[0] < 28


def test_a_token_that_was_not_let_in_is_renewed_and_the_call_sent_once_more() -> None:
    upstream = Upstream(EXPIRED, good({"id": "c1"}))
    session = upstream.session(renew=fresh)

    assert call(session, content=b"x").status == 200

    assert [headers["authorization"] for _, _, headers, _ in upstream.sent] == ["Bearer old", "Bearer new"]
    assert [content for *_, content in upstream.sent] == [b"x", b"x"]
    # Who verifies the credential after this does so with the new token.
    upstream.answers.append(good({}))
    session.call("apiKey.info")
    assert upstream.sent[-1][2]["authorization"] == "Bearer new"


def test_a_new_token_that_is_refused_too_is_the_answer() -> None:
    upstream = Upstream(EXPIRED, EXPIRED)
    assert call(upstream.session(renew=fresh)).status == 401
    assert len(upstream.sent) == 2


def test_a_new_token_does_not_make_a_lost_answer_repeatable() -> None:
    upstream = Upstream(EXPIRED, lost())
    with pytest.raises(OutcomeUnknown):
        call(upstream.session(renew=fresh))
    assert len(upstream.sent) == 2


@pytest.mark.parametrize("trouble", [reply(403, {}), reply(429, {}), reply(500, {}), refused("unauthorized")])
def test_only_401_renews_a_token(trouble: Reply) -> None:
    upstream = Upstream(trouble)
    assert call(upstream.session(renew=fresh)) is trouble


def test_an_error_of_renewing_is_ours() -> None:
    def dead() -> Credential:
        raise Unauthorized("MORPH::CONNECTION::REFRESHING_TOKEN_FAILED", "Connect again.")

    with pytest.raises(UnifiedError) as failed:
        call(Upstream(EXPIRED).session(renew=dead))
    assert failed.value.code == "MORPH::CONNECTION::REFRESHING_TOKEN_FAILED"


def test_of_calls_at_once_one_renews_the_token() -> None:
    both = threading.Barrier(2, timeout=5)
    renewals: list[str] = []

    def send(_method: str, _url: str, *, headers: Mapping[str, str], **_: Any) -> Reply:
        if headers["authorization"] == "Bearer old":
            both.wait()
            return EXPIRED
        return good({})

    def renew() -> Credential:
        renewals.append("once")
        return fresh()

    session = AshbySession("https://ashby.example", Credential("oauth2", Secret("old")), Deadline(60), renew, send=send)
    threads = [threading.Thread(target=call, args=(session,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert renewals == ["once"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (good([]), Said(is_success=True)),
        (reply(200, b' {\n "success" : true }'), Said(is_success=True)),
        (reply(200, {"results": [], "success": True}), Said(is_success=True)),
        (refused("invalid_input"), Said(is_success=False, code="invalid_input", request_id="01REQ")),
        (reply(200, {"success": False, "errors": ["job_not_found"]}), Said(is_success=False, code="job_not_found")),
        (reply(200, {"errors": [{"message": "Ada's"}], "success": False}), Said(is_success=False)),
        (reply(200, {"success": "true"}), Said(is_success=True)),
        (reply(200, b'{"success":true'), Said(is_success=True)),
        (reply(200, b'{"success":tru'), Said(is_success=True)),
        (reply(200, b"%PDF-1.7"), Said(is_success=True)),
        (reply(204, b""), Said(is_success=True)),
        (reply(200, b'{"success":false'), Said(is_success=False)),
        (reply(302, b""), Said(is_success=False)),
        (reply(404, b"<html>"), Said(is_success=False)),
        (reply(500, b'{"success":true}'), Said(is_success=False)),
        (refused("rate_limit_exceeded", 429), Said(is_success=False, code="rate_limit_exceeded", request_id="01REQ")),
        (
            refused("missing_endpoint_permission", 403),
            Said(is_success=False, code="missing_endpoint_permission", request_id="01REQ"),
        ),
        (EXPIRED, Said(is_success=False, code="unauthorized", refuses_credential=True)),
        (reply(403, b""), Said(is_success=False, refuses_credential=True)),
    ],
)
def test_an_answer_is_understood_without_being_judged(answer: Reply, said: Said) -> None:
    assert PASSTHROUGH.read(answer) == said


def test_a_long_good_answer_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", pytest.fail)
    assert PASSTHROUGH.read(Reply(200, {}, b'{"success":true,' + b" " * 1000)).is_success


def test_what_cannot_be_an_answer_is_a_lost_one() -> None:
    too_large = TransportFailure(f"more than {MAX_ANSWER_BYTES}", sent=True)
    with pytest.raises(OutcomeUnknown):
        call(Upstream(too_large).session())
