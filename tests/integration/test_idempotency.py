"""``Idempotency-Key`` over HTTP: whatever dies or is lost, at most one record in Ashby, and a true answer at last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from tests.integration.conftest import ALL_OPERATIONS, Answer, Stack
from tests.integration.test_lifecycle import fault
from unified import table as t
from unified import transport
from unified.api import resources, writes
from unified.api.access import open_connection
from unified.api.idempotency import CLAIM_SECONDS, KEEP_SECONDS, SETTLE_SECONDS
from unified.connections.lifecycle import connections
from unified.deadline import Deadline
from unified.errors import UnifiedError
from unified.projects import projects

CONTACTS = "/v1/resources/genericContact"
APPLICATIONS = "/v1/resources/atsApplication"
JOBS = "/v1/resources/atsJob"
MAPPING = "/v1/connections/ashby/acme/mappings/genericContact"
EMAIL = "ada@claims.example.com"
ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": EMAIL}
ATS = [f"{model}::{verb}" for model in ("atsApplication", "atsJob") for verb in ("create", "retrieve", "update")]


class Died(BaseException):
    """The function ended here: nothing of ours may catch it."""


class Clock:
    """The time of claims, which a test can move."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(writes, "time", made)
    return made


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme", operations=[*ALL_OPERATIONS, *ATS])
    return stack.of("acme")


@pytest.fixture
def grade(stack: Stack, acme: dict[str, str]) -> str:
    """Map a custom field of candidates to ``grade``; returns its id."""
    field = custom_field(stack, "Candidate", "String")
    rule = {"key": "grade", "source": {"customField": field}, "direction": "both"}
    assert stack.call("PUT", MAPPING, body={"rules": [rule]}).status == 200
    return field


def custom_field(stack: Stack, kind: str, field_type: str) -> str:
    return next(
        field["id"]
        for field in stack.sandbox.organisation.custom_fields
        if (field["objectType"], field["fieldType"]) == (kind, field_type) and not field["isArchived"]
    )


def keyed(headers: dict[str, str], key: str = "k1") -> dict[str, str]:
    return {**headers, "Idempotency-Key": key}


def people(stack: Stack, email: str = EMAIL) -> list[Any]:
    found = stack.sandbox.organisation.candidates
    return [one for one in found if email in [address["value"] for address in one["emailAddresses"]]]


def claims(stack: Stack) -> list[Any]:
    return [item for (pk, _), item in stack.items().items() if pk.startswith("IDEMPOTENCY#")]


def in_progress(answer: Answer) -> bool:
    if answer.code != "MORPH::IDEMPOTENCY::IN_PROGRESS":
        return False
    assert answer.status == 409
    assert 1 <= answer.json["retryAfter"] <= 5
    return True


# -- the plain promises --------------------------------------------------------------------------------------------


def test_the_same_request_again_gives_the_same_record(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA)
    written = stack.upstream("candidate.create")

    again = stack.call("POST", CONTACTS, keyed(acme), body=dict(reversed(ADA.items())))

    assert again.json == first.json
    assert stack.upstream("candidate.create") == written == len(people(stack)) == 1


def test_a_replay_reads_the_record_anew(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"}).json
    stack.call("PATCH", f"{CONTACTS}/{made['id']}", acme, body={"lastName": "King"})

    again = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"}).json

    assert (again["object"], again["id"], again["fields"]["lastName"]) == ("resource", made["id"], "King")
    assert made["fields"]["lastName"] == "Lovelace"


def test_a_replay_of_a_record_that_is_gone_still_names_it(stack: Stack, acme: dict[str, str]) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json
    stack.sandbox.organisation.delete("candidate", made["id"])

    again = stack.call("POST", CONTACTS, keyed(acme), body=ADA, query={"returnResource": "true"})

    assert (again.status, again.json["object"], again.json["id"]) == (200, "resourceRef", made["id"])
    assert [one["code"] for one in again.json["warnings"]] == ["CONNECTOR::OPERATION::NOT_READ"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CONTACTS, {**ADA, "lastName": "King"}),
        ("POST", JOBS, ADA),
        ("PATCH", f"{CONTACTS}/ID", ADA),
        ("DELETE", f"{CONTACTS}/ID", None),
    ],
)
def test_another_request_under_the_key_is_refused(
    stack: Stack, acme: dict[str, str], method: str, path: str, body: Any
) -> None:
    made = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    if path == JOBS:
        body = {"title": "T"}
    before = stack.sandbox.organisation.last_change

    answer = stack.call(method, path.replace("ID", made), keyed(acme), body=body)

    if path == JOBS:
        assert answer.status in (400, 422)
    else:
        assert (answer.status, answer.code) == (422, "MORPH::IDEMPOTENCY::KEY_REUSED")
    assert stack.sandbox.organisation.last_change == before


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_out_of_form_writes_nothing(stack: Stack, acme: dict[str, str], key: str) -> None:
    answer = stack.call("POST", CONTACTS, keyed(acme, key), body=ADA)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert not people(stack)


