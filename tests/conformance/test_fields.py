"""What is written is read again, and whatever a record holds costs no more than the fields that are read from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.kit import (
    Creating,
    Fake,
    Updating,
    assert_says,
    every_model,
    examples,
    fields_of,
    pages,
    refused,
    whole,
)
from tests.unit.unified.strategies import any_text, json_values
from unified.connector import ConnectorModel, Operation, Record
from unified.errors import Invalid

ROUND_TRIPS = 20


@every_model
def test_what_is_created_is_read_as_it_was_written(model: ConnectorModel, fake: Fake) -> None:
    """``read(write(x)) = x``."""
    sample = fake.sample(model.model.id)
    assert bool(sample.creating) is (model.capabilities[Operation.CREATE].mode != "refused")
    for way in sample.creating:
        _round_trips(model, fake.open(), way, sample.write_only)


def _round_trips(model: ConnectorModel, session: Any, way: Creating, write_only: Collection[str]) -> None:
    @examples(ROUND_TRIPS)
    @given(way.fields)
    def make(fields: dict[str, Any]) -> None:
        wanted = {**fields, **way.given(session)}
        made = model.create(session, model.mapper.check_write(wanted, creating=True))
        assert made.not_written == {}
        record_id = model.mapper.resource(made.record)["id"]
        readable = {key: value for key, value in wanted.items() if key not in write_only}
        read = fields_of(model, session, record_id)
        assert_says(model, read, readable)
        assert not read.keys() & set(write_only)

    make()


@every_model
def test_what_is_updated_changes_and_nothing_else_does(model: ConnectorModel, fake: Fake) -> None:
    """But for the fields that the fixture says follow: a status follows its stage."""
    sample = fake.sample(model.model.id)
    assert bool(sample.updating) is (model.capabilities[Operation.UPDATE].mode != "refused")
    for way in sample.updating:
        _changes(model, fake.open(), way, sample.follows)


def _changes(model: ConnectorModel, session: Any, way: Updating, follows: Mapping[str, Collection[str]]) -> None:
    @examples(ROUND_TRIPS)
    @given(way.fields)
    def change(fields: dict[str, Any]) -> None:
        record_id = way.target(session)
        before = fields_of(model, session, record_id)
        changed = model.update(session, record_id, model.mapper.check_write(fields, creating=False))
        assert changed.not_written == {}
        after = fields_of(model, session, record_id)
        assert_says(model, after, fields)
        touched = {*fields, *(one for key in fields for one in follows.get(key, ()))}
        kept = {key: value for key, value in before.items() if key not in touched}
        assert {key: value for key, value in after.items() if key not in touched} == kept

    change()


@every_model
def test_the_samples_use_every_field_that_can_be_written(model: ConnectorModel, fake: Fake) -> None:
    """Otherwise the round trips would prove less than they say."""
    sample = fake.sample(model.model.id)
    session = fake.open()
    used = {key for way in (*sample.creating, *sample.updating) for key in _keys(way.fields)}
    used.update(key for way in sample.creating for key in way.given(session))
    assert used == {key for key, row in model.mapper.rows.items() if row.writable}


def _keys(strategy: st.SearchStrategy[dict[str, Any]]) -> set[str]:
    """Return the keys that a strategy's first examples have: those that a round trip has too."""
    found: set[str] = set()

    @examples(ROUND_TRIPS)
    @given(strategy)
    def collect(fields: dict[str, Any]) -> None:
        found.update(fields)

    collect()
    return found


@every_model
def test_every_wrong_field_is_named_and_nothing_is_sent(model: ConnectorModel, fake: Fake) -> None:
    """All of them at once: unknown, read-only, of the wrong type."""
    before = fake.calls("reads"), fake.calls("writes")
    wrong: dict[str, Any] = {"noSuchField": 1, **dict.fromkeys(model.mapper.rows, object())}
    with refused(fake, Invalid) as caught:
        model.mapper.check_write(wrong, creating=True)
    assert {problem.field for problem in caught.value.fields} >= set(wrong)
    assert (fake.calls("reads"), fake.calls("writes")) == before


# -- any record ---------------------------------------------------------------------------------------------------


@every_model
def test_any_json_whatever_is_a_resource(model: ConnectorModel, connector_id: str) -> None:
    """Of no fields if need be; what comes out can be sent as JSON and has only what the model declares."""

    @examples(80)
    @given(st.dictionaries(st.sampled_from(_remote_keys(model)) | any_text, json_values, max_size=12))
    def read(record: Record) -> None:
        resource = model.mapper.resource(record)
        json.dumps(resource["fields"])
        assert set(resource["fields"]) <= set(model.model.by_key)
        assert resource["model"] == model.model.id
        for field, value in resource["fields"].items():
            assert model.model.by_key[field].type.name
            assert value is not None

    read()


@every_model
def test_bad_parts_of_a_record_cost_only_the_fields_that_are_read_from_them(model: ConnectorModel, fake: Fake) -> None:
    session = fake.open()
    good = [
        whole(model, session, model.mapper.resource(record)["id"]) for record in next(pages(model, fake.open, 20))[:8]
    ]
    uses = [{field: _used(model, record, field) for field in model.model.by_key} for record in good]
    fields = [model.mapper.resource(record)["fields"] for record in good]
    chosen = st.integers(0, len(good) - 1)
    keys = sorted({key for record in good for key in record})

    @examples(80)
    @given(chosen, st.dictionaries(st.sampled_from(keys), json_values, min_size=1, max_size=4), json_values)
    def spoil(number: int, bad: dict[str, Any], unknown: Any) -> None:
        record = {**good[number], "aFieldOfNextYear": unknown, **bad}
        read = model.mapper.resource(record)
        expected = {field: value for field, value in fields[number].items() if not uses[number][field] & bad.keys()}
        assert {field: read["fields"].get(field) for field in expected} == expected
        if "id" not in bad:
            assert read["id"] == good[number]["id"]
        lost = set(fields[number]) - set(read["fields"])
        for field in lost:
            assert uses[number][field] & bad.keys()

    spoil()


class _Watched(dict[str, Any]):
    """A record that remembers which of its parts were looked at."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.used.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.used.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.used.add(key)
        return super().get(key, default)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a field is read from a record's parts by their names")


def _used(model: ConnectorModel, record: Record, field: str) -> set[str]:
    """Return the parts of a record that a field is read from."""
    nothing, one = _Watched(record), _Watched(record)
    model.mapper.resource(nothing, only=())
    model.mapper.resource(one, only=(field,))
    return one.used - nothing.used | ({"updatedAt", "createdAt", "id"} & _names(model, field))


def _names(model: ConnectorModel, field: str) -> set[str]:
    read = model.mapper.rows[field].read
    return {read.partition(".")[0]} if isinstance(read, str) else set()


def _remote_keys(model: ConnectorModel) -> list[str]:
    """Return names that fields are read from, so that records of nonsense get as far as they can."""
    paths = [row.read for row in model.mapper.rows.values() if isinstance(row.read, str)]
    remotes = [row.remote for row in model.mapper.rows.values() if row.remote]
    return sorted({path.partition(".")[0] for path in (*paths, *remotes)} | {"id", "createdAt", "updatedAt"})
