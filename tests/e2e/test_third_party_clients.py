"""Clients of Ashby's API that others wrote, unmodified, against the sandbox: only the address is ours.

What they ask for is what they take Ashby to be, so what they understand of the answers tells how like Ashby the sandbox
is. Two of them: the package ``ashby`` from PyPI, and ``ashby-mcp`` from npm, which is driven by its own protocol.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.account import KEY, Account
from tests.e2e.running import World
from tests.e2e.third_party import STATUSES, Mcp, mcp_server, python_client

pytest_plugins = ["tests.e2e.fixtures"]


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    """Look at the account directly."""
    return Account(world)


def each_once(found: list[str], count: int) -> None:
    """Check that a list is whole and has nothing twice."""
    assert len(set(found)) == len(found) == count > 0


# -- PyPI: ashby ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sdk(world: World) -> Iterator[Any]:
    """Give PyPI's client."""
    with python_client(world.sandbox.url, KEY) as client:
        yield client


@pytest.mark.parametrize("limit", [100, 7])
def test_the_sdk_lists_all_jobs(sdk: Any, account: Account, limit: int) -> None:
    jobs = sdk.jobs.list(status=STATUSES, limit=limit)
    each_once([job.id for job in jobs], account.count("job"))
    assert {job.status for job in jobs} == set(STATUSES)
    assert {job.id for job in sdk.jobs.list(status=["Open"])} == {job.id for job in jobs if job.status == "Open"}


def test_the_sdk_reads_a_job_as_it_is(sdk: Any, account: Account) -> None:
    wanted = account.job()
    job = sdk.jobs.get(wanted["id"])
    assert (job.title, job.status, job.employment_type) == (wanted["title"], "Open", wanted["employmentType"])
    assert (job.department_id, job.location_id) == (wanted["departmentId"], wanted["locationId"])
    assert [member.user_id for member in job.hiring_team] == [member["userId"] for member in wanted["hiringTeam"]]
    assert sdk.get_job_description(job.id)


@pytest.mark.parametrize("limit", [100, 40])
def test_the_sdk_lists_all_candidates(sdk: Any, account: Account, limit: int) -> None:
    each_once([one.id for one in sdk.candidates.list(limit=limit)], account.count("candidate"))


def test_the_sdk_finds_and_reads_a_candidate(sdk: Any) -> None:
    (ada,) = [one for one in sdk.candidates.search(email="ada@example.com") if one.name == "Ada Lovelace"]
    read = sdk.candidates.get(ada.id)
    assert (read.name, read.email) == ("Ada Lovelace", "ada@example.com")
    assert read.phone
    assert read.resume_handle
    assert read.custom_fields
    assert ada.id in [one.id for one in sdk.candidates.search(name="lovelace")]


def test_the_sdk_lists_and_reads_applications(sdk: Any, account: Account) -> None:
    each_once([one.id for one in sdk.applications.list()], account.count("application"))
    job = account.job()
    of_job = sdk.applications.list(job_id=job["id"])
    assert of_job
    for one in of_job[:3]:
        read = sdk.applications.get(one.id)
        assert (read.status, read.candidate_id, read.candidate_name) == (
            one.status,
            one.candidate_id,
            one.candidate_name,
        )
        assert read.raw_data["job"]["id"] == job["id"]
        assert read.stage_name in [stage["title"] for stage in account.stages(job)]
        assert sdk.get_application_with_candidate(one.id).candidate.name == one.candidate_name


def test_the_sdk_lists_and_reads_stages(sdk: Any, account: Account) -> None:
    job = account.job()
    wanted = account.stages(job)
    found = sdk.get_job_funnel(job["id"])
    assert [stage.id for stage in found] == [stage["id"] for stage in wanted]
    assert [(stage.name, stage.type) for stage in found] == [(stage["title"], stage["type"]) for stage in wanted]
    assert sdk.interview_stages.get(wanted[1]["id"]).name == wanted[1]["title"]


def test_the_sdk_moves_an_application_and_writes_a_note(sdk: Any, account: Account) -> None:
    application = account.application()
    target = next(stage for stage in account.stages(account.job()) if stage["type"] == "Active")
    assert sdk.move_application_to_stage(application["id"], target["id"]).current_stage.id == target["id"]
    assert account.ashby("application.info", applicationId=application["id"])["status"] == "Active"
    candidate = application["candidate"]["id"]
    note = sdk.create_candidate_note(candidate, "Knows engines.")
    assert [(one.id, one.content) for one in sdk.notes.list(candidate)] == [(note.id, "Knows engines.")]


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("users", None),
        ("departments", None),
        ("locations", None),
        ("custom_fields", None),
        ("projects", None),
        ("offers", "offer"),
        ("interviews", None),
        ("interview_schedules", "interview_schedule"),
        ("sources", None),
        ("archive_reasons", None),
        ("close_reasons", None),
        ("candidate_tags", None),
    ],
)
def test_the_sdk_lists_what_else_there_is(sdk: Any, account: Account, resource: str, kind: str | None) -> None:
    """By what Ashby leaves out of a list unless it is told to, some are fewer than there are."""
    found = getattr(sdk, resource).list()
    each_once([one.id for one in found], account.count(kind) if kind else len(found))


