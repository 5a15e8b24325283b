"""How an application moves through its plan, and what goes away with it.

Its status follows from the type of its stage. Sources: application.changeStage, application.create, and
application.transfer. The changes are named so that webhooks can follow: an action `stage_changed` stands for
candidateStageChange (with applicationUpdate, and candidateHire where `detail` says `hired`), `transferred`,
`source_changed` and `updated` for applicationUpdate, `created` for applicationSubmit.
"""

from typing import Any

from sandbox.endpoints import Call
from sandbox.errors import invalid_input, not_found
from sandbox.organisation import Organisation
from sandbox.seed.plans import status_of
from sandbox.table import Record

FIRST_SCREEN = "FirstPreInterviewScreen"


def stages_of(organisation: Organisation, plan_id: str) -> list[Record]:
    """Return the stages of a plan in its order."""
    stages = organisation.where("interview_stage", "interviewPlanId", plan_id)
    return sorted(stages, key=lambda stage: stage["orderInInterviewPlan"])


def plan_of_job(call: Call, job: Record, plan_id: str | None) -> Record:
    """Return the plan named, or the job's default one.

    Raises `interview_plan_not_found` where there is none, and `invalid_input` for one that is not the job's.
    """
    if plan_id is None:
        return call.find("interview_plan", job["defaultInterviewPlanId"] or "")
    plan = call.find("interview_plan", plan_id)
    if plan_id not in job["interviewPlanIds"]:
        raise invalid_input(("interviewPlanId", "Not an interview plan of the job"))
    return plan


def stage_of_plan(call: Call, plan_id: str, stage_id: str) -> Record:
    """Return a stage of a plan; one of another plan is `interview_stage_not_found`."""
    stage = call.find("interview_stage", stage_id)
    if stage["interviewPlanId"] != plan_id:
        raise not_found("interview_stage")
    return stage


def first_stage(organisation: Organisation, plan_id: str, stage_type: str) -> Record:
    """Return the first stage of a type, or the first of all where the plan has none of it."""
    stages = stages_of(organisation, plan_id)
    return next((stage for stage in stages if stage["type"] == stage_type), stages[0])


def check_archive_reason(call: Call, stage: Record, reason_id: str | None, *, parameter: str) -> None:
    """Raise `invalid_input` unless a reason is given exactly for an Archived stage; raise if it is unknown."""
    if stage["type"] != "Archived" and reason_id is not None:
        raise invalid_input((parameter, "Archive fields are not allowed for non-archive stages"))
    if stage["type"] == "Archived" and reason_id is None:
        raise invalid_input((parameter, "Required for archive stages"))
    if reason_id is not None:
        call.find("archive_reason", reason_id)


def entered(
    organisation: Organisation, application: Record, stage: Record, *, reason_id: str | None, actor_id: str | None
) -> Record:
    """Return an application after it entered a stage now; not yet saved."""
    now = organisation.now()
    step: Record = {
        "id": organisation.new_identifier("history"),
        "stageId": stage["id"],
        "enteredStageAt": now,
        "actorId": actor_id,
    }
    return {
        **application,
        **placed(stage, reason_id, now),
        "history": [*organisation.history(application), step],
    }


def placed(stage: Record, reason_id: str | None, entered_at: int) -> dict[str, Any]:
    """Return the fields of an application that follow from its stage."""
    archived = stage["type"] == "Archived"
    return {
        "interviewPlanId": stage["interviewPlanId"],
        "interviewStageId": stage["id"],
        "status": status_of(stage["type"]),
        "archiveReasonId": reason_id if archived else None,
        "archivedAt": entered_at if archived else None,
    }


def moved(
    organisation: Organisation,
    application: Record,
    stage: Record,
    *,
    reason_id: str | None = None,
    actor_id: str | None = None,
) -> Record:
    """Move an application to a stage and record it; being there already only changes the archive reason."""
    if stage["id"] == application["interviewStageId"]:
        return organisation.save("application", {**application, "archiveReasonId": reason_id})
    detail = {
        "fromStageId": application["interviewStageId"],
        "toStageId": stage["id"],
        "hired": stage["type"] == "Hired",
    }
    after = entered(organisation, application, stage, reason_id=reason_id, actor_id=actor_id)
    return organisation.save("application", after, action="stage_changed", detail=detail)


def set_status(organisation: Organisation, application: Record, status: str) -> Record:
    """Move an application to the first stage of its plan with a status; archiving takes the first reason."""
    if application["status"] == status:
        return organisation.save("application", application)
    stage = first_stage(organisation, application["interviewPlanId"], status)
    reason = next(iter(organisation.archive_reasons))["id"] if status == "Archived" else None
    return moved(organisation, application, stage, reason_id=reason)


def remove(organisation: Organisation, application: Record, *, keep_candidate: bool = True) -> None:
    """Delete an application with its interviews and offers, and, if the candidate stays, from the candidate."""
    identifier = application["id"]
    for schedule in organisation.where("interview_schedule", "applicationId", identifier):
        for event in organisation.where("interview_event", "interviewScheduleId", schedule["id"]):
            organisation.delete("interview_event", event["id"])
        organisation.delete("interview_schedule", schedule["id"])
    for offer in organisation.where("offer", "applicationId", identifier):
        for version in offer["versions"]:
            for approval in organisation.where("approval", "entityId", version["id"]):
                organisation.delete("approval", approval["id"])
        organisation.delete("offer", offer["id"], detail={"applicationId": identifier})
    for process in organisation.where("offer_process", "applicationId", identifier):
        organisation.delete("offer_process", process["id"], detail={"applicationId": identifier})
    organisation.delete("application", identifier, detail={"candidateId": application["candidateId"]})
    candidate = organisation.candidates.get(application["candidateId"])
    if keep_candidate and candidate is not None:
        left = [found for found in candidate["applicationIds"] if found != identifier]
        organisation.save("candidate", {**candidate, "applicationIds": left})
