"""Applications that are made, moved and deleted, and what is told of it."""

from typing import Any

import httpx
import pytest

from sandbox.identifiers import identifier_at
from sandbox.organisation import Change, Organisation
from sandbox.table import Record
from tests.unit.sandbox.hiring import Ashby, code, everyone

# -- moving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Lead", "Lead"),
        ("PreInterviewScreen", "Active"),
        ("Offer", "Active"),
        ("Hired", "Hired"),
        ("Archived", "Archived"),
    ],
)
def test_moving_sets_the_status_and_ends_the_last_stage(
    kind: str, status: str, ashby: Ashby, first: Record, stages: dict[str, str], reason: str, clock: Any
) -> None:
    before = ashby("application.info", applicationId=first["id"])["results"]
    clock.advance(60)
    more = {"archiveReasonId": reason} if kind == "Archived" else {}
    moved = ashby("application.changeStage", applicationId=first["id"], interviewStageId=stages[kind], **more)[
        "results"
    ]
    after = ashby("application.info", applicationId=first["id"])["results"]
    assert (moved["status"], moved["currentInterviewStage"]["id"]) == (status, stages[kind])
    assert after["updatedAt"] > before["updatedAt"]
    assert after["applicationHistory"][:-2] == before["applicationHistory"][:-1]
    assert after["applicationHistory"][-2]["leftStageAt"] == after["applicationHistory"][-1]["enteredStageAt"]
    assert ("archiveReason" in after, "archivedAt" in after) == (kind == "Archived",) * 2


def test_the_mover_is_in_the_history_when_a_user_is_acted_for(
    client: httpx.Client, ashby: Ashby, organisation: Organisation, first: Record, stages: dict[str, str]
) -> None:
    user = next(iter(organisation.users))["id"]
    client.post(
        "/application.changeStage",
        json={"applicationId": first["id"], "interviewStageId": stages["Offer"]},
        auth=("ashby_local_full", ""),
        headers={"X-On-Behalf-Of": user},
    )
    ashby("application.changeStage", applicationId=first["id"], interviewStageId=stages["Lead"])
    history = ashby("application.listHistory", applicationId=first["id"])["results"]
    assert history[-2]["actorId"] == user
    assert "actorId" not in history[-1]


def test_coming_back_from_the_archive_forgets_the_reason(
    ashby: Ashby, first: Record, stages: dict[str, str], reason: str
) -> None:
    target = {"applicationId": first["id"]}
    ashby("application.changeStage", **target, interviewStageId=stages["Archived"], archiveReasonId=reason)
    back = ashby("application.changeStage", **target, interviewStageId=stages["Lead"])["results"]
    assert not {"archiveReason", "archivedAt"} & set(back)


def test_an_archive_reason_is_given_exactly_for_an_archived_stage(
    ashby: Ashby, first: Record, stages: dict[str, str], reason: str
) -> None:
    def move(kind: str, **more: Any) -> Any:
        return ashby("application.changeStage", applicationId=first["id"], interviewStageId=stages[kind], **more)

    before = ashby("application.info", applicationId=first["id"])
    email = {"communicationTemplateId": first["id"]}
    assert code(move("Archived")) == "invalid_input"
    assert code(move("Offer", archiveReasonId=reason)) == "invalid_input"
    assert code(move("Offer", archiveEmail=email)) == "invalid_input"
    assert code(move("Archived", archiveReasonId=first["id"])) == "archive_reason_not_found"
    assert code(move("Archived", archiveReasonId=reason, archiveEmail=email)) == "communication_template_not_found"
    assert ashby("application.info", applicationId=first["id"]) == before


def test_an_archive_mail_needs_an_address(ashby: Ashby, organisation: Organisation, reason: str) -> None:
    made = ashby("candidate.create", name="No Address")["results"]["id"]
    job = next(iter(organisation.jobs))["id"]
    application = ashby("application.create", candidateId=made, jobId=job)["results"]
    stage = next(
        stage["id"]
        for stage in organisation.interview_stages
        if stage["type"] == "Archived"
        and stage["interviewPlanId"] == application["currentInterviewStage"]["interviewPlanId"]
    )
    refused = ashby(
        "application.changeStage",
        applicationId=application["id"],
        interviewStageId=stage,
        archiveReasonId=reason,
        archiveEmail={"communicationTemplateId": made},
    )
    assert (code(refused), refused["errors"][0]["parameter"]) == ("invalid_input", "archiveEmail")


