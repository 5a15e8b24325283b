"""Queues, streams, one-time schedules and rates, on an emulator, with a function that is a coroutine."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from local.calls import Aws
from local.patterns import Filters
from local.processes import Log
from local.queues import QueuePoller
from local.runtime import Failure, Outcome
from local.schedules import OneTimeSchedules, Ticker
from local.settings import REGION
from local.streams import StreamPoller
from local.triggers import QueueTrigger, ScheduleTrigger, StreamTrigger

PATTERN = '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"EVENT#"}]}}}}'
OK = Outcome(b"{}")
ERROR = Outcome(b"{}", Failure.ERROR)


def client(url: str, service: Any) -> Any:
    """Make a client of the emulator."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )


def failures(*names: str) -> Outcome:
    """Answer that these failed."""
    return Outcome(json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in names]}).encode())


class Fake:
    """Answers events as `decide` says, and keeps them."""

    def __init__(self, decide: Callable[[list[Any]], Outcome] = lambda _: OK) -> None:
        self.decide = decide
        self.events: list[dict[str, Any]] = []

    async def invoke(self, name: str, event: bytes, *, request_id: str = "", trace_id: str = "") -> Outcome:
        """Stand for a function."""
        self.events.append(json.loads(event))
        return self.decide(self.events[-1].get("Records", []))


class Queues:
    """A queue with a dead-letter queue."""

    def __init__(self, url: str) -> None:
        self.sqs = client(url, "sqs")
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": self.arn("dead"), "maxReceiveCount": 1})
        attributes = {"VisibilityTimeout": "360", "RedrivePolicy": policy}
        self.url = self.sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]

    def arn(self, name: str) -> str:
        """Name a queue."""
        return f"arn:aws:sqs:{REGION}:123456789012:{name}"

    def bodies(self, url: str) -> list[str]:
        """Take what is visible."""
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        return sorted(message["Body"] for message in found.get("Messages", []))


async def until(condition: Callable[[], bool], work: Awaitable[None]) -> None:
    """Run `work` in the background until `condition` holds."""
    task = asyncio.ensure_future(work)
    try:
        async with asyncio.timeout(20):
            while not condition():
                assert not task.done()
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def poll(url: str, queues: Queues, fake: Fake, condition: Callable[[], bool]) -> None:
    """Poll the queue until a condition holds."""

    async def scenario() -> None:
        aws = Aws(url)
        trigger = QueueTrigger("F", queues.arn("work"), 10, 0, True, 2)
        await until(condition, QueuePoller(trigger, aws, fake, Log(terminal=io.StringIO())).run())
        await aws.close()

    asyncio.run(scenario())


