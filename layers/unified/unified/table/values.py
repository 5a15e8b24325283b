"""DynamoDB's spelling of values, there and back: texts, numbers, booleans, bytes, lists, objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

Item = dict[str, Any]


def encode(value: Any) -> dict[str, Any]:
    """Spell a value for DynamoDB. Raises ``TypeError`` for one that has no form there."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case list() | tuple() | frozenset():
            return {"L": [encode(element) for element in cast(Iterable[Any], value)]}
        case dict():
            return {"M": {name: encode(element) for name, element in cast(Item, value).items()}}
        case _:
            raise TypeError(f"no DynamoDB form for {type(value).__name__}")


def decode(raw: Any) -> Any:
    """Read a value back: whole numbers as int, others as float."""
    ((kind, value),) = raw.items()
    match kind:
        case "N":
            return int(value) if value.lstrip("-").isdecimal() else float(value)
        case "L":
            return [decode(element) for element in value]
        case "M":
            return {name: decode(element) for name, element in value.items()}
        case "NULL":
            return None
        case _:
            return value


def decode_item(raw: Any) -> Item | None:
    """Read an item back, None for none."""
    return None if not raw else {name: decode(value) for name, value in raw.items()}
