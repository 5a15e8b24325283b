"""Random values for custom fields, of every type Ashby has."""

import uuid
from random import Random
from typing import Any

from sandbox import moments
from sandbox.identifiers import identifier_at
from sandbox.seed.catalogue import INTERVALS
from sandbox.seed.custom_fields import CUSTOM_FIELDS, CustomFieldSeed

_DAY = 86_400_000
_TEXTS = ("Likes engines", "Sprechen wir später", "条件付き", "Two\nlines", "Ω ≠ ω", "🚀")


def custom_value(field: CustomFieldSeed, random: Random) -> Any:
    """Return a value of the stored form for a seeded field: what customField.setValue would accept for it."""
    low = random.randrange(1, 20)
    current = [value for _, value, archived in field.options if not archived]
    match field.field_type:
        case "Boolean":
            return low % 2 == 0
        case "Date":
            return moments.iso(moments.milliseconds("2026-01-01T00:00:00Z") + low * _DAY)
        case "ValueSelect":
            return random.choice(current)
        case "MultiValueSelect":
            return random.sample(current, random.randrange(1, len(current) + 1))
        case "Number":
            return low + random.choice((0, 0.5))
        case "Currency":
            return {"value": low * 5000, "currencyCode": random.choice(("GBP", "USD", "JPY"))}
        case "NumberRange":
            return {"type": "number-range", "minValue": low, "maxValue": low + 5}
        case "CompensationRange":
            return {
                "type": "compensation-range",
                "minValue": low * 5000,
                "maxValue": low * 6000,
                "currencyCode": random.choice(("GBP", "EUR")),
                "interval": random.choice(INTERVALS),
            }
        case "Url":
            return f"https://portfolio.example.com/{low}"
        case "UUID":
            return str(uuid.UUID(int=random.getrandbits(128), version=4))
        case _:
            return random.choice(_TEXTS)


def custom_values(seed: int, positions: tuple[int, ...], random: Random, share: float) -> dict[str, Any]:
    """Return values for about a share of the given field definitions, by field id, as records store them."""
    return {
        identifier_at(seed, "custom_field", position): custom_value(CUSTOM_FIELDS[position], random)
        for position in positions
        if random.random() < share
    }
