"""What is to be sent: read from a request that has the form of the provider's, or from a description in JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from unified.api.proxy_path import bad_request
from unified.errors import FieldProblem, UnifiedError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

MAX_BODY_BYTES = (6 * 1024 * 1024 - 64 * 1024) * 3 // 4
"""The longest body, either way: Lambda takes and gives 6 MB of JSON, in which it is base64, a third longer.

64 KB are left for the rest of the event (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

_FIELDS = frozenset({"method", "path", "query", "data", "headers"})


class Asked(NamedTuple):
    """One request for the provider. ``path`` has no slash before it, ``query`` is encoded; neither is checked yet."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes


def content_of(body: str | None, *, is_base64: bool) -> bytes:
    """Return a request's body as it was sent. Raises ``PAYLOAD_TOO_LARGE``, ``Invalid``."""
    try:
        content = base64.b64decode(body or "", validate=True) if is_base64 else (body or "").encode()
    except ValueError:
        raise bad_request("The body cannot be read.") from None
    if len(content) > MAX_BODY_BYTES:
        raise UnifiedError("MORPH::PAYLOAD_TOO_LARGE", f"The body may have at most {MAX_BODY_BYTES} bytes.")
    return content


def described(content: bytes) -> Asked:
    """Read a description ``{method, path, query, data, headers}``. Raises ``Invalid`` that names what is wrong."""
    try:
        decoded: Any = json.loads(content, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise bad_request("The body must be a JSON object with method and path; an object may give a name once.")
    body = cast(dict[str, Any], decoded)
    method, path = body.get("method"), body.get("path")
    query: Any = {} if body.get("query") is None else body["query"]
    headers: Any = {} if body.get("headers") is None else body["headers"]
    problems = [FieldProblem(name[:60], "is not known") for name in body if name not in _FIELDS]
    if method not in METHODS:
        problems.append(FieldProblem("method", f"must be one of {', '.join(METHODS)}"))
    if not isinstance(path, str):
        problems.append(FieldProblem("path", "must be text"))
    if not isinstance(query, dict):
        problems.append(FieldProblem("query", "must be an object"))
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in cast(dict[str, Any], headers).values()):
        problems.append(FieldProblem("headers", "must be an object of texts"))
    if problems:
        raise bad_request("The description of the request is not valid.", *problems[:20])
    sent = cast(dict[str, str], headers)
    data = body.get("data")
    if data is not None and not any(name.lower() == "content-type" for name in sent):
        sent = {**sent, "content-type": "application/json"}
    text = b"" if data is None else json.dumps(data, separators=(",", ":")).encode()
    if len(text) > MAX_BODY_BYTES:
        # Letters beyond ASCII are longer as escapes.
        raise UnifiedError("MORPH::PAYLOAD_TOO_LARGE", f"The data may have at most {MAX_BODY_BYTES} bytes.")
    return Asked(str(method), cast(str, path).removeprefix("/"), _query(cast(dict[str, Any], query)), sent, text)


def _query(query: Mapping[str, Any]) -> str:
    """Spell a query as Morph does: an object within it as ``a[b]=c``, an array with commas, null left out."""
    pairs: list[str] = []
    for name, value in query.items():
        _add(pairs, quote(name, safe=""), name, value)
    return "&".join(pairs)


def _add(pairs: list[str], spelled: str, name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, dict):
        for inner, one in cast(dict[str, Any], value).items():
            _add(pairs, f"{spelled}[{quote(inner, safe='')}]", name, one)
        return
    elements = cast(list[Any], value if isinstance(value, list) else [value])
    if any(isinstance(element, dict | list) for element in elements):
        problem = FieldProblem(f"query.{name[:60]}", "may hold no object or array within an array")
        raise bad_request("The query is not valid.", problem)
    texts = [_text(element) for element in elements if element is not None]
    pairs.append(f"{spelled}={','.join(quote(text, safe='') for text in texts)}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found
