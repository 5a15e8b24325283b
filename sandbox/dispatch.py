"""`POST /<category>.<method>`: from request to answer.

The order of the checks is inferred (docs/sandbox.md): endpoint, credential, version, rate limit, permission, acting
user, content type, body.
"""

import inspect
import json
import secrets
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from sandbox.credentials import Principal, authenticate
from sandbox.endpoints import Call, Endpoint
from sandbox.errors import ApiError, ErrorShape, invalid_input, missing_permission
from sandbox.paging import Listing
from sandbox.parameters import read_parameters
from sandbox.state import Sandbox

API_VERSION = "2026-01-01"
# Every answer names the version that served it (changelog 2026-10-14, "Add API Version Response Headers").
_VERSION_HEADERS = {"Ashby-Version": API_VERSION, "Ashby-Version-Status": "active"}
_REQUEST_ID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


async def call_endpoint(request: Request) -> Response:
    """Answer one API call; every error leaves in one of Ashby's shapes."""
    sandbox: Sandbox = request.app.state.sandbox
    try:
        return _json(200, await _answer(sandbox, request))
    except ApiError as error:
        return _json(error.status, error.body(_request_id()), error.headers)


async def _answer(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    endpoint = sandbox.endpoints.get(request.path_params["endpoint"])
    if endpoint is None:
        raise ApiError("endpoint_not_found", "There is no such endpoint.", status=404, shape=ErrorShape.INFO_ONLY)
    principal = authenticate(request.headers.get("authorization"), sandbox.keys, sandbox.authorization.principal)
    if request.headers.get("ashby-version", API_VERSION) != API_VERSION:
        raise ApiError("invalid_api_version", f"Supported: {API_VERSION}.", status=400, shape=ErrorShape.INFO_ONLY)
    sandbox.limiter.spend(principal.key_id)
    if endpoint.permission is not None and endpoint.permission not in principal.permissions:
        raise missing_permission(endpoint.permission)
    body = _body(request, await request.body())
    call = Call(
        endpoint=endpoint.name,
        organisation=sandbox.organisation,
        pager=sandbox.pager,
        principal=principal,
        parameters=read_parameters(endpoint.parameters, body, strict=endpoint.strict),
        base_url=str(request.base_url).rstrip("/"),
        user_id=_acting_user(sandbox, request, principal),
    )
    result = await _run(endpoint, call)
    return result.body() if isinstance(result, Listing) else {"success": True, "results": result}


async def _run(endpoint: Endpoint, call: Call) -> Any:
    # A handler that waits (webhook.create pings) takes the lock itself, so as not to hold it meanwhile.
    if inspect.iscoroutinefunction(endpoint.handler):
        return await endpoint.handler(call)
    with call.organisation.lock:
        return endpoint.handler(call)


def _body(request: Request, content: bytes) -> dict[str, Any]:
    """Read the JSON object of a request; an empty body counts as `{}`."""
    if not content.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise invalid_input(("", "Content-Type must be application/json"))
    try:
        body: Any = json.loads(content)
        json.dumps(body, ensure_ascii=False).encode()  # refuses half a surrogate pair, which could not be answered
    except (ValueError, RecursionError) as problem:
        raise invalid_input(("", "The body is not valid JSON")) from problem
    if not isinstance(body, dict):
        raise invalid_input(("", "The body must be a JSON object"))
    return cast("dict[str, Any]", body)


def _acting_user(sandbox: Sandbox, request: Request, principal: Principal) -> str | None:
    """Return the user named by X-On-Behalf-Of, which the key must be allowed to act for (changelog 2026-04-30)."""
    user_id = request.headers.get("x-on-behalf-of")
    if user_id is None:
        return None
    if not principal.on_behalf_of:
        raise ApiError("insufficient_permissions", "The API key may not act on behalf of users.", status=403)
    user = sandbox.organisation.users.get(user_id)
    if user is None or not user["isEnabled"]:
        raise ApiError("user_not_found", "X-On-Behalf-Of names no active user.")
    return user_id


def _request_id() -> str:
    return "".join(secrets.choice(_REQUEST_ID_LETTERS) for _ in range(26))


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content, status_code=status, media_type="application/json", headers={**_VERSION_HEADERS, **(headers or {})}
    )
