"""Custom fields: definitions, and values of every type."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.custom_values import FIELD_TYPES
from sandbox.organisation import Organisation

Ashby = Callable[..., Any]
UUID = "19059C8B-18BB-4C74-A52E-5B19F01392FD"
RANGE = {"minValue": 1, "maxValue": 2}
PAY = {**RANGE, "type": "compensation-range", "currencyCode": "EUR"}


def code(answer: dict[str, Any]) -> str:
    """Return the code of a failed answer."""
    assert answer["success"] is False, answer
    return answer["errorInfo"]["code"]


@pytest.fixture
def fields(organisation: Organisation) -> dict[str, str]:
    """Return the id of a Candidate field of each type."""
    return {
        field["fieldType"]: field["id"]
        for field in organisation.custom_fields
        if field["objectType"] == "Candidate" and not field["isArchived"]
    }


@pytest.fixture
def put(ashby: Ashby, fields: dict[str, str], organisation: Organisation) -> Callable[[str, Any], Any]:
    """Set the value of the field of a type on a candidate without values."""
    plato = organisation.people.identifier(1)
    return lambda kind, value: ashby(
        "customField.setValue", objectId=plato, objectType="Candidate", fieldId=fields[kind], fieldValue=value
    )


def test_candidates_have_a_field_of_every_type(fields: dict[str, str]) -> None:
    assert set(fields) == set(FIELD_TYPES)


def test_ada_has_a_value_for_every_field(fields: dict[str, str], ashby: Ashby, organisation: Organisation) -> None:
    values = ashby("candidate.info", id=organisation.people.identifier(0))["results"]["customFields"]
    assert {value["id"] for value in values} >= set(fields.values())


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("Boolean", False, False),
        ("Boolean", "true", True),
        ("Date", "2026-03-04", "2026-03-04T00:00:00.000Z"),
        ("Date", "2026-03-04T05:06:07+01:00", "2026-03-04T04:06:07.000Z"),
        ("String", "", ""),
        ("LongText", "a\nb", "a\nb"),
        ("Number", "7.5", 7.5),
        ("Number", -3, -3),
        ("Currency", {"value": "10", "currencyCode": "JPY"}, {"value": 10, "currencyCode": "JPY"}),
        ("NumberRange", {"type": "number-range", **RANGE}, {"type": "number-range", **RANGE}),
        ("CompensationRange", {**PAY, "interval": "0.5 MONTH"}, {**PAY, "interval": "0.5 MONTH"}),
        ("Url", "https://example.com/a?b", "https://example.com/a?b"),
        ("UUID", UUID, UUID.lower()),
    ],
)
def test_a_fitting_value_is_stored_and_returned(
    kind: str, value: Any, stored: Any, put: Callable[[str, Any], Any], ashby: Ashby, organisation: Organisation
) -> None:
    answer = put(kind, value)["results"]
    assert answer["value"] == stored
    assert "valueLabel" not in answer
    assert ashby("candidate.info", id=organisation.people.identifier(1))["results"]["customFields"] == [answer]


def test_selected_values_come_with_their_labels(put: Callable[[str, Any], Any]) -> None:
    one = put("ValueSelect", "senior")["results"]
    several = put("MultiValueSelect", ["research", "backend"])["results"]
    assert (one["value"], one["valueLabel"]) == ("senior", "Senior")
    assert (several["value"], several["valueLabel"]) == (["research", "backend"], ["研究", "Backend"])
    assert put("MultiValueSelect", [])["results"]["value"] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Boolean", 1),
        ("Date", "soon"),
        ("String", 5),
        ("Number", "NaN"),
        ("Number", True),
        ("Currency", 5),
        ("Currency", {"value": 5, "currencyCode": "euro"}),
        ("NumberRange", RANGE),
        ("CompensationRange", {**PAY, "interval": "1 FORTNIGHT"}),
        ("Url", "javascript:alert(1)"),
        ("UUID", "5"),
        ("ValueSelect", "Senior"),
        ("ValueSelect", "guru"),
        ("MultiValueSelect", "backend"),
        ("MultiValueSelect", ["backend", "unknown"]),
        ("MultiValueSelect", ["telegraph"]),
        ("String", None),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(kind: str, value: Any, put: Callable[[str, Any], Any]) -> None:
    assert code(put(kind, value)) == "invalid_input"


def test_set_values_is_all_or_nothing(fields: dict[str, str], ashby: Ashby, organisation: Organisation) -> None:
    target = {"objectId": organisation.people.identifier(1), "objectType": "Candidate"}
    good = {"fieldId": fields["Number"], "fieldValue": 1}
    bad = {"fieldId": fields["Boolean"], "fieldValue": "perhaps"}
    assert code(ashby("customField.setValues", **target, values=[good, bad])) == "invalid_input"
    assert code(ashby("customField.setValues", **target, values=[])) == "invalid_input"
    assert ashby("candidate.info", id=target["objectId"])["results"]["customFields"] == []
    both = ashby("customField.setValues", **target, values=[good, {**bad, "fieldValue": True}])["results"]
    assert [value["value"] for value in both] == [1, True]


def test_objects_and_fields_must_fit_together(fields: dict[str, str], ashby: Ashby, organisation: Organisation) -> None:
    ada = organisation.people.identifier(0)
    application = ashby("candidate.info", id=ada)["results"]["applicationIds"][0]
    by_type = {
        field["objectType"]: field["id"]
        for field in organisation.custom_fields
        if field["fieldType"] == "LongText" or field["objectType"] == "Employee"
    }
    archived = next(field["id"] for field in organisation.custom_fields if field["isArchived"])

    def put(object_type: str, object_id: str, field_id: str) -> dict[str, Any]:
        return ashby(
            "customField.setValue", objectType=object_type, objectId=object_id, fieldId=field_id, fieldValue="x"
        )

    assert put("Application", application, by_type["Application"])["success"] is True
    assert code(put("Candidate", ada, by_type["Application"])) == "invalid_input"
    assert code(put("Application", ada, by_type["Application"])) == "application_not_found"
    assert code(put("Job", ada, by_type["Job"])) == "job_not_found"
    assert code(put("Candidate", ada, archived)) == "custom_field_archived"
    assert code(put("Candidate", ada, ada)) == "custom_field_not_found"
    assert code(put("Employee", ada, by_type["Employee"])) == "invalid_input"


def test_a_created_field_is_listed_under_its_read_name_and_takes_values(
    ashby: Ashby, organisation: Organisation
) -> None:
    made = ashby(
        "customField.create",
        title="Pet",
        fieldType="ValueSelect",
        objectType="Candidate",
        selectableValues=[{"label": "Cat", "value": "cat"}],
    )["results"]
    opening = ashby("customField.create", title="O", fieldType="Url", objectType="Opening_Version")["results"]
    assert (opening["objectType"], "selectableValues" in opening) == ("Opening", False)
    assert {made["id"], opening["id"]} <= {field["id"] for field in ashby("customField.list")["results"]}
    value = ashby(
        "customField.setValue",
        objectId=organisation.people.identifier(1),
        objectType="Candidate",
        fieldId=made["id"],
        fieldValue="cat",
    )
    assert value["results"]["valueLabel"] == "Cat"


def test_a_select_field_needs_options(ashby: Ashby) -> None:
    for kind in ("ValueSelect", "MultiValueSelect"):
        answer = ashby("customField.create", title="X", fieldType=kind, objectType="Candidate")
        assert (code(answer), answer["errors"][0]["parameter"]) == ("invalid_input", "selectableValues")


def test_options_are_merged_by_value(fields: dict[str, str], ashby: Ashby) -> None:
    merged = ashby(
        "customField.updateSelectableValues",
        customFieldId=fields["ValueSelect"],
        selectableValues=[{"label": "Very senior", "value": "senior"}, {"label": "New", "value": "new"}],
    )["results"]["selectableValues"]
    assert {option["value"]: (option["label"], option["isArchived"]) for option in merged} == {
        "junior": ("Junior", True),
        "senior": ("Very senior", False),
        "lead": ("Lead", True),
        "guru": ("Guru", True),
        "new": ("New", False),
    }
    refused = ashby("customField.updateSelectableValues", customFieldId=fields["Number"], selectableValues=[])
    assert code(refused) == "invalid_input"
