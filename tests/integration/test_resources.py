"""Records over HTTP: read, listed, written, refused, and what is said when Ashby fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.stack import ALL_OPERATIONS, Stack
from tests.integration.test_lifecycle import fault

PATH = "/v1/connections/ashby/acme"
CONTACTS = "/v1/resources/genericContact"
USERS = "/v1/resources/genericUser"
ADA = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
    "links": [{"type": "GitHub", "url": "https://github.com/ada"}],
}


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme")
    return stack.of("acme")


def _ids(page: Any) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_contacts_are_listed_page_by_page_each_once(stack: Stack, acme: dict[str, str]) -> None:
    found: list[str] = []
    query = {"limit": "13"}
    while True:
        page = stack.call("GET", CONTACTS, acme, query=query).json
        found += _ids(page)
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert len(found) == len(set(found)) == 30
    assert stack.upstream("candidate.list") == 3


@pytest.mark.parametrize(
    ("owner", "model", "query"),
    [
        ("other", "genericContact", {}),
        ("acme", "genericUser", {}),
        ("acme", "genericContact", {"q": "a"}),
        ("acme", "genericContact", {"filter[name]": "a"}),
    ],
)
def test_a_cursor_fits_only_the_list_that_gave_it(
    stack: Stack, acme: dict[str, str], owner: str, model: str, query: dict[str, str]
) -> None:
    stack.connect("other")
    cursor = stack.call("GET", CONTACTS, acme, query={"limit": "5"}).json["next"]
    calls = dict(stack.sandbox.calls.by_endpoint)

    path = f"/v1/resources/{model}"
    answer = stack.call("GET", path, stack.of(owner), query={"limit": "5", "cursor": cursor, **query})

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert answer.json["fields"] == [{"field": "cursor", "message": "is not one of this list"}]
    assert dict(stack.sandbox.calls.by_endpoint) == calls


def test_a_cursor_that_ashby_has_forgotten_says_so(stack: Stack, acme: dict[str, str]) -> None:
    cursor = stack.call("GET", CONTACTS, acme, query={"limit": "5"}).json["next"]
    stack.sandbox.pager.expire_all()

    answer = stack.call("GET", CONTACTS, acme, query={"limit": "5", "cursor": cursor})

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert "List again from the start" in answer.json["detail"]


def test_one_contact_is_read_as_in_the_list(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("GET", CONTACTS, acme, query={"limit": "1"}).json["data"][0]

    read = stack.call("GET", f"{CONTACTS}/{first['id']}", acme).json

    assert read == first
    assert read["object"] == "resource"
    assert read["remote"] == {"id": first["id"]}
    assert read["createdAt"].endswith("Z")


def test_fields_and_include_shape_the_answer(stack: Stack, acme: dict[str, str]) -> None:
    query = {"limit": "1", "fields": "firstName, email", "include": "raw"}
    only = stack.call("GET", CONTACTS, acme, query=query).json["data"][0]

    assert set(only["fields"]) == {"firstName", "email"}
    assert only["remote"]["raw"]["name"].startswith(only["fields"]["firstName"])
    none = stack.call("GET", f"{CONTACTS}/{only['id']}", acme, query={"fields": ""}).json
    assert none["fields"] == {}


def test_a_contact_is_found_by_address_and_by_name(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]

    for query in (
        {"q": "ada@example.com"},
        {"q": "Ada Love"},
        {"filter[email]": "ada@example.com"},
        {"filter[email]": "ada@example.com", "filter[name]": "Ada"},
        {"filters": '{"name": "Ada Lovelace"}'},
    ):
        assert made in _ids(stack.call("GET", CONTACTS, acme, query=query).json), query
    assert _ids(stack.call("GET", CONTACTS, acme, query={"filter[email]": "nobody@example.com"}).json) == []


def test_a_search_is_paged_and_says_when_it_may_be_cut(stack: Stack, acme: dict[str, str]) -> None:
    for number in range(101):
        record = stack.sandbox.organisation.blank_candidate(f"Zoe {number}", created_at=1_700_000_000_000)
        stack.sandbox.organisation.save("candidate", record)

    first = stack.call("GET", CONTACTS, acme, query={"q": "Zoe", "limit": "60"}).json
    second = stack.call("GET", CONTACTS, acme, query={"q": "Zoe", "limit": "60", "cursor": first["next"]}).json

    assert (len(first["data"]), len(second["data"]), second["next"]) == (60, 40, None)
    assert not set(_ids(first)) & set(_ids(second))
    assert [one["code"] for one in first["warnings"]] == ["CONNECTOR::LIST::MAY_BE_CUT"]


def test_a_created_contact_is_there(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json

    assert made == {
        "object": "resourceRef",
        "model": "genericContact",
        "id": made["id"],
        "remote": {"id": made["id"]},
    }
    fields = stack.call("GET", f"{CONTACTS}/{made['id']}", acme).json["fields"]
    assert {**ADA, "phoneNumber": ADA["phone"]}.items() <= fields.items()


def test_a_write_gives_the_resource_when_asked_to(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, acme, query={"returnResource": "true"}, body=ADA).json
    changed = stack.call(
        "PATCH", f"{CONTACTS}/{made['id']}", acme, query={"returnResource": "true"}, body={"lastName": "King"}
    ).json

    assert made["object"] == changed["object"] == "resource"
    assert (changed["fields"]["firstName"], changed["fields"]["lastName"]) == ("Ada", "King")
    assert changed["fields"]["email"] == "ada@example.com"


def test_an_update_changes_what_is_given_and_notifies_nobody(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    before = stack.call("GET", f"{CONTACTS}/{made}", acme).json["fields"]

    links = [{"type": "Twitter", "url": "https://x.example/a"}, {"type": "Twitter", "url": "https://x.example/b"}]
    stack.call("PATCH", f"{CONTACTS}/{made}", acme, body={"links": links})

    after = stack.call("GET", f"{CONTACTS}/{made}", acme).json["fields"]
    assert after == {**before, "links": links}
    assert stack.sandbox.organisation.recent_changes[-1].detail == {"sendNotifications": False}


def test_links_that_create_does_not_take_follow_by_update(stack: Stack, acme: dict[str, str]) -> None:
    links = [{"type": "YouTube", "url": "https://y.example/"}, {"type": "GitHub", "url": "https://github.com/a"}]

    made = stack.call("POST", CONTACTS, acme, body={"firstName": "A", "links": links}).json

    assert "warnings" not in made
    assert stack.call("GET", f"{CONTACTS}/{made['id']}", acme).json["fields"]["links"] == links


def test_a_contact_without_its_links_is_said_to_be_there_and_what_it_lacks(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.update", "failure", code="invalid_input")
    body = {"firstName": "Solo", "links": [{"type": "YouTube", "url": "https://y.example/"}]}

    made = stack.call("POST", CONTACTS, acme, body=body)

    assert made.status == 200
    assert [one["code"] for one in made.json["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert "links" in made.json["warnings"][0]["message"]
    assert stack.call("GET", f"{CONTACTS}/{made.json['id']}", acme).json["fields"]["firstName"] == "Solo"


def test_a_contact_is_anonymized_when_nothing_is_open(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]

    assert stack.call("DELETE", f"{CONTACTS}/{made}", acme).status == 204

    assert "email" not in stack.call("GET", f"{CONTACTS}/{made}", acme).json["fields"]


def test_a_contact_with_open_applications_is_not_anonymized(stack: Stack, acme: dict[str, str]) -> None:
    organisation = stack.sandbox.organisation
    application = next(one for one in organisation.applications if one["status"] == "Active")
    candidate = next(one for one in organisation.candidates if application["id"] in one["applicationIds"])

    answer = stack.call("DELETE", f"{CONTACTS}/{candidate['id']}", acme)

    assert answer.status in (400, 409)
    assert answer.code in ("CONNECTOR::OPERATION::BAD_REQUEST", "CONNECTOR::OPERATION::CONFLICT")
    assert answer.json["upstream"]["code"] == "candidate_has_active_applications"
    assert organisation.candidates.get(candidate["id"]) == candidate


def test_users_are_listed_with_the_deactivated_unless_asked_otherwise(stack: Stack, acme: dict[str, str]) -> None:
    everyone = stack.call("GET", USERS, acme).json["data"]
    active = stack.call("GET", USERS, acme, query={"filter[isActive]": "true"}).json["data"]

    assert {one["fields"]["isActive"] for one in everyone} == {True, False}
    assert [one["id"] for one in active] == [one["id"] for one in everyone if one["fields"]["isActive"]]
    one = everyone[0]
    assert stack.call("GET", f"{USERS}/{one['id']}", acme).json == one
    found = stack.call("GET", USERS, acme, query={"q": one["fields"]["email"]}).json["data"]
    assert found == [one]


def test_the_workspace_is_one_record(stack: Stack, acme: dict[str, str]) -> None:
    (one,) = stack.call("GET", "/v1/resources/genericWorkspace", acme).json["data"]

    assert one["fields"]["name"]
    assert stack.call("GET", "/v1/resources/genericWorkspace/organization", acme).json == one


def test_fields_are_described_standard_and_custom(stack: Stack, acme: dict[str, str]) -> None:
    everything = stack.call("GET", "/v1/models/genericContact/fields", acme).json["data"]
    custom = stack.call("GET", "/v1/models/genericContact/fields", acme, query={"isCustom": "true"}).json["data"]
    calls = stack.upstream("customField.list")
    standard = stack.call("GET", "/v1/models/genericContact/fields", acme, query={"isCustom": "false"}).json["data"]

    assert stack.upstream("customField.list") == calls
    assert everything == standard + custom
    assert custom
    assert {one["isCustom"] for one in custom} == {True}
    by_key = {one["key"]: one for one in standard}
    assert by_key["firstName"]["isValueReadOnly"] is False
    assert by_key["company"]["isValueReadOnly"] is True
    assert by_key["email"]["remote"]["key"] == "primaryEmailAddress.value"
    emails = stack.call("GET", "/v1/models/genericContact/fields", acme, query={"format": "email"}).json["data"]
    assert "email" in [one["key"] for one in emails]


@pytest.mark.parametrize(
    ("method", "path", "body", "operation"),
    [
        ("GET", CONTACTS, None, "list"),
        ("GET", f"{CONTACTS}/x", None, "retrieve"),
        ("POST", CONTACTS, {"firstName": "A"}, "create"),
        ("PATCH", f"{CONTACTS}/x", {"firstName": "A"}, "update"),
        ("DELETE", f"{CONTACTS}/x", None, "delete"),
        ("GET", "/v1/models/genericContact/fields", None, "fieldRead"),
    ],
)
def test_an_operation_that_was_not_given_never_reaches_ashby(
    stack: Stack, method: str, path: str, body: Any, operation: str
) -> None:
    operations = [one for one in ALL_OPERATIONS if one != f"genericContact::{operation}"]
    stack.connect("acme", operations=operations)
    calls = dict(stack.sandbox.calls.by_endpoint)

    answer = stack.call(method, path, stack.of("acme"), body=body)

    assert (answer.status, answer.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
    assert f"genericContact::{operation}" in answer.json["detail"]
    assert dict(stack.sandbox.calls.by_endpoint) == calls


def test_a_key_without_permission_is_told_which_one_it_lacks(stack: Stack) -> None:
    stack.connect("acme", key="ashby_local_noscopes")

    answer = stack.call("GET", USERS, stack.of("acme"))

    assert (answer.status, answer.code) == (403, "MORPH::CONNECTION::PROXY::FORBIDDEN")
    assert answer.json["permission"] == "organizationRead"
    assert answer.json["upstream"]["code"] == "missing_endpoint_permission"
    assert stack.call("GET", PATH).json["status"] == "authorized"


def test_a_key_that_may_only_read_writes_nothing(stack: Stack) -> None:
    stack.connect("acme", key="ashby_local_readonly")
    last_change = stack.sandbox.organisation.last_change

    answer = stack.call("POST", CONTACTS, stack.of("acme"), body=ADA)

    assert (answer.status, answer.json["permission"]) == (403, "candidatesWrite")
    assert stack.sandbox.organisation.last_change == last_change


def test_a_key_that_was_disabled_loses_the_connection(stack: Stack, acme: dict[str, str]) -> None:
    stack.sandbox.keys.set_enabled("ashby_local_full", False)

    answer = stack.call("GET", CONTACTS, acme)

    assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::PROXY::UNAUTHORIZED")
    assert stack.call("GET", PATH).json["status"] == "unauthorized"
    calls = stack.upstream("candidate.list")
    assert stack.call("GET", CONTACTS, acme).code == "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"
    assert stack.upstream("candidate.list") == calls


def test_one_odd_refusal_does_not_lose_the_connection(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.list", "status", status=403, times=1)

    assert stack.call("GET", CONTACTS, acme).code == "MORPH::CONNECTION::PROXY::UNAUTHORIZED"

    assert stack.call("GET", PATH).json["status"] == "authorized"
    assert stack.call("GET", CONTACTS, acme).status == 200


@pytest.mark.parametrize("partner", [False, True])
def test_a_rate_limit_is_passed_on_with_its_wait(stack: Stack, acme: dict[str, str], partner: bool) -> None:
    fault(stack, "candidate.list", "status", status=429, retry_after=40, partner=partner)

    answer = stack.call("GET", CONTACTS, acme)

    assert (answer.status, answer.code) == (429, "MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED")
    assert int(answer.headers["retry-after"]) == answer.json["retryAfter"] >= 40
    assert ("all integrations" in answer.json["detail"]) is partner
    assert stack.upstream("candidate.list") == 1


def test_a_short_rate_limit_is_waited_out(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.create", "status", status=429, retry_after=1, times=2)

    assert stack.call("POST", CONTACTS, acme, body=ADA).status == 200

    assert stack.upstream("candidate.create") == 3


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 502}),
        ("status", {"status": 503}),
        ("failure", {"code": "generic_internal_error"}),
        ("drop_after", {}),
        ("malformed", {}),
        ("truncated", {}),
    ],
)
@pytest.mark.parametrize(
    ("method", "endpoint", "body"),
    [
        ("POST", "candidate.create", {"firstName": "A"}),
        ("PATCH", "candidate.update", {"email": "a@example.com"}),
        ("DELETE", "candidate.anonymize", None),
    ],
)
def test_a_write_whose_outcome_is_unknown_is_said_to_be_and_sent_once(
    stack: Stack, acme: dict[str, str], kind: str, rest: Any, method: str, endpoint: str, body: Any
) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    sent = stack.upstream(endpoint)
    fault(stack, endpoint, kind, **rest)

    path = CONTACTS if method == "POST" else f"{CONTACTS}/{made}"
    answer = stack.call(method, path, acme, body=body)

    assert (answer.status, answer.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert stack.upstream(endpoint) == sent + 1


@pytest.mark.parametrize("kind", ["status", "drop_after", "malformed", "truncated"])
def test_a_read_is_repeated(stack: Stack, acme: dict[str, str], kind: str) -> None:
    fault(stack, "candidate.list", kind, times=2)

    assert stack.call("GET", CONTACTS, acme).status == 200

    assert stack.upstream("candidate.list") == 3


def test_a_read_that_always_fails_is_the_upstreams_failure(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.list", "status", message="Ada Lovelace broke it")

    answer = stack.call("GET", CONTACTS, acme)

    assert (answer.status, answer.code) == (502, "MORPH::CONNECTION::PROXY::SERVER_ERROR")
    assert answer.json["upstream"] == {"code": "generic_internal_error", "requestId": "INJECTED", "status": 500}
    assert "Lovelace" not in answer.text
    assert stack.upstream("candidate.list") == 3


def test_records_that_hold_anything_still_make_a_page(stack: Stack, acme: dict[str, str]) -> None:
    candidate = next(iter(stack.sandbox.organisation.candidates))
    stack.sandbox.organisation.save("candidate", {**candidate, "company": 5, "position": "\u2028é\u0000"})

    page = stack.call("GET", CONTACTS, acme, query={"limit": "100", "include": "raw"})

    assert len(page.json["data"]) == 30
    one = next(one for one in page.json["data"] if one["id"] == candidate["id"])
    assert "company" not in one["fields"]
    assert one["fields"]["title"] == "\u2028é\u0000"
    assert [warning["code"] for warning in one["warnings"]] == ["CONNECTOR::MAPPER::READ_VALIDATION_FAILED"]


def test_half_a_surrogate_pair_in_a_record_still_makes_a_page(
    stack: Stack, acme: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from unified import transport

    record = '{"id": "c1", "name": "Ada \\ud83d", "customFields": [{"value": "\\udc00"}]}'
    body = f'{{"success": true, "results": [{record}], "moreDataAvailable": false}}'.encode()
    monkeypatch.setattr(transport, "send", lambda *_args, **_kw: transport.Reply(200, {}, body))

    page = stack.call("GET", CONTACTS, acme, query={"include": "raw"})

    assert json.loads(page.text)["data"][0]["fields"] == {"firstName": "Ada", "lastName": "\ud83d"}
