"""``genericUser``: read as Ashby has it, found by address, and never written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.unified.ashby.conftest import listed
from tests.unit.unified.conftest import Script, good
from unified.ashby.user import MODEL
from unified.connector import Operation
from unified.errors import Invalid, Refused

U1 = "a1a1a1a1-0000-4000-8000-000000000001"
ADA = {"id": U1, "firstName": "Ada", "lastName": "L", "email": "a@b.example", "isEnabled": True}
GONE = {**ADA, "id": "u2", "isEnabled": False}


def test_a_user_is_read() -> None:
    record = {**ADA, "globalRole": "Organization Admin", "updatedAt": "2026-01-01T00:00:00.000Z"}

    resource = MODEL.mapper.resource(record)

    assert resource["fields"] == {
        "firstName": "Ada",
        "lastName": "L",
        "email": "a@b.example",
        "role": "Organization Admin",
        "isActive": True,
    }
    assert (resource["createdAt"], resource["updatedAt"]) == (None, "2026-01-01T00:00:00.000Z")
    assert "warnings" not in resource


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"limit": 50, "includeDeactivated": True}),
        ({"filters": {"isActive": "true"}}, {"limit": 50, "includeDeactivated": False}),
        ({"limit": 3, "cursor": "c"}, {"limit": 3, "includeDeactivated": True, "cursor": "c"}),
    ],
)
def test_a_list_has_the_deactivated_unless_asked_otherwise(
    ashby: Script, query: dict[str, Any], body: dict[str, Any]
) -> None:
    ashby.answers = [good([ADA, GONE], moreDataAvailable=True, nextCursor="n")]

    page = listed(MODEL, ashby, **query)

    assert (page.records, page.next) == ([ADA, GONE], "n")
    assert ashby.calls == [("user.list", body)]


@pytest.mark.parametrize(
    "query",
    [
        {"q": "a@b.example"},
        {"filters": {"email": "a@b.example"}},
        {"q": "a@b.example", "filters": {"email": "a@b.example"}},
    ],
)
def test_a_user_is_found_by_address(ashby: Script, query: dict[str, Any]) -> None:
    ashby.answers = [good([ADA, GONE])]

    page = listed(MODEL, ashby, **query)

    assert (page.records, page.next) == ([ADA, GONE], None)
    assert ashby.calls == [("user.search", {"email": "a@b.example"})]


def test_the_filters_of_a_search_are_all_kept(ashby: Script) -> None:
    ashby.answers = [good([ADA, GONE])]

    assert listed(MODEL, ashby, filters={"email": "a@b.example", "isActive": "true"}).records == [ADA]


@pytest.mark.parametrize(
    "query",
    [
        {"q": "Ada"},
        {"q": "a@b.example", "filters": {"email": "c@d.example"}},
        {"filters": {"isActive": "false"}},
        {"filters": {"isActive": "1"}},
    ],
)
def test_what_ashby_cannot_look_for_is_not_sent(ashby: Script, query: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        listed(MODEL, ashby, **query)

    assert ashby.sent == []


def test_retrieve_asks_by_id(ashby: Script) -> None:
    ashby.answers = [good(ADA)]

    assert MODEL.retrieve(ashby.session(), U1) == ADA

    assert ashby.calls == [("user.info", {"userId": U1})]


def test_writing_is_refused_with_the_reason_that_the_table_gives(ashby: Script) -> None:
    session = ashby.session()
    for operation, call in (
        (Operation.CREATE, lambda: MODEL.create(session, {})),
        (Operation.UPDATE, lambda: MODEL.update(session, U1, {})),
        (Operation.DELETE, lambda: MODEL.delete(session, U1)),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        cell = MODEL.capabilities[operation]
        assert (cell.mode, refusal.value.status) == ("refused", 501)
        assert refusal.value.detail == cell.reason != ""
    assert ashby.sent == []


def test_users_have_no_custom_fields(ashby: Script) -> None:
    assert MODEL.custom_fields(ashby.session()) == ()
