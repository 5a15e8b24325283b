"""What a key without the switch for confidential jobs does not see: those jobs and all that hangs on them.

To such a key a confidential job, its applications, their offers and interviews do not exist: they are missing from
lists, and asking for one by id is its `..._not_found`.
"""

from typing import Protocol

from sandbox.credentials import Principal
from sandbox.errors import not_found
from sandbox.organisation import Organisation
from sandbox.table import Record


class Asking(Protocol):
    """The part of a call this module needs."""

    @property
    def organisation(self) -> Organisation:
        """The organisation asked about."""
        ...

    @property
    def principal(self) -> Principal:
        """Who asks."""
        ...


def job(principal: Principal, record: Record) -> bool:
    """Tell whether a caller sees a job."""
    return principal.confidential or not record["confidential"]


def job_by_id(organisation: Organisation, principal: Principal, job_id: str) -> bool:
    """Tell whether there is a job with this id and the caller sees it."""
    record = organisation.jobs.get(job_id)
    return record is not None and job(principal, record)


def application(organisation: Organisation, principal: Principal, record: Record) -> bool:
    """Tell whether a caller sees an application."""
    return principal.confidential or job_by_id(organisation, principal, record["jobId"])


def application_by_id(organisation: Organisation, principal: Principal, application_id: str) -> bool:
    """Tell whether there is an application with this id and the caller sees it."""
    record = organisation.applications.get(application_id)
    return record is not None and application(organisation, principal, record)


def find_job(call: Asking, job_id: str) -> Record:
    """Return a job the caller sees, or raise `job_not_found`."""
    record = call.organisation.jobs.get(job_id)
    if record is None or not job(call.principal, record):
        raise not_found("job")
    return record


def find_application(call: Asking, application_id: str) -> Record:
    """Return an application the caller sees, or raise `application_not_found`."""
    record = call.organisation.applications.get(application_id)
    if record is None or not application(call.organisation, call.principal, record):
        raise not_found("application")
    return record
