"""The routes that make, change and remove any record."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.organisation import Organisation
from sandbox.records import create
from sandbox.table import Record
from tests.unit.sandbox.hiring import EVENT, Ashby

UNKNOWN = "00000000-0000-4000-8000-000000000000"
# By kind: the list that shows it, what it is asked with, and a field to change.
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "candidate": ("candidate.list", {}, {"name": "Changed"}),
    "user": ("user.list", {}, {"lastName": "Changed"}),
    "brand": ("brand.list", {}, {"name": "Changed"}),
    "department": ("department.list", {}, {"name": "Changed"}),
    "location": ("location.list", {}, {"name": "Changed"}),
    "interviewer_pool": ("interviewerPool.list", {}, {"title": "Changed"}),
    "interview": ("interview.list", {}, {"title": "Changed"}),
    "interview_schedule": ("interviewSchedule.list", {}, {"status": "Complete"}),
    "job": ("job.list", {}, {"title": "Changed"}),
    "application": ("application.list", {}, {"creditedToUserId": None}),
    "offer": ("offer.list", {}, {"acceptanceStatus": "Cancelled"}),
    "opening": ("opening.list", {}, {"identifier": "Changed"}),
    "interview_plan": ("interviewPlan.list", {}, {"title": "Changed"}),
    "source": ("source.list", {}, {"title": "Changed"}),
}
LISTS = [
    "candidate.list", "user.list", "brand.list", "department.list", "location.list", "interviewerPool.list",
    "interview.list", "interviewSchedule.list", "job.list", "jobPosting.list", "application.list", "offer.list",
    "opening.list", "approval.list", "project.list",
]  # fmt: skip


@pytest.fixture
def listed(ashby: Ashby) -> Callable[..., dict[str, Any]]:
    """Return everything a list shows by id."""

    def collect(endpoint: str, **parameters: Any) -> dict[str, Any]:
        page = ashby(endpoint, **parameters)
        found = page["results"]
        while page.get("moreDataAvailable"):
            page = ashby(endpoint, cursor=page["nextCursor"], **parameters)
            found += page["results"]
        return {record["id"]: record for record in found}

    return collect


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_made_changed_and_removed(
    kind: str, client: httpx.Client, listed: Callable[..., dict[str, Any]], organisation: Organisation
) -> None:
    endpoint, parameters, changes = KINDS[kind]
    before = listed(endpoint, **parameters)
    copied = next(iter(before))
    made = client.post(f"/_sandbox/records/{kind}", json={"copyOf": copied}).json()["id"]
    assert set(listed(endpoint, **parameters)) == {*before, made}
    changed = client.patch(f"/_sandbox/records/{kind}/{made}", json={"changes": changes})
    assert changed.status_code == 200, changed.text
    assert changes.items() <= client.get(f"/_sandbox/records/{kind}/{made}").json().items()
    assert client.delete(f"/_sandbox/records/{kind}/{made}").json() == {"id": made}
    after = listed(endpoint, **parameters)
    assert set(after) == set(before)
    assert client.get(f"/_sandbox/records/{kind}/{made}").status_code == 404
    assert client.delete(f"/_sandbox/records/{kind}/{made}").status_code == 404


@pytest.mark.parametrize("kind", ["candidate", "job", "user", "brand", "department", "interview", "offer", "source"])
def test_every_list_works_without_the_first_record_of_a_kind(
    kind: str, client: httpx.Client, organisation: Organisation, listed: Callable[..., dict[str, Any]]
) -> None:
    identifier = next(iter(organisation.tables[kind]))["id"]
    assert client.delete(f"/_sandbox/records/{kind}/{identifier}").status_code == 200
    for endpoint in LISTS:
        listed(endpoint)


def test_a_job_takes_along_what_belongs_to_it(
    client: httpx.Client, ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    job_id = first["jobId"]
    ashby("interviewSchedule.create", applicationId=first["id"], interviewEvents=[EVENT])
    client.delete(f"/_sandbox/records/job/{job_id}")
    assert organisation.where("application", "jobId", job_id) == []
    assert organisation.where("job_posting", "jobId", job_id) == []
    assert not any(job_id in opening["jobIds"] for opening in organisation.openings)
    kept = {application["id"] for application in organisation.applications}
    for kind in ("interview_schedule", "offer", "offer_process"):
        assert {record["applicationId"] for record in organisation.tables[kind]} <= kept
    schedules = {schedule["id"] for schedule in organisation.interview_schedules}
    assert {event["interviewScheduleId"] for event in organisation.interview_events} <= schedules
    candidate = ashby("candidate.info", id=first["candidateId"])["results"]
    assert first["id"] not in candidate["applicationIds"]


def test_a_user_leaves_pools_interviews_and_teams(
    client: httpx.Client, ashby: Ashby, organisation: Organisation
) -> None:
    user = next(entry["userId"] for event in organisation.interview_events for entry in event["interviewers"])
    client.delete(f"/_sandbox/records/user/{user}")
    assert not any(
        entry["userId"] == user for event in organisation.interview_events for entry in event["interviewers"]
    )
    for pool in organisation.interviewer_pools:
        assert user not in [entry["userId"] for entry in (*pool["qualified"], *pool["trainees"])]
    assert organisation.where("user", "managerId", user) == []
    for job in ashby("job.list")["results"]:
        assert user not in [member["userId"] for member in job["hiringTeam"]]


def test_an_event_joins_and_leaves_its_schedule(client: httpx.Client, ashby: Ashby, organisation: Organisation) -> None:
    event = next(iter(organisation.interview_events))
    schedule_id = event["interviewScheduleId"]

    def shown() -> list[str]:
        listed = ashby("interviewEvent.list", interviewScheduleId=schedule_id)["results"]
        return sorted(one["id"] for one in listed)

    before = shown()
    made = client.post("/_sandbox/records/interview_event", json={"copyOf": event["id"]}).json()["id"]
    assert shown() == sorted([*before, made])
    client.patch(f"/_sandbox/records/interview_event/{made}", json={"changes": {"endTime": 4_000_000_000_000}})
    assert client.get(f"/_sandbox/records/interview_schedule/{schedule_id}").json()["status"] == "Scheduled"
    for identifier in (made, *before):
        client.delete(f"/_sandbox/records/interview_event/{identifier}")
    assert shown() == []
    schedule = client.get(f"/_sandbox/records/interview_schedule/{schedule_id}").json()
    assert (schedule["status"], schedule["eventIds"]) == ("Cancelled", [])


def test_a_copied_application_belongs_to_its_candidate(
    client: httpx.Client, ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    other = organisation.people.identifier(1)
    made = client.post(
        "/_sandbox/records/application", json={"copyOf": first["id"], "changes": {"candidateId": other}}
    ).json()
    assert made["id"] in ashby("candidate.info", id=other)["results"]["applicationIds"]
    [step] = ashby("application.listHistory", applicationId=made["id"])["results"]
    assert step["stageId"] == first["interviewStageId"]


def test_another_stage_changes_what_follows_from_it(
    client: httpx.Client, organisation: Organisation, first: Record, stages: dict[str, str]
) -> None:
    path = f"/_sandbox/records/application/{first['id']}"
    moved = client.patch(path, json={"changes": {"interviewStageId": stages["Hired"]}}).json()
    assert moved["status"] == "Hired"
    assert len(moved["history"]) == len(organisation.history(first)) + 1
    other = next(job for job in organisation.jobs if job["id"] != first["jobId"])
    moved = client.patch(path, json={"changes": {"jobId": other["id"]}}).json()
    assert moved["jobId"] == other["id"]
    assert [change.action for change in list(organisation.recent_changes)[-2:]] == ["stage_changed", "transferred"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": UNKNOWN}, "id"),
        ({"status": "Hired"}, "status"),
        ({"candidateId": UNKNOWN}, "candidateId"),
        ({"nothing": 1}, "nothing"),
        ({"createdAt": "today"}, "createdAt"),
        ({"jobId": UNKNOWN}, "jobId"),
    ],
)
def test_what_would_break_a_record_is_refused(
    changes: dict[str, Any], field: str, client: httpx.Client, first: Record
) -> None:
    answer = client.patch(f"/_sandbox/records/application/{first['id']}", json={"changes": changes})
    assert answer.status_code == 400
    assert [problem["parameter"] for problem in answer.json()["errors"]] == [field]


def test_what_others_stand_on_stays(client: httpx.Client, organisation: Organisation, first: Record) -> None:
    for kind, identifier in (
        ("interview_stage", first["interviewStageId"]),
        ("interview_plan", first["interviewPlanId"]),
    ):
        assert client.delete(f"/_sandbox/records/{kind}/{identifier}").status_code == 400
    brands = [brand["id"] for brand in organisation.brands]
    answers = [client.delete(f"/_sandbox/records/brand/{brand}").status_code for brand in brands]
    assert answers == [*[200] * (len(brands) - 1), 400]
    made = client.post("/_sandbox/records/interview_stage", json={"copyOf": first["interviewStageId"]}).json()
    assert client.delete(f"/_sandbox/records/interview_stage/{made['id']}").status_code == 200


def test_a_plan_goes_with_its_stages(client: httpx.Client, organisation: Organisation) -> None:
    plan = client.post("/_sandbox/records/interview_plan").json()["id"]
    with organisation.lock:
        stage = create(organisation, "interview_stage", {"interviewPlanId": plan}, copy_of=None)
    client.delete(f"/_sandbox/records/interview_plan/{plan}")
    assert organisation.interview_stages.get(stage["id"]) is None


@pytest.mark.parametrize("kind", ["approval", "offer_process"])
def test_some_kinds_are_not_copied(kind: str, client: httpx.Client) -> None:
    assert client.post(f"/_sandbox/records/{kind}").status_code == 400


@pytest.mark.parametrize("kind", ["nothing", "webhook"])
def test_an_unknown_kind_is_not_found(kind: str, client: httpx.Client) -> None:
    assert client.get(f"/_sandbox/records/{kind}").status_code == 404
    assert client.post(f"/_sandbox/records/{kind}").status_code == 404


def test_raw_records_are_listed_in_pages(client: httpx.Client, organisation: Organisation) -> None:
    gone = [application["id"] for application in organisation.applications][5]
    client.delete(f"/_sandbox/records/application/{gone}")
    found: list[str] = []
    offset: int | None = 0
    page: dict[str, Any] = {}
    while offset is not None:
        page = client.get(f"/_sandbox/records/application?limit=50&offset={offset}").json()
        assert page["ids"] == [record["id"] for record in page["records"]]
        found += page["ids"]
        offset = page["next"]
    assert found == [application["id"] for application in organisation.applications]
    assert (page["total"], page["next"]) == (len(found), None)
    assert client.get("/_sandbox/records/application?limit=x").status_code == 400


def test_a_default_plan_is_one_of_the_plans_of_its_job(client: httpx.Client, organisation: Organisation) -> None:
    job = next(job for job in organisation.jobs if job["defaultInterviewPlanId"])
    plan = next(plan["id"] for plan in organisation.interview_plans if plan["id"] not in job["interviewPlanIds"])
    changed = client.patch(
        f"/_sandbox/records/job/{job['id']}", json={"changes": {"defaultInterviewPlanId": plan}}
    ).json()
    assert plan in changed["interviewPlanIds"]
