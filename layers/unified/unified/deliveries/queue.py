"""DeliveryQueue: messages that say which attempt is due, sent now, in minutes, or in hours.

SQS holds a message back for at most 15 minutes. What is due later waits as a one-time schedule of EventBridge
Scheduler, named after the attempt, so that creating it twice is creating it once.

Each message names its endpoint as its group. In a standard queue that orders nothing: it is by which SQS tells whose
messages are taking up the attempts that can be made at a time, and gives those of the other endpoints first
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from unified import aws
from unified.settings import schedule_settings, settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_DELAY = 900
_BATCH = 10


class Message(NamedTuple):
    """One attempt that is due. ``attempt`` counts from 1, anew for each ``replay`` (None: the delivery itself)."""

    project: str
    event: str
    endpoint: str
    attempt: int = 1
    replay: str | None = None

    def to_json(self) -> str:
        """Spell it for the queue."""
        return json.dumps(self._asdict(), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Message:
        """Read it back. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is no message of ours.

        What a schedule failed to send is kept as the call that would have sent it: sent back to the queue, it is read
        for the message in it.
        """
        found: Any = json.loads(text)
        if "MessageBody" in found:
            found = json.loads(found["MessageBody"])
        replay = found["replay"]
        return cls(
            str(found["project"]),
            str(found["event"]),
            str(found["endpoint"]),
            int(found["attempt"]),
            None if replay is None else str(replay),
        )


class NotSent(Exception):
    """SQS did not take every message. Those that it took are delivered all the same: sending again is safe."""


class Queue:
    """What sends messages into DeliveryQueue."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def send(self, messages: Sequence[Message], delay: int = 0) -> None:
        """Send messages, to be received in ``delay`` seconds at the earliest. Raises ``NotSent``."""
        for start in range(0, len(messages), _BATCH):
            batch: list[Any] = [
                {
                    "Id": str(place),
                    "MessageBody": message.to_json(),
                    "DelaySeconds": delay,
                    "MessageGroupId": message.endpoint,
                }
                for place, message in enumerate(messages[start : start + _BATCH])
            ]
            refused = self._send(batch)
            # A part that failed mostly failed for a moment only; what fails twice is the caller's to repeat.
            if refused and self._send([entry for entry in batch if entry["Id"] in refused]):
                raise NotSent

    def later(self, message: Message, at: float, now: float) -> None:
        """Send a message to be received at a moment (seconds since the epoch). Raises ``NotSent``."""
        wait = math.ceil(max(at - now, 0))
        if wait <= MAX_DELAY:
            self.send([message], wait)
        else:
            _schedule(self._url, message, at)

    def _send(self, batch: list[Any]) -> set[str]:
        answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=batch)
        return {failed["Id"] for failed in answer.get("Failed", [])}


@lru_cache(maxsize=1)
def queue() -> Queue:
    """Return this environment's queue."""
    return Queue(aws.client("sqs"), settings().delivery_queue_url)


def _schedule(url: str, message: Message, at: float) -> None:
    scheduler, chosen = aws.client("scheduler"), schedule_settings()
    moment = datetime.fromtimestamp(math.ceil(at), UTC)
    sent = {"QueueUrl": url, "MessageBody": message.to_json(), "MessageGroupId": message.endpoint}
    try:
        scheduler.create_schedule(
            Name="delivery-" + hashlib.sha256(message.to_json().encode()).hexdigest()[:48],
            GroupName=chosen.group,
            ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                # The call itself: a queue as the target would be sent no group unless it were a FIFO queue
                # (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html).
                "Arn": f"arn:{chosen.role_arn.split(':')[1]}:scheduler:::aws-sdk:sqs:sendMessage",
                "RoleArn": chosen.role_arn,
                "Input": json.dumps(sent),
                "DeadLetterConfig": {"Arn": chosen.dead_letter_queue_arn},
            },
        )
    except scheduler.exceptions.ConflictException:
        return
