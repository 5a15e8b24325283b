"""jobTemplate.list."""

from typing import Any

from sandbox import job_views, parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional
from sandbox.table import Record


@endpoint(
    "jobTemplate.list",
    permission="jobsRead",
    parameters={"expand": optional(parameters.list_of(parameters.one_of("location"))), **SYNCED},
)
def list_templates(call: Call) -> Listing:
    """Return a page of templates, active and inactive."""
    expand = call.parameters.get("expand", [])

    def write(record: Record) -> dict[str, Any]:
        view = published(
            record,
            "id",
            "title",
            "status",
            "locationId",
            "departmentId",
            "defaultInterviewPlanId",
            "interviewPlanIds",
            "createdAt",
            "updatedAt",
        )
        place = call.organisation.locations.get(record["locationId"] or "")
        if "location" in expand and place is not None:
            view["location"] = job_views.location(place)
        return view

    return call.page(Listed(table=call.organisation.job_templates, write=write))
