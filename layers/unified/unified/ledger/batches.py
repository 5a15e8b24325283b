"""A batch of SQS messages: each for itself, and only those that failed come again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from unified import startup
from unified.deadline import Deadline
from unified.log import frames, logger

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def messages(work: Callable[[Mapping[str, Any], Deadline], None]) -> Handler:
    """Return a Lambda handler that gives ``work`` each message's JSON and the time there is for it.

    A message that fails is logged by what happened and where, never by what it holds, and comes again; the others of
    its batch do not (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
    """
    startup.done()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        # Late: at start it would cost a third of it, for a module that brings metrics and tracing.
        from aws_lambda_powertools.utilities import batch

        deadline = Deadline(context.get_remaining_time_in_millis() / 1000)

        def one(record: Any) -> None:
            logger.set_correlation_id(record.message_id)
            try:
                work(json.loads(record.body), deadline)
            except Exception as failed:
                extra = {"exception_name": type(failed).__name__, "frames": frames(failed)}
                logger.error("message failed", extra=extra)
                raise

        # A batch of which all have failed is an ordinary answer too: raising would log their errors' texts.
        answer = batch.process_partial_response(  # pyright: ignore[reportUnknownMemberType] - takes any handler
            event=event,
            record_handler=one,
            processor=batch.BatchProcessor(batch.EventType.SQS, raise_on_entire_batch_failure=False),
            context=context,
        )
        return dict(answer)

    return handler