def test_a_stage_of_another_plan_is_not_found(ashby: Ashby, organisation: Organisation, first: Record) -> None:
    other = next(
        stage for stage in organisation.interview_stages if stage["interviewPlanId"] != first["interviewPlanId"]
    )
    for stage_id in (other["id"], first["id"]):
        refused = ashby("application.changeStage", applicationId=first["id"], interviewStageId=stage_id)
        assert code(refused) == "interview_stage_not_found"


def test_nobody_is_hired_around_an_offer_that_is_not_approved(ashby: Ashby, organisation: Organisation) -> None:
    waiting = ashby("offer.list", offerStatus=["WaitingOnApprovalStart"])["results"][0]
    application = ashby("application.info", applicationId=waiting["applicationId"])["results"]
    plan = application["currentInterviewStage"]["interviewPlanId"]
    hired = next(
        stage["id"]
        for stage in organisation.interview_stages
        if stage["type"] == "Hired" and stage["interviewPlanId"] == plan
    )
    target = {"applicationId": application["id"], "interviewStageId": hired}
    assert code(ashby("application.changeStage", **target)) == "invalid_input"
    ashby("offer.approve", offerVersionId=waiting["latestVersion"]["id"])
    assert ashby("application.changeStage", **target)["results"]["status"] == "Hired"


