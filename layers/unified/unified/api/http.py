"""HTTP, in one place: the router, errors as problem documents, and how an invocation begins and ends.

Powertools routes; its validation middleware is left out, because importing it (and pydantic) for every cold
start costs more than it gives: queries are read by ``unified.api.paging``, records by ``unified.mapping``, and
the few fixed bodies by ``unified.api.bodies``, loaded when one arrives.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, cast
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from unified import startup
from unified.api.queries import only
from unified.deadline import Deadline
from unified.errors import FieldProblem, Missing, NotAllowed, UnifiedError
from unified.log import frames, logger

# As much of what is wrong as an error's message tells; all of it is in ``fields``.
_TOLD_PROBLEMS = 3
_TOLD_LENGTH = 600

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

    def put(self, rule: str, **about: Any) -> Route:
        """Serve PUT."""
        ...

    def delete(self, rule: str, **about: Any) -> Route:
        """Serve DELETE."""
        ...

    def route(self, rule: str, method: list[str], **about: Any) -> Route:
        """Serve several methods. A ``<name+>`` at the end of ``rule`` takes the rest of the path, slashes too."""
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


class _Resolver(APIGatewayHttpResolver):
    """Powertools' router, with path variables decoded once they are found (see ``_path``), and greedy ones."""

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> re.Pattern[str]:
        # As ``{name+}`` in API Gateway's routes; Powertools knows only variables within one segment.
        greedy = re.fullmatch(r"(.*)<(\w+)\+>", rule)
        if greedy is None:
            return super(_Resolver, _Resolver)._compile_regex(rule, base_regex)
        before = super(_Resolver, _Resolver)._compile_regex(greedy[1], "^{}").pattern
        return re.compile(f"{before}(?P<{greedy[2]}>.+)$")

    def _convert_matches_into_route_keys(self, match: re.Match[str]) -> dict[str, str]:
        return {name: unquote(value) for name, value in match.groupdict().items()}


def create_app(unserved: Callable[[str, str], UnifiedError] | None = None) -> Router:
    """Return a router that answers every error, foreseen or not, in the one shape.

    ``unserved`` says what to answer to a method and path that no route takes.
    """
    app = _Resolver(serializer=_dumps)

    @app.exception_handler(UnifiedError)
    def foreseen(error: UnifiedError) -> Response[Any]:  # pyright: ignore[reportUnusedFunction] - registered
        return _problem(error, app.current_event.request_context.request_id)

    @app.exception_handler(NotFoundError)
    def unknown_route(_error: NotFoundError) -> Response[Any]:  # pyright: ignore[reportUnusedFunction] - registered
        event = app.current_event
        error = no_such_route() if unserved is None else unserved(event.http_method, event.path)
        return _problem(error, event.request_context.request_id)

    @app.exception_handler(Exception)
    def unforeseen(error: Exception) -> Response[Any]:  # pyright: ignore[reportUnusedFunction] - registered
        logger.error("unforeseen", extra={"exception_name": type(error).__name__, "frames": frames(error)})
        fault = UnifiedError("MORPH::UNKNOWN_ERROR", "Something went wrong on our side.")
        return _problem(fault, app.current_event.request_context.request_id)

    return cast(Router, app)


def entry(app: Router) -> Handler:
    """Return the Lambda handler of ``app``: a deadline, a log line with what may be said, the request id."""
    startup.done()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.monotonic()
        request_id = str(event["requestContext"]["requestId"])
        logger.set_correlation_id(request_id)
        app.append_context(deadline=Deadline(context.get_remaining_time_in_millis() / 1000))
        answer = app.resolve({**event, "rawPath": _path(event)}, context)
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


def _path(event: dict[str, Any]) -> str:
    """Return the path as API Gateway matched it, its variables encoded again.

    ``rawPath`` is decoded as a whole: a "/" within an owner's id (sent as %2F) would be one more segment in it,
    and could make another route of it.
    """
    method, _, path = str(event.get("routeKey", "$default")).partition(" ")
    if method == "$default" or not path:
        return event["rawPath"]
    for name, value in event.get("pathParameters", {}).items():
        path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}+}}", quote(value))
    return path


