"""A connection's life: made, authorized, given sessions, removed. What HTTP asks for is done here.

Changing an authorization never loses a working credential: a new one is proven against the provider before
it takes the old one's place, in one transaction, and an abandoned consent changes nothing.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unified.connections.accounts import UNKNOWN, account_of, witnesses
from unified.connections.leases import VersionMoved
from unified.connections.records import Connection, Reference, StoredCredential, seal, sealer, unseal
from unified.connections.requested import checked_events, checked_operations, needed_scopes
from unified.connections.store import ConnectionStore, StoredSession, store
from unified.connections.vault import Vault, vault
from unified.connections.watch import Watch
from unified.connector import Account, Credential, load_connector
from unified.deadline import Deadline
from unified.errors import FieldProblem, Invalid, Missing, Unauthorized, UnifiedError
from unified.log import logger
from unified.models.moments import iso_at, now_iso
from unified.projects import Project
from unified.secret import Secret, fingerprint, random_token
from unified.settings import settings
from unified.table import Update

if TYPE_CHECKING:
    from unified.connections import oauth
    from unified.connections.refresh import Refresher

SESSION_SECONDS = 1800
MAX_SESSION_SECONDS = 604_800
_REVOKE_SECONDS = 3.0


class Connections:
    """What can be done with connections. ``actor`` is who asks, for the audit: a key's id, or a session."""

    def __init__(self, store: ConnectionStore, vault: Vault) -> None:
        self.store = store
        self.vault = vault

    def create(
        self, actor: str, reference: Reference, operations: Sequence[str], events: Sequence[str] = ()
    ) -> Connection:
        """Make a connection, not authorized yet. Raises ``CREATION_FAILED`` when there is one."""
        connection = _new(
            reference,
            checked_operations(self.store, reference, operations),
            checked_events(self.store, reference, events),
        )
        if not self.store.create(connection):
            raise UnifiedError(
                "MORPH::CONNECTION::CREATION_FAILED", "There is a connection of this connector and owner already."
            )
        self.store.audit(reference, actor, "connection.create", "done")
        return connection

    def retrieve(self, reference: Reference) -> Connection:
        """Return a connection. Raises ``Missing``."""
        connection = self.store.get(reference)
        if connection is None:
            raise missing(reference)
        return connection

    def update(
        self,
        actor: str,
        reference: Reference,
        operations: Sequence[str] | None,
        events: Sequence[str] | None = None,
        *,
        create_if_missing: bool,
    ) -> Connection:
        """Replace a connection's operations and events, each where given, or make it when asked to.

        Raises ``Missing``.
        """
        checked = None if operations is None else checked_operations(self.store, reference, operations)
        patterns = None if events is None else checked_events(self.store, reference, events)
        connection = self.store.change(reference, checked, patterns)
        if connection is None and create_if_missing:
            connection = _new(reference, checked or (), patterns or ())
            if not self.store.create(connection):
                connection = self.store.change(reference, checked, patterns)
        if connection is None:
            raise missing(reference)
        self.store.audit(reference, actor, "connection.update", "done")
        return connection

    def delete(self, actor: str, project: Project, reference: Reference) -> None:
        """Remove a connection and all that was given to it; its token is revoked at the provider where it can be.

        Raises ``Missing``. A token that could not be revoked does not keep the connection.
        """
        stored = self.store.read(reference)
        connection = self.store.get(reference)
        if connection is None or not self.store.delete(connection, project.public_key):
            raise missing(reference)
        revoked = stored is not None and self.revoke(project, reference, stored)
        self.store.audit(reference, actor, "connection.delete", "revoked" if revoked else "done")

    def authorize(
        self,
        actor: str,
        project: Project,
        reference: Reference,
        *,
        form: Mapping[str, str],
        scopes: Sequence[str],
        redirect_url: str | None,
        callback_url: str,
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Authorize by the key in ``form``, else begin OAuth; returns the wire's ``connectionAuthorization``.

        Raises ``AUTHORIZATION_DATA_INVALID`` for a key that the provider refuses, ``Missing``, ``Invalid``.
        """
        check_redirect(project, redirect_url)
        loaded = self.store.load(reference)
        connection = loaded.connection
        if connection is None:
            raise missing(reference)
        connector = load_connector(reference.connector)
        credential = connector.credential(form)
        if credential is not None:
            granted = self.prove(reference, credential, deadline)
            account = account_of(reference, granted, deadline) or UNKNOWN
            self.keep(actor, project, connection, loaded.credential, granted, "connection.authorize", account=account)
            return self._authorization(connection, "authorized", granted.scopes)
        from unified.connections.clients import oauth_client
        from unified.connections.consent import begin

        client = oauth_client(self.vault, project, reference)
        if client is None:
            if connection.status == "authorized":
                return self._authorization(connection, "authorized", _scopes(loaded.credential))
            names = ", ".join(setting.key for setting in connector.settings)
            raise Invalid(
                f"Missing required authorization settings: {names}",
                code="MORPH::CONNECTION::MISSING_REQUIRED_AUTHORIZATION_SETTINGS",
                fields=[FieldProblem(f"settings.{s.key}", "is required") for s in connector.settings],
            )
        wanted = sorted({*scopes, *needed_scopes(self.store, reference, connection.operations)})
        if not wanted:
            raise Invalid(
                "The connection has no operations that need a permission, so there is nothing to consent to."
                " Give it operations first.",
                fields=[FieldProblem("operations", "is empty")],
            )
        begun = begin(
            self, project, connection, client, scopes=wanted, redirect_url=redirect_url, callback_url=callback_url
        )
        self.store.audit(reference, actor, "connection.authorize", "begun")
        return {**self.standing(connection, wanted), "authorizationUrl": begun.url}

    def standing(self, connection: Connection, wanted: Sequence[str] = ()) -> dict[str, Any]:
        """Return how a connection's authorization stands, in the wire's form: whether anybody has to do anything."""
        held = _scopes(self.store.read(connection.reference))
        needed = {*wanted, *needed_scopes(self.store, connection.reference, connection.operations)}
        enough = connection.status == "authorized" and held is not None and needed <= set(held)
        return self._authorization(connection, "authorized" if enough else "awaitingAuthorization", held)

    def prove(self, reference: Reference, credential: Credential, deadline: Deadline) -> Credential:
        """Return the credential with the scopes it really has, after a live check.

        Raises ``AUTHORIZATION_DATA_INVALID`` when the provider refuses it.
        """
        connector = load_connector(reference.connector)
        session = connector.open(settings().upstream_urls[reference.connector], credential, deadline, None)
        try:
            found = connector.verify(session).scopes
        except Unauthorized as refused:
            raise UnifiedError(
                "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID",
                f"{connector.name} does not accept this credential.",
                upstream=refused.upstream,
            ) from None
        return Credential(
            credential.kind,
            credential.secret,
            credential.refresh_token,
            credential.expires_at,
            found if found is not None else credential.scopes,
        )

    def keep(
        self,
        actor: str,
        project: Project,
        connection: Connection,
        before: StoredCredential | None,
        credential: Credential,
        action: str,
        *,
        account: Account,
        also: Sequence[Update] = (),
    ) -> None:
        """Put a proven credential in the place of ``before`` and revoke that one where it can be.

        ``account`` is the one that it opens, ``also`` what is written with it or not at all. Raises ``UPDATE_FAILED``
        when another came meanwhile.
        """
        reference = connection.reference
        version = 1 if before is None else before.version + 1
        stored = seal(self.vault, reference, credential, version=version)
        try:
            self.store.replace(
                Watch(reference, connection.generation, project.public_key),
                stored,
                expected=None if before is None else before.version,
                revocations=connection.revocations,
                witnesses=witnesses(reference, account),
                also=also,
            )
        except VersionMoved:
            raise UnifiedError(
                "MORPH::CONNECTION::UPDATE_FAILED", "The connection was changed by another request meanwhile."
            ) from None
        self.store.audit(reference, actor, action, f"authorized:{credential.kind}")
        if before is not None:
            self.revoke(project, reference, before)

    def create_session(
        self,
        actor: str,
        reference: Reference,
        *,
        expires_in: int | None,
        operations: Sequence[str] | None,
        events: Sequence[str] | None = None,
        allows: Callable[[str], bool] = lambda _operation: True,
        manages: bool = True,
    ) -> dict[str, Any]:
        """Make a session for one connection, and the connection itself where there is none.

        Morph's browser components read the connection right after, so it must be there. Given operations and
        events become the connection's, as the wire has it. The session gets those that ``allows`` lets through, and
        with ``manages`` may authorize and remove the connection.
        """
        if operations is None and events is None:
            connection = self.store.get(reference) or self.update(actor, reference, (), create_if_missing=True)
        else:
            connection = self.update(actor, reference, operations, events, create_if_missing=True)
        seconds = SESSION_SECONDS if expires_in is None else expires_in
        token = random_token("sess_")
        expires_at = int(time.time()) + seconds
        self.store.create_session(
            reference,
            token,
            StoredSession(
                tuple(filter(allows, connection.operations)),
                expires_at,
                connection.generation,
                connection.revocations,
                manages,
                actor,
            ),
        )
        self.store.audit(reference, actor, "session.create", session_name(token))
        return {
            "object": "session",
            "connectorId": reference.connector,
            "ownerId": reference.owner,
            "connection": {
                "connectorId": reference.connector,
                "ownerId": reference.owner,
                "operations": list(connection.operations),
            },
            "sessionToken": session_token(reference, token),
            "expiresAt": iso_at(expires_at),
        }

    def refresher(self, project: Project, reference: Reference) -> Refresher:
        """Return what renews this connection's token."""
        from unified.connections import oauth
        from unified.connections.clients import oauth_client
        from unified.connections.refresh import Refresher

        def exchange(refresh_token: Secret, seconds: float) -> oauth.Tokens:
            client = oauth_client(self.vault, project, reference)
            if client is None:
                raise oauth.ClientRejected
            return oauth.refresh_tokens(client, refresh_token, seconds)

        def report(reason: str) -> None:
            logger.error("token refresh", extra={"reason": reason, "connector": reference.connector})
            self.store.audit(reference, "refresh", "connection.refresh", reason)

        return Refresher(
            self.store,
            open_credential=lambda ref, stored: unseal(self.vault, ref, stored),
            sealer=lambda ref: sealer(self.vault, ref),
            exchange=exchange,
            report=report,
        )

    def revoke(self, project: Project, reference: Reference, stored: StoredCredential) -> bool:
        """Revoke an OAuth token at the provider, best effort: it is no longer ours either way."""
        if stored.kind != "oauth2":
            return False
        from unified.connections import oauth
        from unified.connections.clients import oauth_client

        try:
            client = oauth_client(self.vault, project, reference)
            credential = unseal(self.vault, reference, stored)
            token = credential.refresh_token or credential.secret
            return client is not None and oauth.revoke(client, token, _REVOKE_SECONDS)
        except UnifiedError:
            return False

    def _authorization(self, connection: Connection, status: str, scopes: Sequence[str] | None) -> dict[str, Any]:
        needed = needed_scopes(self.store, connection.reference, connection.operations)
        answer: dict[str, Any] = {
            "object": "connectionAuthorization",
            "connectorId": connection.reference.connector,
            "ownerId": connection.reference.owner,
            "status": status,
        }
        if scopes is not None:
            answer["scopes"] = list(scopes)
            answer["missingScopes"] = [scope for scope in needed if scope not in scopes]
        return answer


def missing(reference: Reference) -> Missing:
    """Return the answer for a connection that is not there, or not this project's. It repeats no input."""
    return Missing(
        "MORPH::CONNECTION::NOT_FOUND",
        f"There is no connection of this owner to {load_connector(reference.connector).id}.",
    )


def session_name(token: str) -> str:
    """Return how the audit calls a session: by the beginning of its fingerprint."""
    return f"session:{fingerprint(token)[:12]}"


def session_token(reference: Reference, token: str) -> str:
    """Return what the caller holds: the secret token and where to look for it, so that one read finds all."""
    place = base64.urlsafe_b64encode(f"{reference.connector}\0{reference.owner}".encode()).decode().rstrip("=")
    return f"{token}.{place}"


def split_session_token(project: str, value: str) -> tuple[Reference, str] | None:
    """Read ``session_token`` back; None for what is not one. The project is the caller's, never the token's."""
    token, _, place = value.partition(".")
    try:
        decoded = base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)).decode()
    except ValueError:
        return None
    connector, found, owner = decoded.partition("\0")
    return (Reference(project, connector, owner), token) if found and token.startswith("sess_") else None


def _new(reference: Reference, operations: tuple[str, ...], events: tuple[str, ...]) -> Connection:
    at = now_iso()
    generation = uuid.uuid4().hex
    return Connection(reference, generation, operations, "unauthorized", at, at, "neverAuthorized", events=events)


def check_redirect(project: Project, redirect_url: str | None) -> None:
    """Match the redirect URL exactly against the allow-list (RFC 9700 §4.1.1): no prefix, no wildcard."""
    allowed = project.redirect_urls or settings().allowed_redirect_urls
    if redirect_url is not None and redirect_url not in allowed:
        raise Invalid(
            "redirectUrl is not on the project's list of redirect URLs.",
            fields=[FieldProblem("redirectUrl", "is not allowed")],
        )


def _scopes(stored: StoredCredential | None) -> tuple[str, ...] | None:
    return None if stored is None else stored.scopes


@lru_cache(maxsize=1)
def connections() -> Connections:
    """Return this environment's connections."""
    return Connections(store(), vault())
