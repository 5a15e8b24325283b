"""Scenarios of calendars, event types and events."""

from tests.e2e.account import Record
from tests.e2e.as_ashby_has_it import event, given, parts, ref
from tests.e2e.bench import Bench, Scenarios, differences, keeper, same_ids, some
from tests.e2e.running import assert_problem
from unified.connector import Operation

SCENARIOS: Scenarios = {}
does = keeper(SCENARIOS)

# -- calendars --------------------------------------------------------------------------------------------------------


@does("scheduleCalendar", Operation.LIST, "emulated")
def calendars_are_users_and_pools(bench: Bench) -> None:
    users = bench.every("user.list", includeDeactivated=True)
    pools = bench.every("interviewerPool.list", includeArchivedPools=True)
    wanted = [*(f"user:{user['id']}" for user in users), *(f"pool:{pool['id']}" for pool in pools)]
    same_ids(bench, "scheduleCalendar", wanted)


@does("scheduleCalendar", Operation.RETRIEVE, "emulated")
def a_calendar_is_its_user_or_its_pool(bench: Bench) -> None:
    for user in some(bench.every("user.list", includeDeactivated=True)):
        assert bench.read("scheduleCalendar", f"user:{user['id']}") == {
            "name": f"{user['firstName']} {user['lastName']}",
            "owner": ref("genericUser", user["id"]),
            "kind": "interviewer",
            "isActive": user["isEnabled"],
        }
    for one in some(bench.every("interviewerPool.list", includeArchivedPools=True)):
        pool = bench.ashby("interviewerPool.info", interviewerPoolId=one["id"])
        members = [*pool["qualifiedMembers"], *pool["trainees"]]
        assert bench.read("scheduleCalendar", f"pool:{pool['id']}") == {
            "name": pool["title"],
            "kind": "pool",
            "members": [ref("genericUser", member["id"]) for member in members],
            "isActive": not pool["isArchived"],
        }


@does("scheduleCalendar", Operation.CREATE, "native")
def a_new_calendar_is_a_new_pool(bench: Bench) -> None:
    user, number = bench.user(), bench.last_change()
    made = bench.create("scheduleCalendar", name="Night shift", members=[{"id": user["id"]}])
    pool = bench.ashby("interviewerPool.info", interviewerPoolId=made.removeprefix("pool:"))
    assert (pool["title"], pool["isArchived"]) == ("Night shift", False)
    assert [member["id"] for member in pool["qualifiedMembers"]] == [user["id"]]
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", pool["id"])}


