"""One sandbox per test, called in process; every answer is checked against the schema of its endpoint."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from sandbox.organisation import Organisation
from tests.contract.ashby.bodies_hiring import HIRING
from tests.contract.ashby.bodies_interviews import INTERVIEWS
from tests.contract.ashby.bodies_offers import OFFERS
from tests.contract.ashby.bodies_people import PEOPLE

SCHEMAS = Path(__file__).parent / "schemas"
SHARED = {"common.json", "error.json"}
CANDIDATES = 300


# Call an endpoint, check the answer against its schema, return status and body.
Ashby = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="session")
def schema_names() -> list[str]:
    """Return the endpoints that have a schema."""
    return sorted(path.stem for path in SCHEMAS.glob("*.json") if path.name not in SHARED)


@pytest.fixture(scope="session")
def validator() -> Callable[[str], Draft202012Validator]:
    """Return a function from a schema's name to its validator."""
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    resources = [(name, Resource(document, DRAFT202012)) for name, document in documents.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    validators = {
        name.removesuffix(".json"): Draft202012Validator(document, registry=registry)
        for name, document in documents.items()
    }
    return validators.__getitem__


@pytest.fixture
def app() -> Starlette:
    """Return a sandbox of 300 candidates with room for many requests."""
    return create_app(SandboxConfig(candidates=CANDIDATES, requests_per_minute=1_000_000))


@pytest.fixture
def client(app: Starlette) -> Iterator[httpx.Client]:
    """Return a client of the sandbox."""
    with in_process_client(app) as client:
        yield client


@pytest.fixture
def organisation(app: Starlette) -> Organisation:
    """Return the organisation of the sandbox."""
    return app.state.sandbox.organisation


@pytest.fixture
def ashby(client: httpx.Client, validator: Callable[[str], Draft202012Validator]) -> Ashby:
    """Call an endpoint and check the answer against its schema."""

    def call(
        endpoint: str,
        body: Any = None,
        *,
        key: str = "ashby_local_full",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        sent = json.dumps({} if body is None else body).encode() if content is None else content
        answer = client.post(
            f"/{endpoint}",
            content=sent,
            auth=httpx.BasicAuth(key, "") if key else httpx.Auth(),
            headers={"content-type": "application/json", **(headers or {})},
        )
        document = answer.json()
        validator(endpoint).validate(document)
        assert answer.headers["ashby-version"] == "2026-01-01"
        return answer.status_code, document

    return call


@pytest.fixture
def valid_bodies(organisation: Organisation) -> Callable[[str], Iterator[dict[str, Any]]]:
    """Return a function from an endpoint to bodies it accepts one after the other; an unknown one is a KeyError.

    A body is made when it is taken, since it may name what the calls before it left behind.
    """
    bodies = {**PEOPLE, **HIRING, **INTERVIEWS, **OFFERS}
    return lambda endpoint: (body(organisation) if callable(body) else body for body in bodies[endpoint])
