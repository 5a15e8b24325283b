"""Writes that meet a transaction on the same item: repeated, and given up in the end."""

from __future__ import annotations

from collections.abc import Callable
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


class Conflict(Exception):
    """What DynamoDB says of a single write."""


class Cancelled(Exception):
    """What DynamoDB says of a transaction."""

    def __init__(self) -> None:
        super().__init__("conflict")
        self.response = {"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}


class Busy:
    """A client whose item others are writing for the first ``times`` calls."""

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=type("Failed", (Exception,), {}),
        TransactionCanceledException=Cancelled,
        TransactionConflictException=Conflict,
    )

    def __init__(self, times: int) -> None:
        self.times = times
        self.calls = 0

    def _write(self, problem: type[Exception]) -> dict[str, Any]:
        self.calls += 1
        if self.calls <= self.times:
            raise problem
        return {"Attributes": {"a": {"N": "1"}}}

    def put_item(self, **_: Any) -> dict[str, Any]:
        return self._write(Conflict)

    update_item = delete_item = put_item

    def transact_write_items(self, **_: Any) -> dict[str, Any]:
        return self._write(Cancelled)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause be real."""
    monkeypatch.setattr("unified.table.time.sleep", lambda _seconds: None)


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
