"""A table's stream as an event source: what Lambda does between DynamoDB Streams and a function.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local.calls import Aws, CallFailed
from local.event_sources import WholeBatch, created_at, failed_items, failure_record, stream_event
from local.processes import Log
from local.queues import PAUSE_SECONDS, Invoker
from local.triggers import StreamTrigger

IDLE_SECONDS = 0.2
FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 5.0
_PER_CALL = 1000  # as many as the service gives in one call


@dataclass(slots=True)
class _Batch:
    """Records to be sent together: `attempts` have failed, of `invocations` in all."""

    records: list[dict[str, Any]]
    attempts: int = 0
    invocations: int = 0


class StreamPoller:
    """Gives one stream's records to one function, in order, for as long as `run` is not cancelled."""

    def __init__(self, trigger: StreamTrigger, aws: Aws, invoker: Invoker, log: Log, *, speed: float = 1.0) -> None:
        """`speed` divides how old a record may become and how long a failed batch waits."""
        self._trigger = trigger
        self._aws = aws
        self._invoker = invoker
        self._log = log
        self._speed = speed
        self._shard = ""
        self._after: str | None = None  # the last record that was dealt with

    async def run(self) -> None:
        """Read and invoke until cancelled; another `run` goes on where this one was."""
        iterator: str | None = None
        while True:
            try:
                iterator = iterator or await self._iterator()
                answer = await self._aws.streams("GetRecords", ShardIterator=iterator, Limit=_PER_CALL)
                records: list[dict[str, Any]] = answer["Records"]
                await self.deliver(records)
                iterator = answer["NextShardIterator"]
            except CallFailed as error:
                self._log.line("local", f"{self._name}: {error}")
                iterator = None
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                if len(records) < _PER_CALL:
                    await asyncio.sleep(IDLE_SECONDS)

    def go_on_after(self, other: "StreamPoller") -> None:
        """Begin where `other` has ended."""
        self._after = other._after  # noqa: SLF001 (its own kind)

    async def deliver(self, records: Sequence[dict[str, Any]]) -> None:
        """Bring those records of a stretch of the stream that pass the filters to the function, or give them up."""
        passing = [record for record in records if self._trigger.filters.passes(record)]
        size = self._trigger.batch_size
        for start in range(0, len(passing), size):
            await self._deliver_batch(passing[start : start + size])
        if records:
            self._after = _number(records[-1])

    @property
    def _name(self) -> str:
        return "the stream of " + self._trigger.stream.split("/")[1]

    async def _iterator(self) -> str:
        described = await self._aws.streams("DescribeStream", StreamArn=self._trigger.stream)
        self._shard = described["StreamDescription"]["Shards"][0]["ShardId"]  # the emulator has one
        where: dict[str, object] = {"ShardIteratorType": "TRIM_HORIZON" if self._trigger.from_start else "LATEST"}
        if self._after is not None:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._after}
        asked = await self._aws.streams(
            "GetShardIterator", StreamArn=self._trigger.stream, ShardId=self._shard, **where
        )
        return asked["ShardIterator"]

    async def _deliver_batch(self, records: list[dict[str, Any]]) -> None:
        waiting = [_Batch(records)]
        while waiting:
            batch = waiting.pop(0)
            await self._drop_expired(batch)
            if not batch.records:
                continue
            request_id = str(uuid.uuid4())
            batch.invocations += 1
            done = await self._attempt(batch.records, request_id)
            if done:
                self._after = _number(batch.records[done - 1])
                left = batch.records[done:]
                waiting[:0] = [_Batch(left, 0, batch.invocations)] if left else []
            else:
                waiting[:0] = await self._again(batch, request_id)

    async def _attempt(self, records: Sequence[dict[str, Any]], request_id: str) -> int:
        """Invoke the function and say how many records, from the first on, it has dealt with."""
        event = json.dumps(stream_event(records, self._trigger.stream)).encode()
        outcome = await self._invoker.invoke(self._trigger.function, event, request_id=request_id)
        if outcome.failure is not None:
            self._log.line("local", f"{self._name}: a batch of {len(records)} failed")
            return 0
        if not self._trigger.partial:
            return len(records)
        numbers = [_number(record) for record in records]
        try:
            failed = failed_items(outcome.payload, set(numbers))
        except WholeBatch as error:
            self._log.line("local", f"{self._name}: {error}, so the whole batch counts as failed")
            return 0
        # Lambda goes on at the lowest number that failed, whatever came after it.
        return next((position for position, number in enumerate(numbers) if number in failed), len(numbers))

    async def _again(self, batch: _Batch, request_id: str) -> list[_Batch]:
        """Decide what to do with a batch of which nothing got through: halve it, wait, or give it up."""
        middle = len(batch.records) // 2
        if self._trigger.bisect and middle:  # halving is not counted as an attempt
            halves = (batch.records[:middle], batch.records[middle:])
            return [_Batch(half, batch.attempts, batch.invocations) for half in halves]
        batch.attempts += 1
        if 0 <= self._trigger.attempts < batch.attempts:
            await self._give_up(batch.records, batch.invocations, request_id, expired=False)
            return []
        pause = min(FIRST_RETRY_SECONDS * 2 ** min(batch.attempts - 1, 10), LAST_RETRY_SECONDS)
        await asyncio.sleep(pause / self._speed)
        return [batch]

    async def _drop_expired(self, batch: _Batch) -> None:
        if self._trigger.age < 0:
            return
        oldest = time.time() - self._trigger.age / self._speed
        expired = [record for record in batch.records if created_at(record) < oldest]
        if expired:
            await self._give_up(expired, batch.invocations, str(uuid.uuid4()), expired=True)
            batch.records = batch.records[len(expired) :]  # they are in the order of their times

    async def _give_up(
        self, records: Sequence[dict[str, Any]], invocations: int, request_id: str, *, expired: bool
    ) -> None:
        reason = "too old" if expired else "tried often enough"
        self._log.line("local", f"{self._name}: {len(records)} records are given up, {reason}")
        if self._trigger.destination is not None:
            told = failure_record(
                records,
                function=self._trigger.function,
                stream_arn=self._trigger.stream,
                shard=self._shard,
                expired=expired,
                invocations=invocations,
                request_id=request_id,
            )
            await self._aws.sqs("SendMessage", self._trigger.destination, MessageBody=json.dumps(told))
        self._after = _number(records[-1])


def _number(record: dict[str, Any]) -> str:
    return record["dynamodb"]["SequenceNumber"]
