"""Types of fields: what is read of any value whatever, and how strictly one is written."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.unified.strategies import any_text, json_values
from unified.models import Model, generic
from unified.models.moments import iso, now_iso
from unified.models.types import (
    ABSENT,
    Boolean,
    Choice,
    DateTime,
    FieldType,
    ListOf,
    Struct,
    Text,
    Unfit,
    email,
    phone,
    url,
)

_LINK = Struct({"type": Choice(("GitHub", "Website")), "url": url(), "note": Text()}, ("type", "url"))
TYPES: dict[str, FieldType] = {
    "text": Text(),
    "short text": Text(3),
    "email": email(),
    "phone": phone(),
    "url": url(),
    "boolean": Boolean(),
    "datetime": DateTime(),
    "choice": Choice(("A", "B")),
    "struct": _LINK,
    "list of texts": ListOf(Text(), 3),
    "list of structs": ListOf(_LINK, 2),
    "list of lists": ListOf(ListOf(Boolean())),
}
CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
every_type = pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES.keys())

# Values near to what the types want, so that the good paths are walked too.
near = st.sampled_from(
    [
        "A", "x", " padded ", "a@b.example", "https://x.example/a?b#c", "+49 (0)30 123-456", "2026-01-02T03:04:05Z",
        True, {"type": "GitHub", "url": "https://x.example"}, {"type": "GitHub", "url": "x", "note": 5},
        ["a", "b"], [{"type": "Website", "url": "http://y.example", "note": " n "}], [[True], [False, 1]], [None],
    ]
)  # fmt: skip
values = near | json_values | st.lists(near, max_size=4)


def read(kind: FieldType, value: Any) -> Any:
    """Read, with None for what is unfit: nothing else may be raised."""
    try:
        return kind.read(value)
    except Unfit:
        return None


def write(kind: FieldType, value: Any) -> Any:
    """Write, with None for what is unfit: nothing else may be raised."""
    try:
        return kind.write(value)
    except Unfit:
        return None


@every_type
@given(value=values)
@example(value="0001-01-01T00:00:00+23:00")
@example(value="9999-12-31T23:59:59-12:00")
@example(value={"type": "GitHub", "url": ["https://x.example"]})
def test_any_value_is_read_or_unfit_and_reading_again_changes_nothing(kind: FieldType, value: Any) -> None:
    once = read(kind, value)

    if once is not None and once is not ABSENT:
        assert kind.read(once) == once


@every_type
@given(value=values)
@example(value={"\ud800": 1})
@example(value="9999-12-31T23:59:59-12:00")
def test_any_value_is_written_or_unfit_and_what_is_written_can_be_read_and_written_again(
    kind: FieldType, value: Any
) -> None:
    written = write(kind, value)

    if written is not None:
        assert kind.read(written) == written
        assert kind.write(written) == written


@every_type
@given(value=values)
def test_what_is_written_fits_the_types_json_schema(kind: FieldType, value: Any) -> None:
    written = write(kind, value)

    if written is not None:
        Draft202012Validator(kind.schema()).validate(written)


@every_type
@given(value=st.text(st.characters(min_codepoint=0x100, max_codepoint=0x17F), min_size=6, max_size=12))
def test_an_unfit_value_is_not_repeated(kind: FieldType, value: str) -> None:
    for attempt in (kind.read, kind.write):
        for wrong in (value, [value], {"type": value, "url": value}):
            said = ""
            try:
                attempt(wrong)
            except Unfit as problem:
                said = str(problem)
            assert value not in said


@every_type
def test_a_schema_is_one(kind: FieldType) -> None:
    Draft202012Validator.check_schema(kind.schema())
    assert kind.name
    assert kind.format is None or kind.format in ("email", "phone", "url")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Text(), "a", "a"),
        (Text(), " a ", " a "),
        (Text(1), "longer than may be written", "longer than may be written"),
        (Text(), "", ABSENT),
        (email(), "", ABSENT),
        (email(), "ada@localhost", "ada@localhost"),
        (phone(), "030 / 12 (office)", "030 / 12 (office)"),
        (Boolean(), False, False),
        (DateTime(), "2026-01-02", "2026-01-02T00:00:00.000Z"),
        (DateTime(), "2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"),
        (DateTime(), "2026-01-02T03:04:05.6789+02:00", "2026-01-02T01:04:05.678Z"),
        (DateTime(), "2022-W32-5T20:29:56.964Z", "2022-08-12T20:29:56.964Z"),
        (DateTime(), "2022-08-12T20:29:56.964Z", "2022-08-12T20:29:56.964Z"),
        (ListOf(Text()), [], []),
        (ListOf(Text()), ["a", 5, None, "", "b"], ["a", "b"]),
        (_LINK, {"type": "GitHub", "url": "https://x", "note": 5, "more": 1}, {"type": "GitHub", "url": "https://x"}),
        (_LINK, {"type": "GitHub", "url": "https://x", "note": ""}, {"type": "GitHub", "url": "https://x"}),
    ],
)
def test_reading_takes_what_it_can(kind: FieldType, value: Any, expected: Any) -> None:
    assert kind.read(value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(), 5),
        (Text(), True),
        (email(), "nobody"),
        (url(), "ftp://x.example"),
        (url(), "javascript:alert(1)"),
        (url(), "https://"),
        (Boolean(), 1),
        (Boolean(), "true"),
        (DateTime(), 1_700_000_000),
        (DateTime(), "yesterday"),
        (DateTime(), "2026-02-30"),
        (Choice(("A",)), "a"),
        (Choice(("A",)), ["A"]),
        (ListOf(Text()), "a"),
        (_LINK, []),
        (_LINK, {"type": "GitHub"}),
        (_LINK, {"type": "GitHub", "url": "x"}),
    ],
)
def test_reading_refuses_what_is_of_another_type(kind: FieldType, value: Any) -> None:
    with pytest.raises(Unfit, match=r"^(expected|must be)"):
        kind.read(value)


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (Text(), None, "must be a text"),
        (Text(), "  ", "must not be empty"),
        (Text(3), "abcd", "must be at most 3 characters long"),
        (Text(), "a\x07b", "must not hold control characters"),
        (Text(), "a\ud800", "must be valid Unicode"),
        (email(), "nobody", "must be an e-mail address"),
        (phone(), "1", "must be a phone number"),
        (url(), "x", "must be an http or https URL"),
        (Boolean(), 0, "must be true or false"),
        (DateTime(), "soon", "must be an ISO 8601 time"),
        (Choice(("A", "B")), "C", "must be one of A, B"),
        (_LINK, 5, "must be an object"),
        (_LINK, {"type": "GitHub", "url": "https://x.example", "colour": 1}, "has unknown parts: colour"),
        (_LINK, {"type": "GitHub"}, "must have a part url"),
        (_LINK, {"type": "GitHub", "url": "x"}, "url must be an http or https URL"),
        (ListOf(Text()), {}, "must be a list"),
        (ListOf(Text(), 1), ["a", "b"], "must have at most 1 elements"),
        (ListOf(Text()), ["a", 5], "element 1 must be a text"),
    ],
)
def test_writing_says_the_rule(kind: FieldType, value: Any, rule: str) -> None:
    with pytest.raises(Unfit) as problem:
        kind.write(value)

    assert str(problem.value) == rule


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (Text(), " a\tb\n", "a\tb"),
        (email(), " a@b.example ", "a@b.example"),
        (DateTime(), "2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"),
        (ListOf(Text()), [" a "], ["a"]),
        (_LINK, {"url": " https://x.example ", "type": "GitHub"}, {"url": "https://x.example", "type": "GitHub"}),
    ],
)
def test_writing_gives_the_canonical_value(kind: FieldType, value: Any, written: Any) -> None:
    assert kind.write(value) == written


@given(any_text | st.from_regex(r"\A[0-9]{4}-?[0-9W]{2}-?[0-9]{1,2}[T x][0-9]{2}:?[0-9]{2}[0-9:.,+Z-]{0,16}\Z"))
@example("2022-W32-5T20:29:56.964Z")
def test_a_time_that_is_read_is_canonical(text: str) -> None:
    found = read(DateTime(), text)

    assert found is None or CANONICAL.fullmatch(found)


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9999))
def test_a_time_keeps_its_moment_to_the_millisecond(moment: datetime) -> None:
    found = datetime.fromisoformat(DateTime().read(moment.isoformat()))

    assert abs((found - moment.astimezone(UTC)).total_seconds()) < 0.001


def test_the_present_is_canonical() -> None:
    assert CANONICAL.fullmatch(now_iso())
    assert iso(datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC)) == "2026-01-02T03:04:05.999Z"


@pytest.mark.parametrize("model", [generic.GENERIC_CONTACT, generic.GENERIC_USER, generic.GENERIC_WORKSPACE])
def test_a_model_describes_each_field_once(model: Model) -> None:
    assert list(model.by_key) == [field.key for field in model.fields]
    Draft202012Validator.check_schema(model.schema())
    assert list(model.schema()["properties"]) == list(model.by_key)
    assert all(field.description for field in model.fields)


@pytest.mark.parametrize("kind", [email(), phone(), url(), DateTime()], ids=["email", "phone", "url", "datetime"])
@pytest.mark.parametrize("start", ["https://", "a@", "+1", "2026-01-01T"])
@pytest.mark.parametrize("filler", ["a", "1", ".", "a.", "x ", "/"])
def test_a_long_value_takes_no_longer_than_its_length(kind: FieldType, start: str, filler: str) -> None:
    # Candidates fill in these fields themselves. What takes quadratic time here would take minutes.
    value = start + filler * 100_000 + " \x00@"
    begun = time.process_time()

    read(kind, value)
    read(kind, value[:-3])

    assert time.process_time() - begun < 2
