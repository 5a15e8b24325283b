"""Runs small concurrent programs under every schedule, deterministically.

Each worker is a greenlet that hands control back at every *step* (an access to shared state). ``explore``
replays the program once for each way in which the steps can follow one another. A worker that sleeps runs
again only after every other has moved, or when all sleep: pollers do not starve the one they wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet


class World:
    """The shared clock and the points at which workers can be interrupted."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.steps = 0

    def clock(self) -> float:
        return self.now

    def step(self, name: str) -> None:
        """Mark a point at which another worker may run."""
        _scheduler().switch(("step", name))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        _scheduler().switch(("sleep", seconds))


def _scheduler() -> greenlet:
    parent = getcurrent().parent
    assert parent is not None, "a worker runs under a scheduler"
    return parent


class Crash(GreenletExit):
    """Ends a worker where it stands, like a Lambda environment that is gone."""


def explore(
    program: Callable[[World], tuple[dict[str, Callable[[], Any]], Callable[[dict[str, Any]], None]]],
    *,
    crash: str | None = None,
    jump: float = 0,
    preemptions: int = 1000,
) -> int:
    """Run ``program`` under every schedule; returns how many there were.

    ``program`` builds a fresh world's workers and the check of their outcomes. With ``crash``, that worker also
    dies at every one of its steps; with ``jump``, the clock also leaps by so many seconds at every point.
    ``preemptions`` bounds how often a worker that could go on is interrupted: most faults show with two or
    three (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007).
    """
    count = 0
    path: list[int] = []
    while True:
        width = _run(program, path, crash=crash, jump=jump, preemptions=preemptions)
        count += 1
        while path and path[-1] + 1 >= width[len(path) - 1]:
            path.pop()
        if not path:
            return count
        path[-1] += 1


def _run(program: Any, path: list[int], *, crash: str | None, jump: float, preemptions: int) -> list[int]:
    world = World()
    workers, check = program(world)
    outcomes: dict[str, Any] = {}
    greenlets = {name: greenlet(_worker(name, work, outcomes)) for name, work in workers.items()}
    # By sleeping worker, those that must move before it wakes.
    asleep: dict[str, set[str]] = {}
    widths: list[int] = []
    jumped = crashed = False
    current = ""
    while True:
        alive = [name for name, one in greenlets.items() if not one.dead and name not in outcomes]
        if not alive:
            check(outcomes)
            return widths
        ready = [name for name in alive if not asleep.get(name, set()) & set(alive)] or alive
        if current in ready and preemptions <= 0:
            ready = [current]
        # The worker that is running comes first: the first schedule of all has no interruption.
        actions = [("run", name) for name in sorted(ready, key=lambda name: name != current)]
        if crash in ready and greenlets[crash] and not crashed and len(alive) == len(workers):
            actions.append(("crash", crash))
        if jump and not jumped and any(greenlets.values()):
            actions.append(("jump", ""))
        depth = len(widths)
        if depth == len(path):
            path.append(0)
        widths.append(len(actions))
        action, name = actions[path[depth]]
        if action == "jump":
            world.now += jump
            jumped = True
            continue
        if action == "crash":
            greenlets[name].throw(Crash)
            outcomes[name] = Crash
            crashed = True
            continue
        if name != current and current in ready:
            preemptions -= 1
        current = name
        said = greenlets[name].switch()
        for waited_for in asleep.values():
            waited_for.discard(name)
        asleep[name] = set(alive) - {name} if isinstance(said, tuple) and said[0] == "sleep" else set()


def _worker(name: str, work: Callable[[], Any], outcomes: dict[str, Any]) -> Callable[[], None]:
    def run() -> None:
        try:
            outcomes[name] = work()
        except Crash:
            raise
        except Exception as error:  # the check looks at what it was
            outcomes[name] = error

    return run
