"""How interviews, interviewer pools, schedules and events are written on the wire.

Webhooks send a schedule as `schedule` writes it, with the candidate's id in addition on an update.
"""

from typing import Any

from sandbox import markup, views
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.identifiers import identifier_at
from sandbox.organisation import Organisation
from sandbox.table import Record


def interview(record: Record) -> dict[str, Any]:
    """Write a kind of interview; `jobId` is null for one that any job may use."""
    view = published(
        record,
        "id",
        "title",
        "isArchived",
        "isDebrief",
        "isFeedbackRequired",
        "isFeedbackRequested",
        "instructionsHtml",
        "feedbackFormDefinitionId",
    )
    view["externalTitle"] = record["externalTitle"] or record["title"]
    view["jobId"] = record["jobId"]
    if record["instructionsHtml"] is not None:
        view["instructionsPlain"] = markup.plain(record["instructionsHtml"])
    return view


def of_activity(organisation: Organisation, job_id: str, activity: Record) -> list[dict[str, Any]]:
    """Write the interviews to schedule in an activity of a job's plan: shared ones and the job's own."""
    return [
        {
            "id": identifier_at(organisation.seed, f"activity_interview/{activity['id']}", place),
            "title": found["title"],
            "interviewId": found["id"],
            "interviewDurationMinutes": found["minutes"],
            "isSchedulable": True,
        }
        for place, found in enumerate(organisation.interviews)
        if found["activity"] == activity["title"] and not found["isArchived"] and found["jobId"] in {None, job_id}
    ]


def pool(
    organisation: Organisation, principal: Principal, record: Record, *, archived_stages: bool = True
) -> dict[str, Any]:
    """Write an interviewer pool without its members, as lists and events do."""
    stages = [stage for stage in record["trainingStages"] if archived_stages or not stage["isArchived"]]
    return {
        **published(record, "id", "title", "isArchived"),
        "trainingPath": {
            "id": record["trainingPathId"],
            "enabled": record["trainingEnabled"],
            "trainingStages": [
                {
                    **published(stage, "id", "interviewerRole", "interviewsRequired", "isArchived", "approvalRequired"),
                    "approvers": [
                        user
                        for user_id in stage["approverIds"]
                        if (user := views.user_named(organisation, principal, user_id))
                    ],
                }
                for stage in stages
            ],
        },
    }


def pool_with_members(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write an interviewer pool with its qualified members and trainees."""

    def member(entry: Record) -> dict[str, Any]:
        user = views.user_named(organisation, principal, entry["userId"]) or {}
        return {**user, "isPaused": entry["isPaused"]}

    view = pool(organisation, principal, record)
    view["qualifiedMembers"] = [member(entry) for entry in record["qualified"]]
    view["trainees"] = [
        {
            **member(entry),
            "currentProgress": {
                "trainingPathId": record["trainingPathId"],
                "trainingPathStageId": entry["stageId"],
                "interviewsCompleted": entry["interviewsCompleted"],
            },
        }
        for entry in record["trainees"]
    ]
    return view


def schedule(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write an interview schedule with its events; `scheduledBy` is null until something is scheduled."""
    return {
        **published(record, "id", "status", "applicationId", "interviewStageId", "createdAt", "updatedAt"),
        "scheduledBy": views.user_named(organisation, principal, record["scheduledById"]),
        "interviewEvents": [
            event(organisation, principal, found)
            for event_id in record["eventIds"]
            if (found := organisation.interview_events.get(event_id))
        ],
    }


def event(
    organisation: Organisation, principal: Principal, record: Record, *, with_interview: bool = False
) -> dict[str, Any]:
    """Write an interview event; what it may lack is null, and `interviewerUserIds` is deprecated."""
    view = {
        **published(
            record, "id", "interviewId", "interviewScheduleId", "createdAt", "updatedAt", "startTime", "endTime"
        ),
        "interviewers": [_interviewer(organisation, principal, entry) for entry in record["interviewers"]],
        "interviewerUserIds": [entry["userId"] for entry in record["interviewers"]],
        "feedbackLink": f"https://app.ashbyhq.com/interview-briefings/{record['id']}/feedback",
        "location": record["location"],
        "meetingLink": record["meetingLink"],
        "interviewerCalendarEventId": record["interviewerCalendarEventId"],
        "hasSubmittedFeedback": record["hasSubmittedFeedback"],
        "notetakerTranscriptId": None,
    }
    if record["extraData"] is not None:
        view["extraData"] = record["extraData"]
    kind = organisation.interviews.get(record["interviewId"])
    if with_interview and kind is not None:
        view["interview"] = interview(kind)
    return view


def _interviewer(organisation: Organisation, principal: Principal, entry: Record) -> dict[str, Any]:
    found = organisation.interviewer_pools.get(entry["poolId"] or "")
    return {
        **(views.user_named(organisation, principal, entry["userId"]) or {}),
        "trainingRole": entry["trainingRole"],
        "interviewerPool": None if found is None else pool(organisation, principal, found),
        "isFeedbackRequired": entry["isFeedbackRequired"],
    }
