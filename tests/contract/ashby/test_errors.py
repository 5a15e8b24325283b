"""Whatever is sent, the answer is one of Ashby's forms, and each kind of error always has the same one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.endpoints import load_endpoints

Ashby = Callable[..., tuple[int, dict[str, Any]]]
ValidBodies = Callable[[str], Iterator[dict[str, Any]]]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ODD_VALUES: list[Any] = [
    None,
    True,
    "true",
    0,
    -1,
    "25",
    1.5,
    1e300,
    10**30,
    "",
    "   ",
    "x",
    "\u0000",
    "🚀" * 500,
    [],
    [None],
    ["x", 5],
    {},
    {"type": "number-range"},
    {"value": 1, "currencyCode": "EUR"},
    UNKNOWN,
    "2026-13-45",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "https://[bad",
    "a@b@c",
]
ENDPOINTS = load_endpoints()


def required(name: str) -> list[str]:
    """Return an endpoint's required parameters."""
    return [parameter for parameter, declared in ENDPOINTS[name].parameters.items() if declared.required]


WITH_REQUIRED = [name for name in sorted(ENDPOINTS) if required(name)]


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_odd_values_are_answered_in_a_published_form(name: str, ashby: Ashby, valid_bodies: ValidBodies) -> None:
    for parameter in ENDPOINTS[name].parameters:
        for value in ODD_VALUES:
            status, _ = ashby(name, {**next(valid_bodies(name)), parameter: value})
            assert status == 200


@pytest.mark.parametrize("name", WITH_REQUIRED)
def test_required_parameters_are_named_when_missing(name: str, ashby: Ashby) -> None:
    _, answer = ashby(name, {})
    assert answer["errorInfo"]["code"] == "invalid_input"
    assert {detail["parameter"] for detail in answer["errors"]} == set(required(name))


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_undeclared_parameters_are_refused_only_by_strict_endpoints(
    name: str, ashby: Ashby, valid_bodies: ValidBodies
) -> None:
    _, answer = ashby(name, {**next(valid_bodies(name)), "surprise": 1})
    assert answer["success"] is not ENDPOINTS[name].strict


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("candidate.info", {"id": UNKNOWN}, "candidate_not_found"),
        ("candidate.info", {"externalMappingId": "hris-11"}, "candidate_not_found"),
        ("candidate.update", {"candidateId": UNKNOWN}, "candidate_not_found"),
        ("candidate.anonymize", {"candidateId": UNKNOWN}, "candidate_not_found"),
        ("candidate.addTag", {"candidateId": UNKNOWN, "tagId": UNKNOWN}, "candidate_not_found"),
        ("candidate.create", {"name": "X", "sourceId": UNKNOWN}, "source_not_found"),
        ("candidate.create", {"name": "X", "creditedToUserId": UNKNOWN}, "user_not_found"),
        ("candidate.createNote", {"candidateId": UNKNOWN, "note": "x"}, "candidate_not_found"),
        ("candidate.listNotes", {"candidateId": UNKNOWN}, "candidate_not_found"),
        ("candidateTag.archive", {"tagId": UNKNOWN}, "candidate_tag_not_found"),
        ("user.info", {"userId": UNKNOWN}, "user_not_found"),
        ("customField.info", {"customFieldId": UNKNOWN}, "custom_field_not_found"),
        ("department.info", {"departmentId": UNKNOWN}, "department_not_found"),
        ("location.info", {"locationId": UNKNOWN}, "location_not_found"),
        ("project.info", {"projectId": UNKNOWN}, "project_not_found"),
        ("application.info", {"applicationId": UNKNOWN}, "application_not_found"),
        ("application.changeSource", {"applicationId": UNKNOWN, "sourceId": None}, "application_not_found"),
        ("application.delete", {"applicationId": UNKNOWN}, "application_not_found"),
        ("interviewStage.info", {"interviewStageId": UNKNOWN}, "interview_stage_not_found"),
        ("interviewStage.list", {"interviewPlanId": UNKNOWN}, "interview_plan_not_found"),
        ("job.info", {"id": UNKNOWN}, "job_not_found"),
        ("jobPosting.info", {"jobPostingId": UNKNOWN}, "job_posting_not_found"),
        ("opening.info", {"openingId": UNKNOWN}, "opening_not_found"),
        ("interview.info", {"id": UNKNOWN}, "interview_not_found"),
        ("interviewSchedule.cancel", {"id": UNKNOWN}, "interview_schedule_not_found"),
        ("interviewerPool.info", {"interviewerPoolId": UNKNOWN}, "interviewer_pool_not_found"),
        ("offer.info", {"offerId": UNKNOWN}, "offer_not_found"),
        ("offer.start", {"offerProcessId": UNKNOWN}, "offer_process_not_found"),
        ("offer.approve", {"offerVersionId": UNKNOWN}, "offer_version_not_found"),
        ("file.info", {"fileHandle": "bm90aGluZw"}, "file_not_found"),
        ("file.info", {"fileHandle": "W10"}, "file_not_found"),
    ],
)
def test_an_unknown_record_is_a_200_with_its_code_in_both_places(
    name: str, body: dict[str, Any], code: str, ashby: Ashby
) -> None:
    status, answer = ashby(name, body)
    assert (status, answer["errors"], answer["errorInfo"]["code"]) == (200, [code], code)


