"""A connection that is removed while something is at work on it: nothing is invented, nothing is left, anywhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from local.event_sources import sqs_event
from unified import aws
from unified import table as t
from unified.ashby.webhooks import AshbyHooks
from unified.connections.records import Reference
from unified.connections.vault import vault
from unified.connections.watch import QUIET_SECONDS, Watch
from unified.deadline import Deadline
from unified.events.bodies import Bodies
from unified.ledger.registry import Desk
from unified.ledger.subject import Subject
from unified.ledger.sweep import _PAGES_AHEAD
from unified.ledger.worker import worker

from .stack import Stack
from .watched_support import KEY, Watched, watching

CONTACTS, WORKSPACE = "genericContact::*", "genericWorkspace::*"
# Webhook settings are looked at again, and a full sweep is due.
_HOOK_HOURS = 25


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment that watches nothing yet."""
    with watching(stack) as made:
        yield made


def watch_of(watched: Watched, owner: str = "acme") -> Watch:
    """Return a connection as the queues name it."""
    place = Reference(watched.stack.project_id, "ashby", owner)
    item = t.table().get(t.connection_key(*place))
    assert item is not None
    return Watch(place, item["generation"], watched.stack.public_key)


def purge(watch: Watch, seconds: float = 200) -> None:
    """Do what the purge task does, as another environment of sweep does it."""
    worker().work({"task": "purge", "watch": watch.to_message()}, Deadline(seconds))


def left(watched: Watched) -> dict[str, list[str]]:
    """Return what is still kept to watch connections: sort keys by kind of partition."""
    found: dict[str, list[str]] = {}
    for pk, sk in watched.stack.items():
        if (kind := pk.partition("#")[0]) in {"LEDGER", "SYNC", "SWEEP"}:
            found.setdefault(kind, []).append(sk)
    return found


@contextmanager
def before(owner: type, name: str, work: Callable[[], None], *, skip: int = 0) -> Generator[None]:
    """Have something done just before a method's work, once, at the call after ``skip`` others."""
    original, calls = getattr(owner, name), iter(range(1000))

    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls) == skip:
            work()
        return original(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call)
        yield


def removal(watched: Watched, path: str) -> Callable[[], None]:
    """Return what disconnects an account and purges it at once, in another environment of sweep."""
    message = {
        "MessageId": "1",
        "ReceiptHandle": "1",
        "MD5OfBody": "",
        "Attributes": {},
        "Body": json.dumps({"task": "purge", "watch": watch_of(watched).to_message()}),
    }

    def remove() -> None:
        assert watched.stack.call("DELETE", path).status == 204
        done = watched.stack.handlers["sweep"](sqs_event([message], "arn:aws:sqs:::sweep"), lambda_context())
        assert done == {"batchItemFailures": []}

    return remove


@contextmanager
def at_call(number: int, work: Callable[[], None]) -> Generator[None]:
    """Have something done just before a function's call to the table, counted in its main thread; else at the end."""
    client: Any = aws.client("dynamodb")
    make, calls = client._make_api_call, iter(range(1, 10_000))
    is_done = False

    def call(operation: str, given: Any) -> Any:
        nonlocal is_done
        if threading.current_thread() is threading.main_thread() and not is_done and next(calls) == number:
            is_done = True
            work()
        return make(operation, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_make_api_call", call)
        yield
    if not is_done:
        work()


def lambda_context() -> Any:
    """Return what a handler asks of Lambda's context."""
    return SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)


# A sweep under way


@pytest.mark.parametrize("thin", [True, False])
def test_a_sweep_under_way_tells_of_nothing_that_did_not_happen(watched: Watched, thin: bool) -> None:
    assert watched.stack.call("PATCH", "/v1/event-settings", body={"thin": thin}).status == 200
    path = watched.watch(CONTACTS)
    remove = removal(watched, path)

    with pytest.MonkeyPatch.context() as patch, before(Subject, "take_page", remove):
        patch.setattr("unified.ledger.sweep.PAGE", 3)
        watched.sweep(path, full=True)

    assert watched.names() == []
    watched.later(QUIET_SECONDS)
    assert watched.names() == []
    assert left(watched) == {}


