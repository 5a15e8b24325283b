"""Queues as event sources: what Lambda's pollers do between SQS and a function.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Protocol

from local.calls import Aws, CallFailed
from local.event_sources import WholeBatch, failed_items, sqs_event
from local.processes import Log
from local.runtime import Outcome
from local.triggers import QueueTrigger

# Batches of one queue that are worked on at once: more would only wait for a processor.
AT_ONCE = 4
# In AWS a message that failed stays invisible for what is left of its queue's timeout, minutes here.
RETRY_SECONDS = 2
WAIT_SECONDS = 1
PAUSE_SECONDS = 0.5
_PER_CALL = 10  # as many as SQS takes and gives in one call


class Invoker(Protocol):
    """What runs functions; `local.pool.RuntimePool` does."""

    async def invoke(self, name: str, event: bytes, *, request_id: str = "", trace_id: str = "") -> Outcome:
        """Run one function and give what came of it."""
        ...


class QueuePoller:
    """Gives one queue's messages to one function, for as long as `run` is not cancelled."""

    def __init__(self, trigger: QueueTrigger, aws: Aws, invoker: Invoker, log: Log, *, speed: float = 1.0) -> None:
        """`speed` divides the seconds that a batch is gathered for and that a failed message waits."""
        self._trigger = trigger
        self._aws = aws
        self._invoker = invoker
        self._log = log
        self._window = trigger.window / speed
        self._retry = max(1, round(RETRY_SECONDS / speed))  # SQS counts whole seconds
        self._free = asyncio.Semaphore(min(AT_ONCE, trigger.concurrency or AT_ONCE))

    async def run(self) -> None:
        """Receive and invoke until cancelled. A message in work then becomes visible again at once."""
        async with asyncio.TaskGroup() as working:
            while True:
                await self._free.acquire()
                try:
                    messages = await self._gather()
                except CallFailed as error:
                    self._log.line("local", f"{self._name}: {error}")
                    await asyncio.sleep(PAUSE_SECONDS)
                    messages = []
                except BaseException:
                    self._free.release()
                    raise
                if messages:
                    task = working.create_task(self._work(messages))
                    task.add_done_callback(lambda _: self._free.release())
                else:
                    self._free.release()

    async def handle(self, messages: Sequence[dict[str, Any]]) -> None:
        """Invoke the function with one batch; delete what it dealt with, leave the rest for another time."""
        event = json.dumps(sqs_event(messages, self._trigger.queue), ensure_ascii=False).encode()
        outcome = await self._invoker.invoke(self._trigger.function, event)
        ids = {message["MessageId"] for message in messages}
        failed = ids if outcome.failure is not None else self._failed(outcome.payload, ids)
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(done)
            ]
            await self._in_batches("DeleteMessageBatch", entries)
        if failed:
            self._log.line("local", f"{self._name}: {len(failed)} of {len(messages)} messages failed")
            await self._show([message for message in messages if message["MessageId"] in failed], after=self._retry)

    @property
    def _name(self) -> str:
        return self._trigger.queue.rpartition(":")[2]

    def _failed(self, answer: bytes, ids: set[str]) -> set[str]:
        if not self._trigger.partial:
            return set()
        try:
            return failed_items(answer, ids)
        except WholeBatch as error:
            self._log.line("local", f"{self._name}: {error}, so the whole batch counts as failed")
            return ids

    async def _work(self, messages: Sequence[dict[str, Any]]) -> None:
        try:
            await self.handle(messages)
        except CallFailed as error:
            self._log.line("local", f"{self._name}: {error}")
        except asyncio.CancelledError:
            await self._give_back(messages)
            raise

    async def _gather(self) -> list[dict[str, Any]]:
        """Receive a batch: what is there, or, with a window, what comes within it."""
        messages = await self._receive(WAIT_SECONDS)
        until = time.monotonic() + self._window
        while messages and len(messages) < self._trigger.batch_size and time.monotonic() < until:
            try:
                messages += await self._receive(0, self._trigger.batch_size - len(messages))
                await asyncio.sleep(min(0.1, self._window))
            except asyncio.CancelledError:
                await self._give_back(messages)
                raise
        return messages

    async def _receive(self, wait: int, most: int | None = None) -> list[dict[str, Any]]:
        receiving = asyncio.ensure_future(
            self._aws.sqs(
                "ReceiveMessage",
                self._trigger.queue,
                MaxNumberOfMessages=min(_PER_CALL, most or self._trigger.batch_size),
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        try:
            answer = await asyncio.shield(receiving)
        except asyncio.CancelledError:
            # The emulator hands out messages even to a caller that has gone.
            try:
                answer = await receiving
            except CallFailed:
                answer = {}
            await self._give_back(answer.get("Messages") or [])
            raise
        return answer.get("Messages") or []

    async def _give_back(self, messages: Sequence[dict[str, Any]]) -> None:
        try:
            await self._show(messages, after=0)
        except CallFailed as error:
            self._log.line("local", f"{self._name}: {error}")

    async def _show(self, messages: Sequence[dict[str, Any]], *, after: int) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": after}
            for number, message in enumerate(messages)
        ]
        await self._in_batches("ChangeMessageVisibilityBatch", entries)

    async def _in_batches(self, action: str, entries: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(entries), _PER_CALL):
            await self._aws.sqs(action, self._trigger.queue, Entries=entries[start : start + _PER_CALL])
