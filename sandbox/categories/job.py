"""job.list, job.info, job.search, job.create, job.update, job.setStatus."""

from typing import Any

from sandbox import job_views, parameters, visibility
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import ApiError, invalid_input
from sandbox.paging import Listed, Listing
from sandbox.parameters import MILLISECONDS, SYNCED, Parameter, optional, required
from sandbox.table import Record

_STATUSES = ("Draft", "Open", "Closed", "Archived")
_LISTED_UNASKED = ("Open", "Closed", "Archived")
_TRANSITIONS = {
    "Draft": ("Open", "Archived"),
    "Open": ("Closed",),
    "Closed": ("Draft", "Archived"),
    "Archived": ("Draft",),
}
# Compensation is named in the text of the specification, though not in its enumeration.
_EXPAND: dict[str, Parameter] = {
    "includeUnpublishedJobPostingsIds": optional(parameters.flag),
    "expand": optional(parameters.list_of(parameters.one_of("location", "openings", "compensation"))),
}
_WINDOWS = ("openedAfter", "openedBefore", "closedAfter", "closedBefore")


def _view(call: Call, record: Record) -> dict[str, Any]:
    unpublished = call.parameters.get("includeUnpublishedJobPostingsIds", False)
    return {
        **job_views.job(call.organisation, call.principal, record, unpublished=unpublished),
        **job_views.expanded(call.organisation, call.principal, record, call.parameters.get("expand", [])),
    }


@endpoint(
    "job.list",
    permission="jobsRead",
    parameters={
        "status": optional(parameters.list_of(parameters.one_of(*_STATUSES))),
        "createdAfter": optional(MILLISECONDS),
        **{name: optional(MILLISECONDS) for name in _WINDOWS},
        **_EXPAND,
        **SYNCED,
    },
)
def list_jobs(call: Call) -> Listing:
    """Return a page of jobs: drafts only when `status` names them, confidential ones only with the key's switch."""
    sent = call.parameters
    creation_window(call)
    statuses = sent.get("status") or list(_LISTED_UNASKED)

    def keep(job: Record) -> bool:
        return job["status"] in statuses and visibility.job(call.principal, job) and _in_windows(job, sent)

    filters = {name: sent.get(name) for name in ("createdAfter", *_WINDOWS)}
    return call.page(
        Listed(
            table=call.organisation.jobs,
            write=lambda job: _view(call, job),
            keep=keep,
            filters={"status": sorted(statuses), **filters},
        )
    )


def _in_windows(job: Record, sent: Any) -> bool:
    """Tell whether a job was created, opened and closed when the filters say; one never closed was not closed then."""
    for name, since, until in (
        ("createdAt", sent.get("createdAfter"), None),
        ("openedAt", sent.get("openedAfter"), sent.get("openedBefore")),
        ("closedAt", sent.get("closedAfter"), sent.get("closedBefore")),
    ):
        moment = job[name]
        if since is not None and (moment is None or moment <= since):
            return False
        if until is not None and (moment is None or moment >= until):
            return False
    return True


@endpoint("job.info", permission="jobsRead", parameters={"id": required(parameters.identifier), **_EXPAND})
def info(call: Call) -> dict[str, Any]:
    """Return one job; raises `job_not_found`."""
    return _view(call, visibility.find_job(call, call.parameters["id"]))


@endpoint(
    "job.search",
    permission="jobsRead",
    parameters={"title": optional(parameters.text), "requisitionId": optional(parameters.text)},
)
def search(call: Call) -> list[dict[str, Any]]:
    """Return at most 100 jobs whose title contains the given one, in any case, or that have the requisition id.

    Both given must both match; neither given is `invalid_input`.
    """
    title, requisition = call.parameters.get("title"), call.parameters.get("requisitionId")
    if title is None and requisition is None:
        raise invalid_input(("", "Either title or requisitionId is required"))
    found = [
        job
        for job in call.organisation.jobs
        if visibility.job(call.principal, job)
        and (title is None or title.casefold() in job["title"].casefold())
        and (requisition is None or requisition == job["customRequisitionId"])
    ]
    return [_view(call, job) for job in found[:100]]


