"""A webhook endpoint to deliver to, and what tests of deliveries ask of the sandbox."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "s3cret ü"


class Receiver:
    """A webhook endpoint that remembers what it got.

    It answers with the `scripted` statuses in turn and with `status` after them; with none while it `is_hanging`.
    """

    def __init__(self) -> None:
        self.status = 200
        self.scripted: list[int] = []
        self.is_hanging = False
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.times: list[float] = []
        self.app = Starlette(routes=[Route("/{name}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        self.times.append(time.monotonic())
        self.received.append((dict(request.headers), await request.body()))
        status = self.scripted.pop(0) if self.scripted else self.status
        while self.is_hanging:
            await asyncio.sleep(0.005)
        return Response(status_code=status)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return the bodies received, without pings."""
        return [body for body in map(json.loads, (raw for _, raw in self.received)) if body["action"] != "ping"]

    @property
    def actions(self) -> list[str]:
        """Return the actions received in alphabetical order, for deliveries come in any order."""
        return sorted(body["action"] for body in self.bodies)

    def body(self, action: str) -> dict[str, Any]:
        """Return the only body received of an action."""
        [found] = [body for body in self.bodies if body["action"] == action]
        return found


class Steering:
    """The admin routes of a sandbox that deliveries need."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client = client
        self.url = url

    def post(self, path: str, **body: Any) -> Any:
        """Steer the sandbox and return its answer."""
        answer = self.client.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        """Look at the sandbox."""
        return self.client.get(f"/_sandbox/{path}").json()

    def listen(self, actions: Iterable[str], **body: Any) -> list[str]:
        """Make a setting of each type by hand and return their ids."""
        given = {"requestUrl": self.url, "secretToken": SECRET, **body}
        return [self.post("webhooks", webhookType=action, **given)["id"] for action in actions]

    def quiet(self) -> list[dict[str, Any]]:
        """Wait until nothing is to be delivered and return the deliveries."""
        self.until(lambda: self.get("webhooks/idle")["idle"])
        return self.get("webhooks/deliveries")["deliveries"]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.005)
