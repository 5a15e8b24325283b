"""The authenticated proxy: a caller's request to the connected account's own API, with the account's credential.

For all that no model covers, and for programs written for the provider. What is sent is what was asked, but for the
path, which must be one of the provider's endpoints (``proxy_path``), and the headers, of which some pass
(``proxy_headers``). What comes back is what the provider said: status, body, and the headers that matter, with
``x-unified-origin: upstream``. An answer without that header is ours, and a problem document.

Nothing is sent twice that may have had an effect. A write leaves one line in the audit: who, on which connection, which
endpoint, what came of it; never what was sent or received.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from unified.api.access import Access, open_connection
from unified.api.proxy_body import MAX_BODY_BYTES, Asked, content_of, described
from unified.api.proxy_headers import for_caller, for_upstream
from unified.api.proxy_keys import with_proxy_key
from unified.api.proxy_path import checked_path, checked_query
from unified.api.requests import deadline
from unified.connections.lifecycle import connections
from unified.connector import load_connector
from unified.errors import OutcomeUnknown, Unauthorized, UnifiedError, Upstream, UpstreamFailure
from unified.grants import PROXY, PROXY_READ
from unified.log import logger
from unified.projects import projects

if TYPE_CHECKING:
    from unified.transport import Reply

# The provider's answers come from our own host name: no browser may run one as a page of it.
_NO_PAGE = {"content-security-policy": "default-src 'none'; sandbox"}


class Said(Protocol):
    """What an answer says beyond its status. ``code`` and ``request_id`` are the provider's own."""

    @property
    def is_success(self) -> bool:
        """Whether it was done, which a status of 200 alone may not say."""
        ...

    @property
    def code(self) -> str | None:
        """Why not."""
        ...

    @property
    def request_id(self) -> str | None:
        """How the provider calls this request."""
        ...

    @property
    def refuses_credential(self) -> bool:
        """Whether, by this answer, the credential may be dead."""
        ...


class Passthrough(Protocol):
    """What a connector's module ``passthrough`` supplies as ``PASSTHROUGH``."""

    def endpoint(self, path: str) -> str:
        """Return the name by which the audit knows what ``path`` leads to. Raises ``Invalid``."""
        ...

    def is_read(self, method: str, path: str) -> bool:
        """Tell whether a call changes nothing, for certain."""
        ...

    def passes(self, name: str) -> bool:
        """Tell whether a header, by its lower-case name, is the provider's own."""
        ...

    def send(
        self, session: Any, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes
    ) -> Reply:
        """Send a request once; once more only after a 401, with a renewed token. Raises ``UnifiedError``."""
        ...

    def read(self, reply: Reply) -> Said:
        """Read what an answer says of itself."""
        ...


class Answer(NamedTuple):
    """The provider's answer as our caller gets it."""

    status: int
    headers: dict[str, str | list[str]]
    body: bytes


def pass_through(request: Request, path: str) -> Answer:
    """Pass a request on that has the provider's own form: method, query, headers and body as they are."""
    access = _access(request)
    query = cast(APIGatewayProxyEventV2, request.resolved_event).raw_query_string
    return _pass(access, Asked(request.method, path, query, request.headers, _content(request)))


def pass_described(request: Request) -> Answer:
    """Pass a request on that the body describes: ``{method, path, query, data, headers}``, as Morph's."""
    access = _access(request)
    return _pass(access, described(_content(request)))


def may_proxy(access: Access, method: str, path: str) -> None:
    """Let a caller pass: a secret key with what its grant says of the proxy, a session with what it was given.

    Raises ``KEY::FORBIDDEN``, ``OPERATION_NOT_GRANTED``.
    """
    reads = _passthrough(access).is_read(method, path)
    if not access.by_session:
        if not access.grant.allows_proxy(path, reads=reads):
            raise UnifiedError("MORPH::KEY::FORBIDDEN", f"This key was not given {path} by the proxy.")
    elif not (reads and PROXY_READ in access.operations):
        access.require(PROXY)


def _access(request: Request) -> Access:
    headers = with_proxy_key({name.lower(): value for name, value in request.headers.items()})
    return open_connection(connections(), projects(), headers, deadline(request))


def _content(request: Request) -> bytes:
    event = cast(APIGatewayProxyEventV2, request.resolved_event)
    return content_of(event.body, is_base64=bool(event.is_base64_encoded))


def _passthrough(access: Access) -> Passthrough:
    """Return the connector's way through: its package's module ``passthrough``, loaded when first asked for."""
    package = type(load_connector(access.connection.reference.connector)).__module__
    return import_module(f"{package}.passthrough").PASSTHROUGH


def _pass(access: Access, asked: Asked) -> Answer:
    way = _passthrough(access)
    path, query = checked_path(asked.path), checked_query(asked.query)
    endpoint = way.endpoint(path)
    headers = for_upstream(asked.headers, way.passes)
    may_proxy(access, asked.method, path)
    answered: list[tuple[Reply, Said]] = []

    def work(session: Any) -> None:
        reply = way.send(session, asked.method, path, query, headers, asked.content)
        said = way.read(reply)
        answered.append((reply, said))
        if said.refuses_credential:
            # For the line to find out whether the credential is dead; our caller gets the answer itself.
            upstream = Upstream(said.code, said.request_id, reply.status)
            raise Unauthorized("MORPH::CONNECTION::PROXY::UNAUTHORIZED", "It was refused.", upstream=upstream)

    try:
        access.run(work)
    except OutcomeUnknown:
        _audit(access, endpoint, "unknown")
        raise
    except Unauthorized:
        if not answered:
            raise
    reply, said = answered[0]
    if not way.is_read(asked.method, path):
        _audit(access, endpoint, f"{reply.status} {said.code or ''}".strip())
    return _answer(access, way, endpoint, reply, said)


def _answer(access: Access, way: Passthrough, endpoint: str, reply: Reply, said: Said) -> Answer:
    if len(reply.body) > MAX_BODY_BYTES:
        name = load_connector(access.connection.reference.connector).name
        raise UpstreamFailure(
            "MORPH::CONNECTION::PROXY::ANSWER_TOO_LARGE",
            f"{name} answered {endpoint} with {reply.status} and {len(reply.body)} bytes, of which Lambda can carry"
            f" {MAX_BODY_BYTES}. Ask for less at once.",
            upstream=Upstream(said.code, said.request_id, reply.status),
        )
    headers = for_caller({"x-request-id": said.request_id or "", **reply.headers}, way.passes)
    if said.code:
        headers["x-unified-upstream-code"] = said.code
    headers["x-unified-origin"] = "upstream"
    headers["x-unified-upstream-success"] = "true" if said.is_success else "false"
    return Answer(reply.status, {**headers, **_NO_PAGE}, reply.body)


def _audit(access: Access, endpoint: str, outcome: str) -> None:
    """Note a write. It has happened: that it could not be noted must not make its caller send it again."""
    try:
        access.connections.store.audit(access.connection.reference, access.actor, f"proxy.{endpoint}", outcome)
    except Exception as failed:
        # Whatever AWS may raise, the answer comes first.
        logger.error("audit lost", extra={"exception_name": type(failed).__name__, "operation": endpoint})
