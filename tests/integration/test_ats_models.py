"""Jobs, applications, stages and offers over HTTP: each cell by its effect in Ashby, not by our own answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.stack import Answer, Stack

MODELS = ("atsJob", "atsApplication", "atsApplicationStage", "atsOffer")
VERBS = ("create", "retrieve", "list", "update", "delete", "fieldRead")
DAY = "2026-12-01T00:00:00.000Z"
SALARY = {"startDate": DAY, "salary": 100_000, "currency": "EUR"}
OFFER = {**SALARY, "bonusAmount": 5_000, "benefits": "Pension, 通勤手当", "expirationDate": "2026-11-30T00:00:00.000Z"}
NOBODY = "00000000-0000-4000-8000-000000000000"


class Ats:
    """One connection's resources, and the account behind it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        granted = [f"{model}::{verb}" for model in (*MODELS, "genericContact", "genericUser") for verb in VERBS]
        stack.connect("acme", operations=granted)
        self.headers = stack.of("acme")
        self.organisation = stack.sandbox.organisation

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        return self.stack.call(method, f"/v1/resources/{path}", self.headers, body=body, query=query)

    def good(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.status in (200, 201, 204), answer.text
        return answer.json if answer.text else None

    def all(self, model: str, **query: str) -> list[Any]:
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.good("GET", model, **query, **cursor)
            found += page["data"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def job(self, title: str = "Software Engineer") -> Any:
        return next(job for job in self.organisation.jobs if job["title"] == title)

    def stages(self, job: Any) -> dict[str, str]:
        """Return the ids of the stages of a job's default plan by type, the last of each type."""
        return {
            stage["type"]: stage["id"]
            for stage in self.organisation.where("interview_stage", "interviewPlanId", job["defaultInterviewPlanId"])
        }

    def apply(self, **more: Any) -> str:
        candidate = next(iter(self.organisation.candidates))
        body = {"candidate": {"id": candidate["id"]}, "job": {"id": self.job()["id"]}, **more}
        return self.good("POST", "atsApplication", body)["id"]

    def users(self) -> list[str]:
        return [user["id"] for user in self.organisation.users]


@pytest.fixture
def ats(stack: Stack) -> Ats:
    """Connect."""
    return Ats(stack)


def _fields(answer: Answer) -> list[str]:
    return [problem["field"] for problem in answer.json.get("fields", [])]


# -- every model --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_list_is_whole_each_once_and_as_retrieved(ats: Ats, model: str) -> None:
    in_pages = ats.all(model, limit="7")
    at_once = ats.all(model, limit="100")

    assert [one["id"] for one in in_pages] == [one["id"] for one in at_once]
    assert len({one["id"] for one in at_once}) == len(at_once) > 0
    assert not [one["warnings"] for one in at_once if "warnings" in one]
    for one in (at_once[0], at_once[-1]):
        read = ats.good("GET", f"{model}/{one['id']}")
        assert one["fields"].items() <= read["fields"].items()


@pytest.mark.parametrize(("model", "table"), [("atsJob", "job"), ("atsOffer", "offer")])
def test_a_list_holds_all_that_ashby_has(ats: Ats, model: str, table: str) -> None:
    listed = {one["id"] for one in ats.all(model, limit="100")}

    assert listed == {record["id"] for record in ats.organisation.tables[table]}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("identity", [NOBODY, "no-uuid"])
def test_what_is_not_there_is_404(ats: Ats, model: str, identity: str) -> None:
    assert ats.call("GET", f"{model}/{identity}").status == 404
    if model != "atsApplicationStage":
        assert ats.call("DELETE", f"{model}/{identity}").status == 404


@pytest.mark.parametrize("model", MODELS)
def test_what_cannot_be_filtered_by_is_named(ats: Ats, model: str) -> None:
    answer = ats.call("GET", model, **{"filter[stage]": "x", "sort": "y"})

    assert answer.status == 400
    assert set(_fields(answer)) == {"filter[stage]", "sort"}


@pytest.mark.parametrize("model", MODELS)
def test_the_fields_are_described(ats: Ats, model: str) -> None:
    answer = ats.stack.call("GET", f"/v1/models/{model}/fields", ats.headers)

    assert answer.status == 200
    custom = [field for field in answer.json["data"] if field["isCustom"]]
    assert bool(custom) is (model != "atsApplicationStage")


def test_references_are_expanded(ats: Ats) -> None:
    page = ats.good("GET", "atsApplication", limit="20", expand="candidate,job,stage")

    for one in page["data"]:
        for field in ("candidate", "job", "stage"):
            assert one["fields"][field]["object"] == "resource"
    calls = ats.stack.sandbox.calls.by_endpoint
    distinct = {(field, one["fields"][field]["id"]) for one in page["data"] for field in ("candidate", "job", "stage")}
    names = ("application.list", "candidate.info", "job.info", "interviewStage.info", "jobPosting.info")
    assert sum(calls[name] for name in names) == 1 + len(distinct)


def test_what_costs_more_calls_is_expanded_on_a_list_too(ats: Ats) -> None:
    with_offer = next(iter(ats.organisation.offers))["applicationId"]

    page = ats.good("GET", "atsApplication", limit="100", expand="offers", fields="offers,status")

    expanded = {one["id"]: one["fields"]["offers"] for one in page["data"]}
    assert [one["object"] for one in expanded[with_offer]] == ["resource"]


def test_a_key_that_lacks_a_permission_reads_all_but_what_needs_it(stack: Stack) -> None:
    stack.sandbox.keys.add("narrow", title="Narrow", granted=("jobsRead", "candidatesRead", "apiKeysRead"))
    granted = [f"{model}::{verb}" for model in MODELS for verb in ("list", "retrieve")]
    stack.connect("narrow", operations=granted, key="narrow")

    def get(path: str) -> Answer:
        return stack.call("GET", f"/v1/resources/{path}", stack.of("narrow"))

    job = get("atsJob").json["data"][0]
    read = get(f"atsJob/{job['id']}").json
    assert job["fields"].items() <= read["fields"].items()
    assert "organizationRead" in read["warnings"][0]["message"]
    application = get(f"atsApplication/{get('atsApplication').json['data'][0]['id']}").json
    assert "offersRead" in application["warnings"][0]["message"]
    for path in ("atsOffer", "atsApplicationStage"):
        assert (get(path).status, get(path).code) == (403, "MORPH::CONNECTION::PROXY::FORBIDDEN")


# -- jobs ---------------------------------------------------------------------------------------------------------


def test_a_list_of_jobs_is_one_call_unless_more_is_asked_for(ats: Ats) -> None:
    known = ats.stack.upstream("department.list")
    page = ats.good("GET", "atsJob", limit="100")
    assert not any("description" in one["fields"] for one in page["data"])
    assert ats.stack.upstream("department.list") == known
    assert (ats.stack.upstream("job.list"), ats.stack.upstream("jobPosting.info")) == (1, 0)

    asked = ats.good("GET", "atsJob", limit="100", fields="title,department,description")
    assert any("description" in one["fields"] for one in asked["data"])
    assert any("department" in one["fields"] for one in asked["data"])
    assert ats.stack.upstream("department.list") == known + 1


def test_jobs_are_filtered_and_searched(ats: Ats) -> None:
    for status, theirs in (("DRAFT", ["Draft"]), ("OPEN,CLOSED", ["Open", "Closed"])):
        found = ats.all("atsJob", **{"filter[status]": status})
        assert {one["id"] for one in found} == {job["id"] for job in ats.organisation.jobs if job["status"] in theirs}
    assert ats.job()["id"] in [one["id"] for one in ats.all("atsJob", q="software")]
    assert ats.all("atsJob", **{"filter[requisitionId]": "REQ-2471"})
    later = ats.all("atsJob", **{"filter[openedAfter]": "2023-01-01T00:00:00Z"})
    assert 0 < len(later) < len(list(ats.organisation.jobs))


def test_a_job_is_made_opened_changed_and_archived(ats: Ats) -> None:
    sample = ats.job()
    team = [{"user": {"id": ats.users()[0]}, "role": "Recruiter"}]
    wanted = {
        "title": "Difference Engineer",
        "departmentId": sample["departmentId"],
        "locationId": sample["locationId"],
        "planId": sample["defaultInterviewPlanId"],
        "requisitionId": "R-1",
        "status": "OPEN",
    }

    made = ats.good("POST", "atsJob", {**wanted, "hiringTeam": team})

    assert "warnings" not in made
    record = ats.organisation.jobs.get(made["id"])
    assert record is not None
    assert (record["status"], record["customRequisitionId"]) == ("Open", "R-1")
    assert [member["userId"] for member in record["hiringTeam"]] == [ats.users()[0]]
    read = ats.good("GET", f"atsJob/{made['id']}")["fields"]
    assert wanted.items() <= read.items()

    refused = ats.call("DELETE", f"atsJob/{made['id']}")
    assert (refused.status, refused.code, _fields(refused)) == (409, "CONNECTOR::OPERATION::CONFLICT", ["status"])
    assert "CLOSED" in refused.json["detail"]

    ats.good("PATCH", f"atsJob/{made['id']}", {"title": "D. E.", "status": "CLOSED", "hiringTeam": []})
    ats.good("DELETE", f"atsJob/{made['id']}")
    record = ats.organisation.jobs.get(made["id"])
    assert record is not None
    assert (record["status"], record["title"], record["hiringTeam"]) == ("Archived", "D. E.", [])


def test_a_description_is_written_to_its_posting(ats: Ats) -> None:
    job = ats.job()["id"]

    ats.good("PATCH", f"atsJob/{job}", {"description": "<h1>New</h1>"})

    assert ats.good("GET", f"atsJob/{job}")["fields"]["description"] == "<h1>New</h1>"
    assert next(iter(ats.organisation.where("job_posting", "jobId", job)))["descriptionBody"] == "<h1>New</h1>"


@pytest.mark.parametrize("field", ["departmentId", "locationId", "planId"])
@pytest.mark.parametrize("identity", [NOBODY, "no-uuid"])
def test_a_job_of_what_is_not_there_is_not_made(ats: Ats, field: str, identity: str) -> None:
    before = len(list(ats.organisation.jobs))
    sample = ats.job()
    good = {"title": "X", "departmentId": sample["departmentId"], "locationId": sample["locationId"]}

    answer = ats.call("POST", "atsJob", {**good, field: identity})

    assert (answer.status, _fields(answer)) == (400, [field])
    assert answer.json["upstream"]["code"]
    assert len(list(ats.organisation.jobs)) == before


# -- stages -------------------------------------------------------------------------------------------------------


def test_stages_are_those_of_every_plan_of_a_plan_and_of_a_job(ats: Ats) -> None:
    everything = {stage["id"] for stage in ats.organisation.interview_stages}
    job = ats.job()

    assert {one["id"] for one in ats.all("atsApplicationStage", limit="5")} == everything
    plan = job["defaultInterviewPlanId"]
    of_plan = ats.all("atsApplicationStage", **{"filter[plan]": plan, "fields": "name,order,plan"})
    assert {one["id"] for one in of_plan} == {
        stage["id"] for stage in ats.organisation.where("interview_stage", "interviewPlanId", plan)
    }
    assert [one["fields"]["order"] for one in of_plan] == sorted(one["fields"]["order"] for one in of_plan)
    assert {one["fields"]["plan"] for one in of_plan} == {"Engineering"}
    of_job = {one["id"] for one in ats.all("atsApplicationStage", **{"filter[job]": job["id"]})}
    assert of_job == {
        stage["id"]
        for stage in ats.organisation.interview_stages
        if stage["interviewPlanId"] in job["interviewPlanIds"]
    }
    for name in ("plan", "job"):
        answer = ats.call("GET", "atsApplicationStage", **{f"filter[{name}]": NOBODY})
        assert (answer.status, _fields(answer)) == (400, [f"filter[{name}]"])


def test_stages_are_not_written(ats: Ats) -> None:
    stage = ats.all("atsApplicationStage")[0]["id"]

    for method, path in (("POST", ""), ("PATCH", f"/{stage}"), ("DELETE", f"/{stage}")):
        answer = ats.call(method, f"atsApplicationStage{path}", None if method == "DELETE" else {"name": "x"})
        assert (answer.status, answer.code) == (501, "CONNECTOR::OPERATION::NOT_FOUND")
        assert "Ashby" in answer.json["detail"]


# -- applications -------------------------------------------------------------------------------------------------


def test_applications_are_filtered(ats: Ats) -> None:
    job = ats.job()["id"]
    everything = list(ats.organisation.applications)
    candidate = everything[0]["candidateId"]

    of_job = ats.all("atsApplication", **{"filter[job]": job, "filter[status]": "ACTIVE"})
    assert {one["id"] for one in of_job} == {
        one["id"] for one in everything if one["jobId"] == job and one["status"] == "Active"
    }
    mine = ats.all("atsApplication", limit="1", **{"filter[candidate]": candidate})
    assert {one["id"] for one in mine} == {one["id"] for one in everything if one["candidateId"] == candidate}
    answer = ats.call("GET", "atsApplication", **{"filter[candidate]": NOBODY})
    assert (answer.status, _fields(answer)) == (400, ["filter[candidate]"])
    answer = ats.call("GET", "atsApplication", **{"filter[createdAfter]": "2999-01-01T00:00:00Z"})
    assert (answer.status, _fields(answer)) == (400, ["filter[createdAfter]"])


def test_what_is_written_of_an_application_is_read(ats: Ats) -> None:
    stage = ats.stages(ats.job())["Active"]
    source = next(iter(ats.organisation.sources))["id"]
    first, second = ats.users()[:2]
    wanted: dict[str, Any] = {
        "stage": {"id": stage},
        "sourceId": source,
        "creditedTo": {"id": first},
        "recruiter": {"id": second},
        "appliedDate": "2024-05-01T00:00:00.000Z",
    }

    identity = ats.apply(**wanted)

    read = ats.good("GET", f"atsApplication/{identity}")["fields"]
    for key, value in wanted.items():
        assert read[key] == value or read[key]["id"] == value["id"]
    record = ats.organisation.applications.get(identity)
    assert record is not None
    assert (record["interviewStageId"], record["sourceId"], record["creditedToUserId"]) == (stage, source, first)


def test_an_application_moves_is_archived_and_transferred(ats: Ats) -> None:
    identity = ats.apply()
    stages = ats.stages(ats.job())
    reason = next(iter(ats.organisation.archive_reasons))["id"]
    path = f"atsApplication/{identity}"

    moved = ats.good("PATCH", path, {"stage": {"id": stages["Active"]}}, returnResource="true")
    assert moved["fields"]["status"] == "ACTIVE"
    archived = ats.good(
        "PATCH", path, {"stage": {"id": stages["Archived"]}, "archiveReasonId": reason}, returnResource="true"
    )
    assert (archived["fields"]["status"], archived["fields"]["archiveReasonId"]) == ("ARCHIVED", reason)
    other = next(
        job
        for job in ats.organisation.jobs
        if job["defaultInterviewPlanId"] not in (None, ats.job()["defaultInterviewPlanId"])
    )
    ats.good("PATCH", path, {"job": {"id": other["id"]}, "stage": {"id": ats.stages(other)["Active"]}})
    record = ats.organisation.applications.get(identity)
    assert record is not None
    assert (record["jobId"], record["status"]) == (other["id"], "Active")


def test_an_application_may_begin_archived(ats: Ats) -> None:
    reason = next(iter(ats.organisation.archive_reasons))["id"]

    identity = ats.apply(stage={"id": ats.stages(ats.job())["Archived"]}, archiveReasonId=reason)

    record = ats.organisation.applications.get(identity)
    assert record is not None
    assert (record["status"], record["archiveReasonId"]) == ("Archived", reason)


def test_moves_that_ashby_refuses_change_nothing_and_name_our_fields(ats: Ats) -> None:
    identity = ats.apply()
    before = ats.organisation.applications.get(identity)
    stages = ats.stages(ats.job())
    foreign = next(
        stage["id"]
        for stage in ats.organisation.interview_stages
        if stage["interviewPlanId"] not in ats.job()["interviewPlanIds"]
    )
    for body, named in (
        ({"stage": {"id": stages["Archived"]}}, "archiveReasonId"),
        ({"stage": {"id": stages["Active"]}, "archiveReasonId": NOBODY}, "archiveReasonId"),
        ({"stage": {"id": stages["Archived"]}, "archiveReasonId": NOBODY}, "archiveReasonId"),
        ({"stage": {"id": foreign}}, "stage"),
        ({"stage": {"id": NOBODY}}, "stage"),
        ({"stage": {"id": "no-uuid"}}, "stage"),
        ({"sourceId": NOBODY}, "sourceId"),
        ({"creditedTo": {"id": NOBODY}}, "creditedTo"),
        ({"recruiter": {"id": NOBODY}}, "recruiter"),
        ({"job": {"id": NOBODY}, "stage": {"id": stages["Active"]}}, "job"),
    ):
        answer = ats.call("PATCH", f"atsApplication/{identity}", body)
        assert (answer.status, _fields(answer)) == (400, [named]), (body, answer.text)
        assert answer.json["upstream"]["code"]
    assert ats.organisation.applications.get(identity) == before


def test_half_of_a_change_is_said_to_be_half(ats: Ats) -> None:
    identity = ats.apply()
    body = {"stage": {"id": ats.stages(ats.job())["Active"]}, "sourceId": NOBODY}

    answer = ats.good("PATCH", f"atsApplication/{identity}", body)

    assert [warning["code"] for warning in answer["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert answer["warnings"][0]["message"].startswith("sourceId was not written")
    record = ats.organisation.applications.get(identity)
    assert record is not None
    assert record["status"] == "Active"


@pytest.mark.parametrize("field", ["candidate", "job", "stage", "sourceId", "creditedTo"])
def test_an_application_of_what_is_not_there_is_not_made(ats: Ats, field: str) -> None:
    before = len(list(ats.organisation.applications))
    candidate = next(iter(ats.organisation.candidates))["id"]
    body = {"candidate": {"id": candidate}, "job": {"id": ats.job()["id"]}}

    answer = ats.call("POST", "atsApplication", {**body, field: NOBODY})

    assert (answer.status, _fields(answer)) == (400, [field])
    assert len(list(ats.organisation.applications)) == before


def test_an_application_is_deleted_for_good(ats: Ats) -> None:
    identity = ats.apply()

    ats.good("DELETE", f"atsApplication/{identity}")

    assert ats.organisation.applications.get(identity) is None
    assert ats.call("GET", f"atsApplication/{identity}").status == 404


# -- offers -------------------------------------------------------------------------------------------------------


def _offer(ats: Ats, application: str) -> Any:
    return ats.good("POST", "atsOffer", {"application": {"id": application}, **OFFER})


def test_an_offer_is_made_and_read_as_written(ats: Ats) -> None:
    application = ats.apply()

    made = _offer(ats, application)

    read = ats.good("GET", f"atsOffer/{made['id']}")["fields"]
    assert OFFER.items() <= read.items()
    assert (read["application"]["id"], read["bonusCurrency"], read["status"]) == (application, "EUR", "DRAFT")
    assert [one["id"] for one in ats.organisation.where("offer", "applicationId", application)] == [made["id"]]
    of_application = ats.good("GET", f"atsApplication/{application}", expand="offers")["fields"]["offers"]
    assert [one["fields"]["salary"] for one in of_application] == [100_000]


def test_a_form_that_is_not_full_names_what_is_missing_and_can_be_gone_on_with(ats: Ats) -> None:
    application = ats.apply()

    answer = ats.call("POST", "atsOffer", {"application": {"id": application}, **SALARY})

    assert answer.status == 400
    assert set(_fields(answer)) == {"bonusAmount", "benefits", "expirationDate"}
    process = ats.organisation.where("offer_process", "applicationId", application)[0]["id"]
    assert process in answer.json["detail"]
    again = ats.call("POST", "atsOffer", {"application": {"id": application}, **OFFER})
    assert (again.status, _fields(again)) == (409, ["application"])
    ats.good("POST", "atsOffer", {"application": {"id": application}, **OFFER, "processId": process})
    assert len(ats.organisation.where("offer", "applicationId", application)) == 1


def test_a_change_makes_a_version_and_nothing_else_is_lost(ats: Ats) -> None:
    identity = _offer(ats, ats.apply())["id"]

    ats.good("PATCH", f"atsOffer/{identity}", {"salary": 120_000})
    ats.good("PATCH", f"atsOffer/{identity}", {"salary": 120_000})

    record = ats.organisation.offers.get(identity)
    assert record is not None
    assert len(record["versions"]) == 2
    read = ats.good("GET", f"atsOffer/{identity}")["fields"]
    assert {**OFFER, "salary": 120_000}.items() <= read.items()


@pytest.mark.parametrize("status", ["ACCEPTED", "DECLINED", "CANCELLED"])
def test_an_offer_is_decided_and_found_by_its_status(ats: Ats, status: str) -> None:
    application = ats.apply()
    identity = _offer(ats, application)["id"]

    ats.good("PATCH", f"atsOffer/{identity}", {"status": status})

    filters = {"filter[application]": application, "filter[status]": status}
    assert [one["id"] for one in ats.all("atsOffer", **filters)] == [identity]
    answer = ats.call("PATCH", f"atsOffer/{identity}", {"salary": 1})
    assert (answer.status, answer.code) == (409, "CONNECTOR::OPERATION::CONFLICT")


def test_deleting_an_offer_cancels_it(ats: Ats) -> None:
    identity = _offer(ats, ats.apply())["id"]

    ats.good("DELETE", f"atsOffer/{identity}")

    record = ats.organisation.offers.get(identity)
    assert record is not None
    assert record["acceptanceStatus"] == "Cancelled"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"benefits": "Horse"}, "benefits"),
        ({"salary": 1.5}, "salary"),
        ({"openingId": NOBODY}, "openingId"),
        ({"currency": "euro"}, "currency"),
        ({"startDate": "soon"}, "startDate"),
    ],
)
def test_a_value_that_an_offer_cannot_have_is_named(ats: Ats, change: dict[str, Any], named: str) -> None:
    answer = ats.call("POST", "atsOffer", {"application": {"id": ats.apply()}, **OFFER, **change})

    assert (answer.status, _fields(answer)) == (400, [named]), json.dumps(answer.json)
    assert len(list(ats.organisation.offers)) == len({one["id"] for one in ats.all("atsOffer", limit="100")})
