"""Which headers a proxied request takes along, and which its answer brings back: both by a list of what may pass.

A list of what may not would have to know every header that a load balancer, a browser or AWS adds about our caller.
What a connection between two neighbours needs ends with it (RFC 9110 §7.6.1), and so does what ``Connection`` names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from unified.api.proxy_path import bad_request
from unified.errors import FieldProblem, Invalid

Passes = Callable[[str], bool]
"""Tells of a header's lower-case name whether it is one of the connected account's own."""

_REQUEST = frozenset(
    {
        "accept",
        "accept-language",
        "content-encoding",
        "content-language",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "prefer",
        "user-agent",
    }
)
# What is added here is also added to what a page's script may see (ExposeHeaders in template.yaml).
ANSWER = frozenset(
    {
        "content-disposition",
        "content-language",
        "content-type",
        "deprecation",
        "etag",
        "last-modified",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "sunset",
    }
)
ANSWER_PREFIXES = ("ratelimit-", "x-ratelimit-")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t -~]{0,8192}")


def for_upstream(headers: Mapping[str, str], passes: Passes) -> dict[str, str]:
    """Return the headers that go along, by lower-case name. ``passes`` adds the connected account's own.

    Raises ``Invalid`` that names a header given twice or one that cannot be sent.
    """
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        if name.lower() in lowered or not _NAME.fullmatch(name):
            raise _wrong_header(name, "is given twice" if _NAME.fullmatch(name) else "is not the name of a header")
        lowered[name.lower()] = value
    ended = {name.strip().lower() for name in lowered.get("connection", "").split(",")}
    kept = {
        name: value
        for name, value in lowered.items()
        if (name in _REQUEST or passes(name)) and name not in ended and not _is_ours(name)
    }
    for name, value in kept.items():
        if not _VALUE.fullmatch(value):
            raise _wrong_header(name, "must be of printable ASCII")
    return kept


def for_caller(headers: Mapping[str, str], passes: Passes) -> dict[str, str | list[str]]:
    """Return the headers of an answer that come back; ``headers`` have lower-case names.

    ``set-cookie`` never does: it would be a cookie of ours. Nor does ``location``, after which a program might take its
    session token to wherever it leads. The provider's request id comes as ``x-upstream-request-id``, beside our own.
    """
    kept: dict[str, str | list[str]] = {
        name: value
        for name, value in headers.items()
        if (name in ANSWER or name.startswith(ANSWER_PREFIXES) or passes(name)) and _VALUE.fullmatch(value)
    }
    request_id = headers.get("x-request-id", "")
    if request_id and _VALUE.fullmatch(request_id):
        kept["x-upstream-request-id"] = request_id
    return kept


def _is_ours(name: str) -> bool:
    """Tell whether a header is between our caller and us, whatever a connector lets pass."""
    return name in ("authorization", "cookie", "host") or name.startswith(("x-api-", "x-session-", "x-unified-"))


def _wrong_header(name: str, problem: str) -> Invalid:
    return bad_request("A header cannot be passed on.", FieldProblem(f"headers.{name[:60]}", problem))
