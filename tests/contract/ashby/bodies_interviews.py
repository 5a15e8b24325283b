"""Valid bodies of the endpoints about interviews, schedules and interviewer pools."""

from typing import Any

from sandbox.credentials import BUILT_IN_KEYS, masked
from sandbox.organisation import Organisation
from tests.contract.ashby.bodies import Body, first

POOL, USER = first("interviewer_pool"), first("user")
EVENT: dict[str, Any] = {
    "startTime": "2030-01-30T15:00:00.000Z",
    "endTime": "2030-01-30T17:00:00+01:00",
    "interviewers": [
        {"email": "CHARLES@analytical-engines.example", "feedbackRequired": True},
        {"email": "mary@analytical-engines.example"},
    ],
}


def own_schedule(organisation: Organisation) -> dict[str, Any]:
    """Return a seeded schedule with events that was made with the full key."""
    return next(
        schedule
        for schedule in organisation.interview_schedules
        if schedule["madeBy"] == masked(BUILT_IN_KEYS[0]) and schedule["eventIds"]
    )


INTERVIEWS: dict[str, list[Body]] = {
    "interview.info": [lambda o: {"id": first("interview")(o)}],
    "interview.list": [
        {},
        {"includeArchived": True, "includeNonSharedInterviews": True, "limit": 4},
        {"includeNonSharedInterviews": True, "excludeArchivedScheduleTemplateInterviews": True},
    ],
    "interviewEvent.list": [
        lambda o: {"interviewScheduleId": first("interview_schedule")(o)},
        lambda o: {
            "interviewScheduleId": first("interview_schedule")(o),
            "expand": ["interview"],
            "createdAfter": 0,
            "limit": 1,
        },
    ],
    "interviewSchedule.cancel": [lambda o: {"id": first("interview_schedule")(o), "allowReschedule": True}],
    "interviewSchedule.create": [
        lambda o: {"applicationId": first("application")(o), "interviewEvents": [EVENT]},
        lambda o: {
            "applicationId": first("application")(o),
            "interviewEvents": [
                {**EVENT, "interviewId": first("interview")(o), "extraData": {"room": "Ω"}},
                {**EVENT, "startTime": "2020-01-01T00:00:00Z", "endTime": "2020-01-01T01:00:00Z"},
            ],
        },
    ],
    "interviewSchedule.list": [
        {},
        {"limit": 3, "createdAfter": 0},
        lambda o: {"applicationId": first("application")(o)},
        lambda o: {"interviewStageId": next(iter(o.interview_schedules))["interviewStageId"]},
    ],
    "interviewSchedule.update": [
        lambda o: {"interviewScheduleId": own_schedule(o)["id"], "interviewEvent": EVENT},
        lambda o: {
            "interviewScheduleId": own_schedule(o)["id"],
            "interviewEvent": [{**EVENT, "interviewEventId": own_schedule(o)["eventIds"][0]}, EVENT],
        },
        lambda o: {
            "interviewScheduleId": own_schedule(o)["id"],
            "interviewEventIdToCancel": own_schedule(o)["eventIds"][0],
            "allowFeedbackDeletion": True,
        },
    ],
    "interviewerPool.addUser": [
        lambda o: {"interviewerPoolId": POOL(o), "userId": USER(o)},
        lambda o: {
            "interviewerPoolId": POOL(o),
            "userId": USER(o),
            "interviewerPoolTrainingPathStageId": next(iter(o.interviewer_pools))["trainingStages"][0]["id"],
        },
    ],
    "interviewerPool.archive": [lambda o: {"interviewerPoolId": POOL(o)}],
    "interviewerPool.create": [{"title": "Neu"}, {"title": "With training", "requiresTraining": True}],
    "interviewerPool.info": [lambda o: {"interviewerPoolId": POOL(o)}],
    "interviewerPool.list": [{}, {"includeArchivedPools": True, "includeArchivedTrainingStages": True}],
    "interviewerPool.removeUser": [
        lambda o: {
            "interviewerPoolId": POOL(o),
            "userId": next(iter(o.interviewer_pools))["qualified"][0]["userId"],
        }
    ],
    "interviewerPool.restore": [lambda o: {"interviewerPoolId": POOL(o)}],
    "interviewerPool.update": [lambda o: {"interviewerPoolId": POOL(o), "title": "T", "requiresTraining": False}],
}
