"""Webhook settings in the account: made, checked, put right and removed, with the sandbox pinging our own function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from tests.integration.hooks_support import ACTIONS, MODELS, World, hooked
from tests.integration.stack import Stack
from unified import settings as our_settings
from unified.ashby.webhooks import AshbyHooks
from unified.connector_hooks import HookSetting
from unified.errors import RateLimited, Unauthorized
from unified.hooks import settings as hook_settings
from unified.hooks.settings import rotate
from unified.hooks.store import hooks
from unified.settings import settings

FORBIDDEN = "MORPH::CONNECTION::PROXY::FORBIDDEN"


@pytest.fixture
def world(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a deployment that takes webhooks in."""
    with hooked(stack, monkeypatch) as made:
        yield made


def test_settings_are_made_and_their_pings_are_verified(world: World) -> None:
    watch = world.watch()

    report = world.prepare(watch)

    assert report == hook_settings.Report("managed", world.address(watch), ACTIONS)
    assert world.answers == [200] * len(ACTIONS)
    world.are_in_place(watch)
    state = world.state(watch)
    assert (state["hookMode"], state["hookUrl"]) == ("managed", report.url)
    assert state["hookCheckedAt"].endswith("Z")
    assert world.messages() == []


def test_what_is_in_place_is_only_looked_at(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    before = (world.stack.upstream("webhook.create"), world.stack.upstream("webhook.update"))

    report = world.prepare(watch)

    assert report.actions == ACTIONS
    assert (world.stack.upstream("webhook.create"), world.stack.upstream("webhook.update")) == before
    assert world.stack.upstream("webhook.info") == len(ACTIONS)


def test_no_events_need_no_settings(world: World) -> None:
    watch = world.watch()

    report = world.prepare(watch, models=("genericUser",))

    assert (report.mode, report.actions, report.by_hand) == ("sweep", (), ())
    assert world.webhooks() == []


def test_what_only_a_person_can_set_up_is_named(world: World) -> None:
    report = world.prepare(world.watch(), models=("atsJob",))

    assert report.by_hand == ("jobCreate", "jobPostingDelete", "jobUpdate")
    assert "interviewPlanTransition" in report.actions


@pytest.mark.parametrize(
    "drift",
    [
        {"enabled": False},
        {"requestUrl": "https://elsewhere.example.com/hook"},
        {"requestUrl": "https://x.example/?n=2"},
    ],
    ids=["disabled", "address", "query"],
)
def test_a_setting_that_was_changed_by_hand_is_put_right(world: World, drift: dict[str, Any]) -> None:
    watch = world.watch()
    world.prepare(watch)
    organisation = world.stack.sandbox.organisation
    changed = world.webhooks()[3]
    organisation.save("webhook", {**changed, **drift})

    assert world.prepare(watch).actions == ACTIONS

    world.are_in_place(watch)
    assert changed["id"] in {setting["id"] for setting in world.webhooks()}


def test_a_setting_that_was_deleted_by_hand_is_made_again(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    gone = world.webhooks()[3]
    world.stack.sandbox.organisation.delete("webhook", gone["id"])

    assert world.prepare(watch).actions == ACTIONS

    world.are_in_place(watch)


def test_a_setting_that_goes_while_it_is_put_right_is_made_again(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    gone = world.webhooks()[3]
    real = AshbyHooks.read

    def stale(side: AshbyHooks, session: Any, action: str, setting_id: str) -> HookSetting | None:
        if setting_id == gone["id"]:
            world.stack.sandbox.organisation.delete("webhook", setting_id)
            return HookSetting(setting_id, action, "https://drifted.example.com", is_enabled=True)
        return real(side, session, action, setting_id)

    world.patch.setattr(AshbyHooks, "read", stale)
    assert world.prepare(watch).actions == ACTIONS

    assert len(world.webhooks()) == len(ACTIONS)
    assert gone["id"] not in {setting["id"] for setting in world.webhooks()}


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.MALFORMED])
def test_a_setting_whose_answer_was_lost_is_made_under_another_address(world: World, kind: FaultKind) -> None:
    watch = world.watch()
    world.stack.sandbox.faults.add(Fault(endpoint="webhook.create", kind=kind, skip=2, times=1))

    first = world.prepare(watch)
    second = world.prepare(watch)

    assert first.failed == {ACTIONS[2]: "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"}
    assert second.actions == ACTIONS
    twice = [setting["requestUrl"] for setting in world.webhooks() if setting["webhookType"] == ACTIONS[2]]
    assert sorted(twice) == [world.address(watch), f"{world.address(watch)}?n=2"]
    assert world.settings_kept(watch)[ACTIONS[2]]["url"] == f"{world.address(watch)}?n=2"
    assert world.prepare(watch).actions == ACTIONS
    assert len(world.webhooks()) == len(ACTIONS) + 1
    assert set(world.answers) == {200}


def test_a_crash_between_making_and_keeping_heals(world: World) -> None:
    watch = world.watch()
    real = hook_settings._Work._keep
    crashes = iter([True])

    def crash(work: Any, action: str, variant: int, setting: HookSetting) -> None:
        if action == ACTIONS[4] and next(crashes, False):
            raise RuntimeError("the function died")
        real(work, action, variant, setting)

    world.patch.setattr(hook_settings._Work, "_keep", crash)
    with pytest.raises(RuntimeError):
        world.prepare(watch)
    assert world.settings_kept(watch)[ACTIONS[4]]["state"] == "intended"

    assert world.prepare(watch).actions == ACTIONS

    assert len(world.webhooks()) == len(ACTIONS) + 1
    # What the lost one sends is signed with the same secret and therefore taken.
    secret = hooks().secrets(world.hook(watch))[0]
    assert {setting["secretToken"] for setting in world.webhooks()} == {secret.reveal()}


def test_an_address_that_does_not_answer_is_reported_and_tried_again(world: World) -> None:
    watch = world.watch()
    world.is_silent = True

    made, tried = world.prepare(watch), world.prepare(watch)
    world.is_silent = False
    healed = world.prepare(watch)

    assert made.mode == "sweep"
    assert made.failed == dict.fromkeys(ACTIONS, "disabled")
    assert set(tried.failed) == set(ACTIONS)
    assert (healed.mode, healed.actions) == ("managed", ACTIONS)
    world.are_in_place(watch)


def test_settings_that_nothing_needs_any_more_are_removed(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)

    report = world.prepare(watch, models=("atsOffer",))

    assert report.actions == ("candidateHire", "offerCreate", "offerDelete", "offerUpdate")
    assert sorted(setting["webhookType"] for setting in world.webhooks()) == list(report.actions)
    assert sorted(world.settings_kept(watch)) == list(report.actions)


# Permissions


def test_a_key_that_may_not_set_webhooks_up_leaves_it_to_sweeps(world: World) -> None:
    watch = world.watch()
    key = world.key("apiKeysWrite")

    report = world.prepare(watch, key=key, models=(*MODELS, "atsJob"))

    assert (report.mode, report.missing, report.actions) == ("sweep", ("apiKeysWrite",), ())
    assert set(ACTIONS) | {"jobCreate", "jobUpdate"} < set(report.by_hand)
    assert world.stack.upstream("webhook.create") == 1
    assert world.settings_kept(watch) == {}
    assert world.state(watch)["hookMode"] == "sweep"


def test_a_key_that_is_given_the_permission_later_sets_them_up(world: World) -> None:
    watch = world.watch()
    world.prepare(watch, key=world.key("apiKeysWrite"))

    assert world.prepare(watch, key=world.key()).actions == ACTIONS
    world.are_in_place(watch)


def test_a_key_that_loses_the_permission_keeps_what_is_in_place(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    gone = world.webhooks()[0]
    world.stack.sandbox.organisation.delete("webhook", gone["id"])

    report = world.prepare(watch, key=world.key("apiKeysWrite"))

    assert (report.mode, report.missing) == ("managed", ("apiKeysWrite",))
    assert report.failed == {gone["webhookType"]: FORBIDDEN}
    assert len(report.actions) == len(ACTIONS) - 1


def test_a_key_that_may_write_and_not_read_settings_manages_them_unseen(world: World) -> None:
    watch = world.watch()
    key = world.key("apiKeysRead")
    world.prepare(watch, key=key)

    report = world.prepare(watch, key=key)

    assert (report.mode, report.missing, report.actions) == ("managed", ("apiKeysRead",), ACTIONS)
    assert world.stack.upstream("webhook.create") == len(ACTIONS)
    rotate(watch, settings().public_url)
    assert world.prepare(watch, key=key).actions == ACTIONS
    world.are_in_place(watch)


def test_a_dead_key_is_told_and_changes_nothing(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    kept = world.settings_kept(watch)

    with pytest.raises(Unauthorized):
        world.prepare(watch, key="ashby_local_disabled")

    assert world.settings_kept(watch) == kept


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.DROP_BEFORE])
def test_an_ashby_that_fails_costs_one_action_and_one_try(world: World, kind: FaultKind) -> None:
    watch = world.watch()
    world.prepare(watch)
    world.stack.sandbox.faults.add(Fault(endpoint="webhook.info", kind=kind, times=3))

    report = world.prepare(watch)

    assert (report.mode, len(report.failed), len(report.actions)) == ("managed", 1, len(ACTIONS) - 1)
    assert world.prepare(watch).actions == ACTIONS
    world.are_in_place(watch)


def test_a_throttled_account_is_left_alone(world: World) -> None:
    watch = world.watch()
    world.prepare(watch)
    calls = world.stack.upstream("webhook.info")
    world.stack.sandbox.faults.add(Fault(endpoint="webhook.info", kind=FaultKind.STATUS, status=429))

    with pytest.raises(RateLimited):
        world.prepare(watch)

    assert world.stack.upstream("webhook.info") <= calls + 3
    assert sorted(world.settings_kept(watch)) == list(ACTIONS)


def test_without_an_address_of_our_own_nothing_is_set_up(world: World) -> None:
    watch = world.watch()
    world.patch.setenv("PUBLIC_URL", "")
    our_settings.settings.cache_clear()

    report = world.prepare(watch)

    assert (report.mode, report.url, report.actions) == ("sweep", None, ())
    assert world.webhooks() == []
