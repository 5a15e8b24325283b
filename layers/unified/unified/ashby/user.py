"""``genericUser`` is Ashby's user. Ashby adds, changes and removes users itself; its API only reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unified.ashby.base import AshbyModel
from unified.ashby.client import AshbySession, identity
from unified.ashby.queries import page_of
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record
from unified.errors import Invalid
from unified.mapping import Mapper, Row
from unified.models.generic import GENERIC_USER

_READ = ("organizationRead",)
_NO_WEBHOOKS = "Ashby has no webhooks of users."


class Users(AshbyModel):
    """Users, the deactivated ones among them."""

    model = GENERIC_USER
    mapper = Mapper(
        GENERIC_USER,
        (
            Row("firstName", "firstName"),
            Row("lastName", "lastName"),
            Row("email", "email"),
            Row("role", "globalRole"),
            Row("isActive", "isEnabled"),
        ),
        created_at=None,
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ),
        Operation.RETRIEVE: Capability("native", _READ),
        Operation.CREATE: Capability(
            "refused",
            reason="Ashby's API cannot invite a user: people join in Ashby or by its directory sync.",
        ),
        Operation.UPDATE: Capability(
            "refused",
            reason="Ashby's API cannot change a user; interviewer limits and pauses can be set by the proxy"
            " (user.updateInterviewerSettings, user.createInterviewerPause).",
        ),
        Operation.DELETE: Capability(
            "refused", reason="Ashby's API cannot remove a user: users are deactivated in Ashby."
        ),
        Operation.FIELD_READ: Capability("native", ("hiringProcessMetadataRead",)),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of users to create."),
    }
    filters: Mapping[str, str] = {
        "email": "The user with this e-mail address (user.search).",
        "isActive": "With the value true: only users that may sign in.",
    }
    searchable = True
    syncs = True
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
        "updated": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
        "deleted": EventSource("sweep", "full", reason="Ashby deactivates users, which is an update of isActive."),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``user.list``, or find by e-mail address with ``user.search``."""
        active = query.filters.get("isActive")
        if active not in (None, "true"):
            raise Invalid("filter[isActive] takes only true: Ashby cannot list just the deactivated users.")
        email = query.filters.get("email")
        if query.q is not None:
            if "@" not in query.q or email not in (None, query.q):
                raise Invalid("Ashby finds users by one e-mail address only: q must be that address.")
            email = query.q
        permission = self.permission(Operation.LIST)
        if email is not None:
            found = session.page("user.search", {"email": email}, permission=permission).records
            return Page([user for user in found if active is None or user.get("isEnabled") is True])
        body: dict[str, Any] = {**page_of(query), "includeDeactivated": active is None}
        return session.page("user.list", body, permission=permission)

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``user.info``."""
        return session.record(
            "user.info", {"userId": identity(record_id)}, permission=self.permission(Operation.RETRIEVE)
        )


MODEL = Users()
