"""The fixed bodies of requests about endpoints and events. Loaded only when one of them arrives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from unified.addresses import MAX_URL
from unified.api.bodies import Body

MAX_OVERLAP_SECONDS = 7 * 86_400
_Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
_Pattern = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Moment = Annotated[str, StringConstraints(max_length=40)]
_Cursor = Annotated[str, StringConstraints(max_length=100)]
_Patterns = Annotated[list[_Pattern], Field(min_length=1, max_length=100)]


def _unsaid(schema: dict[str, Any]) -> None:
    """Describe no default: what a change does not name stays as it is."""
    schema.pop("default", None)


class EndpointConnection(Body):
    """A connection whose events an endpoint takes."""

    connectorId: str  # noqa: N815 - the wire's name
    ownerId: str  # noqa: N815 - the wire's name


_Connections = Annotated[list[EndpointConnection], Field(min_length=1, max_length=100)]


class EndpointBody(Body):
    """A new webhook endpoint: where to, and which events; without ``events``, what each connection asks for itself."""

    url: _Url
    events: _Patterns | None = None
    connections: _Connections | None = None
    description: str = Field(default="", max_length=500)
    status: Literal["enabled", "disabled"] = "enabled"


class EndpointChangeBody(Body):
    """What shall be different; what is not named stays. ``null`` takes a choice of events or connections back."""

    url: Annotated[str, StringConstraints(max_length=MAX_URL)] = Field(default="", json_schema_extra=_unsaid)
    events: _Patterns | None = Field(default=None, json_schema_extra=_unsaid)
    connections: _Connections | None = Field(default=None, json_schema_extra=_unsaid)
    description: str = Field(default="", max_length=500, json_schema_extra=_unsaid)
    status: Literal["enabled", "disabled"] = Field(default="enabled", json_schema_extra=_unsaid)


class RotateBody(Body):
    """For how many seconds the secrets of before sign beside the new one; 0 ends them at once."""

    overlapSeconds: int = Field(default=86_400, ge=0, le=MAX_OVERLAP_SECONDS)  # noqa: N815 - the wire's name


class ReplayBody(Body):
    """From when to when events shall be delivered again: all, or ``only`` what has not arrived.

    ``cursor`` is the answer's ``next``, to go on.
    """

    since: _Moment
    until: _Moment | None = None
    only: Literal["undelivered"] | None = None
    cursor: _Cursor | None = None


class EventReplayBody(Body):
    """Which endpoint shall have the event again; without one, every endpoint that takes it."""

    endpointId: str | None = Field(default=None, max_length=60)  # noqa: N815 - the wire's name


class EventSettingsBody(Body):
    """What shall be different in how a project wants its events."""

    thin: bool = Field(default=True, json_schema_extra=_unsaid)
    backfill: bool = Field(default=False, json_schema_extra=_unsaid)
    sweepMinutes: int = Field(default=15, ge=5, le=1440, json_schema_extra=_unsaid)  # noqa: N815 - the wire's name
    fullSweepHours: int = Field(default=24, ge=1, le=168, json_schema_extra=_unsaid)  # noqa: N815 - the wire's name


REQUESTS: tuple[type[Body], ...] = (
    EndpointBody,
    EndpointChangeBody,
    RotateBody,
    ReplayBody,
    EventReplayBody,
    EventSettingsBody,
)
