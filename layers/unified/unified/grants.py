"""What a secret key may do: which connections, which operations, the proxy, events, administration, until when.

A key without a grant of its own may do everything in its project, as the first key of a project does. Everything
else is given by name: what a grant does not say, it does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from unified.errors import FieldProblem, Invalid


class Need(StrEnum):
    """What a route asks of a key, beside the connection and the operation that a request names."""

    ANY = "any"
    MANAGE = "manage"  # make, authorize and remove connections; sessions and links
    EVENTS = "events"  # endpoints, events, how connections are watched
    ADMIN = "admin"  # what holds for a whole project: default mappings, custom models, how events are wanted


class Grant(NamedTuple):
    """One key's rights.

    ``connections`` are patterns ``connector/owner``, an owner may end in ``*``; ``operations`` are patterns
    ``model::operation`` with ``*`` for either; ``proxy`` holds ``*``, ``read`` or the provider's endpoints by name.
    None means all of them. ``expires_at`` is in seconds since the epoch.
    """

    connections: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    proxy: tuple[str, ...] | None = None
    needs: frozenset[str] = frozenset((Need.MANAGE, Need.EVENTS, Need.ADMIN))
    expires_at: int | None = None

    def covers(self, connector: str, owner: str) -> bool:
        """Tell whether the key may see a connection at all."""
        return self.connections is None or any(_fits(pattern, f"{connector}/{owner}") for pattern in self.connections)

    def allows(self, operation: str) -> bool:
        """Tell whether the key may use an operation (``model::operation``)."""
        if self.operations is None:
            return True
        model, _, verb = operation.partition("::")
        return any(pattern in ("*", operation, f"{model}::*", f"*::{verb}") for pattern in self.operations)

    def allows_proxy(self, endpoint: str, *, reads: bool) -> bool:
        """Tell whether the key may call one of the provider's endpoints through the proxy."""
        if self.proxy is None or "*" in self.proxy:
            return True
        return endpoint in self.proxy or (reads and "read" in self.proxy)

    def may_give(self, operation: str) -> bool:
        """Tell whether the key may give an operation to a connection or a session: only what it has itself."""
        if operation == PROXY:
            return self.proxy is None or "*" in self.proxy
        if operation == PROXY_READ:
            return self.proxy is None or "*" in self.proxy or "read" in self.proxy
        return self.allows(operation)

    def meets(self, need: Need) -> bool:
        """Tell whether the key may use routes that ask for ``need``."""
        return need == Need.ANY or need in self.needs

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table and for people."""
        return {
            "connections": _listed(self.connections),
            "operations": _listed(self.operations),
            "proxy": _listed(self.proxy),
            "may": sorted(self.needs),
            "expiresAt": self.expires_at,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any] | None) -> Grant:
        """Read it from the table; a key without one may do everything."""
        if item is None:
            return FULL
        return cls(
            _read(item.get("connections")),
            _read(item.get("operations")),
            _read(item.get("proxy")),
            frozenset(item.get("may", ())),
            item.get("expiresAt"),
        )


FULL = Grant()

_OPERATION = re.compile(r"\*|[A-Za-z0-9]+::(\*|[A-Za-z]+)|\*::[A-Za-z]+")
_ENDPOINT = re.compile(r"\*|read|[A-Za-z0-9_]+\.[A-Za-z0-9_.]+")

PROXY, PROXY_READ = "proxy", "proxy::read"
"""Operations of no model: a session that has one may use the proxy, for everything or for reading."""


def checked(grant: Grant) -> Grant:
    """Return a grant that says what can be understood. Raises ``Invalid`` that names what cannot."""
    problems = [
        *(_problem("connections", p) for p in grant.connections or () if not _is_connection_pattern(p)),
        *(_problem("operations", p) for p in grant.operations or () if not _OPERATION.fullmatch(p)),
        *(_problem("proxy", p) for p in grant.proxy or () if not _ENDPOINT.fullmatch(p)),
        *(_problem("may", need) for need in grant.needs if need not in set(Need) - {Need.ANY}),
    ]
    if problems:
        raise Invalid("The key's rights are not valid.", fields=problems)
    return grant


def _fits(pattern: str, name: str) -> bool:
    """Match by equality, or by what stands before one ``*`` at the end: an owner's own ``*`` means nothing."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _is_connection_pattern(pattern: str) -> bool:
    connector, separator, owner = pattern.partition("/")
    return bool(connector) and bool(separator) and bool(owner) and "*" not in connector and "*" not in owner[:-1]


def _problem(field: str, said: str) -> FieldProblem:
    return FieldProblem(field, f"has an element that is not understood: {said[:80]}")


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _read(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
