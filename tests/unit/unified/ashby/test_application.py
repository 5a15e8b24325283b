"""``atsApplication``: whose it is and where it stands, moves that Ashby refuses, and writes of several steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import failure, listed
from tests.unit.unified.conftest import Script, good, lost, refused
from tests.unit.unified.strategies import any_text, json_values
from unified.ashby.application import MODEL
from unified.connector import ListQuery, Operation
from unified.errors import Invalid, OutcomeUnknown

APP = "11111111-1111-4111-8111-111111111111"
ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
NEW = {"candidate": "c1", "job": "j1"}
RECORD = {
    "id": APP,
    "status": "Active",
    "candidate": {"id": "c1"},
    "job": {"id": "j1"},
    "createdAt": "2026-01-01T00:00:00.000Z",
    "hiringTeam": [],
}
ROLES = [{"id": "r1", "title": "Hiring Manager"}, {"id": "r2", "title": "Recruiter"}]


def _member(user: str, role: str) -> dict[str, str]:
    return {"userId": user, "firstName": "A", "lastName": "B", "email": "a@b.example", "role": role}


def _reference(model: str, identity: str) -> dict[str, str]:
    return {"object": "resourceRef", "model": model, "id": identity}


# Reading


def test_an_application_is_read_whole() -> None:
    resource = MODEL.mapper.resource(
        {
            **RECORD,
            "status": "Archived",
            "currentInterviewStage": {"id": "s1", "title": "Gone", "type": "Archived"},
            "source": {"id": "src", "title": "Referral"},
            "archiveReason": {"id": "ar", "text": "Too far", "reasonType": "RejectedByCandidate"},
            "archivedAt": "2026-02-01T00:00:00.000Z",
            "creditedToUser": {"id": BOB},
            "hiringTeam": [_member(BOB, "Hiring Manager"), _member(ADA, "Recruiter")],
            "offers": [{"id": "o1"}],
        }
    )

    team = resource["fields"].pop("hiringTeam")
    assert [member["role"] for member in team] == ["Hiring Manager", "Recruiter"]
    assert resource["fields"] == {
        "candidate": _reference("genericContact", "c1"),
        "job": _reference("atsJob", "j1"),
        "stage": _reference("atsApplicationStage", "s1"),
        "status": "ARCHIVED",
        "appliedDate": "2026-01-01T00:00:00.000Z",
        "recruiter": _reference("genericUser", ADA),
        "creditedTo": _reference("genericUser", BOB),
        "source": "Referral",
        "sourceId": "src",
        "archiveReason": "Too far",
        "archiveReasonId": "ar",
        "archiveReasonType": "REJECTED_BY_CANDIDATE",
        "archivedAt": "2026-02-01T00:00:00.000Z",
        "offers": [_reference("atsOffer", "o1")],
    }
    assert "warnings" not in resource


def test_whom_the_candidate_is_credited_to_is_not_the_recruiter() -> None:
    fields = MODEL.mapper.resource({**RECORD, "creditedToUser": {"id": BOB}})["fields"]

    assert "recruiter" not in fields
    assert fields["creditedTo"]["id"] == BOB


_KEYS = ["id", "status", "candidate", "job", "source", "archiveReason", "hiringTeam", "offers", "creditedToUser"]


@given(st.dictionaries(st.sampled_from(_KEYS) | any_text, json_values, max_size=8))
def test_any_record_is_read_and_keeps_what_is_good(record: dict[str, Any]) -> None:
    resource = MODEL.mapper.resource({**record, "archivedAt": "2026-02-01T00:00:00.000Z"})

    assert resource["fields"]["archivedAt"] == "2026-02-01T00:00:00.000Z"


# Listing


@pytest.mark.parametrize(
    ("filters", "more"),
    [
        ({}, {}),
        ({"job": "j1"}, {"jobId": "j1"}),
        ({"status": "HIRED", "job": "j1"}, {"status": "Hired", "jobId": "j1"}),
        (
            {"createdAfter": "2026-01-01T00:00:00Z", "createdBefore": "2026-01-02"},
            {"createdAfter": 1767225600000, "createdBefore": 1767312000000},
        ),
    ],
)
def test_filters_are_pushed_to_ashby(ashby: Script, filters: dict[str, str], more: dict[str, Any]) -> None:
    ashby.answers = [good([RECORD], moreDataAvailable=True, nextCursor="n")]

    page = listed(MODEL, ashby, filters=filters, cursor="c")

    assert (page.records, page.next) == ([RECORD], "n")
    assert ashby.calls == [("application.list", {"limit": 50, "cursor": "c", **more})]


@pytest.mark.parametrize(
    "filters", [{"status": "Active"}, {"status": "ACTIVE,LEAD"}, {"createdAfter": "x"}, {"createdBefore": "0"}]
)
def test_a_filter_that_is_wrong_is_named_and_not_sent(ashby: Script, filters: dict[str, str]) -> None:
    (name,) = filters

    refusal = failure(lambda: listed(MODEL, ashby, filters=filters))

    assert (refusal.status, [problem.field for problem in refusal.fields]) == (400, [f"filter[{name}]"])
    assert ashby.sent == []


def test_a_candidates_applications_are_read_each(ashby: Script) -> None:
    ashby.answers = [good({"id": "c1", "applicationIds": ["a1"]}), good({**RECORD, "id": "a1"})]

    page = listed(MODEL, ashby, filters={"candidate": "c1"})

    assert ([one["id"] for one in page.records], page.next) == (["a1"], None)
    assert ashby.calls == [("candidate.info", {"id": "c1"}), ("application.info", {"applicationId": "a1"})]


class _Candidate:
    """An Ashby of one candidate, that answers by what it is asked for."""

    def __init__(self, statuses: list[str]) -> None:
        self.records = {f"a{number}": {"id": f"a{number}", "status": one} for number, one in enumerate(statuses)}

    def record(self, endpoint: str, body: dict[str, Any], *, permission: str) -> dict[str, Any]:
        assert permission == "candidatesRead"
        if endpoint == "candidate.info":
            return {"applicationIds": list(self.records)}
        return self.records[body["applicationId"]]


@given(st.lists(st.sampled_from(["Active", "Archived"]), max_size=12), st.integers(1, 5), st.booleans())
def test_pages_of_a_candidate_are_whole(statuses: list[str], limit: int, only_active: bool) -> None:
    ashby: Any = _Candidate(statuses)
    filters = {"candidate": "c1", **({"status": "ACTIVE"} if only_active else {})}
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(20):
        page = MODEL.list(ashby, ListQuery(limit, cursor, None, filters))
        found += [one["id"] for one in page.records]
        cursor = page.next
        if cursor is None:
            break

    assert found == [key for key, one in ashby.records.items() if not only_active or one["status"] == "Active"]


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"job": "j1"}, True),
        ({"job": "j2"}, False),
        ({"createdAfter": "2025-12-31T00:00:00Z"}, True),
        ({"createdAfter": "2026-01-01T00:00:00Z"}, False),
        ({"createdBefore": "2026-01-01T00:00:00Z"}, False),
        ({"createdAfter": "2025-01-01T00:00:00Z", "createdBefore": "2027-01-01T00:00:00Z"}, True),
    ],
)
def test_the_other_filters_hold_for_a_candidates_too(ashby: Script, more: dict[str, str], kept: bool) -> None:
    ashby.answers = [good({"applicationIds": ["a1"]}), good(RECORD)]

    assert bool(listed(MODEL, ashby, filters={"candidate": "c1", **more}).records) is kept


def test_a_hidden_application_is_said_to_be(ashby: Script) -> None:
    ashby.answers = [good({"applicationIds": ["a1"]}), refused("application_not_found")]

    page = listed(MODEL, ashby, filters={"candidate": "c1"})

    assert page.records == []
    assert page.warnings == ("1 of the candidate's applications are hidden from this key.",)


def test_a_candidate_that_is_not_there_is_named(ashby: Script) -> None:
    ashby.answers = [refused("candidate_not_found")]

    failed = failure(lambda: listed(MODEL, ashby, filters={"candidate": "c1"}))

    assert (failed.status, [problem.field for problem in failed.fields]) == (400, ["filter[candidate]"])


def test_offers_are_an_extra(ashby: Script) -> None:
    ashby.answers = [good([{"id": "o1"}, {"id": "o2"}])]

    (record,) = MODEL.with_extras(ashby.session(), [RECORD], MODEL.extras)

    assert [one["id"] for one in MODEL.mapper.resource(record)["fields"]["offers"]] == ["o1", "o2"]
    assert ashby.calls == [("offer.list", {"limit": 100, "applicationId": APP})]


def test_offers_that_cannot_be_read_cost_their_field(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    (record,) = MODEL.with_extras(ashby.session(), [RECORD], MODEL.extras)
    resource = MODEL.mapper.resource(record)

    assert resource["fields"]["status"] == "ACTIVE"
    assert "offersRead" in resource["warnings"][0]["message"]


# Creating


def test_create_is_one_call_where_one_will_do(ashby: Script) -> None:
    ashby.answers = [good(RECORD)]

    written = MODEL.create(
        ashby.session(), {**NEW, "sourceId": "s", "creditedTo": BOB, "appliedDate": "2026-01-01T00:00:00.000Z"}
    )

    assert (written.record, written.not_written) == (RECORD, {})
    body = {
        "candidateId": "c1",
        "jobId": "j1",
        "sourceId": "s",
        "creditedToUserId": BOB,
        "createdAt": "2026-01-01T00:00:00.000Z",
    }
    assert ashby.calls == [("application.create", body)]


def test_a_stage_is_sent_with_its_plan(ashby: Script) -> None:
    ashby.answers = [good({"id": "s1", "type": "Active", "interviewPlanId": "p2"}), good(RECORD)]

    MODEL.create(ashby.session(), {**NEW, "stage": "s1"})

    body = {"candidateId": "c1", "jobId": "j1", "interviewPlanId": "p2", "interviewStageId": "s1"}
    assert ashby.calls == [("interviewStage.info", {"interviewStageId": "s1"}), ("application.create", body)]


def test_an_archived_application_is_made_by_its_history(ashby: Script) -> None:
    ashby.answers = [good({"id": "s1", "type": "Archived", "interviewPlanId": "p"}), good(RECORD)]

    MODEL.create(
        ashby.session(),
        {**NEW, "stage": "s1", "archiveReasonId": "ar", "appliedDate": "2026-01-01T00:00:00.000Z"},
    )

    assert ashby.sent[1].body["applicationHistory"] == [
        {
            "stageId": "s1",
            "stageNumber": 0,
            "enteredStageAt": "2026-01-01T00:00:00.000Z",
            "archiveReasonId": "ar",
        }
    ]
    assert "interviewStageId" not in ashby.sent[1].body


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"archiveReasonId": "ar"}, None),
        ({"archiveReasonId": "ar", "stage": "s1"}, "Active"),
        ({"stage": "s1"}, "Archived"),
    ],
)
def test_a_reason_goes_with_an_archived_stage_and_with_no_other(
    ashby: Script, fields: dict[str, str], stage: str | None
) -> None:
    ashby.answers = [good({"id": "s1", "type": stage})] if stage else []

    refusal = failure(lambda: MODEL.create(ashby.session(), {**NEW, **fields}))

    assert (refusal.status, refusal.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [problem.field for problem in refusal.fields] == ["archiveReasonId"]
    assert "application.create" not in [endpoint for endpoint, _ in ashby.calls]


def test_the_recruiter_follows_and_takes_the_others_place(ashby: Script) -> None:
    ashby.answers = [
        good({**RECORD, "hiringTeam": [_member(BOB, "Recruiter"), _member(BOB, "Hiring Manager")]}),
        good(ROLES),
        good(_member(ADA, "Recruiter")),
        good(_member(BOB, "Recruiter")),
    ]

    written = MODEL.create(ashby.session(), {**NEW, "recruiter": ADA})

    assert written.not_written == {}
    assert MODEL.mapper.resource(written.record)["fields"]["recruiter"]["id"] == ADA
    assert ashby.calls[1:] == [
        ("applicationHiringTeamRole.list", {}),
        ("application.addHiringTeamMember", {"applicationId": APP, "teamMemberId": ADA, "roleId": "r2"}),
        ("application.removeHiringTeamMember", {"applicationId": APP, "teamMemberId": BOB, "roleId": "r2"}),
    ]


@pytest.mark.parametrize("trouble", [refused("user_not_found"), lost(), refused("missing_endpoint_permission", 403)])
def test_an_application_that_was_made_without_its_recruiter_is_reported(ashby: Script, trouble: Any) -> None:
    ashby.answers = [good(RECORD), good(ROLES), trouble]

    written = MODEL.create(ashby.session(), {**NEW, "recruiter": ADA})

    assert written.record["id"] == APP
    assert list(written.not_written) == ["recruiter"]


def test_a_create_whose_answer_is_lost_goes_no_further(ashby: Script) -> None:
    ashby.answers = [lost()]

    with pytest.raises(OutcomeUnknown):
        MODEL.create(ashby.session(), {**NEW, "recruiter": ADA})

    assert len(ashby.sent) == 1


# Updating


def test_archiving_is_one_call(ashby: Script) -> None:
    ashby.answers = [good(RECORD)]

    MODEL.update(ashby.session(), APP, {"stage": "s9", "archiveReasonId": "ar"})

    body = {"applicationId": APP, "interviewStageId": "s9", "archiveReasonId": "ar"}
    assert ashby.calls == [("application.changeStage", body)]


def test_another_job_is_a_transfer_into_the_stages_plan(ashby: Script) -> None:
    ashby.answers = [good({"id": "s1", "type": "Active", "interviewPlanId": "p2"}), good(RECORD)]

    MODEL.update(ashby.session(), APP, {"job": "j2", "stage": "s1"})

    assert ashby.calls[1] == (
        "application.transfer",
        {"applicationId": APP, "interviewStageId": "s1", "jobId": "j2", "interviewPlanId": "p2"},
    )


def test_the_stage_comes_first_and_the_rest_follows_quietly(ashby: Script) -> None:
    ashby.answers = [
        good(RECORD),
        good({**RECORD, "hiringTeam": [_member(ADA, "Recruiter")]}),
    ]

    written = MODEL.update(ashby.session(), APP, {"stage": "s1", "sourceId": "src", "recruiter": ADA})

    assert written.not_written == {}
    assert ashby.calls == [
        ("application.changeStage", {"applicationId": APP, "interviewStageId": "s1"}),
        ("application.update", {"applicationId": APP, "sourceId": "src", "sendNotifications": False}),
    ]


def test_a_recruiter_alone_costs_a_look_at_the_team(ashby: Script) -> None:
    ashby.answers = [good(RECORD), good(ROLES), good(_member(ADA, "Recruiter"))]

    MODEL.update(ashby.session(), APP, {"recruiter": ADA})

    assert [endpoint for endpoint, _ in ashby.calls] == [
        "application.info",
        "applicationHiringTeamRole.list",
        "application.addHiringTeamMember",
    ]


def test_what_came_after_a_failure_is_still_tried_and_each_is_reported(ashby: Script) -> None:
    ashby.answers = [
        good(RECORD),
        refused("source_not_found"),
        good(ROLES),
        good(_member(ADA, "Recruiter")),
    ]

    written = MODEL.update(ashby.session(), APP, {"stage": "s1", "sourceId": "src", "recruiter": ADA})

    assert list(written.not_written) == ["sourceId"]
    assert MODEL.mapper.resource(written.record)["fields"]["recruiter"]["id"] == ADA


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"candidate": "c2"}, ["candidate"]),
        ({"job": "j2"}, ["stage"]),
        ({"archiveReasonId": "ar"}, ["archiveReasonId"]),
        ({"archiveReasonId": "ar", "job": "j2", "stage": "s1"}, ["archiveReasonId"]),
        ({"archiveReasonId": "ar", "job": "j2"}, ["stage", "archiveReasonId", "archiveReasonId"]),
    ],
)
def test_fields_that_contradict_each_other_are_not_sent(
    ashby: Script, fields: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        MODEL.update(ashby.session(), APP, fields)

    assert refusal.value.code == "CONNECTOR::OPERATION::BAD_REQUEST"
    assert [problem.field for problem in refusal.value.fields] == named
    assert ashby.sent == []


def test_a_transfer_does_not_archive(ashby: Script) -> None:
    ashby.answers = [good({"id": "s1", "type": "Archived", "interviewPlanId": "p2"})]

    refusal = failure(lambda: MODEL.update(ashby.session(), APP, {"job": "j2", "stage": "s1"}))

    assert [problem.field for problem in refusal.fields] == ["stage"]
    assert len(ashby.sent) == 1


@pytest.mark.parametrize(
    ("code", "named", "status"),
    [
        ("interview_stage_not_found", "stage", 400),
        ("archive_reason_not_found", "archiveReasonId", 400),
        ("opening_in_use", "stage", 409),
    ],
)
def test_what_ashby_says_of_a_move_is_told_in_our_words(ashby: Script, code: str, named: str, status: int) -> None:
    ashby.answers = [refused(code)]

    failed = failure(lambda: MODEL.update(ashby.session(), APP, {"stage": "s1", "archiveReasonId": "ar"}))

    assert (failed.status, [problem.field for problem in failed.fields]) == (status, [named])
    assert failed.upstream is not None
    assert failed.upstream.code == code


def test_an_application_that_is_not_there_is_missing(ashby: Script) -> None:
    for call in (
        lambda: MODEL.retrieve(ashby.session(), APP),
        lambda: MODEL.update(ashby.session(), APP, {"stage": "s1"}),
        lambda: MODEL.update(ashby.session(), APP, {"sourceId": "s1"}),
        lambda: MODEL.delete(ashby.session(), APP),
    ):
        ashby.answers = [refused("application_not_found")]
        failed = failure(call)
        assert (failed.status, failed.code) == (404, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("candidate_not_found", "candidate"),
        ("job_not_found", "job"),
        ("source_not_found", "sourceId"),
        ("user_not_found", "creditedTo"),
        ("interview_plan_not_found", "job"),
    ],
)
def test_a_reference_that_ashby_does_not_have_is_named(ashby: Script, code: str, named: str) -> None:
    ashby.answers = [refused(code)]

    failed = failure(lambda: MODEL.create(ashby.session(), NEW))

    assert (failed.status, [problem.field for problem in failed.fields]) == (400, [named])


# Deleting, looking


def test_delete_is_ashbys_own(ashby: Script) -> None:
    ashby.answers = [good({"applicationId": APP})]

    MODEL.delete(ashby.session(), APP)

    assert ashby.calls == [("application.delete", {"applicationId": APP})]


def test_the_permission_to_delete_is_named(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    assert failure(lambda: MODEL.delete(ashby.session(), APP)).permission == "candidatesDelete"


@pytest.mark.parametrize(
    ("fields", "record", "found"),
    [
        (NEW, RECORD, True),
        (NEW, {**RECORD, "job": {"id": "j2"}}, False),
        (NEW, {**RECORD, "createdAt": "2020-01-01T00:00:00.000Z"}, False),
        (
            {**NEW, "appliedDate": "2020-01-01T00:00:00.000Z"},
            {**RECORD, "createdAt": "2020-01-01T00:00:00.000Z"},
            True,
        ),
        ({**NEW, "appliedDate": "2020-01-01T00:00:00.000Z"}, RECORD, False),
    ],
)
def test_an_application_that_a_create_made_is_found(
    ashby: Script, fields: dict[str, str], record: dict[str, Any], found: bool
) -> None:
    ashby.answers = [good({"applicationIds": ["a1"]}), good(record)]
    look = MODEL.lookup(fields)
    assert look is not None

    assert look(ashby.session(), 1767225630) == (APP if found else None)


def test_nothing_was_made_for_a_candidate_that_is_not_there(ashby: Script) -> None:
    ashby.answers = [refused("candidate_not_found")]
    look = MODEL.lookup(NEW)
    assert look is not None

    assert look(ashby.session(), 0) is None


def test_every_operation_has_its_cell() -> None:
    assert set(MODEL.capabilities) == set(Operation)
