"""How a category module declares its endpoints.

    @endpoint("brand.list", permission="organizationRead", parameters=PAGED)
    def list_brands(call: Call) -> Listing: ...

A handler returns the `results` (any JSON value) or a `Listing`, or raises `ApiError`. Every module of
`sandbox.categories` is imported by `load_endpoints`, so that a further category is one new file.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import moments
from sandbox.credentials import Principal
from sandbox.errors import ErrorShape, invalid_input, not_found
from sandbox.organisation import Organisation
from sandbox.paging import Listed, Listing, Pager
from sandbox.parameters import Parameter
from sandbox.table import Record


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated, validated call of an endpoint.

    `parameters` holds only what was sent. `user_id` is the user named by `X-On-Behalf-Of`, if any; `base_url` is
    where the caller reaches the sandbox, for answers that contain links to it.
    """

    endpoint: str
    organisation: Organisation
    pager: Pager
    principal: Principal
    parameters: Mapping[str, Any]
    base_url: str
    user_id: str | None = None

    def find(self, kind: str, identifier: str, *, shape: ErrorShape = ErrorShape.CODES_AND_INFO) -> Record:
        """Return the record of a kind, or raise its `..._not_found`."""
        record = self.organisation.tables[kind].get(identifier)
        if record is None:
            raise not_found(kind, shape=shape)
        return record

    def page(self, listed: Listed) -> Listing:
        """Return the page of `listed` that the call asks for; raises the paging errors of `sandbox.paging`."""
        return self.pager.page(self.endpoint, listed, self.parameters, self.organisation.last_change)


Handler = Callable[[Call], Any | Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A declared endpoint; `permission` None means that any valid credential may call it."""

    name: str
    permission: str | None
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    strict: bool = False
    handler: Handler


_registered: dict[str, Endpoint] = {}


def endpoint(
    name: str,
    *,
    permission: str | None,
    parameters: Mapping[str, Parameter] | None = None,
    strict: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a function as the handler of `POST /<name>`.

    `strict` refuses undeclared parameters, as the endpoints do whose published body has
    `additionalProperties: false`.
    """

    def register(handler: Handler) -> Handler:
        _registered[name] = Endpoint(
            name=name, permission=permission, parameters=parameters or {}, strict=strict, handler=handler
        )
        return handler

    return register


def load_endpoints() -> Mapping[str, Endpoint]:
    """Import every category module and return all endpoints by name."""
    package = importlib.import_module("sandbox.categories")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _registered


def creation_window(call: Call) -> tuple[int | None, int | None]:
    """Return `createdAfter` and `createdBefore` (changelog 2026-07-09), both in Unix milliseconds.

    A window that lies in the future or is inverted is `invalid_input`.
    """
    after, before = call.parameters.get("createdAfter"), call.parameters.get("createdBefore")
    if after is not None and after > call.organisation.now():
        raise invalid_input(("createdAfter", "Must not be in the future"))
    if after is not None and before is not None and before <= after:
        raise invalid_input(("createdBefore", "Must be later than createdAfter"))
    return after, before


def published(record: Record, *names: str) -> dict[str, Any]:
    """Return the named fields of a record for the wire: absent instead of null, times as ISO strings."""
    return {
        name: moments.iso(record[name]) if name in _TIMES else record[name]
        for name in names
        if record.get(name) is not None
    }


_TIMES = frozenset(
    {
        "applicationDeadline", "archivedAt", "closedAt", "completedAt", "createdAt", "decidedAt", "endTime",
        "enteredStageAt", "leftStageAt", "openedAt", "referredAt", "requestedAt", "startTime", "submittedAt",
        "updatedAt",
    }
)  # fmt: skip
