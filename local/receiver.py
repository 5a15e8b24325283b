"""A webhook receiver as a customer of the API would write one: it checks the signature and says what came.

The check is the one of the reference library of https://www.standardwebhooks.com, not of this repository. A line
names the event and what it is about, never what is in it.
"""

import json
from typing import Any, cast

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.processes import Log
from local.settings import PUBLIC_KEY, SECRET_KEY

LABEL = "receiver"
SECONDS = 60  # the first call of all meets functions that are starting
_SHOWN = 80


class Receiver:
    """An ASGI application that takes signed events."""

    def __init__(self, log: Log) -> None:
        """Until `register` has brought a secret, every event is answered 503, so that it is sent again."""
        self._log = log
        self._webhook: Webhook | None = None

    def use(self, secret: str) -> None:
        """Check signatures with this secret from now on. Raises `ValueError` if it is none."""
        try:
            self._webhook = Webhook(secret)
        except EmptyWebhookSecretError as error:
            raise ValueError("the secret is empty") from error

    async def register(self, api_url: str, own_url: str) -> None:
        """Make an endpoint for all events through the API, as its user would. A failure is only logged."""
        headers = {"x-api-key": PUBLIC_KEY, "x-api-secret": SECRET_KEY}
        body = {"url": own_url, "events": ["*"], "description": "make dev"}
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                answer = await client.post(f"{api_url}/v1/webhook-endpoints", headers=headers, json=body)
            if not answer.is_success:
                self._log.line(LABEL, f"no endpoint was made: the API answered {answer.status_code}")
                return
            made: dict[str, Any] = answer.json()
            self.use(made["secret"])
            self._log.line(LABEL, f"{made['id']} sends all events to {own_url}")
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            self._log.line(LABEL, f"no endpoint was made: {type(error).__name__}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        status = self._take(body, dict(request.headers)) if request.method == "POST" else 405
        await Response(status_code=status)(scope, receive, send)

    def _take(self, body: bytes, headers: dict[str, str]) -> int:
        if self._webhook is None:
            self._log.line(LABEL, "an event came before there was a secret")
            return 503
        try:
            self._webhook.verify(body, headers, json_parse=False)
        # The library lets through what it meets in a signature that is no signature.
        except (WebhookVerificationError, ValueError) as error:
            self._log.line(LABEL, f"NOT verified: {error}")
            return 400
        self._log.line(LABEL, f"{_summary(body)} verified")
        return 204


def _summary(body: bytes) -> str:
    """Say what an event is and what it is about, by names and ids alone."""
    try:
        read: object = json.loads(body)
    except ValueError:
        return "something that is not JSON"
    event = cast("dict[str, object]", read) if isinstance(read, dict) else {}
    data = event.get("data")
    about = cast("dict[str, object]", data).get("id") if isinstance(data, dict) else None
    parts = {
        "event": event.get("event"),
        "owner": event.get("ownerId"),
        "record": about,
        "version": event.get("version"),
        "id": event.get("id"),
    }
    return " ".join(f"{name} {str(value)[:_SHOWN]}" for name, value in parts.items() if isinstance(value, (str, int)))
