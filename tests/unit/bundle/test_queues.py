"""The queues, the stream and the tick: who takes from them, what becomes of what fails, who is told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.bundle.deployed import (
    FUNCTIONS,
    GLOBALS,
    RESOURCES,
    ROOT,
    actions,
    each_function,
    folder,
    granted,
    logical,
    sources,
    statements,
    timeout,
    walk,
)
from unified import table

QUEUES = {name: body["Properties"] for name, body in RESOURCES.items() if body["Type"] == "AWS::SQS::Queue"}
WORK_QUEUES = {"HintQueue": "observe", "SweepQueue": "sweep", "DeliveryQueue": "deliver"}
TAKE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
SENDERS = {
    "connections": {"SweepQueue"},
    "connect": {"SweepQueue"},
    "webhook_ingest": {"HintQueue"},
    "observe": {"HintQueue"},
    "sweep": {"SweepQueue"},
    "deliver": {"DeliveryQueue", "DeliveryDeadLetterQueue"},
    "events": {"DeliveryQueue", "SweepQueue"},
}
FOURTEEN_DAYS = 1_209_600
# Webhooks hold candidates' data, and after some days sweeps have found what they tell.
KEPT = {"HintQueue": 345_600}

each_work_queue = pytest.mark.parametrize("queue", sorted(WORK_QUEUES))


def arn(name: str) -> dict[str, Any]:
    """Refer to a resource's ARN."""
    return {"Fn::GetAtt": [name, "Arn"]}


def dead_letters(queue: str) -> str:
    """Name the queue that keeps what a queue gave up on."""
    return QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]


# --- Queues


def test_every_queue_has_a_dead_letter_queue_of_its_own() -> None:
    """What fails again and again is kept for a person, apart from what other queues gave up on."""
    assert {name for name, body in QUEUES.items() if "RedrivePolicy" in body} == set(WORK_QUEUES)
    assert {queue: dead_letters(queue) for queue in WORK_QUEUES} == {
        queue: queue.replace("Queue", "DeadLetterQueue") for queue in WORK_QUEUES
    }
    assert set(QUEUES) == {*WORK_QUEUES, *map(dead_letters, WORK_QUEUES)}


@each_work_queue
def test_what_a_queue_gave_up_on_is_kept_for_as_long_as_sqs_can_or_as_it_may(queue: str) -> None:
    """A message keeps the time when it was first sent, so a dead-letter queue must keep longer, or at the most."""
    kept = KEPT.get(queue, FOURTEEN_DAYS)
    assert QUEUES[dead_letters(queue)]["MessageRetentionPeriod"] == kept
    assert QUEUES[queue]["MessageRetentionPeriod"] <= (kept if kept == FOURTEEN_DAYS else kept / 2)
    # Fewer than five would give up on what was only throttled.
    assert QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"] >= 5


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_every_queue_is_encrypted(queue: str) -> None:
    """A webhook holds candidates' data while it waits."""
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True


@each_work_queue
def test_a_message_is_hidden_for_six_times_as_long_as_its_function_may_take(queue: str) -> None:
    """As Lambda asks for: else a message that waits for a free function is taken twice."""
    assert QUEUES[queue]["VisibilityTimeout"] == 6 * timeout(logical(WORK_QUEUES[queue]))


@each_work_queue
def test_a_queue_is_taken_from_by_one_function_that_reports_each_failed_message(queue: str) -> None:
    """Without the report one bad message has its whole batch done again."""
    taken = [(folder(name), source) for name in FUNCTIONS for source in sources(name, "SQS")]
    ((service, source),) = [(service, source) for service, source in taken if source["Queue"] == arn(queue)]
    assert service == WORK_QUEUES[queue]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert len(taken) == len(WORK_QUEUES)


@each_function
def test_a_function_takes_from_its_own_queue_only(name: str) -> None:
    """What waits there is another function's business."""
    own = [source["Queue"] for source in sources(name, "SQS")]
    for action in TAKE:
        assert granted(folder(name), action) == own


