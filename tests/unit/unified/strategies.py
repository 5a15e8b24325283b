"""Hypothesis strategies that several tests of the layer share."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# Any text that JSON can bring, halves of surrogate pairs included.
any_text = st.text(st.characters(min_codepoint=0), max_size=30)

json_scalars: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True, allow_infinity=True) | any_text
)

json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
