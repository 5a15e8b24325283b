"""opening.list, opening.info."""

from typing import Any

from sandbox import job_views, parameters
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.paging import Listed, Listing
from sandbox.parameters import MILLISECONDS, SYNCED, optional, required


@endpoint("opening.list", permission="jobsRead", parameters={"createdAfter": optional(MILLISECONDS), **SYNCED})
def list_openings(call: Call) -> Listing:
    """Return a page of openings, archived ones too."""
    after, _ = creation_window(call)
    return call.page(
        Listed(
            table=call.organisation.openings,
            write=lambda record: job_views.opening(call.organisation, call.principal, record),
            keep=lambda record: after is None or record["createdAt"] > after,
            filters={"createdAfter": after},
        )
    )


@endpoint("opening.info", permission="jobsRead", parameters={"openingId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one opening; raises `opening_not_found`."""
    return job_views.opening(call.organisation, call.principal, call.find("opening", call.parameters["openingId"]))
