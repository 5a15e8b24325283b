"""What the end-to-end tests share: projects, connections, a person who consents, and a watch over secrets.

Everything goes over sockets to a running ``python -m local``. The fixtures are in ``fixtures.py``.
"""

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import boto3
import httpx

from sandbox.credentials import masked

ROOT = Path(__file__).resolve().parents[2]
TABLE = "local-Table"
AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
CONTACT_OPERATIONS = tuple(
    f"genericContact::{verb}" for verb in ("create", "retrieve", "list", "update", "delete", "fieldRead")
)
OPERATIONS = (*CONTACT_OPERATIONS, "genericUser::list", "genericUser::retrieve", "genericWorkspace::list")


@dataclass(frozen=True)
class Project:
    """A project and its keys."""

    id: str
    public_key: str
    secret_key: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its server."""
        return {"x-api-key": self.public_key, "x-api-secret": self.secret_key}


@dataclass(frozen=True)
class Exchange:
    """One request of a test and all of its answer."""

    method: str
    path: str
    answer: str


class Sandbox:
    """The fake Ashby, steered by its admin routes."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self._http = http

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, f"{self.url}/_sandbox{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> dict[str, Any]:
        """Read counts of records, of calls and of the token endpoint."""
        return self._send("GET", "/")

    def refreshes(self) -> int:
        """Count the refreshes that the token endpoint was asked for."""
        return self.state()["tokenEndpoint"]["byGrantType"].get("refresh_token", 0)

    def calls(self, key: str) -> dict[str, int]:
        """Count the calls by a key, by endpoint: what other connections do in the account meanwhile is not in it."""
        return self.state()["calls"]["byKey"].get(masked(key), {})

    def key(self, permissions: Sequence[str] | None = None, *, everything: bool = False) -> str:
        """Make a new API key, of every permission unless told; with `everything` it sees what is confidential too."""
        key = f"ashby_e2e_{secrets.token_hex(20)}"
        access = dict.fromkeys(("privateFields", "confidential", "onBehalfOf"), everything)
        wanted = {} if permissions is None else {"permissions": permissions}
        self._send("POST", "/keys", {"key": key, **access, **wanted})
        return key

    def enable(self, key: str, *, enabled: bool) -> None:
        """Enable or disable a key."""
        self._send("POST", "/keys", {"key": key, "enabled": enabled})

    def permissions(self, key: str, permissions: Sequence[str]) -> None:
        """Change what a key may do."""
        self._send("POST", "/keys", {"key": key, "permissions": permissions})

    def fault(self, endpoint: str, kind: str, **more: Any) -> None:
        """Let calls of an endpoint fail."""
        self._send("POST", "/faults", {"endpoint": endpoint, "kind": kind, **more})

    def expire_tokens(self) -> None:
        """End every access token at once."""
        self._send("POST", "/tokens/expire")

    def token_lifetime(self, seconds: int) -> None:
        """Choose how long access tokens last from now on."""
        self._send("POST", "/tokens/lifetime", {"seconds": seconds})

    def candidate(self, candidate_id: str) -> dict[str, Any]:
        """Read a candidate with its applications."""
        return self._send("GET", f"/candidates/{candidate_id}")

    def close_applications(self, candidate_id: str) -> None:
        """Archive a candidate's applications."""
        for application in self.candidate(candidate_id)["applications"]:
            self._send("POST", f"/applications/{application['id']}", {"status": "Archived"})

    def calm(self) -> None:
        """Forget every fault, give tokens their usual time, and let tests call as often as they like."""
        self._send("DELETE", "/faults")
        self.token_lifetime(3600)
        self._send("POST", "/rate-limit", {"perMinute": 10**6, "burst": 10**6})


