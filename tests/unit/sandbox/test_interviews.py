"""Interview schedules and their events, kinds of interview, and interviewer pools."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.oauth.server import TokenGrant, challenge_of
from sandbox.organisation import Change, Organisation
from sandbox.state import Sandbox
from sandbox.table import Record
from tests.unit.sandbox.hiring import Ashby, code

CHARLES = "charles@analytical-engines.example"
LATER = {
    "startTime": "2030-01-30T15:00:00Z",
    "endTime": "2030-01-30T16:00:00Z",
    "interviewers": [{"email": CHARLES, "feedbackRequired": True}],
}
EARLIER = {**LATER, "startTime": "2020-01-30T15:00:00Z", "endTime": "2020-01-30T16:00:00Z"}


@pytest.fixture
def application(organisation: Organisation) -> Record:
    """Return Ada's open application, for the first job."""
    return next(iter(organisation.applications))


@pytest.fixture
def create(ashby: Ashby, application: Record) -> Callable[..., Any]:
    """Schedule events for Ada's application."""
    return lambda *events, **more: ashby(
        "interviewSchedule.create", applicationId=application["id"], interviewEvents=list(events), **more
    )


def titled(organisation: Organisation, title: str) -> str:
    """Return the id of the kind of interview with a title."""
    return next(one["id"] for one in organisation.interviews if one["title"] == title)


# -- seeded ------------------------------------------------------------------------------------------------------


def test_schedules_are_seeded_in_every_state_with_events_that_fit(ashby: Ashby) -> None:
    schedules = ashby("interviewSchedule.list", limit=100)["results"]
    assert {one["status"] for one in schedules} == {
        "NeedsScheduling", "WaitingOnCandidateBooking", "WaitingOnCandidateAvailability", "Unknown",
        "CandidateAvailabilitySubmitted", "Scheduled", "WaitingOnFeedback", "Complete", "Cancelled", "OnHold",
    }  # fmt: skip
    assert {one["scheduledBy"] is None for one in schedules} == {True, False}
    events = [event for one in schedules for event in one["interviewEvents"]]
    for one in schedules:
        assert (one["scheduledBy"] is None) is (one["interviewEvents"] == [])
        application = ashby("application.info", applicationId=one["applicationId"])["results"]
        assert application["currentInterviewStage"]["id"] == one["interviewStageId"]
        for event in one["interviewEvents"]:
            interview = ashby("interview.info", id=event["interviewId"])["results"]
            assert interview["jobId"] in {None, application["job"]["id"]}
            assert event["startTime"] < event["endTime"]
            assert (event["startTime"] > "2027") is (one["status"] in {"Scheduled", "OnHold"})
            assert one["status"] != "Complete" or event["hasSubmittedFeedback"]
    bound = [ashby("interview.info", id=event["interviewId"])["results"]["jobId"] for event in events]
    assert {job is None for job in bound} == {True, False}
    assert {event["interviewers"][0]["interviewerPool"] is None for event in events} == {True, False}
    assert {one["trainingRole"] for event in events for one in event["interviewers"]} == {None, "Shadow"}


def test_events_of_a_schedule_are_listed_and_expanded(ashby: Ashby, organisation: Organisation) -> None:
    schedule = next(one for one in ashby("interviewSchedule.list")["results"] if len(one["interviewEvents"]) == 2)
    page = ashby("interviewEvent.list", interviewScheduleId=schedule["id"], limit=1)
    rest = ashby("interviewEvent.list", interviewScheduleId=schedule["id"], limit=1, cursor=page["nextCursor"])
    assert page["results"] + rest["results"] == schedule["interviewEvents"]
    expanded = ashby("interviewEvent.list", interviewScheduleId=schedule["id"], expand=["interview"])["results"]
    assert [event["interview"]["id"] for event in expanded] == [event["interviewId"] for event in expanded]
    assert code(ashby("interviewEvent.list", interviewScheduleId=expanded[0]["id"])) == "interview_schedule_not_found"


