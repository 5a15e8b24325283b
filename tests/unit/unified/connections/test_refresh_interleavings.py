"""Two refreshers under every schedule, with every crash and every over-long pause: nothing is lost in silence.

The numbers of schedules are asserted to be large, so that an explorer that explores nothing fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unified.connections.records import Reference, StoredCredential, sealer, unseal
from unified.connections.refresh import Refresher
from unified.connections.vault import Vault
from unified.connector import Credential
from unified.deadline import Deadline
from unified.errors import Unauthorized, UnifiedError

from .conftest import MemoryKeys
from .interleaving import Crash, World, explore
from .memory_store import MemoryCredentialStore
from .provider import RotatingProvider, lose_the_answer

ACCOUNT = Reference("prj_1", "ashby", "acme")


class Endless(Deadline):
    """Time enough; how long waits are bounded is another test's matter."""

    def __init__(self) -> None:
        super().__init__(3600)


class SteppedStore(MemoryCredentialStore):
    """A store whose every access is a point at which the other worker may run."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in ("read", "acquire", "release", "begin", "commit", "mark_unauthorized"):
            return found

        def stepped(*arguments: Any, **named: Any) -> Any:
            self._world.step(name)
            return found(*arguments, **named)

        return stepped


class Scene:
    """An account with an expired token, and as many refreshers as wanted."""

    def __init__(self, world: World, *, grace: bool = False) -> None:
        self.world = world
        self.vault = Vault(MemoryKeys(), clock=world.clock)
        self.store = SteppedStore(world)
        self.provider = RotatingProvider(world.clock, grace=grace)
        self.reports: list[str] = []
        first = self.provider.tokens()
        credential = Credential("oauth2", first.access_token, first.refresh_token, int(world.now) - 1, ())
        self.stored = sealer(self.vault, ACCOUNT, clock=world.clock)(credential, 1)
        self.store.seed(ACCOUNT, self.stored)

    def live(self, generation: str) -> None:
        """Say which life of the connection its credential belongs to."""
        self.stored = self.stored._replace(generation=generation)
        self.store.seed(ACCOUNT, self.stored)

    def worker(self) -> Callable[[], tuple[StoredCredential, Credential]]:
        def exchange(token: Any, seconds: float) -> Any:
            self.world.step("exchange")
            answer = self.provider.refresh(token, seconds)
            self.world.step("answer")
            return answer

        refresher = Refresher(
            self.store,
            open_credential=lambda ref, stored: unseal(self.vault, ref, stored),
            sealer=lambda ref: sealer(self.vault, ref, clock=self.world.clock),
            exchange=exchange,
            report=self.reports.append,
            clock=self.world.clock,
            sleep=self.world.sleep,
        )
        return lambda: refresher.working(ACCOUNT, self.stored, Endless())

    def kept(self) -> Credential:
        return unseal(self.vault, ACCOUNT, self.store.credentials[ACCOUNT])

    def marked(self) -> str | None:
        return self.store.unauthorized.get(ACCOUNT)

    def check_that_nothing_is_silent(self, outcomes: dict[str, Any]) -> None:
        """Either what is kept still renews, or the connection says that it must be authorized again."""
        refresh_token = self.kept().refresh_token
        assert refresh_token is not None
        still_renews = not self.provider.revoked and refresh_token.reveal() == f"refresh-{self.provider.generation}"
        assert still_renews or self.marked() or self._next_refresher_finds_out(), outcomes

    def _next_refresher_finds_out(self) -> bool:
        """Let one more refresher run alone; it must mend the connection or mark it."""
        from greenlet import greenlet

        self.world.now += 7200
        self.stored = self.store.credentials[ACCOUNT]
        work = self.worker()
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append(work())
            except UnifiedError as error:
                outcome.append(error)

        lone = greenlet(run)
        while not lone.dead:
            lone.switch()
        if isinstance(outcome[0], UnifiedError):
            return self.marked() is not None
        return self.provider.accepts(outcome[0][1].secret)


def test_two_refreshers_spend_one_refresh_token_once_under_every_schedule() -> None:
    def program(world: World) -> Any:
        scene = Scene(world)

        def check(outcomes: dict[str, Any]) -> None:
            assert scene.provider.exchanges == 1
            assert all(scene.provider.accepts(outcome[1].secret) for outcome in outcomes.values())
            assert scene.kept().refresh_token is not None
            assert scene.store.credentials[ACCOUNT].version == 2
            assert scene.store.credentials[ACCOUNT].refresh_began_at is None
            assert scene.reports == []

        return {"a": scene.worker(), "b": scene.worker()}, check

    assert explore(program) > 100


def test_three_refreshers_spend_one_refresh_token_once() -> None:
    def program(world: World) -> Any:
        scene = Scene(world)

        def check(outcomes: dict[str, Any]) -> None:
            assert scene.provider.exchanges == 1
            assert all(scene.provider.accepts(outcome[1].secret) for outcome in outcomes.values())

        return {"a": scene.worker(), "b": scene.worker(), "c": scene.worker()}, check

    assert explore(program, preemptions=2) > 500


@pytest.mark.parametrize("grace", [True, False], ids=["provider with grace", "provider without"])
def test_a_refresher_that_dies_at_any_point_is_recovered_or_reported(grace: bool) -> None:
    lost = recovered = 0

    def program(world: World) -> Any:
        scene = Scene(world, grace=grace)

        def check(outcomes: dict[str, Any]) -> None:
            nonlocal lost, recovered
            scene.check_that_nothing_is_silent(outcomes)
            survivor = outcomes["b"]
            if isinstance(survivor, Exception):
                lost += 1
                assert isinstance(survivor, Unauthorized)
                assert scene.marked() == "refreshLost"
                assert not grace
            elif outcomes["a"] is Crash:
                recovered += 1
                assert scene.provider.accepts(survivor[1].secret)

        return {"a": scene.worker(), "b": scene.worker()}, check

    assert explore(program, crash="a") > 500
    assert recovered > 0
    # Without grace there is one window, between the provider's answer and our store: it must have been met.
    assert (lost > 0) == (not grace)


def test_a_holder_that_sleeps_past_its_lease_never_overwrites_what_came_after() -> None:
    reports: set[str] = set()

    def program(world: World) -> Any:
        scene = Scene(world, grace=True)

        def check(outcomes: dict[str, Any]) -> None:
            reports.update(scene.reports)
            gave_way = scene.provider.exchanges == 0 and scene.store.credentials[ACCOUNT].version == 1
            assert gave_way or scene.store.credentials[ACCOUNT].version == 2
            scene.check_that_nothing_is_silent(outcomes)

        return {"a": scene.worker(), "b": scene.worker()}, check

    assert explore(program, jump=31, preemptions=2) > 1000
    assert "refreshOvertaken" in reports


def test_a_sleeping_holder_at_a_strict_provider_ends_reported_not_silent() -> None:
    revoked = 0

    def program(world: World) -> Any:
        scene = Scene(world)

        def check(outcomes: dict[str, Any]) -> None:
            nonlocal revoked
            revoked += scene.provider.revoked
            scene.check_that_nothing_is_silent(outcomes)

        return {"a": scene.worker(), "b": scene.worker()}, check

    assert explore(program, jump=31, preemptions=2) > 1000
    # The pause that no lease can mend, in the middle of the exchange itself, must have been among them.
    assert revoked > 0


def test_a_holder_that_slept_before_spending_the_token_does_not_spend_it() -> None:
    """The lease is looked at once more just before the one step that cannot be undone."""

    def program(world: World) -> Any:
        scene = Scene(world)
        scene.provider.interrupt = lambda _moment: None
        begin = scene.store.begin

        def slow_begin(*arguments: Any, **named: Any) -> None:
            begin(*arguments, **named)
            world.now += 31

        scene.store.begin = slow_begin  # type: ignore[method-assign] - the fault

        def check(outcomes: dict[str, Any]) -> None:
            assert scene.provider.exchanges == 0
            assert scene.marked() is None
            assert isinstance(outcomes["a"], UnifiedError)
            assert outcomes["a"].status == 503

        return {"a": scene.worker()}, check

    assert explore(program) == 1


@pytest.mark.parametrize("grace", [True, False], ids=["provider with grace", "provider without"])
def test_a_lost_answer_has_a_defined_end_under_every_schedule(grace: bool) -> None:
    def program(world: World) -> Any:
        scene = Scene(world, grace=grace)
        scene.provider.interrupt = lose_the_answer()

        def check(outcomes: dict[str, Any]) -> None:
            scene.check_that_nothing_is_silent(outcomes)
            if grace:
                assert all(scene.provider.accepts(outcome[1].secret) for outcome in outcomes.values())
                assert scene.marked() is None
            else:
                assert scene.marked() == "refreshLost"
                assert any(isinstance(outcome, Unauthorized) for outcome in outcomes.values())

        return {"a": scene.worker(), "b": scene.worker()}, check

    assert explore(program) > 100


@pytest.mark.parametrize("revoked", [True, False], ids=["its token revoked", "its token still good"])
@pytest.mark.parametrize("version", [None, 1, 2], ids=["removed", "made anew", "made anew and renewed since"])
def test_a_removed_connection_s_refresher_neither_gets_nor_touches_what_came_after(
    version: int | None, revoked: bool
) -> None:
    """Wherever it stands as its connection goes: a successor's versions begin at 1 again, and say nothing."""
    refused = 0

    def program(world: World) -> Any:
        scene = Scene(world)
        scene.live("first")
        scene.provider.revoked = revoked
        successor = None if version is None else scene.stored._replace(version=version, generation="next")
        exchanges = 0

        def remove() -> None:
            nonlocal exchanges
            world.step("remove")
            scene.store.leases.pop(ACCOUNT, None)
            scene.store.unauthorized.pop(ACCOUNT, None)
            if successor is None:
                del scene.store.credentials[ACCOUNT]
            else:
                scene.store.credentials[ACCOUNT] = successor

        def check(outcomes: dict[str, Any]) -> None:
            nonlocal refused
            assert scene.store.credentials.get(ACCOUNT) == successor
            assert scene.marked() is None
            outcome = outcomes["a"]
            if isinstance(outcome, Exception):
                assert isinstance(outcome, Unauthorized)
                assert outcome.upstream is None
                refused += outcome.code == "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"
            else:
                assert outcome[0].generation == "first"
                assert outcome[1].secret.reveal() == "access-1"

        return {"a": scene.worker(), "b": remove}, check

    assert explore(program) > 5
    assert refused > 3


def test_what_is_renewed_is_still_this_connection_s_and_renews_again() -> None:
    def program(world: World) -> Any:
        scene = Scene(world)
        scene.live("first")

        def check(outcomes: dict[str, Any]) -> None:
            assert outcomes["a"][0] == scene.store.credentials[ACCOUNT]
            assert outcomes["a"][0].generation == "first"
            assert scene._next_refresher_finds_out()
            assert scene.provider.exchanges == 2

        return {"a": scene.worker()}, check

    assert explore(program) == 1
