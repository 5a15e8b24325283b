"""A small connected account with one model, as the ledger's tests need it: records, lists, changes since a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from unified.connections.records import Reference
from unified.connections.watch import Watch
from unified.connector import Capability, ListQuery, Operation, Page, Record
from unified.errors import Missing, SyncTokenExpired, UpstreamFailure
from unified.ledger.decisions import Policy
from unified.ledger.ledger import Entries, Ledger, Teller
from unified.ledger.subject import Subject
from unified.mapping import Mapper, Row
from unified.mapping.custom import NO_MAPPING
from unified.models import Field, Model
from unified.models.moments import iso
from unified.models.types import Text

WATCH = Watch(Reference("prj_1", "ashby", "acme"), "g1", "pk_test")
THING = Model("thing", "Thing", "What there is.", (Field("name", Text(), "What it is called."),))
ROWS = (Row("name", "name"),)
START = 1_800_000_000.0
COMPLETE = Policy(is_complete=True, watched_from="")


def moment(seconds: float) -> str:
    """Spell a time as records do, in whole milliseconds."""
    return iso(datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC))


class Account:
    """Records by id, and every state that each was ever in (None where there was none)."""

    def __init__(self) -> None:
        self.now = START
        self.records: dict[str, Record] = {}
        self.history: dict[str, list[Record | None]] = {}
        self.serial = 0
        self.changed: dict[str, int] = {}

    def put(self, record_id: str, name: str, **more: Any) -> Record:
        """Make or change a record."""
        before = self.records.get(record_id, {"id": record_id, "createdAt": moment(self.now)})
        record = {**before, "name": name, "updatedAt": moment(self.now), **more}
        self._set(record_id, record)
        return record

    def remove(self, record_id: str) -> None:
        """Delete a record."""
        self._set(record_id, None)

    def _set(self, record_id: str, record: Record | None) -> None:
        self.serial += 1
        self.changed[record_id] = self.serial
        self.history.setdefault(record_id, [None]).append(record)
        if record is None:
            del self.records[record_id]
        else:
            self.records[record_id] = record


class Things:
    """The model of that account, as far as the ledger calls it.

    Pages hold ``page_size`` records in order of id. ``fail`` is called before each page with its cursor and may raise.
    """

    model = THING
    syncs = True
    unhashed: frozenset[str] = frozenset()
    capabilities: Mapping[Operation, Capability] = {Operation.RETRIEVE: Capability("native")}

    def __init__(self, account: Account, *, page_size: int = 2, has_times: bool = True) -> None:
        self.account = account
        self.page_size = page_size
        self.mapper = Mapper(
            THING, ROWS, created_at="createdAt" if has_times else None, updated_at="updatedAt" if has_times else None
        )
        self.fail: Callable[[str | None], None] = lambda _cursor: None
        self.oldest_token = 0
        self.groups_end = ""
        self.looked_up: list[str] = []

    def sweep(self, session: Any, query: ListQuery) -> Page:
        self.fail(query.cursor)
        since = 0 if query.sync_token is None else int(query.sync_token)
        if since < self.oldest_token:
            raise SyncTokenExpired("MORPH::CONNECTION::PROXY::BAD_REQUEST", "This token is too old.")
        names = sorted(name for name, serial in self.account.changed.items() if serial > since)
        position = 0 if query.cursor is None else int(query.cursor)
        shown = names[position : position + self.page_size]
        here = [dict(self.account.records[name]) for name in shown if name in self.account.records]
        end = position + self.page_size
        if end < len(names):
            return Page(here, str(end), groups=self._groups(shown))
        return Page(here, sync_token=str(self.account.serial), groups=self._groups(shown))

    def _groups(self, names: Sequence[str]) -> Sequence[str]:
        parts = {name.partition(self.groups_end)[0] for name in names} if self.groups_end else set[str]()
        return [part + self.groups_end for part in sorted(parts)]

    def retrieve(self, session: Any, record_id: str) -> Record:
        self.looked_up.append(record_id)
        found = self.account.records.get(record_id)
        if found is None:
            raise Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", "There is no such record.")
        return dict(found)

    def members(self, session: Any, group: str) -> Sequence[Record]:
        return [dict(record) for name, record in self.account.records.items() if name.startswith(group)]

    def is_restricted(self, record: Record) -> bool:
        return record.get("confidential") is True


def failure(code: str = "MORPH::CONNECTION::PROXY::SERVER_ERROR", permission: str | None = None) -> UpstreamFailure:
    """Return what a call that the account did not answer raises."""
    return UpstreamFailure(code, "The account did not answer.", permission=permission)


def whole(resource: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Keep an event's resource readable, in the place of sealing it."""
    return {"text": json.dumps([resource["fields"].get("name"), resource["updatedAt"]]).encode()}


def subject(
    model: Any,
    entries: Entries,
    clock: Callable[[], float],
    policy: Policy = COMPLETE,
    wanted: Sequence[str] = ("*",),
) -> Subject:
    """Return the way into a ledger over ``entries``."""
    ledger = Ledger(WATCH, THING.id, entries, policy, Teller(wanted, (), whole))
    return Subject(model, NO_MAPPING, ledger, clock=clock)