def test_schedules_are_filtered_by_application_and_stage(ashby: Ashby) -> None:
    every = ashby("interviewSchedule.list", limit=100)["results"]
    for name in ("applicationId", "interviewStageId"):
        value = every[0][name]
        found = ashby("interviewSchedule.list", limit=100, **{name: value})["results"]
        assert found == [one for one in every if one[name] == value]


def test_kinds_of_interview_are_shared_unless_asked_for_more(ashby: Ashby) -> None:
    shared = ashby("interview.list")["results"]
    assert all(one["jobId"] is None and not one["isArchived"] for one in shared)
    every = ashby("interview.list", includeNonSharedInterviews=True, includeArchived=True)["results"]
    assert {one["jobId"] is None for one in every} == {True, False}
    assert any(one["isArchived"] for one in every)
    bound = {one["title"] for one in ashby("interview.list", includeNonSharedInterviews=True)["results"]}
    strict = ashby("interview.list", includeNonSharedInterviews=True, excludeArchivedScheduleTemplateInterviews=True)[
        "results"
    ]
    assert bound - {one["title"] for one in strict} == {"Trial day"}
    assert next(one for one in shared if one["title"] == "Pairing")["externalTitle"] == "Pairing"
    assert next(one for one in shared if one["title"] == "Pairing")["instructionsPlain"].startswith("Pairing\nLet them")


def test_interviews_of_confidential_applications_need_the_switch(
    ashby: Ashby, organisation: Organisation, client: httpx.Client
) -> None:
    client.post("/_sandbox/keys", json={"key": "limited"})
    secret = {job["id"] for job in organisation.jobs if job["confidential"]}
    hidden = [
        one
        for one in organisation.interview_schedules
        if organisation.applications.get(one["applicationId"])["jobId"] in secret  # type: ignore[index] - it is there
    ]
    assert hidden
    seen = {one["id"] for one in ashby("interviewSchedule.list", key="limited", limit=100)["results"]}
    assert not seen & {one["id"] for one in hidden}
    for endpoint, body in (
        ("interviewEvent.list", {"interviewScheduleId": hidden[0]["id"]}),
        ("interviewSchedule.cancel", {"id": hidden[0]["id"]}),
    ):
        assert code(ashby(endpoint, key="limited", **body)) == "interview_schedule_not_found"
    board = titled(organisation, "Dinner with the board")
    assert code(ashby("interview.info", key="limited", id=board)) == "interview_not_found"


# -- scheduling --------------------------------------------------------------------------------------------------


def test_a_new_schedule_is_in_the_applications_stage_and_its_state_follows_its_events(
    create: Callable[..., Any], application: Record, organisation: Organisation
) -> None:
    made = create(LATER, EARLIER)["results"]
    assert (made["status"], made["interviewStageId"]) == ("Scheduled", application["interviewStageId"])
    first = made["interviewEvents"][0]
    assert (first["startTime"], first["location"], first["meetingLink"]) == ("2030-01-30T15:00:00.000Z", None, None)
    assert first["interviewers"][0]["email"] == CHARLES
    assert first["interviewers"][0]["isFeedbackRequired"] is True
    assert first["interviewerUserIds"] == [first["interviewers"][0]["id"]]
    assert first["interviewId"] == next(iter(organisation.interviews))["id"]
    assert create(EARLIER)["results"]["status"] == "WaitingOnFeedback"
    assert create({**EARLIER, "interviewers": [{"email": CHARLES}]})["results"]["status"] == "Complete"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"endTime": "2030-01-30T15:00:00Z"}, "invalid_input"),
        ({"interviewers": []}, "invalid_input"),
        ({"interviewers": [{"email": "nobody@analytical-engines.example"}]}, "user_not_found"),
        ({"interviewers": [{"email": "former@analytical-engines.example"}]}, "user_not_found"),
        ({"interviewId": "00000000-0000-4000-8000-000000000000"}, "interview_not_found"),
        ({"extraData": {"k": 1}}, "invalid_input"),
        ({"extraData": {"k" * 101: "v"}}, "invalid_input"),
        ({"extraData": {"k": "v" * 513}}, "invalid_input"),
        ({"extraData": {"a": "v" * 500, "b": "v" * 498}}, "invalid_input"),
    ],
)
def test_a_wrong_event_makes_nothing(
    changes: dict[str, Any], expected: str, create: Callable[..., Any], organisation: Organisation
) -> None:
    before = (len(organisation.interview_schedules), len(organisation.interview_events), organisation.last_change)
    assert code(create(LATER, {**LATER, **changes})) == expected
    after = (len(organisation.interview_schedules), len(organisation.interview_events), organisation.last_change)
    assert before == after


