"""``atsApplicationStage`` is Ashby's interview stage.

Ashby lists the stages of one interview plan at a time (``interviewStage.list``), so a list goes through the plans:
all of them (``interviewPlan.list``), or those of one job. A stage says its plan by id alone; the plan's name, and
whether it is archived, cost a call where the plans were not read anyway (``extras``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, cast

from unified.ashby.base import AshbyModel
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity
from unified.ashby.queries import no_longer, not_so, position
from unified.ashby.reading import part_of, renamed, texts
from unified.ashby.refusals import Words, told_in
from unified.ashby.steps import together, unavailable
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record
from unified.errors import FieldProblem, Invalid, Unauthorized, UnifiedError
from unified.mapping import Mapper, Row
from unified.models.ats import ATS_APPLICATION_STAGE

_READ = ("interviewsRead",)
_NO_WEBHOOKS = "Ashby has no webhooks of stages."
# Ashby documents the types of stage groups (interviewStageGroup.list) and leaves those of stages open.
_TYPES = {
    "Lead": "LEAD",
    "PreInterviewScreen": "PRE_INTERVIEW_SCREEN",
    "Active": "ACTIVE",
    "Offer": "OFFER",
    "Hired": "HIRED",
    "Archived": "ARCHIVED",
}
_EDITED_IN_ASHBY = "Interview plans and their stages are edited in Ashby: its API cannot {} a stage."
# A plan has some ten stages: so many plans fill a page.
_STAGES_OF_A_PLAN = 10
_WORDS = Words(
    {"interviewPlanId": "filter[plan]", "id": "filter[job]"},
    {
        "interview_plan_not_found": FieldProblem("filter[plan]", "names an interview plan that Ashby does not have"),
        "job_not_found": FieldProblem("filter[job]", "names a job that Ashby does not have"),
    },
)


class _Place(NamedTuple):
    """Where a page begins: in which page of plans, at which of its plans, after how many of that plan's stages."""

    size: int
    plans: str | None = None
    plan: str | None = None
    given: int = 0

    def cursor(self) -> str:
        return json.dumps(self, separators=(",", ":"))

    @classmethod
    def at(cls, cursor: str) -> _Place:
        try:
            size, plans, plan, given = cast(list[Any], json.loads(cursor))
        except (ValueError, TypeError, RecursionError):
            raise no_longer() from None
        named = all(part is None or isinstance(part, str) for part in (plans, plan))
        counted = type(size) is int and type(given) is int and 0 < size <= PAGE_LIMIT and given >= 0
        if not (named and counted):
            raise no_longer()
        return cls(size, plans, plan, given)


