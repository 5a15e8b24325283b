"""The connector as a whole: credentials, their proof, permissions, custom fields, and its table of what it can do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.conftest import Script, good, lost, refused, unsent
from tests.unit.unified.strategies import json_values
from unified.api.connectors import describe
from unified.ashby import CONNECTOR
from unified.ashby.permissions import from_scopes
from unified.connector import Operation, connector_ids, known_operations, load_connector
from unified.errors import Invalid, Missing, Unauthorized, UnifiedError


def test_a_key_makes_a_credential_that_is_not_shown() -> None:
    credential = CONNECTOR.credential({"apiKey": "  the-key "})

    assert credential is not None
    assert (credential.kind, credential.secret.reveal()) == ("apiKey", "the-key")
    assert "the-key" not in repr(credential)


def test_no_key_is_no_credential() -> None:
    assert CONNECTOR.credential({}) is None


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_refused_by_name(key: str) -> None:
    """Who sends one believes that it is in place from then on."""
    with pytest.raises(Invalid) as refusal:
        CONNECTOR.credential({"apiKey": key})

    assert [field for field, _ in refusal.value.fields] == ["settings.apiKey"]


@pytest.mark.parametrize("key", ["a b", "a:b", "a\nb", "a\x00b", "schlüssel", "x" * 501])
def test_what_http_basic_cannot_carry_is_no_key(key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        CONNECTOR.credential({"apiKey": key})

    assert key not in refusal.value.detail


@given(st.text(max_size=40))
def test_any_text_is_a_key_or_refused(key: str) -> None:
    try:
        credential = CONNECTOR.credential({"apiKey": key})
    except Invalid:
        return
    if credential is not None:
        credential.secret.reveal().encode("ascii")


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(Invalid) as refusal:
        CONNECTOR.credential({"apiKey": "k", "subdomain": "x"})

    assert "subdomain" in f"{refusal.value.detail} {refusal.value.fields}"


def test_a_key_is_proven_by_asking_about_itself(ashby: Script) -> None:
    ashby.answers = [good({"title": "K", "scopes": ["candidates:write", "candidates:read", "apiKeys:read"]})]

    assert CONNECTOR.verify(ashby.session()).scopes == ("apiKeysRead", "candidatesRead", "candidatesWrite")

    assert ashby.calls == [("apiKey.info", {})]


def test_a_key_that_may_not_ask_is_proven_all_the_same(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    assert CONNECTOR.verify(ashby.session()).scopes is None


@pytest.mark.parametrize("answer", [refused("forbidden", 403), refused("unauthorized", 401)])
def test_a_refused_key_is_not_proven(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer]

    with pytest.raises(Unauthorized):
        CONNECTOR.verify(ashby.session())


@pytest.mark.parametrize("answer", [lost(), unsent(), refused("x_y_z", 500)])
def test_an_ashby_that_does_not_answer_proves_nothing_either_way(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer] * 3

    with pytest.raises(UnifiedError) as failed:
        CONNECTOR.verify(ashby.session())

    assert not isinstance(failed.value, Unauthorized)


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (None, None),
        ("candidates:read", None),
        ([], ()),
        (["jobs:read", "jobs:read", 5, "candidatesRead"], ("candidatesRead", "jobsRead")),
        (["hiringProcessMetadata:write"], ("hiringProcessMetadataWrite",)),
    ],
)
def test_scopes_become_permissions(scopes: Any, names: Any) -> None:
    assert from_scopes(scopes) == names


def test_operations_need_permissions() -> None:
    assert CONNECTOR.scopes(["genericContact::list"]) == ("candidatesRead",)
    assert CONNECTOR.scopes(["genericContact::update", "genericUser::list"]) == (
        "candidatesRead",
        "candidatesWrite",
        "organizationRead",
    )
    assert CONNECTOR.scopes(["genericUser::create"]) == ()
    assert CONNECTOR.scopes([]) == ()


@pytest.mark.parametrize("name", ["nope", "", "GenericContact", "genericContact ", "../contact", "contact"])
def test_an_unknown_model_is_missing(name: str) -> None:
    with pytest.raises(Missing) as missing:
        CONNECTOR.load(name)

    assert missing.value.code == "CONNECTOR::RESOURCE_MODEL::NOT_FOUND"


@pytest.mark.parametrize("name", ["nope", "", "Ashby", "ashby.contact", "errors", "undefined"])
def test_an_unknown_connector_is_missing(name: str) -> None:
    with pytest.raises(Missing) as missing:
        load_connector(name)

    assert missing.value.code == "CONNECTOR::NOT_FOUND"


@pytest.mark.parametrize("connector_id", connector_ids())
def test_every_cell_of_the_table_is_filled_and_reasoned(connector_id: str) -> None:
    connector = load_connector(connector_id)
    for model_id in connector.model_ids:
        model = connector.load(model_id)
        assert model.model.id == model_id
        assert set(model.capabilities) == set(Operation)
        assert set(model.mapper.rows) == set(model.model.by_key)
        for cell in model.capabilities.values():
            assert cell.reason or cell.mode == "native"
            assert not (cell.mode == "refused" and cell.permissions)


@pytest.mark.parametrize("connector_id", connector_ids())
def test_the_description_is_the_table(connector_id: str) -> None:
    connector = load_connector(connector_id)
    described = describe(connector)

    offered = {
        f"{model}::{operation}"
        for model, about in described["models"].items()
        for operation, cell in about["operations"].items()
        if cell["mode"] != "refused"
    }
    assert set(described["operations"]) == offered
    assert offered < known_operations(connector)
    assert [setting["key"] for setting in described["settings"]] == ["apiKey"]


# Custom fields


def _field(**changes: Any) -> dict[str, Any]:
    return {"id": "f1", "title": "Level", "objectType": "Candidate", "fieldType": "ValueSelect", **changes}


def test_custom_fields_of_this_kind_of_record_are_described(ashby: Script) -> None:
    options = [
        {"label": "Senior", "value": "senior", "isArchived": False},
        {"label": "Old", "value": "old", "isArchived": True},
    ]
    ashby.answers = [
        good([_field(selectableValues=options, isRequired=True, isPrivate=True), _field(objectType="Job")])
    ]

    (found,) = CONNECTOR.load("genericContact").custom_fields(ashby.session())

    assert found == {
        "key": "f1",
        "name": "Level",
        "description": "",
        "type": "select",
        "format": None,
        "unit": None,
        "optionSource": "static",
        "options": [{"value": "senior", "name": "Senior"}],
        "isRequired": True,
        "isFieldReadOnly": True,
        "isValueReadOnly": False,
        "isCustom": True,
        "remote": {"key": "f1", "metadata": {"fieldType": "ValueSelect", "isPrivate": True}},
    }
    standard = CONNECTOR.load("genericContact").mapper.fields(can_update=True)[0]
    assert set(found) == set(standard)


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        ("String", ("text", None)),
        ("Date", ("datetime", "date")),
        ("MultiValueSelect", ("list.select", None)),
        ("Currency", ("object", "currency")),
        ("Hologram", ("text", None)),
    ],
)
def test_ashbys_types_become_the_wires(ashby: Script, kind: str, described: tuple[str, str | None]) -> None:
    ashby.answers = [good([_field(fieldType=kind)])]

    (found,) = CONNECTOR.load("genericContact").custom_fields(ashby.session())

    assert (found["type"], found["format"]) == described


# Ashby's JSON has no NaN: an answer with one is malformed as a whole.
plain = json_values.filter(lambda value: "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value))


@given(plain, plain, plain)
def test_any_custom_field_whatever_is_described(values: Any, title: Any, description: Any) -> None:
    record = _field(selectableValues=values, title=title, description=description)

    (found,) = CONNECTOR.load("genericContact").custom_fields(Script([good([record])]).session())

    assert (found["key"], found["type"]) == ("f1", "select")
