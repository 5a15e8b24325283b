"""The bodies of events: sealed under a key of their connection's, which goes when the connection does.

A project that wants its events whole has candidates' data kept for as long as events are. Each connection has one
data key for that (``SYNC#…/KEY``), so disconnecting makes every body unreadable at once, in backups too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from unified import table as t
from unified.connections.vault import Sealed, Vault, WrappedKey
from unified.connections.watch import Watch
from unified.errors import VaultFailure
from unified.events.records import Event
from unified.secret import Secret

_FORMAT = 1
MAX_BYTES = 300_000
"""An item of DynamoDB's holds 400 kB."""

_CACHE_SECONDS = 300
_CACHE_ENTRIES = 500


class Bodies:
    """Seals and opens the bodies of events."""

    def __init__(self, table: t.Table, vault: Vault) -> None:
        self._table = table
        self._vault = vault
        self._keys: dict[Watch, tuple[WrappedKey, float]] = {}

    def seal(self, watch: Watch, resource: Mapping[str, Any]) -> dict[str, bytes] | None:
        """Seal a resource; the connection's key is made when it is first needed.

        None for one that is too large for an item of the table: its event is a reference.
        """
        text = json.dumps(resource, separators=(",", ":"), ensure_ascii=False)
        if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
            return None
        sealed = self._vault.seal_under(watch.reference.context("event"), self._key(watch), Secret(text))
        return {"nonce": sealed.nonce, "ciphertext": sealed.ciphertext}

    def open(self, event: Event) -> dict[str, Any] | None:
        """Return the resource of an event, None where it holds none or its connection is gone.

        The key is read each time: after the connection is removed, no environment opens a body from memory.
        """
        if event.body is None:
            return None
        key = self._stored(event.watch)
        if key is None:
            return None
        sealed = Sealed(_FORMAT, key.key_id, key.wrapped_key, event.body["nonce"], event.body["ciphertext"])
        found: dict[str, Any] = json.loads(self._vault.open(event.reference.context("event"), sealed).reveal())
        return found

    def _key(self, watch: Watch) -> WrappedKey:
        known = self._keys.get(watch)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        key = self._stored(watch) or self._make(watch)
        if len(self._keys) >= _CACHE_ENTRIES:
            self._keys.clear()
        self._keys[watch] = (key, time.monotonic() + _CACHE_SECONDS)
        return key

    def _stored(self, watch: Watch) -> WrappedKey | None:
        item = self._table.get(watch.sync_key("KEY"))
        return None if item is None else WrappedKey(item["keyId"], item["wrappedKey"])

    def _make(self, watch: Watch) -> WrappedKey:
        key = self._vault.new_key(watch.reference.context("event"))
        try:
            self._table.put(watch.sync_key("KEY"), {"keyId": key.key_id, "wrappedKey": key.wrapped_key}, t.ABSENT)
        except t.ConditionFailed:
            stored = self._stored(watch)
            if stored is None:
                raise VaultFailure("The key of this connection's events went while it was made.") from None
            return stored
        return key
