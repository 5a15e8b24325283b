"""Scenarios of jobs, applications, their stages and offers."""

from tests.e2e.account import Record
from tests.e2e.as_ashby_has_it import application, given, job, offer, parts, stage
from tests.e2e.bench import OFFER, Bench, Scenarios, differences, keeper, same_ids, some
from tests.e2e.running import assert_problem
from unified.connector import Operation

SCENARIOS: Scenarios = {}
STATUSES = ("Draft", "Open", "Closed", "Archived")
does = keeper(SCENARIOS)

# -- jobs -------------------------------------------------------------------------------------------------------------


@does("atsJob", Operation.LIST, "native")
def jobs_are_all_jobs_drafts_too(bench: Bench) -> None:
    found = bench.every("job.list", status=STATUSES)
    assert {one["status"] for one in found} == set(STATUSES)
    same_ids(bench, "atsJob", [one["id"] for one in found])


@does("atsJob", Operation.RETRIEVE, "native")
def a_job_is_as_ashby_has_it(bench: Bench) -> None:
    for one in bench.every("job.list", status=STATUSES):
        assert bench.read("atsJob", one["id"]) == given(job(bench, bench.ashby("job.info", id=one["id"])))


@does("atsJob", Operation.CREATE, "native")
def a_new_job_is_there_open_and_with_its_team(bench: Bench) -> None:
    like, user = bench.job(), bench.user()
    made = bench.create(
        "atsJob",
        title="Difference Engineer",
        departmentId=like["departmentId"],
        locationId=like["locationId"],
        planId=like["defaultInterviewPlanId"],
        requisitionId="R-1842",
        hiringTeam=[{"user": {"id": user["id"]}, "role": "Recruiter"}],
        status="OPEN",
    )
    record = bench.ashby("job.info", id=made)
    assert (record["title"], record["status"], record["customRequisitionId"]) == (
        "Difference Engineer",
        "Open",
        "R-1842",
    )
    assert parts(record, "departmentId", "locationId", "defaultInterviewPlanId") == parts(
        like, "departmentId", "locationId", "defaultInterviewPlanId"
    )
    assert [(one["userId"], one["role"]) for one in record["hiringTeam"]] == [(user["id"], "Recruiter")]


def draft(bench: Bench) -> Record:
    like = bench.job()
    made = bench.ashby("job.create", title="Draft", teamId=like["departmentId"], locationId=like["locationId"])
    return bench.ashby("job.info", id=made["id"])


