"""Cursors and sync tokens.

Source: developers.ashbyhq.com, "Pagination and Incremental Synchronization". Pages follow `nextCursor` while
`moreDataAvailable`; the last page carries a `syncToken`, which a later pass sends (on every page) to get what changed
since. Tokens here are signed, self-contained and bound to the endpoint, its filters and this life of the sandbox.

A pass remembers the change number at which it began, and its sync token is that number: what changes while a pass
runs is returned by the next one, however the pages fell.
"""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple, cast

from sandbox.config import Clock
from sandbox.errors import ApiError, ErrorShape
from sandbox.table import Record, Table

DEFAULT_LIMIT = 100


@dataclass
class PagingRules:
    """Limits Ashby does not publish; change them through `/_sandbox/paging`."""

    cursor_seconds: float = 3600
    sync_token_seconds: float = 7 * 86_400
    incremental_pages: int = 100


class _TokenKind(NamedTuple):
    purpose: str
    invalid: str
    expired: str


_CURSOR = _TokenKind("cursor", "invalid_next_cursor", "next_cursor_expired")
_SYNC_TOKEN = _TokenKind("sync", "sync_token_invalid", "sync_token_expired")


class _Cursor(NamedTuple):
    place: int  # next position of a full pass, or last change number of an incremental one
    began: int  # change number when the pass began
    since: int  # change number of the sync token, -1 on a full pass
    page: int


@dataclass(frozen=True)
class Listing:
    """One page of a list, ready for the wire."""

    results: list[Any]
    next_cursor: str | None
    sync_token: str | None

    def body(self) -> dict[str, Any]:
        """Return the envelope of a paged answer."""
        body: dict[str, Any] = {
            "success": True,
            "results": self.results,
            "moreDataAvailable": self.next_cursor is not None,
        }
        if self.next_cursor is not None:
            body["nextCursor"] = self.next_cursor
        if self.sync_token is not None:
            body["syncToken"] = self.sync_token
        return body


def _keep_all(_: Record) -> bool:
    return True


def _likely_all(_: int) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list endpoint lists: a table, which records of it, and how each is written.

    `filters` are the parameters that must not change between pages. `synced` says whether the endpoint knows sync
    tokens. `floor` and `likely` are as in `Table.page`.
    """

    table: Table
    write: Callable[[Record], Any]
    keep: Callable[[Record], bool] = _keep_all
    filters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    synced: bool = True
    floor: int = 0
    likely: Callable[[int], bool] = _likely_all


class Pager:
    """Makes and reads the tokens of one life of the sandbox."""

    def __init__(self, clock: Clock, life: str, rules: PagingRules | None = None) -> None:
        self._clock = clock
        self._life = life
        self._not_before = 0.0
        self.rules = rules or PagingRules()

    def expire_all(self) -> None:
        """Make every cursor and sync token given out until now an expired one."""
        self._not_before = self._clock()

    def page(self, endpoint: str, listed: Listed, parameters: Mapping[str, Any], last_change: int) -> Listing:
        """Return the page that `cursor`, `limit` and `syncToken` ask for.

        Raises `invalid_next_cursor`, `next_cursor_expired`, `sync_token_invalid`, `sync_token_expired` or
        `incremental_sync_too_large`, all as HTTP 200.
        """
        context = f"{endpoint} {json.dumps(dict(listed.filters), sort_keys=True)}"
        limit = parameters.get("limit") or DEFAULT_LIMIT
        cursor = self._start(context, endpoint, parameters, last_change)
        if cursor.since >= 0:
            if cursor.page > self.rules.incremental_pages:
                raise _problem("incremental_sync_too_large", "Too much changed: drop the sync token and list in full.")
            records, following = listed.table.changes(cursor.place, cursor.began, limit, keep=listed.keep)
        else:
            records, following = listed.table.page(
                cursor.place, limit, keep=listed.keep, floor=listed.floor, likely=listed.likely
            )
        results = [listed.write(record) for record in records]
        if following is not None:
            after = cursor._replace(place=following, page=cursor.page + 1)
            return Listing(results, self._sign(_CURSOR, context, list(after)), None)
        # A sync token belongs to the endpoint, not to the filters: only a cursor has to keep them.
        return Listing(results, None, self._sign(_SYNC_TOKEN, endpoint, [cursor.began]) if listed.synced else None)

    def _start(self, context: str, endpoint: str, parameters: Mapping[str, Any], last_change: int) -> _Cursor:
        sync_token = parameters.get("syncToken")
        since = -1
        if sync_token is not None:
            (since,) = self._read(_SYNC_TOKEN, endpoint, sync_token, self.rules.sync_token_seconds)
        if parameters.get("cursor") is None:
            return _Cursor(max(since, 0), last_change, since, 1)
        cursor = _Cursor(*self._read(_CURSOR, context, parameters["cursor"], self.rules.cursor_seconds))
        if cursor.since != since:
            raise _problem("invalid_next_cursor", "Send the syncToken of the pass with each of its cursors.")
        return cursor

    def _sign(self, kind: _TokenKind, context: str, numbers: list[int]) -> str:
        content = json.dumps([*numbers, self._clock()], separators=(",", ":")).encode()
        return urlsafe_b64encode(self._mark(kind, context, content) + content).decode().rstrip("=")

    def _mark(self, kind: _TokenKind, context: str, content: bytes) -> bytes:
        signed = f"{kind.purpose} {context} ".encode() + content
        return blake2b(signed, key=self._life.encode(), digest_size=6).digest()

    def _read(self, kind: _TokenKind, context: str, token: str, lifetime: float) -> list[int]:
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        mark, content = raw[:6], raw[6:]
        if not hmac.compare_digest(mark, self._mark(kind, context, content)):
            raise _problem(kind.invalid, "Start again without it.")
        *numbers, issued = cast("list[Any]", json.loads(content))
        if issued <= self._not_before or self._clock() - issued > lifetime:
            raise _problem(kind.expired, "Start again without it.")
        return numbers


def _problem(code: str, message: str) -> ApiError:
    return ApiError(code, message, shape=ErrorShape.INFO_ONLY)
