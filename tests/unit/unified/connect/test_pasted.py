"""What stands around a key when it is pasted does not count, and what programs send is known for what it is."""

from __future__ import annotations

import base64
import random

import pytest

from unified.connect.pasted import is_encoded, key_in

KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [KEY, f" {KEY}\n", f'"{KEY}"', f"'{KEY}'", f"„{KEY}“", f"`{KEY}`", f"{KEY}:", f'"{KEY}:"', f"\ufeff{KEY}\u200b"],
)
def test_a_key_is_found_in_what_was_pasted(text: str) -> None:
    assert key_in(text) == KEY


@pytest.mark.parametrize("before", ["", "Basic ", "basic  ", "Authorization: Basic "])
def test_a_key_as_programs_send_it_is_known(before: str) -> None:
    assert is_encoded(before + base64.b64encode(f"{KEY}:".encode()).decode())


def test_a_key_is_not_taken_for_an_encoded_one() -> None:
    of = random.Random(7)
    keys = [KEY, *(of.randbytes(32).hex() for _ in range(200)), "ashby_local_full", "", "schlüssel", "basic"]

    assert not [key for key in keys if is_encoded(key)]
