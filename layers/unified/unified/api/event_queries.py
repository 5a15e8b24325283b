"""What the routes of events and endpoints are asked for, read strictly: moments, patterns, cursors that name one."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from datetime import datetime

from unified.api.queries import wrong
from unified.connections.lifecycle import connections
from unified.connector import connector_ids, load_connector
from unified.events.records import event_time
from unified.models.events import is_pattern

# The last moment that an event's id can spell.
_LAST_MOMENT = (1 << 47) / 1000 - 1


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


def read_span(since: str | None, until: str | None) -> tuple[float, float]:
    """Read a span of time; without them, from the first event and until now. Raises ``Invalid``."""
    first, last = read_moment(since, "since"), read_moment(until, "until")
    if first is not None and last is not None and last < first:
        raise wrong("until", "must not be before since")
    return first or 0.0, time.time() if last is None else last


def known_models(project: str, connectors: Sequence[str] | None = None) -> set[str]:
    """Return the models of some connectors, None for all, the project's own among them."""
    models: set[str] = set()
    for connector in connector_ids() if connectors is None else connectors:
        models.update(load_connector(connector).model_ids)
        models.update(connections().store.definitions(project, connector))
    return models


def check_pattern(field: str, pattern: str, models: set[str]) -> None:
    """Refuse what is no pattern of events, or names none of ``models``. Raises ``Invalid``."""
    if not is_pattern(pattern):
        raise wrong(field, "must be *, model::*, *::created, or model::created (updated, deleted)")
    if not is_pattern(pattern, models):
        raise wrong(field, "names a model that no connector has")


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
