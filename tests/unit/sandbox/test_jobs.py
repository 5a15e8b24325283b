"""Jobs, their postings, openings, templates, plans and hiring teams."""

from typing import Any

import pytest

from sandbox.organisation import Change, Organisation
from sandbox.table import Record
from tests.unit.sandbox.hiring import Ashby, code

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def job_in(organisation: Organisation, status: str, *, plan: bool = True) -> Record:
    """Return a job that is not confidential, of a status, with a plan or without."""
    return next(
        job
        for job in organisation.jobs
        if job["status"] == status and not job["confidential"] and (job["defaultInterviewPlanId"] is not None) is plan
    )


# -- listing and finding -----------------------------------------------------------------------------------------


def test_drafts_are_listed_only_when_named(ashby: Ashby) -> None:
    statuses = {job["status"] for job in ashby("job.list")["results"]}
    assert statuses == {"Open", "Closed", "Archived"}
    named = ashby("job.list", status=["Draft", "Closed"])["results"]
    assert {job["status"] for job in named} == {"Draft", "Closed"}
    assert {job["status"] for job in ashby("job.list", status=[])["results"]} == statuses


def test_the_seeded_jobs_cover_every_kind(ashby: Ashby) -> None:
    jobs = ashby("job.list", status=["Draft", "Open", "Closed", "Archived"])["results"]
    assert len(jobs) >= 12
    assert {job["employmentType"] for job in jobs} == {"FullTime", "PartTime", "Intern", "Contract", "Temporary"}
    assert {job["confidential"] for job in jobs} == {True, False}
    assert any(not job["title"].isascii() for job in jobs)
    for name in ("locationId", "departmentId", "defaultInterviewPlanId", "customRequisitionId", "openedAt", "closedAt"):
        assert {name in job for job in jobs} == {True, False}, name
    assert any(len(job["interviewPlanIds"]) > 1 for job in jobs)
    assert any(len(job["hiringTeam"]) > 2 for job in jobs)
    assert any(job["customFields"] for job in jobs)


def test_confidential_jobs_do_not_exist_without_the_switch(
    ashby: Ashby, organisation: Organisation, limited: str
) -> None:
    every = ["Draft", "Open", "Closed", "Archived"]
    seen = ashby("job.list", key=limited, status=every)["results"]
    hidden = {job["id"] for job in ashby("job.list", status=every)["results"]} - {job["id"] for job in seen}
    assert hidden == {job["id"] for job in organisation.jobs if job["confidential"]}
    one = next(job for job in organisation.jobs if job["confidential"] and job["customRequisitionId"])
    for endpoint, body in (
        ("job.info", {"id": one["id"]}),
        ("job.update", {"jobId": one["id"]}),
        ("job.setStatus", {"jobId": one["id"], "status": "Closed"}),
        ("jobInterviewPlan.info", {"jobId": one["id"]}),
    ):
        assert code(ashby(endpoint, key=limited, **body)) == "job_not_found", endpoint
    assert ashby("job.search", key=limited, title=one["title"])["results"] == []
    assert ashby("job.search", title=one["title"])["results"][0]["id"] == one["id"]
    openings = ashby("opening.list", key=limited)["results"]
    assert hidden & {job for opening in ashby("opening.list")["results"] for job in opening["latestVersion"]["jobIds"]}
    assert not hidden & {job for opening in openings for job in opening["latestVersion"]["jobIds"]}


def test_filters_on_opening_and_closing_exclude_the_moment_itself(ashby: Ashby, organisation: Organisation) -> None:
    closed = job_in(organisation, "Closed")
    opened_at, closed_at = closed["openedAt"], closed["closedAt"]

    def found(**window: int) -> bool:
        return closed["id"] in {job["id"] for job in ashby("job.list", **window)["results"]}

    assert found(openedAfter=opened_at - 1, openedBefore=opened_at + 1)
    assert found(closedAfter=closed_at - 1, closedBefore=closed_at + 1)
    assert not found(openedAfter=opened_at)
    assert not found(openedBefore=opened_at)
    assert not found(closedAfter=closed_at)
    assert not found(closedBefore=closed_at)
    assert not any("closedAt" not in job for job in ashby("job.list", closedAfter=0)["results"])


