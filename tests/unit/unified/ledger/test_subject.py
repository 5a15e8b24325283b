"""Single orders of events that a search finds seldom, and what a word or a group says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from unified.connector import Capability, ListQuery, Operation, Record
from unified.ledger.ledger import Conflict, Write
from unified.ledger.subject import Subject, Unsettled

from .account import Account, Things, moment, subject
from .memory_entries import MemoryEntries


class Between(MemoryEntries):
    """Entries that let something happen once, just before the next write."""

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], Any] | None = None

    def write(self, writes: Sequence[Write]) -> None:
        happens, self.before_write = self.before_write, None
        if happens is not None:
            happens()
        super().write(writes)


class Scene:
    """An account, entries, and one subject over them; ``at`` sets the clock."""

    def __init__(self, *, has_times: bool = True) -> None:
        self.account = Account()
        self.entries = Between()
        self.model = Things(self.account, has_times=has_times, page_size=100)
        self.one: Subject = subject(self.model, self.entries, lambda: self.account.now)

    def wait(self, seconds: float = 10.0) -> None:
        self.account.now += seconds

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [(event.record_id, event.trigger, event.version) for event in self.entries.events]

    def settle(self, record_id: str = "a") -> None:
        self.one.settle(None, record_id)


@pytest.fixture(params=[True, False], ids=["with times", "without times"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(has_times=request.param)


def test_who_reads_before_a_settled_read_does_not_write_after_it(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.wait()
    scene.account.put("a", "B")

    def is_put_back_and_settled() -> None:
        scene.wait()
        scene.account.put("a", "A")
        scene.settle()

    scene.entries.before_write = is_put_back_and_settled
    scene.settle()

    # The webhooks of both changes were dealt with, so nobody looks again before the next sweep.
    assert scene.told in ([("a", "created", 1)], [("a", "created", 1), ("a", "updated", 2), ("a", "updated", 3)])


def test_a_page_that_was_read_before_a_settled_read_does_not_undo_it(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.wait()
    began_at = scene.account.now
    scene.account.put("a", "B")
    page = scene.model.sweep(None, ListQuery(100))
    scene.wait()
    scene.account.put("a", "A")
    scene.settle()

    scene.one.take_page(None, page.records, began_at, began_at + 1)

    assert scene.told == [("a", "created", 1)]


def test_a_page_read_while_a_slow_read_was_waited_for_is_older_than_it(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.wait()
    scene.account.put("a", "B")
    pages: list[tuple[Any, float]] = []
    read = scene.model.retrieve

    def slow(session: Any, record_id: str) -> Record:
        if not pages:
            scene.wait(5)
            pages.append((scene.model.sweep(None, ListQuery(100)), scene.account.now))
            scene.wait(1)
            scene.account.put("a", "C")
        return read(session, record_id)

    scene.model.retrieve = slow
    scene.settle()
    for page, at in pages:
        scene.one.take_page(None, page.records, at, at)

    assert scene.told == [("a", "created", 1), ("a", "updated", 2)]


def test_who_saw_a_record_come_back_does_not_write_that_after_it_is_gone_again(scene: Scene) -> None:
    scene.settle()
    scene.account.put("a", "A")

    def is_gone_again_and_settled() -> None:
        scene.wait()
        scene.account.remove("a")
        scene.settle()

    scene.entries.before_write = is_gone_again_and_settled
    scene.settle()

    assert scene.entries.kept["a"].is_gone
    assert scene.told == []


def test_two_changes_in_one_millisecond_end_with_the_last() -> None:
    scene = Scene()
    first = dict(scene.account.put("a", "A"))
    second = dict(scene.account.put("a", "B"))

    for record in (second, first, second, first):
        scene.one.take_payload(None, record, scene.account.now)

    assert scene.told == [("a", "created", 1)]
    assert scene.entries.kept["a"].updated_at == moment(scene.account.now)


def test_a_word_that_comes_twice_and_late_does_not_delete_what_came_back(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.account.remove("a")
    scene.one.take_word(None, "a", scene.account.now, None)
    scene.wait()
    scene.account.put("a", "A")
    scene.settle()
    scene.wait()

    scene.one.take_word(None, "a", scene.account.now, None)

    assert scene.told == [("a", "created", 1), ("a", "deleted", 2), ("a", "created", 3)]


def test_a_merge_is_told_though_another_writes_at_the_same_moment(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.wait()
    scene.account.put("a", "B")
    another = subject(scene.model, scene.entries, lambda: scene.account.now)
    record = dict(scene.account.records["a"])
    scene.account.remove("a")

    def writes() -> None:
        another.take_page(None, [record], scene.account.now + 5, scene.account.now + 5)

    scene.entries.before_write = writes
    scene.one.take_word(None, "a", scene.account.now, "b")

    assert scene.told == [("a", "created", 1), ("a", "updated", 2), ("a", "deleted", 3)]
    assert scene.entries.events[-1].merged_into == "b"


def test_a_record_that_answers_under_another_id_was_merged_into_it(scene: Scene) -> None:
    scene.account.put("a", "A")
    scene.settle()
    scene.account.records["a"] = {**scene.account.records["a"], "id": "b"}

    scene.settle()

    assert scene.told[-1] == ("a", "deleted", 2)
    assert scene.entries.events[-1].merged_into == "b"


def test_a_late_payload_of_a_deleted_record_makes_no_event(scene: Scene) -> None:
    record = dict(scene.account.put("a", "A"))
    scene.account.remove("a")
    scene.one.take_word(None, "a", scene.account.now, None)

    scene.one.take_payload(None, record, scene.account.now + 3600)

    assert scene.told == []


def test_a_record_twice_on_a_page_is_one_sighting(scene: Scene) -> None:
    scene.account.put("a", "A")
    records = [scene.account.records["a"]] * 2

    taken = scene.one.take_page(None, records, scene.account.now, scene.account.now)

    assert scene.told == [("a", "created", 1)]
    assert taken.record_ids == ["a", "a"]


def test_a_record_without_an_id_is_passed_over(scene: Scene) -> None:
    taken = scene.one.take_page(None, [{"name": "A"}, {"id": 7, "name": "B"}], 0, 0)

    assert (scene.told, taken.record_ids) == ([], [])


def test_a_large_page_is_written_in_chunks_and_one_conflict_costs_nobody_else(scene: Scene) -> None:
    for number in range(260):
        scene.account.put(f"r{number:03}", "A")
    records = list(scene.account.records.values())
    other = subject(scene.model, scene.entries, lambda: scene.account.now)
    scene.entries.before_write = lambda: other.settle(None, "r007")

    scene.one.take_page(None, records, scene.account.now, scene.account.now)

    assert sorted(scene.told) == [(f"r{number:03}", "created", 1) for number in range(260)]


def test_versions_go_on_where_nobody_wants_an_event(scene: Scene) -> None:
    deaf = subject(scene.model, scene.entries, lambda: scene.account.now, wanted=("thing::deleted",))
    scene.account.put("a", "A")
    deaf.settle(None, "a")
    scene.account.remove("a")
    deaf.settle(None, "a")

    assert scene.told == [("a", "deleted", 2)]


def test_what_always_conflicts_is_given_up(scene: Scene) -> None:
    scene.account.put("a", "A")

    def conflict(writes: Sequence[Write]) -> None:
        raise Conflict

    scene.entries.write = conflict  # pyright: ignore[reportAttributeAccessIssue] - the test stands in for it
    with pytest.raises(Unsettled):
        scene.settle()
    scene.account.put("g.1", "A")
    with pytest.raises(Unsettled):
        scene.one.settle_group(None, "g.")


def test_what_leaves_a_group_is_gone_and_what_joins_it_is_new(scene: Scene) -> None:
    for name in ("g.1", "g.2", "h.1"):
        scene.account.put(name, "A")
        scene.settle(name)
    scene.account.remove("g.1")
    scene.account.put("g.3", "A")

    scene.one.settle_group(None, "g.")
    scene.one.settle_group(None, "g.")

    assert scene.told[3:] == [("g.3", "created", 1), ("g.1", "deleted", 2)]


def test_a_group_whose_records_are_all_on_the_page_is_not_read(scene: Scene) -> None:
    scene.account.put("g.1", "A")
    scene.settle("g.1")
    scene.model.members = no_call  # pyright: ignore[reportAttributeAccessIssue] - the test stands in for it

    assert scene.one.settle_groups(None, ["g.", "unknown."], ["g.1"]) == []


def test_a_model_that_reads_no_single_record_can_still_see_one_come_back() -> None:
    scene = Scene(has_times=False)
    scene.model.capabilities = {Operation.RETRIEVE: Capability("refused", reason="There is no such call.")}
    scene.model.retrieve = no_call  # pyright: ignore[reportAttributeAccessIssue] - the test stands in for it
    scene.account.put("a", "A")
    page = list(scene.account.records.values())
    scene.one.take_page(None, page, scene.account.now, scene.account.now)
    scene.wait()
    scene.one.take_word(None, "a", scene.account.now, None)
    scene.wait()

    scene.one.take_page(None, page, scene.account.now, scene.account.now)

    assert scene.told == [("a", "created", 1), ("a", "deleted", 2), ("a", "created", 3)]


def test_a_page_soon_after_another_needs_no_single_read_that_is_refused() -> None:
    scene = Scene(has_times=False)
    scene.model.capabilities = {Operation.RETRIEVE: Capability("refused", reason="There is no such call.")}
    scene.model.retrieve = no_call  # pyright: ignore[reportAttributeAccessIssue] - the test stands in for it
    for name in ("A", "B"):
        scene.account.put("a", name)
        scene.one.take_page(None, list(scene.account.records.values()), scene.account.now, scene.account.now)
        scene.wait(1.0)

    scene.one.take_page(None, list(scene.account.records.values()), scene.account.now + 60, scene.account.now + 60)

    assert scene.told == [("a", "created", 1), ("a", "updated", 2)]


def no_call(*_arguments: Any) -> Record:
    raise AssertionError("called")
