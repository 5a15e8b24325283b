"""No secret leaves: neither in an answer nor in the log, whatever goes wrong.

Each path below is walked with secrets of its own; then every answer and the whole log are searched for them. The
same search is made once more at the end of all end-to-end tests (``fixtures.world``).
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.account import Account
from tests.e2e.receiving import Receiver, subscribe
from tests.e2e.running import Connection, Exchange, Project, Sandbox, TokenRelay, World
from tests.e2e.waiting import wait_for

pytest_plugins = ["tests.e2e.fixtures"]

CONTACTS = "/resources/genericContact"
# How the names of those begin who apply.
PERSON = "Zarniwoop"
# Ashby's endpoint or the provider's, and how it fails: each kind of answer that code must make something of.
FAILURES: list[tuple[str, str, dict[str, Any]]] = [
    ("candidate.list", "status", {"status": 500}),
    ("candidate.list", "status", {"status": 429, "retryAfter": 1000}),
    ("candidate.list", "status", {"status": 400}),
    ("candidate.list", "failure", {"code": "invalid_input"}),
    ("candidate.list", "failure", {"code": "generic_internal_error", "shape": "INFO_ONLY"}),
    ("candidate.list", "malformed", {}),
    ("candidate.list", "truncated", {}),
    ("candidate.list", "drop_before", {}),
    ("candidate.list", "drop_after", {}),
    ("candidate.create", "status", {"status": 500}),
    ("candidate.create", "drop_after", {}),
    ("apiKey.info", "status", {"status": 500}),
    ("apiKey.info", "malformed", {}),
    ("apiKey.info", "drop_after", {}),
    ("*", "status", {"status": 403, "code": "forbidden"}),
    ("*", "status", {"status": 401, "code": "unauthorized"}),
]
TOKEN_FAILURES: list[tuple[str, dict[str, Any]]] = [
    ("status", {"status": 500}),
    ("status", {"status": 400}),
    ("status", {"status": 429, "retryAfter": 5}),
    ("failure", {}),
    ("malformed", {}),
    ("truncated", {}),
    ("drop_before", {}),
    ("drop_after", {}),
]


@pytest.fixture(autouse=True)
def nothing_leaks(world: World, sandbox: Sandbox) -> Any:
    """Search after each test, so that a leak is found where it happens."""
    known, mark = len(world.secrets), world.mark()
    yield
    assert len(world.secrets) > known, "the test has used no secret of its own"
    assert world.leaks(mark) == []
    # Who applied stays in the account, which all tests share: their lists may show them from now on, the log may not.
    for value in list(world.secrets)[known:]:
        if value.startswith(PERSON):
            world.secrets[value] = ""


def echoing(connection: Connection) -> None:
    """Call what uses the credential, each in its own way."""
    connection.call("GET", CONTACTS, params={"limit": 1})
    connection.call("GET", CONTACTS, params={"limit": 1, "q": "somebody@example.com"})
    connection.call("POST", CONTACTS, json={"firstName": "Ada"})
    connection.call("GET", "/models/genericContact/fields")
    connection.call("GET", "/resources/genericUser")
    connection.send("GET", "")


def test_when_all_goes_well(world: World, project: Project) -> None:
    """Authorizing echoes no setting."""
    connection = world.connected(project)
    echoing(connection)
    session = connection.session()
    session.call("GET", CONTACTS, params={"limit": 1})
    session.call("GET", "/s/connection")
    session.call("DELETE", "/s/session")
    connection.send("DELETE", "")


def test_when_a_secret_is_put_where_it_does_not_belong(world: World, project: Project) -> None:
    """As a value in a path, a query, a body or another header, it comes back in no answer and no log line.

    The names of fields and operations that are not known are repeated: that is how a caller finds its mistake.
    """
    connection = world.connected(project)
    key = world.keep_secret(world.sandbox.key())
    connection.send("POST", "", json={"operations": key})
    connection.send("PATCH", "", json={"operations": ["genericContact::list"], "apiKey": key})
    connection.send("POST", "/authorization", json={"settings": {"apiKey": key, "apiSecret": key}})
    connection.send("POST", "/authorization", json={"settings": {"apiKey": f"{key}:x"}})
    connection.send("POST", "/authorization", json={"settings": {"apiKey": f"{key} and more"}})
    connection.send("POST", "/authorization", json={"settings": key})
    connection.send("POST", "/authorization", json={"scopes": [f'"{key}"']})
    connection.send("POST", "/authorization", content=f'{{"settings": {{"apiKey": "{key}"')
    connection.send("POST", "/authorization", json={}, params={"redirectUrl": f"https://{key}@example.com/"})
    connection.send("POST", "/sessions", json={"expiresIn": key, "connection": {"operations": key}})
    connection.call("GET", CONTACTS, params={"cursor": key, "include": key})
    connection.call("GET", CONTACTS, params={"filter[email]": "", "sort": key})
    connection.call("GET", f"{CONTACTS}/{key}")
    connection.call("GET", f"/resources/{key}")
    connection.call("POST", CONTACTS, json={"firstName": "Ada", "email": key})
    connection.call("PATCH", f"{CONTACTS}/some-id", json={"links": [{"type": key, "url": key}]})
    headers = {**connection.headers, "x-session-token": key}
    world.http.get(f"{world.url}/v1{CONTACTS}", headers=headers)
    headers = {**connection.headers, "x-api-secret": key, "authorization": f"Bearer {key}", "cookie": f"key={key}"}
    world.http.get(f"{world.url}/v1{CONTACTS}", headers=headers)
    world.http.get(f"{world.url}/v1/callback/ashby", params={"state": key, "code": key, "error": key})
    world.http.get(f"{world.url}/v1/nothing/{key}", headers=connection.headers)


@pytest.mark.parametrize(
    ("endpoint", "kind", "more"),
    FAILURES,
    ids=[f"{endpoint}-{kind}-{'-'.join(map(str, more.values()))}" for endpoint, kind, more in FAILURES],
)
def test_when_ashby_fails(
    world: World, project: Project, sandbox: Sandbox, endpoint: str, kind: str, more: dict[str, Any]
) -> None:
    """Even when Ashby itself repeats the key in what it says."""
    key = world.keep_secret(sandbox.key())
    connection = world.connected(project, key=key)
    basic = world.keep_secret(base64.b64encode(f"{key}:".encode()).decode())
    sandbox.fault(endpoint, kind, **more, message=f"The key {key} (Basic {basic}) did not work")
    connection.authorize_by_key(key)
    echoing(connection)
    connection.session().call("GET", CONTACTS, params={"limit": 1})


def test_when_a_key_is_wrong(world: World, project: Project) -> None:
    """A wrong key may be another system's right one."""
    connection = world.connection(project)
    for _ in range(2):
        assert connection.authorize_by_key(world.keep_secret(f"pw_{secrets.token_hex(16)}")).status_code == 400