def test_it_ends_at_its_next_note(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    remove = removal(watched, path)
    calls = watched.stack.upstream("candidate.list")

    with pytest.MonkeyPatch.context() as patch, before(Subject, "take_page", remove):
        patch.setattr("unified.ledger.sweep.PAGE", 3)
        patch.setattr("unified.ledger.sweep._PAGES_A_NOTE", 2)
        watched.sweep(path, full=True)

    # Two pages before the note, those that wait and the one that is being read; ten pages there are.
    assert watched.stack.upstream("candidate.list") <= calls + 2 + _PAGES_AHEAD + 1


def test_what_changes_then_is_told_as_a_reference_if_at_all(watched: Watched) -> None:
    """The body's key went, and nobody makes another."""
    assert watched.stack.call("PATCH", "/v1/event-settings", body={"thin": False}).status == 200
    path = watched.watch(CONTACTS)
    watch = watch_of(watched)
    organisation = watched.stack.sandbox.organisation
    candidate = next(iter(organisation.candidates))

    def remove() -> None:
        removal(watched, path)()
        organisation.save("candidate", {**candidate, "name": "Somebody Else"})

    with before(Subject, "take_page", remove):
        watched.sweep(path, full=True)

    assert all(event["data"]["object"] == "resourceRef" for event in watched.events())
    assert "wrappedKey" not in (t.table().get(watch.sync_key("KEY")) or {})
    watched.later(QUIET_SECONDS)
    assert left(watched) == {}


def test_a_removed_workspace_is_told_once_the_sweep_must_be_over(watched: Watched) -> None:
    """Told before, the sweep could find it again."""
    path = watched.watch(WORKSPACE)
    remove = removal(watched, path)

    with before(Subject, "take_page", remove):
        watched.sweep(path, full=True)

    assert watched.names() == ["genericWorkspace::created"]
    watched.later(QUIET_SECONDS)
    assert watched.names() == ["genericWorkspace::created", "genericWorkspace::deleted"]
    assert left(watched) == {}


def test_where_nothing_is_at_work_it_is_told_at_once_and_once(watched: Watched) -> None:
    path = watched.watch(WORKSPACE)

    assert watched.stack.call("DELETE", path).status == 204
    watched.pump.run()

    told = ["genericWorkspace::created", "genericWorkspace::deleted"]
    assert watched.names() == told
    watched.later(QUIET_SECONDS)
    assert watched.names() == told


def test_a_webhook_that_is_being_looked_into_makes_nothing_new(watched: Watched) -> None:
    """Between the reading of its entry and the write it finds that entry as it was."""
    path = watched.watch("atsApplication::*")
    remove = removal(watched, path)
    watched.move(watched.application(), "Offer")
    watched.post.deliver()

    with before(Subject, "seen", remove):
        watched.pump.queue("hint")

    assert watched.names() in ([], ["atsApplication::updated"])
    watched.later(QUIET_SECONDS)
    assert left(watched) == {}


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("number", range(1, 80, 9))
def test_whenever_it_is_removed(watched: Watched, number: int, is_first: bool) -> None:
    """Whatever a sweep asks of the table next, from its first look at the connection to its last note."""
    assert watched.stack.call("PATCH", "/v1/event-settings", body={"thin": False}).status == 200
    path = watched.stack.connect("acme", key=KEY)
    wanted = [CONTACTS, WORKSPACE, "atsApplication::*"]
    assert watched.stack.call("PATCH", path, body={"events": wanted}).status == 200
    if not is_first:
        watched.later()
        watched.clock.advance(_HOOK_HOURS * 3600)
    with at_call(number, removal(watched, path)):
        watched.later()

    watched.later(QUIET_SECONDS)

    told = ["genericWorkspace::created", "genericWorkspace::deleted"]
    assert watched.names() in ([], told)
    assert all(event["data"]["object"] == "resourceRef" for event in watched.events())
    assert left(watched) == {}
    assert list(watched.stack.sandbox.organisation.webhooks) == []


# The purge


def test_nothing_is_deleted_while_somebody_may_be_at_work(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    before_it = len(left(watched)["LEDGER"])

    assert watched.stack.call("DELETE", path).status == 204
    watched.later(QUIET_SECONDS - 10)

    assert len(left(watched)["LEDGER"]) == before_it > 0
    watched.later(60)
    assert left(watched) == {}


def test_two_purges_do_not_work_beside_each_other(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    watch = watch_of(watched)
    assert watched.stack.call("DELETE", path).status == 204
    watched.clock.advance(QUIET_SECONDS)
    kept = left(watched)
    other = Desk(t.table(), watch)
    assert other.take(watched.clock()) is not None

    purge(watch)
    assert left(watched) == kept

    other.release()
    purge(watch)
    assert left(watched) == {}


def test_a_purge_under_way_is_not_sent_again_each_minute(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    assert watched.stack.call("DELETE", path).status == 204
    watched.pump.run()
    watched.clock.advance(QUIET_SECONDS)

    assert worker().tick() == 1
    watched.clock.advance(60)
    assert worker().tick() == 0


def test_a_purge_that_is_out_of_time_goes_on(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    watch = watch_of(watched)
    assert watched.stack.call("DELETE", path).status == 204
    watched.clock.advance(QUIET_SECONDS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unified.ledger.purge._WRITES", 10)
        purge(watch, seconds=0)
        some = len(left(watched)["LEDGER"])
        purge(watch, seconds=0)
        assert 0 < len(left(watched)["LEDGER"]) < some

    watched.pump.run()
    assert left(watched) == {}


def test_a_removal_that_comes_to_nothing_holds_sweeps_up_for_some_minutes_only(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    Desk(t.table(), watch_of(watched)).close(watched.clock())
    watched.remove("candidate", 1)

    watched.sweep(path, full=True)
    assert watched.names() == []

    watched.later(QUIET_SECONDS)
    watched.sweep(path, full=True)
    assert watched.names() == ["genericContact::deleted"]


# Webhooks being set up


@pytest.mark.parametrize("made", range(4))
def test_webhooks_that_are_being_set_up_do_not_stay_in_the_account(watched: Watched, made: int) -> None:
    path = watched.stack.connect("acme", key=KEY)
    assert watched.stack.call("PATCH", path, body={"events": ["atsApplication::*"]}).status == 200
    remove = removal(watched, path)

    with before(AshbyHooks, "create", remove, skip=made):
        watched.later()

    assert list(watched.stack.sandbox.organisation.webhooks) == []
    watched.later(QUIET_SECONDS)
    assert left(watched) == {}
    hooks = [item for (pk, _), item in watched.stack.items().items() if pk.startswith("HOOK#")]
    assert hooks
    assert all("removed" in hook for hook in hooks)


def test_nor_one_that_is_being_put_right(watched: Watched) -> None:
    path = watched.watch("atsApplication::*")
    organisation = watched.stack.sandbox.organisation
    for webhook in list(organisation.webhooks):
        organisation.save("webhook", {**webhook, "enabled": False})
    remove = removal(watched, path)
    watched.clock.advance(7 * 3600)

    with before(AshbyHooks, "repair", remove, skip=1):
        watched.later()

    assert list(organisation.webhooks) == []
    watched.later(QUIET_SECONDS)
    assert left(watched) == {}


# Keys of bodies


def test_no_key_is_made_for_a_connection_that_is_gone(watched: Watched) -> None:
    path = watched.watch(CONTACTS)
    watch = watch_of(watched)
    bodies = Bodies(t.table(), vault())
    assert watched.stack.call("DELETE", path).status == 204

    assert bodies.seal(watch, {"object": "resource"}) is None
    assert "wrappedKey" not in (t.table().get(watch.sync_key("KEY")) or {})
