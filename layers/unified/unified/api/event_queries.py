"""What the routes of events and endpoints are asked for, read strictly: limits, moments, cursors that name an event."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime

from unified.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from unified.errors import FieldProblem, Invalid
from unified.events.records import event_time

# The last moment that an event's id can spell.
_LAST_MOMENT = (1 << 47) / 1000 - 1


def only(query: Mapping[str, str], *known: str) -> None:
    """Refuse parameters that a route does not know. Raises ``Invalid``."""
    unknown = [name for name in query if name not in known]
    if unknown:
        raise Invalid(
            "The query is not valid.",
            fields=[FieldProblem(name[:60], "is not a parameter of this route") for name in unknown[:20]],
        )


def read_limit(query: Mapping[str, str]) -> int:
    """Read ``limit``. Raises ``Invalid``."""
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,6}", limit) or not 1 <= int(limit) <= MAX_LIMIT:
        raise wrong("limit", f"must be a number from 1 to {MAX_LIMIT}")
    return int(limit)


def read_moment(text: str | None, name: str) -> float | None:
    """Read a moment as seconds since the epoch. Raises ``Invalid`` for one without its offset from UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        moment = read.timestamp() if read.tzinfo is not None else -1.0
    except (ValueError, OverflowError):
        moment = -1.0
    if not 0 <= moment <= _LAST_MOMENT:
        raise wrong(name, "must be a time in ISO 8601 with its offset, such as 2026-11-24T08:00:00Z")
    return moment


def read_cursor(text: str | None, name: str = "cursor") -> str | None:
    """Read a cursor: the event to go on behind, which only names, and opens nothing. Raises ``Invalid``."""
    if text is None:
        return None
    try:
        event_id = base64.urlsafe_b64decode(text).decode()
    except ValueError:
        event_id = ""
    if event_time(event_id) is None:
        raise wrong(name, "is not one of this list")
    return event_id


def cursor(event_id: str | None) -> str | None:
    """Spell a cursor."""
    return None if event_id is None else base64.urlsafe_b64encode(event_id.encode()).decode()


def wrong(field: str, message: str) -> Invalid:
    """Return the refusal of one field or parameter."""
    return Invalid("The request is not valid.", fields=[FieldProblem(field, message)])
