"""What Ashby says of a call that it refused, in the words of our fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from unified.errors import FieldProblem, Invalid, UnifiedError, UpstreamFailure

BAD_REQUEST = "CONNECTOR::OPERATION::BAD_REQUEST"
_NOTHING: Mapping[str, str] = {}
_TRANSLATED = frozenset({BAD_REQUEST, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND"})


class Words(NamedTuple):
    """How one model's fields are called in Ashby's refusals.

    ``parameters`` gives our field for Ashby's parameter. ``codes`` gives what is wrong with which of our fields for
    Ashby's error code: a record that is referred to and is not there is a wrong field, not a missing resource.
    ``hints`` tells the rule that a field usually broke. ``conflicts`` are codes that tell of the record's state rather
    than of the request.
    """

    parameters: Mapping[str, str] = _NOTHING
    codes: Mapping[str, FieldProblem] = {}
    hints: Mapping[str, str] = _NOTHING
    conflicts: Collection[str] = ()


@contextmanager
def told_in(words: Words) -> Generator[None]:
    """Turn a refusal raised within into one that names our fields; one that blames no field passes."""
    try:
        yield
    except UnifiedError as refused:
        translated = _translate(refused, words)
        if translated is None:
            raise
        raise translated from None


def invalid(*problems: tuple[str, str]) -> Invalid:
    """Return the error for fields that cannot be written so: (field, what it must be)."""
    fields = [FieldProblem(*problem) for problem in problems]
    return Invalid(f"These fields are not valid: {_names(fields)}.", code=BAD_REQUEST, fields=fields)


def _translate(refused: UnifiedError, words: Words) -> UnifiedError | None:
    if refused.code not in _TRANSLATED:
        return None
    code = (refused.upstream.code if refused.upstream else None) or ""
    if code in words.codes:
        problem = words.codes[code]
        kind, status = (UpstreamFailure, "CONFLICT") if code in words.conflicts else (UnifiedError, "BAD_REQUEST")
        return kind(
            f"CONNECTOR::OPERATION::{status}",
            f"Ashby refused {problem.field}: it {problem.message}.",
            fields=[problem],
            upstream=refused.upstream,
        )
    if not refused.fields:
        return None
    fields = [_in_our_words(problem, words) for problem in refused.fields]
    detail = f"Ashby refused these fields: {_names(fields)}."
    return UnifiedError(BAD_REQUEST, detail, fields=fields, upstream=refused.upstream)


def _in_our_words(problem: FieldProblem, words: Words) -> FieldProblem:
    """Name our field for a parameter, or for the innermost known part of one such as ``events[0].startTime``."""
    name = words.parameters.get(problem.field)
    if name is None:
        parts = [part for part in re.findall(r"[A-Za-z]+", problem.field) if part in words.parameters]
        if not parts:
            return problem
        name = words.parameters[parts[-1]]
    hint = words.hints.get(name)
    return FieldProblem(name, f"{problem.message}: {hint}" if hint else problem.message)


def _names(fields: Collection[FieldProblem]) -> str:
    return ", ".join(dict.fromkeys(problem.field for problem in fields))
