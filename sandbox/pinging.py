"""What every webhook request carries, and the signed `ping` that proves a setting."""

import hmac
import json
import uuid
from hashlib import sha256
from typing import Any

import httpx

TIMEOUT_SECONDS = 10


def signature(secret: str, body: bytes) -> str:
    """Return the `Ashby-Signature` header: hex HMAC-SHA256 of the raw body."""
    return f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"


def message(action_id: str, action: str, data: dict[str, Any]) -> bytes:
    """Return the body of a webhook request."""
    content = {"action": action, "data": data, "webhookActionId": action_id}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def headers(secret: str | None, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook request; a setting made by hand may lack a secret, and then nothing is signed."""
    found = {"Content-Type": "application/json", "User-Agent": "Ashby-Webhook"}
    if secret is not None:
        found["Ashby-Signature"] = signature(secret, body)
    return found


async def ping(url: str, secret: str | None) -> bool:
    """POST a signed ping; True unless there is no answer or it is 400 or above. Redirects are not followed."""
    body = message(str(uuid.uuid4()), "ping", {"webhookActionType": "ping"})
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.post(url, content=body, headers=headers(secret, body))
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code < 400
