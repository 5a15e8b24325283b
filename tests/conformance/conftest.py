"""The suite runs once for every connector that there is, each against the live fake that its fixture module starts."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from hypothesis import settings

from tests.conformance.kit import FIVE, Fake, Start
from unified.connector import Connector, ConnectorModel, Operation, connector_ids, load_connector

# How long one example takes says nothing on a shared machine; and the same examples every time, so that which fields
# were covered does not depend on luck.
settings.register_profile("conformance", deadline=None, derandomize=True, database=None)

_CELLS = [
    (connector_id, model_id, operation)
    for connector_id in connector_ids()
    for model_id in load_connector(connector_id).model_ids
    for operation in Operation
]
_MODELS = list(dict.fromkeys((connector_id, model_id) for connector_id, model_id, _ in _CELLS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test every connector, every model, every cell of the five operations, or every cell at all."""
    for name, cases in (
        ("connector_id", [(one,) for one in connector_ids()]),
        ("connector_id,model_id", _MODELS),
        ("connector_id,model_id,verb", [cell for cell in _CELLS if cell[2] in FIVE]),
        ("connector_id,model_id,any_verb", _CELLS),
    ):
        *_, last = wanted = name.split(",")
        deeper = {"connector_id": "model_id", "model_id": "verb"}.get(last)
        asked = set(metafunc.fixturenames)
        if last in asked and (deeper is None or not asked & {deeper, "any_verb"}):
            ids = [".".join(str(part) for part in case) for case in cases]
            metafunc.parametrize(wanted, cases, ids=ids, scope="session")
            return


@pytest.fixture(autouse=True)
def _no_stopwatch() -> Iterator[None]:
    """Run with the suite's profile, whatever other tests of the process have chosen."""
    before = settings.get_current_profile_name()
    settings.load_profile("conformance")
    yield
    settings.load_profile(before)


@pytest.fixture(scope="session")
def connector(connector_id: str) -> Connector:
    """Load the connector."""
    return load_connector(connector_id)


@pytest.fixture(scope="session")
def model(connector_id: str, model_id: str) -> ConnectorModel:
    """Load the model."""
    return load_connector(connector_id).load(model_id)


@pytest.fixture(scope="session")
def running_fake(connector_id: str) -> Iterator[Fake]:
    """Start the provider's fake, once for all tests of the connector."""
    start: Start = import_module(f"tests.conformance.{connector_id}_fixture").start
    with start() as fake:
        yield fake


@pytest.fixture
def fake(running_fake: Fake) -> Iterator[Fake]:
    """Give the fake, which afterwards works again; its records stay as the test leaves them."""
    running_fake.calm()
    yield running_fake
    running_fake.calm()
