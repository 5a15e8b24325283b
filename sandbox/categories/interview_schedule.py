"""interviewSchedule.list, create, update, cancel."""

from typing import Any

from sandbox import interview_views, parameters, scheduling, visibility
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import MILLISECONDS, SYNCED, optional, required
from sandbox.table import Record


def _view(call: Call, record: Record) -> dict[str, Any]:
    return interview_views.schedule(call.organisation, call.principal, record)


@endpoint(
    "interviewSchedule.list",
    permission="interviewsRead",
    parameters={
        "applicationId": optional(parameters.identifier),
        "interviewStageId": optional(parameters.identifier),
        "createdAfter": optional(MILLISECONDS),
        **SYNCED,
    },
)
def list_schedules(call: Call) -> Listing:
    """Return a page of schedules, of one application or of one stage; there is no filter on status or dates."""
    after, _ = creation_window(call)
    filters = {name: call.parameters.get(name) for name in ("applicationId", "interviewStageId")}

    def keep(record: Record) -> bool:
        return (
            all(value in {None, record[name]} for name, value in filters.items())
            and (after is None or record["createdAt"] > after)
            and visibility.application_by_id(call.organisation, call.principal, record["applicationId"])
        )

    return call.page(
        Listed(
            table=call.organisation.interview_schedules,
            write=lambda record: _view(call, record),
            keep=keep,
            filters={**filters, "createdAfter": after},
        )
    )


@endpoint(
    "interviewSchedule.create",
    permission="interviewsWrite",
    parameters={
        "applicationId": required(parameters.identifier),
        "interviewEvents": required(parameters.list_of(parameters.structure(scheduling.EVENT), minimum=1)),
    },
)
def create(call: Call) -> dict[str, Any]:
    """Schedule interviews in the application's present stage, written down as this key's.

    Raises `application_not_found` and what `scheduling.event_fields` raises; nothing is made then.
    """
    organisation = call.organisation
    application = visibility.find_application(call, call.parameters["applicationId"])
    checked = [scheduling.event_fields(call, sent, application) for sent in call.parameters["interviewEvents"]]
    identifier = organisation.new_identifier("interview_schedule")
    events = [scheduling.new_event(organisation, identifier, fields) for fields in checked]
    for event in events:
        organisation.save("interview_event", event)
    event_ids = [event["id"] for event in events]
    now = organisation.now()
    record: Record = {
        "id": identifier,
        "status": scheduling.status_of(organisation, event_ids),
        "applicationId": application["id"],
        "interviewStageId": application["interviewStageId"],
        "scheduledById": call.user_id or next(iter(organisation.users))["id"],
        "createdAt": now,
        "updatedAt": now,
        "eventIds": event_ids,
        "madeBy": call.principal.owner,
        "canBeRescheduled": False,
    }
    return _view(call, organisation.save("interview_schedule", record))


_UPDATED_EVENT = parameters.structure({**scheduling.EVENT, "interviewEventId": optional(parameters.identifier)})
_EVENTS, _IDENTIFIERS = parameters.list_of(_UPDATED_EVENT), parameters.list_of(parameters.identifier)


def _one_or_more_events(value: Any) -> list[Record]:
    return _EVENTS(value if isinstance(value, list) else [value])


def _one_or_more_identifiers(value: Any) -> list[str]:
    return _IDENTIFIERS(value if isinstance(value, list) else [value])


