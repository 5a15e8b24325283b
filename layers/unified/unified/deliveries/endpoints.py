"""Webhook endpoints: where a project's events go, which of them, signed with what, and whether that works.

An endpoint's secrets are sealed one by one. After a rotation the one before signs beside the new one until its time
ends, so a receiver changes its own copy whenever it likes within the overlap.
"""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from unified import table as t
from unified.connections.records import Reference
from unified.connections.vault import Context, Sealed, Vault, vault
from unified.events.records import Event
from unified.models.events import matches
from unified.models.moments import iso_at, now_iso
from unified.secret import Secret

FAILING_DAYS = 5
"""An endpoint that fails for this long without a success between is disabled."""

_FAILING_SECONDS = FAILING_DAYS * 86_400
# Nothing was tried for so long that it is not known whether the endpoint failed meanwhile: the count begins anew.
# The longest wait between two attempts is a day and its jitter.
_GAP_SECONDS = 2 * 86_400
# How often it is noted that an endpoint still fails: not with every one of thousands of events.
_NOTE_SECONDS = 3600
_SECRET_BYTES = 32
MAX_SECRETS = 5

Status = Literal["enabled", "disabled"]
Reason = Literal["failing", "gone"]


class Endpoint(NamedTuple):
    """One endpoint.

    ``events`` are patterns (``unified.models.events``), None for what each connection asks for itself.
    ``connections`` are (connector, owner), None for all. ``failing_since`` and ``failed_at`` are seconds since the
    epoch, of the first and of a recent failure since anything was delivered. ``untold`` says that it was disabled for
    its failures and that nobody may have been told yet. ``secrets`` are sealed, the newest first, each with the moment
    at which it ends, None for the newest.
    """

    project: str
    id: str
    url: str
    events: tuple[str, ...] | None
    connections: tuple[tuple[str, str], ...] | None
    description: str
    status: Status
    reason: Reason | None
    failing_since: float | None
    failed_at: float | None
    untold: bool
    secrets: Sequence[Mapping[str, Any]]
    created_at: str
    updated_at: str

    def serves(self, connection: Reference) -> bool:
        """Tell whether a connection's events may come here at all, whoever asks for it."""
        return self.connections is None or (connection.connector, connection.owner) in self.connections

    def takes(self, event: Event) -> bool:
        """Tell whether an event goes to this endpoint."""
        if not self.serves(event.reference):
            return False
        return event.subscribed if self.events is None else matches(self.events, event.name)

    @classmethod
    def from_item(cls, project: str, item: Mapping[str, Any]) -> Endpoint:
        """Read it from the table."""
        events, connections = item.get("events"), item.get("connections")
        return cls(
            project,
            item["id"],
            item["url"],
            None if events is None else tuple(events),
            None if connections is None else tuple((one["connector"], one["owner"]) for one in connections),
            item.get("description", ""),
            item["status"],
            item.get("reason"),
            item.get("failingSince"),
            item.get("failedAt"),
            item.get("untold") is True,
            item["secrets"],
            item["createdAt"],
            item["updatedAt"],
        )

    def to_wire(self) -> dict[str, Any]:
        """Spell it for a caller."""
        wire: dict[str, Any] = {
            "object": "webhookEndpoint",
            "id": self.id,
            "url": self.url,
            "events": None if self.events is None else list(self.events),
            "connections": None
            if self.connections is None
            else [{"connectorId": connector, "ownerId": owner} for connector, owner in self.connections],
            "description": self.description,
            "status": self.status,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }
        if self.reason is not None:
            wire["reason"] = self.reason
        if self.failing_since is not None:
            wire["failingSince"] = iso_at(self.failing_since)
        return wire


