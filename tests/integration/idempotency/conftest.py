"""A connection that may write, a clock of claims that tests move, and one mapped field."""

from __future__ import annotations

import pytest

from tests.integration.idempotency.support import ATS, MAPPING, Clock
from tests.integration.stack import ALL_OPERATIONS, Stack
from unified.api import writes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(writes, "time", made)
    return made


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme", operations=[*ALL_OPERATIONS, *ATS])
    return stack.of("acme")


@pytest.fixture
def grade(stack: Stack, acme: dict[str, str]) -> str:
    """Map a custom field of candidates to ``grade``; returns its id."""
    field = _custom_field(stack, "Candidate", "String")
    rule = {"key": "grade", "source": {"customField": field}, "direction": "both"}
    assert stack.call("PUT", MAPPING, body={"rules": [rule]}).status == 200
    return field


def _custom_field(stack: Stack, kind: str, field_type: str) -> str:
    return next(
        field["id"]
        for field in stack.sandbox.organisation.custom_fields
        if (field["objectType"], field["fieldType"]) == (kind, field_type) and not field["isArchived"]
    )
