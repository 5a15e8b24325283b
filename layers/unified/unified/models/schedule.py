"""The schedule family: whose time can be booked, for what kind of meeting, and the meetings themselves."""

from __future__ import annotations

from unified.models import Field, Model
from unified.models.types import Boolean, Choice, DateTime, ListOf, Number, Ref, Struct, Text, email, url

CALENDAR_KINDS = ("interviewer", "pool")
# Morph's published scheduling statuses where they fit, and two that interviews need.
EVENT_STATUSES = ("requested", "planned", "awaitingFeedback", "completed", "canceled", "onHold")
ATTENDEE_ROLES = ("interviewer", "shadow", "reverseShadow")

SCHEDULE_CALENDAR = Model(
    id="scheduleCalendar",
    name="Calendar",
    description="Whose time can be booked: one interviewer's, or that of a pool of interviewers.",
    fields=(
        Field("name", Text(), "The interviewer's name, or the pool's."),
        Field("owner", Ref("genericUser"), "The interviewer; a pool has none."),
        Field("kind", Choice(CALENDAR_KINDS), "Whether it is one interviewer's calendar or a pool's."),
        Field(
            "members",
            ListOf(Ref("genericUser")),
            "Who belongs to the pool, those in training among them. Writing replaces all of them. A list"
            " has it only when fields names it.",
        ),
        Field("isActive", Boolean(), "Whether it can still be booked. Writing true brings an archived pool back."),
    ),
)

SCHEDULE_EVENT_TYPE = Model(
    id="scheduleEventType",
    name="Event type",
    description="A kind of meeting that can be scheduled: in an applicant tracking system, a kind of interview.",
    fields=(
        Field("calendar", Ref("scheduleCalendar"), "The calendar in which it is booked."),
        Field("name", Text(), "What it is called."),
        Field("description", Text(50_000), "What the people who hold it are told, as plain text."),
        Field(
            "duration",
            Number(whole=True, minimum=1),
            "How long it takes, in minutes, where known. A list has it only when fields names it.",
        ),
        Field("location", Text(500), "Where it is held."),
        Field("job", Ref("atsJob"), "The one job for whose applications it is; absent for one that is shared."),
        Field("isActive", Boolean(), "Whether it can still be scheduled."),
        Field("isDebrief", Boolean(), "Whether the interviewers meet without the candidate."),
        Field("requiresFeedback", Boolean(), "Whether its interviewers must give feedback unless told otherwise."),
    ),
)

SCHEDULE_EVENT = Model(
    id="scheduleEvent",
    name="Event",
    description="One meeting at one time: in an applicant tracking system, an interview of an application.",
    fields=(
        Field("title", Text(), "The name of its event type. A list has it only when fields names it."),
        Field(
            "description",
            Text(50_000),
            "The description of its event type. A list has it only when fields names it.",
        ),
        Field("startTime", DateTime(), "When it begins."),
        Field("endTime", DateTime(), "When it ends: later than it begins."),
        Field("location", Text(500), "Where it is held."),
        Field("meetingUrl", url(), "Where it is held online."),
        Field(
            "status",
            Choice(EVENT_STATUSES),
            "How far the schedule is that the event belongs to: requested (being arranged), planned (arranged),"
            " awaitingFeedback (held, feedback missing), completed, canceled, onHold. Absent where the account"
            " itself does not know.",
        ),
        Field(
            "eventType",
            Ref("scheduleEventType"),
            "What kind of meeting it is. Without it, a new event is of the account's default type.",
        ),
        Field(
            "application",
            Ref("atsApplication"),
            "The application that it is about. Written at creation only, and starts a new schedule.",
        ),
        Field(
            "schedule",
            Text(),
            "The id of its schedule, the set of events arranged together. Written at creation only, in place of"
            " application: adds the event to that schedule.",
        ),
        Field("stage", Ref("atsApplicationStage"), "The stage that the application was in."),
        Field("organizer", Ref("genericUser"), "Who scheduled it."),
        Field(
            "attendees",
            ListOf(
                Struct(
                    {
                        "user": Ref("genericUser"),
                        "email": email(),
                        "name": Text(),
                        "role": Choice(ATTENDEE_ROLES),
                        "isFeedbackRequired": Boolean(),
                    }
                )
            ),
            "Who holds it, besides the candidate. Writing replaces all of them; each is named by user or email and"
            " may say isFeedbackRequired, name and role are read-only.",
        ),
        Field("hasFeedback", Boolean(), "Whether any feedback was submitted."),
    ),
)
