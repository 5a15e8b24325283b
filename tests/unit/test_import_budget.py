"""What a cold start may import, function by function: an import too many is paid for at every one of them.

Each function is imported by an interpreter of its own, as Lambda does, with only the layer on its path.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))

# Loaded when first needed, by nobody at start-up. ``unified.ashby`` stands for every connector: a model's module
# is loaded when the model is asked for. (botocore brings jmespath and dateutil with it; they cost little.)
LATE = {
    "aws_xray_sdk",
    "boto3",
    "cryptography",
    "httpcore",
    "httpx",
    "jsonschema",
    "multiprocessing",
    "pydantic",
    "pydantic_core",
    "requests",
    "s3transfer",
    "standardwebhooks",
    "unified.api.bodies",
    "unified.egress",
    "unified.ashby",
    "unified.models.generic",
    "unified.transport",
    "unittest",
}
# What nothing of ours that is deployed may import at all.
NEVER = {"admin", "hypothesis", "local", "moto", "pytest", "sandbox", "starlette", "uvicorn"}
# What an event of a queue, the stream or the clock needs no part of: callers, routes, sessions.
UNASKED = {"aws_lambda_powertools.event_handler", "unified.api", "unified.connections.callback"}
BUDGET: dict[str, set[str]] = {
    "connections": {
        "unified.mapping",
        "unified.api.pages",
        "unified.api.resources",
        "unified.connections.callback",
        "unified.deliveries",
        "unified.hooks",
        "unified.ledger",
    },
    "resources": {
        "unified.api.authorizations",
        "unified.api.connections",
        "unified.api.sessions",
        "unified.api.pages",
        "unified.connections.callback",
        "unified.deliveries",
        "unified.events",
        "unified.hooks",
        "unified.ledger",
    },
    "proxy": {
        "unified.api.authorizations",
        "unified.api.connections",
        "unified.api.sessions",
        "unified.api.pages",
        "unified.connections.callback",
        "unified.deliveries",
        "unified.events",
        "unified.hooks",
        "unified.ledger",
    },
    "oauth_callback": {
        "unified.mapping",
        "unified.api.authorizations",
        "unified.api.connections",
        "unified.api.sessions",
        "unified.api.resources",
        "unified.api.paging",
        "unified.deliveries",
        "unified.events",
        "unified.hooks",
        "unified.ledger",
    },
    "connect": {
        "unified.mapping",
        "unified.api.authorizations",
        "unified.api.connections",
        "unified.api.sessions",
        "unified.api.pages",
        "unified.api.paging",
        "unified.api.resources",
        "unified.connections.callback",
        "unified.deliveries",
        "unified.events",
        "unified.hooks",
        "unified.ledger",
    },
    # Ashby waits for its answer, and counts on it: no router, no logger, and nothing of what comes after the queue.
    "webhook_ingest": {
        *UNASKED,
        "aws_lambda_powertools",
        "typing_extensions",
        "unified.connections.lifecycle",
        "unified.deliveries",
        "unified.events",
        "unified.hooks.settings",
        "unified.ledger",
        "unified.log",
        "unified.mapping",
        "unified.models",
        "unified.projects",
    },
    "observe": {*UNASKED, "unified.hooks", "unified.ledger.sweep", "unified.ledger.worker"},
    "sweep": {*UNASKED, "unified.ledger.observe"},
    "deliver": {
        *UNASKED,
        "unified.connections.lifecycle",
        "unified.hooks",
        "unified.ledger",
        "unified.mapping",
        "unified.projects",
    },
    "events": {
        "unified.api.authorizations",
        "unified.api.connections",
        "unified.api.sessions",
        "unified.api.pages",
        "unified.api.resources",
        "unified.connections.callback",
        "unified.deliveries.attempts",
        "unified.hooks.ingest",
        "unified.ledger.observe",
        "unified.ledger.sweep",
        "unified.ledger.worker",
    },
    "docs": {
        "unified.mapping",
        "botocore.client",
        "unified.aws",
        "unified.connections",
        "unified.table",
        "unified.api.access",
    },
}

_SCRIPT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["app"] = module
spec.loader.exec_module(module)
assert callable(module.handler)
print(json.dumps(sorted(sys.modules)))
"""


@lru_cache
def modules_of(function: str) -> frozenset[str]:
    """Return what is loaded once a function is ready to be called."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "layers" / "unified"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / function),
        "TABLE_NAME": "t",
        "KEY_ARN": "k",
        "OAUTH_CLIENT_SECRET_ARN": "s",
        "ASHBY_API_URL": "https://api.ashbyhq.com",
        "PUBLIC_URL": "",
        "ALLOWED_REDIRECT_URLS": "",
        "HINT_QUEUE_URL": "h",
        "SWEEP_QUEUE_URL": "s",
        "DELIVERY_QUEUE_URL": "d",
        "EVENT_BUS_NAME": "b",
        "DELIVERY_ALLOWED_NETWORKS": "",
        "BASE_URLS": "",
        "DELIVERY_DEAD_LETTER_QUEUE_ARN": "d",
        "SCHEDULE_GROUP": "g",
        "SCHEDULE_ROLE_ARN": "r",
    }
    app = ROOT / "functions" / function / "app.py"
    # -P: the repository, which holds the packages of NEVER, must not be on the path by chance.
    done = subprocess.run(
        [sys.executable, "-P", "-c", _SCRIPT, str(app)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def test_every_function_has_a_budget() -> None:
    assert set(FUNCTIONS) == set(BUDGET)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_without_what_it_may_not_need(function: str) -> None:
    too_many = modules_of(function) & (LATE | NEVER | BUDGET[function])

    assert too_many == frozenset()


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"docs"}))
def test_a_function_that_needs_the_table_loads_its_client_at_start_up(function: str) -> None:
    # While Lambda still gives a cold start its full processor; otherwise the first request would pay.
    assert {"botocore.client", "unified.aws"} <= modules_of(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_the_layer_and_no_other_function(function: str) -> None:
    # Functions are no packages, so import-linter does not see them.
    for path in (ROOT / "functions" / function).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
        roots = {name.partition(".")[0] for name in imported}
        assert roots <= {"unified", "aws_lambda_powertools"} | sys.stdlib_module_names


def test_the_budget_names_modules_that_there_are() -> None:
    # A name that nothing has cannot be imported, and a budget with it would hold for ever.
    ours = {
        ".".join(path.relative_to(ROOT / "layers" / "unified").with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "layers" / "unified" / "unified").rglob("*.py")
    }
    named = LATE.union(*BUDGET.values())
    assert {name for name in named if name.startswith("unified.")} <= ours
