"""Thousands of random changes while everything fails: in the end the receiver knows what the account holds.

``CHAOS_CHANGES`` and ``CHAOS_SEED`` choose how many changes, and which; the seed is printed.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sandbox.webhooks import Chaos
from unified.ashby.client import AshbySession
from unified.connections.watch import QUIET_SECONDS
from unified.connector import Credential
from unified.deadline import Deadline
from unified.events.records import Event
from unified.secret import Secret
from unified.table.values import decode_item

from .chaos_changes import Changes
from .chaos_history import GONE, History, Place, is_told_in_order
from .chaos_support import ChaosPump, Clock, Faults, PostOffice, Receiver, served, told
from .hooks_support import hooked
from .stack import Stack

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
CHANGES = int(os.environ.get("CHAOS_CHANGES") or 5000)
KEY = "ashby_local_full"
_BATCH = 25
_CALM = 30
# Most of what invokes sweep is a tick, which is over before it can die of anything.
_DEADLY = {"observe": 0.15, "sweep": 0.4, "deliver": 0.12, "webhook_ingest": 0.08}
_FAILING = {"sqs": 0.05, "dynamodb": 0.001, "kms": 0.01, "events": 0.02, "scheduler": 0.02, "ashby": 0.02}
# Set up by a person, since Ashby's API takes no setting for them.
_BY_HAND = ("jobCreate", "jobUpdate")
# So many changes that every function must have died at some time.
_ENOUGH = 2000
_OUTAGE_SECONDS = 4 * 3600


@dataclass
class Account:
    """A watched account and all that happens to it."""

    stack: Stack
    clock: Clock
    faults: Faults
    pump: ChaosPump
    post: PostOffice
    receiver: Receiver
    history: History
    changes: Changes
    lots: random.Random
    path: str

    def pass_time(self, seconds: float, rounds: int) -> None:
        """Let time pass; what is due then is moved on a little."""
        self.clock.advance(seconds)
        self.post.deliver()
        self.pump.tick()
        self.pump.schedules()
        for _ in range(rounds):
            if not self.pump.round():
                return

    def settle(self) -> None:
        """Let nothing fail any more, and time pass until nothing is under way."""
        self.faults.is_on = self.receiver.is_failing = self.post.is_out = False
        for _ in range(400):
            self.pass_time(self.lots.uniform(10, 400), 1000)
            if not self.post.pending and not self.pump.waiting():
                return
        raise AssertionError(f"seed {SEED}: it does not come to rest")

    def sweep(self, **asked: Any) -> None:
        """Have everything looked through and told of."""
        self.clock.advance(10)
        assert self.stack.call("POST", f"{self.path}/sync", body=asked).status == 200
        self.settle()
        progress = self.stack.call("GET", f"{self.path}/sync").json["models"]
        assert len(progress) == 10
        assert not [one for one in progress if one["running"] or one["held"]], f"seed {SEED}"

    def listed(self) -> dict[Place, str]:
        """Read the account by its API."""
        session = AshbySession(self.stack.sandbox_url, Credential("apiKey", Secret(KEY)), Deadline(60))
        return self.history.listed(session)


@pytest.fixture
def account(stack: Stack) -> Iterator[Account]:
    """Return an account watched by a project that has all events delivered, whole, in simulated time."""
    lots = random.Random(SEED)
    clock, receiver = Clock(), Receiver(random.Random(SEED + 1))
    with pytest.MonkeyPatch.context() as patch, served(receiver) as url, hooked(stack, patch):
        clock.rule(patch)
        patch.setattr(stack.sandbox, "config", replace(stack.sandbox.config, clock=clock))
        stack.sandbox.reset(candidates=20)
        sandbox = stack.sandbox
        principal = sandbox.keys.find(KEY)
        assert principal is not None
        faults = Faults(lots, _DEADLY, _FAILING)
        faults.befall(patch)
        pump = ChaosPump(stack, faults, clock)
        post = PostOffice(sandbox.organisation.webhooks.get, clock, pump.ingest)
        sandbox.webhooks.courier = post
        history = History(sandbox.organisation, principal.principal)
        made = stack.call("POST", "/v1/webhook-endpoints", body={"url": url, "events": ["*"]})
        receiver.secret = made.json["secret"]
        chosen = {"thin": False, "backfill": True, "sweepMinutes": 5, "fullSweepHours": 1}
        assert stack.call("PATCH", "/v1/event-settings", body=chosen).status == 200
        path = stack.connect("acme", key=KEY)
        assert stack.call("PATCH", path, body={"events": ["*"]}).status == 200
        found = Account(stack, clock, faults, pump, post, receiver, history, Changes(sandbox, lots), lots, path)
        found.settle()
        first = next(iter(sandbox.organisation.webhooks))
        for action in _BY_HAND:
            identity = sandbox.organisation.new_identifier("webhook")
            sandbox.organisation.save("webhook", {**first, "id": identity, "webhookType": action})
        yield found
        sandbox.webhooks.close()


def test_the_receiver_ends_with_what_the_account_holds(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    told_at_first = len(account.receiver.events)
    say(capsys, f"{CHANGES} changes, {told_at_first} records at first")

    storm(account)
    say(capsys, f"outage: {account.post.states}")
    account.settle()
    account.sweep(accept=True)

    made = sum(len(contents) for contents in account.history.contents.values()) - told_at_first
    say(
        capsys,
        f"{dict(sorted(account.changes.made.items()))}, {made} contents, "
        f"{len(account.receiver.events) - told_at_first} events, {account.receiver.got.total()} deliveries, "
        f"webhooks {dict(account.post.states)}, invoked {dict(account.pump.invoked)}, "
        f"faults {dict(sorted(account.faults.counts.items()))}, receiver {dict(account.receiver.counts)}",
    )
    check_state(account)
    check_events(account)
    check_calm(account)
    check_removal(account)
    if CHANGES >= _ENOUGH:
        assert {f"{function} killed" for function in account.faults.LENGTHS} <= account.faults.counts.keys()


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print on the terminal whatever becomes of the test."""
    with capsys.disabled():
        sys.stderr.write(f"\nchaos, seed {SEED}: {text}\n")