def created(answer: dict[str, Any]) -> Response[Any]:
    """Answer with what was made."""
    return Response(status_code=201, content_type="application/json", body=_dumps(answer))


def raw(status: int, headers: dict[str, str | list[str]], body: bytes) -> Response[Any]:
    """Answer with bytes as they are, whatever they are."""
    response = Response[Any](status_code=status, headers=headers, body=base64.b64encode(body).decode())
    response.base64_encoded = True
    return response


def no_content() -> Response[Any]:
    """Answer that it is done and there is nothing to say."""
    return Response(status_code=204)


def no_such_route() -> Missing:
    """Return the answer to a path that nothing serves."""
    return Missing(
        "MORPH::ROUTE_NOT_FOUND", "Nothing is served at this path. GET /openapi.json (without /v1) lists what is."
    )


def documented(
    summary: str,
    *,
    answer: str,
    status: int = 200,
    body: str | None = None,
    parameters: tuple[str, ...] = (),
    idempotent: bool = False,
    auth: Literal["connection", "session", "secret", "none", "either"] = "connection",
) -> dict[str, Any]:
    """Describe a route for the OpenAPI document (``local/openapi.py`` reads it).

    ``answer`` and ``body`` name schemas, ``parameters`` the query's (``local/parameters.py``), ``idempotent`` says that
    it takes an ``Idempotency-Key``, ``auth`` who may call: a secret key or session with a connection, a session alone,
    a secret key alone, anybody; ``either`` is ``session`` for a route under ``/v1/s`` and ``secret`` for its twin,
    whose path names the connection.

    At run time it costs nothing but this: a route of our callers without parameters refuses those that it is sent.
    """
    about = {
        "x-answer": answer,
        "x-status": status,
        "x-body": body,
        "x-parameters": list(parameters),
        "x-idempotent": idempotent,
        "x-auth": auth,
    }
    # What a page is sent with is the browser's and the provider's affair, and the proxy passes on what it gets.
    strict = auth != "none" and answer != "Upstream" and not parameters
    return {"summary": summary, "openapi_extensions": about, "middlewares": [_without_query] if strict else []}


def _without_query(app: Any, handle: Callable[[Any], Any]) -> Any:
    """Answer a route that has no parameters. Raises ``Invalid`` that names those of the request."""
    only(app.current_event.query_string_parameters or {})
    return handle(app)


def _problem(error: UnifiedError, request_id: str) -> Response[Any]:
    """Spell an error as a problem document (RFC 9457) with Morph's flat ``error`` and ``message`` beside it."""
    fields = [FieldProblem(_printable(field.field), _printable(field.message)) for field in error.fields]
    told = _told(error.detail, fields)
    document: dict[str, Any] = {
        "type": f"urn:unified:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": told,
        "instance": f"urn:unified:request:{request_id}",
        "error": error.code,
        "message": told,
        "requestId": request_id,
    }
    headers: dict[str, str | list[str]] = {}
    if fields:
        document["fields"] = [field._asdict() for field in fields]
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
    if isinstance(error, NotAllowed):
        headers["allow"] = ", ".join(error.methods)
    logger.info("refused", extra={"code": error.code, "status": error.status})
    return Response(
        status_code=error.status, content_type="application/problem+json", body=_dumps(document), headers=headers
    )


def _told(detail: str, problems: Sequence[FieldProblem]) -> str:
    """Say with an error's detail what is wrong with the first fields, where it does not say so itself.

    Morph's client gives its caller ``error`` and ``message`` and drops the rest.
    """
    untold = [f"{field} {message.removesuffix('.')}" for field, message in problems if message not in detail]
    if not untold:
        return detail
    more = len(untold) - _TOLD_PROBLEMS
    told = "; ".join(untold[:_TOLD_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
    sentence = detail.removesuffix(".")
    whole = f"{sentence} ({told})." if ":" in sentence or "." in sentence else f"{sentence}: {told}."
    return whole if len(whole) <= _TOLD_LENGTH else f"{whole[: _TOLD_LENGTH - 1]}…"


def _printable(text: str) -> str:
    """Show what a caller made up without what would disturb a terminal or a page."""
    return "".join(character if character.isprintable() else "?" for character in text)