@endpoint(
    "interviewSchedule.update",
    permission="interviewsWrite",
    parameters={
        "interviewScheduleId": required(parameters.identifier),
        "interviewEvent": optional(_one_or_more_events),
        "interviewEventIdToCancel": optional(_one_or_more_identifiers),
        "allowFeedbackDeletion": optional(parameters.flag),
    },
)
def update(call: Call) -> dict[str, Any]:
    """Add or replace events, or cancel some; cancelling the last one cancels the schedule.

    Exactly one of `interviewEvent` and `interviewEventIdToCancel` is given. Raises `interview_schedule_not_found`,
    `interview_event_not_found`, what `scheduling.event_fields` raises, `interview_schedule_not_editable` for one made
    with another key, `interview_schedule_cancelled`, and `interview_event_has_feedback` unless
    `allowFeedbackDeletion`. All or nothing is done.
    """
    sent = call.parameters
    if ("interviewEvent" in sent) == ("interviewEventIdToCancel" in sent):
        raise invalid_input(("", "Exactly one of interviewEvent and interviewEventIdToCancel is required"))
    schedule = _schedule(call, sent["interviewScheduleId"])
    if schedule["madeBy"] != call.principal.owner:
        raise ApiError(
            "interview_schedule_not_editable", "Only schedules created with the same API key can be updated."
        )
    if schedule["status"] == "Cancelled" and not schedule["canBeRescheduled"]:
        raise ApiError("interview_schedule_cancelled", "The schedule is cancelled.")
    if "interviewEvent" in sent:
        event_ids = _save_events(call, schedule, sent["interviewEvent"])
    else:
        event_ids = _cancel_events(call, schedule, sent["interviewEventIdToCancel"])
    return _view(call, scheduling.refresh(call.organisation, {**schedule, "eventIds": event_ids}))


@endpoint(
    "interviewSchedule.cancel",
    permission="interviewsWrite",
    parameters={"id": required(parameters.identifier), "allowReschedule": optional(parameters.flag)},
)
def cancel(call: Call) -> dict[str, Any]:
    """Cancel a schedule of any key with all its events; with `allowReschedule` it may be updated again."""
    organisation = call.organisation
    schedule = _schedule(call, call.parameters["id"])
    for event_id in schedule["eventIds"]:
        organisation.delete("interview_event", event_id, action="cancelled")
    changes: Record = {
        "status": "Cancelled",
        "eventIds": [],
        "canBeRescheduled": call.parameters.get("allowReschedule", False),
    }
    return _view(call, organisation.save("interview_schedule", {**schedule, **changes}, action="cancelled"))


def _schedule(call: Call, identifier: str) -> Record:
    schedule = call.find("interview_schedule", identifier)
    if not visibility.application_by_id(call.organisation, call.principal, schedule["applicationId"]):
        raise not_found("interview_schedule")
    return schedule


def _save_events(call: Call, schedule: Record, sent: list[Record]) -> list[str]:
    """Add events without an id, replace those with one; returns the ids the schedule then has."""
    organisation = call.organisation
    application = visibility.find_application(call, schedule["applicationId"])
    event_ids: list[str] = list(schedule["eventIds"])
    prepared: list[Record] = []
    for event in sent:
        fields = scheduling.event_fields(call, event, application)
        if "interviewEventId" in event:
            prepared.append({**_event(call, schedule, event["interviewEventId"]), **fields})
        else:
            prepared.append(scheduling.new_event(organisation, schedule["id"], fields))
    for record in prepared:
        organisation.save("interview_event", record)
        if record["id"] not in event_ids:
            event_ids.append(record["id"])
    return event_ids


def _cancel_events(call: Call, schedule: Record, identifiers: list[str]) -> list[str]:
    """Cancel events, with their feedback only where that is allowed; returns the ids that are left."""
    events = [_event(call, schedule, identifier) for identifier in identifiers]
    if any(event["hasSubmittedFeedback"] for event in events) and not call.parameters.get("allowFeedbackDeletion"):
        raise ApiError("interview_event_has_feedback", "Feedback was submitted and would be deleted.")
    for event in events:
        detail = {"feedbackDeleted": event["hasSubmittedFeedback"]}
        call.organisation.delete("interview_event", event["id"], action="cancelled", detail=detail)
    return [event_id for event_id in schedule["eventIds"] if event_id not in identifiers]


def _event(call: Call, schedule: Record, identifier: str) -> Record:
    if identifier not in schedule["eventIds"]:
        raise not_found("interview_event")
    return call.find("interview_event", identifier)
