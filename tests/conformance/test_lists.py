"""Lists are whole, hold nothing twice, and are filtered by the provider or not at all."""

from __future__ import annotations

import itertools

import pytest

from tests.conformance.kit import Fake, every_model, everything, pages, refused, whole
from unified.api.paging import read_list
from unified.connections.records import Reference
from unified.connector import Connector, ConnectorModel, ListQuery
from unified.errors import Invalid


@every_model
def test_a_list_is_whole_and_without_doubles_whatever_the_size_of_its_pages(model: ConnectorModel, fake: Fake) -> None:
    of_hundred, of_seven, of_one = (
        [model.mapper.resource(record)["id"] for page in pages(model, fake.open, limit) for record in page]
        for limit in (100, 7, 1)
    )
    assert of_hundred
    assert all(of_hundred)
    assert len(set(of_hundred)) == len(of_hundred)
    assert of_seven == of_hundred
    assert of_one == of_hundred


@every_model
def test_every_listed_record_can_be_retrieved_and_says_the_same(model: ConnectorModel, fake: Fake) -> None:
    session = fake.open()
    listed = everything(model, fake)
    for one in (listed[0], listed[len(listed) // 2], listed[-1]):
        assert "warnings" not in one
        read = model.mapper.resource(whole(model, session, one["id"]))
        assert one["fields"].items() <= read["fields"].items()
        assert (one["id"], one["createdAt"], one["updatedAt"]) == (read["id"], read["createdAt"], read["updatedAt"])


@every_model
def test_a_list_without_extras_reads_none_and_with_them_all(model: ConnectorModel, fake: Fake) -> None:
    session = fake.open()
    (records,) = itertools.islice(pages(model, fake.open, 10), 1)
    plain = [model.mapper.resource(record) for record in records]
    full = [model.mapper.resource(record) for record in model.with_extras(session, records, model.extras)]
    assert [one["id"] for one in full] == [one["id"] for one in plain]
    for without, with_extras in zip(plain, full, strict=True):
        kept = {key: value for key, value in with_extras["fields"].items() if key not in model.extras}
        assert kept == {key: value for key, value in without["fields"].items() if key not in model.extras}
    again = [model.mapper.resource(whole(model, session, one["id"]))["fields"] for one in plain]
    assert [one["fields"] for one in full] == again


@every_model
def test_every_filter_keeps_some_and_leaves_out_the_others(model: ConnectorModel, fake: Fake) -> None:
    """Never silently ignored, and in pages like any other list."""
    values = fake.sample(model.model.id).filters
    assert set(values) == set(model.filters)
    all_ids = {one["id"] for one in everything(model, fake)}
    for name, value in values.items():
        found = [one["id"] for one in everything(model, fake, filters={name: value})]
        assert len(set(found)) == len(found), name
        assert set(found) < all_ids, f"{name} leaves nothing out"
        assert found, f"{name} leaves everything out"
        assert [one["id"] for one in everything(model, fake, 1, {name: value})] == found, name


@every_model
@pytest.mark.parametrize("name", ["filter[noSuchFilter]", "sort", "noSuchParameter"])
def test_an_unknown_filter_is_refused_by_name(
    connector: Connector, model: ConnectorModel, fake: Fake, name: str
) -> None:
    with refused(fake, Invalid) as caught:
        read_list({name: "x"}, model, Reference("p", connector.id, "o"), connector)
    assert [problem.field for problem in caught.value.fields] == [name]


@every_model
def test_a_search_is_answered_or_refused(connector: Connector, model: ConnectorModel, fake: Fake) -> None:
    place = Reference("p", connector.id, "o")
    if not model.searchable:
        with refused(fake, Invalid) as caught:
            read_list({"q": "x"}, model, place, connector)
        assert [problem.field for problem in caught.value.fields] == ["q"]
        return
    query = read_list({"q": "nobody.at.all@example.com"}, model, place, connector).query
    assert list(model.list(fake.open(), query).records) == []


@every_model
@pytest.mark.parametrize("cursor", ["nonsense", "[]", '[0,null,"x",1]', "-1", ":"])
def test_a_cursor_of_nonsense_is_invalid_and_not_the_first_page(model: ConnectorModel, fake: Fake, cursor: str) -> None:
    """What was given out was in the caller's hands meanwhile."""
    values = fake.sample(model.model.id).filters
    for filters in ({}, *({name: value} for name, value in values.items())):
        if model.list(fake.open(), ListQuery(1, None, None, filters)).next is not None:
            with refused(fake, Invalid):
                model.list(fake.open(), ListQuery(1, cursor, None, filters))
