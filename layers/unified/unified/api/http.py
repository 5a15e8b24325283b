"""HTTP, in one place: the router, errors as problem documents, bodies, and how an invocation begins and ends.

Powertools routes; its validation middleware is left out, because importing it (and pydantic) for every cold
start costs more than it gives: queries are read by ``unified.api.paging``, records by ``unified.mapping``, and
the few fixed bodies by ``unified.api.bodies``, loaded when one arrives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Request, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from unified import aws
from unified.api.access import Access, Caller, authenticate, open_connection
from unified.connections.lifecycle import connections
from unified.deadline import Deadline
from unified.errors import Invalid, Missing, UnifiedError
from unified.log import frames, logger
from unified.projects import projects
from unified.settings import settings

MAX_BODY_BYTES = 256 * 1024
# Answers hold people's data: no cache between us and the caller may keep them.
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
Route = Callable[[Callable[..., Any]], Callable[..., Any]]


class Router(Protocol):
    """What a handler uses of Powertools' resolver; each method's ``about`` is ``documented``'s answer."""

    def get(self, rule: str, **about: Any) -> Route:
        """Serve GET."""
        ...

    def post(self, rule: str, **about: Any) -> Route:
        """Serve POST."""
        ...

    def patch(self, rule: str, **about: Any) -> Route:
        """Serve PATCH."""
        ...

    def delete(self, rule: str, **about: Any) -> Route:
        """Serve DELETE."""
        ...

    def append_context(self, **context: Any) -> None:
        """Give the invocation's handlers something."""
        ...

    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event."""
        ...


def _dumps(value: Any) -> str:
    """Spell JSON as it is, unless it holds half a surrogate pair, which only an escape can carry in UTF-8.

    A request and a record may both hold one, as an escape, and Lambda's runtime would fail on it.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def create_app() -> Router:
    """Return a router that answers every error, foreseen or not, in the one shape."""
    app = APIGatewayHttpResolver(serializer=_dumps)

    @app.exception_handler(UnifiedError)
    def foreseen(error: UnifiedError) -> Response[Any]:  # pyright: ignore[reportUnusedFunction]
        return _problem(error, app.current_event.request_context.request_id)

    @app.exception_handler(NotFoundError)
    def unknown_route(_error: NotFoundError) -> Response[Any]:  # pyright: ignore[reportUnusedFunction]
        return _problem(no_such_route(), app.current_event.request_context.request_id)

    @app.exception_handler(Exception)
    def unforeseen(error: Exception) -> Response[Any]:  # pyright: ignore[reportUnusedFunction]
        logger.error("unforeseen", extra={"exception_name": type(error).__name__, "frames": frames(error)})
        fault = UnifiedError("MORPH::UNKNOWN_ERROR", "Something went wrong on our side.")
        return _problem(fault, app.current_event.request_context.request_id)

    return cast(Router, app)


def entry(app: Router) -> Handler:
    """Return the Lambda handler of ``app``: a deadline, a log line with what may be said, the request id.

    The DynamoDB client, which every request needs, is made now, while Lambda still gives a cold start its
    full processor; what only some routes need is made when they do.
    """
    aws.client("dynamodb")

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.monotonic()
        request_id = str(event["requestContext"]["requestId"])
        logger.set_correlation_id(request_id)
        app.append_context(deadline=Deadline(context.get_remaining_time_in_millis() / 1000))
        if event["rawPath"].endswith("\n"):
            # Routes are patterns that end in "$", which matches before a last line break too: not "acme\n" as "acme".
            event = {**event, "rawPath": "/"}
        answer = app.resolve(event, context)
        answer["headers"] = {**_HEADERS, **answer.get("headers", {}), "x-request-id": request_id}
        logger.info(
            "request",
            extra={
                "route": event.get("routeKey"),
                "status": answer["statusCode"],
                "milliseconds": round((time.monotonic() - started) * 1000),
            },
        )
        return answer

    return handler


