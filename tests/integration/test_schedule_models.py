"""Calendars, event types and events over HTTP: each cell does in Ashby what the table says of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.table import Record
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault
from unified.connector import Operation

CALENDARS, EVENT_TYPES, EVENTS = (
    f"/v1/resources/{model}" for model in ("scheduleCalendar", "scheduleEventType", "scheduleEvent")
)
OPERATIONS = [
    f"{model}::{operation}"
    for model in ("scheduleCalendar", "scheduleEventType", "scheduleEvent", "genericUser")
    for operation in Operation
]
TIMES = {"startTime": "2031-05-05T09:00:00.000Z", "endTime": "2031-05-05T10:00:00.000Z"}


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme", operations=OPERATIONS)
    return stack.of("acme")


def _walk(stack: Stack, headers: dict[str, str], path: str, limit: int, **query: str) -> list[Any]:
    found: list[Any] = []
    asked = {"limit": str(limit), **query}
    while True:
        page = stack.call("GET", path, headers, query=asked)
        assert page.status == 200, page.text
        assert len(page.json["data"]) <= limit
        found += page.json["data"]
        if page.json["next"] is None:
            assert len({one["id"] for one in found}) == len(found)
            return found
        asked["cursor"] = page.json["next"]


def _path(path: str, record_id: str) -> str:
    return f"{path}/{quote(record_id, safe='')}"


def _users(stack: Stack) -> list[Record]:
    return list(stack.sandbox.organisation.users)


def _pool(stack: Stack, calendar: str) -> Record:
    found = stack.sandbox.organisation.interviewer_pools.get(calendar.removeprefix("pool:"))
    assert found is not None
    return found


def _refs(users: list[Record]) -> list[dict[str, str]]:
    return [{"id": user["id"]} for user in users]


# Calendars


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_calendars_are_users_and_then_pools_each_once(stack: Stack, acme: dict[str, str], limit: int) -> None:
    organisation = stack.sandbox.organisation

    found = _walk(stack, acme, CALENDARS, limit)

    users = [f"user:{user['id']}" for user in organisation.users]
    assert [one["id"] for one in found] == [*users, *(f"pool:{pool['id']}" for pool in organisation.interviewer_pools)]
    assert all("warnings" not in one for one in found)


def test_calendars_are_filtered_upstream(stack: Stack, acme: dict[str, str]) -> None:
    organisation = stack.sandbox.organisation

    pools = _walk(stack, acme, CALENDARS, 100, **{"filter[kind]": "pool"})
    active = _walk(stack, acme, CALENDARS, 100, **{"filter[isActive]": "true"})

    assert {one["fields"]["kind"] for one in pools} == {"pool"}
    assert len(pools) == len(organisation.interviewer_pools)
    assert all(one["fields"]["isActive"] for one in active)
    assert len(active) == sum(user["isEnabled"] for user in organisation.users) + sum(
        not pool["isArchived"] for pool in organisation.interviewer_pools
    )


def test_a_pool_is_the_same_by_itself_as_in_a_list_that_asks_for_members(stack: Stack, acme: dict[str, str]) -> None:
    fields = "name,owner,kind,members,isActive"
    for listed in _walk(stack, acme, CALENDARS, 100, fields=fields):
        assert stack.call("GET", _path(CALENDARS, listed["id"]), acme).json == listed


def test_a_pool_is_made_changed_and_archived(stack: Stack, acme: dict[str, str]) -> None:
    ada, bob, eve = (user for user in _users(stack)[:3])
    body = {"name": "Night shift", "members": _refs([ada, bob])}

    made = stack.call("POST", CALENDARS, acme, body=body, query={"returnResource": "true"}).json
    path = _path(CALENDARS, made["id"])

    assert made["fields"]["kind"] == "pool"
    assert [one["id"] for one in made["fields"]["members"]] == [ada["id"], bob["id"]]
    assert [one["userId"] for one in _pool(stack, made["id"])["qualified"]] == [ada["id"], bob["id"]]

    changed = stack.call("PATCH", path, acme, body={"name": "Day shift", "members": _refs([bob, eve])})

    assert "warnings" not in changed.json
    assert _pool(stack, made["id"])["title"] == "Day shift"
    assert [one["userId"] for one in _pool(stack, made["id"])["qualified"]] == [bob["id"], eve["id"]]

    assert stack.call("DELETE", path, acme).status in (200, 204)
    assert _pool(stack, made["id"])["isArchived"] is True
    assert stack.call("GET", path, acme).json["fields"]["isActive"] is False

    assert stack.call("PATCH", path, acme, body={"isActive": True}).status == 200
    assert _pool(stack, made["id"])["isArchived"] is False


def test_a_pool_whose_members_fail_says_how_far_it_came(stack: Stack, acme: dict[str, str]) -> None:
    ada = _users(stack)[0]
    unknown = "00000000-0000-4000-8000-000000000000"

    made = stack.call("POST", CALENDARS, acme, body={"name": "Half", "members": [{"id": ada["id"]}, {"id": unknown}]})

    assert made.status == 200
    assert [one["code"] for one in made.json["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert f"1 of 2 changes were made, not that of user {unknown}" in made.json["warnings"][0]["message"]
    assert [one["userId"] for one in _pool(stack, made.json["id"])["qualified"]] == [ada["id"]]


def test_an_unknown_member_alone_is_a_wrong_field(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CALENDARS, acme, body={"name": "Empty"}).json["id"]

    answer = stack.call("PATCH", _path(CALENDARS, made), acme, body={"members": [{"id": "nobody"}]})

    assert (answer.status, answer.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [one["field"] for one in answer.json["fields"]] == ["members"]
    assert answer.json["upstream"]["code"] == "invalid_input"


def test_an_interviewers_calendar_is_read_only(stack: Stack, acme: dict[str, str]) -> None:
    path = _path(CALENDARS, f"user:{_users(stack)[0]['id']}")

    for method, body in (("PATCH", {"name": "n"}), ("DELETE", None)):
        answer = stack.call(method, path, acme, body=body)
        assert (answer.status, answer.code) == (501, "CONNECTOR::OPERATION::NOT_FOUND")
        assert "stands for a user" in answer.json["detail"]


@pytest.mark.parametrize("record_id", ["user:x", "pool:00000000-0000-4000-8000-000000000000", "x", "team:x"])
def test_a_calendar_that_is_not_there_is_missing(stack: Stack, acme: dict[str, str], record_id: str) -> None:
    answer = stack.call("GET", _path(CALENDARS, record_id), acme)

    assert (answer.status, answer.code) == (404, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND")


# Event types


def test_event_types_are_all_interviews(stack: Stack, acme: dict[str, str]) -> None:
    interviews = list(stack.sandbox.organisation.interviews)

    found = _walk(stack, acme, EVENT_TYPES, 5)
    active = _walk(stack, acme, EVENT_TYPES, 5, **{"filter[isActive]": "true"})

    assert [one["id"] for one in found] == [one["id"] for one in interviews]
    assert {one["fields"].get("job", {}).get("id") for one in found} == {one["jobId"] for one in interviews}
    assert [one["id"] for one in active] == [one["id"] for one in interviews if not one["isArchived"]]


def test_an_event_type_by_itself_says_how_long_it_takes(stack: Stack, acme: dict[str, str]) -> None:
    interview = next(one for one in stack.sandbox.organisation.interviews if one["title"] == "Mill deep dive")

    read = stack.call("GET", _path(EVENT_TYPES, interview["id"]), acme).json

    assert read["fields"]["duration"] == interview["minutes"]
    assert read["fields"]["name"] == "Mill deep dive"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_event_types_are_not_written(stack: Stack, acme: dict[str, str], method: str) -> None:
    interview = next(iter(stack.sandbox.organisation.interviews))
    path = EVENT_TYPES if method == "POST" else _path(EVENT_TYPES, interview["id"])

    answer = stack.call(method, path, acme, body=None if method == "DELETE" else {"name": "n"})

    assert (answer.status, answer.code) == (501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert "edited in Ashby" in answer.json["detail"]


# Events


def _schedules(stack: Stack) -> list[Record]:
    return list(stack.sandbox.organisation.interview_schedules)


def _event_ids(stack: Stack) -> list[str]:
    return [
        f"{schedule['applicationId']}.{schedule['id']}.{event_id}"
        for schedule in _schedules(stack)
        for event_id in schedule["eventIds"]
    ]


def _event(stack: Stack, record_id: str) -> Record | None:
    return stack.sandbox.organisation.interview_events.get(record_id.rpartition(".")[2])


def _application(stack: Stack) -> str:
    """Return an application that has no schedule."""
    taken = {schedule["applicationId"] for schedule in _schedules(stack)}
    return next(one["id"] for one in stack.sandbox.organisation.applications if one["id"] not in taken)


def _make(stack: Stack, headers: dict[str, str], **more: Any) -> str:
    body = {**TIMES, "attendees": _refs_by_email(stack), **more}
    if "schedule" not in body:
        body.setdefault("application", {"id": _application(stack)})
    made = stack.call("POST", EVENTS, headers, body=body)
    assert made.status == 200, made.text
    return made.json["id"]


def _refs_by_email(stack: Stack) -> list[dict[str, Any]]:
    return [{"email": _users(stack)[0]["email"], "isFeedbackRequired": True}]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_events_are_those_of_all_schedules_each_once(stack: Stack, acme: dict[str, str], limit: int) -> None:
    found = _walk(stack, acme, EVENTS, limit)

    assert [one["id"] for one in found] == _event_ids(stack)
    assert len(found) > 3
    assert all("warnings" not in one for one in found)


def test_events_are_filtered_by_application_and_by_stage(stack: Stack, acme: dict[str, str]) -> None:
    one = next(schedule for schedule in _schedules(stack) if len(schedule["eventIds"]) > 1)
    stage = one["interviewStageId"]
    of_stage = {schedule["id"] for schedule in _schedules(stack) if schedule["interviewStageId"] == stage}

    by_application = _walk(stack, acme, EVENTS, 1, **{"filter[application]": one["applicationId"]})
    by_stage = _walk(stack, acme, EVENTS, 50, **{"filter[stage]": stage})

    assert [event["id"].rpartition(".")[2] for event in by_application] == one["eventIds"]
    assert [event["id"] for event in by_stage] == [e for e in _event_ids(stack) if e.split(".")[1] in of_stage]


@pytest.mark.parametrize("name", ["startTime", "startTimeAfter", "status", "eventType"])
def test_a_filter_that_ashby_has_not_is_refused_and_not_scanned_for(
    stack: Stack, acme: dict[str, str], name: str
) -> None:
    calls = stack.upstream("interviewSchedule.list")

    answer = stack.call("GET", EVENTS, acme, query={f"filter[{name}]": "2031-01-01T00:00:00Z"})

    assert (answer.status, answer.json["fields"][0]["field"]) == (400, f"filter[{name}]")
    assert stack.upstream("interviewSchedule.list") == calls


def test_a_filter_that_is_no_id_is_named(stack: Stack, acme: dict[str, str]) -> None:
    answer = stack.call("GET", EVENTS, acme, query={"filter[stage]": "first"})

    assert (answer.status, answer.json["fields"][0]["field"]) == (400, "filter[stage]")


def test_an_event_by_itself_is_as_in_the_list_with_its_title(stack: Stack, acme: dict[str, str]) -> None:
    listed = stack.call("GET", EVENTS, acme, query={"limit": "1"}).json["data"][0]

    read = stack.call("GET", _path(EVENTS, listed["id"]), acme).json

    event = _event(stack, listed["id"])
    assert event is not None
    interview = stack.sandbox.organisation.interviews.get(event["interviewId"])
    assert interview is not None
    assert read["fields"].pop("title") == interview["title"]
    read["fields"].pop("description", None)
    assert read == listed
    assert len(listed["id"]) <= 200


def test_a_list_has_titles_when_they_are_asked_for(stack: Stack, acme: dict[str, str]) -> None:
    assert all("title" not in one["fields"] for one in _walk(stack, acme, EVENTS, 100))
    assert stack.upstream("interview.info") == 0

    found = _walk(stack, acme, EVENTS, 100, fields="title,eventType")

    assert all(one["fields"]["title"] for one in found)
    assert stack.upstream("interview.info") == len({one["fields"]["eventType"]["id"] for one in found})


def test_an_event_is_made_with_a_schedule_and_joined_by_another(stack: Stack, acme: dict[str, str]) -> None:
    ada, bob = _users(stack)[0], _users(stack)[2]
    application = _application(stack)
    body = {
        **TIMES,
        "application": {"id": application},
        "attendees": [{"user": {"id": ada["id"]}}, {"email": bob["email"], "isFeedbackRequired": True}],
    }

    made = stack.call("POST", EVENTS, acme, body=body, query={"returnResource": "true"}).json

    fields = made["fields"]
    assert {key: fields[key] for key in TIMES} == TIMES
    assert fields["application"]["id"] == application
    assert fields["status"] == "planned"
    assert [one["user"]["id"] for one in fields["attendees"]] == [ada["id"], bob["id"]]
    assert [one["isFeedbackRequired"] for one in fields["attendees"]] == [False, True]
    schedule = stack.sandbox.organisation.interview_schedules.get(fields["schedule"])
    assert schedule is not None
    assert schedule["applicationId"] == application

    other = _make(stack, acme, schedule=fields["schedule"])

    again = stack.sandbox.organisation.interview_schedules.get(fields["schedule"])
    assert again is not None
    assert again["eventIds"] == [made["id"].rpartition(".")[2], other.rpartition(".")[2]]
    assert other.rpartition(".")[0] == made["id"].rpartition(".")[0]


def test_an_event_is_moved_and_keeps_the_rest(stack: Stack, acme: dict[str, str]) -> None:
    interview = next(one for one in stack.sandbox.organisation.interviews if one["title"] == "Values")
    made = _make(stack, acme, eventType={"id": interview["id"]})
    before = stack.call("GET", _path(EVENTS, made), acme).json["fields"]

    answer = stack.call("PATCH", _path(EVENTS, made), acme, body={"endTime": "2031-05-05T11:00:00Z"})

    assert answer.status == 200, answer.text
    after = stack.call("GET", _path(EVENTS, made), acme).json["fields"]
    assert after == {**before, "endTime": "2031-05-05T11:00:00.000Z"}


def test_what_was_read_can_be_written_back(stack: Stack, acme: dict[str, str]) -> None:
    made = _make(stack, acme)
    read = stack.call("GET", _path(EVENTS, made), acme).json["fields"]
    attendees = [
        {key: one[key] for key in ("user", "email", "isFeedbackRequired") if key in one} for one in read["attendees"]
    ]
    body = {key: read[key] for key in ("startTime", "endTime", "eventType", "application", "schedule")}

    answer = stack.call("PATCH", _path(EVENTS, made), acme, body={**body, "attendees": attendees})

    assert answer.status == 200, answer.text
    assert stack.call("GET", _path(EVENTS, made), acme).json["fields"] == read
    assert stack.upstream("user.info") == 0


def test_an_event_of_another_key_is_not_changed(stack: Stack, acme: dict[str, str]) -> None:
    schedule = next(one for one in _schedules(stack) if one["madeBy"] is None and len(one["eventIds"]) > 1)
    made = f"{schedule['applicationId']}.{schedule['id']}.{schedule['eventIds'][0]}"

    for method, path, body in (
        ("PATCH", _path(EVENTS, made), {"endTime": "2032-05-05T11:00:00Z"}),
        ("POST", EVENTS, {**TIMES, "schedule": schedule["id"], "attendees": _refs_by_email(stack)}),
    ):
        answer = stack.call(method, path, acme, body=body)
        assert (answer.status, answer.code) == (409, "CONNECTOR::OPERATION::CONFLICT"), answer.text
        assert "same API key" in answer.json["detail"]
        assert answer.json["upstream"]["code"] == "interview_schedule_not_editable"
    assert stack.sandbox.organisation.interview_schedules.get(schedule["id"]) == schedule


def test_events_are_cancelled_one_by_one_and_the_schedule_with_the_last(stack: Stack, acme: dict[str, str]) -> None:
    first = _make(stack, acme)
    schedule_id = first.split(".")[1]
    second = _make(stack, acme, schedule=schedule_id)

    for made, status in ((first, "Scheduled"), (second, "Cancelled")):
        assert stack.call("DELETE", _path(EVENTS, made), acme).status in (200, 204)
        assert _event(stack, made) is None
        schedule = stack.sandbox.organisation.interview_schedules.get(schedule_id)
        assert schedule is not None
        assert schedule["status"] == status
        assert stack.call("GET", _path(EVENTS, made), acme).status == 404
        assert stack.call("DELETE", _path(EVENTS, made), acme).status == 404


def test_an_event_with_feedback_stays(stack: Stack, acme: dict[str, str]) -> None:
    made = _make(stack, acme)
    event = _event(stack, made)
    assert event is not None
    stack.sandbox.organisation.save("interview_event", {**event, "hasSubmittedFeedback": True})

    answer = stack.call("DELETE", _path(EVENTS, made), acme)

    assert (answer.status, answer.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert "Feedback was submitted" in answer.json["detail"]
    assert _event(stack, made) is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"application": {"id": "00000000-0000-4000-8000-000000000000"}}, "application"),
        ({"application": {"id": "x"}}, "application"),
        ({"application": None, "schedule": "00000000-0000-4000-8000-000000000000"}, "schedule"),
        ({"eventType": {"id": "00000000-0000-4000-8000-000000000000"}}, "eventType"),
        ({"attendees": [{"email": "nobody@elsewhere.example"}]}, "attendees"),
        ({"attendees": [{"user": {"id": "00000000-0000-4000-8000-000000000000"}}]}, "attendees"),
        ({"attendees": []}, "attendees"),
        ({"endTime": "2031-05-05T08:00:00Z"}, "endTime"),
        ({"startTime": "tomorrow"}, "startTime"),
        ({"location": "Room 1"}, "location"),
        ({"meetingUrl": "https://meet.example"}, "meetingUrl"),
    ],
)
def test_a_bad_event_is_refused_by_field_and_not_half_made(
    stack: Stack, acme: dict[str, str], changes: dict[str, Any], field: str
) -> None:
    schedules = len(_schedules(stack))
    body = {**TIMES, "application": {"id": _application(stack)}, "attendees": _refs_by_email(stack), **changes}

    answer = stack.call("POST", EVENTS, acme, body={key: value for key, value in body.items() if value is not None})

    assert (answer.status, answer.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST"), answer.text
    assert [one["field"] for one in answer.json["fields"]] == [field]
    assert len(_schedules(stack)) == schedules


def test_an_interview_of_another_job_is_refused(stack: Stack, acme: dict[str, str]) -> None:
    application = stack.sandbox.organisation.applications.get(_application(stack))
    assert application is not None
    bound = next(
        one
        for one in stack.sandbox.organisation.interviews
        if one["jobId"] not in {None, application["jobId"]} and not one["isArchived"]
    )
    body = {**TIMES, "application": {"id": application["id"]}, "attendees": _refs_by_email(stack)}

    answer = stack.call("POST", EVENTS, acme, body={**body, "eventType": {"id": bound["id"]}})

    assert (answer.status, [one["field"] for one in answer.json["fields"]]) == (400, ["eventType"])


def test_a_create_whose_answer_is_lost_is_found_by_its_key_and_not_repeated(
    stack: Stack, acme: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unified.api.idempotency.SETTLE_SECONDS", 0)
    headers = {**acme, "idempotency-key": "one"}
    body = {**TIMES, "application": {"id": _application(stack)}, "attendees": _refs_by_email(stack)}
    fault(stack, "interviewSchedule.create", "drop_after", times=1)

    lost = stack.call("POST", EVENTS, headers, body=body)
    again = stack.call("POST", EVENTS, headers, body=body)

    assert (lost.status, lost.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert again.status == 200, again.text
    assert _event(stack, again.json["id"]) is not None
    assert stack.upstream("interviewSchedule.create") == 1


def test_a_key_that_may_only_read_is_told_the_permission_that_it_lacks(stack: Stack) -> None:
    stack.connect("reader", operations=OPERATIONS, key="ashby_local_readonly")
    headers = stack.of("reader")

    body = {**TIMES, "application": {"id": _application(stack)}, "attendees": _refs_by_email(stack)}
    event = stack.call("POST", EVENTS, headers, body=body)
    pool = stack.call("POST", CALENDARS, headers, body={"name": "n"})

    assert (event.status, event.json["permission"]) == (403, "interviewsWrite")
    assert (pool.status, pool.json["permission"]) == (403, "hiringProcessMetadataWrite")


def test_fields_are_described(stack: Stack, acme: dict[str, str]) -> None:
    for model, writable in (
        ("scheduleCalendar", {"name", "members", "isActive"}),
        ("scheduleEventType", set[str]()),
        ("scheduleEvent", {"startTime", "endTime", "eventType", "application", "schedule", "attendees"}),
    ):
        fields = stack.call("GET", f"/v1/models/{model}/fields", acme, query={"limit": "100"}).json["data"]
        assert {one["key"] for one in fields if not one["isValueReadOnly"]} == writable
        assert not any(one["isCustom"] for one in fields)


def test_a_record_that_holds_anything_still_makes_a_page(
    stack: Stack, acme: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from unified import transport

    schedule = {"id": "s", "applicationId": "a", "status": [], "interviewEvents": [{"id": "e", "interviewers": "x"}, 5]}
    body = json.dumps({"success": True, "results": [schedule, 7], "moreDataAvailable": False}).encode()
    monkeypatch.setattr(transport, "send", lambda *_args, **_kw: transport.Reply(200, {}, body))

    page = stack.call("GET", EVENTS, acme)

    assert [one["id"] for one in page.json["data"]] == ["a.s.e"]
    assert len(page.json["data"][0]["warnings"]) == 2
