"""What a request that cannot be right is, as a row of a table."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

CONNECTION = "/v1/connections/ashby/new"
AUTHORIZATION = "/v1/connections/ashby/acme/authorization"
SESSIONS = "/v1/connections/ashby/acme/sessions"
CONTACTS = "/v1/resources/genericContact"
INVALID = (400, "MORPH::BAD_REQUEST")
BAD_FIELDS = (400, "CONNECTOR::OPERATION::BAD_REQUEST")
NO_ROUTE = (404, "MORPH::ROUTE_NOT_FOUND")
NO_METHOD = (405, "MORPH::METHOD_NOT_ALLOWED")
NO_CONNECTOR = (404, "CONNECTOR::NOT_FOUND")
NO_MODEL = (404, "CONNECTOR::RESOURCE_MODEL::NOT_FOUND")
NO_CONNECTION = (404, "MORPH::CONNECTION::NOT_FOUND")
NOT_OFFERED = (501, "CONNECTOR::OPERATION::NOT_FOUND")
NO_RECORD = (404, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND")
NO_KEY = (401, "MORPH::UNAUTHENTICATED")
BAD_SESSION = (401, "MORPH::SESSION::TOKEN_VALIDATION_FAILED")


@dataclass(frozen=True)
class Bad:
    """A request that is refused: how, and which words the answer names the trouble by."""

    name: str
    method: str
    path: str
    expected: tuple[int, str]
    says: str = ""
    owner: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    base64_body: bool = False


def token(place: str, token: str = "sess_" + "x" * 43) -> str:
    return f"{token}.{base64.urlsafe_b64encode(place.encode()).decode().rstrip('=')}"


DEEP = "[" * 60_000 + "]" * 60_000
CURSOR = base64.urlsafe_b64encode(json.dumps([1, "0" * 20, "100"]).encode()).decode().rstrip("=")
