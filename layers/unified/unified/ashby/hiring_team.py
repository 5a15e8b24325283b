"""The hiring team of a job or of an application: read as Ashby gives it, changed member by member.

Ashby gives a member's role by its title and takes it by its id, so the account's roles are read first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unified.ashby.base import records
from unified.ashby.client import AshbySession
from unified.ashby.refusals import Words, invalid, told_in
from unified.ashby.steps import Steps
from unified.connector import Record
from unified.errors import FieldProblem


class Seat(NamedTuple):
    """A member in a role, by user id and role title."""

    user: str
    role: str


class Calls(NamedTuple):
    """How Ashby is asked about one kind of team, and what that needs."""

    roles: str
    add: str
    remove: str
    reads: str
    writes: str


OF_JOB = Calls(
    "hiringTeamRole.list", "hiringTeam.addMember", "hiringTeam.removeMember", "organizationRead", "organizationWrite"
)
OF_APPLICATION = Calls(
    "applicationHiringTeamRole.list",
    "application.addHiringTeamMember",
    "application.removeHiringTeamMember",
    "candidatesRead",
    "candidatesWrite",
)


def read(record: Record) -> list[Any] | None:
    """Return a record's team in unified form, before it is checked."""
    team = record.get("hiringTeam")
    return None if team is None else [_member(member) for member in team]


def seats(record: Record) -> list[Seat]:
    """Return who has which role."""
    return [Seat(str(member.get("userId")), str(member.get("role"))) for member in records(record.get("hiringTeam"))]


def change(
    session: AshbySession,
    steps: Steps,
    field: str,
    calls: Calls,
    record: Record,
    owner: Mapping[str, str],
    wanted: Sequence[Seat],
) -> Record:
    """Give ``owner`` the seats ``wanted`` and no others; returns the record as it then is.

    Who is missing is added before anyone is removed, so that a failure midway leaves nobody without a job. Notes each
    failure under ``field``.
    """
    present = {_same(seat): seat for seat in seats(record)}
    asked = {_same(seat): seat for seat in wanted}
    coming = [seat for key, seat in asked.items() if key not in present]
    going = [seat for key, seat in present.items() if key not in asked]
    if not coming and not going:
        return record
    roles = steps.look((field,), lambda: _roles(session, calls, field, coming))
    if roles is None:
        return record
    words = Words(
        {"teamMemberId": field, "roleId": field},
        {
            "user_not_found": FieldProblem(field, "names a user that Ashby does not have"),
            "hiring_team_role_not_found": FieldProblem(field, "names a role that Ashby does not have"),
        },
    )

    def send(endpoint: str, seat: Seat) -> Record | None:
        body = {**owner, "teamMemberId": seat.user, "roleId": roles.get(seat.role.casefold(), "")}

        def step() -> Record:
            with told_in(words):
                return session.record(endpoint, body, permission=calls.writes)

        return steps.write((field,), step)

    team = records(record.get("hiringTeam"))
    for seat in coming:
        added = send(calls.add, seat)
        if added is None:
            return {**record, "hiringTeam": team}
        team.append(added)
    for seat in going:
        if send(calls.remove, seat) is not None:
            team = [member for member in team if (member.get("userId"), member.get("role")) != seat]
    return {**record, "hiringTeam": team}


def _member(member: Record) -> dict[str, Any]:
    names = (member.get("firstName"), member.get("lastName"))
    return {
        "user": member.get("userId"),
        "role": member.get("role"),
        "name": " ".join(name for name in names if name and type(name) is str),
        "email": member.get("email"),
    }


def _same(seat: Seat) -> Seat:
    return Seat(seat.user, seat.role.casefold())


def _roles(session: AshbySession, calls: Calls, field: str, coming: Sequence[Seat]) -> dict[str, str]:
    """Read the account's roles, ids by title. Raises ``Invalid`` for one to be given that it does not have."""
    body = {"namesOnly": False} if calls is OF_JOB else {}
    found = session.page(calls.roles, body, permission=calls.reads).records
    roles = {str(role.get("title")).casefold(): str(role.get("id")) for role in found}
    if any(seat.role.casefold() not in roles for seat in coming):
        titles = ", ".join(str(role.get("title")) for role in found)
        raise invalid((field, f"must have roles that the account has: {titles[:300]}"))
    return roles
