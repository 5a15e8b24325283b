"""Who calls and what it may do: headers to a caller, a caller to one connection.

One read of the table finds connection, credential and session together; the project's keys are remembered
(``unified.projects``). Every way to be wrong gets the same answer, and another project's connection is as
absent as one that never was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from unified.connections.lifecycle import Connections, missing, session_name, split_session_token
from unified.connections.line import Line
from unified.connections.records import Connection, Reference, StoredCredential
from unified.connector import Capability, ConnectorModel, connector_ids, load_connector
from unified.deadline import Deadline
from unified.errors import Invalid, UnifiedError
from unified.grants import FULL, Grant, Need
from unified.projects import Project, ProjectStore
from unified.secret import Secret

if TYPE_CHECKING:
    from unified.mapping.custom import FieldMapping
    from unified.models import Model

_MAX_OWNER = 250
# 250 letters of any script in daily use. With project, connector and generation before it the owner is part of a sort
# key (``SWEEP``), of which DynamoDB takes 1,024 bytes.
_MAX_OWNER_BYTES = 750
_MAX_PUBLIC_KEY = 250
# Whatever else is asked for has no definition or mapping to read, and DynamoDB fails on a very long key.
_MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}")
# What JavaScript makes of a value that is not there: never somebody's id, always somebody's mistake.
_NOT_AN_ID = frozenset({"undefined", "null", "NaN", "[object Object]"})

Result = TypeVar("Result")


class Caller(NamedTuple):
    """Who calls: a project by one of its secret keys. ``actor`` is the key's id, for the audit."""

    project: Project
    actor: str
    grant: Grant = FULL

    def require(self, need: Need) -> None:
        """Let through what the key may do. Raises ``KEY::FORBIDDEN``."""
        if not self.grant.meets(need):
            raise UnifiedError("MORPH::KEY::FORBIDDEN", f"This key was not given {need}.")

    def require_operations(self, operations: Iterable[str]) -> None:
        """Let a key give to others only what it has itself. Raises ``KEY::FORBIDDEN``."""
        for operation in operations:
            if not self.grant.may_give(operation):
                raise UnifiedError("MORPH::KEY::FORBIDDEN", f"This key was not given {operation[:80]}.")


def authenticate(projects: ProjectStore, headers: Mapping[str, str], need: Need = Need.ANY) -> Caller:
    """Return the caller of a server-side request (``x-api-key`` with ``x-api-secret``).

    Raises ``UNAUTHENTICATED``, and ``KEY::FORBIDDEN`` for a key that may not use routes that ask for ``need``.
    """
    public_key, secret = headers.get("x-api-key", ""), headers.get("x-api-secret", "")
    checked = projects.check(public_key, Secret(secret)) if _may_be_key(public_key) and secret else None
    if checked is None:
        raise _wrong_key()
    project, key = checked
    projects.note_use(public_key, key)
    caller = Caller(project, f"key:{key.id}", key.grant)
    caller.require(need)
    return caller


def reference(caller: Caller, connector_id: str, owner_id: str) -> Reference:
    """Check what names a connection. Raises ``CONNECTOR::NOT_FOUND`` or ``Invalid``.

    One that the key may not see is as absent as one that never was: ``Missing``.
    """
    load_connector(connector_id)
    if not _is_owner(owner_id):
        raise Invalid(
            f"The owner id must be 1 to {_MAX_OWNER} printable characters ({_MAX_OWNER_BYTES} bytes of UTF-8), your own"
            " id of your customer, and not undefined or null."
        )
    place = Reference(caller.project.id, connector_id, owner_id)
    if not caller.grant.covers(connector_id, owner_id):
        raise missing(place)
    return place


class Access(NamedTuple):
    """One caller's hold on one connection, from a single read. ``ends_at`` is when a session ends, for a key None."""

    connections: Connections
    project: Project
    actor: str
    connection: Connection
    credential: StoredCredential | None
    operations: frozenset[str]
    by_session: bool
    deadline: Deadline
    defaults: Sequence[Mapping[str, Any]] = ()
    definition: Mapping[str, Any] | None = None
    grant: Grant = FULL
    ends_at: int | None = None

    def model(self, model_id: str) -> ConnectorModel:
        """Return a model of the connector, or the project's own of that name. Raises ``Missing``."""
        connector = load_connector(self.connection.reference.connector)
        if self.definition is not None and model_id not in connector.model_ids:
            return connector.define(model_id, self.definition)
        return connector.load(model_id)

    def mapping(self, model: Model) -> FieldMapping:
        """Return the field mapping that holds here: the connection's own rules before the project's."""
        from unified.mapping.custom import NO_MAPPING, compile_rules, merge

        own = self.connection.mappings.get(model.id, ())
        return compile_rules(model, merge(self.defaults, own)) if own or self.defaults else NO_MAPPING

    def require(self, operation: str) -> None:
        """Let through what the connection (and the session) was given. Raises ``OPERATION_NOT_GRANTED``."""
        if operation not in self.operations:
            if operation in self.connection.operations and not self.by_session:
                raise UnifiedError("MORPH::KEY::FORBIDDEN", f"This key was not given {operation}.")
            whose = "session" if self.by_session else "connection"
            raise UnifiedError(
                "MORPH::CONNECTION::OPERATION_NOT_GRANTED",
                f"This {whose} was not given {operation}. Add it to the connection's operations.",
            )

    def run(self, work: Callable[[Any], Result], capability: Capability | None = None) -> Result:
        """Run ``work`` on an open line to the account (``Line.run``)."""
        return self.line.run(work, capability)

    @property
    def line(self) -> Line:
        """The way to call the account."""
        return Line(self.connections, self.project, self.actor, self.connection, self.credential, self.deadline)


