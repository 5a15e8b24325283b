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


def blank(organisation: Organisation, candidate_id: str, job: Record, created_at: int) -> Record:
    """Return a new application for a job, without stage and history, not yet saved."""
    return {
        "id": organisation.new_identifier("application"),
        "candidateId": candidate_id,
        "jobId": job["id"],
        "sourceId": None,
        "creditedToUserId": None,
        "createdAt": created_at,
        "updatedAt": created_at,
        "appliedViaJobPostingId": None,
        "submitterClientIp": None,
        "submitterUserAgent": None,
        "hiringTeam": job["hiringTeam"],
        "customFieldValues": {},
        "history": [],
    }


def change_plan(organisation: Organisation, job: Record, plan: Record) -> Record:
    """Switch a job to another default plan and take along its applications in the plan it had.

    Each goes to the stage of the same type and place, or to the last one of that type, or to the first of all. Which
    stage became which is in the change's detail. Returns the job.
    """
    old_plan_id: str = job["defaultInterviewPlanId"]
    targets = stages_of(organisation, plan["id"])
    seen: dict[str, int] = {}
    mapped: dict[str, Record] = {}
    for stage in stages_of(organisation, old_plan_id):
        place = seen[stage["type"]] = seen.get(stage["type"], -1) + 1
        alike = [target for target in targets if target["type"] == stage["type"]] or targets[:1]
        mapped[stage["id"]] = alike[min(place, len(alike) - 1)]
    for application in organisation.where("application", "jobId", job["id"]):
        target = mapped.get(application["interviewStageId"])
        if target is not None:
            reason = application["archiveReasonId"]
            after = entered(organisation, application, target, reason_id=reason, actor_id=None)
            organisation.save("application", after, action="plan_changed")
    detail = {
        "fromPlanId": old_plan_id,
        "toPlanId": plan["id"],
        "stages": {before: after["id"] for before, after in mapped.items()},
    }
    plans = [*job["interviewPlanIds"], *([] if plan["id"] in job["interviewPlanIds"] else [plan["id"]])]
    switched = {**job, "defaultInterviewPlanId": plan["id"], "interviewPlanIds": plans}
    return organisation.save("job", switched, action="plan_changed", detail=detail)


def remove(organisation: Organisation, application: Record, *, keep_candidate: bool = True) -> None:
    """Delete an application with its interviews and offers, and, if the candidate stays, from the candidate."""
    identifier = application["id"]
    for schedule in organisation.where("interview_schedule", "applicationId", identifier):
        remove_schedule(organisation, schedule)
    for offer in organisation.where("offer", "applicationId", identifier):
        remove_offer(organisation, offer)
    for process in organisation.where("offer_process", "applicationId", identifier):
        remove_process(organisation, process)
    organisation.delete("application", identifier, detail={"candidateId": application["candidateId"]})
    candidate = organisation.candidates.get(application["candidateId"])
    if keep_candidate and candidate is not None:
        left = [found for found in candidate["applicationIds"] if found != identifier]
        organisation.save("candidate", {**candidate, "applicationIds": left})


def remove_schedule(organisation: Organisation, schedule: Record) -> None:
    """Delete a schedule with its events."""
    for event in organisation.where("interview_event", "interviewScheduleId", schedule["id"]):
        organisation.delete("interview_event", event["id"])
    organisation.delete("interview_schedule", schedule["id"])


def remove_offer(organisation: Organisation, offer: Record) -> None:
    """Delete an offer with its approvals."""
    for version in offer["versions"]:
        for approval in organisation.where("approval", "entityId", version["id"]):
            organisation.delete("approval", approval["id"])
    organisation.delete("offer", offer["id"], detail={"applicationId": offer["applicationId"]})


def remove_process(organisation: Organisation, process: Record) -> None:
    """Delete an offer process with its offer and forms."""
    for offer in organisation.where("offer", "offerProcessId", process["id"]):
        remove_offer(organisation, offer)
    for form in organisation.where("offer_form", "offerProcessId", process["id"]):
        organisation.delete("offer_form", form["id"])
    organisation.delete("offer_process", process["id"], detail={"applicationId": process["applicationId"]})
