"""The seeded applications, each computed from its position alone: whose, for which job, in which stage.

Patterns whose lengths have no common divisor make every combination of job and stage come up. Which job and which
status a position has is cheap to say (`places_of_job`, `status_at`), so that a list filtered by them need not build
the others.
"""

from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.identifiers import identifier_at, position_of
from sandbox.seed import catalogue
from sandbox.seed.custom_fields import APPLICATION_FIELDS
from sandbox.seed.jobs import JOBS, PUBLIC_JOBS, job_team
from sandbox.seed.plans import STAGES_OF_PLAN, PlacedStage, stage_id, status_of
from sandbox.seed.values import custom_values
from sandbox.table import Record

if TYPE_CHECKING:
    from sandbox.seed.candidates import CandidateGenerator

# Applications of eight candidates in a row; the pattern repeats, so either position gives the other.
PATTERN = (2, 0, 1, 1, 3, 1, 0, 1)
BLOCK = len(PATTERN)
PER_BLOCK = sum(PATTERN)
_CANDIDATE_OF_PLACE = tuple(offset for offset, count in enumerate(PATTERN) for _ in range(count))
_FIRST_OF_CANDIDATE = tuple(sum(PATTERN[:offset]) for offset in range(BLOCK))
# Positions in `JOBS` of 23 applications in a row. No draft has any; no three in a row share a job, so that nobody
# applies twice for the same one.
_JOBS = (0, 1, 2, 0, 3, 5, 6, 0, 4, 7, 8, 1, 0, 2, 15, 10, 1, 9, 0, 5, 11, 2, 3)
PLACES = len(_JOBS)
_STAGE_TYPES = (
    "Active", "Archived", "PreInterviewScreen", "Hired", "Lead", "Archived", "Active", "Offer", "PreInterviewScreen",
    "Archived", "Lead", "Active",
)  # fmt: skip
_HOUR = 3_600_000
_STEP = 36 * _HOUR  # between entering one stage and the next
_PATHS = tuple(
    tuple(stage for stage in stages if stage.seed.type not in {"Hired", "Archived"}) for stages in STAGES_OF_PLAN
)


def first_position(candidate: int) -> int:
    """Return the position of a candidate's first application (or of where it would be)."""
    block, place = divmod(candidate, BLOCK)
    return block * PER_BLOCK + _FIRST_OF_CANDIDATE[place]


def candidate_of(position: int) -> int:
    """Return the position of an application's candidate."""
    block, place = divmod(position, PER_BLOCK)
    return block * BLOCK + _CANDIDATE_OF_PLACE[place]


def identifiers_of(seed: int, candidate: int) -> list[str]:
    """Return the ids of the applications of the candidate at a position."""
    first = first_position(candidate)
    count = PATTERN[candidate % BLOCK]
    return [identifier_at(seed, "application", position) for position in range(first, first + count)]