class Stages(AshbyModel):
    """Stages of all interview plans, archived plans among them."""

    model = ATS_APPLICATION_STAGE
    mapper = Mapper(
        ATS_APPLICATION_STAGE,
        (
            Row("name", "title"),
            Row("order", "orderInInterviewPlan"),
            Row("type", renamed("type", _TYPES), remote="type"),
            Row(
                "isActive",
                part_of("interviewPlan", lambda plan: plan.get("isArchived") is False),
                remote="interviewPlan",
            ),
            Row("plan", part_of("interviewPlan", lambda plan: plan.get("title")), remote="interviewPlan"),
            Row("planId", "interviewPlanId"),
        ),
        created_at=None,
        updated_at=None,
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ, sometimes=("jobsRead",)),
        Operation.RETRIEVE: Capability("native", _READ),
        Operation.CREATE: Capability("refused", reason=_EDITED_IN_ASHBY.format("make")),
        Operation.UPDATE: Capability("refused", reason=_EDITED_IN_ASHBY.format("change")),
        Operation.DELETE: Capability("refused", reason=_EDITED_IN_ASHBY.format("remove")),
        Operation.FIELD_READ: Capability("native"),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of stages."),
    }
    filters: Mapping[str, str] = {
        "plan": "The stages of this interview plan.",
        "job": "The stages of the interview plans of this job.",
    }
    extras = frozenset({"isActive", "plan"})
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
        "updated": EventSource(
            "sweep", "incremental", reason=f"{_NO_WEBHOOKS} Its plan's own changes are not watched."
        ),
        "deleted": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``interviewStage.list``, plan by plan, as many plans at a time as a page may hold."""
        plan_id, job_id = query.filters.get("plan"), query.filters.get("job")
        if plan_id is not None and job_id is not None:
            raise not_so("filter[job]", "cannot go with filter[plan]: a plan's stages are the same for all jobs")
        if plan_id is not None or job_id is not None:
            with told_in(_WORDS):
                return _few(session, [plan_id] if plan_id is not None else _plans_of(session, str(job_id)), query)
        place = _Place.at(query.cursor) if query.cursor else _Place(max(1, query.limit // _STAGES_OF_A_PLAN))
        body: dict[str, Any] = {"limit": place.size, "includeArchived": True}
        if place.plans:
            body["cursor"] = place.plans
        plans = session.page("interviewPlan.list", body, permission="interviewsRead")
        return _page(session, plans, place, query.limit)

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``interviewStage.info``."""
        body = {"interviewStageId": identity(record_id)}
        return session.record("interviewStage.info", body, permission="interviewsRead")

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Add ``interviewPlan`` where the list did not; Ashby has no ``interviewPlan.info``."""
        if all("interviewPlan" in record for record in records):
            return records
        body = {"limit": PAGE_LIMIT, "includeArchived": True}
        try:
            found = session.everything("interviewPlan.list", body, permission="interviewsRead")
            plans: Mapping[str, Record] = {str(plan.get("id")): plan for plan in found}
        except Unauthorized:
            raise
        except UnifiedError as failed:
            plans = {str(record.get("interviewPlanId")): unavailable(failed) for record in records}
        return [_with_plan(record, plans.get(str(record.get("interviewPlanId")))) for record in records]


def _page(session: AshbySession, plans: Page, place: _Place, limit: int) -> Page:
    """Give the stages of a page of plans from ``place`` on, at most ``limit`` of them."""
    left = list(plans.records)
    if place.plan is not None:
        while left and left[0].get("id") != place.plan:
            left.pop(0)
        if not left:
            raise Invalid("The plan that this cursor stands in is gone. List again from the start.")
    page: list[Record] = []
    given = place.given
    for plan, stages in zip(left, together(lambda plan: _stages(session, str(plan.get("id"))), left), strict=True):
        room = limit - len(page)
        page += [_with_plan(stage, plan) for stage in stages[given : given + room]]
        if len(stages) > given + room:
            return Page(page, place._replace(plan=str(plan.get("id")), given=given + room).cursor())
        given = 0
    return Page(page, _Place(place.size, plans.next).cursor() if plans.next else None)


def _few(session: AshbySession, plan_ids: Sequence[str], query: ListQuery) -> Page:
    """Give the page of the stages of few plans that begins at the cursor, which is a position."""
    found = [stage for stages in together(lambda plan: _stages(session, plan), plan_ids) for stage in stages]
    start = position(query)
    end = start + query.limit
    return Page(found[start:end], str(end) if end < len(found) else None)


def _plans_of(session: AshbySession, job_id: str) -> list[str]:
    """Return the ids of a job's plans: it may have others beside its default one."""
    job = session.record("job.info", {"id": job_id}, permission="jobsRead")
    return list(dict.fromkeys(texts([job.get("defaultInterviewPlanId")]) + texts(job.get("interviewPlanIds"))))


def _stages(session: AshbySession, plan_id: str) -> Sequence[Record]:
    return session.page("interviewStage.list", {"interviewPlanId": plan_id}, permission="interviewsRead").records


def _with_plan(stage: Record, plan: Record | None) -> Record:
    return stage if plan is None else {**stage, "interviewPlan": plan}


MODEL = Stages()
