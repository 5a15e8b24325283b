"""hiringTeam.addMember, hiringTeam.removeMember, hiringTeamRole.list, applicationHiringTeamRole.list."""

from typing import Any

from sandbox import hiring_team, parameters, visibility
from sandbox.endpoints import Call, endpoint, published
from sandbox.errors import invalid_input
from sandbox.hiring_team import MEMBER
from sandbox.parameters import optional
from sandbox.table import Record

_OWNERS = {
    "applicationId": optional(parameters.identifier),
    "jobId": optional(parameters.identifier),
    "openingId": optional(parameters.identifier),
}


def _owner(call: Call) -> tuple[str, Record]:
    """Return the kind and the record of the one object the call names."""
    named = [name for name in _OWNERS if name in call.parameters]
    if len(named) != 1:
        raise invalid_input(("", "Exactly one of applicationId, jobId and openingId is required"))
    identifier = call.parameters[named[0]]
    match named[0]:
        case "applicationId":
            return "application", visibility.find_application(call, identifier)
        case "jobId":
            return "job", visibility.find_job(call, identifier)
        case _:
            return "opening", call.find("opening", identifier)


@endpoint("hiringTeam.addMember", permission="organizationWrite", parameters={**_OWNERS, **MEMBER})
def add_member(call: Call) -> dict[str, Any]:
    """Give a user a role in the hiring team of exactly one application, job or opening."""
    return hiring_team.add(call, *_owner(call))


@endpoint("hiringTeam.removeMember", permission="organizationWrite", parameters={**_OWNERS, **MEMBER})
def remove_member(call: Call) -> dict[str, Any]:
    """Take a role from a user; returns who it was."""
    return hiring_team.remove(call, *_owner(call))


@endpoint("hiringTeamRole.list", permission="organizationRead", parameters={"namesOnly": optional(parameters.flag)})
def list_roles(call: Call) -> list[Any]:
    """Return the titles of all roles, or with `namesOnly` false also their ids."""
    roles = call.organisation.hiring_team_roles
    if call.parameters.get("namesOnly", True):
        return [role["title"] for role in roles]
    return [published(role, "id", "title") for role in roles]


@endpoint("applicationHiringTeamRole.list", permission="candidatesRead")
def list_application_roles(call: Call) -> list[dict[str, Any]]:
    """Return the roles a member of an application's hiring team may have."""
    return [published(role, "id", "title") for role in call.organisation.hiring_team_roles if role["forApplications"]]
