"""The way in for webhooks: check the signature, make the webhook durable, and only then say that it arrived.

Nothing is looked up of what a webhook tells; that is ``observe``'s part. What is answered decides whether Ashby sends
a webhook again: any failure is repeated for about three hours, but never after 401, 403, 404, 405 and 410
(https://developers.ashbyhq.com/docs/setting-up-webhooks). So:

| | status | since |
|---|---|---|
| kept in the queue, or a ping | 200 | |
| no signature, one that does not fit, no JSON | 400 | the secret may be put right meanwhile |
| no such hook | 400 | it cannot be told from one that is lost for a time, as after a restored backup |
| hook of a removed connection | 410 | certain, and for good |
| more than 1 MB | 413 | |
| our own fault: table, key, queue | 503 | passes |

An answer tells no more than its status does, and a log line never holds a body or a hook's id.

The queue takes less than Ashby may send, so of a large webhook only the ids are kept: what it tells of is then read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from unified import aws, startup
from unified.connector import connector_ids, load_connector
from unified.errors import UnifiedError
from unified.hooks.store import OpenHook, hooks
from unified.metrics import count
from unified.settings import settings

MAX_BODY_BYTES = 1_000_000
MAX_MESSAGE_BYTES = 200_000
_HOOK_ID = re.compile(r"[A-Za-z0-9_-]{32,64}")
_ACTION = re.compile(r"[A-Za-z]{1,60}")
_DEPTH_OF_IDS = 3
_LONGEST_ID = 100

Reason = Literal["address", "unknown", "removed", "size", "encoding", "signature", "body", "fault"]


class Refusal(Exception):
    """A webhook that is not taken: ``reason`` for counters, and what is answered."""

    def __init__(self, reason: Reason, error: UnifiedError) -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error


class Webhook(NamedTuple):
    """What a webhook says. ``id`` is the same when it is sent again, and for related ones."""

    action: str
    id: str | None
    data: Mapping[str, Any]


def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Take one webhook: an event of API Gateway's HTTP API, payload format 2.0."""
    request_id = str(event["requestContext"]["requestId"])
    parameters: Mapping[str, str] = event.get("pathParameters") or {}
    connector_id, hook_id = parameters.get("connectorId", ""), parameters.get("hookId", "")
    told = {"connector": connector_id if connector_id in connector_ids() else "unknown", "hook": _mark(hook_id)}
    try:
        webhook = _take(connector_id, hook_id, event)
    except Refusal as refusal:
        count("WebhookRefused", 1, reason=refusal.reason, **told)
        return _problem(refusal.error, request_id)
    except Exception as fault:  # whatever failed on our side, Ashby is to send it again
        from unified.log import frames, logger

        logger.error("unforeseen", extra={"exception_name": type(fault).__name__, "frames": frames(fault)})
        count("WebhookRefused", 1, reason="fault", **told)
        error = UnifiedError("MORPH::UNKNOWN_ERROR", "The webhook could not be kept. Send it again.", status=503)
        return _problem(error, request_id)
    count("WebhookReceived", 1, action=webhook.action if _ACTION.fullmatch(webhook.action) else "other", **told)
    return _answer(200, "application/json", {}, request_id)


def entry() -> Any:
    """Return the Lambda handler, once all is loaded."""
    startup.done()
    return handle