@each_function
def test_a_function_sends_to_the_queues_that_are_listed_here_and_does_nothing_else_with_any(name: str) -> None:
    """A message is work that is done without asking who sent it."""
    sent = granted(folder(name), "sqs:SendMessage")
    assert sorted(resource["Fn::GetAtt"][0] for resource in sent) == sorted(SENDERS.get(folder(name), ()))
    used = {action for statement in statements(name) for action in actions(statement) if action.startswith("sqs:")}
    assert used <= {"sqs:SendMessage", *TAKE}


# --- The stream and the tick


def test_the_stream_wakes_deliver_for_new_events_alone() -> None:
    """Lambda bills nothing for what its filter leaves out, which is nearly all that is written."""
    ((service, source),) = [(folder(name), one) for name in FUNCTIONS for one in sources(name, "DynamoDB")]
    assert service == "deliver"
    assert source["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    (one,) = source["FilterCriteria"]["Filters"]
    wanted = json.loads(one["Pattern"])
    (prefix,) = wanted["dynamodb"]["Keys"]["pk"]["S"]
    assert wanted == {"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [prefix]}}}}
    assert table.event_key("p", "2026-11-24", "e").pk.startswith(prefix["prefix"])
    assert prefix["prefix"].endswith("#")


def test_an_event_that_does_not_get_through_the_stream_holds_up_the_others_for_hours_at_most() -> None:
    """It is tried alone, then its place is told; TRIM_HORIZON so that an update of the stack misses none."""
    (source,) = sources(logical("deliver"), "DynamoDB")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["StartingPosition"] == "TRIM_HORIZON"
    # The stream itself forgets after a day: before that, what is given up on must have been put aside.
    assert source["MaximumRecordAgeInSeconds"] < 86_400
    assert source["DestinationConfig"] == {"OnFailure": {"Destination": arn("DeliveryDeadLetterQueue")}}
    assert arn("DeliveryDeadLetterQueue") in granted("deliver", "sqs:SendMessage")


def test_only_sweep_runs_on_a_schedule() -> None:
    """Each minute, which is as finely as EventBridge counts."""
    ticks = [(folder(name), source["Schedule"]) for name in FUNCTIONS for source in sources(name, "Schedule")]
    assert ticks == [("sweep", "rate(1 minute)")]


@each_function
def test_a_function_is_woken_by_nothing_else(name: str) -> None:
    """Another kind of event source would bring rights with it that nothing here checks."""
    kinds = {event["Type"] for event in FUNCTIONS[name]["Properties"]["Events"].values()}
    assert kinds <= {"HttpApi", "SQS", "DynamoDB", "Schedule"}


# --- Who is told


def test_the_alarm_covers_every_dead_letter_queue() -> None:
    """A queue added without its lines here would lose messages unseen."""
    metrics = [m["MetricStat"] for m in RESOURCES["DeadLettersAlarm"]["Properties"]["Metrics"] if "MetricStat" in m]
    names = [value["Fn::GetAtt"] for value in walk(metrics) if isinstance(value, dict) and "Fn::GetAtt" in value]
    assert sorted(names) == sorted([dead_letters(queue), "QueueName"] for queue in WORK_QUEUES)
    for metric in metrics:
        assert metric["Metric"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
        # A sum would count one message again with each of the period's samples.
        assert metric["Stat"] == "Maximum"


def test_alarms_on_our_own_metrics_name_what_the_code_counts() -> None:
    """An alarm on a metric that nobody writes is never raised."""
    namespace = GLOBALS["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
    code = "".join(path.read_text() for path in (ROOT / "layers/unified/unified").rglob("*.py"))
    counted = set(re.findall(r'\bcount\(\s*"(\w+)"', code))
    own = [
        body["Properties"]
        for body in RESOURCES.values()
        if body["Type"] == "AWS::CloudWatch::Alarm" and body["Properties"].get("Namespace") == namespace
    ]
    assert {alarm["MetricName"] for alarm in own} == {"SweepHeld", "SweepFailed", "EndpointDisabled", "DeliveryFailed"}
    for alarm in own:
        assert alarm["MetricName"] in counted
        (dimension,) = alarm["Dimensions"]
        assert dimension["Name"] == "service"
        assert dimension["Value"] in {folder(name) for name in FUNCTIONS}
