"""Ten models, five operations: each of the fifty cells does in the account what the capability table says of it.

Every cell is walked over HTTP. What it did is seen in the sandbox itself, by Ashby's own endpoints and the log of its
changes, never by an answer of ours. A cell that is offered and has no scenario in ``cells_*.py`` fails, and so does one
whose scenario does not fit what the table says.
"""

import itertools
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e import cells_ats, cells_generic, cells_schedule
from tests.e2e.bench import Bench
from tests.e2e.running import Project, World, assert_problem
from unified.connector import Operation, known_operations, load_connector

pytest_plugins = ["tests.e2e.fixtures"]

MODELS = tuple(load_connector("ashby").model_ids)
VERBS = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)
SCENARIOS = {**cells_generic.SCENARIOS, **cells_schedule.SCENARIOS, **cells_ats.SCENARIOS}


@pytest.fixture(scope="module")
def bench(world: World, project: Project) -> Bench:
    """Connect a customer by a key that may do everything and that nobody else calls with."""
    operations = sorted(known_operations(load_connector("ashby")))
    key = world.keep_secret(world.sandbox.key(everything=True))
    return Bench(world, world.connected(project, operations, key=key), key=key)


@pytest.fixture(scope="module")
def table(bench: Bench) -> Mapping[str, Any]:
    """Read the capability table as a caller does."""
    answer = bench.customer.call("GET", "/connectors/ashby")
    assert answer.status_code == 200, answer.text
    return answer.json()["models"]


def test_the_table_has_fifty_cells_and_all_are_decided(table: Mapping[str, Any]) -> None:
    cells = {(model, verb): table[model]["operations"][verb] for model in MODELS for verb in VERBS}
    assert len(cells) == 50
    assert set(table) == set(MODELS)
    assert {cell["mode"] for cell in cells.values()} == {"native", "emulated", "refused"}
    undecided = [cell for cell, found in cells.items() if found["mode"] != "native" and not found.get("reason")]
    assert undecided == []


def test_there_is_a_scenario_for_each_cell_that_is_offered_and_for_no_other(table: Mapping[str, Any]) -> None:
    offered = {
        (model, verb): table[model]["operations"][verb]["mode"]
        for model, verb in itertools.product(MODELS, VERBS)
        if table[model]["operations"][verb]["mode"] != "refused"
    }
    assert {cell: mode for cell, (mode, _) in SCENARIOS.items()} == offered


@pytest.mark.parametrize("operation", VERBS)
@pytest.mark.parametrize("model", MODELS)
def test_a_cell_does_in_the_account_what_the_table_says(
    bench: Bench, table: Mapping[str, Any], model: str, operation: Operation
) -> None:
    declared = table[model]["operations"][operation]
    if declared["mode"] == "refused":
        assert (model, operation) not in SCENARIOS, "this cell was offered once"
        is_refused(bench, model, operation, declared["reason"])
        return
    assert (model, operation) in SCENARIOS, "this cell has no scenario"
    mode, scenario = SCENARIOS[model, operation]
    assert declared["mode"] == mode
    scenario(bench)


def is_refused(bench: Bench, model: str, operation: Operation, reason: str) -> None:
    """Check that an operation on a record that is there is a 501 with the reason, and that Ashby hears nothing."""
    some_id = quote(bench.good("GET", model, params={"limit": 1})["data"][0]["id"], safe="")
    method, path = {
        Operation.LIST: ("GET", model),
        Operation.RETRIEVE: ("GET", f"{model}/{some_id}"),
        Operation.CREATE: ("POST", model),
        Operation.UPDATE: ("PATCH", f"{model}/{some_id}"),
        Operation.DELETE: ("DELETE", f"{model}/{some_id}"),
    }[operation]
    number, before = bench.last_change(), bench.calls()
    answer = bench.call(method, path, **({"json": {"name": "New"}} if method in ("POST", "PATCH") else {}))
    problem = assert_problem(answer, 501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert problem["detail"] == reason
    assert (bench.changes(number), bench.calls()) == (set(), before)
