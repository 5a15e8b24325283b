"""The line to Ashby: what is sent, what is repeated and what never is, within the time there is."""

from __future__ import annotations

import base64
import traceback
from typing import Any

import pytest

from tests.unit.unified.conftest import KEY, Script, good, lost, refused, reply, unsent
from unified.connector import Credential
from unified.errors import Missing, OutcomeUnknown, Unauthorized, UnifiedError, UpstreamFailure
from unified.secret import Secret

READS = ("candidate.list", "candidate.info", "candidate.search")
WRITES = ("candidate.create", "candidate.update", "candidate.anonymize", "customField.setValue", "candidate.addTag")
BROKEN = reply(502, b"<html>")


def _token(value: str) -> Credential:
    return Credential("oauth2", Secret(value))


def test_a_call_is_sent_as_ashby_wants_it(ashby: Script) -> None:
    ashby.answers = [good({"id": "c1"})]

    assert ashby.session().call("candidate.info", {"id": "c1"}) == {"id": "c1"}

    (sent,) = ashby.sent
    assert (sent.endpoint, sent.body) == ("candidate.info", {"id": "c1"})
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["ashby-version"] == "2026-01-01"
    assert 0 < sent.timeout <= 20


def test_a_call_without_parameters_sends_an_empty_object(ashby: Script) -> None:
    ashby.answers = [good([])]

    ashby.session().call("source.list")

    assert ashby.sent[0].body == {}


def test_a_token_is_sent_as_bearer(ashby: Script) -> None:
    ashby.answers = [good({})]

    ashby.session(credential=_token("tok")).call("candidate.info")

    assert ashby.sent[0].headers["authorization"] == "Bearer tok"


@pytest.mark.parametrize("endpoint", READS)
@pytest.mark.parametrize("trouble", [BROKEN, reply(200, b"{"), lost(), unsent(), refused("generic_internal_error")])
def test_a_read_is_repeated_twice_and_no_more(ashby: Script, endpoint: str, trouble: Any) -> None:
    ashby.answers = [trouble, trouble, good({"id": "c1"})]
    assert ashby.session().call(endpoint) == {"id": "c1"}
    assert len(ashby.slept) == 2
    assert ashby.slept[0] < ashby.slept[1]

    ashby.answers = [trouble, trouble, trouble]
    with pytest.raises(UpstreamFailure) as failed:
        ashby.session().call(endpoint)
    assert failed.value.status == 502


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize("trouble", [BROKEN, reply(200, b"{"), lost(), refused("generic_internal_error", 500)])
def test_a_write_that_may_have_happened_is_sent_once(ashby: Script, endpoint: str, trouble: Any) -> None:
    ashby.answers = [trouble]

    with pytest.raises(OutcomeUnknown):
        ashby.session().call(endpoint)

    assert (len(ashby.sent), ashby.slept) == (1, [])


@pytest.mark.parametrize("trouble", [unsent(), refused("rate_limit_exceeded", 429)])
def test_a_write_that_certainly_did_not_happen_is_repeated(ashby: Script, trouble: Any) -> None:
    ashby.answers = [trouble, good({"id": "c1"})]

    assert ashby.session().record("candidate.create", {})["id"] == "c1"


@pytest.mark.parametrize(
    "answer",
    [
        refused("invalid_input"),
        refused("candidate_not_found"),
        refused("missing_endpoint_permission", 403),
        refused("forbidden", 403),
        refused("unauthorized", 401),
        refused("next_cursor_expired"),
        reply(404, b""),
    ],
)
@pytest.mark.parametrize("endpoint", ["candidate.list", "candidate.create"])
def test_a_refusal_is_never_repeated(ashby: Script, answer: Any, endpoint: str) -> None:
    ashby.answers = [answer]

    with pytest.raises(UnifiedError) as failed:
        ashby.session().call(endpoint)

    assert not isinstance(failed.value, OutcomeUnknown)
    assert len(ashby.sent) == 1


def test_a_wait_that_fits_is_waited(ashby: Script) -> None:
    ashby.answers = [refused("rate_limit_exceeded", 429, retry_after="7"), good([])]

    ashby.session(seconds=20).call("candidate.list")

    assert ashby.slept == [7.0]


