"""Field mappings: which remote value feeds which unified key, chosen by a project or by one connection.

A rule names its source (a custom field of the account, a dotted path, or a JMESPath expression), its direction, and
how the value is turned. Rules are checked when they are saved; when they are used, a rule that does not fit a record
costs its own key and leaves a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from unified.errors import FieldProblem, Invalid
from unified.models import Model
from unified.models.types import ABSENT, Boolean, DateTime, FieldType, ListOf, Number, Text, Unfit

Record = dict[str, Any]
Rule = Mapping[str, Any]

# How many values of one an expression may make by its lists and objects: each doubles, and 500 characters hold many.
MAX_BREADTH = 1000
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,9}")
TYPES: Mapping[str, FieldType] = {
    "text": Text(20_000),
    "number": Number(),
    "boolean": Boolean(),
    "datetime": DateTime(),
    "list.text": ListOf(Text(20_000)),
}
_DIRECTIONS = ("read", "write", "both")
_SOURCES = ("customField", "path", "expression")


class Compiled(NamedTuple):
    """One rule, ready for use. ``custom_field`` is the id to write to, None where the rule only reads."""

    key: str
    read: Callable[[Record], Any] | None
    custom_field: str | None
    kind: FieldType | None
    to_ours: Mapping[str, Any]
    to_theirs: Mapping[str, str]


class FieldMapping:
    """The rules that hold for one model of one connection. ``fingerprint`` tells one set of rules from another."""

    def __init__(self, rules: Sequence[Compiled], fingerprint: str = "") -> None:
        self.fingerprint = fingerprint
        self._read = tuple(rule for rule in rules if rule.read is not None)
        self.writable = {rule.key: rule for rule in rules if rule.custom_field is not None}
        self.keys = frozenset(rule.key for rule in rules)

    def read_into(
        self,
        fields: dict[str, Any],
        record: Record,
        warn: Callable[[str, Exception], None],
        only: Collection[str] | None,
    ) -> None:
        """Add what the rules read of a record to ``fields``; ``warn`` gets what did not fit."""
        for rule in self._read:
            if only is not None and rule.key not in only:
                continue
            try:
                value = rule.read(record) if rule.read else None
                if value is None:
                    continue
                value = _to_ours(rule, value)
            except Exception as problem:  # a rule costs its key, never the record
                warn(rule.key, problem)
                continue
            if value is not ABSENT:
                fields[rule.key] = value

    def split(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the rest of a write's body, and the values for custom fields by unified key.

        Raises ``Invalid`` that names each key whose value does not fit.
        """
        rest = {key: value for key, value in body.items() if key not in self.writable}
        values: dict[str, Any] = {}
        problems: list[FieldProblem] = []
        for key in body.keys() & self.writable.keys():
            try:
                values[key] = _to_theirs(self.writable[key], body[key])
            except Unfit as problem:
                problems.append(FieldProblem(key, str(problem)))
        if problems:
            raise Invalid("The fields are not valid.", code="CONNECTOR::OPERATION::BAD_REQUEST", fields=problems)
        return rest, values

    def field_ids(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by the id of the custom field that each goes to."""
        return {str(self.writable[key].custom_field): value for key, value in values.items()}

    def unset(self, record: Record, keys: Collection[str]) -> list[str]:
        """Return those of ``keys`` whose custom field holds nothing in a record."""
        return [key for key in keys if _by_custom_field(str(self.writable[key].custom_field))(record) is None]


NO_MAPPING = FieldMapping(())


def compile_rules(model: Model, rules: Sequence[Rule]) -> FieldMapping:
    """Check and compile rules; the same rules are compiled once per environment. Raises ``Invalid``."""
    return _compile(model.id, json.dumps(rules, sort_keys=True)) if rules else NO_MAPPING


def merge(defaults: Sequence[Rule], overrides: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return the project's rules with the connection's in their place, each with its ``origin``."""
    by_key = {str(rule["key"]): {**rule, "origin": "project"} for rule in defaults}
    by_key.update({str(rule["key"]): {**rule, "origin": "connection"} for rule in overrides})
    return list(by_key.values())


@lru_cache(maxsize=256)
def _compile(_model_id: str, rules: str) -> FieldMapping:
    found: list[Compiled] = []
    problems: list[FieldProblem] = []
    # How many there may be is checked when they are saved: a project's and a connection's together are more.
    for position, rule in enumerate(cast(list[dict[str, Any]], json.loads(rules))):
        try:
            found.append(_rule(rule))
        except Unfit as problem:
            problems.append(FieldProblem(f"rules.{position}", str(problem)))
    if len({rule.key for rule in found}) != len(found):
        problems.append(FieldProblem("rules", "map a key twice"))
    if problems:
        raise Invalid("The mapping is not valid.", fields=problems)
    return FieldMapping(found, rules)


def _rule(rule: Rule) -> Compiled:
    key, direction = rule.get("key"), rule.get("direction", "read")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise Unfit("must have a key of letters, digits and _, beginning with a letter")
    if direction not in _DIRECTIONS:
        raise Unfit("must have a direction: read, write or both")
    source: Any = rule.get("source")
    if (
        not isinstance(source, dict)
        or len(cast(Record, source)) != 1
        or next(iter(cast(Record, source))) not in _SOURCES
    ):
        raise Unfit("must have a source: customField, path or expression")
    ((kind, said),) = cast(dict[str, Any], source).items()
    if not isinstance(said, str) or not 0 < len(said) <= 500:
        raise Unfit(f"must have a source whose {kind} is a text of at most 500 characters")
    if direction != "read" and kind != "customField":
        raise Unfit("can write to a customField only")
    type_name = rule.get("type")
    if type_name is not None and type_name not in TYPES:
        raise Unfit(f"must have a type of {', '.join(TYPES)}, or none")
    options: Any = rule.get("options") or {}
    if not isinstance(options, dict) or any(
        type(ours) not in (str, int, float, bool) for ours in cast(Record, options).values()
    ):
        raise Unfit("must have options that are texts, numbers or booleans by remote value")
    to_ours = cast(dict[str, Any], options)
    to_theirs = {_spelt(ours): theirs for theirs, ours in to_ours.items()}
    if len(to_theirs) != len(to_ours):
        raise Unfit("must not give two options the same meaning")
    return Compiled(
        key,
        None if direction == "write" else _READERS[kind](said),
        said if direction != "read" else None,
        TYPES[type_name] if type_name else None,
        to_ours,
        to_theirs,
    )


def reader(source: Mapping[str, str]) -> Callable[[Record], Any]:
    """Return how to read a source of exactly one kind. Raises ``Unfit``."""
    if len(source) != 1 or next(iter(source)) not in _SOURCES:
        raise Unfit("must have a source: customField, path or expression")
    ((kind, said),) = source.items()
    return _READERS[kind](said)


def _by_custom_field(field_id: str) -> Callable[[Record], Any]:
    def read(record: Record) -> Any:
        for value in cast(list[Record], record.get("customFields") or ()):
            if value.get("id") == field_id:
                return value.get("value")
        return None

    return read


def _by_path(path: str) -> Callable[[Record], Any]:
    if not _PATH.fullmatch(path):
        raise Unfit("must have a path of names with dots between them")
    parts = path.split(".")

    def read(record: Record) -> Any:
        value: Any = record
        for part in parts:
            if value is None:
                return None
            value = value.get(part)
        return value

    return read


def _by_expression(expression: str) -> Callable[[Record], Any]:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled: Any = jmespath.compile(expression)  # pyright: ignore[reportUnknownMemberType] - it has no types
        breadth = _breadth(compiled.parsed)
    except (JMESPathError, RecursionError):
        raise Unfit("must have a valid JMESPath expression") from None
    if breadth > MAX_BREADTH:
        raise Unfit("must have an expression with fewer lists and objects in it")
    search: Callable[[Record], Any] = compiled.search
    return search


def _breadth(node: Mapping[str, Any]) -> int:
    children: list[Any] = [child for child in node.get("children", ()) if isinstance(child, dict)]
    own = len(children) if node["type"] in ("multi_select_list", "multi_select_dict") else 1
    for child in children:
        own *= _breadth(child)
    return own


_READERS: Mapping[str, Callable[[str], Callable[[Record], Any]]] = {
    "customField": _by_custom_field,
    "path": _by_path,
    "expression": _by_expression,
}


def _to_ours(rule: Compiled, value: Any) -> Any:
    if rule.to_ours:
        if isinstance(value, list):
            value = [_option_of_ours(rule, element) for element in cast(list[Any], value)]
        else:
            value = _option_of_ours(rule, value)
    if rule.kind is None:
        return value
    return rule.kind.read(_coerced(rule.kind, value))


def _option_of_ours(rule: Compiled, value: Any) -> Any:
    """Translate a remote option. One that has no translation stays as it is: somebody has added it since."""
    return rule.to_ours.get(value if isinstance(value, str) else _spelt(value), value)


def _to_theirs(rule: Compiled, value: Any) -> Any:
    if value is None:
        raise Unfit("cannot be cleared: the connected account's API has no way to")
    if rule.kind is not None:
        value = rule.kind.write(value)
    if not rule.to_theirs:
        return value
    if isinstance(value, list):
        return [_option(rule, element) for element in cast(list[Any], value)]
    return _option(rule, value)


def _option(rule: Compiled, value: Any) -> Any:
    theirs = rule.to_theirs.get(_spelt(value))
    if theirs is None:
        raise Unfit("must be one of the mapping's options")
    return theirs


def _spelt(value: Any) -> str:
    """Spell a value as JSON; 2.0 and 2 are one number in it."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _coerced(kind: FieldType, value: Any) -> Any:
    """Turn the forms that one value commonly comes in; what does not fit is left for the type to refuse."""
    if kind.name == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if kind.name == "number" and isinstance(value, str):
        try:
            return float(value) if "." in value or "e" in value.lower() else int(value)
        except ValueError:
            return value
    if kind.name == "list.text" and isinstance(value, str):
        return [value]
    return value
