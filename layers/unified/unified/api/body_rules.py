"""Why pydantic does not take a part of a body, in the words of all our other refusals; none of a value, class or type.

https://docs.pydantic.dev/latest/errors/validation_errors/ lists its kinds of error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RULES: Mapping[str, str] = {
    "extra_forbidden": "is not known",
    "missing": "is required",
    "string_type": "must be a text",
    "string_unicode": "must be a text that UTF-8 can carry",
    "string_too_short": "must have a length of at least {min_length}",
    "string_too_long": "must have a length of at most {max_length}",
    "string_pattern_mismatch": "has a character that it cannot have, or too many",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number that is not infinite",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "too_short": "must have a length of at least {min_length}",
    "too_long": "must have a length of at most {max_length}",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""By pydantic's name of the error; a part in braces is of its context, which holds our own rules only."""


def rule(kind: str, context: Mapping[str, Any]) -> str:
    """Return what a part must be, for an error of pydantic's."""
    return _RULES.get(kind, "is not valid").format_map(context)
