"""The connect page as a document, and the policy under which a browser may show it.

One document without anything from elsewhere: style and script are within it, allowed by their hashes, and the logo is
a data URI. It works without the script; the script checks a key while it is being pasted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from unified.connect.branding import Branding
from unified.connect.html import Html, join, tag
from unified.connect.texts import LANGUAGES
from unified.connector import NOTHING

_NOBODY = "'none'"


class Document(NamedTuple):
    """A page with the policy that goes with it. ``embedder`` is the one origin that may frame it, if any."""

    body: str
    policy: str
    embedder: str | None = None


class Words:
    """The texts of one language, with the names filled in."""

    def __init__(self, language: str, company: str, provider: str) -> None:
        self._texts = LANGUAGES[language]
        self._names = {"company": company, "provider": provider}

    def __call__(self, key: str, **names: str) -> str:
        """Return a text."""
        return self._texts[key].format(**self._names, **names)

    def error(self, code: str) -> str:
        """Return the text for an error's code, a general one for a code that has none."""
        return self(f"error.{code}" if f"error.{code}" in self._texts else "error.other")


def document(
    branding: Branding,
    language: str,
    title: str,
    parts: Sequence[Html | None],
    *,
    data: Mapping[str, str] = NOTHING,
    head: Html | None = None,
    script: bool = False,
    choice: bool = False,
    embedder: str | None = None,
) -> Document:
    """Return a page of ``parts``.

    ``data`` are attributes for the script, ``head`` is one element more before the title; with ``choice`` the person
    may choose another language.
    """
    say = Words(language, branding.company_name, "")
    static, behaviour = _assets()
    theme = branding.style()
    logo = tag("img", src=branding.logo, alt="") if branding.logo else None
    brand = tag("header", logo, tag("span", branding.company_name), class_="brand") if branding.company_name else None
    others = [name for name in LANGUAGES if name != language] if choice else []
    links = [
        *(tag("a", LANGUAGES[name]["language"], href=f"?lang={name}", lang=name, hreflang=name) for name in others),
        *([_support(say("support"), branding.support_url)] if branding.support_url else []),
    ]
    page = join(
        Html("<!doctype html>"),
        tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="robots", content="noindex, nofollow"),
                tag("meta", name="referrer", content="no-referrer"),
                head,
                tag("title", title),
                tag("style", Html(static)),
                tag("style", Html(theme)),
            ),
            tag(
                "body",
                tag(
                    "div",
                    brand,
                    tag("main", *parts),
                    tag("footer", *links) if links else None,
                    class_="card",
                ),
                tag("script", Html(behaviour)) if script else None,
                **data,
            ),
            lang=language,
        ),
    )
    scripts = f"script-src {_hash(behaviour)}; connect-src 'self'; " if script else ""
    policy = (
        f"default-src 'none'; style-src {_hash(static)} {_hash(theme)}; {scripts}img-src data:; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {embedder or _NOBODY}"
    )
    return Document(page, policy, embedder)


def _support(text: str, url: str) -> Html:
    """Lead to help beside the page, where a key may have been typed; a mail program opens beside it by itself."""
    if url.startswith("mailto:"):
        return tag("a", text, href=url)
    return tag("a", text, href=url, target="_blank", rel="noreferrer noopener")


@lru_cache(maxsize=1)
def _assets() -> tuple[str, str]:
    """Return style and script as they stand in every page."""
    folder = Path(__file__).parent
    return (folder / "page.css").read_text(encoding="utf-8"), (folder / "page.js").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