def test_an_interview_of_a_job_fits_only_that_jobs_applications(
    create: Callable[..., Any], organisation: Organisation
) -> None:
    own, other, old = (
        titled(organisation, title) for title in ("Mill deep dive", "DACH case study", "Telephone screen (old)")
    )
    assert create({**LATER, "interviewId": own})["results"]["interviewEvents"][0]["interviewId"] == own
    assert code(create({**LATER, "interviewId": other})) == "invalid_input"
    assert code(create({**LATER, "interviewId": old})) == "invalid_input"


def test_an_event_is_added_replaced_and_cancelled(
    ashby: Ashby, create: Callable[..., Any], organisation: Organisation
) -> None:
    made = create({**LATER, "extraData": {"room": "1"}})["results"]
    target, event = {"interviewScheduleId": made["id"]}, made["interviewEvents"][0]
    mary = [{"email": "MARY@analytical-engines.example"}]
    replaced = ashby(
        "interviewSchedule.update",
        **target,
        interviewEvent={**LATER, "interviewEventId": event["id"], "interviewers": mary},
    )["results"]["interviewEvents"]
    assert [(one["id"], one["interviewers"][0]["firstName"]) for one in replaced] == [(event["id"], "Mary")]
    assert "extraData" not in replaced[0]
    both = ashby("interviewSchedule.update", **target, interviewEvent=[EARLIER])["results"]
    assert both["interviewEvents"][0]["id"] == event["id"]
    assert both["status"] == "Scheduled"
    left = ashby("interviewSchedule.update", **target, interviewEventIdToCancel=event["id"])["results"]
    assert len(left["interviewEvents"]) == 1
    assert left["status"] == "WaitingOnFeedback"
    assert organisation.interview_events.get(event["id"]) is None
    last = left["interviewEvents"][0]["id"]
    gone = ashby("interviewSchedule.update", **target, interviewEventIdToCancel=[last])["results"]
    assert (gone["status"], gone["interviewEvents"]) == ("Cancelled", [])
    assert code(ashby("interviewSchedule.update", **target, interviewEvent=LATER)) == "interview_schedule_cancelled"


def test_an_update_does_exactly_one_thing_or_nothing(
    ashby: Ashby, create: Callable[..., Any], organisation: Organisation
) -> None:
    made = create(LATER)["results"]
    event = made["interviewEvents"][0]["id"]
    other = next(iter(organisation.interview_events))["id"]
    target = {"interviewScheduleId": made["id"]}
    before = organisation.last_change

    def update(**body: Any) -> str:
        return code(ashby("interviewSchedule.update", **target, **body))

    assert update() == "invalid_input"
    assert update(interviewEvent=LATER, interviewEventIdToCancel=event) == "invalid_input"
    assert update(interviewEvent={"startTime": LATER["startTime"]}) == "invalid_input"
    assert update(interviewEvent=[LATER, {**LATER, "interviewEventId": other}]) == "interview_event_not_found"
    assert update(interviewEventIdToCancel=[event, other]) == "interview_event_not_found"
    assert organisation.last_change == before


