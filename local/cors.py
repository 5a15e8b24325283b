"""Cross-origin answers that an API Gateway HTTP API gives by itself. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from collections.abc import Mapping

from local.payload import Response
from local.template import Cors


def preflight(cors: Cors, headers: Mapping[str, str]) -> Response | None:
    """Answer a preflight; None for an OPTIONS request that is none and goes to a route.

    A preflight has both ``origin`` and ``access-control-request-method``. An origin that is not allowed
    gets the same 204 without any header, which is what makes the browser refuse.
    """
    if "origin" not in headers or "access-control-request-method" not in headers:
        return None
    found = _origin_headers(cors, headers["origin"])
    if found:
        if cors.allow_methods:
            found.append(("access-control-allow-methods", ",".join(cors.allow_methods)))
        if cors.allow_headers:
            found.append(("access-control-allow-headers", ",".join(cors.allow_headers)))
        if cors.max_age is not None:
            found.append(("access-control-max-age", str(cors.max_age)))
    return Response(204, found, b"")


def with_cors(cors: Cors, origin: str | None, response: Response) -> Response:
    """Give `response` the API's CORS headers in place of those that the function may have set itself."""
    kept = [pair for pair in response.headers if not pair[0].startswith("access-control-")]
    if origin is not None:
        found = _origin_headers(cors, origin)
        if found and cors.expose_headers:
            found.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
        kept += found
    return Response(response.status, kept, response.body)


def _origin_headers(cors: Cors, origin: str) -> list[tuple[str, str]]:
    if not any(_allows(allowed, origin) for allowed in cors.allow_origins):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in cors.allow_origins else origin)]
    if "*" not in cors.allow_origins:
        headers.append(("vary", "origin"))
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _allows(allowed: str, origin: str) -> bool:
    if allowed in {"https://*", "http://*"}:
        return origin.startswith(allowed[:-1])
    return allowed in {"*", origin}
