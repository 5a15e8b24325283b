"""HTML that Ashby takes in: which elements it keeps, and what it reads like as plain text."""

import re
from html import unescape

_BLOCK_END = re.compile(r"</(?:p|li|h[1-6]|pre|div|ul|ol)>|<br\s*/?>", re.IGNORECASE)
_ELEMENT = re.compile(r"<[^<>]*>")
_BLANK_LINES = re.compile(r"\n{3,}")
NOTE_ELEMENTS = "b|i|u|a|ul|ol|li|code|pre"
DESCRIPTION_ELEMENTS = f"h[1-6]|{NOTE_ELEMENTS}"


def kept(html: str, elements: str) -> str:
    """Return HTML without the elements whose names do not match `elements`; their text stays."""
    return re.sub(rf"</?(?!(?:{elements})\b)[a-zA-Z!][^>]*>", "", html, flags=re.IGNORECASE)


def plain(html: str) -> str:
    """Return the text of HTML with a line per block."""
    text = unescape(_ELEMENT.sub("", _BLOCK_END.sub("\n", html)))
    return _BLANK_LINES.sub("\n\n", text).strip()
