"""How parts of Ashby's records are read, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from unified.connector import Record
from unified.models.types import Unfit


def renamed(key: str, ours: Mapping[str, str]) -> Callable[[Record], Any]:
    """Read Ashby's word under ``key`` as ours. One that is not known stays, and the field's type refuses it."""

    def read(record: Record) -> Any:
        value: Any = record.get(key)
        return ours.get(value, value)

    return read


def part_of(key: str, read: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """Read from a part that ``with_extras`` added; one that could not be read costs the field, with the reason."""

    def read_part(record: Record) -> Any:
        part = record.get(key)
        if part is None:
            return None
        if "unavailable" in part:
            raise Unfit(part["unavailable"])
        return read(part)

    return read_part


def an_object(value: Any) -> Record:
    """Return an object in a record; of what is none, an empty one."""
    return cast(Record, value) if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """Return the texts of a list in a record; of what is no list, none."""
    elements = cast(list[Any], value) if isinstance(value, list) else []
    return [element for element in elements if isinstance(element, str)]
