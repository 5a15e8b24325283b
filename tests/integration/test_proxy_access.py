"""The proxy: who may use it, what it notes, what it costs."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.proxy_support import JSON, Spy, acme, ask, audit, request, spy
from tests.integration.stack import Stack
from unified.grants import Grant
from unified.projects import projects

# Fixtures, which pytest finds by their names here.
__all__ = ["acme", "spy"]


# -- the audit, the log, the cost --------------------------------------------------------------------------------


def test_writes_are_noted_without_what_was_sent_and_reads_are_not(acme: Stack) -> None:
    ask(acme, "candidate.list")
    ask(acme, "candidate.create", {"name": "Grace Secretive"})
    ask(acme, "candidate.update", {"candidateId": "00000000-0000-4000-8000-000000000000", "name": "Secretive"})
    who = f"key:{acme.secret_id}"
    assert audit(acme) == [
        (who, "proxy.candidate.create", "200"),
        (who, "proxy.candidate.update", "200 candidate_not_found"),
    ]
    assert "Secretive" not in str(acme.items())


def test_a_write_that_cannot_be_noted_is_still_answered(acme: Stack, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("the table is throttled")

    monkeypatch.setattr("unified.connections.store.ConnectionStore.audit", full)
    assert ask(acme, "candidate.create", {"name": "Grace"}).json["success"] is True
    assert '"message":"audit lost"' in log.getvalue()
    assert "throttled" not in log.getvalue()


def test_nothing_that_passes_is_logged(acme: Stack, log: Any) -> None:
    ask(acme, "candidate.search", {"email": "ada@example.com"}, idempotency_key="mine-and-secret")
    request(acme, "POST", "/v1/proxy/..%2fada", [*acme.of("acme").items()], b"ada")
    assert '"route":"ANY /v1/proxy/{path+}"' in log.getvalue()
    assert "ada" not in log.getvalue().replace("metadata", "")
    assert "mine-and-secret" not in log.getvalue()


def test_a_read_costs_one_read_and_a_write_one_write_more(acme: Stack) -> None:
    ask(acme, "candidate.list")
    acme.aws_calls.clear()
    ask(acme, "candidate.list")
    assert acme.aws_calls == {"BatchGetItem": 1}
    acme.aws_calls.clear()
    ask(acme, "candidate.create", {"name": "Grace"})
    assert acme.aws_calls == {"BatchGetItem": 1, "PutItem": 1}


# -- who may -----------------------------------------------------------------------------------------------------


def proxy_key(stack: Stack, owner: str = "acme", **changes: str) -> dict[str, str]:
    """Return the one header of a program that knows only Ashby's keys."""
    parts = {"public": stack.public_key, "secret": stack.secret_key, "connector": "ashby", **changes}
    user = "~".join([parts["public"], parts["secret"], parts["connector"], quote(owner, safe="")])
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:".encode()).decode()}


@pytest.mark.parametrize("owner", ["acme", "a/b ~:c", "kunde ü"])
def test_a_proxy_key_is_a_key_and_a_connection(stack: Stack, owner: str) -> None:
    stack.connect(owner, operations=[])
    headers = [*proxy_key(stack, owner).items(), *JSON.items()]
    assert request(stack, "POST", "/v1/proxy/candidate.list", headers, b"{}").json["success"] is True


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"secret": "sk_wrong"}, 401),
        ({"public": "pk_wrong"}, 401),
        ({"owner": "globex"}, 404),
        ({"connector": "greenhouse"}, 404),
        ({"secret": ""}, 401),
        ({"public": "ashby_local_full"}, 401),
    ],
)
def test_a_wrong_proxy_key_opens_nothing(acme: Stack, spy: Spy, changes: dict[str, str], status: int) -> None:
    headers = [*proxy_key(acme, **changes).items(), *JSON.items()]
    assert request(acme, "POST", "/v1/proxy/candidate.list", headers, b"{}").status == status
    assert spy.sent == []


def test_a_key_in_headers_decides_before_a_proxy_key(acme: Stack, spy: Spy) -> None:
    headers = {**proxy_key(acme), **acme.of("acme"), "x-api-secret": "sk_wrong"}
    assert request(acme, "POST", "/v1/proxy/candidate.list", [*headers.items()], b"{}").status == 401
    assert spy.sent == []


@pytest.mark.parametrize("drop", ["x-api-key", "x-api-secret", "x-connector-id", "x-owner-id"])
@pytest.mark.parametrize(
    "target", ["/v1/proxy/candidate.list", "/v1/proxy", "/v1/s/proxy/candidate.list", "/v1/s/proxy"]
)
def test_without_a_caller_and_a_connection_nothing_passes(acme: Stack, spy: Spy, drop: str, target: str) -> None:
    headers = {name: value for name, value in acme.of("acme").items() if name != drop}
    assert request(acme, "POST", target, [*headers.items()], b"{}").status in (400, 401)
    assert spy.sent == []