def test_a_key_is_one_connections_and_one_projects(stack: Stack, acme: dict[str, str]) -> None:
    stack.connect("globex")
    ids = {stack.call("POST", CONTACTS, keyed(headers), body=ADA).json["id"] for headers in (acme, stack.of("globex"))}
    other = projects().create("Other", public_key="pk_other", redirect_urls=())
    _, secret = projects().add_secret("pk_other")
    keys = {"x-api-key": "pk_other", "x-api-secret": secret}
    path = "/v1/connections/ashby/acme"
    stack.call("POST", path, keys, body={"operations": ALL_OPERATIONS})
    stack.call("POST", f"{path}/authorization", keys, body={"settings": {"apiKey": "ashby_local_full"}})
    named = {**keys, "x-connector-id": "ashby", "x-owner-id": "acme"}

    ids.add(stack.call("POST", CONTACTS, keyed(named), body=ADA).json["id"])

    assert len(ids) == len(people(stack)) == len(claims(stack)) == 3
    assert other.id


def test_a_connection_made_anew_knows_nothing_of_the_keys_of_the_one_before(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    stack.call("DELETE", "/v1/connections/ashby/acme")
    stack.connect("acme")

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] != first


def test_a_session_and_a_secret_key_share_the_connections_keys(stack: Stack, acme: dict[str, str]) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json

    again = stack.call("POST", "/v1/s/resources/genericContact", keyed(stack.session()), body=ADA)

    assert again.json == first


def test_after_a_day_the_key_is_free(stack: Stack, acme: dict[str, str], clock: Clock) -> None:
    first = stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"]
    clock.ahead = KEEP_SECONDS - 2
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] == first

    # What DynamoDB has not deleted yet, which may take it days, counts no more.
    clock.ahead = KEEP_SECONDS + 2
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] != first
    assert len(claims(stack)) == 1


def test_nothing_of_the_person_is_kept(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "customField.setValues", "failure", code="invalid_input", message=EMAIL)
    body = {**ADA, "phone": "+44 20 7946 0000", "grade": "Excellent"}
    stack.call("POST", CONTACTS, keyed(acme, "order-of-ada@claims.example.com"), body=body)
    fault(stack, "candidate.create", "status", status=500, message=EMAIL)
    stack.call("POST", CONTACTS, keyed(acme, "k2"), body=body)

    kept = str(claims(stack))
    assert len(claims(stack)) == 2
    assert not [one for one in ("Ada", "Lovelace", "example.com", "7946", "Excellent") if one in kept]
    assert {name for item in claims(stack) for name in item} == {
        "pk", "sk", "request", "state", "began", "until", "ttl", "recordId", "notWritten",
    }  # fmt: skip


def test_without_a_key_each_request_is_its_own(stack: Stack, acme: dict[str, str]) -> None:
    stack.aws_calls.clear()

    for _ in range(2):
        assert stack.call("POST", CONTACTS, acme, body=ADA).status == 200

    assert stack.aws_calls == {"BatchGetItem": 2}
    assert len(people(stack)) == 2
    assert not claims(stack)


def test_a_refused_write_frees_its_key(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.create", "failure", code="invalid_input", times=1)
    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).status == 400
    assert not claims(stack)

    assert stack.call("POST", CONTACTS, keyed(acme), body={**ADA, "lastName": "King"}).status == 200


# -- faults of the network and of Ashby ----------------------------------------------------------------------------

