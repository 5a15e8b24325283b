"""The seeded kinds of interview, interviewer pools, and schedules with their events.

Schedules belong to the first applications in an interview stage, at most `SCHEDULES` of them, whatever the size of
the organisation. Past interviews are in 2026 and coming ones in 2031, so that the seed alone decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.credentials import BUILT_IN_KEYS, masked
from sandbox.identifiers import identifier_at
from sandbox.moments import milliseconds
from sandbox.table import Record

if TYPE_CHECKING:
    from sandbox.organisation import Organisation

_HOUR = 3_600_000
_DAY = 24 * _HOUR
_PAST = milliseconds("2026-08-03T09:00:00Z")
_COMING = milliseconds("2031-03-03T10:30:00Z")
SCHEDULES = 60
_SEARCHED = 600  # applications looked at for interviews
DEFAULT_INTERVIEW = 0


@dataclass(frozen=True, kw_only=True)
class InterviewSeed:
    """A kind of interview; `job` binds it to one job, `activity` names where plans schedule it."""

    title: str
    external: str | None = None
    job: int | None = None
    minutes: int = 45
    activity: str | None = None
    archived: bool = False
    debrief: bool = False
    feedback: bool = True
    from_archived_template: bool = False
    instructions: str = ""


INTERVIEWS = (
    InterviewSeed(title="Interview", external="Conversation", minutes=30),
    InterviewSeed(title="Pairing", minutes=60, activity="Pairing",
                  instructions="<h1>Pairing</h1><ul><li>Let them <b>drive</b></li><li>Ask &quot;why?&quot;</li></ul>"),
    InterviewSeed(title="System design", external="Design discussion", minutes=60, activity="System design"),
    InterviewSeed(title="Values", activity="Onsite loop"),
    InterviewSeed(title="Role play", activity="Role play"),
    InterviewSeed(title="Teamgespräch", activity="Team"),
    InterviewSeed(title="面接", minutes=60, activity="面接", instructions="日本語で"),
    InterviewSeed(title="Debrief", minutes=30, debrief=True, feedback=False, activity="Onsite loop"),
    InterviewSeed(title="Mill deep dive", job=0, minutes=90, activity="System design"),
    InterviewSeed(title="DACH case study", job=1, minutes=90, activity="Role play"),
    InterviewSeed(title="Dinner with the board", job=4, minutes=120),
    InterviewSeed(title="Telephone screen (old)", archived=True),
    InterviewSeed(title="Old mill test", job=0, archived=True),
    InterviewSeed(title="Trial day", job=0, minutes=480, from_archived_template=True),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PoolSeed:
    """An interviewer pool.

    `stages` are (role, interviews, archived), `members` (user, paused), `trainees` (user, stage, interviews done).
    """

    title: str
    archived: bool = False
    stages: tuple[tuple[str, int, bool], ...] = ()
    members: tuple[tuple[int, bool], ...] = ()
    trainees: tuple[tuple[int, int, int], ...] = ()


POOLS = (
    PoolSeed(title="Engineers", stages=(("Shadow", 2, False), ("ReverseShadow", 1, False), ("Shadow", 9, True)),
             members=((0, False), (2, False), (6, True)), trainees=((5, 0, 1), (9, 1, 0))),
    PoolSeed(title="Vertrieb", members=((3, False), (8, False))),
    PoolSeed(title="面接官", stages=(("Shadow", 1, False),), trainees=((7, 0, 0),)),
    PoolSeed(title="Nobody yet"),
    PoolSeed(title="Telegraphists", archived=True, members=((10, False),)),
)  # fmt: skip
_STATES = (
    "Scheduled", "WaitingOnFeedback", "Complete", "NeedsScheduling", "WaitingOnCandidateBooking",
    "WaitingOnCandidateAvailability", "CandidateAvailabilitySubmitted", "Cancelled", "Scheduled", "OnHold", "Unknown",
)  # fmt: skip
_WITH_EVENTS = {"Scheduled": 2, "WaitingOnFeedback": 2, "Complete": 1, "OnHold": 1}


def records(seed: int) -> dict[str, list[Record]]:
    """Return the records of interviews and pools."""
    return {
        "interview": [_interview(seed, position, interview) for position, interview in enumerate(INTERVIEWS)],
        "interviewer_pool": [_pool(seed, position, pool) for position, pool in enumerate(POOLS)],
    }


def _interview(seed: int, position: int, interview: InterviewSeed) -> Record:
    return {
        "id": identifier_at(seed, "interview", position),
        "title": interview.title,
        "externalTitle": interview.external,
        "isArchived": interview.archived,
        "isDebrief": interview.debrief,
        "isFeedbackRequired": interview.feedback,
        "isFeedbackRequested": interview.feedback,
        "instructionsHtml": interview.instructions or None,
        "jobId": None if interview.job is None else identifier_at(seed, "job", interview.job),
        "feedbackFormDefinitionId": identifier_at(seed, "feedback_form_definition", int(interview.debrief)),
        "minutes": interview.minutes,
        "activity": interview.activity,
        "fromArchivedTemplate": interview.from_archived_template,
    }


def _pool(seed: int, position: int, pool: PoolSeed) -> Record:
    stages = [
        {
            "id": identifier_at(seed, f"training_stage/{position}", number),
            "interviewerRole": role,
            "interviewsRequired": interviews,
            "isArchived": archived,
            "approvalRequired": number == 1,
            "approverIds": [identifier_at(seed, "user", 0)] if number == 1 else [],
        }
        for number, (role, interviews, archived) in enumerate(pool.stages)
    ]
    return {
        "id": identifier_at(seed, "interviewer_pool", position),
        "title": pool.title,
        "isArchived": pool.archived,
        "trainingPathId": identifier_at(seed, "training_path", position),
        "trainingEnabled": bool(stages),
        "trainingStages": stages,
        "qualified": [
            {"userId": identifier_at(seed, "user", user), "isPaused": paused} for user, paused in pool.members
        ],
        "trainees": [
            {"userId": identifier_at(seed, "user", user), "isPaused": False, "stageId": stages[stage]["id"],
             "interviewsCompleted": done}
            for user, stage, done in pool.trainees
        ],
    }  # fmt: skip


def add_schedules(organisation: "Organisation") -> None:
    """Give the first applications in an interview stage a schedule each, going round the states."""
    for number, application in enumerate(_interviewed(organisation)):
        schedule, events = _schedule(organisation.seed, number, application)
        organisation.interview_schedules.put(schedule)
        for event in events:
            organisation.interview_events.put(event)


def _interviewed(organisation: "Organisation") -> Iterator[Record]:
    found = 0
    for position in range(min(_SEARCHED, len(organisation.applications))):
        application = organisation.applications.at(position)
        stage = organisation.interview_stages.get(application["interviewStageId"]) if application else None
        if application is not None and stage is not None and stage["type"] == "Active" and found < SCHEDULES:
            found += 1
            yield application


def _schedule(seed: int, number: int, application: Record) -> tuple[Record, list[Record]]:
    status = _STATES[number % len(_STATES)]
    identifier = identifier_at(seed, "interview_schedule", number)
    created = (_PAST if number % 2 else _PAST - 30 * _DAY) + number * _HOUR
    events = [
        _event(seed, number, place, identifier, application, status) for place in range(_WITH_EVENTS.get(status, 0))
    ]
    schedule: Record = {
        "id": identifier,
        "status": status,
        "applicationId": application["id"],
        "interviewStageId": application["interviewStageId"],
        "scheduledById": identifier_at(seed, "user", number % 4) if events else None,
        "createdAt": created,
        "updatedAt": created + 2 * _HOUR,
        "eventIds": [event["id"] for event in events],
        # What was scheduled by hand in Ashby has no key; some were made with the built-in full key.
        "madeBy": masked(BUILT_IN_KEYS[0]) if number % 4 == 1 else None,
        "canBeRescheduled": False,
    }
    return schedule, events


def _event(seed: int, number: int, place: int, schedule_id: str, application: Record, status: str) -> Record:
    interview = _interview_for(seed, number + place, application)
    start = (_COMING if status in {"Scheduled", "OnHold"} else _PAST) + number * 5 * _HOUR + place * 2 * _HOUR
    shadowed = number % 3 == 0
    return {
        "id": identifier_at(seed, f"interview_event/{schedule_id}", place),
        "interviewId": identifier_at(seed, "interview", interview),
        "interviewScheduleId": schedule_id,
        "interviewers": [
            {"userId": identifier_at(seed, "user", (0, 2, 3, 6)[(number + place) % 4]), "trainingRole": None,
             "poolId": identifier_at(seed, "interviewer_pool", 0) if shadowed else None, "isFeedbackRequired": True},
            *(
                [{"userId": identifier_at(seed, "user", 5), "trainingRole": "Shadow",
                  "poolId": identifier_at(seed, "interviewer_pool", 0), "isFeedbackRequired": False}]
                if shadowed else []
            ),
        ],
        "createdAt": _PAST + number * _HOUR,
        "updatedAt": _PAST + number * _HOUR,
        "startTime": start,
        "endTime": start + INTERVIEWS[interview].minutes * 60_000,
        "location": ("London office, room Ω", None)[place % 2],
        "meetingLink": (None, f"https://meet.example.com/{number}-{place}")[(number + place) % 2],
        "interviewerCalendarEventId": f"calendar-{number}-{place}" if place == 0 else None,
        "hasSubmittedFeedback": status == "Complete" or (status == "WaitingOnFeedback" and place == 0),
        "extraData": None,
    }  # fmt: skip


def _interview_for(seed: int, number: int, application: Record) -> int:
    """Return the position of an interview that fits an application: its job's own every third time, if it has one."""
    own = [
        position
        for position, interview in enumerate(INTERVIEWS)
        if interview.job is not None
        and not interview.archived
        and identifier_at(seed, "job", interview.job) == application["jobId"]
    ]
    return own[number % len(own)] if own and number % 3 == 0 else number % 7