@pytest.mark.parametrize(
    ("kind", "more"), TOKEN_FAILURES, ids=[f"{kind}-{'-'.join(map(str, m.values()))}" for kind, m in TOKEN_FAILURES]
)
def test_when_the_token_endpoint_fails(
    world: World,
    whitelabel: Project,
    relay: tuple[TokenRelay, str],
    sandbox: Sandbox,
    kind: str,
    more: dict[str, Any],
) -> None:
    """Neither while a code is exchanged nor while a token is renewed, even when the provider repeats them."""
    tokens, _ = relay
    connection = world.connection(whitelabel)
    connection.authorize_by_oauth()
    echoing(connection)
    told = f"{tokens.refresh_tokens[-1]} {tokens.access_tokens[-1]} whitelabel-secret"
    sandbox.expire_tokens()
    sandbox.fault("oauth.token", kind, **more, message=told)
    echoing(connection)
    connection.authorize_by_oauth()
    sandbox.calm()
    connection.authorize_by_oauth()
    sandbox.fault("oauth.revoke", kind, **more, message=told)
    sandbox.fault("candidate.list", "status", status=500, message=told)
    connection.call("GET", CONTACTS, params={"limit": 1})
    connection.send("DELETE", "")


def test_when_the_person_is_sent_with_an_error(world: World, whitelabel: Project) -> None:
    """What the provider says is not repeated to the application or the person."""
    connection = world.connection(whitelabel)
    canary = world.keep_secret(f"canary_{secrets.token_hex(16)}")
    link = world.consent(connection.begin(), decision="deny")
    world.http.get(f"{link}&error_description={canary}")
    link = world.consent(connection.begin(), decision="deny").replace("access_denied", canary)
    world.http.get(link)


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    """Run a receiver of the test's own: its address will hold a secret."""
    return receivers()