def test_the_sdk_understands_refusals(sdk: Any) -> None:
    from ashby_sdk import AshbyClient
    from ashby_sdk.exceptions import AshbyAPIError, AshbyAuthError

    with pytest.raises(AshbyAPIError):
        sdk.jobs.get("00000000-0000-4000-8000-000000000000")
    with pytest.raises(AshbyAuthError):
        AshbyClient(api_key="ashby_local_disabled").jobs.list()


# -- npm: ashby-mcp ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mcp(world: World) -> Iterator[Mcp]:
    """Start npm's client."""
    with mcp_server(world.sandbox.url, KEY) as client:
        yield client


def test_the_mcp_server_lists_and_reads_jobs(mcp: Mcp, account: Account) -> None:
    """All of them but drafts, which Ashby shows only to those who ask for them."""
    found = mcp.every("list_jobs", status="All", limit=5)
    drafts = mcp.every("list_jobs", status="Draft")
    each_once([job["id"] for job in (*found, *drafts)], account.count("job"))
    wanted = account.job()
    read = mcp.use("get_job_details", job_id=wanted["id"])
    assert (read["job"]["title"], read["job"]["locationId"]) == (wanted["title"], wanted["locationId"])
    assert read["job"]["description"]
    assert {stage["id"] for stage in account.stages(wanted)} <= {stage["id"] for stage in read["interview_stages"]}


def test_the_mcp_server_lists_and_reads_applications(mcp: Mcp, account: Account) -> None:
    each_once(
        [one["application_id"] for one in mcp.every("list_applications", limit=100)], account.count("application")
    )
    job = account.job()
    of_job = mcp.every("list_candidates_for_job", job_id=job["id"], limit=9)
    assert of_job
    one = of_job[0]
    read = mcp.use("get_application_details", application_id=one["application_id"])
    assert (read["application"]["candidate"]["name"], read["application"]["job"]["id"]) == (
        one["candidate_name"],
        job["id"],
    )
    assert read["application"]["current_stage"]["id"] == one["current_stage"]["id"]
    assert read["stage_history"]


def test_the_mcp_server_finds_and_reads_candidates(mcp: Mcp) -> None:
    found = mcp.use("search_candidates", query="Ada Lovelace", email="ada@example.com")["candidates"]
    read = mcp.use("get_candidate", candidate_id=found[0]["id"])
    assert (read["candidate"]["name"], read["candidate"]["email"]) == ("Ada Lovelace", "ada@example.com")
    assert read["applications"][0]["job"]["title"]
    assert mcp.use("get_candidate_notes", candidate_id=found[0]["id"])["notes"]


def test_the_mcp_server_lists_stages_and_reasons(mcp: Mcp, account: Account) -> None:
    plans = mcp.use("list_interview_stages")["plans"]
    of_job = {stage["id"] for stage in account.stages(account.job())}
    assert of_job in [{stage["id"] for stage in plan["stages"]} for plan in plans]
    reasons = str(mcp.use("list_archive_reasons"))
    assert all(reason["text"] in reasons for reason in account.ashby("archiveReason.list"))


def test_the_mcp_server_sums_up_the_pipeline(mcp: Mcp, account: Account) -> None:
    """As many applications as there are for open jobs."""
    open_jobs = mcp.every("list_jobs", status="Open")
    summary = mcp.use("get_pipeline_summary", status="Open")
    applications = [one for job in open_jobs for one in mcp.every("list_candidates_for_job", job_id=job["id"])]
    assert {job["job_id"] for job in summary["jobs"]} == {job["id"] for job in open_jobs}
    assert summary["totals"]["active"] + summary["totals"]["archived"] == len(applications) > 0


def test_the_mcp_server_moves_an_application(mcp: Mcp, account: Account) -> None:
    application = account.application()
    target = next(stage for stage in account.stages(account.job()) if stage["type"] == "Active")
    mcp.use("move_application_stage", application_id=application["id"], stage_id=target["id"])
    moved = account.ashby("application.info", applicationId=application["id"])
    assert moved["currentInterviewStage"]["id"] == target["id"]


def test_the_mcp_server_understands_refusals(mcp: Mcp) -> None:
    (said,) = mcp.say("get_job_details", job_id="00000000-0000-4000-8000-000000000000")
    assert "job_not_found" in said