def test_a_transfer_needs_a_plan_of_the_job_and_a_stage_of_the_plan(
    ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    job = list(organisation.jobs)[1]
    plan = job["defaultInterviewPlanId"]
    stages = {stage["type"]: stage["id"] for stage in organisation.interview_stages if stage["interviewPlanId"] == plan}

    def transfer(**changes: Any) -> Any:
        body = {"jobId": job["id"], "interviewPlanId": plan, "interviewStageId": stages["Active"], **changes}
        return ashby("application.transfer", applicationId=first["id"], **body)

    assert code(transfer(interviewPlanId=first["interviewPlanId"])) == "invalid_input"
    assert code(transfer(interviewPlanId=first["id"])) == "interview_plan_not_found"
    assert code(transfer(interviewStageId=first["interviewStageId"])) == "interview_stage_not_found"
    assert code(transfer(interviewStageId=stages["Archived"])) == "invalid_input"
    assert code(transfer(jobId=first["id"])) == "job_not_found"
    moved = transfer()["results"]
    assert moved["job"]["title"] == job["title"]
    assert moved["currentInterviewStage"]["interviewPlanId"] == plan
    assert {member["userId"] for member in moved["hiringTeam"]} == {one["userId"] for one in job["hiringTeam"]}


def test_null_unsets_source_and_credit_and_leaving_out_keeps_them(
    ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    source, user = next(iter(organisation.sources))["id"], next(iter(organisation.users))["id"]
    target = {"applicationId": first["id"]}
    both = ashby("application.update", **target, sourceId=source, creditedToUserId=user)["results"]
    assert (both["source"]["id"], both["creditedToUser"]["id"]) == (source, user)
    kept = ashby("application.update", **target, createdAt="2024-02-29T12:00:00+02:00")["results"]
    assert (kept["source"]["id"], kept["createdAt"]) == (source, "2024-02-29T10:00:00.000Z")
    unset = ashby("application.update", **target, sourceId=None, creditedToUserId=None)["results"]
    assert not {"source", "creditedToUser"} & set(unset)
    assert ashby("application.changeSource", **target, sourceId=source)["results"]["source"]["id"] == source
    assert "source" not in ashby("application.changeSource", **target, sourceId=None)["results"]
    assert code(ashby("application.changeSource", **target)) == "invalid_input"
    assert code(ashby("application.changeSource", **target, sourceId=user)) == "source_not_found"


# -- creating and deleting ---------------------------------------------------------------------------------------


def test_a_new_application_is_a_lead_of_the_default_plan_and_the_candidates(
    ashby: Ashby, organisation: Organisation
) -> None:
    job = next(iter(organisation.jobs))
    candidate = organisation.people.identifier(1)
    made = ashby("application.create", candidateId=candidate, jobId=job["id"])["results"]
    assert (made["status"], made["currentInterviewStage"]["type"]) == ("Lead", "Lead")
    assert made["currentInterviewStage"]["interviewPlanId"] == job["defaultInterviewPlanId"]
    assert ashby("candidate.info", id=candidate)["results"]["applicationIds"] == [made["id"]]
    assert made["id"] == everyone(ashby)[-1]["id"]
    history = ashby("application.info", applicationId=made["id"])["results"]["applicationHistory"]
    assert [(item["stageNumber"], item["enteredStageAt"]) for item in history] == [(0, made["createdAt"])]


def test_a_new_application_may_start_in_a_named_stage(ashby: Ashby, organisation: Organisation) -> None:
    job, candidate = next(iter(organisation.jobs)), organisation.people.identifier(1)
    stages = [
        stage for stage in organisation.interview_stages if stage["interviewPlanId"] == job["defaultInterviewPlanId"]
    ]

    def create(stage: str, **more: Any) -> Any:
        return ashby("application.create", candidateId=candidate, jobId=job["id"], interviewStageId=stage, **more)

    screen = create("FirstPreInterviewScreen")["results"]["currentInterviewStage"]
    assert screen["id"] == next(stage["id"] for stage in stages if stage["type"] == "PreInterviewScreen")
    assert create(stages[-2]["id"])["results"]["status"] == "Hired"
    assert code(create(stages[-1]["id"])) == "invalid_input"
    assert code(create("SecondPreInterviewScreen")) == "invalid_input"
    assert code(create(candidate)) == "interview_stage_not_found"
    old = next(plan["id"] for plan in organisation.interview_plans if plan["isArchived"])
    assert old in job["interviewPlanIds"]
    assert (
        create("FirstPreInterviewScreen", interviewPlanId=old)["results"]["currentInterviewStage"]["interviewPlanId"]
        == old
    )


def test_a_given_history_decides_the_stage_whatever_its_order(
    ashby: Ashby, organisation: Organisation, stages: dict[str, str], reason: str
) -> None:
    job, candidate = next(iter(organisation.jobs))["id"], organisation.people.identifier(1)
    archived = {
        "stageId": stages["Archived"],
        "stageNumber": 7,
        "enteredStageAt": "2024-03-02T00:00:00Z",
        "archiveReasonId": reason,
    }
    lead = {"stageId": stages["Lead"], "stageNumber": 0, "enteredStageAt": "2024-03-01T00:00:00Z"}

    def create(*history: dict[str, Any]) -> Any:
        return ashby("application.create", candidateId=candidate, jobId=job, applicationHistory=list(history))

    made = create(archived, lead)["results"]
    assert (made["status"], made["archivedAt"]) == ("Archived", "2024-03-02T00:00:00.000Z")
    assert made["archiveReason"]["id"] == reason
    history = ashby("application.listHistory", applicationId=made["id"])["results"]
    assert [item["stageId"] for item in history] == [stages["Lead"], stages["Archived"]]
    assert code(create({**archived, "stageNumber": 0}, lead)) == "invalid_input"
    assert code(create({**archived, "archiveReasonId": job}, lead)) == "archive_reason_not_found"
    without = {name: value for name, value in archived.items() if name != "archiveReasonId"}
    assert code(create(without)) == "invalid_input"
    assert code(create({**lead, "archiveReasonId": reason})) == "invalid_input"


def test_creating_checks_every_reference_and_makes_nothing_when_one_is_wrong(
    ashby: Ashby, organisation: Organisation
) -> None:
    job, candidate = next(iter(organisation.jobs))["id"], organisation.people.identifier(1)
    planless = next(job["id"] for job in organisation.jobs if job["defaultInterviewPlanId"] is None)
    before = len(organisation.applications)
    for changes, expected in (
        ({"candidateId": job}, "candidate_not_found"),
        ({"jobId": candidate}, "job_not_found"),
        ({"jobId": planless}, "interview_plan_not_found"),
        ({"sourceId": job}, "source_not_found"),
        ({"creditedToUserId": job}, "user_not_found"),
        ({"interviewPlanId": job}, "interview_plan_not_found"),
    ):
        body = {"candidateId": candidate, "jobId": job, **changes}
        assert code(ashby("application.create", **body)) == expected
    assert len(organisation.applications) == before


def test_a_deleted_application_takes_its_interviews_and_offers_along(ashby: Ashby, organisation: Organisation) -> None:
    offer = next(one for one in organisation.offers if one["versions"][-1]["approvalStatus"])
    scheduled = next(one for one in organisation.interview_schedules if one["eventIds"])
    for application_id in (offer["applicationId"], scheduled["applicationId"]):
        candidate = organisation.applications.get(application_id)["candidateId"]  # type: ignore[index] - it is there
        assert ashby("application.delete", applicationId=application_id)["results"] == {"applicationId": application_id}
        assert code(ashby("application.info", applicationId=application_id)) == "application_not_found"
        assert application_id not in ashby("candidate.info", id=candidate)["results"]["applicationIds"]
        for kind in ("offer", "offer_process", "interview_schedule"):
            assert not organisation.where(kind, "applicationId", application_id)
    assert organisation.interview_events.get(scheduled["eventIds"][0]) is None
    assert not organisation.where("approval", "entityId", offer["versions"][-1]["id"])


def test_deleting_needs_a_permission_of_its_own(ashby: Ashby, client: httpx.Client, first: Record) -> None:
    client.post("/_sandbox/keys", json={"key": "writer", "permissions": ["candidatesRead", "candidatesWrite"]})
    refused = ashby("application.delete", key="writer", applicationId=first["id"])
    assert code(refused) == "missing_endpoint_permission"
    assert ashby("application.info", applicationId=first["id"])["success"] is True


# -- noticing ----------------------------------------------------------------------------------------------------


def test_every_change_of_an_application_is_told_with_what_a_webhook_needs(
    ashby: Ashby, organisation: Organisation, first: Record, stages: dict[str, str], reason: str
) -> None:
    heard: list[Change] = []
    organisation.subscribe(heard.append)
    target = {"applicationId": first["id"]}
    ashby("application.update", **target, sendNotifications=False)
    ashby("application.changeSource", **target, sourceId=None)
    ashby("application.changeStage", **target, interviewStageId=stages["Hired"])
    ashby("application.changeStage", **target, interviewStageId=stages["Archived"], archiveReasonId=reason)
    field = next(
        one["id"]
        for one in organisation.custom_fields
        if one["objectType"] == "Application" and one["fieldType"] == "Boolean"
    )
    ashby("customField.setValue", objectId=first["id"], objectType="Application", fieldId=field, fieldValue=True)
    assert {(change.kind, change.identifier) for change in heard} == {("application", first["id"])}
    assert [change.action for change in heard] == [
        "updated", "source_changed", "stage_changed", "stage_changed", "updated",
    ]  # fmt: skip
    assert [change.detail.get("hired") for change in heard[2:4]] == [True, False]
    assert heard[2].detail["fromStageId"] == first["interviewStageId"]
    assert heard[0].detail == {"sendNotifications": False}


def test_a_sync_pass_returns_what_moved(ashby: Ashby, first: Record, stages: dict[str, str]) -> None:
    page = ashby("application.list", limit=100)
    while page["moreDataAvailable"]:
        page = ashby("application.list", limit=100, cursor=page["nextCursor"])
    ashby("application.changeStage", applicationId=first["id"], interviewStageId=stages["Offer"])
    passed = ashby("application.list", syncToken=page["syncToken"])
    assert [one["id"] for one in passed["results"]] == [first["id"]]


def test_ids_of_history_events_stay_the_same_after_a_change(
    ashby: Ashby, organisation: Organisation, first: Record, stages: dict[str, str]
) -> None:
    ashby("application.changeStage", applicationId=first["id"], interviewStageId=stages["Offer"])
    items = ashby("application.listHistory", applicationId=first["id"])["results"]
    assert items[0]["id"] == identifier_at(organisation.seed, f"history/{first['id']}", 0)
    assert len({item["id"] for item in items}) == len(items)
