"""Observers of one account under every order of their steps: each change becomes one event, in the order of changes.

The real ``Subject`` runs in greenlets that hand control back before each access to the ledger's entries and around
each read of the account, so between any two of them anything else may happen. Webhooks are made at the moment of a
change and come late, twice or never. The search is random and seeded by Hypothesis; ``LEDGER_EXAMPLES`` and
``LEDGER_STEPS`` in the environment deepen it, for nights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from greenlet import getcurrent, greenlet
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from unified.connector import ListQuery, Page, Record
from unified.events.records import Event
from unified.ledger.decisions import Entry, Policy
from unified.ledger.ledger import Write
from unified.ledger.subject import Subject, Unsettled

from .account import Account, Things, moment, subject
from .memory_entries import MemoryEntries

RECORDS = ("g.1", "g.2", "h.1")
# Most of what happens happens to one record: that is where orders matter.
ONE = st.sampled_from(("g.1",) * 6 + RECORDS)
# Two names, so that a record is often as it was before.
NAMES = ("A", "B")
OBSERVERS = 3
_TICK = 0.0001
_TO_THE_END = 1000
# How far an observer comes before others go on: not at all, to its reading or its writing, or to its end.
STEPS = st.integers(0, 6)
SKEWS = st.sampled_from((0.0, 0.5, 1.0))
SETTINGS = settings(
    max_examples=int(os.environ.get("LEDGER_EXAMPLES", "800")),
    stateful_step_count=int(os.environ.get("LEDGER_STEPS", "40")),
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    # Explaining a failure traces lines, which tells little of what switches between greenlets.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Hook(NamedTuple):
    """A webhook on its way: a record as it was when it changed, or None for the word that it is gone."""

    record_id: str
    record: Record | None


def pause() -> None:
    """Let others run, where there are others."""
    parent = getcurrent().parent
    if parent is not None:
        parent.switch()


class SteppedEntries(MemoryEntries):
    """Entries before each access to which another observer may run."""

    def read(self, record_ids: Sequence[str]) -> dict[str, Entry]:
        pause()
        return super().read(record_ids)

    def begins(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        pause()
        yield from list(super().begins(prefix))

    def write(self, writes: Sequence[Write]) -> None:
        pause()
        super().write(writes)


class SteppedThings(Things):
    """A model whose answers take a while to make, and a while to arrive."""

    def sweep(self, session: Any, query: ListQuery) -> Page:
        pause()
        page = super().sweep(session, query)
        pause()
        return page

    def retrieve(self, session: Any, record_id: str) -> Record:
        pause()
        try:
            return super().retrieve(session, record_id)
        finally:
            pause()

    def members(self, session: Any, group: str) -> Sequence[Record]:
        pause()
        members = super().members(session, group)
        pause()
        return members


class Told:
    """What a receiver makes of a record's events, checked against the record's history as they come."""

    def __init__(self, *, knows_all: bool) -> None:
        self.knows_all = knows_all
        self.version = 0
        self.name: str | None = None
        self.is_known = False
        self._position = 0

    def hear(self, event: Event, history: Sequence[Record | None], *, has_times: bool) -> None:
        """Take an event in. It must be the next, allowed where it stands, and true of no earlier state than before."""
        assert event.version == self.version + 1, "versions count by one"
        if event.trigger == "created":
            assert self.name is None, "created once"
        elif self.knows_all or self.is_known:
            assert self.name is not None, "only what exists is updated or deleted"
        name: str | None = None
        wanted: Any = None
        if event.trigger != "deleted":
            assert event.body is not None
            name, updated_at = json.loads(event.body["text"])
            assert name != self.name, "an update changes something"
            wanted = (name, updated_at if has_times else None)
        states = [record and (record["name"], record["updatedAt"] if has_times else None) for record in history]
        assert wanted in states[self._position :], "no state was told that the record was not in since the last"
        self._position = states.index(wanted, self._position)
        self.version, self.name, self.is_known = event.version, name, True


class Observers(RuleBasedStateMachine):
    """Two or three observers, their clocks up to a second apart."""

    has_times = True

    @initialize(
        first=st.sampled_from(["complete", "first sweep", "all"]),
        there=st.sets(st.sampled_from(RECORDS)),
    )
    def begin(self, first: str, there: set[str]) -> None:
        self.account = Account()
        self.entries = SteppedEntries()
        self.model = SteppedThings(self.account, page_size=len(RECORDS), has_times=self.has_times)
        self.model.groups_end = "."
        self.hooks: list[Hook] = []
        self.running: list[greenlet] = []
        self.heard = 0
        # The states of a record in which a settling read that has ended found it.
        self.quiet: dict[str, int] = {}
        # What the provider called deleted does not come back; what merely was not shown may.
        self.final: set[str] = set()
        for record_id in there:
            self.account.put(record_id, "A")
        self.account.now += 0.01
        self.policy = Policy(first == "complete", moment(self.account.now), first == "all")
        self.told = {name: Told(knows_all=first != "first sweep") for name in RECORDS}

    # What happens in the account

    @rule(record_id=ONE, name=st.sampled_from(NAMES), hook=st.booleans())
    def change(self, record_id: str, name: str, hook: bool) -> None:
        if record_id not in self.final:
            record = self.account.put(record_id, name)
            if hook:
                self.hooks.append(Hook(record_id, record))

    @rule(record_id=ONE, hook=st.booleans())
    def delete(self, record_id: str, hook: bool) -> None:
        if record_id in self.account.records:
            self.account.remove(record_id)
            if hook:
                self.final.add(record_id)
                self.hooks.append(Hook(record_id, None))

    @rule(seconds=st.sampled_from([0.001, 1.5, 2.5, 10.0]))
    def wait(self, seconds: float) -> None:
        self.account.now += seconds

    # What observers do

    @precondition(lambda self: len(self.running) < OBSERVERS)
    @rule(record_id=ONE, skew=SKEWS, steps=STEPS)
    def settle(self, record_id: str, skew: float, steps: int) -> None:
        self._start(lambda one: self._settle(one, record_id), skew, steps)

    @precondition(lambda self: len(self.running) < OBSERVERS)
    @rule(skew=SKEWS, steps=STEPS)
    def settle_group(self, skew: float, steps: int) -> None:
        def work(one: Subject) -> None:
            # Of what the ledger has never heard of, a group's reading leaves no word: it may be told of, and then gone.
            known = [name for name in self.entries.kept if name.startswith("g.")]
            before = self._states()
            one.settle_group(None, "g.")
            self._is_settled(before, known)

        self._start(work, skew, steps)

    @precondition(lambda self: len(self.running) < OBSERVERS)
    @rule(skew=SKEWS, groups=st.booleans(), steps=STEPS)
    def read_page(self, skew: float, groups: bool, steps: int) -> None:
        def work(one: Subject) -> None:
            began_at = one.clock()
            page = self.model.sweep(None, ListQuery(100))
            taken = one.take_page(None, page.records, began_at, one.clock())
            if groups:
                one.settle_groups(None, page.groups, taken.record_ids)

        self._start(work, skew, steps)

    @precondition(lambda self: self.hooks and len(self.running) < OBSERVERS)
    @rule(data=st.data(), skew=SKEWS, again=st.booleans(), steps=STEPS)
    def deliver(self, data: st.DataObject, skew: float, again: bool, steps: int) -> None:
        position = data.draw(st.integers(0, len(self.hooks) - 1))
        hook = self.hooks[position] if again else self.hooks.pop(position)
        self._start(lambda one: self._deliver(one, hook), skew, steps)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), steps=STEPS)
    def step(self, data: st.DataObject, steps: int) -> None:
        position = data.draw(st.integers(0, len(self.running) - 1))
        self._steps(self.running[position], 1 + steps)

    @precondition(lambda self: len(self.running) == OBSERVERS)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.running.pop(data.draw(st.integers(0, len(self.running) - 1))).throw()

    # In the end

    def teardown(self) -> None:
        """See whoever is at work to the end; then one read of each record makes ledger and account the same."""
        if not hasattr(self, "running"):
            return
        try:
            while self.running:
                for one in list(self.running):
                    self._step(one)
                self._reap()
            self._finish()
        finally:
            for one in self.running:
                one.throw()

    def _finish(self) -> None:
        self._all(lambda one: [self._settle(one, name) for name in RECORDS])
        for name, told in self.told.items():
            record = self.account.records.get(name)
            entry = self.entries.kept[name]
            assert entry.is_gone == (record is None)
            assert entry.version == told.version
            if told.is_known or told.knows_all:
                assert told.name == (record and record["name"]), "the receiver has what the account has"
        heard = len(self.entries.events)
        self.account.now += 0.5
        self._all(lambda one: [self._deliver(one, hook) for hook in self.hooks])
        self._all(lambda one: one.take_page(None, list(self.account.records.values()), one.clock(), one.clock()))
        assert len(self.entries.events) == heard, "where nothing changed, nothing is told"

    # How

    def _settle(self, one: Subject, record_id: str) -> None:
        before = self._states()
        one.settle(None, record_id)
        self._is_settled(before, [record_id])

    def _deliver(self, one: Subject, hook: Hook) -> None:
        if hook.record is None:
            one.take_word(None, hook.record_id, one.clock(), None)
        else:
            one.take_payload(None, hook.record, one.clock())

    def _states(self) -> dict[str, int]:
        return {name: len(self.account.history.get(name, ())) for name in RECORDS}

    def _is_settled(self, before: dict[str, int], names: Sequence[str]) -> None:
        self._listen()
        now = self._states()
        self.quiet.update({name: now[name] for name in names if now[name] == before[name]})

    def _start(self, work: Callable[[Subject], Any], skew: float, steps: int) -> None:
        one = subject(self.model, self.entries, lambda: self.account.now + skew, self.policy)

        def run() -> None:
            with suppress(Unsettled):
                work(one)

        started = greenlet(run)
        self.running.append(started)
        self._steps(started, steps)

    def _all(self, work: Callable[[Subject], Any]) -> None:
        self._start(work, 0.0, _TO_THE_END)

    def _steps(self, one: greenlet, steps: int) -> None:
        for _ in range(steps):
            self._step(one)
        self._reap()

    def _step(self, one: greenlet) -> None:
        if not one.dead:
            self.account.now += _TICK
            one.switch()
            self._listen()

    def _reap(self) -> None:
        self.running = [one for one in self.running if not one.dead]

    def _listen(self) -> None:
        """Check what was told since; nothing is told of a record that a settling read found as it still is."""
        for event in self.entries.events[self.heard :]:
            name = event.record_id
            history = self.account.history[name]
            assert self.quiet.get(name) != len(history), "what was settled and has not changed makes no event"
            self.told[name].hear(event, history, has_times=self.has_times)
        self.heard = len(self.entries.events)


class TimelessObservers(Observers):
    """The same of records without ``createdAt`` and ``updatedAt``, as users and stages are."""

    has_times = False


TestObservers = Observers.TestCase
TestObservers.settings = SETTINGS
TestTimelessObservers = TimelessObservers.TestCase
TestTimelessObservers.settings = SETTINGS
