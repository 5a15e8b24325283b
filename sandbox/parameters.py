"""Reading an endpoint's JSON body: types, required fields, and the coercions Ashby makes.

An endpoint declares its parameters as a dictionary of `Parameter`; `read_parameters` returns the values that were
sent, or raises `invalid_input` naming every parameter that is wrong. Strings such as "true" and "25" are accepted for
booleans and numbers (changelog 2026-04-24, "Make Request Coercion Schema-Aware").
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from sandbox import moments
from sandbox.errors import invalid_input

Reader = Callable[[Any], Any]
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LARGEST_NUMBER = 1e15


class InvalidValue(ValueError):
    """A value has the wrong type or form; the text says what was expected."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: how its value is read, and whether it must be there or may be null."""

    read: Reader
    required: bool = False
    nullable: bool = False


def required(read: Reader) -> Parameter:
    """Declare a parameter that must be sent."""
    return Parameter(read, required=True)


def optional(read: Reader, *, nullable: bool = False) -> Parameter:
    """Declare a parameter that may be left out and, if `nullable`, may be null."""
    return Parameter(read, nullable=nullable)


def text(value: Any) -> str:
    """Read a string that is not blank."""
    if not isinstance(value, str):
        raise InvalidValue("Expected a string")
    if not value.strip():
        raise InvalidValue("Must not be blank")
    return value


def any_text(value: Any) -> str:
    """Read a string, blank or not."""
    if not isinstance(value, str):
        raise InvalidValue("Expected a string")
    return value


def identifier(value: Any) -> str:
    """Read a UUID with its hyphens; returns it in lower case."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise InvalidValue("Expected a UUID")
    return value.lower()


def email(value: Any) -> str:
    """Read an e-mail address: one @ with something on both sides and no blanks."""
    address = text(value).strip()
    local, separator, domain = address.rpartition("@")
    if not (local and separator and domain) or " " in address or "@" in local:
        raise InvalidValue("Expected an e-mail address")
    return address


def url(value: Any) -> str:
    """Read an absolute http or https URL."""
    try:
        parts = urlsplit(text(value))
    except ValueError as problem:
        raise InvalidValue("Expected a valid URL") from problem
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidValue("Expected a valid URL")
    return cast("str", value)


def flag(value: Any) -> bool:
    """Read a boolean, or the strings "true" and "false"."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise InvalidValue("Expected a boolean")


def number(value: Any) -> int | float:
    """Read a number of a sensible size, or a string that holds one."""
    if isinstance(value, str):
        try:
            value = float(value) if any(mark in value for mark in ".eE") else int(value)
        except ValueError as problem:
            raise InvalidValue("Expected a number") from problem
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
        raise InvalidValue("Expected a number")
    return value


def whole(minimum: int, maximum: int) -> Reader:
    """Make a reader of whole numbers in a range."""

    def read(value: Any) -> int:
        found = number(value)
        if found != int(found):
            raise InvalidValue("Expected a whole number")
        if not minimum <= found <= maximum:
            raise InvalidValue(f"Must be between {minimum} and {maximum}")
        return int(found)

    return read


def moment(value: Any) -> int:
    """Read an ISO 8601 date-time; returns Unix milliseconds."""
    try:
        return moments.milliseconds(text(value))
    except (ValueError, OverflowError) as problem:
        raise InvalidValue("Expected an ISO 8601 date") from problem


def one_of(*choices: str) -> Reader:
    """Make a reader of one of some case-sensitive strings."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise InvalidValue(f"Expected one of {', '.join(choices)}")
        return value

    return read


def list_of(read_item: Reader, *, minimum: int = 0) -> Reader:
    """Make a reader of lists of at least `minimum` items."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidValue("Expected an array")
        items = cast("list[Any]", value)
        if len(items) < minimum:
            raise InvalidValue(f"Expected at least {minimum} item(s)")
        found: list[Any] = []
        for index, item in enumerate(items):
            try:
                found.append(read_item(item))
            except InvalidValue as problem:
                raise InvalidValue(f"Item {index}: {problem}") from problem
        return found

    return read


def structure(fields: Mapping[str, Parameter]) -> Reader:
    """Make a reader of objects with the given fields; other fields are ignored."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidValue("Expected an object")
        found, problems = _read_fields(fields, cast("dict[str, Any]", value))
        if problems:
            raise InvalidValue("; ".join(f"{name}: {problem}" for name, problem in problems))
        return found

    return read


def anything(value: Any) -> Any:
    """Read any value but null; for parameters whose form depends on another record."""
    if value is None:
        raise InvalidValue("Must not be null")
    return value


# The parameters of a paged list, and of one that can also be followed by syncToken ("Pagination and Incremental
# Synchronization" guide). Null is accepted for both tokens (changelog, "Fix user.list Rejecting Null Cursor").
PAGED: dict[str, Parameter] = {
    "cursor": optional(text, nullable=True),
    "limit": optional(whole(1, 100), nullable=True),
}
MILLISECONDS = whole(0, 10**15)
CREATED_BETWEEN: dict[str, Parameter] = {
    "createdAfter": optional(MILLISECONDS),
    "createdBefore": optional(MILLISECONDS),
}
SYNCED: dict[str, Parameter] = {**PAGED, "syncToken": optional(text, nullable=True)}


def read_parameters(declared: Mapping[str, Parameter], body: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """Return the sent parameters, read; raise `invalid_input` listing every problem.

    A `strict` endpoint refuses parameters it does not declare (`additionalProperties: false` in the specification);
    the others ignore them.
    """
    found, problems = _read_fields(declared, body)
    if strict:
        problems += [(name, "Unknown parameter") for name in body if name not in declared]
    if problems:
        raise invalid_input(*problems)
    return found


def _read_fields(
    declared: Mapping[str, Parameter], body: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    found: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, parameter in declared.items():
        if name not in body:
            if parameter.required:
                problems.append((name, "Required"))
        elif body[name] is None and parameter.nullable:
            found[name] = None
        elif body[name] is None:
            problems.append((name, "Must not be null"))
        else:
            try:
                found[name] = parameter.read(body[name])
            except InvalidValue as problem:
                problems.append((name, str(problem)))
    return found, problems