FAULTS: list[tuple[str, dict[str, Any], bool]] = [
    ("drop_before", {}, False),
    ("drop_after", {}, True),
    ("status", {"status": 500}, False),
    ("status", {"status": 503}, False),
    ("failure", {"code": "generic_internal_error"}, False),
    ("malformed", {}, True),
    ("truncated", {}, True),
]


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
@pytest.mark.parametrize("email", [True, False])
def test_a_create_whose_answer_is_lost_is_settled_by_looking_where_it_can_be(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool, email: bool
) -> None:
    body = ADA if email else {"firstName": "Ada", "lastName": "Claims"}
    before = len(stack.sandbox.organisation.candidates)
    fault(stack, "candidate.create", kind, times=1, **rest)

    first = stack.call("POST", CONTACTS, keyed(acme), body=body)
    early = stack.call("POST", CONTACTS, keyed(acme), body=body)
    clock.ahead = SETTLE_SECONDS + 1
    settled = [stack.call("POST", CONTACTS, keyed(acme), body=body) for _ in range(3)]

    assert (first.status, first.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert in_progress(early)
    made = len(stack.sandbox.organisation.candidates) - before
    if email:
        assert made == 1
        assert {one.json["id"] for one in settled} == {people(stack)[0]["id"]}
        assert stack.upstream("candidate.create") == (1 if happened else 2)
    else:
        assert made == int(happened)
        assert {(one.status, one.code) for one in settled} == {(409, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")}
        assert stack.upstream("candidate.create") == 1


def test_a_write_that_ashby_does_late_is_waited_for(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Callable[[], Any]] = []

    def slow(*args: Any, real: Any = transport.send, **rest: Any) -> Any:
        late.append(lambda: real(*args, **rest))
        raise transport.TransportFailure("ReadTimeout", sent=True)

    with monkeypatch.context() as patch:
        patch.setattr(transport, "send", slow)
        first = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert (first.status, first.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert not people(stack)
    assert in_progress(stack.call("POST", CONTACTS, keyed(acme), body=ADA))
    late.pop()()
    clock.ahead = SETTLE_SECONDS + 1
    settled = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert [settled.json["id"]] == [one["id"] for one in people(stack)]
    assert stack.upstream("candidate.create") == 1


def test_a_real_timeout_is_an_unknown_outcome(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.create", "latency", milliseconds=700, times=1)
    # What is left of it after the margin is less than Ashby takes.
    stack.context.get_remaining_time_in_millis = lambda: 1_000

    answer = stack.call("POST", CONTACTS, keyed(acme), body=ADA)

    assert (answer.status, answer.code) == (504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    assert in_progress(stack.call("POST", CONTACTS, keyed(acme), body=ADA))


def test_what_somebody_has_changed_since_is_left_alone(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Application(stack, acme)
    steps = Steps(monkeypatch)
    # Dies as soon as Ashby has made the application, before its recruiter.
    position = 3
    assert steps.run(lambda: case.send(1), (position, True)) is None
    assert steps.done[-1] == "upstream"
    (application,) = case.found(1)
    # As if all that had been longer ago than a request can live.
    began = int(time.time()) - 10_000
    for item in claims(stack):
        key = t.Key(item["pk"]["S"], item["sk"]["S"])
        t.table().update(key, {"began": began})
    clock.ahead = CLAIM_SECONDS + 2

    assert case.send(1).json["id"] == application

    assert stack.upstream("application.addHiringTeamMember") == 0
    assert not case.whole(application)


def test_a_look_that_fails_settles_nothing_and_writes_nothing(stack: Stack, acme: dict[str, str], clock: Clock) -> None:
    fault(stack, "candidate.create", "drop_after", times=1)
    stack.call("POST", CONTACTS, keyed(acme), body=ADA)
    clock.ahead = SETTLE_SECONDS + 1
    fault(stack, "candidate.search", "status", status=500, times=3)

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).status == 502

    assert stack.call("POST", CONTACTS, keyed(acme), body=ADA).json["id"] == people(stack)[0]["id"]
    assert stack.upstream("candidate.create") == 1


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
def test_a_change_whose_answer_is_lost_is_made_again(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool
) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "candidate.update", kind, times=1, **rest)
    path, body = f"{CONTACTS}/{made}", {"email": "ada@second.example.com"}

    assert stack.call("PATCH", path, keyed(acme), body=body).status == 504
    clock.ahead = SETTLE_SECONDS + 1
    assert stack.call("PATCH", path, keyed(acme), body=body).json["id"] == made
    sent = stack.upstream("candidate.update")
    assert stack.call("PATCH", path, keyed(acme), body=body).json["id"] == made

    assert sent == stack.upstream("candidate.update") == 2
    assert [one["id"] for one in people(stack, "ada@second.example.com")] == [made]


@pytest.mark.parametrize(("kind", "rest", "happened"), FAULTS)
def test_a_deletion_whose_answer_is_lost_is_made_again(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str, rest: Any, happened: bool
) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "candidate.anonymize", kind, times=1, **rest)

    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 504
    clock.ahead = SETTLE_SECONDS + 1
    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 204
    sent = stack.upstream("candidate.anonymize")
    assert stack.call("DELETE", f"{CONTACTS}/{made}", keyed(acme)).status == 204

    assert sent == stack.upstream("candidate.anonymize")
    assert not people(stack)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_deletion_for_good_that_is_asked_for_again_is_done(stack: Stack, clock: Clock, kind: str) -> None:
    stack.connect("acme", operations=["atsApplication::delete"])
    application = next(iter(stack.sandbox.organisation.applications))["id"]
    fault(stack, "application.delete", kind, times=1)
    path, headers = f"{APPLICATIONS}/{application}", keyed(stack.of("acme"))

    assert stack.call("DELETE", path, headers).status == 504
    clock.ahead = SETTLE_SECONDS + 1

    assert stack.call("DELETE", path, headers).status == 204
    assert stack.call("DELETE", path, headers).status == 204
    # Without a key, or with another, it is simply not there.
    assert stack.call("DELETE", path, stack.of("acme")).status == 404
    assert stack.call("DELETE", path, keyed(headers, "k2")).status == 404


# -- writes of several steps ---------------------------------------------------------------------------------------


def test_a_rest_is_written_by_the_same_key_and_nothing_else(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "customField.setValues", "failure", code="invalid_input", times=2)
    body = {**ADA, "grade": "A"}

    first = stack.call("POST", CONTACTS, keyed(acme), body=body).json
    second = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json
    third = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert first["id"] == second["id"] == third["id"]
    for partly in (first, second):
        assert [one["code"] for one in partly["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
        assert partly["warnings"][0]["message"].startswith("grade was not written")
    assert "warnings" not in third
    assert third["fields"]["grade"] == "A"
    assert second["fields"]["email"] == EMAIL
    assert (stack.upstream("candidate.create"), stack.upstream("candidate.update")) == (1, 0)
    assert stack.upstream("customField.setValues") == 3


def test_only_the_links_that_were_left_out_are_written(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "candidate.update", "failure", code="invalid_input", times=1)
    links = [{"type": "YouTube", "url": "https://y.example/"}]
    body = {**ADA, "links": links, "grade": "A"}
    first = stack.call("POST", CONTACTS, keyed(acme), body=body).json
    assert [one["message"].split()[0] for one in first["warnings"]] == ["links"]

    second = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert "warnings" not in second
    assert second["fields"]["links"] == links
    assert (stack.upstream("candidate.create"), stack.upstream("customField.setValues")) == (1, 1)


def test_a_change_goes_on_where_it_stopped(stack: Stack, acme: dict[str, str], grade: str) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "customField.setValues", "failure", code="invalid_input", times=1)
    path, body = f"{CONTACTS}/{made}", {"lastName": "King", "grade": "B"}

    first = stack.call("PATCH", path, keyed(acme), body=body).json
    second = stack.call("PATCH", path, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert [one["code"] for one in first["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert "warnings" not in second
    assert (second["fields"]["lastName"], second["fields"]["grade"]) == ("King", "B")
    assert stack.upstream("candidate.update") == 1


def test_values_that_are_written_are_not_said_to_be_missing(stack: Stack, acme: dict[str, str], grade: str) -> None:
    # The key may write candidates and not read them.
    scopes = ("candidatesWrite", "apiKeysRead")
    stack.sandbox.keys.add("write_only", title="Write only", granted=scopes)
    stack.call("POST", "/v1/connections/ashby/acme/authorization", body={"settings": {"apiKey": "write_only"}})

    made = stack.call("POST", CONTACTS, acme, body={**ADA, "grade": "A"}, query={"returnResource": "true"})
    changed = stack.call("PATCH", f"{CONTACTS}/{made.json['id']}", acme, body={"grade": "B"})

    assert (made.status, made.json["object"]) == (200, "resourceRef")
    assert [one["code"] for one in made.json["warnings"]] == ["CONNECTOR::OPERATION::NOT_READ"]
    assert (changed.status, changed.json.get("warnings")) == (200, None)
    assert people(stack)[0]["customFieldValues"][grade] == "B"


# -- a death at every step -----------------------------------------------------------------------------------------


class Steps:
    """Every call that leaves the process, counted; dies before or after the one that is named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.die: tuple[int, bool] | None = None
        for name in ("get", "get_many", "put", "update", "delete", "transact"):
            monkeypatch.setattr(t.Table, name, self._wrap(f"table.{name}", getattr(t.Table, name)))
        monkeypatch.setattr(transport, "send", self._wrap("upstream", transport.send))

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **rest: Any) -> Any:
            position = len(self.done)
            self.done.append(name)
            if self.die == (position, False):
                raise Died
            try:
                return real(*args, **rest)
            finally:
                if self.die == (position, True):
                    raise Died

        return call

    def run(self, work: Callable[[], Any], die: tuple[int, bool] | None = None) -> Any:
        """Do ``work`` from step 0; returns what it does, or None when it died."""
        self.done, self.die = [], die
        try:
            return work()
        except Died:
            return None
        finally:
            self.die = None


class Case:
    """One kind of write: how it is sent for the n-th time, and what is in Ashby afterwards."""

    lookup = True

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        self.stack = stack
        self.headers = headers

    def send(self, number: int, **rest: Any) -> Answer:
        raise NotImplementedError

    def found(self, number: int) -> list[str]:
        """Return the ids of what there is in Ashby of the n-th."""
        raise NotImplementedError

    def whole(self, record_id: str) -> bool:
        """Whether nothing is missing of it."""
        raise NotImplementedError


class Person(Case):
    """A contact with a link that takes a second call, and a custom value that takes a third."""

    def body(self, number: int) -> dict[str, Any]:
        links = [{"type": "YouTube", "url": "https://y.example/"}]
        return {**ADA, "email": f"n{number}@claims.example.com", "links": links, "grade": "A"}

    def send(self, number: int, **rest: Any) -> Answer:
        return self.stack.call("POST", CONTACTS, keyed(self.headers, f"k{number}"), body=self.body(number), **rest)

    def found(self, number: int) -> list[str]:
        return [one["id"] for one in people(self.stack, f"n{number}@claims.example.com")]

    def whole(self, record_id: str) -> bool:
        record = self.stack.sandbox.organisation.candidates.get(record_id)
        assert record is not None
        return bool(record["socialLinks"]) and "A" in record["customFieldValues"].values()


class Nameless(Person):
    """A contact that cannot be looked up: without an address."""

    lookup = False

    def body(self, number: int) -> dict[str, Any]:
        return {"firstName": "Ada", "lastName": f"Claims{number}"}

    def found(self, number: int) -> list[str]:
        return [one["id"] for one in self.stack.sandbox.organisation.candidates if one["name"] == f"Ada Claims{number}"]

    def whole(self, record_id: str) -> bool:
        return True


class Application(Case):
    """An application with a stage, and a recruiter who is added by a second call."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        super().__init__(stack, headers)
        organisation = stack.sandbox.organisation
        self.organisation = organisation
        self.job = next(job for job in organisation.jobs if job["title"] == "Software Engineer")
        plan = self.job["defaultInterviewPlanId"]
        stages = organisation.where("interview_stage", "interviewPlanId", plan)
        self.stage = next(stage["id"] for stage in stages if stage["type"] == "Active")
        self.recruiter = next(user["id"] for user in organisation.users if user["isEnabled"])
        self.people: dict[int, str] = {}

    def send(self, number: int, **rest: Any) -> Answer:
        if number not in self.people:
            made = self.organisation.blank_candidate(f"Applicant {number}", created_at=1_700_000_000_000)
            self.people[number] = self.organisation.save("candidate", made)["id"]
        body = {
            "candidate": {"id": self.people[number]},
            "job": {"id": self.job["id"]},
            "stage": {"id": self.stage},
            "recruiter": {"id": self.recruiter},
        }
        return self.stack.call("POST", APPLICATIONS, keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        candidate = self.organisation.candidates.get(self.people[number])
        assert candidate is not None
        return candidate["applicationIds"]

    def whole(self, record_id: str) -> bool:
        read = self.stack.call("GET", f"{APPLICATIONS}/{record_id}", self.headers).json["fields"]
        return (read["stage"]["id"], read["recruiter"]["id"]) == (self.stage, self.recruiter)


class Job(Case):
    """A job whose requisition id and team take further calls."""

    def send(self, number: int, **rest: Any) -> Answer:
        organisation = self.stack.sandbox.organisation
        user = next(user["id"] for user in organisation.users if user["isEnabled"])
        template = next(job for job in organisation.jobs if job["departmentId"] and job["locationId"])
        body = {
            "title": f"Claimant {number}",
            "departmentId": template["departmentId"],
            "locationId": template["locationId"],
            "requisitionId": f"R{number}",
            "hiringTeam": [{"user": {"id": user}, "role": "Recruiter"}],
        }
        return self.stack.call("POST", JOBS, keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        return [job["id"] for job in self.stack.sandbox.organisation.jobs if job["title"] == f"Claimant {number}"]

    def whole(self, record_id: str) -> bool:
        read = self.stack.call("GET", f"{JOBS}/{record_id}", self.headers).json["fields"]
        return bool(read["requisitionId"] and read["hiringTeam"])


class Change(Case):
    """A change of a contact and of its custom value."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        super().__init__(stack, headers)
        self.id = stack.call("POST", CONTACTS, headers, body=ADA).json["id"]

    def send(self, number: int, **rest: Any) -> Answer:
        body = {"lastName": f"King{number}", "grade": f"G{number}"}
        self.wanted = (f"Ada King{number}", f"G{number}")
        return self.stack.call("PATCH", f"{CONTACTS}/{self.id}", keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        return [self.id]

    def whole(self, record_id: str) -> bool:
        record = self.stack.sandbox.organisation.candidates.get(record_id)
        assert record is not None
        return record["name"] == self.wanted[0] and self.wanted[1] in record["customFieldValues"].values()


@pytest.mark.parametrize("kind", [Person, Nameless, Application, Job, Change])
def test_a_death_at_any_step_makes_no_second_record_and_no_wrong_answer(
    stack: Stack, acme: dict[str, str], grade: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: type[Case]
) -> None:
    case = kind(stack, acme)
    steps = Steps(monkeypatch)
    assert steps.run(lambda: case.send(0)).status == 200
    every = list(steps.done)
    assert case.whole(*case.found(0))
    # The claim, the write, its outcome; and what it takes to know who asks.
    assert {"table.get_many", "table.put", "upstream", "table.update"} <= set(every)

    for number, (position, after) in enumerate(
        ((position, after) for position in range(len(every)) for after in (False, True)), start=1
    ):
        where = f"{'after' if after else 'before'} {position} of {every}"
        clock.ahead = 0
        assert steps.run(lambda n=number: case.send(n), (position, after)) is None, where

        at_once = case.send(number)
        assert at_once.status == 200 or in_progress(at_once), f"{where}: {at_once.text}"
        clock.ahead = CLAIM_SECONDS + 2
        answer = case.send(number)
        found = case.found(number)
        assert len(found) <= 1, where
        if answer.status == 200:
            assert [answer.json["id"]] == found, where
            assert "warnings" not in answer.json, f"{where}: {answer.text}"
            assert case.whole(*found), where
        else:
            assert not case.lookup, f"{where}: {answer.text}"
            assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"), where
        last_change = stack.sandbox.organisation.last_change
        assert case.send(number).json.get("id") == answer.json.get("id")
        assert stack.sandbox.organisation.last_change == last_change, where


def test_a_death_while_settling_or_resuming_changes_nothing_of_that(
    stack: Stack, acme: dict[str, str], grade: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Person(stack, acme)
    steps = Steps(monkeypatch)
    number = 0
    for first in ("candidate.create", "candidate.update", "customField.setValues"):
        position = 0
        while True:
            number += 1
            clock.ahead = 0
            fault(stack, first, "drop_after", times=1)
            steps.run(lambda n=number: case.send(n))
            clock.ahead = CLAIM_SECONDS + 2
            died = steps.run(lambda n=number: case.send(n), (position, True))
            clock.ahead = 2 * CLAIM_SECONDS + 4
            answer = case.send(number)

            assert answer.status == 200, answer.text
            assert [answer.json["id"]] == case.found(number)
            assert case.whole(answer.json["id"])
            position += 1
            if died is not None:
                break
        assert position > 4


# -- at the same time ----------------------------------------------------------------------------------------------


@pytest.fixture
def separate_tables(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each thread a store of its own, as functions have; moto checks and writes without a lock, DynamoDB not."""
    from unified import aws

    lock = threading.RLock()

    class Atomic(t.Table):
        def put(self, *args: Any, **rest: Any) -> None:
            with lock:
                super().put(*args, **rest)

        def update(self, *args: Any, **rest: Any) -> Any:
            with lock:
                return super().update(*args, **rest)

        def delete(self, *args: Any, **rest: Any) -> Any:
            with lock:
                return super().delete(*args, **rest)

    @lru_cache(maxsize=64)
    def of_thread(_thread: int) -> t.Table:
        return Atomic("unified-test", aws.client("dynamodb"))

    monkeypatch.setattr(writes, "table", lambda: of_thread(threading.get_ident()))


def at_once(stack: Stack, headers: dict[str, str], *, count: int = 8, body: Any = ADA) -> list[Any]:
    """Send a create from several threads at once; returns ids and errors."""
    barrier = threading.Barrier(count)
    ended: list[Any] = []

    def work() -> None:
        access = open_connection(connections(), projects(), headers, Deadline(29), "genericContact")
        barrier.wait()
        try:
            ended.append(resources.create_resource(access, "genericContact", body, {}, "k1")["id"])
        except UnifiedError as told:
            ended.append(told)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == count
    return ended


@pytest.mark.usefixtures("separate_tables")
@pytest.mark.parametrize(
    ("kind", "rest"),
    [(None, {}), *((kind, rest) for kind, rest, _ in FAULTS), ("status", {"status": 429, "retry_after": 1})],
)
def test_many_at_once_make_one_record(
    stack: Stack, acme: dict[str, str], clock: Clock, kind: str | None, rest: dict[str, Any]
) -> None:
    # Slow enough that all the others meet the one that writes.
    stack.sandbox.faults.add(Fault("candidate.search", FaultKind("latency"), milliseconds=20))
    if kind is not None:
        fault(stack, "candidate.create", kind, times=1, **rest)
    answers = at_once(stack, acme)
    ids = {one for one in answers if isinstance(one, str)}
    codes = {one.code for one in answers if isinstance(one, UnifiedError)}

    assert codes <= {"MORPH::IDEMPOTENCY::IN_PROGRESS", "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"}
    assert all(one.retry_after for one in answers if getattr(one, "code", "").endswith("IN_PROGRESS"))
    assert len(people(stack)) <= 1
    clock.ahead = SETTLE_SECONDS + 1
    ids |= {one for one in at_once(stack, acme) if isinstance(one, str)}
    ids |= {one for one in at_once(stack, acme) if isinstance(one, str)}

    assert ids == {one["id"] for one in people(stack)}
    assert len(ids) == 1


@pytest.mark.usefixtures("separate_tables")
def test_many_that_retry_after_a_death_make_one_record(
    stack: Stack, acme: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for happened in (False, True):
        with monkeypatch.context() as patch:

            def dies(*args: Any, real: Any = transport.send, after: bool = happened, **rest: Any) -> Any:
                if after:
                    real(*args, **rest)
                raise Died

            patch.setattr(transport, "send", dies)
            with pytest.raises(Died):
                stack.call("POST", CONTACTS, keyed(acme), body=ADA)
        clock.ahead += CLAIM_SECONDS + 1
        answers = [one for _ in range(3) for one in at_once(stack, acme)]

        assert {one for one in answers if isinstance(one, str)} == {one["id"] for one in people(stack)}
        assert len(people(stack)) == 1
        clock.ahead = 0
        for item in claims(stack):
            t.table().delete(t.Key(item["pk"]["S"], item["sk"]["S"]))
        stack.sandbox.organisation.delete("candidate", people(stack)[0]["id"])
