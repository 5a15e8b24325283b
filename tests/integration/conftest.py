"""The functions' real handlers on an AWS in this process (moto) and an Ashby on a free port (the sandbox)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.config import SandboxConfig
from sandbox.state import Sandbox
from tests.integration.cloud import give_oauth_client, new_cloud, new_stack
from tests.integration.stack import Stack
from tests.serving import served_sandbox
from unified.log import logger


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[tuple[str, Sandbox]]:
    """Serve one sandbox for all tests."""
    with served_sandbox(SandboxConfig(candidates=30, requests_per_minute=1_000_000)) as server:
        yield server


@pytest.fixture(scope="session")
def cloud(sandbox_server: tuple[str, Sandbox]) -> Iterator[SimpleNamespace]:
    """Load the functions once for all tests."""
    with new_cloud(sandbox_server[0]) as made:
        yield made


@pytest.fixture
def stack(cloud: SimpleNamespace, sandbox_server: tuple[str, Sandbox]) -> Iterator[Stack]:
    """Return a deployment of the test's own."""
    with new_stack(cloud, *sandbox_server) as made:
        yield made


@pytest.fixture
def oauth(stack: Stack) -> Stack:
    """Give the deployment an OAuth client of the sandbox's."""
    give_oauth_client(stack)
    return stack


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the functions log meanwhile: whole lines, as CloudWatch would get them."""
    handler = cast(Any, logger.registered_handler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    yield lines
    handler.setStream(before)
