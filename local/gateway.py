"""The HTTP side: takes requests as an API Gateway HTTP API does and runs the function of their route."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from local.cors import preflight, with_cors
from local.payload import InvalidAnswer, Request, Response, header_map, message, to_event, to_response
from local.pool import new_trace_id
from local.processes import Log
from local.routing import Match, Router
from local.runtime import PAYLOAD_LIMIT, Failure, Outcome
from local.template import Cors, HttpRoute

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
BODY_LIMIT = 10 * 1024 * 1024
INTEGRATION_SECONDS = 30


class Invoker(Protocol):
    """What runs functions; `local.pool.RuntimePool` does."""

    async def invoke(self, name: str, event: bytes, *, request_id: str, trace_id: str) -> Outcome:
        """Run one function and give what came of it."""
        ...


class Gateway:
    """An ASGI application that serves the template's routes."""

    def __init__(self, invoker: Invoker, log: Log, *, integration_seconds: float = INTEGRATION_SECONDS) -> None:
        """Without routes every request is answered 404 until `use` is called."""
        self._invoker = invoker
        self._log = log
        self._integration_seconds = integration_seconds
        self._router = Router([])
        self._cors: Cors | None = None
        self._late: set[asyncio.Task[Outcome]] = set()

    def use(self, routes: Iterable[HttpRoute], cors: Cors | None) -> None:
        """Serve these routes from the next request on. Raises `TemplateError` where two are the same."""
        self._router = Router(routes)
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        http = HttpRequest(scope, receive)
        try:
            body = await _read_body(http)
        except ClientDisconnect:
            return
        request_id = str(uuid.uuid4())
        route, response = await self._answer(_request(scope, body), request_id, too_large=body is None)
        # As the template's access log: the route, not the path or the query, which may hold secrets.
        duration = (time.perf_counter() - started) * 1000
        self._log.line("api", f"{route} {response.status} {duration:.0f} ms {request_id}")
        answer = HttpResponse(response.body, response.status)
        if response.status == 204:
            del answer.headers["content-length"]
        answer.raw_headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in response.headers]
        answer.raw_headers.append((b"apigw-requestid", request_id.encode()))
        await answer(scope, receive, send)

    async def _answer(self, request: Request, request_id: str, *, too_large: bool) -> tuple[str, Response]:
        headers = header_map(request.headers)
        if self._cors is not None and request.method == "OPTIONS":
            response = preflight(self._cors, headers)
            if response is not None:
                return "preflight", response
        match = self._router.match(request.method, request.raw_path)
        if match is None:
            route, response = "no route", message(404, "Not Found")
        elif too_large:
            route, response = match.route.key, message(413, "Request Entity Too Large")
        else:
            route, response = match.route.key, await self._run(request, match, request_id)
        if self._cors is not None:
            response = with_cors(self._cors, headers.get("origin"), response)
        return route, response

    async def _run(self, request: Request, match: Match, request_id: str) -> Response:
        trace_id = new_trace_id()
        event = to_event(
            request, match, request_id=request_id, trace_id=trace_id.partition(";")[0], now=datetime.now(UTC)
        )
        payload = json.dumps(event, ensure_ascii=False).encode()
        if len(payload) > PAYLOAD_LIMIT:
            return message(413, "Request Entity Too Large")
        function = match.route.function
        task = asyncio.create_task(
            self._invoker.invoke(function, payload, request_id=str(uuid.uuid4()), trace_id=trace_id)
        )
        # The gateway gives up; the function does not know and goes on.
        done, _ = await asyncio.wait({task}, timeout=self._integration_seconds)
        if not done:
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return message(503, "Service Unavailable")
        outcome = task.result()
        if outcome.failure is Failure.TIMEOUT:
            return message(503, "Service Unavailable")
        if outcome.failure is not None:
            return message(500, "Internal Server Error")
        try:
            return to_response(outcome.payload)
        except InvalidAnswer as error:
            self._log.line("api", f"{match.route.key}: API Gateway does not accept this answer: {error}")
            return message(500, "Internal Server Error")


async def _read_body(http: HttpRequest) -> bytes | None:
    """Read the request's body; None if it is over the limit (the rest is then left unread)."""
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


def _request(scope: Scope, body: bytes | None) -> Request:
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        body=body or b"",
        source_ip=scope["client"][0],
        protocol=f"HTTP/{scope['http_version']}",
        scheme=scope["scheme"],
    )
