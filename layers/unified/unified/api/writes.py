"""One write to its one outcome, with or without an ``Idempotency-Key``, and how the answer tells of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from unified.api import idempotency
from unified.api.access import Access
from unified.api.idempotency import Outcome
from unified.connector import ConnectorModel, Operation, Written
from unified.errors import Missing, UnifiedError
from unified.mapping import Record
from unified.mapping.custom import FieldMapping
from unified.table import table

Lookup = Callable[[Any, int], str | None]
Resume = Callable[[Any, str, Collection[str]], Written]


class Write(NamedTuple):
    """A write as asked for. ``record_id`` is that of the record to change, None for one to make."""

    access: Access
    model: ConnectorModel
    mapping: FieldMapping
    operation: Operation
    body: Mapping[str, Any]
    key: str | None
    record_id: str | None = None

    def again(
        self,
        session: Any,
        record_id: str,
        fields: Mapping[str, Any],
        values: Mapping[str, Any],
        names: Collection[str] | None = None,
    ) -> Written:
        """Change a record's fields and custom values, or of these only ``names``."""
        chosen = {name: value for name, value in fields.items() if names is None or name in names}
        mapped = {name: value for name, value in values.items() if names is None or name in names}
        # With custom values alone, a failure is the whole write's: nothing else was written.
        if not chosen and mapped:
            self.model.write_custom(session, record_id, self.mapping.field_ids(mapped))
            return Written(self.model.retrieve(session, record_id))
        return self.with_custom(session, self.model.update(session, record_id, chosen), mapped)

    def with_custom(self, session: Any, written: Written, values: Mapping[str, Any]) -> Written:
        """Write custom values to a record that was just written; what fails is told, and does not undo the record."""
        if not values:
            return written
        record_id = str(written.record.get("id"))
        try:
            self.model.write_custom(session, record_id, self.mapping.field_ids(values))
            return Written(self.model.retrieve(session, record_id), written.not_written)
        except UnifiedError as refused:
            return Written(written.record, {**written.not_written, **dict.fromkeys(values, refused.detail)})

    def bring(
        self, *, write: Callable[[Any], Written], lookup: Lookup | None, resume: Resume, whole: bool
    ) -> dict[str, Any]:
        """Write, or replay, resume or settle what an earlier request with the same key did; returns the answer."""
        return self.access.run(
            lambda session: self._bring(session, write, lookup, resume, whole=whole),
            self.model.capabilities[self.operation],
        )

    def bring_deletion(self, delete: Callable[[Any], None]) -> None:
        """Delete, once: a record that an earlier request with the same key has deleted is deleted."""

        def work(session: Any) -> None:
            if self.key is None:
                delete(session)
                return
            attempt = self._begin()
            gone = Outcome(str(self.record_id), {})

            def write() -> Outcome:
                try:
                    delete(session)
                except Missing:
                    if not attempt.settle:
                        raise
                return gone

            idempotency.run(attempt, write=write, find=lambda _since: None, resume=lambda outcome: outcome)

        self.access.run(work, self.model.capabilities[self.operation])

    def _begin(self) -> idempotency.Attempt:
        route = f"{self.operation} {self.model.model.id} {self.record_id or ''}"
        return idempotency.begin(
            table(), self.access.connection.reference, self.key or "", route=route, body=self.body, clock=time.time
        )

    def _bring(
        self,
        session: Any,
        write: Callable[[Any], Written],
        lookup: Lookup | None,
        resume: Resume,
        *,
        whole: bool,
    ) -> dict[str, Any]:
        if self.key is None:
            written = write(session)
            return self._answer(written.record, written.not_written, whole=whole)
        record: Record | None = None

        def remember(written: Written) -> Outcome:
            nonlocal record
            record = written.record
            return Outcome(self.record_id or str(record.get("id")), written.not_written)

        ended = idempotency.run(
            self._begin(),
            write=lambda: remember(write(session)),
            find=None if lookup is None else lambda since: lookup(session, since),
            resume=lambda before: remember(resume(session, before.record_id, before.not_written)),
        )
        if record is None and whole:
            record = self.model.retrieve(session, ended.record_id)
        return self._answer(record or {"id": ended.record_id}, ended.not_written, whole=whole)

    def _answer(self, record: Record, not_written: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
        resource = self.model.mapper.resource(record, mapping=self.mapping)
        if not whole:
            names = ("model", "id", "remote")
            resource = {"object": "resourceRef", **{name: resource[name] for name in names}}
        if not_written:
            resource["warnings"] = [
                *resource.get("warnings", []),
                *(
                    {"code": "CONNECTOR::OPERATION::PARTLY_WRITTEN", "message": f"{key} was not written: {why}"}
                    for key, why in not_written.items()
                ),
            ]
        return resource
