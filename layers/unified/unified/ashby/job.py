"""``atsJob`` is Ashby's job.

Ashby keeps a job's description in its posting (``jobPosting.info``) and its department by id alone, so these two cost
calls of their own (``extras``). Its input calls the department ``teamId``. A job starts as a draft; only some changes
of status are allowed (``_MOVES``, https://developers.ashbyhq.com/reference/jobsetstatus), and none deletes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from unified.ashby import hiring_team
from unified.ashby.base import AshbyModel, made_since
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity
from unified.ashby.hints import Make, changed
from unified.ashby.queries import milliseconds, not_so, page_of, position, some_of
from unified.ashby.reading import part_of, renamed, texts
from unified.ashby.refusals import Words, invalid, told_in
from unified.ashby.steps import Steps, together, unavailable
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, OutcomeUnknown, Unauthorized, UnifiedError, UpstreamFailure
from unified.mapping import Mapper, Row
from unified.models.ats import ATS_JOB

_READ = ("jobsRead",)
_WRITE = ("jobsWrite",)
_TO_THEIRS = {"DRAFT": "Draft", "OPEN": "Open", "CLOSED": "Closed", "ARCHIVED": "Archived"}
_STATUSES = {theirs: ours for ours, theirs in _TO_THEIRS.items()}
_EMPLOYMENT = {
    "FullTime": "FULL_TIME",
    "PartTime": "PART_TIME",
    "Intern": "INTERN",
    "Contract": "CONTRACT",
    "Temporary": "TEMPORARY",
}
_MOVES = {"Draft": ("OPEN", "ARCHIVED"), "Open": ("CLOSED",), "Closed": ("DRAFT", "ARCHIVED"), "Archived": ("DRAFT",)}
_PARAMETERS = {
    "title": "title",
    "departmentId": "teamId",
    "locationId": "locationId",
    "planId": "defaultInterviewPlanId",
    "requisitionId": "customRequisitionId",
}
# A job in a webhook lacks its location's name, which the list has: it is read again.
_UPDATES: Mapping[str, Make] = {
    "interviewPlanTransition": changed("jobId"),
    "jobPostingDelete": changed("jobPosting.jobId"),
    "jobPostingPublish": changed("jobPosting.jobId"),
    "jobPostingUnpublish": changed("jobPosting.jobId"),
    "jobPostingUpdate": changed("jobPosting.jobId"),
    "jobUpdate": changed("job.id"),
}
_BY_HAND = "Ashby's API cannot set up jobCreate, jobUpdate and jobPostingDelete: an Ashby admin can, by hand."
_FROM_POSTING = frozenset({"description", "postingUrl"})
_WORDS = Words(
    {theirs: ours for ours, theirs in _PARAMETERS.items()},
    {
        "department_not_found": FieldProblem("departmentId", "names a department that Ashby does not have"),
        "location_not_found": FieldProblem("locationId", "names a location that Ashby does not have"),
        "interview_plan_not_found": FieldProblem("planId", "names an interview plan that Ashby does not have"),
    },
)
_FILTER_WORDS = Words(
    {
        name: f"filter[{name}]"
        for name in ("createdAfter", "openedAfter", "openedBefore", "closedAfter", "closedBefore", "status")
    }
)


def _location(record: Record) -> Any:
    place = record.get("location")
    return None if place is None else place.get("name")


def _description(posting: Record) -> Any:
    return posting["descriptionParts"]["descriptionBody"]["html"]


class Jobs(AshbyModel):
    """Jobs, drafts and archived ones among them."""

    model = ATS_JOB
    mapper = Mapper(
        ATS_JOB,
        (
            Row("title", "title", writable=True, required=True),
            Row("description", part_of("jobPosting", _description), writable=True, remote="jobPosting"),
            Row("postingUrl", part_of("jobPosting", lambda posting: posting.get("externalLink")), remote="jobPosting"),
            Row("department", part_of("department", lambda found: found.get("name")), remote="departmentId"),
            Row("departmentId", "departmentId", writable=True, required=True),
            Row("location", _location, remote="location"),
            Row("locationId", "locationId", writable=True, required=True),
            Row("status", renamed("status", _STATUSES), writable=True, remote="status"),
            Row("employmentType", renamed("employmentType", _EMPLOYMENT), remote="employmentType"),
            Row("hiringTeam", hiring_team.read, writable=True, remote="hiringTeam"),
            Row("planId", "defaultInterviewPlanId", writable=True),
            Row("requisitionId", "customRequisitionId", writable=True),
            Row("isConfidential", "confidential"),
            Row("openedAt", "openedAt"),
            Row("closedAt", "closedAt"),
        ),
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ, sometimes=("organizationRead",)),
        Operation.RETRIEVE: Capability("native", _READ, sometimes=("organizationRead",)),
        Operation.CREATE: Capability("native", _WRITE, sometimes=("organizationRead", "organizationWrite")),
        Operation.UPDATE: Capability("native", _WRITE, sometimes=("jobsRead", "organizationRead", "organizationWrite")),
        Operation.DELETE: Capability(
            "emulated",
            _WRITE,
            "Ashby cannot delete a job: it is archived, and an open one must be closed first.",
            sometimes=_READ,
        ),
        Operation.FIELD_READ: Capability("native", ("hiringProcessMetadataRead",)),
        Operation.FIELD_WRITE: Capability("native", ("hiringProcessMetadataWrite",)),
    }
    filters: Mapping[str, str] = {
        "status": "Jobs in any of these statuses, with commas between; without it, in all.",
        "createdAfter": "Jobs made after this time.",
        "openedAfter": "Jobs opened after this time.",
        "openedBefore": "Jobs opened before this time.",
        "closedAfter": "Jobs closed after this time.",
        "closedBefore": "Jobs closed before this time.",
        "requisitionId": "Jobs with this requisition id (job.search).",
    }
    searchable = True
    syncs = True
    custom_object = "Job"
    extras = frozenset({"description", "postingUrl", "department"})
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("native", "incremental", ("jobCreate",), by_hand=True, reason=_BY_HAND),
        "updated": EventSource("native", "incremental", tuple(_UPDATES), by_hand=True, reason=_BY_HAND),
        "deleted": EventSource("sweep", "full", reason="Ashby has no webhook for it; an archived job is an update."),
    }
    hinted_by: Mapping[str, Make] = {"jobCreate": changed("job.id"), **_UPDATES}

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``job.list``, or by ``job.search`` for a title (``q``) or a requisition id.

        Ashby leaves drafts out unless they are named; here every status is named, so that a list is whole.
        """
        if query.q is not None or "requisitionId" in query.filters:
            return self._search(session, query)
        body: dict[str, Any] = {
            **page_of(query),
            "status": some_of(query, "status", _TO_THEIRS) or [*_STATUSES],
            "expand": ["location"],
            **milliseconds(query, "createdAfter", "openedAfter", "openedBefore", "closedAfter", "closedBefore"),
        }
        with told_in(_FILTER_WORDS):
            return session.page("job.list", body, permission="jobsRead")

    def _search(self, session: AshbySession, query: ListQuery) -> Page:
        """Search, and give the page of the unpaged answer that begins at the cursor, which is a position.

        Ashby's search gives no location with a job, so its name is missing here.
        """
        mixed = sorted(set(query.filters) - {"requisitionId"})
        if mixed:
            raise not_so(f"filter[{mixed[0]}]", "cannot go with q or filter[requisitionId]: Ashby searches all jobs")
        wanted = {"title": query.q, "requisitionId": query.filters.get("requisitionId")}
        body = {name: value for name, value in wanted.items() if value is not None}
        records = session.page("job.search", body, permission="jobsRead").records
        start = position(query)
        end = start + query.limit
        cut = len(records) >= PAGE_LIMIT
        return Page(
            records[start:end],
            str(end) if end < len(records) else None,
            (f"Ashby's search gives at most {PAGE_LIMIT} jobs: there may be more.",) if cut else (),
        )

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``job.info``."""
        return session.record("job.info", {"id": identity(record_id), "expand": ["location"]}, permission="jobsRead")

    def is_restricted(self, record: Record) -> bool:
        """Tell whether only a key that may see confidential jobs sees this one."""
        return record.get("confidential") is True

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Add ``jobPosting``, the first published one (``jobPosting.info``), and ``department``."""
        found = [dict(record) for record in records]
        if _FROM_POSTING & set(fields):
            for record, posting in zip(found, together(lambda job: _posting(session, job), found), strict=True):
                if posting is not None:
                    record["jobPosting"] = posting
        if "department" in fields:
            departments = _departments(session, [record.get("departmentId") for record in found])
            for record in found:
                department = departments.get(str(record.get("departmentId")))
                if department is not None:
                    record["department"] = department
        return found

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``job.create``; what that does not take follows by the calls of ``update``."""
        _check_new(fields)
        body = _body(fields)
        requisition = body.pop("customRequisitionId", None)
        with told_in(_WORDS):
            record = session.record("job.create", body, permission="jobsWrite")
        left = {key: value for key, value in fields.items() if key in ("hiringTeam", "status")}
        if left.get("status") == "DRAFT":
            del left["status"]
        if requisition is not None:
            left["requisitionId"] = requisition
        return self._write(session, Steps(wrote=True), record, left)

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change by ``job.update``, then the posting's description, the hiring team, and the status last."""
        return self._write(session, Steps(), {"id": identity(record_id)}, fields)

    def _write(self, session: AshbySession, steps: Steps, record: Record, fields: Mapping[str, Any]) -> Written:
        record_id = str(record.get("id"))
        body = _body(fields)
        if body:

            def send() -> Record:
                with told_in(_WORDS):
                    return session.record("job.update", {"jobId": record_id, **body}, permission="jobsWrite")

            record = steps.write([key for key in _PARAMETERS if key in fields], send) or record
        needing = [key for key in ("description", "hiringTeam") if key in fields]
        if needing:
            if "updatedAt" not in record:
                record = steps.look(needing, lambda: self.retrieve(session, record_id)) or record
            if "updatedAt" in record:
                record = _write_description(session, steps, record, fields)
                record = _write_team(session, steps, record, fields)
        if "status" in fields:
            changed = steps.write(("status",), lambda: self._set_status(session, record_id, fields["status"]))
            record = {**record, **(changed or {})}
        return Written(record, steps.not_written)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Archive by ``job.setStatus``. Raises a conflict that says what to do first for an open job."""
        self._set_status(session, identity(record_id), "ARCHIVED")

    def _set_status(self, session: AshbySession, record_id: str, status: str) -> Record:
        try:
            body = {"jobId": record_id, "status": _TO_THEIRS[status]}
            return session.record("job.setStatus", body, permission="jobsWrite")
        except UnifiedError as refused:
            if refused.code != "CONNECTOR::OPERATION::BAD_REQUEST":
                raise
            # Ashby documents no code for a status that cannot follow: the job's own status tells.
            job = self._look(session, record_id)
            if job is not None and _STATUSES.get(str(job.get("status"))) == status:
                return job
            raise _status_conflict(refused, job, status) from None

    def _look(self, session: AshbySession, record_id: str) -> Record | None:
        try:
            return self.retrieve(session, record_id)
        except UnifiedError:
            return None

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Find a job of this title, department and place that was made since then: a create's own."""
        wanted = {key: fields.get(key) for key in ("title", "departmentId", "locationId")}

        def find(session: AshbySession, since: int) -> str | None:
            found = session.page("job.search", {"title": wanted["title"]}, permission="jobsRead").records
            for record in found:
                if made_since(record, since) and all(record.get(key) == value for key, value in wanted.items()):
                    return str(record.get("id"))
            if len(found) >= PAGE_LIMIT:
                raise OutcomeUnknown(
                    "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN",
                    f"Ashby has {PAGE_LIMIT} jobs or more of such a title and shows no others: look there.",
                )
            return None

        return find


