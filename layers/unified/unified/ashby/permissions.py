"""Ashby's permissions, in the two ways Ashby spells them.

Its docs say ``candidatesRead``, ``apiKey.info`` says ``candidates:read``. We speak the first everywhere.
"""

from __future__ import annotations

import re
from typing import Any, cast

_SCOPE = re.compile(r"([A-Za-z]+):([a-z]+)")


def from_scopes(scopes: Any) -> tuple[str, ...] | None:
    """Turn ``apiKey.info``'s scopes into permission names, sorted; None when it gave no list."""
    if not isinstance(scopes, list):
        return None
    return tuple(sorted({from_scope(scope) for scope in cast(list[Any], scopes) if isinstance(scope, str)}))


def from_scope(scope: str) -> str:
    """Turn ``candidates:read`` into ``candidatesRead``; what is already in that form stays as it is."""
    found = _SCOPE.fullmatch(scope)
    return f"{found[1]}{found[2].capitalize()}" if found else scope
