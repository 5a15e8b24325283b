"""What an endpoint receives: Morph's body and headers, signed as the Standard Webhooks specification has it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from unified.connections.records import Reference
from unified.deliveries.bus import spell
from unified.secret import Secret

USER_AGENT = "unified-ashby-webhooks/1"


def body_of(wire: Mapping[str, Any]) -> bytes:
    """Spell an event as the bytes that are signed and sent: compact JSON in ASCII, which no server reads amiss."""
    return spell(wire).encode()


def headers_of(
    event_id: str, body: bytes, secrets: Sequence[Secret], now: float, connection: Reference | None
) -> dict[str, str]:
    """Return the headers of one attempt at ``now`` (seconds since the epoch): one signature for each secret.

    A ping is of no connection.
    """
    from standardwebhooks import Webhook

    text, at = body.decode(), datetime.fromtimestamp(int(now), UTC)
    headers = {
        "content-type": "application/json",
        "accept": "*/*",
        "user-agent": USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(Webhook(secret.reveal()).sign(event_id, at, text) for secret in secrets),
        "x-idempotency-key": event_id,
    }
    if connection is not None:
        headers |= {
            "x-connector-id": connection.connector,
            # Morph's own spelling.
            "x-conector-id": connection.connector,
            "x-owner-id": _header_text(connection.owner),
        }
    return headers


def _header_text(text: str) -> str:
    """Return a text as a header can carry it: percent-encoded where it holds more than printable ASCII."""
    return text if text.isascii() and text.isprintable() else quote(text, safe="")
