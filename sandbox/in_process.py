"""Calling a sandbox without a server: an `httpx.Client` whose requests run the application directly."""

import asyncio
from types import TracebackType

import httpx
from starlette.types import ASGIApp


class InProcessTransport(httpx.BaseTransport):
    """Runs each request of a synchronous client through an ASGI application, on an event loop of its own.

    Exceptions of the application reach the caller, e.g. `sandbox.gate.ConnectionDropped`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)
        self._loop = asyncio.new_event_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the application's answer to a request."""
        return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close the event loop."""
        self.close()


def in_process_client(app: ASGIApp) -> httpx.Client:
    """Return a client of an application; close it, or use it in a `with` statement."""
    return httpx.Client(transport=InProcessTransport(app), base_url="http://127.0.0.1:8788")