@pytest.mark.parametrize("way", ["headers", "proxy key"])
def test_another_projects_connection_is_not_there(acme: Stack, spy: Spy, way: str) -> None:
    projects().create("Other", public_key="pk_other", redirect_urls=())
    _, secret = projects().add_secret("pk_other")
    headers = {**acme.of("acme"), "x-api-key": "pk_other", "x-api-secret": secret}
    if way == "proxy key":
        headers = proxy_key(acme, public="pk_other", secret=secret)
    answer = request(acme, "POST", "/v1/proxy/candidate.list", [*headers.items()], b"{}")
    assert (answer.status, answer.json["error"]) == (404, "MORPH::CONNECTION::NOT_FOUND")
    assert spy.sent == []


@pytest.mark.parametrize(
    ("grant", "listing", "creating"),
    [
        (Grant(), 200, 200),
        (Grant(proxy=("*",), operations=()), 200, 200),
        (Grant(proxy=("read",)), 200, 403),
        (Grant(proxy=("candidate.create",)), 403, 200),
        (Grant(proxy=("candidate.list", "Candidate.Create")), 200, 403),
        (Grant(proxy=()), 403, 403),
        (Grant(connections=("ashby/globex",)), 404, 404),
    ],
)
@pytest.mark.parametrize("way", ["headers", "proxy key"])
def test_a_key_passes_with_what_it_was_given(acme: Stack, grant: Grant, listing: int, creating: int, way: str) -> None:
    _, secret = projects().add_secret(acme.public_key, grant=grant)
    headers = {**acme.of("acme"), "x-api-secret": secret} if way == "headers" else proxy_key(acme, secret=secret)
    found = [
        request(acme, "POST", f"/v1/proxy/candidate.{verb}", [*headers.items(), *JSON.items()], b'{"name": "Grace"}')
        for verb in ("list", "create")
    ]
    assert [answer.status for answer in found] == [listing, creating]
    assert {answer.json["error"] for answer in found if answer.status == 403} <= {"MORPH::KEY::FORBIDDEN"}
    assert acme.upstream("candidate.create") == (creating == 200)


def test_a_connection_that_is_not_authorized_passes_nothing(stack: Stack) -> None:
    stack.connect(key=None)
    assert ask(stack, "candidate.list").json["error"] == "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"


@pytest.mark.parametrize(
    ("given", "reads", "writes"),
    [
        (["genericContact::list"], 403, 403),
        (["proxy::read"], 200, 403),
        (["proxy"], 200, 200),
        (["proxy", "proxy::read"], 200, 200),
    ],
)
def test_a_session_passes_with_what_it_was_given(stack: Stack, given: list[str], reads: int, writes: int) -> None:
    stack.connect(operations=given)
    headers = [*stack.session().items(), *JSON.items()]

    def as_it_is(endpoint: str, body: Any) -> int:
        return request(stack, "POST", f"/v1/s/proxy/{endpoint}", headers, json.dumps(body).encode()).status

    def told(endpoint: str, data: Any) -> int:
        body = json.dumps({"method": "POST", "path": f"/{endpoint}", "data": data}).encode()
        return request(stack, "POST", "/v1/s/proxy", headers, body).status

    for send in (as_it_is, told):
        assert (send("candidate.list", {}), send("candidate.create", {"name": "Grace"})) == (reads, writes)
    assert stack.upstream("candidate.create") == (2 if writes == 200 else 0)
    # Which session, and whose key made it.
    form = re.compile(rf"session:[0-9a-f]{{12}}/key:{stack.secret_id}")
    actors = {actor for actor, *_ in audit(stack)}
    assert (len(actors), all(form.fullmatch(actor) for actor in actors)) == (1 if writes == 200 else 0, True)


def test_a_session_loses_the_proxy_with_its_connection(stack: Stack) -> None:
    path = stack.connect(operations=["proxy"])
    headers = [*stack.session().items(), *JSON.items()]
    stack.call("PATCH", path, body={"operations": ["genericContact::list"]})
    answer = request(stack, "POST", "/v1/s/proxy/candidate.list", headers, b"{}")
    assert (answer.status, answer.json["error"]) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")


def test_a_session_beside_a_proxy_key_may_what_the_session_may(stack: Stack) -> None:
    stack.connect(operations=["genericContact::list"])
    headers = [*stack.session().items(), *proxy_key(stack).items()]
    assert request(stack, "POST", "/v1/proxy/candidate.list", headers, b"{}").status == 403
