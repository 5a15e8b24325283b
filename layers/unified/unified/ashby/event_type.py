"""``scheduleEventType`` is Ashby's interview: a kind of interview, not a booked one. Its API only reads them.

An interview has no length of its own. A job's interview plan says how long it is to take
(``jobInterviewPlan.info``), so it is known only for an interview that belongs to a job, at the cost of a call for
each job; nothing in the API ties an interview to an interviewer pool or to a place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from unified.ashby.base import AshbyModel, records
from unified.ashby.client import AshbySession, identity
from unified.ashby.queries import not_so, page_of
from unified.ashby.reading import part_of
from unified.ashby.steps import together, unavailable
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record
from unified.errors import Unauthorized, UnifiedError
from unified.mapping import Mapper, Row
from unified.models.schedule import SCHEDULE_EVENT_TYPE

_READ = ("interviewsRead",)
_NO_WEBHOOKS = "Ashby has no webhooks of interviews, only of their schedules."
_EDITED = "Ashby's API cannot {} an interview, only read it: interviews are edited in Ashby."


def _is_active(record: Record) -> Any:
    archived = record.get("isArchived")
    return not archived if isinstance(archived, bool) else archived


def _minutes(plan: Record) -> Any:
    return plan.get("interviewDurationMinutes")


def _not_in_ashby(_record: Record) -> None:
    return None


class EventTypes(AshbyModel):
    """Kinds of interview, those of one job and the archived ones among them."""

    model = SCHEDULE_EVENT_TYPE
    mapper = Mapper(
        SCHEDULE_EVENT_TYPE,
        (
            Row("calendar", _not_in_ashby),
            Row("name", "title"),
            Row("description", "instructionsPlain"),
            Row("duration", part_of("jobInterviewPlan", _minutes), remote="jobInterviewPlan"),
            Row("location", _not_in_ashby),
            Row("job", "jobId"),
            Row("isActive", _is_active, remote="isArchived"),
            Row("isDebrief", "isDebrief"),
            Row("requiresFeedback", "isFeedbackRequired"),
        ),
        created_at=None,
        updated_at=None,
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ, sometimes=("jobsRead",)),
        Operation.RETRIEVE: Capability("native", _READ, sometimes=("jobsRead",)),
        Operation.CREATE: Capability("refused", reason=_EDITED.format("create")),
        Operation.UPDATE: Capability("refused", reason=_EDITED.format("change")),
        Operation.DELETE: Capability("refused", reason=_EDITED.format("delete")),
        Operation.FIELD_READ: Capability("native"),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of interviews."),
    }
    syncs = True
    filters: Mapping[str, str] = {"isActive": "With the value true: no archived interviews."}
    extras = frozenset({"duration"})
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
        "updated": EventSource("sweep", "incremental", reason=f"{_NO_WEBHOOKS} Durations are not watched."),
        "deleted": EventSource("sweep", "full", reason="An archived interview is an update of isActive."),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``interview.list``, shared interviews and those of one job alike."""
        active = query.filters.get("isActive")
        if active not in (None, "true"):
            raise not_so("filter[isActive]", "takes only true: Ashby cannot list just the archived interviews")
        body: dict[str, Any] = {
            **page_of(query),
            "includeArchived": active is None,
            "includeNonSharedInterviews": True,
        }
        return session.page("interview.list", body, permission=self.permission(Operation.LIST))

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``interview.info``."""
        body = {"id": identity(record_id)}
        return session.record("interview.info", body, permission=self.permission(Operation.RETRIEVE))

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Add what the plan of an interview's job says of it (``jobInterviewPlan.info``, once a job)."""
        if "duration" not in fields:
            return records
        jobs = sorted({job_id for record in records if isinstance(job_id := record.get("jobId"), str)})
        plans = dict(zip(jobs, together(lambda job_id: _plan(session, job_id), jobs), strict=True))
        return [_with_plan(record, plans.get(str(record.get("jobId")))) for record in records]


def _plan(session: AshbySession, job_id: str) -> Record:
    try:
        return session.record("jobInterviewPlan.info", {"jobId": job_id}, permission="jobsRead")
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return unavailable(failed)


def _with_plan(record: Record, plan: Record | None) -> Record:
    """Add the interview's own part of the plan, where that has one length for it: not none, and not several."""
    if plan is None:
        return record
    if "unavailable" in plan:
        return {**record, "jobInterviewPlan": plan}
    found = [
        interview.get("interviewDurationMinutes")
        for stage in records(plan.get("stages"))
        for activity in records(stage.get("activities"))
        for interview in records(activity.get("interviews"))
        if interview.get("interviewId") == record.get("id")
    ]
    if not found or any(minutes != found[0] for minutes in found):
        return record
    return {**record, "jobInterviewPlan": {"interviewDurationMinutes": found[0]}}


MODEL = EventTypes()
