"""The unified language: models, their fields and types. It knows no provider and nothing of ours.

One module per family, loaded by whoever needs one of its models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from unified.models.types import FieldType


class Field(NamedTuple):
    """One unified field."""

    key: str
    type: FieldType
    description: str


@dataclass(frozen=True)
class Model:
    """One unified resource type: its ``id`` on the wire, what a person calls it, its fields."""

    id: str
    name: str
    description: str
    fields: Sequence[Field]

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """The fields by key."""
        return {field.key: field for field in self.fields}

    def schema(self) -> dict[str, Any]:
        """Return the model's ``fields`` object as JSON Schema; every field is optional."""
        properties = {f.key: {**f.type.schema(), "description": f.description} for f in self.fields}
        return {"type": "object", "description": self.description, "properties": properties}
