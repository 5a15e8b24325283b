"""What a connector must supply, and what it is given: the whole contract between ours and a provider's side.

A connector is a package with a ``CONNECTOR`` object in it; a model is one module in that package. Neither
knows AWS, API Gateway or how a credential is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from unified.errors import Missing
from unified.secret import Secret

if TYPE_CHECKING:
    from unified.connector_hooks import HookSettings
    from unified.deadline import Deadline
    from unified.mapping import Mapper
    from unified.models import Model

NOTHING: Mapping[str, str] = MappingProxyType({})

Record = dict[str, Any]
"""One record as the provider's API gives it."""


class Operation(StrEnum):
    """What can be done with a model; an operation on the wire is ``model::operation``."""

    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"
    FIELD_READ = "fieldRead"
    FIELD_WRITE = "fieldWrite"


Mode = Literal["native", "emulated", "refused"]


class Capability(NamedTuple):
    """One cell of the capability table.

    ``permissions`` are the provider's own names, all needed at every call; ``sometimes`` are those that only some
    calls need. ``reason`` says what an emulation does, or why the provider cannot do it and what comes nearest; a
    native operation needs none.
    """

    mode: Mode
    permissions: tuple[str, ...] = ()
    reason: str = ""
    sometimes: tuple[str, ...] = ()


class Setting(NamedTuple):
    """One field of the form by which a person authorizes (the wire's ``SettingField``)."""

    key: str
    name: str
    description: str
    required: bool = False
    secret: bool = False


class Credential(NamedTuple):
    """What proves us to the provider: an API key, or an OAuth token with what renews it.

    ``expires_at`` is in seconds since the epoch, None where the provider did not say. ``scopes`` are those
    granted, None where unknown.
    """

    kind: Literal["apiKey", "oauth2"]
    secret: Secret
    refresh_token: Secret | None = None
    expires_at: int | None = None
    scopes: tuple[str, ...] | None = None


class ListQuery(NamedTuple):
    """What a caller asks of a list, already validated.

    ``cursor`` and ``sync_token`` are what this model itself gave earlier.
    """

    limit: int
    cursor: str | None = None
    q: str | None = None
    filters: Mapping[str, str] = NOTHING
    sync_token: str | None = None


class Page(NamedTuple):
    """One page of records, the cursor of the next or None, and what the caller should know of it.

    ``sync_token`` comes with the last page of a list that can be gone on with later. ``groups`` are beginnings of
    ids: of each, the page holds every record that there is, so one that was known and is not on it is gone.
    """

    records: Sequence[Record]
    next: str | None = None
    warnings: Sequence[str] = ()
    sync_token: str | None = None
    groups: Sequence[str] = ()


class Written(NamedTuple):
    """A record after a write. ``not_written`` names fields that the provider refused after the record was made."""

    record: Record
    not_written: Mapping[str, str] = NOTHING


class Hint(NamedTuple):
    """What a webhook says may have changed: one record, or with ``is_group`` all whose ids begin with ``record_id``.

    ``record`` is the record as the model's list gives it, None where the webhook does not hold it whole and it must
    be read. ``is_gone`` says that the record is deleted, ``merged_into`` which one took its place.
    """

    model: str
    record_id: str
    record: Record | None = None
    is_gone: bool = False
    merged_into: str | None = None
    is_group: bool = False


class EventSource(NamedTuple):
    """How an event (``model::trigger``) comes about: by the provider's webhooks, or by our reading on a schedule.

    ``actions`` are the provider's names of the webhooks; what they miss, the sweep finds. ``by_hand`` says that the
    provider's API cannot set these webhooks up and a person must. ``delay`` is the sweep that finds it at the latest.
    """

    mode: Literal["native", "sweep"]
    delay: Literal["incremental", "full", "atOnce"]
    actions: tuple[str, ...] = ()
    by_hand: bool = False
    reason: str = ""


class Verification(NamedTuple):
    """What a live check of a credential found: the scopes it holds, None when it may not read its own."""

    scopes: tuple[str, ...] | None


