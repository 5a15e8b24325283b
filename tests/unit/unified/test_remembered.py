"""What is remembered: for how long, how much of it, and by whom it may be used."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from unified.remembered import Remembered

NOW = 1_000_000_000.0


class Clock:
    """The time of day, as the test sets it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Source:
    """Something to read: each reading gives another number."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> int:
        self.reads += 1
        return self.reads


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_value_is_read_once_until_it_is_too_old(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()

    assert [remembered.get("a", source) for _ in range(3)] == [1, 1, 1]
    clock.now = NOW + 29.9
    assert remembered.get("a", source) == 1
    clock.now = NOW + 30
    assert remembered.get("a", source) == 2


def test_being_used_makes_nothing_younger(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    for second in range(60):
        clock.now = NOW + second
        remembered.get("a", source)

    assert source.reads == 2


def test_age_counts_from_when_the_reading_began(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()

    def slow() -> int:
        clock.now += 20
        return source()

    remembered.get("a", slow)
    clock.now = NOW + 30

    assert remembered.get("a", source) == 2


def test_a_clock_that_was_set_back_makes_nothing_last_longer(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    remembered.get("a", source)

    clock.now = NOW - 3600

    assert remembered.get("a", source) == 2
    assert remembered.get("a", source) == 2


def test_that_there_is_nothing_is_remembered_too(clock: Clock) -> None:
    remembered: Remembered[str, int | None] = Remembered(30, 10, clock)
    reads: list[None] = []

    for _ in range(3):
        assert remembered.get("a", lambda: reads.append(None)) is None

    assert len(reads) == 1


def test_something_younger_can_be_asked_for(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    remembered.get("a", source)

    assert remembered.get("a", source, max_age=5) == 1
    assert remembered.get("a", source, max_age=0) == 2
    clock.now = NOW + 6
    assert remembered.get("a", source) == 2
    assert remembered.get("a", source, max_age=5) == 3
    assert remembered.get("a", source) == 3


def test_nobody_can_ask_for_something_older_than_is_usual(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    remembered.get("a", source)
    clock.now = NOW + 31

    assert remembered.get("a", source, max_age=3600) == 2


def test_a_reading_that_fails_is_not_remembered(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()

    def fail() -> int:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        remembered.get("a", fail)
    assert remembered.get("a", source) == 1
    with pytest.raises(TimeoutError):
        remembered.get("a", fail, max_age=0)
    assert remembered.get("a", source) == 1


def test_the_least_recently_used_goes_when_there_is_no_room(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 2, clock), Source()
    remembered.get("a", source)
    remembered.put("b", 20)
    remembered.get("a", source)
    remembered.get("c", source)

    assert len(remembered) == 2
    assert remembered.get("a", source) == 1
    assert remembered.get("c", source) == 2
    assert remembered.get("b", source) == 3


def test_what_was_put_or_forgotten_is_so_at_once(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    remembered.put("a", 20)
    assert remembered.get("a", source) == 20

    remembered.forget("a")
    remembered.forget("never known")

    assert remembered.get("a", source) == 1


def test_several_threads_may_use_it_at_once() -> None:
    remembered: Remembered[int, int] = Remembered(30, 4)
    wrong: list[tuple[int, int]] = []

    def reader(name: int) -> Callable[[], int]:
        return lambda: name * name

    def use(first: int) -> None:
        for step in range(500):
            name = (first + step) % 8
            if remembered.get(name, reader(name)) != name * name:
                wrong.append((first, step))
            if step % 7 == 0:
                remembered.forget(name)

    threads = [threading.Thread(target=use, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(remembered) <= 4


def test_a_slow_reading_keeps_nobody_from_what_is_known(clock: Clock) -> None:
    remembered, source = Remembered[str, int](30, 10, clock), Source()
    remembered.get("known", source)
    is_reading, may_end = threading.Event(), threading.Event()

    def slow() -> int:
        is_reading.set()
        assert may_end.wait(5)
        return 50

    thread = threading.Thread(target=remembered.get, args=("slow", slow))
    thread.start()
    assert is_reading.wait(5)
    found = remembered.get("known", source)
    may_end.set()
    thread.join()

    assert (found, source.reads) == (1, 1)