@endpoint(
    "job.create",
    permission="jobsWrite",
    parameters={
        "title": required(parameters.text),
        "teamId": required(parameters.identifier),
        "locationId": required(parameters.identifier),
        "defaultInterviewPlanId": optional(parameters.identifier),
        "jobTemplateId": optional(parameters.identifier),
        "brandId": optional(parameters.identifier),
    },
)
def create(call: Call) -> dict[str, Any]:
    """Create a draft; what comes in as `teamId` goes out as `departmentId`.

    An active template gives its interview plan where the call names none; an inactive one is `invalid_input`. Raises
    the `..._not_found` of every reference (`department_not_found` for the team).
    """
    sent, organisation = call.parameters, call.organisation
    _check_references(call)
    template = call.find("job_template", sent["jobTemplateId"]) if "jobTemplateId" in sent else None
    if template is not None and template["status"] != "Active":
        raise invalid_input(("jobTemplateId", "The template must be Active"))
    plan = sent.get("defaultInterviewPlanId", template["defaultInterviewPlanId"] if template else None)
    author = call.user_id or next(iter(organisation.users))["id"]
    now = organisation.now()
    record: Record = {
        "id": organisation.new_identifier("job"),
        "title": sent["title"],
        "confidential": False,
        "status": "Draft",
        "employmentType": "FullTime",
        "locationId": sent["locationId"],
        "departmentId": sent["teamId"],
        "defaultInterviewPlanId": plan,
        "interviewPlanIds": [] if plan is None else [plan],
        "customFieldValues": {},
        "customRequisitionId": None,
        "brandId": sent.get("brandId"),
        "hiringTeam": [],
        "authorId": author,
        "createdAt": now,
        "updatedAt": now,
        "openedAt": None,
        "closedAt": None,
        "compensationTiers": [],
    }
    return _view(call, organisation.save("job", record))


@endpoint(
    "job.update",
    permission="jobsWrite",
    parameters={
        "jobId": required(parameters.identifier),
        "title": optional(parameters.text),
        "teamId": optional(parameters.identifier),
        "locationId": optional(parameters.identifier),
        "defaultInterviewPlanId": optional(parameters.identifier),
        "customRequisitionId": optional(parameters.text),
    },
)
def update(call: Call) -> dict[str, Any]:
    """Change the given fields of a job; another default plan joins the job's plans.

    Raises `job_not_found` and the `..._not_found` of every reference. The specification types the requisition id as
    a UUID, yet its own examples are `REQ-2471`: any text is taken.
    """
    sent = call.parameters
    record = dict(visibility.find_job(call, sent["jobId"]))
    _check_references(call)
    for name, stored in (
        ("title", "title"),
        ("teamId", "departmentId"),
        ("locationId", "locationId"),
        ("defaultInterviewPlanId", "defaultInterviewPlanId"),
        ("customRequisitionId", "customRequisitionId"),
    ):
        if name in sent:
            record[stored] = sent[name]
    plan = record["defaultInterviewPlanId"]
    if plan is not None and plan not in record["interviewPlanIds"]:
        record["interviewPlanIds"] = [*record["interviewPlanIds"], plan]
    return _view(call, call.organisation.save("job", record))


@endpoint(
    "job.setStatus",
    permission="jobsWrite",
    parameters={"jobId": required(parameters.identifier), "status": required(parameters.one_of(*_STATUSES))},
)
def set_status(call: Call) -> dict[str, Any]:
    """Change a job's status: Draft to Open or Archived, Open to Closed, Closed to Draft or Archived, Archived to Draft.

    Any other change is `invalid_job_status_transition`; opening a job without a default interview plan is
    `interview_plan_required` (both codes inferred). Closing takes the job's postings off the boards (inferred).
    """
    organisation, status = call.organisation, call.parameters["status"]
    job = visibility.find_job(call, call.parameters["jobId"])
    if status not in _TRANSITIONS[job["status"]]:
        raise ApiError("invalid_job_status_transition", f"A job cannot go from {job['status']} to {status}.")
    if status == "Open" and job["defaultInterviewPlanId"] is None:
        raise ApiError("interview_plan_required", "A job needs a default interview plan to be opened.")
    times: Record = {}
    if status == "Open":
        times = {"openedAt": organisation.now(), "closedAt": None}
    elif status == "Closed":
        times = {"closedAt": organisation.now()}
        for posting in organisation.where("job_posting", "jobId", job["id"]):
            if posting["isPublished"]:
                organisation.save("job_posting", {**posting, "isPublished": False}, action="unpublished")
    detail = {"fromStatus": job["status"], "toStatus": status}
    return _view(call, organisation.save("job", {**job, "status": status, **times}, detail=detail))


def _check_references(call: Call) -> None:
    for name, kind in (
        ("teamId", "department"),
        ("locationId", "location"),
        ("defaultInterviewPlanId", "interview_plan"),
        ("brandId", "brand"),
    ):
        if name in call.parameters:
            call.find(kind, call.parameters[name])