class EndpointStore:
    """Endpoints in the table."""

    def __init__(self, table: t.Table, vault: Vault) -> None:
        self._table = table
        self._vault = vault

    def create(self, project: str, chosen: Mapping[str, Any]) -> tuple[Endpoint, Secret]:
        """Keep a new endpoint with what was ``chosen``, by the table's names; returns it with its secret."""
        secret = _new_secret()
        now = now_iso()
        item: dict[str, Any] = {
            "description": "",
            "status": "enabled",
            **chosen,
            "id": f"ep_{uuid.uuid4().hex}",
            "secrets": [self._seal(project, secret)],
            "createdAt": now,
            "updatedAt": now,
        }
        self._table.put(t.endpoint_key(project, item["id"]), item, t.ABSENT)
        return Endpoint.from_item(project, item), secret

    def get(self, project: str, endpoint_id: str) -> Endpoint | None:
        """Read one endpoint as it is now."""
        item = self._table.get(t.endpoint_key(project, endpoint_id))
        return None if item is None else Endpoint.from_item(project, item)

    def all(self, project: str) -> list[Endpoint]:
        """Read a project's endpoints."""
        pk, prefix = t.endpoint_key(project, "")
        return [Endpoint.from_item(project, item) for item in self._table.query(pk, prefix)]

    def page(self, project: str, *, limit: int, after: str | None) -> tuple[list[Endpoint], str | None]:
        """Read one page of them behind the endpoint ``after``; returns the id to go on after, None at the end."""
        pk, prefix = t.endpoint_key(project, "")
        position = None if after is None else f"{prefix}{after}"
        items, following = self._table.page(pk, prefix, limit=limit, after=position)
        found = [Endpoint.from_item(project, item) for item in items]
        return found, None if following is None else following.removeprefix(prefix)

    def change(self, project: str, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint | None:
        """Set attributes by the table's names (None removes one); None when there is no such endpoint."""
        try:
            item = self._table.update(
                t.endpoint_key(project, endpoint_id), {**changes, "updatedAt": now_iso()}, condition=t.PRESENT
            )
        except t.ConditionFailed:
            return None
        return Endpoint.from_item(project, item)

    def delete(self, project: str, endpoint_id: str) -> bool:
        """Remove an endpoint with its secrets; False when there is none."""
        return self._table.delete(t.endpoint_key(project, endpoint_id)) is not None

    # Secrets

    def rotate(self, endpoint: Endpoint, overlap: float, now: float) -> tuple[Endpoint, Secret] | None:
        """Give an endpoint a new secret; every one before ends ``overlap`` seconds from now at the latest.

        None when another request changed the secrets meanwhile, or too many of them still sign.
        """
        live = [one for one in endpoint.secrets if _is_live(one, now)] if overlap > 0 else []
        if len(live) >= MAX_SECRETS:
            return None
        secret = _new_secret()
        before = [{**one, "until": min(one.get("until") or now + overlap, now + overlap)} for one in live]
        try:
            item = self._table.update(
                t.endpoint_key(endpoint.project, endpoint.id),
                {"secrets": [self._seal(endpoint.project, secret), *before], "updatedAt": now_iso()},
                condition=t.Condition("#secrets = :before", {"before": list(endpoint.secrets)}, ("secrets",)),
            )
        except t.ConditionFailed:
            return None
        return Endpoint.from_item(endpoint.project, item), secret

    def secrets(self, endpoint: Endpoint, now: float) -> list[Secret]:
        """Open the secrets that sign now, the newest first. Raises ``VaultFailure``."""
        return [
            self._vault.open(endpoint_context(endpoint.project), Sealed.from_item(one))
            for one in endpoint.secrets
            if _is_live(one, now)
        ]

    def _seal(self, project: str, secret: Secret) -> dict[str, Any]:
        return self._vault.seal(endpoint_context(project), secret).to_item()

    # How it fares

    def succeeded(self, endpoint: Endpoint) -> None:
        """Note that something was delivered: writes only where a failure was noted."""
        if endpoint.failing_since is not None:
            self._note(endpoint, {"failingSince": None, "failedAt": None})

    def failed(self, endpoint: Endpoint, now: float, *, gone: bool) -> Reason | None:
        """Note a failure; disables the endpoint if it is one too many, and returns why if this very call did.

        Whoever is to be told of that is told by the caller, who then calls ``told``. Should it die before, the endpoint
        is found ``untold``.
        """
        since, last = endpoint.failing_since, endpoint.failed_at
        if gone:
            return "gone" if self._disable(endpoint, "gone") else None
        if since is None or last is None or now - last > _GAP_SECONDS:
            self._note(endpoint, {"failingSince": now, "failedAt": now})
        elif now - since >= _FAILING_SECONDS:
            return "failing" if self._disable(endpoint, "failing") else None
        elif now - last > _NOTE_SECONDS:
            self._note(endpoint, {"failedAt": now})
        return None

    def told(self, endpoint: Endpoint) -> None:
        """Note that whoever is to know that the endpoint was disabled was told."""
        try:
            self._table.update(t.endpoint_key(endpoint.project, endpoint.id), {"untold": None}, condition=t.PRESENT)
        except t.ConditionFailed:
            return

    def _disable(self, endpoint: Endpoint, reason: Reason) -> bool:
        changes = {"status": "disabled", "reason": reason, "untold": True, "updatedAt": now_iso()}
        return self._note(endpoint, changes, whatever_failed=reason == "gone")

    def _note(self, endpoint: Endpoint, changes: Mapping[str, Any], *, whatever_failed: bool = False) -> bool:
        """Change what is known of an endpoint, unless it is disabled or has another URL by now.

        Unless ``whatever_failed``, also not where somebody else has noted a failure or a success since.
        """
        condition, values = "#status = :enabled AND #url = :url", {"enabled": "enabled", "url": endpoint.url}
        since: dict[str, Any] = {}
        if not whatever_failed and endpoint.failing_since is None:
            condition += " AND attribute_not_exists(#failingSince)"
        elif not whatever_failed:
            condition += " AND #failingSince = :since"
            since = {"since": endpoint.failing_since}
        names = ("status", "url") if whatever_failed else ("status", "url", "failingSince")
        try:
            self._table.update(
                t.endpoint_key(endpoint.project, endpoint.id),
                changes,
                condition=t.Condition(condition, {**values, **since}, names),
            )
        except t.ConditionFailed:
            return False
        return True


@lru_cache(maxsize=1)
def endpoints() -> EndpointStore:
    """Return this environment's endpoints."""
    return EndpointStore(t.table(), vault())


def is_endpoint_id(text: str) -> bool:
    """Tell whether a text can be an endpoint's id: whatever else comes in a path is looked for nowhere."""
    return len(text) == 35 and text.startswith("ep_") and all(c in "0123456789abcdef" for c in text[3:])


def _new_secret() -> Secret:
    """Return a new secret in the specification's spelling: ``whsec_`` and 256 random bits in base 64."""
    return Secret("whsec_" + base64.b64encode(os.urandom(_SECRET_BYTES)).decode())


def _is_live(secret: Mapping[str, Any], now: float) -> bool:
    until = secret.get("until")
    return until is None or until > now


def endpoint_context(project: str) -> Context:
    """Return what a project's endpoint secrets are sealed for."""
    return Context("endpoint", project, "*", "*")
