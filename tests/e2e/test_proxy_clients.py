"""Clients of Ashby's API that others wrote, unmodified, through the proxy: only the address and the key are ours.

What each finds through the proxy is what it finds without it. The same two as in ``test_third_party_clients``.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.account import KEY, Account
from tests.e2e.running import Connection, Project, World
from tests.e2e.third_party import STATUSES, Mcp, mcp_server, python_client

pytest_plugins = ["tests.e2e.fixtures"]


@pytest.fixture(scope="module")
def connection(world: World, project: Project) -> Connection:
    """Connect a customer's account, by the key that sees all of it; the proxy needs none of the operations."""
    return world.connected(project, (), KEY)


@pytest.fixture(scope="module")
def proxy_key(world: World, connection: Connection) -> str:
    """Make the proxy key of the customer: of what the company has anyway."""
    of = connection.project
    return world.keep_secret(f"{of.public_key}~{of.secret_key}~ashby~{quote(connection.owner, safe='')}")


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    """Look at the account directly."""
    return Account(world)


@pytest.fixture(scope="module")
def sdk(world: World, proxy_key: str) -> Iterator[Any]:
    """Give PyPI's client."""
    with python_client(f"{world.url}/v1/proxy", proxy_key) as client:
        yield client


def test_the_sdk_lists_everything_page_by_page(sdk: Any, account: Account) -> None:
    jobs = sdk.jobs.list(status=STATUSES, limit=7)
    assert len({job.id for job in jobs}) == len(jobs) == account.count("job") > 7
    candidates = sdk.candidates.list(limit=40)
    assert len({one.id for one in candidates}) == account.count("candidate")


def test_the_sdk_finds_and_reads(sdk: Any, account: Account) -> None:
    (ada,) = [one for one in sdk.candidates.search(email="ada@example.com") if one.name == "Ada Lovelace"]
    assert sdk.candidates.get(ada.id).email == "ada@example.com"
    wanted = account.job()
    assert sdk.jobs.get(wanted["id"]).title == wanted["title"]
    assert [stage.id for stage in sdk.get_job_funnel(wanted["id"])] == [one["id"] for one in account.stages(wanted)]


def test_the_sdk_writes(sdk: Any, account: Account) -> None:
    application = account.application()
    target = next(stage for stage in account.stages(account.job()) if stage["type"] == "Active")
    assert sdk.move_application_to_stage(application["id"], target["id"]).current_stage.id == target["id"]
    note = sdk.create_candidate_note(application["candidate"]["id"], "Knows engines. \N{GEAR}")
    assert [(one.id, one.content) for one in sdk.notes.list(application["candidate"]["id"])] == [
        (note.id, "Knows engines. \N{GEAR}")
    ]


def test_the_sdk_understands_refusals_of_the_account_and_of_ours(sdk: Any, proxy_key: str) -> None:
    from ashby_sdk import AshbyClient
    from ashby_sdk.exceptions import AshbyAPIError, AshbyAuthError

    with pytest.raises(AshbyAPIError):
        sdk.jobs.get("00000000-0000-4000-8000-000000000000")
    for wrong in (KEY, proxy_key.replace("sk_", "sk_x")):
        with pytest.raises(AshbyAuthError):
            AshbyClient(api_key=wrong).jobs.list()


@pytest.fixture(scope="module")
def mcp(world: World, proxy_key: str) -> Iterator[Mcp]:
    """Start npm's client."""
    with mcp_server(f"{world.url}/v1/proxy", proxy_key) as client:
        yield client


def test_the_mcp_server_lists_and_reads(mcp: Mcp, account: Account) -> None:
    jobs = [*mcp.every("list_jobs", status="All", limit=5), *mcp.every("list_jobs", status="Draft")]
    assert len({job["id"] for job in jobs}) == len(jobs) == account.count("job")
    wanted = account.job()
    assert mcp.use("get_job_details", job_id=wanted["id"])["job"]["title"] == wanted["title"]


def test_the_mcp_server_writes(mcp: Mcp, account: Account) -> None:
    application = account.application()
    target = next(stage for stage in account.stages(account.job()) if stage["type"] == "Active")
    mcp.use("move_application_stage", application_id=application["id"], stage_id=target["id"])
    moved = account.ashby("application.info", applicationId=application["id"])
    assert moved["currentInterviewStage"]["id"] == target["id"]


def test_the_mcp_server_understands_refusals(mcp: Mcp) -> None:
    (said,) = mcp.say("get_job_details", job_id="00000000-0000-4000-8000-000000000000")
    assert "job_not_found" in said


def test_an_answer_is_the_accounts_byte_for_byte(world: World, connection: Connection) -> None:
    sent = {"email": "ada@example.com"}
    direct = world.http.post(f"{world.sandbox.url}/candidate.search", json=sent, auth=(KEY, ""))
    as_it_is = connection.call("POST", "/proxy/candidate.search", json=sent)
    told = connection.call("POST", "/proxy", json={"method": "POST", "path": "/candidate.search", "data": sent})
    assert direct.content == as_it_is.content == told.content
    for answer in (as_it_is, told):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == direct.headers["content-type"]
        assert answer.headers["x-unified-origin"] == "upstream"
        assert answer.headers["ashby-version"] == direct.headers["ashby-version"]


@pytest.mark.parametrize(
    "path",
    [
        "/_sandbox/keys",
        "/..%2f_sandbox%2fkeys",
        "/%2e%2e/_sandbox/keys",
        "//127.0.0.1/x",
        "/http:%2f%2f127.0.0.1",
        "/a.b/",
    ],
)
def test_the_proxy_leads_nowhere_else(world: World, connection: Connection, path: str) -> None:
    """The sandbox's own admin routes stand for whatever else a host may serve."""
    # httpx would tidy a path up before it sends it.
    url = httpx.URL(f"{world.url}/v1/proxy").copy_with(raw_path=f"/v1/proxy{path}".encode())
    key = f"ashby_{secrets.token_hex(16)}"
    answer = world.http.post(url, headers=connection.headers, content=json.dumps({"key": key}))
    assert (answer.status_code, answer.json()["error"]) == (400, "MORPH::CONNECTION::PROXY::BAD_REQUEST")
    assert world.http.post(f"{world.sandbox.url}/candidate.list", json={}, auth=(key, "")).status_code == 403
