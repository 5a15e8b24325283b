"""Writes that may safely be sent again: ``Idempotency-Key``, and what is done when nobody knows how one ended.

The first request with a key claims it by a conditional write; a second one meanwhile is told to wait (409), one
with another body that the key is taken (422), a later one gets the first one's outcome for 24 hours
(draft-ietf-httpapi-idempotency-key-header-07). Kept are the record's id and how far the write came, never what was
written: a replay reads the record anew. Even the hash by which a second request is compared cannot be guessed at
without the key, which is not kept either.

When the answer of a write was lost, or the function died, the outcome is *unknown*. It is settled by looking for
the record before anything is written again, where the model can be looked up; where it cannot, the caller is told
so and nothing is written. A failure that proves that nothing happened frees the key. A record that was made without
some of its fields is one outcome with them still to write: the same key writes these, and never makes another record.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.records import Reference
from unified.errors import Invalid, OutcomeUnknown, Unauthorized, UnifiedError
from unified.secret import fingerprint

KEEP_SECONDS = 24 * 3600
# Longer than a function can run: a claim older than this belongs to one that is gone.
CLAIM_SECONDS = 40
# How long a write whose answer was lost may still be on its way: to look for it sooner could miss it, and write twice.
SETTLE_SECONDS = 10
MAX_KEY = 255


class Outcome(NamedTuple):
    """How a write ended: the record's id, and the fields that were not written, with the reasons."""

    record_id: str
    not_written: Mapping[str, str]


class Attempt(NamedTuple):
    """What to do with a request that carries a key.

    ``outcome`` is that of an earlier request, to be replayed, or resumed where fields were not written.
    ``settle`` says that an earlier request may or may not have written, no earlier than ``began`` (seconds since
    the epoch). ``unknown`` takes for how many seconds it is too early to look.
    """

    outcome: Outcome | None
    settle: bool
    began: int
    done: Callable[[Outcome], None]
    unknown: Callable[[int], None]
    free: Callable[[], None]


def begin(
    table: t.Table,
    reference: Reference,
    key: str,
    *,
    generation: str,
    route: str,
    body: Mapping[str, Any],
    clock: Callable[[], float],
) -> Attempt:
    """Claim ``key`` for one write of one connection, and of no later connection of its name (``generation``).

    Raises ``Invalid`` for a key out of form, ``KEY_REUSED`` (422) for another request, ``IN_PROGRESS`` (409).
    """
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise Invalid(f"Idempotency-Key must be 1 to {MAX_KEY} printable characters.")
    place = t.idempotency_key(*reference, fingerprint(f"{generation} {key}"))
    request = hashlib.sha256(json.dumps([key, route, body], sort_keys=True).encode()).hexdigest()
    while True:
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
            attempt = _again(table, place, taken.item, request, clock) if taken.item else None
        else:
            attempt = _attempt(table, place, None, settle=False, began=now, until=now + CLAIM_SECONDS, clock=clock)
        # None: what was found had changed before it could be taken over. Whoever changed it got on, so this ends.
        if attempt is not None:
            return attempt


def _again(table: t.Table, place: t.Key, found: t.Item, request: str, clock: Callable[[], float]) -> Attempt | None:
    if found["request"] != request:
        raise UnifiedError("MORPH::IDEMPOTENCY::KEY_REUSED", "This Idempotency-Key was used for another request.")
    now = int(clock())
    outcome = Outcome(found["recordId"], found["notWritten"]) if "recordId" in found else None
    if found["state"] == "done" and outcome is not None and not outcome.not_written:
        return _attempt(table, place, outcome, settle=False, began=found["began"], until=0, clock=clock)
    if found["until"] >= now:
        raise UnifiedError(
            "MORPH::IDEMPOTENCY::IN_PROGRESS",
            "A request with this Idempotency-Key is under way."
            if found["state"] == "running"
            else "The answer to a request with this Idempotency-Key was lost, and it is too early to look what it did.",
            retry_after=max(1, min(5, found["until"] - now)),
        )
    # Taking over is a claim of its own: of two that find a dead one, one goes on.
    unchanged = _held(found["state"], found["until"])
    try:
        table.update(place, {"state": "running", "until": now + CLAIM_SECONDS}, condition=unchanged)
    except t.ConditionFailed:
        return None
    # A record that is known needs no looking for, wherever the request that knew it ended.
    return _attempt(
        table, place, outcome, settle=outcome is None, began=found["began"], until=now + CLAIM_SECONDS, clock=clock
    )


def _held(state: str, until: int) -> t.Condition:
    return t.Condition("#until = :until AND #state = :state", {"until": until, "state": state}, ("until", "state"))


def _attempt(
    table: t.Table,
    place: t.Key,
    outcome: Outcome | None,
    *,
    settle: bool,
    began: int,
    until: int,
    clock: Callable[[], float],
) -> Attempt:
    # Who was overtaken after all has no say any more: its claim is another's, who settles by looking.
    mine = _held("running", until)

    def note(changes: Mapping[str, Any]) -> None:
        with contextlib.suppress(t.ConditionFailed):
            table.update(place, {"until": 0, **changes}, condition=mine)

    def done(ended: Outcome) -> None:
        note({"state": "done", "recordId": ended.record_id, "notWritten": dict(ended.not_written)})

    def unknown(seconds: int) -> None:
        note({"state": "unknown", "until": int(clock()) + seconds if seconds else 0})

    def free() -> None:
        with contextlib.suppress(t.ConditionFailed):
            table.delete(place, mine)

    return Attempt(outcome, settle, began, done, unknown, free)


def run(
    attempt: Attempt,
    *,
    write: Callable[[], Outcome],
    find: Callable[[int], Outcome | None] | None,
    resume: Callable[[Outcome], Outcome],
) -> Outcome:
    """Bring one write to its one outcome.

    ``find`` looks for what an earlier request may have written since a time, with what that lacks, and is None where
    it cannot be looked up; ``resume`` writes what an earlier request did not. Raises what ``write`` raises, and
    ``OUTCOME_UNKNOWN`` when an earlier outcome cannot be settled.
    """
    before = attempt.outcome
    if before is not None and not before.not_written:
        return before
    sent = False

    def send() -> Outcome:
        nonlocal sent
        sent = True
        return write()

    try:
        ended = _settled(attempt, send, find, resume) if before is None else _resumed(before, resume)
    except UnifiedError as failed:
        if before is not None:
            attempt.done(before)
        elif attempt.settle or isinstance(failed, OutcomeUnknown):
            attempt.unknown(SETTLE_SECONDS if sent and isinstance(failed, OutcomeUnknown) else 0)
        else:
            attempt.free()
        raise
    attempt.done(ended)
    return ended


def _settled(
    attempt: Attempt,
    write: Callable[[], Outcome],
    find: Callable[[int], Outcome | None] | None,
    resume: Callable[[Outcome], Outcome],
) -> Outcome:
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
            return _resumed(found, resume) if found.not_written else found
    return write()


def _resumed(before: Outcome, resume: Callable[[Outcome], Outcome]) -> Outcome:
    """Write what is left of a record. What fails again is told again: to say "failed" would hide the record."""
    try:
        return resume(before)
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return Outcome(before.record_id, dict.fromkeys(before.not_written, failed.detail))
