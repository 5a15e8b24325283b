"""Field mappings: what a rule may be, what it reads of any record, what it lets be written, and what it costs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.strategies import json_values
from unified.errors import Invalid
from unified.mapping.custom import MAX_BREADTH, NO_MAPPING, FieldMapping, compile_rules, merge
from unified.models.generic import GENERIC_CONTACT

FIELD = "11111111-2222-4333-8444-555555555555"
BY_FIELD = {"customField": FIELD}
SECRET = "zx-secret-value-of-a-candidate"


def compiled(*rules: dict[str, Any]) -> FieldMapping:
    return compile_rules(GENERIC_CONTACT, rules)


def one(**rule: Any) -> FieldMapping:
    return compiled({"key": "k", "source": BY_FIELD, **rule})


def record(value: Any) -> dict[str, Any]:
    return {"id": "c1", "customFields": [{"id": "other", "value": 1}, {"id": FIELD, "value": value}]}


def read(mapping: FieldMapping, of: dict[str, Any], only: Any = None) -> tuple[dict[str, Any], list[str]]:
    fields: dict[str, Any] = {}
    warned: list[str] = []
    mapping.read_into(fields, of, lambda key, problem: warned.append(f"{key}: {problem}"), only)
    return fields, warned


def problems(*rules: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        compiled(*rules)
    assert refused.value.status == 400
    return [(problem.field, problem.message) for problem in refused.value.fields]


# -- what a rule may be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"key": ""}, "key of letters"),
        ({"key": "1a"}, "key of letters"),
        ({"key": "a-b"}, "key of letters"),
        ({"key": "a" * 61}, "key of letters"),
        ({"key": "a\n"}, "key of letters"),
        ({"key": 5}, "key of letters"),
        ({"direction": "sideways"}, "direction"),
        ({"source": {}}, "must have a source"),
        ({"source": {"path": "a", "customField": FIELD}}, "must have a source"),
        ({"source": {"magic": "a"}}, "must have a source"),
        ({"source": "path"}, "must have a source"),
        ({"source": {"path": ""}}, "text of at most 500"),
        ({"source": {"path": "a" * 501}}, "text of at most 500"),
        ({"source": {"customField": 5}}, "text of at most 500"),
        ({"source": {"path": "a..b"}}, "names with dots"),
        ({"source": {"path": ".a"}}, "names with dots"),
        ({"source": {"path": "a[0]"}}, "names with dots"),
        ({"source": {"path": ".".join("abcdefghijkl")}}, "names with dots"),
        ({"source": {"expression": "a["}}, "valid JMESPath"),
        ({"source": {"expression": "nothing_of_that_name(@)"}}, None),
        ({"source": {"expression": "(" * 250 + "a" + ")" * 249}}, "valid JMESPath"),
        ({"source": {"expression": "[" * 500}}, "valid JMESPath"),
        ({"source": {"expression": "!" * 499 + "a"}}, "valid JMESPath"),
        ({"source": {"path": "a"}, "direction": "write"}, "write to a customField only"),
        ({"source": {"expression": "a"}, "direction": "both"}, "write to a customField only"),
        ({"type": "date"}, "must have a type of text, number"),
        ({"options": {"a": None}}, "options that are"),
        ({"options": {"a": ["b"]}}, "options that are"),
        ({"options": ["a"]}, "options that are"),
        ({"options": {"a": "x", "b": "x"}}, "the same meaning"),
        ({"options": {"a": 1, "b": 1.0}}, "the same meaning"),
    ],
)
def test_a_rule_that_cannot_be_is_named_with_its_reason(rule: dict[str, Any], told: str | None) -> None:
    good = {"key": "good", "source": BY_FIELD}
    bad = {"key": "k", "source": BY_FIELD, **rule}
    if told is None:
        # Known only when it is used: then it costs its key.
        assert read(compiled(good, bad), record("v")) == ({"good": "v"}, read(compiled(bad), record("v"))[1])
        return

    found = problems(good, bad)

    assert [field for field, _ in found] == ["rules.1"]
    assert told in found[0][1]


def test_every_bad_rule_is_named_at_once_and_a_key_twice_is_too() -> None:
    bad = {"key": "?", "source": BY_FIELD}
    good = {"key": "k", "source": BY_FIELD}

    assert [field for field, _ in problems(bad, good, bad, good)] == ["rules.0", "rules.2", "rules"]


def test_two_options_may_look_alike_and_differ() -> None:
    mapping = one(options={"a": "1", "b": 1, "c": True, "d": "true"}, direction="both")

    assert [read(mapping, record(theirs))[0]["k"] for theirs in "abcd"] == ["1", 1, True, "true"]
    assert [mapping.split({"k": ours})[1]["k"] for ours in ("1", 1, True, "true")] == list("abcd")


def test_a_projects_and_a_connections_rules_together_may_be_more_than_one_may_save() -> None:
    defaults = [{"key": f"p{number}", "source": {"path": "x"}} for number in range(50)]
    own = [{"key": f"c{number}", "source": {"path": "x"}} for number in range(50)]

    assert len(compile_rules(GENERIC_CONTACT, merge(defaults, own)).keys) == 100


def test_a_connections_rule_takes_the_place_of_the_projects() -> None:
    default = {"key": "a", "source": {"path": "x"}}
    own = {"key": "a", "source": {"path": "y"}}

    assert merge([default, {**default, "key": "b"}], [own]) == [
        {**own, "origin": "connection"},
        {**default, "key": "b", "origin": "project"},
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "|".join(["[@,@]"] * 80),
        "|".join(["[@,@][]"] * 60),
        "|".join(["{a:@,b:@}"] * 50),
        "[" * 60 + "@" + ",@]" * 60,
    ],
)
def test_an_expression_that_would_blow_up_is_refused_when_it_is_saved(expression: str) -> None:
    assert len(expression) <= 500
    started = time.monotonic()

    found = problems({"key": "k", "source": {"expression": expression}})

    assert found[0][0] == "rules.0"
    assert time.monotonic() - started < 1


def test_no_expression_that_is_let_through_makes_more_of_a_record_than_its_bound() -> None:
    pipes = 0
    while True:
        expression = "|".join(["[@,@][]"] * (pipes + 1))
        try:
            compiled({"key": "k", "source": {"expression": expression}})
        except Invalid:
            break
        pipes += 1
    widest = compiled({"key": "k", "source": {"expression": "|".join(["[@,@][]"] * pipes)}})

    fields, _ = read(widest, {"id": "c1"})

    assert 2**pipes <= MAX_BREADTH < 2 ** (pipes + 1)
    assert len(fields["k"]) <= MAX_BREADTH


# -- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"path": "company"}, "Analytical"),
        ({"path": "location.city"}, "London"),
        ({"path": "location.nothing.below"}, None),
        (BY_FIELD, "senior"),
        ({"customField": "not there"}, None),
        ({"expression": "emails[?type=='Work'].value | [0]"}, "ada@work.example"),
        ({"expression": "length(emails)"}, 2),
        ({"expression": "join(', ', emails[].value)"}, "a@b.example, ada@work.example"),
        ({"expression": "emails[?type=='Fax']"}, []),
    ],
)
def test_each_source_reads_what_it_names(source: dict[str, str], value: Any) -> None:
    of = {
        **record("senior"),
        "company": "Analytical",
        "location": {"city": "London"},
        "emails": [{"type": "Home", "value": "a@b.example"}, {"type": "Work", "value": "ada@work.example"}],
    }

    fields, warned = read(one(source=source), of)

    assert fields == ({} if value is None else {"k": value})
    assert not warned


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        (
            None,
            {"type": "number-range", "minValue": 1, "maxValue": 2},
            {"type": "number-range", "minValue": 1, "maxValue": 2},
        ),
        ("text", 5, "5"),
        ("text", 5.5, "5.5"),
        ("text", "x", "x"),
        ("number", "5", 5),
        ("number", "5.5", 5.5),
        ("number", "1e3", 1000.0),
        ("number", 7, 7),
        ("boolean", False, False),
        ("datetime", "2026-01-04", "2026-01-04T00:00:00.000Z"),
        ("datetime", "2026-01-04T10:00:00+02:00", "2026-01-04T08:00:00.000Z"),
        ("list.text", "x", ["x"]),
        ("list.text", ["x", "y"], ["x", "y"]),
    ],
)
def test_a_type_turns_what_it_can(kind: str | None, theirs: Any, ours: Any) -> None:
    rule = {} if kind is None else {"type": kind}

    assert read(one(**rule), record(theirs)) == ({"k": ours}, [])


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        ("text", True),
        ("text", {"a": SECRET}),
        ("number", SECRET),
        ("number", True),
        ("boolean", "true"),
        ("datetime", SECRET),
        ("datetime", 1_700_000_000),
        ("list.text", 5),
    ],
)
def test_a_value_that_does_not_fit_costs_its_key_and_is_not_repeated(kind: str, theirs: Any) -> None:
    good = {"key": "good", "source": {"path": "id"}}

    fields, warned = read(compiled({"key": "k", "source": BY_FIELD, "type": kind}, good), record(theirs))

    assert fields == {"good": "c1"}
    assert len(warned) == 1
    assert SECRET not in warned[0]


def test_options_are_translated_and_new_ones_left_as_they_are() -> None:
    mapping = one(options={"junior": "L1", "senior": "L3"})

    assert read(mapping, record("senior"))[0] == {"k": "L3"}
    assert read(mapping, record("guru"))[0] == {"k": "guru"}
    assert read(mapping, record(["junior", "guru"]))[0] == {"k": ["L1", "guru"]}
    assert read(one(options={"true": "yes", "2": "two"}), record(True))[0] == {"k": "yes"}
    assert read(one(options={"true": "yes", "2": "two"}), record([2, True]))[0] == {"k": ["two", "yes"]}
    assert read(one(options={"a": True}, type="boolean"), record("a"))[0] == {"k": True}


def test_only_what_is_asked_for_is_read_and_what_only_writes_reads_nothing() -> None:
    mapping = compiled(
        {"key": "a", "source": BY_FIELD},
        {"key": "b", "source": {"path": "id"}},
        {"key": "c", "source": BY_FIELD, "direction": "write"},
    )

    assert read(mapping, record("v"))[0] == {"a": "v", "b": "c1"}
    assert read(mapping, record("v"), only={"b", "c"})[0] == {"b": "c1"}


@given(json_values, st.sampled_from(["text", "number", "boolean", "datetime", "list.text", None]))
def test_no_value_whatever_raises_or_costs_another_key(value: Any, kind: str | None) -> None:
    rule = {"key": "k", "source": BY_FIELD, **({"type": kind} if kind else {}), "options": {"x": "y"}}
    mapping = compiled(rule, {"key": "good", "source": {"path": "id"}})

    fields, warned = read(mapping, record(value))

    assert fields["good"] == "c1"
    assert ("k" in fields) + len(warned) <= 1
    json.dumps(fields)


@given(json_values)
def test_no_record_whatever_raises(value: Any) -> None:
    sources: list[dict[str, str]] = [BY_FIELD, {"path": "a.b"}, {"expression": "a.b[0] | length(@)"}]
    mapping = compiled(*({"key": f"k{number}", "source": source} for number, source in enumerate(sources)))

    for of in ({"customFields": value, "a": value}, {"customFields": [value], "a": {"b": value}}):
        fields, warned = read(mapping, of)
        assert len(fields) + len(warned) <= 3


# -- writing -------------------------------------------------------------------------------------------------------


def test_a_body_is_split_into_the_models_fields_and_the_custom_ones() -> None:
    mapping = compiled(
        {"key": "a", "source": BY_FIELD, "direction": "both"},
        {"key": "b", "source": {"customField": "f2"}, "direction": "write"},
        {"key": "c", "source": {"customField": "f3"}},
    )

    rest, values = mapping.split({"firstName": "Ada", "a": 1, "b": [2], "c": 3})

    assert (rest, values) == ({"firstName": "Ada", "c": 3}, {"a": 1, "b": [2]})
    assert mapping.field_ids(values) == {FIELD: 1, "f2": [2]}


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        ({}, {"value": 5, "currencyCode": "EUR"}, {"value": 5, "currencyCode": "EUR"}),
        ({"type": "text"}, " x ", "x"),
        ({"type": "number"}, 5.5, 5.5),
        ({"type": "datetime"}, "2026-01-04", "2026-01-04T00:00:00.000Z"),
        ({"type": "list.text"}, ["a"], ["a"]),
        ({"options": {"junior": "L1"}}, "L1", "junior"),
        ({"options": {"junior": "L1", "senior": "L3"}}, ["L3", "L1"], ["senior", "junior"]),
        ({"options": {"two": 2}, "type": "number"}, 2.0, "two"),
        ({"options": {"yes": True}, "type": "boolean"}, True, "yes"),
    ],
)
def test_a_value_is_turned_back(rule: dict[str, Any], ours: Any, theirs: Any) -> None:
    assert one(direction="both", **rule).split({"k": ours}) == ({}, {"k": theirs})


@pytest.mark.parametrize(
    ("rule", "ours", "told"),
    [
        ({}, None, "cannot be cleared"),
        ({"type": "number"}, "5", "must be a number"),
        ({"type": "boolean"}, 1, "must be true or false"),
        ({"type": "text"}, "x" * 20_001, "at most 20000 characters"),
        ({"type": "datetime"}, SECRET, "must be an ISO 8601 time"),
        ({"options": {"junior": "L1"}}, SECRET, "must be one of the mapping's options"),
        ({"options": {"junior": "L1"}}, ["L1", SECRET], "must be one of the mapping's options"),
        ({"options": {"junior": "L1"}}, {"a": 1}, "must be one of the mapping's options"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_not_repeated(rule: dict[str, Any], ours: Any, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        one(direction="write", **rule).split({"k": ours, "firstName": "Ada"})

    (problem,) = refused.value.fields
    assert problem.field == "k"
    assert told in problem.message
    assert SECRET not in problem.message + refused.value.detail


@given(json_values)
def test_what_is_read_can_be_written_back(value: Any) -> None:
    mapping = one(direction="both", options={"a": 1, "b": "B"})
    fields, _ = read(mapping, record(value))

    for known in ("a", "b", ["a", "b", "a"]):
        assert mapping.split({"k": read(mapping, record(known))[0]["k"]})[1] == {"k": known}
    assert fields or value is None


def test_what_a_record_does_not_hold_yet_is_told() -> None:
    mapping = compiled(
        {"key": "a", "source": BY_FIELD, "direction": "both"},
        {"key": "b", "source": {"customField": "f2"}, "direction": "write"},
    )

    assert mapping.unset(record(False), ["a", "b"]) == ["b"]
    assert mapping.unset({"id": "c1"}, ["b", "a"]) == ["b", "a"]


def test_no_rules_are_no_mapping_and_the_same_rules_are_compiled_once() -> None:
    rules = [{"key": "a", "source": BY_FIELD}]

    assert compile_rules(GENERIC_CONTACT, []) is NO_MAPPING
    assert compile_rules(GENERIC_CONTACT, rules) is compile_rules(GENERIC_CONTACT, [dict(rules[0])])
    assert NO_MAPPING.split({"a": 1}) == ({"a": 1}, {})
