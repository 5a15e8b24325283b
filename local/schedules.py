"""What happens at a time: functions on a rate, and the one-time schedules that functions make.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.calls import Aws, CallFailed
from local.event_sources import scheduled_event
from local.processes import Log
from local.queues import PAUSE_SECONDS, Invoker
from local.triggers import ScheduleTrigger

FIRST_SECONDS = 1.0
LOOK_SECONDS = 0.5
SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
"""The one thing that schedules do here (a universal target, whose input is the call's parameters)."""


class Ticker:
    """Sends one function its scheduled events: the first soon, the others at their rate."""

    def __init__(self, trigger: ScheduleTrigger, invoker: Invoker, *, speed: float = 1.0) -> None:
        """`speed` divides the time between two events."""
        self._trigger = trigger
        self._invoker = invoker
        self._seconds = trigger.seconds / speed

    async def run(self) -> None:
        """Invoke until cancelled. As in AWS, an event does not wait for the one before to be dealt with."""
        await asyncio.sleep(min(FIRST_SECONDS, self._seconds))
        async with asyncio.TaskGroup() as running:
            while True:
                running.create_task(self._tick())
                await asyncio.sleep(self._seconds)

    async def _tick(self) -> None:
        trigger = self._trigger
        event = scheduled_event(datetime.now(UTC), trigger.name, scheduler=trigger.scheduler)
        text = trigger.text if trigger.text is not None else json.dumps(event)
        await self._invoker.invoke(trigger.function, text.encode())


class OneTimeSchedules:
    """Stands for EventBridge Scheduler: when a schedule is due, its message goes to its queue."""

    def __init__(self, aws: Aws, log: Log, *, speed: float = 1.0) -> None:
        """`speed` divides the time between the making of a schedule and its own time."""
        self._aws = aws
        self._log = log
        self._speed = speed
        self._done: set[str] = set()  # of those that stay after they ran, and of those that cannot run here

    async def run(self) -> None:
        """Look for due schedules until cancelled."""
        while True:
            try:
                await self.look(datetime.now(UTC))
                await asyncio.sleep(LOOK_SECONDS)
            except CallFailed as error:
                self._log.line("local", f"schedules: {error}")
                await asyncio.sleep(PAUSE_SECONDS)

    async def look(self, now: datetime) -> int:
        """Run what is due at `now`, the longest overdue first; say how many ran."""
        due: list[tuple[datetime, str, str, str]] = []
        for listed in await self._aws.schedules():
            arn, expression = listed["Arn"], listed["ScheduleExpression"]
            if arn in self._done or listed["State"] != "ENABLED":
                continue
            time = due_time(expression, listed.get("ScheduleExpressionTimezone"))
            if time is None:
                self._leave(arn, f"{expression} is not run here: at(…) alone is")
                continue
            made = datetime.fromtimestamp(listed["CreationDate"], UTC)
            time = made + (time - made) / self._speed
            if time <= now:
                due.append((time, arn, listed["GroupName"], listed["Name"]))
        for _, arn, group, name in sorted(due):
            await self._run(arn, await self._aws.schedule(group, name))
        return len(due)

    async def _run(self, arn: str, schedule: Mapping[str, Any]) -> None:
        target: Mapping[str, Any] = schedule["Target"]
        if target["Arn"] != SEND_MESSAGE:
            self._leave(arn, f"{target['Arn']} is not done here: {SEND_MESSAGE} alone is")
            return
        message: dict[str, Any] = json.loads(target["Input"])
        queue = message.pop("QueueUrl").rpartition("/")[2]
        # First sent, then deleted: a stop between the two sends twice, as AWS may.
        await self._aws.sqs("SendMessage", queue, **message)
        if schedule.get("ActionAfterCompletion") == "DELETE":
            await self._aws.delete_schedule(schedule["GroupName"], schedule["Name"])
        else:
            self._done.add(arn)

    def _leave(self, arn: str, reason: str) -> None:
        self._log.line("local", f"schedule {arn.rpartition('/')[2]}: {reason}")
        self._done.add(arn)


def due_time(expression: str, zone: str | None) -> datetime | None:
    """Give the time of an ``at(…)`` expression; None if it is none."""
    match = re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", expression)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(zone or "UTC")) if match else None
    except (ValueError, ZoneInfoNotFoundError):
        return None
