"""How applications, their histories and interview stages are written on the wire.

Source: the results of application.info, application.listHistory and interviewStage.info. Webhooks send an application
exactly as `application` writes it.
"""

from typing import Any

from sandbox import forms, moments, views
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.identifiers import identifier_at, position_of
from sandbox.organisation import Organisation
from sandbox.table import Record

_STAGE = ("id", "title", "type", "orderInInterviewPlan", "interviewStageGroupId")
_SUBMISSION = "form_submission"


def stage(record: Record, *, with_plan: bool = True) -> dict[str, Any]:
    """Write an interview stage; inside jobInterviewPlan.info it does not say its plan."""
    return published(record, *_STAGE, *(["interviewPlanId"] if with_plan else []))


def application(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write an Application without expansions. What is not set is absent; so is an unknown reference."""
    view = published(
        record,
        "id",
        "createdAt",
        "updatedAt",
        "status",
        "archivedAt",
        "appliedViaJobPostingId",
        "submitterClientIp",
        "submitterUserAgent",
    )
    view["customFields"] = views.custom_field_values(organisation, principal, record)
    view["candidate"] = _candidate(organisation, record["candidateId"])
    current = organisation.interview_stages.get(record["interviewStageId"])
    if current is not None:
        view["currentInterviewStage"] = stage(current)
    if (source := organisation.sources.get(record["sourceId"] or "")) is not None:
        view["source"] = views.source(source)
    if (reason := organisation.archive_reasons.get(record["archiveReasonId"] or "")) is not None:
        view["archiveReason"] = {**published(reason, "id", "text", "reasonType", "isArchived"), "customFields": []}
    if (job := organisation.jobs.get(record["jobId"])) is not None:
        view["job"] = published(job, "id", "title", "locationId", "departmentId")
    if (credited := views.user_named(organisation, principal, record["creditedToUserId"])) is not None:
        view["creditedToUser"] = credited
    view["hiringTeam"] = views.hiring_team(organisation, record["hiringTeam"])
    return view


def history(organisation: Organisation, record: Record) -> list[dict[str, Any]]:
    """Write the HistoryItems of an application, the first stage first.

    Only the present stage has no `leftStageAt`. Which edits `allowedActions` names is inferred: the present stage
    cannot be deleted, and of the first one only the time may be changed.
    """
    items = organisation.history(record)
    written: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        known = organisation.interview_stages.get(item["stageId"])
        last = number == len(items) - 1
        view = published(item, "id", "stageId", "enteredStageAt", "actorId")
        view["title"] = known["title"] if known else ""
        view["stageNumber"] = number
        view["allowedActions"] = ["set_entered_at"] if number == 0 or last else ["delete", "set_entered_at"]
        if not last:
            view["leftStageAt"] = moments.iso(items[number + 1]["enteredStageAt"])
        written.append(view)
    return written


def submissions(organisation: Organisation, record: Record) -> list[dict[str, Any]]:
    """Write what was submitted through a job board: one form for applications that came that way."""
    position = organisation.applications.position_of(record["id"])
    if record["appliedViaJobPostingId"] is None or position is None:
        return []
    card = organisation.candidate_card(record["candidateId"]) or {"name": "", "emailAddresses": []}
    values = {"_systemfield_name": card["name"]}
    if card["emailAddresses"]:
        values["_systemfield_email"] = card["emailAddresses"][0]["value"]
    return [
        {
            "id": identifier_at(organisation.seed, _SUBMISSION, position),
            "formDefinition": forms.application_form(),
            "submittedValues": values,
        }
    ]


def by_submission(organisation: Organisation, submission_id: str) -> Record | None:
    """Return the application a form submission led to."""
    position = position_of(organisation.seed, _SUBMISSION, submission_id)
    record = None if position is None else organisation.applications.at(position)
    return record if record is not None and record["appliedViaJobPostingId"] is not None else None


def referrals(organisation: Organisation, principal: Principal, record: Record) -> list[dict[str, Any]]:
    """Write who referred the candidate: the credited user, where the source is a referral."""
    source = organisation.sources.get(record["sourceId"] or "")
    credited = views.user_named(organisation, principal, record["creditedToUserId"])
    if credited is None or source is None or source["sourceType"] is None:
        return []
    if source["sourceType"]["title"] != "Referral":
        return []
    return [{"user": credited, "referredAt": moments.iso(record["createdAt"])}]


def _candidate(organisation: Organisation, candidate_id: str) -> dict[str, Any]:
    card = organisation.candidate_card(candidate_id)
    if card is None:
        return {"id": candidate_id, "name": ""}
    return {**published(card, "id", "name"), **views.primary_contacts(card)}
