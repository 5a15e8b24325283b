"""How a connect page looks: checked when it is set, plain text and plain colours, so nothing of it can be a script.

A project has a look; a connection, and then a link, may override any part of it. Keys on the wire: ``companyName``,
``title``, ``intro``, ``supportUrl``, ``accentColor``, ``backgroundColor``, ``logo``, ``language``; and of one
connection ``displayName``, the customer's own name, which says whom it is for.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from unified.connect.texts import LANGUAGES
from unified.errors import FieldProblem, Invalid

MAX_LOGO_BYTES = 20_480
_LENGTHS = {"companyName": 80, "title": 120, "intro": 600, "displayName": 80}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LOGO = re.compile(r"data:image/(png|jpeg|webp);base64,([A-Za-z0-9+/]+={0,2})")
_DEFAULT_ACCENT = "#3b4cca"
_DARK, _LIGHT = "#000000", "#ffffff"


class Branding(NamedTuple):
    """A look, complete but for what may be empty. ``logo`` is a data URI."""

    company_name: str
    title: str = ""
    intro: str = ""
    support_url: str = ""
    accent: str = _DEFAULT_ACCENT
    background: str = ""
    logo: str = ""
    language: str = ""
    display_name: str = ""

    @classmethod
    def of(cls, otherwise: str, *looks: Mapping[str, Any]) -> Branding:
        """Return the look that ``looks`` make, later ones before earlier; ``otherwise`` names the company."""
        merged: dict[str, Any] = {}
        for look in looks:
            merged.update(look)
        return cls(
            merged.get("companyName") or otherwise,
            merged.get("title", ""),
            merged.get("intro", ""),
            merged.get("supportUrl", ""),
            merged.get("accentColor") or _DEFAULT_ACCENT,
            merged.get("backgroundColor", ""),
            merged.get("logo", ""),
            merged.get("language", ""),
            merged.get("displayName", ""),
        )

    def style(self) -> str:
        """Return the colours as CSS. They were checked to be colours, so they can be nothing else here."""
        page = f"@media(prefers-color-scheme:light){{:root{{--page:{self.background}}}}}" if self.background else ""
        return f":root{{--accent:{self.accent};--on-accent:{readable_on(self.accent)}}}{page}"


def checked(look: Mapping[str, Any], field: str = "branding") -> dict[str, Any]:
    """Return a look as it is kept: what is empty is left out. Raises ``Invalid`` that names each wrong part.

    ``field`` is where the look stands in the body, empty for the body itself.
    """
    problems = [
        FieldProblem(f"{field}.{key[:40]}" if field else key[:40], problem)
        for key, value in look.items()
        for problem in [_problem(key, value)]
        if problem
    ]
    if problems:
        raise Invalid("The branding is not valid.", fields=problems[:20])
    return {key: value for key, value in look.items() if value}


def logo_of(content: bytes) -> str:
    """Return an image file as the data URI that ``logo`` takes. Raises ``Invalid``."""
    kind = _kind(content)
    if kind is None or len(content) > MAX_LOGO_BYTES:
        raise Invalid(_LOGO_RULE, fields=[FieldProblem("logo", _LOGO_RULE)])
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str) -> str:
    """Return the colour of text that is easier to read on ``colour``: black or white, always 4.5 or better."""
    return max((_LIGHT, _DARK), key=lambda text: contrast(text, colour))


_LOGO_RULE = f"must be a PNG, JPEG or WebP image of at most {MAX_LOGO_BYTES} bytes, as a data URI"


def _problem(key: str, value: Any) -> str:
    """Say what is wrong with one part of a look, nothing when it is right. An empty text takes a part away."""
    if not isinstance(value, str):
        return "must be a text"
    if key in _LENGTHS:
        plain = value.isprintable() and len(value) <= _LENGTHS[key] and (not value or bool(value.strip()))
        return "" if plain else f"must be at most {_LENGTHS[key]} printable characters, and not blank"
    if key in ("accentColor", "backgroundColor"):
        return "" if not value or _COLOUR.fullmatch(value) else "must be a colour such as #3b4cca"
    if key == "supportUrl":
        return "" if not value or _is_link(value) else "must be an https or mailto address"
    if key == "logo":
        return "" if not value or _is_logo(value) else _LOGO_RULE
    if key == "language":
        return "" if not value or value in LANGUAGES else f"must be one of {', '.join(LANGUAGES)}"
    return "is not known"


def _is_logo(uri: str) -> bool:
    """Tell whether the bytes are what the URI says they are: by their first ones, which decide how they are read."""
    found = _LOGO.fullmatch(uri) if len(uri) <= MAX_LOGO_BYTES * 2 else None
    if found is None:
        return False
    try:
        content = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return False
    return len(content) <= MAX_LOGO_BYTES and _kind(content) == found[1]


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _is_link(url: str) -> bool:
    if len(url) > 300 or not url.isprintable() or any(character in url for character in " \"'<>\\"):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(parts.hostname)) or (parts.scheme == "mailto" and "@" in parts.path)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
