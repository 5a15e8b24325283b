"""What a handler takes from a request: who calls, on which connection, with what body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from unified.api.access import Access, Caller, authenticate, open_connection
from unified.connections.lifecycle import connections
from unified.deadline import Deadline
from unified.errors import Invalid, UnifiedError
from unified.grants import Need
from unified.projects import projects
from unified.settings import settings

MAX_BODY_BYTES = 256 * 1024


def caller(request: Request, need: Need = Need.ANY) -> Caller:
    """Return the project that calls with its secret key, one that may use routes that ask for ``need``."""
    return authenticate(projects(), request.headers, need)


def access(
    request: Request,
    model: str | None = None,
    connector_id: str = "",
    owner_id: str = "",
    need: Need = Need.ANY,
) -> Access:
    """Return the caller's hold on the connection that its path or else its headers name, with ``model``'s mapping."""
    headers = request.headers
    if connector_id:
        # Where the path names the connection, the caller is a server with its secret key, never a session.
        headers = {name: value for name, value in headers.items() if name != "x-session-token"}
        headers |= {"x-connector-id": connector_id, "x-owner-id": owner_id}
    return open_connection(connections(), projects(), headers, deadline(request), model, need)


def idempotency_key(request: Request) -> str | None:
    """Return the key under which a write may be sent again, None when it carries none."""
    return request.headers.get("idempotency-key")


def deadline(request: Request) -> Deadline:
    """Return until when this invocation must have answered."""
    return cast(Deadline, request.context["deadline"])


def query(request: Request) -> Mapping[str, str]:
    """Return the query's parameters, decoded."""
    return request.query_parameters or {}


def cookies(request: Request) -> Mapping[str, str]:
    """Return the browser's cookies by name, as they were sent."""
    event = cast(APIGatewayProxyEventV2, request.resolved_event)
    return {name.strip(): value for name, _, value in (one.partition("=") for one in event.cookies)}


def public_url(request: Request) -> str:
    """Return the API's own base URL, without a slash: the parameter's, else the host name that API Gateway served.

    ``domainName`` is that of the API or its custom domain; a forged Host header does not reach us.
    """
    event = cast(APIGatewayProxyEventV2, request.resolved_event)
    return settings().public_url or f"https://{event.request_context.domain_name}"


def json_body(request: Request) -> dict[str, Any]:
    """Read the body as one JSON object.

    Raises ``PAYLOAD_TOO_LARGE``, ``UNSUPPORTED_MEDIA_TYPE``, ``Invalid``.
    """
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if declared != "application/json" and not declared.endswith("+json"):
        raise UnifiedError("MORPH::UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.")
    try:
        # An empty body says nothing, which is what {} says.
        text = request.resolved_event.decoded_body or "{}"
        if len(text) > MAX_BODY_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BODY_BYTES:
            raise UnifiedError("MORPH::PAYLOAD_TOO_LARGE", f"The body may have at most {MAX_BODY_BYTES} bytes.")
        decoded = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON. It must be UTF-8, and an object may give a name once.") from None
    if not isinstance(decoded, dict):
        raise Invalid("The body must be a JSON object.")
    return cast(dict[str, Any], decoded)


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Whoever checked the body before us may have read the other one (RFC 8259 §4).
        raise ValueError("a name is given twice")
    return found
