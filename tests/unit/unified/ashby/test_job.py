"""``atsJob``: drafts in every list, extras on demand, steps in order, and status changes that Ashby does not allow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import listed
from tests.unit.unified.conftest import Script, good, lost, refused
from tests.unit.unified.strategies import any_text, json_values
from unified.ashby.job import MODEL
from unified.connector import Operation
from unified.errors import Invalid, OutcomeUnknown, UnifiedError

JOB = "11111111-1111-4111-8111-111111111111"
ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
NEW = {"title": "Engineer", "departmentId": "d1", "locationId": "l1"}
MADE = {
    "id": JOB,
    "title": "Engineer",
    "status": "Draft",
    "departmentId": "d1",
    "locationId": "l1",
    "updatedAt": "2026-01-01T00:00:00.000Z",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "hiringTeam": [],
    "jobPostingIds": ["posting"],
}
ROLES = [{"id": "r1", "title": "Hiring Manager"}, {"id": "r2", "title": "Recruiter"}]


def _member(user: str, role: str) -> dict[str, str]:
    return {"userId": user, "firstName": "A", "lastName": "B", "email": "a@b.example", "role": role}


# Reading


def test_a_job_is_read_whole() -> None:
    resource = MODEL.mapper.resource(
        {
            **MADE,
            "status": "Open",
            "employmentType": "FullTime",
            "confidential": False,
            "location": {"id": "l1", "name": "London"},
            "department": {"id": "d1", "name": "Platform"},
            "jobPosting": {
                "externalLink": "https://jobs.example/1",
                "descriptionParts": {"descriptionBody": {"html": "<p>Do</p>", "plain": "Do"}},
            },
            "defaultInterviewPlanId": "p1",
            "customRequisitionId": "REQ-1",
            "hiringTeam": [_member(ADA, "Recruiter"), {"userId": 5}],
            "openedAt": "2026-01-02T00:00:00.000Z",
            "closedAt": None,
        }
    )

    assert resource["fields"] == {
        "title": "Engineer",
        "description": "<p>Do</p>",
        "postingUrl": "https://jobs.example/1",
        "department": "Platform",
        "departmentId": "d1",
        "location": "London",
        "locationId": "l1",
        "status": "OPEN",
        "employmentType": "FULL_TIME",
        "hiringTeam": [
            {
                "user": {"object": "resourceRef", "model": "genericUser", "id": ADA},
                "role": "Recruiter",
                "name": "A B",
                "email": "a@b.example",
            }
        ],
        "planId": "p1",
        "requisitionId": "REQ-1",
        "isConfidential": False,
        "openedAt": "2026-01-02T00:00:00.000Z",
    }
    assert "warnings" not in resource


_KEYS = ["id", "title", "status", "location", "department", "jobPosting", "hiringTeam", "employmentType"]


@given(st.dictionaries(st.sampled_from(_KEYS) | any_text, json_values, max_size=8))
def test_any_record_is_read_and_keeps_what_is_good(record: dict[str, Any]) -> None:
    resource = MODEL.mapper.resource({**record, "customRequisitionId": "REQ-1"})

    assert resource["fields"]["requisitionId"] == "REQ-1"


def test_an_unknown_status_is_left_out_and_said() -> None:
    resource = MODEL.mapper.resource({"id": JOB, "status": "Paused"})

    assert resource["fields"] == {}
    assert '"status"' in resource["warnings"][0]["message"]


# Listing


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ({}, {"status": ["Draft", "Open", "Closed", "Archived"]}),
        ({"filters": {"status": "OPEN"}}, {"status": ["Open"]}),
        ({"filters": {"status": "OPEN, DRAFT"}, "cursor": "c"}, {"status": ["Open", "Draft"], "cursor": "c"}),
        (
            {"filters": {"openedAfter": "2026-01-01T00:00:00Z", "closedBefore": "2026-01-01T01:00:00+01:00"}},
            {
                "status": ["Draft", "Open", "Closed", "Archived"],
                "openedAfter": 1767225600000,
                "closedBefore": 1767225600000,
            },
        ),
    ],
)
def test_a_list_names_every_status_and_pushes_its_filters(
    ashby: Script, query: dict[str, Any], more: dict[str, Any]
) -> None:
    ashby.answers = [good([MADE], moreDataAvailable=True, nextCursor="n")]

    page = listed(MODEL, ashby, **query)

    assert (page.records, page.next) == ([MADE], "n")
    assert ashby.calls == [("job.list", {"limit": 50, "expand": ["location"], **more})]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"filters": {"status": "Open"}}, "filter[status]"),
        ({"filters": {"status": "OPEN,"}}, "filter[status]"),
        ({"filters": {"openedAfter": "yesterday"}}, "filter[openedAfter]"),
        ({"q": "x", "filters": {"status": "OPEN"}}, "filter[status]"),
    ],
)
def test_a_filter_that_is_wrong_is_named_and_not_sent(ashby: Script, query: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as refusal:
        listed(MODEL, ashby, **query)

    assert [problem.field for problem in refusal.value.fields] == [named]
    assert ashby.sent == []


def test_a_search_is_by_title_and_requisition_and_paged_by_position(ashby: Script) -> None:
    records = [{"id": number} for number in range(100)]
    ashby.answers = [good(records)]

    page = listed(MODEL, ashby, q="Eng", filters={"requisitionId": "R"}, limit=10, cursor="95")

    assert (page.records, page.next) == (records[95:], None)
    assert "at most 100" in page.warnings[0]
    assert ashby.calls == [("job.search", {"title": "Eng", "requisitionId": "R"})]


def test_retrieve_asks_for_the_location_too(ashby: Script) -> None:
    ashby.answers = [good(MADE)]

    assert MODEL.retrieve(ashby.session(), JOB) == MADE

    assert ashby.calls == [("job.info", {"id": JOB, "expand": ["location"]})]


# Extras


def test_extras_of_one_job_are_its_posting_and_department(ashby: Script) -> None:
    ashby.answers = [good({"descriptionParts": {"descriptionBody": {"html": "<p>D</p>"}}}), good({"name": "Dept"})]

    (record,) = MODEL.with_extras(ashby.session(), [MADE], MODEL.extras)

    fields = MODEL.mapper.resource(record)["fields"]
    assert (fields["description"], fields["department"]) == ("<p>D</p>", "Dept")
    assert ashby.calls == [
        ("jobPosting.info", {"jobPostingId": "posting"}),
        ("department.info", {"departmentId": "d1"}),
    ]


def test_departments_of_many_jobs_are_one_list(ashby: Script) -> None:
    ashby.answers = [good([{"id": "d1", "name": "One"}, {"id": "d2", "name": "Two"}])]
    jobs = [MADE, {**MADE, "departmentId": "d2"}, {**MADE, "departmentId": None}, {**MADE, "departmentId": "d3"}]

    records = MODEL.with_extras(ashby.session(), jobs, {"department"})

    assert [MODEL.mapper.resource(one)["fields"].get("department") for one in records] == ["One", "Two", None, None]
    assert [endpoint for endpoint, _ in ashby.calls] == ["department.list"]


def test_an_extra_that_cannot_be_read_costs_its_field_alone(ashby: Script) -> None:
    ashby.answers = [refused("job_posting_not_found"), refused("missing_endpoint_permission", 403)]

    (record,) = MODEL.with_extras(ashby.session(), [MADE], MODEL.extras)
    resource = MODEL.mapper.resource(record)

    assert resource["fields"]["departmentId"] == "d1"
    assert not resource["fields"].keys() & MODEL.extras
    assert any("organizationRead" in warning["message"] for warning in resource["warnings"])


def test_a_dead_key_is_not_an_extra_that_is_missing(ashby: Script) -> None:
    ashby.answers = [refused("unauthorized", 401)]

    with pytest.raises(UnifiedError) as failed:
        MODEL.with_extras(ashby.session(), [MADE], {"description"})

    assert failed.value.status == 409


def test_a_job_without_posting_or_department_costs_no_call(ashby: Script) -> None:
    MODEL.with_extras(ashby.session(), [{"id": JOB}], MODEL.extras)

    assert ashby.sent == []


# Creating


def test_create_is_one_call_where_one_will_do(ashby: Script) -> None:
    ashby.answers = [good(MADE)]

    written = MODEL.create(ashby.session(), {**NEW, "planId": "p1", "status": "DRAFT"})

    assert (written.record, written.not_written) == (MADE, {})
    body = {"title": "Engineer", "teamId": "d1", "locationId": "l1", "defaultInterviewPlanId": "p1"}
    assert ashby.calls == [("job.create", body)]


def test_what_create_does_not_take_follows_in_order(ashby: Script) -> None:
    ashby.answers = [
        good(MADE),
        good({**MADE, "customRequisitionId": "R"}),
        good(ROLES),
        good(_member(ADA, "Recruiter")),
        good({**MADE, "status": "Open"}),
    ]
    team = [{"user": ADA, "role": "recruiter"}]

    written = MODEL.create(
        ashby.session(), {**NEW, "planId": "p1", "requisitionId": "R", "hiringTeam": team, "status": "OPEN"}
    )

    assert written.record["status"] == "Open"
    assert written.not_written == {}
    assert ashby.calls[1:] == [
        ("job.update", {"jobId": JOB, "customRequisitionId": "R"}),
        ("hiringTeamRole.list", {"namesOnly": False}),
        ("hiringTeam.addMember", {"jobId": JOB, "teamMemberId": ADA, "roleId": "r2"}),
        ("job.setStatus", {"jobId": JOB, "status": "Open"}),
    ]


def test_a_job_that_was_made_is_reported_with_what_was_not_written(ashby: Script) -> None:
    ashby.answers = [good(MADE), refused("invalid_input"), refused("interview_plan_required"), good(MADE)]

    written = MODEL.create(ashby.session(), {**NEW, "requisitionId": "R", "planId": "p1", "status": "OPEN"})

    assert written.record["id"] == JOB
    assert list(written.not_written) == ["requisitionId", "status"]
    assert "interview plan" in written.not_written["status"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"description": "<p>x</p>"}, ["description"]),
        ({"status": "CLOSED"}, ["status"]),
        ({"status": "OPEN"}, ["planId"]),
        ({"status": "OPEN", "description": "x"}, ["description", "planId"]),
    ],
)
def test_what_a_new_job_cannot_have_is_not_sent(ashby: Script, more: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        MODEL.create(ashby.session(), {**NEW, **more})

    assert (refusal.value.code, [problem.field for problem in refusal.value.fields]) == (
        "CONNECTOR::OPERATION::BAD_REQUEST",
        named,
    )
    assert ashby.sent == []


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("department_not_found", "departmentId"),
        ("location_not_found", "locationId"),
        ("interview_plan_not_found", "planId"),
    ],
)
def test_a_reference_that_ashby_does_not_have_is_named_in_our_words(ashby: Script, code: str, named: str) -> None:
    for call in (lambda: MODEL.create(ashby.session(), NEW), lambda: MODEL.update(ashby.session(), JOB, NEW)):
        ashby.answers = [refused(code)]
        with pytest.raises(UnifiedError) as failed:
            call()
        assert (failed.value.status, [problem.field for problem in failed.value.fields]) == (400, [named])
        assert failed.value.upstream is not None
        assert failed.value.upstream.code == code


# Updating


def test_update_goes_through_every_call_and_the_status_comes_last(ashby: Script) -> None:
    posting = {"descriptionParts": {"descriptionBody": {"html": "<p>New</p>"}}}
    ashby.answers = [
        good({**MADE, "title": "T", "hiringTeam": [_member(BOB, "Recruiter"), _member(BOB, "Hiring Manager")]}),
        good(posting),
        good(ROLES),
        good(_member(ADA, "Recruiter")),
        good(_member(BOB, "Recruiter")),
        good({"id": JOB, "status": "Closed"}),
    ]
    team = [{"user": ADA, "role": "Recruiter"}, {"user": BOB, "role": "hiring manager"}]

    written = MODEL.update(
        ashby.session(), JOB, {"title": "T", "description": "<p>New</p>", "hiringTeam": team, "status": "CLOSED"}
    )

    assert written.not_written == {}
    fields = MODEL.mapper.resource(written.record)["fields"]
    assert [(member["user"]["id"], member["role"]) for member in fields["hiringTeam"]] == [
        (BOB, "Hiring Manager"),
        (ADA, "Recruiter"),
    ]
    assert (fields["description"], fields["status"]) == ("<p>New</p>", "CLOSED")
    content = {"type": "text/html", "content": "<p>New</p>"}
    assert ashby.calls == [
        ("job.update", {"jobId": JOB, "title": "T"}),
        ("jobPosting.update", {"jobPostingId": "posting", "description": content}),
        ("hiringTeamRole.list", {"namesOnly": False}),
        ("hiringTeam.addMember", {"jobId": JOB, "teamMemberId": ADA, "roleId": "r2"}),
        ("hiringTeam.removeMember", {"jobId": JOB, "teamMemberId": BOB, "roleId": "r2"}),
        ("job.setStatus", {"jobId": JOB, "status": "Closed"}),
    ]


@pytest.mark.parametrize("postings", [[], ["a", "b"]])
def test_a_description_that_has_no_one_posting_is_refused(ashby: Script, postings: list[str]) -> None:
    ashby.answers = [good({**MADE, "jobPostingIds": postings})]

    with pytest.raises(Invalid) as refusal:
        MODEL.update(ashby.session(), JOB, {"description": "x"})

    assert [problem.field for problem in refusal.value.fields] == ["description"]


def test_a_role_that_the_account_does_not_have_is_told_which_there_are(ashby: Script) -> None:
    ashby.answers = [good(MADE), good(ROLES)]

    with pytest.raises(Invalid) as refusal:
        MODEL.update(ashby.session(), JOB, {"hiringTeam": [{"user": ADA, "role": "Wizard"}]})

    assert refusal.value.fields[0].field == "hiringTeam"
    assert "Hiring Manager, Recruiter" in refusal.value.fields[0].message


def test_a_team_that_is_as_wanted_costs_one_look(ashby: Script) -> None:
    ashby.answers = [good({**MADE, "hiringTeam": [_member(ADA, "Recruiter")]})]

    MODEL.update(ashby.session(), JOB, {"hiringTeam": [{"user": ADA, "role": "Recruiter"}]})

    assert len(ashby.sent) == 1


def test_the_first_steps_failure_is_the_writes_and_nothing_follows(ashby: Script) -> None:
    ashby.answers = [lost()]

    with pytest.raises(OutcomeUnknown):
        MODEL.update(ashby.session(), JOB, {"title": "T", "status": "CLOSED"})

    assert len(ashby.sent) == 1


def test_a_member_that_cannot_be_added_leaves_the_others_where_they_are(ashby: Script) -> None:
    ashby.answers = [
        good({**MADE, "hiringTeam": [_member(BOB, "Recruiter")]}),
        good(ROLES),
        refused("user_not_found"),
    ]

    with pytest.raises(UnifiedError) as failed:
        MODEL.update(ashby.session(), JOB, {"hiringTeam": [{"user": ADA, "role": "Recruiter"}]})

    assert [problem.field for problem in failed.value.fields] == ["hiringTeam"]


@pytest.mark.parametrize(
    ("present", "wanted", "allowed"),
    [
        ("Open", "ARCHIVED", "CLOSED"),
        ("Open", "DRAFT", "CLOSED"),
        ("Draft", "CLOSED", "OPEN or ARCHIVED"),
        ("Archived", "OPEN", "DRAFT"),
        ("Closed", "OPEN", "DRAFT or ARCHIVED"),
    ],
)
def test_a_status_that_cannot_follow_is_a_conflict_that_says_what_can(
    ashby: Script, present: str, wanted: str, allowed: str
) -> None:
    ashby.answers = [refused("some_undocumented_code"), good({**MADE, "status": present})]

    with pytest.raises(UnifiedError) as conflict:
        MODEL.update(ashby.session(), JOB, {"status": wanted})

    assert (conflict.value.status, conflict.value.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert conflict.value.fields[0].field == "status"
    assert conflict.value.fields[0].message.endswith(allowed)
    assert conflict.value.upstream is not None
    assert conflict.value.upstream.code == "some_undocumented_code"


def test_a_status_that_the_job_has_already_is_no_conflict(ashby: Script) -> None:
    ashby.answers = [refused("nope"), good({**MADE, "status": "Open"})]

    assert MODEL.update(ashby.session(), JOB, {"status": "OPEN"}).record["status"] == "Open"


@pytest.mark.parametrize("job", [refused("job_not_found"), good({**MADE, "status": "New kind"}), good(MADE)])
def test_a_refusal_that_the_job_does_not_explain_stays_what_it_is(ashby: Script, job: Any) -> None:
    ashby.answers = [refused("nope"), job]

    with pytest.raises(UnifiedError) as failed:
        MODEL.update(ashby.session(), JOB, {"status": "ARCHIVED"})

    assert failed.value.code == "CONNECTOR::OPERATION::BAD_REQUEST"


# Deleting, looking


def test_delete_archives(ashby: Script) -> None:
    ashby.answers = [good(MADE)]

    MODEL.delete(ashby.session(), JOB)

    assert ashby.calls == [("job.setStatus", {"jobId": JOB, "status": "Archived"})]


def test_an_open_job_must_be_closed_first(ashby: Script) -> None:
    ashby.answers = [refused("nope"), good({**MADE, "status": "Open"})]

    with pytest.raises(UnifiedError) as conflict:
        MODEL.delete(ashby.session(), JOB)

    assert conflict.value.status == 409
    assert "can only become CLOSED" in conflict.value.detail


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (MADE, JOB),
        ({**MADE, "createdAt": "2020-01-01T00:00:00Z"}, None),
        ({**MADE, "title": "Engineers"}, None),
        ({**MADE, "locationId": "l2"}, None),
        ({**MADE, "createdAt": "bad"}, None),
    ],
)
def test_a_job_that_a_create_made_is_found(ashby: Script, record: dict[str, Any], found: str | None) -> None:
    ashby.answers = [good([record])]
    look = MODEL.lookup(NEW)
    assert look is not None

    assert look(ashby.session(), 1767225630) == found


def test_a_search_that_is_cut_proves_nothing(ashby: Script) -> None:
    ashby.answers = [good([{"id": "x"}] * 100)]
    look = MODEL.lookup(NEW)
    assert look is not None

    with pytest.raises(OutcomeUnknown):
        look(ashby.session(), 0)


def test_every_operation_has_its_cell() -> None:
    assert set(MODEL.capabilities) == set(Operation)
    assert all(cell.mode == "native" or cell.reason for cell in MODEL.capabilities.values())
