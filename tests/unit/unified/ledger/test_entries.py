"""What the ledger asks of its entries, asked of those in the table and of the tests' own in memory."""

from __future__ import annotations

from typing import Any

import pytest

from unified.events.records import Event
from unified.ledger.decisions import Entry
from unified.ledger.ledger import Conflict, TableEntries, Write

from .account import WATCH
from .memory_entries import MemoryEntries

BASIS = b"\x00\x01\x02\x03"
ENTRY = Entry(BASIS, b"digest of 12", 1, "2027-01-15T08:00:00.001Z", 1_800_000_000.123456)
EVENT_ID = "evt_01h00000000000000000000000"


@pytest.fixture(params=["dynamodb", "memory"])
def entries(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryEntries()
    request.getfixturevalue("aws_in_process")
    from unified import aws
    from unified.table import Table

    return TableEntries(Table("unified", aws.client("dynamodb")), WATCH, "thing")


def first(record_id: str, entry: Entry = ENTRY) -> Write:
    return Write(record_id, None, entry, None)


def event(record_id: str, number: int = 0) -> Event:
    return Event(f"{EVENT_ID[:-3]}{number:03}", WATCH, "thing", "created", record_id, 1, "2027-01-15T08:00:00.000Z")


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        ENTRY._replace(updated_at=None, is_restricted=True),
        ENTRY._replace(digest=b"", version=0),
        ENTRY._replace(seen_at=1_800_000_000.0),
    ],
    ids=["plain", "restricted", "gone", "whole second"],
)
def test_what_was_written_is_read_whole(entries: Any, entry: Entry) -> None:
    entries.write([first("a", entry)])

    assert entries.read(["a", "b", "a"]) == {"a": entry}
    assert list(entries.begins("")) == [("a", entry)]


def test_more_than_one_batch_is_read_and_chunks_of_a_hundred_are_written(entries: Any) -> None:
    names = [f"r{number:03}" for number in range(250)]
    for start in range(0, 250, 100):
        entries.write([first(name) for name in names[start : start + 100]])

    assert list(entries.read(names)) == names
    assert [name for name, _ in entries.begins("r")] == names


def test_all_that_there_is_is_found_as_it_was_when_asked(entries: Any) -> None:
    names = [f"r{number:03}" for number in range(150)]
    for start in (0, 100):
        entries.write([first(name) for name in names[start : start + 100]])
    entries.write([first("gone", ENTRY._replace(digest=b"", version=2))])

    find = entries.all(151)
    entries.write([first("later")])

    assert [find(name) for name in names] == [ENTRY] * 150
    assert find("gone").is_gone
    assert find("later") is None
    assert entries.all(151) is None


def test_all_of_nothing_is_nothing(entries: Any) -> None:
    assert entries.all(10)("a") is None


def test_a_beginning_takes_in_its_own_only_and_in_order(entries: Any) -> None:
    entries.write([first(name) for name in ("b.2", "a.1", "b.1", "b", "bb.1")])

    assert [name for name, _ in entries.begins("b.")] == ["b.1", "b.2"]
    assert list(entries.begins("c")) == []


def test_what_is_new_must_not_be_there_yet(entries: Any) -> None:
    entries.write([first("a")])

    with pytest.raises(Conflict):
        entries.write([first("a", ENTRY._replace(version=9))])

    assert entries.read(["a"]) == {"a": ENTRY}


@pytest.mark.parametrize(
    "other",
    [
        ENTRY._replace(version=2),
        ENTRY._replace(digest=b"digest of XX"),
        ENTRY._replace(basis=b"\x09\x09\x09\x09"),
        ENTRY._replace(seen_at=ENTRY.seen_at + 0.000001),
        ENTRY._replace(digest=b""),
    ],
    ids=["version", "digest", "basis", "seen_at", "gone"],
)
def test_an_entry_that_is_another_by_now_is_a_conflict(entries: Any, other: Entry) -> None:
    entries.write([first("a", other)])

    with pytest.raises(Conflict):
        entries.write([Write("a", ENTRY, ENTRY._replace(version=7), None)])

    assert entries.read(["a"]) == {"a": other}


def test_what_was_read_can_be_written_over_again_and_again(entries: Any) -> None:
    entries.write([first("a")])
    for version in range(2, 5):
        before = entries.read(["a"])["a"]
        entries.write([Write("a", before, before._replace(version=version, seen_at=before.seen_at + 0.1), None)])

    assert entries.read(["a"])["a"].version == 4


def test_what_is_not_there_cannot_be_replaced(entries: Any) -> None:
    with pytest.raises(Conflict):
        entries.write([Write("a", ENTRY, ENTRY._replace(version=2), None)])

    assert entries.read(["a"]) == {}


def test_one_conflict_keeps_all_of_a_transaction_from_being_written(entries: Any) -> None:
    entries.write([first("b")])

    with pytest.raises(Conflict):
        entries.write([Write("a", None, ENTRY, event("a")), first("b")])

    assert entries.read(["a"]) == {}
    assert kept_events(entries) == []


def test_an_entry_and_its_event_are_written_together(entries: Any) -> None:
    entries.write([Write(f"r{number}", None, ENTRY, event(f"r{number}", number)) for number in range(50)])

    assert len(list(entries.begins(""))) == 50
    assert sorted(kept_events(entries)) == sorted(event(f"r{number}", number) for number in range(50))


def test_a_record_that_comes_back_does_not_expire(aws_in_process: None) -> None:
    from unified import aws
    from unified.table import Table

    table = Table("unified", aws.client("dynamodb"))
    entries = TableEntries(table, WATCH, "thing")
    tombstone = ENTRY._replace(digest=b"")
    entries.write([first("a", tombstone)])
    assert "ttl" in (table.get(WATCH.ledger_key("thing#a")) or {})

    entries.write([Write("a", tombstone, ENTRY._replace(version=2), None)])

    assert "ttl" not in (table.get(WATCH.ledger_key("thing#a")) or {})


def test_models_and_connections_are_kept_apart(aws_in_process: None) -> None:
    from unified import aws
    from unified.table import Table

    table = Table("unified", aws.client("dynamodb"))
    TableEntries(table, WATCH, "thing").write([first("a")])

    for watch, model in ((WATCH, "thin"), (WATCH._replace(generation="g2"), "thing")):
        assert list(TableEntries(table, watch, model).begins("")) == []


def kept_events(entries: Any) -> list[Event]:
    if isinstance(entries, MemoryEntries):
        return entries.events
    from unified import aws
    from unified.events.records import day_of, event_time
    from unified.table import Table

    day = day_of(event_time(EVENT_ID) or 0)
    table = Table("unified", aws.client("dynamodb"))
    return [Event.from_item(item) for item in table.query(f"EVENT#prj_1#{day}")]
