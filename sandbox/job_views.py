"""How jobs, openings, locations and compensation are written on the wire.

Source: the results of job.info, opening.info and location.info. Webhooks send a job or an opening exactly so.
"""

from typing import Any

from sandbox import compensation, views
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.organisation import Organisation
from sandbox.table import Record


def job(
    organisation: Organisation, principal: Principal, record: Record, *, unpublished: bool = False
) -> dict[str, Any]:
    """Write a Job without expansions; ids of unpublished postings only with `unpublished`."""
    view = published(
        record,
        "id",
        "title",
        "confidential",
        "status",
        "employmentType",
        "locationId",
        "departmentId",
        "defaultInterviewPlanId",
        "interviewPlanIds",
        "customRequisitionId",
        "brandId",
        "createdAt",
        "updatedAt",
        "openedAt",
        "closedAt",
    )
    view["customFields"] = views.custom_field_values(organisation, principal, record)
    view["jobPostingIds"] = [
        posting["id"]
        for posting in organisation.where("job_posting", "jobId", record["id"])
        if unpublished or posting["isPublished"]
    ]
    view["hiringTeam"] = views.hiring_team(organisation, record["hiringTeam"])
    if (author := views.user_named(organisation, principal, record["authorId"])) is not None:
        view["author"] = author
    return view


def expanded(organisation: Organisation, principal: Principal, record: Record, expand: list[str]) -> dict[str, Any]:
    """Write what `expand` adds to a job: location, openings, compensation."""
    view: dict[str, Any] = {}
    place = organisation.locations.get(record["locationId"] or "")
    if "location" in expand and place is not None:
        view["location"] = location(place)
    if "openings" in expand:
        view["openings"] = [
            opening(organisation, principal, found)
            for found in organisation.openings
            if record["id"] in found["jobIds"]
        ]
    if "compensation" in expand:
        view["compensation"] = {"compensationTiers": compensation.tiers(record["compensationTiers"])}
    return view


def location(record: Record) -> dict[str, Any]:
    """Write a Location; `isRemote` is deprecated and follows from the workplace type."""
    view = published(record, "id", "name", "isArchived", "workplaceType", "parentLocationId", "type")
    view["isRemote"] = record["workplaceType"] == "Remote"
    if (found := address(record)) is not None:
        view["address"] = found
    return view


def address(record: Record) -> dict[str, Any] | None:
    """Write the address of a location, or None."""
    if record["place"] is None:
        return None
    parts = zip(("addressCountry", "addressRegion", "addressLocality"), record["place"], strict=True)
    return {"postalAddress": {name: part for name, part in parts if part}}


def opening(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write an Opening: its state, and in `latestVersion` all else. Confidential jobs need the switch."""
    view = published(record, "id", "openedAt", "closedAt", "isArchived", "archivedAt", "closeReasonId", "openingState")
    version = published(
        record,
        "identifier",
        "description",
        "authorId",
        "createdAt",
        "teamId",
        "targetHireDate",
        "targetStartDate",
        "isBackfill",
        "employmentType",
        "locationIds",
    )
    version["id"] = record["versionId"]
    version["jobIds"] = [
        job_id
        for job_id in record["jobIds"]
        if (found := organisation.jobs.get(job_id)) and (principal.confidential or not found["confidential"])
    ]
    version["hiringTeam"] = views.hiring_team(organisation, record["hiringTeam"])
    version["customFields"] = views.custom_field_values(organisation, principal, record)
    view["latestVersion"] = version
    return view
