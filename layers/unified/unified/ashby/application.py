"""``atsApplication`` is Ashby's application.

Where it stands is its stage; its status follows from the stage's type. Archiving is a move to an ARCHIVED stage with
a reason. The recruiter is the member of its hiring team in the role that Ashby calls Recruiter, and nobody where no
one has it: ``creditedTo`` is somebody else, the one who brought the candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from unified.ashby import hiring_team
from unified.ashby.base import AshbyModel, made_since
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity
from unified.ashby.hints import Make, whole
from unified.ashby.queries import milliseconds, one_of, page_of, position
from unified.ashby.reading import an_object, renamed, texts
from unified.ashby.refusals import Words, invalid, told_in
from unified.ashby.steps import Steps, together, unavailable
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, Missing, Unauthorized, UnifiedError
from unified.mapping import Mapper, Row
from unified.models.ats import ATS_APPLICATION
from unified.models.moments import now_iso
from unified.models.types import Unfit

RECRUITER = "Recruiter"

_READ = ("candidatesRead",)
_WRITE = ("candidatesWrite",)
_TO_THEIRS = {"LEAD": "Lead", "ACTIVE": "Active", "HIRED": "Hired", "ARCHIVED": "Archived"}
_STATUSES = {theirs: ours for ours, theirs in _TO_THEIRS.items()}
_REASON_TYPES = {
    "RejectedByCandidate": "REJECTED_BY_CANDIDATE",
    "RejectedByOrg": "REJECTED_BY_ORG",
    "Other": "OTHER",
}
_IN_FULL = whole("application", texts=("createdAt", "updatedAt", "status"), objects=("candidate", "job"))
_UPDATES: Mapping[str, Make] = dict.fromkeys(
    ("applicationUpdate", "candidateHire", "candidateStageChange", "pushToHRIS"), _IN_FULL
)
_SILENT_IMPORT = "Ashby sends no webhook for a bulk import or an integration's: the sweep finds them."
_read_reason_type = renamed("reasonType", _REASON_TYPES)
# What application.create and application.update both take.
_ATTRIBUTES = {"sourceId": "sourceId", "creditedTo": "creditedToUserId", "appliedDate": "createdAt"}
_STAGE_RULE = "must be a stage of the interview plan of the application's job"
_WORDS = Words(
    {
        "candidateId": "candidate",
        "jobId": "job",
        "interviewStageId": "stage",
        "interviewPlanId": "stage",
        "applicationHistory": "stage",
        "archiveReasonId": "archiveReasonId",
        **{theirs: ours for ours, theirs in _ATTRIBUTES.items()},
    },
    {
        "candidate_not_found": FieldProblem("candidate", "names a candidate that Ashby does not have"),
        "job_not_found": FieldProblem("job", "names a job that Ashby does not have"),
        "interview_plan_not_found": FieldProblem("job", "names a job that has no interview plan"),
        "interview_stage_not_found": FieldProblem("stage", _STAGE_RULE),
        "archive_reason_not_found": FieldProblem("archiveReasonId", "names a reason that Ashby does not have"),
        "source_not_found": FieldProblem("sourceId", "names a source that Ashby does not have"),
        "user_not_found": FieldProblem("creditedTo", "names a user that Ashby does not have"),
        "opening_in_use": FieldProblem("stage", "would fill an opening that another application has taken"),
    },
    {
        "archiveReasonId": "it is needed for a stage of the type ARCHIVED, and for no other",
        "stage": f"it {_STAGE_RULE}, and hiring may need an approved offer or an opening first",
    },
    ("opening_in_use",),
)
_FILTER_WORDS = Words(
    {
        "jobId": "filter[job]",
        "id": "filter[candidate]",
        "createdAfter": "filter[createdAfter]",
        "createdBefore": "filter[createdBefore]",
    },
    {"candidate_not_found": FieldProblem("filter[candidate]", "names a candidate that Ashby does not have")},
)


def _reason_type(record: Record) -> Any:
    reason = record.get("archiveReason")
    return None if reason is None else _read_reason_type(reason)


def _recruiter(record: Record) -> Any:
    for member in record.get("hiringTeam") or ():
        if member.get("role") == RECRUITER:
            return member.get("userId")
    return None


def _offers(record: Record) -> Any:
    offers = record.get("offers")
    if isinstance(offers, dict):
        raise Unfit(cast(Record, offers)["unavailable"])
    return None if offers is None else [offer.get("id") for offer in offers]


class Applications(AshbyModel):
    """Applications in every status."""

    model = ATS_APPLICATION
    mapper = Mapper(
        ATS_APPLICATION,
        (
            Row("candidate", "candidate.id", writable=True, required=True),
            Row("job", "job.id", writable=True, required=True),
            Row("stage", "currentInterviewStage.id", writable=True),
            Row("status", renamed("status", _STATUSES), remote="status"),
            Row("appliedDate", "createdAt", writable=True),
            Row("recruiter", _recruiter, writable=True, remote="hiringTeam"),
            Row("creditedTo", "creditedToUser.id", writable=True),
            Row("source", "source.title"),
            Row("sourceId", "source.id", writable=True),
            Row("archiveReason", "archiveReason.text"),
            Row("archiveReasonId", "archiveReason.id", writable=True),
            Row("archiveReasonType", _reason_type, remote="archiveReason.reasonType"),
            Row("archivedAt", "archivedAt"),
            Row("hiringTeam", hiring_team.read, remote="hiringTeam"),
            Row("offers", _offers, remote="offers"),
        ),
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ, sometimes=("offersRead",)),
        Operation.RETRIEVE: Capability("native", _READ, sometimes=("offersRead",)),
        Operation.CREATE: Capability("native", _WRITE, sometimes=("candidatesRead", "interviewsRead")),
        Operation.UPDATE: Capability("native", _WRITE, sometimes=("candidatesRead", "interviewsRead")),
        Operation.DELETE: Capability("native", ("candidatesDelete",)),
        Operation.FIELD_READ: Capability("native", ("hiringProcessMetadataRead",)),
        Operation.FIELD_WRITE: Capability("native", ("hiringProcessMetadataWrite",)),
    }
    filters: Mapping[str, str] = {
        "job": "Applications for this job.",
        "candidate": "Applications of this candidate (candidate.info, then application.info of each).",
        "status": "Applications in this one status.",
        "createdAfter": "Applications made after this time.",
        "createdBefore": "Applications made before this time.",
    }
    custom_object = "Application"
    extras = frozenset({"offers"})
    syncs = True
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("native", "incremental", ("applicationSubmit",), reason=_SILENT_IMPORT),
        "updated": EventSource("native", "incremental", tuple(_UPDATES)),
        "deleted": EventSource(
            "sweep", "full", reason="Ashby has no webhook for it, and candidateDelete does not name them."
        ),
    }
    hinted_by: Mapping[str, Make] = {"applicationSubmit": _IN_FULL, **_UPDATES}

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``application.list``, or by the ids that a candidate's record holds."""
        status = one_of(query, "status", _TO_THEIRS)
        window = milliseconds(query, "createdAfter", "createdBefore")
        with told_in(_FILTER_WORDS):
            if "candidate" in query.filters:
                return _of_candidate(session, query, status, window)
            body: dict[str, Any] = {**page_of(query), **window}
            if status is not None:
                body["status"] = status
            if "job" in query.filters:
                body["jobId"] = query.filters["job"]
            return session.page("application.list", body, permission="candidatesRead")

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``application.info``."""
        body = {"applicationId": identity(record_id)}
        return session.record("application.info", body, permission="candidatesRead")

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Add ``offers``: those of each application (``offer.list``)."""
        found = together(lambda record: _offers_of(session, str(record.get("id"))), records)
        return [{**record, "offers": offers} for record, offers in zip(records, found, strict=True)]

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``application.create``, with the stage's plan and an archive reason where there are; then recruiter.

        ``application.create`` takes an archive reason only in the history of the application, whose one step is then
        its stage.
        """
        if "archiveReasonId" in fields and "stage" not in fields:
            raise invalid(("archiveReasonId", "goes with a stage of the type ARCHIVED: name it"))
        body: dict[str, Any] = {"candidateId": fields["candidate"], "jobId": fields["job"], **_attributes(fields)}
        if "stage" in fields:
            stage = _stage(session, fields)
            body["interviewPlanId"] = stage.get("interviewPlanId")
            if "archiveReasonId" in fields:
                step = {
                    "stageId": fields["stage"],
                    "stageNumber": 0,
                    "enteredStageAt": fields.get("appliedDate") or now_iso(),
                    "archiveReasonId": fields["archiveReasonId"],
                }
                body["applicationHistory"] = [step]
            else:
                body["interviewStageId"] = fields["stage"]
        with told_in(_WORDS):
            record = session.record("application.create", body, permission="candidatesWrite")
        steps = Steps(wrote=True)
        if "recruiter" in fields:
            record = self._give_recruiter(session, steps, record, fields["recruiter"])
        return Written(record, steps.not_written)

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change the stage by ``changeStage`` or ``transfer``, then the rest by ``update``, then the recruiter.

        The stage comes first: it is what Ashby most often refuses, and then nothing is written.
        """
        _check_change(fields)
        steps = Steps()
        record: Record = {"id": identity(record_id)}
        if "stage" in fields:
            moved = [key for key in ("job", "stage", "archiveReasonId") if key in fields]
            record = steps.write(moved, lambda: _move(session, record_id, fields)) or record
        attributes = _attributes(fields)
        if attributes:
            body = {"applicationId": record_id, **attributes, "sendNotifications": False}

            def send() -> Record:
                with told_in(_WORDS):
                    return session.record("application.update", body, permission="candidatesWrite")

            record = steps.write([key for key in _ATTRIBUTES if key in fields], send) or record
        if "recruiter" in fields:
            if "status" not in record:
                record = steps.look(("recruiter",), lambda: self.retrieve(session, record_id)) or record
            if "status" in record:
                record = self._give_recruiter(session, steps, record, fields["recruiter"])
        return Written(record, steps.not_written)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Delete by ``application.delete``: for good, unlike archiving."""
        session.call("application.delete", {"applicationId": identity(record_id)}, permission="candidatesDelete")

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Find an application of this candidate for this job that was made since then: a create's own."""

        def find(session: AshbySession, since: int) -> str | None:
            for record in _all_of_candidate(session, fields["candidate"]):
                applied = fields.get("appliedDate")
                fits = made_since(record, since) if applied is None else record.get("createdAt") == applied
                if fits and an_object(record.get("job")).get("id") == fields["job"]:
                    return str(record.get("id"))
            return None

        return find

    def _give_recruiter(self, session: AshbySession, steps: Steps, record: Record, user: str) -> Record:
        others = [seat for seat in hiring_team.seats(record) if seat.role.casefold() != RECRUITER.casefold()]
        return hiring_team.change(
            session,
            steps,
            "recruiter",
            hiring_team.OF_APPLICATION,
            record,
            {"applicationId": str(record.get("id"))},
            [*others, hiring_team.Seat(user, RECRUITER)],
        )


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {theirs: fields[ours] for ours, theirs in _ATTRIBUTES.items() if ours in fields}


