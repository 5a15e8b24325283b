"""The seeded interview plans with their stages, and the groups stages belong to.

Stage ids follow from the position in `STAGES`, so that applications can be computed without looking anything up.
"""

from typing import NamedTuple

from sandbox.identifiers import identifier_at
from sandbox.moments import milliseconds
from sandbox.table import Record

# (title, stage type), in the order of the groups; a stage belongs to the group of its type.
STAGE_GROUPS = (
    ("Leads", "Lead"), ("Application review", "PreInterviewScreen"), ("Interviews", "Active"), ("Offer", "Offer"),
    ("Hired", "Hired"), ("Archived", "Archived"),
)  # fmt: skip


class StageSeed(NamedTuple):
    """A stage of a plan; `activities` are titles of what may be scheduled in it."""

    title: str
    type: str
    activities: tuple[str, ...] = ()


# (title, archived, stages)
PLANS = (
    (
        "Engineering", False,
        (
            StageSeed("New lead", "Lead"), StageSeed("Reached out", "Lead"),
            StageSeed("Application review", "PreInterviewScreen"), StageSeed("Recruiter screen", "PreInterviewScreen"),
            StageSeed("Technical interview", "Active", ("Pairing", "System design")),
            StageSeed("Onsite", "Active", ("Onsite loop",)), StageSeed("Offer", "Offer"), StageSeed("Hired", "Hired"),
            StageSeed("Archived", "Archived"),
        ),
    ),
    (
        "Sales", False,
        (
            StageSeed("Lead", "Lead"), StageSeed("Application review", "PreInterviewScreen"),
            StageSeed("Role play", "Active", ("Role play",)), StageSeed("Gespräch mit dem Team", "Active", ("Team",)),
            StageSeed("Offer out", "Offer"), StageSeed("Signed", "Hired"), StageSeed("Not now", "Archived"),
        ),
    ),
    (
        "Executive search · 役員", False,
        (
            StageSeed("Research", "Lead"), StageSeed("First call", "PreInterviewScreen"),
            StageSeed("面接", "Active", ("面接",)), StageSeed("Board meeting", "Active", ()),
            StageSeed("Reference checks", "Offer"), StageSeed("Terms", "Offer"), StageSeed("Hired", "Hired"),
            StageSeed("Archived", "Archived"),
        ),
    ),
    (
        "Plan of 2019", True,
        (StageSeed("Application", "PreInterviewScreen"), StageSeed("Hired", "Hired"), StageSeed("Gone", "Archived")),
    ),
)  # fmt: skip


class PlacedStage(NamedTuple):
    """A stage with the position of its plan and its own among all stages."""

    position: int
    plan: int
    seed: StageSeed


STAGES = tuple(
    PlacedStage(position, plan, stage)
    for position, (plan, stage) in enumerate((plan, stage) for plan, row in enumerate(PLANS) for stage in row[2])
)
STAGES_OF_PLAN = tuple(tuple(stage for stage in STAGES if stage.plan == plan) for plan in range(len(PLANS)))
_GROUP_OF_TYPE = {kind: position for position, (_, kind) in enumerate(STAGE_GROUPS)}
_CREATED = milliseconds("2022-05-01T08:00:00Z")
_DAY = 86_400_000


def status_of(stage_type: str) -> str:
    """Return the status of an application in a stage of a type: only three types have one of their own name."""
    return stage_type if stage_type in {"Lead", "Hired", "Archived"} else "Active"


def stage_id(seed: int, position: int) -> str:
    """Return the id of the stage at a position of `STAGES`."""
    return identifier_at(seed, "interview_stage", position)


def records(seed: int) -> dict[str, list[Record]]:
    """Return the records of groups, plans and stages."""
    return {
        "interview_stage_group": [
            {"id": identifier_at(seed, "interview_stage_group", position), "title": title, "order": position,
             "stageType": kind}
            for position, (title, kind) in enumerate(STAGE_GROUPS)
        ],
        "interview_plan": [
            {"id": identifier_at(seed, "interview_plan", position), "title": title, "isArchived": archived,
             "createdAt": _CREATED + position * _DAY, "updatedAt": _CREATED + position * 90 * _DAY}
            for position, (title, archived, _) in enumerate(PLANS)
        ],
        "interview_stage": [_stage(seed, stage) for stage in STAGES],
    }  # fmt: skip


def _stage(seed: int, stage: PlacedStage) -> Record:
    place = STAGES_OF_PLAN[stage.plan].index(stage)
    identifier = stage_id(seed, stage.position)
    return {
        "id": identifier,
        "title": stage.seed.title,
        "type": stage.seed.type,
        "orderInInterviewPlan": 1000 + 3 * place,  # sparse, as Ashby's are
        "interviewStageGroupId": identifier_at(seed, "interview_stage_group", _GROUP_OF_TYPE[stage.seed.type]),
        "interviewPlanId": identifier_at(seed, "interview_plan", stage.plan),
        "activities": [
            {"id": identifier_at(seed, f"activity/{identifier}", number), "title": title}
            for number, title in enumerate(stage.seed.activities)
        ],
    }
