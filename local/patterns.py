"""Which records a filter lets through: the part of EventBridge's patterns that Lambda's filters use most. Pure.

A pattern mirrors the record; at its leaves stands a list of what the value may be: the value itself, or
``{"prefix": …}``, ``{"suffix": …}``, ``{"exists": …}``, ``{"anything-but": […]}``. Anything else is a
`TemplateError`. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from local.errors import TemplateError

_MISSING = object()


def read_pattern(pattern: Mapping[str, object], where: str) -> None:
    """Check that `pattern` holds nothing that `matches` does not know. Raises `TemplateError`."""
    for name, part in pattern.items():
        if isinstance(part, dict) and part:
            read_pattern(cast("dict[str, object]", part), f"{where}.{name}")
        elif isinstance(part, list) and part:
            for rule in cast("list[object]", part):
                _check(rule, f"{where}.{name}")
        else:
            raise TemplateError(f"{where}.{name}: a pattern ends in lists of values")


def matches(pattern: Mapping[str, object], record: Mapping[str, object]) -> bool:
    """Say whether `record` has, at each of the pattern's leaves, one of the values listed there."""
    for name, part in pattern.items():
        value = record.get(name, _MISSING)
        if isinstance(part, dict):
            inner = cast("dict[str, object]", value) if isinstance(value, dict) else dict[str, object]()
            if not matches(cast("dict[str, object]", part), inner):
                return False
        elif not any(_allows(rule, value) for rule in cast("list[object]", part)):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Filters:
    """A source's filters as JSON texts: a record passes if one matches, or if there is none."""

    texts: tuple[str, ...] = ()
    _patterns: Sequence[Mapping[str, object]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Parse the texts once."""
        object.__setattr__(self, "_patterns", [json.loads(text) for text in self.texts])

    def passes(self, record: Mapping[str, object]) -> bool:
        """Say whether `record` reaches the function."""
        return not self._patterns or any(matches(pattern, record) for pattern in self._patterns)


def _check(rule: object, where: str) -> None:
    if not isinstance(rule, dict):
        return
    items = list(cast("dict[str, object]", rule).items())
    name, argument = items[0] if len(items) == 1 else ("", None)
    texts = cast("list[object]", argument) if isinstance(argument, list) else [argument]
    known = (
        (name in {"prefix", "suffix"} and isinstance(argument, str))
        or (name == "exists" and isinstance(argument, bool))
        or (name == "anything-but" and all(isinstance(text, (str, int, float)) for text in texts))
    )
    if not known:
        raise TemplateError(f"{where}: the local runner does not know the rule {json.dumps(rule)}")


def _allows(rule: object, value: object) -> bool:
    if not isinstance(rule, dict):
        return value is not _MISSING and type(value) is type(rule) and value == rule
    name, argument = next(iter(cast("dict[str, object]", rule).items()))
    if name == "exists":
        return (value is not _MISSING) is argument
    if name == "anything-but":
        excluded = cast("list[object]", argument) if isinstance(argument, list) else [argument]
        return value is not _MISSING and value not in excluded
    if not isinstance(value, str):
        return False
    return value.startswith(str(argument)) if name == "prefix" else value.endswith(str(argument))
