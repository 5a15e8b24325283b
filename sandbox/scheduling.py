"""The rules of interview schedules: what an event must be, and what state its schedule is in.

Source: interviewSchedule.create and interviewSchedule.update. Codes are inferred (docs/sandbox.md).
"""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call
from sandbox.errors import ApiError, invalid_input
from sandbox.identifiers import identifier_at
from sandbox.organisation import Organisation
from sandbox.parameters import InvalidValue, optional, required
from sandbox.seed.interviews import DEFAULT_INTERVIEW
from sandbox.table import Record


def extra_data(value: Any) -> dict[str, str]:
    """Read an integration's own data: keys of at most 100 letters, values of 512, less than 1 kB in all."""
    if not isinstance(value, dict):
        raise InvalidValue("Expected an object")
    found: dict[str, str] = {}
    for key, text in value.items():  # pyright: ignore[reportUnknownVariableType] - any JSON
        if not isinstance(text, str) or not isinstance(key, str):
            raise InvalidValue("Expected only strings")
        if len(key) > 100 or len(text) > 512:
            raise InvalidValue("Keys have at most 100 letters, values 512")
        found[key] = text
    if sum(len(key.encode()) + len(text.encode()) for key, text in found.items()) >= 1000:
        raise InvalidValue("Must be smaller than 1 kB")
    return found


EVENT = {
    "startTime": required(parameters.moment),
    "endTime": required(parameters.moment),
    "interviewers": required(
        parameters.list_of(
            parameters.structure({"email": required(parameters.email), "feedbackRequired": optional(parameters.flag)}),
            minimum=1,
        )
    ),
    "interviewId": optional(parameters.identifier),
    "extraData": optional(extra_data),
}


def event_fields(call: Call, sent: Record, application: Record) -> Record:
    """Return what an event's input sets, checked.

    Raises `invalid_input` for an end before its start, an archived interview or one bound to another job;
    `interview_not_found`; and `user_not_found` for an interviewer's address that is no active user's.
    """
    if sent["endTime"] <= sent["startTime"]:
        raise invalid_input(("endTime", "Must be later than startTime"))
    interview_id = sent.get("interviewId", identifier_at(call.organisation.seed, "interview", DEFAULT_INTERVIEW))
    interview = call.find("interview", interview_id)
    if interview["isArchived"]:
        raise invalid_input(("interviewId", "The interview is archived"))
    if interview["jobId"] not in {None, application["jobId"]}:
        raise invalid_input(("interviewId", "The interview belongs to another job"))
    return {
        "interviewId": interview["id"],
        "startTime": sent["startTime"],
        "endTime": sent["endTime"],
        "interviewers": [_interviewer(call.organisation, interviewer) for interviewer in sent["interviewers"]],
        "extraData": sent.get("extraData"),
    }


def new_event(organisation: Organisation, schedule_id: str, fields: Record) -> Record:
    """Return a new event of a schedule, not yet saved; place and link are set in Ashby only."""
    now = organisation.now()
    return {
        "id": organisation.new_identifier("interview_event"),
        "interviewScheduleId": schedule_id,
        "createdAt": now,
        "updatedAt": now,
        "location": None,
        "meetingLink": None,
        "interviewerCalendarEventId": None,
        "hasSubmittedFeedback": False,
        **fields,
    }


def status_of(organisation: Organisation, event_ids: list[str]) -> str:
    """Return the status of a schedule that follows from its events; without any it is cancelled."""
    events = [event for event_id in event_ids if (event := organisation.interview_events.get(event_id))]
    if not events:
        return "Cancelled"
    if any(event["endTime"] > organisation.now() for event in events):
        return "Scheduled"
    waiting = any(
        interviewer["isFeedbackRequired"] and not event["hasSubmittedFeedback"]
        for event in events
        for interviewer in event["interviewers"]
    )
    return "WaitingOnFeedback" if waiting else "Complete"


def refresh(organisation: Organisation, schedule: Record) -> Record:
    """Save a schedule after its events changed; its status follows from them, and without any it is cancelled."""
    status = status_of(organisation, schedule["eventIds"])
    action = "cancelled" if status == "Cancelled" else ""
    return organisation.save("interview_schedule", {**schedule, "status": status}, action=action)


def _interviewer(organisation: Organisation, sent: Record) -> Record:
    wanted = sent["email"].casefold()
    for user in organisation.users:
        if (user["email"] or "").casefold() == wanted and user["isEnabled"]:
            return {
                "userId": user["id"],
                "trainingRole": None,
                "poolId": None,
                "isFeedbackRequired": sent.get("feedbackRequired", False),
            }
    raise ApiError("user_not_found", f"No active user has the e-mail address {sent['email']}.")