@does("atsJob", Operation.UPDATE, "native")
def a_changed_job_is_changed_and_so_is_its_posting(bench: Bench) -> None:
    before, number = draft(bench), bench.last_change()
    bench.update("atsJob", before["id"], title="No draft any more")
    after = bench.ashby("job.info", id=before["id"])
    assert after["title"] == "No draft any more"
    assert differences(before, after) <= {"title", "updatedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("job", before["id"])}

    published = bench.job()
    posting = published["jobPostingIds"][0]
    number = bench.last_change()
    bench.update("atsJob", published["id"], description="<h2>Steam</h2>")
    body = bench.ashby("jobPosting.info", jobPostingId=posting)["descriptionParts"]["descriptionBody"]
    assert body["html"] == "<h2>Steam</h2>"
    assert {change[:2] for change in bench.changes(number)} == {("job_posting", posting)}


@does("atsJob", Operation.DELETE, "emulated")
def a_deleted_job_is_an_archived_one(bench: Bench) -> None:
    made, number = draft(bench)["id"], bench.last_change()
    bench.delete("atsJob", made)
    assert bench.ashby("job.info", id=made)["status"] == "Archived"
    assert {change[:2] for change in bench.changes(number)} == {("job", made)}
    # The other half of the cell's reason: an open job must be closed first.
    still_open, number = bench.job(), bench.last_change()
    assert_problem(bench.call("DELETE", f"atsJob/{still_open['id']}"), 409, "CONNECTOR::OPERATION::CONFLICT")
    assert bench.changes(number) == set()


# -- applications -----------------------------------------------------------------------------------------------------


@does("atsApplication", Operation.LIST, "native")
def applications_are_all_applications(bench: Bench) -> None:
    same_ids(bench, "atsApplication", [one["id"] for one in bench.every("application.list")])


@does("atsApplication", Operation.RETRIEVE, "native")
def an_application_is_as_ashby_has_it(bench: Bench) -> None:
    found = bench.every("application.list")
    by_status = {one["status"]: one for one in found}
    with_offer = bench.every("offer.list")[0]["applicationId"]
    for record_id in (with_offer, *(one["id"] for one in (*by_status.values(), *some(found)))):
        record = bench.ashby("application.info", applicationId=record_id)
        assert bench.read("atsApplication", record_id) == given(application(bench, record))


@does("atsApplication", Operation.CREATE, "native")
def a_new_application_is_there_in_its_stage(bench: Bench) -> None:
    candidate, wanted, user = bench.candidate(), bench.job(), bench.user()
    source = bench.ashby("source.list")[0]
    in_stage = bench.stage(wanted, "Active")
    made = bench.create(
        "atsApplication",
        candidate={"id": candidate["id"]},
        job={"id": wanted["id"]},
        stage={"id": in_stage},
        sourceId=source["id"],
        creditedTo={"id": user["id"]},
        recruiter={"id": user["id"]},
        appliedDate="2025-03-01T08:00:00.000Z",
    )
    record = bench.ashby("application.info", applicationId=made)
    assert (record["candidate"]["id"], record["job"]["id"]) == (candidate["id"], wanted["id"])
    assert (record["currentInterviewStage"]["id"], record["status"]) == (in_stage, "Active")
    assert (record["source"]["id"], record["creditedToUser"]["id"]) == (source["id"], user["id"])
    assert record["createdAt"] == "2025-03-01T08:00:00.000Z"
    assert [one["userId"] for one in record["hiringTeam"] if one["role"] == "Recruiter"] == [user["id"]]
    assert bench.ashby("candidate.info", id=candidate["id"])["applicationIds"] == [made]


@does("atsApplication", Operation.UPDATE, "native")
def a_changed_application_moves_and_is_archived(bench: Bench) -> None:
    made, wanted = bench.application()["id"], bench.job()
    before, number = bench.ashby("application.info", applicationId=made), bench.last_change()
    bench.update("atsApplication", made, stage={"id": bench.stage(wanted, "Active")})
    moved = bench.ashby("application.info", applicationId=made)
    assert moved["currentInterviewStage"]["id"] == bench.stage(wanted, "Active")
    history = {"currentInterviewStage", "status", "updatedAt", "applicationHistory"}
    assert differences(before, moved) <= history
    reason = bench.ashby("archiveReason.list")[0]["id"]
    bench.update("atsApplication", made, stage={"id": bench.stage(wanted, "Archived")}, archiveReasonId=reason)
    archived = bench.ashby("application.info", applicationId=made)
    assert (archived["status"], archived["archiveReason"]["id"]) == ("Archived", reason)
    assert differences(moved, archived) <= history | {"archiveReason", "archivedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("application", made)}


@does("atsApplication", Operation.DELETE, "native")
def a_deleted_application_is_gone_and_its_candidate_is_not(bench: Bench) -> None:
    made = bench.application()
    bench.delete("atsApplication", made["id"])
    assert bench.envelope("application.info", applicationId=made["id"])["success"] is False
    assert bench.ashby("candidate.info", id=made["candidate"]["id"])["applicationIds"] == []


# -- stages -----------------------------------------------------------------------------------------------------------


def stages(bench: Bench) -> list[Record]:
    plans = bench.every("interviewPlan.list", includeArchived=True)
    return [one for plan in plans for one in bench.ashby("interviewStage.list", interviewPlanId=plan["id"])]


@does("atsApplicationStage", Operation.LIST, "native")
def stages_are_those_of_all_plans(bench: Bench) -> None:
    same_ids(bench, "atsApplicationStage", [one["id"] for one in stages(bench)])


@does("atsApplicationStage", Operation.RETRIEVE, "native")
def a_stage_is_as_its_plan_has_it(bench: Bench) -> None:
    for one in stages(bench):
        assert bench.read("atsApplicationStage", one["id"]) == given(stage(bench, one))


# -- offers -----------------------------------------------------------------------------------------------------------


@does("atsOffer", Operation.LIST, "native")
def offers_are_all_offers(bench: Bench) -> None:
    same_ids(bench, "atsOffer", [one["id"] for one in bench.every("offer.list")])


@does("atsOffer", Operation.RETRIEVE, "native")
def an_offer_is_as_its_latest_version_has_it(bench: Bench) -> None:
    found = bench.every("offer.list")
    by_status = {one["offerStatus"]: one for one in found}
    for one in (*by_status.values(), *some(found)):
        assert bench.read("atsOffer", one["id"]) == given(offer(bench.ashby("offer.info", offerId=one["id"])))


@does("atsOffer", Operation.CREATE, "native")
def a_new_offer_fills_out_the_accounts_form(bench: Bench) -> None:
    subject = bench.application()["id"]
    made = bench.create("atsOffer", application={"id": subject}, **OFFER)
    (record,) = bench.every("offer.list", applicationId=subject)
    version = record["latestVersion"]
    custom = {field["title"]: field["value"] for field in version["customFields"]}
    assert record["id"] == made
    assert version["startDate"][:10] == "2027-01-01"
    assert version["salary"] == {"value": 90_000, "currencyCode": "EUR"}
    assert custom["Bonus amount"] == {"value": 2_000, "currencyCode": "EUR"}
    assert custom["Expiration date"][:10] == "2026-12-31"
    assert custom["Benefits"] == ["pension"]


@does("atsOffer", Operation.UPDATE, "native")
def a_changed_offer_is_a_new_version_or_a_decision(bench: Bench) -> None:
    made = bench.our_offer()
    before = bench.ashby("offer.info", offerId=made)
    bench.update("atsOffer", made, salary=95_000)
    after = bench.ashby("offer.info", offerId=made)
    old, new = before["latestVersion"], after["latestVersion"]
    assert new["salary"] == {"value": 95_000, "currencyCode": "EUR"}
    assert differences(old, new) <= {"id", "createdAt", "salary"}
    assert len(after["versions"]) == len(before["versions"]) + 1
    bench.update("atsOffer", made, status="DECLINED")
    assert bench.ashby("offer.info", offerId=made)["offerStatus"] == "CandidateRejected"


@does("atsOffer", Operation.DELETE, "emulated")
def a_deleted_offer_is_a_cancelled_one(bench: Bench) -> None:
    made = bench.our_offer()
    before, number = bench.ashby("offer.info", offerId=made), bench.last_change()
    bench.delete("atsOffer", made)
    after = bench.ashby("offer.info", offerId=made)
    assert (after["offerStatus"], after["latestVersion"]) == ("OfferCancelled", before["latestVersion"])
    assert {change[:2] for change in bench.changes(number)} == {("offer", made)}
