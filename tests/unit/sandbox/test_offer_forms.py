"""The form of an offer, and what becomes of a submission."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.organisation import Organisation
from tests.unit.sandbox.hiring import OPENING, SALARY, START, Ashby, code, free_application, problems, submission

# -- making one --------------------------------------------------------------------------------------------------


def test_the_form_demands_a_start_date_a_salary_and_the_required_custom_fields(
    ashby: Ashby, organisation: Organisation
) -> None:
    process = ashby("offerProcess.start", applicationId=free_application(organisation, "needed")["id"])["results"]
    assert process["status"] == "WaitingOnOfferCreation"
    definition = ashby("offer.start", offerProcessId=process["id"])["results"]["formDefinition"]
    fields = {entry["field"]["title"]: entry for part in definition["sections"] for entry in part["fields"]}
    assert {title for title, entry in fields.items() if entry["isRequired"]} == {
        "Start date", "Salary", "Bonus amount", "Benefits", "Expiration date",
    }  # fmt: skip
    assert all(entry["field"]["isNullable"] is not entry["isRequired"] for entry in fields.values())
    assert {option["value"] for option in fields["Benefits"]["field"]["selectableValues"]} == {
        "health", "pension", "commute",
    }  # fmt: skip
    assert "Old stock plan" not in fields
    custom = {one["id"] for one in organisation.custom_fields if one["objectType"] == "Offer"}
    assert fields["Bonus amount"]["field"]["path"] in custom


def test_an_offer_is_made_of_its_submission(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any], paths: dict[str, str]
) -> None:
    more = {
        paths["Contract type"]: "permanent",
        paths["Remote work agreed"]: True,
        paths["Weeks of holiday"]: 30,
        paths["Message to the candidate"]: "Willkommen",
        paths["Signing bonus"]: None,
    }
    made = make({**form, **more})["results"]
    latest = made["latestVersion"]
    assert (made["offerStatus"], made["acceptanceStatus"]) == ("WaitingOnApprovalStart", "Created")
    assert (latest["startDate"], latest["salary"]) == (
        "2027-02-01T00:00:00.000Z",
        {"currencyCode": "EUR", "value": 90_000},
    )
    values = {value["title"]: value["value"] for value in latest["customFields"]}
    assert values["Benefits"] == ["health"]
    assert values["Weeks of holiday"] == 30
    assert "Signing bonus" not in values
    assert latest["approvalStatus"] is None
    assert ashby("offer.info", offerId=made["id"])["results"] == made
    assert ashby("offer.list", applicationId=made["applicationId"])["results"][0]["id"] == made["id"]


def test_every_missing_field_is_named_by_its_path(make: Callable[..., Any], form: dict[str, Any]) -> None:
    assert problems(make({})) == dict.fromkeys(form, "Required")
    for path in form:
        left = {name: value for name, value in form.items() if name != path}
        assert problems(make(left)) == {path: "Required"}
        assert problems(make({**form, path: None})) == {path: "Must not be null"}


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("Start date", "soon"),
        ("Start date", 5),
        ("Salary", 90_000),
        ("Salary", {"currencyCode": "EUR", "value": 90_000.5}),
        ("Salary", {"currencyCode": "euro", "value": 1}),
        ("Salary", {"value": 1}),
        ("Bonus amount", "5000"),
        ("Bonus amount", {"currencyCode": "EUR", "value": "much"}),
        ("Benefits", "health"),
        ("Benefits", ["horse"]),
        ("Benefits", [5]),
        ("Expiration date", "2026-13-01"),
        ("Contract type", "Permanent"),
        ("Remote work agreed", "perhaps"),
        ("Weeks of holiday", 5.5),
        ("Message to the candidate", 5),
        ("Opening", "OPEN-100"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_by_its_path(
    title: str, value: Any, make: Callable[..., Any], form: dict[str, Any], paths: dict[str, str]
) -> None:
    assert list(problems(make({**form, paths[title]: value}))) == [paths[title]]


def test_all_problems_are_named_at_once(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any], paths: dict[str, str], organisation: Organisation
) -> None:
    wrong = {**form, SALARY: 1, "_systemfield_shares": 5, paths["Contract type"]: "x"}
    wrong.pop(START)
    offers = len(organisation.offers)
    assert set(problems(make(wrong))) == {SALARY, "_systemfield_shares", paths["Contract type"], START}
    assert len(organisation.offers) == offers
    application = free_application(organisation, "needed")
    process = ashby("offerProcess.start", applicationId=application["id"])["results"]["id"]
    form_id = ashby("offer.start", offerProcessId=process)["results"]["id"]
    twice = submission(form)
    twice["fieldSubmissions"].append({"path": SALARY, "value": form[SALARY]})
    body = {"offerProcessId": process, "offerFormId": form_id}
    assert problems(ashby("offer.create", **body, offerForm=twice)) == {SALARY: "Submitted twice"}
    assert ashby("offer.create", **body, offerForm=submission(form))["success"] is True


def test_an_opening_can_be_on_one_live_offer_only(
    ashby: Ashby, make: Callable[..., Any], form: dict[str, Any], organisation: Organisation
) -> None:
    taken = {offer["versions"][-1]["openingId"] for offer in organisation.offers}
    free = next(one["id"] for one in organisation.openings if one["openingState"] == "Open" and one["id"] not in taken)
    with_opening = {**form, OPENING: free}
    first = make(with_opening)["results"]
    assert first["latestVersion"]["openingId"] == free
    assert code(make(with_opening)) == "opening_in_use"
    again = ashby("offer.update", offerId=first["id"], offerForm=submission(with_opening))
    assert again["results"]["latestVersion"]["openingId"] == free
    ashby("offer.setStatus", offerId=first["id"], acceptanceStatus="Cancelled")
    assert make(with_opening)["success"] is True
    closed = next(one["id"] for one in organisation.openings if one["openingState"] == "Closed")
    assert code(make({**form, OPENING: closed})) == "opening_state_invalid"
    assert code(make({**form, OPENING: first["id"]})) == "opening_not_found"


def test_the_four_ids_belong_together(ashby: Ashby, form: dict[str, Any], organisation: Organisation) -> None:
    application = free_application(organisation, "needed")["id"]
    process = ashby("offerProcess.start", applicationId=application)["results"]["id"]
    assert code(ashby("offerProcess.start", applicationId=application)) == "offer_process_in_progress"
    other = ashby("offerProcess.start", applicationId=free_application(organisation, "needed")["id"])["results"]["id"]
    form_id = ashby("offer.start", offerProcessId=process)["results"]["id"]
    body = {"offerForm": submission(form)}
    assert code(ashby("offer.create", offerProcessId=other, offerFormId=form_id, **body)) == "offer_form_not_found"
    assert code(ashby("offer.create", offerProcessId=form_id, offerFormId=form_id, **body)) == "offer_process_not_found"
    made = ashby("offer.create", offerProcessId=process, offerFormId=form_id, **body)["results"]
    again = ashby("offer.create", offerProcessId=process, offerFormId=form_id, **body)
    assert code(again) == "offer_form_already_submitted"
    second = ashby("offer.start", offerProcessId=process)["results"]["id"]
    further = ashby("offer.create", offerProcessId=process, offerFormId=second, **body)["results"]
    assert (further["id"], len(further["versions"])) == (made["id"], 2)
    ashby("offer.setStatus", offerId=made["id"], acceptanceStatus="Declined")
    assert code(ashby("offer.start", offerProcessId=process)) == "offer_process_closed"
    assert ashby("offerProcess.start", applicationId=application)["success"] is True
