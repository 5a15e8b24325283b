"""Which events somebody wants: patterns of ``model::trigger`` with ``*`` for either."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

TRIGGERS = ("created", "updated", "deleted")


def is_pattern(text: str, models: Container[str] | None = None) -> bool:
    """Tell whether ``text`` is a pattern: ``*``, ``model::*``, ``*::trigger`` or ``model::trigger``.

    With ``models``, a model that it names must be one of them.
    """
    if text == "*":
        return True
    model, separator, trigger = text.partition("::")
    return (
        bool(separator)
        and bool(model)
        and (model == "*" or models is None or model in models)
        and (trigger == "*" or trigger in TRIGGERS)
    )


def matches(patterns: Iterable[str], event: str) -> bool:
    """Tell whether one of ``patterns`` takes in ``event`` (``model::trigger``)."""
    model, _, trigger = event.partition("::")
    return any(pattern == "*" or pattern in (event, f"{model}::*", f"*::{trigger}", "*::*") for pattern in patterns)


def models_of(patterns: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return those of the ``known`` models of which some event is wanted."""
    wanted = list(patterns)
    return [model for model in known if any(matches(wanted, f"{model}::{trigger}") for trigger in TRIGGERS)]
