"""``scheduleEvent`` is Ashby's interview event: one interview of an interview schedule.

Ashby changes a schedule only by the API key that made it, takes an event whole each time, names interviewers by
e-mail address, and takes neither a place nor a meeting link: those are set in Ashby. How it says that a schedule is
another key's is not documented, so a refusal that blames no field is told with that rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from unified.ashby.base import AshbyModel
from unified.ashby.client import PAGE_LIMIT, AshbySession
from unified.ashby.event_body import is_like, whole_event
from unified.ashby.hints import Make, group
from unified.ashby.reading import part_of
from unified.ashby.refusals import Words, invalid, told_in
from unified.ashby.schedules import READ, events_of, find, list_events, of_group, swept
from unified.ashby.steps import together, unavailable
from unified.ashby.sweeping import token_told
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, OutcomeUnknown, Unauthorized, UnifiedError, Upstream, UpstreamFailure
from unified.mapping import Mapper, Row
from unified.models.schedule import SCHEDULE_EVENT

_WRITE = "interviewsWrite"
# "Unknown" says nothing, and so do we. A value that is not here is not guessed at: it is warned of and stays in the
# record.
_STATUSES: Mapping[str, str | None] = {
    "NeedsScheduling": "requested",
    "WaitingOnCandidateBooking": "requested",
    "WaitingOnCandidateAvailability": "requested",
    "CandidateAvailabilitySubmitted": "requested",
    "Scheduled": "planned",
    "WaitingOnFeedback": "awaitingFeedback",
    "Complete": "completed",
    "Cancelled": "canceled",
    "OnHold": "onHold",
    "Unknown": None,
}
# No training role is a qualified interviewer. Events say Reverse-Shadow where pools say ReverseShadow.
_ROLES: Mapping[Any, str] = {
    None: "interviewer",
    "Shadow": "shadow",
    "Reverse-Shadow": "reverseShadow",
    "ReverseShadow": "reverseShadow",
}
_WORDS = Words(
    {
        "applicationId": "application",
        "email": "attendees",
        "endTime": "endTime",
        "feedbackRequired": "attendees",
        "interviewEvent": "(body)",
        "interviewEvents": "(body)",
        "interviewId": "eventType",
        "interviewScheduleId": "schedule",
        "interviewers": "attendees",
        "startTime": "startTime",
    },
    {
        "application_not_found": FieldProblem("application", "names an application that Ashby does not have"),
        "interview_not_found": FieldProblem("eventType", "names an interview that Ashby does not have"),
        "user_not_found": FieldProblem("attendees", "has an email that is no active user's"),
    },
)
_NO_SCHEDULE = FieldProblem("schedule", "names a schedule that Ashby does not have")
_WORDS_OF_ADDING = _WORDS._replace(codes={**_WORDS.codes, "interview_schedule_not_found": _NO_SCHEDULE})
_FILTERS = {"application": "applicationId", "stage": "interviewStageId"}
_FILTER_WORDS = Words({theirs: f"filter[{ours}]" for ours, theirs in _FILTERS.items()})
_SAME_KEY = "Ashby changes only schedules that were made with the same API key; the others are changed in Ashby."

# A schedule's webhook holds its events, but not those that were in it before: they are told as a group.
_of_schedule = group("interviewSchedule.applicationId", "interviewSchedule.id")
_HINTS: Mapping[str, Make] = {"interviewScheduleCreate": _of_schedule, "interviewScheduleUpdate": _of_schedule}


def _status(record: Record) -> Any:
    found = record["interviewSchedule"].get("status")
    return _STATUSES.get(found, found)


def _attendees(record: Record) -> Any:
    found = record["interviewEvent"].get("interviewers")
    return [_attendee(interviewer) for interviewer in cast(list[Any], found)] if isinstance(found, list) else found


def _attendee(interviewer: Any) -> Any:
    if not isinstance(interviewer, dict):
        return interviewer
    found = cast(Record, interviewer)
    role = found.get("trainingRole")
    names = (found.get("firstName"), found.get("lastName"))
    return {
        "user": found.get("id"),
        "email": found.get("email"),
        "name": " ".join(name for name in names if isinstance(name, str) and name),
        "role": _ROLES.get(role, role) if role is None or isinstance(role, str) else role,
        "isFeedbackRequired": found.get("isFeedbackRequired"),
    }


def _title(interview: Record) -> Any:
    return interview.get("title")


def _instructions(interview: Record) -> Any:
    return interview.get("instructionsPlain")


class Events(AshbyModel):
    """The events of all interview schedules."""

    model = SCHEDULE_EVENT
    mapper = Mapper(
        SCHEDULE_EVENT,
        (
            Row("title", part_of("interview", _title), remote="interview.title"),
            Row("description", part_of("interview", _instructions), remote="interview.instructionsPlain"),
            Row("startTime", "interviewEvent.startTime", writable=True, required=True),
            Row("endTime", "interviewEvent.endTime", writable=True, required=True),
            Row("location", "interviewEvent.location"),
            Row("meetingUrl", "interviewEvent.meetingLink"),
            Row("status", _status, remote="interviewSchedule.status"),
            Row("eventType", "interviewEvent.interviewId", writable=True),
            Row("application", "interviewSchedule.applicationId", writable=True),
            Row("schedule", "interviewSchedule.id", writable=True),
            Row("stage", "interviewSchedule.interviewStageId"),
            Row("organizer", "interviewSchedule.scheduledBy.id"),
            Row("attendees", _attendees, writable=True, required=True, remote="interviewEvent.interviewers"),
            Row("hasFeedback", "interviewEvent.hasSubmittedFeedback"),
        ),
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", (READ,), "The events of interviewSchedule.list, schedule by schedule."),
        Operation.RETRIEVE: Capability("native", (READ,)),
        Operation.CREATE: Capability(
            "native",
            (_WRITE,),
            f"A new schedule for an application, or one event more in a schedule. {_SAME_KEY}",
            sometimes=(READ, "organizationRead"),
        ),
        Operation.UPDATE: Capability(
            "native",
            (READ, _WRITE),
            f"{_SAME_KEY} It takes an event whole: it is read, and written with the changes.",
            sometimes=("organizationRead",),
        ),
        Operation.DELETE: Capability(
            "native",
            (READ, _WRITE),
            "The event is cancelled, and its schedule with the last one; not once feedback was submitted, which"
            " Ashby would delete too. One of several is cancelled only by the API key that made their schedule.",
        ),
        Operation.FIELD_READ: Capability("native"),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of interview events."),
    }
    filters: Mapping[str, str] = {
        "application": "Events of this application (an id).",
        "stage": "Events scheduled for this interview stage (an id).",
    }
    extras = frozenset({"title", "description"})
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("native", "incremental", tuple(_HINTS)),
        "updated": EventSource("native", "incremental", tuple(_HINTS)),
        "deleted": EventSource(
            "native",
            "full",
            ("interviewScheduleUpdate",),
            reason="A cancelled event is gone from its schedule, which the next sweep sees too; only the daily one"
            " finds those whose application was deleted.",
        ),
    }
    hinted_by: Mapping[str, Make] = _HINTS

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``interviewSchedule.list``; it filters neither by status nor by time."""
        filters = {_FILTERS[name]: value for name, value in query.filters.items()}
        with told_in(_FILTER_WORDS):
            return list_events(session, filters, query.limit, query.cursor)

    def sweep(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``interviewSchedule.list`` with whole schedules on each page, so a page may hold more events."""
        with token_told():
            return swept(session, query)

    def members(self, session: AshbySession, group: str) -> Sequence[Record]:
        """Return the events of one schedule (``interviewSchedule.list`` of its application)."""
        return of_group(session, group)

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read from the schedules of its application (``interviewSchedule.list``)."""
        return find(session, record_id)[0]

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Add each event's kind of interview (``interview.info``, once a kind)."""
        if not self.extras & set(fields):
            return records
        kinds = sorted({kind for record in records if isinstance(kind := _kind(record), str)})
        found = dict(zip(kinds, together(lambda kind: _interview(session, kind), kinds), strict=True))
        return [{**record, "interview": found.get(str(_kind(record)))} for record in records]

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``interviewSchedule.create``, or add to the schedule that is named (``interviewSchedule.update``)."""
        if "application" not in fields and "schedule" not in fields:
            raise invalid(("application", "is required, or schedule: an event starts a schedule or joins one"))
        if "application" in fields and "schedule" in fields:
            raise invalid(("schedule", "cannot go with application: an event starts a schedule or joins one"))
        event = whole_event(session, {}, fields)
        if "schedule" in fields:
            return Written(_add(session, fields["schedule"], event))
        body = {"applicationId": fields["application"], "interviewEvents": [event]}
        with told_in(_WORDS):
            schedule = session.record("interviewSchedule.create", body, permission=_WRITE)
        return Written(_pick(schedule, lambda _event: True))

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change by ``interviewSchedule.update``, which wants the whole event: the current one with the changes."""
        record, _ = find(session, record_id)
        event, schedule = record["interviewEvent"], record["interviewSchedule"]
        for field, key in (("application", "applicationId"), ("schedule", "id")):
            if field in fields and fields[field] != schedule.get(key):
                raise invalid((field, "cannot be changed: an event stays where it was made"))
        if not set(fields) - {"application", "schedule"}:
            return Written(record)
        whole = {"interviewEventId": event.get("id"), **whole_event(session, event, fields)}
        changed = _change(session, schedule.get("id"), {"interviewEvent": whole}, _WORDS)
        return Written(_pick(changed, lambda found: found.get("id") == event.get("id")))

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Cancel the event by ``interviewSchedule.update``, or with the last one the schedule (``.cancel``).

        For ``.cancel`` Ashby states no rule on feedback, so we hold it to the one of ``.update`` ourselves.
        """
        record, siblings = find(session, record_id)
        event, schedule = record["interviewEvent"], record["interviewSchedule"]
        if event.get("hasSubmittedFeedback"):
            raise _has_feedback(None)
        if schedule.get("status") == "Cancelled":
            return
        if siblings == 1:
            session.call("interviewSchedule.cancel", {"id": schedule.get("id")}, permission=_WRITE)
        else:
            _change(session, schedule.get("id"), {"interviewEventIdToCancel": event.get("id")}, _WORDS)

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Find an application's schedule made since then with an event of these times and attendees."""
        if "application" not in fields:
            return None

        def lookup_event(session: AshbySession, since: int) -> str | None:
            # A minute's grace for clocks that differ.
            after = max(0, since - 60) * 1000
            body = {"applicationId": fields["application"], "createdAfter": after, "limit": PAGE_LIMIT}
            for schedule in session.everything("interviewSchedule.list", body, permission=READ):
                for record in events_of(schedule):
                    if "id" in record and is_like(record["interviewEvent"], fields):
                        return str(record["id"])
            return None

        return lookup_event


def _kind(record: Record) -> Any:
    return record["interviewEvent"].get("interviewId")


def _interview(session: AshbySession, interview_id: str) -> Record:
    try:
        return session.record("interview.info", {"id": interview_id}, permission=READ)
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return unavailable(failed)


def _add(session: AshbySession, schedule_id: str, event: Mapping[str, Any]) -> Record:
    """Add an event to a schedule, and tell it from those that were there before."""
    body = {"interviewScheduleId": schedule_id, "limit": PAGE_LIMIT}
    with told_in(_WORDS_OF_ADDING):
        before = session.everything("interviewEvent.list", body, permission=READ)
    old = {found.get("id") for found in before}
    schedule = _change(session, schedule_id, {"interviewEvent": event}, _WORDS_OF_ADDING)
    return _pick(schedule, lambda found: found.get("id") not in old)


def _change(session: AshbySession, schedule_id: Any, body: Mapping[str, Any], words: Words) -> Record:
    try:
        with told_in(words):
            return session.record(
                "interviewSchedule.update", {"interviewScheduleId": schedule_id, **body}, permission=_WRITE
            )
    except UnifiedError as refused:
        raise _not_changed(refused) from None


def _pick(schedule: Record, wanted: Callable[[Record], bool]) -> Record:
    """Return the event that was written out of the schedule that Ashby answered with."""
    for record in reversed(events_of(schedule)):
        if "id" in record and wanted(record["interviewEvent"]):
            return record
    raise OutcomeUnknown(
        "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN",
        "Ashby confirmed the write but did not show the event. Look before you send it again.",
    )


def _not_changed(refused: UnifiedError) -> UnifiedError:
    """Tell a refusal of ``interviewSchedule.update`` that blames no field by the rule that it must have broken."""
    upstream = refused.upstream or Upstream()
    if refused.code != "CONNECTOR::OPERATION::BAD_REQUEST" or refused.fields or upstream.code == "invalid_input":
        return refused
    if "feedback" in (upstream.code or ""):
        return _has_feedback(upstream)
    said = f" ({upstream.code})" if upstream.code else ""
    return UpstreamFailure(
        "CONNECTOR::OPERATION::CONFLICT", f"Ashby refused to change this schedule{said}. {_SAME_KEY}", upstream=upstream
    )


def _has_feedback(upstream: Upstream | None) -> UpstreamFailure:
    return UpstreamFailure(
        "CONNECTOR::OPERATION::CONFLICT",
        "Feedback was submitted for this event, and cancelling it would delete that too. Cancel it in Ashby, or by the"
        " proxy (interviewSchedule.update with allowFeedbackDeletion).",
        upstream=upstream,
    )


MODEL = Events()
