"""The claim on a key, its outcome, and every way to die in between: at most one record, and never a wrong answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from unified import table as t
from unified.api import idempotency
from unified.api.idempotency import CLAIM_SECONDS, KEEP_SECONDS, MAX_KEY, SETTLE_SECONDS, Outcome
from unified.connections.records import Reference
from unified.errors import Invalid, OutcomeUnknown, Unauthorized, UnifiedError

ACME = Reference("p1", "ashby", "acme")


class Died(BaseException):
    """The process ended here: nothing of ours may catch it."""


class MemoryTable:
    """The three writes that claims are made of, each as exclusive as DynamoDB's; dies at a given one."""

    def __init__(self) -> None:
        self.items: dict[t.Key, dict[str, Any]] = {}
        self.calls = 0
        self.die_at: tuple[int, bool] | None = None
        self._lock = threading.Lock()

    def put(self, key: t.Key, item: Mapping[str, Any], condition: t.Condition | None = None) -> None:
        def effect() -> None:
            self.items[key] = {**key._asdict(), **item}

        self._do(key, condition, effect)

    def update(self, key: t.Key, changes: Mapping[str, Any], *, condition: t.Condition | None = None) -> dict[str, Any]:
        def effect() -> None:
            self.items[key] = {**self.items.get(key, key._asdict()), **changes}

        self._do(key, condition, effect)
        return self.items[key]

    def delete(self, key: t.Key, condition: t.Condition | None = None) -> None:
        self._do(key, condition, lambda: cast(None, self.items.pop(key, None)))

    def _do(self, key: t.Key, condition: t.Condition | None, effect: Callable[[], None]) -> None:
        with self._lock:
            self.calls += 1
            at, after = self.die_at or (0, False)
            if self.calls == at and not after:
                raise Died
            item = self.items.get(key)
            if condition is not None and not holds(condition, item):
                raise t.ConditionFailed(None if item is None else dict(item))
            effect()
            if self.calls == at:
                raise Died


def holds(condition: t.Condition, item: Mapping[str, Any] | None) -> bool:
    """Evaluate the conditions that claims use, and fail on any other."""

    def clause(text: str) -> bool:
        if text == "attribute_not_exists(pk)":
            return item is None
        found = re.fullmatch(r"#(\w+) ([<=]) :(\w+)", text)
        assert found, text
        value, wanted = (item or {}).get(found[1]), condition.values[found[3]]
        return value is not None and (value < wanted if found[2] == "<" else value == wanted)

    return any(all(clause(one) for one in part.split(" AND ")) for part in condition.expression.split(" OR "))


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(table: MemoryTable, clock: Clock, key: str = "k", **rest: Any) -> idempotency.Attempt:
    asked: dict[str, Any] = {"reference": ACME, "generation": "g", "route": "create x", "body": {"a": 1}, **rest}
    return idempotency.begin(cast(t.Table, table), asked.pop("reference"), key, clock=clock, **asked)


def run(attempt: idempotency.Attempt, write: Callable[[], Outcome], **rest: Any) -> Outcome:
    doing: dict[str, Any] = {"find": lambda _since: None, "resume": never, **rest}
    return idempotency.run(attempt, write=write, **doing)


def never(*_: Any) -> Any:
    raise AssertionError("nothing may be written")


def raises(error: BaseException) -> Callable[..., Any]:
    def failing(*_: Any) -> Any:
        raise error

    return failing


def refusal(code: str = "CONNECTOR::OPERATION::BAD_REQUEST") -> UnifiedError:
    return UnifiedError(code, "refused")


def lost() -> OutcomeUnknown:
    return OutcomeUnknown("MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN", "lost")


ONE = Outcome("r1", {})


def test_the_first_outcome_is_replayed_for_a_day_and_no_longer(table: MemoryTable, clock: Clock) -> None:
    assert run(begin(table, clock), lambda: ONE) == ONE
    clock.now += KEEP_SECONDS

    assert run(begin(table, clock), never) == ONE
    clock.now += 1
    assert run(begin(table, clock), lambda: Outcome("r2", {})) == Outcome("r2", {})


def test_while_one_runs_another_is_told_to_wait(table: MemoryTable, clock: Clock) -> None:
    begin(table, clock)
    clock.now += CLAIM_SECONDS

    with pytest.raises(UnifiedError) as told:
        begin(table, clock)

    assert (told.value.code, told.value.status) == ("MORPH::IDEMPOTENCY::IN_PROGRESS", 409)
    assert told.value.retry_after == 1
    clock.now += 1
    assert begin(table, clock).settle


