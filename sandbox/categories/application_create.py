"""application.create."""

from typing import Any

from sandbox import application_views, parameters, pipeline, visibility
from sandbox.endpoints import Call, endpoint
from sandbox.errors import invalid_input
from sandbox.parameters import optional, required
from sandbox.table import Record


def _stage(value: Any) -> str:
    """Read a stage's id or the special word for the first screening stage."""
    return value if value == pipeline.FIRST_SCREEN else parameters.identifier(value)


@endpoint(
    "application.create",
    permission="candidatesWrite",
    parameters={
        "candidateId": required(parameters.identifier),
        "jobId": required(parameters.identifier),
        "interviewPlanId": optional(parameters.identifier),
        "interviewStageId": optional(_stage),
        "sourceId": optional(parameters.identifier),
        "creditedToUserId": optional(parameters.identifier),
        "createdAt": optional(parameters.moment),
        "applicationHistory": optional(
            parameters.list_of(
                parameters.structure(
                    {
                        "stageId": required(parameters.identifier),
                        "stageNumber": required(parameters.whole(0, 10_000)),
                        "enteredStageAt": required(parameters.moment),
                        "archiveReasonId": optional(parameters.identifier),
                    }
                )
            )
        ),
    },
)
def create(call: Call) -> dict[str, Any]:
    """Consider a candidate for a job, in the first Lead stage of the default plan unless the call says otherwise.

    A history decides the stage by itself: its highest number is the present one. Raises the `..._not_found` of every
    reference, and `invalid_input` for a plan that is not the job's, a stage that is archived and has no reason, and
    a history whose numbers repeat. The same candidate may be considered for the same job twice.
    """
    sent, organisation = call.parameters, call.organisation
    candidate = call.find("candidate", sent["candidateId"])
    job = visibility.find_job(call, sent["jobId"])
    for name, kind in (("sourceId", "source"), ("creditedToUserId", "user")):
        if name in sent:
            call.find(kind, sent[name])
    plan = pipeline.plan_of_job(call, job, sent.get("interviewPlanId"))
    created = sent.get("createdAt", organisation.now())
    history, stage, reason = _history(call, plan["id"], created)
    record: Record = {
        **pipeline.blank(organisation, candidate["id"], job, created),
        "sourceId": sent.get("sourceId"),
        "creditedToUserId": sent.get("creditedToUserId"),
        "history": history,
        **pipeline.placed(stage, reason, history[-1]["enteredStageAt"]),
    }
    saved = organisation.save("application", record)
    organisation.save("candidate", {**candidate, "applicationIds": [*candidate["applicationIds"], saved["id"]]})
    return application_views.application(organisation, call.principal, saved)


def _history(call: Call, plan_id: str, created: int) -> tuple[list[Record], Record, str | None]:
    """Return the history of the new application, its present stage and its archive reason."""
    organisation = call.organisation
    events: list[Record] = sorted(call.parameters.get("applicationHistory", []), key=lambda event: event["stageNumber"])
    if not events:
        stage = _first(call, plan_id)
        pipeline.check_archive_reason(call, stage, None, parameter="applicationHistory")
        events = [{"stageId": stage["id"], "enteredStageAt": created}]
    elif len({event["stageNumber"] for event in events}) < len(events):
        raise invalid_input(("applicationHistory", "stageNumber must not repeat"))
    else:
        for event in events:
            stage = pipeline.stage_of_plan(call, plan_id, event["stageId"])
            pipeline.check_archive_reason(call, stage, event.get("archiveReasonId"), parameter="applicationHistory")
    steps: list[Record] = [
        {
            "id": organisation.new_identifier("history"),
            "stageId": event["stageId"],
            "enteredStageAt": event["enteredStageAt"],
            "actorId": call.user_id,
        }
        for event in events
    ]
    return steps, pipeline.stage_of_plan(call, plan_id, events[-1]["stageId"]), events[-1].get("archiveReasonId")


def _first(call: Call, plan_id: str) -> Record:
    wanted = call.parameters.get("interviewStageId")
    if wanted is None:
        return pipeline.first_stage(call.organisation, plan_id, "Lead")
    if wanted == pipeline.FIRST_SCREEN:
        return pipeline.first_stage(call.organisation, plan_id, "PreInterviewScreen")
    return pipeline.stage_of_plan(call, plan_id, wanted)
