"""How the routes under `/_sandbox/` are made: a JSON object in, JSON out, and a 400 or 404 that says what is wrong."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import parameters
from sandbox.errors import ApiError, invalid_input
from sandbox.parameters import Parameter, read_parameters
from sandbox.state import Sandbox

Action = Callable[[Sandbox, dict[str, Any], Mapping[str, str]], Any]


def route(path: str, method: str, action: Action, declared: Mapping[str, Parameter] | None = None) -> Route:
    """Make a route from an action that gets the sandbox, the checked body and the path and query parameters.

    The organisation is locked meanwhile, unless the action is a coroutine function, which locks it itself.
    """

    async def handle(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        try:
            body: Any = await request.json() if await request.body() else {}
        except ValueError:
            body = None
        try:
            if not isinstance(body, dict):
                raise invalid_input(("", "The body must be a JSON object"))
            read = read_parameters(declared or {}, cast("dict[str, Any]", body), strict=True)
            given = {**request.query_params, **request.path_params}
            if inspect.iscoroutinefunction(action):
                return JSONResponse(await action(sandbox, read, given))
            with sandbox.organisation.lock:
                return JSONResponse(action(sandbox, read, given))
        except ApiError as error:
            return JSONResponse(error.body("ADMIN"), status_code=404 if error.code.endswith("_not_found") else 400)

    endpoint: Callable[[Request], Awaitable[Response]] = handle
    return Route(f"/_sandbox{path}", endpoint, methods=[method])


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number of the query, or its default; raises `invalid_input`."""
    try:
        return parameters.whole(0, 10**9)(query.get(name, default))
    except parameters.InvalidValue as problem:
        raise invalid_input((name, str(problem))) from problem
