"""A record's way from the provider's form to ours and back, declared field by field and compiled once.

Reading never fails and never loses more than it must: a bad value costs its field and leaves a warning, a
``null`` is simply absent. Writing is strict: what is unknown, read-only or wrong is an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from unified.errors import FieldProblem, Invalid, meant
from unified.models import Model
from unified.models.types import ABSENT, DateTime, FieldType, Unfit

if TYPE_CHECKING:
    from unified.mapping.custom import FieldMapping

Record = dict[str, Any]
Read = Callable[[Record], Any]

_TIME = DateTime()


@dataclass(frozen=True, slots=True)
class Row:
    """How one unified field is read and whether it can be written.

    ``read`` is a dotted path into the record, or a function of the whole record. ``alias_of`` names the
    field that this one repeats: on writing, the value goes there. ``remote`` is the provider's name for it.
    """

    key: str
    read: str | Read
    writable: bool = False
    required: bool = False
    alias_of: str | None = None
    remote: str = ""


class Mapper:
    """Reads and checks one model's records by its rows."""

    def __init__(
        self,
        model: Model,
        rows: Sequence[Row],
        *,
        record_id: str = "id",
        created_at: str | None = "createdAt",
        updated_at: str | None = "updatedAt",
    ) -> None:
        self.model = model
        self.rows = {row.key: row for row in rows}
        self._plan = tuple((row.key, *_reader(row.read), model.by_key[row.key].type.read) for row in rows)
        self._id = record_id
        self._created_at = created_at
        self._updated_at = updated_at

    def resource(
        self,
        record: Record,
        *,
        only: Collection[str] | None = None,
        raw: bool = False,
        mapping: FieldMapping | None = None,
    ) -> dict[str, Any]:
        """Turn a record into a resource, with just the fields in ``only`` and the record itself on demand.

        ``mapping`` adds its keys beside the declared fields, or in their place.
        Whatever ``record`` holds, it does not raise: the worst record gives a resource without fields.
        """
        fields: dict[str, Any] = {}
        warnings: list[dict[str, str]] = []
        model = self.model.id
        for key, name, get, check in self._plan:
            if only is not None and key not in only:
                continue
            try:
                value = record.get(name) if get is None else get(record)
                if value is None:
                    continue
                value = check(value)
            except Exception as problem:  # whatever a record holds costs one field, never the record
                warnings.append(_warning(model, key, problem))
                continue
            if value is not ABSENT:
                fields[key] = value
        if mapping is not None and mapping.keys:
            mapping.read_into(fields, record, lambda key, problem: warnings.append(_warning(model, key, problem)), only)
        identity = self.identity(record)
        if not identity:
            warnings.append(_warning(model, "id", Unfit("expected a text")))
        resource: dict[str, Any] = {
            "object": "resource",
            "model": model,
            "id": identity,
            "fields": fields,
            "createdAt": self._time(record, self._created_at, "createdAt", warnings),
            "updatedAt": self._time(record, self._updated_at, "updatedAt", warnings),
            "remote": {"id": identity, "raw": record} if raw else {"id": identity},
        }
        if warnings:
            resource["warnings"] = warnings
        return resource

    def identity(self, record: Record) -> str:
        """Return a record's id, empty where it has none."""
        found: Any = record.get(self._id)
        return found if type(found) is str else ""

    def _time(self, record: Record, key: str | None, name: str, warnings: list[dict[str, str]]) -> str | None:
        value = record.get(key) if key else None
        if value is None:
            return None
        try:
            return cast(str, _TIME.read(value))
        except Unfit as problem:
            warnings.append(_warning(self.model.id, name, problem))
            return None

    def check_write(self, body: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        """Return the fields to write, checked, aliases resolved.

        Raises ``Invalid`` that names every field that is unknown, read-only, missing, doubled or wrong.
        """
        problems: list[FieldProblem] = []
        clean: dict[str, Any] = {}
        for key, value in body.items():
            row = self.rows.get(key)
            if row is None:
                problems.append(FieldProblem(key[:100], f"is not a field of this model{meant(key, self.rows)}"))
                continue
            if not row.writable:
                problems.append(FieldProblem(key, "is read-only"))
                continue
            target = row.alias_of or key
            try:
                checked = self._check(target, value)
            except Unfit as problem:
                problems.append(FieldProblem(key, str(problem)))
                continue
            if clean.get(target, checked) != checked:
                problems.append(FieldProblem(key, f"says something else than {target}"))
            clean[target] = checked
        if creating:
            problems.extend(
                FieldProblem(row.key, "is required")
                for row in self.rows.values()
                if row.required and row.key not in clean and row.key not in body
            )
        elif not body:
            problems.append(FieldProblem("(body)", "must have at least one field"))
        if problems:
            names = ", ".join(dict.fromkeys(problem.field for problem in problems))
            raise Invalid(
                f"These fields are not valid: {names}.",
                code="CONNECTOR::OPERATION::BAD_REQUEST",
                fields=problems,
            )
        return clean

    def _check(self, key: str, value: Any) -> Any:
        if value is None:
            raise Unfit("cannot be cleared: the connected account's API has no way to")
        kind: FieldType = self.model.by_key[key].type
        return kind.write(value)

    def fields(self, *, can_update: bool) -> list[dict[str, Any]]:
        """Describe the standard fields as the wire's ``UnifiedField``."""
        return [_unified_field(self.model, row, can_update=can_update) for row in self.rows.values()]


def _unified_field(model: Model, row: Row, *, can_update: bool) -> dict[str, Any]:
    field = model.by_key[row.key]
    options = getattr(field.type, "options", ())
    return {
        "key": row.key,
        "name": row.key[0].upper() + "".join(f" {c.lower()}" if c.isupper() else c for c in row.key[1:]),
        "description": field.description,
        "type": field.type.name,
        "format": field.type.format,
        "unit": None,
        "optionSource": "static" if options else None,
        "options": [{"value": option, "name": option} for option in options],
        "isRequired": row.required,
        "isFieldReadOnly": True,
        "isValueReadOnly": not (row.writable and can_update),
        "isCustom": False,
        "remote": {"key": row.remote or (row.read if isinstance(row.read, str) else row.key), "metadata": {}},
    }


def _warning(model: str, key: str, problem: Exception) -> dict[str, str]:
    # The rule is told, the value is not: a warning may end in somebody's log.
    said = str(problem) if isinstance(problem, Unfit) else "the record has an unexpected shape"
    return {
        "code": "CONNECTOR::MAPPER::READ_VALIDATION_FAILED",
        "message": f'The field "{key}" of this {model} was left out: {said}.',
    }


def _reader(read: str | Read) -> tuple[str, Read | None]:
    """Compile how a field is read: a plain key needs no call, so it comes as a name and no function."""
    if callable(read):
        return "", read
    first, *rest = read.split(".")
    if not rest:
        return first, None

    def read_path(record: Record) -> Any:
        value: Any = record.get(first)
        for part in rest:
            if value is None:
                return None
            value = value.get(part)
        return value

    return first, read_path
