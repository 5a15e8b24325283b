"""The form that an offer is filled out with: our fields onto the account's own form, found by path or by title.

The form is the account's: it always asks for a start date and a salary, and for what the account added. A field of the
form is one of ours when its path (Ashby's own fields) or its title is one of ``_NAMES``; anything less sure would be a
guess. Values by type: https://developers.ashbyhq.com/reference/offercreate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from unified.ashby.base import records
from unified.ashby.reading import an_object
from unified.connector import Record
from unified.errors import FieldProblem, Invalid

# Ashby's own fields have such paths; which names follow it is not documented.
_SYSTEM = "_systemfield_"
_NAMES: Mapping[str, str] = {
    "startdate": "startDate",
    "salary": "salary",
    "basesalary": "salary",
    "opening": "openingId",
    "openingid": "openingId",
    "bonus": "bonusAmount",
    "bonusamount": "bonusAmount",
    "benefits": "benefits",
    "expirationdate": "expirationDate",
    "offerexpirationdate": "expirationDate",
}
# The fields that are amounts, and the fields with their currencies.
_CURRENCIES = {"salary": "currency", "bonusAmount": "bonusCurrency"}
FIELDS = frozenset({*_NAMES.values(), *_CURRENCIES.values()})
_MAX_LISTED = 20


class _Wrong(ValueError):
    """A value does not fit the form's field; the message says the rule."""


class _Asked(NamedTuple):
    """One field of the account's form. ``ours`` is the field of ours that it is, None for another."""

    path: str
    title: str
    type: str
    required: bool
    options: list[Record]
    ids: tuple[Any, ...]
    ours: str | None


def our_name(title: Any) -> str | None:
    """Return which of our fields a title stands for, None for none."""
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", title.lower())) if isinstance(title, str) else None


def filled(definition: Any, fields: Mapping[str, Any], present: Record | None = None) -> list[dict[str, Any]]:
    """Return the form's ``fieldSubmissions`` for ``fields``, and for what they leave as the version ``present`` has it.

    Raises ``Invalid`` that names every field that the form lacks, demands or would not take.
    """
    submissions: list[dict[str, Any]] = []
    problems: list[FieldProblem] = []
    used: set[str] = set()
    for asked in _asked(definition):
        ours = asked.ours if asked.ours not in used else None
        wanted = {ours, _CURRENCIES.get(str(ours))} & fields.keys()
        used.update(filter(None, (ours, _CURRENCIES.get(str(ours)))))
        try:
            value = _value(asked, str(ours), fields, present) if wanted else _kept(asked, present)
        except _Wrong as wrong:
            problems.append(FieldProblem(str(ours), str(wrong)))
            continue
        if value is not None:
            submissions.append({"path": asked.path, "value": value})
        elif asked.required:
            problems.append(_missing(asked, ours))
    problems += [
        FieldProblem(key, "is not on the account's offer form") for key in fields if key in FIELDS and key not in used
    ]
    if problems:
        names = ", ".join(dict.fromkeys(problem.field for problem in problems[:_MAX_LISTED]))
        raise Invalid(
            f"The account's offer form cannot be filled out so: {names}.",
            code="CONNECTOR::OPERATION::BAD_REQUEST",
            fields=problems[:_MAX_LISTED],
        )
    return submissions


def our_names(definition: Any) -> dict[str, str]:
    """Return which field of ours each path of the form is."""
    return {asked.path: asked.ours for asked in _asked(definition) if asked.ours is not None}


def _asked(definition: Any) -> list[_Asked]:
    sections = records(an_object(definition).get("sections"))
    return [_read(one) for section in sections for one in records(section.get("fields"))]


def _read(one: Record) -> _Asked:
    known = an_object(one.get("field"))
    path, title = str(known.get("path")), str(known.get("title"))
    system = path.removeprefix(_SYSTEM) if path.startswith(_SYSTEM) else None
    return _Asked(
        path,
        title,
        str(known.get("type")),
        one.get("isRequired") is True,
        records(known.get("selectableValues")),
        (known.get("id"), path),
        our_name(system) or our_name(title),
    )


def _missing(asked: _Asked, ours: str | None) -> FieldProblem:
    if ours is not None:
        return FieldProblem(ours, "is required by the account's offer form")
    return FieldProblem(
        asked.title[:100],
        "is required by the account's offer form and is no field of this model: make the offer in Ashby or by the"
        " proxy (offer.create)",
    )


def _value(asked: _Asked, ours: str, fields: Mapping[str, Any], present: Record | None) -> Any:
    """Return the form's value of one of our fields."""
    if ours in _CURRENCIES:
        return _amount(asked, ours, fields, present)
    value = fields[ours]
    match asked.type:
        case "Date":
            # The only form of a date that nobody can read as another day.
            return value[:10]
        case "ValueSelect":
            return _option(asked, value)
        case "MultiValueSelect":
            return [_option(asked, part.strip()) for part in value.split(",") if part.strip()]
        case "String" | "LongText" | "UUID":
            return value
        case _:
            raise _Wrong(f"cannot be written: the account's offer form has it as {asked.type[:40]}")


def _amount(asked: _Asked, ours: str, fields: Mapping[str, Any], present: Record | None) -> Any:
    kept = _kept(asked, present)
    before = an_object(kept)
    number = fields.get(ours, before.get("value") if asked.type == "Currency" else kept)
    if number is None:
        return None
    if number != int(number):
        raise _Wrong("must be a whole number")
    if asked.type == "Number":
        return int(number)
    if asked.type != "Currency":
        raise _Wrong(f"cannot be written: the account's offer form has it as {asked.type[:40]}")
    currency = fields.get(_CURRENCIES[ours]) or before.get("currencyCode") or fields.get("currency")
    currency = currency or an_object((present or {}).get("salary")).get("currencyCode")
    if currency is None:
        raise _Wrong("needs a currency beside it")
    return {"currencyCode": currency, "value": int(number)}


def _option(asked: _Asked, text: str) -> Any:
    for option in asked.options:
        if text in (option.get("value"), option.get("label")):
            return option.get("value")
    labels = ", ".join(str(option.get("label")) for option in asked.options)
    raise _Wrong(f"must be of the account's options: {labels[:300]}")


def _kept(asked: _Asked, present: Record | None) -> Any:
    """Return the value that the present version has for the form's field."""
    if present is None:
        return None
    if asked.ours in ("startDate", "salary", "openingId") and asked.path.startswith(_SYSTEM):
        return present.get(asked.ours)
    for value in records(present.get("customFields")):
        if value.get("id") in asked.ids:
            return value.get("value")
    for value in records(present.get("customFields")):
        if value.get("title") == asked.title:
            return value.get("value")
    return present.get(asked.ours) if asked.ours in ("startDate", "salary", "openingId") else None