@pytest.mark.parametrize("state", ["running", "done", "unknown"])
@pytest.mark.parametrize("other", [{"route": "create y"}, {"body": {"a": 2}}, {"body": {"a": "1"}}, {"body": {}}])
def test_another_request_is_told_that_the_key_is_taken(
    table: MemoryTable, clock: Clock, state: str, other: dict[str, Any]
) -> None:
    attempt = begin(table, clock)
    if state == "done":
        attempt.done(ONE)
    elif state == "unknown":
        attempt.unknown(0)

    with pytest.raises(UnifiedError) as told:
        begin(table, clock, **other)

    assert (told.value.code, told.value.status) == ("MORPH::IDEMPOTENCY::KEY_REUSED", 422)


def test_the_order_of_a_bodys_names_is_no_other_request(table: MemoryTable, clock: Clock) -> None:
    run(begin(table, clock, body={"a": 1, "b": {"x": 1, "y": 2}}), lambda: ONE)

    assert run(begin(table, clock, body={"b": {"y": 2, "x": 1}, "a": 1}), never) == ONE


@pytest.mark.parametrize(
    "other",
    [
        {"reference": ACME._replace(owner="globex")},
        {"reference": ACME._replace(project="p2")},
        {"reference": ACME._replace(connector="other")},
        {"generation": "made anew"},
        {"key": "l"},
    ],
)
def test_a_key_is_one_connections(table: MemoryTable, clock: Clock, other: dict[str, Any]) -> None:
    run(begin(table, clock), lambda: ONE)

    assert run(begin(table, clock, **other), lambda: Outcome("r2", {})) == Outcome("r2", {})


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "a\nb", "a\x00"])
def test_a_key_out_of_form_is_refused(table: MemoryTable, clock: Clock, key: str) -> None:
    with pytest.raises(Invalid):
        begin(table, clock, key)
    assert not table.items


@pytest.mark.parametrize("key", ["x", "x" * MAX_KEY, '"quoted, as the draft has it"', "ключ 🔑"])
def test_any_printable_key_will_do(table: MemoryTable, clock: Clock, key: str) -> None:
    assert run(begin(table, clock, key), lambda: ONE) == ONE


def test_what_is_kept_tells_neither_key_nor_body(table: MemoryTable, clock: Clock) -> None:
    import hashlib
    import json

    body = {"email": "ada@example.com"}
    run(begin(table, clock, "the-key", body=body), lambda: ONE)

    kept = str(table.items)
    assert "ada" not in kept
    assert "the-key" not in kept
    # Nor a hash that could be looked for by somebody who guesses the body.
    for guess in (body, ["create x", body]):
        assert hashlib.sha256(json.dumps(guess, sort_keys=True).encode()).hexdigest() not in kept


def test_a_failure_that_wrote_nothing_frees_the_key(table: MemoryTable, clock: Clock) -> None:
    with pytest.raises(UnifiedError):
        run(begin(table, clock), raises(refusal()))

    assert not table.items
    assert run(begin(table, clock, body={"a": 2}), lambda: ONE) == ONE


def test_a_lost_answer_is_looked_for_once_it_can_be_seen(table: MemoryTable, clock: Clock) -> None:
    started = int(clock.now)
    with pytest.raises(OutcomeUnknown):
        run(begin(table, clock), raises(lost()))
    clock.now += SETTLE_SECONDS
    with pytest.raises(UnifiedError) as early:
        begin(table, clock)
    assert early.value.code == "MORPH::IDEMPOTENCY::IN_PROGRESS"
    assert "too early" in early.value.detail
    clock.now += 1
    since: list[int] = []

    def find(began: int) -> Outcome:
        since.append(began)
        return ONE

    assert run(begin(table, clock), never, find=find) == ONE
    assert since == [started]
    assert run(begin(table, clock), never, find=never) == ONE


def test_what_cannot_be_looked_for_stays_unknown_and_is_never_written_again(table: MemoryTable, clock: Clock) -> None:
    with pytest.raises(OutcomeUnknown) as first:
        run(begin(table, clock), raises(lost()), find=None)
    assert first.value.status == 504
    clock.now += SETTLE_SECONDS + 1

    for _ in range(3):
        with pytest.raises(OutcomeUnknown) as told:
            run(begin(table, clock), never, find=None)
        assert told.value.status == 409
        assert "another key" in told.value.detail


def test_a_look_that_fails_leaves_it_unknown(table: MemoryTable, clock: Clock) -> None:
    begin(table, clock)
    clock.now += CLAIM_SECONDS + 1

    with pytest.raises(UnifiedError):
        run(begin(table, clock), never, find=raises(refusal("MORPH::CONNECTION::PROXY::SERVER_ERROR")))

    assert begin(table, clock).settle


