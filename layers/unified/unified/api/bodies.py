"""The fixed bodies of requests, checked by pydantic. Loaded only when one of them arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from unified.api.body_rules import rule
from unified.connections.lifecycle import MAX_SESSION_SECONDS
from unified.connections.links import MAX_LINK_SECONDS
from unified.errors import FieldProblem, Invalid

_Operation = Annotated[str, StringConstraints(min_length=1, max_length=80)]
_Scope = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]  # RFC 6749 §3.3
_Setting = Annotated[str, StringConstraints(max_length=2000)]


class Body(BaseModel):
    """A request's body; what it does not know is an error that names it."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ConnectionBody(Body):
    """What a connection is made with: the operations it shall have, and the events it subscribes to."""

    operations: list[_Operation] = Field(default_factory=list[str], max_length=200)
    events: list[_Operation] = Field(default_factory=list[str], max_length=200)


class AuthorizationBody(Body):
    """How to authorize: settings of the connector's form, or further scopes for OAuth."""

    scopes: list[_Scope] = Field(default_factory=list[str], max_length=100)
    settings: dict[Annotated[str, StringConstraints(max_length=100)], _Setting] = Field(
        default_factory=dict[str, str], max_length=20
    )


class MappingSource(Body):
    """Where a rule's value comes from: exactly one of these."""

    customField: str | None = None  # noqa: N815 - the wire's name
    path: str | None = None
    expression: str | None = None


class MappingRule(Body):
    """One rule of a field mapping (``unified.mapping.custom``)."""

    key: str
    source: MappingSource
    direction: Literal["read", "write", "both"] = "read"
    type: Literal["text", "number", "boolean", "datetime", "list.text"] | None = None
    options: dict[str, str | int | float | bool] | None = None
    description: str | None = Field(default=None, max_length=500)


class MappingBody(Body):
    """The rules of one model."""

    rules: list[MappingRule] = Field(max_length=50)


class FieldOption(Body):
    """One option of a selection."""

    value: str = Field(min_length=1, max_length=200)
    name: str = Field(min_length=1, max_length=200)


class FieldBody(Body):
    """A field to make in the account: the wire's ``UnifiedField`` as far as it can be chosen."""

    name: str = Field(min_length=1, max_length=200)
    type: Literal["text", "number", "boolean", "datetime", "select", "list.select", "object"]
    format: str | None = Field(default=None, max_length=40)
    description: str | None = Field(default=None, max_length=1000)
    options: list[FieldOption] = Field(default_factory=list[FieldOption], max_length=500)


class Endpoint(Body):
    """How one operation of a custom model is done."""

    endpoint: str = Field(max_length=90)
    body: dict[str, str | int | float | bool | list[str]] = Field(default_factory=dict, max_length=20)  # pyright: ignore[reportUnknownVariableType] - a plain dict
    idParameter: str | None = Field(default=None, max_length=60)  # noqa: N815 - the wire's name
    permission: str | None = Field(default=None, max_length=60)


class Endpoints(Body):
    """The operations that a custom model has."""

    list: Endpoint | None = None
    retrieve: Endpoint | None = None
    create: Endpoint | None = None
    update: Endpoint | None = None
    delete: Endpoint | None = None


class CustomField(Body):
    """A field of a custom model: where it is read, and the parameter that writes it, if any."""

    key: str
    type: str
    source: MappingSource
    parameter: str | None = Field(default=None, max_length=60)
    required: bool = False
    description: str | None = Field(default=None, max_length=500)


class ModelBody(Body):
    """A custom model's definition (``unified.ashby.custom``)."""

    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=1000)
    endpoints: Endpoints
    idPath: str = Field(default="id", max_length=60)  # noqa: N815 - the wire's name
    createdAtPath: str | None = Field(default=None, max_length=60)  # noqa: N815 - the wire's name
    updatedAtPath: str | None = Field(default=None, max_length=60)  # noqa: N815 - the wire's name
    fields: list[CustomField] = Field(min_length=1, max_length=100)


class SessionConnection(Body):
    """What the session's connection shall have; its operations and events are replaced when given."""

    operations: list[_Operation] | None = Field(default=None, max_length=200)
    events: list[_Operation] | None = Field(default=None, max_length=200)


class SessionBody(Body):
    """How long the session lasts, in seconds, for which operations, and whether it may change its connection."""

    expiresIn: int | None = Field(default=None, ge=1, le=MAX_SESSION_SECONDS)  # noqa: N815 - the wire's name
    connection: SessionConnection = Field(default_factory=SessionConnection)
    manage: bool = Field(
        default=True, description="Whether it may authorize and remove its connection, and change its mappings."
    )


class LinkBody(Body):
    """A link to the connect page: how long it lives, in seconds, where it leads back, for whom, how its page looks."""

    expiresInSeconds: int | None = Field(default=None, ge=60, le=MAX_LINK_SECONDS)  # noqa: N815 - the wire's name
    redirectUrl: str | None = Field(default=None, max_length=2000)  # noqa: N815 - the wire's name
    origin: str | None = Field(default=None, max_length=260)
    language: str = Field(default="", max_length=10)
    branding: dict[Annotated[str, StringConstraints(max_length=40)], str] = Field(
        default_factory=dict[str, str], max_length=20
    )
    displayName: str = Field(default="", max_length=80)  # noqa: N815 - the wire's name
    methods: list[Literal["apiKey", "oauth"]] = Field(default_factory=list[Literal["apiKey", "oauth"]], max_length=2)


class SyncBody(Body):
    """What shall be looked through now: what has changed, or everything; ``accept`` lets deletions through."""

    full: bool = False
    accept: bool = False
    models: list[_Operation] | None = Field(default=None, max_length=50)


class HookBody(Body):
    """Whether webhooks shall also have a new address."""

    newAddress: bool = False  # noqa: N815 - the wire's name


REQUESTS: tuple[type[Body], ...] = (
    *(ConnectionBody, AuthorizationBody, SessionBody, MappingBody, FieldBody, ModelBody),
    *(SyncBody, HookBody, LinkBody),
)

Parsed = TypeVar("Parsed", bound=Body)


def parse(kind: type[Parsed], body: Mapping[str, Any]) -> Parsed:
    """Check a body. Raises ``Invalid`` that names each wrong field and its rule, and repeats no value."""
    try:
        return kind.model_validate(body)
    except ValidationError as wrong:
        problems = [
            FieldProblem(
                ".".join(str(part) for part in error["loc"])[:100] or "(body)",
                rule(error["type"], error.get("ctx", {})),
            )
            for error in wrong.errors(include_input=False, include_url=False)[:20]
        ]
        raise Invalid("The body is not valid.", fields=problems) from None
