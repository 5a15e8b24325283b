"""What Ashby's models have in common: the cells a model must fill, and its custom fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from unified.ashby.client import PAGE_LIMIT, AshbySession
from unified.ashby.hints import Make
from unified.ashby.sweeping import token_told
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, Invalid, Refused, UnifiedError
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


# customField.create: fieldType.
_CREATABLE = frozenset(
    {
        *("Boolean", "CompensationRange", "Currency", "Date", "LongText", "MultiValueSelect", "Number"),
        *("NumberRange", "String", "ValueSelect", "Url", "UUID"),
    }
)
# customField.create has other names for two of the object types that customField.list gives.
_CREATED_AS = {"Offer": "Offer_Version", "Opening": "Opening_Version"}
_SELECTS = frozenset({"MultiValueSelect", "ValueSelect"})
# customField.setValues: objectType.
_WRITABLE = frozenset({"Application", "Candidate", "Job", "Opening"})


class AshbyModel:
    """A model of the Ashby connector. A subclass supplies the tables and the operations it does not refuse."""

    model: Model
    mapper: Mapper
    capabilities: Mapping[Operation, Capability]
    filters: Mapping[str, str] = {}
    searchable: bool = False
    syncs: bool = False
    extras: frozenset[str] = frozenset()
    event_sources: Mapping[str, EventSource] = {}
    # What to make of each of Ashby's webhooks that tells of this model (``unified.ashby.hints``).
    hinted_by: Mapping[str, Make] = {}
    # Ashby's objectType of this model's custom fields, None where it has none.
    custom_object: str | None = None

    @property
    def unhashed(self) -> frozenset[str]:
        """Fields that tell no change, since not every way to a record gives them."""
        return self.extras

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """Return one page."""
        raise self._refusal(Operation.LIST)

    def sweep(self, session: AshbySession, query: ListQuery) -> Page:
        """Return one page of all there is: of most models that is what their list without filters gives.

        Raises ``SyncTokenExpired``, and ``Invalid`` where only the page's cursor serves no longer
        (``unified.ashby.sweeping``).
        """
        with token_told():
            return self.list(session, ListQuery(query.limit, query.cursor, sync_token=query.sync_token))

    def members(self, session: AshbySession, group: str) -> Sequence[Record]:
        """Return the records of a group; most models have none."""
        return ()

    def is_restricted(self, record: Record) -> bool:
        """Tell whether only some keys see this record; of most models they see all."""
        return False

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Return one record."""
        raise self._refusal(Operation.RETRIEVE)

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Return the records with what their extras are read from."""
        return records

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make a record."""
        raise self._refusal(Operation.CREATE)

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change a record."""
        raise self._refusal(Operation.UPDATE)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Delete a record."""
        raise self._refusal(Operation.DELETE)

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Return how to find what a create may have made; most of Ashby's records cannot be looked up."""
        return None

    def write_custom(self, session: AshbySession, record_id: str, values: Mapping[str, Any]) -> None:
        """Write by ``customField.setValues``, all at once: parallel single writes to one object race upstream."""
        if self.custom_object not in _WRITABLE:
            raise Refused(f"Ashby's API writes custom fields of {', '.join(sorted(_WRITABLE))} only.")
        session.call(
            "customField.setValues",
            {
                "objectId": record_id,
                "objectType": self.custom_object,
                "values": [{"fieldId": field_id, "fieldValue": value} for field_id, value in values.items()],
            },
            permission="candidatesWrite",
        )

    def custom_fields(self, session: AshbySession) -> Sequence[Mapping[str, Any]]:
        """Return the account's own fields on this model (``customField.list``), archived ones left out."""
        if self.custom_object is None:
            return ()
        found = session.everything("customField.list", {"limit": PAGE_LIMIT}, permission="hiringProcessMetadataRead")
        writable = self.custom_object in _WRITABLE
        return [
            _custom_field(record, writable=writable)
            for record in found
            if record.get("objectType") == self.custom_object
        ]

    def create_field(self, session: AshbySession, field: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a custom field by ``customField.create``; Ashby itself would take the same title twice."""
        if self.capabilities[Operation.FIELD_WRITE].mode == "refused":
            raise self._refusal(Operation.FIELD_WRITE)
        wanted = (field["type"], field.get("format"))
        kind = next((name for name, form in _CUSTOM_TYPES.items() if form == wanted and name in _CREATABLE), None)
        options: list[Mapping[str, str]] = field.get("options") or []
        if kind is None:
            raise Invalid("Ashby has no custom field of this type.", fields=[FieldProblem("type", "is not offered")])
        if (kind in _SELECTS) != bool(options):
            rule = "are required for a selection, and only there"
            raise Invalid("The field is not valid.", fields=[FieldProblem("options", rule)])
        taken = {known["name"].casefold() for known in self.custom_fields(session)}
        if field["name"].casefold() in taken:
            raise UnifiedError("CONNECTOR::OPERATION::FIELD_ALREADY_EXISTS", "There is a field of this name already.")
        body: dict[str, Any] = {
            "fieldType": kind,
            "objectType": _CREATED_AS.get(str(self.custom_object), self.custom_object),
            "title": field["name"],
            **({"description": field["description"]} if field.get("description") else {}),
        }
        if options:
            body["selectableValues"] = [{"label": option["name"], "value": option["value"]} for option in options]
        made = session.record("customField.create", body, permission="hiringProcessMetadataWrite")
        return _custom_field(made, writable=self.custom_object in _WRITABLE)

    def permission(self, operation: Operation) -> str | None:
        """Return the permission to name when Ashby says that one is missing."""
        return next(iter(self.capabilities[operation].permissions), None)

    def _refusal(self, operation: Operation) -> Refused:
        return Refused(self.capabilities[operation].reason)


def made_since(record: Record, since: int) -> bool:
    """Whether a record was made after a time (epoch seconds), with a minute's grace for clocks that differ."""
    try:
        return datetime.fromisoformat(str(record.get("createdAt"))).timestamp() >= since - 60
    except (ValueError, OverflowError):
        return False


def records(value: Any) -> list[Record]:
    """Return the objects of a list in an answer of Ashby's; of what is no list, none."""
    elements = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(Record, element) for element in elements if isinstance(element, dict)]


def _custom_field(record: Record, *, writable: bool) -> dict[str, Any]:
    kind = str(record.get("fieldType"))
    type_name, format_name = _CUSTOM_TYPES.get(kind, ("text", None))
    options = records(record.get("selectableValues"))
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
        "isValueReadOnly": not writable,
        "isCustom": True,
        "remote": {
            "key": identity,
            "metadata": {"fieldType": kind, "isPrivate": record.get("isPrivate") is True},
        },
    }