@does("scheduleCalendar", Operation.UPDATE, "native")
def a_changed_calendar_is_a_changed_pool(bench: Bench) -> None:
    made = bench.pool()["id"]
    before, number = bench.ashby("interviewerPool.info", interviewerPoolId=made), bench.last_change()
    bench.update("scheduleCalendar", f"pool:{made}", name="Day shift")
    after = bench.ashby("interviewerPool.info", interviewerPoolId=made)
    assert after["title"] == "Day shift"
    assert differences(before, after) <= {"title", "updatedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", made)}
    # The other half of the cell's reason: a user's calendar cannot be changed.
    number = bench.last_change()
    answer = bench.call("PATCH", f"scheduleCalendar/user:{bench.user()['id']}", json={"name": "New"})
    assert_problem(answer, 501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert bench.changes(number) == set()


@does("scheduleCalendar", Operation.DELETE, "emulated")
def a_deleted_calendar_is_an_archived_pool(bench: Bench) -> None:
    made = bench.pool()["id"]
    number = bench.last_change()
    bench.delete("scheduleCalendar", f"pool:{made}")
    assert bench.ashby("interviewerPool.info", interviewerPoolId=made)["isArchived"] is True
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", made)}
    assert made not in [pool["id"] for pool in bench.every("interviewerPool.list")]


# -- event types and events -------------------------------------------------------------------------------------------


def interviews(bench: Bench) -> list[Record]:
    return bench.every("interview.list", includeArchived=True, includeNonSharedInterviews=True)


@does("scheduleEventType", Operation.LIST, "native")
def event_types_are_the_interviews(bench: Bench) -> None:
    same_ids(bench, "scheduleEventType", [one["id"] for one in interviews(bench)])


def minutes(bench: Bench, interview: Record) -> int | None:
    """Return how long a job's plan says that an interview of it takes, where it says one thing."""
    if interview.get("jobId") is None:
        return None
    plan = bench.ashby("jobInterviewPlan.info", jobId=interview["jobId"])
    activities = [activity for stage in plan["stages"] for activity in stage["activities"]]
    said = {
        one["interviewDurationMinutes"]
        for activity in activities
        for one in activity["interviews"]
        if one["interviewId"] == interview["id"]
    }
    return said.pop() if len(said) == 1 else None


@does("scheduleEventType", Operation.RETRIEVE, "native")
def an_event_type_is_its_interview(bench: Bench) -> None:
    durations: list[int | None] = []
    for one in interviews(bench):
        durations.append(minutes(bench, one))
        assert bench.read("scheduleEventType", one["id"]) == given(
            {
                "name": one["title"],
                "description": one.get("instructionsPlain") or None,
                "duration": durations[-1],
                "job": ref("atsJob", one.get("jobId")),
                "isActive": not one["isArchived"],
                "isDebrief": one["isDebrief"],
                "requiresFeedback": one["isFeedbackRequired"],
            }
        )
    assert any(durations)


@does("scheduleEvent", Operation.LIST, "native")
def events_are_those_of_all_schedules(bench: Bench) -> None:
    bench.schedule(events=3)
    same_ids(
        bench,
        "scheduleEvent",
        [
            f"{schedule['applicationId']}.{schedule['id']}.{found['id']}"
            for schedule in bench.every("interviewSchedule.list")
            for found in schedule["interviewEvents"]
        ],
    )


@does("scheduleEvent", Operation.RETRIEVE, "native")
def an_event_is_as_its_schedule_has_it(bench: Bench) -> None:
    schedules = [one for one in bench.every("interviewSchedule.list") if one["interviewEvents"]]
    for schedule in some(schedules):
        found = schedule["interviewEvents"][-1]
        record_id = f"{schedule['applicationId']}.{schedule['id']}.{found['id']}"
        assert bench.read("scheduleEvent", record_id) == given(event(bench, schedule, found))


def schedules_of(bench: Bench, application_id: str) -> list[Record]:
    return bench.every("interviewSchedule.list", applicationId=application_id)


@does("scheduleEvent", Operation.CREATE, "native")
def a_new_event_is_a_new_schedule_or_one_event_more(bench: Bench) -> None:
    subject, user = bench.application()["id"], bench.user()
    times = {"startTime": "2033-05-05T09:00:00.000Z", "endTime": "2033-05-05T09:45:00.000Z"}
    attendees = [{"user": {"id": user["id"]}, "isFeedbackRequired": True}]
    first = bench.create("scheduleEvent", application={"id": subject}, attendees=attendees, **times)
    (schedule,) = schedules_of(bench, subject)
    second = bench.create("scheduleEvent", schedule=schedule["id"], attendees=attendees, **times)
    (schedule,) = schedules_of(bench, subject)
    events = schedule["interviewEvents"]
    assert [f"{subject}.{schedule['id']}.{one['id']}" for one in events] == [first, second]
    for one in events:
        assert parts(one, "startTime", "endTime") == times
        assert [(who["id"], who["isFeedbackRequired"]) for who in one["interviewers"]] == [(user["id"], True)]


@does("scheduleEvent", Operation.UPDATE, "native")
def a_changed_event_is_changed_in_its_schedule_alone(bench: Bench) -> None:
    before = bench.schedule(events=2)
    moved, other = before["interviewEvents"]
    record_id = f"{before['applicationId']}.{before['id']}.{moved['id']}"
    bench.update("scheduleEvent", record_id, endTime="2032-01-01T11:30:00.000Z")
    (after,) = schedules_of(bench, before["applicationId"])
    found = {one["id"]: one for one in after["interviewEvents"]}
    assert found[moved["id"]]["endTime"] == "2032-01-01T11:30:00.000Z"
    assert differences(moved, found[moved["id"]]) <= {"endTime", "updatedAt"}
    assert found[other["id"]] == other
    assert differences(before, after) <= {"interviewEvents", "updatedAt"}


@does("scheduleEvent", Operation.DELETE, "native")
def a_deleted_event_is_cancelled_and_its_schedule_with_the_last_one(bench: Bench) -> None:
    schedule = bench.schedule(events=2)
    first, second = schedule["interviewEvents"]
    place = f"{schedule['applicationId']}.{schedule['id']}"
    bench.delete("scheduleEvent", f"{place}.{first['id']}")
    (after,) = schedules_of(bench, schedule["applicationId"])
    assert [one["id"] for one in after["interviewEvents"]] == [second["id"]]
    assert after["status"] == schedule["status"] == "Scheduled"
    bench.delete("scheduleEvent", f"{place}.{second['id']}")
    (after,) = schedules_of(bench, schedule["applicationId"])
    assert (after["interviewEvents"], after["status"]) == ([], "Cancelled")
