"""project.list, project.info, project.search."""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.errors import not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required
from sandbox.table import Record


def _view(record: Record) -> dict[str, Any]:
    return published(record, "id", "title", "description", "isArchived", "confidential", "authorId", "createdAt")


def _visible(call: Call, project: Record) -> bool:
    return call.principal.confidential or not project["confidential"]


@endpoint(
    "project.list",
    permission="candidatesRead",
    parameters={"createdAfter": optional(parameters.whole(0, 10**15)), **SYNCED},
)
def list_projects(call: Call) -> Listing:
    """Return a page of projects; confidential ones only for keys with the switch."""
    after = call.parameters.get("createdAfter")
    return call.page(
        Listed(
            table=call.organisation.projects,
            write=_view,
            keep=lambda project: _visible(call, project) and (after is None or project["createdAt"] > after),
            filters={"createdAfter": after},
        )
    )


@endpoint("project.info", permission="jobsRead", parameters={"projectId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return one project; raises `project_not_found`. The specification asks for jobsRead here."""
    project = call.find("project", call.parameters["projectId"])
    if not _visible(call, project):
        raise not_found("project")
    return _view(project)


@endpoint("project.search", permission="candidatesRead", parameters={"title": optional(parameters.text)})
def search(call: Call) -> list[dict[str, Any]]:
    """Return at most 100 projects whose title contains the given one, in any case."""
    wanted = call.parameters.get("title", "").casefold()
    found = [project for project in call.organisation.projects if wanted in project["title"].casefold()]
    return [_view(project) for project in found if _visible(call, project)][:100]
