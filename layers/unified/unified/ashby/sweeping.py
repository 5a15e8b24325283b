"""What a sweep needs beside a list: which of Ashby's refusals end a sync token, and which only a page's cursor.

``sync_token_expired``, ``sync_token_invalid`` and ``incremental_sync_too_large`` say that the token serves no longer:
``SyncTokenExpired``. A cursor that expired within a pass (``next_cursor_expired``, ``invalid_next_cursor``,
``cursor_invalid``, and our own cursors whose place is gone) stays ``Invalid``, as for every list: the pass begins anew
with the token that it has (https://developers.ashbyhq.com/docs/pagination-and-incremental-sync).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from unified.errors import SyncTokenExpired, UnifiedError

_DEAD_TOKEN = frozenset({"sync_token_expired", "sync_token_invalid", "incremental_sync_too_large"})


@contextmanager
def token_told() -> Generator[None]:
    """Raise ``SyncTokenExpired`` where Ashby says that the sync token no longer serves."""
    try:
        yield
    except UnifiedError as refused:
        if refused.upstream is None or refused.upstream.code not in _DEAD_TOKEN:
            raise
        raise SyncTokenExpired(
            "MORPH::CONNECTION::PROXY::BAD_REQUEST",
            "Ashby no longer takes this sync token: everything must be listed anew.",
            upstream=refused.upstream,
        ) from None
