"""What is kept of a connection, and its spelling in the table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from unified.connections.vault import Context, Sealed, Vault
from unified.connector import Credential
from unified.errors import VaultFailure
from unified.secret import Secret

RENEW_SECONDS = 120
Status = Literal["authorized", "unauthorized"]


class Reference(NamedTuple):
    """What names a connection within a deployment."""

    project: str
    connector: str
    owner: str

    def context(self, purpose: str = "credential") -> Context:
        """Return what a secret of this connection is sealed for."""
        return Context(purpose, self.project, self.connector, self.owner)


class Connection(NamedTuple):
    """One customer's account, without its credential.

    ``generation`` is new whenever the connection is made anew: what was given to an earlier connection of the
    same name (sessions) does not fit the next. ``reason`` says why an unauthorized one is. ``mappings`` are its own
    rules by model (``unified.mapping.custom``), ``events`` the patterns of events that it subscribes to.
    ``witnesses`` tell whether a later credential opens the same account (``unified.connections.accounts``).
    ``revocations`` counts how often all sessions and links were revoked: what was given before the last fits no more.
    """

    reference: Reference
    generation: str
    operations: tuple[str, ...]
    status: Status
    created_at: str
    updated_at: str
    reason: str | None = None
    mappings: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({})
    events: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    revocations: int = 0

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "connectorId": self.reference.connector,
            "ownerId": self.reference.owner,
            "generation": self.generation,
            "operations": list(self.operations),
            "events": list(self.events) or None,
            "status": self.status,
            "reason": self.reason,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }

    @classmethod
    def from_item(cls, project: str, item: Mapping[str, Any]) -> Connection:
        """Read it from the table."""
        return cls(
            Reference(project, item["connectorId"], item["ownerId"]),
            item["generation"],
            tuple(item["operations"]),
            item["status"],
            item["createdAt"],
            item["updatedAt"],
            item.get("reason"),
            item.get("mappings", {}),
            tuple(item.get("events", ())),
            tuple(item.get("witnesses", ())),
            item.get("revocations", 0),
        )

    def to_wire(self) -> dict[str, Any]:
        """Spell it for callers."""
        return {
            "object": "connection",
            "connectorId": self.reference.connector,
            "ownerId": self.reference.owner,
            "status": self.status,
            **({"reason": self.reason} if self.reason else {}),
            "operations": list(self.operations),
            "events": list(self.events),
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


class StoredCredential(NamedTuple):
    """A sealed credential with what may be known of it without opening it.

    ``version`` grows with every replacement, ``renew_at`` is when to renew the token, before its end. ``fence`` is
    that of the last refresher that began, and ``refresh_began_at`` (seconds since the epoch) stays until its outcome
    is stored: when it is old and the version has not grown, a refresh was begun and its answer lost. Versions begin
    at 1 again when the connection is made anew, so one names a credential only together with the connection's
    ``generation``, which is empty in those that were stored before it was kept.
    """

    version: int
    kind: Literal["apiKey", "oauth2"]
    sealed: Sealed
    expires_at: int | None = None
    scopes: tuple[str, ...] | None = None
    fence: int = 0
    refresh_began_at: int | None = None
    renew_at: int | None = None
    generation: str = ""

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "version": self.version,
            "kind": self.kind,
            "sealed": self.sealed.to_item(),
            "expiresAt": self.expires_at,
            "scopes": None if self.scopes is None else list(self.scopes),
            "fence": self.fence,
            "refreshBeganAt": self.refresh_began_at,
            "renewAt": self.renew_at,
            "generation": self.generation or None,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> StoredCredential:
        """Read it from the table."""
        scopes = item.get("scopes")
        return cls(
            item["version"],
            item["kind"],
            Sealed.from_item(item["sealed"]),
            item.get("expiresAt"),
            None if scopes is None else tuple(scopes),
            item.get("fence", 0),
            item.get("refreshBeganAt"),
            item.get("renewAt"),
            item.get("generation", ""),
        )


class StoredSession(NamedTuple):
    """A session: what it may do, until when (seconds since the epoch), and which connection it was given for.

    ``generation`` and ``revocations`` are those of the connection when it was made. ``manages`` says whether it may
    authorize and remove its connection and change its mappings; ``made_by`` is who made it, for the audit.
    """

    operations: tuple[str, ...]
    expires_at: int
    generation: str
    revocations: int = 0
    manages: bool = True
    made_by: str = ""

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "operations": list(self.operations),
            "expiresAt": self.expires_at,
            "generation": self.generation,
            "revocations": self.revocations,
            "manages": self.manages,
            "madeBy": self.made_by,
            "ttl": self.expires_at,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> StoredSession:
        """Read it from the table."""
        return cls(
            tuple(item["operations"]),
            item["expiresAt"],
            item["generation"],
            item.get("revocations", 0),
            item.get("manages", True),
            item.get("madeBy", ""),
        )


def seal(vault: Vault, reference: Reference, credential: Credential, *, version: int) -> StoredCredential:
    """Seal a credential for one connection."""
    return sealer(vault, reference)(credential, version)


def sealer(
    vault: Vault, reference: Reference, *, clock: Callable[[], float] = time.time
) -> Callable[[Credential, int], StoredCredential]:
    """Return what seals one credential, under a version, without I/O (``Vault.sealer``)."""
    seal_text = vault.sealer(reference.context())

    def seal_credential(credential: Credential, version: int) -> StoredCredential:
        parts = {"secret": credential.secret.reveal()}
        if credential.refresh_token is not None:
            parts["refreshToken"] = credential.refresh_token.reveal()
        sealed = seal_text(Secret(json.dumps(parts)))
        return StoredCredential(
            version,
            credential.kind,
            sealed,
            credential.expires_at,
            credential.scopes,
            renew_at=_renew_at(credential.expires_at, clock()),
        )

    return seal_credential


def _renew_at(expires_at: int | None, now: float) -> int | None:
    """Return when to renew: two minutes before the end, and not before half of a short life is over."""
    return None if expires_at is None else int(expires_at - min(RENEW_SECONDS, max(0.0, (expires_at - now) / 2)))


def unseal(vault: Vault, reference: Reference, stored: StoredCredential) -> Credential:
    """Open a credential. Raises ``VaultFailure``."""
    text = vault.open(reference.context(), stored.sealed)
    try:
        parts = json.loads(text.reveal())
        secret, refresh = parts["secret"], parts.get("refreshToken")
    except (ValueError, KeyError, TypeError):
        raise VaultFailure("The stored credential cannot be read.") from None
    return Credential(
        stored.kind, Secret(secret), Secret(refresh) if refresh else None, stored.expires_at, stored.scopes
    )
