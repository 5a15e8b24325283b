"""Each declared operation does what its cell of the capability table says, with the permissions that it names."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.conformance.kit import (
    Fake,
    assert_says,
    every_cell,
    every_connector,
    every_model,
    everything,
    fields_of,
    first_id,
    new_fields,
    offered,
    one_of_each,
    refused,
    refused_cells,
    whole,
)
from unified.connector import Connector, ConnectorModel, ListQuery, Operation, known_operations
from unified.errors import Invalid, Missing, Refused, Unauthorized, UpstreamFailure


@every_connector
def test_a_connector_says_who_it_is_and_has_every_model_that_it_names(connector: Connector, connector_id: str) -> None:
    assert connector.id == connector_id
    assert connector.name
    assert connector.permission_hint
    assert connector.settings
    assert len(set(connector.model_ids)) == len(connector.model_ids) > 0
    for model_id in connector.model_ids:
        assert connector.load(model_id).model.id == model_id
    with pytest.raises(Missing):
        connector.load("noSuchModel")


@every_model
def test_a_model_declares_nothing_that_it_does_not_have(model: ConnectorModel) -> None:
    """Rows are of the model's fields, extras are rows, filters and fields say what they are."""
    rows = model.mapper.rows
    assert set(rows) == set(model.model.by_key)
    assert model.extras <= set(rows)
    assert all(meaning.strip() for meaning in model.filters.values())
    assert all(field.description.strip() for field in model.model.fields)
    assert {row.alias_of for row in rows.values()} - {None} <= set(rows)