def test_what_was_left_out_is_written_by_the_same_key_and_nothing_else(table: MemoryTable, clock: Clock) -> None:
    part = Outcome("r1", {"b": "refused", "c": "refused"})
    assert run(begin(table, clock), lambda: part) == part
    resumed: list[Outcome] = []

    def resume(before: Outcome) -> Outcome:
        resumed.append(before)
        return Outcome(before.record_id, {"c": "still refused"})

    assert run(begin(table, clock), never, resume=resume) == Outcome("r1", {"c": "still refused"})
    assert run(begin(table, clock), never, resume=lambda before: Outcome(before.record_id, {})) == ONE
    assert resumed == [part]
    assert run(begin(table, clock), never) == ONE


@pytest.mark.parametrize("error", [refusal(), lost(), refusal("MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED")])
def test_a_rest_that_fails_again_does_not_hide_the_record(
    table: MemoryTable, clock: Clock, error: UnifiedError
) -> None:
    run(begin(table, clock), lambda: Outcome("r1", {"b": "first reason"}))

    assert run(begin(table, clock), never, resume=raises(error)) == Outcome("r1", {"b": error.detail})
    assert run(begin(table, clock), never, resume=lambda before: Outcome(before.record_id, {})) == ONE


def test_a_dead_credential_is_told_and_the_rest_kept_for_later(table: MemoryTable, clock: Clock) -> None:
    run(begin(table, clock), lambda: Outcome("r1", {"b": "reason"}))

    with pytest.raises(Unauthorized):
        run(begin(table, clock), never, resume=raises(Unauthorized("MORPH::CONNECTION::PROXY::UNAUTHORIZED", "dead")))

    assert begin(table, clock).outcome == Outcome("r1", {"b": "reason"})


def test_a_record_that_is_known_is_known_when_the_one_that_resumes_it_dies(table: MemoryTable, clock: Clock) -> None:
    part = Outcome("r1", {"b": "reason"})
    run(begin(table, clock), lambda: part)
    with pytest.raises(Died):
        run(begin(table, clock), never, resume=raises(Died()))
    clock.now += CLAIM_SECONDS + 1

    # Without any way to look for it: it need not be looked for.
    assert run(begin(table, clock), never, find=None, resume=lambda before: Outcome(before.record_id, {})) == ONE


def test_a_record_found_with_a_part_missing_is_completed(table: MemoryTable, clock: Clock) -> None:
    begin(table, clock)
    clock.now += CLAIM_SECONDS + 1
    found = Outcome("r1", {"b": "never written"})

    ended = run(begin(table, clock), never, find=lambda _: found, resume=lambda before: Outcome(before.record_id, {}))

    assert ended == ONE


def test_one_that_was_overtaken_has_no_say_any_more(table: MemoryTable, clock: Clock) -> None:
    first = begin(table, clock)
    clock.now += CLAIM_SECONDS + 1
    second = begin(table, clock)

    first.free()
    first.unknown(0)
    first.done(Outcome("of the first", {}))
    with pytest.raises(UnifiedError):
        begin(table, clock)
    second.done(ONE)
    first.free()

    assert run(begin(table, clock), never) == ONE


def test_of_many_that_find_a_dead_claim_one_goes_on(table: MemoryTable, clock: Clock) -> None:
    begin(table, clock)
    clock.now += CLAIM_SECONDS + 1
    barrier = threading.Barrier(8)
    ended: list[str] = []

    def work() -> None:
        barrier.wait()
        try:
            ended.append(str(begin(table, clock).settle))
        except UnifiedError as told:
            ended.append(told.code)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ended) == ["MORPH::IDEMPOTENCY::IN_PROGRESS"] * 7 + ["True"]


