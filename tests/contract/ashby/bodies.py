"""What the valid bodies of the contract tests are made of."""

from collections.abc import Callable
from typing import Any

from sandbox.organisation import Organisation

Body = dict[str, Any] | Callable[[Organisation], dict[str, Any]]


def first(kind: str) -> Callable[[Organisation], str]:
    """Return a function to the id of the first record of a kind."""
    return lambda organisation: next(iter(organisation.tables[kind]))["id"]


def field(organisation: Organisation, field_type: str, object_type: str = "Candidate") -> str:
    """Return the id of the first field of a type that a kind of object has."""
    return next(
        record["id"]
        for record in organisation.custom_fields
        if record["fieldType"] == field_type and record["objectType"] == object_type
    )


VALUES: dict[str, Any] = {
    "Boolean": True,
    "Date": "2026-05-01",
    "String": "",
    "LongText": "a\nb",
    "Number": 1.5,
    "Currency": {"value": 1, "currencyCode": "EUR"},
    "NumberRange": {"type": "number-range", "minValue": 1, "maxValue": 2},
    "CompensationRange": {
        "type": "compensation-range",
        "minValue": 1,
        "maxValue": 2,
        "currencyCode": "EUR",
        "interval": "1 YEAR",
    },
    "Url": "https://example.com",
    "UUID": "19059c8b-18bb-4c74-a52e-5b19f01392fd",
}
