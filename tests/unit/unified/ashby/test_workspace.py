"""``genericWorkspace``: the one organisation, for which its brands stand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.unified.conftest import Script, good
from unified.ashby.workspace import MODEL
from unified.connector import ListQuery
from unified.errors import Missing, Refused

BRANDS = [{"id": "b1", "name": "Analytical Engines"}, {"id": "b2", "name": "Difference"}]


def test_the_organisation_is_named_by_its_first_brand(ashby: Script) -> None:
    ashby.answers = [good(BRANDS[:1], moreDataAvailable=True, nextCursor="n"), good(BRANDS[1:])] * 2

    page = MODEL.list(ashby.session(), ListQuery(50))
    record = MODEL.retrieve(ashby.session(), "organization")

    assert (page.records, page.next) == ([record], None)
    assert record == {"id": "organization", "name": "Analytical Engines", "brands": BRANDS}
    assert MODEL.mapper.resource(record)["fields"] == {"name": "Analytical Engines"}


@pytest.mark.parametrize("brands", [[], [{"id": "b1"}], [{"id": "b1", "name": None}]])
def test_an_organisation_without_a_name_is_there_all_the_same(ashby: Script, brands: list[Any]) -> None:
    ashby.answers = [good(brands)]

    resource = MODEL.mapper.resource(MODEL.retrieve(ashby.session(), "organization"))

    assert (resource["id"], resource["fields"]) == ("organization", {})
    assert "warnings" not in resource


def test_there_is_no_other(ashby: Script) -> None:
    with pytest.raises(Missing):
        MODEL.retrieve(ashby.session(), "b1")

    assert ashby.sent == []


def test_it_cannot_be_written(ashby: Script) -> None:
    for call in (
        lambda: MODEL.create(ashby.session(), {}),
        lambda: MODEL.update(ashby.session(), "organization", {}),
        lambda: MODEL.delete(ashby.session(), "organization"),
    ):
        with pytest.raises(Refused, match="set up in Ashby"):
            call()
