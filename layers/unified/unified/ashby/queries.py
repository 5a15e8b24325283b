"""The values of a list's filters, checked and turned into Ashby's parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from unified.connector import ListQuery
from unified.errors import FieldProblem, Invalid
from unified.models.types import DateTime, Unfit

_TIME = DateTime()
_POSITION = re.compile(r"[0-9]{1,9}")


def not_so(name: str, message: str) -> Invalid:
    """Return the error for a filter's value."""
    return Invalid("The query is not valid.", fields=[FieldProblem(name, message)])


def page_of(query: ListQuery) -> dict[str, Any]:
    """Return Ashby's parameters for one page of a list, or of what has changed since a sync token."""
    said = {"cursor": query.cursor, "syncToken": query.sync_token}
    return {"limit": query.limit, **{name: value for name, value in said.items() if value}}


def milliseconds(query: ListQuery, *names: str) -> dict[str, int]:
    """Return the given ones of the time filters ``names`` as Ashby takes them: milliseconds since the epoch."""
    return {name: _milliseconds(name, query.filters[name]) for name in names if name in query.filters}


def one_of(query: ListQuery, name: str, theirs: Mapping[str, str]) -> str | None:
    """Return Ashby's word for the one value of a filter; ``theirs`` gives it for each of ours."""
    given = query.filters.get(name)
    return None if given is None else _known(name, given, theirs)


def some_of(query: ListQuery, name: str, theirs: Mapping[str, Any]) -> list[Any] | None:
    """Return Ashby's words for the values of a filter, several of them with commas between."""
    given = query.filters.get(name)
    return None if given is None else [_known(name, part.strip(), theirs) for part in given.split(",")]


def position(query: ListQuery) -> int:
    """Return where in an unpaged answer the page begins. Raises ``Invalid`` for a cursor that is none of ours."""
    if query.cursor is None:
        return 0
    if not _POSITION.fullmatch(query.cursor):
        raise no_longer()
    return int(query.cursor)


def no_longer() -> Invalid:
    """Return the error for a cursor that is none of ours: it was in the caller's hands meanwhile."""
    return Invalid("This cursor is no longer valid. List again from the start.")


def _known(name: str, value: str, theirs: Mapping[str, Any]) -> Any:
    if value not in theirs:
        raise not_so(f"filter[{name}]", f"must be one of {', '.join(theirs)}")
    return theirs[value]


def _milliseconds(name: str, value: str) -> int:
    try:
        return round(datetime.fromisoformat(_TIME.write(value)).timestamp() * 1000)
    except (Unfit, OverflowError):
        raise not_so(f"filter[{name}]", "must be an ISO 8601 time") from None