@pytest.mark.parametrize("endpoint", ["candidate.list", "candidate.create"])
def test_a_wait_that_does_not_fit_is_the_callers(ashby: Script, endpoint: str) -> None:
    ashby.answers = [refused("rate_limit_exceeded", 429, retry_after="60")]

    with pytest.raises(UpstreamFailure) as failed:
        ashby.session(seconds=20).call(endpoint)

    assert (failed.value.status, failed.value.retry_after) == (429, 60)
    assert (len(ashby.sent), ashby.slept) == (1, [])


def test_a_limit_is_passed_on_at_once_to_whoever_does_not_wait(ashby: Script) -> None:
    ashby.answers = [refused("rate_limit_exceeded", 429, retry_after="1")]

    with pytest.raises(UpstreamFailure) as failed:
        ashby.session(waits=False).call("candidate.list")

    assert (failed.value.retry_after, ashby.slept) == (1, [])


def test_whoever_does_not_wait_out_a_limit_tries_again_all_the_same(ashby: Script) -> None:
    ashby.answers = [reply(503, b""), good([])]

    ashby.session(waits=False).call("candidate.list")

    assert len(ashby.sent) == 2


def test_a_limit_that_stays_is_passed_on_after_the_last_attempt(ashby: Script) -> None:
    ashby.answers = [refused("rate_limit_exceeded", 429, retry_after="1")] * 3

    with pytest.raises(UpstreamFailure) as failed:
        ashby.session().call("candidate.create")

    assert (failed.value.status, failed.value.retry_after) == (429, 1)


def test_nothing_is_sent_when_the_time_is_up(ashby: Script) -> None:
    with pytest.raises(UpstreamFailure) as failed:
        ashby.session(seconds=0.5).call("candidate.create")

    assert failed.value.code == "MORPH::CONNECTION::PROXY::REQUEST_FAILED"
    assert (ashby.sent, ashby.slept) == ([], [])


def test_a_call_may_take_no_longer_than_there_is_time(ashby: Script) -> None:
    ashby.answers = [good([])]

    ashby.session(seconds=15).call("candidate.list")

    assert 10 < ashby.sent[0].timeout <= 15 - 0.75


def test_nothing_is_repeated_when_no_time_is_left_for_it(ashby: Script) -> None:
    ashby.answers = [BROKEN]

    with pytest.raises(UpstreamFailure):
        ashby.session(seconds=1.8).call("candidate.list")

    assert (len(ashby.sent), ashby.slept) == (1, [])


@pytest.mark.parametrize("endpoint", ["candidate.list", "candidate.create"])
def test_an_expired_token_is_renewed_once_and_the_call_sent_again(ashby: Script, endpoint: str) -> None:
    renewals: list[str] = []

    def renew() -> Credential:
        renewals.append("new")
        return _token("new")

    ashby.answers = [refused("invalid_token", 401), good({"id": "c1"}), good({"id": "c2"})]
    session = ashby.session(credential=_token("old"), renew=renew)

    assert session.call(endpoint) == {"id": "c1"}
    assert session.call(endpoint) == {"id": "c2"}
    assert [one.headers["authorization"] for one in ashby.sent] == ["Bearer old", "Bearer new", "Bearer new"]
    assert (renewals, ashby.slept) == (["new"], [])


def test_a_token_that_is_refused_again_is_not_renewed_for_ever(ashby: Script) -> None:
    ashby.answers = [refused("invalid_token", 401)] * 2

    with pytest.raises(Unauthorized):
        ashby.session(credential=_token("old"), renew=lambda: _token("new")).call("candidate.create")

    assert len(ashby.sent) == 2


@pytest.mark.parametrize("answer", [refused("missing_endpoint_permission", 403), refused("forbidden", 403)])
def test_403_renews_nothing(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer]

    def renew() -> Credential:
        raise AssertionError("renewed")

    with pytest.raises(UnifiedError):
        ashby.session(credential=_token("old"), renew=renew).call("candidate.list")


def test_a_renewal_that_fails_is_what_the_caller_is_told(ashby: Script) -> None:
    ashby.answers = [refused("invalid_token", 401)]

    def renew() -> Credential:
        raise Unauthorized("MORPH::CONNECTION::REFRESHING_TOKEN_FAILED", "gone")

    with pytest.raises(Unauthorized) as failed:
        ashby.session(credential=_token("old"), renew=renew).call("candidate.list")

    assert failed.value.code == "MORPH::CONNECTION::REFRESHING_TOKEN_FAILED"


