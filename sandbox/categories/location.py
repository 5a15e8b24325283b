"""location.list, location.info."""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required
from sandbox.table import Record


def _view(record: Record) -> dict[str, Any]:
    view = published(record, "id", "name", "isArchived", "workplaceType", "parentLocationId", "type")
    view["isRemote"] = record["workplaceType"] == "Remote"
    if record["place"] is not None:
        parts = zip(("addressCountry", "addressRegion", "addressLocality"), record["place"], strict=True)
        view["address"] = {"postalAddress": {name: part for name, part in parts if part}}
    return view


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
            write=_view,
            keep=lambda place: (archived or not place["isArchived"]) and (regions or place["type"] == "Location"),
            filters={"includeArchived": archived, "includeLocationHierarchy": regions},
        )
    )


@endpoint("location.info", permission="organizationRead", parameters={"locationId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one location or region; raises `location_not_found`."""
    return _view(call.find("location", call.parameters["locationId"]))
