"""Which route a request takes.

The first cases are the example of
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

import pytest

from local.errors import TemplateError
from local.routing import Router
from local.template import HttpRoute

KEYS = [
    "$default",
    "ANY /{proxy+}",
    "GET /pets/{proxy+}",
    "GET /pets/dog/{id}",
    "GET /pets/dog/1",
    "POST /pets/dog/1",
    "ANY /pets/dog/{id}",
]


def router(keys: list[str]) -> Router:
    """Make a router for these keys."""
    routes: list[HttpRoute] = []
    for key in keys:
        method, _, path = key.rpartition(" ")
        routes.append(HttpRoute("F", method, path))
    return Router(routes)


@pytest.mark.parametrize("keys", [KEYS, KEYS[::-1]], ids=["written general first", "written specific first"])
@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/pets/dog/2", "ANY /pets/dog/{id}", {"id": "2"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_best_match_wins_whatever_the_order(
    keys: list[str], method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    """The template's order has no meaning."""
    match = router(keys).match(method, path)
    assert match is not None
    assert (match.route.key, match.path_parameters) == (key, parameters)


def test_an_encoded_slash_separates_nothing_and_arrives_decoded() -> None:
    """Ids with a slash are one segment."""
    match = router(["GET /things/{id}"]).match("GET", "/things/a%2Fb%20%C3%A9")
    assert match is not None
    assert match.path_parameters == {"id": "a/b é"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/things/1"),
        ("HEAD", "/things/1"),
        ("GET", "/things/1/2"),
        ("GET", "/things/1/"),
        ("GET", "/things/"),
        ("GET", "/things"),
        ("GET", "/Things/1"),
    ],
)
def test_what_matches_no_route_has_none(method: str, path: str) -> None:
    """Neither case, slash nor method is forgiven."""
    assert router(["GET /things/{id}"]).match(method, path) is None


def test_a_greedy_variable_takes_at_least_one_segment() -> None:
    """It takes all that follows as it is, empty segments too."""
    greedy = router(["ANY /files/{path+}"])
    assert greedy.match("GET", "/files/") is None
    match = greedy.match("GET", "/files/a//b%2Fc/")
    assert match is not None
    assert match.path_parameters == {"path": "a//b/c/"}


def test_the_same_route_twice_is_refused() -> None:
    """API Gateway refuses it at deployment."""
    with pytest.raises(TemplateError, match="GET /a"):
        router(["GET /a", "GET /a"])
