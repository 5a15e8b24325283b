"""The queues that the ledger's work comes by: what is put into them, and how."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from unified import aws
from unified.connections.watch import Watch
from unified.log import logger
from unified.settings import settings

MAX_DELAY_SECONDS = 900
MOST_TASKS = 10
"""As many as SQS takes at once."""


def send_tasks(tasks: Sequence[dict[str, Any]], delay: int = 0) -> None:
    """Put at most ``MOST_TASKS`` tasks into the sweep queue.

    Raises what SQS raises, and ``RuntimeError`` for a part refused.
    """
    _send(settings().sweep_queue_url, tasks, delay)


def send_hint(hint: dict[str, Any], delay: int) -> None:
    """Put one hint back into the hint queue, to be looked at later."""
    _send(settings().hint_queue_url, [hint], delay)


def send_soon(watch: Watch, task: str = "sweep") -> None:
    """Have a connection looked at now (or purged), best effort: the next tick would do it anyhow.

    The task is an ``asked`` one: it waits for a sweep that is under way, which may have passed what it is about.
    """
    try:
        send_tasks([{"task": task, "watch": watch.to_message(), "asked": True}])
    except Exception as failed:
        logger.warning("sweep task not sent", extra={"reason": type(failed).__name__})


def _send(url: str, messages: Sequence[dict[str, Any]], delay: int) -> None:
    entries: Any = [
        {
            "Id": str(number),
            "MessageBody": json.dumps(message, separators=(",", ":")),
            "DelaySeconds": min(delay, MAX_DELAY_SECONDS),
        }
        for number, message in enumerate(messages)
    ]
    answer = aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    if answer.get("Failed"):
        raise RuntimeError("SQS refused a message")
