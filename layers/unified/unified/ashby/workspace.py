"""``genericWorkspace`` is the organisation itself. Ashby has no endpoint for it: its brands stand for it."""

from __future__ import annotations

from collections.abc import Mapping

from unified.ashby.base import AshbyModel
from unified.ashby.client import PAGE_LIMIT, AshbySession
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record
from unified.errors import Missing
from unified.mapping import Mapper, Row
from unified.models.generic import GENERIC_WORKSPACE

# Ashby gives the organisation no id, and a key sees exactly one.
WORKSPACE_ID = "organization"

_READ = ("organizationRead",)
_SETTINGS = "An Ashby organisation is set up in Ashby: its API cannot {} one."


class Workspaces(AshbyModel):
    """The one organisation of a connection."""

    model = GENERIC_WORKSPACE
    mapper = Mapper(GENERIC_WORKSPACE, (Row("name", "name"),), created_at=None, updated_at=None)
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability(
            "emulated",
            _READ,
            "One record for the organisation, named by its first brand; remote holds all brands.",
        ),
        Operation.RETRIEVE: Capability("emulated", _READ, "The same record; its id is always organization."),
        Operation.CREATE: Capability("refused", reason=_SETTINGS.format("create")),
        Operation.UPDATE: Capability("refused", reason=_SETTINGS.format("change")),
        Operation.DELETE: Capability("refused", reason=_SETTINGS.format("delete")),
        Operation.FIELD_READ: Capability("native"),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of the organisation."),
    }
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "atOnce", reason="When a connection is first read."),
        "updated": EventSource("sweep", "incremental", reason="Ashby has no webhooks of the organisation."),
        "deleted": EventSource("sweep", "atOnce", reason="When the connection is removed."),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """Give the one record."""
        return Page([self._organisation(session)])

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Give the one record under its one id."""
        if record_id != WORKSPACE_ID:
            raise Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", f"The one workspace's id is {WORKSPACE_ID}.")
        return self._organisation(session)

    def _organisation(self, session: AshbySession) -> Record:
        brands = session.everything("brand.list", {"limit": PAGE_LIMIT}, permission=self.permission(Operation.LIST))
        first = brands[0] if brands else {}
        return {"id": WORKSPACE_ID, "name": first.get("name"), "brands": brands}


MODEL = Workspaces()