def storm(account: Account) -> None:
    """Make all changes while everything fails, and for four hours nothing comes in."""
    lots = account.lots
    account.faults.is_on = account.receiver.is_failing = True
    account.stack.sandbox.webhooks.disturb(Chaos(double=0.2, drop=0.2, shuffle=300_000, delay=2000, seed=SEED))
    outage = CHANGES * 2 // 5
    passed = 0.0
    while account.changes.made.total() < CHANGES:
        account.changes.make(min(_BATCH, CHANGES - account.changes.made.total()), quiet=lots.random() < 0.15)
        account.post.is_out = account.changes.made.total() >= outage and passed < _OUTAGE_SECONDS
        seconds = lots.uniform(600, 1500) if account.post.is_out else lots.uniform(5, 120)
        passed += seconds if account.post.is_out else 0
        if lots.random() < 0.1:
            account.stack.call("POST", f"{account.path}/sync", body={"full": lots.random() < 0.3})
        account.pass_time(seconds, lots.randint(0, 12))
    assert passed >= _OUTAGE_SECONDS
    account.stack.sandbox.webhooks.disturb(Chaos())


def check_state(account: Account) -> None:
    """Check that the receiver's last word on every record is what the account holds."""
    listed = account.listed()
    assert listed == account.history.now(), f"seed {SEED}: the test has lost track"
    known = {place: told(event) for place, event in account.receiver.latest.items()}
    here = {place: content for place, content in known.items() if content is not None}
    wrong = {place for place in listed.keys() | here.keys() if listed.get(place) != here.get(place)}
    assert not wrong, f"seed {SEED}: {sorted(wrong)}"


def check_events(account: Account) -> None:
    """Check that events are what was made, delivered, numbered, and of contents that there were, in their order."""
    receiver = account.receiver
    kept = [
        Event.from_item(decode_item(item) or {})
        for (pk, _), item in account.stack.items().items()
        if pk.startswith("EVENT#")
    ]
    assert {event.id for event in kept} == set(receiver.events), f"seed {SEED}"
    assert receiver.not_genuine == [], f"seed {SEED}"
    of_record: dict[Place, list[Event]] = {}
    for event in sorted(kept, key=lambda event: event.version):
        of_record.setdefault((event.model, event.record_id), []).append(event)
    for place, events in of_record.items():
        where = f"seed {SEED}: {place}"
        assert [event.version for event in events] == list(range(1, len(events) + 1)), where
        assert [event.trigger for event in events[1:-1]] == ["updated"] * (len(events) - 2), where
        contents = [told(receiver.events[event.id]) or GONE for event in events]
        assert [content == GONE for content in contents] == [event.trigger == "deleted" for event in events], where
        assert all(one != other for one, other in itertools.pairwise(contents)), where
        assert is_told_in_order(contents, account.history.contents.get(place, [])), where


def check_calm(account: Account) -> None:
    """Check that once nothing fails each change that somebody looked at makes exactly one event.

    Of quiet changes only the sweep sees anything, the last content of each record; others may be seen one by one.
    """
    for quiet in (True, False):
        before, told_before = account.history.now(), set(account.receiver.events)
        lengths = {place: len(contents) for place, contents in account.history.contents.items()}
        account.changes.make(_CALM, quiet=quiet)
        account.settle()
        account.sweep(full=True)
        after = account.history.now()
        changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
        told_of = Counter(
            (event["event"].partition("::")[0], event["data"]["id"])
            for identity, event in account.receiver.events.items()
            if identity not in told_before
        )
        made = Counter(
            {place: len(contents) - lengths.get(place, 0) for place, contents in account.history.contents.items()}
        )
        assert changed <= told_of.keys(), f"seed {SEED}: {changed - told_of.keys()}"
        if quiet:
            assert told_of == Counter(changed), f"seed {SEED}: {told_of}"
        assert told_of <= made, f"seed {SEED}: {told_of - made}"


def check_removal(account: Account) -> None:
    """Check that who disconnects while all is looked through and everything fails is told nothing that is not so."""
    told_before = set(account.receiver.events)
    known = {place for place, event in account.receiver.latest.items() if not event["event"].endswith("::deleted")}
    account.faults.is_on = account.receiver.is_failing = True
    account.changes.make(_CALM, quiet=False)
    assert account.stack.call("POST", f"{account.path}/sync", body={"full": True}).status == 200
    account.pass_time(20, account.lots.randint(1, 6))
    account.receiver.is_left = True
    assert account.stack.call("DELETE", account.path).status == 204
    account.pass_time(60, 5)
    account.settle()
    account.clock.advance(QUIET_SECONDS)
    account.settle()

    late = [event for identity, event in account.receiver.events.items() if identity not in told_before]
    made = {(event["event"], event["data"]["id"]) for event in late}
    invented = {place for place in known if (f"{place[0]}::created", place[1]) in made}
    assert not invented, f"seed {SEED}: {invented}"
    of_workspace = [event for event in late if event["event"].startswith("genericWorkspace::")]
    names = [event["event"] for event in sorted(of_workspace, key=lambda event: event["version"])]
    assert names.index("genericWorkspace::deleted") == len(names) - 1, f"seed {SEED}: {names}"
    left = {pk.partition("#")[0] for pk, _ in account.stack.items()}
    assert not left & {"LEDGER", "SYNC", "SWEEP"}, f"seed {SEED}"
