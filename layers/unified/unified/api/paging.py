"""What a list is asked for, read strictly; and cursors that fit only the list that gave them.

A cursor is opaque, carries no secret and needs no storage: the provider's own cursor with a fingerprint of
project, connection, model and query. One from another list is refused, and a deploy does not break it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from unified.api.expand import NO_TREE, Tree, read_paths
from unified.api.queries import MAX_LIMIT, check_limit
from unified.connections.records import Reference
from unified.connector import Connector, ConnectorModel, ListQuery
from unified.errors import FieldProblem, Invalid, meant

_FILTER = re.compile(r"filters?\[(\w{1,60})\]")
_PARAMETERS = ("limit", "cursor", "q", "fields", "include", "expand", "syncToken")
_VERSION = 1
_NOT_OFFERED = {
    "sort": "is not offered: the connected account's API orders its lists itself",
    "updatedSince": "is not offered: go on from a whole list's syncToken, where the model has one",
}


class Shape(NamedTuple):
    """What an answer should hold: just these fields (None: all), the record itself, resources for references."""

    only: frozenset[str] | None = None
    raw: bool = False
    expand: Tree = NO_TREE


class ListRequest(NamedTuple):
    """One list as asked for, and what its cursors are bound to."""

    query: ListQuery
    shape: Shape
    binding: str
    sync_binding: str

    def cursor(self, following: str | None) -> str | None:
        """Wrap the provider's next cursor, None at the end."""
        return None if following is None else _wrap(self.binding, following)

    def sync_token(self, token: str | None) -> str | None:
        """Wrap the provider's token for what changes from now on, None where it gave none."""
        return None if token is None else _wrap(self.sync_binding, token)


def read_list(
    parameters: Mapping[str, str],
    model: ConnectorModel,
    connection: Reference,
    connector: Connector,
    mapped: Collection[str] = (),
) -> ListRequest:
    """Read a list's query. Raises ``Invalid`` that names what is unknown, wrong or of another list."""
    problems: list[FieldProblem] = []
    filters: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name, value in parameters.items():
        matched = _FILTER.fullmatch(name)
        if matched:
            filters[matched[1]] = value
        elif name == "filters":
            filters.update(_json_filters(value, problems))
        elif name in _PARAMETERS:
            plain[name] = value
        else:
            problems.append(FieldProblem(name[:100], _NOT_OFFERED.get(name) or _no_parameter(name, model)))
    q = plain.get("q")
    _check_search(model, q, filters, problems)
    if "syncToken" in plain and not model.syncs:
        problems.append(FieldProblem("syncToken", f"is not offered: {model.model.id} has no list of changes"))
    elif "syncToken" in plain and (q is not None or filters):
        problems.append(FieldProblem("syncToken", "goes with the whole list, not with a search or filter"))
    limit = check_limit(plain.get("limit"), problems)
    shape = _shape(plain, model, connector, mapped, problems)
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    sync_binding = _fingerprint(connection, model.model.id, {"sync": True})
    token = _unwrap(plain["syncToken"], sync_binding, "syncToken") if "syncToken" in plain else None
    # A cursor of a list of changes goes with its token: both are sent for each further page.
    binding = _fingerprint(connection, model.model.id, {"q": q, "filters": filters, "syncToken": token})
    cursor = _unwrap(plain["cursor"], binding, "cursor") if "cursor" in plain else None
    return ListRequest(ListQuery(limit, cursor, q.strip() if q else None, filters, token), shape, binding, sync_binding)


def _no_parameter(name: str, model: ConnectorModel) -> str:
    """Say that a list has no such parameter, and which one it has for what was meant."""
    if name in model.filters:
        return f"is not a parameter of this list: write filter[{name}]"
    return f"is not a parameter of this list{meant(name, _PARAMETERS)}"


def _check_search(
    model: ConnectorModel, q: str | None, filters: Mapping[str, str], problems: list[FieldProblem]
) -> None:
    for name, value in filters.items():
        if name not in model.filters:
            known = ", ".join(f"filter[{key}]" for key in model.filters) or "none"
            problems.append(FieldProblem(f"filter[{name[:60]}]", f"cannot be filtered by; there is: {known}"))
        elif not value or len(value) > 250:
            problems.append(FieldProblem(f"filter[{name}]", "must be 1 to 250 characters long"))
    if q is not None and not model.searchable:
        problems.append(FieldProblem("q", f"is not offered: {model.model.id} cannot be searched"))
    elif q is not None and not 0 < len(q.strip()) <= 250:
        problems.append(FieldProblem("q", "must be 1 to 250 characters long"))


def read_positions(parameters: Mapping[str, str]) -> tuple[int, int]:
    """Read ``limit`` and a ``cursor`` that is a position, for a list that is known whole. Raises ``Invalid``."""
    problems: list[FieldProblem] = []
    limit = check_limit(parameters.get("limit"), problems, MAX_LIMIT)
    cursor = parameters.get("cursor", "0")
    if not re.fullmatch(r"[0-9]{1,6}", cursor):
        problems.append(FieldProblem("cursor", "is not one of this list"))
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    return limit, int(cursor)


def read_retrieve(
    parameters: Mapping[str, str], model: ConnectorModel, connector: Connector, mapped: Collection[str] = ()
) -> Shape:
    """Read a retrieve's query. Raises ``Invalid``."""
    known = ("fields", "include", "expand")
    problems = [
        FieldProblem(name[:100], f"is not a parameter of this route{meant(name, known)}")
        for name in parameters
        if name not in known
    ]
    shape = _shape(parameters, model, connector, mapped, problems)
    if problems:
        raise Invalid("The query is not valid.", fields=problems)
    return shape


def _shape(
    parameters: Mapping[str, str],
    model: ConnectorModel,
    connector: Connector,
    mapped: Collection[str],
    problems: list[FieldProblem],
) -> Shape:
    only: frozenset[str] | None = None
    if "fields" in parameters:
        only = frozenset(part.strip() for part in parameters["fields"].split(",") if part.strip())
        known = {*model.model.by_key, *mapped}
        problems.extend(
            FieldProblem("fields", f"names an unknown field: {name[:60]}{meant(name, known)}")
            for name in sorted(only - known)
        )
    include = parameters.get("include")
    if include not in (None, "raw"):
        problems.append(FieldProblem("include", "takes only raw"))
    tree = read_paths(parameters["expand"], model.model, connector, problems) if "expand" in parameters else NO_TREE
    return Shape(only, include == "raw", tree)


def _json_filters(value: str, problems: list[FieldProblem]) -> dict[str, str]:
    try:
        decoded = json.loads(value)
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        problems.append(FieldProblem("filters", "must be a JSON object; or write filter[name]=value"))
        return {}
    return {str(key): part if isinstance(part, str) else json.dumps(part) for key, part in decoded.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - as JSON has it


def _fingerprint(connection: Reference, model: str, query: Mapping[str, object]) -> str:
    said = json.dumps([*connection, model, query], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _wrap(binding: str, said: str) -> str:
    packed = json.dumps([_VERSION, binding, said], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unwrap(value: str, binding: str, name: str) -> str:
    try:
        packed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        version, bound_to, said = json.loads(packed)
    except (ValueError, TypeError, RecursionError):
        version, bound_to, said = None, None, None
    if version != _VERSION or bound_to != binding or not isinstance(said, str):
        raise Invalid(
            f"The {name} is not one of this list: it goes with the connection, model and query that gave it.",
            fields=[FieldProblem(name, "is not one of this list")],
        )
    return said
