"""Ten models, five operations: each of the fifty cells does in the account what the capability table says of it.

Every cell is walked over HTTP. What it did is seen in the sandbox itself, by Ashby's own endpoints and the log of its
changes, never by an answer of ours. A cell that is offered and has no scenario here fails, and so does one whose
scenario does not fit what the table says.
"""

import itertools
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.account import KEY, Account, Record
from tests.e2e.running import Connection, Project, World, assert_problem
from unified.connector import Operation, known_operations, load_connector

pytest_plugins = ["tests.e2e.fixtures"]

MODELS = tuple(load_connector("ashby").model_ids)
VERBS = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)
STATUSES = ("Draft", "Open", "Closed", "Archived")


@dataclass(frozen=True)
class Bench(Account):
    """An account, and a connection to it that may do everything."""

    customer: Connection

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call ``/v1/resources/<path>``."""
        return self.customer.call(method, f"/resources/{path}", **more)

    def good(self, method: str, path: str, **more: Any) -> Any:
        """Call, and expect that all of it was done."""
        answer = self.call(method, path, **more)
        assert answer.status_code in (200, 201, 204), answer.text
        body = answer.json() if answer.text else {}
        assert "warnings" not in body, body
        return body

    def listed(self, model: str, limit: int) -> list[Record]:
        """List to the end."""
        found: list[Record] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.good("GET", model, params={"limit": limit, **cursor})
            assert len(page["data"]) <= limit
            found += page["data"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def read(self, model: str, record_id: str) -> Record:
        """Retrieve a record's fields."""
        resource = self.good("GET", f"{model}/{quote(record_id, safe='')}")
        assert (resource["object"], resource["model"], resource["id"]) == ("resource", model, record_id)
        return resource["fields"]

    def create(self, model: str, **fields: Any) -> str:
        """Create a record; gives its id."""
        return self.good("POST", model, json=fields)["id"]

    def update(self, model: str, record_id: str, **fields: Any) -> None:
        """Change a record."""
        self.good("PATCH", f"{model}/{quote(record_id, safe='')}", json=fields)

    def delete(self, model: str, record_id: str) -> None:
        """Delete a record."""
        self.good("DELETE", f"{model}/{quote(record_id, safe='')}")

    def our_offer(self) -> str:
        """Make an offer, by our own API: the account's form is filled out there."""
        return self.create("atsOffer", application={"id": self.application()["id"]}, **OFFER)


OFFER: Mapping[str, Any] = {
    "startDate": "2027-01-01T00:00:00.000Z",
    "salary": 90_000,
    "currency": "EUR",
    "bonusAmount": 2_000,
    "benefits": "Pension",
    "expirationDate": "2026-12-31T00:00:00.000Z",
}


@pytest.fixture(scope="module")
def bench(world: World, project: Project) -> Bench:
    """Connect a customer by the sandbox's key of every permission."""
    operations = sorted(known_operations(load_connector("ashby")))
    return Bench(world, world.connected(project, operations, key=KEY))


@pytest.fixture(scope="module")
def table(bench: Bench) -> Mapping[str, Any]:
    """Read the capability table as a caller does."""
    answer = bench.customer.call("GET", "/connectors/ashby")
    assert answer.status_code == 200, answer.text
    return answer.json()["models"]


Scenario = Callable[[Bench], None]
SCENARIOS: dict[tuple[str, str], tuple[str, Scenario]] = {}


def does(model: str, operation: Operation, mode: str) -> Callable[[Scenario], Scenario]:
    """Keep a scenario for a cell of a mode."""

    def keep(scenario: Scenario) -> Scenario:
        assert (model, operation) not in SCENARIOS
        SCENARIOS[model, operation] = (mode, scenario)
        return scenario

    return keep


def test_the_table_has_fifty_cells_and_all_are_decided(table: Mapping[str, Any]) -> None:
    cells = {(model, verb): table[model]["operations"][verb] for model in MODELS for verb in VERBS}
    assert len(cells) == 50
    assert set(table) == set(MODELS)
    assert {cell["mode"] for cell in cells.values()} == {"native", "emulated", "refused"}
    undecided = [cell for cell, found in cells.items() if found["mode"] != "native" and not found.get("reason")]
    assert undecided == []


def test_there_is_a_scenario_for_each_cell_that_is_offered_and_for_no_other(table: Mapping[str, Any]) -> None:
    offered = {
        (model, verb): table[model]["operations"][verb]["mode"]
        for model, verb in itertools.product(MODELS, VERBS)
        if table[model]["operations"][verb]["mode"] != "refused"
    }
    assert {cell: mode for cell, (mode, _) in SCENARIOS.items()} == offered