def test_only_the_key_that_made_a_schedule_may_update_it(
    ashby: Ashby, create: Callable[..., Any], organisation: Organisation, client: httpx.Client
) -> None:
    client.post("/_sandbox/keys", json={"key": "other"})
    made = create(LATER)["results"]["id"]
    by_hand = next(one for one in organisation.interview_schedules if one["madeBy"] is None and one["eventIds"])
    refused = "interview_schedule_not_editable"
    for key, schedule in (("other", made), ("ashby_local_full", by_hand["id"])):
        body = {"interviewScheduleId": schedule, "interviewEvent": LATER}
        assert code(ashby("interviewSchedule.update", key=key, **body)) == refused
        assert ashby("interviewSchedule.cancel", key=key, id=schedule)["results"]["status"] == "Cancelled"


def test_submitted_feedback_is_deleted_only_when_allowed(
    ashby: Ashby, create: Callable[..., Any], client: httpx.Client, organisation: Organisation
) -> None:
    made = create(EARLIER, LATER)["results"]
    past = made["interviewEvents"][0]["id"]
    answer = client.post(f"/_sandbox/interview-events/{past}", json={"hasSubmittedFeedback": True})
    assert answer.status_code == 200
    body = {"interviewScheduleId": made["id"], "interviewEventIdToCancel": past}
    assert code(ashby("interviewSchedule.update", **body)) == "interview_event_has_feedback"
    assert organisation.interview_events.get(past) is not None
    heard: list[Change] = []
    organisation.subscribe(heard.append)
    after = ashby("interviewSchedule.update", **body, allowFeedbackDeletion=True)["results"]
    assert [event["id"] for event in after["interviewEvents"]] == [made["interviewEvents"][1]["id"]]
    assert [(change.kind, change.action) for change in heard] == [
        ("interview_event", "cancelled"),
        ("interview_schedule", "updated"),
    ]
    assert heard[0].detail == {"feedbackDeleted": True}


def test_a_cancelled_schedule_may_be_used_again_only_if_that_was_allowed(
    ashby: Ashby, create: Callable[..., Any], organisation: Organisation
) -> None:
    for again in (True, False):
        made = create(LATER)["results"]
        cancelled = ashby("interviewSchedule.cancel", id=made["id"], allowReschedule=again)["results"]
        assert (cancelled["status"], cancelled["interviewEvents"]) == ("Cancelled", [])
        answer = ashby("interviewSchedule.update", interviewScheduleId=made["id"], interviewEvent=LATER)
        if again:
            assert answer["results"]["status"] == "Scheduled"
        else:
            assert code(answer) == "interview_schedule_cancelled"


def test_a_client_keeps_its_schedules_when_its_token_is_renewed(
    sandbox: Sandbox, client: httpx.Client, application: Record
) -> None:
    server, address, verifier = sandbox.authorization, "http://127.0.0.1:8787/v1/callback/ashby", "v" * 43
    scopes = ("candidatesRead", "interviewsRead", "interviewsWrite")

    def grant(identifier: str, secret: str) -> TokenGrant:
        registered = server.authenticate_client(identifier, secret)
        return server.redeem_code(
            registered, server.issue_code(registered, address, scopes, challenge_of(verifier)), address, verifier
        )

    def send(token: str, endpoint: str, **body: Any) -> Any:
        return client.post(f"/{endpoint}", json=body, headers={"authorization": f"Bearer {token}"}).json()

    first = grant("sandbox-client", "sandbox-secret")
    made = send(
        first.access_token, "interviewSchedule.create", applicationId=application["id"], interviewEvents=[LATER]
    )["results"]
    update = {"interviewScheduleId": made["id"], "interviewEvent": LATER}
    other = grant("whitelabel-client", "whitelabel-secret")
    assert code(send(other.access_token, "interviewSchedule.update", **update)) == "interview_schedule_not_editable"
    client_of_first = server.authenticate_client("sandbox-client", "sandbox-secret")
    renewed = server.refresh(client_of_first, first.refresh_token, None)
    assert len(send(renewed.access_token, "interviewSchedule.update", **update)["results"]["interviewEvents"]) == 2


