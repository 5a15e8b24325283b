"""``expand``: references replaced by what they refer to, each record read once however often it is referred to.

All references of a page are collected first, read at the same time, and then put in place; several levels go one
after another. What cannot be read stays a reference, with a warning beside it: an expansion never costs the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from unified.connector import Connector, Operation
from unified.errors import FieldProblem, UnifiedError
from unified.models import Model

MAX_DEPTH = 3
MAX_CALLS = 300
# Threads wait for the provider; the transport keeps as many connections at most.
WORKERS = 48

Resource = dict[str, Any]
Tree = Mapping[str, "Tree"]
NO_TREE: Tree = {}


class _Target(NamedTuple):
    """A record to read, with those fields of the next level that take calls of their own."""

    model: str
    id: str
    extras: tuple[str, ...]


class _Place(NamedTuple):
    """Where a reference stands: the resource, its field, and the position in a list, or None."""

    owner: Resource
    field: str
    position: int | None
    target: _Target


def read_paths(value: str, model: Model, connector: Connector, problems: list[FieldProblem]) -> Tree:
    """Read ``expand=job,application.candidate`` into a tree, adding to ``problems`` what is no reference."""
    tree: dict[str, Any] = {}
    for path in (part.strip() for part in value.split(",") if part.strip()):
        steps = path.split(".")
        if len(steps) > MAX_DEPTH:
            problems.append(FieldProblem("expand", f"goes deeper than {MAX_DEPTH} levels: {path[:80]}"))
            continue
        here, current = tree, model
        for step in steps:
            target = _refers_to(current, step)
            if target is None:
                known = ", ".join(field.key for field in current.fields if _refers_to(current, field.key)) or "none"
                told = f"names no reference of {current.id}: {step[:60]}; there is: {known}"
                problems.append(FieldProblem("expand", told))
                break
            here = here.setdefault(step, {})
            current = connector.load(target).model
    return tree


def expand(
    resources: Sequence[Resource],
    tree: Tree,
    connector: Connector,
    session: Any,
    may: Callable[[str], bool],
) -> None:
    """Put resources in the place of references, in place. ``may`` says whether an operation was granted."""
    known: dict[_Target, Resource | str] = {}
    level: list[tuple[Resource, Tree]] = [(resource, tree) for resource in resources]
    while level:
        places = [(place, below) for owner, wanted in level for place, below in _places(owner, wanted, connector)]
        _read_all({place.target for place, _ in places} - known.keys(), known, connector, session, may)
        level = []
        for place, below in places:
            found = known[place.target]
            if isinstance(found, str):
                _warn(place, found)
            else:
                # A copy each: the same record may be expanded further in one place and not in another.
                resource = {**found, "fields": dict(found["fields"])}
                if "warnings" in found:
                    resource["warnings"] = list(found["warnings"])
                _put(place, resource)
                if below:
                    level.append((resource, below))


def _refers_to(model: Model, key: str) -> str | None:
    from unified.models.types import ListOf, Ref

    field = model.by_key.get(key)
    kind = field.type if field else None
    if isinstance(kind, ListOf):
        kind = kind.element
    return kind.model if isinstance(kind, Ref) else None


def _places(owner: Resource, wanted: Tree, connector: Connector) -> Iterator[tuple[_Place, Tree]]:
    for field, below in wanted.items():
        value: Any = owner["fields"].get(field)
        many = cast(list[Any], value) if isinstance(value, list) else None
        for position, element in enumerate([value] if many is None else many):
            if isinstance(element, dict):
                reference = cast(Resource, element)
                model = reference["model"]
                extras = sorted(connector.load(model).extras & below.keys()) if below else ()
                target = _Target(model, reference["id"], tuple(extras))
                yield _Place(owner, field, None if many is None else position, target), below


def _read_all(
    targets: set[_Target],
    known: dict[_Target, Resource | str],
    connector: Connector,
    session: Any,
    may: Callable[[str], bool],
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    allowed: list[_Target] = []
    for target in sorted(targets):
        operation = f"{target.model}::{Operation.RETRIEVE}"
        if not may(operation):
            known[target] = f"the connection was not given {operation}"
        elif len(known) + len(allowed) >= MAX_CALLS:
            known[target] = f"a request expands at most {MAX_CALLS} records"
        else:
            allowed.append(target)

    def read(target: _Target) -> Resource | str:
        model = connector.load(target.model)
        try:
            record = model.retrieve(session, target.id)
            if target.extras:
                (record,) = model.with_extras(session, (record,), target.extras)
            return model.mapper.resource(record)
        except UnifiedError as failed:
            return failed.detail

    if len(allowed) <= 1:
        known.update((target, read(target)) for target in allowed)
        return
    with ThreadPoolExecutor(min(WORKERS, len(allowed))) as pool:
        known.update(zip(allowed, pool.map(read, allowed), strict=True))


def _put(place: _Place, resource: Resource) -> None:
    if place.position is None:
        place.owner["fields"][place.field] = resource
    else:
        elements = list(place.owner["fields"][place.field])
        elements[place.position] = resource
        place.owner["fields"][place.field] = elements


def _warn(place: _Place, why: str) -> None:
    message = f'"{place.field}" stays a reference: {why}'
    warnings = place.owner.setdefault("warnings", [])
    if all(warning["message"] != message for warning in warnings):
        warnings.append({"code": "CONNECTOR::EXPAND::FAILED", "message": message})
