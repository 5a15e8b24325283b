"""department.list, department.info."""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required
from sandbox.table import Record


def _view(record: Record) -> dict[str, Any]:
    return published(record, "id", "name", "externalName", "isArchived", "parentId", "createdAt", "updatedAt")


@endpoint(
    "department.list",
    permission="organizationRead",
    parameters={"includeArchived": optional(parameters.flag), **SYNCED},
)
def list_departments(call: Call) -> Listing:
    """Return a page of departments; archived ones only with `includeArchived`."""
    archived = call.parameters.get("includeArchived", False)
    return call.page(
        Listed(
            table=call.organisation.departments,
            write=_view,
            keep=lambda department: archived or not department["isArchived"],
            filters={"includeArchived": archived},
        )
    )


@endpoint(
    "department.info",
    permission="organizationRead",
    parameters={"departmentId": required(parameters.identifier)},
)
def info(call: Call) -> dict[str, Any]:
    """Return one department; raises `department_not_found`."""
    return _view(call.find("department", call.parameters["departmentId"]))
