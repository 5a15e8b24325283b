"""What the tests of applications, jobs, interviews and offers share."""

from collections.abc import Callable
from typing import Any

from sandbox.organisation import Organisation
from sandbox.seed.jobs import approval_rule
from sandbox.table import Record

Ashby = Callable[..., Any]
SALARY, START, OPENING = "_systemfield_salary", "_systemfield_start_date", "_systemfield_opening"
EVENT = {
    "startTime": "2030-01-30T15:00:00Z",
    "endTime": "2030-01-30T16:00:00Z",
    "interviewers": [{"email": "charles@analytical-engines.example"}],
}


def code(answer: dict[str, Any]) -> str:
    """Return the code of a failed answer."""
    assert answer["success"] is False, answer
    return answer["errorInfo"]["code"]


def problems(answer: dict[str, Any]) -> dict[str, str]:
    """Return what an `invalid_input` says about each path."""
    assert code(answer) == "invalid_input"
    return {detail["parameter"]: detail["message"] for detail in answer["errors"]}


def everyone(ashby: Ashby, **parameters: Any) -> list[dict[str, Any]]:
    """Return all applications a list gives, page by page."""
    page = ashby("application.list", limit=100, **parameters)
    found = page["results"]
    while page["moreDataAvailable"]:
        page = ashby("application.list", limit=100, cursor=page["nextCursor"], **parameters)
        found += page["results"]
    return found


def submission(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by path the way they are sent."""
    return {"fieldSubmissions": [{"path": path, "value": value} for path, value in values.items()]}


def free_application(organisation: Organisation, rule: str) -> Record:
    """Return an application without offers, for a job whose offers are approved by a rule; each call another one."""
    taken = {process["applicationId"] for process in organisation.offer_processes}
    return next(
        one
        for one in organisation.applications
        if one["id"] not in taken and approval_rule(organisation.jobs.get(one["jobId"])) == rule
    )
