"""An interview event as Ashby takes it: whole, its interviewers by the e-mail addresses of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unified.ashby.base import records
from unified.ashby.client import AshbySession
from unified.ashby.refusals import Words, invalid, told_in
from unified.connector import Record
from unified.errors import FieldProblem, Invalid, UpstreamFailure


def whole_event(session: AshbySession, current: Record, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event as Ashby takes it: the fields, and the current one's for what they leave out."""
    start = fields.get("startTime", current.get("startTime"))
    end = fields.get("endTime", current.get("endTime"))
    if str(end) <= str(start):
        late = "endTime" if "endTime" in fields else "startTime"
        raise invalid((late, "must leave an event that ends after it begins"))
    interviewers = records(current.get("interviewers"))
    event: dict[str, Any] = {"startTime": start, "endTime": end}
    if "attendees" in fields:
        event["interviewers"] = _invited(session, fields["attendees"], interviewers)
    else:
        event["interviewers"] = [_kept(interviewer) for interviewer in interviewers]
    interview_id = fields.get("eventType", current.get("interviewId"))
    kept = {"interviewId": interview_id, "extraData": current.get("extraData")}
    return event | {key: value for key, value in kept.items() if value is not None}


def _kept(interviewer: Record) -> dict[str, Any]:
    address = interviewer.get("email")
    if not isinstance(address, str):
        raise UpstreamFailure(
            "CONNECTOR::OPERATION::CONFLICT",
            "Ashby shows no e-mail address of one of the interviewers, and takes them by no other name. Give"
            " attendees to replace them.",
        )
    return _interviewer(address, interviewer.get("isFeedbackRequired"))


def _interviewer(address: str, feedback: Any) -> dict[str, Any]:
    return {"email": address, **({} if feedback is None else {"feedbackRequired": feedback})}


def _invited(
    session: AshbySession, attendees: Sequence[Mapping[str, Any]], current: Sequence[Record]
) -> list[dict[str, Any]]:
    """Return the attendees by address. One who is on the event already keeps what is not said anew."""
    if not attendees:
        raise invalid(("attendees", "must name at least one interviewer"))
    invited: dict[str, dict[str, Any]] = {}
    for position, attendee in enumerate(attendees):
        fixed = [part for part in ("name", "role") if part in attendee]
        if fixed:
            raise _bad_attendee(position, f"{' and '.join(fixed)} cannot be written")
        known = next((one for one in current if _is_of(one, attendee)), None)
        address = _address(session, position, attendee, known)
        if address.casefold() in invited:
            raise _bad_attendee(position, "is named before")
        kept = None if known is None else known.get("isFeedbackRequired")
        invited[address.casefold()] = _interviewer(address, attendee.get("isFeedbackRequired", kept))
    return list(invited.values())


def _address(session: AshbySession, position: int, attendee: Mapping[str, Any], known: Record | None) -> str:
    """Return an attendee's address, asking Ashby for it (``user.info``) where only the user is known."""
    user_id, address = attendee.get("user"), attendee.get("email")
    if user_id is None:
        if address is None:
            raise _bad_attendee(position, "must have a user or an email")
        return address
    found = known if known is not None and known.get("id") == user_id else None
    if found is None or not isinstance(found.get("email"), str):
        unknown = FieldProblem("attendees", f"element {position} names a user that Ashby does not have")
        with told_in(Words({"userId": "attendees"}, {"user_not_found": unknown})):
            found = session.record("user.info", {"userId": user_id}, permission="organizationRead")
    own = found.get("email")
    if not isinstance(own, str):
        raise _bad_attendee(position, "names a user without an e-mail address, by which alone Ashby invites")
    if address is not None and address.casefold() != own.casefold():
        raise _bad_attendee(position, "has an email that is not its user's")
    return own


def _is_of(interviewer: Record, attendee: Mapping[str, Any]) -> bool:
    if "user" in attendee:
        return interviewer.get("id") == attendee["user"]
    return str(interviewer.get("email")).casefold() == str(attendee.get("email")).casefold()


def is_like(event: Record, fields: Mapping[str, Any]) -> bool:
    """Whether an event has the times, the type and the attendees of ``fields``."""
    if any(event.get(key) != fields[key] for key in ("startTime", "endTime")):
        return False
    if event.get("interviewId") != fields.get("eventType", event.get("interviewId")):
        return False
    interviewers = records(event.get("interviewers"))
    attendees: Sequence[Mapping[str, Any]] = fields["attendees"]
    return len(interviewers) == len(attendees) and all(
        any(_is_of(interviewer, attendee) for interviewer in interviewers) for attendee in attendees
    )


def _bad_attendee(position: int, rule: str) -> Invalid:
    return invalid(("attendees", f"element {position} {rule}"))
