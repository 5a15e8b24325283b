"""Endpoints as they are kept: secrets and their rotation, and what is noted of how an endpoint fares."""

from __future__ import annotations

import pytest

from tests.unit.unified.deliveries.conftest import PROJECT, World
from unified.deliveries.endpoints import FAILING_DAYS, MAX_SECRETS
from unified.errors import VaultFailure
from unified.table import endpoint_key


def test_a_secret_is_kept_sealed(world: World) -> None:
    endpoint, secret = world.store.create(PROJECT, {"url": "https://example.com/"})

    assert secret.reveal() not in str(world.table.get(endpoint_key(PROJECT, endpoint.id)))
    assert [one.reveal() for one in world.store.secrets(endpoint, world.clock.now)] == [secret.reveal()]


def test_secrets_of_another_project_do_not_open(world: World) -> None:
    endpoint = world.endpoint()

    with pytest.raises(VaultFailure):
        world.store.secrets(endpoint._replace(project="prj_2"), world.clock.now)


def test_of_two_rotations_at_once_one_is_refused(world: World) -> None:
    endpoint = world.endpoint()

    assert world.store.rotate(endpoint, 60, world.clock.now) is not None
    assert world.store.rotate(endpoint, 60, world.clock.now) is None


def test_a_rotation_without_overlap_ends_every_secret_of_before(world: World) -> None:
    endpoint = world.endpoint()
    for _ in range(MAX_SECRETS - 1):
        assert world.store.rotate(world.now(endpoint), 3600, world.clock.now) is not None
    assert len(world.store.secrets(world.now(endpoint), world.clock.now)) == MAX_SECRETS
    assert world.store.rotate(world.now(endpoint), 3600, world.clock.now) is None

    rotated = world.store.rotate(world.now(endpoint), 0, world.clock.now)

    assert rotated is not None
    assert world.store.secrets(rotated[0], world.clock.now) == [rotated[1]]


def test_a_later_rotation_ends_no_secret_later_than_was_said(world: World) -> None:
    endpoint = world.endpoint()
    (first,) = world.store.secrets(endpoint, world.clock.now)
    world.store.rotate(endpoint, 60, world.clock.now)
    rotated = world.store.rotate(world.now(endpoint), 3600, world.clock.now)
    assert rotated is not None

    assert first in world.store.secrets(rotated[0], world.clock.now + 59)
    assert first not in world.store.secrets(rotated[0], world.clock.now + 61)


def test_a_success_does_not_undo_what_happened_since_it_began(world: World) -> None:
    endpoint = world.endpoint()
    world.store.failed(endpoint, 1000, gone=False)
    seen = world.now(endpoint)
    world.store.failed(seen, 1000 + 86_400 * (FAILING_DAYS + 3), gone=False)

    world.store.succeeded(seen)

    assert world.now(endpoint).failing_since == 1000 + 86_400 * (FAILING_DAYS + 3)


def test_410_disables_whatever_else_was_noted_meanwhile(world: World) -> None:
    endpoint = world.endpoint()
    world.store.failed(endpoint, 1000, gone=False)

    assert world.store.failed(endpoint, 1001, gone=True) == "gone"
    assert world.store.failed(endpoint, 1002, gone=True) is None
    assert world.now(endpoint).status == "disabled"


@pytest.mark.parametrize("gone", [True, False])
def test_what_an_earlier_url_did_is_not_held_against_the_next(world: World, gone: bool) -> None:
    endpoint = world.endpoint()
    changed = world.store.change(PROJECT, endpoint.id, {"url": "https://example.org/"})

    assert world.store.failed(endpoint, 1000, gone=gone) is None
    assert world.now(endpoint) == changed


def test_a_failure_is_noted_once_an_hour_at_most(world: World) -> None:
    endpoint = world.endpoint()
    for now in (1000, 1001, 4599):
        world.store.failed(world.now(endpoint), now, gone=False)
    assert (world.now(endpoint).failing_since, world.now(endpoint).failed_at) == (1000, 1000)

    world.store.failed(world.now(endpoint), 4601, gone=False)
    assert (world.now(endpoint).failing_since, world.now(endpoint).failed_at) == (1000, 4601)
