"""What tests of deliveries share: the queues, the bus and the stream of a deployment, moved by hand, and its clock.

The functions are the real ones. What AWS would do between them (invoke deliver with what the stream or the queue holds)
``Deployment.deliver`` does, in the shapes that AWS uses.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.cloud import REGION
from tests.integration.stack import Answer, Stack
from unified import aws
from unified import table as t
from unified.connections.records import Reference
from unified.connections.vault import vault
from unified.connections.watch import Watch
from unified.events.bodies import Bodies
from unified.events.records import Event, new_event_id
from unified.models.moments import now_iso
from unified.settings import settings

ENDPOINTS = "/v1/webhook-endpoints"
ARN = f"arn:aws:sqs:{REGION}:123456789012:delivery"


@dataclass
class Deployment:
    """A stack with what its events need. ``taken`` are the messages that were received, in order."""

    stack: Stack
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> Answer:
        """Send a request, by the secret key unless told otherwise."""
        return self.stack.call(method, path, headers, **rest)

    def endpoint(self, url: str = "https://example.com/hooks", **body: Any) -> dict[str, Any]:
        """Make an endpoint, for everything unless told otherwise; returns it with its secret."""
        made = self.call("POST", ENDPOINTS, body={"url": url, "events": ["*"], **body})
        assert made.status == 201, made.text
        return made.json

    def event(
        self, owner: str = "acme", *, at: float | None = None, resource: dict[str, Any] | None = None, **changes: Any
    ) -> Event:
        """Put an event into the outbox, as the ledger does; with a resource, sealed."""
        watch = Watch(Reference(self.stack.project_id, "ashby", owner), "g1", self.stack.public_key)
        made = Event(new_event_id(at), watch, "genericContact", "updated", "rec_1", 2, now_iso())._replace(**changes)
        if resource is not None:
            made = made._replace(body=self.bodies.seal(watch, resource))
        t.table().put(made.key(), made.to_item())
        return made

    @property
    def bodies(self) -> Bodies:
        """What seals and opens bodies here."""
        return Bodies(t.table(), vault())

    def stream(self, *events: Event) -> dict[str, Any]:
        """Invoke deliver with the stream's records of new events."""
        records = [
            {
                "eventID": str(number),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "eventVersion": "1.1",
                "awsRegion": REGION,
                "dynamodb": {
                    "Keys": {"pk": {"S": one.key().pk}, "sk": {"S": one.key().sk}},
                    "SequenceNumber": f"{number:020}",
                    "SizeBytes": 100,
                    "StreamViewType": "KEYS_ONLY",
                },
            }
            for number, one in enumerate(events, 1)
        ]
        return self.invoke(records)

    def messages(self) -> list[dict[str, Any]]:
        """Take everything that the queue gives now, as Lambda would be given it."""
        found: list[dict[str, Any]] = []
        while True:
            answer = aws.client("sqs").receive_message(QueueUrl=settings().delivery_queue_url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                aws.client("sqs").delete_message(
                    QueueUrl=settings().delivery_queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                found.append(sqs_record(message["Body"], message["MessageId"]))
            if not answer.get("Messages"):
                self.taken += [json.loads(one["body"]) for one in found]
                return found

    def deliver(self) -> dict[str, Any]:
        """Invoke deliver with what the queue gives now."""
        records = self.messages()
        return self.invoke(records) if records else {"batchItemFailures": []}

    def invoke(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        """Invoke deliver, with records as JSON made them."""
        return json.loads(
            json.dumps(self.stack.handlers["deliver"](json.loads(json.dumps({"Records": records})), None))
        )

    def tasks(self) -> list[dict[str, Any]]:
        """Take the tasks that the sweeps were given."""
        answer = aws.client("sqs").receive_message(QueueUrl=settings().sweep_queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def schedules(self) -> list[Any]:
        """Return the attempts that wait as schedules."""
        scheduler = aws.client("scheduler")
        listed = scheduler.list_schedules(GroupName="unified-test")["Schedules"]
        return [scheduler.get_schedule(GroupName="unified-test", Name=one["Name"]) for one in listed]


def sqs_record(body: str, message_id: str = "m-1") -> dict[str, Any]:
    """Build a record as Lambda gets it from SQS."""
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": REGION,
    }


@pytest.fixture
def deployment(stack: Stack) -> Deployment:
    """Return a deployment of the test's own, which may deliver to this machine."""
    return Deployment(stack)
