"""A pass over a model: what it finds, and that it may be killed at any moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from unified.errors import RateLimited
from unified.ledger.sweep import Interrupted

from .account import failure
from .memory_entries import MemoryEntries
from .sweeping import CHANGES, DAY, Crash, Late, Time, World, changed_world, full_world

FORBIDDEN = "MORPH::CONNECTION::PROXY::FORBIDDEN"


def test_the_first_pass_notes_what_was_there_and_tells_nobody() -> None:
    world = World()
    done = world.sweep()

    assert (world.told, len(world.ledger)) == ([], 25)
    assert done == world.notes.progress
    assert (done.is_complete, done.run, done.held, done.sync_token) == (True, None, None, "25")
    assert (done.swept_at, done.full_at) == (world.clock(), world.clock())


def test_a_page_that_breaks_us_costs_none_of_those_before_it() -> None:
    world = World()

    def breaks(cursor: str | None) -> None:
        if cursor == "6":
            raise ValueError("a record that breaks us")

    world.model.fail = breaks
    for _ in range(4):
        assert world.sweep().held is None
    assert sorted(world.ledger) == [f"r{number:03}" for number in range(6)]
    held = world.sweep().held
    assert held is not None
    assert (held.reason, held.permission) == ("pageFailed", None)


def test_a_full_pass_finds_all_that_changed() -> None:
    world = full_world()
    done = world.sweep()

    assert (world.told, done.held) == (CHANGES, None)
    assert sorted(world.model.looked_up) == ["r005", "r022"]


@pytest.mark.parametrize("held", [1_000, 10], ids=["at once", "page by page"])
def test_entries_are_read_at_once_unless_there_are_too_many(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = full_world()
    monkeypatch.setattr("unified.ledger.sweep._MOST_HELD", held)
    reads: list[int] = []
    submitted: list[Future[Any]] = []
    sweep = world.model.sweep

    class Readers(ThreadPoolExecutor):
        def submit(self, *given: Any, **named: Any) -> Future[Any]:
            submitted.append(super().submit(*given, **named))
            return submitted[-1]

    def slow(*given: Any) -> Any:
        submitted[0].result(20)  # till then all entries are read, if they are
        return sweep(*given)

    monkeypatch.setattr("unified.ledger.sweep.ThreadPoolExecutor", Readers)
    monkeypatch.setattr(world.model, "sweep", slow)
    monkeypatch.setattr(
        world.entries, "read", lambda names: reads.append(len(names)) or MemoryEntries.read(world.entries, names)
    )
    world.sweep()

    assert world.told == CHANGES
    # One by one only what is in doubt is read, if all others were read at once.
    assert any(number > 1 for number in reads) is (held == 10)


def test_a_pass_of_changes_tells_of_no_deletion() -> None:
    world = changed_world()
    world.sweep()

    assert world.told == [change for change in CHANGES if change[1] != "deleted"]
    assert world.model.looked_up == []


def test_what_left_its_group_is_told_by_a_pass_of_changes() -> None:
    world = changed_world(groups=True)
    world.account.records.pop("r001")  # gone from the group "r00" that the pass of changes shows
    world.sweep()

    assert ("r001", "deleted", 1) in world.told
    assert ("r005", "deleted", 1) in world.told


def test_nothing_more_is_told_by_another_pass() -> None:
    world = full_world()
    world.sweep()
    for _ in range(3):
        world.account.now += DAY / 2 + 1
        world.sweep()

    assert world.told == CHANGES


def test_a_pass_that_has_time_for_one_page_at_a_time_comes_to_its_end() -> None:
    world = full_world()
    pages = -(-len(world.account.changed) // world.model.page_size)
    world.deadline = Time(0)
    for _ in range(pages):
        with pytest.raises(Interrupted):
            world.sweep()
    assert world.notes.progress.run is not None
    assert world.notes.progress.run.is_listed

    world.deadline = Time()
    world.sweep()

    assert world.told == CHANGES
    assert world.notes.progress.run is None


def calls_of(make: Callable[[], World]) -> tuple[World, list[tuple[str, int]]]:
    """Return an undisturbed world, and every call of its pass."""
    world = make()
    world.trip.calls.clear()
    world.sweep()
    return world, [(name, number) for name, count in world.trip.calls.items() for number in range(1, count + 1)]


@pytest.mark.parametrize("late", [False, True], ids=["notes each ten pages", "notes each page"])
@pytest.mark.parametrize(
    "make",
    [World, changed_world, lambda: changed_world(groups=True), full_world],
    ids=["first", "changes", "groups", "full"],
)
def test_a_pass_killed_at_any_call_ends_as_if_it_had_not_been(make: Callable[[], World], late: bool) -> None:
    undisturbed, calls = calls_of(make)
    assert len(calls) > 10
    for name, number in calls:
        for is_done in (False, True):
            world = make()
            world.trip.calls.clear()
            world.trip.at = (name, number, is_done)
            if late:
                world.deadline = Late(world.notes)
            world.sweep_until_done()
            world.deadline = Time()
            if world.notes.progress.run is not None:
                world.sweep_until_done()
            assert world.trip.at is None or late, "it was killed"
            assert (world.ledger, world.told) == (undisturbed.ledger, undisturbed.told), (name, number, is_done)
            assert world.notes.progress._replace(sync_token=None) == undisturbed.notes.progress._replace(
                sync_token=None
            )


def test_ids_of_noted_pages_outlive_the_invocation() -> None:
    world = full_world()
    world.trip.calls.clear()
    world.trip.at = ("sweep", 13, False)
    with pytest.raises(Crash):
        world.sweep()
    noted = world.notes.progress.run
    assert noted is not None
    assert (noted.pages, noted.cursor) == (10, "20")

    world.sweep()

    assert world.told == CHANGES
    assert sorted(world.model.looked_up) == ["r005", "r022"]


def test_a_page_that_cannot_be_read_deletes_nothing_and_is_held_once() -> None:
    world = full_world()

    def fails(cursor: str | None) -> None:
        if cursor == "6":
            raise failure()

    world.model.fail = fails
    states = [world.sweep() for _ in range(5)]

    assert [state.held and state.held.reason for state in states] == [None] * 4 + ["pageFailed"]
    assert states[-1].run is None
    assert world.model.looked_up == []
    first = states[-1].held
    assert [world.sweep().held for _ in range(5)] == [first] * 5

    world.model.fail = lambda _cursor: None
    assert world.sweep().held is None
    assert world.told == CHANGES


def test_a_missing_permission_is_held_at_once_and_named() -> None:
    world = full_world()

    def forbids(_cursor: str | None) -> None:
        raise failure(FORBIDDEN, "thingsRead")

    world.model.fail = forbids
    done = world.sweep()

    assert done.held is not None
    assert (done.held.reason, done.held.permission, done.run) == ("permissionMissing", "thingsRead", None)
    assert world.told == []


def test_a_limit_goes_to_the_caller_and_the_pass_goes_on_later() -> None:
    world = full_world()
    limits = iter([None, None, RateLimited("Wait.", is_for_all=False, upstream=None, retry_after=3)])

    def limited(_cursor: str | None) -> None:
        limit = next(limits, None)
        if limit is not None:
            raise limit

    world.model.fail = limited
    with pytest.raises(RateLimited):
        world.sweep()
    world.sweep()

    assert world.told == CHANGES


def test_a_limit_that_comes_before_every_tenth_page_does_not_keep_a_pass_from_its_end() -> None:
    world = World(60)
    calls = count(1)

    def limited(_cursor: str | None) -> None:
        if next(calls) % 8 == 0:
            raise RateLimited("Wait.", is_for_all=False, upstream=None, retry_after=3)

    world.model.fail = limited
    for _ in range(10):
        with suppress(RateLimited):
            world.sweep()

    assert world.notes.progress.is_complete
