"""Which organisation a key belongs to, as far as it may tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.unified.conftest import Script, good, lost, refused
from unified.ashby import CONNECTOR
from unified.connector import Account
from unified.errors import UnifiedError


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


def test_a_key_that_may_not_tell_is_of_no_known_organisation(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    assert CONNECTOR.account(ashby.session()) == Account(None, ())


def test_records_without_what_is_looked_for_tell_nothing(ashby: Script) -> None:
    ashby.answers = [good([{"id": "b1", "name": 7}, {"name": "no id"}]), good([])]

    assert CONNECTOR.account(ashby.session()) == Account(None, ("brand:b1",))


@pytest.mark.parametrize(
    "answers",
    [
        [good("nothing like a list")],
        [refused("rate_limit_exceeded", 429, retry_after="60")],
        [good([{"id": "b1"}]), lost(), lost(), lost()],
    ],
)
def test_an_ashby_that_does_not_tell_is_not_taken_for_a_key_that_may_not(ashby: Script, answers: list[Any]) -> None:
    ashby.answers = answers

    with pytest.raises(UnifiedError):
        CONNECTOR.account(ashby.session())
