"""HTML that is escaped unless it says otherwise: what is no ``Html`` is text, wherever it came from."""

from __future__ import annotations

_VOID = frozenset({"img", "input", "meta"})

# What the standard library's html.escape does, without its table of two thousand names that nothing here needs.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


class Html(str):
    """Markup that was made here and is taken as it is."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """Return one element. A child is escaped unless it is ``Html``; None is nothing.

    Attributes lose a trailing underscore and turn the others into dashes (``class_``, ``aria_live``); True writes the
    bare name, False and None leave it out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: str | None) -> Html:
    """Return parts one after the other, each escaped unless it is ``Html``."""
    return Html(
        "".join(part if isinstance(part, Html) else part.translate(_ESCAPES) for part in parts if part is not None)
    )


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{value.translate(_ESCAPES)}"'
