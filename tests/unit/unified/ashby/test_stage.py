"""``atsApplicationStage``: read of one plan, of a job's plans, of all plans page by page, and never written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import listed
from tests.unit.unified.conftest import Script, good, refused
from tests.unit.unified.strategies import any_text, json_values
from unified.ashby.stage import MODEL
from unified.connector import ListQuery, Operation, Page
from unified.errors import Invalid, Missing, Refused, UnifiedError

STAGE = "11111111-1111-4111-8111-111111111111"
PLAN = {"id": "p1", "title": "Engineering", "isArchived": False}


def _stage(number: int, plan: str = "p1") -> dict[str, Any]:
    return {"id": f"{plan}-{number}", "title": f"S{number}", "interviewPlanId": plan}


def test_a_stage_is_read() -> None:
    record = {
        "id": "s1",
        "title": "Onsite",
        "type": "PreInterviewScreen",
        "orderInInterviewPlan": 1006,
        "interviewPlanId": "p1",
        "interviewPlan": PLAN,
    }

    resource = MODEL.mapper.resource(record)

    assert resource["fields"] == {
        "name": "Onsite",
        "order": 1006,
        "type": "PRE_INTERVIEW_SCREEN",
        "isActive": True,
        "plan": "Engineering",
        "planId": "p1",
    }
    assert "warnings" not in resource


def test_a_type_that_is_not_known_is_not_guessed() -> None:
    resource = MODEL.mapper.resource({"id": "s1", "title": "S", "type": "Galactic"})

    assert resource["fields"] == {"name": "S"}
    assert len(resource["warnings"]) == 1


@given(st.dictionaries(st.sampled_from(["id", "title", "type", "interviewPlan"]) | any_text, json_values, max_size=6))
def test_any_record_is_read(record: dict[str, Any]) -> None:
    assert MODEL.mapper.resource(record)["object"] == "resource"


def test_the_stages_of_a_plan_are_paged_by_position(ashby: Script) -> None:
    stages = [_stage(number) for number in range(5)]
    ashby.answers = [good(stages, moreDataAvailable=False)] * 2

    first = listed(MODEL, ashby, limit=3, filters={"plan": "p1"})
    second = listed(MODEL, ashby, limit=3, filters={"plan": "p1"}, cursor=first.next)

    assert [*first.records, *second.records] == stages
    assert second.next is None
    assert ashby.calls == [("interviewStage.list", {"interviewPlanId": "p1"})] * 2


def test_the_stages_of_a_job_are_those_of_all_its_plans(ashby: Script) -> None:
    ashby.answers = [
        good({"id": "j1", "defaultInterviewPlanId": "p2", "interviewPlanIds": ["p2"]}),
        good([_stage(1, "p2")], moreDataAvailable=False),
    ]

    assert [stage["id"] for stage in listed(MODEL, ashby, filters={"job": "j1"}).records] == ["p2-1"]

    assert ashby.calls == [("job.info", {"id": "j1"}), ("interviewStage.list", {"interviewPlanId": "p2"})]


@pytest.mark.parametrize(
    ("filters", "code", "named"),
    [({"plan": "p"}, "interview_plan_not_found", "filter[plan]"), ({"job": "j"}, "job_not_found", "filter[job]")],
)
def test_a_plan_or_job_that_is_not_there_is_named(
    ashby: Script, filters: dict[str, str], code: str, named: str
) -> None:
    ashby.answers = [refused(code)]

    with pytest.raises(UnifiedError) as failed:
        listed(MODEL, ashby, filters=filters)

    assert failed.value.status == 400
    assert [problem.field for problem in failed.value.fields] == [named]
    assert failed.value.upstream is not None
    assert failed.value.upstream.code == code


def test_plan_and_job_do_not_go_together(ashby: Script) -> None:
    with pytest.raises(Invalid):
        listed(MODEL, ashby, filters={"plan": "p", "job": "j"})

    assert ashby.sent == []


class _Plans:
    """An Ashby of some plans, that answers by what it is asked for."""

    def __init__(self, sizes: list[int]) -> None:
        self.plans = [{"id": f"p{number}", "title": "P", "isArchived": False} for number in range(len(sizes))]
        self.stages = {
            plan["id"]: [_stage(number, str(plan["id"])) for number in range(size)]
            for plan, size in zip(self.plans, sizes, strict=True)
        }

    def page(self, endpoint: str, body: dict[str, Any], *, permission: str) -> Page:
        assert permission == "interviewsRead"
        if endpoint == "interviewStage.list":
            return Page(self.stages[body["interviewPlanId"]])
        assert endpoint == "interviewPlan.list"
        assert body["includeArchived"] is True
        start = int(body.get("cursor", "0"))
        end = start + body["limit"]
        return Page(self.plans[start:end], str(end) if end < len(self.plans) else None)


@given(st.lists(st.integers(0, 15), max_size=12), st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_pages_of_all_plans_give_each_stage_once_whatever_the_limits(sizes: list[int], limits: list[int]) -> None:
    ashby: Any = _Plans(sizes)
    found: list[Any] = []
    cursor: str | None = None
    for turn in range(200):
        limit = limits[turn % len(limits)]
        page = MODEL.list(ashby, ListQuery(limit, cursor))
        assert len(page.records) <= limit
        found += [stage["id"] for stage in page.records]
        cursor = page.next
        if cursor is None:
            break

    assert found == [stage["id"] for stages in ashby.stages.values() for stage in stages]


def test_a_cursor_whose_plan_is_gone_says_so() -> None:
    ashby: Any = _Plans([5])
    first = MODEL.list(ashby, ListQuery(2))
    ashby.plans = [{"id": "p9"}]

    with pytest.raises(Invalid, match="List again"):
        MODEL.list(ashby, ListQuery(2, first.next))


def test_retrieve_asks_by_id(ashby: Script) -> None:
    ashby.answers = [good({"id": STAGE})]

    assert MODEL.retrieve(ashby.session(), STAGE) == {"id": STAGE}

    assert ashby.calls == [("interviewStage.info", {"interviewStageId": STAGE})]


def test_what_is_no_id_is_not_sent(ashby: Script) -> None:
    with pytest.raises(Missing):
        MODEL.retrieve(ashby.session(), "no-id")

    assert ashby.sent == []


def test_a_stage_gets_its_plan(ashby: Script) -> None:
    ashby.answers = [good([{"id": "p1", "title": "Old", "isArchived": True}])]

    (record,) = MODEL.with_extras(ashby.session(), [_stage(1)], MODEL.extras)

    assert MODEL.mapper.resource(record)["fields"]["isActive"] is False
    assert ashby.calls == [("interviewPlan.list", {"limit": 100, "includeArchived": True})]


def test_a_plan_that_cannot_be_read_costs_its_fields_and_says_why(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    (record,) = MODEL.with_extras(ashby.session(), [_stage(1)], MODEL.extras)
    resource = MODEL.mapper.resource(record)

    assert resource["fields"] == {"name": "S1", "planId": "p1"}
    assert all("interviewsRead" in warning["message"] for warning in resource["warnings"])


def test_plans_that_are_known_are_not_read_again(ashby: Script) -> None:
    records = [{**_stage(1), "interviewPlan": PLAN}]

    assert MODEL.with_extras(ashby.session(), records, MODEL.extras) == records


def test_writing_is_refused_with_the_reason_that_the_table_gives(ashby: Script) -> None:
    session = ashby.session()
    for operation, call in (
        (Operation.CREATE, lambda: MODEL.create(session, {})),
        (Operation.UPDATE, lambda: MODEL.update(session, STAGE, {})),
        (Operation.DELETE, lambda: MODEL.delete(session, STAGE)),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        assert refusal.value.detail == MODEL.capabilities[operation].reason != ""
    assert set(MODEL.capabilities) == set(Operation)
