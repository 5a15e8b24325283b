"""Adding to and removing from the hiring team of an application, a job or an opening."""

from typing import Any

from sandbox import parameters, views
from sandbox.endpoints import Call
from sandbox.errors import ApiError, invalid_input
from sandbox.parameters import Parameter, required
from sandbox.table import Record

MEMBER: dict[str, Parameter] = {
    "teamMemberId": required(parameters.identifier),
    "roleId": required(parameters.identifier),
}


def add(call: Call, kind: str, record: Record) -> dict[str, Any]:
    """Add the call's user in the call's role; one who is there already stays. Returns the member.

    Raises `user_not_found`, `hiring_team_role_not_found`, and `invalid_input` for a role not meant for applications.
    """
    member = _member(call)
    role = call.find("hiring_team_role", member["roleId"])
    if kind == "application" and not role["forApplications"]:
        raise invalid_input(("roleId", "Not a role of application hiring teams"))
    if member not in record["hiringTeam"]:
        call.organisation.save(kind, {**record, "hiringTeam": [*record["hiringTeam"], member]})
    return _written(call, member)


def remove(call: Call, kind: str, record: Record) -> dict[str, Any]:
    """Remove the call's user from the call's role and return who it was; raises `team_member_not_found`."""
    member = _member(call)
    if member not in record["hiringTeam"]:
        raise ApiError("team_member_not_found", "The user does not have this role in the hiring team.")
    left = [other for other in record["hiringTeam"] if other != member]
    call.organisation.save(kind, {**record, "hiringTeam": left})
    return _written(call, member)


def _member(call: Call) -> dict[str, str]:
    user = call.find("user", call.parameters["teamMemberId"])
    role = call.find("hiring_team_role", call.parameters["roleId"])
    return {"userId": user["id"], "roleId": role["id"]}


def _written(call: Call, member: dict[str, str]) -> dict[str, Any]:
    view = views.team_member(call.organisation, member["userId"], member["roleId"])
    return view or {}
