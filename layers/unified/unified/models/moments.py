"""Points in time as everywhere on our wire: ISO 8601, UTC, milliseconds, ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Spell a time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_at(seconds: float) -> str:
    """Spell a time that is given in seconds since the epoch."""
    return iso(datetime.fromtimestamp(seconds, UTC))


def now_iso() -> str:
    """Spell the present."""
    return iso(datetime.now(UTC))
