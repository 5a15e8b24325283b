"""What Ashby's models have in common: the cells a model must fill, and its custom fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from unified.ashby.client import PAGE_LIMIT, AshbySession
from unified.connector import Capability, ListQuery, Operation, Page, Record, Written
from unified.errors import Refused
from unified.mapping import Mapper
from unified.models import Model

# Ashby's custom-field types by the wire's (type, format).
_CUSTOM_TYPES: Mapping[str, tuple[str, str | None]] = {
    "Boolean": ("boolean", None),
    "CompensationRange": ("object", "compensationRange"),
    "Currency": ("object", "currency"),
    "Date": ("datetime", "date"),
    "Email": ("text", "email"),
    "LongText": ("text", "long"),
    "MultiValueSelect": ("list.select", None),
    "Number": ("number", None),
    "NumberRange": ("object", "numberRange"),
    "Phone": ("text", "phone"),
    "String": ("text", None),
    "UUID": ("text", "uuid"),
    "Url": ("text", "url"),
    "ValueSelect": ("select", None),
}


class AshbyModel:
    """A model of the Ashby connector. A subclass supplies the tables and the operations it does not refuse."""

    model: Model
    mapper: Mapper
    capabilities: Mapping[Operation, Capability]
    filters: Mapping[str, str] = {}
    searchable: bool = False
    # Ashby's objectType of this model's custom fields, None where it has none.
    custom_object: str | None = None

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """Return one page."""
        raise self._refusal(Operation.LIST)

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Return one record."""
        raise self._refusal(Operation.RETRIEVE)

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make a record."""
        raise self._refusal(Operation.CREATE)

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change a record."""
        raise self._refusal(Operation.UPDATE)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Delete a record."""
        raise self._refusal(Operation.DELETE)

    def custom_fields(self, session: AshbySession) -> Sequence[Mapping[str, Any]]:
        """Return the account's own fields on this model (``customField.list``), archived ones left out."""
        if self.custom_object is None:
            return ()
        found = session.everything("customField.list", {"limit": PAGE_LIMIT}, permission="hiringProcessMetadataRead")
        return [_custom_field(record) for record in found if record.get("objectType") == self.custom_object]

    def permission(self, operation: Operation) -> str | None:
        """Return the permission to name when Ashby says that one is missing."""
        return next(iter(self.capabilities[operation].permissions), None)

    def _refusal(self, operation: Operation) -> Refused:
        return Refused(self.capabilities[operation].reason)


def _records(value: Any) -> list[Record]:
    elements = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(Record, element) for element in elements if isinstance(element, dict)]


def _custom_field(record: Record) -> dict[str, Any]:
    kind = str(record.get("fieldType"))
    type_name, format_name = _CUSTOM_TYPES.get(kind, ("text", None))
    options = _records(record.get("selectableValues"))
    identity = str(record.get("id"))
    return {
        "key": identity,
        "name": str(record.get("title")),
        "description": record.get("description") or "",
        "type": type_name,
        "format": format_name,
        "unit": None,
        "optionSource": "static" if options else None,
        "options": [
            {"value": option.get("value"), "name": option.get("label")}
            for option in options
            if not option.get("isArchived")
        ],
        "isRequired": record.get("isRequired") is True,
        "isFieldReadOnly": True,
        "isValueReadOnly": True,
        "isCustom": True,
        "remote": {
            "key": identity,
            "metadata": {"fieldType": kind, "isPrivate": record.get("isPrivate") is True},
        },
    }
