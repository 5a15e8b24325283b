"""application.update, changeStage, changeSource, transfer, delete, and the team and history of an application."""

from typing import Any

from sandbox import application_views, hiring_team, offer_rules, parameters, pipeline, visibility
from sandbox.endpoints import Call, endpoint
from sandbox.errors import invalid_input, not_found
from sandbox.hiring_team import MEMBER
from sandbox.paging import Listed, Listing
from sandbox.parameters import PAGED, Parameter, optional, required
from sandbox.table import Record, table_of

_ID: dict[str, Parameter] = {"applicationId": required(parameters.identifier)}


def _view(call: Call, record: Record) -> dict[str, Any]:
    return application_views.application(call.organisation, call.principal, record)


def _application(call: Call) -> Record:
    return visibility.find_application(call, call.parameters["applicationId"])


@endpoint(
    "application.update",
    permission="candidatesWrite",
    parameters={
        **_ID,
        "sourceId": optional(parameters.identifier, nullable=True),
        "creditedToUserId": optional(parameters.identifier, nullable=True),
        "createdAt": optional(parameters.moment),
        "sendNotifications": optional(parameters.flag),
    },
)
def update(call: Call) -> dict[str, Any]:
    """Change source, credited user or creation time; null unsets the first two (changelog 2026-08).

    Raises `application_not_found`, `source_not_found`, `user_not_found`.
    """
    sent = call.parameters
    record = dict(_application(call))
    for name, kind in (("sourceId", "source"), ("creditedToUserId", "user")):
        if sent.get(name) is not None:
            call.find(kind, sent[name])
    for name in ("sourceId", "creditedToUserId", "createdAt"):
        if name in sent:
            record[name] = sent[name]
    detail = {"sendNotifications": sent.get("sendNotifications", True)}
    return _view(call, call.organisation.save("application", record, detail=detail))


@endpoint(
    "application.changeSource",
    permission="candidatesWrite",
    parameters={**_ID, "sourceId": Parameter(parameters.identifier, required=True, nullable=True)},
)
def change_source(call: Call) -> dict[str, Any]:
    """Set the source; null, which must be sent, unsets it. Raises `application_not_found`, `source_not_found`."""
    source_id = call.parameters["sourceId"]
    record = _application(call)
    if source_id is not None:
        call.find("source", source_id)
    saved = call.organisation.save("application", {**record, "sourceId": source_id}, action="source_changed")
    return _view(call, saved)


@endpoint(
    "application.changeStage",
    permission="candidatesWrite",
    parameters={
        **_ID,
        "interviewStageId": required(parameters.identifier),
        "archiveReasonId": optional(parameters.identifier),
        "archiveEmail": optional(
            parameters.structure(
                {"communicationTemplateId": required(parameters.identifier), "sendAt": optional(parameters.moment)}
            )
        ),
    },
)
def change_stage(call: Call) -> dict[str, Any]:
    """Move an application to another stage of its plan; the archive reason is given exactly for an Archived one.

    Raises `application_not_found`, `interview_stage_not_found`, `archive_reason_not_found`,
    `communication_template_not_found` (the sandbox has no templates), and `invalid_input`, also for a hire while an
    offer is not approved (changelog 2026-11-09). The stage is unchanged then.
    """
    sent = call.parameters
    record = _application(call)
    stage = pipeline.stage_of_plan(call, record["interviewPlanId"], sent["interviewStageId"])
    pipeline.check_archive_reason(call, stage, sent.get("archiveReasonId"), parameter="archiveReasonId")
    if "archiveEmail" in sent:
        _check_archive_email(call, record, stage)
    if stage["type"] == "Hired" and offer_rules.approval_is_missing(call.organisation, record["id"]):
        raise invalid_input(("interviewStageId", "The offer has to be approved before the candidate is hired"))
    reason = sent.get("archiveReasonId")
    return _view(call, pipeline.moved(call.organisation, record, stage, reason_id=reason, actor_id=call.user_id))


def _check_archive_email(call: Call, application: Record, stage: Record) -> None:
    if stage["type"] != "Archived":
        raise invalid_input(("archiveEmail", "Archive fields are not allowed for non-archive stages"))
    candidate = call.organisation.candidate_card(application["candidateId"])
    if candidate is None or not candidate["emailAddresses"]:
        raise invalid_input(("archiveEmail", "The candidate has no primary e-mail address"))
    raise not_found("communication_template")


@endpoint(
    "application.transfer",
    permission="candidatesWrite",
    parameters={
        **_ID,
        "jobId": required(parameters.identifier),
        "interviewPlanId": required(parameters.identifier),
        "interviewStageId": required(parameters.identifier),
        "startAutomaticActivities": optional(parameters.flag),
    },
)
def transfer(call: Call) -> dict[str, Any]:
    """Move an application to another job, into a stage of one of its plans.

    The hiring team becomes that of the job. Raises `application_not_found`, `job_not_found`,
    `interview_plan_not_found`, `interview_stage_not_found`, and `invalid_input` for a plan that is not the job's or an
    Archived stage, for which there is no reason here.
    """
    sent = call.parameters
    record = _application(call)
    job = visibility.find_job(call, sent["jobId"])
    plan = pipeline.plan_of_job(call, job, sent["interviewPlanId"])
    stage = pipeline.stage_of_plan(call, plan["id"], sent["interviewStageId"])
    pipeline.check_archive_reason(call, stage, None, parameter="interviewStageId")
    after = pipeline.entered(call.organisation, record, stage, reason_id=None, actor_id=call.user_id)
    after |= {"jobId": job["id"], "hiringTeam": job["hiringTeam"]}
    detail = {
        "fromJobId": record["jobId"],
        "toJobId": job["id"],
        "startAutomaticActivities": sent.get("startAutomaticActivities", True),
    }
    return _view(call, call.organisation.save("application", after, action="transferred", detail=detail))


@endpoint("application.listHistory", permission="candidatesRead", parameters={**_ID, **PAGED})
def list_history(call: Call) -> Listing:
    """Return a page of the stages an application went through, the first one first."""
    record = _application(call)
    return call.page(
        Listed(
            table=table_of(application_views.history(call.organisation, record)),
            write=lambda item: item,
            filters={"applicationId": record["id"]},
            synced=False,
        )
    )


@endpoint("application.delete", permission="candidatesDelete", parameters=_ID)
def delete(call: Call) -> dict[str, str]:
    """Delete an application with its interviews and offers; returns `{applicationId}` (inferred)."""
    record = _application(call)
    pipeline.remove(call.organisation, record)
    return {"applicationId": record["id"]}


@endpoint("application.addHiringTeamMember", permission="candidatesWrite", parameters={**_ID, **MEMBER})
def add_member(call: Call) -> dict[str, Any]:
    """Give a user a role in the application's hiring team and return the member."""
    return hiring_team.add(call, "application", _application(call))


@endpoint("application.removeHiringTeamMember", permission="candidatesWrite", parameters={**_ID, **MEMBER})
def remove_member(call: Call) -> dict[str, Any]:
    """Take a role in the application's hiring team from a user and return who it was."""
    return hiring_team.remove(call, "application", _application(call))