def open_connection(
    connections: Connections,
    projects: ProjectStore,
    headers: Mapping[str, str],
    deadline: Deadline,
    model: str | None = None,
    need: Need = Need.ANY,
) -> Access:
    """Return the caller's hold on the connection that its headers name, with the mapping of ``model`` where given.

    A session token names its own connection, and decides even beside a secret key: it may less. A secret key
    names one by ``x-connector-id`` and ``x-owner-id``. Raises ``UNAUTHENTICATED``, a session error,
    ``Invalid``, ``Missing``, and ``KEY::FORBIDDEN`` or ``SESSION::FORBIDDEN`` for one that does not meet ``need``.
    """
    if model is not None and not is_model_name(model):
        model = None
    token = headers.get("x-session-token")
    if token is not None:
        access = _by_session(connections, projects, headers.get("x-api-key", ""), token, deadline, model, need)
        place = access.connection.reference
        named = (headers.get("x-connector-id", place.connector), headers.get("x-owner-id", place.owner))
        if named != (place.connector, place.owner):
            raise Invalid("x-connector-id and x-owner-id name another connection than the session's.")
        return access
    caller = authenticate(projects, headers, need)
    if "x-connector-id" not in headers or "x-owner-id" not in headers:
        raise Invalid("x-connector-id and x-owner-id must name a connection, or x-session-token a session.")
    place = reference(caller, headers["x-connector-id"], headers["x-owner-id"])
    loaded = connections.store.load(place, model=model)
    if loaded.connection is None:
        raise missing(place)
    return Access(
        connections,
        caller.project,
        caller.actor,
        loaded.connection,
        loaded.credential,
        frozenset(name for name in loaded.connection.operations if caller.grant.allows(name)),
        by_session=False,
        deadline=deadline,
        grant=caller.grant,
        defaults=loaded.defaults,
        definition=loaded.definition,
    )


def _by_session(
    connections: Connections,
    projects: ProjectStore,
    public_key: str,
    value: str,
    deadline: Deadline,
    model: str | None,
    need: Need,
) -> Access:
    project = projects.find(public_key) if _may_be_key(public_key) else None
    if project is None:
        raise _wrong_key()
    found = split_session_token(project.id, value)
    if found is None or found[0].connector not in connector_ids() or not _is_owner(found[0].owner):
        raise _bad_session()
    place, token = found
    loaded = connections.store.load(place, session_token=token, model=model)
    session = loaded.session
    if session is None:
        raise _bad_session()
    if session.expires_at <= time.time():
        raise UnifiedError("MORPH::SESSION::EXPIRED", "The session has ended. Make a new one.")
    if loaded.connection is None or loaded.connection.generation != session.generation:
        raise missing(place)
    if loaded.connection.revocations != session.revocations:
        raise _bad_session()
    if need == Need.MANAGE and not session.manages:
        raise UnifiedError(
            "MORPH::SESSION::FORBIDDEN", "This session may not change its connection: it was made without manage."
        )
    return Access(
        connections,
        project,
        f"{session_name(token)}/{session.made_by}",
        loaded.connection,
        loaded.credential,
        # What the connection has lost since, the session has lost too.
        frozenset(session.operations) & frozenset(loaded.connection.operations),
        by_session=True,
        deadline=deadline,
        defaults=loaded.defaults,
        definition=loaded.definition,
        ends_at=session.expires_at,
    )


def is_model_name(text: str) -> bool:
    """Tell whether a text can be a model's name at all."""
    return _MODEL_NAME.fullmatch(text) is not None


def _is_owner(owner_id: str) -> bool:
    return (
        0 < len(owner_id) <= _MAX_OWNER
        and owner_id.isprintable()
        and len(owner_id.encode()) <= _MAX_OWNER_BYTES
        and owner_id not in _NOT_AN_ID
        and owner_id == owner_id.strip()
    )


def _may_be_key(public_key: str) -> bool:
    """Whether to look a public key up at all: DynamoDB fails on one that is empty or very long."""
    return 0 < len(public_key) <= _MAX_PUBLIC_KEY


def _wrong_key() -> UnifiedError:
    return UnifiedError(
        "MORPH::UNAUTHENTICATED",
        "x-api-key and x-api-secret must be a project's public and secret key"
        " (or x-session-token a session of that project).",
    )


def _bad_session() -> UnifiedError:
    return UnifiedError("MORPH::SESSION::TOKEN_VALIDATION_FAILED", "The session token is not one of this project's.")