class Account(NamedTuple):
    """Which account a credential opens: its name, and ids that no other account has, each as ``kind:id``.

    Two credentials of one account have an id in common wherever both see ids of one kind.
    """

    name: str | None
    ids: tuple[str, ...]


class KeyGuide(NamedTuple):
    """How a person makes a key at the provider, for the connect page.

    ``address`` is where it begins, ``steps`` and ``notes`` are in plain text by language, ``permissions`` gives the
    provider's own name of each permission as module and box, and ``own`` is the one by which a key may tell its others.
    """

    address: str
    steps: Mapping[str, Sequence[str]]
    notes: Mapping[str, Sequence[str]]
    permissions: Mapping[str, tuple[str, str]]
    own: str


class Session(Protocol):
    """An open line to one connected account; what it can do is the connector's own affair."""


class ConnectorModel(Protocol):
    """One model of a connector: its table of fields, what it offers, and its operations.

    Operations take a session and plain values, return the provider's records, and raise ``UnifiedError``.
    An operation whose capability is ``refused`` is never called.
    """

    @property
    def model(self) -> Model:
        """The unified model it supplies."""
        ...

    @property
    def mapper(self) -> Mapper:
        """How its records are read and written."""
        ...

    @property
    def capabilities(self) -> Mapping[Operation, Capability]:
        """A cell for each of the five operations and ``fieldRead``, ``fieldWrite``."""
        ...

    @property
    def filters(self) -> Mapping[str, str]:
        """Filters a list takes, with what each means; everything else is refused by name."""
        ...

    @property
    def searchable(self) -> bool:
        """Whether a list takes ``q``."""
        ...

    @property
    def syncs(self) -> bool:
        """Whether a whole list ends with a token by which the next one gives only what has changed."""
        ...

    @property
    def unhashed(self) -> frozenset[str]:
        """Fields that are not the same wherever a record is read, so a change of them makes no event."""
        ...

    @property
    def extras(self) -> frozenset[str]:
        """Fields that take calls of their own: one record has them, a list only when ``fields`` names them."""
        ...

    @property
    def event_sources(self) -> Mapping[str, EventSource]:
        """How each of the triggers ``created``, ``updated``, ``deleted`` comes about."""
        ...

    def list(self, session: Any, query: ListQuery) -> Page:
        """Return one page, without extras."""
        ...

    def sweep(self, session: Any, query: ListQuery) -> Page:
        """Return one page for a sweep: as ``list`` without filters, archived and closed records among them.

        Takes a ``sync_token`` wherever a page of it ever gave one, with ``groups`` where records come and go in
        groups. Raises ``SyncTokenExpired`` for a token that no longer serves: all must be listed anew.
        """
        ...

    def members(self, session: Any, group: str) -> Sequence[Record]:
        """Return every record whose id begins with ``group``; only models whose hints are groups have them."""
        ...

    def is_restricted(self, record: Record) -> bool:
        """Tell whether only a credential with special access sees this record (Ashby: confidential jobs)."""
        ...

    def retrieve(self, session: Any, record_id: str) -> Record:
        """Return one record, without extras. Raises ``Missing``."""
        ...

    def with_extras(self, session: Any, records: Sequence[Record], fields: Collection[str]) -> Sequence[Record]:
        """Return the records with what the extras in ``fields`` are read from.

        What cannot be read costs these fields, with the reason as their warning, never the record.
        """
        ...

    def create(self, session: Any, fields: Mapping[str, Any]) -> Written:
        """Make a record of checked unified fields."""
        ...

    def update(self, session: Any, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change the given fields and no others."""
        ...

    def delete(self, session: Any, record_id: str) -> None:
        """Delete, as the capability says."""
        ...

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[Any, int], str | None] | None:
        """Return how to find a record that a create of ``fields`` may have made since a time (epoch seconds).

        The function takes a session and the time, and returns the record's id or None when it certainly was not
        made. None where these fields give nothing to look up by.
        """
        ...

    def write_custom(self, session: Any, record_id: str, values: Mapping[str, Any]) -> None:
        """Write values of the account's own fields, by the field's id. Raises ``Refused`` where it has none."""
        ...

    def create_field(self, session: Any, field: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a field of the account's own: ``name``, ``type``, ``format``, ``description``, ``options``.

        Returns it in the wire's ``UnifiedField`` form. Raises ``FIELD_ALREADY_EXISTS``, ``Invalid``.
        """
        ...

    def custom_fields(self, session: Any) -> Sequence[Mapping[str, Any]]:
        """Return the account's own fields on this model, in the wire's ``UnifiedField`` form."""
        ...


class Connector(Protocol):
    """A provider: its name, how one authorizes, its models and how a line to it is opened."""

    @property
    def id(self) -> str:
        """The ``connectorId`` on the wire."""
        ...

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    @property
    def settings(self) -> Sequence[Setting]:
        """The form for authorizing by key."""
        ...

    @property
    def permission_hint(self) -> str:
        """Where a person gives a key one more permission."""
        ...

    @property
    def blind_spots(self) -> Sequence[str]:
        """What a key may fail to show without an error, for the person to check."""
        ...

    @property
    def model_ids(self) -> Sequence[str]:
        """Its models, without loading them."""
        ...

    def load(self, model_id: str) -> ConnectorModel:
        """Load one model. Raises ``Missing`` for one it does not have."""
        ...

    def define(self, model_id: str, definition: Mapping[str, Any]) -> ConnectorModel:
        """Make a model of a project's own definition. Raises ``Invalid`` that names what cannot be."""
        ...

    def credential(self, settings: Mapping[str, str]) -> Credential | None:
        """Make a credential of the form's settings, None when they hold no key. Raises ``Invalid``."""
        ...

    def open(
        self,
        base_url: str,
        credential: Credential,
        deadline: Deadline,
        renew: Callable[[], Credential] | None,
        *,
        waits: bool = True,
    ) -> Any:
        """Open a line. ``renew`` gives a fresh credential when the provider says that this one has expired.

        Unless it ``waits``, a limit of the account's is raised at once, for whoever has other work to go on with.
        """
        ...

    def verify(self, session: Any) -> Verification:
        """Prove the credential by a harmless call. Raises ``Unauthorized`` when it is refused."""
        ...

    def account(self, session: Any) -> Account:
        """Tell which account a credential opens, as far as it may read that; raises what kept the provider from it."""
        ...

    @property
    def key_guide(self) -> KeyGuide:
        """How a person makes a key."""
        ...

    def scopes(self, operations: Sequence[str]) -> tuple[str, ...]:
        """Return the provider's permissions that ``operations`` (``model::operation``) need, sorted."""
        ...

    def hints(self, action: str, data: Mapping[str, Any]) -> Sequence[Hint] | None:
        """Return what a webhook says may have changed, None for an action that is not known."""
        ...

    @property
    def hooks(self) -> HookSettings:
        """How webhooks are set up in an account."""
        ...


# Adding a connector is adding its package and its name here; the module is loaded when first asked for.
_PACKAGES: Mapping[str, str] = {"ashby": "unified.ashby"}


def connector_ids() -> Sequence[str]:
    """Return the ids of all connectors."""
    return tuple(_PACKAGES)


def load_connector(connector_id: str) -> Connector:
    """Load a connector. Raises ``Missing`` (``CONNECTOR::NOT_FOUND``)."""
    package = _PACKAGES.get(connector_id)
    if package is None:
        raise Missing("CONNECTOR::NOT_FOUND", "There is no connector of that name.")
    connector: Connector = import_module(package).CONNECTOR
    return connector


def known_operations(connector: Connector) -> frozenset[str]:
    """Return every ``model::operation`` that a connection to ``connector`` may be given."""
    return frozenset(f"{model}::{operation}" for model in connector.model_ids for operation in Operation)