@pytest.fixture
def unlogged(world: World) -> Iterator[list[str]]:
    """Give a list of words, such as addresses, that answers and the table may hold but no line of the log."""
    words: list[str] = []
    _, mark = world.mark()
    yield words
    log = world.log_file.read_bytes()[mark:].decode(errors="replace")
    assert words, "the test has named none"
    assert [word[:8] for word in words if word in log] == []


def listening(
    world: World, name: str, receiver: Receiver, unlogged: list[str], key: str | None = None
) -> tuple[Connection, str]:
    """Connect a customer, by a key if told, whose whole contacts are delivered to an address that holds a secret.

    Its webhooks are set up, so their addresses and secrets are known too. Returns the connection and its endpoint.
    """
    project = world.project(name)
    unlogged.append(f"token_{secrets.token_hex(16)}")
    receiver.url += f"?token={unlogged[-1]}"
    endpoint = subscribe(world, project, receiver, events=["genericContact::*"])
    changed = world.http.patch(f"{world.url}/v1/event-settings", headers=project.headers, json={"thin": False})
    assert changed.status_code == 200
    connection = world.connected(project, key=key)

    def watched() -> bool:
        sync = connection.send("GET", "/sync").json()
        complete = not sync["waiting"] and all(one["isComplete"] for one in sync["models"])
        return complete and bool(sync["webhooks"]["actions"])

    wait_for("the first sweep", watched)
    for setting in Account(world).steer("GET", "webhooks")["webhooks"]:
        if setting["requestUrl"].startswith(world.url):
            unlogged.append(setting["requestUrl"].rpartition("/")[2])
            world.keep_secret(setting["secretToken"], "/hook")
    return connection, endpoint


def applies(world: World) -> tuple[str, str]:
    """Let somebody apply whose name would be known anywhere; returns the name and the candidate's id."""
    account = Account(world)
    name = world.keep_secret(f"{PERSON}{secrets.token_hex(8)}")
    candidate = account.ashby("candidate.create", name=name, email=f"{secrets.token_hex(8)}@example.com")["id"]
    account.ashby("application.create", candidateId=candidate, jobId=account.job()["id"])
    return name, candidate


def test_when_webhooks_come_and_events_go(world: World, receiver: Receiver, unlogged: list[str]) -> None:
    """Neither who the event is about, nor the address, nor what signs it, at either side."""
    connection, endpoint = listening(world, "Listening", receiver, unlogged)
    name, candidate = applies(world)
    assert receiver.wait("genericContact::created", candidate).event["data"]["fields"]["firstName"] == name
    path = f"{world.url}/v1/webhook-endpoints/{endpoint}/rotate"
    rotated = world.http.post(path, headers=connection.project.headers, json={"overlapSeconds": 60}).json()
    receiver.secrets.append(world.keep_secret(rotated["secret"], "/rotate"))
    shown = connection.send("POST", "/hook", json={"newAddress": True}).json()
    world.keep_secret(shown["secret"], "/hook")
    unlogged.append(shown["url"].rpartition("/")[2])
    connection.send("GET", "/sync")
    connection.send("DELETE", "")


def test_when_a_webhook_is_wrong(world: World, receiver: Receiver, unlogged: list[str]) -> None:
    """Badly signed, not signed, no JSON, too large, or to an address that is none: its body and address stay unseen."""
    connection, _ = listening(world, "Wrong webhooks", receiver, unlogged)
    url = connection.send("POST", "/hook", json={}).json()["url"]
    hook, unknown = url.rpartition("/")[2], f"hk_{secrets.token_hex(20)}"
    unlogged += [hook, unknown]
    name = world.keep_secret(f"{PERSON}{secrets.token_hex(8)}")
    body = json.dumps({"action": "applicationSubmit", "data": {"application": {"candidate": {"name": name}}}})
    for address in (url, url.replace(hook, unknown), f"{url}x", f"{url}?name={name}"):
        for content in (body, f"{body[:-3]}{name}", body + " " * 600_000, name):
            for headers in ({}, {"ashby-signature": f"sha256={name}"}, {"ashby-signature": "sha256=" + "0" * 64}):
                world.http.post(address, content=content, headers={"content-type": "application/json", **headers})


