"""Reading applications: where they stand, their histories, and who sees them."""

import pytest

from sandbox.config import SandboxConfig
from sandbox.organisation import Organisation
from sandbox.table import Record
from tests.unit.sandbox.hiring import EVENT, Ashby, code, everyone


def test_status_follows_the_type_of_the_stage_in_every_application(ashby: Ashby) -> None:
    listed = everyone(ashby)
    named = {"Lead", "Hired", "Archived"}
    for one in listed:
        kind = one["currentInterviewStage"]["type"]
        assert one["status"] == (kind if kind in named else "Active")
        assert ("archiveReason" in one) == ("archivedAt" in one) == (kind == "Archived")
    assert {one["status"] for one in listed} == {"Lead", "Active", "Archived", "Hired"}
    assert {one["currentInterviewStage"]["type"] for one in listed} == {
        "Lead", "PreInterviewScreen", "Active", "Offer", "Hired", "Archived",
    }  # fmt: skip


@pytest.mark.parametrize("status", ["Hired", "Archived", "Active", "Lead"])
def test_a_list_of_one_status_is_that_part_of_the_whole(status: str, ashby: Ashby) -> None:
    wanted = [one["id"] for one in everyone(ashby) if one["status"] == status]
    assert [one["id"] for one in everyone(ashby, status=status)] == wanted
    assert wanted


