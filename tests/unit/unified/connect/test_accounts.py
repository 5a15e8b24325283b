"""Whether two credentials open one account: told where both see the same kind of thing, else not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.unified.conftest import Script, good, lost
from unified.connections import accounts
from unified.connections.accounts import account_of, is_another, witnesses
from unified.connections.records import Reference
from unified.connector import Account, Credential, load_connector
from unified.deadline import Deadline
from unified.secret import Secret

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


@pytest.mark.parametrize(
    ("answers", "name"), [([good([{"id": "b1", "name": "One"}]), good([])], "One"), ([lost()], None)]
)
def test_whose_account_it_is_may_take_a_few_seconds_and_no_more(
    ashby: Script, monkeypatch: pytest.MonkeyPatch, answers: list[Any], name: str | None
) -> None:
    asked: list[float] = []
    connector = load_connector("ashby")

    def open_line(_url: str, _credential: Credential, deadline: Deadline, _renew: None) -> object:
        asked.append(deadline.remaining())
        return ashby.session(seconds=1)

    monkeypatch.setattr(accounts, "settings", lambda: SimpleNamespace(upstream_urls={"ashby": ""}))
    monkeypatch.setattr(
        accounts, "load_connector", lambda _name: SimpleNamespace(open=open_line, account=connector.account)
    )
    ashby.answers = list(answers)

    found = account_of(HERE, Credential("apiKey", Secret("k")), Deadline(29))

    assert (found and found.name) == name
    assert 3 < asked[0] <= 4


def test_no_part_of_the_work_outlasts_the_whole() -> None:
    whole = Deadline(2)

    assert whole.within(60).remaining() <= 1.25
    assert Deadline(60).within(4).remaining() <= 4
