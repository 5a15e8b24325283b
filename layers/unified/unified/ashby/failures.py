"""What an answer of Ashby's means: one pure table from status, body or silence to what to do about it.

Ashby answers many failures with HTTP 200 and ``success: false``, in three shapes: ``errorInfo.code`` (the
documented one), ``errors: ["code or prose"]`` (deprecated) and ``errors: [{message, parameter}]`` (seen
live). 401 means that no credential came through, 403 a wrong or disabled key unless the code says that a
permission is missing; neither is an expired token of an API key
(https://developers.ashbyhq.com/reference/authentication). Ashby's prose is dropped: it may repeat what a
candidate's record says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from unified.errors import (
    FieldProblem,
    Invalid,
    Missing,
    OutcomeUnknown,
    RateLimited,
    Unauthorized,
    UnifiedError,
    Upstream,
    UpstreamFailure,
)


class Failure(StrEnum):
    """Kinds of failure. What can be done about one depends on its kind and on whether the call writes."""

    UNAUTHENTICATED = "unauthenticated"
    DEAD_KEY = "dead key"
    FORBIDDEN = "missing permission"
    RATE_LIMITED = "rate limited"
    NOT_FOUND = "not found"
    INVALID = "invalid input"
    EXPIRED_CURSOR = "expired cursor"
    REFUSED = "refused"
    SERVER_ERROR = "server error"
    MALFORMED = "malformed answer"
    NOT_SENT = "not sent"
    LOST_ANSWER = "lost answer"


# The write certainly did not happen: sending it again cannot double it.
_HARMLESS = frozenset({Failure.RATE_LIMITED, Failure.NOT_SENT})
# The write may have happened, whatever the answer says.
_AMBIGUOUS = frozenset({Failure.SERVER_ERROR, Failure.MALFORMED, Failure.LOST_ANSWER})

_BY_CODE: Mapping[str, Failure] = {
    "missing_endpoint_permission": Failure.FORBIDDEN,
    "insufficient_permissions": Failure.FORBIDDEN,
    "rate_limit_exceeded": Failure.RATE_LIMITED,
    "concurrent_limit_exceeded": Failure.RATE_LIMITED,
    "endpoint_not_found": Failure.REFUSED,
    "generic_internal_error": Failure.SERVER_ERROR,
    "invalid_input": Failure.INVALID,
    "next_cursor_expired": Failure.EXPIRED_CURSOR,
    "invalid_next_cursor": Failure.EXPIRED_CURSOR,
    "cursor_invalid": Failure.EXPIRED_CURSOR,
    "sync_token_expired": Failure.EXPIRED_CURSOR,
    "sync_token_invalid": Failure.EXPIRED_CURSOR,
    "incremental_sync_too_large": Failure.EXPIRED_CURSOR,
}
_CODE = re.compile(r"[a-z][a-z0-9_]{2,80}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one call: its ``results`` envelope, or a failure with what Ashby said of it.

    ``retry_after`` is in seconds. ``partner_wide`` tells that the limit is not this key's but everybody's
    (``X-RateLimit-Scope: integration-partner``).
    """

    envelope: dict[str, Any] | None = None
    failure: Failure | None = None
    upstream: Upstream = field(default_factory=Upstream)
    parameters: tuple[str, ...] = ()
    retry_after: float | None = None
    partner_wide: bool = False

    def may_repeat(self, *, writes: bool) -> bool:
        """Whether the same call may be sent again without the risk of doing something twice."""
        if self.failure in _HARMLESS:
            return True
        return not writes and self.failure in _AMBIGUOUS


