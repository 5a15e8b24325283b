"""Where a proxied request may go: the exact grammar of its path, and a query that is passed on as it came.

API Gateway decodes the path once before it matches a route, so what arrives here is the decoded text: a ``%`` in it was
encoded twice, and an encoded slash is a slash. Instead of undoing tricks, only what the grammar names gets through:

    path     = segment *("/" segment)          at most 8 segments, 512 characters
    segment  = 1*100( ALPHA / DIGIT / "." / "_" / "~" / "-" )      not of dots alone

Nothing in it can name a host, a user, a query, a fragment or a folder above, however it is read again later on. A
connector narrows it to its own endpoints. The host is the deployment's and never the caller's.
"""

from __future__ import annotations

import re

from unified.errors import FieldProblem, Invalid

MAX_QUERY = 8192

MAX_PATH = 512
_MAX_SEGMENTS = 8
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_DOTS = re.compile(r"\.+")
# Visible ASCII: a space, a control character or what lies beyond must come percent-encoded (RFC 3986 §3.4).
_QUERY = re.compile(r"[!-\"$-~]*")


def bad_request(detail: str, *fields: FieldProblem) -> Invalid:
    """Return the answer to what the proxy will not pass on."""
    return Invalid(detail, code="MORPH::CONNECTION::PROXY::BAD_REQUEST", fields=fields)


def checked_path(path: str) -> str:
    """Return ``path``, which has no slash before it. Raises ``Invalid`` for what the grammar does not name."""
    segments = path.split("/")
    if (
        len(path) > MAX_PATH
        or len(segments) > _MAX_SEGMENTS
        or not all(_SEGMENT.fullmatch(segment) and not _DOTS.fullmatch(segment) for segment in segments)
    ):
        raise bad_request(
            "The path must be one of the connected account's API: segments of letters, digits and . _ ~ - with single"
            " slashes between them, without a host, and without anything encoded."
        )
    return path


def checked_query(query: str) -> str:
    """Return a query string as it came, without a question mark before it. Raises ``Invalid``."""
    if len(query) > MAX_QUERY or not _QUERY.fullmatch(query):
        raise bad_request(f"The query must be at most {MAX_QUERY} characters of percent-encoded ASCII.")
    return query