def test_when_ashby_fails_while_a_webhook_is_looked_into(
    world: World, sandbox: Sandbox, receiver: Receiver, unlogged: list[str]
) -> None:
    """Even when Ashby itself repeats the candidate's name in what it says."""
    key = world.keep_secret(sandbox.key())
    listening(world, "Failing", receiver, unlogged, key)
    told = {"message": f"{world.keep_secret(f'{PERSON}{secrets.token_hex(8)}')} could not be read", "key": key}
    for kind, more in (("status", {"status": 500}), ("malformed", {})):
        sandbox.fault("candidate.info", kind, **more, **told, times=1)
    _, candidate = applies(world)
    receiver.wait("genericContact::created", candidate)
    _, mark = world.mark()
    sandbox.fault("candidate.info", "failure", code="invalid_input", **told, times=1)
    applies(world)
    wait_for("a hint is given up", lambda: b"HintGivenUp" in world.log_file.read_bytes()[mark:])


def test_when_a_receiver_fails(world: World, receiver: Receiver, unlogged: list[str]) -> None:
    """Whatever it answers, what is logged of it is a status."""
    connection, endpoint = listening(world, "Refusing", receiver, unlogged)
    receiver.secrets.clear()
    applies(world)
    wait_for("a refusal", lambda: receiver.refused)
    path = f"{world.url}/v1/webhook-endpoints/{endpoint}/test"
    assert world.http.post(path, headers=connection.project.headers).json()["status"] == 400
    receiver.__exit__()
    assert world.http.post(path, headers=connection.project.headers).json()["outcome"] != "delivered"


def test_a_secret_is_not_in_the_table(world: World, whitelabel: Project, relay: tuple[TokenRelay, str]) -> None:
    """What is stored is sealed or a fingerprint."""
    tokens, _ = relay
    by_oauth = world.connection(whitelabel)
    by_oauth.authorize_by_oauth()
    key = world.keep_secret(world.sandbox.key())
    by_key = world.connected(whitelabel, key=key)
    session = by_key.session()
    by_oauth.begin()
    link = by_oauth.link().rpartition("/")[2]
    rows: list[Any] = []
    for page in world.aws("dynamodb").get_paginator("scan").paginate(TableName="local-Table"):
        rows += page["Items"]
    stored = json.dumps(rows, default=lambda value: value.decode("latin-1") if isinstance(value, bytes) else str(value))
    assert by_oauth.owner in stored
    for secret in (
        key,
        tokens.access_tokens[-1],
        tokens.refresh_tokens[-1],
        session.token,
        link,
        whitelabel.secret_key,
    ):
        assert secret not in stored
    assert [value[:12] for value in world.secrets if value in stored] == []


def test_the_search_finds_what_it_looks_for(world: World) -> None:
    """A watch that cannot ring is none: each place that it searches, with something planted there."""
    planted = f"canary_{secrets.token_hex(16)}"
    shown = f"canary_{secrets.token_hex(16)}"
    log = world.log_file.parent / "log-of-this-test"
    log.write_text(f"a line with {planted}\n", encoding="utf-8")
    watch = World(world.url, world.sandbox, world.aws_url, log, world.http)
    watch.keep_secret(planted)
    watch.keep_secret(shown, "/sessions")
    watch.exchanges += [
        Exchange("GET", "/v1/connections", f"… {planted} …"),
        Exchange("POST", "/v1/connections/ashby/a/sessions", f"… {shown} …"),
        Exchange("GET", "/v1/s/connection", f"… {shown} …"),
    ]
    hints = [found.partition(" in ")[2] for found in watch.leaks()]
    assert sorted(hints) == ["the answer of GET /v1/connections", "the answer of GET /v1/s/connection", "the log"]
    world.keep_secret(f"canary_{secrets.token_hex(16)}")
