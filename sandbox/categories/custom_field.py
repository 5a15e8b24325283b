"""customField.list, info, create, updateSelectableValues, setValue, setValues."""

from collections.abc import Callable
from typing import Any

from sandbox import custom_values, parameters, views, visibility
from sandbox.endpoints import Call, endpoint
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required
from sandbox.table import Record

# customField.create calls two kinds of object by another name than customField.list does.
_CREATED_OBJECT_TYPES = {
    "Application": "Application",
    "Candidate": "Candidate",
    "Job": "Job",
    "Employee": "Employee",
    "Talent_Project": "Talent_Project",
    "Opening_Version": "Opening",
    "Offer_Version": "Offer",
}
# The objects setValue can set, each with the table its records are in.
_VALUE_TABLES = {"Application": "application", "Candidate": "candidate", "Job": "job", "Opening": "opening"}
_FINDERS: dict[str, Callable[[Call, str], Record]] = {
    "application": visibility.find_application,
    "candidate": lambda call, identifier: call.find("candidate", identifier),
    "job": visibility.find_job,
    "opening": lambda call, identifier: call.find("opening", identifier),
}


@endpoint(
    "customField.list",
    permission="hiringProcessMetadataRead",
    parameters={"includeArchived": optional(parameters.flag), **SYNCED},
)
def list_fields(call: Call) -> Listing:
    """Return a page of definitions; archived ones only if asked for, private ones only for keys with the switch."""
    archived = call.parameters.get("includeArchived", False)
    return call.page(
        Listed(
            table=call.organisation.custom_fields,
            write=views.custom_field,
            keep=lambda field: (archived or not field["isArchived"]) and _visible(call, field),
            filters={"includeArchived": archived},
        )
    )


@endpoint(
    "customField.info",
    permission="hiringProcessMetadataRead",
    parameters={"customFieldId": required(parameters.identifier)},
)
def info(call: Call) -> dict[str, Any]:
    """Return one definition; raises `custom_field_not_found`."""
    return views.custom_field(_field(call, call.parameters["customFieldId"]))


@endpoint(
    "customField.create",
    permission="hiringProcessMetadataWrite",
    parameters={
        "fieldType": required(parameters.one_of(*custom_values.FIELD_TYPES)),
        "objectType": required(parameters.one_of(*_CREATED_OBJECT_TYPES)),
        "title": required(parameters.text),
        "description": optional(parameters.any_text),
        "selectableValues": optional(
            parameters.list_of(
                parameters.structure({"label": required(parameters.text), "value": required(parameters.text)})
            )
        ),
        "isDateOnlyField": optional(parameters.flag),
        "isExposableToCandidate": optional(parameters.flag),
    },
)
def create(call: Call) -> dict[str, Any]:
    """Create a definition; the two select types need `selectableValues`."""
    sent = call.parameters
    options = sent.get("selectableValues", [])
    if sent["fieldType"] in custom_values.SELECT_TYPES and not options:
        raise invalid_input(("selectableValues", f"Required for {sent['fieldType']}"))
    field: Record = {
        "id": call.organisation.new_identifier("custom_field"),
        "title": sent["title"],
        "description": sent.get("description"),
        "isPrivate": False,
        "objectType": _CREATED_OBJECT_TYPES[sent["objectType"]],
        "isArchived": False,
        "fieldType": sent["fieldType"],
        "isRequired": False,
        "selectableValues": [{**option, "isArchived": False} for option in options],
    }
    return views.custom_field(call.organisation.save("custom_field", field))


@endpoint(
    "customField.updateSelectableValues",
    permission="hiringProcessMetadataWrite",
    parameters={
        "customFieldId": required(parameters.identifier),
        "selectableValues": required(
            parameters.list_of(
                parameters.structure(
                    {
                        "label": required(parameters.text),
                        "value": required(parameters.text),
                        "isArchived": optional(parameters.flag),
                    }
                )
            )
        ),
    },
    strict=True,
)
def update_selectable_values(call: Call) -> dict[str, Any]:
    """Merge options by `value`: new ones are added, known ones updated, left-out ones archived."""
    field = _field(call, call.parameters["customFieldId"])
    if field["fieldType"] not in custom_values.SELECT_TYPES:
        raise invalid_input(("customFieldId", "Not a field with selectable values"))
    sent = {option["value"]: {"isArchived": False, **option} for option in call.parameters["selectableValues"]}
    merged = [sent.pop(old["value"], {**old, "isArchived": True}) for old in field["selectableValues"]]
    return views.custom_field(
        call.organisation.save("custom_field", {**field, "selectableValues": [*merged, *sent.values()]})
    )


@endpoint(
    "customField.setValue",
    permission="candidatesWrite",
    parameters={
        "objectId": required(parameters.identifier),
        "objectType": required(parameters.one_of(*_VALUE_TABLES)),
        "fieldId": required(parameters.identifier),
        "fieldValue": required(parameters.anything),
    },
)
def set_value(call: Call) -> dict[str, Any]:
    """Set one value and return it as written; there is no way to clear one."""
    return _set(call, [call.parameters])[0]


@endpoint(
    "customField.setValues",
    permission="candidatesWrite",
    parameters={
        "objectId": required(parameters.identifier),
        "objectType": required(parameters.one_of(*_VALUE_TABLES)),
        "values": required(
            parameters.list_of(
                parameters.structure(
                    {"fieldId": required(parameters.identifier), "fieldValue": required(parameters.anything)}
                ),
                minimum=1,
            )
        ),
    },
)
def set_values(call: Call) -> list[dict[str, Any]]:
    """Set several values of one object; either all fit or none is set."""
    return _set(call, call.parameters["values"])


def _set(call: Call, pairs: Any) -> list[dict[str, Any]]:
    """Check and store (fieldId, fieldValue) pairs on the object of a call."""
    object_type = call.parameters["objectType"]
    kind = _VALUE_TABLES[object_type]
    record = _FINDERS[kind](call, call.parameters["objectId"])
    values: list[tuple[Record, Any]] = []
    for pair in pairs:
        field = _field(call, pair["fieldId"])
        if field["objectType"] != object_type:
            raise invalid_input(("fieldId", f"{field['title']} is not a field of {object_type}"))
        if field["isArchived"]:
            raise ApiError("custom_field_archived", f"{field['title']} is archived.")
        values.append((field, custom_values.accepted(field, pair["fieldValue"])))
    stored = {**record["customFieldValues"], **{field["id"]: value for field, value in values}}
    call.organisation.save(kind, {**record, "customFieldValues": stored})
    return [custom_values.written(field, value) for field, value in values]


def _visible(call: Call, field: Record) -> bool:
    return call.principal.private_fields or not field["isPrivate"]


def _field(call: Call, identifier: str) -> Record:
    """Return a definition the key may see, or raise `custom_field_not_found`."""
    field = call.find("custom_field", identifier)
    if not _visible(call, field):
        raise not_found("custom_field")
    return field
