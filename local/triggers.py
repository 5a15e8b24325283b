"""What sends a function its events without a request: queues, streams and schedules, read from the template. Pure.

A property that would change what a function gets, and that the runner does not do, is a `TemplateError`.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from local.errors import TemplateError
from local.intrinsics import Value, as_list, as_mapping, as_text
from local.patterns import Filters, read_pattern

_UNITS = {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400}
_PARTIAL = "ReportBatchItemFailures"


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """An SQS queue.

    `queue` is its ARN, `window` the seconds to gather a batch in, `partial` whether the answer may name single
    messages as failed.
    """

    function: str
    queue: str
    batch_size: int
    window: int
    partial: bool
    concurrency: int | None


@dataclass(frozen=True, slots=True)
class StreamTrigger:
    """A table's stream.

    `stream` is its ARN; -1 for `attempts` and `age` (seconds) is no limit; `destination` is the ARN of the queue
    for what was given up.
    """

    function: str
    stream: str
    from_start: bool
    batch_size: int
    filters: Filters
    partial: bool
    bisect: bool
    attempts: int
    age: int
    destination: str | None


@dataclass(frozen=True, slots=True)
class ScheduleTrigger:
    """A rate.

    `seconds` lie between two events; `text` is sent instead of the event if the template gives one. `scheduler`
    tells EventBridge Scheduler (``ScheduleV2``) from a rule of EventBridge.
    """

    function: str
    name: str
    seconds: int
    text: str | None
    scheduler: bool


Trigger: TypeAlias = QueueTrigger | StreamTrigger | ScheduleTrigger


def read_queue(function: str, _: str, detail: Mapping[str, Value], where: str) -> QueueTrigger | None:
    """Read an event of type ``SQS``; None if it is switched off."""
    _check(detail, where, "Queue BatchSize MaximumBatchingWindowInSeconds FunctionResponseTypes ScalingConfig Enabled")
    scaling = as_mapping(detail.get("ScalingConfig"), f"{where}.ScalingConfig")
    most = scaling.get("MaximumConcurrency")
    window = _number(detail, "MaximumBatchingWindowInSeconds", 0, where)
    size = _number(detail, "BatchSize", 10, where)
    if not 1 <= size <= (10000 if window else 10):
        raise TemplateError(f"{where}.BatchSize: over 10 messages need a MaximumBatchingWindowInSeconds")
    trigger = QueueTrigger(
        function=function,
        queue=_arn(detail, "Queue", "sqs", where),
        batch_size=size,
        window=window,
        partial=_partial(detail, where),
        concurrency=None if most is None else int(as_text(most, f"{where}.ScalingConfig")),
    )
    return trigger if detail.get("Enabled", True) is True else None


def read_stream(function: str, _: str, detail: Mapping[str, Value], where: str) -> StreamTrigger | None:
    """Read an event of type ``DynamoDB``; None if it is switched off."""
    _check(
        detail,
        where,
        "Stream StartingPosition BatchSize FilterCriteria FunctionResponseTypes BisectBatchOnFunctionError Enabled"
        # Here one batch runs at a time: order is kept for all keys, not only for each.
        " MaximumRetryAttempts MaximumRecordAgeInSeconds DestinationConfig ParallelizationFactor",
    )
    position = as_text(detail.get("StartingPosition"), f"{where}.StartingPosition")
    if position not in {"TRIM_HORIZON", "LATEST"}:
        raise TemplateError(f"{where}.StartingPosition: {position} is not TRIM_HORIZON or LATEST")
    failed = as_mapping(detail.get("DestinationConfig"), f"{where}.DestinationConfig").get("OnFailure")
    destination = as_mapping(failed, f"{where}.OnFailure")
    if destination.get("Type", "SQS") != "SQS":
        raise TemplateError(f"{where}.OnFailure: the local runner sends to SQS queues only")
    trigger = StreamTrigger(
        function=function,
        stream=as_text(detail.get("Stream"), f"{where}.Stream"),
        from_start=position == "TRIM_HORIZON",
        batch_size=_number(detail, "BatchSize", 100, where),
        filters=_filters(detail, where),
        partial=_partial(detail, where),
        bisect=detail.get("BisectBatchOnFunctionError") is True,
        attempts=_number(detail, "MaximumRetryAttempts", -1, where),
        age=_number(detail, "MaximumRecordAgeInSeconds", -1, where),
        destination=_arn(destination, "Destination", "sqs", where) if destination else None,
    )
    return trigger if detail.get("Enabled", True) is True else None


def read_schedule(function: str, name: str, detail: Mapping[str, Value], where: str) -> ScheduleTrigger | None:
    """Read an event of type ``Schedule``, a rule of EventBridge; None if it is switched off."""
    # What is retried, and where the rest goes, has no part here: a failed run is in the log, the next one follows.
    _check(detail, where, "Schedule Name Description Input Enabled State RetryPolicy DeadLetterConfig")
    expression = as_text(detail.get("Schedule"), f"{where}.Schedule")
    on = detail.get("Enabled", True) is True and detail.get("State", "ENABLED") == "ENABLED"
    return _schedule(function, name, expression, detail, where, scheduler=False) if on else None


def read_schedule_v2(function: str, name: str, detail: Mapping[str, Value], where: str) -> ScheduleTrigger | None:
    """Read an event of type ``ScheduleV2``, EventBridge Scheduler; None if it is switched off."""
    _check(
        detail,
        where,
        "ScheduleExpression Name Description Input State RetryPolicy DeadLetterConfig FlexibleTimeWindow GroupName"
        " RoleArn PermissionsBoundary KmsKeyArn OmitName ScheduleExpressionTimezone",
    )
    expression = as_text(detail.get("ScheduleExpression"), f"{where}.ScheduleExpression")
    on = detail.get("State", "ENABLED") == "ENABLED"
    return _schedule(function, name, expression, detail, where, scheduler=True) if on else None


def rate_seconds(expression: str) -> int:
    """Give the seconds of a ``rate(…)`` expression. Raises `TemplateError` for any other.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-rate-expressions
    """
    match = re.fullmatch(r"rate\(([1-9][0-9]*) (minutes?|hours?|days?)\)", expression.strip())
    if match is None:
        raise TemplateError(f"{expression}: the local runner knows rate(…) alone, such as rate(5 minutes)")
    count, unit = int(match[1]), match[2]
    if (count == 1) == unit.endswith("s"):  # AWS refuses this too
        raise TemplateError(f"{expression}: a rate of 1 takes the singular, any other the plural")
    return count * _UNITS[unit]


def _schedule(
    function: str, name: str, expression: str, detail: Mapping[str, Value], where: str, *, scheduler: bool
) -> ScheduleTrigger:
    text = detail.get("Input")
    try:
        seconds = rate_seconds(expression)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from error
    given = as_text(detail.get("Name", f"{function}{name}"), f"{where}.Name")
    return ScheduleTrigger(function, given, seconds, None if text is None else as_text(text, where), scheduler)


def _check(detail: Mapping[str, Value], where: str, known: str) -> None:
    unknown = sorted(name for name in detail if name not in known.split())
    if unknown:
        raise TemplateError(f"{where}.{unknown[0]} is not supported by the local runner")


def _number(detail: Mapping[str, Value], name: str, default: int, where: str) -> int:
    text = as_text(detail.get(name, default), f"{where}.{name}")
    try:
        return int(text)
    except ValueError as error:
        raise TemplateError(f"{where}.{name} is {text}, not a whole number") from error


def _arn(detail: Mapping[str, Value], name: str, service: str, where: str) -> str:
    text = as_text(detail.get(name), f"{where}.{name}")
    if not text.startswith(f"arn:aws:{service}:"):
        raise TemplateError(f"{where}.{name}: {text} is not the ARN of something in {service}")
    return text


def _partial(detail: Mapping[str, Value], where: str) -> bool:
    kinds = as_list(detail.get("FunctionResponseTypes"), f"{where}.FunctionResponseTypes")
    if any(kind != _PARTIAL for kind in kinds):
        raise TemplateError(f"{where}.FunctionResponseTypes: {_PARTIAL} is the only one that there is")
    return bool(kinds)


def _filters(detail: Mapping[str, Value], where: str) -> Filters:
    written = as_mapping(detail.get("FilterCriteria"), f"{where}.FilterCriteria").get("Filters")
    patterns: list[str] = []
    for item in as_list(written, f"{where}.FilterCriteria.Filters"):
        text = as_text(as_mapping(item, where).get("Pattern"), f"{where}.Pattern")
        try:
            pattern: object = json.loads(text)
        except ValueError as error:
            raise TemplateError(f"{where}: the pattern {text} is not JSON") from error
        if not isinstance(pattern, dict):
            raise TemplateError(f"{where}: the pattern {text} is not an object")
        read_pattern(cast("dict[str, object]", pattern), where)
        patterns.append(text)
    return Filters(tuple(patterns))


Reader: TypeAlias = Callable[[str, str, Mapping[str, Value], str], Trigger | None]
READERS: dict[str, Reader] = {
    "SQS": read_queue,
    "Schedule": read_schedule,
    "ScheduleV2": read_schedule_v2,
    "DynamoDB": read_stream,
}
