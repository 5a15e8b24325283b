"""The sample events that no caller sends: a queue's, the stream's, the clock's, against the template and the code.

What API Gateway sends is checked with the local gateway (``tests/unit/local/test_events.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bundle.deployed import FUNCTIONS, ROOT, folder, logical, routes, sources
from unified import table
from unified.connections.watch import Watch
from unified.connector import load_connector
from unified.deliveries.queue import Message

SAMPLES = {
    f"{path.parent.name}/{path.stem}": json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "events").glob("*/*.json"))
}
HINT = {"watch", "hookId", "action", "actionId", "data", "receivedAt", "tries"}
SENT_BY_AWS = {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}


def of_kind(kind: str) -> dict[str, Any]:
    """Return the samples of one kind of event source, by name."""
    return {name: event for name, event in SAMPLES.items() if kind_of(event) == kind}


def kind_of(event: dict[str, Any]) -> str:
    """Tell by its shape what kind of event source an event is of, in SAM's words."""
    if "Records" in event:
        return {"aws:sqs": "SQS", "aws:dynamodb": "DynamoDB"}[event["Records"][0]["eventSource"]]
    return "Schedule" if event.get("source") == "aws.events" else "HttpApi"


def bodies(of_folder: str) -> Iterator[dict[str, Any]]:
    """Yield the messages in a function's sample events."""
    for name, event in of_kind("SQS").items():
        if Path(name).parent.name == of_folder:
            yield from (json.loads(record["body"]) for record in event["Records"])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_is_of_a_kind_that_wakes_its_function(name: str) -> None:
    """An event that never comes would show nothing."""
    function = logical(Path(name).parent.name)
    assert kind_of(SAMPLES[name]) in {event["Type"] for event in FUNCTIONS[function]["Properties"]["Events"].values()}


@pytest.mark.parametrize("name", ["deliver", "observe", "sweep"])
def test_a_function_without_routes_has_a_sample_of_each_kind_that_wakes_it(name: str) -> None:
    """What it is given is written down nowhere else that a person can run."""
    kinds = {kind_of(event) for sample, event in SAMPLES.items() if Path(sample).parent.name == name}
    assert kinds == {event["Type"] for event in FUNCTIONS[logical(name)]["Properties"]["Events"].values()}
    assert routes(logical(name)) == []


@pytest.mark.parametrize("name", sorted(of_kind("SQS")))
def test_a_queues_sample_is_what_lambda_hands_over(name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html; CloudFormation names queues after the stack."""
    event = SAMPLES[name]
    (source,) = sources(logical(Path(name).parent.name), "SQS")
    assert set(event) == {"Records"}
    assert 0 < len(event["Records"]) <= source["BatchSize"]
    for record in event["Records"]:
        assert set(record) == {
            *("messageId", "receiptHandle", "body", "attributes", "messageAttributes"),
            *("md5OfBody", "eventSource", "eventSourceARN", "awsRegion"),
        }
        assert set(record["attributes"]) == SENT_BY_AWS
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        *_, region, account, queue = record["eventSourceARN"].split(":")
        assert (region, account) == (record["awsRegion"], "123456789012")
        assert queue.startswith("unified-ashby-")
    identifiers = [record["messageId"] for record in event["Records"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("name", sorted(of_kind("Schedule")))
def test_a_schedules_sample_is_what_eventbridge_sends(name: str) -> None:
    """As https://docs.aws.amazon.com/lambda/latest/dg/with-scheduled-events.html shows it."""
    event = SAMPLES[name]
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }
    assert (event["detail-type"], event["detail"]) == ("Scheduled Event", {})
    (rule,) = event["resources"]
    assert rule.startswith(f"arn:aws:events:{event['region']}:{event['account']}:rule/")


def test_sample_hints_are_such_as_the_connector_knows() -> None:
    """As the way in writes them: whole, or only the ids of what was too large for the queue."""
    found = list(bodies("observe"))
    assert found
    for body in found:
        assert Watch.from_message(body["watch"]).to_message() == body["watch"]
        assert set(body) == (HINT if body["data"] is not None else {*HINT, "ids"})
        assert load_connector(body["watch"]["connector"]).hints(body["action"], body["data"] or body["ids"])
    assert {body["data"] is None for body in found} == {True, False}


def test_sample_tasks_are_those_that_are_sent() -> None:
    """A task of one connection names it; the one of a project names that."""
    found = {body["task"]: body for body in bodies("sweep")}
    assert set(found) == {"sweep", "purge", "prepare-project"}
    for task in ("sweep", "purge"):
        assert set(found[task]) == {"task", "watch"}
        assert Watch.from_message(found[task]["watch"]).to_message() == found[task]["watch"]
    assert set(found["prepare-project"]) == {"task", "project", "publicKey"}


def test_sample_deliveries_are_messages_of_ours() -> None:
    """What deliver cannot read would end in its dead-letter queue."""
    for body in bodies("deliver"):
        assert json.loads(Message.from_json(json.dumps(body)).to_json()) == body


@pytest.mark.parametrize("name", sorted(of_kind("DynamoDB")))
def test_a_streams_sample_holds_the_keys_of_new_events_and_no_more(name: str) -> None:
    """The stream carries keys alone, and its filter leaves out all but new events."""
    event_kind = table.event_key("", "", "").pk.partition("#")[0]
    for record in SAMPLES[name]["Records"]:
        assert record["eventName"] == "INSERT"
        assert set(record["dynamodb"]["Keys"]) == {"pk", "sk"}
        assert record["dynamodb"]["Keys"]["pk"]["S"].startswith(f"{event_kind}#")
        assert record["dynamodb"]["StreamViewType"] == "KEYS_ONLY"
        assert not {"NewImage", "OldImage"} & set(record["dynamodb"])


def test_no_sample_is_of_a_function_that_is_not_deployed() -> None:
    """A folder that outlived its function."""
    assert {Path(name).parent.name for name in SAMPLES} <= {folder(name) for name in FUNCTIONS}
