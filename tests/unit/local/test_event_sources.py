"""The events of queues, streams and schedules, against the samples that AWS documents."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from local.event_sources import WholeBatch, failed_items, failure_record, scheduled_event, sqs_event, stream_event

ARN = "arn:aws:sqs:us-east-2:123456789012:my-queue"
STREAM = "arn:aws:dynamodb:us-west-2:123456789012:table/Example/stream/2015-06-27T00:48:05.899"
MESSAGE = {
    "MessageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
    "ReceiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
    "Body": "Test message.",
    "MD5OfBody": hashlib.md5(b"Test message.", usedforsecurity=False).hexdigest(),
    "Attributes": {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    },
}


def record(number: str = "4421584500000000017450439091", **changes: Any) -> dict[str, Any]:
    """Make a record as GetRecords gives it."""
    keys = {"pk": {"S": "EVENT#p"}, "sk": {"S": number}}
    inner = {"ApproximateCreationDateTime": 1479499740.0, "Keys": keys, "SequenceNumber": number, "SizeBytes": 59}
    dynamodb = {**inner, "StreamViewType": "KEYS_ONLY"}
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "INSERT",
        "eventVersion": "1.0",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": dynamodb,
        **changes,
    }


def test_a_message_becomes_the_documented_record() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event."""
    attribute = {"k": {"StringValue": "1", "DataType": "Number"}, "b": {"BinaryValue": b"\x00", "DataType": "Binary"}}
    (made,) = sqs_event([{**MESSAGE, "MessageAttributes": attribute}], ARN, "us-east-2")["Records"]
    lists: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert made == {
        "messageId": MESSAGE["MessageId"],
        "receiptHandle": MESSAGE["ReceiptHandle"],
        "body": "Test message.",
        "attributes": MESSAGE["Attributes"],
        "messageAttributes": {
            "k": {"stringValue": "1", "dataType": "Number", **lists},
            "b": {"binaryValue": "AA==", "dataType": "Binary", **lists},
        },
        "md5OfBody": MESSAGE["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "us-east-2",
    }


def test_a_change_becomes_the_documented_record() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb."""
    (made,) = stream_event([record()], STREAM, "us-west-2")["Records"]
    expected = {**record(), "eventVersion": "1.1", "awsRegion": "us-west-2", "eventSourceARN": STREAM}
    assert made == expected


def test_a_schedule_sends_the_documented_event() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html."""
    made = scheduled_event(datetime(2016, 12, 30, 18, 44, 49, tzinfo=UTC), "my-schedule")
    assert (made["source"], made["detail-type"], made["time"]) == (
        "aws.events",
        "Scheduled Event",
        "2016-12-30T18:44:49Z",
    )
    assert made["resources"][0].endswith(":rule/my-schedule")
    assert made["detail"] == {}


def test_what_is_given_up_is_told_by_its_place() -> None:
    """Keys and data stay in the stream."""
    told = failure_record(
        [record("1"), record("2")],
        function="F",
        stream_arn=STREAM,
        shard="shardId-1",
        expired=False,
        invocations=3,
        request_id="r",
    )
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = told["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("1", "2", 2)
    assert "EVENT#" not in str(told)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set[str]()),
        (b"null", set[str]()),
        (b"{}", set[str]()),
        (b'{"batchItemFailures":null}', set[str]()),
        (b'{"batchItemFailures":[]}', set[str]()),
        (b'{"batchItemFailures":[{"itemIdentifier":"b"}]}', {"b"}),
    ],
)
def test_an_answer_names_what_failed(answer: bytes, failed: set[str]) -> None:
    """The cases that AWS counts as success, and a partial one."""
    assert failed_items(answer, {"a", "b"}) == failed


@pytest.mark.parametrize(
    "answer",
    [
        b'"text"',
        b"[]",
        b"no",
        b'{"batchItemFailures":1}',
        b'{"batchItemFailures":[{"itemIdentifier":""}]}',
        b'{"batchItemFailures":[{"itemIdentifier":null}]}',
        b'{"batchItemFailures":[{"wrong":"a"}]}',
        b'{"batchItemFailures":[{"itemIdentifier":"other"}]}',
    ],
)
def test_an_answer_that_lambda_does_not_accept_fails_the_batch(answer: bytes) -> None:
    """As AWS documents it."""
    with pytest.raises(WholeBatch):
        failed_items(answer, {"a", "b"})
