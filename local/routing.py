"""Chooses the route of a request as an API Gateway HTTP API does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local.errors import TemplateError
from local.template import HttpRoute

_VARIABLE = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request and its path variables, decoded."""

    route: HttpRoute
    path_parameters: Mapping[str, str]


class Router:
    """The routes of an API, best match first.

    A full match comes before a greedy one (``{proxy+}``) and that before ``$default``; among full matches
    fixed segments come before variables and a named method before ``ANY``.
    """

    def __init__(self, routes: Iterable[HttpRoute]) -> None:
        """Order `routes`. Raises `TemplateError` where two have the same key: API Gateway refuses that."""
        self._routes = sorted(routes, key=_rank)
        keys = [route.key for route in self._routes]
        for key in keys:
            if keys.count(key) > 1:
                raise TemplateError(f"two events have the route {key}")

    def match(self, method: str, raw_path: str) -> Match | None:
        """Find the route for a still encoded path. An encoded slash (``%2F``) separates nothing."""
        segments = raw_path.split("/")[1:]
        for route in self._routes:
            if route.method in {"ANY", "", method}:
                parameters = _match(route, segments)
                if parameters is not None:
                    return Match(route, parameters)
        return None


def _rank(route: HttpRoute) -> tuple[int, list[int], bool]:
    """Sorts the better match first; a segment counts 0 if fixed, 1 if a variable, 2 if greedy."""
    if not route.method:
        return 2, [], True
    kinds: list[int] = []
    for segment in route.path.split("/")[1:]:
        variable = _VARIABLE.fullmatch(segment)
        kinds.append(0 if variable is None else 2 if variable.group(2) else 1)
    return int(2 in kinds), kinds, route.method == "ANY"


def _match(route: HttpRoute, segments: list[str]) -> dict[str, str] | None:
    if not route.method:
        return {}
    pattern = route.path.split("/")[1:]
    parameters: dict[str, str] = {}
    for index, expected in enumerate(pattern):
        if index >= len(segments):
            return None
        variable = _VARIABLE.fullmatch(expected)
        if variable is None:
            if unquote(segments[index]) != expected:
                return None
            continue
        rest = "/".join(segments[index:]) if variable.group(2) else segments[index]
        if not rest:
            return None
        parameters[variable.group(1)] = unquote(rest)
        if variable.group(2):
            return parameters
    return parameters if len(pattern) == len(segments) else None
