"""What an answer of Ashby's means: the table from status, body or silence to what our caller is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.unified.strategies import json_values
from unified.ashby.failures import Failure, Verdict, judge, silence, to_error
from unified.errors import CATALOGUE, Invalid, Missing, OutcomeUnknown, Unauthorized, UpstreamFailure

PROSE = "Candidate Ada Lovelace <ada@example.com> is not allowed"


def _documented(code: str) -> Any:
    return {"success": False, "errors": [PROSE], "errorInfo": {"code": code, "message": PROSE, "requestId": "01REQ"}}


def _deprecated(code: str) -> Any:
    return {"success": False, "errors": [code, PROSE]}


def _seen(code: str) -> Any:
    return {
        "success": False,
        "errors": [{"message": PROSE, "parameter": "email"}, {"message": PROSE, "parameter": PROSE}],
        "errorInfo": {"code": code},
    }


SHAPES = {"documented": _documented, "deprecated": _deprecated, "seen live": _seen}
# (status, code) -> kind, may a read be repeated, may a write
TABLE: list[tuple[int, str, Failure, bool, bool]] = [
    (200, "invalid_input", Failure.INVALID, False, False),
    (200, "candidate_not_found", Failure.NOT_FOUND, False, False),
    (200, "application_not_found", Failure.NOT_FOUND, False, False),
    (200, "candidate_has_active_applications", Failure.REFUSED, False, False),
    (200, "generic_internal_error", Failure.SERVER_ERROR, True, False),
    (200, "rate_limit_exceeded", Failure.RATE_LIMITED, True, True),
    (200, "concurrent_limit_exceeded", Failure.RATE_LIMITED, True, True),
    (200, "missing_endpoint_permission", Failure.FORBIDDEN, False, False),
    (200, "next_cursor_expired", Failure.EXPIRED_CURSOR, False, False),
    (200, "invalid_next_cursor", Failure.EXPIRED_CURSOR, False, False),
    (200, "sync_token_expired", Failure.EXPIRED_CURSOR, False, False),
    (200, "sync_token_invalid", Failure.EXPIRED_CURSOR, False, False),
    (200, "incremental_sync_too_large", Failure.EXPIRED_CURSOR, False, False),
    (200, "something_new", Failure.REFUSED, False, False),
    (400, "invalid_input", Failure.INVALID, False, False),
    (400, "something_new", Failure.INVALID, False, False),
    (401, "unauthorized", Failure.UNAUTHENTICATED, False, False),
    (401, "missing_endpoint_permission", Failure.UNAUTHENTICATED, False, False),
    (403, "missing_endpoint_permission", Failure.FORBIDDEN, False, False),
    (403, "insufficient_permissions", Failure.FORBIDDEN, False, False),
    (403, "forbidden", Failure.DEAD_KEY, False, False),
    (404, "something_new", Failure.NOT_FOUND, False, False),
    (404, "endpoint_not_found", Failure.REFUSED, False, False),
    (429, "rate_limit_exceeded", Failure.RATE_LIMITED, True, True),
    (429, "something_new", Failure.RATE_LIMITED, True, True),
    (500, "generic_internal_error", Failure.SERVER_ERROR, True, False),
    (502, "invalid_input", Failure.SERVER_ERROR, True, False),
    (503, "candidate_not_found", Failure.SERVER_ERROR, True, False),
    (504, "missing_endpoint_permission", Failure.SERVER_ERROR, True, False),
]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(("status", "code", "kind", "read_again", "write_again"), TABLE)
def test_each_code_in_each_shape_is_told_apart(
    shape: Any, status: int, code: str, kind: Failure, read_again: bool, write_again: bool
) -> None:
    verdict = judge(status, {}, json.dumps(shape(code)).encode())

    assert (verdict.failure, verdict.envelope) == (kind, None)
    assert (verdict.upstream.code, verdict.upstream.status) == (code, status)
    assert verdict.upstream.request_id == ("01REQ" if shape is _documented else None)
    assert verdict.may_repeat(writes=False) is read_again
    assert verdict.may_repeat(writes=True) is write_again


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", Failure.MALFORMED),
        (200, b"<html>", Failure.MALFORMED),
        (200, b'{"success": true, "results": [', Failure.MALFORMED),
        (200, b"[]", Failure.MALFORMED),
        (200, b"{}", Failure.MALFORMED),
        (200, b'{"success": "true"}', Failure.MALFORMED),
        (200, b'{"success": 1, "results": {}}', Failure.MALFORMED),
        (200, b'{"success": true, "results": NaN}', Failure.MALFORMED),
        (200, b"\xff\xfe", Failure.MALFORMED),
        (200, b"[" * 100_000, Failure.MALFORMED),
        (204, b"", Failure.MALFORMED),
        (401, b"", Failure.UNAUTHENTICATED),
        (403, b"", Failure.DEAD_KEY),
        (404, b"<html>", Failure.NOT_FOUND),
        (429, b"slow down", Failure.RATE_LIMITED),
        (500, b'{"success": true, "results": {}}', Failure.SERVER_ERROR),
        (502, b"<html>", Failure.SERVER_ERROR),
        (599, b"", Failure.SERVER_ERROR),
    ],
)
def test_what_is_not_an_envelope_is_judged_by_its_status(status: int, body: bytes, kind: Failure) -> None:
    assert judge(status, {}, body).failure is kind


def test_a_success_is_the_envelope() -> None:
    verdict = judge(200, {}, b'{"success": true, "results": [1], "moreDataAvailable": false}')

    assert verdict.failure is None
    assert verdict.envelope == {"success": True, "results": [1], "moreDataAvailable": False}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        ("2.5", 2.5),
        ("-1", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    verdict = judge(429, {} if value is None else {"retry-after": value}, b"")

    assert verdict.retry_after == seconds
    told = to_error(verdict, "candidate.list", None, writes=False).retry_after
    assert told is None if seconds is None else told is not None and 1 <= told < seconds + 1.5


@pytest.mark.parametrize(("seconds", "told"), [("0", 1), ("1", 1), ("1.2", 2), ("59.9", 60), ("60", 60)])
def test_a_wait_is_told_in_whole_seconds_and_never_too_short(seconds: str, told: int) -> None:
    assert to_error(judge(429, {"retry-after": seconds}, b""), "x.list", None, writes=False).retry_after == told


def test_a_limit_of_all_integrations_is_told_apart() -> None:
    everybody = judge(429, {"x-ratelimit-scope": "integration-partner"}, b"")
    this_key = judge(429, {}, b"")

    assert (everybody.partner_wide, this_key.partner_wide) == (True, False)
    assert "all integrations" in to_error(everybody, "x.list", None, writes=False).detail
    assert "This Ashby key" in to_error(this_key, "x.list", None, writes=False).detail


@pytest.mark.parametrize("body", [shape(PROSE) for shape in SHAPES.values()])
def test_prose_is_never_passed_on(body: Any) -> None:
    for status in (200, 400, 403, 404, 500):
        verdict = judge(status, {}, json.dumps(body).encode())
        error = to_error(verdict, "candidate.update", "candidatesWrite", writes=False)

        assert verdict.upstream.code is None
        assert "Ada" not in f"{error} {error.detail} {error.fields} {error.upstream}"


def test_refused_parameters_are_named() -> None:
    error = to_error(judge(200, {}, json.dumps(_seen("invalid_input")).encode()), "x.create", None, writes=True)

    assert [problem.field for problem in error.fields] == ["email"]


ERRORS: list[tuple[Failure, type[Exception], str, int]] = [
    (Failure.UNAUTHENTICATED, Unauthorized, "MORPH::CONNECTION::PROXY::UNAUTHORIZED", 409),
    (Failure.DEAD_KEY, Unauthorized, "MORPH::CONNECTION::PROXY::UNAUTHORIZED", 409),
    (Failure.FORBIDDEN, UpstreamFailure, "MORPH::CONNECTION::PROXY::FORBIDDEN", 403),
    (Failure.RATE_LIMITED, UpstreamFailure, "MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED", 429),
    (Failure.NOT_FOUND, Missing, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", 404),
    (Failure.INVALID, Exception, "CONNECTOR::OPERATION::BAD_REQUEST", 400),
    (Failure.REFUSED, Exception, "CONNECTOR::OPERATION::BAD_REQUEST", 400),
    (Failure.EXPIRED_CURSOR, Invalid, "MORPH::BAD_REQUEST", 400),
    (Failure.SERVER_ERROR, UpstreamFailure, "MORPH::CONNECTION::PROXY::SERVER_ERROR", 502),
    (Failure.MALFORMED, UpstreamFailure, "MORPH::CONNECTION::PROXY::SERVER_ERROR", 502),
    (Failure.LOST_ANSWER, UpstreamFailure, "MORPH::CONNECTION::PROXY::SERVER_ERROR", 502),
    (Failure.NOT_SENT, UpstreamFailure, "MORPH::CONNECTION::PROXY::REQUEST_FAILED", 502),
]
UNKNOWN = {Failure.SERVER_ERROR, Failure.MALFORMED, Failure.LOST_ANSWER}


def test_every_kind_of_failure_has_its_error() -> None:
    assert {kind for kind, *_ in ERRORS} == set(Failure)


@pytest.mark.parametrize(("kind", "of", "code", "status"), ERRORS)
@pytest.mark.parametrize("writes", [False, True])
def test_each_kind_is_told_by_its_own_code(
    kind: Failure, of: type[Exception], code: str, status: int, writes: bool
) -> None:
    error = to_error(Verdict(failure=kind), "candidate.create", "candidatesWrite", writes=writes)

    if writes and kind in UNKNOWN:
        assert isinstance(error, OutcomeUnknown)
        assert (error.code, error.status) == ("MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN", 504)
        assert "candidate.create" in error.detail
    else:
        assert isinstance(error, of)
        assert not isinstance(error, OutcomeUnknown)
        assert (error.code, error.status) == (code, status)
    assert error.upstream is not None


def test_a_missing_permission_is_named() -> None:
    verdict = judge(403, {}, json.dumps(_documented("missing_endpoint_permission")).encode())

    named = to_error(verdict, "candidate.create", "candidatesWrite", writes=True)
    unnamed = to_error(verdict, "candidate.create", None, writes=True)

    assert named.permission == "candidatesWrite"
    assert "It needs candidatesWrite." in named.detail
    assert (unnamed.permission, "needs" in unnamed.detail) == (None, False)


@pytest.mark.parametrize(
    ("sent", "kind", "write_again"), [(False, Failure.NOT_SENT, True), (True, Failure.LOST_ANSWER, False)]
)
def test_silence_is_judged_by_whether_the_call_went_out(sent: bool, kind: Failure, write_again: bool) -> None:
    verdict = silence(sent=sent)

    assert verdict.failure is kind
    assert verdict.may_repeat(writes=False)
    assert verdict.may_repeat(writes=True) is write_again


@given(
    st.integers(200, 599),
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-scope"]), st.text(max_size=12), max_size=2),
    json_values | st.dictionaries(st.sampled_from(["success", "errors", "errorInfo"]), json_values, max_size=3),
    st.booleans(),
)
@example(429, {"retry-after": "Infinity"}, {}, False)
@example(200, {}, {"success": False, "errors": [{"parameter": ["x"]}], "errorInfo": {"code": ["x"]}}, True)
def test_any_answer_whatever_has_a_verdict_and_an_error(
    status: int, headers: dict[str, str], body: Any, writes: bool
) -> None:
    verdict = judge(status, headers, json.dumps(body).encode())

    if verdict.envelope is None:
        error = to_error(verdict, "candidate.update", None, writes=writes)
        assert error.code in CATALOGUE
        json.dumps([error.detail, verdict.upstream.code, [problem.field for problem in error.fields]])
