"""One write to its one outcome, with or without an ``Idempotency-Key``, and how the answer tells of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from unified.api import idempotency
from unified.api.access import Access
from unified.api.idempotency import Outcome
from unified.connector import ConnectorModel, Operation, Written
from unified.errors import FieldProblem, Missing, UnifiedError
from unified.mapping import Record
from unified.mapping.custom import FieldMapping
from unified.table import table

# Seconds by which the provider's clock may differ from ours.
CLOCKS_DIFFER = 60

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
            self._write_custom(session, record_id, mapped)
            return Written({"id": record_id})
        return self.with_custom(session, self.model.update(session, record_id, chosen), mapped)

    def with_custom(self, session: Any, written: Written, values: Mapping[str, Any]) -> Written:
        """Write custom values to a record that was just written; what fails is told, and does not undo the record."""
        if not values:
            return written
        record_id = str(written.record.get("id"))
        try:
            self._write_custom(session, record_id, values)
            # Its id alone: the record as it was before these values would be a wrong answer (``_answer`` reads it).
            return Written({"id": record_id}, written.not_written)
        except UnifiedError as refused:
            return Written(written.record, {**written.not_written, **dict.fromkeys(values, refused.detail)})

    def _write_custom(self, session: Any, record_id: str, values: Mapping[str, Any]) -> None:
        """Write custom values. What is refused is told by our keys, not by the provider's words for them."""
        try:
            self.model.write_custom(session, record_id, self.mapping.field_ids(values))
        except UnifiedError as refused:
            if refused.code not in ("CONNECTOR::OPERATION::BAD_REQUEST", "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND"):
                raise
            rule = "was refused by the connected account, alone or with the others"
            if isinstance(refused, Missing):
                # Of the two that can be missing it is the field, unless this raises for the record.
                self.model.retrieve(session, record_id)
                rule = "is mapped to a custom field that the connected account does not have, alone or with the others"
            told = UnifiedError(
                "CONNECTOR::OPERATION::BAD_REQUEST",
                f"The custom values were not written: {refused.upstream.code if refused.upstream else refused.detail}.",
                upstream=refused.upstream,
                fields=[FieldProblem(key, rule) for key in values],
            )
            raise told from None

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

            # A deletion that may have happened is simply done again.
            idempotency.run(attempt, write=write, find=lambda _since: None, resume=lambda outcome: outcome)

        self.access.run(work, self.model.capabilities[self.operation])

    def _begin(self) -> idempotency.Attempt:
        connection = self.access.connection
        return idempotency.begin(
            table(),
            connection.reference,
            self.key or "",
            generation=connection.generation,
            route=f"{self.operation} {self.model.model.id} {self.record_id or ''}",
            body=self.body,
            clock=time.time,
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
            return self._answer(session, written.record, written.not_written, whole=whole)
        record: Record | None = None

        def remember(written: Written) -> Outcome:
            nonlocal record
            record = written.record
            return Outcome(self.record_id or str(record.get("id")), written.not_written)

        def find(since: int) -> Outcome | None:
            found = lookup(session, since) if lookup is not None else None
            return None if found is None else Outcome(found, self._lacking(session, found, since))

        ended = idempotency.run(
            self._begin(),
            write=lambda: remember(write(session)),
            find=None if lookup is None else find,
            resume=lambda before: remember(resume(session, before.record_id, before.not_written)),
        )
        return self._answer(session, record or {"id": ended.record_id}, ended.not_written, whole=whole)

    def _lacking(self, session: Any, record_id: str, since: int) -> dict[str, str]:
        """Name what a record, made by an earlier request that died, does not have: steps that were never taken.

        Where the record was changed after that request can have been alive, a field that holds something else than
        was asked for is left alone: somebody else has written it.
        """
        rest, values = self.mapping.split(self.body)
        fields = self.model.mapper.check_write(rest, creating=True)
        record = self.model.retrieve(session, record_id)
        extras = self.model.extras & fields.keys()
        if extras:
            (record,) = self.model.with_extras(session, (record,), extras)
        resource = self.model.mapper.resource(record)
        shown = resource["fields"]
        untouched = _seconds(resource["updatedAt"]) <= since + idempotency.CLAIM_SECONDS + CLOCKS_DIFFER
        lacking = [
            key
            for key, asked in fields.items()
            if (not _shows(shown.get(key), asked) if untouched else shown.get(key) is None)
        ]
        return dict.fromkeys([*lacking, *self.mapping.unset(record, values)], "an earlier request ended before")

    def _answer(self, session: Any, record: Record, not_written: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
        warnings = [
            {"code": "CONNECTOR::OPERATION::PARTLY_WRITTEN", "message": f"{key} was not written: {why}"}
            for key, why in not_written.items()
        ]
        if whole and len(record) == 1:
            try:
                record = self.model.retrieve(session, str(record["id"]))
            except UnifiedError as failed:
                # The write is done: an error would say that it was not.
                whole = False
                message = f"The record was written and could not be read: {failed.detail}"
                warnings.append({"code": "CONNECTOR::OPERATION::NOT_READ", "message": message})
        resource = self.model.mapper.resource(record, mapping=self.mapping)
        if not whole:
            names = ("model", "id", "remote")
            resource = {"object": "resourceRef", **{name: resource[name] for name in names}}
        if warnings:
            resource["warnings"] = [*resource.get("warnings", []), *warnings]
        return resource


def _shows(shown: Any, asked: Any) -> bool:
    """Whether what is read of a field holds what was to be written: a reference by its id, a list in any order."""
    if isinstance(shown, dict):
        parts = cast(dict[str, Any], shown)
        if not isinstance(asked, dict):
            return parts.get("id") == asked
        return all(_shows(parts.get(name), part) for name, part in cast(dict[str, Any], asked).items())
    if isinstance(shown, list) and isinstance(asked, list):
        elements = cast(list[Any], shown)
        return all(any(_shows(element, one) for element in elements) for one in cast(list[Any], asked))
    return shown == asked


def _seconds(moment: str | None) -> float:
    return math.inf if moment is None else datetime.fromisoformat(moment).timestamp()
