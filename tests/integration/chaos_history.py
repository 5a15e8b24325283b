"""What the records of the sandbox's account really held, one content after the other, as a sweep would see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox import application_views, interview_views, job_views, offer_views, views
from sandbox.credentials import Principal
from sandbox.organisation import Change, Organisation
from sandbox.table import Record
from unified.ashby.schedules import events_of
from unified.connector import ConnectorModel, ListQuery, load_connector

Place = tuple[str, str]
"""A record: its model's id and its own."""

GONE = ""
# Kinds of the sandbox's records that are records of a model alone.
_ALONE = {
    "candidate": "genericContact",
    "application": "atsApplication",
    "interview": "scheduleEventType",
    "job": "atsJob",
    "interview_stage": "atsApplicationStage",
    "offer": "atsOffer",
}


class History:
    """Every content that each record had, in order and without one twice in a row; ``GONE`` for none.

    It listens to the organisation's changes, so it holds even what lasted for a moment only.
    """

    def __init__(self, organisation: Organisation, principal: Principal) -> None:
        self._organisation = organisation
        self._principal = principal
        connector = load_connector("ashby")
        self.models: dict[str, ConnectorModel] = {name: connector.load(name) for name in connector.model_ids}
        self._fields = {name: frozenset(model.mapper.rows) - model.unhashed for name, model in self.models.items()}
        self.contents: dict[Place, list[str]] = {}
        for kind in (*_ALONE, "user", "interviewer_pool", "interview_schedule", "brand"):
            for record in list(organisation.tables[kind]):
                self._look(kind, record["id"])
        organisation.subscribe(self._listen)

    def content(self, model: str, record: Record) -> tuple[str, str]:
        """Return a record's id and its content, spelled so that equal ones are equal texts."""
        resource = self.models[model].mapper.resource(record, only=self._fields[model])
        return resource["id"], spell(resource["fields"])

    def listed(self, session: Any) -> dict[Place, str]:
        """Read the account's whole state through its API, as a sweep does."""
        found: dict[Place, str] = {}
        for name, model in self.models.items():
            cursor: str | None = None
            while True:
                page = model.sweep(session, ListQuery(100, cursor))
                for record in page.records:
                    identity, content = self.content(name, record)
                    found[name, identity] = content
                cursor = page.next
                if cursor is None:
                    break
        return found

    def now(self) -> dict[Place, str]:
        """Return the last content of every record that is there."""
        return {place: contents[-1] for place, contents in self.contents.items() if contents[-1] != GONE}

    # Listening

    def _listen(self, change: Change) -> None:
        self._look(change.kind, change.identifier)
        if change.kind == "user":
            for kind in ("job", "application", "interview_event"):
                for record in list(self._organisation.tables[kind]):
                    if change.identifier in json.dumps(record):
                        self._look(kind, record["id"])

    def _look(self, kind: str, identity: str) -> None:
        """Note what a record holds now, and what those hold that are told with it."""
        record = self._organisation.tables[kind].get(identity) if kind in self._organisation.tables else None
        if kind in _ALONE:
            model = _ALONE[kind]
            self._note((model, identity), None if record is None else _VIEWS[kind](self, record))
        elif kind == "user":
            view = None if record is None else views.user(self._organisation, self._principal, record)
            self._note(("genericUser", identity), view)
            calendar = None if view is None else {"id": f"user:{identity}", "kind": "interviewer", "user": view}
            self._note(("scheduleCalendar", f"user:{identity}"), calendar)
        elif kind == "interviewer_pool":
            view = None if record is None else interview_views.pool(self._organisation, self._principal, record)
            calendar = None if view is None else {"id": f"pool:{identity}", "kind": "pool", "interviewerPool": view}
            self._note(("scheduleCalendar", f"pool:{identity}"), calendar)
        elif kind == "brand":
            first = next(iter(self._organisation.brands), None)
            self._note(("genericWorkspace", "organization"), {"id": "organization", "name": first and first["name"]})
        elif kind in ("interview_schedule", "interview_event"):
            held_by = None if record is None else record.get("interviewScheduleId")
            self._schedule(identity if kind == "interview_schedule" else held_by)

    def _schedule(self, identity: str | None) -> None:
        record = self._organisation.interview_schedules.get(identity or "")
        held: Iterable[Record] = ()
        if record is not None:
            held = events_of(interview_views.schedule(self._organisation, self._principal, record))
        here = {("scheduleEvent", str(event["id"])): event for event in held}
        for place, event in here.items():
            self._note(place, event)
        if identity is not None:
            for place in [place for place in self._events_of(identity) if place not in here]:
                self._note(place, None)

    def _events_of(self, schedule: str) -> list[Place]:
        return [place for place in self.contents if place[0] == "scheduleEvent" and f".{schedule}." in place[1]]

    def _note(self, place: Place, record: Record | None) -> None:
        content = GONE if record is None else self.content(place[0], record)[1]
        contents = self.contents.setdefault(place, [])
        if not contents and content == GONE:
            del self.contents[place]
        elif not contents or contents[-1] != content:
            contents.append(content)

    def view(self, kind: str, record: Record) -> Record:
        """Write a record as the lists of Ashby's API do."""
        organisation, principal = self._organisation, self._principal
        match kind:
            case "candidate":
                return views.candidate(organisation, principal, record)
            case "application":
                return application_views.application(organisation, principal, record)
            case "interview":
                return interview_views.interview(record)
            case "interview_stage":
                return application_views.stage(record)
            case "offer":
                return offer_views.summary(organisation, principal, record)
            case _:
                view = job_views.job(organisation, principal, record)
                return {**view, **job_views.expanded(organisation, principal, record, ["location"])}


_VIEWS: Mapping[str, Callable[[History, Record], Record]] = {
    kind: (lambda history, record, kind=kind: history.view(kind, record)) for kind in _ALONE
}


def spell(fields: Mapping[str, Any]) -> str:
    """Spell fields so that equal ones are equal texts."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


def is_told_in_order(told: Iterable[str], contents: Iterable[str]) -> bool:
    """Tell whether what was told are contents that were there, in the order in which they were."""
    left = iter(contents)
    return all(any(content == one for content in left) for one in told)