def test_search_takes_part_of_a_title_in_any_case_or_a_whole_requisition(ashby: Ashby) -> None:
    assert {job["title"] for job in ashby("job.search", title="ENGINEER")["results"]} >= {
        "Software Engineer",
        "Platform Engineer",
        "Staff Engineer",
    }
    assert [job["title"] for job in ashby("job.search", title="エンジ")["results"]] == ["研究エンジニア"]
    assert [job["title"] for job in ashby("job.search", requisitionId="REQ-2471")["results"]] == ["Software Engineer"]
    assert ashby("job.search", requisitionId="REQ-247")["results"] == []
    assert ashby("job.search", title="designer", requisitionId="REQ-2471")["results"] == []
    assert code(ashby("job.search")) == "invalid_input"


def test_expansions_say_location_openings_and_pay(ashby: Ashby, organisation: Organisation) -> None:
    first = next(iter(organisation.jobs))
    plain = ashby("job.info", id=first["id"])["results"]
    assert not {"location", "openings", "compensation"} & set(plain)
    view = ashby("job.info", id=first["id"], expand=["location", "openings", "compensation"])["results"]
    assert view["location"]["id"] == view["locationId"]
    assert {opening["latestVersion"]["identifier"] for opening in view["openings"]} >= {"OPEN-100", "OPEN-101"}
    tiers = view["compensation"]["compensationTiers"]
    assert [tier["title"] for tier in tiers] == ["Engineer", "Senior engineer"]
    assert tiers[0]["tierSummary"] == "£70K \u2013 £95K • 0.05% Options"
    assert tiers[0]["components"][1]["maxValue"] is None


# -- changing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Draft", "Open", "Closed", "Archived"])
@pytest.mark.parametrize("wanted", ["Draft", "Open", "Closed", "Archived"])
def test_only_the_documented_transitions_are_allowed(
    status: str, wanted: str, ashby: Ashby, organisation: Organisation
) -> None:
    job = job_in(organisation, status)
    allowed = {("Draft", "Open"), ("Draft", "Archived"), ("Open", "Closed"), ("Closed", "Draft")}
    allowed |= {("Closed", "Archived"), ("Archived", "Draft")}
    answer = ashby("job.setStatus", jobId=job["id"], status=wanted)
    if (status, wanted) in allowed:
        assert answer["results"]["status"] == wanted
    else:
        assert code(answer) == "invalid_job_status_transition"
    assert ashby("job.info", id=job["id"])["results"]["status"] == (wanted if (status, wanted) in allowed else status)


def test_opening_needs_a_default_plan_and_dates_the_job(ashby: Ashby, organisation: Organisation, clock: Any) -> None:
    job = job_in(organisation, "Draft", plan=False)
    assert code(ashby("job.setStatus", jobId=job["id"], status="Open")) == "interview_plan_required"
    plan = next(iter(organisation.interview_plans))["id"]
    planned = ashby("job.update", jobId=job["id"], defaultInterviewPlanId=plan)["results"]
    assert planned["interviewPlanIds"] == [plan]
    opened = ashby("job.setStatus", jobId=job["id"], status="Open")["results"]
    assert "openedAt" in opened
    assert "closedAt" not in opened
    clock.advance(60)
    closed = ashby("job.setStatus", jobId=job["id"], status="Closed")["results"]
    assert closed["closedAt"] > closed["openedAt"] == opened["openedAt"]


def test_closing_a_job_takes_its_postings_off_the_boards(ashby: Ashby, organisation: Organisation) -> None:
    posting = ashby("jobPosting.list")["results"][0]
    job = ashby("job.setStatus", jobId=posting["jobId"], status="Closed")["results"]
    assert posting["id"] not in {one["id"] for one in ashby("jobPosting.list")["results"]}
    assert job["jobPostingIds"] == []
    shown = ashby("job.info", id=posting["jobId"], includeUnpublishedJobPostingsIds=True)["results"]
    assert shown["jobPostingIds"] == [posting["id"]]


