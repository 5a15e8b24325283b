"""Every error this project answers with: one class, one catalogue of codes, no HTTP library.

Code raises ``UnifiedError`` (or a subclass, where someone must catch that case and no other) with a code
from ``CATALOGUE``; ``unified.api.http`` is the one place that turns it into an HTTP answer. Codes that
begin with ``MORPH::``, ``CONNECTOR::`` or ``ADAPTER::`` and are known to Morph's client keep its spelling,
errors of spelling included; those marked *ours* fill gaps in its list.

    UnifiedError
    ├── Invalid               the request cannot be right, whoever sends it (400)
    ├── Missing               no such thing, or not the caller's (404)
    ├── NotAllowed            the path has other methods (405)
    ├── Refused               the connector does not offer this operation (501)
    ├── Unauthorized          the connection's credential no longer works: connect again (409)
    ├── UpstreamFailure       the connected account's API failed or refused
    │   └── OutcomeUnknown    ... and the write may have happened
    └── VaultFailure          a credential could not be sealed or opened (500)

Values that every cold start makes are named tuples throughout the layer: a dataclass costs 0.3 ms to define.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """What a code means to HTTP: its usual status and a title that never varies (RFC 9457 §3.1.3)."""

    status: int
    title: str


CATALOGUE: Mapping[str, Kind] = {
    "MORPH::BAD_REQUEST": Kind(400, "The request is not valid"),
    "MORPH::BAD_CONFIGURATION": Kind(500, "This deployment is not configured for the request"),
    "MORPH::UNKNOWN_ERROR": Kind(500, "Something went wrong on our side"),
    "MORPH::UNAUTHENTICATED": Kind(401, "The API key is missing or wrong"),  # ours
    "MORPH::KEY::FORBIDDEN": Kind(403, "The API key may not do this"),  # ours
    "MORPH::ROUTE_NOT_FOUND": Kind(404, "There is no such route"),  # ours
    "MORPH::METHOD_NOT_ALLOWED": Kind(405, "The path has other methods"),  # ours
    "MORPH::PAYLOAD_TOO_LARGE": Kind(413, "The request body is too large"),  # ours
    "MORPH::UNSUPPORTED_MEDIA_TYPE": Kind(415, "The request body must be JSON"),  # ours
    "MORPH::SESSION::EXPIRED": Kind(401, "The session has ended"),
    "MORPH::SESSION::TOKEN_VALIDATION_FAILED": Kind(401, "The session token is not valid"),
    "MORPH::SESSION::FORBIDDEN": Kind(403, "The session may not do this"),  # ours
    "MORPH::IDEMPOTENCY::IN_PROGRESS": Kind(409, "The same request is under way"),  # ours
    "MORPH::IDEMPOTENCY::KEY_REUSED": Kind(422, "The idempotency key was used for another request"),  # ours
    "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID": Kind(400, "The credential was not accepted"),
    "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND": Kind(404, "There is no such webhook endpoint"),  # ours
    "MORPH::WEBHOOK_ENDPOINT::CONFLICT": Kind(409, "The webhook endpoint's state does not allow this"),  # ours
    "MORPH::EVENT::NOT_FOUND": Kind(404, "There is no such event"),  # ours
    "MORPH::CONNECTION::NOT_FOUND": Kind(404, "There is no such connection"),
    "MORPH::CONNECTION::CREATION_FAILED": Kind(409, "The connection could not be created"),
    "MORPH::CONNECTION::UPDATE_FAILED": Kind(409, "The connection changed meanwhile"),
    "MORPH::CONNECTION::AUTH_TYPE_NOT_SUPPORTED": Kind(400, "This way to authorize is not available"),
    "MORPH::CONNECTION::MISSING_REQUIRED_AUTHORIZATION_SETTINGS": Kind(400, "A setting is missing"),
    "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN": Kind(409, "The connection is not authorized"),
    "MORPH::CONNECTION::REFRESHING_TOKEN_FAILED": Kind(409, "The connection must be authorized again"),
    "MORPH::CONNECTION::REFRESH_IN_PROGRESS": Kind(503, "The token is being refreshed; try again"),  # ours
    "MORPH::CONNECTION::OPERATION_NOT_GRANTED": Kind(403, "The connection lacks this operation"),  # ours
    "MORPH::CONNECTION::PROXY::REQUEST_FAILED": Kind(502, "The connected account's API did not answer"),
    "MORPH::CONNECTION::PROXY::BAD_REQUEST": Kind(400, "The request cannot be passed on"),
    "MORPH::CONNECTION::PROXY::UNAUTHORIZED": Kind(409, "The connected account refused the credential"),
    "MORPH::CONNECTION::PROXY::FORBIDDEN": Kind(403, "The credential lacks a permission"),
    "MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED": Kind(429, "The connected account's limit is reached"),
    "MORPH::CONNECTION::PROXY::SERVER_ERROR": Kind(502, "The connected account's API failed"),
    "MORPH::CONNECTION::PROXY::ANSWER_TOO_LARGE": Kind(502, "The answer is larger than can be passed on"),  # ours
    "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN": Kind(504, "The write may or may not have happened"),  # ours
    "CONNECTOR::NOT_FOUND": Kind(404, "There is no such connector"),
    "CONNECTOR::RESOURCE_MODEL::NOT_FOUND": Kind(404, "The connector has no such model"),
    "CONNECTOR::OPERATION::NOT_FOUND": Kind(501, "The connected account's API does not offer this"),
    "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND": Kind(404, "There is no such record"),
    "CONNECTOR::OPERATION::BAD_REQUEST": Kind(400, "The fields are not valid"),
    "CONNECTOR::OPERATION::FIELD_ALREADY_EXISTS": Kind(409, "There is a field of this name already"),
    "CONNECTOR::OPERATION::CONFLICT": Kind(409, "The record's state does not allow this"),  # ours
}


class Upstream(NamedTuple):
    """What the connected account's API said of an error: its own code and request id, never its prose."""

    code: str | None = None
    request_id: str | None = None
    status: int | None = None


