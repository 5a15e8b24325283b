"""``scheduleCalendar``: two kinds in one list, a pool's members by difference, and how far a write came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import listed
from tests.unit.unified.conftest import Script, good, lost, refused, reply
from tests.unit.unified.strategies import json_values
from unified.ashby.calendar import MODEL, _of_pool, _of_user
from unified.connector import Operation
from unified.errors import Invalid, Missing, OutcomeUnknown, Refused, Unauthorized, UnifiedError


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


POOL_ID, ADA_ID, BOB_ID, EVE_ID, ZOE_ID = (_id(number) for number in range(5))
ADA = {"id": ADA_ID, "firstName": "Ada", "lastName": "L", "email": "ada@b.example", "isEnabled": True}
GONE = {"id": BOB_ID, "firstName": "Bob", "isEnabled": False, "updatedAt": "2026-01-01T00:00:00.000Z"}
POOL = {"id": POOL_ID, "title": "Engineers", "isArchived": False, "trainingPath": {}}
CALENDAR = f"pool:{POOL_ID}"


def _whole(*qualified: str, trainees: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    return {
        **POOL,
        "qualifiedMembers": [{"id": one, "isPaused": False} for one in qualified],
        "trainees": [{"id": one} for one in trainees],
        **changes,
    }


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    resource = MODEL.mapper.resource(record)
    assert "warnings" not in resource
    return resource["fields"]


def _refs(*ids: str) -> list[dict[str, str]]:
    return [{"object": "resourceRef", "model": "genericUser", "id": one} for one in ids]


# Reading


def test_an_interviewers_calendar_is_read_of_the_user() -> None:
    resource = MODEL.mapper.resource(_of_user(GONE), raw=True)

    assert resource["id"] == f"user:{BOB_ID}"
    assert resource["fields"] == {
        "name": "Bob",
        "owner": _refs(BOB_ID)[0],
        "kind": "interviewer",
        "isActive": False,
    }
    assert (resource["createdAt"], resource["updatedAt"]) == (None, "2026-01-01T00:00:00.000Z")
    assert resource["remote"]["raw"]["user"] == GONE


def test_a_pools_calendar_is_read_with_members_in_training_last() -> None:
    record = _of_pool(_whole(ADA_ID, BOB_ID, trainees=(EVE_ID, ADA_ID)))

    assert MODEL.mapper.resource(record)["id"] == CALENDAR
    assert _fields(record) == {
        "name": "Engineers",
        "kind": "pool",
        "members": _refs(ADA_ID, BOB_ID, EVE_ID),
        "isActive": True,
    }


def test_a_listed_pool_has_no_members_to_tell_of() -> None:
    assert "members" not in _fields(_of_pool(POOL))
    assert _fields(_of_pool(_whole()))["members"] == []


@given(json_values, st.dictionaries(st.sampled_from([*POOL, "qualifiedMembers", "trainees", *ADA]), json_values))
def test_whatever_a_record_holds_it_is_read(anything: Any, parts: dict[str, Any]) -> None:
    for record in (_of_pool(parts), _of_user(parts), {"interviewerPool": anything}, {"user": anything}, parts):
        assert MODEL.mapper.resource(record)["object"] == "resource"


def test_a_bad_value_costs_its_field() -> None:
    resource = MODEL.mapper.resource(_of_pool(_whole(ADA_ID, isArchived="no", title=5)))

    assert resource["fields"] == {"kind": "pool", "members": _refs(ADA_ID)}
    assert len(resource["warnings"]) == 2


# Listing


def test_a_list_goes_through_users_and_then_pools(ashby: Script) -> None:
    ashby.answers = [
        good([ADA], moreDataAvailable=True, nextCursor="u2"),
        good([GONE]),
        good([POOL], moreDataAvailable=True, nextCursor="a:b"),
        good([{**POOL, "id": _id(9)}]),
    ]
    found: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page = listed(MODEL, ashby, limit=1, cursor=cursor)
        found += [record["id"] for record in page.records]
        cursor = page.next

    assert cursor is None
    assert found == [f"user:{ADA_ID}", f"user:{BOB_ID}", CALENDAR, f"pool:{_id(9)}"]
    assert ashby.calls == [
        ("user.list", {"limit": 1, "includeDeactivated": True}),
        ("user.list", {"limit": 1, "includeDeactivated": True, "cursor": "u2"}),
        ("interviewerPool.list", {"limit": 1, "includeArchivedPools": True}),
        ("interviewerPool.list", {"limit": 1, "includeArchivedPools": True, "cursor": "a:b"}),
    ]


@pytest.mark.parametrize(
    ("filters", "call"),
    [
        ({"kind": "interviewer"}, ("user.list", {"limit": 50, "includeDeactivated": True})),
        ({"kind": "pool"}, ("interviewerPool.list", {"limit": 50, "includeArchivedPools": True})),
        ({"kind": "pool", "isActive": "true"}, ("interviewerPool.list", {"limit": 50, "includeArchivedPools": False})),
    ],
)
def test_one_kind_takes_one_endpoint(ashby: Script, filters: dict[str, str], call: Any) -> None:
    ashby.answers = [good([])]

    assert listed(MODEL, ashby, filters=filters).next is None

    assert ashby.calls == [call]


@pytest.mark.parametrize("filters", [{"kind": "user"}, {"kind": "Pool"}, {"isActive": "false"}, {"isActive": "1"}])
def test_a_filter_with_another_value_is_named_and_not_sent(ashby: Script, filters: dict[str, str]) -> None:
    with pytest.raises(Invalid) as problem:
        listed(MODEL, ashby, filters=filters)

    assert [one.field for one in problem.value.fields] == [f"filter[{name}]" for name in filters]
    assert ashby.sent == []


@pytest.mark.parametrize(("endpoint", "cursor"), [("organizationRead", None), ("hiringProcessMetadataRead", "pool:")])
def test_the_permission_that_lacks_is_that_of_the_endpoint(ashby: Script, endpoint: str, cursor: str | None) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    with pytest.raises(UnifiedError) as problem:
        listed(MODEL, ashby, cursor=cursor)

    assert problem.value.permission == endpoint


def test_members_of_listed_pools_are_read_when_asked_for(ashby: Script) -> None:
    ashby.answers = [good(_whole(ADA_ID))]
    records = [_of_user(ADA), _of_pool(POOL), _of_pool({**_whole(BOB_ID), "id": _id(9)})]

    found = MODEL.with_extras(ashby.session(), records, {"members"})

    assert [_fields(record).get("members") for record in found] == [None, _refs(ADA_ID), _refs(BOB_ID)]
    assert ashby.calls == [("interviewerPool.info", {"interviewerPoolId": POOL_ID})]
    assert MODEL.with_extras(ashby.session(), records, {"name"}) is records


def test_members_that_cannot_be_read_cost_themselves(ashby: Script) -> None:
    ashby.answers = [refused("interviewer_pool_not_found")]

    (found,) = MODEL.with_extras(ashby.session(), [_of_pool(POOL)], {"members"})

    resource = MODEL.mapper.resource(found)
    assert resource["fields"] == {"name": "Engineers", "kind": "pool", "isActive": True}
    assert "Ashby has no such record" in resource["warnings"][0]["message"]
    ashby.answers = [refused("x", 401)]
    with pytest.raises(Unauthorized):
        MODEL.with_extras(ashby.session(), [_of_pool(POOL)], {"members"})


# One


def test_retrieve_reads_what_the_id_names(ashby: Script) -> None:
    ashby.answers = [good(ADA), good(_whole(ADA_ID))]

    assert MODEL.retrieve(ashby.session(), f"user:{ADA_ID}") == _of_user(ADA)
    assert MODEL.retrieve(ashby.session(), CALENDAR) == _of_pool(_whole(ADA_ID))

    assert ashby.calls == [
        ("user.info", {"userId": ADA_ID}),
        ("interviewerPool.info", {"interviewerPoolId": POOL_ID}),
    ]


@pytest.mark.parametrize("record_id", [POOL_ID, "pool:", "pool:x", f"team:{POOL_ID}", f"pool:{POOL_ID}:x", "user"])
def test_what_is_no_calendars_id_is_missing(ashby: Script, record_id: str) -> None:
    for call in (MODEL.retrieve, MODEL.delete, lambda session, one: MODEL.update(session, one, {"name": "n"})):
        with pytest.raises(Missing):
            call(ashby.session(), record_id)

    assert ashby.sent == []


# Writing


def test_a_pool_is_made_and_then_filled(ashby: Script) -> None:
    ashby.answers = [good(_whole()), good(_whole(ADA_ID)), good(_whole(ADA_ID, BOB_ID)), good(_whole(ADA_ID, BOB_ID))]
    fields = MODEL.mapper.check_write(
        {"name": " Engineers ", "members": [{"id": ADA_ID}, {"id": BOB_ID}, {"id": ADA_ID}], "isActive": False},
        creating=True,
    )

    written = MODEL.create(ashby.session(), fields)

    assert written == (_of_pool(_whole(ADA_ID, BOB_ID)), {})
    assert ashby.calls == [
        ("interviewerPool.create", {"title": "Engineers"}),
        ("interviewerPool.addUser", {"interviewerPoolId": POOL_ID, "userId": ADA_ID}),
        ("interviewerPool.addUser", {"interviewerPoolId": POOL_ID, "userId": BOB_ID}),
        ("interviewerPool.archive", {"interviewerPoolId": POOL_ID}),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "n", "owner": {"id": ADA_ID}}, "owner"),
        ({"name": "n", "kind": "pool"}, "kind"),
        ({"name": "n", "members": [{"id": "?"}]}, "members"),
        ({"name": "n", "members": "u"}, "members"),
        ({"name": 5}, "name"),
    ],
)
def test_what_cannot_be_written_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as problem:
        MODEL.mapper.check_write(body, creating=True)

    assert [one.field for one in problem.value.fields] == [field]


def test_a_pool_that_is_not_made_is_an_error_in_our_words(ashby: Script) -> None:
    ashby.answers = [
        reply(200, {"success": False, "errors": [{"parameter": "title"}], "errorInfo": {"code": "invalid_input"}})
    ]

    with pytest.raises(UnifiedError) as problem:
        MODEL.create(ashby.session(), {"name": "n"})

    assert problem.value.code == "CONNECTOR::OPERATION::BAD_REQUEST"
    assert [one.field for one in problem.value.fields] == ["name"]
    assert problem.value.upstream is not None
    assert problem.value.upstream.code == "invalid_input"


def test_a_lost_creation_is_unknown(ashby: Script) -> None:
    ashby.answers = [lost()]

    with pytest.raises(OutcomeUnknown):
        MODEL.create(ashby.session(), {"name": "n", "members": [ADA_ID]})

    assert len(ashby.sent) == 1


def test_a_pool_that_is_made_but_not_filled_says_how_far_it_came(ashby: Script) -> None:
    ashby.answers = [good(_whole()), good(_whole(ADA_ID)), refused("user_not_found")]

    written = MODEL.create(ashby.session(), {"name": "n", "members": [ADA_ID, BOB_ID, EVE_ID]})

    assert written.record == _of_pool(_whole(ADA_ID))
    assert set(written.not_written) == {"members"}
    assert written.not_written["members"].startswith(f"1 of 3 changes were made, not that of user {BOB_ID}: ")
    assert len(ashby.sent) == 3


def test_members_are_changed_by_their_difference(ashby: Script) -> None:
    ashby.answers = [good(_whole(ADA_ID, BOB_ID, trainees=(EVE_ID,))), good({}), good(_whole(ADA_ID))]

    MODEL.update(ashby.session(), CALENDAR, {"members": [ZOE_ID, ADA_ID, EVE_ID]})

    assert ashby.calls == [
        ("interviewerPool.info", {"interviewerPoolId": POOL_ID}),
        ("interviewerPool.addUser", {"interviewerPoolId": POOL_ID, "userId": ZOE_ID}),
        ("interviewerPool.removeUser", {"interviewerPoolId": POOL_ID, "userId": BOB_ID}),
    ]


def test_a_title_alone_takes_one_call(ashby: Script) -> None:
    ashby.answers = [good(_whole(title="New"))]

    assert MODEL.update(ashby.session(), CALENDAR, {"name": "New"}).record == _of_pool(_whole(title="New"))

    assert ashby.calls == [("interviewerPool.update", {"interviewerPoolId": POOL_ID, "title": "New"})]


@pytest.mark.parametrize(
    ("archived", "active", "endpoints"),
    [
        (True, True, ["restore", "update", "addUser"]),
        (False, False, ["update", "addUser", "archive"]),
        (True, False, ["update", "addUser"]),
        (False, True, ["update", "addUser"]),
    ],
)
def test_a_pool_is_restored_first_and_archived_last(
    ashby: Script, archived: bool, active: bool, endpoints: list[str]
) -> None:
    ashby.answers = [good(_whole(isArchived=archived)) for _ in range(1 + len(endpoints))]

    MODEL.update(ashby.session(), CALENDAR, {"name": "n", "members": [ADA_ID], "isActive": active})

    assert [call for call, _ in ashby.calls] == [f"interviewerPool.{name}" for name in ("info", *endpoints)]


def test_what_is_so_already_is_not_sent(ashby: Script) -> None:
    ashby.answers = [good(_whole(ADA_ID))]

    assert MODEL.update(ashby.session(), CALENDAR, {"members": [ADA_ID], "isActive": True}).not_written == {}

    assert len(ashby.sent) == 1


def test_the_first_step_of_an_update_that_fails_is_its_failure(ashby: Script) -> None:
    ashby.answers = [good(_whole()), refused("user_not_found")]

    with pytest.raises(UnifiedError) as problem:
        MODEL.update(ashby.session(), CALENDAR, {"members": [ADA_ID], "isActive": False})

    assert (problem.value.status, problem.value.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [one.field for one in problem.value.fields] == ["members"]
    assert problem.value.upstream is not None
    assert problem.value.upstream.code == "user_not_found"


def test_a_later_step_that_fails_is_told_beside_what_was_written(ashby: Script) -> None:
    ashby.answers = [
        good(_whole()),
        good(_whole(title="n")),
        refused("x_y_z"),
        good(_whole(title="n", isArchived=True)),
    ]

    written = MODEL.update(ashby.session(), CALENDAR, {"name": "n", "members": [ADA_ID], "isActive": False})

    assert written.record == _of_pool(_whole(title="n", isArchived=True))
    assert list(written.not_written) == ["members"]
    assert "x_y_z" in written.not_written["members"]


def test_a_pool_is_archived_in_place_of_deleted(ashby: Script) -> None:
    ashby.answers = [good(_whole(isArchived=True))]

    MODEL.delete(ashby.session(), CALENDAR)

    assert ashby.calls == [("interviewerPool.archive", {"interviewerPoolId": POOL_ID})]


def test_an_interviewers_calendar_cannot_be_written(ashby: Script) -> None:
    with pytest.raises(Refused, match="cannot change"):
        MODEL.update(ashby.session(), f"user:{ADA_ID}", {"name": "n"})
    with pytest.raises(Refused, match="cannot remove"):
        MODEL.delete(ashby.session(), f"user:{ADA_ID}")

    assert ashby.sent == []


@given(st.lists(st.sampled_from([ADA_ID, BOB_ID, EVE_ID, ZOE_ID])), st.sets(st.sampled_from([ADA_ID, BOB_ID, EVE_ID])))
def test_members_read_as_they_were_written(wanted: list[str], before: set[str]) -> None:
    there = sorted(before)
    ashby = Script()

    def send(method: str, url: str, **rest: Any) -> Any:
        answer = good(_whole(*there))
        ashby.answers = [answer]
        reply = ashby.send(method, url, **rest)
        sent = ashby.sent[-1]
        if sent.endpoint.endswith("addUser"):
            there.append(sent.body["userId"])
        elif sent.endpoint.endswith("removeUser"):
            there.remove(sent.body["userId"])
        else:
            return reply
        return good(_whole(*there))

    session = ashby.session()
    session._send = send

    written = MODEL.update(session, CALENDAR, {"members": wanted})

    members = [one["id"] for one in _fields(written.record)["members"]]
    assert sorted(members) == sorted(set(wanted))


def test_pools_have_no_custom_fields(ashby: Script) -> None:
    assert MODEL.custom_fields(ashby.session()) == ()
    assert MODEL.capabilities[Operation.FIELD_WRITE].mode == "refused"
    assert MODEL.lookup({"name": "n"}) is None
