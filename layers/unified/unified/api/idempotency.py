"""Writes that may safely be sent again: ``Idempotency-Key``, and what is done when nobody knows how one ended.

The first request with a key claims it by a conditional write; a second one meanwhile is told to wait (409), one
with another body that the key is taken (422), a later one gets the first one's outcome for 24 hours
(draft-ietf-httpapi-idempotency-key-header-07). Kept are the record's id and how far the write came, never what was
written: a replay reads the record anew.

When the answer of a write was lost, or the function died, the outcome is *unknown*. It is settled by looking for
the record before anything is written again, where the model can be looked up; where it cannot, the caller is told
so and nothing is written. A failure that proves that nothing happened frees the key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.records import Reference
from unified.errors import Invalid, OutcomeUnknown, UnifiedError
from unified.secret import fingerprint

KEEP_SECONDS = 24 * 3600
# Longer than a function can run: a claim older than this belongs to one that is gone.
CLAIM_SECONDS = 40
MAX_KEY = 255


class Outcome(NamedTuple):
    """How a write ended: the record's id, and the fields that were not written, with the reasons."""

    record_id: str
    not_written: Mapping[str, str]


class Attempt(NamedTuple):
    """What to do with a request that carries a key.

    ``outcome`` is that of an earlier request, to be replayed, or resumed where fields were not written.
    ``settle`` says that an earlier request may or may not have written, no earlier than ``began`` (seconds since
    the epoch).
    """

    outcome: Outcome | None
    settle: bool
    began: int
    done: Callable[[Outcome], None]
    unknown: Callable[[], None]
    free: Callable[[], None]


def begin(
    table: t.Table, reference: Reference, key: str, *, route: str, body: Mapping[str, Any], clock: Callable[[], float]
) -> Attempt:
    """Claim ``key`` for one write of one connection.

    Raises ``Invalid`` for a key out of form, ``KEY_REUSED`` (422) for another request, ``IN_PROGRESS`` (409).
    """
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise Invalid(f"Idempotency-Key must be 1 to {MAX_KEY} printable characters.")
    place = t.idempotency_key(*reference, fingerprint(key))
    request = hashlib.sha256(json.dumps([route, body], sort_keys=True).encode()).hexdigest()
    now = int(clock())
    claim = {
        "request": request,
        "state": "running",
        "began": now,
        "until": now + CLAIM_SECONDS,
        "ttl": now + KEEP_SECONDS,
    }
    gone = t.Condition("attribute_not_exists(pk) OR #ttl < :now", {"now": now}, ("ttl",))
    try:
        table.put(place, claim, gone)
    except t.ConditionFailed as taken:
        return _again(table, place, taken.item or {}, request, now)
    return _attempt(table, place, None, settle=False, began=now)


def _again(table: t.Table, place: t.Key, found: t.Item, request: str, now: int) -> Attempt:
    if found["request"] != request:
        raise UnifiedError("MORPH::IDEMPOTENCY::KEY_REUSED", "This Idempotency-Key was used for another request.")
    if found["state"] == "done" and not found.get("notWritten"):
        return _attempt(table, place, Outcome(found["recordId"], {}), settle=False, began=found["began"])
    if found["state"] == "running" and found["until"] >= now:
        raise UnifiedError(
            "MORPH::IDEMPOTENCY::IN_PROGRESS",
            "A request with this Idempotency-Key is under way.",
            retry_after=max(1, min(5, found["until"] - now)),
        )
    # Taking over is a claim of its own: of two that find a dead one, one goes on.
    unchanged = t.Condition(
        "#until = :until AND #state = :state", {"until": found["until"], "state": found["state"]}, ("until", "state")
    )
    try:
        table.update(place, {"state": "running", "until": now + CLAIM_SECONDS}, condition=unchanged)
    except t.ConditionFailed as taken:
        return _again(table, place, taken.item or found, request, now)
    if found["state"] == "done":
        partial = Outcome(found["recordId"], found["notWritten"])
        return _attempt(table, place, partial, settle=False, began=found["began"])
    return _attempt(table, place, None, settle=True, began=found["began"])


def _attempt(table: t.Table, place: t.Key, outcome: Outcome | None, *, settle: bool, began: int) -> Attempt:
    def done(ended: Outcome) -> None:
        table.update(
            place, {"state": "done", "recordId": ended.record_id, "notWritten": dict(ended.not_written), "until": 0}
        )

    def unknown() -> None:
        table.update(place, {"state": "unknown", "until": 0})

    def free() -> None:
        table.delete(place)

    return Attempt(outcome, settle, began, done, unknown, free)


def run(
    attempt: Attempt,
    *,
    write: Callable[[], Outcome],
    find: Callable[[int], str | None] | None,
    resume: Callable[[Outcome], Outcome],
) -> Outcome:
    """Bring one write to its one outcome.

    ``find`` looks for what an earlier request may have written since a time, and is None where that cannot be
    looked up; ``resume`` writes what an earlier request could not. Raises what ``write`` raises, and
    ``OUTCOME_UNKNOWN`` when an earlier outcome cannot be settled.
    """
    if attempt.outcome is not None and not attempt.outcome.not_written:
        return attempt.outcome
    try:
        ended = _bring(attempt, write=write, find=find, resume=resume)
    except OutcomeUnknown:
        attempt.unknown()
        raise
    except UnifiedError:
        if attempt.outcome is not None:
            attempt.done(attempt.outcome)
        elif attempt.settle:
            attempt.unknown()
        else:
            attempt.free()
        raise
    attempt.done(ended)
    return ended


def _bring(
    attempt: Attempt,
    *,
    write: Callable[[], Outcome],
    find: Callable[[int], str | None] | None,
    resume: Callable[[Outcome], Outcome],
) -> Outcome:
    if attempt.outcome is not None:
        return resume(attempt.outcome)
    if attempt.settle:
        if find is None:
            raise OutcomeUnknown(
                "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN",
                "An earlier request with this Idempotency-Key may have written, and there is no way to look it up."
                " Look yourself, then use another key.",
                status=409,
            )
        found = find(attempt.began)
        if found is not None:
            return Outcome(found, {})
    return write()
