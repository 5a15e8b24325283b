"""Renewing an OAuth token: one refresher at a time, and a defined end for every way that it can go wrong.

A provider that rotates refresh tokens makes each one good for a single use. Two refreshers, or one that dies
between the provider's answer and our store, can lose an account for good. So:

1. A lease with a fence, taken by a conditional write, lets one refresher in. The others watch the credential
   (not the lease) and use what they find there.
2. Before the refresh token is spent, everything that could fail afterwards is proven: KMS has given the data
   key for the result, and the table has taken a write (``begin``), which also marks that a refresh is under way.
3. The result is stored only on the version and fence that it began with: a holder that slept past its lease
   cannot overwrite what came after it. A connection that was removed and made anew is another: whoever was at work on
   the one before neither touches its credential nor gets it.
4. The mark stays when the answer was lost or the holder died. The next refresher then tries the old token once
   more, which a provider with a grace period accepts; where it does not, the connection becomes unauthorized
   with a reason that says so.

| the provider says | then |
|---|---|
| new tokens | stored, used |
| ``invalid_grant``, and the store has a newer version | a lost race: the newer one is used |
| ``invalid_grant``, nothing newer | unauthorized: ``refreshLost`` after a lost answer, else ``grantRejected`` |
| client refused | our configuration is wrong: an error, and the connection stays as it is |
| nothing, 429 or 5xx | one more try if the answer was lost; then a pause, and the old token while it lasts |
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import NoReturn, Protocol

from unified.connections.leases import Lease, LeaseHeld, VersionMoved
from unified.connections.oauth import ClientRejected, GrantRejected, ProviderUnavailable, Tokens
from unified.connections.records import Reference, StoredCredential
from unified.connector import Credential
from unified.deadline import Deadline
from unified.errors import Unauthorized, UnifiedError, UpstreamFailure
from unified.secret import Secret

LEASE_SECONDS = 30
EXCHANGE_SECONDS = 8.0
COOLING_SECONDS = 15
POLL_SECONDS = 0.15
_STORE_ATTEMPTS = 4


class CredentialStore(Protocol):
    """What refreshing needs of the store (``ConnectionStore``; a stand-in is held to the same tests)."""

    def read(self, reference: Reference) -> StoredCredential | None:
        """Read the credential as it is now."""
        ...

    def acquire(self, reference: Reference, holder: str, *, now: int, until: int) -> Lease:
        """Take the lease. Raises ``LeaseHeld``."""
        ...

    def release(self, reference: Reference, lease: Lease, *, cooling_until: int | None = None) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        ...

    def begin(self, reference: Reference, stored: StoredCredential, *, fence: int, at: int) -> None:
        """Mark that a credential's token is about to be spent. Raises ``VersionMoved``."""
        ...

    def commit(self, reference: Reference, stored: StoredCredential, renewed: StoredCredential, *, fence: int) -> None:
        """Store the result. Raises ``VersionMoved``."""
        ...

    def mark_unauthorized(self, reference: Reference, stored: StoredCredential, reason: str) -> bool:
        """Say that a credential is dead; False when it is not the one in place."""
        ...


Exchange = Callable[[Secret, float], Tokens]
"""Spend a refresh token within so many seconds; raises as ``unified.connections.oauth.refresh_tokens``."""