@dataclass(repr=False)
class World:
    """A running stack and everything that tests do in it."""

    url: str
    sandbox: Sandbox
    aws_url: str
    log_file: Path
    http: httpx.Client
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    # Each secret with what a path must end with for its answer to hold it: "" is every path, None no path.
    secrets: dict[str, str | tuple[str, ...] | None] = field(default_factory=dict[str, str | tuple[str, ...] | None])

    def keep_secret(self, value: str, shown_by: str | tuple[str, ...] | None = None) -> str:
        """Remember a value that must not be seen, but in answers of paths that end with `shown_by`."""
        assert len(value) >= 16, "too short to be looked for"
        assert value.isprintable(), "cannot be looked for in a line"
        self.secrets[value] = shown_by
        return value

    def mark(self) -> tuple[int, int]:
        """Return how much has been seen by now."""
        return len(self.exchanges), self.log_file.stat().st_size

    def leaks(self, since: tuple[int, int] = (0, 0)) -> list[str]:
        """Name every secret that was seen where it must not be, from a mark on."""
        log = self.log_file.read_bytes()[since[1] :].decode(errors="replace")
        found = {f"{_hint(value)} in the log" for value in self.secrets if value in log}
        # Each line once, since most answers are a page that many others are.
        lines: dict[str, set[tuple[str, str]]] = {}
        for exchange in self.exchanges[since[0] :]:
            for line in exchange.answer.splitlines():
                lines.setdefault(line, set()).add((exchange.method, exchange.path))
        everything = "\n".join(lines)
        for value, shown_by in self.secrets.items():
            if value in everything:
                found |= {
                    f"{_hint(value)} in the answer of {method} {path}"
                    for line, places in lines.items()
                    if value in line
                    for method, path in places
                    if shown_by is None or not path.endswith(shown_by)
                }
        return sorted(found)

    def note(self, answer: httpx.Response) -> None:
        """Keep an answer of the API; the sandbox's and AWS's own are none of ours."""
        if str(answer.request.url).startswith(f"{self.url}/"):
            answer.read()
            headers = json.dumps(sorted(answer.headers.multi_items()))
            self.exchanges.append(Exchange(answer.request.method, answer.request.url.path, f"{headers}\n{answer.text}"))

    def aws(self, service: Any) -> Any:
        """Return a client of the stack's AWS."""
        return boto3.client(
            service,
            endpoint_url=self.aws_url,
            region_name=AWS["AWS_REGION"],
            aws_access_key_id=AWS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=AWS["AWS_SECRET_ACCESS_KEY"],
        )

    def key_arn(self) -> str:
        """Return the stack's KMS key."""
        (key,) = self.aws("kms").list_keys()["Keys"]
        return key["KeyArn"]

    def admin(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """Run the admin command as an operator does."""
        where = ["--endpoint-url", self.aws_url, "--table", TABLE, "--key-arn", self.key_arn()]
        done = subprocess.run(
            [sys.executable, "-m", "admin", *where, *arguments],
            cwd=ROOT,
            env={**os.environ, **AWS, "PYTHONPATH": str(ROOT / "layers" / "unified")},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def project(self, name: str, *redirect_urls: str) -> Project:
        """Make a project."""
        redirects = [part for url in redirect_urls for part in ("--redirect-url", url)]
        made = self.admin("projects", "create", "--name", name, *redirects)
        return Project(made["projectId"], made["publicKey"], self.keep_secret(made["secretKey"]))

    def key(self, project: Project, *rights: str) -> str:
        """Give a project one more secret key, with rights as the admin command spells them; returns it."""
        made = self.admin("keys", "add", project.public_key, *rights)
        return self.keep_secret(made["secretKey"])

    def connection(self, project: Project, operations: Sequence[str] = OPERATIONS) -> "Connection":
        """Make a connection for a customer of its own; it is not authorized yet."""
        connection = Connection(self, project, f"owner-{secrets.token_hex(6)}")
        answer = connection.send("POST", "", json={"operations": list(operations)})
        assert answer.status_code == 200, answer.text
        return connection

    def connected(
        self, project: Project, operations: Sequence[str] = OPERATIONS, key: str | None = None
    ) -> "Connection":
        """Make a connection that is authorized by an API key."""
        connection = self.connection(project, operations)
        answer = connection.authorize_by_key(key or self.keep_secret(self.sandbox.key()))
        assert answer.status_code == 200, answer.text
        return connection

    def consent(self, authorization_url: str, *, granted: Sequence[str] | None = None, decision: str = "allow") -> str:
        """Answer the provider's consent page as a person's browser does; returns where that is sent to."""
        query = dict(parse_qsl(urlsplit(authorization_url).query))
        scopes = query["scope"].split() if granted is None else list(granted)
        form: dict[str, Any] = {**query, "granted": scopes, "decision": decision}
        answer = self.http.post(f"{self.sandbox.url}/oauth/authorize", data=form)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@dataclass(frozen=True)
class Connection:
    """A customer's connection, and ways to call the API about it."""

    world: World
    project: Project
    owner: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a server that calls for this customer."""
        return {**self.project.headers, "x-connector-id": "ashby", "x-owner-id": self.owner}

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call ``/v1/connections/ashby/<owner><path>``."""
        url = f"{self.world.url}/v1/connections/ashby/{self.owner}{path}"
        return self.world.http.request(method, url, headers=self.project.headers, **more)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call ``/v1<path>`` with this customer in the headers."""
        return self.world.http.request(method, f"{self.world.url}/v1{path}", headers=self.headers, **more)

    def status(self) -> str:
        """Read the connection's status."""
        answer = self.send("GET", "")
        assert answer.status_code == 200, answer.text
        return answer.json()["status"]

    def authorize_by_key(self, key: str) -> httpx.Response:
        """Authorize by an API key."""
        return self.send("POST", "/authorization", json={"settings": {"apiKey": key}})

    def begin(self, redirect_url: str | None = None, scopes: Sequence[str] = ()) -> str:
        """Begin OAuth; returns where the person is to be sent."""
        parameters = {} if redirect_url is None else {"redirectUrl": redirect_url}
        answer = self.send("POST", "/authorization", json={"scopes": list(scopes)}, params=parameters)
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["authorizationUrl"]
        self.world.keep_secret(parse_qs(urlsplit(url).query)["state"][0], "/authorization")
        return url

    def authorize_by_oauth(self, **consent: Any) -> httpx.Response:
        """Authorize by OAuth, the person's part done for it; returns the callback's answer."""
        return self.world.http.get(self.world.consent(self.begin(), **consent))

    def link(self, **body: Any) -> str:
        """Make a link to the connect page; returns its address. Nobody but who asked, and the page itself, tells it."""
        answer = self.send("POST", "/links", json=body)
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["url"]
        token = url.rpartition("/")[2]
        self.world.keep_secret(token, ("/links", f"/connect/{token}"))
        return url

    def session(self, body: Mapping[str, Any] | None = None) -> "Session":
        """Make a session."""
        answer = self.send("POST", "/sessions", json=body or {"connection": {}})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["sessionToken"]
        self.world.keep_secret(token.partition(".")[0], "/sessions")
        return Session(self.world, self.project.public_key, token)


@dataclass(frozen=True)
class Session:
    """A browser with a session token."""

    world: World
    public_key: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a browser."""
        return {"x-api-key": self.public_key, "x-session-token": self.token}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call ``/v1<path>``."""
        headers = {**self.headers, **more.pop("headers", {})}
        return self.world.http.request(method, f"{self.world.url}/v1{path}", headers=headers, **more)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem document of this status and code; returns it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text[
        :600
    ]
    problem: dict[str, Any] = answer.json()
    assert problem["error"] == code
    assert problem["type"] == f"urn:unified:error:{code}"
    assert problem["status"] == status
    assert problem["message"] == problem["detail"]
    assert problem["title"]
    assert problem["requestId"] == answer.headers["x-request-id"]
    assert problem["instance"].endswith(problem["requestId"])
    return problem


def _hint(secret: str) -> str:
    return f"{secret[:14]}… ({len(secret)} characters)"


class TokenRelay:
    """Stands between the stack and the provider's token endpoint, so that tests know every token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.access_tokens: list[str] = []
        self.refresh_tokens: list[str] = []

    def answer(self, _method: str, target: str, body: bytes) -> tuple[int, str, bytes] | None:
        """Pass a request on, and keep its secrets and those of its answer."""
        for name, values in parse_qs(body.decode()).items():
            if name in ("code", "code_verifier"):
                self.world.keep_secret(values[0])
        form = {"content-type": "application/x-www-form-urlencoded"}
        try:
            answer = self.world.http.post(f"{self.world.sandbox.url}{target}", content=body, headers=form)
        except httpx.TransportError:
            return None
        with contextlib.suppress(ValueError):
            tokens = answer.json()
            if "access_token" in tokens:
                self.access_tokens.append(self.world.keep_secret(tokens["access_token"]))
                self.refresh_tokens.append(self.world.keep_secret(tokens["refresh_token"]))
        return answer.status_code, "application/json", answer.content


def form_token_of(page: httpx.Response) -> str:
    """Find what a connect page's form must carry."""
    found = re.search(r'name="formToken" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text[:600]
    return found[1]


def assets_of(page: str) -> list[str]:
    """List what a page would load or run."""
    return re.findall(r"<script|<link|<iframe|<img|\bsrc=|url\(|@import|\bon\w+=", page, re.IGNORECASE)
