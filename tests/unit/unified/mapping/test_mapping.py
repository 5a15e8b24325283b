"""The mapper: any record gives a resource, a bad value costs its field alone, and writing is strict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.unified.strategies import any_text, json_values
from unified.ashby import CONNECTOR
from unified.errors import Invalid
from unified.mapping import Mapper, Record, Row
from unified.models import Field, Model
from unified.models.types import Boolean, ListOf, Text, email

MODEL = Model(
    "thing",
    "Thing",
    "A thing.",
    (
        Field("name", Text(), "Its name."),
        Field("label", Text(), "The same."),
        Field("mail", email(), "Where to write."),
        Field("deep", Text(), "Three steps down."),
        Field("ready", Boolean(), "Whether."),
        Field("tags", ListOf(Text()), "Labels."),
        Field("made", Text(), "By a function."),
    ),
)
SECRET = "zx-secret-value-of-a-candidate"


def _made(record: Record) -> Any:
    return record["parts"][0]["made"]


MAPPER = Mapper(
    MODEL,
    (
        Row("name", "title", writable=True, required=True),
        Row("label", "title", writable=True, alias_of="name"),
        Row("mail", "contact.mail", writable=True),
        Row("deep", "a.b.c"),
        Row("ready", "ready", writable=True),
        Row("tags", "tags", writable=True),
        Row("made", _made, remote="parts"),
    ),
)
GOOD: Record = {
    "id": "t1",
    "title": "N",
    "contact": {"mail": "a@b.example"},
    "a": {"b": {"c": "d"}},
    "ready": False,
    "tags": ["x"],
    "parts": [{"made": "m"}],
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05+01:00",
}
FIELDS = {"name": "N", "label": "N", "mail": "a@b.example", "deep": "d", "ready": False, "tags": ["x"], "made": "m"}


def test_a_good_record_is_read_whole_and_without_warnings() -> None:
    assert MAPPER.resource(GOOD) == {
        "object": "resource",
        "model": "thing",
        "id": "t1",
        "fields": FIELDS,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T02:04:05.000Z",
        "remote": {"id": "t1"},
    }


@given(st.dictionaries(st.sampled_from(list(GOOD)) | any_text, json_values, max_size=8))
@example({"createdAt": "0001-01-01T00:00:00+23:00"})
@example({"contact": 5, "a": [], "parts": {}})
def test_any_record_whatever_gives_a_resource(record: Record) -> None:
    resource = MAPPER.resource(record, raw=True)

    assert set(resource["fields"]) <= set(FIELDS)
    assert type(resource["id"]) is str
    assert resource["remote"]["raw"] is record


@pytest.mark.parametrize("model_id", CONNECTOR.model_ids)
@given(data=st.data())
def test_any_record_of_ashbys_gives_a_resource(model_id: str, data: st.DataObject) -> None:
    model = CONNECTOR.load(model_id)
    keys = ["id", "name", "firstName", "primaryEmailAddress", "emailAddresses", "socialLinks", "tags", "source",
            "location", "resumeFileHandle", "createdAt", "updatedAt", "isEnabled"]  # fmt: skip
    record = data.draw(st.dictionaries(st.sampled_from(keys) | any_text, json_values, max_size=8))

    resource = model.mapper.resource(record)

    assert set(resource["fields"]) <= set(model.model.by_key)
    for warning in resource.get("warnings", []):
        assert warning["code"] == "CONNECTOR::MAPPER::READ_VALIDATION_FAILED"


@pytest.mark.parametrize("broken", ["title", "contact", "a", "ready", "tags", "parts", "createdAt"])
@given(bad=json_values)
@example(bad={})
@example(bad=[])
@example(bad={"mail": 5})
def test_a_bad_value_costs_no_other_field(broken: str, bad: Any) -> None:
    resource = MAPPER.resource({**GOOD, broken: bad})

    of = {"title": {"name", "label"}, "contact": {"mail"}, "a": {"deep"}, "parts": {"made"}}.get(broken, {broken})
    assert {key: value for key, value in resource["fields"].items() if key not in of} == {
        key: value for key, value in FIELDS.items() if key not in of
    }
    assert resource["id"] == "t1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": [SECRET]}, "name"),
        ({"contact": {"mail": SECRET}}, "mail"),
        ({"contact": SECRET}, "mail"),
        ({"a": {"b": SECRET}}, "deep"),
        ({"ready": SECRET}, "ready"),
        ({"tags": SECRET}, "tags"),
        ({"parts": [SECRET]}, "made"),
        ({"parts": {SECRET: 1}}, "made"),
        ({"createdAt": SECRET}, "createdAt"),
        ({"id": {"value": SECRET}}, "id"),
    ],
)
def test_a_bad_value_leaves_a_warning_that_names_the_field_and_not_the_value(change: Record, field: str) -> None:
    resource = MAPPER.resource({**GOOD, **change})

    warnings = json.dumps(resource["warnings"])
    assert f'The field \\"{field}\\" of this thing was left out' in warnings
    assert SECRET not in warnings
    assert field not in resource["fields"]


@pytest.mark.parametrize("gone", ["title", "contact", "a", "ready", "tags", "createdAt", "updatedAt"])
def test_null_and_absence_are_the_same_and_warn_of_nothing(gone: str) -> None:
    absent = MAPPER.resource({key: value for key, value in GOOD.items() if key != gone})
    null = MAPPER.resource({**GOOD, gone: None})

    assert absent == null
    assert "warnings" not in null


def test_an_empty_text_says_nothing_and_a_false_does() -> None:
    resource = MAPPER.resource({**GOOD, "title": "", "ready": False})

    assert "name" not in resource["fields"]
    assert resource["fields"]["ready"] is False
    assert "warnings" not in resource


def test_a_record_without_an_id_is_shown_with_a_warning() -> None:
    resource = MAPPER.resource({**GOOD, "id": 7})

    assert resource["id"] == resource["remote"]["id"] == ""
    assert resource["fields"] == FIELDS
    assert "id" in resource["warnings"][0]["message"]


def test_only_the_asked_fields_are_read_and_others_warn_of_nothing() -> None:
    record = {**GOOD, "ready": "bad"}

    assert MAPPER.resource(record, only={"name"})["fields"] == {"name": "N"}
    assert "warnings" not in MAPPER.resource(record, only={"name"})
    assert MAPPER.resource(record, only=())["fields"] == {}


def test_the_record_itself_comes_on_demand() -> None:
    assert MAPPER.resource(GOOD, raw=True)["remote"] == {"id": "t1", "raw": GOOD}


def test_a_model_without_times_has_none() -> None:
    timeless = Mapper(MODEL, (Row("name", "title"),), created_at=None, updated_at=None)

    resource = timeless.resource(GOOD)

    assert (resource["createdAt"], resource["updatedAt"]) == (None, None)


# Writing


def _problems(body: dict[str, Any], *, creating: bool = True) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        MAPPER.check_write(body, creating=creating)
    assert (refused.value.status, refused.value.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    for problem in refused.value.fields:
        assert problem.field in refused.value.detail
    return {problem.field: problem.message for problem in refused.value.fields}


def test_every_problem_is_named_at_once() -> None:
    body = {"nope": 1, "deep": "x", "mail": SECRET, "ready": None, "tags": ["a", 5]}

    assert _problems(body) == {
        "nope": "is not a field of this model",
        "deep": "is read-only",
        "mail": "must be an e-mail address",
        "ready": "cannot be cleared: the connected account's API has no way to",
        "tags": "element 1 must be a text",
        "name": "is required",
    }


def test_a_wrong_value_is_not_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        MAPPER.check_write({"name": {SECRET: SECRET}, "mail": SECRET, "ready": SECRET}, creating=True)

    assert SECRET not in str(refused.value) + repr(refused.value) + str(refused.value.fields)


def test_an_alias_writes_the_field_that_it_repeats() -> None:
    assert MAPPER.check_write({"label": " N "}, creating=True) == {"name": "N"}


@pytest.mark.parametrize("body", [{"name": "A", "label": "A"}, {"label": "A", "name": " A "}])
def test_an_alias_may_say_the_same(body: dict[str, Any]) -> None:
    assert MAPPER.check_write(body, creating=True) == {"name": "A"}


@pytest.mark.parametrize("body", [{"name": "A", "label": "B"}, {"label": "B", "name": "A"}])
def test_an_alias_that_says_something_else_is_named(body: dict[str, Any]) -> None:
    last = list(body)[-1]

    assert _problems(body) == {last: "says something else than name"}


def test_an_update_needs_nothing_but_something() -> None:
    assert MAPPER.check_write({"ready": True}, creating=False) == {"ready": True}
    assert _problems({}, creating=False) == {"(body)": "must have at least one field"}


def test_a_required_field_is_needed_to_create() -> None:
    assert _problems({"ready": True}) == {"name": "is required"}


def test_a_long_unknown_name_is_cut() -> None:
    assert list(_problems({"name": "A", "x" * 5000: 1})) == ["x" * 100]


@given(st.dictionaries(st.sampled_from(list(FIELDS)) | any_text, json_values, max_size=5), st.booleans())
def test_any_body_is_clean_or_invalid(body: dict[str, Any], creating: bool) -> None:
    try:
        clean = MAPPER.check_write(body, creating=creating)
    except Invalid:
        return
    assert set(clean) <= {"name", "mail", "ready", "tags"}
    assert MAPPER.check_write(clean, creating=creating) == clean


# Description


def test_fields_are_described_as_the_wire_has_them() -> None:
    described = {field["key"]: field for field in MAPPER.fields(can_update=True)}

    assert described["mail"] == {
        "key": "mail",
        "name": "Mail",
        "description": "Where to write.",
        "type": "text",
        "format": "email",
        "unit": None,
        "optionSource": None,
        "options": [],
        "isRequired": False,
        "isFieldReadOnly": True,
        "isValueReadOnly": False,
        "isCustom": False,
        "remote": {"key": "contact.mail", "metadata": {}},
    }
    assert described["name"]["isRequired"] is True
    assert described["deep"]["isValueReadOnly"] is True
    assert described["tags"]["type"] == "list.text"
    assert described["made"]["remote"]["key"] == "parts"


def test_a_field_is_read_only_where_the_model_cannot_be_updated() -> None:
    assert all(field["isValueReadOnly"] for field in MAPPER.fields(can_update=False))
