"""A credential store in memory, held to the same tests as the real one (``test_credential_store.py``)."""

from __future__ import annotations

from unified.connections.records import Reference, StoredCredential
from unified.connections.refresh import Lease, LeaseHeld, VersionMoved


class MemoryCredentialStore:
    """What ``unified.connections.refresh.CredentialStore`` asks for, without I/O."""

    def __init__(self) -> None:
        self.credentials: dict[Reference, StoredCredential] = {}
        self.leases: dict[Reference, tuple[str, int, int, int | None]] = {}
        self.unauthorized: dict[Reference, str] = {}

    def seed(self, reference: Reference, stored: StoredCredential) -> None:
        """Put a credential in place, as an authorization would."""
        self.credentials[reference] = stored

    def status(self, reference: Reference) -> str | None:
        """Return why the connection is unauthorized, None when it is not."""
        return self.unauthorized.get(reference)

    def read(self, reference: Reference) -> StoredCredential | None:
        return self.credentials.get(reference)

    def acquire(self, reference: Reference, holder: str, *, now: int, until: int) -> Lease:
        _, fence, expires_at, cooling = self.leases.get(reference, ("", 0, -1, None))
        if not expires_at < now:
            raise LeaseHeld(cooling)
        self.leases[reference] = (holder, fence + 1, until, None)
        return Lease(holder, fence + 1, until)

    def release(self, reference: Reference, lease: Lease, *, cooling_until: int | None = None) -> None:
        held = self.leases.get(reference)
        if held is not None and held[0] == lease.holder:
            self.leases[reference] = (held[0], held[1], cooling_until or 0, cooling_until)

    def begin(self, reference: Reference, stored: StoredCredential, *, fence: int, at: int) -> None:
        current = self.credentials.get(reference)
        if current is None or not _is_same(current, stored) or not current.fence < fence:
            raise VersionMoved
        self.credentials[reference] = current._replace(fence=fence, refresh_began_at=at)

    def commit(self, reference: Reference, stored: StoredCredential, renewed: StoredCredential, *, fence: int) -> None:
        current = self.credentials.get(reference)
        if current is None or not _is_same(current, stored) or current.fence != fence:
            raise VersionMoved
        self.credentials[reference] = renewed

    def mark_unauthorized(self, reference: Reference, stored: StoredCredential, reason: str) -> bool:
        current = self.credentials.get(reference)
        if current is None or not _is_same(current, stored):
            return False
        self.unauthorized[reference] = reason
        return True


def _is_same(current: StoredCredential, stored: StoredCredential) -> bool:
    return (current.generation, current.version) == (stored.generation, stored.version)