def test_a_claim_that_is_freed_just_as_it_is_to_be_taken_over_is_claimed_anew(clock: Clock) -> None:
    class Freeing(MemoryTable):
        def update(self, key: t.Key, changes: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
            self.items.pop(key)
            return super().update(key, changes, **rest)

    table = Freeing()
    begin(table, clock)
    clock.now += CLAIM_SECONDS + 1

    assert not begin(table, clock).settle


# -- every order of sending, dying, losing and waiting -------------------------------------------------------------


class Upstream:
    """An account: the records made under each key and time of its life, and whether their second part is written."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, bool]] = {}
        self._made = 0

    def create(self, tag: str) -> str:
        self._made += 1
        record_id = f"r{self._made}"
        self.records[record_id] = (tag, False)
        return record_id

    def of(self, tag: str) -> list[str]:
        return [record_id for record_id, (made_by, _) in self.records.items() if made_by == tag]


# What becomes of one call upstream. A late one takes effect after its caller has given up.
FATES = (
    "good",
    "refused",
    "rate limited",
    "lost before",
    "lost after",
    "lost, late",
    "dies before",
    "dies after",
    "dies, late",
)
fates = st.sampled_from(FATES)
places = st.one_of(st.none(), st.tuples(st.integers(1, 3), st.booleans()))


class Machine(RuleBasedStateMachine):
    """Requests with two keys, which may overlap, end in any way, and be sent again."""

    def __init__(self) -> None:
        super().__init__()
        self.table = MemoryTable()
        self.clock = Clock()
        self.upstream = Upstream()
        self.running: list[tuple[str, float, idempotency.Attempt]] = []
        self.late: list[Callable[[], Any]] = []

    @rule(key=st.sampled_from("ab"), at=places)
    def begin(self, key: str, at: tuple[int, bool] | None) -> None:
        """Send a request as far as its claim, where it may die."""
        self._die(at)
        attempt = self._begin(key)
        if attempt is not None:
            self.running.append((key, self.clock.now, attempt))

    @rule(key=st.sampled_from("ab"), fate=fates)
    def send(self, key: str, fate: str) -> None:
        """Send a request and let it end before anything else happens."""
        self._die(None)
        attempt = self._begin(key)
        if attempt is not None:
            self._run(key, attempt, fate, "good", lookup=True)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), first=fates, second=fates, lookup=st.booleans(), at=places)
    def finish(self, data: st.DataObject, first: str, second: str, lookup: bool, at: tuple[int, bool] | None) -> None:
        """Let a request under way go on to its end, or die."""
        key, _, attempt = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self._die(at)
        self._run(key, attempt, first, second, lookup=lookup)

    @rule(seconds=st.sampled_from([1, SETTLE_SECONDS + 1, CLAIM_SECONDS + 1, KEEP_SECONDS + 1]))
    def wait(self, seconds: int) -> None:
        """Let time pass; a function whose time is over is gone, its request with it."""
        self.clock.now += seconds
        self.running = [one for one in self.running if self.clock.now - one[1] < CLAIM_SECONDS - 10]
        for effect in self.late:
            effect()
        self.late = []

    @rule(key=st.sampled_from("ab"))
    def settle(self, key: str) -> None:
        """Ask once more after a while, with everything well: there is an answer, and it is true."""
        self.running = []
        self.wait(CLAIM_SECONDS + 1)
        self._die(None)
        attempt = self._begin(key)
        assert attempt is not None
        ended = self._run(key, attempt, "good", "good", lookup=True)
        assert ended is not None
        assert not ended.not_written

    @invariant()
    def at_most_one(self) -> None:
        """Whatever happened, a key has made one record at most."""
        made = [tag for tag, _ in self.upstream.records.values()]
        assert len(made) == len(set(made))

    def _begin(self, key: str) -> idempotency.Attempt | None:
        try:
            return begin(self.table, self.clock, key)
        except Died:
            return None
        except UnifiedError as failed:
            told = failed
        assert told.code == "MORPH::IDEMPOTENCY::IN_PROGRESS"
        assert told.retry_after
        return None

    def _die(self, at: tuple[int, bool] | None) -> None:
        self.table.die_at = None if at is None else (self.table.calls + at[0], at[1])

    def _call(self, fate: str, effect: Callable[[], Any]) -> Any:
        if fate == "refused":
            raise refusal()
        if fate == "rate limited":
            raise refusal("MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED")
        result = effect() if fate in ("good", "lost after", "dies after") else None
        if fate.endswith("late"):
            self.late.append(effect)
        if fate.startswith("dies"):
            raise Died
        if fate != "good":
            raise lost()
        return result

    def _run(self, key: str, attempt: idempotency.Attempt, first: str, second: str, *, lookup: bool) -> Outcome | None:
        # After a day a key is another one.
        tag = f"{key} {attempt.began}"
        upstream = self.upstream

        def complete(record_id: str) -> Outcome:
            try:
                self._call(second, lambda: upstream.records.update({record_id: (tag, True)}))
            except UnifiedError as failed:
                return Outcome(record_id, {"b": failed.detail})
            return Outcome(record_id, {})

        def find(_since: int) -> Outcome | None:
            found = upstream.of(tag)
            lacking = {} if found and upstream.records[found[0]][1] else {"b": "never written"}
            return Outcome(found[0], lacking) if found else None

        try:
            ended = idempotency.run(
                attempt,
                write=lambda: complete(self._call(first, lambda: upstream.create(tag))),
                find=find if lookup else None,
                resume=lambda before: complete(before.record_id),
            )
        except (Died, OutcomeUnknown):
            return None
        except UnifiedError:
            # What says "not done" is true.
            assert not upstream.of(tag)
            return None
        # An answer names the one record there is, and what it says is written is written.
        assert upstream.of(tag) == [ended.record_id]
        assert ended.not_written or upstream.records[ended.record_id][1]
        return ended


Machine.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestEveryOrder = Machine.TestCase