def caller(request: Request) -> Caller:
    """Return the project that calls with its secret key."""
    return authenticate(projects(), request.headers)


def access(request: Request) -> Access:
    """Return the caller's hold on the connection that its headers name."""
    return open_connection(connections(), projects(), request.headers, deadline(request))


def deadline(request: Request) -> Deadline:
    """Return until when this invocation must have answered."""
    return cast(Deadline, request.context["deadline"])


def query(request: Request) -> Mapping[str, str]:
    """Return the query's parameters, decoded."""
    return request.query_parameters or {}


def public_url(request: Request) -> str:
    """Return the API's own base URL, without a slash: the parameter's, else the host name that API Gateway served.

    ``domainName`` is that of the API or its custom domain; a forged Host header does not reach us.
    """
    event = cast(APIGatewayProxyEventV2, request.resolved_event)
    return settings().public_url or f"https://{event.request_context.domain_name}"


def json_body(request: Request) -> dict[str, Any]:
    """Read the body as one JSON object.

    Raises ``PAYLOAD_TOO_LARGE``, ``UNSUPPORTED_MEDIA_TYPE``, ``Invalid``.
    """
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if declared != "application/json" and not declared.endswith("+json"):
        raise UnifiedError("MORPH::UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.")
    try:
        text = request.resolved_event.decoded_body or ""
        if len(text) > MAX_BODY_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BODY_BYTES:
            raise UnifiedError("MORPH::PAYLOAD_TOO_LARGE", f"The body may have at most {MAX_BODY_BYTES} bytes.")
        decoded = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON. It must be UTF-8, and an object may give a name once.") from None
    if not isinstance(decoded, dict):
        raise Invalid("The body must be a JSON object.")
    return cast(dict[str, Any], decoded)


def no_content() -> Response[Any]:
    """Answer that it is done and there is nothing to say."""
    return Response(status_code=204)


def no_such_route() -> Missing:
    """Return the answer to a path or method that nothing serves."""
    return Missing("MORPH::ROUTE_NOT_FOUND", "Nothing is served here. GET /openapi.json lists what is.")


def documented(
    summary: str,
    *,
    answer: str,
    body: str | None = None,
    parameters: tuple[str, ...] = (),
    auth: Literal["connection", "secret", "none"] = "connection",
) -> dict[str, Any]:
    """Describe a route for the OpenAPI document (``local/openapi.py`` reads it); costs nothing at run time.

    ``answer`` and ``body`` name schemas, ``parameters`` shared query parameters, ``auth`` who may call: a
    secret key or session with a connection, a secret key alone, or anybody.
    """
    about = {"x-answer": answer, "x-body": body, "x-parameters": list(parameters), "x-auth": auth}
    return {"summary": summary, "openapi_extensions": about}


def _problem(error: UnifiedError, request_id: str) -> Response[Any]:
    """Spell an error as a problem document (RFC 9457) with Morph's flat ``error`` and ``message`` beside it."""
    document: dict[str, Any] = {
        "type": f"urn:unified:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": f"urn:unified:request:{request_id}",
        "error": error.code,
        "message": error.detail,
        "requestId": request_id,
    }
    headers: dict[str, str | list[str]] = {}
    if error.fields:
        document["fields"] = [{"field": field.field, "message": field.message} for field in error.fields]
    if error.permission is not None:
        document["permission"] = error.permission
    if error.upstream is not None:
        said = {
            "code": error.upstream.code,
            "requestId": error.upstream.request_id,
            "status": error.upstream.status,
        }
        document["upstream"] = {name: value for name, value in said.items() if value is not None}
    if error.retry_after is not None:
        document["retryAfter"] = error.retry_after
        headers["retry-after"] = str(error.retry_after)
    logger.info("refused", extra={"code": error.code, "status": error.status})
    return Response(
        status_code=error.status, content_type="application/problem+json", body=_dumps(document), headers=headers
    )


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Whoever checked the body before us may have read the other one (RFC 8259 §4).
        raise ValueError("a name is given twice")
    return found
