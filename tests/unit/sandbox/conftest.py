"""A sandbox with a clock the test moves, called in process; and a real server where sockets matter."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from sandbox.organisation import Organisation
from sandbox.state import Sandbox
from sandbox.table import Record
from tests.serving import served
from tests.unit.sandbox.hiring import SALARY, START, Ashby, free_application, submission
from tests.unit.sandbox.receiving import Receiver, Steering


class Clock:
    """A clock that stands still until told to move."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the sandbox under test."""
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Starlette:
    """Return a sandbox of 120 candidates."""
    return create_app(SandboxConfig(candidates=120, clock=clock))


@pytest.fixture
def sandbox(app: Starlette) -> Sandbox:
    """Return the state of the sandbox."""
    return app.state.sandbox


@pytest.fixture
def organisation(sandbox: Sandbox) -> Organisation:
    """Return the organisation of the sandbox."""
    return sandbox.organisation


@pytest.fixture
def client(app: Starlette) -> Iterator[httpx.Client]:
    """Return a client of the sandbox without credentials."""
    with in_process_client(app) as client:
        yield client


@pytest.fixture
def ashby(client: httpx.Client) -> Callable[..., Any]:
    """Call an endpoint and return the whole answer's body."""

    def call(endpoint: str, *, key: str = "ashby_local_full", **parameters: Any) -> Any:
        return client.post(f"/{endpoint}", json=parameters, auth=(key, "")).json()

    return call


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Give what serves ASGI applications on free ports: it returns the base URL."""
    with ExitStack() as running:
        yield lambda app: running.enter_context(served(app))


@pytest.fixture
def receiver() -> Receiver:
    """Return the webhook endpoint behind `url`."""
    return Receiver()


@pytest.fixture
def url(receiver: Receiver, serve: Callable[[Any], str]) -> str:
    """Return the receiver's URL."""
    return serve(receiver.app) + "/hook"


@pytest.fixture
def steering(client: httpx.Client, sandbox: Sandbox, url: str) -> Iterator[Steering]:
    """Return what deliveries are steered with; what is pending in the end is dropped."""
    yield Steering(client, url)
    sandbox.webhooks.close()


# -- hiring -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def first(organisation: Organisation) -> Record:
    """Return Ada's open application."""
    return next(iter(organisation.applications))


@pytest.fixture
def reason(organisation: Organisation) -> str:
    """Return the id of an archive reason."""
    return next(iter(organisation.archive_reasons))["id"]


@pytest.fixture
def stages(ashby: Ashby, first: Record) -> dict[str, str]:
    """Return the first stage of each type in the plan of Ada's application."""
    listed = ashby("interviewStage.list", interviewPlanId=first["interviewPlanId"])["results"]
    return {stage["type"]: stage["id"] for stage in reversed(listed)}


@pytest.fixture
def limited(client: httpx.Client) -> str:
    """Make a key that may do everything but see confidential jobs."""
    client.post("/_sandbox/keys", json={"key": "limited", "privateFields": True})
    return "limited"


@pytest.fixture
def paths(ashby: Ashby, organisation: Organisation) -> dict[str, str]:
    """Return the paths of the form's fields by title."""
    process = ashby("offerProcess.start", applicationId=free_application(organisation, "needed")["id"])["results"]["id"]
    form = ashby("offer.start", offerProcessId=process)["results"]["formDefinition"]
    return {entry["field"]["title"]: entry["field"]["path"] for part in form["sections"] for entry in part["fields"]}


@pytest.fixture
def form(paths: dict[str, str]) -> dict[str, Any]:
    """Return values for the required fields of the form, by path."""
    return {
        START: "2027-02-01",
        SALARY: {"currencyCode": "EUR", "value": 90_000},
        paths["Bonus amount"]: {"currencyCode": "EUR", "value": 5_000},
        paths["Benefits"]: ["health"],
        paths["Expiration date"]: "2026-12-31",
    }


@pytest.fixture
def make(ashby: Ashby, organisation: Organisation) -> Callable[..., Any]:
    """Start a process and a form for some application and submit values."""

    def call(values: dict[str, Any], *, rule: str = "needed", **more: Any) -> Any:
        application = free_application(organisation, rule)
        process = ashby("offerProcess.start", applicationId=application["id"])["results"]["id"]
        form_id = ashby("offer.start", offerProcessId=process)["results"]["id"]
        return ashby("offer.create", offerProcessId=process, offerFormId=form_id, offerForm=submission(values), **more)

    return call
