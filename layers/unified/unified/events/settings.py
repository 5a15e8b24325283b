"""How a project wants its events: as references or whole, and how often its accounts are looked through."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from unified import table as t
from unified.remembered import Remembered

CACHE_SECONDS = 30
"""How long a worker may go on with settings that have been changed."""

_MOST_REMEMBERED = 500


class EventSettings(NamedTuple):
    """A project's settings.

    ``thin`` events are references; others hold the record, sealed. ``backfill`` makes an event of every record that
    was there when a connection was first looked through. ``sweep_minutes`` lie between two looks at what has changed,
    ``full_sweep_hours`` between two looks at everything, which alone finds what was deleted.
    """

    thin: bool = True
    backfill: bool = False
    sweep_minutes: int = 15
    full_sweep_hours: int = 24

    @classmethod
    def from_item(cls, item: Mapping[str, Any] | None) -> EventSettings:
        """Read them from the table; what was never chosen is as usual."""
        usual = cls()
        found = item or {}
        return cls(
            found.get("thin", usual.thin),
            found.get("backfill", usual.backfill),
            found.get("sweepMinutes", usual.sweep_minutes),
            found.get("fullSweepHours", usual.full_sweep_hours),
        )

    def to_wire(self) -> dict[str, Any]:
        """Spell them for a caller."""
        return {
            "object": "eventSettings",
            "thin": self.thin,
            "backfill": self.backfill,
            "sweepMinutes": self.sweep_minutes,
            "fullSweepHours": self.full_sweep_hours,
        }


def load(table: t.Table, project: str) -> EventSettings:
    """Read a project's settings as they are now."""
    return EventSettings.from_item(table.get(t.event_settings_key(project)))


def read(table: t.Table, project: str) -> EventSettings:
    """Return a project's settings, remembered for ``CACHE_SECONDS``."""
    return _remembered().get(project, lambda: load(table, project))


def change(table: t.Table, project: str, changes: Mapping[str, Any]) -> EventSettings:
    """Set some of a project's settings, by the wire's names; returns all of them."""
    if not changes:
        return load(table, project)
    _remembered().forget(project)
    return EventSettings.from_item(table.update(t.event_settings_key(project), changes))


@lru_cache(maxsize=1)
def _remembered() -> Remembered[str, EventSettings]:
    return Remembered(CACHE_SECONDS, _MOST_REMEMBERED)
