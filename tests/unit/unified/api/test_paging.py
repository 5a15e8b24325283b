"""What a list is asked for, read strictly; and cursors that fit only the list that gave them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.unit.unified.strategies import any_text
from unified.api.paging import ListRequest, Shape, read_list
from unified.ashby import CONNECTOR
from unified.connections.records import Reference
from unified.connector import ListQuery
from unified.errors import Invalid

CONTACT = CONNECTOR.load("genericContact")
USER = CONNECTOR.load("genericUser")
WORKSPACE = CONNECTOR.load("genericWorkspace")
PLACE = Reference("prj_1", "ashby", "acme")

places = st.builds(
    Reference, st.sampled_from(["prj_1", "prj_2"]), st.sampled_from(["ashby", "other"]), st.text(min_size=1, max_size=5)
)
queries = st.fixed_dictionaries(
    {},
    optional={
        "q": st.sampled_from(["Ada", "Grace", "a@b.example"]),
        "filter[email]": st.sampled_from(["a@b.example", "c@d.example"]),
        "limit": st.sampled_from(["1", "7", "100"]),
    },
)
Asked = tuple[Reference, str, dict[str, str]]
asked: st.SearchStrategy[Asked] = st.tuples(places, st.sampled_from(["genericContact", "genericUser"]), queries)


def _read(one: Asked, **more: str) -> ListRequest:
    place, model, parameters = one
    return read_list({**parameters, **more}, CONNECTOR.load(model), place, CONNECTOR)


def _same_list(one: Asked, other: Asked) -> bool:
    """Whether two requests are pages of one list: a limit may change on the way, nothing else."""

    def plain(of: Asked) -> Any:
        return of[0], of[1], {key: value for key, value in of[2].items() if key != "limit"}

    return plain(one) == plain(other)


@given(asked, asked, any_text.filter(bool))
def test_a_cursor_goes_with_its_project_connection_model_and_query_alone(one: Asked, other: Asked, remote: str) -> None:
    cursor = _read(one).cursor(remote)
    assert cursor is not None

    assert _read(one, cursor=cursor).query.cursor == remote
    if _same_list(one, other):
        assert _read(other, cursor=cursor).query.cursor == remote
    else:
        with pytest.raises(Invalid, match="not one of this list"):
            _read(other, cursor=cursor)


@given(asked, st.sampled_from(["project", "connector", "owner"]), any_text)
def test_a_cursor_of_any_other_connection_is_refused(one: Asked, part: str, value: str) -> None:
    cursor = _read(one).cursor("next")
    assert cursor is not None
    assume(getattr(one[0], part) != value)

    with pytest.raises(Invalid):
        _read((one[0]._replace(**{part: value}), *one[1:]), cursor=cursor)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Reference("p", "c", "a#b"), Reference("p", "c#a", "b")),
        (Reference("p", "c", "a"), Reference("p#c", "", "a")),
        (Reference("p", "c", '","'), Reference("p", 'c","', "")),
    ],
)
def test_parts_of_a_connection_do_not_run_into_each_other(one: Reference, other: Reference) -> None:
    cursor = read_list({}, CONTACT, one, CONNECTOR).cursor("next")
    assert cursor is not None

    with pytest.raises(Invalid):
        read_list({"cursor": cursor}, CONTACT, other, CONNECTOR)


@given(any_text | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example(base64.urlsafe_b64encode(b"[" * 200_000).decode())
@example(base64.urlsafe_b64encode(b'{"a":1,"b":2,"c":3}').decode())
@example(base64.urlsafe_b64encode(b"5").decode())
@example("a")
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="not one of this list"):
        read_list({"cursor": cursor}, CONTACT, PLACE, CONNECTOR)


@pytest.mark.parametrize("content", [None, 5, ["next"], {"next": 1}])
def test_a_cursor_carries_a_text(content: Any) -> None:
    binding = read_list({}, CONTACT, PLACE, CONNECTOR).binding
    forged = base64.urlsafe_b64encode(json.dumps([1, binding, content]).encode()).decode()

    with pytest.raises(Invalid):
        read_list({"cursor": forged}, CONTACT, PLACE, CONNECTOR)


def test_a_cursor_of_another_version_is_refused() -> None:
    binding = read_list({}, CONTACT, PLACE, CONNECTOR).binding
    old = base64.urlsafe_b64encode(json.dumps([0, binding, "next"]).encode()).decode()

    with pytest.raises(Invalid):
        read_list({"cursor": old}, CONTACT, PLACE, CONNECTOR)


@given(asked, any_text.filter(bool))
def test_a_cursor_can_stand_in_a_url_as_it_is(one: Asked, remote: str) -> None:
    cursor = _read(one).cursor(remote)

    assert cursor is not None
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_last_page_has_no_cursor() -> None:
    assert read_list({}, CONTACT, PLACE, CONNECTOR).cursor(None) is None


# Parameters


@pytest.mark.parametrize(
    ("parameters", "query", "shape"),
    [
        ({}, ListQuery(50), Shape()),
        ({"limit": "0"}, ListQuery(50), Shape()),
        ({"limit": "1"}, ListQuery(1), Shape()),
        ({"limit": "100"}, ListQuery(100), Shape()),
        ({"q": " Ada "}, ListQuery(50, q="Ada"), Shape()),
        ({"filter[email]": "a@b.example"}, ListQuery(50, filters={"email": "a@b.example"}), Shape()),
        ({"filters[email]": "a@b.example"}, ListQuery(50, filters={"email": "a@b.example"}), Shape()),
        ({"filters": '{"name": "Ada"}'}, ListQuery(50, filters={"name": "Ada"}), Shape()),
        ({"filters": "{}"}, ListQuery(50), Shape()),
        ({"fields": "firstName, email,"}, ListQuery(50), Shape(frozenset({"firstName", "email"}))),
        ({"fields": ""}, ListQuery(50), Shape(frozenset())),
        ({"include": "raw"}, ListQuery(50), Shape(raw=True)),
    ],
)
def test_what_is_asked_for_is_read(parameters: dict[str, str], query: ListQuery, shape: Shape) -> None:
    request = read_list(parameters, CONTACT, PLACE, CONNECTOR)

    assert (request.query, request.shape) == (query, shape)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"limit": "101"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1e1"}, "limit"),
        ({"limit": " 1"}, "limit"),
        ({"limit": "1\n"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"LIMIT": "1"}, "LIMIT"),
        ({"sort": "name"}, "sort"),
        ({"expand": "job"}, "expand"),
        ({"filter": "x"}, "filter"),
        ({"filter[]": "x"}, "filter[]"),
        ({"filter[email][0]": "x"}, "filter[email][0]"),
        ({"filter[phone]": "x"}, "filter[phone]"),
        ({"filter[email]": ""}, "filter[email]"),
        ({"filter[email]": "x" * 251}, "filter[email]"),
        ({"filters": "[object Object]"}, "filters"),
        ({"filters": "[" * 200_000}, "filters"),
        ({"filters": "null"}, "filters"),
        ({"filters": '{"phone": "x"}'}, "filter[phone]"),
        ({"q": ""}, "q"),
        ({"q": "   "}, "q"),
        ({"q": "x" * 251}, "q"),
        ({"fields": "nope"}, "fields"),
        ({"include": "RAW"}, "include"),
        ({"include": ""}, "include"),
    ],
)
def test_what_is_wrong_is_named(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_list(parameters, CONTACT, PLACE, CONNECTOR)

    assert [problem.field for problem in refusal.value.fields] == [field]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        read_list({"limit": "x", "sort": "y", "filter[z]": "1", "fields": "a,b"}, CONTACT, PLACE, CONNECTOR)

    assert sorted(problem.field for problem in refusal.value.fields) == [
        "fields",
        "fields",
        "filter[z]",
        "limit",
        "sort",
    ]


def test_an_unknown_filter_is_told_which_there_are() -> None:
    with pytest.raises(Invalid) as contact:
        read_list({"filter[x]": "1"}, CONTACT, PLACE, CONNECTOR)
    with pytest.raises(Invalid) as workspace:
        read_list({"filter[x]": "1"}, WORKSPACE, PLACE, CONNECTOR)

    assert "filter[email], filter[name]" in contact.value.fields[0].message
    assert "there is: none" in workspace.value.fields[0].message


def test_a_model_that_cannot_be_searched_says_so() -> None:
    with pytest.raises(Invalid) as refusal:
        read_list({"q": "x"}, WORKSPACE, PLACE, CONNECTOR)

    assert "genericWorkspace cannot be searched" in refusal.value.fields[0].message


@given(
    st.dictionaries(
        st.sampled_from(["limit", "cursor", "q", "fields", "include", "filters"]) | any_text, any_text, max_size=5
    )
)
def test_any_query_whatever_is_read_or_invalid(parameters: dict[str, str]) -> None:
    for model in (CONTACT, USER, WORKSPACE):
        try:
            request = read_list(parameters, model, PLACE, CONNECTOR)
        except Invalid as refusal:
            longest = max(len(problem.field) for problem in refusal.fields)
        else:
            longest = 0
            assert 1 <= request.query.limit <= 100
            assert set(request.query.filters) <= set(model.filters)
        assert longest <= 100
