"""Cross-origin answers of the gateway.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from dataclasses import replace

import pytest

from local.cors import preflight, with_cors
from local.payload import Response
from local.template import Cors

CORS = Cors(["https://a.example", "https://b.example"], ["GET", "POST"], ["x-api-key"], ["retry-after"], 300, False)
ASKS = {"access-control-request-method": "GET"}


def test_a_preflight_of_an_allowed_origin_gets_what_is_configured() -> None:
    """One origin is named, not the whole list: browsers accept no list."""
    answer = preflight(CORS, {"origin": "https://b.example", **ASKS})
    assert answer is not None
    assert answer.status == 204
    assert dict(answer.headers) == {
        "access-control-allow-origin": "https://b.example",
        "vary": "origin",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-api-key",
        "access-control-max-age": "300",
    }


def test_a_preflight_of_another_origin_gets_no_permission() -> None:
    """The refusal is the absence of headers, as in AWS."""
    answer = preflight(CORS, {"origin": "https://evil.example", **ASKS})
    assert answer == Response(204, [], b"")


@pytest.mark.parametrize("headers", [{}, ASKS, {"origin": "https://a.example"}])
def test_an_options_request_that_is_no_preflight_goes_to_a_route(headers: dict[str, str]) -> None:
    """Both headers make a preflight; one alone does not."""
    assert preflight(CORS, headers) is None


def test_the_functions_own_cors_headers_are_replaced() -> None:
    """A function's mistake cannot widen what the template allows."""
    answer = with_cors(
        CORS, "https://a.example", Response(200, [("access-control-allow-origin", "*"), ("a", "b")], b"x")
    )
    assert list(answer.headers) == [
        ("a", "b"),
        ("access-control-allow-origin", "https://a.example"),
        ("vary", "origin"),
        ("access-control-expose-headers", "retry-after"),
    ]
    assert (answer.status, answer.body) == (200, b"x")


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_nobody_else_is_allowed(origin: str | None) -> None:
    """Not even when the function says so."""
    answer = with_cors(CORS, origin, Response(200, [("access-control-allow-origin", "*")], b""))
    assert list(answer.headers) == []


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        ("*", "https://x.example", "*"),
        ("https://*", "https://x.example", "https://x.example"),
        ("https://*", "http://x.example", None),
        ("http://*", "http://x.example", "http://x.example"),
    ],
)
def test_wildcards(allowed: str, origin: str, answered: str | None) -> None:
    """AWS knows ``*`` and the two schemes, nothing else."""
    answer = with_cors(replace(CORS, allow_origins=[allowed]), origin, Response(200, [], b""))
    assert dict(answer.headers).get("access-control-allow-origin") == answered


def test_credentials_are_allowed_only_where_configured() -> None:
    """Cookies of another site are sent only on request."""
    answer = with_cors(replace(CORS, allow_credentials=True), "https://a.example", Response(200, [], b""))
    assert dict(answer.headers)["access-control-allow-credentials"] == "true"
    assert "access-control-allow-credentials" not in dict(with_cors(CORS, "https://a.example", answer).headers)