class ApplicationGenerator:
    """Computes applications of the stored form (see `docs/sandbox.md`, "Records") and their histories."""

    def __init__(self, people: "CandidateGenerator") -> None:
        self._people = people
        self._seed = people.seed

    @property
    def size(self) -> int:
        """How many applications there are at first."""
        return first_position(self._people.size)

    def position_of(self, identifier: str) -> int | None:
        """Return the position of an application's id, else None."""
        return position_of(self._seed, "application", identifier)

    def created_between(self, after: int | None, before: int | None) -> tuple[int, int]:
        """Return the positions from and before which an application created in a window must lie."""
        floor = 0 if after is None else first_position(self._people.first_created_from(after - PER_BLOCK * _HOUR))
        return floor, self.size if before is None else first_position(self._people.first_created_from(before))

    def places_of_job(self, job_id: str) -> frozenset[int]:
        """Return which positions, modulo `PLACES`, are applications for a job."""
        return frozenset(place for place, job in enumerate(_JOBS) if identifier_at(self._seed, "job", job) == job_id)

    def status_at(self, position: int) -> str:
        """Return the status of the application at a position."""
        return status_of(self._stage_type(position))

    def build(self, position: int) -> Record:
        """Compute the application at a position. Those of anonymized candidates are archived."""
        candidate = candidate_of(position)
        job = _JOBS[position % PLACES]
        stage = self._stage(position)
        created = self._created_at(position)
        entered = created + (len(self._path(position)) - 1) * _STEP
        archived = stage.seed.type == "Archived"
        from_board = position % 4 == 1 and job in PUBLIC_JOBS
        return {
            "id": identifier_at(self._seed, "application", position),
            "candidateId": self._people.identifier(candidate),
            "jobId": identifier_at(self._seed, "job", job),
            "interviewPlanId": identifier_at(self._seed, "interview_plan", stage.plan),
            "interviewStageId": stage_id(self._seed, stage.position),
            "status": status_of(stage.seed.type),
            "sourceId": self._picked("source", position, len(catalogue.SOURCES), every=7),
            "creditedToUserId": self._picked("user", position, len(catalogue.USERS), every=3),
            "archiveReasonId": self._picked("archive_reason", position, len(catalogue.ARCHIVE_REASONS))
            if archived
            else None,
            "archivedAt": entered if archived else None,
            "createdAt": created,
            "updatedAt": entered,
            "appliedViaJobPostingId": identifier_at(self._seed, "job_posting", job) if from_board else None,
            "submitterClientIp": f"203.0.113.{position % 254 + 1}" if from_board else None,
            "submitterUserAgent": "Mozilla/5.0 (X11; Linux x86_64)" if from_board else None,
            "hiringTeam": job_team(self._seed, job)[:2],
            "customFieldValues": self._values(position),
            "history": None,  # as computed by `history`
        }

    def history(self, position: int) -> list[Record]:
        """Return the stages the application at a position went through: `{id, stageId, enteredStageAt, actorId}`."""
        application = identifier_at(self._seed, "application", position)
        created = self._created_at(position)
        return [
            {
                "id": identifier_at(self._seed, f"history/{application}", number),
                "stageId": stage_id(self._seed, stage.position),
                "enteredStageAt": created + number * _STEP,
                "actorId": identifier_at(self._seed, "user", number % 4) if number else None,
            }
            for number, stage in enumerate(self._path(position))
        ]

    def _created_at(self, position: int) -> int:
        candidate = candidate_of(position)
        return self._people.created_at(candidate) + (position - first_position(candidate)) * _HOUR

    def _stage_type(self, position: int) -> str:
        if self._people.is_anonymized(candidate_of(position)):
            return "Archived"
        return _STAGE_TYPES[position % len(_STAGE_TYPES)]

    def _stage(self, position: int) -> PlacedStage:
        wanted = self._stage_type(position)
        plan = JOBS[_JOBS[position % PLACES]].plan
        stages = [stage for stage in STAGES_OF_PLAN[plan or 0] if stage.seed.type == wanted]
        return stages[position // len(_STAGE_TYPES) % len(stages)]

    def _path(self, position: int) -> list[PlacedStage]:
        """Return the stages up to the present one; an archived application left the others somewhere on the way."""
        stage = self._stage(position)
        way = _PATHS[stage.plan]
        if stage.seed.type == "Hired":
            return [*way, stage]
        if stage.seed.type == "Archived":
            return [*way[: 1 + position % len(way)], stage]
        return list(way[: way.index(stage) + 1])

    def _picked(self, kind: str, position: int, count: int, *, every: int = 0) -> str | None:
        """Return one of a kind's first `count` ids; none for one position in `every`."""
        if every and position % every == every - 1:
            return None
        return identifier_at(self._seed, kind, position * 5 % count)

    def _values(self, position: int) -> dict[str, Any]:
        """Return custom field values: all fields for Ada's first application, a few for one in three others."""
        if position % 3:
            return {}
        random = Random(self._seed << 32 | 0xA << 28 | position)
        return custom_values(self._seed, APPLICATION_FIELDS, random, 0.3 if position else 1)
