"""Links to the connect page: who holds one may connect the one connection that it was made for, once, until it ends.

A link's token is random and kept as a fingerprint. Opening a link does not use it up, because mail scanners and
previews open links; connecting does, in the very transaction that stores the credential. A link belongs to one life
of its connection (``generation``): made anew, the connection knows nothing of it; and when all that was given for it
is revoked, links are too (``revocations``). No data of the account can be read by a link, and nothing of the
connection but its name, its status and which permissions it needs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from unified import table as t
from unified.connections.lifecycle import Connections, check_redirect, missing
from unified.connections.records import Connection, Reference
from unified.errors import FieldProblem, Invalid
from unified.models.moments import iso_at, now_iso
from unified.projects import Project
from unified.secret import fingerprint, random_token
from unified.settings import settings

LINK_SECONDS = 86_400
MAX_LINK_SECONDS = 7 * 86_400
METHODS = ("apiKey", "oauth")
# How often credentials may be tried by one link: enough for any person, too few to try keys out.
MAX_TRIES = 60
# An ended link is still known for a while, so that the page can say that it has ended.
_REMEMBERED_SECONDS = 7 * 86_400
_TOKEN = re.compile(r"lnk_[A-Za-z0-9_-]{43}")
_MAX_ORIGIN = 260
_MAX_REDIRECT = 2000
_MAX_PORT = 65_535
# An origin as browsers spell it (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin): no path, no wildcard.
# Plain http is taken for this machine alone, whose traffic nobody else can change.
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"(https://{_LABEL}(\.{_LABEL})*|http://(localhost|127\.0\.0\.1))(:(?P<port>[1-9][0-9]{{0,4}}))?")


class Link(NamedTuple):
    """What was decided when a link was made. Times are seconds since the epoch; ``used_at`` is as on the wire.

    ``redirect_url`` and ``origin`` were on the project's lists then; ``methods`` are ways to authorize (``METHODS``).
    ``language`` is empty where the person's browser decides. ``used_by`` is the fingerprint of the form token of the
    one page that used it up.
    """

    reference: Reference
    public_key: str
    generation: str
    expires_at: int
    redirect_url: str | None = None
    origin: str | None = None
    language: str = ""
    branding: Mapping[str, Any] = MappingProxyType({})
    methods: tuple[str, ...] = METHODS
    used_at: str | None = None
    revocations: int = 0
    used_by: str | None = None

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "project": self.reference.project,
            "connector": self.reference.connector,
            "owner": self.reference.owner,
            "publicKey": self.public_key,
            "generation": self.generation,
            "expiresAt": self.expires_at,
            "redirectUrl": self.redirect_url,
            "origin": self.origin,
            "language": self.language,
            "branding": dict(self.branding),
            "methods": list(self.methods),
            "revocations": self.revocations,
            "tries": 0,
            "ttl": self.expires_at + _REMEMBERED_SECONDS,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Link:
        """Read it from the table."""
        return cls(
            Reference(item["project"], item["connector"], item["owner"]),
            item["publicKey"],
            item["generation"],
            item["expiresAt"],
            item.get("redirectUrl"),
            item.get("origin"),
            item["language"],
            item["branding"],
            tuple(item["methods"]),
            item.get("usedAt"),
            item.get("revocations", 0),
            item.get("usedBy"),
        )


class LinkStore:
    """Links in the table, and what only their page needs from there."""

    def __init__(self, table: t.Table) -> None:
        self._table = table

    def create(self, token: str, link: Link) -> None:
        """Keep a link under its token's fingerprint."""
        self._table.put(t.link_key(fingerprint(token)), link.to_item(), t.ABSENT)

    def read(self, token: str) -> Link | None:
        """Return the link of a token, ended and used ones too; None for what is none."""
        if _TOKEN.fullmatch(token) is None:
            return None
        item = self._table.get(t.link_key(fingerprint(token)))
        return None if item is None else Link.from_item(item)

    def count(self, token: str) -> bool:
        """Count one try of a credential; False when the link has had them all."""
        allowed = t.Condition("attribute_exists(pk) AND tries < :most", {"most": MAX_TRIES})
        try:
            self._table.update(t.link_key(fingerprint(token)), {}, condition=allowed, increment="tries")
        except t.ConditionFailed:
            return False
        return True

    def use(self, token: str, page: str) -> bool:
        """Use a link up by one page of it; False when it was used before or has ended."""
        write = used(fingerprint(token), page)
        try:
            self._table.update(write.key, write.changes, condition=write.condition)
        except t.ConditionFailed:
            return False
        return True

    def branding(self, project: str, connection: str = "") -> dict[str, Any]:
        """Read how a project's connect page looks, or what one connection's changes of that (``connection_name``)."""
        item = self._table.get(t.branding_key(project, connection))
        return {} if item is None else item["branding"]

    def put_branding(self, project: str, branding: Mapping[str, Any], connection: str = "") -> None:
        """Replace how a project's connect page looks, or what one connection's changes of that."""
        if branding:
            kept = {"branding": dict(branding), "updatedAt": now_iso()}
            self._table.put(t.branding_key(project, connection), kept)
        else:
            self._table.delete(t.branding_key(project, connection))


