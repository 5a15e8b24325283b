"""The types of unified fields: what a value must be when read, what more it must be when written.

Plain Python rather than a validation library, for three reasons: a record is read field by field and a bad
value must cost that field alone; custom models bring types at run time; and a function that only reads must
not pay for importing a validator it does not need. ``schema`` gives each type as JSON Schema 2020-12.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from unified.models.moments import iso

ABSENT: Any = object()
"""What a check returns for a value that says nothing: the field is then left out, without a warning."""


class Unfit(ValueError):
    """A value is not of the type; the message says the rule and never the value."""


_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_URL = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)
_PHONE = re.compile(r"[+(]?\d[\d\s().\-/x,;ext]*", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_CANONICAL_LENGTH = len("2022-08-12T20:29:56.964Z")


class FieldType(Protocol):
    """A type of field. ``name`` and ``format`` are the wire's (``UnifiedField.type`` and ``.format``)."""

    @property
    def name(self) -> str:
        """The wire's name of the type."""
        ...

    @property
    def format(self) -> str | None:
        """The wire's format within the type, if any."""
        ...

    def read(self, value: Any) -> Any:
        """Return the unified value, or ``ABSENT``. Raises ``Unfit`` saying what it should have been."""
        ...

    def write(self, value: Any) -> Any:
        """Return the value to write. Raises ``Unfit`` saying what it must be, never the value itself."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text. Limits hold for writing only: a long value that someone stored is still worth reading."""

    max_length: int = 250
    format: str | None = None
    name: str = "text"

    def read(self, value: Any) -> Any:
        """Return the text; an empty one says nothing."""
        if type(value) is not str:
            raise Unfit("expected a text")
        if not value:
            return ABSENT
        # Somebody stored it, so it is worth reading: only what cannot be used as what it should be is left out.
        if self.format == "email" and "@" not in value:
            raise Unfit("expected an e-mail address")
        if self.format == "url":
            self._check_format(value)
        return value

    def write(self, value: Any) -> Any:
        """Return the text, trimmed."""
        if not isinstance(value, str):
            raise Unfit("must be a text")
        text = value.strip()
        if not text:
            raise Unfit("must not be empty")
        if len(text) > self.max_length:
            raise Unfit(f"must be at most {self.max_length} characters long")
        if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
            raise Unfit("must not hold control characters")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unfit("must be valid Unicode") from None
        self._check_format(text)
        return text

    def _check_format(self, text: str) -> None:
        if self.format == "email" and (len(text) > 254 or not _EMAIL.fullmatch(text)):
            raise Unfit("must be an e-mail address")
        if self.format == "url" and not _URL.fullmatch(text):
            raise Unfit("must be an http or https URL")
        if self.format == "phone" and not (5 <= len(text) <= 50 and _PHONE.fullmatch(text)):
            raise Unfit("must be a phone number")

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        formats = {"email": "email", "url": "uri"}
        known = {"format": formats[self.format]} if self.format in formats else {}
        return {"type": "string", "minLength": 1, "maxLength": self.max_length, **known}


def email() -> Text:
    """Return the type of an e-mail address (RFC 5321 §4.5.3.1.3: at most 254 characters)."""
    return Text(254, "email")


def phone() -> Text:
    """Return the type of a phone number, in any common way to write one."""
    return Text(50, "phone")


