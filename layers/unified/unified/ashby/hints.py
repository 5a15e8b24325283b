"""What Ashby's webhooks say may have changed, action by action: how a model's own part of that table is written.

A model's ``hinted_by`` gives for each action that tells of it what to make of the webhook's ``data``. A payload stands
for the record only where it is whole and says when it was changed, so that one that comes late cannot undo a newer
one: applications. A job's payload lacks the place that its list gives, an offer's the time of its change, and a
schedule's events are told together, so these are read again.

Ids in a payload become keys of ours, so what is not an id of Ashby's makes no hint. Nothing here raises, whatever the
payload holds: what can be made of it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from unified.ashby.client import is_identity
from unified.connector import Hint, Record

Make = Callable[[str, Mapping[str, Any]], Sequence[Hint]]
"""Makes the hints of one model (its id) of the ``data`` of one action."""

# Ashby's webhooks that no model has use for: known, and no reason to wonder.
UNUSED = frozenset(
    {
        "openingCreate",
        "ping",
        "signatureRequestUpdate",
        "surveySubmit",
        "takeHomeAssignmentAssigned",
        "takeHomeAssignmentCancelled",
        "takeHomeAssignmentCompleted",
        "takeHomeAssignmentSubmitted",
    }
)


def part(data: Mapping[str, Any], path: str) -> Any:
    """Return what is at a dotted path, None where there is no such place."""
    found: Any = data
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast(Mapping[str, Any], found).get(name)
    return found


def id_at(data: Mapping[str, Any], path: str) -> str | None:
    """Return the id of Ashby's at a dotted path, None where there is none."""
    found = part(data, path)
    return found if isinstance(found, str) and is_identity(found) else None


def changed(path: str) -> Make:
    """Say that the record whose id is at ``path`` must be read again."""

    def make(model: str, data: Mapping[str, Any]) -> Sequence[Hint]:
        found = id_at(data, path)
        return () if found is None else (Hint(model, found),)

    return make


def gone(path: str, *, into: str | None = None) -> Make:
    """Say that the record whose id is at ``path`` is deleted; ``into`` is where the id of its successor is."""

    def make(model: str, data: Mapping[str, Any]) -> Sequence[Hint]:
        found = id_at(data, path)
        successor = id_at(data, into) if into is not None else None
        return () if found is None else (Hint(model, found, is_gone=True, merged_into=successor),)

    return make


def whole(path: str, *, texts: Sequence[str], objects: Sequence[str]) -> Make:
    """Say that the record at ``path`` is what the list gives, if all of this is in it; else it must be read again."""

    def make(model: str, data: Mapping[str, Any]) -> Sequence[Hint]:
        found = id_at(data, f"{path}.id")
        if found is None:
            return ()
        record: Record = part(data, path)
        complete = all(isinstance(record.get(name), str) for name in texts)
        complete = complete and all(isinstance(record.get(name), dict) for name in objects)
        return (Hint(model, found, record if complete else None),)

    return make


def group(*paths: str) -> Make:
    """Say that all records must be read again whose ids begin with the ids at ``paths``, each with a dot behind it."""

    def make(model: str, data: Mapping[str, Any]) -> Sequence[Hint]:
        found = [id_at(data, path) for path in paths]
        if None in found:
            return ()
        return (Hint(model, "".join(f"{one}." for one in found), is_group=True),)

    return make


def several(*makes: Make) -> Make:
    """Say all that each of ``makes`` says."""

    def make(model: str, data: Mapping[str, Any]) -> Sequence[Hint]:
        return [hint for one in makes for hint in one(model, data)]

    return make
