"""A secret is seen nowhere but where it is revealed."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.secret import Secret, fingerprint, random_token

VALUE = "the-value-that-nobody-may-see"


SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "format with a width": "{:>80}".format,
    "format of the repr": "{!r}".format,
    "percent": lambda secret: "%s" % secret,  # noqa: UP031 - this is how logging formats
    "an f-string": lambda secret: f"{secret} {secret!r} {secret!s}",
    "within others": lambda secret: str([secret, {"key": secret}, (secret,)]),
    "a log record": lambda secret: logging.makeLogRecord({"msg": "%s", "args": (secret,)}).getMessage(),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
def test_a_secret_is_not_shown(show: Callable[[Secret], str]) -> None:
    assert VALUE not in show(Secret(VALUE))


def test_a_secret_is_not_in_a_traceback() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError) as failed:  # noqa: PT011 - the text is what is looked at
        fail(Secret(VALUE))

    assert VALUE not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, json.JSONEncoder().encode])
def test_a_secret_does_not_leave_by_copying(leave: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        leave(Secret(VALUE))

    assert VALUE not in str(refusal.value)


def test_a_secret_takes_no_attributes() -> None:
    with pytest.raises(AttributeError):
        Secret(VALUE).copy = VALUE  # type: ignore[attr-defined] - what is refused

    assert not hasattr(Secret(VALUE), "__dict__")


@given(st.text(), st.text())
def test_secrets_compare_by_what_they_hold(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) != one
    if one == other:
        assert hash(Secret(one)) == hash(Secret(other))
    assert Secret(one).reveal() == one


def test_a_fingerprint_is_sha_256() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_tokens_are_unguessable_and_say_what_they_are() -> None:
    made = {random_token("sess_") for _ in range(100)}

    assert len(made) == 100
    assert all(token.startswith("sess_") and len(token) == 5 + 43 for token in made)