def reduced(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a webhook's data only the ids, each where it was: what it tells of can be read by them.

    Lists are left out: what they hold belongs to a record whose id is kept.
    """
    return _ids(data, _DEPTH_OF_IDS)


def _ids(part: Mapping[str, Any], depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in part.items():
        if isinstance(value, dict) and depth > 1:
            inner = _ids(cast(Mapping[str, Any], value), depth - 1)
            if inner:
                kept[name] = inner
        elif isinstance(value, str) and (name == "id" or name.endswith("Id")) and len(value) <= _LONGEST_ID:
            kept[name] = value
    return kept


def _take(connector_id: str, hook_id: str, event: Mapping[str, Any]) -> Webhook:
    """Check and keep one webhook. Raises ``Refusal``, and whatever our own side fails with."""
    received_at = time.time()
    if connector_id not in connector_ids() or not _HOOK_ID.fullmatch(hook_id):
        raise _refusal("address")
    body = _body(event)
    found = hooks().read(hook_id)
    if found is None or found.hook.watch.reference.connector != connector_id:
        raise _refusal("unknown")
    if found.hook.is_removed:
        raise Refusal(
            "removed",
            UnifiedError("MORPH::CONNECTION::NOT_FOUND", "Webhooks are no longer taken here.", status=410),
        )
    headers: Mapping[str, str] = event.get("headers") or {}
    if not _is_genuine(connector_id, found, headers, body):
        found = hooks().read(hook_id, anew=True)
        if found is None or not _is_genuine(connector_id, found, headers, body):
            raise _refusal("signature")
    webhook = _read(body)
    if webhook.action != "ping":
        message = _message(found, webhook, received_at)
        aws.client("sqs").send_message(QueueUrl=settings().hint_queue_url, MessageBody=message)
    return webhook


def _is_genuine(connector_id: str, found: OpenHook, headers: Mapping[str, str], body: bytes) -> bool:
    return load_connector(connector_id).hooks.is_genuine(headers, body, found.secrets)


def _body(event: Mapping[str, Any]) -> bytes:
    """Return the body's own bytes, which are what is signed. Raises ``Refusal``."""
    text = str(event.get("body") or "")
    # Four characters of base64 hold three bytes: what must be too long is not decoded first.
    if len(text) > MAX_BODY_BYTES * 3 // 2:
        raise _too_large()
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError):
        raise _refusal("encoding") from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


def _read(body: bytes) -> Webhook:
    """Read a genuine webhook. Raises ``Refusal`` for what is none."""
    try:
        decoded: Any = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _refusal("body") from None
    sent = cast(dict[str, Any], decoded) if isinstance(decoded, dict) else {}
    action, action_id = sent.get("action"), sent.get("webhookActionId")
    data: Any = sent.get("data")
    if not isinstance(action, str) or not 0 < len(action) <= _LONGEST_ID or not isinstance(data, dict | None):
        raise _refusal("body")
    is_id = isinstance(action_id, str) and 0 < len(action_id) <= _LONGEST_ID
    return Webhook(action, action_id if is_id else None, cast(dict[str, Any], data or {}))


def _message(found: OpenHook, webhook: Webhook, received_at: float) -> str:
    """Spell a webhook for the queue, in ASCII, since the queue does not take every character that JSON may hold."""
    message: dict[str, Any] = {
        "watch": found.hook.watch.to_message(),
        "hookId": found.hook.id,
        "action": webhook.action,
        "actionId": webhook.id,
        "data": webhook.data,
        "receivedAt": received_at,
        "tries": 0,
    }
    spelled = _dumps(message)
    if len(spelled) > MAX_MESSAGE_BYTES:
        spelled = _dumps({**message, "data": None, "ids": reduced(webhook.data)})
        if len(spelled) > MAX_MESSAGE_BYTES:
            raise _too_large()
    return spelled


def _dumps(message: Mapping[str, Any]) -> str:
    try:
        return json.dumps(message, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        # A number like 1e999 is JSON, and has no finite value.
        raise _refusal("body") from None


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _refusal(reason: Reason) -> Refusal:
    return Refusal(reason, UnifiedError("MORPH::BAD_REQUEST", "This is no webhook that is taken here."))


def _too_large() -> Refusal:
    return Refusal("size", UnifiedError("MORPH::PAYLOAD_TOO_LARGE", "A webhook may have at most 1 MB."))


def _mark(hook_id: str) -> str:
    """Return what tells hooks apart in a log without giving their addresses away."""
    return hashlib.sha256(hook_id.encode()).hexdigest()[:8]


def _problem(error: UnifiedError, request_id: str) -> dict[str, Any]:
    """Answer with a problem document, as ``unified.api.http`` does, which brings the router with it."""
    document = {
        "type": f"urn:unified:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": f"urn:unified:request:{request_id}",
        "error": error.code,
        "message": error.detail,
        "requestId": request_id,
    }
    return _answer(error.status, "application/problem+json", document, request_id)


def _answer(status: int, content_type: str, body: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": content_type,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": request_id,
        },
        "body": json.dumps(body, separators=(",", ":")),
        "isBase64Encoded": False,
    }
