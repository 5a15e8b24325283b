"""``scheduleEvent``: read of its schedule, written whole, by the key that made it, and not once there is feedback."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import failure
from tests.unit.unified.conftest import Script, good, lost, refused, reply
from tests.unit.unified.strategies import json_values
from unified.ashby.event import MODEL
from unified.ashby.schedules import events_of
from unified.connector import ListQuery
from unified.errors import Invalid, Missing, OutcomeUnknown, Unauthorized, UnifiedError


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


APPLICATION, SCHEDULE, EVENT, OTHER, KIND, STAGE, ADA_ID, BOB_ID, EVE_ID = (_id(number) for number in range(9))
ADA = {
    "id": ADA_ID,
    "firstName": "Ada",
    "lastName": "Lovelace",
    "email": "ada@b.example",
    "trainingRole": None,
    "interviewerPool": None,
    "isFeedbackRequired": True,
}
BOB = {"id": BOB_ID, "firstName": "Bob", "email": "bob@b.example", "trainingRole": "Reverse-Shadow"}
START, END, LATER = "2031-03-03T10:30:00.000Z", "2031-03-03T11:30:00.000Z", "2031-03-03T12:00:00.000Z"
RECORD_ID = f"{APPLICATION}.{SCHEDULE}.{EVENT}"


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "id": EVENT,
        "interviewId": KIND,
        "interviewScheduleId": SCHEDULE,
        "interviewers": [ADA, BOB],
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-02T00:00:00.000Z",
        "startTime": START,
        "endTime": END,
        "feedbackLink": "https://app.ashbyhq.com/x",
        "location": "Room 1",
        "meetingLink": "https://meet.example/1",
        "hasSubmittedFeedback": False,
        **changes,
    }


def _schedule(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": SCHEDULE,
        "status": "Scheduled",
        "applicationId": APPLICATION,
        "interviewStageId": STAGE,
        "scheduledBy": {"id": EVE_ID, "firstName": "Eve"},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "interviewEvents": list(events or (_event(),)),
        **changes,
    }


def _read(record: dict[str, Any]) -> dict[str, Any]:
    return MODEL.mapper.resource(record)["fields"]


def _ref(model: str, identity: str) -> dict[str, str]:
    return {"object": "resourceRef", "model": model, "id": identity}


NEW: dict[str, Any] = {
    "application": {"id": APPLICATION},
    "startTime": "2031-03-03T11:30:00+01:00",
    "endTime": END,
    "attendees": [{"email": "ada@b.example"}],
}
SENT = {"startTime": START, "endTime": END, "interviewers": [{"email": "ada@b.example"}]}


def _checked(**changes: Any) -> dict[str, Any]:
    body = {key: value for key, value in {**NEW, **changes}.items() if value is not None}
    return MODEL.mapper.check_write(body, creating=True)


# Reading


def test_an_event_is_read_with_what_its_schedule_says() -> None:
    resource = MODEL.mapper.resource(events_of(_schedule())[0])

    assert resource["id"] == RECORD_ID
    assert resource["fields"] == {
        "startTime": START,
        "endTime": END,
        "location": "Room 1",
        "meetingUrl": "https://meet.example/1",
        "status": "planned",
        "eventType": _ref("scheduleEventType", KIND),
        "application": _ref("atsApplication", APPLICATION),
        "schedule": SCHEDULE,
        "stage": _ref("atsApplicationStage", STAGE),
        "organizer": _ref("genericUser", EVE_ID),
        "attendees": [
            {
                "user": _ref("genericUser", ADA_ID),
                "email": "ada@b.example",
                "name": "Ada Lovelace",
                "role": "interviewer",
                "isFeedbackRequired": True,
            },
            {"user": _ref("genericUser", BOB_ID), "email": "bob@b.example", "name": "Bob", "role": "reverseShadow"},
        ],
        "hasFeedback": False,
    }
    assert (resource["createdAt"], resource["updatedAt"]) == ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    assert "warnings" not in resource


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NeedsScheduling", "requested"),
        ("WaitingOnCandidateBooking", "requested"),
        ("WaitingOnCandidateAvailability", "requested"),
        ("CandidateAvailabilitySubmitted", "requested"),
        ("Scheduled", "planned"),
        ("WaitingOnFeedback", "awaitingFeedback"),
        ("Complete", "completed"),
        ("Cancelled", "canceled"),
        ("OnHold", "onHold"),
        ("Unknown", None),
        ("Postponed", None),
        (5, None),
    ],
)
def test_a_status_is_one_of_ours_or_is_not_guessed(theirs: Any, ours: str | None) -> None:
    resource = MODEL.mapper.resource(events_of(_schedule(status=theirs))[0])

    assert resource["fields"].get("status") == ours
    assert ("warnings" in resource) is (theirs in ("Postponed", 5))


def test_what_is_null_or_odd_costs_itself() -> None:
    assert "attendees" not in MODEL.mapper.resource(events_of(_schedule(_event(interviewers="x")))[0])["fields"]
    event = _event(location=None, meetingLink="no link", interviewers=[ADA, 5, {**BOB, "trainingRole": {}}])
    resource = MODEL.mapper.resource(events_of(_schedule(event, scheduledBy=None))[0])

    assert "location" not in resource["fields"]
    assert "organizer" not in resource["fields"]
    assert [one.get("role") for one in resource["fields"]["attendees"]] == ["interviewer", None]
    assert [one["message"].split('"')[1] for one in resource["warnings"]] == ["meetingUrl"]


@given(
    st.dictionaries(st.sampled_from([*_event(), *_schedule()]), json_values),
    st.dictionaries(st.sampled_from([*_event()]), json_values),
    json_values,
)
def test_whatever_a_record_holds_it_is_read(schedule: dict[str, Any], event: dict[str, Any], anything: Any) -> None:
    for record in (
        schedule,
        *events_of(schedule),
        *events_of({**schedule, "interviewEvents": [event]}),
        {"interviewEvent": anything, "interviewSchedule": anything, "interview": anything},
    ):
        assert MODEL.mapper.resource(record)["object"] == "resource"


def test_a_list_pushes_its_filters(ashby: Script) -> None:
    ashby.answers = [good([_schedule()])]

    page = MODEL.list(ashby.session(), ListQuery(5, filters={"application": APPLICATION, "stage": STAGE}))

    assert [record["id"] for record in page.records] == [RECORD_ID]
    assert ashby.calls == [
        ("interviewSchedule.list", {"applicationId": APPLICATION, "interviewStageId": STAGE, "limit": 5})
    ]


def test_a_filter_that_ashby_refuses_is_named(ashby: Script) -> None:
    errors = [{"parameter": "interviewStageId"}]
    ashby.answers = [reply(200, {"success": False, "errors": errors, "errorInfo": {"code": "invalid_input"}})]

    problem = failure(lambda: MODEL.list(ashby.session(), ListQuery(5, filters={"stage": "s"})))

    assert [one.field for one in problem.fields] == ["filter[stage]"]


def test_one_event_is_found_among_its_applications_schedules(ashby: Script) -> None:
    ashby.answers = [
        good([_schedule(_event(), id=OTHER)], moreDataAvailable=True, nextCursor="n"),
        good([_schedule(_event(id=OTHER), _event())]),
    ]

    record = MODEL.retrieve(ashby.session(), RECORD_ID)

    assert record == events_of(_schedule())[0]
    assert ashby.calls[1] == ("interviewSchedule.list", {"applicationId": APPLICATION, "limit": 100, "cursor": "n"})


@pytest.mark.parametrize("answer", [[], [_schedule(_event(id=OTHER))], [_schedule(id=OTHER)]])
def test_an_event_that_is_not_there_is_missing(ashby: Script, answer: Any) -> None:
    ashby.answers = [good(answer)]

    with pytest.raises(Missing):
        MODEL.retrieve(ashby.session(), RECORD_ID)


@pytest.mark.parametrize("record_id", [EVENT, f"{SCHEDULE}.{EVENT}", f"{RECORD_ID}.{EVENT}", "a.b.c", ".."])
def test_what_is_no_events_id_is_missing(ashby: Script, record_id: str) -> None:
    for call in (MODEL.retrieve, MODEL.delete, lambda session, one: MODEL.update(session, one, {"endTime": END})):
        with pytest.raises(Missing):
            call(ashby.session(), record_id)

    assert ashby.sent == []


def test_each_kind_of_interview_is_read_once_for_its_title(ashby: Script) -> None:
    ashby.answers = [good({"id": KIND, "title": "Pairing", "instructionsPlain": "Let them drive"})]
    records = events_of(_schedule(_event(), _event(id=OTHER), _event(interviewId=None)))

    found = MODEL.with_extras(ashby.session(), records, {"title"})

    assert [_read(record).get("title") for record in found] == ["Pairing", "Pairing", None]
    assert _read(found[0])["description"] == "Let them drive"
    assert ashby.calls == [("interview.info", {"id": KIND})]
    assert MODEL.with_extras(ashby.session(), records, {"status"}) is records


def test_a_title_that_cannot_be_read_costs_itself(ashby: Script) -> None:
    ashby.answers = [refused("interview_not_found")]

    (found,) = MODEL.with_extras(ashby.session(), events_of(_schedule()), {"title", "description"})

    resource = MODEL.mapper.resource(found)
    assert resource["fields"]["startTime"] == START
    assert len(resource["warnings"]) == 2
    ashby.answers = [refused("x", 401)]
    with pytest.raises(Unauthorized):
        MODEL.with_extras(ashby.session(), events_of(_schedule()), {"title"})


# Creating


def test_an_event_starts_a_schedule(ashby: Script) -> None:
    ashby.answers = [good(_schedule())]

    written = MODEL.create(ashby.session(), _checked(eventType={"id": KIND}))

    assert (written.record["id"], written.not_written) == (RECORD_ID, {})
    body = {"applicationId": APPLICATION, "interviewEvents": [{**SENT, "interviewId": KIND}]}
    assert ashby.calls == [("interviewSchedule.create", body)]


def test_an_event_joins_a_schedule_and_is_told_from_the_others(ashby: Script) -> None:
    before = _event(id=OTHER)
    ashby.answers = [good([before]), good(_schedule(_event(), before))]

    written = MODEL.create(ashby.session(), _checked(application=None, schedule=SCHEDULE))

    assert written.record["id"] == RECORD_ID
    assert ashby.calls == [
        ("interviewEvent.list", {"interviewScheduleId": SCHEDULE, "limit": 100}),
        ("interviewSchedule.update", {"interviewScheduleId": SCHEDULE, "interviewEvent": SENT}),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"application": None}, "application"),
        ({"schedule": SCHEDULE}, "schedule"),
        ({"endTime": START}, "endTime"),
        ({"startTime": LATER}, "endTime"),
        ({"attendees": []}, "attendees"),
        ({"attendees": [{}]}, "attendees"),
        ({"attendees": [{"email": "a@b.example", "name": "A"}]}, "attendees"),
        ({"attendees": [{"email": "a@b.example", "role": "shadow"}]}, "attendees"),
        ({"attendees": [{"email": "a@b.example"}, {"email": "A@b.example"}]}, "attendees"),
    ],
)
def test_fields_that_cannot_go_together_are_named_and_not_sent(
    ashby: Script, changes: dict[str, Any], field: str
) -> None:
    problem = failure(lambda: MODEL.create(ashby.session(), _checked(**changes)))

    assert (problem.status, problem.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [one.field for one in problem.fields] == [field]
    assert ashby.sent == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"startTime", "endTime", "attendees"}),
        ({**NEW, "location": "Room 1"}, {"location"}),
        ({**NEW, "meetingUrl": "https://meet.example"}, {"meetingUrl"}),
        ({**NEW, "title": "t", "status": "planned", "hasFeedback": True}, {"title", "status", "hasFeedback"}),
        ({**NEW, "attendees": [{"email": "no"}]}, {"attendees"}),
        ({**NEW, "attendees": [{"phone": "no"}]}, {"attendees"}),
        ({**NEW, "eventType": {"id": "a/b"}}, {"eventType"}),
        ({**NEW, "application": _ref("atsJob", "j")}, {"application"}),
    ],
)
def test_what_cannot_be_written_is_named(body: dict[str, Any], fields: set[str]) -> None:
    problem = failure(lambda: MODEL.mapper.check_write(body, creating=True))

    assert {one.field for one in problem.fields} == fields


def test_attendees_are_users_by_reference_or_address(ashby: Script) -> None:
    ashby.answers = [good(ADA), good(_schedule())]
    attendees = [
        {"user": {"id": ADA_ID}, "email": "ADA@b.example"},
        {"email": "b@b.example", "isFeedbackRequired": True},
    ]

    MODEL.create(ashby.session(), _checked(attendees=attendees))

    assert ashby.calls[0] == ("user.info", {"userId": ADA_ID})
    assert ashby.sent[1].body["interviewEvents"][0]["interviewers"] == [
        {"email": "ada@b.example"},
        {"email": "b@b.example", "feedbackRequired": True},
    ]


@pytest.mark.parametrize(
    ("answer", "attendee"),
    [
        (refused("user_not_found"), {"user": {"id": ADA_ID}}),
        (reply(200, {"success": False, "errors": [{"parameter": "userId"}], "errorInfo": {"code": "invalid_input"}}),
         {"user": {"id": "nobody"}}),
        (good({"id": ADA_ID}), {"user": {"id": ADA_ID}}),
        (good(ADA), {"user": {"id": ADA_ID}, "email": "bob@b.example"}),
    ],
)  # fmt: skip
def test_an_attendee_that_is_no_user_is_named_and_nothing_written(
    ashby: Script, answer: Any, attendee: dict[str, Any]
) -> None:
    ashby.answers = [answer]

    problem = failure(lambda: MODEL.create(ashby.session(), _checked(attendees=[attendee])))

    assert (problem.status, [one.field for one in problem.fields]) == (400, ["attendees"])
    assert len(ashby.sent) == 1


@pytest.mark.parametrize(
    ("code", "parameter", "field"),
    [
        ("invalid_input", "applicationId", "application"),
        ("invalid_input", "interviewEvents[0].startTime", "startTime"),
        ("invalid_input", "interviewEvents[0].interviewers[1].email", "attendees"),
        ("invalid_input", "interviewEvents[0].interviewId", "eventType"),
        ("invalid_input", "interviewEvents", "(body)"),
        ("application_not_found", None, "application"),
        ("interview_not_found", None, "eventType"),
        ("user_not_found", None, "attendees"),
    ],
)
def test_what_ashby_refuses_is_told_in_our_words(ashby: Script, code: str, parameter: str | None, field: str) -> None:
    errors = [{"parameter": parameter}] if parameter else []
    ashby.answers = [reply(200, {"success": False, "errors": errors, "errorInfo": {"code": code}})]

    problem = failure(lambda: MODEL.create(ashby.session(), _checked()))

    assert (problem.status, problem.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [one.field for one in problem.fields] == [field]
    assert problem.upstream is not None
    assert problem.upstream.code == code


def test_a_schedule_to_join_that_is_not_there_is_a_wrong_field(ashby: Script) -> None:
    ashby.answers = [refused("interview_schedule_not_found")]

    problem = failure(lambda: MODEL.create(ashby.session(), _checked(application=None, schedule=SCHEDULE)))

    assert (problem.status, [one.field for one in problem.fields]) == (400, ["schedule"])
    assert len(ashby.sent) == 1


@pytest.mark.parametrize("answer", [lost(), good(_schedule(interviewEvents=[])), good({})])
def test_a_creation_without_a_sure_answer_is_unknown(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer]

    with pytest.raises(OutcomeUnknown):
        MODEL.create(ashby.session(), _checked())


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({}, True),
        ({"startTime": END}, False),
        ({"interviewId": OTHER}, False),
        ({"interviewers": [ADA]}, False),
        ({"interviewers": [ADA, {**BOB, "email": "other@b.example"}]}, False),
        ({"interviewers": None}, False),
    ],
)
def test_an_event_whose_creation_is_unknown_is_looked_for(ashby: Script, event: dict[str, Any], found: bool) -> None:
    ashby.answers = [good([_schedule(_event(**event))])]
    attendees = [{"user": {"id": ADA_ID}}, {"email": "BOB@b.example"}]

    find = MODEL.lookup(_checked(eventType={"id": KIND}, attendees=attendees))

    assert find is not None
    assert find(ashby.session(), 1_000) == (RECORD_ID if found else None)
    assert ashby.calls == [
        ("interviewSchedule.list", {"applicationId": APPLICATION, "createdAfter": 940_000, "limit": 100})
    ]
    assert MODEL.lookup(_checked(application=None, schedule=SCHEDULE)) is None


# Updating


def test_an_update_sends_the_whole_event_with_the_changes(ashby: Script) -> None:
    ashby.answers = [good([_schedule(_event(extraData={"k": "v"}))]), good(_schedule(_event(endTime=LATER)))]

    written = MODEL.update(ashby.session(), RECORD_ID, {"endTime": LATER})

    assert _read(written.record)["endTime"] == LATER
    whole = {
        "interviewEventId": EVENT,
        "startTime": START,
        "endTime": LATER,
        "interviewers": [{"email": "ada@b.example", "feedbackRequired": True}, {"email": "bob@b.example"}],
        "interviewId": KIND,
        "extraData": {"k": "v"},
    }
    body = {"interviewScheduleId": SCHEDULE, "interviewEvent": whole}
    assert ashby.calls[1:] == [("interviewSchedule.update", body)]


def test_an_attendee_who_stays_keeps_what_is_not_said_anew_and_takes_no_call(ashby: Script) -> None:
    ashby.answers = [good([_schedule()]), good(_schedule())]
    attendees = [{"user": ADA_ID}, {"email": "bob@b.example", "isFeedbackRequired": True}, {"email": "new@b.example"}]

    MODEL.update(ashby.session(), RECORD_ID, {"attendees": attendees})

    assert [endpoint for endpoint, _ in ashby.calls] == ["interviewSchedule.list", "interviewSchedule.update"]
    assert ashby.sent[1].body["interviewEvent"]["interviewers"] == [
        {"email": "ada@b.example", "feedbackRequired": True},
        {"email": "bob@b.example", "feedbackRequired": True},
        {"email": "new@b.example"},
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"startTime": LATER}, "startTime"),
        ({"endTime": START}, "endTime"),
        ({"application": OTHER}, "application"),
        ({"schedule": OTHER}, "schedule"),
    ],
)
def test_a_change_that_cannot_be_is_named_and_not_written(ashby: Script, fields: dict[str, Any], field: str) -> None:
    ashby.answers = [good([_schedule()])]

    problem = failure(lambda: MODEL.update(ashby.session(), RECORD_ID, fields))

    assert (problem.status, [one.field for one in problem.fields]) == (400, [field])
    assert len(ashby.sent) == 1


def test_an_event_that_stays_where_it_is_is_not_written(ashby: Script) -> None:
    ashby.answers = [good([_schedule()])]

    written = MODEL.update(ashby.session(), RECORD_ID, {"application": APPLICATION, "schedule": SCHEDULE})

    assert written.record == events_of(_schedule())[0]


def test_an_interviewer_without_an_address_is_not_lost(ashby: Script) -> None:
    ashby.answers = [good([_schedule(_event(interviewers=[ADA, {"id": BOB_ID}]))])]

    problem = failure(lambda: MODEL.update(ashby.session(), RECORD_ID, {"endTime": LATER}))

    assert (problem.status, problem.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert "attendees" in problem.detail
    assert len(ashby.sent) == 1


@pytest.mark.parametrize("code", ["interview_schedule_not_editable", "whatever_ashby_says"])
def test_a_schedule_of_another_key_is_a_conflict_that_says_so(ashby: Script, code: str) -> None:
    ashby.answers = [good([_schedule()]), refused(code)]

    problem = failure(lambda: MODEL.update(ashby.session(), RECORD_ID, {"endTime": LATER}))

    assert (problem.status, problem.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert "same API key" in problem.detail
    assert problem.upstream is not None
    assert problem.upstream.code == code


def test_a_refusal_that_blames_the_input_is_not_blamed_on_the_key(ashby: Script) -> None:
    ashby.answers = [good([_schedule()]), refused("invalid_input"), good([_schedule()]), refused("user_not_found")]

    first = failure(lambda: MODEL.update(ashby.session(), RECORD_ID, {"endTime": LATER}))
    second = failure(lambda: MODEL.update(ashby.session(), RECORD_ID, {"attendees": [{"email": "a@b.example"}]}))

    assert first.code == second.code == "CONNECTOR::OPERATION::BAD_REQUEST"
    assert [one.field for one in second.fields] == ["attendees"]


@pytest.mark.parametrize(("status", "error"), [(500, OutcomeUnknown), (401, Unauthorized)])
def test_other_failures_stay_what_they_are(ashby: Script, status: int, error: type[UnifiedError]) -> None:
    ashby.answers = [good([_schedule()]), refused("x_y_z", status)]

    with pytest.raises(error):
        MODEL.update(ashby.session(), RECORD_ID, {"endTime": LATER})


@given(
    st.sampled_from([START, "2031-03-03T09:00:00.000Z"]),
    st.sampled_from([END, LATER]),
    st.lists(st.sampled_from(["ada@b.example", "bob@b.example", "eve@b.example"]), unique=True, min_size=1),
    st.sampled_from([KIND, OTHER]),
)
def test_an_event_reads_as_it_was_written(start: str, end: str, addresses: list[str], kind: str) -> None:
    ashby = Script([good([_schedule()])])
    session = ashby.session()
    send = session._send
    assert send is not None

    def answer(method: str, url: str, **rest: Any) -> Any:
        if url.endswith(".update"):
            ashby.answers = [good({})]
            send(method, url, **rest)
            sent = ashby.sent[-1].body["interviewEvent"]
            event = {"id": sent.pop("interviewEventId"), **sent}
            return good(_schedule(event))
        return send(method, url, **rest)

    session._send = answer
    fields = {"startTime": start, "endTime": end, "attendees": [{"email": one} for one in addresses], "eventType": kind}

    read = _read(MODEL.update(session, RECORD_ID, fields).record)

    assert (read["startTime"], read["endTime"], read["eventType"]["id"]) == (start, end, kind)
    assert [one["email"] for one in read["attendees"]] == addresses


# Deleting


def test_one_of_several_events_is_cancelled_by_itself(ashby: Script) -> None:
    ashby.answers = [good([_schedule(_event(), _event(id=OTHER))]), good(_schedule(_event(id=OTHER)))]

    MODEL.delete(ashby.session(), RECORD_ID)

    body = {"interviewScheduleId": SCHEDULE, "interviewEventIdToCancel": EVENT}
    assert ashby.calls[1:] == [("interviewSchedule.update", body)]


def test_with_the_last_event_its_schedule_is_cancelled(ashby: Script) -> None:
    ashby.answers = [good([_schedule()]), good(_schedule(status="Cancelled"))]

    MODEL.delete(ashby.session(), RECORD_ID)

    assert ashby.calls[1:] == [("interviewSchedule.cancel", {"id": SCHEDULE})]


@pytest.mark.parametrize("siblings", [(), (_event(id=OTHER),)])
def test_an_event_with_feedback_is_not_cancelled(ashby: Script, siblings: tuple[Any, ...]) -> None:
    ashby.answers = [good([_schedule(_event(hasSubmittedFeedback=True), *siblings)])]

    problem = failure(lambda: MODEL.delete(ashby.session(), RECORD_ID))

    assert (problem.status, problem.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert "Feedback" in problem.detail
    assert len(ashby.sent) == 1


def test_feedback_that_came_meanwhile_is_told_as_such(ashby: Script) -> None:
    ashby.answers = [good([_schedule(_event(), _event(id=OTHER))]), refused("interview_event_has_feedback")]

    problem = failure(lambda: MODEL.delete(ashby.session(), RECORD_ID))

    assert (problem.status, "Feedback" in problem.detail) == (409, True)
    assert problem.upstream is not None


def test_what_is_cancelled_already_is_left_so(ashby: Script) -> None:
    ashby.answers = [good([_schedule(status="Cancelled")])]

    MODEL.delete(ashby.session(), RECORD_ID)

    assert len(ashby.sent) == 1


def test_an_event_that_is_gone_is_missing(ashby: Script) -> None:
    ashby.answers = [good([_schedule(_event(id=OTHER))])]

    with pytest.raises(Missing):
        MODEL.delete(ashby.session(), RECORD_ID)


def test_events_have_no_custom_fields(ashby: Script) -> None:
    assert MODEL.custom_fields(ashby.session()) == ()


def test_a_bad_cursor_is_invalid(ashby: Script) -> None:
    with pytest.raises(Invalid):
        MODEL.list(ashby.session(), ListQuery(5, "{}"))