# -- pools -------------------------------------------------------------------------------------------------------


def test_pools_list_without_members_and_info_with_them(ashby: Ashby, organisation: Organisation) -> None:
    listed = ashby("interviewerPool.list")["results"]
    assert all("qualifiedMembers" not in pool and not pool["isArchived"] for pool in listed)
    assert len(ashby("interviewerPool.list", includeArchivedPools=True)["results"]) == len(listed) + 1
    engineers = ashby("interviewerPool.info", interviewerPoolId=listed[0]["id"])["results"]
    assert {member["isPaused"] for member in engineers["qualifiedMembers"]} == {True, False}
    progress = engineers["trainees"][0]["currentProgress"]
    assert progress["trainingPathId"] == engineers["trainingPath"]["id"]
    assert progress["trainingPathStageId"] == engineers["trainingPath"]["trainingStages"][0]["id"]
    archived = ashby("interviewerPool.list", includeArchivedTrainingStages=True)["results"][0]
    assert len(archived["trainingPath"]["trainingStages"]) == 1 + len(listed[0]["trainingPath"]["trainingStages"])


def test_a_pool_is_made_renamed_archived_and_restored(ashby: Ashby) -> None:
    made = ashby("interviewerPool.create", title="Neu")["results"]
    assert (made["trainingPath"]["enabled"], made["trainingPath"]["trainingStages"]) == (False, [])
    target = {"interviewerPoolId": made["id"]}
    trained = ashby("interviewerPool.update", **target, title="Älter", requiresTraining=True)["results"]
    assert (trained["title"], trained["trainingPath"]["enabled"]) == ("Älter", True)
    roles = [stage["interviewerRole"] for stage in trained["trainingPath"]["trainingStages"]]
    assert roles == ["Shadow", "ReverseShadow"]
    assert ashby("interviewerPool.archive", **target)["results"]["isArchived"] is True
    assert made["id"] not in {pool["id"] for pool in ashby("interviewerPool.list")["results"]}
    assert ashby("interviewerPool.restore", **target)["results"]["isArchived"] is False
    assert code(ashby("interviewerPool.archive", interviewerPoolId=made["trainingPath"]["id"])) == (
        "interviewer_pool_not_found"
    )


def test_members_are_added_moved_and_removed(ashby: Ashby, organisation: Organisation) -> None:
    pool = ashby("interviewerPool.create", title="P", requiresTraining=True)["results"]
    user = list(organisation.users)[5]["id"]
    target = {"interviewerPoolId": pool["id"], "userId": user}
    stage = pool["trainingPath"]["trainingStages"][1]["id"]
    training = ashby("interviewerPool.addUser", **target, interviewerPoolTrainingPathStageId=stage)["results"]
    assert [one["currentProgress"]["trainingPathStageId"] for one in training["trainees"]] == [stage]
    qualified = ashby("interviewerPool.addUser", **target)["results"]
    assert ([one["id"] for one in qualified["qualifiedMembers"]], qualified["trainees"]) == ([user], [])
    assert ashby("interviewerPool.removeUser", **target)["results"]["qualifiedMembers"] == []
    assert code(ashby("interviewerPool.removeUser", **target)) == "user_not_in_interviewer_pool"
    assert code(ashby("interviewerPool.addUser", **{**target, "userId": stage})) == "user_not_found"
    wrong = ashby("interviewerPool.addUser", **target, interviewerPoolTrainingPathStageId=user)
    assert code(wrong) == "interviewer_pool_training_path_stage_not_found"
