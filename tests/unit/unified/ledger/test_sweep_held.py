"""What a pass holds back, what it restarts from, and what it must not take for deleted."""

from __future__ import annotations

from typing import Any

import pytest

from unified.connector import Capability, Operation
from unified.errors import Invalid, RateLimited
from unified.ledger.progress import Progress
from unified.ledger.sweep import begin

from .account import failure
from .sweeping import CHANGES, DAY, World, changed_world, full_world

REFUSED = Capability("refused", reason="There is no such call.")


def swept(count: int, **more: Any) -> World:
    """Return a world swept once, a day ago."""
    world = World(count, **more)
    world.sweep()
    world.next_day()
    return world


def drop(world: World, count: int) -> None:
    """Have records vanish upstream."""
    for record_id in list(world.account.records)[:count]:
        world.account.remove(record_id)


@pytest.mark.parametrize(
    ("known", "gone", "is_held"), [(30, 20, False), (30, 21, True), (300, 30, False), (300, 31, True)]
)
def test_more_than_people_delete_is_held(known: int, gone: int, is_held: bool) -> None:
    world = swept(known)
    drop(world, gone)
    done = world.sweep()

    assert len(world.told) == (0 if is_held else gone)
    if is_held:
        assert done.held is not None
        assert (done.held.reason, done.held.missing, done.held.known) == ("implausible", gone, known)
        assert world.model.looked_up == []
    assert done.run is None


def test_what_is_held_is_let_through_once_a_person_accepts_it() -> None:
    world = swept(30)
    drop(world, 25)
    world.sweep()
    world.notes.progress = world.notes.progress._replace(accepts=True, wants_full=True)
    done = world.sweep()

    assert (len(world.told), done.held, done.accepts, done.wants_full) == (25, None, False, False)
    for record_id in ("x", "y"):
        world.account.put(record_id, "A")
    world.next_day()
    world.sweep()
    drop(world, 7)
    world.next_day()
    assert world.sweep().held is None


def test_accepting_holds_for_one_full_pass_only() -> None:
    world = swept(100)
    drop(world, 30)
    world.notes.progress = world.notes.progress._replace(accepts=True)
    world.sweep()
    drop(world, 30)
    world.next_day()
    done = world.sweep()

    assert len(world.told) == 30
    assert done.held is not None


def test_what_was_held_and_came_back_was_never_gone() -> None:
    world = swept(30)
    records = dict(world.account.records)
    world.account.records.clear()
    assert world.sweep().held is not None

    world.account.records.update(records)
    world.next_day()

    assert world.sweep().held is None
    assert world.told == []


def test_a_restricted_record_that_is_missing_holds_all_deletions() -> None:
    world = World(10)
    world.account.put("r003", "A", confidential=True)
    world.sweep()
    world.next_day()
    assert world.witnessed == ["r003"]
    drop(world, 5)
    done = world.sweep()

    assert done.held is not None
    assert done.held.reason == "restrictedAccessLost"
    assert (world.told, world.model.looked_up) == ([], [])


def test_nothing_is_deleted_while_the_witness_cannot_be_seen() -> None:
    world = swept(10)
    drop(world, 1)
    world.is_blind = True
    held = world.sweep().held
    assert held is not None
    assert held.reason == "restrictedAccessLost"

    world.is_blind = False
    world.next_day()
    assert world.sweep().held is None
    assert world.told == [("r000", "deleted", 1)]


@pytest.mark.parametrize("reason", ["implausible", "restrictedAccessLost"])
def test_a_pass_of_changes_does_not_clear_what_only_a_full_one_can(reason: str) -> None:
    world = held_world(reason)
    world.account.now += 3600

    held = world.sweep().held
    assert held is not None
    assert held.reason == reason


@pytest.mark.parametrize("reason", ["implausible", "restrictedAccessLost"])
def test_a_failure_that_is_over_does_not_clear_what_only_a_full_pass_can(reason: str) -> None:
    world = held_world(reason)
    world.account.now += 3600

    def fails(_cursor: str | None) -> None:
        raise failure()

    world.model.fail = fails
    for _ in range(5):
        world.sweep()
    world.model.fail = lambda _cursor: None
    world.account.now += 3600

    held = world.sweep().held
    assert held is not None
    assert held.reason == reason


def test_held_tells_since_when() -> None:
    world = held_world("implausible")
    first = world.notes.progress.held
    world.notes.progress = world.notes.progress._replace(held=first and first._replace(at="2027-01-01T00:00:00.000Z"))
    world.next_day()

    held = world.sweep().held
    assert held is not None
    assert held.at == "2027-01-01T00:00:00.000Z"


def held_world(reason: str) -> World:
    world = swept(30)
    drop(world, 25 if reason == "implausible" else 1)
    world.is_blind = reason == "restrictedAccessLost"
    held = world.sweep().held
    assert held is not None
    assert held.reason == reason
    world.is_blind = False
    return world


def test_an_expired_token_makes_a_full_pass_that_invents_nothing() -> None:
    world = changed_world()
    world.model.oldest_token = 1000
    before = world.notes.progress
    assert begin(before, full_seconds=DAY, now=world.clock()).run is not None

    def renewed(_cursor: str | None) -> None:
        world.model.oldest_token = 0 if world.notes.progress.sync_token is None else world.model.oldest_token

    world.model.fail = renewed
    done = world.sweep()

    assert world.told == CHANGES
    assert (done.full_at, done.sync_token) == (world.clock(), str(world.account.serial))


