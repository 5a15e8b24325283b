"""What every list is asked for in one way, read strictly: which parameters there are, and ``limit``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unified.errors import FieldProblem, Invalid, meant

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


def only(query: Mapping[str, str], *known: str) -> None:
    """Refuse parameters that a route does not know. Raises ``Invalid``."""
    unknown = [name for name in query if name not in known]
    if unknown:
        raise Invalid(
            "The query is not valid.",
            fields=[
                FieldProblem(name[:60], f"is not a parameter of this route{meant(name, known)}")
                for name in unknown[:20]
            ],
        )


def read_limit(query: Mapping[str, str]) -> int:
    """Read ``limit`` where nothing else can be wrong beside it. Raises ``Invalid``."""
    problems: list[FieldProblem] = []
    limit = check_limit(query.get("limit"), problems)
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    return limit


def check_limit(text: str | None, problems: list[FieldProblem], usual: int = DEFAULT_LIMIT) -> int:
    """Read ``limit``, ``usual`` where there is none and for 0, as Morph's API has it; adds to ``problems``."""
    if text is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > MAX_LIMIT:
        problems.append(FieldProblem("limit", f"must be a number from 1 to {MAX_LIMIT}, or 0 for {usual}"))
        return usual
    return int(text) or usual


def wrong(field: str, message: str) -> Invalid:
    """Return the refusal of one field or parameter."""
    return Invalid("The request is not valid.", fields=[FieldProblem(field, message)])
