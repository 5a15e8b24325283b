"""Form definitions: of an application, of an offer. Each field has a path, by which answers name it.

Source: the form definition inside offer.start and jobPosting.info. A system field's path begins with
`_systemfield_`; a custom field's path is its id (inferred).
"""

from collections.abc import Sequence
from typing import Any

from sandbox.custom_values import SELECT_TYPES
from sandbox.identifiers import identifier_at
from sandbox.table import Record

SYSTEM_PREFIX = "_systemfield_"


def system_field(kind: str, name: str, title: str, *, required: bool, selectable: Sequence[Record] = ()) -> Record:
    """Return the definition of a field every organisation has, e.g. `_systemfield_email`."""
    path = f"{SYSTEM_PREFIX}{name}"
    return _field(identifier_at(0, path, 0), kind, path, title, required=required, selectable=selectable)


def custom_field(field: Record, *, required: bool) -> Record:
    """Return the definition of a form field made of a custom field; archived options cannot be chosen."""
    options = [
        {"label": option["label"], "value": option["value"]}
        for option in field["selectableValues"]
        if not option["isArchived"]
    ]
    return _field(field["id"], field["fieldType"], field["id"], field["title"], required=required, selectable=options)


def form(*sections: tuple[str, Sequence[Record]]) -> dict[str, Any]:
    """Return a form definition of titled sections."""
    return {"sections": [{"title": title, "fields": list(fields)} for title, fields in sections]}


def fields_by_path(definition: dict[str, Any]) -> dict[str, Record]:
    """Return the fields of a form by path, as `{isRequired, field}`."""
    return {entry["field"]["path"]: entry for section in definition["sections"] for entry in section["fields"]}


def application_form() -> dict[str, Any]:
    """Return the application form of every job posting."""
    return form(
        (
            "About you",
            [
                system_field("String", "name", "Name", required=True),
                system_field("Email", "email", "Email", required=True),
                system_field("File", "resume", "Résumé", required=False),
            ],
        )
    )


def _field(
    identifier: str, kind: str, path: str, title: str, *, required: bool, selectable: Sequence[Record]
) -> Record:
    field: Record = {
        "id": identifier,
        "type": kind,
        "path": path,
        "humanReadablePath": title,
        "title": title,
        "isNullable": not required,
    }
    if selectable or kind in SELECT_TYPES:
        field["selectableValues"] = list(selectable)
    return {"isRequired": required, "field": field}