def test_a_list_of_one_job_is_that_part_of_the_whole_also_after_a_transfer(
    ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    source, target = [job for job, _ in zip(organisation.jobs, range(2), strict=False)]
    plan = target["defaultInterviewPlanId"]
    stage = ashby("interviewStage.list", interviewPlanId=plan)["results"][0]["id"]
    moved = ashby(
        "application.transfer",
        applicationId=first["id"],
        jobId=target["id"],
        interviewPlanId=plan,
        interviewStageId=stage,
    )
    assert moved["results"]["job"]["id"] == target["id"]
    whole = everyone(ashby)
    for job in (source, target):
        wanted = [one["id"] for one in whole if one["job"]["id"] == job["id"]]
        assert [one["id"] for one in everyone(ashby, jobId=job["id"])] == wanted
        assert (first["id"] in wanted) is (job is target)


def test_a_window_of_creation_excludes_both_its_ends(ashby: Ashby, organisation: Organisation) -> None:
    created = [one["createdAt"] for one in organisation.applications]
    after, before = created[20], created[60]
    wanted = [one["id"] for one in organisation.applications if after < one["createdAt"] < before]
    found = everyone(ashby, createdAfter=after, createdBefore=before)
    assert [one["id"] for one in found] == wanted
    assert wanted
    assert code(ashby("application.list", createdAfter=before, createdBefore=after)) == "invalid_input"
    assert code(ashby("application.list", createdAfter=organisation.now() + 1)) == "invalid_input"


def test_draft_jobs_and_unknown_jobs_have_no_applications(ashby: Ashby, organisation: Organisation) -> None:
    draft = next(job["id"] for job in organisation.jobs if job["status"] == "Draft")
    for job_id in (draft, "00000000-0000-4000-8000-000000000000"):
        assert ashby("application.list", jobId=job_id)["results"] == []


def test_info_tells_the_history_up_to_the_present_stage(ashby: Ashby, organisation: Organisation) -> None:
    for record in organisation.applications:
        view = ashby("application.info", applicationId=record["id"])["results"]
        history = view["applicationHistory"]
        assert [item["stageNumber"] for item in history] == list(range(len(history)))
        assert history[-1]["stageId"] == view["currentInterviewStage"]["id"]
        assert history[0]["enteredStageAt"] == view["createdAt"]
        assert [item["leftStageAt"] for item in history[:-1]] == [item["enteredStageAt"] for item in history[1:]]
        assert "leftStageAt" not in history[-1]
        assert history == ashby("application.listHistory", applicationId=record["id"])["results"]


def test_a_history_is_paged_without_sync_token(ashby: Ashby, organisation: Organisation) -> None:
    record = max(organisation.applications, key=lambda one: len(organisation.history(one)))
    page = ashby("application.listHistory", applicationId=record["id"], limit=2)
    rest = ashby("application.listHistory", applicationId=record["id"], cursor=page["nextCursor"])
    assert "syncToken" not in rest
    assert [item["stageNumber"] for item in page["results"] + rest["results"]] == list(
        range(len(organisation.history(record)))
    )


def test_expansions_come_only_when_asked_for(ashby: Ashby, organisation: Organisation) -> None:
    via_board = next(one for one in organisation.applications if one["appliedViaJobPostingId"])
    plain = ashby("application.info", applicationId=via_board["id"])["results"]
    assert not {"openings", "applicationFormSubmissions", "referrals"} & set(plain)
    expanded = ashby(
        "application.info",
        applicationId=via_board["id"],
        expand=["openings", "applicationFormSubmissions", "referrals"],
    )["results"]
    submission = expanded["applicationFormSubmissions"][0]
    assert submission["submittedValues"]["_systemfield_name"] == expanded["candidate"]["name"]
    by_form = ashby("application.info", submittedFormInstanceId=submission["id"])["results"]
    assert by_form == plain
    assert code(ashby("application.info", submittedFormInstanceId=via_board["id"])) == "application_not_found"
    assert code(ashby("application.info")) == "invalid_input"


def test_the_filled_opening_of_a_hire_is_expanded(ashby: Ashby, organisation: Organisation) -> None:
    offer = next(one for one in organisation.offers if one["versions"][-1]["openingId"])
    view = ashby("application.info", applicationId=offer["applicationId"], expand=["openings"])["results"]
    assert [opening["id"] for opening in view["openings"]] == [offer["versions"][-1]["openingId"]]
    assert view["openings"][0]["openingState"] == "Filled"


def test_who_referred_is_named_where_the_source_is_a_referral(ashby: Ashby, organisation: Organisation) -> None:
    kinds: dict[bool, int] = {True: 0, False: 0}
    for record in organisation.applications:
        view = ashby("application.info", applicationId=record["id"], expand=["referrals"])["results"]
        referral = view.get("source", {}).get("sourceType", {}).get("title") == "Referral"
        named = [one["user"]["id"] for one in view["referrals"]]
        assert named == ([view["creditedToUser"]["id"]] if referral and "creditedToUser" in view else [])
        kinds[bool(named)] += 1
    assert all(kinds.values())


def test_the_candidate_inside_an_application_is_the_candidate(ashby: Ashby) -> None:
    for one in everyone(ashby):
        candidate = ashby("candidate.info", id=one["candidate"]["id"])["results"]
        names = ("id", "name", "primaryEmailAddress", "primaryPhoneNumber")
        assert one["candidate"] == {name: candidate[name] for name in names if name in candidate}
        assert one["id"] in candidate["applicationIds"]


def test_a_changed_candidate_is_changed_in_its_applications(ashby: Ashby, first: Record) -> None:
    ashby("candidate.update", candidateId=first["candidateId"], name="Augusta", email="augusta@example.com")
    inside = ashby("application.info", applicationId=first["id"])["results"]["candidate"]
    assert (inside["name"], inside["primaryEmailAddress"]["value"]) == ("Augusta", "augusta@example.com")


def test_applications_for_confidential_jobs_do_not_exist_without_the_switch(
    ashby: Ashby, organisation: Organisation, limited: str
) -> None:
    secret = {job["id"] for job in organisation.jobs if job["confidential"]}
    hidden = {one["id"] for one in organisation.applications if one["jobId"] in secret}
    assert hidden
    seen = everyone(ashby, key=limited)
    assert {one["id"] for one in everyone(ashby)} - {one["id"] for one in seen} == hidden
    one = next(iter(hidden))
    stage = next(iter(organisation.interview_stages))["id"]
    for endpoint, more in (
        ("application.info", {}),
        ("application.listHistory", {}),
        ("application.update", {}),
        ("application.changeSource", {"sourceId": None}),
        ("application.changeStage", {"interviewStageId": stage}),
        ("application.delete", {}),
        ("interviewSchedule.create", {"interviewEvents": [{**EVENT}]}),
        ("offerProcess.start", {}),
    ):
        assert code(ashby(endpoint, key=limited, applicationId=one, **more)) == "application_not_found", endpoint


def test_only_the_stages_between_may_be_deleted_from_a_history(ashby: Ashby, organisation: Organisation) -> None:
    longest = max(organisation.applications, key=lambda one: len(organisation.history(one)))
    items = ashby("application.listHistory", applicationId=longest["id"])["results"]
    assert ["delete" in item["allowedActions"] for item in items] == [False, *[True] * (len(items) - 2), False]


def test_a_cursor_is_bound_to_its_filters(ashby: Ashby) -> None:
    cursor = ashby("application.list", status="Active", limit=1)["nextCursor"]
    for other in ({}, {"status": "Lead"}, {"status": "Active", "createdAfter": 0}):
        assert code(ashby("application.list", cursor=cursor, **other)) == "invalid_next_cursor"
    assert ashby("application.list", status="Active", cursor=cursor)["success"] is True


def test_the_positions_a_window_may_lie_in_leave_nothing_out() -> None:
    organisation = Organisation(SandboxConfig(candidates=20_000))
    created = {position: organisation.applications.at(position)["createdAt"] for position in range(9_000, 9_060)}  # type: ignore[index] - it is there
    for position, moment in created.items():
        floor, ceiling = organisation.pipeline.created_between(moment - 1, moment + 1)
        assert floor <= position < ceiling
        assert ceiling - floor < 400


def test_fields_of_confidential_jobs_and_applications_are_not_set_without_the_switch(
    ashby: Ashby, organisation: Organisation, limited: str
) -> None:
    job = next(one for one in organisation.jobs if one["confidential"] and one["status"] == "Open")
    application = next(one for one in organisation.applications if one["jobId"] == job["id"])
    for object_type, record in (("Job", job), ("Application", application)):
        field = next(
            one["id"]
            for one in organisation.custom_fields
            if one["objectType"] == object_type and one["fieldType"] == "Boolean"
        )
        body = {"objectType": object_type, "objectId": record["id"], "fieldId": field, "fieldValue": True}
        assert code(ashby("customField.setValue", key=limited, **body)) == f"{object_type.lower()}_not_found"
        assert ashby("customField.setValue", **body)["results"]["value"] is True
