"""All that runs functions without a request: started, changed with the template, and ended, in one place."""

import asyncio
from collections.abc import Iterable

from local.calls import Aws
from local.processes import Log
from local.queues import Invoker, QueuePoller
from local.schedules import OneTimeSchedules, Ticker
from local.streams import StreamPoller
from local.template import Function
from local.triggers import QueueTrigger, StreamTrigger, Trigger


class Background:
    """The event sources of a stack, which may change while it runs; what stays the same is not disturbed."""

    def __init__(self, aws_url: str, invoker: Invoker, log: Log, *, speed: float = 1.0) -> None:
        """Nothing runs before `start`; `speed` divides what is waited for."""
        self._aws = Aws(aws_url)
        self._invoker = invoker
        self._log = log
        self._speed = speed
        self._running: dict[Trigger | None, asyncio.Task[None]] = {}
        # A stream goes on where it was, even if another batch size came with the template.
        self._positions: dict[tuple[str, str], StreamPoller] = {}

    async def end_gone(self, functions: Iterable[Function]) -> None:
        """End what these functions no longer have. To be called before the pool lets go of a function."""
        wanted = _triggers(functions)
        await self._end([trigger for trigger in self._running if trigger not in wanted])

    def start(self, functions: Iterable[Function]) -> None:
        """Run all triggers of these functions, and one-time schedules where there are any triggers."""
        for trigger in _triggers(functions) - self._running.keys():
            self._running[trigger] = asyncio.create_task(self._run(trigger))

    async def watch(self) -> None:
        """Never return; raise what ended a source, for that is a fault of this runner."""
        while True:
            tasks = list(self._running.values())
            done = [task for task in tasks if task.done() and not task.cancelled()]
            for task in done:
                task.result()
            await asyncio.sleep(0.5)

    async def close(self) -> None:
        """End everything."""
        await self._end(list(self._running))
        await self._aws.close()

    async def _end(self, triggers: Iterable[Trigger | None]) -> None:
        tasks = [self._running.pop(trigger) for trigger in triggers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, trigger: Trigger | None) -> None:
        if trigger is None:
            await OneTimeSchedules(self._aws, self._log, speed=self._speed).run()
        elif isinstance(trigger, QueueTrigger):
            await QueuePoller(trigger, self._aws, self._invoker, self._log, speed=self._speed).run()
        elif isinstance(trigger, StreamTrigger):
            poller = StreamPoller(trigger, self._aws, self._invoker, self._log, speed=self._speed)
            before = self._positions.get((trigger.function, trigger.stream))
            if before is not None:
                poller.go_on_after(before)
            self._positions[trigger.function, trigger.stream] = poller
            await poller.run()
        else:
            await Ticker(trigger, self._invoker, speed=self._speed).run()


def _triggers(functions: Iterable[Function]) -> set[Trigger | None]:
    triggers: set[Trigger | None] = {trigger for function in functions for trigger in function.triggers}
    return triggers | {None} if triggers else triggers  # None stands for the one-time schedules