def url() -> Text:
    """Return the type of a web address."""
    return Text(2000, "url")


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    name: str = "boolean"
    format: str | None = None

    def read(self, value: Any) -> Any:
        """Return the value."""
        if type(value) is not bool:
            raise Unfit("expected true or false")
        return value

    def write(self, value: Any) -> Any:
        """Return the value."""
        if not isinstance(value, bool):
            raise Unfit("must be true or false")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class DateTime:
    """A point in time, ISO 8601 in UTC with milliseconds on our side."""

    name: str = "datetime"
    format: str | None = None

    def read(self, value: Any) -> Any:
        """Return the time in canonical form; any offset is turned to UTC, none is read as UTC."""
        if type(value) is not str:
            raise Unfit("expected a time as text")
        try:
            moment = datetime.fromisoformat(value)
            if len(value) == _CANONICAL_LENGTH and value[7] + value[10] + value[19] + value[-1] == "-T.Z":
                return value
            return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):  # an offset may lead out of the years that there are
            raise Unfit("expected an ISO 8601 time") from None

    def write(self, value: Any) -> Any:
        """Return the time in canonical form."""
        try:
            return self.read(value)
        except Unfit as problem:
            raise Unfit(str(problem).replace("expected", "must be")) from None

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a fixed set of texts."""

    options: tuple[str, ...]
    name: str = "select"
    format: str | None = None

    def read(self, value: Any) -> Any:
        """Return the option. One that is not in the set is not guessed at."""
        if value not in self.options:
            raise Unfit("expected one of the known options")
        return value

    def write(self, value: Any) -> Any:
        """Return the option."""
        if value not in self.options:
            raise Unfit(f"must be one of {', '.join(self.options)}")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        return {"type": "string", "enum": list(self.options)}


@dataclass(frozen=True, slots=True)
class Struct:
    """An object of named parts, all optional but those in ``required``."""

    parts: Mapping[str, FieldType]
    required: tuple[str, ...] = ()
    name: str = "object"
    format: str | None = None
    _plan: tuple[tuple[str, FieldType], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plan", tuple(self.parts.items()))

    def read(self, value: Any) -> Any:
        """Return the known parts; a bad or missing optional part is left out."""
        if type(value) is not dict:
            raise Unfit("expected an object")
        source = cast(dict[str, Any], value)
        found: dict[str, Any] = {}
        for key, kind in self._plan:
            part = source.get(key)
            if part is None:
                if key in self.required:
                    raise Unfit(f"expected a part {key}")
                continue
            try:
                read = kind.read(part)
            except Unfit:
                if key in self.required:
                    raise
                continue
            if read is not ABSENT:
                found[key] = read
        return found

    def write(self, value: Any) -> Any:
        """Return the object; unknown parts are an error that names them."""
        if not isinstance(value, dict):
            raise Unfit("must be an object")
        source = cast(dict[str, Any], value)
        unknown = [key for key in source if key not in self.parts]
        if unknown:
            raise Unfit(f"has unknown parts: {', '.join(sorted(unknown)[:5])}")
        for key in self.required:
            if key not in source:
                raise Unfit(f"must have a part {key}")
        written: dict[str, Any] = {}
        for key, part in source.items():
            try:
                written[key] = self.parts[key].write(part)
            except Unfit as problem:
                raise Unfit(f"{key} {problem}") from None
        return written

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        properties = {key: kind.schema() for key, kind in self.parts.items()}
        return {"type": "object", "properties": properties, "required": list(self.required)}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one type. When read, a bad element costs itself alone."""

    element: FieldType
    max_items: int = 100
    format: str | None = None

    @property
    def name(self) -> str:
        """The wire's name of the type."""
        return f"list.{self.element.name}"

    def read(self, value: Any) -> Any:
        """Return the good elements; an empty list says that there are none."""
        if type(value) is not list:
            raise Unfit("expected a list")
        found: list[Any] = []
        read = self.element.read
        for element in cast(list[Any], value):
            try:
                good = read(element)
            except Unfit:
                continue
            if good is not ABSENT:
                found.append(good)
        return found

    def write(self, value: Any) -> Any:
        """Return the list; one bad element makes it wrong."""
        if not isinstance(value, list):
            raise Unfit("must be a list")
        elements = cast(Sequence[Any], value)
        if len(elements) > self.max_items:
            raise Unfit(f"must have at most {self.max_items} elements")
        written: list[Any] = []
        for position, element in enumerate(elements):
            try:
                written.append(self.element.write(element))
            except Unfit as problem:
                raise Unfit(f"element {position} {problem}") from None
        return written

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        return {"type": "array", "items": self.element.schema(), "maxItems": self.max_items}


@dataclass(frozen=True, slots=True)
class Number:
    """A number; ``whole`` ones are integers. Bounds hold for writing only."""

    whole: bool = False
    minimum: float | None = None
    maximum: float | None = None
    name: str = "number"
    format: str | None = None

    def read(self, value: Any) -> Any:
        """Return the number."""
        if not _is_number(value) or (self.whole and value != int(value)):
            raise Unfit("expected a whole number" if self.whole else "expected a number")
        return int(value) if self.whole else value

    def write(self, value: Any) -> Any:
        """Return the number."""
        if not _is_number(value) or (self.whole and value != int(value)):
            raise Unfit("must be a whole number" if self.whole else "must be a number")
        if self.minimum is not None and value < self.minimum:
            raise Unfit(f"must be at least {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            raise Unfit(f"must be at most {self.maximum:g}")
        return int(value) if self.whole else value

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        known = {key: value for key, value in bounds.items() if value is not None}
        return {"type": "integer" if self.whole else "number", **known}


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a resource of another model: the remote id when read, ``{"id": ...}`` when written.

    The wire's form is a ``resourceRef``; whoever asks for ``expand`` gets the resource in its place.
    """

    model: str
    name: str = "reference"
    format: str | None = None

    def read(self, value: Any) -> Any:
        """Return the wire's reference to the record whose id is ``value``."""
        if type(value) is not str or not value:
            raise Unfit("expected an id")
        return {"object": "resourceRef", "model": self.model, "id": value}

    def write(self, value: Any) -> Any:
        """Return the id out of a reference, or an object with at least ``id``; a bare id is taken too."""
        reference = cast(dict[str, Any], value) if isinstance(value, dict) else {"id": value}
        if reference.get("model", self.model) != self.model:
            raise Unfit(f"must refer to a {self.model}")
        identity = reference.get("id")
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise Unfit(f'must be a reference to a {self.model}, such as {{"id": "..."}}')
        return identity

    def schema(self) -> dict[str, Any]:
        """Return the type as JSON Schema: a reference, or the resource that took its place."""
        kinds = {"enum": ["resourceRef", "resource"]}
        properties = {"object": kinds, "model": {"const": self.model}, "id": {"type": "string"}}
        return {"type": "object", "properties": properties, "required": ["id"]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
