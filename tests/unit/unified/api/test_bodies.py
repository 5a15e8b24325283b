"""Whatever a body holds, its refusal speaks our words: none of pydantic's, and no name of a class."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unified.api import bodies, event_bodies
from unified.api.bodies import parse
from unified.errors import FieldProblem, Invalid

KINDS = (*bodies.REQUESTS, *event_bodies.REQUESTS)
THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("x" * 3000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
CLASSES = {
    kind.__name__ for module in (bodies, event_bodies) for kind in vars(module).values() if isinstance(kind, type)
}


def problems(kind: Any, body: dict[str, Any]) -> tuple[FieldProblem, ...]:
    """Return what is wrong with a body."""
    try:
        parse(kind, body)
    except Invalid as refused:
        return refused.fields
    return ()


@pytest.mark.parametrize(
    ("kind", "body", "field", "message"),
    [
        (bodies.SessionBody, {"expiresIn": 0}, "expiresIn", "must be at least 1"),
        (bodies.SessionBody, {"expiresIn": 604_801}, "expiresIn", "must be at most 604800"),
        (bodies.SessionBody, {"expiresIn": "60"}, "expiresIn", "must be a whole number"),
        (bodies.SessionBody, {"connection": []}, "connection", "must be an object"),
        (bodies.ConnectionBody, {"operation": []}, "operation", "is not known"),
        (bodies.ConnectionBody, {"operations": "x"}, "operations", "must be a list"),
        (bodies.ConnectionBody, {"operations": [""]}, "operations.0", "must have a length of at least 1"),
        (bodies.MappingBody, {}, "rules", "is required"),
        (
            bodies.MappingBody,
            {"rules": [{"key": "a", "source": {}, "direction": "up"}]},
            "rules.0.direction",
            "must be 'read', 'write' or 'both'",
        ),
        (bodies.HookBody, {"newAddress": 1}, "newAddress", "must be true or false"),
        (
            event_bodies.EndpointBody,
            {"url": "https://a.example", "connections": ["x"]},
            "connections.0",
            "must be an object",
        ),
    ],
)
def test_a_rule_is_told_in_plain_words(kind: Any, body: dict[str, Any], field: str, message: str) -> None:
    assert (field, message) in problems(kind, body)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_word_is_pydantics(kind: Any, data: st.DataObject) -> None:
    """For every field, whatever stands in its place."""
    names = st.sampled_from([*kind.model_fields, "other"])
    for _, message in problems(kind, data.draw(st.dictionaries(names, THINGS, max_size=4))):
        assert not message.startswith(("Input", "Extra", "Field", "String", "Value"))
        assert not set(re.findall(r"\w+", message)) & CLASSES
        assert "{" not in message
        assert message != "is not valid", "a kind of error without words"
