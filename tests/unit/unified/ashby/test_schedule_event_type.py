"""``scheduleEventType``: Ashby's interviews as they are, and how long their jobs' plans say that they take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.conftest import Script, good, refused
from tests.unit.unified.strategies import json_values
from unified.ashby.event_type import MODEL, _with_plan
from unified.connector import ListQuery, Operation
from unified.errors import Invalid, Missing, Refused, Unauthorized

ID = "00000000-0000-4000-8000-000000000001"
SHARED = {
    "id": ID,
    "title": "Pairing",
    "externalTitle": "Conversation",
    "isArchived": False,
    "isDebrief": False,
    "isFeedbackRequired": True,
    "isFeedbackRequested": True,
    "instructionsHtml": "<p>Let them drive</p>",
    "instructionsPlain": "Let them drive",
    "jobId": None,
    "feedbackFormDefinitionId": "f1",
}
OWN = {**SHARED, "jobId": "j1", "isArchived": True}


def _plan(*minutes: Any, interview_id: str = ID) -> dict[str, Any]:
    interviews = [{"id": "a", "interviewId": interview_id, "interviewDurationMinutes": one} for one in minutes]
    return {"jobId": "j1", "stages": [{"id": "s"}, {"activities": [{"interviews": interviews}, {}]}]}


def _duration(ashby: Script, record: dict[str, Any] = OWN) -> Any:
    (found,) = MODEL.with_extras(ashby.session(), [record], {"duration"})
    return MODEL.mapper.resource(found)


def test_an_interview_is_read() -> None:
    resource = MODEL.mapper.resource(OWN)

    assert resource["fields"] == {
        "name": "Pairing",
        "description": "Let them drive",
        "job": {"object": "resourceRef", "model": "atsJob", "id": "j1"},
        "isActive": False,
        "isDebrief": False,
        "requiresFeedback": True,
    }
    assert (resource["createdAt"], resource["updatedAt"]) == (None, None)
    assert "warnings" not in resource
    assert "job" not in MODEL.mapper.resource(SHARED)["fields"]


@given(st.dictionaries(st.sampled_from([*SHARED, "jobInterviewPlan"]), json_values), json_values)
def test_whatever_a_record_or_a_plan_holds_it_is_read(record: dict[str, Any], plan: Any) -> None:
    assert MODEL.mapper.resource(record)["object"] == "resource"
    assert MODEL.mapper.resource(_with_plan(record, {"stages": plan}))["object"] == "resource"


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ({}, {"includeArchived": True}),
        ({"filters": {"isActive": "true"}}, {"includeArchived": False}),
        ({"limit": 3, "cursor": "c"}, {"includeArchived": True, "limit": 3, "cursor": "c"}),
    ],
)
def test_a_list_has_every_jobs_interviews_and_the_archived(
    ashby: Script, query: dict[str, Any], more: dict[str, Any]
) -> None:
    ashby.answers = [good([SHARED, OWN], moreDataAvailable=True, nextCursor="n")]
    asked: dict[str, Any] = {"limit": 50, **query}

    page = MODEL.list(ashby.session(), ListQuery(**asked))

    assert (page.records, page.next) == ([SHARED, OWN], "n")
    assert ashby.calls == [("interview.list", {"limit": 50, "includeNonSharedInterviews": True, **more})]


@pytest.mark.parametrize("value", ["false", "True", "1"])
def test_a_filter_with_another_value_is_named_and_not_sent(ashby: Script, value: str) -> None:
    with pytest.raises(Invalid) as problem:
        MODEL.list(ashby.session(), ListQuery(50, filters={"isActive": value}))

    assert [one.field for one in problem.value.fields] == ["filter[isActive]"]
    assert ashby.sent == []


def test_retrieve_asks_by_id(ashby: Script) -> None:
    ashby.answers = [good(OWN)]

    assert MODEL.retrieve(ashby.session(), ID) == OWN

    assert ashby.calls == [("interview.info", {"id": ID})]
    with pytest.raises(Missing):
        MODEL.retrieve(ashby.session(), "no-id")


# Duration


def test_the_length_is_what_the_jobs_plan_says(ashby: Script) -> None:
    ashby.answers = [good(_plan(45, 45))]

    assert _duration(ashby)["fields"]["duration"] == 45

    assert ashby.calls == [("jobInterviewPlan.info", {"jobId": "j1"})]


def test_each_jobs_plan_is_read_once(ashby: Script) -> None:
    ashby.answers = [good(_plan(30))]

    found = MODEL.with_extras(ashby.session(), [SHARED, OWN, {**OWN, "id": "other"}], {"duration", "name"})

    assert [MODEL.mapper.resource(record)["fields"].get("duration") for record in found] == [None, 30, None]
    assert len(ashby.sent) == 1


@pytest.mark.parametrize("plan", [_plan(), _plan(30, 45), _plan(30, interview_id="other"), {}, {"stages": 5}])
def test_a_length_that_no_plan_says_is_absent(ashby: Script, plan: dict[str, Any]) -> None:
    ashby.answers = [good(plan)]

    resource = _duration(ashby)

    assert "duration" not in resource["fields"]
    assert "warnings" not in resource


def test_a_length_that_is_no_whole_number_costs_itself(ashby: Script) -> None:
    ashby.answers = [good(_plan(30.5))]

    resource = _duration(ashby)

    assert resource["fields"]["name"] == "Pairing"
    assert len(resource["warnings"]) == 1


def test_a_plan_that_the_key_may_not_see_costs_the_length_with_the_reason(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    resource = _duration(ashby)

    assert resource["fields"]["name"] == "Pairing"
    assert "jobsRead" in resource["warnings"][0]["message"]


def test_a_dead_key_is_not_hidden(ashby: Script) -> None:
    ashby.answers = [refused("x", 401)]

    with pytest.raises(Unauthorized):
        _duration(ashby)


def test_nothing_is_read_for_other_fields(ashby: Script) -> None:
    assert MODEL.with_extras(ashby.session(), [OWN], {"name"}) == [OWN]
    assert MODEL.with_extras(ashby.session(), [SHARED], {"duration"}) == [SHARED]


def test_writing_is_refused_with_the_reason_that_the_table_gives(ashby: Script) -> None:
    session = ashby.session()
    for operation, call in (
        (Operation.CREATE, lambda: MODEL.create(session, {})),
        (Operation.UPDATE, lambda: MODEL.update(session, ID, {})),
        (Operation.DELETE, lambda: MODEL.delete(session, ID)),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        assert refusal.value.detail == MODEL.capabilities[operation].reason != ""
    assert ashby.sent == []
