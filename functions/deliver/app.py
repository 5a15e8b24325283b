"""Deliveries: new events of the table's stream go to the bus and the queue, and what the queue says is due is sent."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from unified import startup
from unified.deliveries.attempts import courier
from unified.deliveries.fanout import event_of, fanout
from unified.deliveries.queue import Message
from unified.log import frames, logger

# As many as a batch holds: an endpoint that takes its time must not cost the others theirs.
_THREADS = 10

startup.done()


def handler(event: dict[str, Any], context: Any) -> Any:
    from aws_lambda_powertools.utilities import batch

    records: list[dict[str, Any]] = event["Records"]
    from_queue = records[0]["eventSource"] == "aws:sqs"
    kind = batch.EventType.SQS if from_queue else batch.EventType.DynamoDBStreams
    with ThreadPoolExecutor(_THREADS) as pool:
        work = _attempt if from_queue else _fan_out
        # By identity: Powertools gives each record's handler the very dictionary that Lambda sent.
        under_way = {id(record): pool.submit(_logged, work, record) for record in records}

        def outcome(record: Any) -> None:
            under_way[id(record.raw_event)].result()

        return batch.process_partial_response(  # pyright: ignore[reportUnknownMemberType] - takes any handler
            event=event,
            record_handler=outcome,
            processor=batch.BatchProcessor(kind, raise_on_entire_batch_failure=False),
            context=context,
        )


def _attempt(record: dict[str, Any]) -> None:
    courier().run(Message.from_json(record["body"]))


def _fan_out(record: dict[str, Any]) -> None:
    fanout().run(*event_of(record["dynamodb"]["Keys"]))


def _logged(work: Callable[[dict[str, Any]], None], record: dict[str, Any]) -> None:
    try:
        work(record)
    except Exception as error:
        logger.error("not done", extra={"exception_name": type(error).__name__, "frames": frames(error)})
        raise