def _check_new(fields: Mapping[str, Any]) -> None:
    problems: list[tuple[str, str]] = []
    if "description" in fields:
        problems.append(("description", "cannot be given yet: a new job has no posting, and Ashby makes it"))
    if fields.get("status") == "CLOSED":
        problems.append(("status", "must be DRAFT, OPEN or ARCHIVED for a new job"))
    if fields.get("status") == "OPEN" and "planId" not in fields:
        problems.append(("planId", "is required to open a job"))
    if problems:
        raise invalid(*problems)


def _body(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {theirs: fields[ours] for ours, theirs in _PARAMETERS.items() if ours in fields}


def _status_conflict(refused: UnifiedError, job: Record | None, status: str) -> UnifiedError:
    present = (job or {}).get("status")
    if job is None or present not in _MOVES:
        return refused
    if status in _MOVES[present]:
        problem = FieldProblem("status", f"cannot become {status}: Ashby opens a job only with an interview plan")
        if status != "OPEN" or job.get("defaultInterviewPlanId") is not None:
            return refused
    else:
        allowed = " or ".join(_MOVES[present])
        problem = FieldProblem(
            "status", f"cannot become {status}: the job is {_STATUSES[present]}, which can only become {allowed}"
        )
    return UpstreamFailure(
        "CONNECTOR::OPERATION::CONFLICT",
        f"The job's status {problem.message}.",
        fields=[problem],
        upstream=refused.upstream,
    )


def _write_description(session: AshbySession, steps: Steps, record: Record, fields: Mapping[str, Any]) -> Record:
    if "description" not in fields:
        return record

    def send() -> Record:
        postings = texts(record.get("jobPostingIds"))
        if len(postings) != 1:
            has = f"has {len(postings)} postings" if postings else "has no posting"
            raise invalid(
                ("description", f"cannot be written: the job {has} that is published, and it belongs to a posting")
            )
        body = {
            "jobPostingId": postings[0],
            "description": {"type": "text/html", "content": fields["description"]},
        }
        with told_in(Words({"description": "description", "content": "description"})):
            return session.record("jobPosting.update", body, permission="jobsWrite")

    posting = steps.write(("description",), send)
    return record if posting is None else {**record, "jobPosting": posting}


def _write_team(session: AshbySession, steps: Steps, record: Record, fields: Mapping[str, Any]) -> Record:
    if "hiringTeam" not in fields:
        return record
    wanted = [hiring_team.Seat(member["user"], member["role"]) for member in fields["hiringTeam"]]
    owner = {"jobId": str(record.get("id"))}
    return hiring_team.change(session, steps, "hiringTeam", hiring_team.OF_JOB, record, owner, wanted)


def _posting(session: AshbySession, job: Record) -> Record | None:
    postings = texts(job.get("jobPostingIds"))
    if not postings:
        return None
    try:
        return session.record("jobPosting.info", {"jobPostingId": postings[0]}, permission="jobsRead")
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return unavailable(failed)


def _departments(session: AshbySession, ids: Sequence[Any]) -> Mapping[str, Record]:
    """Read the departments named: a single one by itself, more from the list of all."""
    named = sorted({one for one in ids if isinstance(one, str)})
    try:
        if len(named) <= 1:
            return {
                one: session.record("department.info", {"departmentId": one}, permission="organizationRead")
                for one in named
            }
        body = {"limit": PAGE_LIMIT, "includeArchived": True}
        found = session.everything("department.list", body, permission="organizationRead")
        return {str(department.get("id")): department for department in found}
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return dict.fromkeys(named, unavailable(failed))


MODEL = Jobs()
