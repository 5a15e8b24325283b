"""interview.list, interview.info, interviewEvent.list."""

from typing import Any

from sandbox import interview_views, parameters, visibility
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import MILLISECONDS, SYNCED, optional, required
from sandbox.table import Record


def _visible(call: Call, interview: Record) -> bool:
    job_id = interview["jobId"]
    return job_id is None or visibility.job_by_id(call.organisation, call.principal, job_id)


@endpoint(
    "interview.list",
    permission="interviewsRead",
    parameters={
        "includeArchived": optional(parameters.flag),
        "includeNonSharedInterviews": optional(parameters.flag),
        "excludeArchivedScheduleTemplateInterviews": optional(parameters.flag),
        **SYNCED,
    },
)
def list_interviews(call: Call) -> Listing:
    """Return a page of kinds of interview: those any job may use, and with `includeNonSharedInterviews` the others."""
    archived = call.parameters.get("includeArchived", False)
    bound = call.parameters.get("includeNonSharedInterviews", False)
    strict = call.parameters.get("excludeArchivedScheduleTemplateInterviews", False)
    return call.page(
        Listed(
            table=call.organisation.interviews,
            write=interview_views.interview,
            keep=lambda interview: (
                (archived or not interview["isArchived"])
                and (bound or interview["jobId"] is None)
                and not (strict and interview["fromArchivedTemplate"])
                and _visible(call, interview)
            ),
            filters={"archived": archived, "bound": bound, "strict": strict},
        )
    )


@endpoint("interview.info", permission="interviewsRead", parameters={"id": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one kind of interview; raises `interview_not_found`."""
    record = call.find("interview", call.parameters["id"])
    if not _visible(call, record):
        raise not_found("interview")
    return interview_views.interview(record)


@endpoint(
    "interviewEvent.list",
    permission="interviewsRead",
    parameters={
        "interviewScheduleId": required(parameters.identifier),
        "createdAfter": optional(MILLISECONDS),
        "expand": optional(parameters.list_of(parameters.one_of("interview"))),
        **SYNCED,
    },
)
def list_events(call: Call) -> Listing:
    """Return a page of the events of one schedule; raises `interview_schedule_not_found`."""
    after, _ = creation_window(call)
    organisation = call.organisation
    schedule = call.find("interview_schedule", call.parameters["interviewScheduleId"])
    if not visibility.application_by_id(organisation, call.principal, schedule["applicationId"]):
        raise not_found("interview_schedule")
    with_interview = "interview" in call.parameters.get("expand", [])
    listed = Listed(
        table=organisation.interview_events,
        write=lambda event: interview_views.event(organisation, call.principal, event, with_interview=with_interview),
        keep=lambda event: (
            event["interviewScheduleId"] == schedule["id"] and (after is None or event["createdAt"] > after)
        ),
        filters={"interviewScheduleId": schedule["id"], "createdAfter": after},
    )
    return call.page(listed)
