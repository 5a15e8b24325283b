"""What a key may do, before and after anybody tries: told by Ashby's own names, and never taken for a dead key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox import permissions as ashby_permissions
from tests.integration.stack import Answer, Stack
from tests.integration.test_lifecycle import fault
from tests.integration.test_oauth_callback import begin, consent, returned
from unified.ashby import CONNECTOR
from unified.connector import Operation

PATH = "/v1/connections/ashby/acme"
CONTACTS = "/v1/resources/genericContact"
NOBODY = "11111111-2222-4333-8444-555555555555"
VERBS = {
    Operation.LIST: ("GET", ""),
    Operation.RETRIEVE: ("GET", f"/{NOBODY}"),
    Operation.DELETE: ("DELETE", f"/{NOBODY}"),
}
EVERYTHING = [f"{model}::{operation}" for model in CONNECTOR.model_ids for operation in Operation]
CALLED = [
    (model_id, operation)
    for model_id in CONNECTOR.model_ids
    for operation in VERBS
    if CONNECTOR.load(model_id).capabilities[operation].permissions
]


def tick(stack: Stack, key: str, *granted: str, **rest: Any) -> None:
    """Give a key of Ashby's exactly these permissions, as an admin does on Ashby's page."""
    body = {"key": key, "permissions": sorted(granted), **rest}
    assert httpx.post(f"{stack.sandbox_url}/_sandbox/keys", json=body).status_code == 200


def connect(stack: Stack, *granted: str) -> dict[str, str]:
    tick(stack, "of_acme", *granted)
    stack.connect("acme", operations=EVERYTHING, key="of_acme")
    return stack.of("acme")


def told(stack: Stack, headers: dict[str, str] | None = None, path: str = f"{PATH}/permissions") -> Any:
    answer = stack.call("GET", path, headers)
    assert answer.status == 200, answer.text
    return answer.json


def states(answer: Any) -> dict[str, str]:
    return {one["operation"]: one["status"] for one in answer["operations"]}


def calls(stack: Stack) -> dict[str, int]:
    return dict(stack.sandbox.calls.by_endpoint)


def cost(before: dict[str, int], stack: Stack) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in calls(stack).items() if count != before.get(name, 0)}


def lacks(answer: Answer, permission: str) -> None:
    assert (answer.status, answer.code) == (403, "MORPH::CONNECTION::PROXY::FORBIDDEN"), answer.text
    assert answer.json["permission"] == permission
    assert permission in answer.json["detail"]
    assert "API Keys" in answer.json["detail"]


# -- told before anybody tries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("ashby_local_full", {"allowed", "refused"}),
        ("ashby_local_readonly", {"allowed", "missing", "refused"}),
        ("ashby_local_noscopes", {"allowed", "unknown", "refused"}),
    ],
)
def test_each_kind_of_key_is_told_what_it_can_do(stack: Stack, key: str, kinds: set[str]) -> None:
    stack.connect("acme", operations=EVERYTHING, key=key)

    answer = told(stack)

    assert set(states(answer).values()) == kinds
    assert answer["status"] == "authorized"
    assert (answer["scopes"] is None) is (key == "ashby_local_noscopes")
    assert states(answer)["genericUser::create"] == "refused"
    for one in answer["operations"]:
        capability = CONNECTOR.load(one["operation"].partition("::")[0]).capabilities[
            Operation(one["operation"].partition("::")[2])
        ]
        if one["status"] == "missing":
            assert set(one["permissions"]) <= set(capability.permissions) & ashby_permissions.ALL
    assert told(stack, stack.session(), "/v1/s/connection/permissions") == answer


def test_a_connection_that_was_never_authorized_knows_of_no_permission(stack: Stack) -> None:
    stack.connect("acme", operations=EVERYTHING, key=None)

    answer = told(stack)

    assert (answer["status"], answer["scopes"]) == ("unauthorized", None)
    assert set(states(answer).values()) <= {"unknown", "refused", "allowed"}


def test_asking_asks_ashby_nothing(stack: Stack) -> None:
    connect(stack, "apiKeysRead")
    before = calls(stack)
    stack.aws_calls.clear()

    told(stack)

    assert cost(before, stack) == {}
    assert stack.aws_calls == {"BatchGetItem": 1}


# -- refused before it is sent, and let through once it is ticked ---------------------------------------------------


@pytest.mark.parametrize(("model", "operation"), CALLED)
def test_what_is_known_to_be_missing_is_not_sent_and_goes_through_once_ticked(
    stack: Stack, model: str, operation: Operation
) -> None:
    capability = CONNECTOR.load(model).capabilities[operation]
    needed = {*capability.permissions, *capability.sometimes}
    lacking = capability.permissions[0]
    headers = connect(stack, "apiKeysRead", *needed - {lacking})
    method, tail = VERBS[operation]
    before = calls(stack)

    refused = stack.call(method, f"/v1/resources/{model}{tail}", headers)

    lacks(refused, lacking)
    assert "upstream" not in refused.json
    assert cost(before, stack) == {"apiKey.info": 1}
    assert stack.call("GET", PATH).json["status"] == "authorized"

    tick(stack, "of_acme", "apiKeysRead", *needed)
    let_in = stack.call(method, f"/v1/resources/{model}{tail}", headers)

    assert let_in.status in (200, 404), let_in.text
    assert states(told(stack))[f"{model}::{operation}"] == "allowed"
    before = calls(stack)
    assert stack.call(method, f"/v1/resources/{model}{tail}", headers).status == let_in.status
    assert "apiKey.info" not in cost(before, stack)


@pytest.mark.parametrize("key", [None, "k1"])
def test_a_write_that_lacks_its_permission_is_not_sent(stack: Stack, key: str | None) -> None:
    headers = connect(stack, "apiKeysRead", "candidatesRead")
    if key:
        headers = {**headers, "Idempotency-Key": key}
    last_change, before = stack.sandbox.organisation.last_change, calls(stack)

    lacks(stack.call("POST", CONTACTS, headers, body={"firstName": "A"}), "candidatesWrite")
    lacks(stack.call("PATCH", f"{CONTACTS}/{NOBODY}", headers, body={"email": "a@b.example"}), "candidatesWrite")

    assert cost(before, stack) == {"apiKey.info": 2}
    assert stack.sandbox.organisation.last_change == last_change
    tick(stack, "of_acme", "apiKeysRead", "candidatesRead", "candidatesWrite")
    # It took no hold of the key either.
    assert stack.call("POST", CONTACTS, headers, body={"firstName": "A"}).status == 200


def test_a_key_that_cannot_read_its_scopes_is_let_try_and_told_the_same(stack: Stack) -> None:
    headers = connect(stack, "candidatesRead")
    before = calls(stack)

    refused = stack.call("POST", CONTACTS, headers, body={"firstName": "A"})

    lacks(refused, "candidatesWrite")
    assert refused.json["upstream"]["code"] == "missing_endpoint_permission"
    assert cost(before, stack) == {"candidate.create": 1}
    assert stack.call("GET", CONTACTS, headers).status == 200
    assert stack.call("GET", PATH).json["status"] == "authorized"


def test_a_permission_that_was_taken_away_is_told_when_ashby_says_so(stack: Stack) -> None:
    headers = connect(stack, "apiKeysRead", "candidatesRead")
    tick(stack, "of_acme", "apiKeysRead")

    for _ in range(3):
        refused = stack.call("GET", CONTACTS, headers)
        lacks(refused, "candidatesRead")

    assert stack.call("GET", PATH).json["status"] == "authorized"
    tick(stack, "of_acme", "apiKeysRead", "candidatesRead")
    assert stack.call("GET", CONTACTS, headers).status == 200


def test_ashbys_other_word_for_a_missing_permission_loses_nothing_either(stack: Stack) -> None:
    headers = connect(stack, "apiKeysRead", "candidatesRead")
    fault(stack, "candidate.list", "status", status=403, code="insufficient_permissions")

    lacks(stack.call("GET", CONTACTS, headers), "candidatesRead")

    assert stack.call("GET", PATH).json["status"] == "authorized"


def test_what_ashby_cannot_do_is_refused_whatever_the_key_may(stack: Stack) -> None:
    headers = connect(stack, "apiKeysRead")
    before = calls(stack)

    answer = stack.call("POST", "/v1/resources/genericUser", headers, body={"firstName": "A"})

    assert (answer.status, answer.code) == (501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert cost(before, stack) == {}


# -- a dead key ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("granted", [("apiKeysRead", "candidatesRead"), ("candidatesRead",), ("apiKeysRead",)])
def test_a_dead_key_loses_the_connection_and_a_new_one_brings_it_back(stack: Stack, granted: tuple[str, ...]) -> None:
    headers = connect(stack, *granted)
    tick(stack, "of_acme", *granted, enabled=False)

    answer = stack.call("GET", CONTACTS, headers)

    assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::PROXY::UNAUTHORIZED")
    assert told(stack)["status"] == "unauthorized"
    before = calls(stack)
    assert stack.call("GET", CONTACTS, headers).code == "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"
    assert cost(before, stack) == {}
    tick(stack, "of_acme", "apiKeysRead", "candidatesRead", enabled=True)
    stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": "of_acme"}})
    assert stack.call("GET", CONTACTS, headers).status == 200


def test_a_re_check_that_fails_leaves_what_was_known(stack: Stack) -> None:
    headers = connect(stack, "apiKeysRead")
    fault(stack, "apiKey.info", "status", status=500)

    answer = stack.call("GET", CONTACTS, headers)

    assert answer.status in (403, 502)
    assert stack.upstream("candidate.list") == 0
    assert stack.call("GET", PATH).json["status"] == "authorized"


# -- OAuth ---------------------------------------------------------------------------------------------------------


def test_a_scope_that_was_not_consented_to_is_missing_by_its_name(oauth: Stack) -> None:
    address = begin(oauth, operations=["genericContact::list", "genericUser::list"])
    assert returned(oauth, consent(address, but="organizationRead")).status == 200
    before = calls(oauth)

    answer = oauth.call("GET", "/v1/resources/genericUser", oauth.of("acme"))

    assert (answer.status, answer.json["permission"]) == (403, "organizationRead")
    assert "user.list" not in cost(before, oauth)
    assert states(told(oauth))["genericUser::list"] == "missing"
    assert states(told(oauth))["genericContact::list"] == "allowed"
    assert oauth.call("GET", CONTACTS, oauth.of("acme")).status == 200
    assert oauth.call("GET", PATH).json["status"] == "authorized"


def test_authorizing_tells_of_each_operation_that_was_given_whether_the_key_allows_it(stack: Stack) -> None:
    given = ["genericContact::list", "genericContact::create", "genericUser::create"]
    path = stack.connect(operations=given, key=None)

    answer = stack.call("POST", f"{path}/authorization", body={"settings": {"apiKey": "ashby_local_readonly"}}).json

    told = {found["operation"]: found for found in answer["permissions"]}
    assert {name: found["status"] for name, found in told.items()} == {
        "genericContact::list": "allowed",
        "genericContact::create": "missing",
        "genericUser::create": "refused",
    }
    assert told["genericContact::create"]["permissions"] == ["candidatesWrite"]
    assert answer["missingScopes"] == ["candidatesWrite"]
