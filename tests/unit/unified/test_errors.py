"""Errors: one class, one catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import unified
from unified.errors import CATALOGUE, FieldProblem, Invalid, Refused, UnifiedError, Upstream, VaultFailure

CODE = re.compile(r"(MORPH|CONNECTOR)(::[A-Z_]+)+")
LAYER = Path(str(unified.__file__)).parent


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_a_status_and_a_title(code: str) -> None:
    error = UnifiedError(code, "What happened.")

    assert 400 <= error.status <= 599
    assert error.title
    assert not error.title.endswith(".")
    assert str(error) == error.detail == "What happened."
    assert CODE.fullmatch(code)


def test_a_code_that_is_not_in_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        UnifiedError("MORPH::MADE_UP", "x")


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    # Looked for in the source, because a code that is not there would be a KeyError on a path that few tests walk.
    raised: set[str] = set()
    for path in LAYER.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
                texts = [one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                raised |= {text for text in texts if CODE.fullmatch(text)}

    assert len(raised) > 15
    assert raised <= set(CATALOGUE)


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
