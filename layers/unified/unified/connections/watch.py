"""A watched connection: what names one life of a connection in queues and in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.records import Reference

QUIET_SECONDS = 360
"""So long after a connection was removed nobody is at work on it any more: no function runs for longer (template.yaml),
and whatever began later did not find it."""

REMOVAL = "removal"
"""Who holds the lease on a connection that is being removed."""


class Watch(NamedTuple):
    """One generation of a connection. ``public_key`` is the project's, by which its OAuth client is found."""

    reference: Reference
    generation: str
    public_key: str

    def to_message(self) -> dict[str, str]:
        """Spell it for a queue or the table."""
        project, connector, owner = self.reference
        return {
            "project": project,
            "connector": connector,
            "owner": owner,
            "generation": self.generation,
            "publicKey": self.public_key,
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Watch:
        """Read it back."""
        place = Reference(message["project"], message["connector"], message["owner"])
        return cls(place, message["generation"], message["publicKey"])

    def sweep_key(self) -> t.Key:
        """Where lies what is due for it."""
        project, connector, owner = self.reference
        return t.sweep_key(project, connector, self.generation, owner)

    def sync_key(self, sk: str) -> t.Key:
        """Where something of how it is watched lies."""
        project, connector, owner = self.reference
        return t.sync_key(project, connector, self.generation, owner, sk)

    def ledger_key(self, sk: str) -> t.Key:
        """Where lies what was last seen of one of its records."""
        project, connector, owner = self.reference
        return t.ledger_key(project, connector, self.generation, owner, sk)
