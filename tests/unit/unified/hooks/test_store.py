"""A hook's spelling in the table, and which of its secrets serve when."""

from __future__ import annotations

import os
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.connections.records import Reference
from unified.connections.vault import Context, Vault
from unified.connections.watch import Watch
from unified.errors import VaultFailure
from unified.hooks.store import OVERLAP_SECONDS, Hook, Hooks
from unified.secret import Secret
from unified.table import Key, Table

WATCH = Watch(Reference("p", "ashby", "acme"), "g1", "pk")
NOW = 1_000_000_000


class _Keys:
    def __init__(self) -> None:
        self.wrapped: dict[bytes, tuple[Context, bytes]] = {}

    def generate(self, context: Context) -> tuple[str, bytes, bytes]:
        wrapped, plain = os.urandom(8), os.urandom(32)
        self.wrapped[wrapped] = (context, plain)
        return "key", wrapped, plain

    def unwrap(self, context: Context, wrapped_key: bytes) -> bytes:
        bound, plain = self.wrapped[wrapped_key]
        if bound != context:
            raise VaultFailure("another context")
        return plain

    def rewrap(self, context: Context, wrapped_key: bytes) -> tuple[str, bytes]:
        raise NotImplementedError


class _Table:
    def __init__(self) -> None:
        self.items: dict[Key, dict[str, Any]] = {}

    def get(self, key: Key) -> dict[str, Any] | None:
        return self.items.get(key)

    def put(self, key: Key, item: dict[str, Any], _condition: Any = None) -> None:
        self.items[key] = {name: value for name, value in item.items() if value is not None}


def _hooks(clock: list[float]) -> Hooks:
    return Hooks(cast(Table, _Table()), Vault(_Keys()), clock=lambda: clock[0])


def test_a_hooks_id_cannot_be_guessed_and_goes_into_an_address() -> None:
    hook = _hooks([NOW]).create(WATCH)
    other = _hooks([NOW]).create(WATCH)

    assert hook.id != other.id
    assert len(hook.id) >= 43
    assert hook.id.replace("_", "").replace("-", "").isalnum()


@given(st.lists(st.integers(1, 2 * OVERLAP_SECONDS), max_size=6))
def test_of_all_secrets_ever_made_the_newest_serves_and_older_ones_for_a_day(waits: list[int]) -> None:
    clock = [float(NOW)]
    hooks = _hooks(clock)
    hook = hooks.create(WATCH)
    made: list[tuple[float, Secret]] = [(clock[0], hooks.secrets(hook)[0])]
    replaced: list[float] = []
    for wait in waits:
        clock[0] += wait
        hook = hooks.rotate(hook)
        replaced.append(clock[0])
        made.append((clock[0], hooks.secrets(hook)[0]))

    serving = hooks.secrets(hook)
    recent = [secret for (_, secret), at in zip(made, replaced, strict=False) if clock[0] < at + OVERLAP_SECONDS]
    assert serving[0] == made[-1][1]
    assert list(serving[1:]) == recent[::-1][:2]
    assert hook.version == len(waits) + 1


def test_a_hook_is_read_as_it_was_written() -> None:
    hooks = _hooks([NOW])
    hook = hooks.rotate(hooks.create(WATCH))

    assert hooks.get(hook.id) == hook


@pytest.mark.parametrize("ends_at", [NOW, NOW - 1])
def test_a_hook_whose_time_is_over_is_none(ends_at: int) -> None:
    table = _Table()
    hooks = Hooks(cast(Table, table), Vault(_Keys()), clock=lambda: NOW)
    hook = hooks.create(WATCH)
    key = Key(f"HOOK#{hook.id}", "HOOK")
    table.put(key, {**table.items[key], "ttl": ends_at})

    assert hooks.get(hook.id) is None
    assert hooks.read(hook.id) is None


def test_a_secret_of_another_connection_does_not_open() -> None:
    hooks = _hooks([NOW])
    hook = hooks.create(WATCH)
    moved = Hook(hook.id, WATCH._replace(reference=Reference("p", "ashby", "globex")), hook.keys, hook.created_at)

    with pytest.raises(VaultFailure):
        hooks.secrets(moved)
