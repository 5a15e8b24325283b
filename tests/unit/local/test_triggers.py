"""Event sources other than routes, as the runner reads them from a template."""

import json

import pytest

from local.errors import TemplateError
from local.intrinsics import Reference
from local.patterns import matches, read_pattern
from local.template import Function, Template
from local.triggers import QueueTrigger, ScheduleTrigger, rate_seconds

BASE = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Table: {Type: AWS::DynamoDB::Table}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work
      Handler: app.handler
      Events:
        Messages:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 20}
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
        Tock: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(2 hours), Input: '{"a":1}'}}
        Off: {Type: Schedule, Properties: {Schedule: rate(1 minute), Enabled: false}}
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
            BisectBatchOnFunctionError: true
            MaximumRecordAgeInSeconds: 36000
            ParallelizationFactor: 4
            DestinationConfig: {OnFailure: {Destination: !GetAtt Queue.Arn}}
"""


def work(text: str = BASE) -> Function:
    """Read the only function."""
    names = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q", "StreamArn": "arn:aws:dynamodb:x:1:table/t/stream/1"}
    template = Template(text, {}, region="eu-west-1", account="123456789012")
    (function,) = template.functions(lambda name: Reference(name, names))
    return function


def test_each_kind_of_source_has_its_field() -> None:
    """With the defaults that AWS documents; what is switched off is left out."""
    function = work()
    assert function.routes == []
    assert function.queues == [QueueTrigger("Work", "arn:aws:sqs:eu-west-1:123456789012:q", 5, 0, True, 20)]
    assert function.schedules == [
        ScheduleTrigger("Work", "WorkTick", 60, None, scheduler=False),
        ScheduleTrigger("Work", "WorkTock", 7200, '{"a":1}', scheduler=True),
    ]
    (stream,) = function.streams
    assert (stream.batch_size, stream.attempts, stream.age, stream.bisect, stream.partial) == (
        100,
        -1,
        36000,
        True,
        False,
    )
    assert stream.filters.passes({"eventName": "INSERT"})
    assert not stream.filters.passes({"eventName": "REMOVE"})


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("BatchSize: 5", "FilterCriteria: {Filters: []}", "FilterCriteria is not supported"),
        ("BatchSize: 5", "BatchSize: 11", "MaximumBatchingWindowInSeconds"),
        ("rate(2 hours)", "cron(0 12 1 1 A 2030)", "alone"),
        ("ParallelizationFactor: 4", "TumblingWindowInSeconds: 4", "TumblingWindowInSeconds is not supported"),
        ("TRIM_HORIZON", "AT_TIMESTAMP", "AT_TIMESTAMP"),
        ('["INSERT"]', '[{"wildcard":"*"}]', "does not know the rule"),
    ],
)
def test_what_would_run_otherwise_in_aws_is_refused(written: str, instead: str, told: str) -> None:
    """An error beats a difference that nobody sees."""
    assert written in BASE
    with pytest.raises(TemplateError, match=told):
        work(BASE.replace(written, instead))


@pytest.mark.parametrize(
    ("text", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(1 day)", 86400)]
)
def test_a_rate_is_read_in_seconds(text: str, seconds: int) -> None:
    """Minutes, hours and days are all that there is."""
    assert rate_seconds(text) == seconds


@pytest.mark.parametrize("text", ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "rate(5 seconds)", "at(x)"])
def test_a_rate_that_aws_refuses_is_refused(text: str) -> None:
    """Singular and plural included."""
    with pytest.raises(TemplateError):
        rate_seconds(text)


@pytest.mark.parametrize(
    ("rule", "value", "allowed"),
    [
        ("INSERT", "INSERT", True),
        ("INSERT", "REMOVE", False),
        ({"prefix": "EVENT#"}, "EVENT#1", True),
        ({"prefix": "EVENT#"}, "X", False),
        ({"prefix": "EVENT#"}, 1, False),
        ({"suffix": "#1"}, "EVENT#1", True),
        ({"exists": True}, "x", True),
        ({"exists": False}, None, True),
        ({"anything-but": ["a", "b"]}, "b", False),
        ({"anything-but": "a"}, "c", True),
        (1, True, False),
    ],
)
def test_a_pattern_allows_what_eventbridge_allows(rule: object, value: object, allowed: bool) -> None:
    """None stands for a value that is not there."""
    pattern: dict[str, object] = {"dynamodb": {"Keys": {"pk": {"S": [rule]}}}}
    read_pattern(pattern, json.dumps(rule))
    key: dict[str, object] = {} if value is None else {"S": value}
    assert matches(pattern, {"dynamodb": {"Keys": {"pk": key}}}) is allowed