def test_a_new_job_is_a_draft_whose_team_comes_back_as_department(ashby: Ashby, organisation: Organisation) -> None:
    team, place = next(iter(organisation.departments))["id"], next(iter(organisation.locations))["id"]
    made = ashby("job.create", title="Poëte", teamId=team, locationId=place)["results"]
    assert (made["status"], made["departmentId"], made["locationId"]) == ("Draft", team, place)
    assert not {"teamId", "defaultInterviewPlanId", "openedAt"} & set(made)
    assert made["id"] in {job["id"] for job in ashby("job.list", status=["Draft"])["results"]}
    for changes, expected in (
        ({"teamId": place}, "department_not_found"),
        ({"locationId": team}, "location_not_found"),
        ({"defaultInterviewPlanId": team}, "interview_plan_not_found"),
        ({"jobTemplateId": team}, "job_template_not_found"),
        ({"brandId": team}, "brand_not_found"),
    ):
        body = {"title": "X", "teamId": team, "locationId": place, **changes}
        assert code(ashby("job.create", **body)) == expected


def test_a_template_must_be_active_and_gives_its_plan(ashby: Ashby, organisation: Organisation) -> None:
    templates = {one["title"]: one for one in ashby("jobTemplate.list")["results"]}
    assert {one["status"] for one in templates.values()} == {"Active", "Inactive"}
    team, place = next(iter(organisation.departments))["id"], next(iter(organisation.locations))["id"]

    def create(title: str) -> Any:
        return ashby("job.create", title="X", teamId=team, locationId=place, jobTemplateId=templates[title]["id"])

    chosen = templates["Sales role"]["defaultInterviewPlanId"]
    assert create("Sales role")["results"]["defaultInterviewPlanId"] == chosen
    assert "defaultInterviewPlanId" not in create("Blank")["results"]
    assert code(create("Telegraphy role")) == "invalid_input"


def test_update_changes_only_what_is_given_and_takes_any_requisition(ashby: Ashby, organisation: Organisation) -> None:
    before = ashby("job.info", id=next(iter(organisation.jobs))["id"])["results"]
    after = ashby("job.update", jobId=before["id"], customRequisitionId="REQ-9 / ß")["results"]
    assert after == {**before, "customRequisitionId": "REQ-9 / ß", "updatedAt": after["updatedAt"]}
    assert ashby("job.search", requisitionId="REQ-9 / ß")["results"] == [after]


# -- postings ----------------------------------------------------------------------------------------------------


def test_the_list_is_of_published_postings_of_the_external_board(ashby: Ashby, organisation: Organisation) -> None:
    listed = ashby("jobPosting.list")["results"]
    published = [one for one in organisation.job_postings if one["isPublished"]]
    internal = next(one for one in published if one["id"] not in {posting["id"] for posting in listed})
    assert len(listed) == len(published) - 1
    inside = ashby("jobPosting.list", jobBoardId=internal["jobBoardId"])["results"]
    assert [(one["id"], one["externalLink"]) for one in inside] == [(internal["id"], None)]
    assert all(one["externalLink"].startswith("https://jobs.ashbyhq.com/") for one in listed)
    assert {one["isListed"] for one in listed} == {True, False}
    assert all(one["isListed"] for one in ashby("jobPosting.list", listedOnly=True)["results"])
    assert code(ashby("jobPosting.list", jobBoardId=UNKNOWN)) == "job_board_not_found"


def test_postings_are_filtered_by_exact_names(ashby: Ashby) -> None:
    listed = ashby("jobPosting.list")["results"]
    for parameter, name in (("location", "locationName"), ("department", "departmentName")):
        value = listed[0][name]
        found = ashby("jobPosting.list", **{parameter: value})["results"]
        assert found == [one for one in listed if one[name] == value]
        assert ashby("jobPosting.list", **{parameter: value.upper()})["results"] == []


