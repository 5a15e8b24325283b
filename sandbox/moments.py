"""Times on the wire: ISO 8601 UTC strings with milliseconds outside, Unix milliseconds inside."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def iso(milliseconds: int) -> str:
    """Write Unix milliseconds the way Ashby does: `2022-08-12T20:29:56.964Z`."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: str) -> int:
    """Read an ISO 8601 date or date-time; a missing zone means UTC.

    Raises ValueError for anything else, and OverflowError for a moment outside the years 1 to 9999.
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return (moment - _EPOCH) // _MILLISECOND
