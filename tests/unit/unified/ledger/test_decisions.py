"""What each kind of observation means beside what was last seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from unified.ledger.decisions import CLOCK_MARGIN, Entry, Policy, Seen, Verdict, decide

OURS, OTHER = b"\x00\x00\x00\x01", b"\x00\x00\x00\x02"
OLD, SAME, NEW = (f"2027-01-15T08:00:00.{millisecond:03}Z" for millisecond in (1, 2, 3))
AT = 1_800_000_000.0
EARLY, LATE = AT - 60, AT + 60
ENTRY = Entry(OURS, b"A", 3, SAME, AT)
TIMELESS = ENTRY._replace(updated_at=None)
GONE = ENTRY._replace(digest=b"")
WHOLE = Policy(is_complete=True, watched_from=SAME)
FIRST = Policy(is_complete=False, watched_from=SAME)
ALL = Policy(is_complete=False, watched_from=SAME, tells_all=True)


class Case(NamedTuple):
    words: str
    entry: Entry | None
    seen: Seen
    expected: Any
    policy: Policy = WHOLE


def seen(how: Any, digest: bytes, updated_at: str | None = None, *, at: float = LATE, **more: Any) -> Seen:
    began_at = more.pop("began_at", at)
    basis = more.pop("basis", OURS)
    return Seen("a", basis, digest, how, began_at, at, updated_at, **more)


CASES = [
    # Unknown before
    *(
        Case(f"a record that nobody knew is new, by {how}", None, seen(how, b"A", SAME), "created")
        for how in ("fenced", "page")
    ),
    Case("a payload of what nobody knew may be of a record long gone", None, seen("payload", b"A"), Verdict.UNSURE),
    Case("the first sweep notes what was there before", None, seen("page", b"A", SAME), Verdict.QUIET, FIRST),
    Case(
        "the first sweep notes a record made before it", None, seen("page", b"A", created_at=OLD), Verdict.QUIET, FIRST
    ),
    Case("a record made as the first sweep began is new", None, seen("page", b"A", created_at=SAME), "created", FIRST),
    Case("a record made since is new", None, seen("page", b"A", created_at=NEW), "created", FIRST),
    Case("who wants all is told of old ones too", None, seen("page", b"A", created_at=OLD), "created", ALL),
    Case("who wants all is told of undated ones too", None, seen("page", b"A"), "created", ALL),
    Case("a deletion of what nobody knew is noted for late payloads", None, seen("word", b""), Verdict.QUIET),
    Case("an absence of what nobody knew is noted", None, seen("fenced", b""), Verdict.QUIET, FIRST),
    # Gone
    *(Case(f"known and gone, by {how}", ENTRY, seen(how, b""), "deleted") for how in ("fenced", "final")),
    Case("a word may be late, and the record back by now", ENTRY, seen("word", b""), Verdict.UNSURE),
    Case("gone during the first sweep", ENTRY, seen("fenced", b""), "deleted", FIRST),
    # Noted again, so that who read it while it was back for a moment cannot write that after this.
    Case("gone twice, read after", GONE, seen("fenced", b""), Verdict.QUIET),
    *(Case(f"gone twice, by {how}", GONE, seen(how, b""), Verdict.SAME) for how in ("word", "final")),
    Case("a record that came back", GONE, seen("fenced", b"A", SAME), "created"),
    Case("a record that came back in the first sweep", GONE, seen("fenced", b"A"), "created", FIRST),
    Case("a gone record must be looked for again, by payload", GONE, seen("payload", b"A", NEW), Verdict.UNSURE),
    Case("a gone record on a page that was begun later", GONE, seen("page", b"A", NEW), "created"),
    # The same content; noted again where it was read after its entry, so that who read in between cannot write later.
    Case("nothing new, read after", ENTRY, seen("fenced", b"A", SAME), Verdict.QUIET),
    Case("nothing new and no time of it, read after", TIMELESS, seen("fenced", b"A"), Verdict.QUIET),
    *(Case(f"nothing new, by {how}", ENTRY, seen(how, b"A", SAME), Verdict.SAME) for how in ("page", "payload")),
    Case("nothing new and no time of it", TIMELESS, seen("page", b"A"), Verdict.SAME),
    Case("the same content of a later time", ENTRY, seen("payload", b"A", NEW), Verdict.QUIET),
    Case("the same content of an earlier time", ENTRY, seen("payload", b"A", OLD), Verdict.SAME),
    # Stale
    *(
        Case(f"an older state, by {how}", ENTRY, seen(how, b"B", OLD), Verdict.STALE)
        for how in ("fenced", "page", "payload")
    ),
    # Changed
    Case("a later time and other content, read after", ENTRY, seen("fenced", b"B", NEW), "updated"),
    Case("a later time and other content, told", ENTRY, seen("payload", b"B", NEW), "updated"),
    Case("the same millisecond, told", ENTRY, seen("payload", b"B", SAME), Verdict.UNSURE),
    Case("the same millisecond, read after", ENTRY, seen("fenced", b"B", SAME), "updated"),
    Case("no time, told", TIMELESS, seen("payload", b"B"), Verdict.UNSURE),
    Case("a first time, told", TIMELESS, seen("payload", b"B", NEW), Verdict.UNSURE),
    Case("no time, read after", TIMELESS, seen("fenced", b"B"), "updated"),
    Case("no time, read after, though clocks say before", TIMELESS, seen("fenced", b"B", at=EARLY), "updated"),
    Case("a page read long after", TIMELESS, seen("page", b"B"), "updated"),
    Case("a page read long before", TIMELESS, seen("page", b"B", at=EARLY), Verdict.UNSURE),
    Case("a page begun before and ended after", TIMELESS, seen("page", b"B", began_at=AT - 1), Verdict.UNSURE),
    Case("a page just after, within what clocks differ", TIMELESS, seen("page", b"B", at=AT + 1.9), Verdict.UNSURE),
    Case("a page after all that clocks differ", TIMELESS, seen("page", b"B", at=AT + CLOCK_MARGIN), "updated"),
    Case("a page of a later time, read before", ENTRY, seen("page", b"B", NEW, at=EARLY), Verdict.UNSURE),
    # Read otherwise than before
    Case("other rules, the same time", ENTRY, seen("fenced", b"B", SAME, basis=OTHER), Verdict.QUIET),
    Case("other rules, no time", TIMELESS, seen("page", b"B", basis=OTHER), Verdict.QUIET),
    Case("other rules that read the same", ENTRY, seen("page", b"A", SAME, basis=OTHER), Verdict.QUIET),
    Case("other rules and a later time", ENTRY, seen("payload", b"B", NEW, basis=OTHER), "updated"),
    Case("other rules and an older state", ENTRY, seen("page", b"B", OLD, basis=OTHER), Verdict.STALE),
    Case("other rules, a page read before", TIMELESS, seen("page", b"B", at=EARLY, basis=OTHER), Verdict.UNSURE),
]


@pytest.mark.parametrize("case", CASES, ids=[case.words for case in CASES])
def test_an_observation_means(case: Case) -> None:
    assert decide(case.entry, case.seen, case.policy) == case.expected
