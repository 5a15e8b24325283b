"""``atsOffer``: its status in our words, the account's own form, versions, and what is left of a failed create."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import failure
from tests.unit.unified.conftest import Script, good, lost, refused, reply
from tests.unit.unified.strategies import any_text, json_values
from unified.ashby import offer_form
from unified.ashby.offer import MODEL
from unified.connector import ListQuery, Operation, Page
from unified.errors import Invalid, OutcomeUnknown

OFFER = "11111111-1111-4111-8111-111111111111"
PROCESS = "22222222-2222-4222-8222-222222222222"
DAY = "2026-12-01T00:00:00.000Z"


def _field(path: str, kind: str, title: str, *, required: bool = False, options: Any = None) -> dict[str, Any]:
    field = {"id": path, "type": kind, "path": path, "title": title, "humanReadablePath": title, "isNullable": True}
    return {"isRequired": required, "field": {**field, **({"selectableValues": options} if options else {})}}


BENEFITS = [{"label": "Health insurance", "value": "health"}, {"label": "Pension", "value": "pension"}]
FORM = {
    "sections": [
        {
            "fields": [
                _field("_systemfield_start_date", "Date", "Start", required=True),
                _field("_systemfield_salary", "Currency", "Pay", required=True),
                _field("_systemfield_opening", "ValueSelect", "Opening", options=[{"label": "R1", "value": "op"}]),
            ]
        },
        {
            "fields": [
                _field("f-bonus", "Currency", "Bonus amount"),
                _field("f-benefits", "MultiValueSelect", "Benefits", options=BENEFITS),
                _field("f-expiry", "Date", "Expiration date"),
                _field("f-note", "String", "Note"),
            ]
        },
    ]
}
VERSION = {
    "id": "v1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "startDate": DAY,
    "salary": {"currencyCode": "EUR", "value": 100},
    "openingId": "op",
    "customFields": [
        {"id": "f-bonus", "title": "Bonus amount", "value": {"currencyCode": "USD", "value": 5}},
        {
            "id": "f-benefits",
            "title": "Benefits",
            "value": ["health", "pension"],
            "valueLabel": ["Health insurance", "Pension"],
        },
        {"id": "f-expiry", "title": "Expiration date", "value": "2026-11-01T00:00:00.000Z"},
        {"id": "f-note", "title": "Note", "value": "kept"},
    ],
    "author": {"id": "u1"},
    "approvalStatus": "WaitingOnApprovals",
}
RECORD = {
    "id": OFFER,
    "applicationId": "a1",
    "acceptanceStatus": "Pending",
    "offerStatus": "WaitingOnOfferApproval",
    "latestVersion": VERSION,
}
NEW = {"application": "a1", "startDate": DAY, "salary": 100, "currency": "EUR"}


def _submitted(body: Any) -> dict[str, Any]:
    return {one["path"]: one["value"] for one in body["offerForm"]["fieldSubmissions"]}


# Reading


def test_an_offer_is_read_whole() -> None:
    resource = MODEL.mapper.resource({**RECORD, "decidedAt": "2026-01-05T00:00:00.000Z"})

    assert resource["fields"] == {
        "application": {"object": "resourceRef", "model": "atsApplication", "id": "a1"},
        "offerDate": "2026-01-01T00:00:00.000Z",
        "status": "DRAFT",
        "approvalStatus": "WAITING",
        "startDate": DAY,
        "salary": 100,
        "currency": "EUR",
        "bonusAmount": 5,
        "bonusCurrency": "USD",
        "benefits": "Health insurance, Pension",
        "expirationDate": "2026-11-01T00:00:00.000Z",
        "decidedAt": "2026-01-05T00:00:00.000Z",
        "creator": {"object": "resourceRef", "model": "genericUser", "id": "u1"},
        "openingId": "op",
    }
    assert "warnings" not in resource


@pytest.mark.parametrize(
    ("record", "status"),
    [
        ({"offerStatus": "WaitingOnApprovalStart"}, "DRAFT"),
        ({"offerStatus": "WaitingOnOfferApproval"}, "DRAFT"),
        ({"offerStatus": "WaitingOnApprovalDefinition"}, "DRAFT"),
        ({"offerStatus": "WaitingOnCandidateResponse"}, "SENT"),
        ({"offerStatus": "CandidateAccepted"}, "ACCEPTED"),
        ({"offerStatus": "CandidateRejected"}, "DECLINED"),
        ({"offerStatus": "OfferCancelled"}, "CANCELLED"),
        ({"offerStatus": "Teleported", "acceptanceStatus": "Accepted"}, None),
        ({"acceptanceStatus": "Accepted"}, "ACCEPTED"),
        ({"acceptanceStatus": "WaitingOnResponse"}, "SENT"),
        ({"acceptanceStatus": "Pending"}, None),
    ],
)
def test_a_status_is_told_or_left_out_never_guessed(record: dict[str, str], status: str | None) -> None:
    resource = MODEL.mapper.resource({"id": OFFER, **record})

    assert resource["fields"].get("status") == status
    assert ("warnings" in resource) is (status is None)


_VERSIONS = st.dictionaries(st.sampled_from(["salary", "customFields", "author"]) | any_text, json_values, max_size=5)


@given(
    st.dictionaries(st.sampled_from(["id", "offerStatus", "applicationId"]) | any_text, json_values, max_size=6),
    _VERSIONS | json_values,
)
def test_any_record_is_read_and_keeps_what_is_good(record: dict[str, Any], version: Any) -> None:
    resource = MODEL.mapper.resource({**record, "latestVersion": version, "decidedAt": DAY})

    assert resource["fields"]["decidedAt"] == DAY


@pytest.mark.parametrize(
    ("filters", "more"),
    [
        ({}, {}),
        ({"application": "a1"}, {"applicationId": "a1"}),
        ({"status": "SENT,ACCEPTED"}, {"offerStatus": ["WaitingOnCandidateResponse", "CandidateAccepted"]}),
        (
            {"status": "DRAFT", "approvalStatus": "WAITING"},
            {
                "offerStatus": ["WaitingOnApprovalStart", "WaitingOnOfferApproval", "WaitingOnApprovalDefinition"],
                "approvalStatus": ["WaitingOnApprovals"],
            },
        ),
        ({"createdAfter": "2026-01-01T00:00:00Z"}, {"createdAfter": 1767225600000}),
    ],
)
def test_filters_are_pushed_to_ashby(ashby: Script, filters: dict[str, str], more: dict[str, Any]) -> None:
    ashby.answers = [good([RECORD], moreDataAvailable=True, nextCursor="n")]

    page: Page = MODEL.list(ashby.session(), ListQuery(50, "c", None, filters))

    assert (page.records, page.next) == ([RECORD], "n")
    assert ashby.calls == [("offer.list", {"limit": 50, "cursor": "c", **more})]


@pytest.mark.parametrize("status", ["EXPIRED", "sent", "SENT;DRAFT"])
def test_a_status_that_ashby_has_not_is_named(ashby: Script, status: str) -> None:
    failed = failure(lambda: MODEL.list(ashby.session(), ListQuery(50, None, None, {"status": status})))

    assert failed.fields[0].field == "filter[status]"
    assert ashby.sent == []


def test_retrieve_leaves_the_form_out(ashby: Script) -> None:
    ashby.answers = [good(RECORD)]

    assert MODEL.retrieve(ashby.session(), OFFER) == RECORD

    assert ashby.calls == [("offer.info", {"offerId": OFFER, "excludeFormDefinition": True})]


# The form


def test_our_fields_go_to_the_forms_paths() -> None:
    fields = {
        **NEW,
        "openingId": "R1",
        "bonusAmount": 7,
        "benefits": "pension, Health insurance",
        "expirationDate": DAY,
    }

    assert {one["path"]: one["value"] for one in offer_form.filled(FORM, fields)} == {
        "_systemfield_start_date": "2026-12-01",
        "_systemfield_salary": {"currencyCode": "EUR", "value": 100},
        "_systemfield_opening": "op",
        "f-bonus": {"currencyCode": "EUR", "value": 7},
        "f-benefits": ["pension", "health"],
        "f-expiry": "2026-12-01",
    }


def test_everything_that_is_wrong_with_a_form_is_named_at_once() -> None:
    form = {"sections": [{"fields": [*FORM["sections"][0]["fields"], _field("x", "String", "Level", required=True)]}]}

    with pytest.raises(Invalid) as refusal:
        offer_form.filled(form, {"salary": 1.5, "currency": "EUR", "benefits": "Horse"})

    assert {problem.field: problem.message.split(":")[0] for problem in refusal.value.fields} == {
        "startDate": "is required by the account's offer form",
        "salary": "must be a whole number",
        "Level": "is required by the account's offer form and is no field of this model",
        "benefits": "is not on the account's offer form",
    }


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("MultiValueSelect", {"benefits": "Horse"}, "must be of the account's options: Health insurance, Pension"),
        ("ValueSelect", {"benefits": "Horse"}, "must be of the account's options: Health insurance, Pension"),
        ("Boolean", {"benefits": "yes"}, "cannot be written: the account's offer form has it as Boolean"),
    ],
)
def test_a_value_that_the_form_would_not_take_is_not_sent(kind: str, fields: dict[str, Any], message: str) -> None:
    form = {"sections": [{"fields": [_field("f", kind, "Benefits", options=BENEFITS)]}]}

    with pytest.raises(Invalid) as refusal:
        offer_form.filled(form, fields)

    assert refusal.value.fields[0].message == message


def test_a_plain_number_takes_no_currency() -> None:
    form = {"sections": [{"fields": [_field("f", "Number", "Bonus")]}]}

    assert offer_form.filled(form, {"bonusAmount": 3.0}) == [{"path": "f", "value": 3}]


@given(json_values, st.dictionaries(st.sampled_from(sorted(offer_form.FIELDS)), st.just("2026-01-01"), max_size=3))
def test_any_form_is_filled_or_refused(definition: Any, fields: dict[str, str]) -> None:
    try:
        found = offer_form.filled(definition, fields, {"customFields": definition})
    except Invalid:
        found = []

    assert isinstance(found, list)


@given(
    st.fixed_dictionaries(
        {
            "startDate": st.dates().map(lambda day: f"{day.isoformat()}T00:00:00.000Z"),
            "salary": st.integers(0, 10**9),
            "currency": st.sampled_from(["EUR", "USD", "JPY"]),
            "bonusAmount": st.integers(0, 10**9),
            "bonusCurrency": st.sampled_from(["EUR", "USD", "JPY"]),
            "benefits": st.sampled_from(["Health insurance", "Pension", "Pension, Health insurance"]),
            "expirationDate": st.dates().map(lambda day: f"{day.isoformat()}T00:00:00.000Z"),
        }
    )
)
def test_what_is_written_is_read_again(fields: dict[str, Any]) -> None:
    clean = MODEL.mapper.check_write({**fields, "application": {"id": "a1"}}, creating=True)
    sent = {one["path"]: one["value"] for one in offer_form.filled(FORM, clean)}
    labels = {option["value"]: option["label"] for option in BENEFITS}
    version = {
        "startDate": sent["_systemfield_start_date"],
        "salary": sent["_systemfield_salary"],
        "customFields": [
            {"title": "Bonus amount", "value": sent["f-bonus"]},
            {"title": "Benefits", "valueLabel": [labels[one] for one in sent["f-benefits"]]},
            {"title": "Expiration date", "value": sent["f-expiry"]},
        ],
    }

    read = MODEL.mapper.resource({"id": OFFER, "latestVersion": version})["fields"]

    assert {key: read[key] for key in fields} == fields


# Creating


def test_create_starts_a_process_and_fills_out_its_form(ashby: Script) -> None:
    ashby.answers = [good({"id": PROCESS}), good({"id": "form", "formDefinition": FORM}), good(RECORD)]

    written = MODEL.create(ashby.session(), NEW)

    assert (written.record, written.not_written) == (RECORD, {})
    assert ashby.calls[:2] == [
        ("offerProcess.start", {"applicationId": "a1"}),
        ("offer.start", {"offerProcessId": PROCESS}),
    ]
    body = ashby.sent[2].body
    assert (body["offerProcessId"], body["offerFormId"], body["excludeFormDefinition"]) == (PROCESS, "form", True)
    assert _submitted(body) == {
        "_systemfield_start_date": "2026-12-01",
        "_systemfield_salary": {"currencyCode": "EUR", "value": 100},
    }


def test_a_process_that_was_begun_is_gone_on_with(ashby: Script) -> None:
    ashby.answers = [good({"id": "form", "formDefinition": FORM}), good(RECORD)]

    MODEL.create(ashby.session(), {**NEW, "processId": PROCESS})

    assert [endpoint for endpoint, _ in ashby.calls] == ["offer.start", "offer.create"]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([good({"id": "f", "formDefinition": {"sections": []}})], "CONNECTOR::OPERATION::BAD_REQUEST"),
        ([refused("offer_process_closed")], "CONNECTOR::OPERATION::CONFLICT"),
        ([good({"id": "f", "formDefinition": FORM}), refused("opening_in_use")], "CONNECTOR::OPERATION::CONFLICT"),
        ([good({"id": "f", "formDefinition": FORM}), lost()], "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"),
    ],
)
def test_a_failure_after_the_process_began_says_that_it_did(ashby: Script, answers: list[Any], code: str) -> None:
    ashby.answers = [good({"id": PROCESS}), *answers]

    failed = failure(lambda: MODEL.create(ashby.session(), NEW))

    assert failed.code == code
    assert isinstance(failed, OutcomeUnknown) is code.endswith("UNKNOWN")
    assert f"The offer process {PROCESS} was begun" in failed.detail


@pytest.mark.parametrize(
    ("code", "named", "status"),
    [("application_not_found", "application", 400), ("offer_process_in_progress", "application", 409)],
)
def test_a_process_that_does_not_begin_leaves_nothing(ashby: Script, code: str, named: str, status: int) -> None:
    ashby.answers = [refused(code)]

    failed = failure(lambda: MODEL.create(ashby.session(), NEW))

    assert (failed.status, [problem.field for problem in failed.fields]) == (status, [named])
    assert "was begun" not in failed.detail


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({**NEW, "status": "DRAFT"}, "status"),
        ({**NEW, "currency": "eur"}, "currency"),
        ({**NEW, "bonusCurrency": "€"}, "bonusCurrency"),
        ({"application": "a1", "salary": 5}, "currency"),
    ],
)
def test_a_mistake_that_needs_no_form_begins_no_process(ashby: Script, fields: dict[str, Any], named: str) -> None:
    failed = failure(lambda: MODEL.create(ashby.session(), fields))

    assert (failed.status, [problem.field for problem in failed.fields]) == (400, [named])
    assert ashby.sent == []


def test_what_ashby_says_of_a_field_of_the_form_is_told_in_our_words(ashby: Script) -> None:
    body = {
        "success": False,
        "errors": [{"message": "no", "parameter": "_systemfield_salary"}, {"message": "no", "parameter": "f-note"}],
        "errorInfo": {"code": "invalid_input", "requestId": "R"},
    }
    ashby.answers = [good({"id": PROCESS}), good({"id": "f", "formDefinition": FORM}), reply(200, body)]

    failed = failure(lambda: MODEL.create(ashby.session(), NEW))

    assert failed.fields[0].field == "salary"


# Updating


def test_a_new_version_keeps_what_is_not_changed(ashby: Script) -> None:
    ashby.answers = [good({**RECORD, "formDefinition": FORM}), good(RECORD)]

    MODEL.update(ashby.session(), OFFER, {"salary": 120, "benefits": "Pension"})

    assert ashby.sent[1].endpoint == "offer.update"
    assert _submitted(ashby.sent[1].body) == {
        "_systemfield_start_date": DAY,
        "_systemfield_salary": {"currencyCode": "EUR", "value": 120},
        "_systemfield_opening": "op",
        "f-bonus": {"currencyCode": "USD", "value": 5},
        "f-benefits": ["pension"],
        "f-expiry": "2026-11-01T00:00:00.000Z",
        "f-note": "kept",
    }


def test_another_currency_is_the_salarys_alone(ashby: Script) -> None:
    ashby.answers = [good({**RECORD, "formDefinition": FORM}), good(RECORD)]

    MODEL.update(ashby.session(), OFFER, {"currency": "GBP"})

    sent = _submitted(ashby.sent[1].body)
    assert sent["_systemfield_salary"] == {"currencyCode": "GBP", "value": 100}
    assert sent["f-bonus"] == {"currencyCode": "USD", "value": 5}


def test_a_change_that_changes_nothing_makes_no_version(ashby: Script) -> None:
    ashby.answers = [good({**RECORD, "formDefinition": FORM})]

    MODEL.update(ashby.session(), OFFER, {"salary": 100, "startDate": DAY, "openingId": "OP", "bonusAmount": 5})

    assert [endpoint for endpoint, _ in ashby.calls] == ["offer.info"]


@pytest.mark.parametrize(
    ("status", "theirs"), [("ACCEPTED", "Accepted"), ("DECLINED", "Declined"), ("CANCELLED", "Cancelled")]
)
def test_a_decision_is_set(ashby: Script, status: str, theirs: str) -> None:
    ashby.answers = [good(RECORD)]

    MODEL.update(ashby.session(), OFFER, {"status": status})

    body = {"offerId": OFFER, "acceptanceStatus": theirs, "excludeFormDefinition": True}
    assert ashby.calls == [("offer.setStatus", body)]


def test_a_version_that_was_made_without_its_status_is_reported(ashby: Script) -> None:
    ashby.answers = [good({**RECORD, "formDefinition": FORM}), good(RECORD), refused("invalid_input")]

    written = MODEL.update(ashby.session(), OFFER, {"salary": 120, "status": "ACCEPTED"})

    assert written.record == RECORD
    assert list(written.not_written) == ["status"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"application": "a2"}, ["application"]),
        ({"processId": PROCESS}, ["processId"]),
        ({"status": "SENT"}, ["status"]),
        ({"status": "EXPIRED", "application": "a2"}, ["application", "status"]),
        ({"currency": "Euro"}, ["currency"]),
    ],
)
def test_what_cannot_be_changed_is_not_sent(ashby: Script, fields: dict[str, Any], named: list[str]) -> None:
    failed = failure(lambda: MODEL.update(ashby.session(), OFFER, fields))

    assert (failed.code, [problem.field for problem in failed.fields]) == ("CONNECTOR::OPERATION::BAD_REQUEST", named)
    assert ashby.sent == []


def test_a_decided_offer_is_a_conflict(ashby: Script) -> None:
    ashby.answers = [good({**RECORD, "formDefinition": FORM}), refused("offer_already_decided")]

    failed = failure(lambda: MODEL.update(ashby.session(), OFFER, {"salary": 1}))

    assert (failed.status, [problem.field for problem in failed.fields]) == (409, ["status"])


# Deleting, looking


def test_delete_cancels(ashby: Script) -> None:
    ashby.answers = [good(RECORD)]

    MODEL.delete(ashby.session(), OFFER)

    assert ashby.sent[0].body["acceptanceStatus"] == "Cancelled"


@pytest.mark.parametrize(("since", "found"), [(1767225630, OFFER), (1800000000, None)])
def test_an_offer_that_a_create_made_is_found(ashby: Script, since: int, found: str | None) -> None:
    ashby.answers = [good([{"id": "x"}, RECORD])]
    look = MODEL.lookup(NEW)
    assert look is not None

    assert look(ashby.session(), since) == found


def test_every_operation_has_its_cell() -> None:
    assert set(MODEL.capabilities) == set(Operation)
