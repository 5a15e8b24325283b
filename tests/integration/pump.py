"""Moves what lies in queues and on the table's stream through the real handlers, as Lambda's event sources do."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from local.event_sources import failed_items, scheduled_event, sqs_event, stream_event
from unified import aws
from unified.settings import settings

from .cloud import REGION
from .stack import Stack


@dataclass
class Pump:
    """Event sources of one deployment. ``break_down`` may raise before a function's work or after it, as a crash would.

    ``held`` are queues that are not read; ``shuffles`` gives messages in any order.
    """

    stack: Stack
    seconds: int = 300
    break_down: Callable[[str, str], None] | None = None
    held: set[str] = field(default_factory=set[str])
    shuffles: random.Random | None = None
    invoked: Counter[str] = field(default_factory=Counter[str])
    _read: int = 0
    _waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def tick(self) -> None:
        """Send the schedule's event to sweep."""
        self._invoke("sweep", scheduled_event(datetime.now(UTC)))

    def run(self, rounds: int = 100) -> None:
        """Move everything on until nothing is left to move."""
        for _ in range(rounds):
            moved = self.queue("sweep") + self.queue("hint") + self.stream() + self.queue("delivery")
            if not moved:
                return
        raise AssertionError("the queues do not come to rest")

    def queue(self, name: str) -> int:
        """Give one batch of a queue's messages to its function; what fails stays. Returns how many were done."""
        if name in self.held:
            return 0
        function = {"hint": "observe", "sweep": "sweep", "delivery": "deliver"}[name]
        url = getattr(settings(), f"{name}_queue_url")
        answer = aws.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["All"]
        )
        messages: list[Any] = list(answer.get("Messages", []))
        if self.shuffles is not None:
            self.shuffles.shuffle(messages)
        done = 0
        for batch in [messages] if name != "sweep" else [[message] for message in messages]:
            if not batch:
                continue
            answered = self._invoke(function, sqs_event(batch, f"arn:aws:sqs:{REGION}:123456789012:{name}"))
            if answered is None:
                continue
            failed = failed_items(json.dumps(answered).encode(), {message["MessageId"] for message in batch})
            dealt_with: Any = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(batch)
                if message["MessageId"] not in failed
            ]
            if dealt_with:
                aws.client("sqs").delete_message_batch(QueueUrl=url, Entries=dealt_with)
                done += len(dealt_with)
        return done

    def stream(self) -> int:
        """Give what the table's stream holds to deliver, again and again until it is done."""
        self._waiting += self._read_stream()
        records = [record for record in self._waiting if _is_event(record)]
        self._waiting = []
        if not records or "stream" in self.held:
            self._waiting = records
            return 0
        answered = self._invoke("deliver", stream_event(records))
        names = {record["dynamodb"]["SequenceNumber"] for record in records}
        failed = names if answered is None else failed_items(json.dumps(answered).encode(), names)
        self._waiting = [record for record in records if record["dynamodb"]["SequenceNumber"] in failed]
        return len(records) - len(self._waiting)

    def _read_stream(self) -> list[dict[str, Any]]:
        """Read on in the stream. In this process moto serves DynamoDB's streams no calls, but it keeps them."""
        table = dynamodb_backends["123456789012"][REGION].get_table(settings().table_name)
        shard = table.stream_shard
        assert shard is not None
        records = [record.to_json() for record in shard.items[self._read :]]
        self._read += len(records)
        return records

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function; None when it broke down, before or after its work."""
        self.invoked[function] += 1
        context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: self.seconds * 1000,
            function_name=function,
            memory_limit_in_mb=1024,
            invoked_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:{function}",
            aws_request_id="1",
        )
        try:
            if self.break_down is not None:
                self.break_down(function, "before")
            answer = self.stack.handlers[function](event, context)
            if self.break_down is not None:
                self.break_down(function, "after")
        except BrokenDown:
            return None
        return answer


class BrokenDown(BaseException):
    """A function's environment died: nothing in it can catch that."""


def _is_event(record: dict[str, Any]) -> bool:
    return record["eventName"] == "INSERT" and record["dynamodb"]["Keys"]["pk"]["S"].startswith("EVENT#")
