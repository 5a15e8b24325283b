"""Every endpoint succeeds, and what it returns has the published form."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.endpoints import load_endpoints
from sandbox.organisation import Organisation

Ashby = Callable[..., tuple[int, dict[str, Any]]]
ValidBodies = Callable[[str], Iterator[dict[str, Any]]]


@pytest.mark.parametrize("endpoint", sorted(load_endpoints()))
def test_valid_calls_succeed(endpoint: str, ashby: Ashby, valid_bodies: ValidBodies) -> None:
    for body in valid_bodies(endpoint):
        status, answer = ashby(endpoint, body)
        assert status == 200
        assert answer["success"] is True, answer


@pytest.mark.parametrize("key", ["ashby_local_full", "ashby_local_readonly", "ashby_local_noscopes"])
def test_every_candidate_is_listed_and_retrieved_alike(key: str, ashby: Ashby) -> None:
    listed: list[dict[str, Any]] = []
    body: dict[str, Any] = {"limit": 37}
    while True:
        _, page = ashby("candidate.list", body, key=key)
        listed += page["results"]
        if not page["moreDataAvailable"]:
            break
        body["cursor"] = page["nextCursor"]
    assert len({candidate["id"] for candidate in listed}) == len(listed) == 300
    for candidate in listed:
        assert ashby("candidate.info", {"id": candidate["id"]}, key=key)[1]["results"] == candidate
        ashby("candidate.listNotes", {"candidateId": candidate["id"]}, key=key)


def test_every_file_handle_leads_to_a_file(ashby: Ashby, client: httpx.Client) -> None:
    files = [
        file
        for page in ({"limit": 100},)
        for one in ashby("candidate.list", page)[1]["results"]
        for file in one["fileHandles"]
    ]
    assert len(files) > 20
    for file in files:
        _, answer = ashby("file.info", {"fileHandle": file["handle"]})
        assert client.get(answer["results"]["url"]).content.startswith(b"%PDF")


LISTED_AND_RETRIEVED = {
    "job": ("job.list", {"status": ["Draft", "Open", "Closed", "Archived"]}, "job.info", "id"),
    "opening": ("opening.list", {}, "opening.info", "openingId"),
    "interview": (
        "interview.list",
        {"includeArchived": True, "includeNonSharedInterviews": True},
        "interview.info",
        "id",
    ),
}


@pytest.mark.parametrize("key", ["ashby_local_full", "ashby_local_readonly"])
@pytest.mark.parametrize("kind", sorted(LISTED_AND_RETRIEVED))
def test_every_record_is_listed_and_retrieved_alike(
    kind: str, key: str, ashby: Ashby, organisation: Organisation
) -> None:
    listing, body, info, parameter = LISTED_AND_RETRIEVED[kind]
    listed = ashby(listing, body, key=key)[1]["results"]
    assert listed
    assert len(listed) == len(organisation.tables[kind]) or key == "ashby_local_readonly"
    for one in listed:
        assert ashby(info, {parameter: one["id"]}, key=key)[1]["results"] == one


@pytest.mark.parametrize("key", ["ashby_local_full", "ashby_local_readonly", "ashby_local_noscopes"])
def test_every_application_is_listed_and_retrieved_alike(key: str, ashby: Ashby) -> None:
    expand = ["openings", "applicationFormSubmissions", "referrals"]
    body: dict[str, Any] = {"limit": 41, "expand": ["openings"]}
    seen = 0
    while True:
        _, page = ashby("application.list", body, key=key)
        for listed in page["results"]:
            _, answer = ashby("application.info", {"applicationId": listed["id"], "expand": expand}, key=key)
            assert {name: answer["results"][name] for name in listed} == listed
            ashby("application.listHistory", {"applicationId": listed["id"]}, key=key)
        seen += len(page["results"])
        if not page["moreDataAvailable"]:
            break
        body["cursor"] = page["nextCursor"]
    assert seen > 250


def test_every_offer_posting_pool_plan_and_event_is_retrieved(ashby: Ashby, organisation: Organisation) -> None:
    for offer in ashby("offer.list", {})[1]["results"]:
        _, answer = ashby("offer.info", {"offerId": offer["id"], "excludeFormDefinition": True})
        assert {name: answer["results"][name] for name in offer} == offer
    for schedule in ashby("interviewSchedule.list", {})[1]["results"]:
        _, answer = ashby("interviewEvent.list", {"interviewScheduleId": schedule["id"]})
        assert answer["results"] == schedule["interviewEvents"]
    for kind, endpoint, parameter in (
        ("job_posting", "jobPosting.info", "jobPostingId"),
        ("interviewer_pool", "interviewerPool.info", "interviewerPoolId"),
        ("interview_stage", "interviewStage.info", "interviewStageId"),
    ):
        for record in organisation.tables[kind]:
            assert ashby(endpoint, {parameter: record["id"]})[1]["results"]["id"] == record["id"]
    for job in organisation.jobs:
        _, answer = ashby("jobInterviewPlan.info", {"jobId": job["id"]})
        assert answer["success"] is (job["defaultInterviewPlanId"] is not None)


@pytest.mark.parametrize("kind", ["custom_field", "user", "candidate_tag", "department", "location", "project"])
def test_every_record_of_a_kind_is_retrieved(kind: str, ashby: Ashby, organisation: Organisation) -> None:
    endpoints = {
        "custom_field": ("customField.info", "customFieldId"),
        "user": ("user.info", "userId"),
        "candidate_tag": ("candidateTag.archive", "tagId"),
        "department": ("department.info", "departmentId"),
        "location": ("location.info", "locationId"),
        "project": ("project.info", "projectId"),
    }
    endpoint, parameter = endpoints[kind]
    for record in organisation.tables[kind]:
        assert ashby(endpoint, {parameter: record["id"]})[1]["results"]["id"] == record["id"]
