"""The execution environments of all functions: started on demand, used again, replaced when they end.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

import asyncio
import random
import secrets
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from local.processes import Log
from local.runtime import Environment, Failure, Outcome
from local.template import Function

ENVIRONMENTS_PER_FUNCTION = 10


def label_of(function: Function) -> str:
    """Give the short name that a person knows a function by: its code folder's."""
    return PurePosixPath(function.code).name


def new_trace_id() -> str:
    """Make a trace header as API Gateway does, not sampled."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


class _Slots:
    """One function's environments."""

    def __init__(self, function: Function, limit: int) -> None:
        self.function = function
        self.free = asyncio.Semaphore(min(limit, function.concurrency or limit))
        self.idle: list[Environment] = []
        self.all: set[Environment] = set()


class RuntimePool:
    """Runs functions. An event gets an idle environment, else a new one, else it waits for one."""

    def __init__(self, *, root: Path, aws_url: str, log: Log, limit: int = ENVIRONMENTS_PER_FUNCTION) -> None:
        """`limit` is the number of events that a function handles at once."""
        self._root = root
        self._aws_url = aws_url
        self._log = log
        self._limit = limit
        self._slots: dict[str, _Slots] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def use(self, functions: Iterable[Function]) -> None:
        """Run these functions from now on, with their code as it is now.

        Idle environments end at once, busy ones when they have answered their event.
        """
        for slots in self._slots.values():
            for environment in slots.idle:
                self._retire(slots, environment)
        self._slots = {function.name: _Slots(function, self._limit) for function in functions}

    def recycle(self) -> None:
        """Run the code as it is now: no later event meets an environment that loaded the old code."""
        self.use([slots.function for slots in self._slots.values()])

    async def warm(self) -> None:
        """Have one environment of each function ready, to spare the first request the start."""

        async def warm_one(slots: _Slots) -> None:
            if not slots.all:
                environment = self._new(slots)
                slots.idle.append(environment)  # at once: an event that comes meanwhile waits for this one
                await environment.start()
                await environment.loaded()

        await asyncio.gather(*(warm_one(slots) for slots in self._slots.values()))

    async def invoke(self, name: str, event: bytes, *, request_id: str = "", trace_id: str = "") -> Outcome:
        """Run the function `name` (its logical id) with `event` as JSON; never raises for what it does.

        An event whose environment ended before taking it goes to another one, as nothing of it has run.
        """
        slots = self._slots[name]
        request_id = request_id or str(uuid.uuid4())
        trace_id = trace_id or new_trace_id()
        async with slots.free:
            outcome = await self._invoke_once(slots, event, request_id, trace_id)
            if outcome.failure is Failure.NOT_STARTED:
                outcome = await self._invoke_once(slots, event, request_id, trace_id)
        if (
            outcome.failure is not None and outcome.failure is not Failure.ERROR
        ):  # an exception's traceback is in the log already
            self._log.line(label_of(slots.function), f"RequestId: {request_id} Error: {outcome.failure.value}")
        return outcome

    def environments(self, name: str | None = None) -> Sequence[Environment]:
        """List the living environments, of one function or of all."""
        chosen = [self._slots[name]] if name else self._slots.values()
        return [environment for slots in chosen for environment in slots.all if environment.alive]

    def kill(self, name: str | None = None) -> bool:
        """Kill one environment at random, idle or amid an event; False if there is none.

        What a function leaves half done when its host dies is for tests to find.
        """
        living = self.environments(name)
        if living:
            random.choice(living).kill()  # noqa: S311 (chaos, not secrets)
        return bool(living)

    async def close(self) -> None:
        """End all environments."""
        for slots in self._slots.values():
            for environment in list(slots.all):
                self._retire(slots, environment)
        while self._closing:  # an event that ends meanwhile adds its environment
            closing = list(self._closing)
            await asyncio.gather(*closing)
            self._closing.difference_update(closing)

    async def _invoke_once(self, slots: _Slots, event: bytes, request_id: str, trace_id: str) -> Outcome:
        environment = await self._take(slots)
        try:
            return await environment.invoke(event, request_id, trace_id)
        except asyncio.CancelledError:
            environment.kill()  # it may be amid the event, so it cannot take another one
            raise
        finally:
            if environment.alive and self._slots.get(slots.function.name) is slots:
                slots.idle.append(environment)
            else:
                self._retire(slots, environment)

    async def _take(self, slots: _Slots) -> Environment:
        while slots.idle:
            environment = slots.idle.pop()
            if environment.alive:
                return environment
            self._retire(slots, environment)
        environment = self._new(slots)
        await environment.start()
        return environment

    def _new(self, slots: _Slots) -> Environment:
        environment = Environment(
            slots.function,
            root=self._root,
            aws_url=self._aws_url,
            label=label_of(slots.function),
            log=self._log,
        )
        slots.all.add(environment)
        return environment

    def _retire(self, slots: _Slots, environment: Environment) -> None:
        slots.all.discard(environment)
        task = asyncio.create_task(environment.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
