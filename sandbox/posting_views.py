"""How job postings are written on the wire: short in lists and webhooks, whole by jobPosting.info."""

from typing import Any

from sandbox import compensation, forms, job_views, markup
from sandbox.endpoints import published
from sandbox.organisation import Organisation
from sandbox.seed.postings import job_board
from sandbox.table import Record

_SCHEMA_ORG_EMPLOYMENT = {
    "FullTime": "FULL_TIME",
    "PartTime": "PART_TIME",
    "Intern": "INTERN",
    "Contract": "CONTRACTOR",
    "Temporary": "TEMPORARY",
}


def summary(organisation: Organisation, record: Record) -> dict[str, Any]:
    """Write a posting as jobPosting.list does. On the internal board there is no external link, which is null."""
    view = _common(organisation, record)
    pay = compensation.summary(_job(organisation, record)["compensationTiers"])
    if record["showPay"] and pay is not None:
        view["compensationTierSummary"] = pay
    view["shouldDisplayCompensationOnJobBoard"] = record["showPay"]
    return view


def whole(organisation: Organisation, record: Record) -> dict[str, Any]:
    """Write a posting as jobPosting.info does, with its description, forms and pay."""
    view = _common(organisation, record)
    job = _job(organisation, record)
    parts = _parts(record)
    html = "".join(part["html"] for part in parts.values() if part is not None)
    department = organisation.departments.get(job["departmentId"] or "")
    location = organisation.locations.get(record["locationId"])
    view |= {
        "descriptionPlain": markup.plain(html),
        "descriptionHtml": html,
        "descriptionSocial": record["descriptionSocial"],
        "descriptionParts": parts,
        "teamNameHierarchy": _hierarchy(organisation, department),
        "linkedData": {
            "@context": "https://schema.org/",
            "@type": "JobPosting",
            "title": record["title"],
            "description": html,
            "datePosted": record["publishedDate"],
            "employmentType": _SCHEMA_ORG_EMPLOYMENT[record["employmentType"]],
            "hiringOrganization": {"@type": "Organization", "name": next(iter(organisation.brands))["name"]},
        },
        "isRemote": record["workplaceType"] == "Remote",
        "applicationFormDefinition": forms.application_form(),
        "surveyFormDefinitions": [],
        "suppressDescriptionOpening": record["suppressDescriptionOpening"],
        "suppressDescriptionClosing": record["suppressDescriptionClosing"],
        "compensation": _compensation(record, job),
    }
    if location is not None and (address := job_views.address(location)) is not None:
        view["address"] = address
    return view


def department_name(organisation: Organisation, record: Record) -> str:
    """Return the name of the department at the top of the posting's team."""
    found = organisation.departments.get(_job(organisation, record)["departmentId"] or "")
    return _hierarchy(organisation, found)[0] if found else ""


def location_name(organisation: Organisation, record: Record) -> str:
    """Return the name of the posting's primary location."""
    found = organisation.locations.get(record["locationId"])
    return found["name"] if found else ""


def _common(organisation: Organisation, record: Record) -> dict[str, Any]:
    team = organisation.departments.get(_job(organisation, record)["departmentId"] or "")
    url = f"https://jobs.ashbyhq.com/{next(iter(organisation.brands))['hostedJobsPageSlug']}/{record['id']}"
    internal = record["jobBoardId"] == job_board(organisation.seed, internal=True)
    return {
        **published(
            record,
            "id",
            "title",
            "jobId",
            "workplaceType",
            "employmentType",
            "isListed",
            "publishedDate",
            "applicationDeadline",
            "updatedAt",
        ),
        "departmentName": department_name(organisation, record),
        "teamName": team["name"] if team else "",
        "locationName": location_name(organisation, record),
        "locationIds": {
            "primaryLocationId": record["locationId"],
            "secondaryLocationIds": record["secondaryLocationIds"],
        },
        "externalLink": None if internal else url,
        "applyLink": f"{url}/application",
    }


def _job(organisation: Organisation, record: Record) -> Record:
    job = organisation.jobs.get(record["jobId"])
    if job is None:
        raise LookupError(f"Posting {record['id']} belongs to no job")
    return job


def _parts(record: Record) -> dict[str, dict[str, str] | None]:
    def part(name: str, *, suppressed: bool) -> dict[str, str] | None:
        return None if suppressed else {"html": record[name], "plain": markup.plain(record[name])}

    return {
        "descriptionOpening": part("descriptionOpening", suppressed=record["suppressDescriptionOpening"]),
        "descriptionBody": part("descriptionBody", suppressed=False),
        "descriptionClosing": part("descriptionClosing", suppressed=record["suppressDescriptionClosing"]),
    }


def _hierarchy(organisation: Organisation, department: Record | None) -> list[str]:
    """Return the names from the top department down to the given one."""
    names: list[str] = []
    while department is not None:
        names.insert(0, department["name"])
        department = organisation.departments.get(department["parentId"] or "")
    return names


def _compensation(record: Record, job: Record) -> dict[str, Any]:
    tiers: list[Record] = job["compensationTiers"] if record["showPay"] else []
    view: dict[str, Any] = {
        "compensationTiers": compensation.tiers(tiers),
        "shouldDisplayCompensationOnJobBoard": record["showPay"],
        "summaryComponents": [compensation.component(part) for tier in tiers for part in tier["components"]],
    }
    if (line := compensation.summary(tiers)) is not None:
        view["compensationTierSummary"] = line
    return view
