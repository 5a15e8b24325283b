"""The proxy: what of a request reaches the account's API, and what of the answer comes back."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.integration.proxy_support import BAD, Spy, acme, ask, audit, described, request, spy
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault
from tests.integration.test_oauth_callback import begin, consent, returned
from unified.api.proxy_body import MAX_BODY_BYTES
from unified.transport import Reply, TransportFailure

# Fixtures, which pytest finds by their names here.
__all__ = ["acme", "spy"]


# -- there and back ----------------------------------------------------------------------------------------------


def test_a_call_goes_through_and_its_answer_comes_back(acme: Stack) -> None:
    answer = ask(acme, "candidate.search", {"email": "ada@example.com"})

    assert answer.status == 200
    assert answer.json["success"] is True
    assert answer.json["results"][0]["name"] == "Ada Lovelace"
    assert answer.is_upstreams
    assert answer.headers["x-unified-upstream-success"] == "true"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["ashby-version"] == "2026-01-01"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "x-unified-upstream-code" not in answer.headers


def test_a_described_call_does_the_same(acme: Stack) -> None:
    data = {"email": "ada@example.com"}
    answer = described(acme, {"method": "POST", "path": "/candidate.search", "data": data})
    assert answer.json == ask(acme, "candidate.search", data).json


def test_a_call_that_failed_with_200_says_so_in_a_header(acme: Stack) -> None:
    answer = ask(acme, "candidate.info", {"id": "00000000-0000-4000-8000-000000000000"})
    assert (answer.status, answer.json["success"]) == (200, False)
    assert answer.headers["x-unified-upstream-success"] == "false"
    assert answer.headers["x-unified-upstream-code"] == "candidate_not_found"


def test_an_error_of_the_accounts_is_passed_on_as_it_is(acme: Stack) -> None:
    fault(acme, "candidate.list", "status", status=429, retry_after=7, partner=True, times=1)
    answer = ask(acme, "candidate.list")
    assert answer.status == 429
    assert answer.is_upstreams
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-ratelimit-scope"] == "integration-partner"
    assert acme.upstream("candidate.list") == 1


@pytest.mark.parametrize("status", [201, 204, 301, 304, 400, 404, 409, 418, 422, 500, 503, 599])
def test_every_status_is_passed_on(acme: Stack, spy: Spy, status: int) -> None:
    headers = {
        "location": "http://evil.example",
        "set-cookie": "a=b",
        "content-type": "text/html",
        "x-request-id": "up",
    }
    spy.answers = [Reply(status, headers, b"" if status in (204, 304) else b"<p>")]
    answer = ask(acme, "candidate.list")
    assert (answer.status, answer.body) == (status, b"" if status in (204, 304) else b"<p>")
    assert answer.headers["x-unified-upstream-success"] == ("true" if status < 300 else "false")
    assert answer.headers["x-upstream-request-id"] == "up"
    assert answer.headers["content-type"] == "text/html"
    assert "location" not in answer.headers


@pytest.mark.parametrize("body", [b"", bytes(range(256)) * 40, "Grüße 🎉".encode(), b"\xff\xfe", b"{", b'"'])
@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json", "text/plain", "multipart/form-data"])
def test_bytes_pass_both_ways_as_they_are(acme: Stack, spy: Spy, body: bytes, kind: str) -> None:
    spy.answers = [Reply(200, {"content-type": kind}, body)]
    headers = {**acme.of("acme"), "content-type": kind}
    answer = request(acme, "POST", "/v1/proxy/candidate.uploadFile", [*headers.items()], body)
    assert (answer.body, answer.headers["content-type"]) == (body, kind)
    assert spy.sent[0]["content"] == body
    assert spy.sent[0]["headers"]["content-type"] == kind


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_is_passed_on(acme: Stack, spy: Spy, method: str) -> None:
    spy.answers = [Reply(200, {}, b"")] * 2
    request(acme, method, "/v1/proxy/candidate.list", [*acme.of("acme").items()])
    described(acme, {"method": method, "path": "candidate.list"})
    assert [(one["method"], one["url"]) for one in spy.sent] == [(method, f"{acme.sandbox_url}/candidate.list")] * 2


def test_a_query_keeps_its_order_and_its_spelling(acme: Stack, spy: Spy) -> None:
    query = "b=2&a=1&a=%2F%2f&c=x+y&d=%20&e&f[g]=h&a=3"
    spy.answers = [Reply(200, {}, b"")]
    request(acme, "GET", f"/v1/proxy/candidate.list?{query}", [*acme.of("acme").items()])
    assert spy.sent[0]["url"] == f"{acme.sandbox_url}/candidate.list?{query}"


def test_headers_for_the_account_go_along_and_ours_do_not(acme: Stack, spy: Spy) -> None:
    headers = [
        *acme.of("acme").items(),
        ("Content-Type", "application/json"),
        ("X-On-Behalf-Of", "u"),
        ("ASHBY-VERSION", "2026-01-01"),
        ("Idempotency-Key", "k"),
        ("Authorization", "Bearer mine"),
        ("Cookie", "session=mine"),
        ("Host", "evil.example"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Foo", "1"),
        ("X-Foo", "2"),
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("User-Agent", "theirs/1"),
    ]
    spy.answers = [Reply(200, {}, b"")]
    request(acme, "POST", "/v1/proxy/candidate.list", headers, b"{}")

    sent = dict(spy.sent[0]["headers"])
    assert sent.pop("authorization") == "Basic " + base64.b64encode(b"ashby_local_full:").decode()
    assert sent == {
        "content-type": "application/json",
        "x-on-behalf-of": "u",
        "ashby-version": "2026-01-01",
        "idempotency-key": "k",
        "accept": "a/b,c/d",
        "user-agent": "theirs/1",
    }


def test_a_described_calls_headers_are_its_own(acme: Stack, spy: Spy) -> None:
    spy.answers = [Reply(200, {}, b"")]
    own = {"Ashby-Version": "1", "authorization": "Bearer mine", "Host": "evil", "connection": "accept", "accept": "x"}
    headers = {**acme.of("acme"), "user-agent": "outer", "x-on-behalf-of": "outer"}
    described(acme, {"method": "POST", "path": "a.b", "headers": own, "data": [1]}, headers)
    sent = dict(spy.sent[0]["headers"])
    assert sent.pop("authorization").startswith("Basic ")
    assert sent == {"ashby-version": "1", "content-type": "application/json", "user-agent": "unified-ashby"}
    assert spy.sent[0]["content"] == b"[1]"


# -- what is not passed on ---------------------------------------------------------------------------------------


TRICKS = [
    "..", ".", "../candidate.list", "candidate.list/..", "candidate.list/", "/candidate.list", "candidate.list//",
    "_sandbox/keys", "_sandbox%2Fkeys", "%2e%2e%2f_sandbox%2fkeys", "%252e%252e%252f_sandbox", "oauth/token", "oauth",
    "candidate%2elist%2f", "candidate.list%00", "candidate.list%0d%0aHost:%20evil.example", "candidate.list%23",
    "candidate.list%3Fx=1", "candidate.list%20", "candidate.list%5c", "%5c%5cevil.example", "candidate.list;a=b",
    "http://169.254.169.254/latest/meta-data", "http:%2f%2fevil.example", "https://api.ashbyhq.com/candidate.list",
    "//evil.example/candidate.list", "@evil.example", "user:pass@evil.example", ":8080", "evil.example:80",
    "[::1]", "%C3%A9.list", "%EF%BC%8E%EF%BC%8E", "%E2%80%A4.list", "candidate", "candidate.list.all", "{path+}",
    "localhost", "127.0.0.1", "candidate.list,x", "candidate.list%2525", "a" * 200 + ".list",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_a_path_that_is_no_endpoint_is_refused_before_anything_is_sent(acme: Stack, spy: Spy, path: str) -> None:
    answer = request(acme, "POST", f"/v1/proxy/{path}", [*acme.of("acme").items()], b"{}")
    assert (answer.status, answer.json["error"], answer.is_upstreams) == (400, BAD, False)
    assert spy.sent == []


@pytest.mark.parametrize("path", [*TRICKS, "", "/", "//candidate.list", "/../candidate.list", "candidate.list?x=1"])
def test_nor_does_a_described_path_lead_elsewhere(acme: Stack, spy: Spy, path: str) -> None:
    if path == "/candidate.list":
        path = "//candidate.list"
    answer = described(acme, {"method": "POST", "path": path})
    assert (answer.status, answer.json["error"]) == (400, BAD)
    assert spy.sent == []


@pytest.mark.parametrize(
    "body", [{"path": "a.b"}, {"method": "POST"}, {"method": "POST", "path": "a.b", "host": "x"}, []]
)
def test_a_description_that_is_wrong_is_refused(acme: Stack, spy: Spy, body: Any) -> None:
    answer = described(acme, body)
    assert (answer.status, answer.json["error"]) == (400, BAD)
    assert spy.sent == []


def test_a_method_that_is_none_of_an_apis_is_not_there(acme: Stack, spy: Spy) -> None:
    assert request(acme, "TRACE", "/v1/proxy/candidate.list", [*acme.of("acme").items()]).status == 404
    assert spy.sent == []


def test_a_request_that_is_too_long_is_refused(acme: Stack, spy: Spy) -> None:
    headers = [*acme.of("acme").items()]
    answer = request(acme, "POST", "/v1/proxy/file.upload", headers, b"\xff" * (MAX_BODY_BYTES + 1))
    assert (answer.status, answer.json["error"]) == (413, "MORPH::PAYLOAD_TOO_LARGE")
    assert spy.sent == []


def test_the_longest_answer_fits_and_a_longer_one_is_told(acme: Stack, spy: Spy) -> None:
    spy.answers = [Reply(200, {}, b"\xff" * MAX_BODY_BYTES), Reply(200, {}, b"\xff" * (MAX_BODY_BYTES + 1))]
    assert len(ask(acme, "candidate.list").body) == MAX_BODY_BYTES
    answer = ask(acme, "candidate.create")
    assert (answer.status, answer.json["error"]) == (502, "MORPH::CONNECTION::PROXY::ANSWER_TOO_LARGE")
    # It was done, which is what a caller must know.
    assert answer.json["upstream"] == {"status": 200}
    assert str(MAX_BODY_BYTES) in answer.json["detail"]
    assert audit(acme) == [(f"key:{acme.secret_id}", "proxy.candidate.create", "200")]


# -- once and no more --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("endpoint", "status"), [("candidate.create", 504), ("candidate.list", 502)])
def test_a_lost_answer_is_told_and_nothing_is_sent_again(acme: Stack, endpoint: str, status: int) -> None:
    fault(acme, endpoint, "drop_after")
    answer = ask(acme, endpoint, {"name": "Grace"} if status == 504 else {})
    assert (answer.status, answer.is_upstreams) == (status, False)
    assert answer.json["error"].endswith("OUTCOME_UNKNOWN") is (status == 504)
    assert acme.upstream(endpoint) == 1
    assert [outcome for *_, outcome in audit(acme)] == (["unknown"] if status == 504 else [])


@pytest.mark.parametrize("kind", ["status", "failure", "malformed"])
@pytest.mark.parametrize("endpoint", ["candidate.create", "candidate.list"])
def test_whatever_the_answer_nothing_is_sent_again(acme: Stack, endpoint: str, kind: str) -> None:
    fault(acme, endpoint, kind)
    assert ask(acme, endpoint, {"name": "Grace"} if endpoint.endswith("create") else {}).is_upstreams
    assert acme.upstream(endpoint) == 1


def test_a_write_that_was_not_sent_may_be_sent_again_and_is_not_noted(acme: Stack, spy: Spy) -> None:
    spy.answers = [TransportFailure("ConnectError", sent=False)]
    answer = ask(acme, "candidate.create", {"name": "Grace"})
    assert (answer.status, answer.json["error"]) == (502, "MORPH::CONNECTION::PROXY::REQUEST_FAILED")
    assert audit(acme) == []


def test_an_expired_token_is_renewed_and_the_write_sent_once_more(oauth: Stack) -> None:
    operations = ["genericContact::create", "genericContact::list"]
    assert returned(oauth, consent(begin(oauth, operations=operations))).status == 200
    oauth.sandbox.authorization.expire_access_tokens()

    answer = ask(oauth, "candidate.create", {"name": "Grace Hopper"})

    assert (answer.status, answer.json.get("success")) == (200, True), answer.body
    assert oauth.call("GET", "/v1/connections/ashby/acme").json["status"] == "authorized"
    found = ask(oauth, "candidate.search", {"name": "Grace Hopper"}).json["results"]
    assert [one["id"] for one in found] == [answer.json["results"]["id"]]


def test_a_dead_key_is_the_accounts_answer_and_marks_the_connection(acme: Stack) -> None:
    acme.sandbox.keys.set_enabled("ashby_local_full", enabled=False)
    answer = ask(acme, "candidate.list")
    assert (answer.status, answer.is_upstreams) == (403, True)
    assert acme.call("GET", "/v1/connections/ashby/acme").json["status"] == "unauthorized"
    after = ask(acme, "candidate.list")
    assert (after.status, after.json["error"]) == (409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")


def test_one_odd_refusal_marks_nothing(acme: Stack) -> None:
    fault(acme, "candidate.list", "status", status=401, times=1)
    assert ask(acme, "candidate.list").status == 401
    assert ask(acme, "candidate.list").status == 200


def test_a_missing_permission_is_the_accounts_answer(stack: Stack) -> None:
    stack.connect(operations=[], key="ashby_local_readonly")
    answer = ask(stack, "candidate.create", {"name": "Grace"})
    assert (answer.status, answer.headers["x-unified-upstream-code"]) == (403, "missing_endpoint_permission")
    assert stack.call("GET", "/v1/connections/ashby/acme").json["status"] == "authorized"
