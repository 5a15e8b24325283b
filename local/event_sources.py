"""The events that Lambda makes of queues, streams and schedules, and what it reads from the answers. Pure.

Tests of handlers use these too: records may come from boto3 (times as `datetime`, binary values as bytes) or from
the wire.
"""

import base64
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from local.settings import ACCOUNT_ID, REGION

_TYPES = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}


class WholeBatch(Exception):
    """The answer does not say which records failed in a way that Lambda accepts: all of them count as failed."""


def sqs_event(messages: Sequence[Mapping[str, Any]], queue_arn: str, region: str = REGION) -> dict[str, Any]:
    """Make the event of messages as ``ReceiveMessage`` gives them with all attributes.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {"Records": [_message(message, queue_arn, region) for message in messages]}


def stream_event(records: Sequence[Mapping[str, Any]], stream_arn: str = "", region: str = REGION) -> dict[str, Any]:
    """Make the event of records as ``GetRecords`` gives them.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    return {
        "Records": [
            {
                "eventID": record["eventID"],
                "eventName": record["eventName"],
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": region,
                "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": created_at(record)},
                "eventSourceARN": stream_arn,
            }
            for record in records
        ]
    }


def scheduled_event(time: datetime, name: str = "local", *, scheduler: bool = False) -> dict[str, Any]:
    """Make the event of a rule of EventBridge that runs on a schedule, or of EventBridge Scheduler.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    where = f"scheduler:{REGION}:{ACCOUNT_ID}:schedule/default" if scheduler else f"events:{REGION}:{ACCOUNT_ID}:rule"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler" if scheduler else "aws.events",
        "account": ACCOUNT_ID,
        "time": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:{where}/{name}"],
        "detail": "{}" if scheduler else {},
    }


def failure_record(
    records: Sequence[Mapping[str, Any]],
    *,
    function: str,
    stream_arn: str,
    shard: str,
    expired: bool,
    invocations: int,
    request_id: str,
) -> dict[str, Any]:
    """Make what goes to the ``OnFailure`` destination for records that were given up: their place, not their data.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    times = [datetime.fromtimestamp(created_at(record), UTC) for record in (records[0], records[-1])]
    first, last = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times)
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function}",
            "condition": "RecordAgeExpired" if expired else "RetryAttemptsExhausted",
            "approximateInvokeCount": invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": first,
            "approximateArrivalOfLastRecord": last,
            "batchSize": len(records),
            "streamArn": stream_arn,
        },
    }


def failed_items(answer: bytes, sent: Collection[str]) -> set[str]:
    """Read from a function's answer which of the records that it was `sent` failed. Raises `WholeBatch`.

    Nothing, ``{}``, and a list that is missing, null or empty mean that all went well; an identifier that is empty,
    missing or of no record, or an answer of another shape, that none did.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    try:
        read: object = json.loads(answer) if answer else None
    except ValueError as error:
        raise WholeBatch("the answer is not JSON") from error
    if read is None or read == "":
        return set()
    if not isinstance(read, dict):
        raise WholeBatch("the answer is not an object")
    failures = cast("dict[str, object]", read).get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list):
        raise WholeBatch("batchItemFailures is not a list")
    found: set[str] = set()
    for failure in cast("list[object]", failures):
        name = cast("dict[str, object]", failure).get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(name, str) or name not in sent:
            raise WholeBatch("batchItemFailures names what was not sent")
        found.add(name)
    return found


def created_at(record: Mapping[str, Any]) -> float:
    """Give the time of a stream record's change in seconds since 1970."""
    written = record["dynamodb"]["ApproximateCreationDateTime"]
    return written.timestamp() if isinstance(written, datetime) else float(written)


def _message(message: Mapping[str, Any], queue_arn: str, region: str) -> dict[str, Any]:
    given: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes") or {}
    attributes: dict[str, dict[str, str | list[str]]] = {
        name: {
            **{_TYPES[key]: _text(value) for key, value in attribute.items() if key in _TYPES},
            "stringListValues": [],
            "binaryListValues": [],
        }
        for name, attribute in given.items()
    }
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _text(value: str | bytes) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