class FieldProblem(NamedTuple):
    """One field of the request that is not valid: its name in our words and what it must be."""

    field: str
    message: str


def meant(name: str, known: Iterable[str]) -> str:
    """Return what a message about an unknown name may end with: the known one that it is most like, if any is."""
    from difflib import get_close_matches

    folded = {one.lower(): one for one in known}
    near = get_close_matches(name[:60].lower(), folded, n=1)
    return f" (did you mean {folded[near[0]]}?)" if near else ""


class UnifiedError(Exception):
    """An error with an answer. ``detail`` is for the caller: it holds no secret and no candidate's data.

    ``retry_after`` is in whole seconds. ``permission`` is the connected account's own name of a
    permission that is missing.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        fields: Sequence[FieldProblem] = (),
        upstream: Upstream | None = None,
        retry_after: int | None = None,
        permission: str | None = None,
    ) -> None:
        super().__init__(detail)
        kind = CATALOGUE[code]
        self.code = code
        self.detail = detail
        self.status = status or kind.status
        self.title = kind.title
        self.fields = tuple(fields)
        self.upstream = upstream
        self.retry_after = retry_after
        self.permission = permission


class Invalid(UnifiedError):
    """The request cannot be right: wrong type, unknown field, unknown filter, another list's cursor."""

    def __init__(self, detail: str, *, code: str = "MORPH::BAD_REQUEST", fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(code, detail, fields=fields)


class Missing(UnifiedError):
    """There is no such thing, or it is another project's: the caller cannot tell which."""


class NotAllowed(UnifiedError):
    """The path is served, by other methods: these."""

    def __init__(self, methods: Sequence[str]) -> None:
        super().__init__("MORPH::METHOD_NOT_ALLOWED", f"This path takes {', '.join(methods)}.")
        self.methods = tuple(methods)


class Refused(UnifiedError):
    """The connector's API has nothing that could do this operation; the detail names what comes nearest."""

    def __init__(self, detail: str) -> None:
        super().__init__("CONNECTOR::OPERATION::NOT_FOUND", detail)


class Unauthorized(UnifiedError):
    """The connection has no working credential: its owner must connect again."""


class UpstreamFailure(UnifiedError):
    """The connected account's API failed, refused or did not answer."""


class OutcomeUnknown(UpstreamFailure):
    """A write was sent and its answer lost: it may have happened, so nobody may blindly send it again."""


class RateLimited(UpstreamFailure):
    """The connected account's limit is reached; ``is_for_all`` says that it is one of all integrations together."""

    def __init__(self, detail: str, *, is_for_all: bool, upstream: Upstream | None, retry_after: int | None) -> None:
        super().__init__(
            "MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED", detail, upstream=upstream, retry_after=retry_after
        )
        self.is_for_all = is_for_all


class SyncTokenExpired(UpstreamFailure):
    """The connected account no longer takes a sync token: everything must be listed anew."""


class HookExists(UpstreamFailure):
    """The connected account has a webhook of this action and address already."""


class VaultFailure(UnifiedError):
    """A credential could not be sealed or opened. It is never used, returned or replaced on that ground."""

    def __init__(self, detail: str) -> None:
        super().__init__("MORPH::UNKNOWN_ERROR", detail)