@pytest.mark.parametrize("name", ["webhook.info", "webhook.update", "webhook.delete"])
def test_an_unknown_webhook_is_a_bare_list_of_codes(name: str, ashby: Ashby) -> None:
    status, answer = ashby(name, {"webhookId": UNKNOWN, **({"enabled": False} if name == "webhook.update" else {})})
    assert (status, answer) == (200, {"success": False, "errors": ["webhook_not_found"]})


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_without_credential_every_endpoint_is_401(name: str, ashby: Ashby) -> None:
    status, answer = ashby(name, {}, key="")
    assert status == 401
    assert "errors" not in answer


@pytest.mark.parametrize("key", ["ashby_local_disabled", "no_such_key"])
def test_a_wrong_or_disabled_key_is_403_without_a_permission_code(key: str, ashby: Ashby) -> None:
    status, answer = ashby("candidate.list", {}, key=key)
    assert status == 403
    assert answer["errorInfo"]["code"] != "missing_endpoint_permission"


@pytest.mark.parametrize("name", [name for name in sorted(ENDPOINTS) if ENDPOINTS[name].permission])
def test_each_endpoint_demands_exactly_its_permission(name: str, ashby: Ashby, client: httpx.Client) -> None:
    permission = ENDPOINTS[name].permission
    assert permission is not None
    every = [other.permission for other in ENDPOINTS.values() if other.permission]
    client.post("/_sandbox/keys", json={"key": "without", "permissions": sorted(set(every) - {permission})})
    client.post("/_sandbox/keys", json={"key": "with", "permissions": [permission]})
    status, answer = ashby(name, {}, key="without")
    assert (status, answer["errorInfo"]["code"]) == (403, "missing_endpoint_permission")
    assert answer["errors"][0]["parameter"] == permission
    assert ashby(name, {}, key="with")[0] == 200


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b'{"limit": 1' + b"0" * 5000 + b"}",
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json_object_is_invalid_input(content: bytes, ashby: Ashby) -> None:
    status, answer = ashby("candidate.list", content=content)
    assert (status, answer["errorInfo"]["code"]) == (200, "invalid_input")


def test_another_content_type_is_invalid_input_and_an_empty_body_is_fine(ashby: Ashby) -> None:
    body = json.dumps({"limit": 1}).encode()
    _, refused = ashby("candidate.list", content=body, headers={"content-type": "text/plain"})
    assert refused["errorInfo"]["code"] == "invalid_input"
    assert ashby("candidate.list", content=b"", headers={"content-type": "text/plain"})[1]["success"] is True


def test_an_unknown_version_is_refused_and_the_known_one_accepted(ashby: Ashby) -> None:
    status, answer = ashby("candidate.list", headers={"ashby-version": "2020-01-01"})
    assert (status, answer["errorInfo"]["code"]) == (400, "invalid_api_version")
    assert ashby("candidate.list", headers={"ashby-version": "2026-01-01"})[0] == 200


def test_an_unknown_endpoint_is_404_and_get_is_not_allowed(client: httpx.Client) -> None:
    answer = client.post("/candidate.vanish", json={}, auth=("ashby_local_full", ""))
    assert (answer.status_code, answer.json()["errorInfo"]["code"]) == (404, "endpoint_not_found")
    assert client.get("/candidate.list").status_code == 405


def test_too_many_requests_is_429_with_retry_after(ashby: Ashby, client: httpx.Client) -> None:
    client.post("/_sandbox/rate-limit", json={"burst": 0})
    status, answer = ashby("candidate.list", {})
    assert (status, answer["errors"]) == (429, ["rate_limit_exceeded"])
