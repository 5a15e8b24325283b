"""Expansion over a connector of two models that refer to each other, without any I/O."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.api import expand as module
from unified.api.expand import MAX_DEPTH, expand, read_paths
from unified.connector import Connector
from unified.errors import FieldProblem, Missing, UnifiedError, UpstreamFailure
from unified.mapping import Mapper, Row
from unified.models import Field, Model
from unified.models.types import ListOf, Ref, Text

BOOK = Model(
    id="book",
    name="Book",
    description="A book.",
    fields=(
        Field("title", Text(), "Its title."),
        Field("author", Ref("person"), "Who wrote it."),
        Field("readers", ListOf(Ref("person")), "Who reads it."),
    ),
)
PERSON = Model(
    id="person",
    name="Person",
    description="A person.",
    fields=(
        Field("name", Text(), "A name."),
        Field("friend", Ref("person"), "A friend."),
        Field("books", ListOf(Ref("book")), "What they wrote, read by a call of its own."),
    ),
)


class Kept:
    """One model over records in memory, which notes what is read."""

    def __init__(self, model: Model, records: Mapping[str, Any], extras: Collection[str] = ()) -> None:
        self.model = model
        self.mapper = Mapper(model, [Row(field.key, field.key) for field in model.fields])
        self.records = records
        self.extras = frozenset(extras)
        self.read: list[str] = []
        self.extra_calls: list[str] = []
        self._lock = threading.Lock()

    def retrieve(self, _session: Any, record_id: str) -> dict[str, Any]:
        with self._lock:
            self.read.append(record_id)
        found = self.records.get(record_id)
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", "There is no such record.")
        return {"id": record_id, **{key: value for key, value in found.items() if key not in self.extras}}

    def with_extras(self, _session: Any, records: Sequence[Any], fields: Collection[str]) -> list[Any]:
        with self._lock:
            self.extra_calls.extend(record["id"] for record in records)
        return [
            {**record, **{key: self.records[record["id"]][key] for key in fields if key in self.records[record["id"]]}}
            for record in records
        ]


class Library:
    """A connector of books and persons."""

    def __init__(self, books: Mapping[str, Any], persons: Mapping[str, Any]) -> None:
        self.models = {"book": Kept(BOOK, books), "person": Kept(PERSON, persons, {"books"})}

    def load(self, model_id: str) -> Kept:
        return self.models[model_id]

    def page(self) -> list[dict[str, Any]]:
        kept = self.models["book"]
        return [kept.mapper.resource({"id": key, **record}) for key, record in kept.records.items()]

    def expand(self, paths: str, *, may: Any = lambda _operation: True) -> list[dict[str, Any]]:
        problems: list[FieldProblem] = []
        tree = read_paths(paths, BOOK, cast(Connector, self), problems)
        assert not problems
        page = self.page()
        expand(page, tree, cast(Connector, self), None, may)
        return page


PERSONS: dict[str, Any] = {
    "ann": {"name": "Ann", "friend": "bob", "books": ["b1", "b2"]},
    "bob": {"name": "Bob", "friend": "ann"},
    "cyd": {"name": "Cyd"},
}
BOOKS: dict[str, Any] = {
    "b1": {"title": "One", "author": "ann", "readers": ["bob", "cyd", "bob"]},
    "b2": {"title": "Two", "author": "ann", "readers": []},
    "b3": {"title": "Three", "readers": ["ann"]},
}


def test_each_record_is_read_once_however_often_it_is_referred_to() -> None:
    library = Library(BOOKS, PERSONS)

    one, two, three = library.expand("author,readers")

    assert sorted(library.models["person"].read) == ["ann", "bob", "cyd"]
    assert one["fields"]["author"]["fields"]["name"] == two["fields"]["author"]["fields"]["name"] == "Ann"
    assert [reader["fields"]["name"] for reader in one["fields"]["readers"]] == ["Bob", "Cyd", "Bob"]
    assert two["fields"]["readers"] == []
    assert "author" not in three["fields"]


def test_levels_that_meet_a_record_again_do_not_read_it_again() -> None:
    library = Library(BOOKS, PERSONS)

    one, *_ = library.expand("author.friend.friend")

    assert sorted(library.models["person"].read) == ["ann", "bob"]
    author = one["fields"]["author"]
    friend = author["fields"]["friend"]
    again = friend["fields"]["friend"]
    assert (author["id"], friend["id"], again["id"]) == ("ann", "bob", "ann")
    # Where nothing further was asked for, the very same record keeps its reference.
    assert again["fields"]["friend"] == {"object": "resourceRef", "model": "person", "id": "bob"}


def test_a_field_that_takes_calls_of_its_own_is_read_where_it_is_expanded_and_nowhere_else() -> None:
    library = Library(BOOKS, PERSONS)

    one, _, three = library.expand("author.books,readers")

    assert [book["object"] for book in one["fields"]["author"]["fields"]["books"]] == ["resource", "resource"]
    assert library.models["person"].extra_calls == ["ann"]
    assert "books" not in three["fields"]["readers"][0]["fields"]


def test_what_fails_stays_a_reference_and_says_why_once() -> None:
    failure = UpstreamFailure("MORPH::CONNECTION::PROXY::SERVER_ERROR", "It failed.")
    library = Library(BOOKS, {**PERSONS, "bob": failure, "cyd": None})

    one, *_ = library.expand("author,readers")

    assert [reader["object"] for reader in one["fields"]["readers"]] == ["resourceRef"] * 3
    assert one["fields"]["author"]["object"] == "resource"
    assert sorted(warning["message"] for warning in one["warnings"]) == [
        '"readers" stays a reference: It failed.',
        '"readers" stays a reference: There is no such record.',
    ]
    assert {warning["code"] for warning in one["warnings"]} == {"CONNECTOR::EXPAND::FAILED"}


def test_a_failure_further_down_is_told_where_it_is() -> None:
    library = Library(BOOKS, {**PERSONS, "bob": UnifiedError("MORPH::BAD_REQUEST", "No.")})

    one, two, _ = library.expand("author.friend")

    for book in (one, two):
        assert "warnings" not in book
        assert book["fields"]["author"]["warnings"] == [
            {"code": "CONNECTOR::EXPAND::FAILED", "message": '"friend" stays a reference: No.'}
        ]


def test_what_was_not_granted_is_not_read() -> None:
    library = Library(BOOKS, PERSONS)

    one, *_ = library.expand("author", may=lambda operation: operation != "person::retrieve")

    assert not library.models["person"].read
    assert one["fields"]["author"] == {"object": "resourceRef", "model": "person", "id": "ann"}
    assert "was not given person::retrieve" in one["warnings"][0]["message"]


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_no_more_than_so_many_are_read(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(module, "MAX_CALLS", limit)
    library = Library(BOOKS, PERSONS)

    page = library.expand("author,readers.friend")

    assert len(library.models["person"].read) == limit
    expanded = [reader for book in page for reader in book["fields"]["readers"] if reader["object"] == "resource"]
    assert (len(expanded) > 0) is (limit > 0)


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ("editor", "names no reference of book: editor; there is: author, readers"),
        ("title", "names no reference of book: title; there is: author, readers"),
        ("author.name", "names no reference of person: name; there is: friend, books"),
        ("author." * MAX_DEPTH + "friend", f"goes deeper than {MAX_DEPTH} levels: " + "author." * MAX_DEPTH + "friend"),
        ("x" * 500, f"names no reference of book: {'x' * 60}; there is: author, readers"),
        (".", "names no reference of book: ; there is: author, readers"),
    ],
)
def test_what_is_no_reference_is_named(paths: str, told: str) -> None:
    problems: list[FieldProblem] = []

    read_paths(paths, BOOK, cast(Connector, Library({}, {})), problems)

    assert problems == [FieldProblem("expand", told)]


@given(st.text(max_size=60))
def test_any_text_is_read_or_told(text: str) -> None:
    problems: list[FieldProblem] = []

    tree = read_paths(text, BOOK, cast(Connector, Library({}, {})), problems)

    assert set(tree) <= {"author", "readers"}


_people = st.sampled_from(["ann", "bob", "cyd", "nobody"])
_books = st.dictionaries(
    st.sampled_from(["b1", "b2", "b3"]),
    st.fixed_dictionaries(
        {"title": st.text("ab", min_size=1)}, optional={"author": _people, "readers": st.lists(_people)}
    ),
)


@given(
    _books, st.sets(st.sampled_from(["author", "readers", "author.friend", "readers.friend", "author.books.author"]))
)
def test_an_expansion_changes_nothing_but_references(books: dict[str, Any], paths: set[str]) -> None:
    library = Library(books, PERSONS)
    before = library.page()

    after = library.expand(",".join(sorted(paths)))

    for bare, full in zip(before, after, strict=True):
        assert {**bare["fields"], "author": 0, "readers": 0} == {**full["fields"], "author": 0, "readers": 0}
        pairs = [(bare["fields"].get("author"), full["fields"].get("author"))]
        pairs += zip(bare["fields"].get("readers", []), full["fields"].get("readers", []), strict=True)
        for reference, got in pairs:
            assert (reference or {}).get("id") == (got or {}).get("id")
            if got is not None and got["object"] == "resourceRef":
                assert got == reference
    read = library.models["person"].read
    # Twice at most: once more where a field that takes calls of its own was wanted in one place.
    assert all(read.count(one) <= 2 for one in read)