def judge(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """Read one HTTP answer."""
    decoded = _decode(body)
    code, request_id, parameters = _explain(decoded)
    upstream = Upstream(code, request_id, status)
    if status == 429:
        return Verdict(
            failure=Failure.RATE_LIMITED,
            upstream=upstream,
            retry_after=_seconds(headers.get("retry-after")),
            partner_wide=headers.get("x-ratelimit-scope") == "integration-partner",
        )
    if status == 200 and decoded is not None and decoded.get("success") is True:
        return Verdict(envelope=decoded, upstream=upstream)
    return Verdict(failure=_kind(status, decoded, code), upstream=upstream, parameters=parameters)


def _kind(status: int, decoded: dict[str, Any] | None, code: str | None) -> Failure:
    known = _BY_CODE.get(code or "")
    if status == 401:
        return Failure.UNAUTHENTICATED
    if status == 403:
        return Failure.FORBIDDEN if known is Failure.FORBIDDEN else Failure.DEAD_KEY
    if status >= 500:
        return Failure.SERVER_ERROR
    if known is not None:
        return known
    if code is not None and code.endswith("_not_found"):
        return Failure.NOT_FOUND
    if status == 404:
        return Failure.NOT_FOUND
    if 300 <= status < 400:
        return Failure.MALFORMED
    if status >= 400:
        return Failure.INVALID
    if decoded is None or decoded.get("success") is not False:
        return Failure.MALFORMED
    return Failure.REFUSED


def silence(*, sent: bool) -> Verdict:
    """Judge the case that no answer came."""
    return Verdict(failure=Failure.LOST_ANSWER if sent else Failure.NOT_SENT)


def to_error(verdict: Verdict, endpoint: str, permission: str | None, *, writes: bool) -> UnifiedError:
    """Turn a failed verdict into the error our caller gets. ``endpoint`` is Ashby's method name."""
    upstream = verdict.upstream
    failure = verdict.failure
    retry_after = None if verdict.retry_after is None else max(1, round(verdict.retry_after + 0.49))
    if writes and failure in _AMBIGUOUS:
        return OutcomeUnknown(
            "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN",
            f"Ashby did not confirm {endpoint}: it may have been done. Look before you send it again.",
            upstream=upstream,
        )
    match failure:
        case Failure.UNAUTHENTICATED | Failure.DEAD_KEY:
            return Unauthorized(
                "MORPH::CONNECTION::PROXY::UNAUTHORIZED",
                "Ashby no longer accepts this connection's credential. Connect the account again.",
                upstream=upstream,
            )
        case Failure.FORBIDDEN:
            named = f" It needs {permission}." if permission else ""
            return UpstreamFailure(
                "MORPH::CONNECTION::PROXY::FORBIDDEN",
                f"The Ashby key lacks a permission for {endpoint}.{named}"
                " An Ashby admin can tick it under Admin, Integrations, API Keys.",
                upstream=upstream,
                permission=permission,
            )
        case Failure.RATE_LIMITED:
            return RateLimited(
                "Ashby's limit for all integrations is reached."
                if verdict.partner_wide
                else "This Ashby key's rate limit is reached.",
                is_for_all=verdict.partner_wide,
                upstream=upstream,
                retry_after=retry_after,
            )
        case Failure.NOT_FOUND:
            return Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", "Ashby has no such record.", upstream=upstream)
        case Failure.EXPIRED_CURSOR:
            error = Invalid("This cursor is no longer valid. List again from the start.")
            error.upstream = upstream
            return error
        case Failure.INVALID | Failure.REFUSED:
            return UnifiedError(
                "CONNECTOR::OPERATION::BAD_REQUEST",
                f"Ashby refused {endpoint}" + (f": {upstream.code}." if upstream.code else "."),
                upstream=upstream,
                fields=[FieldProblem(name, "was refused by Ashby") for name in verdict.parameters],
            )
        case Failure.NOT_SENT:
            return UpstreamFailure(
                "MORPH::CONNECTION::PROXY::REQUEST_FAILED", "Ashby could not be reached.", upstream=upstream
            )
        case _:
            return UpstreamFailure(
                "MORPH::CONNECTION::PROXY::SERVER_ERROR",
                f"Ashby failed to answer {endpoint} ({failure or 'unknown'}).",
                upstream=upstream,
            )


def _decode(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, Any], decoded) if isinstance(decoded, dict) else None


def _explain(decoded: dict[str, Any] | None) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Find (code, request id, parameter names) in whichever of the three shapes there is."""
    if decoded is None:
        return None, None, ()
    code: Any = None
    request_id: Any = None
    parameters: list[str] = []
    info: Any = decoded.get("errorInfo")
    if isinstance(info, dict):
        details = cast(dict[str, Any], info)
        code, request_id = details.get("code"), details.get("requestId")
    errors: Any = decoded.get("errors")
    for error in cast(list[Any], errors if isinstance(errors, list) else []):
        if isinstance(error, dict):
            parameter = cast(dict[str, Any], error).get("parameter")
            if isinstance(parameter, str) and re.fullmatch(r"[\w.\[\]]{1,80}", parameter):
                parameters.append(parameter)
        elif code is None:
            code = error
    clean = code if isinstance(code, str) and _CODE.fullmatch(code) else None
    return clean, request_id if isinstance(request_id, str) else None, tuple(parameters)


def _seconds(value: str | None) -> float | None:
    """Read ``Retry-After`` in seconds; Ashby documents no other form, and an unreadable one says nothing."""
    return float(value) if value is not None and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value) else None


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")