class Refresher:
    """Gives a connection's working credential, renewing it when it is due."""

    def __init__(
        self,
        store: CredentialStore,
        *,
        open_credential: Callable[[Reference, StoredCredential], Credential],
        sealer: Callable[[Reference], Callable[[Credential, int], StoredCredential]],
        exchange: Exchange,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._open = open_credential
        self._sealer = sealer
        self._exchange = exchange
        self._report = report
        self._clock = clock
        self._sleep = sleep

    def due(self, stored: StoredCredential) -> bool:
        """Whether the token ends soon enough to renew it now."""
        return stored.kind == "oauth2" and stored.renew_at is not None and self._clock() >= stored.renew_at

    def working(
        self, reference: Reference, stored: StoredCredential, deadline: Deadline, *, rejected: bool = False
    ) -> tuple[StoredCredential, Credential]:
        """Return ``stored`` opened, or its successor when it is due or the provider has ``rejected`` it.

        Raises ``Unauthorized`` when the account must be connected again or the connection was removed,
        ``UpstreamFailure`` or a ``REFRESH_IN_PROGRESS`` error when it is worth trying later.
        """
        if not rejected and not self.due(stored):
            return stored, self._open(reference, stored)
        holder = uuid.uuid4().hex
        while True:
            now = int(self._clock())
            try:
                lease = self._store.acquire(reference, holder, now=now, until=now + LEASE_SECONDS)
            except LeaseHeld as held:
                current = self._read(reference, stored)
                if current.version != stored.version:
                    return current, self._open(reference, current)
                if held.cooling_until is not None and held.cooling_until > now:
                    return self._old_while_it_lasts(reference, stored, rejected, held.cooling_until - now)
                if deadline.remaining() < POLL_SECONDS:
                    raise _in_progress() from None
                self._sleep(POLL_SECONDS)
                continue
            return self._holding(reference, stored, lease, deadline, rejected=rejected)

    def _holding(
        self, reference: Reference, stored: StoredCredential, lease: Lease, deadline: Deadline, *, rejected: bool
    ) -> tuple[StoredCredential, Credential]:
        cooling_until: int | None = None
        try:
            return self._renew(reference, stored, lease, deadline)
        except _RaceLost as lost:
            return lost.current, self._open(reference, lost.current)
        except ProviderUnavailable as unavailable:
            wait = max(COOLING_SECONDS, unavailable.retry_after or 0)
            cooling_until = int(self._clock()) + wait
            return self._old_while_it_lasts(reference, stored, rejected, wait)
        except ClientRejected:
            cooling_until = int(self._clock()) + COOLING_SECONDS
            raise UnifiedError(
                "MORPH::BAD_CONFIGURATION",
                "The provider refused this deployment's OAuth client while refreshing a token.",
            ) from None
        finally:
            self._store.release(reference, lease, cooling_until=cooling_until)

    def _renew(
        self, reference: Reference, stored: StoredCredential, lease: Lease, deadline: Deadline
    ) -> tuple[StoredCredential, Credential]:
        current = self._read(reference, stored)
        if current.version != stored.version:
            raise _RaceLost(current)
        if deadline.remaining() < 2 * EXCHANGE_SECONDS:
            # Being killed between the provider's answer and our store is the one thing to avoid.
            raise _in_progress()
        credential = self._open(reference, current)
        if credential.refresh_token is None:
            self._give_up(reference, current, "noRefreshToken")
        seal = self._sealer(reference)
        try:
            self._store.begin(reference, current, fence=lease.fence, at=int(self._clock()))
        except VersionMoved:
            moved = self._read(reference, current)
            if moved.version == current.version:
                raise _in_progress() from None
            raise _RaceLost(moved) from None
        if self._clock() > lease.until - 2 * EXCHANGE_SECONDS:
            # We slept (a frozen environment does): another may hold the lease by now and spend the same token.
            raise _in_progress()
        tokens = self._spend(reference, current, credential.refresh_token)
        renewed = Credential(
            "oauth2",
            tokens.access_token,
            tokens.refresh_token or credential.refresh_token,
            tokens.expires_at,
            tokens.scopes if tokens.scopes is not None else credential.scopes,
        )
        kept = seal(renewed, current.version + 1)._replace(generation=current.generation)
        return self._keep(reference, current, kept, renewed, lease)

    def _spend(self, reference: Reference, current: StoredCredential, refresh_token: Secret) -> Tokens:
        """Spend the refresh token, once more when the answer was lost."""
        lost = current.refresh_began_at is not None
        try:
            return self._exchange(refresh_token, EXCHANGE_SECONDS)
        except ProviderUnavailable as unavailable:
            if not unavailable.sent:
                raise
            lost = True
        except GrantRejected:
            self._rejected(reference, current, lost=lost)
        try:
            return self._exchange(refresh_token, EXCHANGE_SECONDS)
        except GrantRejected:
            self._rejected(reference, current, lost=lost)

    def _rejected(self, reference: Reference, current: StoredCredential, *, lost: bool) -> NoReturn:
        latest = self._read(reference, current)
        if latest.version != current.version:
            raise _RaceLost(latest)
        self._give_up(reference, current, "refreshLost" if lost else "grantRejected")

    def _give_up(self, reference: Reference, current: StoredCredential, reason: str) -> NoReturn:
        marked = self._store.mark_unauthorized(reference, current, reason)
        if not marked:
            raise _RaceLost(self._read(reference, current))
        self._report(reason)
        raise Unauthorized("MORPH::CONNECTION::REFRESHING_TOKEN_FAILED", _REASONS[reason])

    def _keep(
        self,
        reference: Reference,
        current: StoredCredential,
        renewed: StoredCredential,
        credential: Credential,
        lease: Lease,
    ) -> tuple[StoredCredential, Credential]:
        for attempt in range(_STORE_ATTEMPTS):
            try:
                self._store.commit(reference, current, renewed, fence=lease.fence)
            except VersionMoved:
                latest = self._read(reference, current)
                # Our own write may have landed although its answer was lost.
                if latest.version >= renewed.version:
                    return latest, self._open(reference, latest)
                self._report("refreshOvertaken")
                return renewed, credential
            except Exception:
                if attempt + 1 == _STORE_ATTEMPTS:
                    # The token works, so this request goes on; the mark that stays tells the next refresher.
                    self._report("refreshNotStored")
                    return renewed, credential
                self._sleep(0.1 * 2**attempt)
                continue
            return renewed, credential
        raise AssertionError("unreachable")

    def _old_while_it_lasts(
        self, reference: Reference, stored: StoredCredential, rejected: bool, wait: int
    ) -> tuple[StoredCredential, Credential]:
        if not rejected and stored.expires_at is not None and stored.expires_at > self._clock():
            return stored, self._open(reference, stored)
        raise UpstreamFailure(
            "MORPH::CONNECTION::PROXY::REQUEST_FAILED",
            "The provider did not renew the token just now. Try again.",
            status=503,
            retry_after=max(1, wait),
        )

    def _read(self, reference: Reference, stored: StoredCredential) -> StoredCredential:
        """Read what is in the place of ``stored`` by now. Raises ``Unauthorized`` when the connection was removed.

        Not ``Missing``: a renewal happens within calls to the account, whose callers take that for the account's word
        that a record is gone, and would tell that it was deleted. One that was made anew since is not the caller's.
        """
        current = self._store.read(reference)
        if current is None or current.generation != stored.generation:
            raise Unauthorized("MORPH::CONNECTION::ACCESS_TOKEN_MISSIN", "The connection was removed meanwhile.")
        return current


class _RaceLost(Exception):
    """Another refresher was faster; its credential is there."""

    def __init__(self, current: StoredCredential) -> None:
        super().__init__("race lost")
        self.current = current


_REASONS = {
    "grantRejected": "The provider no longer accepts this connection's refresh token. Connect the account again.",
    "refreshLost": "A token refresh was begun and its answer lost, and the provider does not accept the old"
    " refresh token any more. Connect the account again.",
    "noRefreshToken": "The token has ended and the provider gave nothing to renew it. Connect the account again.",
}


def _in_progress() -> UnifiedError:
    return UnifiedError(
        "MORPH::CONNECTION::REFRESH_IN_PROGRESS",
        "The connection's token is being renewed by another request. Try again.",
        retry_after=1,
    )