@pytest.mark.parametrize("results", [None, [], "x", 5])
def test_a_record_that_is_none_is_a_malformed_answer(ashby: Script, results: Any) -> None:
    ashby.answers = [good(results)] * 2

    with pytest.raises(UpstreamFailure):
        ashby.session().record("candidate.info", {})
    with pytest.raises(OutcomeUnknown):
        ashby.session().record("candidate.create", {})


# Pages


def test_a_page_gives_the_cursor_only_while_there_is_more(ashby: Script) -> None:
    ashby.answers = [
        good([{"id": 1}], moreDataAvailable=True, nextCursor="G8"),
        good([{"id": 2}], moreDataAvailable=False, nextCursor="G9"),
        good([]),
    ]
    session = ashby.session()

    pages = [session.page("candidate.list", {}) for _ in range(3)]

    assert [(list(page.records), page.next) for page in pages] == [([{"id": 1}], "G8"), ([{"id": 2}], None), ([], None)]


@pytest.mark.parametrize("cursor", [None, "", 5, ["G8"]])
def test_a_page_that_promises_more_without_a_cursor_is_not_taken_for_the_last(ashby: Script, cursor: Any) -> None:
    ashby.answers = [good([{"id": 1}], moreDataAvailable=True, nextCursor=cursor)]

    with pytest.raises(UpstreamFailure):
        ashby.session().page("candidate.list", {})


def test_what_is_no_record_costs_itself_alone(ashby: Script) -> None:
    ashby.answers = [good([{"id": 1}, None, "x", [], {"id": 2}])]

    assert list(ashby.session().page("candidate.list", {}).records) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("results", [None, {}, "x"])
def test_a_page_that_is_no_list_is_a_malformed_answer(ashby: Script, results: Any) -> None:
    ashby.answers = [good(results)]

    with pytest.raises(UpstreamFailure):
        ashby.session().page("candidate.list", {})


def test_everything_follows_the_cursors(ashby: Script) -> None:
    ashby.answers = [
        good([{"id": 1}], moreDataAvailable=True, nextCursor="a"),
        good([{"id": 2}], moreDataAvailable=True, nextCursor="b"),
        good([{"id": 3}], moreDataAvailable=False),
    ]

    assert [one["id"] for one in ashby.session().everything("brand.list", {"limit": 100})] == [1, 2, 3]
    assert [one.body for one in ashby.sent] == [
        {"limit": 100},
        {"limit": 100, "cursor": "a"},
        {"limit": 100, "cursor": "b"},
    ]


def test_everything_is_all_or_an_error(ashby: Script) -> None:
    ashby.answers = [good([{"id": 1}], moreDataAvailable=True, nextCursor="a"), refused("next_cursor_expired")]

    with pytest.raises(UnifiedError):
        ashby.session().everything("brand.list", {})


# Secrets


@pytest.mark.parametrize(
    "answer",
    [
        BROKEN,
        lost(),
        unsent(),
        refused("forbidden", 403),
        refused("invalid_input"),
        refused("unauthorized", 401),
        reply(200, KEY.encode()),
    ],
)
@pytest.mark.parametrize("endpoint", ["candidate.info", "candidate.create"])
def test_no_failure_shows_the_credential(ashby: Script, answer: Any, endpoint: str) -> None:
    ashby.answers = [answer] * 3

    with pytest.raises(UnifiedError) as failed:
        ashby.session().call(endpoint, {"name": "Ada"})

    error = failed.value
    encoded = base64.b64encode(f"{KEY}:".encode()).decode()
    seen = f"{error!s} {error!r} {error.__dict__} {''.join(traceback.format_exception(error))}"
    assert KEY not in seen
    assert encoded not in seen
    assert "Ada" not in f"{error!s} {error!r} {error.__dict__}"


def test_the_session_does_not_print_its_credential(ashby: Script) -> None:
    session = ashby.session()

    assert KEY not in repr(session) + str(session)
    assert KEY not in repr(Credential("apiKey", Secret(KEY), Secret(KEY)))


def test_a_missing_record_is_missing(ashby: Script) -> None:
    ashby.answers = [refused("candidate_not_found")]

    with pytest.raises(Missing):
        ashby.session().record("candidate.info", {"id": "x"})