def _check_change(fields: Mapping[str, Any]) -> None:
    problems: list[tuple[str, str]] = []
    if "candidate" in fields:
        problems.append(("candidate", "cannot be changed: an application stays its candidate's"))
    if "job" in fields and "stage" not in fields:
        problems.append(("stage", "is required to move the application to another job: one of that job's stages"))
    if "archiveReasonId" in fields and "stage" not in fields:
        problems.append(("archiveReasonId", "goes with a stage of the type ARCHIVED: name it"))
    if "archiveReasonId" in fields and "job" in fields:
        problems.append(("archiveReasonId", "cannot be given while the application moves to another job"))
    if problems:
        raise invalid(*problems)


def _stage(session: AshbySession, fields: Mapping[str, Any]) -> Record:
    """Read the stage that is to be written, for its plan. Raises ``Invalid`` for an archive reason that is not its."""
    with told_in(_WORDS):
        stage = session.record(
            "interviewStage.info", {"interviewStageId": fields["stage"]}, permission="interviewsRead"
        )
    archived = stage.get("type") == "Archived"
    if "archiveReasonId" in fields and not archived:
        raise invalid(("archiveReasonId", "goes with a stage of the type ARCHIVED, which this one is not"))
    if archived and "archiveReasonId" not in fields:
        raise invalid(("archiveReasonId", "is required for a stage of the type ARCHIVED"))
    return stage


