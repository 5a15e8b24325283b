"""What a custom field of each type accepts, and how its value is written.

Source: the descriptions of customField.setValue and of the custom field values inside candidate.info.
"""

from typing import Any

from sandbox import moments, parameters
from sandbox.errors import invalid_input
from sandbox.parameters import InvalidValue, Reader, required
from sandbox.seed.catalogue import INTERVALS
from sandbox.table import Record

SELECT_TYPES = frozenset({"ValueSelect", "MultiValueSelect"})
FIELD_TYPES = (
    "Boolean", "CompensationRange", "Currency", "Date", "LongText", "MultiValueSelect", "Number", "NumberRange",
    "String", "ValueSelect", "Url", "UUID",
)  # fmt: skip


def currency_code(value: Any) -> str:
    """Read a currency code such as EUR."""
    code = parameters.text(value)
    if len(code) != 3 or not code.isascii() or not code.isupper():
        raise InvalidValue("Expected an ISO 4217 currency code")
    return code


def _date(value: Any) -> str:
    return moments.iso(parameters.moment(value))


_READERS: dict[str, Reader] = {
    "Boolean": parameters.flag,
    "Date": _date,
    "String": parameters.any_text,
    "LongText": parameters.any_text,
    "Number": parameters.number,
    "Url": parameters.url,
    "UUID": parameters.identifier,
    "Currency": parameters.structure({"value": required(parameters.number), "currencyCode": required(currency_code)}),
    "NumberRange": parameters.structure(
        {
            "type": required(parameters.one_of("number-range")),
            "minValue": required(parameters.number),
            "maxValue": required(parameters.number),
        }
    ),
    "CompensationRange": parameters.structure(
        {
            "type": required(parameters.one_of("compensation-range")),
            "minValue": required(parameters.number),
            "maxValue": required(parameters.number),
            "currencyCode": required(currency_code),
            "interval": required(parameters.one_of(*INTERVALS)),
        }
    ),
}


def read(field: Record, value: Any) -> Any:
    """Return the stored form of a value for a field; raises `InvalidValue` where it does not fit its type."""
    if field["fieldType"] in SELECT_TYPES:
        return _accepted_choice(field, value)
    return _READERS[field["fieldType"]](value)


def accepted(field: Record, value: Any) -> Any:
    """Return what `read` does; raises `invalid_input` about `fieldValue` where the value does not fit."""
    try:
        return read(field, value)
    except InvalidValue as problem:
        raise invalid_input(("fieldValue", f"{field['title']}: {problem}")) from problem


def _accepted_choice(field: Record, value: Any) -> Any:
    choices = [option["value"] for option in field["selectableValues"] if not option["isArchived"]]
    choice = parameters.one_of(*choices)
    if field["fieldType"] == "ValueSelect":
        return choice(value)
    return parameters.list_of(choice)(value)


def written(field: Record, value: Any) -> dict[str, Any]:
    """Write a value: `{id, title, isPrivate, value}`, and `valueLabel` for the select types."""
    view: dict[str, Any] = {
        "id": field["id"],
        "title": field["title"],
        "isPrivate": field["isPrivate"],
        "value": value,
    }
    if field["fieldType"] in SELECT_TYPES:
        labels = {option["value"]: option["label"] for option in field["selectableValues"]}
        if field["fieldType"] == "ValueSelect":
            view["valueLabel"] = labels.get(value, value)
        else:
            view["valueLabel"] = [labels.get(choice, choice) for choice in value]
    return view
