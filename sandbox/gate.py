"""The middleware every request passes: applies faults and notes the call.

Raw ASGI, because a fault must be able to swallow an answer, cut it short, or close the connection.
"""

import asyncio
import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import moments
from sandbox.calls import DROPPED, CallRecord
from sandbox.credentials import masked, parse_authorization
from sandbox.errors import ApiError, ErrorShape
from sandbox.faults import Fault, FaultKind
from sandbox.state import Sandbox


class ConnectionDropped(ConnectionError):
    """A fault dropped the connection of an in-process call, where there is no connection to close."""


class Gate:
    """Wraps the application; leaves `/_sandbox/` alone."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the fault that applies to it, and note how it ended."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self._app(scope, receive, send)
            return
        endpoint = _endpoint_name(scope["path"])
        secret = _secret(scope)
        fault = self._sandbox.faults.take(endpoint, secret)

        def note(status: int) -> None:
            record = CallRecord(
                at=moments.iso(self._sandbox.organisation.now()),
                endpoint=endpoint,
                key=masked(secret) if secret else "-",
                status=status,
                fault=fault.kind.value if fault else None,
            )
            self._sandbox.calls.note(record)

        # A call is noted before its caller can know how it ended, so that whoever got an answer finds it counted.
        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])
            await send(message)

        if fault is None:
            await self._app(scope, receive, noting_send)
        elif fault.kind is FaultKind.DROP_BEFORE:
            await _read_all(receive)
            note(DROPPED)
            await _drop(receive)
        elif fault.kind is FaultKind.DROP_AFTER:
            await self._take_effect(scope, receive)
            note(DROPPED)
            await _drop(receive)
        else:
            await self._apply(fault, scope, receive, noting_send)

    async def _apply(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as a fault says that does answer something."""
        match fault.kind:
            case FaultKind.LATENCY:
                await asyncio.sleep(fault.milliseconds / 1000)
                await self._app(scope, receive, send)
            case FaultKind.MALFORMED:
                await self._take_effect(scope, receive)
                await _answer(send, 200, {}, b'{"success": true, "results": [')
            case FaultKind.TRUNCATED:
                body = await self._take_effect(scope, receive)
                await _answer(send, 200, {"content-length": str(len(body))}, body[: len(body) // 2], more=True)
                await _drop(receive)
            case _:
                await _answer(send, *_injected(fault))

    async def _take_effect(self, scope: Scope, receive: Receive) -> bytes:
        """Run the call and return the body of the answer nobody gets."""
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app(scope, receive, collect)
        return b"".join(parts)


def _injected(fault: Fault) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer made by a fault."""
    status = fault.status if fault.kind is FaultKind.STATUS else 200
    headers: dict[str, str] = {}
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if fault.partner:
        headers["x-ratelimit-scope"] = "integration-partner"
    code = "rate_limit_exceeded" if status == 429 and fault.kind is FaultKind.STATUS else fault.code
    error = ApiError(code, fault.message, shape=ErrorShape[fault.shape])
    return status, headers, json.dumps(error.body("INJECTED")).encode()


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes, *, more: bool = False) -> None:
    full = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in full.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _read_all(receive: Receive) -> None:
    """Read the whole request, so that the client sees its connection close after sending, not while."""
    while (await receive()).get("more_body"):
        pass


async def _drop(receive: Receive) -> None:
    """Close the client's connection without another byte.

    ASGI has no message for this. uvicorn's `receive` is a method of its request cycle, which owns the transport;
    once `receive` has reported the disconnect, uvicorn sends nothing more and logs nothing.
    """
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionDropped("The sandbox dropped the connection")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _endpoint_name(path: str) -> str:
    """Return the name faults and counts use: `candidate.list`, `oauth.token`."""
    return path.strip("/").replace("/", ".")


def _secret(scope: Scope) -> str | None:
    """Return the key or token that a request carries, if it carries one."""
    header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)
    parsed = parse_authorization(header)
    return parsed[1] if parsed else None