def _move(session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Record:
    body = {"applicationId": record_id, "interviewStageId": fields["stage"]}
    endpoint = "application.changeStage"
    if "job" in fields:
        endpoint = "application.transfer"
        plan = _transfer_plan(session, fields)
        body.update({"jobId": fields["job"], "interviewPlanId": plan})
    elif "archiveReasonId" in fields:
        body["archiveReasonId"] = fields["archiveReasonId"]
    with told_in(_WORDS):
        return session.record(endpoint, body, permission="candidatesWrite")


def _transfer_plan(session: AshbySession, fields: Mapping[str, Any]) -> str:
    with told_in(_WORDS):
        stage = session.record(
            "interviewStage.info", {"interviewStageId": fields["stage"]}, permission="interviewsRead"
        )
    if stage.get("type") == "Archived":
        raise invalid(("stage", "cannot be of the type ARCHIVED while the application moves to another job"))
    return str(stage.get("interviewPlanId"))


def _of_candidate(session: AshbySession, query: ListQuery, status: str | None, window: Mapping[str, int]) -> Page:
    """Read the applications of one candidate whose ids stand at the cursor, and keep those that fit the other filters.

    All of the candidate's are gone through, so the list is whole, though a page may be short.
    """
    ids = _application_ids(session, query.filters["candidate"])
    start = position(query)
    end = start + query.limit
    asked = ids[start:end]
    found = [record for record in together(lambda one: _one(session, one), asked) if record is not None]
    job = query.filters.get("job")
    fitting = [
        record
        for record in found
        if (status is None or record.get("status") == status)
        and (job is None or an_object(record.get("job")).get("id") == job)
        and _made_within(record, window)
    ]
    hidden = len(asked) - len(found)
    warnings = (f"{hidden} of the candidate's applications are hidden from this key.",) if hidden else ()
    return Page(fitting, str(end) if end < len(ids) else None, warnings)


def _application_ids(session: AshbySession, candidate: str) -> list[str]:
    record = session.record("candidate.info", {"id": candidate}, permission="candidatesRead")
    return texts(record.get("applicationIds"))


def _all_of_candidate(session: AshbySession, candidate: str) -> list[Record]:
    try:
        ids = _application_ids(session, candidate)
    except Missing:
        return []
    return [record for record in together(lambda one: _one(session, one), ids) if record is not None]


def _one(session: AshbySession, application: str) -> Record | None:
    """Read one application; None for one that is hidden from the key or was deleted meanwhile."""
    try:
        return session.record("application.info", {"applicationId": application}, permission="candidatesRead")
    except Missing:
        return None


def _offers_of(session: AshbySession, application: str) -> Any:
    body = {"limit": PAGE_LIMIT, "applicationId": application}
    try:
        return session.everything("offer.list", body, permission="offersRead")
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return unavailable(failed)


def _made_within(record: Record, window: Mapping[str, int]) -> bool:
    if not window:
        return True
    try:
        made = datetime.fromisoformat(str(record.get("createdAt"))).timestamp() * 1000
    except ValueError:
        return False
    return window.get("createdAfter", made - 1) < made < window.get("createdBefore", made + 1)


MODEL = Applications()
