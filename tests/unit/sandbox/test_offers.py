"""Offers: those seeded, their versions, approvals and statuses."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.config import SandboxConfig
from sandbox.organisation import Change, Organisation
from sandbox.seed.jobs import approval_rule
from tests.unit.sandbox.hiring import SALARY, Ashby, code, free_application, problems, submission

# -- seeded ------------------------------------------------------------------------------------------------------


def test_offers_are_seeded_in_every_status_and_fit_their_applications(ashby: Ashby, client: httpx.Client) -> None:
    client.post("/_sandbox/reset", json={"candidates": 250})
    offers = ashby("offer.list", limit=100)["results"]
    assert {one["offerStatus"] for one in offers} == {
        "WaitingOnApprovalStart", "WaitingOnOfferApproval", "WaitingOnApprovalDefinition", "CandidateAccepted",
        "WaitingOnCandidateResponse", "CandidateRejected", "OfferCancelled",
    }  # fmt: skip
    assert {one["acceptanceStatus"] for one in offers} == {
        "Accepted", "Declined", "Pending", "Created", "Cancelled", "WaitingOnResponse",
    }  # fmt: skip
    assert {one["latestVersion"]["approvalStatus"] for one in offers} == {
        "Approved", "WaitingOnApprovals", "Declined", None,
    }  # fmt: skip
    for one in offers:
        application = ashby("application.info", applicationId=one["applicationId"])["results"]
        kind = application["currentInterviewStage"]["type"]
        assert (one["offerStatus"] == "CandidateAccepted") is (kind == "Hired")
        assert (one["offerStatus"] in {"CandidateRejected", "OfferCancelled"}) is (kind == "Archived")
        assert ("decidedAt" in one) is (one["acceptanceStatus"] in {"Accepted", "Declined"})
    taken = [one["latestVersion"]["openingId"] for one in offers if "openingId" in one["latestVersion"]]
    assert len(taken) == len(set(taken)) > 1
    whole = [ashby("offer.info", offerId=one["id"])["results"] for one in offers]
    assert any(len(one["versions"]) > 1 for one in whole)
    letters = [file for one in whole for file in one["latestVersion"]["fileHandles"]]
    assert letters
    assert all(ashby("file.info", fileHandle=file["handle"])["success"] for file in letters)


@pytest.mark.parametrize("name", ["offerStatus", "acceptanceStatus", "approvalStatus"])
def test_a_list_by_statuses_is_that_part_of_the_whole(name: str, ashby: Ashby) -> None:
    every = ashby("offer.list", limit=100)["results"]

    def value(offer: dict[str, Any]) -> Any:
        return offer["latestVersion"][name] if name == "approvalStatus" else offer[name]

    chosen = sorted({value(one) for one in every} - {None})[:2]
    assert ashby("offer.list", limit=100, **{name: chosen})["results"] == [one for one in every if value(one) in chosen]
    assert code(ashby("offer.list", **{name: []})) == "invalid_input"
    assert code(ashby("offer.list", **{name: chosen[0]})) == "invalid_input"


def test_offers_of_confidential_applications_need_the_switch(organisation: Organisation, client: httpx.Client) -> None:
    client.post("/_sandbox/reset", json={"candidates": 250})
    client.post("/_sandbox/keys", json={"key": "limited"})

    def send(endpoint: str, key: str = "limited", **body: Any) -> Any:
        return client.post(f"/{endpoint}", json=body, auth=(key, "")).json()

    every = send("offer.list", "ashby_local_full", limit=100)["results"]
    hidden = {one["id"]: one for one in every} | {one["id"]: None for one in send("offer.list", limit=100)["results"]}
    secret = [one for one in hidden.values() if one is not None]
    assert secret
    version = secret[0]["latestVersion"]["id"]
    assert code(send("offer.info", offerId=secret[0]["id"])) == "offer_not_found"
    assert code(send("offer.approve", offerVersionId=version)) == "offer_version_not_found"
    shown = {one["entityId"] for one in send("approval.list", limit=100)["results"]}
    assert not shown & {one["latestVersion"]["id"] for one in secret}


def test_the_form_definition_comes_unless_it_is_left_out_and_never_in_a_list(ashby: Ashby) -> None:
    listed = ashby("offer.list")["results"][0]
    assert not {"versions", "formDefinition"} & set(listed)
    whole = ashby("offer.info", offerId=listed["id"])["results"]
    short = ashby("offer.info", offerId=listed["id"], excludeFormDefinition=True)["results"]
    assert short == {name: value for name, value in whole.items() if name != "formDefinition"}
    assert whole["versions"][-1] == whole["latestVersion"] == listed["latestVersion"]


# -- approvals ---------------------------------------------------------------------------------------------------


def approval_of(ashby: Ashby, version: str) -> dict[str, Any]:
    """Return the one approval of an offer version."""
    (found,) = ashby("approval.list", entityType="offer", entityId=version)["results"]
    return found


def test_an_approval_goes_step_by_step(ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]) -> None:
    version = make(form)["results"]["latestVersion"]["id"]
    assert ashby("approval.list", entityId=version)["results"] == []
    sent = ashby("offer.startApprovalProcess", offerVersionId=version, note="Please")["results"]
    assert (sent["offerStatus"], sent["acceptanceStatus"]) == ("WaitingOnOfferApproval", "Pending")
    assert sent["latestVersion"]["approvalStatus"] == "WaitingOnApprovals"
    first, second = approval_of(ashby, version)["steps"]
    assert "requestedAt" in first["approvers"][0]
    assert "requestedAt" not in second["approvers"][0]

    def approve(step: dict[str, Any], user: str) -> Any:
        return ashby("offer.approve", offerVersionId=version, approvalStepId=step["id"], userId=user)

    late = second["approvers"][1]["userId"]
    assert list(problems(approve(second, late))) == ["approvalStepId"]
    stranger = next(
        user["id"] for user in ashby("user.list")["results"] if user["id"] != first["approvers"][0]["userId"]
    )
    assert list(problems(approve(first, stranger))) == ["userId"]
    half = approve(first, first["approvers"][0]["userId"])["results"]
    assert half["offerStatus"] == "WaitingOnOfferApproval"
    done = approve(second, late)["results"]
    assert (done["offerStatus"], done["acceptanceStatus"]) == ("WaitingOnCandidateResponse", "WaitingOnResponse")
    assert done["latestVersion"]["approvalStatus"] == "Approved"
    approval = approval_of(ashby, version)
    assert "completedAt" in approval
    decisions = [[one["decision"] for one in step["approvers"]] for step in approval["steps"]]
    assert decisions == [["approve"], ["pending", "approve"]]


def test_a_step_approved_for_a_user_leaves_that_users_other_steps_open(
    ashby: Ashby, form: dict[str, Any], organisation: Organisation
) -> None:
    first_user = next(iter(organisation.users))["id"]
    managed = {job["id"] for job in organisation.jobs if job["hiringTeam"][0]["userId"] == first_user}
    taken = {process["applicationId"] for process in organisation.offer_processes}
    application = next(
        one
        for one in organisation.applications
        if one["jobId"] in managed
        and one["id"] not in taken
        and approval_rule(organisation.jobs.get(one["jobId"])) == "needed"
    )
    process = ashby("offerProcess.start", applicationId=application["id"])["results"]["id"]
    form_id = ashby("offer.start", offerProcessId=process)["results"]["id"]
    made = ashby("offer.create", offerProcessId=process, offerFormId=form_id, offerForm=submission(form))["results"]
    version = made["latestVersion"]["id"]
    ashby("offer.startApprovalProcess", offerVersionId=version)
    step = approval_of(ashby, version)["steps"][0]["id"]
    half = ashby("offer.approve", offerVersionId=version, approvalStepId=step, userId=first_user)["results"]
    assert half["offerStatus"] == "WaitingOnOfferApproval"
    assert ["completedAt" in step for step in approval_of(ashby, version)["steps"]] == [True, False]


def test_a_forced_approval_needs_no_step_and_approves_all(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]
) -> None:
    version = make(form)["results"]["latestVersion"]["id"]
    forced = ashby("offer.approve", offerVersionId=version)["results"]
    assert forced["offerStatus"] == "WaitingOnCandidateResponse"
    assert all("completedAt" in step for step in approval_of(ashby, version)["steps"])
    assert ashby("offer.approve", offerVersionId=version)["results"] == forced


def test_step_and_user_belong_together(ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]) -> None:
    made = make(form)["results"]
    version = made["latestVersion"]["id"]
    for more in ({"approvalStepId": version}, {"userId": version}):
        assert code(ashby("offer.approve", offerVersionId=version, **more)) == "invalid_input"
    both = {"approvalStepId": version, "userId": version}
    assert code(ashby("offer.approve", offerVersionId=version, **both)) == "approval_step_not_found"
    assert code(ashby("offer.approve", offerVersionId=made["id"])) == "offer_version_not_found"


def test_an_approval_is_started_once_and_only_where_one_is_needed(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]
) -> None:
    version = make(form)["results"]["latestVersion"]["id"]
    start = {"offerVersionId": version}
    assert code(ashby("offer.startApprovalProcess", **start, surprise=1)) == "invalid_input"
    assert ashby("offer.startApprovalProcess", **start)["success"] is True
    assert code(ashby("offer.startApprovalProcess", **start)) == "offer_not_waiting_on_approval_start"
    free = make(form, rule="none")["results"]
    assert (free["offerStatus"], free["latestVersion"]["approvalStatus"]) == ("WaitingOnCandidateResponse", None)
    undefined = make(form, rule="undefined")["results"]
    assert undefined["offerStatus"] == "WaitingOnApprovalDefinition"
    for offer in (free, undefined):
        refused = ashby("offer.startApprovalProcess", offerVersionId=offer["latestVersion"]["id"])
        assert code(refused) == "offer_not_waiting_on_approval_start"


def test_an_update_makes_a_version_and_begins_a_begun_approval_again(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]
) -> None:
    made = make(form)["results"]
    changed = submission({**form, SALARY: {"currencyCode": "EUR", "value": 95_000}})
    second = ashby("offer.update", offerId=made["id"], offerForm=changed)["results"]
    assert (len(second["versions"]), second["offerStatus"]) == (2, "WaitingOnApprovalStart")
    ashby("offer.approve", offerVersionId=second["latestVersion"]["id"])
    third = ashby("offer.update", offerId=made["id"], offerForm=changed)["results"]
    assert [version["approvalStatus"] for version in third["versions"]] == [None, "Approved", "WaitingOnApprovals"]
    assert third["offerStatus"] == "WaitingOnOfferApproval"
    assert "completedAt" not in approval_of(ashby, third["latestVersion"]["id"])
    assert "completedAt" in approval_of(ashby, second["latestVersion"]["id"])
    assert list(problems(ashby("offer.approve", offerVersionId=second["latestVersion"]["id"]))) == ["offerVersionId"]
    assert set(problems(ashby("offer.update", offerId=made["id"], offerForm=submission({})))) == set(form)
    ashby("offer.setDecidedAt", offerId=made["id"], decidedAt="2026-10-01T08:00:00Z")
    assert "decidedAt" not in ashby("offer.update", offerId=made["id"], offerForm=changed)["results"]


# -- deciding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acceptance", "status", "decided"),
    [
        ("Accepted", "CandidateAccepted", True),
        ("Declined", "CandidateRejected", True),
        ("Cancelled", "OfferCancelled", False),
        ("WaitingOnResponse", "WaitingOnCandidateResponse", False),
        ("Created", "WaitingOnApprovalStart", False),
        ("Pending", "WaitingOnApprovalStart", False),
    ],
)
def test_the_offer_status_follows_the_acceptance_status(
    acceptance: str, status: str, decided: bool, ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]
) -> None:
    made = make(form)["results"]
    after = ashby("offer.setStatus", offerId=made["id"], acceptanceStatus=acceptance)["results"]
    assert (after["acceptanceStatus"], after["offerStatus"], "decidedAt" in after) == (acceptance, status, decided)
    answer = ashby("offer.update", offerId=made["id"], offerForm=submission(form))
    over = status in {"CandidateAccepted", "CandidateRejected", "OfferCancelled"}
    assert answer["success"] is not over
    if over:
        assert code(answer) == "offer_already_decided"


def test_the_date_of_a_decision_is_set_in_utc(ashby: Ashby, make: Callable[..., Any], form: dict[str, Any]) -> None:
    made = make(form)["results"]["id"]
    ashby("offer.setStatus", offerId=made, acceptanceStatus="Accepted")
    after = ashby("offer.setDecidedAt", offerId=made, decidedAt="2026-10-01T08:00:00Z")["results"]
    assert (after["decidedAt"], after["offerStatus"]) == ("2026-10-01T08:00:00.000Z", "CandidateAccepted")
    for wrong in ("2026-10-01T08:00:00+00:00", "2026-10-01"):
        assert code(ashby("offer.setDecidedAt", offerId=made, decidedAt=wrong)) == "invalid_input"


def test_every_step_of_an_offer_is_told(ashby: Ashby, form: dict[str, Any], organisation: Organisation) -> None:
    heard: list[Change] = []
    organisation.subscribe(heard.append)
    application = free_application(organisation, "needed")["id"]
    process = ashby("offerProcess.start", applicationId=application)["results"]["id"]
    form_id = ashby("offer.start", offerProcessId=process)["results"]["id"]
    made = ashby("offer.create", offerProcessId=process, offerFormId=form_id, offerForm=submission(form))["results"]
    ashby("offer.startApprovalProcess", offerVersionId=made["latestVersion"]["id"])
    ashby("offer.setStatus", offerId=made["id"], acceptanceStatus="Accepted")
    assert [(change.kind, change.action) for change in heard] == [
        ("offer_process", "created"),
        ("offer_form", "created"),
        ("offer_form", "updated"),
        ("offer", "created"),
        ("approval", "created"),
        ("offer", "updated"),
        ("offer", "updated"),
    ]


def test_approvals_are_seeded_for_offers_jobs_and_openings() -> None:
    organisation = Organisation(SandboxConfig(candidates=250))
    kinds = {approval["entityType"] for approval in organisation.approvals}
    assert kinds == {"offer", "job", "opening"}
    versions = {version["id"] for offer in organisation.offers for version in offer["versions"]}
    entities = {
        "offer": versions,
        **{kind: {one["id"] for one in organisation.tables[kind]} for kind in ("job", "opening")},
    }
    for approval in organisation.approvals:
        assert approval["entityId"] in entities[approval["entityType"]]
        done = all(step["completedAt"] for step in approval["steps"])
        assert (approval["completedAt"] is not None) is done
