"""An open line to one connected account: a working credential, renewed when due, refused only when it is dead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from unified.connector import Capability, Connector, load_connector
from unified.errors import Unauthorized, UnifiedError, UpstreamFailure
from unified.settings import settings

if TYPE_CHECKING:
    from unified.connections.lifecycle import Connections
    from unified.connections.records import Connection, StoredCredential
    from unified.deadline import Deadline
    from unified.projects import Project

Result = TypeVar("Result")


class Line(NamedTuple):
    """What it takes to call a connected account. ``actor`` is who does, for the audit.

    A limit of the account's is waited out, unless ``waits`` is false. Calls end with ``deadline`` or after ``seconds``,
    which are for them alone: a token's renewal must not be cut short.
    """

    connections: Connections
    project: Project
    actor: str
    connection: Connection
    credential: StoredCredential | None
    deadline: Deadline
    waits: bool = True
    seconds: float | None = None

    def run(self, work: Callable[[Any], Result], capability: Capability | None = None) -> Result:
        """Run ``work`` on an open line to the account, with a token renewed when it is due.

        With ``capability``, a permission that the credential is known to lack is refused before anything is sent.
        A credential that the provider refuses for good marks the connection unauthorized; a missing permission
        does not. Raises what ``work`` raises, and ``Unauthorized`` when there is nothing to work with.
        """
        reference = self.connection.reference
        if self.connection.status != "authorized" or self.credential is None:
            raise Unauthorized(
                "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN",
                "The connection is not authorized. Let its owner authorize it first.",
            )
        refresher = self.connections.refresher(self.project, reference)
        stored, credential = refresher.working(reference, self.credential, self.deadline)

        def renew() -> Any:
            nonlocal stored
            stored, renewed = refresher.working(reference, stored, self.deadline, rejected=True)
            return renewed

        connector = load_connector(reference.connector)
        session = connector.open(
            settings().upstream_urls[reference.connector],
            credential,
            self.deadline if self.seconds is None else self.deadline.within(self.seconds),
            renew if credential.kind == "oauth2" else None,
            waits=self.waits,
        )
        try:
            if capability is not None and missing_permissions(capability, stored.scopes):
                self._permit(connector, session, stored, capability)
            return work(session)
        except Unauthorized as refused:
            if refused.upstream is not None:
                self._confirm_dead(connector, session, stored)
            raise

    def _permit(self, connector: Connector, session: Any, stored: StoredCredential, capability: Capability) -> None:
        """Refuse for a permission that is missing, once the provider has said again which ones there are.

        What was noted when the account was connected may be out of date: somebody may have ticked the box since.
        """
        scopes = connector.verify(session).scopes
        if scopes is not None and scopes != stored.scopes:
            self.connections.store.set_scopes(self.connection.reference, stored, scopes)
        lacking = missing_permissions(capability, stored.scopes if scopes is None else scopes)
        if lacking:
            raise UpstreamFailure(
                "MORPH::CONNECTION::PROXY::FORBIDDEN",
                f"The {connector.name} credential lacks {', '.join(lacking)}. {connector.permission_hint}",
                permission=lacking[0],
            )

    def _confirm_dead(self, connector: Connector, session: Any, stored: StoredCredential) -> None:
        """Mark the connection unauthorized once the provider has refused its credential twice, on two endpoints.

        A connection that is marked must be authorized again by a person: one odd answer is not enough.
        """
        reference = self.connection.reference
        try:
            connector.verify(session)
        except Unauthorized:
            if self.connections.store.mark_unauthorized(reference, stored, "credentialRefused"):
                self.connections.store.audit(reference, self.actor, "connection.lost", "credentialRefused")
        except UnifiedError:
            pass


def missing_permissions(capability: Capability, scopes: Sequence[str] | None) -> list[str]:
    """Return the permissions that an operation needs and the credential is known to lack."""
    return [] if scopes is None else [name for name in capability.permissions if name not in scopes]
