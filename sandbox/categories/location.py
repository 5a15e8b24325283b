"""location.list, location.info."""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint
from sandbox.job_views import location
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required


@endpoint(
    "location.list",
    permission="organizationRead",
    parameters={
        "includeArchived": optional(parameters.flag),
        "includeLocationHierarchy": optional(parameters.flag),
        **SYNCED,
    },
    strict=True,
)
def list_locations(call: Call) -> Listing:
    """Return a page of locations; archived ones and regions only when asked for."""
    archived = call.parameters.get("includeArchived", False)
    regions = call.parameters.get("includeLocationHierarchy", False)
    return call.page(
        Listed(
            table=call.organisation.locations,
            write=location,
            keep=lambda place: (archived or not place["isArchived"]) and (regions or place["type"] == "Location"),
            filters={"includeArchived": archived, "includeLocationHierarchy": regions},
        )
    )


@endpoint("location.info", permission="organizationRead", parameters={"locationId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one location or region; raises `location_not_found`."""
    return location(call.find("location", call.parameters["locationId"]))
