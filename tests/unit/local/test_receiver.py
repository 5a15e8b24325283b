"""The webhook receiver: what it takes for genuine, and what it says about it."""

import asyncio
import io
import json
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from local.processes import Log
from local.receiver import Receiver

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZyE="
EVENT = {
    "object": "event",
    "id": "evt_1",
    "event": "genericContact::updated",
    "ownerId": "demo",
    "version": 3,
    "data": {"id": "contact-1", "lastName": "Hidden"},
}


def post(*, secret: str | None = SECRET, signed_with: str = SECRET, signature: str = "") -> tuple[int, str]:
    """Send the event and give the status and the log."""
    terminal = io.StringIO()
    receiver = Receiver(Log(terminal=terminal))
    if secret is not None:
        receiver.use(secret)
    body, now = json.dumps(EVENT), datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature or Webhook(signed_with).sign("evt_1", now, body),
    }

    async def send() -> int:
        transport = httpx.ASGITransport(app=receiver)
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return (await client.post("/", content=body, headers=headers)).status_code

    return asyncio.run(send()), terminal.getvalue()


def test_a_signed_event_is_named_and_its_content_is_not() -> None:
    """The log of a developer is no place for a candidate's data."""
    status, log = post()
    assert status == 204
    assert "event genericContact::updated owner demo record contact-1 version 3 id evt_1 verified" in log
    assert "Hidden" not in log


@pytest.mark.parametrize(
    "changes", [{"signed_with": "whsec_b3RoZXI="}, {"signature": "nonsense"}, {"signature": "v1,AAAA"}]
)
def test_a_wrong_signature_is_refused_and_told(changes: dict[str, str]) -> None:
    """Whatever stands in its place."""
    status, log = post(**changes)
    assert status == 400
    assert "NOT verified" in log
    assert "evt_1" not in log


def test_an_event_before_the_secret_is_to_come_again() -> None:
    """A sender tries again after a 5xx."""
    assert post(secret=None)[0] == 503


def test_an_api_that_makes_no_endpoint_stops_nothing() -> None:
    """The stack works without."""
    terminal = io.StringIO()
    asyncio.run(Receiver(Log(terminal=terminal)).register("http://127.0.0.1:1", "http://127.0.0.1:2/"))
    assert "no endpoint was made: ConnectError" in terminal.getvalue()