def test_the_description_is_its_parts_in_html_and_plain(ashby: Ashby) -> None:
    suppressed = 0
    for posting in ashby("jobPosting.list")["results"]:
        view = ashby("jobPosting.info", jobPostingId=posting["id"])["results"]
        parts = view["descriptionParts"]
        html = "".join(part["html"] for part in parts.values() if part)
        assert view["descriptionHtml"] == view["linkedData"]["description"] == html
        assert parts["descriptionBody"]["html"] in html
        assert (parts["descriptionOpening"] is None) is view["suppressDescriptionOpening"]
        assert "<" not in view["descriptionPlain"].replace("a < b", "")
        assert not {"compensationTierSummary", "shouldDisplayCompensationOnJobBoard"} & set(view)
        suppressed += view["suppressDescriptionOpening"]
    assert suppressed


def test_a_team_is_named_from_the_top_down(ashby: Ashby) -> None:
    posting = next(one for one in ashby("jobPosting.list")["results"] if one["teamName"] == "Platform")
    assert posting["departmentName"] == "Engineering"
    view = ashby("jobPosting.info", jobPostingId=posting["id"])["results"]
    assert view["teamNameHierarchy"] == ["Engineering", "Platform"]


def test_updating_a_description_replaces_the_body_and_keeps_few_elements(ashby: Ashby) -> None:
    posting = ashby("jobPosting.list")["results"][0]["id"]
    before = ashby("jobPosting.info", jobPostingId=posting)["results"]
    content = '<h1>Neu</h1><script>x</script><p>Text</p><b onclick="y">fett</b>'
    after = ashby("jobPosting.update", jobPostingId=posting, description={"type": "text/html", "content": content})[
        "results"
    ]
    parts = after["descriptionParts"]
    assert parts["descriptionBody"]["html"] == '<h1>Neu</h1>xText<b onclick="y">fett</b>'
    assert parts["descriptionBody"]["plain"] == "Neu\nxTextfett"
    assert parts["descriptionOpening"] == before["descriptionParts"]["descriptionOpening"]
    assert after["title"] == before["title"]
    assert code(ashby("jobPosting.update", jobPostingId=UNKNOWN)) == "job_posting_not_found"


def test_pay_is_shown_only_where_the_posting_shows_it(ashby: Ashby) -> None:
    shown = [one["shouldDisplayCompensationOnJobBoard"] for one in ashby("jobPosting.list")["results"]]
    assert {*shown} == {True, False}
    for posting in ashby("jobPosting.list")["results"]:
        pay = ashby("jobPosting.info", jobPostingId=posting["id"])["results"]["compensation"]
        assert pay["shouldDisplayCompensationOnJobBoard"] == posting["shouldDisplayCompensationOnJobBoard"]
        assert pay.get("compensationTierSummary") == posting.get("compensationTierSummary")
        assert bool(pay["compensationTiers"]) == pay["shouldDisplayCompensationOnJobBoard"]


# -- plans and openings ------------------------------------------------------------------------------------------


def test_plans_have_stages_in_order_and_of_all_types(ashby: Ashby) -> None:
    plans = ashby("interviewPlan.list")["results"]
    assert len(plans) == 3
    assert len(ashby("interviewPlan.list", includeArchived=True)["results"]) == 4
    groups = {group["id"]: group["stageType"] for group in ashby("interviewStageGroup.list")["results"]}
    for plan in plans:
        answer = ashby("interviewStage.list", interviewPlanId=plan["id"])
        assert answer["moreDataAvailable"] is False
        stages = answer["results"]
        orders = [stage["orderInInterviewPlan"] for stage in stages]
        assert orders == sorted(orders)
        assert orders != list(range(len(orders)))
        assert {stage["type"] for stage in stages} == set(groups.values())
        assert all(groups[stage["interviewStageGroupId"]] == stage["type"] for stage in stages)
        for stage in stages:
            assert ashby("interviewStage.info", interviewStageId=stage["id"])["results"] == stage


