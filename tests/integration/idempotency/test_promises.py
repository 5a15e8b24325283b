"""``Idempotency-Key`` over HTTP: the plain promises."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.idempotency.support import ADA, CONTACTS, EMAIL, JOBS, Clock, claims, keyed, people
from tests.integration.stack import ALL_OPERATIONS, Stack
from tests.integration.test_lifecycle import fault
from unified.api.idempotency import KEEP_SECONDS
from unified.projects import projects


def test_the_same_request_again_gives_the_same_record(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA)
    written = stack.upstream("candidate.create")

    again = stack.call("POST", CONTACTS, keyed(acme), body=dict(reversed(ADA.items())))

    assert again.json == first.json
    assert stack.upstream("candidate.create") == written == len(people(stack)) == 1


def test_a_replay_reads_the_record_anew(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"}).json
    stack.call("PATCH", f"{CONTACTS}/{made['id']}", acme, body={"lastName": "King"})

    again = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"}).json

    assert (again["object"], again["id"], again["fields"]["lastName"]) == ("resource", made["id"], "King")
    assert made["fields"]["lastName"] == "Lovelace"


def test_a_replay_of_a_record_that_is_gone_still_names_it(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json
    stack.sandbox.organisation.delete("candidate", made["id"])

    again = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"})

    assert (again.status, again.json["object"], again.json["id"]) == (200, "resourceRef", made["id"])
    assert [one["code"] for one in again.json["warnings"]] == ["CONNECTOR::OPERATION::NOT_READ"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CONTACTS, {**ADA, "lastName": "King"}),
        ("POST", JOBS, ADA),
        ("PATCH", f"{CONTACTS}/ID", ADA),
        ("DELETE", f"{CONTACTS}/ID", None),
    ],
)
def test_another_request_under_the_key_is_refused(
    stack: Stack, acme: dict[str, str], method: str, path: str, body: Any
) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    if path == JOBS:
        body = {"title": "T"}
    before = stack.sandbox.organisation.last_change

    answer = stack.call(method, path.replace("ID", made), keyed(acme), body=body)

    if path == JOBS:
        assert answer.status in (400, 422)
    else:
        assert (answer.status, answer.code) == (422, "MORPH::IDEMPOTENCY::KEY_REUSED")
    assert stack.sandbox.organisation.last_change == before


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_out_of_form_writes_nothing(stack: Stack, acme: dict[str, str], key: str) -> None:
    answer = stack.call("POST", CONTACTS, keyed(acme, key), body=ADA)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert not people(stack)


def test_a_key_is_one_connections_and_one_projects(stack: Stack, acme: dict[str, str]) -> None:
    stack.connect("globex")
    ids = {stack.call("POST", CONTACTS, keyed(headers), body=ADA).json["id"] for headers in (acme, stack.of("globex"))}
    other = projects().create("Other", public_key="pk_other", redirect_urls=())
    _, secret = projects().add_secret("pk_other")
    keys = {"x-api-key": "pk_other", "x-api-secret": secret}
    path = "/v1/connections/ashby/acme"
    stack.call("POST", path, keys, body={"operations": ALL_OPERATIONS})
    stack.call("POST", f"{path}/authorization", keys, body={"settings": {"apiKey": "ashby_local_full"}})
    named = {**keys, "x-connector-id": "ashby", "x-owner-id": "acme"}

    ids.add(stack.call("POST", CONTACTS, keyed(named), body=ADA).json["id"])

    assert len(ids) == len(people(stack)) == len(claims(stack)) == 3
    assert other.id


def test_a_connection_made_anew_knows_nothing_of_the_keys_of_the_one_before(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    stack.call("DELETE", "/v1/connections/ashby/acme")
    stack.connect("acme")

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] != first


def test_a_session_and_a_secret_key_share_the_connections_keys(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json

    again = stack.call("POST", "/v1/s/resources/genericContact", keyed(stack.session()), body=ADA)

    assert again.json == first


def test_after_a_day_the_key_is_free(stack: Stack, acme: dict[str, str], clock: Clock) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    clock.ahead = KEEP_SECONDS - 2
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] == first

    # What DynamoDB has not deleted yet, which may take it days, counts no more.
    clock.ahead = KEEP_SECONDS + 2
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] != first
    assert len(claims(stack)) == 1


def test_nothing_of_the_person_is_kept(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "customField.setValues", "failure", code="invalid_input", message=EMAIL)
    body = {**ADA, "phone": "+44 20 7946 0000", "grade": "Excellent"}
    stack.call("POST", CONTACTS, keyed(acme, "order-of-ada@claims.example.com"), body=body)
    fault(stack, "candidate.create", "status", status=500, message=EMAIL)
    stack.call("POST", CONTACTS, keyed(acme, "k2"), body=body)

    kept = str(claims(stack))
    assert len(claims(stack)) == 2
    assert not [one for one in ("Ada", "Lovelace", "example.com", "7946", "Excellent") if one in kept]
    assert {name for item in claims(stack) for name in item} == {
        "pk", "sk", "request", "state", "began", "until", "ttl", "recordId", "notWritten",
    }  # fmt: skip


def test_without_a_key_each_request_is_its_own(stack: Stack, acme: dict[str, str]) -> None:
    stack.aws_calls.clear()

    for _ in range(2):
        assert stack.call("POST", CONTACTS, acme, body=ADA).status == 200

    assert stack.aws_calls == {"BatchGetItem": 2}
    assert len(people(stack)) == 2
    assert not claims(stack)


def test_a_refused_write_frees_its_key(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.create", "failure", code="invalid_input", times=1)
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).status == 400
    assert not claims(stack)

    assert stack.call("POST", CONTACTS, keyed(acme), body={**ADA, "lastName": "King"}).status == 200
