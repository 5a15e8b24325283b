"""What DynamoDB refuses for the moment: repeated after a pause, and given up in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from unified import table as t

KEY = t.Key("SYNC#p#ashby#g#acme", "STATE")
WRITES: dict[str, Callable[[t.Table], object]] = {
    "put": lambda table: table.put(KEY, {"a": 1}),
    "update": lambda table: table.update(KEY, {"a": 1}),
    "delete": lambda table: table.delete(KEY),
    "transact": lambda table: table.transact([t.Update(KEY, {"a": 1})]),
}
# Reasons of a cancelled transaction, spelled as DynamoDB does.
THROTTLED = ("ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded")


class Conflict(Exception):
    """What DynamoDB says of a single write that meets a transaction."""


class Cancelled(Exception):
    """What DynamoDB says of a transaction."""

    def __init__(self, *codes: str) -> None:
        super().__init__("cancelled")
        self.response = {"CancellationReasons": [{"Code": code} for code in codes]}


class Busy:
    """A client whose first ``times`` writes fail, a transaction for ``codes``."""

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=type("Failed", (Exception,), {}),
        TransactionCanceledException=Cancelled,
        TransactionConflictException=Conflict,
    )

    def __init__(self, times: int, codes: Sequence[str] = ("None", "TransactionConflict")) -> None:
        self.times = times
        self.codes = codes
        self.calls = 0

    def _write(self, problem: Exception) -> dict[str, Any]:
        self.calls += 1
        if self.calls <= self.times:
            raise problem
        return {"Attributes": {"a": {"N": "1"}}}

    def put_item(self, **_: Any) -> dict[str, Any]:
        return self._write(Conflict())

    update_item = delete_item = put_item

    def transact_write_items(self, **_: Any) -> dict[str, Any]:
        return self._write(Cancelled(*self.codes))


class Sparing:
    """A client that reads so many items of a batch, and leaves the others out."""

    def __init__(self, *at_once: int) -> None:
        self.at_once = list(at_once)
        self.asked: list[int] = []

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - the client's spelling
        ((name, wanted),) = RequestItems.items()
        keys = wanted["Keys"]
        self.asked.append(len(keys))
        taken = self.at_once.pop(0)
        left = {name: {**wanted, "Keys": keys[taken:]}} if keys[taken:] else {}
        return {"Responses": {name: [{**key, "hash": key["sk"]} for key in keys[:taken]]}, "UnprocessedKeys": left}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no pause be real; return how long they would have been."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_meets_a_transaction_is_made_after_it(write: Callable[[t.Table], object]) -> None:
    client: Any = Busy(times=3)

    write(t.Table("unified", client))

    assert client.calls == 4


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_meets_one_after_the_other_is_given_up(write: Callable[[t.Table], object]) -> None:
    client: Any = Busy(times=9)

    with pytest.raises(t.Contention):
        write(t.Table("unified", client))

    assert client.calls == 4


@pytest.mark.parametrize("code", THROTTLED)
def test_a_transaction_that_finds_no_room_is_made_when_there_is_some(code: str, waits: list[float]) -> None:
    client: Any = Busy(times=5, codes=("None", code))

    WRITES["transact"](t.Table("unified", client))

    assert client.calls == 6
    assert all(later > 0 for later in waits)
    assert waits[-1] > 0.35


@pytest.mark.parametrize("code", THROTTLED)
def test_a_transaction_that_never_finds_room_is_given_up_in_some_seconds(code: str, waits: list[float]) -> None:
    client: Any = Busy(times=99, codes=(code, "None"))

    with pytest.raises(t.Throttled):
        WRITES["transact"](t.Table("unified", client))

    assert client.calls == 6
    assert sum(waits) < 4


def test_a_transaction_both_throttled_and_in_anothers_way_waits_as_long_as_the_throttled(waits: list[float]) -> None:
    client: Any = Busy(times=99, codes=("TransactionConflict", "ThrottlingError"))

    with pytest.raises(t.Throttled):
        WRITES["transact"](t.Table("unified", client))

    assert client.calls == 6


def test_a_transaction_refused_for_good_is_not_repeated(waits: list[float]) -> None:
    client: Any = Busy(times=99, codes=("ValidationError", "None"))

    with pytest.raises(Cancelled):
        WRITES["transact"](t.Table("unified", client))

    assert (client.calls, waits) == (1, [])


def test_a_condition_that_fails_is_told_whatever_else_went_wrong(waits: list[float]) -> None:
    client: Any = Busy(times=99, codes=("ThrottlingError", "ConditionalCheckFailed"))

    with pytest.raises(t.ConditionFailed):
        WRITES["transact"](t.Table("unified", client))

    assert (client.calls, waits) == (1, [])


def test_a_transaction_of_no_writes_is_none() -> None:
    client: Any = Busy(times=99)

    t.Table("unified", client).transact([])

    assert client.calls == 0


SKS = [f"rec_{number}" for number in range(10)]
READS: dict[str, Callable[[t.Table], list[Any]]] = {
    "items": lambda table: [item and item["hash"] for item in table.get_many([t.Key("LEDGER", sk) for sk in SKS])],
    "values": lambda table: list(table.get_values("LEDGER", SKS, "hash").values()),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_a_batch_left_out_is_asked_for_after_longer_and_longer_pauses(
    read: Callable[[t.Table], list[Any]], waits: list[float]
) -> None:
    client: Any = Sparing(3, 3, 1, 3)

    assert read(t.Table("unified", client)) == SKS

    assert client.asked == [10, 7, 4, 3]
    assert len(waits) == 3
    assert 0 < waits[0] <= 0.1 <= waits[2] <= 0.4


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_batch_that_is_never_read_whole_is_given_up_in_some_seconds(
    read: Callable[[t.Table], list[Any]], waits: list[float]
) -> None:
    client: Any = Sparing(*[1] * 6)

    with pytest.raises(t.Throttled):
        read(t.Table("unified", client))

    assert client.asked == [10, 9, 8, 7, 6, 5]
    assert sum(waits) < 4
