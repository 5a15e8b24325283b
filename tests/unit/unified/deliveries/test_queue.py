"""Messages and where they wait: SQS for minutes, a one-time schedule for hours."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from unified import aws
from unified.deliveries.queue import Message, NotSent, Queue
from unified.settings import schedule_settings
from unified.table import Table

MESSAGE = Message("prj_1", "evt_1", "ep_1", 3, None)
ARN = "arn:aws:sqs:eu-west-1:123456789012:deliveries"


@pytest.fixture
def queue(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """Give a queue and a schedule group in moto."""
    for name, value in {
        "DELIVERY_DEAD_LETTER_QUEUE_ARN": f"{ARN}-dead",
        "SCHEDULE_GROUP": "unified",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/schedules",
    }.items():
        monkeypatch.setenv(name, value)
    schedule_settings.cache_clear()
    aws.client("scheduler").create_schedule_group(Name="unified")
    yield Queue(aws.client("sqs"), aws.client("sqs").create_queue(QueueName="deliveries")["QueueUrl"])
    schedule_settings.cache_clear()


def received(queue: Queue) -> list[str]:
    """Take what is in the queue."""
    found: list[str] = []
    while True:
        answer = aws.client("sqs").receive_message(QueueUrl=queue._url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        found += [message["Body"] for message in answer["Messages"]]


def schedules() -> list[Any]:
    """Return the schedules that there are."""
    scheduler = aws.client("scheduler")
    listed = scheduler.list_schedules(GroupName="unified")["Schedules"]
    return [scheduler.get_schedule(GroupName="unified", Name=one["Name"]) for one in listed]


@pytest.mark.parametrize("replay", [None, "rpl_1"])
def test_a_message_is_read_back_as_it_was_sent(replay: str | None) -> None:
    message = MESSAGE._replace(replay=replay)

    assert Message.from_json(message.to_json()) == message


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"project":"p"}', '{"MessageBody":"{}"}', '{"MessageBody":1}', '"text"', "null"]
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Message.from_json(text)


def test_messages_are_sent_in_batches(queue: Queue) -> None:
    messages = [MESSAGE._replace(attempt=number) for number in range(1, 24)]

    queue.send(messages)

    assert sorted(Message.from_json(text).attempt for text in received(queue)) == list(range(1, 24))


def test_each_message_says_to_which_endpoint_it_goes(queue: Queue) -> None:
    """By its group SQS keeps an endpoint that takes its time from keeping all others waiting."""
    queue.send([MESSAGE, MESSAGE._replace(endpoint="ep_2")])
    queue.later(MESSAGE._replace(endpoint="ep_3"), time.time(), time.time())

    answer = aws.client("sqs").receive_message(
        QueueUrl=queue._url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )

    groups = {
        Message.from_json(message["Body"]).endpoint: message["Attributes"]["MessageGroupId"]
        for message in answer["Messages"]
    }
    assert groups == {"ep_1": "ep_1", "ep_2": "ep_2", "ep_3": "ep_3"}


@pytest.mark.parametrize(("wait", "delay"), [(-5, 0), (0, 0), (4.2, 5), (300, 300), (900, 900)])
def test_a_wait_of_minutes_is_sqss_own(wait: float, delay: int) -> None:
    sent: list[dict[str, Any]] = []

    class Sqs:
        def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
            sent.extend(arguments["Entries"])
            return {}

    Queue(cast(Any, Sqs()), "url").later(MESSAGE, 1000 + wait, 1000)

    assert [entry["DelaySeconds"] for entry in sent] == [delay]


def test_a_wait_of_hours_is_a_schedule_that_ends_with_its_one_run(queue: Queue) -> None:
    at = 1_900_000_000.4

    queue.later(MESSAGE, at, at - 7200)

    (made,) = schedules()
    assert made["ScheduleExpression"] == "at(2030-03-17T17:46:41)"
    assert made["ScheduleExpressionTimezone"] == "UTC"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["ActionAfterCompletion"] == "DELETE"
    target = made["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    assert target["DeadLetterConfig"]["Arn"] == f"{ARN}-dead"
    sent = json.loads(target["Input"])
    assert Message.from_json(sent["MessageBody"]) == MESSAGE
    assert Message.from_json(target["Input"]) == MESSAGE, "a dead letter of the schedule can be sent back"
    assert (sent["QueueUrl"], sent["MessageGroupId"]) == (queue._url, MESSAGE.endpoint)
    assert len(made["Name"]) <= 64


def test_the_same_attempt_is_scheduled_once(queue: Queue) -> None:
    for message in (MESSAGE, MESSAGE, MESSAGE._replace(attempt=4), MESSAGE._replace(replay="rpl_1")):
        queue.later(message, time.time() + 7200, time.time())

    assert len(schedules()) == 3


@pytest.mark.parametrize(("failures", "raises"), [(1, False), (2, True)])
def test_what_sqs_did_not_take_is_sent_once_more(failures: int, raises: bool) -> None:
    calls: list[list[str]] = []

    class Sqs:
        def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
            bodies = [json.loads(entry["MessageBody"])["attempt"] for entry in arguments["Entries"]]
            calls.append(bodies)
            refused = [entry for entry in arguments["Entries"] if '"attempt":2' in entry["MessageBody"]]
            return {"Failed": [{"Id": entry["Id"]} for entry in refused]} if len(calls) <= failures else {}

    queue = Queue(cast(Any, Sqs()), "url")
    messages = [MESSAGE._replace(attempt=number) for number in (1, 2, 3)]
    if raises:
        with pytest.raises(NotSent):
            queue.send(messages)
    else:
        queue.send(messages)

    assert calls == [[1, 2, 3], [2]]
