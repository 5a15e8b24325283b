"""The routes of the API, read from what is deployed and described, and what each asks of its caller, stated by rule.

A new route is in by itself. One that no rule speaks of fails ``test_every_route_has_a_rule``, so nobody can add a route
without saying who may use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.integration.stack import ALL_OPERATIONS, REDIRECT_URL, Answer, Stack, event
from tests.integration.test_custom_models import DEPARTMENT
from tests.unit.bundle.deployed import FUNCTIONS, ROOT, folder, sources

_METHODS = ("get", "post", "put", "patch", "delete")
_IDS = r"\{[^}]*\}"
# What anybody may call: what says nothing of anybody, and what a secret of its own opens: a state, a link, a signature.
_PUBLIC = (
    r"GET /docs|GET /openapi\.json|GET /v1/callback/{}|POST /v1/hooks/{}/{}|\w+ /v1/connect(/.*)?|\w+ /connect(/.*)?"
)
_NEEDS = (
    ("admin", r"PATCH /v1/event-settings"),
    ("admin", r"(PUT|DELETE) /v1/connectors/{}/(mappings|models)/{}|PUT /v1/connections/{}/{}/models/{}"),
    ("events", r"GET /v1/event-settings|\w+ /v1/(events|webhook-endpoints)(/.*)?"),
    ("events", r"\w+ /v1/connections/{}/{}/(sync|hook)"),
    ("manage", r"(POST|PUT|PATCH|DELETE) /v1/connections/{}/{}(/.*)?"),
    ("manage", r"(POST|PUT|DELETE) /v1/s/connection(/.*)?"),
    # Who is limited by operations, or by the proxy's endpoints, needs nothing beside; nor who only looks.
    ("any", r"\w+ /v1/(s/)?(resources|models)/{}(/.*)?|\w+ /v1/(s/)?proxy(/.*)?|DELETE /v1/s/session"),
    ("any", r"GET /v1/(connections|connectors|s)(/.*)?"),
)
_OPERATIONS = (
    ("list", r"GET /v1/(s/)?resources/{}"),
    ("create", r"POST /v1/(s/)?resources/{}"),
    ("retrieve", r"GET /v1/(s/)?resources/{}/{}"),
    ("update", r"PATCH /v1/(s/)?resources/{}/{}"),
    ("delete", r"DELETE /v1/(s/)?resources/{}/{}"),
    ("fieldRead", r"GET /v1/(s/)?models/{}/fields|\w+ /v1/(s/connection|connections/{}/{})/mappings/{}(/preview)?"),
    ("fieldWrite", r"POST /v1/(s/)?models/{}/fields"),
)
_RULES = {"rules": [{"key": "town", "source": {"path": "location.city"}}]}
# A body that is right, so that who calls is all that can be wrong.
_BODIES: tuple[tuple[str, Any], ...] = (
    (r"(POST|PATCH) /v1/connections/{}/{}", {"operations": ALL_OPERATIONS}),
    (r"POST .*/authorization", {"settings": {"apiKey": "ashby_local_full"}}),
    (r"POST .*/sessions", {"connection": {"operations": ALL_OPERATIONS}}),
    (r"PUT .*/mappings/{}|POST .*/preview", _RULES),
    (r"PUT .*/models/{}", DEPARTMENT),
    (r"POST .*/resources/{}", {"firstName": "Grace", "email": "grace@example.com"}),
    (r"PATCH .*/resources/{}/{}", {"firstName": "Grace"}),
    (r"POST .*/models/{}/fields", {"name": "Shoe size {route}", "type": "number"}),
    (r"PATCH /v1/event-settings", {"sweepMinutes": 30}),
    (
        r"POST /v1/webhook-endpoints",
        {"url": "https://example.com/mine", "connections": [{"connectorId": "ashby", "ownerId": "{ownerId}"}]},
    ),
    (r"PATCH /v1/webhook-endpoints/{}", {"description": "mine"}),
    (r"POST /v1/webhook-endpoints/{}/replay", {"since": "2026-11-01T00:00:00Z"}),
    (r"\w+ /v1/(s/)?proxy", {"method": "POST", "path": "candidate.create", "data": {"name": "Grace"}}),
    (r"\w+ /v1/(s/)?proxy/{}", {"name": "Grace"}),
    (r"POST .*/links", {"redirectUrl": REDIRECT_URL}),
)


class Route(NamedTuple):
    """One route. ``callers`` are those of ``secret`` and ``session`` that the description names; none: anybody.

    ``need`` is what a key must have been given, None where no rule says it; ``operation`` what a connection must have.
    """

    function: str
    method: str
    path: str
    callers: frozenset[str]
    need: str | None
    operation: str | None

    @property
    def name(self) -> str:
        """The route as rules spell it: its variables are all alike."""
        return _spelled(f"{self.method} {self.path}")

    @property
    def is_proxy(self) -> bool:
        """Whether it leads to the account's own API."""
        return self.function == "proxy"

    @property
    def by_path(self) -> bool:
        """Whether its path names a connection."""
        return self.name.partition(" ")[2].startswith("/v1/connections/{}/{}")

    @property
    def by_headers(self) -> bool:
        """Whether headers, or a session, name its connection."""
        return "session" in self.callers

    def is_one_of(self, rule: str) -> bool:
        """Tell whether a rule speaks of it."""
        return fits(rule, self.name)

    def send(self, stack: Stack, headers: Mapping[str, str], ids: Mapping[str, str]) -> Answer:
        """Call it. ``ids`` are the values of its variables, by API Gateway's names; of ``ownerId``, in headers too."""
        aimed = dict(headers)
        if self.by_headers and "x-session-token" not in headers:
            aimed = {"x-connector-id": "ashby", "x-owner-id": ids["ownerId"], **aimed}
        defines = "/models/" in self.path and self.function == "connections"
        values = {**ids, "model": ids["ownModel" if defines else "model"]}
        variables = {name.rstrip("+"): values[name.rstrip("+")] for name in re.findall(r"\{([^}]*)\}", self.path)}
        path = re.sub(_IDS, lambda found: quote(values[found[0].strip("{+}")], safe=""), self.path)
        method = "POST" if self.method == "ANY" else self.method
        given = next((body for rule, body in _BODIES if fits(rule, self.name)), None if method == "GET" else {})
        body = None if given is None else _filled(json.dumps(given), ids["ownerId"], self.path)
        built = event(method, path, headers=aimed, body=body)
        # Set here, and not looked up: of routes for any method the shared look-up knows nothing.
        built["routeKey"] = built["requestContext"]["routeKey"] = f"{self.method} {self.path}"
        built["pathParameters"] = variables
        return stack.send(self.function, built)


