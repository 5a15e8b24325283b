"""The state of the fake organisation and the only code that changes it.

Every change goes through `save` or `delete`, and from there through `_record_change`, which numbers it, feeds the
sync tokens and tells the subscribers, of which `sandbox.webhooks` is one.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from sandbox import moments
from sandbox.config import SandboxConfig
from sandbox.identifiers import identifier_at
from sandbox.search import CandidateSearch
from sandbox.seed import applications, candidates, metadata
from sandbox.table import Record, Table


@dataclass(frozen=True)
class Change:
    """One change of one record.

    `number` counts changes of the whole organisation from 1. `kind` is the table's name, `action` is `created`,
    `updated`, `deleted`, or a more telling word such as `merged` or `anonymized`; `detail` holds what else a
    subscriber needs, e.g. the survivor of a merge.
    """

    number: int
    kind: str
    identifier: str
    action: str
    at: str
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


Subscriber = Callable[[Change], None]


class Organisation:
    """One organisation in Ashby: tables of records, and a numbered log of their changes.

    Hold `lock` around anything that reads and then writes; the request dispatcher already does for each call.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.lock = RLock()
        self.seed = config.seed
        people = candidates.CandidateGenerator(config.seed, config.candidates)
        self.people = people
        self.candidates = Table(people)
        self.pipeline = applications.ApplicationGenerator(people)
        self.applications = Table(self.pipeline)
        self.users = Table()
        self.candidate_tags = Table()
        self.sources = Table()
        self.archive_reasons = Table()
        self.brands = Table()
        self.departments = Table()
        self.locations = Table()
        self.custom_fields = Table()
        self.projects = Table()
        self.webhooks = Table()
        self.interview_stage_groups = Table()
        self.interview_plans = Table()
        self.interview_stages = Table()
        self.hiring_team_roles = Table()
        self.close_reasons = Table()
        self.job_templates = Table()
        self.jobs = Table()
        self.job_postings = Table()
        self.openings = Table()
        self.interviews = Table()
        self.interviewer_pools = Table()
        self.interview_schedules = Table()
        self.interview_events = Table()
        self.offer_processes = Table()
        self.offer_forms = Table()
        self.offers = Table()
        self.approvals = Table()
        # By the name a change carries and by which other categories find a table, e.g. customField.setValue.
        self.tables: dict[str, Table] = {
            "candidate": self.candidates,
            "application": self.applications,
            "user": self.users,
            "candidate_tag": self.candidate_tags,
            "source": self.sources,
            "archive_reason": self.archive_reasons,
            "brand": self.brands,
            "department": self.departments,
            "location": self.locations,
            "custom_field": self.custom_fields,
            "project": self.projects,
            "webhook": self.webhooks,
            "interview_stage_group": self.interview_stage_groups,
            "interview_plan": self.interview_plans,
            "interview_stage": self.interview_stages,
            "hiring_team_role": self.hiring_team_roles,
            "close_reason": self.close_reasons,
            "job_template": self.job_templates,
            "job": self.jobs,
            "job_posting": self.job_postings,
            "opening": self.openings,
            "interview": self.interviews,
            "interviewer_pool": self.interviewer_pools,
            "interview_schedule": self.interview_schedules,
            "interview_event": self.interview_events,
            "offer_process": self.offer_processes,
            "offer_form": self.offer_forms,
            "offer": self.offers,
            "approval": self.approvals,
        }
        # Ids that were merged away, each with the candidate that survived.
        self.merged: dict[str, str] = people.merged_identifiers()
        self.recent_changes: deque[Change] = deque(maxlen=10_000)
        self.last_change = 0
        self._notes: dict[str, Table] = {}
        self._made: dict[str, int] = {}
        self._subscribers: list[Subscriber] = []
        self.search = CandidateSearch(self.candidates, people)
        metadata.fill(self)

    # -- reading ---------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Return the current time in Unix milliseconds."""
        return int(self.config.clock() * 1000)

    def notes(self, candidate_id: str) -> Table:
        """Return the notes of one candidate (a table of its own, since notes are paged and synced per candidate)."""
        return self._notes.setdefault(candidate_id, Table())

    def new_identifier(self, kind: str) -> str:
        """Return a fresh id; the n-th one of a kind is the same in every run with the same seed."""
        count = self._made.get(kind, 0)
        self._made[kind] = count + 1
        return identifier_at(self.seed, f"new/{kind}", count)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have a function called after every change, in the changing thread and under the lock."""
        self._subscribers.append(subscriber)

    def candidate_by_external_id(self, external_id: str) -> Record | None:
        """Return the candidate known to an HRIS by this id; only seeded candidates have one."""
        position = self.people.position_of_external(external_id)
        record = None if position is None else self.candidates.at(position)
        return record if record is not None and record["externalMappingId"] == external_id else None

    def candidate_card(self, identifier: str) -> Record | None:
        """Return a candidate, or of an unchanged one only its id, name and contacts, which costs much less."""
        position = self.candidates.position_of(identifier)
        if position is None or position >= self.people.size or self.candidates.is_changed(position):
            return self.candidates.get(identifier)
        return self.people.card(position)

    def history(self, application: Record) -> list[Record]:
        """Return the stages an application went through, oldest first: `{id, stageId, enteredStageAt, actorId}`."""
        if application["history"] is not None:
            return application["history"]
        position = self.applications.position_of(application["id"])
        return [] if position is None else self.pipeline.history(position)

    def where(self, kind: str, name: str, value: Any) -> list[Record]:
        """Return the records of a small table whose field has a value."""
        return [record for record in self.tables[kind] if record[name] == value]

    def blank_candidate(self, name: str, *, created_at: int) -> Record:
        """Return a new candidate with only a name, not yet saved."""
        return candidates.blank(self.new_identifier("candidate"), name, created_at)

    # -- changing --------------------------------------------------------------------------------------------------

    def save(self, kind: str, record: Record, *, action: str = "", detail: Mapping[str, Any] | None = None) -> Record:
        """Add or replace a record and record the change; sets `updatedAt` where the kind has one.

        `action` defaults to `created` or `updated`. Returns the stored record.
        """
        stored = dict(record)
        if "updatedAt" in stored:
            stored["updatedAt"] = self.now()
        added = self.tables[kind].put(stored)
        if kind == "candidate":
            self.search.refresh(stored)
        self._record_change(kind, stored["id"], action or ("created" if added else "updated"), detail)
        return stored

    def save_note(self, candidate_id: str, note: Record) -> Record:
        """Add a note to a candidate and record the change."""
        table = self.notes(candidate_id)
        table.put(note)
        self._record_change("note", note["id"], "created", {"candidateId": candidate_id}, table=table)
        return note

    def delete(
        self, kind: str, identifier: str, *, action: str = "deleted", detail: Mapping[str, Any] | None = None
    ) -> bool:
        """Remove a record and record the change; return whether there was one."""
        removed = self.tables[kind].remove(identifier)
        if removed:
            self._record_change(kind, identifier, action, detail)
        return removed

    def merge_candidates(self, survivor_id: str, loser_id: str) -> Record:
        """Merge one candidate into another: the loser's id goes away, its applications and contacts move.

        Raises KeyError if either does not exist and ValueError if both are the same.
        """
        survivor, loser = self.candidates.get(survivor_id), self.candidates.get(loser_id)
        if survivor is None or loser is None:
            raise KeyError(loser_id if loser is None else survivor_id)
        if survivor_id == loser_id:
            raise ValueError("A candidate cannot be merged with itself")
        for application_id in loser["applicationIds"]:
            application = self.applications.get(application_id)
            if application is not None:
                self.save("application", {**application, "candidateId": survivor_id}, action="merged")
        self.merged[loser_id] = survivor_id
        combined = {
            **survivor,
            "applicationIds": survivor["applicationIds"] + loser["applicationIds"],
            "emailAddresses": _joined(survivor["emailAddresses"], loser["emailAddresses"]),
            "phoneNumbers": _joined(survivor["phoneNumbers"], loser["phoneNumbers"]),
            "tagIds": survivor["tagIds"] + [tag for tag in loser["tagIds"] if tag not in survivor["tagIds"]],
        }
        saved = self.save("candidate", combined)
        self.delete("candidate", loser_id, action="merged", detail={"survivorId": survivor_id})
        return saved

    def _record_change(
        self,
        kind: str,
        identifier: str,
        action: str,
        detail: Mapping[str, Any] | None,
        *,
        table: Table | None = None,
    ) -> None:
        self.last_change += 1
        (table or self.tables[kind]).note_change(self.last_change, identifier)
        change = Change(self.last_change, kind, identifier, action, moments.iso(self.now()), detail or {})
        self.recent_changes.append(change)
        for subscriber in self._subscribers:
            subscriber(change)


def _joined(ours: list[Record], theirs: list[Record]) -> list[Record]:
    """Return our contacts and those of theirs we lack; ours stay primary."""
    known = {contact["value"].casefold() for contact in ours}
    added: list[Record] = [{**contact, "isPrimary": not ours and contact["isPrimary"]} for contact in theirs]
    return ours + [contact for contact in added if contact["value"].casefold() not in known]
