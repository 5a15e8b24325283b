"""Who is at work on a connection, how far its passes are, and what a person asks of them meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from unified import table as t
from unified.deadline import Deadline
from unified.ledger import worker
from unified.ledger.ledger import TableEntries
from unified.ledger.progress import Held, Progress, Run
from unified.ledger.registry import LEASE_SECONDS, Desk, LeaseLost, Registry
from unified.ledger.worker import Worker

from .account import COMPLETE, WATCH, Account, Things, subject

PROGRESS = Progress(
    "thing",
    "2027-01-15T08:00:00.000Z",
    is_complete=True,
    sync_token="7",
    swept_at=1.5,
    full_at=2.0,
    run=Run("r1", "full", 3.25, "cursor", 4, 5, is_listed=True, sync_token="8", failures=1),
    held=Held("permissionMissing", "2027-01-15T08:00:00.000Z", permission="thingsRead"),
)
MODEL = WATCH.sync_key("MODEL#thing")
DAY = 86_400.0


@pytest.fixture
def table(aws_in_process: None) -> t.Table:
    from unified import aws

    return t.Table("unified", aws.client("dynamodb"))


def test_one_is_at_work_at_a_time_and_a_dead_one_is_followed(table: t.Table) -> None:
    first, second = Desk(table, WATCH), Desk(table, WATCH)

    assert first.take(100.0) is not None
    assert second.take(100.0 + LEASE_SECONDS) is None
    assert second.take(101.0 + LEASE_SECONDS) is not None
    with pytest.raises(LeaseLost):
        first.notes(lambda: 102.0).save(PROGRESS)
    assert table.get(MODEL) is None

    first.release()
    assert first.take(102.0) is None
    second.release()
    assert first.take(102.0) is not None


def test_each_note_extends_the_lease(table: t.Table) -> None:
    first, second = Desk(table, WATCH), Desk(table, WATCH)
    first.take(100.0)
    first.notes(lambda: 200.0).save(PROGRESS)

    assert second.take(100.0 + LEASE_SECONDS + 1) is None
    assert second.take(201.0 + LEASE_SECONDS) is not None


def test_progress_is_read_as_it_was_noted(table: t.Table) -> None:
    desk = Desk(table, WATCH)
    desk.take(100.0)
    for progress in (PROGRESS, PROGRESS._replace(run=None, held=None, sync_token=None)):
        desk.notes(lambda: 100.0).save(progress)
        assert Progress.from_item(table.get(MODEL) or {}) == progress


def test_a_note_does_not_undo_what_a_person_asked_meanwhile(table: t.Table) -> None:
    desk = Desk(table, WATCH)
    desk.take(100.0)
    table.update(MODEL, {"wantsFull": True, "accepts": True})

    desk.notes(lambda: 100.0).save(PROGRESS)

    assert Progress.from_item(table.get(MODEL) or {}) == PROGRESS._replace(wants_full=True, accepts=True)


def test_a_run_keeps_its_own_ids(table: t.Table) -> None:
    notes = Desk(table, WATCH).notes(lambda: 100.0)
    other = PROGRESS._replace(run=Run("r2", "full", 0))
    notes.add_ids(PROGRESS, 10, b"old")
    notes.add_ids(PROGRESS, 10, b"b")
    notes.add_ids(PROGRESS, 9, b"a")
    notes.add_ids(other, 9, b"c")

    assert (list(notes.ids(PROGRESS)), list(notes.ids(other))) == ([b"a", b"b"], [b"c"])


def test_a_connection_that_was_purged_does_not_come_back(table: t.Table) -> None:
    registry = Registry(table)
    registry.set_due(WATCH, 5.0)
    registry.set_removed(WATCH)

    assert (registry.find(WATCH), list(registry.all())) == (None, [])


def test_a_pause_is_no_connection(table: t.Table) -> None:
    registry = Registry(table)
    table.put(WATCH.sweep_key(), {**WATCH.to_message(), "dueAt": 1.0})
    registry.pause(WATCH, 9.0, for_all=True)

    assert [due.watch for due in registry.all()] == [WATCH]
    assert (registry.paused_until("ashby"), registry.paused_until("other")) == (9.0, 0.0)


class Kill(BaseException):
    """The invocation is killed."""


class Sweeper:
    """A worker that sweeps a connection with one model, over the real table; its webhooks need nothing."""

    def __init__(self, table: t.Table) -> None:
        self.table = table
        self.account = Account()
        self.model = Things(self.account)
        for number in range(30):
            self.account.put(f"r{number:03}", "A")
        self.account.now += 60
        entries = TableEntries(table, WATCH, "thing")
        watched = SimpleNamespace(
            watch=WATCH,
            models=["thing"],
            connection=SimpleNamespace(status="authorized"),
            settings=SimpleNamespace(sweep_minutes=60, full_sweep_hours=24),
            line=lambda _deadline: SimpleNamespace(run=lambda work: work(None)),
            subject=lambda _model, _progress: subject(self.model, entries, self._clock, COMPLETE),
        )
        home = SimpleNamespace(
            table=table, clock=self._clock, now=lambda: "", open=lambda _watch: watched, progress=self._progress
        )
        self._worker = Worker(cast(Any, home), lambda _tasks, _delay: None)

    def _clock(self) -> float:
        return self.account.now

    def _progress(self, _watch: Any, model_id: str, _state: Any = None) -> Progress:
        item = self.table.get(MODEL)
        return Progress(model_id, "") if item is None else Progress.from_item(item)

    @property
    def progress(self) -> Progress:
        return self._progress(WATCH, "thing")

    def work(self) -> None:
        """Work the connection off in one invocation."""
        self.table.update(WATCH.sync_key("STATE"), {"hooksAt": self.account.now, "hookModels": ["thing"]})
        self._worker.work({"task": "sweep", "watch": WATCH.to_message()}, Deadline(600))

    def ask(self, **wishes: bool) -> None:
        """Ask for what a person may ask for."""
        self.table.update(MODEL, wishes)

    def drop(self, count: int) -> None:
        for record_id in list(self.account.records)[:count]:
            self.account.remove(record_id)


@pytest.fixture
def sweeper(table: t.Table) -> Sweeper:
    sweeper = Sweeper(table)
    sweeper.work()
    sweeper.account.now += 3600
    return sweeper


def test_a_full_pass_that_was_asked_for_is_made_once(sweeper: Sweeper) -> None:
    sweeper.ask(wantsFull=True)
    sweeper.work()

    assert (sweeper.progress.full_at, sweeper.progress.wants_full) == (sweeper.account.now, False)


def test_a_full_pass_asked_for_while_one_of_changes_is_under_way_is_made_after_it(sweeper: Sweeper) -> None:
    for record_id in list(sweeper.account.records):
        sweeper.account.put(record_id, "B")
    sweeper.model.fail = lambda cursor: None if cursor is None else killed()
    with pytest.raises(Kill):
        sweeper.work()
    sweeper.model.fail = lambda _cursor: None
    sweeper.account.now += LEASE_SECONDS + 1
    run = sweeper.progress.run
    assert run is not None
    assert run.kind == "incremental"
    sweeper.ask(wantsFull=True)

    sweeper.work()
    sweeper.work()

    assert sweeper.progress.full_at == sweeper.account.now


def test_a_full_pass_that_was_asked_for_outlives_who_was_about_to_begin_it(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeper.ask(wantsFull=True)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "Desk", partial(Killing, at="save"))
        with pytest.raises(Kill):
            sweeper.work()
    sweeper.account.now += LEASE_SECONDS + 1

    sweeper.work()

    assert sweeper.progress.full_at == sweeper.account.now


def test_what_a_person_accepted_holds_once_though_the_invocation_is_killed(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeper.account.now += DAY
    sweeper.ask(accepts=True)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "Desk", partial(Killing, at="saved"))
        with pytest.raises(Kill):
            sweeper.work()
    sweeper.drop(25)
    sweeper.account.now += DAY
    sweeper.work()

    held = sweeper.progress.held
    assert held is not None
    assert held.reason == "implausible"


class Killing(Desk):
    """A desk at which the invocation is killed: as it first notes how far it is, or once it noted that it is done."""

    def __init__(self, table: t.Table, watch: Any, *, at: str) -> None:
        super().__init__(table, watch)
        self._at = at

    def notes(self, clock: Callable[[], float]) -> Any:
        notes = super().notes(clock)
        save = notes.save

        def save_and_die(progress: Progress, *granted: str) -> None:
            save(progress, *granted)
            if progress.run is None:
                raise Kill

        notes.save = cast(Any, killed if self._at == "save" else save_and_die)
        return notes


def killed(*_arguments: Any) -> None:
    raise Kill
