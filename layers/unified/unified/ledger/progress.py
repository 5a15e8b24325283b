"""How far the sweeps of one model of a watched connection are: kept so that the next invocation goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["full", "incremental"]


class Run(NamedTuple):
    """A pass that is under way. ``began_at`` is in seconds since the epoch.

    ``cursor`` is that of the next page, ``pages`` how many were taken in; ``is_listed`` says that all were, and what
    is gone is being looked at. ``failures`` counts those that got no further than page ``failed_at``.
    """

    id: str
    kind: Kind
    began_at: float
    cursor: str | None = None
    pages: int = 0
    records: int = 0
    is_listed: bool = False
    sync_token: str | None = None
    failures: int = 0
    failed_at: int = 0

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "id": self.id,
            "kind": self.kind,
            "beganAt": self.began_at,
            "cursor": self.cursor,
            "pages": self.pages,
            "records": self.records,
            "isListed": self.is_listed,
            "syncToken": self.sync_token,
            "failures": self.failures,
            "failedAt": self.failed_at,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Run:
        """Read it from the table."""
        return cls(
            item["id"],
            item["kind"],
            item["beganAt"],
            item.get("cursor"),
            item["pages"],
            item["records"],
            item["isListed"],
            item.get("syncToken"),
            item.get("failures", 0),
            item.get("failedAt", 0),
        )


class Held(NamedTuple):
    """Why nothing was taken for deleted: in our word, since when, and how much of how much was missing.

    ``restrictedAccessLost``: what only special access shows is no longer seen. ``implausible``: far more is missing
    than people delete. ``permissionMissing``: the credential may not read the model. ``pageFailed``: a page could not
    be read, time and again.
    """

    reason: Literal["restrictedAccessLost", "implausible", "permissionMissing", "pageFailed"]
    at: str
    missing: int = 0
    known: int = 0
    permission: str | None = None

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table and the wire."""
        return {
            "reason": self.reason,
            "at": self.at,
            "missing": self.missing,
            "known": self.known,
            **({"permission": self.permission} if self.permission else {}),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Held:
        """Read it from the table."""
        return cls(item["reason"], item["at"], item["missing"], item["known"], item.get("permission"))


class Progress(NamedTuple):
    """A model's sweeps.

    ``watched_from`` (ISO 8601) is since when it is watched, ``is_complete`` whether a full one ever ended. Times are
    seconds since the epoch. ``asked_at``, ``wants_full`` and ``accepts`` are what a person asked for: a pass, a full
    one, and that it may take for deleted what was held back. A pass does not write these.
    """

    model: str
    watched_from: str
    is_complete: bool = False
    sync_token: str | None = None
    swept_at: float = 0
    full_at: float = 0
    run: Run | None = None
    held: Held | None = None
    wants_full: bool = False
    accepts: bool = False
    asked_at: float = 0

    @property
    def is_asked_for(self) -> bool:
        """Whether a person asked for a pass since the last one began."""
        return self.asked_at > self.swept_at

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "model": self.model,
            "watchedFrom": self.watched_from,
            "isComplete": self.is_complete,
            "syncToken": self.sync_token,
            "sweptAt": self.swept_at,
            "fullAt": self.full_at,
            "run": None if self.run is None else self.run.to_item(),
            "held": None if self.held is None else self.held.to_item(),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Progress:
        """Read it from the table."""
        run, held = item.get("run"), item.get("held")
        return cls(
            item["model"],
            item["watchedFrom"],
            item["isComplete"],
            item.get("syncToken"),
            item["sweptAt"],
            item["fullAt"],
            None if run is None else Run.from_item(run),
            None if held is None else Held.from_item(held),
            item.get("wantsFull") is True,
            item.get("accepts") is True,
            item.get("askedAt", 0),
        )