@pytest.mark.parametrize("operation", VERBS)
@pytest.mark.parametrize("model", MODELS)
def test_a_cell_does_in_the_account_what_the_table_says(
    bench: Bench, table: Mapping[str, Any], model: str, operation: Operation
) -> None:
    declared = table[model]["operations"][operation]
    if declared["mode"] == "refused":
        assert (model, operation) not in SCENARIOS, "this cell was offered once"
        is_refused(bench, model, operation, declared["reason"])
        return
    assert (model, operation) in SCENARIOS, "this cell has no scenario"
    mode, scenario = SCENARIOS[model, operation]
    assert declared["mode"] == mode
    scenario(bench)


def is_refused(bench: Bench, model: str, operation: Operation, reason: str) -> None:
    """Check that an operation on a record that is there is a 501 with the reason, and that Ashby hears nothing."""
    some_id = quote(bench.good("GET", model, params={"limit": 1})["data"][0]["id"], safe="")
    method, path = {
        Operation.LIST: ("GET", model),
        Operation.RETRIEVE: ("GET", f"{model}/{some_id}"),
        Operation.CREATE: ("POST", model),
        Operation.UPDATE: ("PATCH", f"{model}/{some_id}"),
        Operation.DELETE: ("DELETE", f"{model}/{some_id}"),
    }[operation]
    before = bench.last_change(), bench.customer.world.sandbox.state()["calls"]
    answer = bench.call(method, path, **({"json": {"name": "New"}} if method in ("POST", "PATCH") else {}))
    problem = assert_problem(answer, 501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert problem["detail"] == reason
    assert (bench.last_change(), bench.customer.world.sandbox.state()["calls"]) == before


# -- what a record of Ashby's is as a resource, written down once more and apart from the product ---------------------


def given(fields: Record) -> Record:
    """Leave out what Ashby does not say."""
    return {key: value for key, value in fields.items() if value is not None}


def ref(model: str, record_id: str | None) -> Record | None:
    """Return a reference as the wire has it."""
    return None if record_id is None else {"object": "resourceRef", "model": model, "id": record_id}


def parts(record: Record, *names: str) -> Record:
    """Return some parts of a record, without those that are null."""
    return given({name: record.get(name) for name in names})


def part(record: Record | None, *path: str) -> Any:
    """Return what lies at a path, None where the way ends before."""
    found: Any = record
    for name in path:
        found = None if found is None else found.get(name)
    return found


def contact(record: Record) -> Record:
    first, _, last = record["name"].partition(" ")
    phone = part(record, "primaryPhoneNumber", "value")
    return {
        "firstName": first,
        "lastName": last or None,
        "email": part(record, "primaryEmailAddress", "value"),
        "phoneNumber": phone,
        "phone": phone,
        "emails": [parts(one, "value", "type", "isPrimary") for one in record["emailAddresses"]],
        "phoneNumbers": [parts(one, "value", "type", "isPrimary") for one in record["phoneNumbers"]],
        "links": [parts(one, "type", "url") for one in record["socialLinks"]],
        "company": record.get("company"),
        "title": record.get("position"),
        "location": part(record, "location", "locationSummary"),
        "tags": [tag["title"] for tag in record["tags"] if not tag.get("isArchived")],
        "source": part(record, "source", "title"),
        "resume": part(record, "resumeFileHandle") and parts(record["resumeFileHandle"], "id", "name"),
    }


def team(record: Record) -> list[Record]:
    return [
        given(
            {
                "user": ref("genericUser", member["userId"]),
                "role": member["role"],
                "name": f"{member['firstName']} {member['lastName']}",
                "email": member.get("email") or None,
            }
        )
        for member in record["hiringTeam"]
    ]


KINDS = {
    "FullTime": "FULL_TIME",
    "PartTime": "PART_TIME",
    "Intern": "INTERN",
    "Contract": "CONTRACT",
    "Temporary": "TEMPORARY",
}


def job(bench: Bench, record: Record) -> Record:
    postings = record["jobPostingIds"]
    posting = bench.ashby("jobPosting.info", jobPostingId=postings[0]) if postings else None
    department = bench.named("department", record.get("departmentId"))
    location = bench.named("location", record.get("locationId"))
    return {
        "title": record["title"],
        "description": part(posting, "descriptionParts", "descriptionBody", "html"),
        "postingUrl": part(posting, "externalLink"),
        "department": department,
        "departmentId": record.get("departmentId"),
        "location": location,
        "locationId": record.get("locationId"),
        "status": record["status"].upper(),
        "employmentType": KINDS[record["employmentType"]],
        "hiringTeam": team(record),
        "planId": record.get("defaultInterviewPlanId"),
        "requisitionId": record.get("customRequisitionId"),
        "isConfidential": record["confidential"],
        "openedAt": record.get("openedAt"),
        "closedAt": record.get("closedAt"),
    }


def application(bench: Bench, record: Record) -> Record:
    reason = record.get("archiveReason")
    types = {"RejectedByCandidate": "REJECTED_BY_CANDIDATE", "RejectedByOrg": "REJECTED_BY_ORG", "Other": "OTHER"}
    recruiters = [member["userId"] for member in record["hiringTeam"] if member["role"] == "Recruiter"]
    offers = bench.every("offer.list", applicationId=record["id"])
    return {
        "candidate": ref("genericContact", record["candidate"]["id"]),
        "job": ref("atsJob", record["job"]["id"]),
        "stage": ref("atsApplicationStage", record["currentInterviewStage"]["id"]),
        "status": record["status"].upper(),
        "appliedDate": record["createdAt"],
        "recruiter": ref("genericUser", recruiters[0] if recruiters else None),
        "creditedTo": ref("genericUser", part(record, "creditedToUser", "id")),
        "source": part(record, "source", "title"),
        "sourceId": part(record, "source", "id"),
        "archiveReason": part(reason, "text"),
        "archiveReasonId": part(reason, "id"),
        "archiveReasonType": reason and types[reason["reasonType"]],
        "archivedAt": record.get("archivedAt"),
        "hiringTeam": team(record),
        "offers": [ref("atsOffer", offer["id"]) for offer in offers],
    }


def stage(bench: Bench, record: Record) -> Record:
    plans = {plan["id"]: plan for plan in bench.every("interviewPlan.list", includeArchived=True)}
    plan = plans[record["interviewPlanId"]]
    types = {"PreInterviewScreen": "PRE_INTERVIEW_SCREEN"}
    return {
        "name": record["title"],
        "order": record["orderInInterviewPlan"],
        "type": types.get(record["type"], record["type"].upper()),
        "isActive": not plan["isArchived"],
        "plan": plan["title"],
        "planId": plan["id"],
    }


OFFER_STATUSES = {
    "WaitingOnApprovalStart": "DRAFT",
    "WaitingOnOfferApproval": "DRAFT",
    "WaitingOnApprovalDefinition": "DRAFT",
    "WaitingOnCandidateResponse": "SENT",
    "CandidateAccepted": "ACCEPTED",
    "CandidateRejected": "DECLINED",
    "OfferCancelled": "CANCELLED",
}
APPROVALS = {None: None, "WaitingOnApprovals": "WAITING", "Approved": "APPROVED", "Declined": "DECLINED"}


def offer(record: Record) -> Record:
    version = record["latestVersion"]
    custom = {field["title"]: field for field in version["customFields"]}
    return {
        "application": ref("atsApplication", record["applicationId"]),
        "offerDate": version["createdAt"],
        "status": OFFER_STATUSES[record["offerStatus"]],
        "approvalStatus": APPROVALS[version.get("approvalStatus")],
        "startDate": version["startDate"],
        "salary": version["salary"]["value"],
        "currency": version["salary"]["currencyCode"],
        "bonusAmount": part(custom.get("Bonus amount"), "value", "value"),
        "bonusCurrency": part(custom.get("Bonus amount"), "value", "currencyCode"),
        "benefits": ", ".join(custom["Benefits"]["valueLabel"]) if "Benefits" in custom else None,
        "expirationDate": _day(part(custom.get("Expiration date"), "value")),
        "decidedAt": record.get("decidedAt"),
        "creator": ref("genericUser", part(version, "author", "id")),
        "openingId": version.get("openingId"),
    }


def _day(value: str | None) -> str | None:
    return f"{value}T00:00:00.000Z" if value and len(value) == 10 else value


def event(bench: Bench, schedule: Record, found: Record) -> Record:
    interview = bench.ashby("interview.info", id=found["interviewId"])
    statuses = {
        "Scheduled": "planned",
        "WaitingOnFeedback": "awaitingFeedback",
        "Complete": "completed",
        "Cancelled": "canceled",
        "OnHold": "onHold",
    }
    return {
        "title": interview["title"],
        "description": interview.get("instructionsPlain") or None,
        "startTime": found["startTime"],
        "endTime": found["endTime"],
        "location": found.get("location"),
        "meetingUrl": found.get("meetingLink"),
        "status": statuses.get(schedule["status"], "requested"),
        "eventType": ref("scheduleEventType", found["interviewId"]),
        "application": ref("atsApplication", schedule["applicationId"]),
        "schedule": schedule["id"],
        "stage": ref("atsApplicationStage", schedule["interviewStageId"]),
        "organizer": ref("genericUser", part(schedule, "scheduledBy", "id")),
        "attendees": [
            given(
                {
                    "user": ref("genericUser", one["id"]),
                    "email": one.get("email"),
                    "name": f"{one['firstName']} {one['lastName']}",
                    "role": {None: "interviewer", "Shadow": "shadow"}.get(one.get("trainingRole"), "reverseShadow"),
                    "isFeedbackRequired": one["isFeedbackRequired"],
                }
            )
            for one in found["interviewers"]
        ],
        "hasFeedback": found["hasSubmittedFeedback"],
    }


def same_ids(bench: Bench, model: str, wanted: Sequence[str]) -> None:
    """Check that our list holds just these records, each once, whatever the size of its pages."""
    assert len(set(wanted)) == len(wanted) > 0
    for limit in (100, 11):
        assert sorted(one["id"] for one in bench.listed(model, limit)) == sorted(wanted)


def some(found: Sequence[Any]) -> list[Any]:
    """Choose a few from everywhere in a list."""
    return [*found[:3], *found[len(found) // 2 : len(found) // 2 + 2], found[-1]]


def differences(before: Record, after: Record) -> set[str]:
    """Name the parts in which two readings of a record differ."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


# -- contacts ---------------------------------------------------------------------------------------------------------


@does("genericContact", Operation.LIST, "native")
def contacts_are_the_candidates(bench: Bench) -> None:
    same_ids(bench, "genericContact", [one["id"] for one in bench.every("candidate.list")])


@does("genericContact", Operation.RETRIEVE, "native")
def a_contact_is_its_candidate(bench: Bench) -> None:
    (ada,) = [one for one in bench.ashby("candidate.search", email="ada@example.com") if one["name"] == "Ada Lovelace"]
    for record_id in (ada["id"], bench.candidate()["id"]):
        record = bench.ashby("candidate.info", id=record_id)
        assert bench.read("genericContact", record_id) == given(contact(record))


@does("genericContact", Operation.CREATE, "native")
def a_new_contact_is_a_new_candidate(bench: Bench) -> None:
    before, email = bench.last_change(), f"{secrets.token_hex(8)}@example.com"
    links = [{"type": "LinkedIn", "url": "https://linkedin.com/in/ada"}, {"type": "Medium", "url": "https://m.example"}]
    made = bench.create(
        "genericContact", firstName="Ada", lastName="King Noel", email=email, phone="+44 20 7946 0000", links=links
    )
    record = bench.ashby("candidate.info", id=made)
    assert record["name"] == "Ada King Noel"
    assert record["primaryEmailAddress"]["value"] == email
    assert record["primaryPhoneNumber"]["value"] == "+44 20 7946 0000"
    assert [parts(one, "type", "url") for one in record["socialLinks"]] == links
    assert {(kind, identifier) for kind, identifier, _ in bench.changes(before)} == {("candidate", made)}


@does("genericContact", Operation.UPDATE, "native")
def a_changed_contact_is_a_changed_candidate(bench: Bench) -> None:
    made = bench.candidate()["id"]
    before, number = bench.ashby("candidate.info", id=made), bench.last_change()
    bench.update("genericContact", made, lastName="King")
    after = bench.ashby("candidate.info", id=made)
    assert after["name"] == "Person King"
    assert differences(before, after) <= {"name", "updatedAt"}
    assert bench.changes(number) == {("candidate", made, "updated")}


@does("genericContact", Operation.DELETE, "emulated")
def a_deleted_contact_is_an_anonymized_candidate(bench: Bench) -> None:
    made, number = bench.candidate(), bench.last_change()
    bench.delete("genericContact", made["id"])
    after = bench.ashby("candidate.info", id=made["id"])
    assert made["name"] not in str(after)
    assert made["primaryEmailAddress"]["value"] not in str(after)
    assert {change[:2] for change in bench.changes(number)} == {("candidate", made["id"])}


# -- users and the workspace ------------------------------------------------------------------------------------------


@does("genericUser", Operation.LIST, "native")
def users_are_all_users(bench: Bench) -> None:
    found = bench.every("user.list", includeDeactivated=True)
    assert not all(user["isEnabled"] for user in found)
    same_ids(bench, "genericUser", [user["id"] for user in found])


@does("genericUser", Operation.RETRIEVE, "native")
def a_user_is_as_ashby_has_it(bench: Bench) -> None:
    for user in some(bench.every("user.list", includeDeactivated=True)):
        assert bench.read("genericUser", user["id"]) == given(
            {
                "firstName": user["firstName"],
                "lastName": user["lastName"],
                "email": user.get("email"),
                "role": user["globalRole"],
                "isActive": user["isEnabled"],
            }
        )


@does("genericWorkspace", Operation.LIST, "emulated")
def the_workspace_is_the_one_organisation(bench: Bench) -> None:
    (workspace,) = bench.listed("genericWorkspace", 100)
    assert workspace["fields"] == {"name": bench.every("brand.list")[0]["name"]}


@does("genericWorkspace", Operation.RETRIEVE, "emulated")
def the_workspace_is_named_by_the_first_brand(bench: Bench) -> None:
    brands = bench.every("brand.list")
    assert bench.read("genericWorkspace", "organization") == {"name": brands[0]["name"]}
    raw = bench.good("GET", "genericWorkspace/organization", params={"include": "raw"})["remote"]["raw"]
    assert raw["brands"] == brands


# -- calendars --------------------------------------------------------------------------------------------------------


@does("scheduleCalendar", Operation.LIST, "emulated")
def calendars_are_users_and_pools(bench: Bench) -> None:
    users = bench.every("user.list", includeDeactivated=True)
    pools = bench.every("interviewerPool.list", includeArchivedPools=True)
    wanted = [*(f"user:{user['id']}" for user in users), *(f"pool:{pool['id']}" for pool in pools)]
    same_ids(bench, "scheduleCalendar", wanted)


@does("scheduleCalendar", Operation.RETRIEVE, "emulated")
def a_calendar_is_its_user_or_its_pool(bench: Bench) -> None:
    for user in some(bench.every("user.list", includeDeactivated=True)):
        assert bench.read("scheduleCalendar", f"user:{user['id']}") == {
            "name": f"{user['firstName']} {user['lastName']}",
            "owner": ref("genericUser", user["id"]),
            "kind": "interviewer",
            "isActive": user["isEnabled"],
        }
    for one in some(bench.every("interviewerPool.list", includeArchivedPools=True)):
        pool = bench.ashby("interviewerPool.info", interviewerPoolId=one["id"])
        members = [*pool["qualifiedMembers"], *pool["trainees"]]
        assert bench.read("scheduleCalendar", f"pool:{pool['id']}") == {
            "name": pool["title"],
            "kind": "pool",
            "members": [ref("genericUser", member["id"]) for member in members],
            "isActive": not pool["isArchived"],
        }


@does("scheduleCalendar", Operation.CREATE, "native")
def a_new_calendar_is_a_new_pool(bench: Bench) -> None:
    user, number = bench.user(), bench.last_change()
    made = bench.create("scheduleCalendar", name="Night shift", members=[{"id": user["id"]}])
    pool = bench.ashby("interviewerPool.info", interviewerPoolId=made.removeprefix("pool:"))
    assert (pool["title"], pool["isArchived"]) == ("Night shift", False)
    assert [member["id"] for member in pool["qualifiedMembers"]] == [user["id"]]
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", pool["id"])}


@does("scheduleCalendar", Operation.UPDATE, "native")
def a_changed_calendar_is_a_changed_pool(bench: Bench) -> None:
    made = bench.pool()["id"]
    before, number = bench.ashby("interviewerPool.info", interviewerPoolId=made), bench.last_change()
    bench.update("scheduleCalendar", f"pool:{made}", name="Day shift")
    after = bench.ashby("interviewerPool.info", interviewerPoolId=made)
    assert after["title"] == "Day shift"
    assert differences(before, after) <= {"title", "updatedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", made)}
    # The other half of the cell's reason: a user's calendar cannot be changed.
    number = bench.last_change()
    answer = bench.call("PATCH", f"scheduleCalendar/user:{bench.user()['id']}", json={"name": "New"})
    assert_problem(answer, 501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert bench.changes(number) == set()


@does("scheduleCalendar", Operation.DELETE, "emulated")
def a_deleted_calendar_is_an_archived_pool(bench: Bench) -> None:
    made = bench.pool()["id"]
    number = bench.last_change()
    bench.delete("scheduleCalendar", f"pool:{made}")
    assert bench.ashby("interviewerPool.info", interviewerPoolId=made)["isArchived"] is True
    assert {change[:2] for change in bench.changes(number)} == {("interviewer_pool", made)}
    assert made not in [pool["id"] for pool in bench.every("interviewerPool.list")]


# -- event types and events -------------------------------------------------------------------------------------------


def interviews(bench: Bench) -> list[Record]:
    return bench.every("interview.list", includeArchived=True, includeNonSharedInterviews=True)


@does("scheduleEventType", Operation.LIST, "native")
def event_types_are_the_interviews(bench: Bench) -> None:
    same_ids(bench, "scheduleEventType", [one["id"] for one in interviews(bench)])


def minutes(bench: Bench, interview: Record) -> int | None:
    """Return how long a job's plan says that an interview of it takes, where it says one thing."""
    if interview.get("jobId") is None:
        return None
    plan = bench.ashby("jobInterviewPlan.info", jobId=interview["jobId"])
    activities = [activity for stage in plan["stages"] for activity in stage["activities"]]
    said = {
        one["interviewDurationMinutes"]
        for activity in activities
        for one in activity["interviews"]
        if one["interviewId"] == interview["id"]
    }
    return said.pop() if len(said) == 1 else None


@does("scheduleEventType", Operation.RETRIEVE, "native")
def an_event_type_is_its_interview(bench: Bench) -> None:
    durations: list[int | None] = []
    for one in interviews(bench):
        durations.append(minutes(bench, one))
        assert bench.read("scheduleEventType", one["id"]) == given(
            {
                "name": one["title"],
                "description": one.get("instructionsPlain") or None,
                "duration": durations[-1],
                "job": ref("atsJob", one.get("jobId")),
                "isActive": not one["isArchived"],
                "isDebrief": one["isDebrief"],
                "requiresFeedback": one["isFeedbackRequired"],
            }
        )
    assert any(durations)


@does("scheduleEvent", Operation.LIST, "native")
def events_are_those_of_all_schedules(bench: Bench) -> None:
    bench.schedule(events=3)
    same_ids(
        bench,
        "scheduleEvent",
        [
            f"{schedule['applicationId']}.{schedule['id']}.{found['id']}"
            for schedule in bench.every("interviewSchedule.list")
            for found in schedule["interviewEvents"]
        ],
    )


@does("scheduleEvent", Operation.RETRIEVE, "native")
def an_event_is_as_its_schedule_has_it(bench: Bench) -> None:
    schedules = [one for one in bench.every("interviewSchedule.list") if one["interviewEvents"]]
    for schedule in some(schedules):
        found = schedule["interviewEvents"][-1]
        record_id = f"{schedule['applicationId']}.{schedule['id']}.{found['id']}"
        assert bench.read("scheduleEvent", record_id) == given(event(bench, schedule, found))


def schedules_of(bench: Bench, application_id: str) -> list[Record]:
    return bench.every("interviewSchedule.list", applicationId=application_id)


@does("scheduleEvent", Operation.CREATE, "native")
def a_new_event_is_a_new_schedule_or_one_event_more(bench: Bench) -> None:
    subject, user = bench.application()["id"], bench.user()
    times = {"startTime": "2033-05-05T09:00:00.000Z", "endTime": "2033-05-05T09:45:00.000Z"}
    attendees = [{"user": {"id": user["id"]}, "isFeedbackRequired": True}]
    first = bench.create("scheduleEvent", application={"id": subject}, attendees=attendees, **times)
    (schedule,) = schedules_of(bench, subject)
    second = bench.create("scheduleEvent", schedule=schedule["id"], attendees=attendees, **times)
    (schedule,) = schedules_of(bench, subject)
    events = schedule["interviewEvents"]
    assert [f"{subject}.{schedule['id']}.{one['id']}" for one in events] == [first, second]
    for one in events:
        assert parts(one, "startTime", "endTime") == times
        assert [(who["id"], who["isFeedbackRequired"]) for who in one["interviewers"]] == [(user["id"], True)]


@does("scheduleEvent", Operation.UPDATE, "native")
def a_changed_event_is_changed_in_its_schedule_alone(bench: Bench) -> None:
    before = bench.schedule(events=2)
    moved, other = before["interviewEvents"]
    record_id = f"{before['applicationId']}.{before['id']}.{moved['id']}"
    bench.update("scheduleEvent", record_id, endTime="2032-01-01T11:30:00.000Z")
    (after,) = schedules_of(bench, before["applicationId"])
    found = {one["id"]: one for one in after["interviewEvents"]}
    assert found[moved["id"]]["endTime"] == "2032-01-01T11:30:00.000Z"
    assert differences(moved, found[moved["id"]]) <= {"endTime", "updatedAt"}
    assert found[other["id"]] == other
    assert differences(before, after) <= {"interviewEvents", "updatedAt"}


@does("scheduleEvent", Operation.DELETE, "native")
def a_deleted_event_is_cancelled_and_its_schedule_with_the_last_one(bench: Bench) -> None:
    schedule = bench.schedule(events=2)
    first, second = schedule["interviewEvents"]
    place = f"{schedule['applicationId']}.{schedule['id']}"
    bench.delete("scheduleEvent", f"{place}.{first['id']}")
    (after,) = schedules_of(bench, schedule["applicationId"])
    assert [one["id"] for one in after["interviewEvents"]] == [second["id"]]
    assert after["status"] == schedule["status"] == "Scheduled"
    bench.delete("scheduleEvent", f"{place}.{second['id']}")
    (after,) = schedules_of(bench, schedule["applicationId"])
    assert (after["interviewEvents"], after["status"]) == ([], "Cancelled")


# -- jobs -------------------------------------------------------------------------------------------------------------


@does("atsJob", Operation.LIST, "native")
def jobs_are_all_jobs_drafts_too(bench: Bench) -> None:
    found = bench.every("job.list", status=STATUSES)
    assert {one["status"] for one in found} == set(STATUSES)
    same_ids(bench, "atsJob", [one["id"] for one in found])


@does("atsJob", Operation.RETRIEVE, "native")
def a_job_is_as_ashby_has_it(bench: Bench) -> None:
    for one in bench.every("job.list", status=STATUSES):
        assert bench.read("atsJob", one["id"]) == given(job(bench, bench.ashby("job.info", id=one["id"])))


@does("atsJob", Operation.CREATE, "native")
def a_new_job_is_there_open_and_with_its_team(bench: Bench) -> None:
    like, user = bench.job(), bench.user()
    made = bench.create(
        "atsJob",
        title="Difference Engineer",
        departmentId=like["departmentId"],
        locationId=like["locationId"],
        planId=like["defaultInterviewPlanId"],
        requisitionId="R-1842",
        hiringTeam=[{"user": {"id": user["id"]}, "role": "Recruiter"}],
        status="OPEN",
    )
    record = bench.ashby("job.info", id=made)
    assert (record["title"], record["status"], record["customRequisitionId"]) == (
        "Difference Engineer",
        "Open",
        "R-1842",
    )
    assert parts(record, "departmentId", "locationId", "defaultInterviewPlanId") == parts(
        like, "departmentId", "locationId", "defaultInterviewPlanId"
    )
    assert [(one["userId"], one["role"]) for one in record["hiringTeam"]] == [(user["id"], "Recruiter")]


def draft(bench: Bench) -> Record:
    like = bench.job()
    made = bench.ashby("job.create", title="Draft", teamId=like["departmentId"], locationId=like["locationId"])
    return bench.ashby("job.info", id=made["id"])


@does("atsJob", Operation.UPDATE, "native")
def a_changed_job_is_changed_and_so_is_its_posting(bench: Bench) -> None:
    before, number = draft(bench), bench.last_change()
    bench.update("atsJob", before["id"], title="No draft any more")
    after = bench.ashby("job.info", id=before["id"])
    assert after["title"] == "No draft any more"
    assert differences(before, after) <= {"title", "updatedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("job", before["id"])}

    published = bench.job()
    posting = published["jobPostingIds"][0]
    number = bench.last_change()
    bench.update("atsJob", published["id"], description="<h2>Steam</h2>")
    body = bench.ashby("jobPosting.info", jobPostingId=posting)["descriptionParts"]["descriptionBody"]
    assert body["html"] == "<h2>Steam</h2>"
    assert {change[:2] for change in bench.changes(number)} == {("job_posting", posting)}


@does("atsJob", Operation.DELETE, "emulated")
def a_deleted_job_is_an_archived_one(bench: Bench) -> None:
    made, number = draft(bench)["id"], bench.last_change()
    bench.delete("atsJob", made)
    assert bench.ashby("job.info", id=made)["status"] == "Archived"
    assert {change[:2] for change in bench.changes(number)} == {("job", made)}
    # The other half of the cell's reason: an open job must be closed first.
    still_open, number = bench.job(), bench.last_change()
    assert_problem(bench.call("DELETE", f"atsJob/{still_open['id']}"), 409, "CONNECTOR::OPERATION::CONFLICT")
    assert bench.changes(number) == set()


# -- applications -----------------------------------------------------------------------------------------------------


@does("atsApplication", Operation.LIST, "native")
def applications_are_all_applications(bench: Bench) -> None:
    same_ids(bench, "atsApplication", [one["id"] for one in bench.every("application.list")])


@does("atsApplication", Operation.RETRIEVE, "native")
def an_application_is_as_ashby_has_it(bench: Bench) -> None:
    found = bench.every("application.list")
    by_status = {one["status"]: one for one in found}
    with_offer = bench.every("offer.list")[0]["applicationId"]
    for record_id in (with_offer, *(one["id"] for one in (*by_status.values(), *some(found)))):
        record = bench.ashby("application.info", applicationId=record_id)
        assert bench.read("atsApplication", record_id) == given(application(bench, record))


@does("atsApplication", Operation.CREATE, "native")
def a_new_application_is_there_in_its_stage(bench: Bench) -> None:
    candidate, wanted, user = bench.candidate(), bench.job(), bench.user()
    source = bench.ashby("source.list")[0]
    in_stage = bench.stage(wanted, "Active")
    made = bench.create(
        "atsApplication",
        candidate={"id": candidate["id"]},
        job={"id": wanted["id"]},
        stage={"id": in_stage},
        sourceId=source["id"],
        creditedTo={"id": user["id"]},
        recruiter={"id": user["id"]},
        appliedDate="2025-03-01T08:00:00.000Z",
    )
    record = bench.ashby("application.info", applicationId=made)
    assert (record["candidate"]["id"], record["job"]["id"]) == (candidate["id"], wanted["id"])
    assert (record["currentInterviewStage"]["id"], record["status"]) == (in_stage, "Active")
    assert (record["source"]["id"], record["creditedToUser"]["id"]) == (source["id"], user["id"])
    assert record["createdAt"] == "2025-03-01T08:00:00.000Z"
    assert [one["userId"] for one in record["hiringTeam"] if one["role"] == "Recruiter"] == [user["id"]]
    assert bench.ashby("candidate.info", id=candidate["id"])["applicationIds"] == [made]


@does("atsApplication", Operation.UPDATE, "native")
def a_changed_application_moves_and_is_archived(bench: Bench) -> None:
    made, wanted = bench.application()["id"], bench.job()
    before, number = bench.ashby("application.info", applicationId=made), bench.last_change()
    bench.update("atsApplication", made, stage={"id": bench.stage(wanted, "Active")})
    moved = bench.ashby("application.info", applicationId=made)
    assert moved["currentInterviewStage"]["id"] == bench.stage(wanted, "Active")
    history = {"currentInterviewStage", "status", "updatedAt", "applicationHistory"}
    assert differences(before, moved) <= history
    reason = bench.ashby("archiveReason.list")[0]["id"]
    bench.update("atsApplication", made, stage={"id": bench.stage(wanted, "Archived")}, archiveReasonId=reason)
    archived = bench.ashby("application.info", applicationId=made)
    assert (archived["status"], archived["archiveReason"]["id"]) == ("Archived", reason)
    assert differences(moved, archived) <= history | {"archiveReason", "archivedAt"}
    assert {change[:2] for change in bench.changes(number)} == {("application", made)}


@does("atsApplication", Operation.DELETE, "native")
def a_deleted_application_is_gone_and_its_candidate_is_not(bench: Bench) -> None:
    made = bench.application()
    bench.delete("atsApplication", made["id"])
    assert bench.envelope("application.info", applicationId=made["id"])["success"] is False
    assert bench.ashby("candidate.info", id=made["candidate"]["id"])["applicationIds"] == []


# -- stages -----------------------------------------------------------------------------------------------------------


def stages(bench: Bench) -> list[Record]:
    plans = bench.every("interviewPlan.list", includeArchived=True)
    return [one for plan in plans for one in bench.ashby("interviewStage.list", interviewPlanId=plan["id"])]


@does("atsApplicationStage", Operation.LIST, "native")
def stages_are_those_of_all_plans(bench: Bench) -> None:
    same_ids(bench, "atsApplicationStage", [one["id"] for one in stages(bench)])


@does("atsApplicationStage", Operation.RETRIEVE, "native")
def a_stage_is_as_its_plan_has_it(bench: Bench) -> None:
    for one in stages(bench):
        assert bench.read("atsApplicationStage", one["id"]) == given(stage(bench, one))


# -- offers -----------------------------------------------------------------------------------------------------------


@does("atsOffer", Operation.LIST, "native")
def offers_are_all_offers(bench: Bench) -> None:
    same_ids(bench, "atsOffer", [one["id"] for one in bench.every("offer.list")])


@does("atsOffer", Operation.RETRIEVE, "native")
def an_offer_is_as_its_latest_version_has_it(bench: Bench) -> None:
    found = bench.every("offer.list")
    by_status = {one["offerStatus"]: one for one in found}
    for one in (*by_status.values(), *some(found)):
        assert bench.read("atsOffer", one["id"]) == given(offer(bench.ashby("offer.info", offerId=one["id"])))


@does("atsOffer", Operation.CREATE, "native")
def a_new_offer_fills_out_the_accounts_form(bench: Bench) -> None:
    subject = bench.application()["id"]
    made = bench.create("atsOffer", application={"id": subject}, **OFFER)
    (record,) = bench.every("offer.list", applicationId=subject)
    version = record["latestVersion"]
    custom = {field["title"]: field["value"] for field in version["customFields"]}
    assert record["id"] == made
    assert version["startDate"][:10] == "2027-01-01"
    assert version["salary"] == {"value": 90_000, "currencyCode": "EUR"}
    assert custom["Bonus amount"] == {"value": 2_000, "currencyCode": "EUR"}
    assert custom["Expiration date"][:10] == "2026-12-31"
    assert custom["Benefits"] == ["pension"]


@does("atsOffer", Operation.UPDATE, "native")
def a_changed_offer_is_a_new_version_or_a_decision(bench: Bench) -> None:
    made = bench.our_offer()
    before = bench.ashby("offer.info", offerId=made)
    bench.update("atsOffer", made, salary=95_000)
    after = bench.ashby("offer.info", offerId=made)
    old, new = before["latestVersion"], after["latestVersion"]
    assert new["salary"] == {"value": 95_000, "currencyCode": "EUR"}
    assert differences(old, new) <= {"id", "createdAt", "salary"}
    assert len(after["versions"]) == len(before["versions"]) + 1
    bench.update("atsOffer", made, status="DECLINED")
    assert bench.ashby("offer.info", offerId=made)["offerStatus"] == "CandidateRejected"


@does("atsOffer", Operation.DELETE, "emulated")
def a_deleted_offer_is_a_cancelled_one(bench: Bench) -> None:
    made = bench.our_offer()
    before, number = bench.ashby("offer.info", offerId=made), bench.last_change()
    bench.delete("atsOffer", made)
    after = bench.ashby("offer.info", offerId=made)
    assert (after["offerStatus"], after["latestVersion"]) == ("OfferCancelled", before["latestVersion"])
    assert {change[:2] for change in bench.changes(number)} == {("offer", made)}
