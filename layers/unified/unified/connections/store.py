"""Connections, credentials, leases, sessions and authorizations under way, in the table."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.leases import Lease, LeaseHeld, VersionMoved
from unified.connections.records import Connection, Reference, StoredCredential, StoredSession
from unified.connections.vault import Sealed
from unified.connections.watch import QUIET_SECONDS, Watch
from unified.models.moments import now_iso
from unified.secret import fingerprint

AUDIT_DAYS = 400
# How many sessions are deleted with their connection, and how many at once.
_SESSIONS, _WRITES = 500, 100


class Loaded(NamedTuple):
    """All that one request needs of a connection, from one read; ``defaults`` are the project's mapping rules.

    ``definition`` is the project's own model of the name that was asked for, if it has one.
    """

    connection: Connection | None
    credential: StoredCredential | None
    session: StoredSession | None
    defaults: Sequence[Mapping[str, Any]] = ()
    definition: Mapping[str, Any] | None = None


class ConnectionStore:
    """Everything kept of connections. Times are seconds since the epoch."""

    def __init__(self, table: t.Table) -> None:
        self._table = table

    # Connections

    def create(self, connection: Connection) -> bool:
        """Keep a new connection; False when one of that name is there already."""
        try:
            self._table.put(t.connection_key(*connection.reference), connection.to_item(), t.ABSENT)
        except t.ConditionFailed:
            return False
        return True

    def get(self, reference: Reference) -> Connection | None:
        """Read one connection."""
        item = self._table.get(t.connection_key(*reference))
        return None if item is None else Connection.from_item(reference.project, item)

    def page(
        self, project: str, connector: str | None, *, limit: int, after: str | None
    ) -> tuple[list[Connection], str | None]:
        """Read one page of a project's connections."""
        prefix = "CONNECTION#" + (f"{connector}#" if connector else "")
        items, following = self._table.page(f"PROJECT#{project}", prefix, limit=limit, after=after)
        return [Connection.from_item(project, item) for item in items], following

    def change(
        self, reference: Reference, operations: Sequence[str] | None, events: Sequence[str] | None
    ) -> Connection | None:
        """Replace a connection's operations and events, each where given; None when there is no such connection."""
        changes: dict[str, Any] = {"updatedAt": now_iso()}
        if operations is not None:
            changes["operations"] = list(operations)
        if events is not None:
            changes["events"] = list(events) or None
        try:
            item = self._table.update(t.connection_key(*reference), changes, condition=t.PRESENT)
        except t.ConditionFailed:
            return None
        return Connection.from_item(reference.project, item)

    def delete(self, connection: Connection, public_key: str) -> bool:
        """Remove a connection with its credential (and so its wrapped key), lease and its events' key.

        All go in one transaction: there is never a credential without a connection. Its sessions, which fit nothing
        from then on, go after it. What was kept to watch it is purged later (``unified.ledger.purge``). False when it
        was gone or made anew.
        """
        reference = connection.reference
        watch = Watch(reference, connection.generation, public_key)
        same = t.Condition("generation = :generation", {"generation": connection.generation})
        removed = {
            **watch.to_message(),
            "dueAt": 0,
            "removedAt": now_iso(),
            "purgeAt": time.time() + QUIET_SECONDS,
            "events": list(connection.events) or None,
        }
        try:
            self._table.transact(
                [
                    t.Delete(t.connection_key(*reference), same),
                    t.Delete(t.credential_key(*reference)),
                    t.Delete(t.lease_key(*reference)),
                    # What stays says that there is to be none: whoever is still at work would make another.
                    t.Update(watch.sync_key("KEY"), {"keyId": None, "wrappedKey": None, "removed": True}),
                    t.Update(watch.sweep_key(), removed),
                ]
            )
        except t.ConditionFailed:
            return False
        self._drop_sessions(connection)
        return True

    def _drop_sessions(self, gone: Connection) -> None:
        """Delete the sessions of a connection that is gone: as many as its caller can wait for.

        The others open nothing either, and have a ttl. Those of a connection made anew meanwhile stay.
        """
        pk, prefix = t.session_key(*gone.reference, "")
        found, _ = self._table.page(pk, prefix, limit=_SESSIONS, after=None, only=("pk", "sk", "generation"))
        old = [t.Delete(t.Key(one["pk"], one["sk"])) for one in found if one["generation"] == gone.generation]
        for start in range(0, len(old), _WRITES):
            self._table.transact(old[start : start + _WRITES])

    def load(self, reference: Reference, *, session_token: str | None = None, model: str | None = None) -> Loaded:
        """Read what one request needs: connection, credential, a session by its token, the mapping of a model."""
        keys = [t.connection_key(*reference), t.credential_key(*reference)]
        if session_token is not None:
            keys.append(t.session_key(*reference, fingerprint(session_token)))
        if model is not None:
            keys.append(t.mapping_key(reference.project, reference.connector, model))
            keys.append(t.model_key(reference.project, reference.connector, model))
        connection, credential, *rest = self._table.get_many(keys)
        session = rest.pop(0) if session_token is not None else None
        mapping, definition = rest if model is not None else (None, None)
        return Loaded(
            None if connection is None else Connection.from_item(reference.project, connection),
            None if credential is None else StoredCredential.from_item(credential),
            None if session is None else StoredSession.from_item(session),
            () if mapping is None else mapping["rules"],
            None if definition is None else definition["definition"],
        )

    # Field mappings

    def default_mapping(self, project: str, connector: str, model: str) -> list[dict[str, Any]]:
        """Read a project's rules for one model."""
        item = self._table.get(t.mapping_key(project, connector, model))
        return [] if item is None else item["rules"]

    def put_default_mapping(self, project: str, connector: str, model: str, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace a project's rules for one model."""
        self._table.put(t.mapping_key(project, connector, model), {"rules": list(rules), "updatedAt": now_iso()})

    def put_mapping(self, connection: Connection, model: str, rules: Sequence[Mapping[str, Any]]) -> bool:
        """Replace a connection's own rules for one model; False when the connection changed meanwhile."""
        mappings = {**connection.mappings, model: list(rules)}
        unchanged = t.Condition(
            "generation = :generation AND updatedAt = :updatedAt",
            {"generation": connection.generation, "updatedAt": connection.updated_at},
        )
        try:
            self._table.update(
                t.connection_key(*connection.reference),
                {"mappings": mappings, "updatedAt": now_iso()},
                condition=unchanged,
            )
        except t.ConditionFailed:
            return False
        return True

    # Custom models

    def definition(self, project: str, connector: str, model: str) -> dict[str, Any] | None:
        """Read a project's own model."""
        item = self._table.get(t.model_key(project, connector, model))
        return None if item is None else item["definition"]

    def definitions(self, project: str, connector: str) -> dict[str, dict[str, Any]]:
        """Read all of a project's own models by id."""
        items = self._table.query(f"PROJECT#{project}", f"MODEL#{connector}#")
        return {item["sk"].rpartition("#")[2]: item["definition"] for item in items}

    def put_definition(self, project: str, connector: str, model: str, definition: Mapping[str, Any]) -> None:
        """Keep a project's own model."""
        self._table.put(
            t.model_key(project, connector, model), {"definition": dict(definition), "updatedAt": now_iso()}
        )

    def delete_definition(self, project: str, connector: str, model: str) -> bool:
        """Remove a project's own model; False when there was none."""
        return self._table.delete(t.model_key(project, connector, model)) is not None

    # Credentials

    def read(self, reference: Reference) -> StoredCredential | None:
        """Read the credential as it is now."""
        item = self._table.get(t.credential_key(*reference))
        return None if item is None else StoredCredential.from_item(item)

    def replace(
        self,
        watch: Watch,
        credential: StoredCredential,
        *,
        expected: int | None,
        revocations: int = 0,
        witnesses: Sequence[str] = (),
        also: Sequence[t.Update] = (),
    ) -> None:
        """Put a proven credential in the place of version ``expected`` (None: of none) and authorize the connection.

        One transaction, so that no reader sees an authorized connection without its credential, and none goes
        unwatched; ``also`` holds writes that belong to it. ``witnesses`` of its account take the place of those before,
        as none do too. Raises ``VersionMoved`` when another credential came meanwhile, the connection was removed or
        made anew, its ``revocations`` are more by now, or a condition of ``also`` does not hold.
        """
        held = t.ABSENT if expected is None else t.Condition("version = :expected", {"expected": expected})
        same = t.Condition(
            "generation = :generation AND attribute_not_exists(revocations)"
            if revocations == 0
            else "generation = :generation AND revocations = :revocations",
            {"generation": watch.generation, **({"revocations": revocations} if revocations else {})},
        )
        kept = credential._replace(generation=watch.generation)
        changes: dict[str, Any] = {
            "status": "authorized",
            "reason": None,
            "updatedAt": now_iso(),
            "witnesses": list(witnesses) or None,
        }
        try:
            self._table.transact(
                [
                    t.Update(t.connection_key(*watch.reference), changes, same),
                    t.Put(t.credential_key(*watch.reference), kept.to_item(), held),
                    t.Update(watch.sweep_key(), {**watch.to_message(), "dueAt": 0}),
                    *also,
                ]
            )
        except t.ConditionFailed:
            raise VersionMoved from None

    def mark_unauthorized(self, reference: Reference, stored: StoredCredential, reason: str) -> bool:
        """Say that a credential is dead; False when it was replaced or removed meanwhile.

        The credential stays: it may be wanted to revoke it, and it is worth nothing.
        """
        try:
            self._table.transact(
                [
                    t.Update(
                        t.connection_key(*reference),
                        {"status": "unauthorized", "reason": reason, "updatedAt": now_iso()},
                        t.PRESENT,
                    ),
                    t.Update(
                        t.credential_key(*reference),
                        {"deadAt": int(time.time())},
                        _in_place(stored),
                    ),
                ]
            )
        except t.ConditionFailed:
            return False
        return True

    def set_scopes(self, reference: Reference, stored: StoredCredential, scopes: Sequence[str]) -> None:
        """Note which permissions a credential has by now; nothing happens when it was replaced."""
        with contextlib.suppress(t.ConditionFailed):
            self._table.update(t.credential_key(*reference), {"scopes": list(scopes)}, condition=_in_place(stored))

    def rewrap(self, reference: Reference, stored: StoredCredential, sealed: Sealed) -> bool:
        """Replace the wrapping of a credential; False when it was replaced meanwhile."""
        try:
            self._table.update(t.credential_key(*reference), {"sealed": sealed.to_item()}, condition=_in_place(stored))
        except t.ConditionFailed:
            return False
        return True

    # The refresh lease: see unified.connections.refresh, whose port this is

    def acquire(self, reference: Reference, holder: str, *, now: int, until: int) -> Lease:
        """Take the lease if it is free, with a fence that has never been used before. Raises ``LeaseHeld``."""
        never_held = "attribute_not_exists(pk)"
        holder_gone_or_done = "expiresAt < :now"
        try:
            item = self._table.update(
                t.lease_key(*reference),
                {"holder": holder, "expiresAt": until, "coolingUntil": None},
                condition=t.Condition(f"{never_held} OR {holder_gone_or_done}", {"now": now}),
                increment="fence",
            )
        except t.ConditionFailed as held:
            raise LeaseHeld((held.item or {}).get("coolingUntil")) from None
        return Lease(holder, item["fence"], until)

    def release(self, reference: Reference, lease: Lease, *, cooling_until: int | None = None) -> None:
        """Give the lease back, or keep everybody off it until ``cooling_until``. Only its holder can."""
        with contextlib.suppress(t.ConditionFailed):
            self._table.update(
                t.lease_key(*reference),
                {"expiresAt": cooling_until or 0, "coolingUntil": cooling_until},
                condition=t.Condition("holder = :holder", {"holder": lease.holder}),
            )

    def begin(self, reference: Reference, stored: StoredCredential, *, fence: int, at: int) -> None:
        """Mark that a credential's refresh token is about to be spent, which also proves that we can write.

        Raises ``VersionMoved`` when the credential changed or a later holder has begun.
        """
        try:
            self._table.update(
                t.credential_key(*reference),
                {"fence": fence, "refreshBeganAt": at},
                condition=_in_place(stored, "fence < :fence", fence),
            )
        except t.ConditionFailed:
            raise VersionMoved from None

    def commit(self, reference: Reference, stored: StoredCredential, renewed: StoredCredential, *, fence: int) -> None:
        """Store what ``stored`` became. Raises ``VersionMoved`` when a later holder has begun or stored one."""
        try:
            self._table.put(t.credential_key(*reference), renewed.to_item(), _in_place(stored, "fence = :fence", fence))
        except t.ConditionFailed:
            raise VersionMoved from None

    # Sessions

    def create_session(self, reference: Reference, token: str, session: StoredSession) -> None:
        """Keep a session under its token's fingerprint."""
        self._table.put(t.session_key(*reference, fingerprint(token)), session.to_item())

    def revoke_session(self, reference: Reference, token: str) -> None:
        """End one session."""
        self._table.delete(t.session_key(*reference, fingerprint(token)))

    def revoke_all(self, reference: Reference) -> bool:
        """End all sessions, links and consents under way of a connection; False when there is no such connection.

        One write, however many there are and whatever is being made meanwhile: they hold the count of before.
        """
        try:
            self._table.update(t.connection_key(*reference), {}, condition=t.PRESENT, increment="revocations")
        except t.ConditionFailed:
            return False
        return True

    # Authorizations under way

    def put_state(self, state: str, item: Mapping[str, Any], *, expires_at: int) -> None:
        """Keep an authorization under the fingerprint of its state."""
        self._table.put(t.state_key(fingerprint(state)), {**item, "expiresAt": expires_at, "ttl": expires_at}, t.ABSENT)

    def take_state(self, state: str, *, now: int) -> dict[str, Any] | None:
        """Consume an authorization: the same state gives it once, and never after its time."""
        try:
            return self._table.delete(
                t.state_key(fingerprint(state)),
                t.Condition("attribute_exists(pk) AND expiresAt > :now", {"now": now}),
            )
        except t.ConditionFailed:
            return None

    # Audit

    def audit(self, reference: Reference, actor: str, action: str, outcome: str) -> None:
        """Record who did what to a connection and how it ended; never what was sent or received."""
        at = now_iso()
        self._table.put(
            t.audit_key(*reference, at, fingerprint(f"{at}{actor}{action}{time.monotonic_ns()}")[:12]),
            {
                "actor": actor,
                "action": action,
                "outcome": outcome,
                "at": at,
                "ttl": int(time.time()) + AUDIT_DAYS * 86400,
            },
        )


def _in_place(stored: StoredCredential, also: str = "", fence: int | None = None) -> t.Condition:
    """Return the condition that a credential is the one in place, and not of a connection made anew since."""
    values: dict[str, Any] = {"version": stored.version}
    if stored.generation:
        same, values["generation"] = "generation = :generation", stored.generation
    else:
        same = "attribute_not_exists(generation)"
    if fence is not None:
        values["fence"] = fence
    return t.Condition(" AND ".join(filter(None, ("version = :version", same, also))), values)


@lru_cache(maxsize=1)
def store() -> ConnectionStore:
    """Return this environment's store."""
    return ConnectionStore(t.table())
