"""Hooks: the address under which a connection's webhooks arrive, and the secrets that they are signed with.

A hook's id is 256 random bits in the address, so nobody finds one by trying; it names the connection that a webhook
is of, which a webhook itself does not. Its secrets are sealed by the vault for the purpose ``hook``. A replaced secret
serves until its ``until``, since settings in the account are put right one by one.

What is read is kept in memory for a minute, the secrets opened, and so is that there is no such hook. Whoever finds
that no secret fits asks again, past the memory: a secret may have been made a moment ago.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.records import Reference
from unified.connections.vault import Sealed, Vault, vault
from unified.connections.watch import Watch
from unified.remembered import Remembered
from unified.secret import Secret, random_token
from unified.table import ABSENT, PRESENT, Condition, ConditionFailed, Table, table

OVERLAP_SECONDS = 86_400
# An account whose settings could not be removed may go on sending for long: it is told for so long that it is over.
TOMBSTONE_SECONDS = 90 * 86_400
_MOST_SECRETS = 3


class Key(NamedTuple):
    """One secret of a hook. ``until`` (seconds since the epoch) is None for the one that is given out."""

    sealed: Sealed
    until: int | None = None


class Hook(NamedTuple):
    """One hook. ``version`` grows with each new secret; ``ends_at`` is when it serves no longer, if that is known.

    A hook that ``is_removed`` was a removed connection's and has no secrets.
    """

    id: str
    watch: Watch
    keys: tuple[Key, ...]
    created_at: str
    version: int = 1
    ends_at: int | None = None
    is_removed: bool = False

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            **self.watch.to_message(),
            "secrets": [{"sealed": key.sealed.to_item(), "until": key.until} for key in self.keys],
            "createdAt": self.created_at,
            "version": self.version,
            "ttl": self.ends_at,
            "removed": self.is_removed or None,
        }

    @classmethod
    def from_item(cls, hook_id: str, item: Mapping[str, Any]) -> Hook:
        """Read it from the table. Raises ``VaultFailure`` for secrets that are none."""
        keys = tuple(Key(Sealed.from_item(key["sealed"]), key.get("until")) for key in item["secrets"])
        return cls(
            hook_id,
            Watch.from_message(item),
            keys,
            item["createdAt"],
            item["version"],
            item.get("ttl"),
            item.get("removed") is True,
        )


class OpenHook(NamedTuple):
    """A hook with its secrets, those that serve now, the newest first."""

    hook: Hook
    secrets: tuple[Secret, ...]


class Hooks:
    """All hooks of a deployment. ``max_age`` (seconds) and ``capacity`` bound what is kept in memory."""

    def __init__(
        self,
        table: Table,
        vault: Vault,
        *,
        max_age: float = 60,
        capacity: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._vault = vault
        self._clock = clock
        self._remembered: Remembered[str, OpenHook | None] = Remembered(max_age, capacity, clock)

    def read(self, hook_id: str, *, anew: bool = False) -> OpenHook | None:
        """Return a hook as it was at most a minute ago, with ``anew`` as it is; None where there is none.

        Raises ``VaultFailure`` for secrets that cannot be opened; that is not kept.
        """

        def read() -> OpenHook | None:
            hook = self.get(hook_id)
            return None if hook is None else OpenHook(hook, self.secrets(hook))

        return self._remembered.get(hook_id, read, max_age=0 if anew else None)

    def get(self, hook_id: str) -> Hook | None:
        """Return a hook as it is, None where there is none or its time is over."""
        item = self._table.get(t.hook_key(hook_id))
        hook = None if item is None else Hook.from_item(hook_id, item)
        return None if hook is None or (hook.ends_at is not None and hook.ends_at <= self._clock()) else hook

    def secrets(self, hook: Hook) -> tuple[Secret, ...]:
        """Open the secrets that serve now, the newest first. Raises ``VaultFailure``."""
        context = hook.watch.reference.context("hook")
        now = self._clock()
        return tuple(self._vault.open(context, key.sealed) for key in hook.keys if key.until is None or key.until > now)

    def create(self, watch: Watch) -> Hook:
        """Make and keep a new hook with a new secret."""
        from unified.models.moments import now_iso

        hook = Hook(random_token("hk_"), watch, (Key(self._seal(watch.reference)),), now_iso())
        self._table.put(t.hook_key(hook.id), hook.to_item(), ABSENT)
        return hook

    def rotate(self, hook: Hook) -> Hook:
        """Give a hook a new secret; those before serve for a day more. Raises ``ConditionFailed`` when it is gone."""
        until = int(self._clock()) + OVERLAP_SECONDS
        older = [Key(key.sealed, until if key.until is None else key.until) for key in hook.keys]
        keys = (Key(self._seal(hook.watch.reference)), *older)[:_MOST_SECRETS]
        changed = hook._replace(keys=keys, version=hook.version + 1)
        same = Condition("#version = :version", {"version": hook.version}, ("version",))
        self._table.put(t.hook_key(hook.id), changed.to_item(), same)
        return changed

    def end(self, hook: Hook) -> None:
        """Let a hook serve for a day more and no longer."""
        ends_at = int(self._clock()) + OVERLAP_SECONDS
        self._forgiving(hook.id, {"ttl": ends_at})

    def bury(self, hook_id: str) -> None:
        """Leave of a hook only that its connection was removed, without its secrets."""
        ends_at = int(self._clock()) + TOMBSTONE_SECONDS
        self._forgiving(hook_id, {"secrets": [], "removed": True, "ttl": ends_at})

    def delete(self, hook_id: str) -> None:
        """Delete a hook that nobody was told of."""
        self._table.delete(t.hook_key(hook_id))

    def _forgiving(self, hook_id: str, changes: Mapping[str, Any]) -> None:
        try:
            self._table.update(t.hook_key(hook_id), changes, condition=PRESENT)
        except ConditionFailed:
            return

    def _seal(self, reference: Reference) -> Sealed:
        return self._vault.seal(reference.context("hook"), Secret(random_token("")))


@lru_cache(maxsize=1)
def hooks() -> Hooks:
    """Return this environment's hooks."""
    return Hooks(table(), vault())
