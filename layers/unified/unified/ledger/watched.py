"""A watched connection, opened for work behind the scenes: which events are wanted of it, and its models."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from unified import table as t
from unified.connections.lifecycle import Connections, connections
from unified.connections.line import Line
from unified.connections.records import Connection, Reference, StoredCredential
from unified.connections.watch import Watch
from unified.connector import ConnectorModel, load_connector
from unified.deadline import Deadline
from unified.deliveries.endpoints import EndpointStore
from unified.errors import UnifiedError
from unified.events import settings as event_settings
from unified.events.bodies import Bodies
from unified.events.records import EVENT_DAYS
from unified.events.settings import EventSettings
from unified.ledger.decisions import Policy
from unified.ledger.ledger import Ledger, TableEntries, Teller
from unified.ledger.progress import Progress
from unified.ledger.subject import Subject
from unified.mapping.custom import NO_MAPPING, FieldMapping, compile_rules, merge
from unified.models.events import models_of
from unified.models.moments import iso_at
from unified.projects import Project, ProjectStore, projects

Result = TypeVar("Result")


def is_renewing(failed: Exception) -> bool:
    """Whether a line failed only because somebody else renews its token just now: no fault, and soon over."""
    return isinstance(failed, UnifiedError) and failed.code == "MORPH::CONNECTION::REFRESH_IN_PROGRESS"


class Watched(NamedTuple):
    """One connection with all that it takes to observe it."""

    home: Home
    watch: Watch
    project: Project
    connection: Connection
    credential: StoredCredential | None
    settings: EventSettings
    patterns: tuple[str, ...]
    definitions: Mapping[str, Mapping[str, Any]]

    @property
    def models(self) -> list[str]:
        """Return the models of which some event is wanted, the project's own among them."""
        known = (*load_connector(self.watch.reference.connector).model_ids, *self.definitions)
        return models_of(self.patterns, known)

    def model(self, model_id: str) -> ConnectorModel:
        """Load a model of the connector, or the project's own."""
        connector = load_connector(self.watch.reference.connector)
        if model_id in connector.model_ids:
            return connector.load(model_id)
        return connector.define(model_id, self.definitions[model_id])

    def subject(self, model_id: str, progress: Progress) -> Subject:
        """Return one model's way into the ledger."""
        model = self.model(model_id)
        policy = Policy(
            progress.is_complete,
            progress.watched_from,
            self.settings.backfill or model.event_sources["created"].delay == "atOnce",
        )
        teller = Teller(self.patterns, self.connection.events, None if self.settings.thin else self._seal)
        entries = TableEntries(self.home.table, self.watch, model_id)
        ledger = Ledger(self.watch, model_id, entries, policy, teller)
        return Subject(model, self._mapping(model), ledger, clock=self.home.clock)

    def line(self, deadline: Deadline, seconds: float | None = None) -> Line:
        """Return the way to call the account, for so many ``seconds`` at most beside the renewal of its token.

        Its limits are not waited out: other accounts' work would wait too.
        """
        home, opened = self.home, (self.connection, self.credential)
        return Line(home.connections, self.project, "watch", *opened, deadline, waits=False, seconds=seconds)

    def _seal(self, resource: Mapping[str, Any]) -> Mapping[str, bytes] | None:
        return self.home.bodies.seal(self.watch, resource)

    def _mapping(self, model: ConnectorModel) -> FieldMapping:
        own = self.connection.mappings.get(model.model.id, ())
        place = self.watch.reference
        defaults = self.home.connections.store.default_mapping(place.project, place.connector, model.model.id)
        return compile_rules(model.model, merge(defaults, own)) if own or defaults else NO_MAPPING


class Home(NamedTuple):
    """What all watched connections share."""

    table: t.Table
    connections: Connections
    projects: ProjectStore
    endpoints: EndpointStore
    bodies: Bodies
    clock: Callable[[], float] = time.time

    def open(self, watch: Watch) -> Watched | None:
        """Open a connection, None when there is no such generation of it any more."""
        loaded = self.connections.store.load(watch.reference)
        connection = loaded.connection
        project = self.projects.find(watch.public_key)
        if connection is None or connection.generation != watch.generation or project is None:
            return None
        place = watch.reference
        patterns = (*connection.events, *self.asked_by_endpoints(place))
        definitions = self.connections.store.definitions(place.project, place.connector) if patterns else {}
        return Watched(
            self,
            watch,
            project,
            connection,
            loaded.credential,
            event_settings.read(self.table, place.project),
            tuple(dict.fromkeys(patterns)),
            definitions,
        )

    def asked_by_endpoints(self, place: Reference) -> list[str]:
        """Return the patterns of the endpoints that take events of this connection.

        One that was disabled for its failures is to get by replay what it missed: its events are made for as long as
        events are kept. One that a person disabled wants none.
        """
        forgotten = iso_at(self.clock() - EVENT_DAYS * 86_400)
        found: list[str] = []
        for endpoint in self.endpoints.all(place.project):
            is_missed = endpoint.reason is not None and endpoint.updated_at > forgotten
            if (endpoint.status == "enabled" or is_missed) and endpoint.serves(place):
                found += endpoint.events or ()
        return found

    def progress(self, watch: Watch, model_id: str, state: Mapping[str, Any]) -> Progress:
        """Return how far a model's sweeps are; where none has begun, the ``state`` says since when it is watched."""
        item = self.table.get(watch.sync_key(f"MODEL#{model_id}"))
        if item is not None:
            return Progress.from_item(item)
        return Progress(model_id, state.get("watchedFrom", {}).get(model_id) or self.now())

    def now(self) -> str:
        """Return the time, as models have it."""
        return iso_at(self.clock())


@lru_cache(maxsize=1)
def home() -> Home:
    """Return this environment's home."""
    shared = connections()
    table = t.table()
    return Home(table, shared, projects(), EndpointStore(table, shared.vault), Bodies(table, shared.vault))
