"""Addresses and secrets of webhooks: replaced without losing one, and gone with their connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from tests.integration.hooks_support import ACTIONS, World, hooked, posted, signed, webhook
from tests.integration.stack import Stack
from unified import aws
from unified.connections.watch import Watch
from unified.hooks import ingest
from unified.hooks.settings import remove_all, rotate
from unified.hooks.store import OVERLAP_SECONDS, Hook, Hooks, hooks
from unified.secret import Secret
from unified.settings import settings
from unified.table import ConditionFailed, table


@pytest.fixture
def world(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a deployment that takes webhooks in."""
    with hooked(stack, monkeypatch) as made:
        yield made


def _made(world: World, owner: str = "acme") -> tuple[str, Secret]:
    hook = hooks().create(world.watch(owner))
    return hook.id, hooks().secrets(hook)[0]


def test_a_secret_that_was_just_made_serves_at_once_and_the_one_before_for_a_day(world: World) -> None:
    hook = hooks().create(world.watch())
    (old,) = hooks().secrets(hook)
    body = webhook()
    assert world.take(posted(hook.id, body, signed(old, body))).status == 200

    rotated = hooks().rotate(hook)
    new = hooks().secrets(rotated)[0]

    assert new != old
    assert world.take(posted(hook.id, body, signed(new, body))).status == 200
    assert world.take(posted(hook.id, body, signed(old, body))).status == 200
    later = Hooks(hooks()._table, hooks()._vault, clock=lambda: time.time() + OVERLAP_SECONDS + 60)
    world.patch.setattr(ingest, "hooks", lambda: later)
    assert world.take(posted(hook.id, body, signed(old, body))).status == 400
    assert world.take(posted(hook.id, body, signed(new, body))).status == 200


def test_an_address_that_was_replaced_serves_for_a_day(world: World) -> None:
    hook_id, secret = _made(world)
    body = webhook()
    hook = hooks().get(hook_id)
    assert isinstance(hook, Hook)
    hooks().end(hook)
    world.forget()

    assert world.take(posted(hook_id, body, signed(secret, body))).status == 200
    later = Hooks(hooks()._table, hooks()._vault, clock=lambda: time.time() + OVERLAP_SECONDS + 60)
    world.patch.setattr(ingest, "hooks", lambda: later)
    assert world.take(posted(hook_id, body, signed(secret, body))).status == 400


def test_a_secret_is_sealed_and_opens_for_its_own_connection_alone(world: World) -> None:
    hook_id, secret = _made(world)
    other_id, _ = _made(world, "globex")
    items = world.stack.items()

    assert secret.reveal() not in json.dumps([repr(item) for item in items.values()])
    moved = {**items[(f"HOOK#{hook_id}", "HOOK")], "pk": {"S": f"HOOK#{other_id}"}, "owner": {"S": "globex"}}
    aws.client("dynamodb").put_item(TableName="unified-test", Item=moved)
    world.forget()
    body = webhook()
    assert world.take(posted(other_id, body, signed(secret, body))).status == 503


# Secrets and addresses


def test_a_new_secret_reaches_the_settings_and_no_webhook_is_lost_meanwhile(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    old = hooks().secrets(world.hook(watch))[0]

    url, new = rotate(watch, settings().public_url)

    assert url == world.address(watch)
    assert new != old
    assert world.state(watch)["hookMode"] == "managed"
    assert [world.send(watch, secret) for secret in (old, new)] == [200, 200]
    assert world.prepare(watch).actions == ACTIONS
    world.are_in_place(watch)
    assert set(world.answers) == {200}


def test_a_new_address_reaches_the_settings_and_the_old_one_serves_on(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    old, secret = world.address(watch), hooks().secrets(world.hook(watch))[0]
    ids = {setting["id"] for setting in world.webhooks()}

    url, new = rotate(watch, settings().public_url, new_address=True)

    assert url == world.address(watch) != old
    assert new != secret
    assert world.send(watch, secret, old) == 200
    assert world.prepare(watch).actions == ACTIONS
    world.are_in_place(watch)
    assert {setting["id"] for setting in world.webhooks()} == ids


def test_a_person_is_given_address_and_secret(world: World) -> None:
    watch = world.watch()
    key = world.key("apiKeysWrite")
    world.prepare(watch, key=key)

    url, secret = rotate(watch, settings().public_url)

    assert url == world.address(watch)
    assert world.send(watch, secret) == 200
    assert world.state(watch)["hookMode"] == "manual"
    assert world.prepare(watch, key=key).mode == "manual"
    assert hooks().secrets(world.hook(watch))[0] == secret


def test_a_person_may_ask_before_anything_was_prepared(world: World) -> None:
    watch = world.watch()

    url, secret = rotate(watch, settings().public_url)

    assert url == world.address(watch)
    assert world.send(watch, secret) == 200


def test_two_who_rotate_at_once_do_not_undo_each_other(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    hook = world.hook(watch)
    hooks().rotate(hook)

    with pytest.raises(ConditionFailed):
        hooks().rotate(hook)


def test_of_two_who_prepare_at_once_both_use_one_hook(world: World) -> None:
    watch = world.watch()
    real = hooks().create
    others: list[Any] = []

    def create(of: Watch) -> Any:
        hook = real(of)
        if not others:
            others.append(real(of))
            table().update(of.sync_key("STATE"), {"hookId": others[0].id})
        return hook

    world.patch.setattr(hooks(), "create", create)
    report = world.prepare(watch)

    assert report.url == f"{world.url}/v1/hooks/ashby/{others[0].id}"
    assert len([pk for pk, _ in world.stack.items() if pk.startswith("HOOK#")]) == 1
    world.are_in_place(watch)


# Removal


def test_a_removed_connection_leaves_nothing_in_the_account(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    url, secret = world.address(watch), hooks().secrets(world.hook(watch))[0]

    assert remove_all(watch, world.session()) is True

    assert world.webhooks() == []
    assert world.settings_kept(watch) == {}
    assert not {"hookId", "hookMode", "hookUrl", "hookCheckedAt"} & set(world.state(watch))
    world.forget()
    assert world.send(watch, secret, url) == 410


@pytest.mark.parametrize("key", ["ashby_local_disabled", "ashby_local_noscopes", None])
def test_a_connection_is_removed_without_the_accounts_consent(world: World, key: str | None) -> None:
    watch = world.watch()
    world.prepare(watch)

    assert remove_all(watch, None if key is None else world.session(key)) is False

    assert len(world.webhooks()) == len(ACTIONS)
    assert world.settings_kept(watch) == {}
    assert "hookId" not in world.state(watch)
    assert world.stack.upstream("webhook.delete") <= (1 if key == "ashby_local_disabled" else len(ACTIONS))


def test_a_setting_whose_id_nobody_knows_is_not_called_removed(world: World) -> None:
    watch = world.watch()
    world.stack.sandbox.faults.add(Fault(endpoint="webhook.create", kind=FaultKind.DROP_AFTER, skip=2, times=1))
    world.prepare(watch)

    assert remove_all(watch, world.session()) is False


def test_what_was_never_watched_is_removed(world: World) -> None:
    assert remove_all(world.watch(), world.session()) is True
