"""HTTP requests as Lambda events and Lambda's answers as HTTP responses, payload format 2.0. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl, unquote

from local.routing import Match
from local.settings import ACCOUNT_ID

Event: TypeAlias = dict[str, Any]

# Bodies of these types arrive as text, all others base64 encoded, even forms and a body without a type.
# AWS does not document the list; it was measured: https://github.com/ministackorg/ministack/pull/766
_TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# They belong to one connection and are never passed on (RFC 9110, 7.6.1).
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came: path and query still encoded, headers in their order."""

    method: str
    raw_path: str
    raw_query: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"
    scheme: str = "http"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; header names are lower-case."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def message(status: int, text: str) -> Response:
    """Make API Gateway's own answer: ``{"message": text}``."""
    return Response(
        status, [("content-type", "application/json")], json.dumps({"message": text}, separators=(",", ":")).encode()
    )


def header_map(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Give headers by lower-case name; one sent more than once is joined by commas. Bytes are Latin-1."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def to_event(request: Request, match: Match, *, request_id: str, trace_id: str, now: datetime) -> Event:
    """Make the event that API Gateway sends for `request` on the route in `match`.

    Parts that a request does not have (cookies, query, path variables, body) are left out, as there.
    """
    headers = {name: value for name, value in header_map(request.headers).items() if name not in _HOP_BY_HOP}
    cookie = headers.pop("cookie", None)
    host = headers.get("host", "localhost")
    domain, _, port = host.partition(":")
    forwarded = headers.get("x-forwarded-for")
    headers |= {
        "content-length": str(len(request.body)),
        "x-amzn-trace-id": trace_id,
        "x-forwarded-for": f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip,
        "x-forwarded-port": port or ("443" if request.scheme == "https" else "80"),
        "x-forwarded-proto": request.scheme,
    }
    event: Event = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": unquote(request.raw_path),
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split(".")[0],
            "http": {
                "method": request.method,
                "path": unquote(request.raw_path),
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookie:
        event["cookies"] = [part.strip() for part in cookie.split(";") if part.strip()]
    if request.raw_query:
        event["queryStringParameters"] = _query(request.raw_query)
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _encode_body(request.body, headers.get("content-type", ""))
    return event


def _query(raw: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _encode_body(body: bytes, content_type: str) -> tuple[str, bool]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _TEXT_TYPES or media_type.startswith("text/"):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass  # called text and is none: bytes survive only as base64
    return base64.b64encode(body).decode(), True


class InvalidAnswer(Exception):
    """A function's answer that API Gateway turns into 500."""


def to_response(payload: bytes) -> Response:
    """Make the response for what a function returned, as JSON.

    With ``statusCode`` the answer has format 2.0. Without it the answer itself is the body of a 200 with
    the type ``application/json``; a string goes out as it is, without JSON's quotes. Raises
    `InvalidAnswer` for what API Gateway does not accept.
    """
    try:
        answer: object = json.loads(payload)
    except ValueError as error:
        raise InvalidAnswer("the function's answer is not JSON") from error
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer.encode() if isinstance(answer, str) else payload
        return Response(200, [("content-type", "application/json")], body)
    fields = cast("dict[str, object]", answer)
    headers = _response_headers(fields.get("headers"), fields.get("cookies"))
    body = _response_body(fields.get("body"), encoded=fields.get("isBase64Encoded") is True)
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Response(_status(fields["statusCode"]), headers, body)


def _status(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isdigit() and 100 <= int(text) <= 599):
        raise InvalidAnswer(f"statusCode is {value!r}")
    return int(text)


def _response_headers(headers: object, cookies: object) -> list[tuple[str, str]]:
    if headers is not None and not isinstance(headers, dict):
        raise InvalidAnswer("headers is not an object")
    result: list[tuple[str, str]] = []
    for name, value in cast("Mapping[str, object]", headers or {}).items():
        if isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, (str, int, float)):
            text = str(value)
        else:
            raise InvalidAnswer(f"the header {name} is neither text nor a number")
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(text):
            raise InvalidAnswer(f"the header {name!r} cannot be sent")
        if name.lower() not in _HOP_BY_HOP | {"content-length"}:
            result.append((name.lower(), text.strip()))
    if cookies is not None and not isinstance(cookies, list):
        raise InvalidAnswer("cookies is not a list")
    return result + [("set-cookie", str(cookie)) for cookie in cast("list[object]", cookies or [])]


def _response_body(body: object, *, encoded: bool) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidAnswer("body is not text")
    if not encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidAnswer("body is not base64") from error