def used(link_hash: str, page: str = "") -> t.Update:
    """Return the write that uses a link up, for the transaction that connects. It holds once, and in time.

    ``page`` is the form token of the page that was sent, if one was.
    """
    unused = "attribute_exists(pk) AND attribute_not_exists(usedAt) AND expiresAt > :now"
    changes = {"usedAt": now_iso(), "usedBy": fingerprint(page) if page else None}
    return t.Update(t.link_key(link_hash), changes, t.Condition(unused, {"now": int(time.time())}))


def create_link(
    connections: Connections,
    actor: str,
    project: Project,
    reference: Reference,
    *,
    base_url: str,
    expires_in: int | None = None,
    latest: int | None = None,
    redirect_url: str | None = None,
    origin: str | None = None,
    language: str = "",
    branding: Mapping[str, Any] = MappingProxyType({}),
    methods: Sequence[str] = (),
) -> tuple[Connection, dict[str, Any]]:
    """Make a link to a connection that is there; returns both, the link as the wire's ``connectLink``.

    It lasts for ``expires_in`` seconds, and not beyond ``latest`` (seconds since the epoch).
    Raises ``Missing``, and ``Invalid`` for an address, origin or way that the project does not allow.
    """
    check_redirect(project, redirect_url)
    if origin is not None and (not is_origin(origin) or origin not in project.connect.get("origins", ())):
        raise Invalid(
            "origin is not on the project's list of origins.", fields=[FieldProblem("origin", "is not allowed")]
        )
    allowed = project.connect.get("methods") or METHODS
    chosen = tuple(method for method in METHODS if method in (methods or allowed))
    if not chosen or not set(methods) <= set(allowed):
        raise Invalid("The project does not allow these methods.", fields=[FieldProblem("methods", "is not allowed")])
    connection = connections.store.get(reference)
    if connection is None:
        raise missing(reference)
    token = random_token("lnk_")
    expires_at = int(time.time()) + (expires_in or LINK_SECONDS)
    if latest is not None:
        expires_at = min(expires_at, latest)
    link = Link(
        reference,
        project.public_key,
        connection.generation,
        expires_at,
        redirect_url,
        origin,
        language,
        branding,
        chosen,
        revocations=connection.revocations,
    )
    links().create(token, link)
    connections.store.audit(reference, actor, "link.create", "done")
    return connection, {
        "object": "connectLink",
        "connectorId": reference.connector,
        "ownerId": reference.owner,
        "url": f"{base_url}/connect/{token}",
        "expiresAt": iso_at(expires_at),
    }


def is_origin(text: str) -> bool:
    """Tell whether a text is one exact origin, as ``postMessage`` and ``frame-ancestors`` take it."""
    found = _ORIGIN.fullmatch(text) if len(text) <= _MAX_ORIGIN else None
    return found is not None and int(found["port"] or 0) <= _MAX_PORT


def is_redirect_url(text: str) -> bool:
    """Tell whether people may be sent to an address: absolute, whole, and without a fragment (RFC 6749 §3.1.2).

    A wildcard is none that anything would ever match: lists are compared to the letter.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    whole = text.isprintable() and not any(character in text for character in " *#@\\") and len(text) <= _MAX_REDIRECT
    return whole and parts.scheme in ("http", "https") and bool(parts.hostname)


def own_settings(project: Project, reference: Reference) -> Mapping[str, Any] | None:
    """Return what a project has set of the page for this one connection alone, None for nothing."""
    found: Mapping[str, Mapping[str, Any]] = project.connect.get("connections", {})
    return found.get(connection_name(reference.connector, reference.owner))


def connection_name(connector: str, owner: str) -> str:
    """Return the name under which a project keeps what it has set of one connection's page."""
    return f"{connector}#{owner}"


def base_of(project: Project, reference: Reference, otherwise: str) -> str:
    """Return the address under which a connection's people meet this API.

    The connection's own, else the project's, as long as the deployment allows it.
    """
    own = (own_settings(project, reference) or {}).get("baseUrl") or project.connect.get("baseUrl")
    return own if own and own in settings().base_urls else otherwise


@lru_cache(maxsize=1)
def links() -> LinkStore:
    """Return this environment's links."""
    return LinkStore(t.table())