def fits(rule: str, name: str) -> bool:
    """Tell whether a rule, in which ``{}`` stands for a variable, matches a whole name."""
    return re.fullmatch(rule.replace("{}", r"\{\}"), name) is not None


def _filled(body: str, owner: str, path: str) -> str:
    return body.replace("{ownerId}", owner).replace("{route}", path)


def _spelled(name: str) -> str:
    return re.sub(_IDS, "{}", name)


def _routes() -> list[Route]:
    described: dict[str, frozenset[str]] = {}
    document = json.loads((ROOT / "functions/docs/openapi.json").read_text())
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            if method in _METHODS:
                schemes = {name for way in about["security"] for name in way}
                callers = frozenset({"secretKey": "secret", "session": "session"}.get(name, "") for name in schemes)
                described[_spelled(f"{method.upper()} {path}")] = callers - {""}
    found: list[Route] = []
    for logical in FUNCTIONS:
        for at in sources(logical, "HttpApi"):
            if "Path" not in at:
                continue
            name = _spelled(f"{at['Method']} {at['Path']}")
            # What is not described is held to the strictest reading that its path allows.
            undescribed = frozenset({"secret", "session"} if fits(r"\w+ /v1/(s|proxy)(/.*)?", name) else {"secret"})
            by_one_method = described.get(name.replace("ANY ", "POST ", 1), undescribed)
            callers = frozenset[str]() if fits(_PUBLIC, name) else by_one_method
            need = next((need for need, rule in _NEEDS if fits(rule, name)), None)
            verb = next((verb for verb, rule in _OPERATIONS if fits(rule, name)), None)
            operation = None if verb is None else f"genericContact::{verb}"
            found.append(Route(folder(logical), at["Method"], at["Path"], callers, need, operation))
    return found


ROUTES = _routes()
"""Every route but the answer to what is not there."""

GUARDED = [route for route in ROUTES if not fits(_PUBLIC, route.name)]
"""Those that ask who calls."""


def deployed_names() -> set[str]:
    """Name every route of the template, one that takes any method by each."""
    anyhow = [route.path for route in ROUTES if route.method == "ANY"]
    return {route.name for route in ROUTES} | {_spelled(f"{m.upper()} {path}") for m in _METHODS for path in anyhow}


def described_names() -> set[str]:
    """Name every route of the OpenAPI document."""
    document = json.loads((ROOT / "functions/docs/openapi.json").read_text())
    return {
        _spelled(f"{method.upper()} {path}")
        for path, about in document["paths"].items()
        for method in about
        if method in _METHODS
    }
