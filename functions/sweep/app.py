"""Reads on a schedule what no webhook told: each tick sends what is due into a queue, each task is one connection."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

import sys
from typing import Any

from unified.ledger.batches import messages
from unified.ledger.worker import worker

# The thread that reads ahead would wait for the one that takes a page in, 5 ms each time, and the account for it.
sys.setswitchinterval(0.0005)

_tasks = messages(lambda task, deadline: worker().work(task, deadline))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work tasks off where the event holds some; otherwise it is the schedule's tick."""
    return _tasks(event, context) if "Records" in event else {"sent": worker().tick()}
