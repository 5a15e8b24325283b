"""The suite runs once for every connector that there is, each against the live fake that its fixture module starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module

import pytest

from tests.conformance.kit import Fake, Start
from unified.connector import Connector, ConnectorModel, load_connector


@pytest.fixture(scope="session")
def fakes() -> Iterator[Callable[[str], Fake]]:
    """Give what starts a connector's fake, once for all tests."""
    started: dict[str, Fake] = {}
    with ExitStack() as stack:

        def find(connector_id: str) -> Fake:
            if connector_id not in started:
                start: Start = import_module(f"tests.conformance.{connector_id}_fixture").start
                started[connector_id] = stack.enter_context(start())
            return started[connector_id]

        yield find


@pytest.fixture
def connector(connector_id: str) -> Connector:
    """Load the connector."""
    return load_connector(connector_id)


@pytest.fixture
def model(connector_id: str, model_id: str) -> ConnectorModel:
    """Load the model."""
    return load_connector(connector_id).load(model_id)


@pytest.fixture
def fake(connector_id: str, fakes: Callable[[str], Fake]) -> Iterator[Fake]:
    """Give the connector's fake, which afterwards works again; its records stay as the test leaves them."""
    found = fakes(connector_id)
    found.calm()
    yield found
    found.calm()
