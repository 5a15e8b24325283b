"""Whether two credentials open one account: told where both see the same kind of thing, else not known."""

from __future__ import annotations

import pytest

from unified.connections.accounts import is_another, witnesses
from unified.connections.records import Reference
from unified.connector import Account

HERE = Reference("prj", "ashby", "acme")


def of(*ids: str) -> tuple[str, ...]:
    return witnesses(HERE, Account(None, ids))


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [
        (("brand:1",), ("brand:1",), False),
        (("brand:1",), ("brand:2",), True),
        (("brand:1", "brand:2"), ("brand:2", "brand:3"), False),
        (("brand:1", "department:7"), ("brand:2", "department:7"), False),
        (("brand:1", "department:7"), ("department:8",), True),
        (("brand:1",), ("department:8",), False),
        ((), ("brand:1",), False),
        (("brand:1",), (), False),
        ((), (), False),
    ],
)
def test_accounts_are_told_apart_by_what_both_see(
    before: tuple[str, ...], now: tuple[str, ...], *, another: bool
) -> None:
    assert is_another(of(*before), of(*now)) is another


def test_a_witness_says_nothing_of_the_account_and_fits_one_connection_alone() -> None:
    identity = "c0ffee00-0000-4000-8000-000000000000"
    (kept,) = of(f"brand:{identity}")

    assert identity not in kept
    assert kept != witnesses(Reference("prj", "ashby", "other"), Account(None, (f"brand:{identity}",)))[0]