@every_cell
def test_a_cell_is_decided_and_says_why_where_it_is_not_native(
    connector: Connector, model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    cell = model.capabilities[operation]
    assert cell.mode in ("native", "emulated", "refused")
    assert set(cell.permissions) | set(cell.sometimes) <= set(fake.all_permissions())
    assert not set(cell.permissions) & set(cell.sometimes)
    if cell.mode != "native":
        assert len(cell.reason.split()) >= 4, "a reason is a sentence"
    if cell.mode == "refused":
        assert not cell.permissions
        assert not cell.sometimes
    assert connector.scopes([f"{model.model.id}::{operation}"]) == tuple(sorted({*cell.permissions, *cell.sometimes}))


@every_connector
def test_the_permissions_of_several_operations_are_those_of_each(connector: Connector) -> None:
    everything = sorted(known_operations(connector))
    together = connector.scopes(everything)
    assert set(together) == {one for operation in everything for one in connector.scopes([operation])}
    assert list(together) == sorted(together)


@refused_cells
def test_a_refused_operation_is_refused_with_its_reason_before_anything_is_sent(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    session = fake.open()
    field = {"name": "New", "type": "text"}
    calls = {
        Operation.LIST: lambda: model.list(session, ListQuery(5)),
        Operation.RETRIEVE: lambda: model.retrieve(session, "x"),
        Operation.CREATE: lambda: model.create(session, {}),
        Operation.UPDATE: lambda: model.update(session, "x", {}),
        Operation.DELETE: lambda: model.delete(session, "x"),
        Operation.FIELD_READ: lambda: model.custom_fields(session),
        Operation.FIELD_WRITE: lambda: model.create_field(session, field),
    }
    before = fake.calls("reads"), fake.calls("writes"), fake.effects()
    with refused(fake, Refused) as caught:
        calls[operation]()
    assert caught.value.code == "CONNECTOR::OPERATION::NOT_FOUND"
    assert caught.value.detail == model.capabilities[operation].reason
    assert (fake.calls("reads"), fake.calls("writes"), fake.effects()) == before


@offered
def test_an_operation_needs_no_more_than_the_permissions_that_it_names(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    cell = model.capabilities[operation]
    fake.permit({*cell.permissions, *cell.sometimes})
    call(fake.open())


@offered
def test_an_operation_that_lacks_a_permission_names_it_and_does_nothing(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    before = fake.effects()
    for permission in model.capabilities[operation].permissions:
        fake.permit(set(fake.all_permissions()) - {permission})
        with refused(fake, UpstreamFailure) as caught:
            call(fake.open())
        assert caught.value.code == "MORPH::CONNECTION::PROXY::FORBIDDEN"
        assert caught.value.permission == permission
        assert permission in caught.value.detail
    assert fake.effects() == before


@offered
def test_a_dead_credential_is_unauthorized_whatever_the_operation(
    connector: Connector, model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    before = fake.effects()
    fake.disable()
    with refused(fake, Unauthorized):
        call(fake.open())
    with refused(fake, Unauthorized):
        connector.verify(fake.open())
    assert fake.effects() == before


@every_connector
def test_a_working_credential_is_verified_with_what_it_may(connector: Connector, fake: Fake) -> None:
    some = sorted(fake.all_permissions())
    assert connector.verify(fake.open()).scopes == tuple(some)
    fake.permit(())
    assert connector.verify(fake.open()).scopes in (None, ())


@every_connector
def test_the_form_makes_a_credential_and_nothing_that_it_does_not_know(connector: Connector, fake: Fake) -> None:
    keys = [setting.key for setting in connector.settings if setting.secret]
    credential = connector.credential(dict.fromkeys(keys, fake.secret))
    assert credential is not None
    assert fake.secret in credential.secret.reveal()
    assert fake.secret not in repr(credential)
    assert connector.credential({}) is None
    with refused(fake, Invalid) as caught:
        connector.credential({keys[0]: fake.secret, "unknown": "x"})
    assert [problem.field for problem in caught.value.fields] == ["settings.unknown"]


@every_model
def test_a_record_that_is_not_there_is_missing(model: ConnectorModel, fake: Fake) -> None:
    session = fake.open()
    for record_id in ("x", "00000000-0000-4000-8000-000000000000", first_id(model, session)[:-1] + "_"):
        with refused(fake, Missing):
            model.retrieve(session, record_id)


@every_model
def test_a_deleted_record_is_gone_or_is_what_the_reason_says_and_no_other_is(model: ConnectorModel, fake: Fake) -> None:
    cell = model.capabilities[Operation.DELETE]
    if cell.mode == "refused":
        assert fake.sample(model.model.id).deletable is None
        return
    session = fake.open()
    deletable = fake.sample(model.model.id).deletable
    assert deletable is not None
    record_id = deletable(session)
    before, effects = whole(model, session, record_id), fake.effects()
    others = {one["id"]: one["fields"] for one in everything(model, fake) if one["id"] != record_id}
    model.delete(session, record_id)
    assert fake.effects() > effects
    assert {one["id"]: one["fields"] for one in everything(model, fake) if one["id"] != record_id} == others
    try:
        after = whole(model, session, record_id)
    except Missing:
        return
    assert cell.mode == "emulated", "a native deletion leaves nothing behind"
    assert model.mapper.resource(after)["fields"] != model.mapper.resource(before)["fields"]


@every_model
def test_a_record_that_was_made_can_be_looked_up_and_one_that_was_not_cannot(model: ConnectorModel, fake: Fake) -> None:
    """As after a lost answer: by the fields alone, since the moment that they were sent."""
    sample = fake.sample(model.model.id)
    if not sample.creating:
        assert model.capabilities[Operation.CREATE].mode == "refused", "the fixture has no fields to create with"
        return
    session = fake.open()
    for way in sample.creating:
        fields = new_fields(model, session, way)
        find = model.lookup(fields)
        if find is None:
            continue
        since = int(time.time())
        assert find(session, since) is None
        made = model.mapper.resource(model.create(session, fields).record)["id"]
        assert find(session, since) == made


@every_model
def test_custom_fields_are_described_in_the_form_of_the_wire(model: ConnectorModel, fake: Fake) -> None:
    standard = model.mapper.fields(can_update=True)[0]
    for field in model.custom_fields(fake.open()):
        assert set(field) == set(standard)
        assert field["isCustom"] is True
        assert field["remote"]["key"]
        assert field["name"]


@every_model
def test_a_custom_field_that_is_made_is_listed(model: ConnectorModel, fake: Fake) -> None:
    if model.capabilities[Operation.FIELD_WRITE].mode == "refused":
        return  # test_a_refused_operation_is_refused_…
    session = fake.open()
    wanted: dict[str, Any] = {"name": "Made by the suite", "type": "text", "description": "For a test."}
    made = model.create_field(session, wanted)
    assert {key: made[key] for key in wanted} == wanted
    assert dict(made) in [dict(field) for field in model.custom_fields(session)]
    with refused(fake) as caught:
        model.create_field(session, wanted)
    assert caught.value.code == "CONNECTOR::OPERATION::FIELD_ALREADY_EXISTS"


@every_model
def test_a_definition_that_cannot_be_is_invalid(connector: Connector, model_id: str, fake: Fake) -> None:
    """A project's own model cannot take the place of a built-in one."""
    definition = {"name": "Mine", "endpoints": {}, "fields": [{"key": "a", "type": "text", "source": {"path": "a"}}]}
    with refused(fake, Invalid):
        connector.define(model_id, definition)


@every_model
def test_what_a_write_answers_is_what_is_read_afterwards(model: ConnectorModel, fake: Fake) -> None:
    sample = fake.sample(model.model.id)
    if not sample.creating:
        return  # nothing can be written
    session = fake.open()
    written = model.create(session, new_fields(model, session, sample.creating[0]))
    answered = model.mapper.resource(written.record)
    assert written.not_written == {}
    assert_says(
        model,
        fields_of(model, session, answered["id"]),
        {key: value for key, value in answered["fields"].items() if model.mapper.rows[key].writable},
    )
