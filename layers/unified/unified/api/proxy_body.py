"""What is to be sent: read from a request that has the form of the provider's, or from a description in JSON."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn, cast
from urllib.parse import quote

from unified.api.proxy_path import bad_request
from unified.errors import FieldProblem, Invalid, UnifiedError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

MAX_BODY_BYTES = (6 * 1024 * 1024 - 64 * 1024) * 3 // 4
"""The longest body, either way: Lambda takes and gives 6 MB of JSON, in which it is base64, a third longer.

64 KB are left for the rest of the event (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

MAX_QUERY_DEPTH = 8
"""How deep objects may lie in a query: each level is spelled out in the name of every value below it."""

_FIELDS = frozenset({"method", "path", "query", "data", "headers"})
_SPACE = re.compile(r"[ \t\n\r]*")  # RFC 8259 §2


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


class _Member(NamedTuple):
    """One member of a JSON object: its value, and the text that spells it."""

    value: Any
    text: str


_NONE = _Member(None, "null")


def described(content: bytes) -> Asked:
    """Read a description ``{method, path, query, data, headers}``. Raises ``Invalid`` that names what is wrong.

    ``data`` goes on as it is spelled, for what would be made of it again may be something else: of a number, only so
    many digits would be left.
    """
    try:
        members = _members(content.decode("utf-8-sig"))
    except RecursionError:
        raise bad_request("The body is nested too deeply.") from None
    except ValueError:
        raise bad_request(
            "The body must be a JSON object with method and path; an object may give a name once."
        ) from None
    method, path = members.get("method", _NONE).value, members.get("path", _NONE).value
    query, headers = (_or_empty(members.get(name, _NONE).value) for name in ("query", "headers"))
    problems = [FieldProblem(_shown(name), "is not known") for name in members if name not in _FIELDS]
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
    data = members.get("data", _NONE)
    if data.value is not None and not any(name.lower() == "content-type" for name in sent):
        sent = {**sent, "content-type": "application/json"}
    text = b"" if data.value is None else data.text.encode()
    asked = _query(_QUERY_JSON.decode(members["query"].text)) if query else ""
    return Asked(str(method), cast(str, path).removeprefix("/"), asked, sent, text)


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _members(text: str) -> dict[str, _Member]:
    """Read a JSON object into its members. Raises ``ValueError``, ``RecursionError``."""
    found: dict[str, _Member] = {}
    at, sign = _sign(text, 0, "{")
    at, sign = _sign(text, at, '"}')
    while sign != "}":
        name, at = _JSON.raw_decode(text, at - 1)
        at, _ = _sign(text, at, ":")
        at = _after_space(text, at)
        value, end = _JSON.raw_decode(text, at)
        if name in found:
            raise ValueError("a name is given twice")
        found[name] = _Member(value, text[at:end])
        at, sign = _sign(text, end, ",}")
        if sign == ",":
            at, _ = _sign(text, at, '"')
    if _after_space(text, at) != len(text):
        raise ValueError("there is something after the object")
    return found


def _sign(text: str, at: int, allowed: str) -> tuple[int, str]:
    """Pass spaces and one of the signs that are allowed now; returns where it goes on, and the sign."""
    at = _after_space(text, at)
    sign = text[at : at + 1]
    if not sign or sign not in allowed:
        raise ValueError("this is no JSON object")
    return at + 1, sign


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _query(query: Mapping[str, Any]) -> str:
    """Spell a query as Morph does: an object within it as ``a[b]=c``, an array with commas, null left out."""
    pairs: list[str] = []
    for name, value in query.items():
        _add(pairs, _encoded(name, name), name, value, depth=1)
    return "&".join(pairs)


def _add(pairs: list[str], spelled: str, name: str, value: Any, *, depth: int) -> None:
    if value is None:
        return
    if isinstance(value, dict):
        if depth == MAX_QUERY_DEPTH:
            raise _wrong_query(name, f"may be nested {MAX_QUERY_DEPTH} deep at most")
        for inner, one in cast(dict[str, Any], value).items():
            _add(pairs, f"{spelled}[{_encoded(name, inner)}]", name, one, depth=depth + 1)
        return
    elements = cast(list[Any], value if isinstance(value, list) else [value])
    if any(isinstance(element, dict | list) for element in elements):
        raise _wrong_query(name, "may hold no object or array within an array")
    texts = [_encoded(name, _text(element)) for element in elements if element is not None]
    pairs.append(f"{spelled}={','.join(texts)}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _encoded(name: str, text: str) -> str:
    """Percent-encode a part of the query's member ``name``. Raises ``Invalid`` for half of a surrogate pair."""
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise _wrong_query(name, "holds half of a surrogate pair, which is no character") from None


def _wrong_query(name: str, problem: str) -> Invalid:
    return bad_request("The query is not valid.", FieldProblem(f"query.{_shown(name)}", problem))


def _shown(name: str) -> str:
    """Return a name as an answer can hold it: not too long, and without half of a surrogate pair."""
    return name[:60].encode(errors="replace").decode()


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


_JSON = json.JSONDecoder(parse_constant=_no_constant, parse_int=float, object_pairs_hook=_no_name_twice)
# Numbers as they are spelled.
_QUERY_JSON = json.JSONDecoder(parse_float=str, parse_int=str)
