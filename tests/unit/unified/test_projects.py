"""How soon a key that was made or ended is so in a function that knew the project before, and what guessing costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from unified import table as t
from unified.grants import FULL
from unified.projects import CACHE_SECONDS, RECHECK_SECONDS, ProjectStore
from unified.secret import Secret, fingerprint

NOW = 1_000_000_000.0


class Table:
    """A project's partition, and how often it was read."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {"PROJECT": {"projectId": "prj_1", "name": "Test"}}
        self.reads = 0

    def query(self, pk: str, _prefix: str = "", _only: Sequence[str] = ()) -> list[dict[str, Any]]:
        self.reads += 1
        return [{"sk": sk, **item} for sk, item in self.items.items()] if pk == "KEY#pk_1" else []

    def add(self, secret: str) -> None:
        item = {"secretId": secret, "fingerprint": fingerprint(secret), "grant": None}
        self.items[f"SECRET#{secret}"] = item

    def revoke(self, secret: str) -> None:
        self.items[f"SECRET#{secret}"]["revokedAt"] = "2026-01-01T00:00:00.000Z"


class World:
    """A function that stays warm, and a table that others change."""

    def __init__(self) -> None:
        self.now = NOW
        self.table = Table()
        self.store = ProjectStore(cast(t.Table, self.table), clock=lambda: self.now)

    def takes(self, secret: str, public_key: str = "pk_1") -> bool:
        found = self.store.check(public_key, Secret(secret))
        assert found is None or (found[0].id, found[1].id, found[1].grant) == ("prj_1", secret, FULL)
        return found is not None


@pytest.fixture
def world() -> World:
    made = World()
    made.table.add("sk_old")
    return made


def test_a_right_key_costs_one_read_in_the_time_that_it_is_remembered(world: World) -> None:
    for second in range(CACHE_SECONDS):
        world.now = NOW + second
        assert world.takes("sk_old")

    assert world.table.reads == 1
    world.now = NOW + CACHE_SECONDS
    assert world.takes("sk_old")
    assert world.table.reads == 2


def test_after_a_rotation_without_overlap_the_new_key_serves_at_once_and_the_old_no_more(world: World) -> None:
    assert world.takes("sk_old")
    world.now += RECHECK_SECONDS
    world.table.add("sk_new")
    world.table.revoke("sk_old")

    assert world.takes("sk_new")
    assert not world.takes("sk_old")


@pytest.mark.parametrize("known", [True, False], ids=["a project", "none"])
def test_who_tries_wrong_keys_causes_a_read_in_some_seconds_and_no_more(world: World, known: bool) -> None:
    public_key = "pk_1" if known else "pk_none"
    for tenth in range(600):
        world.now = NOW + tenth / 10
        assert not world.takes(f"sk_wrong_{tenth}", public_key)

    assert world.table.reads <= 60 / RECHECK_SECONDS + 1


def test_a_key_made_just_after_a_wrong_one_was_tried_serves_within_some_seconds(world: World) -> None:
    assert not world.takes("sk_new")
    world.table.add("sk_new")

    assert not world.takes("sk_new")
    world.now += RECHECK_SECONDS
    assert world.takes("sk_new")


def test_a_project_made_just_after_it_was_asked_for_is_found(world: World) -> None:
    project = world.table.items.pop("PROJECT")
    assert not world.takes("sk_old")
    world.table.items["PROJECT"] = project
    world.now += RECHECK_SECONDS

    assert world.takes("sk_old")


def test_a_revoked_key_ends_in_time_though_the_clock_was_set_back(world: World) -> None:
    assert world.takes("sk_old")
    world.table.revoke("sk_old")
    world.now -= 3600

    assert not world.takes("sk_old")


def test_a_wrong_key_does_not_make_a_right_one_last_longer(world: World) -> None:
    assert world.takes("sk_old")
    world.table.revoke("sk_old")
    world.now += CACHE_SECONDS - 1
    assert not world.takes("sk_wrong")

    assert not world.takes("sk_old")
