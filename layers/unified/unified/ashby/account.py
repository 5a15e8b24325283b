"""Which Ashby organisation a key belongs to, and how an Ashby admin makes a key, for the connect page.

Ashby tells a key nothing of its organisation, so what only that organisation has stands for it: its brands and its
departments (``organizationRead``). The way to a key is that of Ashby's own guide,
https://docs.ashbyhq.com/how-do-i-generate-an-api-key; its buttons are quoted as Ashby's pages, in English only, show
them. Modules are those of https://developers.ashbyhq.com/reference/authentication.
"""

from __future__ import annotations

from unified.ashby.client import PAGE_LIMIT, AshbySession
from unified.connector import Account, KeyGuide
from unified.errors import UnifiedError

_PERMISSION = "organizationRead"
# Enough to know an organisation by, of the least ids, so that a new brand does not push the others out.
_OF_EACH_KIND = 10


def account(session: AshbySession) -> Account:
    """Return the first brand's name, and ids of brands and departments; nothing where the key may not read them.

    Raises ``UnifiedError`` when Ashby does not tell what the key may read: taken for nothing, that would let a key of
    another organisation pass as one that may not read.
    """
    ids: list[str] = []
    name: str | None = None
    try:
        for kind in ("brand", "department"):
            page = session.page(f"{kind}.list", {"limit": PAGE_LIMIT}, permission=_PERMISSION)
            if kind == "brand" and page.records:
                first = page.records[0].get("name")
                name = first if isinstance(first, str) else None
            found = sorted(str(record["id"]) for record in page.records if record.get("id"))
            ids += [f"{kind}:{one}" for one in found[:_OF_EACH_KIND]]
    except UnifiedError as failed:
        if failed.code != "MORPH::CONNECTION::PROXY::FORBIDDEN":
            raise
    return Account(name, tuple(ids))


_MODULES = {
    "candidates": "Candidates",
    "emails": "Emails",
    "jobs": "Jobs",
    "interviews": "Interviews",
    "hiringProcessMetadata": "Hiring Process Metadata",
    "organization": "Organization",
    "offers": "Offers",
    "approvals": "Approvals",
    "apiKeys": "API Keys",
    "reports": "Reports",
    "notetaker": "Notetaker",
    "sourcing": "Sourcing",
    "auditLogs": "Audit Logs",
}

GUIDE = KeyGuide(
    address="https://app.ashbyhq.com/admin/api/keys",
    steps={
        "en": (
            "In Ashby, open Admin, then Integrations, then API Keys. You need to be an Ashby admin.",
            "Press “+ New” and give the key a name by which you will know it again.",
            "Tick the permissions listed below, and no others.",
            "Press “Save and Continue”, copy the key and paste it here. Ashby shows it only once.",
        ),
        "de": (
            "Öffnen Sie in Ashby „Admin“, dann „Integrations“, dann „API Keys“. Dazu müssen Sie Ashby-Admin sein.",
            "Klicken Sie auf „+ New“ und geben Sie dem Schlüssel einen Namen, an dem Sie ihn wiedererkennen.",
            "Kreuzen Sie die unten genannten Berechtigungen an, keine weiteren.",
            "Klicken Sie auf „Save and Continue“ und kopieren Sie den Schlüssel hierher. Ashby zeigt ihn nur einmal.",
        ),
    },
    notes={
        "en": (
            "Confidential jobs stay hidden, without any error, unless you also let the key see them when you make it.",
        ),
        "de": (
            "Vertrauliche Stellen („confidential jobs“) bleiben ohne Meldung verborgen, bis der Schlüssel sie sieht.",
        ),
    },
    permissions={
        f"{module}{box}": (name, box) for module, name in _MODULES.items() for box in ("Read", "Write", "Delete")
    },
    own="apiKeysRead",
)
