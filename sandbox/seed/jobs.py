"""The seeded jobs, their openings and templates, and the lists of hiring team roles and close reasons.

References are positions in the lists of `sandbox.seed.catalogue` and `sandbox.seed.plans`.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.identifiers import identifier_at
from sandbox.moments import milliseconds
from sandbox.seed.custom_fields import JOB_FIELDS, OPENING_FIELDS
from sandbox.seed.plans import PLANS
from sandbox.seed.values import custom_values
from sandbox.table import Record

_DAY = 86_400_000
_CREATED = milliseconds("2022-06-01T09:00:00Z")
# (title, may be given on an application)
HIRING_TEAM_ROLES = (
    ("Hiring Manager", True), ("Recruiter", True), ("Recruiting Coordinator", True), ("Sourcer", True),
    ("Finance partner", False), ("面接官", True),
)  # fmt: skip
# (text, archived)
CLOSE_REASONS = (
    ("Filled", False), ("Hiring freeze", False), ("Headcount moved to another team", False), ("Reorganisation", True),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class JobSeed:
    """A seeded job. `pay` are (lowest, highest, currency) per compensation tier."""

    title: str
    status: str
    employment: str
    location: int | None
    department: int | None
    plan: int | None
    confidential: bool = False
    requisition: str | None = None
    brand: int | None = 0
    pay: tuple[tuple[int, int, str], ...] = ()


JOBS = (
    JobSeed(title="Software Engineer", status="Open", employment="FullTime", location=1, department=1, plan=0,
            requisition="REQ-2471", pay=((70_000, 95_000, "GBP"), (90_000, 130_000, "GBP"))),
    JobSeed(title="Account Executive DACH (m/w/d)", status="Open", employment="FullTime", location=2, department=4,
            plan=1, requisition="REQ-2480", pay=((72_000, 100_000, "EUR"),)),
    JobSeed(title="Product Designer", status="Open", employment="PartTime", location=3, department=2, plan=0),
    JobSeed(title="研究エンジニア", status="Open", employment="FullTime", location=4, department=0, plan=2,
            requisition="要求-17", pay=((9_000_000, 14_000_000, "JPY"),)),
    JobSeed(title="Chief Financial Officer", status="Open", employment="FullTime", location=1, department=None, plan=2,
            confidential=True, requisition="REQ-1"),
    JobSeed(title="Data Science Intern (été 2027)", status="Open", employment="Intern", location=1, department=0,
            plan=0, brand=1),
    JobSeed(title="Site Reliability Contractor", status="Open", employment="Contract", location=3, department=1, plan=0,
            requisition="REQ-2502"),
    JobSeed(title="Assistant·e événementiel", status="Closed", employment="Temporary", location=1, department=3,
            plan=1, brand=None),
    JobSeed(title="Platform Engineer", status="Closed", employment="FullTime", location=2, department=1, plan=0,
            requisition="REQ-2300"),
    JobSeed(title="Head of Difference Works", status="Closed", employment="FullTime", location=1, department=None,
            plan=2, confidential=True),
    JobSeed(title="Telegraph Operator", status="Archived", employment="Contract", location=5, department=5, plan=1,
            requisition="REQ-0007"),
    JobSeed(title="Office Manager", status="Archived", employment="PartTime", location=2, department=None, plan=1),
    JobSeed(title="Staff Engineer", status="Draft", employment="FullTime", location=1, department=1, plan=0,
            requisition="REQ-2600"),
    JobSeed(title="Idea: Customer Poet", status="Draft", employment="PartTime", location=3, department=3, plan=None),
    JobSeed(title="Project Lighthouse lead", status="Draft", employment="FullTime", location=1, department=0, plan=0,
            confidential=True),
    JobSeed(title="Recruiter 🚀 & Sourcer <new>", status="Open", employment="FullTime", location=None, department=None,
            plan=1, brand=None),
)  # fmt: skip
# The jobs that have a posting; its id follows from the job's position.
PUBLIC_JOBS = tuple(
    position
    for position, job in enumerate(JOBS)
    if job.status != "Draft" and not job.confidential and job.location is not None and job.department is not None
)
# (title, status, location, department, plan)
TEMPLATES = (
    ("Engineering role", "Active", 1, 0, 0), ("Sales role", "Active", 2, 3, 1), ("Blank", "Active", None, None, None),
    ("Telegraphy role", "Inactive", 5, 5, 3),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OpeningSeed:
    """A seeded opening of some jobs; `close_reason` is a position in `CLOSE_REASONS`."""

    identifier: str
    description: str
    state: str
    jobs: tuple[int, ...]
    locations: tuple[int, ...] = (1,)
    employment: str = "FullTime"
    backfill: bool = False
    archived: bool = False
    close_reason: int | None = None


OPENINGS = (
    OpeningSeed(identifier="OPEN-100", description="Second engineer for the mill", state="Open", jobs=(0,)),
    OpeningSeed(identifier="OPEN-101", description="Replaces 山田", state="Open", jobs=(0, 12), locations=(1, 3),
                backfill=True),
    OpeningSeed(identifier="OPEN-102", description="", state="Open", jobs=(1,), locations=(2,)),
    OpeningSeed(identifier="OPEN-103", description="Summer", state="Approved", jobs=(5,), employment="Intern"),
    OpeningSeed(identifier="OPEN-104", description="Not yet agreed", state="Draft", jobs=(2,), employment="PartTime"),
    OpeningSeed(identifier="OPEN-105", description="Filled in spring", state="Filled", jobs=(0,), locations=(2,)),
    OpeningSeed(identifier="OPEN-106", description="Frozen", state="Closed", jobs=(7,), employment="Temporary",
                close_reason=1),
    OpeningSeed(identifier="OPEN-107", description="Old", state="Closed", jobs=(10,), archived=True, close_reason=2),
    OpeningSeed(identifier="OPEN-108", description="Board", state="Open", jobs=(4,)),
    OpeningSeed(identifier="席-9", description="研究", state="Open", jobs=(3,), locations=(4,)),
    OpeningSeed(identifier="OPEN-110", description="Belongs to no job", state="Draft", jobs=(), locations=()),
)  # fmt: skip


def job_team(seed: int, job: int) -> list[dict[str, str]]:
    """Return the hiring team of a seeded job: a manager, a recruiter, and for some jobs more."""
    members = [(job % 4, 0), (3, 1), *([(6, 3)] if job % 3 == 0 else []), *([(1, 4)] if job % 5 == 0 else [])]
    return [
        {"userId": identifier_at(seed, "user", user), "roleId": identifier_at(seed, "hiring_team_role", role)}
        for user, role in members
    ]


def approval_rule(job: Record | None) -> str:
    """Return whether offers for a job need approval: `needed`, `none`, or `undefined` where nobody said by whom.

    In the seeded organisation jobs without a department need none, and for contractors nobody has said.
    """
    if job is None or job["departmentId"] is None:
        return "none"
    return "undefined" if job["employmentType"] == "Contract" else "needed"


def records(seed: int) -> dict[str, list[Record]]:
    """Return the records of jobs, openings, templates, roles and close reasons."""
    return {
        "hiring_team_role": [
            {"id": identifier_at(seed, "hiring_team_role", position), "title": title, "forApplications": usable}
            for position, (title, usable) in enumerate(HIRING_TEAM_ROLES)
        ],
        "close_reason": [
            {"id": identifier_at(seed, "close_reason", position), "reasonText": text, "isArchived": archived}
            for position, (text, archived) in enumerate(CLOSE_REASONS)
        ],
        "job": [_job(seed, position, job) for position, job in enumerate(JOBS)],
        "job_template": [
            {
                "id": identifier_at(seed, "job_template", position),
                "title": title,
                "status": status,
                "locationId": _reference(seed, "location", location),
                "departmentId": _reference(seed, "department", department),
                "defaultInterviewPlanId": _reference(seed, "interview_plan", plan),
                "interviewPlanIds": [] if plan is None else [identifier_at(seed, "interview_plan", plan)],
                "createdAt": _CREATED + position * _DAY,
                "updatedAt": _CREATED + position * 3 * _DAY,
            }
            for position, (title, status, location, department, plan) in enumerate(TEMPLATES)
        ],
        "opening": [_opening(seed, position, opening) for position, opening in enumerate(OPENINGS)],
    }


def _reference(seed: int, kind: str, position: int | None) -> str | None:
    return None if position is None else identifier_at(seed, kind, position)


def _job(seed: int, position: int, job: JobSeed) -> Record:
    created = _CREATED + position * 30 * _DAY
    closed = job.status in {"Closed", "Archived"}
    values = custom_values(seed, JOB_FIELDS, Random(seed << 32 | 0x10B << 20 | position), 1 if position == 0 else 0.4)
    plans = [] if job.plan is None else [job.plan]
    if position == 0:
        plans = [0, next(place for place, plan in enumerate(PLANS) if plan[1])]  # the plan it had before
    return {
        "id": identifier_at(seed, "job", position),
        "title": job.title,
        "confidential": job.confidential,
        "status": job.status,
        "employmentType": job.employment,
        "locationId": _reference(seed, "location", job.location),
        "departmentId": _reference(seed, "department", job.department),
        "defaultInterviewPlanId": _reference(seed, "interview_plan", job.plan),
        "interviewPlanIds": [identifier_at(seed, "interview_plan", plan) for plan in plans],
        "customFieldValues": values,
        "customRequisitionId": job.requisition,
        "brandId": _reference(seed, "brand", job.brand),
        "hiringTeam": job_team(seed, position),
        "authorId": identifier_at(seed, "user", position % 4),
        "createdAt": created,
        "updatedAt": created + 40 * _DAY,
        "openedAt": None if job.status == "Draft" else created + 7 * _DAY,
        "closedAt": created + 200 * _DAY if closed else None,
        "compensationTiers": [_tier(seed, position, number, job) for number in range(len(job.pay))],
    }


def _tier(seed: int, job: int, number: int, seeded: JobSeed) -> Record:
    lowest, highest, currency = seeded.pay[number]
    parts: list[dict[str, Any]] = [
        {"compensationType": "Salary", "interval": "1 YEAR", "currencyCode": currency, "label": None,
         "minValue": lowest, "maxValue": highest},
        {"compensationType": "EquityPercentage", "interval": "NONE", "currencyCode": None, "label": "Options",
         "minValue": 0.05, "maxValue": None},
    ]  # fmt: skip
    tier = identifier_at(seed, f"compensation_tier/{job}", number)
    return {
        "id": tier,
        "title": None if len(seeded.pay) == 1 else ("Engineer", "Senior engineer")[number],
        "additionalInformation": None if number else "Reviewed every April",
        "components": [
            {"id": identifier_at(seed, f"compensation/{tier}", place), **part} for place, part in enumerate(parts)
        ],
    }


def _opening(seed: int, position: int, opening: OpeningSeed) -> Record:
    created = _CREATED + position * 45 * _DAY
    was_open = opening.state in {"Open", "Filled", "Closed"}
    values = custom_values(seed, OPENING_FIELDS, Random(seed << 32 | 0x09E << 20 | position), 0.4 if position else 1)
    return {
        "id": identifier_at(seed, "opening", position),
        "openedAt": created + 5 * _DAY if was_open else None,
        "closedAt": created + 90 * _DAY if opening.state in {"Filled", "Closed"} else None,
        "isArchived": opening.archived,
        "archivedAt": created + 100 * _DAY if opening.archived else None,
        "closeReasonId": _reference(seed, "close_reason", opening.close_reason),
        "openingState": opening.state,
        "versionId": identifier_at(seed, "opening_version", position),
        "identifier": opening.identifier,
        "description": opening.description,
        "authorId": identifier_at(seed, "user", position % 4),
        "createdAt": created,
        "teamId": identifier_at(seed, "department", 1) if opening.locations else None,
        "jobIds": [identifier_at(seed, "job", job) for job in opening.jobs],
        "targetHireDate": "2027-03-01" if was_open else None,
        "targetStartDate": "2027-04-01" if was_open else None,
        "isBackfill": opening.backfill,
        "employmentType": opening.employment,
        "locationIds": [identifier_at(seed, "location", place) for place in opening.locations],
        "hiringTeam": job_team(seed, opening.jobs[0])[:1] if opening.jobs else [],
        "customFieldValues": values,
    }
