"""``expand`` over HTTP: how many calls it costs, how deep it goes, and what is said when a record cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from tests.integration.stack import Answer, Stack
from tests.integration.test_lifecycle import fault
from tests.integration.test_oauth_callback import begin, consent, returned
from unified.api import expand

APPLICATIONS = "/v1/resources/atsApplication"
OFFERS = "/v1/resources/atsOffer"
CALENDARS = "/v1/resources/scheduleCalendar"
VERBS = ("list", "retrieve")
MODELS = ("atsApplication", "genericContact", "atsJob", "atsApplicationStage", "atsOffer", "genericUser")
GRANTED = [f"{model}::{verb}" for model in (*MODELS, "scheduleCalendar") for verb in VERBS]


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme", operations=GRANTED)
    return stack.of("acme")


def calls(stack: Stack) -> dict[str, int]:
    return {name: count for name, count in stack.sandbox.calls.by_endpoint.items() if count}


def cost(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def get(stack: Stack, headers: dict[str, str], path: str = APPLICATIONS, **query: str) -> Answer:
    answer = stack.call("GET", path, headers, query=query)
    assert answer.status == 200, answer.text
    return answer


def references(page: Any, field: str) -> set[str]:
    return {one["fields"][field]["id"] for one in page["data"] if field in one["fields"]}


def test_a_page_costs_one_call_and_one_for_each_record_referred_to(stack: Stack, acme: dict[str, str]) -> None:
    plain = get(stack, acme, limit="30").json
    before = calls(stack)

    page = get(stack, acme, limit="30", expand="candidate,job,stage").json

    assert cost(before, calls(stack)) == {
        "application.list": 1,
        "candidate.info": len(references(plain, "candidate")),
        "job.info": len(references(plain, "job")),
        "interviewStage.info": len(references(plain, "stage")),
    }
    assert len(references(plain, "job")) < 30
    for bare, full in zip(plain["data"], page["data"], strict=True):
        for field, model in (("candidate", "genericContact"), ("job", "atsJob"), ("stage", "atsApplicationStage")):
            got = full["fields"][field]
            assert (got["object"], got["model"], got["id"]) == ("resource", model, bare["fields"][field]["id"])
            assert got["fields"]
        rest = {key: value for key, value in full["fields"].items() if key not in ("candidate", "job", "stage")}
        assert rest.items() <= bare["fields"].items()
        assert "warnings" not in full


def test_an_expanded_record_is_what_retrieve_gives(stack: Stack, acme: dict[str, str]) -> None:
    one = get(stack, acme, limit="1", expand="candidate,stage").json["data"][0]["fields"]

    for field, model in (("candidate", "genericContact"), ("stage", "atsApplicationStage")):
        read = get(stack, acme, f"/v1/resources/{model}/{one[field]['id']}").json
        assert one[field]["fields"].items() <= read["fields"].items()


def test_several_levels_and_one_record_however_often(stack: Stack, acme: dict[str, str]) -> None:
    before = calls(stack)

    page = get(stack, acme, OFFERS, limit="20", expand="application.candidate,application.job,creator").json

    spent = cost(before, calls(stack))
    applications = [one["fields"]["application"] for one in page["data"]]
    assert spent["application.info"] == len({one["id"] for one in applications})
    assert spent["candidate.info"] == len({one["fields"]["candidate"]["id"] for one in applications})
    assert spent["job.info"] == len({one["fields"]["job"]["id"] for one in applications})
    assert spent["offer.list"] == 1
    assert all(one["fields"]["candidate"]["object"] == "resource" for one in applications)
    assert not [one for one in page["data"] if "warnings" in one]


def test_a_record_is_expanded_further_only_where_that_was_asked(stack: Stack, acme: dict[str, str]) -> None:
    page = get(stack, acme, OFFERS, limit="5", expand="application.candidate").json

    assert page["data"]
    for offer in page["data"]:
        application = offer["fields"]["application"]["fields"]
        assert application["candidate"]["object"] == "resource"
        assert application["job"]["object"] == "resourceRef"


def test_lists_of_references_are_expanded_in_place(stack: Stack, acme: dict[str, str]) -> None:
    offer = get(stack, acme, OFFERS, limit="1").json["data"][0]
    application = offer["fields"]["application"]["id"]

    bare = get(stack, acme, f"{APPLICATIONS}/{application}").json["fields"]["offers"]
    full = get(stack, acme, f"{APPLICATIONS}/{application}", expand="offers").json["fields"]["offers"]

    assert [one["id"] for one in full] == [one["id"] for one in bare]
    assert {one["object"] for one in full} == {"resource"}


def test_a_reference_that_takes_calls_of_its_own_is_found_at_every_level(stack: Stack, acme: dict[str, str]) -> None:
    # An application's offers are an extra: its record does not hold them.
    page = get(stack, acme, OFFERS, limit="3", expand="application.offers.creator").json

    assert page["data"]
    for offer in page["data"]:
        offers = offer["fields"]["application"]["fields"]["offers"]
        assert offer["id"] in [one["id"] for one in offers]
        assert {one["object"] for one in offers} == {"resource"}


def test_the_members_of_pools_are_read_once_each(stack: Stack, acme: dict[str, str]) -> None:
    query = {"limit": "50", "filter[kind]": "pool"}
    plain = get(stack, acme, CALENDARS, **query, fields="members").json["data"]
    members = [user["id"] for pool in plain for user in pool["fields"].get("members", [])]
    before = calls(stack)

    full = get(stack, acme, CALENDARS, **query, expand="members").json["data"]

    assert 0 < cost(before, calls(stack))["user.info"] == len(set(members))
    expanded = [user for pool in full for user in pool["fields"].get("members", [])]
    assert [user["id"] for user in expanded] == members
    assert {user["object"] for user in expanded} == {"resource"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("boss", "names no reference of atsApplication: boss"),
        ("candidate.job", "names no reference of genericContact: job"),
        ("status", "names no reference of atsApplication: status"),
        ("offers.application.candidate.job", "goes deeper than 3 levels: offers.application.candidate.job"),
        ("candidate,,job.x", "names no reference of atsJob: x"),
    ],
)
def test_an_unknown_name_is_named(stack: Stack, acme: dict[str, str], value: str, told: str) -> None:
    before = calls(stack)

    for path in (APPLICATIONS, f"{APPLICATIONS}/11111111-2222-4333-8444-555555555555"):
        answer = stack.call("GET", path, acme, query={"expand": value})
        assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
        ((field, message),) = [one.values() for one in answer.json["fields"]]
        assert field == "expand"
        assert message.partition("; there is: ")[0] == told

    assert calls(stack) == before


def test_an_empty_expand_asks_for_nothing(stack: Stack, acme: dict[str, str]) -> None:
    before = calls(stack)

    get(stack, acme, expand=" , ", limit="2")

    assert cost(before, calls(stack)) == {"application.list": 1}


def test_what_cannot_be_read_stays_a_reference_with_a_warning(stack: Stack, acme: dict[str, str]) -> None:
    page = get(stack, acme, limit="10").json
    gone = page["data"][0]["fields"]["candidate"]["id"]
    fault(stack, "candidate.info", "failure", code="candidate_not_found", times=1)

    full = get(stack, acme, limit="10", expand="candidate,job").json

    assert len(full["data"]) == 10
    left = [one for one in full["data"] if one["fields"]["candidate"]["object"] == "resourceRef"]
    assert left
    assert len({one["fields"]["candidate"]["id"] for one in left}) == 1
    assert gone in {one["fields"]["candidate"]["id"] for one in full["data"]}
    for one in left:
        assert [warning["code"] for warning in one["warnings"]] == ["CONNECTOR::EXPAND::FAILED"]
        assert one["warnings"][0]["message"].startswith('"candidate" stays a reference: ')
    assert all(one["fields"]["job"]["object"] == "resource" for one in full["data"])


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 429, "retry_after": 60}),
        ("drop_after", {}),
        ("malformed", {}),
    ],
)
def test_no_failure_in_the_middle_costs_the_page(stack: Stack, acme: dict[str, str], kind: str, rest: Any) -> None:
    stack.sandbox.faults.add(Fault("candidate.info", FaultKind(kind), skip=2, **rest))

    page = get(stack, acme, limit="8", expand="candidate,job").json["data"]

    kinds = [one["fields"]["candidate"]["object"] for one in page]
    assert {"resource", "resourceRef"} == set(kinds)
    for one, got in zip(page, kinds, strict=True):
        assert ("warnings" in one) is (got == "resourceRef")
        assert one["fields"]["job"]["object"] == "resource"


def test_a_short_rate_limit_in_the_middle_is_waited_out(stack: Stack, acme: dict[str, str]) -> None:
    fault(stack, "candidate.info", "status", status=429, retry_after=1, times=2)

    page = get(stack, acme, limit="8", expand="candidate").json["data"]

    assert {one["fields"]["candidate"]["object"] for one in page} == {"resource"}


def test_what_was_not_granted_is_not_asked_for(stack: Stack) -> None:
    stack.connect("acme", operations=["atsApplication::list", "genericContact::retrieve", "atsJob::list"])
    before = calls(stack)

    page = get(stack, stack.of("acme"), limit="3", expand="candidate,job").json["data"]

    assert "job.info" not in cost(before, calls(stack))
    for one in page:
        assert one["fields"]["candidate"]["object"] == "resource"
        assert one["fields"]["job"]["object"] == "resourceRef"
        assert one["warnings"] == [
            {
                "code": "CONNECTOR::EXPAND::FAILED",
                "message": '"job" stays a reference: the connection was not given atsJob::retrieve',
            }
        ]


def test_a_session_expands_only_what_it_was_given_itself(stack: Stack, acme: dict[str, str]) -> None:
    session = stack.session(connection={"operations": ["atsApplication::list", "atsJob::retrieve"]})
    # The connection keeps all; making a session with operations replaces them, so they are given back.
    stack.call("PATCH", "/v1/connections/ashby/acme", body={"operations": GRANTED})
    before = calls(stack)

    page = get(stack, session, "/v1/s/resources/atsApplication", limit="3", expand="candidate,job").json["data"]

    assert "candidate.info" not in cost(before, calls(stack))
    assert {one["fields"]["candidate"]["object"] for one in page} == {"resourceRef"}
    assert {one["fields"]["job"]["object"] for one in page} == {"resource"}


def test_calls_are_bounded(stack: Stack, acme: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "MAX_CALLS", 5)
    before = calls(stack)

    page = get(stack, acme, limit="20", expand="candidate").json["data"]

    assert cost(before, calls(stack)) == {"application.list": 1, "candidate.info": 5}
    told = {warning["message"] for one in page for warning in one.get("warnings", [])}
    assert told == {'"candidate" stays a reference: a request expands at most 5 records'}


def test_a_token_that_ends_in_the_middle_is_renewed_once(oauth: Stack) -> None:
    operations = ["atsApplication::list", "genericContact::retrieve", "atsJob::retrieve"]
    assert returned(oauth, consent(begin(oauth, operations=operations))).status == 200
    sandbox = oauth.sandbox
    renewed = oauth.upstream("oauth.token")
    # The list is let in; then every call at once meets an expired token, as many as there are.
    subscribed = _expire_after(oauth, "application.list")

    page = get(oauth, oauth.of("acme"), limit="20", expand="candidate,job").json["data"]

    assert subscribed
    assert {one["fields"]["candidate"]["object"] for one in page} == {"resource"}
    assert {one["fields"]["job"]["object"] for one in page} == {"resource"}
    assert oauth.upstream("oauth.token") == renewed + 1
    assert oauth.call("GET", "/v1/connections/ashby/acme").json["status"] == "authorized"
    assert sandbox.calls.by_endpoint["application.list"] == 1


def _expire_after(stack: Stack, endpoint: str) -> list[str]:
    """Let every access token expire once ``endpoint`` has answered."""
    noted = stack.sandbox.calls.note
    done: list[str] = []

    def note(record: Any) -> None:
        noted(record)
        if record.endpoint == endpoint and not done:
            done.append(endpoint)
            stack.sandbox.authorization.expire_access_tokens()

    stack.sandbox.calls.note = note
    return done
