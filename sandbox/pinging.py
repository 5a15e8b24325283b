"""The signed `ping` that proves a webhook setting, and the signature every delivery will carry."""

import hmac
import json
import uuid
from hashlib import sha256

import httpx


def signature(secret: str, body: bytes) -> str:
    """Return the `Ashby-Signature` header: hex HMAC-SHA256 of the raw body."""
    return f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"


async def ping(url: str, secret: str) -> bool:
    """POST a signed ping; True unless there is no answer or it is 400 or above. Redirects are not followed."""
    content = {
        "webhookActionId": str(uuid.uuid4()),
        "action": "ping",
        "data": {"webhookActionType": "ping"},
    }
    body = json.dumps(content).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Ashby-Webhook",
        "Ashby-Signature": signature(secret, body),
    }
    try:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.post(url, content=body, headers=headers)
    except httpx.HTTPError:
        return False
    return answer.status_code < 400