def test_what_failed_goes_to_the_dead_letters_and_the_rest_is_deleted(aws_url: str) -> None:
    """A partial failure names one message; that one comes back and is given up by the queue."""
    queues = Queues(aws_url)
    for body in ("good", "bad"):
        queues.sqs.send_message(QueueUrl=queues.url, MessageBody=body)
    fake = Fake(lambda records: failures(*(one["messageId"] for one in records if one["body"] == "bad")))
    dead: list[str] = []

    def given_up() -> bool:
        dead.extend(queues.bodies(queues.dead))
        return bool(dead)

    poll(aws_url, queues, fake, given_up)
    assert dead == ["bad"]
    assert [one["body"] for event in fake.events for one in event["Records"]].count("bad") == 1
    assert fake.events[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    assert queues.bodies(queues.url) == []


def test_a_crash_deletes_nothing(aws_url: str) -> None:
    """The message becomes visible again; here the queue gives it up at once."""
    queues = Queues(aws_url)
    queues.sqs.send_message(QueueUrl=queues.url, MessageBody="kept")
    fake = Fake(lambda _: Outcome(b"{}", Failure.CRASH))
    dead: list[str] = []

    def given_up() -> bool:
        dead.extend(queues.bodies(queues.dead))
        return bool(dead)

    poll(aws_url, queues, fake, given_up)
    assert dead == ["kept"]


def deliver(url: str, fake: Fake, count: int = 4, *, seen: Callable[[], bool], **changes: Any) -> None:
    """Write `count` events and others into a table and follow its stream."""
    database = client(url, "dynamodb")
    made = database.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    for number in range(count):
        database.put_item(TableName="t", Item={"pk": {"S": f"EVENT#{number}"}})
        database.put_item(TableName="t", Item={"pk": {"S": f"OTHER#{number}"}})
    values: dict[str, Any] = {"batch_size": 10, "bisect": True, "attempts": -1, "age": -1, "destination": None}
    trigger = StreamTrigger(
        function="F",
        stream=made["LatestStreamArn"],
        from_start=True,
        filters=Filters((PATTERN,)),
        partial=True,
        **(values | changes),
    )

    async def scenario() -> None:
        aws = Aws(url)
        await until(seen, StreamPoller(trigger, aws, fake, Log(terminal=io.StringIO()), speed=20).run())
        await aws.close()

    asyncio.run(scenario())


def keys(records: list[Any]) -> list[str]:
    """Give the records' keys."""
    return [one["dynamodb"]["Keys"]["pk"]["S"] for one in records]


def test_a_stream_is_filtered_and_in_order(aws_url: str) -> None:
    """The function meets no other records, nor one twice."""
    fake = Fake()
    deliver(aws_url, fake, 5, seen=lambda: sum(len(event["Records"]) for event in fake.events) >= 5, batch_size=2)
    assert [keys(event["Records"]) for event in fake.events] == [
        ["EVENT#0", "EVENT#1"],
        ["EVENT#2", "EVENT#3"],
        ["EVENT#4"],
    ]


def test_a_failed_batch_is_halved_and_tried_until_it_succeeds(aws_url: str) -> None:
    """One bad record holds up what follows, and nothing that is before it."""
    done: list[str] = []
    tries: list[int] = []

    def decide(records: list[Any]) -> Outcome:
        if "EVENT#2" in keys(records) and len(tries) < 4:
            tries.append(1)
            return ERROR
        done.extend(keys(records))
        return OK

    deliver(aws_url, Fake(decide), seen=lambda: len(done) >= 4)
    assert done == [f"EVENT#{number}" for number in range(4)]


def test_a_stream_goes_on_at_the_record_that_failed(aws_url: str) -> None:
    """A partial answer is a checkpoint."""
    fake = Fake()
    fake.decide = lambda records: failures(records[1]["dynamodb"]["SequenceNumber"]) if len(records) > 1 else OK
    deliver(aws_url, fake, 3, seen=lambda: len(fake.events) >= 3)
    assert [keys(event["Records"])[0] for event in fake.events] == ["EVENT#0", "EVENT#1", "EVENT#2"]


def test_what_is_tried_often_enough_is_told_to_the_destination(aws_url: str) -> None:
    """The bad record alone is given up, and the stream goes on."""
    queues = Queues(aws_url)
    done: list[str] = []

    def decide(records: list[Any]) -> Outcome:
        if "EVENT#1" in keys(records):
            return ERROR
        done.extend(keys(records))
        return OK

    destination = queues.arn("dead")
    deliver(aws_url, Fake(decide), 3, seen=lambda: len(done) >= 2, attempts=1, destination=destination)
    (told,) = queues.bodies(queues.dead)
    assert json.loads(told)["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert json.loads(told)["DDBStreamBatchInfo"]["batchSize"] == 1
    assert done == ["EVENT#0", "EVENT#2"]


def test_a_schedule_that_is_due_is_sent_and_deleted(aws_url: str) -> None:
    """Not before its time; `speed` brings that nearer."""
    queues = Queues(aws_url)
    scheduler = client(aws_url, "scheduler")
    scheduler.create_schedule_group(Name="later")
    now = datetime.now(UTC)
    scheduler.create_schedule(
        Name="one",
        GroupName="later",
        ScheduleExpression=f"at({now + timedelta(hours=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Input": json.dumps({"QueueUrl": queues.url, "MessageBody": '{"a":1}', "MessageGroupId": "whose"}),
        },
    )

    async def scenario() -> None:
        aws = Aws(aws_url)
        schedules = OneTimeSchedules(aws, Log(terminal=io.StringIO()), speed=60)
        assert await schedules.look(now + timedelta(seconds=50)) == 0
        assert await schedules.look(now + timedelta(seconds=75)) == 1  # made a little later than now
        assert await schedules.look(now + timedelta(seconds=80)) == 0
        await aws.close()

    asyncio.run(scenario())
    assert queues.bodies(queues.url) == ['{"a":1}']
    assert scheduler.list_schedules()["Schedules"] == []


@pytest.mark.parametrize("text", [None, '{"mine":1}'])
def test_a_rate_sends_events_until_it_is_ended(text: str | None) -> None:
    """The first at once, as the speed makes of a minute; the template's own input in its place."""
    fake = Fake()
    trigger = ScheduleTrigger("F", "tick", 60, text, scheduler=False)
    asyncio.run(until(lambda: len(fake.events) >= 3, Ticker(trigger, fake, speed=3000).run()))
    first = fake.events[0]
    assert first == {"mine": 1} if text else first["detail-type"] == "Scheduled Event"
