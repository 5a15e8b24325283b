"""No secret leaves: neither in an answer nor in the log, whatever goes wrong.

Each path below is walked with secrets of its own; then every answer and the whole log are searched for them. The
same search is made once more at the end of all end-to-end tests (``fixtures.world``).
"""

import base64
import json
import secrets
from typing import Any

import pytest

from tests.e2e.running import Connection, Exchange, Project, Sandbox, TokenRelay, World

pytest_plugins = ["tests.e2e.fixtures"]

CONTACTS = "/resources/genericContact"
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


def test_a_secret_is_not_in_the_table(world: World, whitelabel: Project, relay: tuple[TokenRelay, str]) -> None:
    """What is stored is sealed or a fingerprint."""
    tokens, _ = relay
    by_oauth = world.connection(whitelabel)
    by_oauth.authorize_by_oauth()
    key = world.keep_secret(world.sandbox.key())
    by_key = world.connected(whitelabel, key=key)
    session = by_key.session()
    by_oauth.begin()
    rows: list[Any] = []
    for page in world.aws("dynamodb").get_paginator("scan").paginate(TableName="local-Table"):
        rows += page["Items"]
    stored = json.dumps(rows, default=lambda value: value.decode("latin-1") if isinstance(value, bytes) else str(value))
    assert by_oauth.owner in stored
    for secret in (key, tokens.access_tokens[-1], tokens.refresh_tokens[-1], session.token, whitelabel.secret_key):
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
