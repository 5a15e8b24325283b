"""Making, changing and removing any record the way somebody in Ashby's own interface might.

A new record is a copy of one there is, with changes. What belongs to a record goes away with it, and what only points
at it lets go of it, so that every list and info keeps working.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox import pipeline, scheduling
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.organisation import Organisation
from sandbox.table import Record

# These come into being only as part of something else, or have routes of their own.
_NOT_COPIED = frozenset({"approval", "offer_form", "offer_process", "webhook"})
# What links records is changed by what makes and removes them, and an application's status by its stage.
_FIXED = {
    "candidate": ("applicationIds",),
    "application": ("candidateId", "status", "history", "interviewPlanId", "archivedAt"),
    "interview_schedule": ("applicationId", "eventIds"),
    "interview_event": ("interviewScheduleId",),
    "offer": ("applicationId", "offerProcessId"),
}
_OWNERS = ("candidateId", "applicationId", "interviewScheduleId")
# Fields that hold an id, by the kind it must be of.
_REFERENCES = {
    "applicationId": "application",
    "archiveReasonId": "archive_reason",
    "brandId": "brand",
    "candidateId": "candidate",
    "closeReasonId": "close_reason",
    "creditedToUserId": "user",
    "defaultInterviewPlanId": "interview_plan",
    "departmentId": "department",
    "interviewId": "interview",
    "interviewPlanId": "interview_plan",
    "interviewScheduleId": "interview_schedule",
    "interviewStageId": "interview_stage",
    "jobId": "job",
    "locationId": "location",
    "managerId": "user",
    "scheduledById": "user",
    "sourceId": "source",
}


def find(organisation: Organisation, kind: str, identifier: str) -> Record:
    """Return a record; raises `kind_not_found` or its `..._not_found`."""
    record = organisation.tables[checked_kind(organisation, kind)].get(identifier)
    if record is None:
        raise not_found(kind)
    return record


def checked_kind(organisation: Organisation, kind: str) -> str:
    """Return a kind of record; raises `kind_not_found`. Webhook settings are not reached this way."""
    if kind == "webhook" or kind not in organisation.tables:
        raise ApiError("kind_not_found", "There are no such records.")
    return kind


# -- creating --------------------------------------------------------------------------------------------------------


def create(organisation: Organisation, kind: str, changes: Mapping[str, Any], *, copy_of: str | None) -> Record:
    """Copy a record, the first of its kind unless another is named, with changes and an id of its own.

    Raises `invalid_input` for a kind that cannot be copied, and for changes `change` would refuse; ids of what the
    record belongs to may be given here.
    """
    if checked_kind(organisation, kind) in _NOT_COPIED:
        raise invalid_input(("", "Records of this kind cannot be copied"))
    if copy_of is not None:
        original = find(organisation, kind, copy_of)
    elif (original := next(iter(organisation.tables[kind]), None)) is None:
        raise not_found(kind)
    _check(organisation, kind, original, changes, allowed=_OWNERS)
    record: Record = {**original, "id": organisation.new_identifier(kind)}
    if "createdAt" in record:
        record["createdAt"] = organisation.now()
    if kind in _COPIED:
        return _COPIED[kind](organisation, original, {**record, **changes})
    return organisation.save(kind, {**record, **changes})


def _candidate(organisation: Organisation, _original: Record, record: Record) -> Record:
    return organisation.save("candidate", {**record, "applicationIds": [], "externalMappingId": None})


def _application(organisation: Organisation, _original: Record, record: Record) -> Record:
    stage = _stage_of(organisation, record)
    blank: Record = {**record, "history": [], "archivedAt": None}
    reason = record["archiveReasonId"]
    saved = organisation.save(
        "application", pipeline.entered(organisation, blank, stage, reason_id=reason, actor_id=None)
    )
    candidate = find(organisation, "candidate", saved["candidateId"])
    listed = [*candidate["applicationIds"], saved["id"]]
    organisation.save("candidate", {**candidate, "applicationIds": listed})
    return saved


def _job(organisation: Organisation, _original: Record, record: Record) -> Record:
    return organisation.save("job", _with_default_plan(record))


def _with_default_plan(job: Record) -> Record:
    """Return a job whose default plan is one of its plans."""
    plan = job["defaultInterviewPlanId"]
    if plan is None or plan in job["interviewPlanIds"]:
        return job
    return {**job, "interviewPlanIds": [*job["interviewPlanIds"], plan]}


def _schedule(organisation: Organisation, original: Record, record: Record) -> Record:
    events = [organisation.interview_events.get(event_id) for event_id in original["eventIds"]]
    made = [_event_copy(organisation, event, record["id"]) for event in events if event is not None]
    return organisation.save("interview_schedule", {**record, "eventIds": [event["id"] for event in made]})


def _event_copy(organisation: Organisation, event: Record, schedule_id: str) -> Record:
    identifier, now = organisation.new_identifier("interview_event"), organisation.now()
    return organisation.save(
        "interview_event", {**event, "id": identifier, "createdAt": now, "interviewScheduleId": schedule_id}
    )


def _event(organisation: Organisation, _original: Record, record: Record) -> Record:
    saved = organisation.save("interview_event", record)
    schedule = find(organisation, "interview_schedule", saved["interviewScheduleId"])
    scheduling.refresh(organisation, {**schedule, "eventIds": [*schedule["eventIds"], saved["id"]]})
    return saved


def _offer(organisation: Organisation, original: Record, record: Record) -> Record:
    """Make a process of its own for the offer, whose only version was not sent for approval and has no opening."""
    versions: list[Record] = record["versions"]
    rule = versions[-1]["approvalRule"]
    process: Record = {
        "id": organisation.new_identifier("offer_process"),
        "applicationId": record["applicationId"],
        "createdAt": organisation.now(),
    }
    version = {
        **versions[-1],
        "id": organisation.new_identifier("offer_version"),
        "createdAt": organisation.now(),
        "approvalStatus": None,
        "openingId": None,
    }
    organisation.save("offer_process", process)
    acceptance = record["acceptanceStatus"]
    if acceptance == original["acceptanceStatus"]:
        acceptance = "WaitingOnResponse" if rule == "none" else "Created"
    return organisation.save(
        "offer",
        {
            **record,
            "offerProcessId": process["id"],
            "versions": [version],
            "acceptanceStatus": acceptance,
            "decidedAt": organisation.now() if acceptance in {"Accepted", "Declined"} else None,
        },
    )


_COPIED: dict[str, Callable[[Organisation, Record, Record], Record]] = {
    "candidate": _candidate,
    "application": _application,
    "job": _job,
    "interview_schedule": _schedule,
    "interview_event": _event,
    "offer": _offer,
}


# -- changing --------------------------------------------------------------------------------------------------------


def change(organisation: Organisation, kind: str, identifier: str, changes: Mapping[str, Any]) -> Record:
    """Change fields of a record.

    Another stage or job of an application and the publication of a posting are the changes they are in Ashby. Raises
    `invalid_input` for a field the record does not have, one that links records, a value of another type, and an id
    of nothing.
    """
    before = find(organisation, kind, identifier)
    _check(organisation, kind, before, changes)
    after = {**before, **changes}
    if kind == "application" and (before["interviewStageId"], before["jobId"]) != (
        after["interviewStageId"],
        after["jobId"],
    ):
        return _moved(organisation, before, after)
    if kind == "job_posting" and before["isPublished"] != after["isPublished"]:
        action = "published" if after["isPublished"] else "unpublished"
        return organisation.save(kind, after, action=action)
    if kind == "interview_event":
        return change_event(organisation, after)
    if kind == "job":
        after = _with_default_plan(after)
    return organisation.save(kind, after)


def change_event(organisation: Organisation, event: Record) -> Record:
    """Save a changed interview event and its schedule, whose status may follow."""
    saved = organisation.save("interview_event", event)
    scheduling.refresh(organisation, find(organisation, "interview_schedule", event["interviewScheduleId"]))
    return saved


def _moved(organisation: Organisation, before: Record, after: Record) -> Record:
    stage = _stage_of(organisation, after)
    reason = after["archiveReasonId"]
    entered = pipeline.entered(organisation, after, stage, reason_id=reason, actor_id=None)
    if before["jobId"] != after["jobId"]:
        detail = {"fromJobId": before["jobId"], "toJobId": after["jobId"]}
        return organisation.save("application", entered, action="transferred", detail=detail)
    detail = {
        "fromStageId": before["interviewStageId"],
        "toStageId": stage["id"],
        "hired": stage["type"] == "Hired",
    }
    return organisation.save("application", entered, action="stage_changed", detail=detail)


def _stage_of(organisation: Organisation, application: Record) -> Record:
    """Return the stage of an application; its plan follows from it."""
    return find(organisation, "interview_stage", application["interviewStageId"])


def _check(
    organisation: Organisation,
    kind: str,
    record: Record,
    changes: Mapping[str, Any],
    *,
    allowed: tuple[str, ...] = (),
) -> None:
    fixed = {"id", *_FIXED.get(kind, ())} - set(allowed)
    problems: list[tuple[str, str]] = []
    for name, value in changes.items():
        if name not in record:
            problems.append((name, "The record has no such field"))
        elif name in fixed:
            problems.append((name, "Must not be changed"))
        elif value is not None and record[name] is not None and not _alike(value, record[name]):
            problems.append((name, f"Expected a value like {type(record[name]).__name__}"))
        elif value is not None and name in _REFERENCES and not _exists(organisation, _REFERENCES[name], value):
            problems.append((name, f"No {_REFERENCES[name].replace('_', ' ')} has this id"))
    if problems:
        raise invalid_input(*problems)


def _exists(organisation: Organisation, kind: str, identifier: str) -> bool:
    return organisation.tables[kind].get(identifier) is not None


def _alike(value: Any, other: Any) -> bool:
    numbers = (int, float)
    return type(value) is type(other) or (type(value) in numbers and type(other) in numbers)