def test_the_plan_of_a_job_names_shared_interviews_and_its_own(ashby: Ashby, organisation: Organisation) -> None:
    def interviews(job_id: str) -> set[str]:
        plan = ashby("jobInterviewPlan.info", jobId=job_id)["results"]
        assert all("interviewPlanId" not in stage for stage in plan["stages"])
        return {
            interview["interviewId"]
            for stage in plan["stages"]
            for activity in stage["activities"]
            for interview in activity["interviews"]
        }

    first, other = [
        job["id"]
        for job in organisation.jobs
        if job["defaultInterviewPlanId"] == next(iter(organisation.jobs))["defaultInterviewPlanId"]
    ][:2]
    own = next(one["id"] for one in organisation.interviews if one["title"] == "Mill deep dive")
    assert interviews(first) - interviews(other) == {own}
    assert interviews(other)
    planless = job_in(organisation, "Draft", plan=False)["id"]
    assert code(ashby("jobInterviewPlan.info", jobId=planless)) == "interview_plan_not_found"


def test_openings_are_seeded_in_every_state(ashby: Ashby) -> None:
    openings = ashby("opening.list")["results"]
    assert {one["openingState"] for one in openings} == {"Approved", "Closed", "Draft", "Filled", "Open"}
    assert {one["isArchived"] for one in openings} == {True, False}
    reasons = {one["id"] for one in ashby("closeReason.list", includeArchived=True)["results"]}
    assert all(one["closeReasonId"] in reasons for one in openings if "closeReasonId" in one)
    assert any(one["latestVersion"]["customFields"] for one in openings)
    for one in openings:
        assert ashby("opening.info", openingId=one["id"])["results"] == one


# -- hiring teams ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "kind"), [("applicationId", "application"), ("jobId", "job"), ("openingId", "opening")]
)
def test_a_team_member_is_added_once_and_removed_once(
    parameter: str, kind: str, ashby: Ashby, organisation: Organisation
) -> None:
    heard: list[Change] = []
    organisation.subscribe(heard.append)
    record = next(iter(organisation.tables[kind]))
    role = next(one for one in ashby("hiringTeamRole.list", namesOnly=False)["results"] if one["title"] == "Sourcer")
    user = list(organisation.users)[7]
    body = {parameter: record["id"], "teamMemberId": user["id"], "roleId": role["id"]}
    member = ashby("hiringTeam.addMember", **body)["results"]
    assert (member["userId"], member["role"]) == (user["id"], "Sourcer")
    assert ashby("hiringTeam.addMember", **body)["results"] == member
    assert len(organisation.tables[kind].get(record["id"])["hiringTeam"]) == len(record["hiringTeam"]) + 1  # type: ignore[index] - it is there
    assert ashby("hiringTeam.removeMember", **body)["results"] == member
    assert code(ashby("hiringTeam.removeMember", **body)) == "team_member_not_found"
    assert [change.kind for change in heard] == [kind, kind]


def test_exactly_one_object_has_the_team(ashby: Ashby, organisation: Organisation) -> None:
    member = {
        "teamMemberId": next(iter(organisation.users))["id"],
        "roleId": next(iter(organisation.hiring_team_roles))["id"],
    }
    job, opening = next(iter(organisation.jobs))["id"], next(iter(organisation.openings))["id"]
    assert code(ashby("hiringTeam.addMember", **member)) == "invalid_input"
    assert code(ashby("hiringTeam.addMember", **member, jobId=job, openingId=opening)) == "invalid_input"
    assert code(ashby("hiringTeam.addMember", **member, jobId=opening)) == "job_not_found"
    assert code(ashby("hiringTeam.addMember", **{**member, "roleId": job}, jobId=job)) == "hiring_team_role_not_found"
    assert code(ashby("hiringTeam.addMember", **{**member, "teamMemberId": job}, jobId=job)) == "user_not_found"


def test_only_some_roles_are_for_applications(ashby: Ashby, organisation: Organisation) -> None:
    every = {one["title"]: one["id"] for one in ashby("hiringTeamRole.list", namesOnly=False)["results"]}
    some = {one["title"] for one in ashby("applicationHiringTeamRole.list")["results"]}
    assert ashby("hiringTeamRole.list")["results"] == list(every)
    (left_out,) = set(every) - some
    application = next(iter(organisation.applications))["id"]
    body = {
        "applicationId": application,
        "teamMemberId": next(iter(organisation.users))["id"],
        "roleId": every[left_out],
    }
    assert code(ashby("application.addHiringTeamMember", **body)) == "invalid_input"
