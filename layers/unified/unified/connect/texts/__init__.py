"""What the page says, by language. A new language is a module beside these with the same keys, and a line below.

Braces are places for names: ``company`` is the one that connects, ``provider`` the one that is connected to.
"""

from __future__ import annotations

from collections.abc import Mapping

from unified.connect.texts import de, en

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": en.TEXTS, "de": de.TEXTS}
DEFAULT = "en"


def choose(*wanted: str) -> str:
    """Return the first language that there is; each of ``wanted`` is one, or what ``Accept-Language`` says.

    Regions are ignored: ``de-AT`` is served in ``de``. Weights are honoured (RFC 9110 §12.5.4).
    """
    for one in wanted:
        weighted: list[tuple[float, str]] = []
        for part in one.lower()[:500].split(","):
            name, _, weight = part.strip().partition(";q=")
            try:
                weighted.append((-float(weight or 1), name.partition("-")[0]))
            except ValueError:
                continue
        for quality, language in sorted(weighted, key=lambda found: found[0]):
            if language in LANGUAGES and quality < 0:
                return language
    return DEFAULT