def test_a_token_that_expires_between_two_pages_makes_a_full_pass() -> None:
    world = changed_world()

    def expires(cursor: str | None) -> None:
        world.model.oldest_token = 1000 if cursor == "2" and world.notes.progress.sync_token else 0

    world.model.fail = expires
    world.sweep()

    assert world.told == CHANGES


@pytest.mark.parametrize("make", [changed_world, full_world], ids=["changes", "full"])
def test_a_cursor_that_serves_no_longer_begins_the_pass_anew(make: Any) -> None:
    world, undisturbed = make(), make()
    undisturbed.sweep()
    expired: list[str] = []

    def expires(cursor: str | None) -> None:
        if cursor == "4" and not expired:
            expired.append(cursor)
            raise Invalid("The page that this cursor stands in is gone. List again from the start.")

    world.model.fail = expires
    world.sweep_until_done()

    assert expired
    assert world.told == undisturbed.told
    assert world.notes.progress.held is None


def test_pages_taken_in_since_a_pass_began_anew_are_not_taken_in_again() -> None:
    world = full_world()
    stops: list[tuple[str, Exception]] = [
        ("14", Invalid("The page that this cursor stands in is gone. List again from the start.")),
        ("8", RateLimited("Wait.", is_for_all=False, upstream=None, retry_after=3)),
    ]

    def stopped(cursor: str | None) -> None:
        if stops and cursor == stops[0][0]:
            raise stops.pop(0)[1]

    world.model.fail = stopped
    with pytest.raises(RateLimited):
        world.sweep()
    noted = world.notes.progress.run
    assert noted is not None
    # Fewer than were noted before it began anew.
    assert (noted.pages, noted.cursor) == (4, "8")

    world.sweep()
    assert world.told == CHANGES


def test_a_cursor_that_never_serves_is_held_in_the_end() -> None:
    world = swept(30)

    def expires(cursor: str | None) -> None:
        if cursor == "24":
            raise Invalid("The page that this cursor stands in is gone. List again from the start.")

    world.model.fail = expires
    done = [world.sweep() for _ in range(6)]

    assert "pageFailed" in [state.held and state.held.reason for state in done]


def test_a_record_made_while_a_pass_runs_is_not_deleted() -> None:
    world = swept(10)

    def makes(cursor: str | None) -> None:
        if cursor == "6" and "a" not in world.account.records:
            world.account.put("a", "A")  # before what was listed already
            world.one().settle(None, "a")

    world.model.fail = makes
    world.sweep()

    assert world.told == [("a", "created", 1)]


def test_a_record_that_moves_between_pages_is_looked_for_and_not_deleted() -> None:
    world = swept(10)

    def moves(cursor: str | None) -> None:
        if cursor == "4":
            world.account.changed.pop("r000", None)  # all that follow move one place on: one of them is passed over

    world.model.fail = moves
    done = world.sweep()

    assert (world.told, done.held) == ([], None)
    assert world.model.looked_up == ["r004"]


def test_a_model_that_reads_no_single_record_is_believed_its_list() -> None:
    world = swept(10)
    world.model.capabilities = {Operation.RETRIEVE: REFUSED}
    drop(world, 2)
    world.sweep()

    assert world.told == [("r000", "deleted", 1), ("r001", "deleted", 1)]
    assert world.model.looked_up == []


def test_a_model_that_reads_no_single_record_sees_one_come_back() -> None:
    world = swept(10, has_times=False)
    world.model.capabilities = {Operation.RETRIEVE: REFUSED}
    drop(world, 1)
    world.sweep()
    world.account.put("r000", "A")
    world.next_day()
    world.sweep()

    assert world.told == [("r000", "created", 2), ("r000", "deleted", 1)]
    assert world.model.looked_up == []


def test_a_full_pass_that_is_asked_for_takes_the_place_of_one_over_what_has_changed() -> None:
    begun = begin(Progress("thing", "", is_complete=True, sync_token="1", full_at=1.0), full_seconds=DAY, now=2.0)
    asked = begun._replace(wants_full=True)

    assert begun.run is not None
    assert begun.run.kind == "incremental"
    full = begin(asked, full_seconds=DAY, now=3.0)
    assert full.run is not None
    assert (full.run.kind, full.run.began_at, full.wants_full) == ("full", 3.0, False)
    # One that is under way is not begun anew; the wish holds for the next.
    again = full._replace(wants_full=True)
    assert begin(again, full_seconds=DAY, now=4.0) == again


@pytest.mark.parametrize(
    ("progress", "kind"),
    [
        (Progress("thing", ""), "full"),
        (Progress("thing", "", is_complete=True, sync_token="1", full_at=0), "incremental"),
        (Progress("thing", "", is_complete=True, sync_token=None, full_at=0), "full"),
        (Progress("thing", "", is_complete=True, sync_token="1", full_at=0, wants_full=True), "full"),
        (Progress("thing", "", is_complete=True, sync_token="1", full_at=-DAY), "full"),
        (Progress("thing", "", is_complete=False, sync_token="1", full_at=0), "full"),
    ],
    ids=["first", "changes", "no token", "asked for", "due", "first did not end"],
)
def test_a_pass_is_full_when_it_must_be(progress: Progress, kind: str) -> None:
    begun = begin(progress, full_seconds=DAY, now=0.0)

    assert begun.run is not None
    assert (begun.run.kind, begun.wants_full) == (kind, False)
    assert Progress.from_item({name: value for name, value in begun.to_item().items() if value is not None}) == begun
