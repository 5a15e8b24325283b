"""What was called: counts and the latest calls, without bodies."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

DROPPED = 0  # the "status" of a call whose connection was closed without an answer


@dataclass(frozen=True)
class CallRecord:
    """One call: when (ISO), which endpoint, by which masked key, and how it ended.

    `status` is the HTTP status or `DROPPED`; `fault` is the kind of fault applied, if any.
    """

    at: str
    endpoint: str
    key: str
    status: int
    fault: str | None = None


class CallLog:
    """Counts every call, of all and of each masked key by endpoint, and remembers the latest thousand."""

    def __init__(self) -> None:
        self.by_endpoint: Counter[str] = Counter()
        self.by_key: dict[str, Counter[str]] = {}
        self._latest: deque[CallRecord] = deque(maxlen=1000)

    def note(self, record: CallRecord) -> None:
        """Count and remember a call."""
        self.by_endpoint[record.endpoint] += 1
        self.by_key.setdefault(record.key, Counter())[record.endpoint] += 1
        self._latest.append(record)

    def latest(self, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` of the latest calls, newest last."""
        return [asdict(record) for record in list(self._latest)[-limit:]] if limit else []
