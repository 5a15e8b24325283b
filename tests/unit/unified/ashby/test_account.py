"""Which organisation a key belongs to, as far as it may tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.unified.conftest import Script, good, lost, refused
from unified.ashby import CONNECTOR
from unified.connector import Account


def records(*ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": one, "name": f"The {one}", **more} for one in ids]


def test_an_organisation_is_known_by_its_brands_and_departments(ashby: Script) -> None:
    ashby.answers = [good(records("b2", "b1")), good(records("d1"))]

    found = CONNECTOR.account(ashby.session())

    assert found == Account("The b2", ("brand:b1", "brand:b2", "department:d1"))
    assert [endpoint for endpoint, _ in ashby.calls] == ["brand.list", "department.list"]


def test_of_many_the_least_bear_witness_so_that_a_new_one_changes_little(ashby: Script) -> None:
    many = [f"{number:04}" for number in range(50)]
    ashby.answers = [good(records(*reversed(many))), good([])]

    assert CONNECTOR.account(ashby.session()).ids == tuple(f"brand:{one}" for one in many[:10])


@pytest.mark.parametrize("answer", [refused("missing_endpoint_permission", 403), good("nothing like a list")])
def test_a_key_that_may_not_tell_is_of_no_known_organisation(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer]

    assert CONNECTOR.account(ashby.session()) == Account(None, ())


def test_what_was_read_before_ashby_fell_silent_counts(ashby: Script) -> None:
    ashby.answers = [good([{"id": "b1", "name": 7}, {"name": "no id"}]), lost(), lost(), lost()]

    assert CONNECTOR.account(ashby.session()) == Account(None, ("brand:b1",))
