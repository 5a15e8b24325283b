"""application.list, application.info."""

from typing import Any

from sandbox import application_views, job_views, parameters, visibility
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import invalid_input, not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import CREATED_BETWEEN, SYNCED, optional
from sandbox.seed.applications import PLACES
from sandbox.table import Record

STATUSES = ("Hired", "Archived", "Active", "Lead")


@endpoint(
    "application.list",
    permission="candidatesRead",
    parameters={
        "status": optional(parameters.one_of(*STATUSES)),
        "jobId": optional(parameters.identifier),
        "expand": optional(parameters.list_of(parameters.one_of("openings"))),
        **CREATED_BETWEEN,
        **SYNCED,
    },
)
def list_applications(call: Call) -> Listing:
    """Return a page of applications in order of creation: of one status, of one job, created in a window.

    There is no filter by candidate. An unknown job has no applications.
    """
    after, before = creation_window(call)
    status, job_id = call.parameters.get("status"), call.parameters.get("jobId")
    expand = call.parameters.get("expand", [])
    organisation, pipeline = call.organisation, call.organisation.pipeline
    floor, ceiling = pipeline.created_between(after, before)
    places = None if job_id is None else pipeline.places_of_job(job_id)
    if places is not None and not places:
        floor = ceiling = pipeline.size

    def keep(record: Record) -> bool:
        return (
            (status is None or record["status"] == status)
            and (job_id is None or record["jobId"] == job_id)
            and (after is None or record["createdAt"] > after)
            and (before is None or record["createdAt"] < before)
            and visibility.application(organisation, call.principal, record)
        )

    def likely(position: int) -> bool:
        return (
            position < ceiling
            and (places is None or position % PLACES in places)
            and (status is None or pipeline.status_at(position) == status)
        )

    return call.page(
        Listed(
            table=organisation.applications,
            write=lambda record: _view(call, record, expand),
            keep=keep,
            filters={"status": status, "jobId": job_id, "createdAfter": after, "createdBefore": before},
            floor=floor,
            likely=likely,
        )
    )


@endpoint(
    "application.info",
    permission="candidatesRead",
    parameters={
        "applicationId": optional(parameters.identifier),
        "submittedFormInstanceId": optional(parameters.identifier),
        "expand": optional(
            parameters.list_of(parameters.one_of("openings", "applicationFormSubmissions", "referrals"))
        ),
    },
)
def info(call: Call) -> dict[str, Any]:
    """Return one application with its history, by its id or else by that of the form it was submitted with.

    Raises `application_not_found`.
    """
    sent, organisation = call.parameters, call.organisation
    if "applicationId" in sent:
        record = visibility.find_application(call, sent["applicationId"])
    elif "submittedFormInstanceId" in sent:
        found = application_views.by_submission(organisation, sent["submittedFormInstanceId"])
        if found is None:
            raise not_found("application")
        record = visibility.find_application(call, found["id"])
    else:
        raise invalid_input(("applicationId", "Either applicationId or submittedFormInstanceId is required"))
    expand = sent.get("expand", [])
    view = _view(call, record, expand)
    view["applicationHistory"] = application_views.history(organisation, record)
    if "applicationFormSubmissions" in expand:
        view["applicationFormSubmissions"] = application_views.submissions(organisation, record)
    if "referrals" in expand and "applicationId" in sent:
        view["referrals"] = application_views.referrals(organisation, call.principal, record)
    candidate = organisation.candidates.get(record["candidateId"])
    if candidate is not None and candidate["resumeFileHandle"] is not None:
        view["resumeFileHandle"] = candidate["resumeFileHandle"]
    return view


def _view(call: Call, record: Record, expand: list[str]) -> dict[str, Any]:
    view = application_views.application(call.organisation, call.principal, record)
    if "openings" in expand:
        wanted = {
            offer["versions"][-1]["openingId"]
            for offer in call.organisation.where("offer", "applicationId", record["id"])
        }
        view["openings"] = [
            job_views.opening(call.organisation, call.principal, opening)
            for opening in call.organisation.openings
            if opening["id"] in wanted
        ]
    return view
