"""interviewPlan.list, interviewStage.list, interviewStage.info, interviewStageGroup.list, jobInterviewPlan.info."""

from typing import Any

from sandbox import application_views, interview_views, parameters, pipeline, visibility
from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required


@endpoint(
    "interviewPlan.list",
    permission="interviewsRead",
    parameters={"includeArchived": optional(parameters.flag), **SYNCED},
)
def list_plans(call: Call) -> Listing:
    """Return a page of interview plans; archived ones only with `includeArchived`."""
    archived = call.parameters.get("includeArchived", False)
    return call.page(
        Listed(
            table=call.organisation.interview_plans,
            write=lambda plan: published(plan, "id", "title", "isArchived", "createdAt", "updatedAt"),
            keep=lambda plan: archived or not plan["isArchived"],
            filters={"includeArchived": archived},
        )
    )


@endpoint(
    "interviewStage.list",
    permission="interviewsRead",
    parameters={"interviewPlanId": required(parameters.identifier)},
)
def list_stages(call: Call) -> Listing:
    """Return all stages of a plan at once, in its order; raises `interview_plan_not_found`."""
    plan = call.find("interview_plan", call.parameters["interviewPlanId"])
    stages = pipeline.stages_of(call.organisation, plan["id"])
    return Listing([application_views.stage(stage) for stage in stages], None, None)


@endpoint(
    "interviewStage.info",
    permission="interviewsRead",
    parameters={"interviewStageId": required(parameters.identifier)},
)
def stage_info(call: Call) -> dict[str, Any]:
    """Return one stage; raises `interview_stage_not_found`."""
    return application_views.stage(call.find("interview_stage", call.parameters["interviewStageId"]))


@endpoint("interviewStageGroup.list", permission="interviewsRead")
def list_groups(call: Call) -> list[dict[str, Any]]:
    """Return the groups of the organisation in order, each of one type of stage."""
    groups = sorted(call.organisation.interview_stage_groups, key=lambda group: group["order"])
    return [published(group, "id", "title", "order", "stageType") for group in groups]


@endpoint("jobInterviewPlan.info", permission="jobsRead", parameters={"jobId": required(parameters.identifier)})
def job_plan(call: Call) -> dict[str, Any]:
    """Return the default plan of a job: its stages with the activities and interviews to schedule in each.

    Raises `job_not_found`, `interview_plan_not_found` for a job without a plan.
    """
    job = visibility.find_job(call, call.parameters["jobId"])
    plan = pipeline.plan_of_job(call, job, None)
    return {
        "jobId": job["id"],
        "interviewPlanId": plan["id"],
        "stages": [
            {
                **application_views.stage(stage, with_plan=False),
                "activities": [
                    {**activity, "interviews": interview_views.of_activity(call.organisation, job["id"], activity)}
                    for activity in stage["activities"]
                ],
            }
            for stage in pipeline.stages_of(call.organisation, plan["id"])
        ],
    }
