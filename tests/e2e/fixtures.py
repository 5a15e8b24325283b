"""The fixtures of the end-to-end tests: a plugin (``pytest_plugins``), so that each exists once for all modules.

Every answer is kept, and at the end no secret may be found in any of them, nor in the log.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.e2e.listening import Listener
from tests.e2e.receiving import Receiver
from tests.e2e.running import Project, Sandbox, TokenRelay, World


@pytest.fixture(scope="session")
def world(local_stack: Any) -> Iterator[World]:
    """Use the running stack; at the end of all tests no secret has been seen."""
    # The servers close what is idle for five seconds. Let go well before, so that no call meets that very moment.
    limits = httpx.Limits(max_connections=40, keepalive_expiry=2)
    with httpx.Client(timeout=40, limits=limits) as http:
        sandbox = Sandbox(local_stack.sandbox_url, http)
        found = World(local_stack.url, sandbox, local_stack.aws_url, local_stack.log_file, http)
        http.event_hooks = {"response": [found.note]}
        sandbox.calm()
        yield found
    assert found.leaks() == []


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    """Give the sandbox, which afterwards is as it was but for its records."""
    yield world.sandbox
    world.sandbox.calm()


@pytest.fixture(scope="session")
def project(world: World) -> Project:
    """Make a project for all tests that need no more of it than that it is there."""
    return world.project("Tests")


@pytest.fixture(scope="session")
def relay(world: World) -> Iterator[tuple[TokenRelay, str]]:
    """Run a token relay; gives it and its address."""
    relay = TokenRelay(world)
    with Listener(relay.answer) as listener:
        yield relay, listener.url


@pytest.fixture(scope="session")
def whitelabel(world: World, relay: tuple[TokenRelay, str]) -> Project:
    """Make a project with an OAuth client of its own, the sandbox's second one, its tokens known to the tests."""
    project = world.project("Acme")
    _, address = relay
    world.admin(
        *("oauth-client", "set", project.public_key, "--client-id", "whitelabel-client"),
        *("--authorize-url", f"{world.sandbox.url}/oauth/authorize", "--token-url", f"{address}/oauth/token"),
        *("--revoke-url", f"{address}/oauth/revoke", "--issuer", world.sandbox.url),
        stdin=world.keep_secret("whitelabel-secret") + "\n",
    )
    return project


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Run a customer's receiver of events."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def receivers() -> Iterator[Callable[[], Receiver]]:
    """Give what runs a receiver until the test is over."""
    with ExitStack() as running:
        yield lambda: running.enter_context(Receiver())
