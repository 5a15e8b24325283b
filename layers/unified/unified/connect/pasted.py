"""What people paste when they mean a key: with quotes, invisible characters, a colon, or as programs send it."""

from __future__ import annotations

import base64
import re
import unicodedata

# Straight and curly, single and double, high and low, and the pointed ones.
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_SCHEME = re.compile(r"(authorization\s*:\s*)?basic\s+", re.IGNORECASE)


def key_in(text: str) -> str:
    """Return the key in what was pasted: without invisible characters (Unicode's Cf), quotes and a trailing colon.

    A colon ends the user name of HTTP Basic, which is how Ashby takes a key, so examples of calls have one.
    """
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return visible.strip().strip(_QUOTES).strip().removesuffix(":")


def is_encoded(text: str) -> bool:
    """Tell whether a text is a key as programs send it: ``Basic`` and Base64 (RFC 7617), or that Base64 alone."""
    if _SCHEME.match(text) is not None:
        return True
    try:
        decoded = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return False
    # Any key may happen to be Base64 of something; hardly any is of printable text that ends so.
    return decoded.isprintable() and decoded.endswith(":")
