"""Errors: one class, one catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import unified
from unified.errors import CATALOGUE, FieldProblem, Invalid, Refused, UnifiedError, Upstream, VaultFailure

LAYER = Path(str(unified.__file__)).parent


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_a_status_and_a_title(code: str) -> None:
    error = UnifiedError(code, "What happened.")

    assert 400 <= error.status <= 599
    assert error.title
    assert not error.title.endswith(".")
    assert str(error) == error.detail == "What happened."
    assert re.fullmatch(r"(MORPH|CONNECTOR)(::[A-Z_]+)+", code)


def test_a_code_that_is_not_in_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        UnifiedError("MORPH::MADE_UP", "x")


def test_every_code_that_is_used_is_in_the_catalogue_and_the_other_way_round() -> None:
    used: set[str] = set()
    for path in LAYER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        if path.name != "errors.py":
            used |= {text for text in texts if re.fullmatch(r"(MORPH|CONNECTOR)(::[A-Z_]+)+", text)}
    codes_of_warnings = {
        "CONNECTOR::LIST::MAY_BE_CUT",
        "CONNECTOR::OPERATION::PARTLY_WRITTEN",
        "CONNECTOR::MAPPER::READ_VALIDATION_FAILED",
    }

    assert used - codes_of_warnings <= set(CATALOGUE)
    assert codes_of_warnings <= used


def test_an_error_carries_what_it_is_given() -> None:
    error = UnifiedError(
        "MORPH::BAD_REQUEST",
        "d",
        status=422,
        fields=[FieldProblem("a", "b")],
        upstream=Upstream("code", "id", 200),
        retry_after=3,
        permission="p",
    )

    assert (error.status, error.fields, error.retry_after, error.permission) == (422, (FieldProblem("a", "b"),), 3, "p")
    assert error.upstream == Upstream("code", "id", 200)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Invalid("x"), 400, "MORPH::BAD_REQUEST"),
        (Invalid("x", code="CONNECTOR::OPERATION::BAD_REQUEST"), 400, "CONNECTOR::OPERATION::BAD_REQUEST"),
        (Refused("x"), 501, "CONNECTOR::OPERATION::NOT_FOUND"),
        (VaultFailure("x"), 500, "MORPH::UNKNOWN_ERROR"),
    ],
)
def test_each_kind_has_its_own_code(error: UnifiedError, status: int, code: str) -> None:
    assert (error.status, error.code) == (status, code)
