"""Every set of permissions against every operation of every model: allowed, missing by name, unknown, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.api.permissions import describe
from unified.ashby import CONNECTOR
from unified.connections.line import missing_permissions
from unified.connections.records import Connection, Reference
from unified.connector import Capability, Operation

CELLS = {
    f"{model_id}::{operation}": CONNECTOR.load(model_id).capabilities[operation]
    for model_id in CONNECTOR.model_ids
    for operation in Operation
}
NEEDED = sorted({name for capability in CELLS.values() for name in capability.permissions})
GRANTED = ("genericContact::list", "atsJob::create")


def described(scopes: Sequence[str] | None) -> dict[str, Any]:
    reference = Reference("p1", "ashby", "acme")
    moment = "2026-01-01T00:00:00.000Z"
    connection = Connection(reference, "g", GRANTED, "authorized", moment, moment)
    return describe(CONNECTOR, connection, scopes)


def states(scopes: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    return {one["operation"]: one for one in described(scopes)["operations"]}


def test_every_operation_of_every_model_is_told_once() -> None:
    operations = [one["operation"] for one in described(NEEDED)["operations"]]

    assert len(operations) == len(set(operations))
    assert set(operations) == set(CELLS)


@pytest.mark.parametrize("operation", CELLS)
def test_an_operation_is_told_by_what_it_needs(operation: str) -> None:
    capability = CELLS[operation]
    everything, nothing, unread = (states(scopes)[operation] for scopes in (NEEDED, (), None))

    if capability.mode == "refused":
        assert everything["status"] == nothing["status"] == unread["status"] == "refused"
        assert everything["reason"] == capability.reason != ""
        return
    assert everything["status"] == "allowed"
    assert everything["permissions"] == list(capability.permissions)
    if not capability.permissions:
        assert nothing["status"] == unread["status"] == "allowed"
        return
    assert (nothing["status"], nothing["permissions"]) == ("missing", list(capability.permissions))
    assert (unread["status"], unread["permissions"]) == ("unknown", list(capability.permissions))
    for lacking in capability.permissions:
        one = states([name for name in NEEDED if name != lacking])[operation]
        assert (one["status"], one["permissions"]) == ("missing", [lacking])


@given(st.sets(st.sampled_from([*NEEDED, "somethingElseRead"])))
def test_any_set_of_permissions_allows_exactly_what_it_covers(scopes: set[str]) -> None:
    for operation, told in states(sorted(scopes)).items():
        capability = CELLS[operation]
        if capability.mode == "refused":
            assert told["status"] == "refused"
            continue
        lacking = [name for name in capability.permissions if name not in scopes]
        assert told["status"] == ("missing" if lacking else "allowed")
        assert told["permissions"] == (lacking or list(capability.permissions))
        assert missing_permissions(capability, sorted(scopes)) == lacking


def test_what_only_some_calls_need_is_not_demanded_of_all() -> None:
    capability = Capability("native", ("a",), sometimes=("b",))

    assert missing_permissions(capability, ("a",)) == []
    assert missing_permissions(capability, ("b",)) == ["a"]
    assert missing_permissions(capability, None) == []


def test_what_was_granted_is_told_apart_from_what_ashby_allows() -> None:
    granted = {operation for operation, told in states(()).items() if told["granted"]}

    assert granted == set(GRANTED)


@pytest.mark.parametrize("scopes", [None, (), ("candidatesRead",)])
def test_the_answer_says_where_to_tick_and_what_stays_hidden(scopes: Sequence[str] | None) -> None:
    told = described(scopes)

    assert told["scopes"] == (None if scopes is None else list(scopes))
    assert (told["object"], told["connectorId"], told["ownerId"]) == ("connectionPermissions", "ashby", "acme")
    assert "API Keys" in told["hint"]
    assert [one["code"] for one in told["warnings"]] == ["CONNECTOR::PERMISSIONS::HIDDEN"] * 2
    assert "confidential jobs" in told["warnings"][0]["message"]
    assert "rivate fields" in told["warnings"][1]["message"]
