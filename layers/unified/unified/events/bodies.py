"""The bodies of events: sealed under a key of their connection's, which goes when the connection does.

A project that wants its events whole has candidates' data kept for as long as events are. Each connection has one
data key for that (``SYNC#…/KEY``), so disconnecting makes every body unreadable at once, in backups too. What stays in
the key's place until all is purged says that there is to be none: whoever is still at work on the connection would make
another.

A body that cannot be opened, for damage or because its wrapping key is disabled or gone, is no reason to stop: its
event is a reference. To wait for a key that somebody may enable again would hold up every later event beside it, for
hours, and be given up in the end; who asks for the event once the key is back gets it whole. What passes by itself (KMS
is throttled or down) is raised as it comes, and tried again. Sealing does wait: until it succeeds nothing is written,
and so nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.vault import Sealed, Vault, WrappedKey
from unified.connections.watch import Watch
from unified.errors import VaultFailure
from unified.events.records import Event
from unified.log import logger
from unified.remembered import Remembered
from unified.secret import Secret

_FORMAT = 1
MAX_BYTES = 300_000
"""An item of DynamoDB's holds 400 kB."""

_CACHE_SECONDS = 300
_CACHE_ENTRIES = 500


class Opened(NamedTuple):
    """What an event holds: its resource, None where it holds none, its connection is gone, or it ``is_unreadable``."""

    resource: dict[str, Any] | None
    is_unreadable: bool = False


class Bodies:
    """Seals and opens the bodies of events."""

    def __init__(self, table: t.Table, vault: Vault) -> None:
        self._table = table
        self._vault = vault
        # That there is to be no key is remembered too: a connection that was removed is not made again.
        self._remembered: Remembered[Watch, WrappedKey | None] = Remembered(_CACHE_SECONDS, _CACHE_ENTRIES)

    def seal(self, watch: Watch, resource: Mapping[str, Any]) -> dict[str, bytes] | None:
        """Seal a resource; the connection's key is made when it is first needed. Raises ``VaultFailure``.

        None for one that is too large for an item of the table, or whose connection was removed meanwhile: its event is
        a reference.
        """
        text = json.dumps(resource, separators=(",", ":"), ensure_ascii=False)
        if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
            return None
        key = self._key(watch)
        if key is None:
            return None
        try:
            sealed = self._vault.seal_under(watch.reference.context("event"), key, Secret(text))
        except VaultFailure:
            raise VaultFailure("The key of this connection's events cannot be opened.") from None
        return {"nonce": sealed.nonce, "ciphertext": sealed.ciphertext}

    def open(self, event: Event) -> dict[str, Any] | None:
        """Return the resource of one event, None where it is a reference or cannot be opened."""
        return self.opener()(event).resource

    def opener(self) -> Callable[[Event], Opened]:
        """Return what opens the events of one answer, and reads each connection's key once for it.

        For the next answer the key is read anew: after the connection is removed, no environment opens a body from
        memory.
        """
        keys: dict[Watch, WrappedKey | None] = {}

        def opened(event: Event) -> Opened:
            if event.body is None:
                return Opened(None)
            if event.watch not in keys:
                keys[event.watch] = self._stored(event.watch)
            key = keys[event.watch]
            return Opened(None) if key is None else self._open(event, event.body, key)

        return opened

    def _open(self, event: Event, body: Mapping[str, bytes], key: WrappedKey) -> Opened:
        try:
            kept = {**body, "format": _FORMAT, "keyId": key.key_id, "wrappedKey": key.wrapped_key}
            sealed = Sealed.from_item(kept)
            text = self._vault.open(event.reference.context("event"), sealed).reveal()
            return Opened(json.loads(text))
        except (VaultFailure, ValueError):
            # Of a ValueError too nothing is told but that there was one: its text may hold a part of what was sealed.
            logger.error("event body unreadable", extra={"project": event.reference.project, "event_id": event.id})
            return Opened(None, is_unreadable=True)

    def _key(self, watch: Watch) -> WrappedKey | None:
        return self._remembered.get(watch, lambda: self._stored(watch) or self._make(watch))

    def _stored(self, watch: Watch) -> WrappedKey | None:
        item = self._table.get(watch.sync_key("KEY"))
        return None if item is None or "wrappedKey" not in item else WrappedKey(item["keyId"], item["wrappedKey"])

    def _make(self, watch: Watch) -> WrappedKey | None:
        """Make a connection's key; the first one made is everybody's. None where there is to be none any more."""
        key = self._vault.new_key(watch.reference.context("event"))
        try:
            self._table.put(watch.sync_key("KEY"), {"keyId": key.key_id, "wrappedKey": key.wrapped_key}, t.ABSENT)
        except t.ConditionFailed:
            return self._stored(watch)
        return key
