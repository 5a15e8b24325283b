"""Packed entries are found as those of a dictionary are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unified.ledger.known import Known

IDS = st.text(max_size=40)


@given(st.dictionaries(IDS, st.binary(max_size=60)), st.lists(IDS))
def test_what_is_found_is_what_was_put_in_and_nothing_else(entries: dict[str, bytes], others: list[str]) -> None:
    known = Known(entries.items())

    assert len(known) == len(entries)
    for name in (*entries, *others):
        assert known.find(name) == entries.get(name)
