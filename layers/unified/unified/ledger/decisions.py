"""What an observation means beside what was last seen: the rules, without any I/O.

Two observers may see a record in one order and write in the other. Three rules keep the ledger true:

- The entry is written only if it is still the one the decision was made on (``unified.ledger.ledger``).
- An observation that carries an older ``updatedAt`` than the entry is stale, and loses.
- An observation that might be older than the entry is *unsure*: it is settled by reading the entry first and the
  record after it (a *fenced* read), so that what is read cannot be older than what it is compared with. A page of a
  list is unsure when the entry was seen later than the page's reading began, but for a margin for clocks that differ;
  a webhook's payload unless the record is known and its ``updatedAt`` is later than the entry's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

from unified.events.records import Trigger

# Seconds that two functions' clocks may differ; Lambda's are kept within milliseconds.
CLOCK_MARGIN = 2.0


class Entry(NamedTuple):
    """What is known of one record.

    ``digest`` is that of its unified fields under ``basis``, the way they were read (mapping rules and fields); empty
    for a record that is gone. ``version`` counts its events. ``seen_at`` is when the reading that it comes from had
    ended (seconds since the epoch).
    """

    basis: bytes
    digest: bytes
    version: int
    updated_at: str | None
    seen_at: float
    is_restricted: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether the record was deleted."""
        return not self.digest


class Seen(NamedTuple):
    """One observation of one record, or of its absence (an empty ``digest``).

    ``how``: ``fenced``, read after the entry it is compared with; ``page`` of a list whose reading began at
    ``began_at`` and ended at ``ended_at``; ``payload`` of a webhook; ``word``, a webhook that says it is deleted;
    ``final``, an absence that nothing else can be asked about.
    """

    record_id: str
    basis: bytes
    digest: bytes
    how: Literal["fenced", "page", "payload", "word", "final"]
    began_at: float
    ended_at: float
    updated_at: str | None = None
    created_at: str | None = None
    is_restricted: bool = False
    merged_into: str | None = None
    resource: Mapping[str, Any] | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the record was found deleted."""
        return not self.digest


class Verdict(Enum):
    """What to do about an observation that makes no event."""

    SAME = "same"
    STALE = "stale"
    UNSURE = "unsure"
    QUIET = "quiet"  # write the entry, tell nobody


class Policy(NamedTuple):
    """How unknown records are taken.

    Until a model's first full sweep has ended, what is unknown was most likely there before: it is noted without
    an event unless it was made since ``watched_from`` (ISO 8601), or ``tells_all`` asks for all.
    """

    is_complete: bool
    watched_from: str
    tells_all: bool = False


def decide(entry: Entry | None, seen: Seen, policy: Policy) -> Verdict | Trigger:
    """Return the event that an observation makes, or what to do otherwise."""
    if seen.is_gone:
        return _decide_absence(entry, seen)
    if entry is None:
        if seen.how == "payload":
            # Webhooks tell of records that the credential may not be let to see; no list would ever show them.
            return Verdict.UNSURE
        return "created" if _is_new(seen, policy) else Verdict.QUIET
    if entry.is_gone:
        return "created" if seen.how == "fenced" or _is_surely_newer(entry, seen) else Verdict.UNSURE
    if seen.digest == entry.digest and seen.basis == entry.basis:
        # A later updatedAt is noted all the same: a late payload from in between must be told for stale. So is a
        # fenced reading: who read before it and has not written yet must find that somebody has read since.
        is_news = seen.how == "fenced" or _is_older(entry.updated_at, seen.updated_at)
        return Verdict.QUIET if is_news else Verdict.SAME
    if _is_older(seen.updated_at, entry.updated_at):
        return Verdict.STALE
    if seen.how != "fenced" and not _is_surely_newer(entry, seen):
        return Verdict.UNSURE
    if seen.basis != entry.basis and (seen.updated_at is None or seen.updated_at == entry.updated_at):
        # The record is read otherwise than before, by new mapping rules or a new version of this code: the
        # difference is ours, not the account's.
        return Verdict.QUIET
    return "updated"


def _decide_absence(entry: Entry | None, seen: Seen) -> Verdict | Trigger:
    if entry is None:
        # A late payload must find that the record is gone.
        return Verdict.QUIET
    if entry.is_gone:
        return Verdict.QUIET if seen.how == "fenced" else Verdict.SAME
    # A word may be late, and the record back by now.
    return Verdict.UNSURE if seen.how == "word" else "deleted"


def _is_new(seen: Seen, policy: Policy) -> bool:
    if policy.is_complete or policy.tells_all:
        return True
    return seen.created_at is not None and seen.created_at >= policy.watched_from


def _is_older(one: str | None, other: str | None) -> bool:
    # Both in the one form that the mapper gives times, which sorts as time does.
    return one is not None and other is not None and one < other


def _is_surely_newer(entry: Entry, seen: Seen) -> bool:
    if seen.how == "payload":
        if entry.is_gone:
            return False
        return _is_older(entry.updated_at, seen.updated_at)
    return entry.seen_at <= seen.began_at - CLOCK_MARGIN
