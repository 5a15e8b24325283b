"""What a person with a link can do: see what is wanted, have a key checked, connect by it, be sent to consent."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from unified.connect.branding import Branding
from unified.connect.texts import choose
from unified.connections.accounts import is_another, witnesses
from unified.connections.lifecycle import Connections
from unified.connections.line import Line
from unified.connections.links import Link, LinkStore, used
from unified.connections.records import Connection, Reference, StoredCredential
from unified.connections.requested import needed_scopes
from unified.connector import Account, Connector, Credential, load_connector
from unified.deadline import Deadline
from unified.errors import Invalid, UnifiedError
from unified.projects import Project, ProjectStore
from unified.secret import Secret, fingerprint

if TYPE_CHECKING:
    from unified.connections.consent import Begun

ACTOR = "link"


class Ended(Exception):
    """A link that leads nowhere: it was never one, its time is over, or its connection is gone."""

    def __init__(self, kind: Literal["unknown", "expired"], language: str, branding: Branding | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.language = language
        self.branding = branding


class Wanted(NamedTuple):
    """A permission to tick: the provider's own name of it, and what for (the operations, or something of ours)."""

    permission: str
    module: str
    box: str
    why: Literal["operations", "own", "hooks"]

    @property
    def name(self) -> str:
        """Return it as the provider's page shows it."""
        return f"{self.module}: {self.box}"


class Checked(NamedTuple):
    """What came of a live check of a key. ``scopes`` is None where the key may not tell its own."""

    status: Literal["valid", "malformed", "refused", "busy"]
    credential: Credential | None = None
    account: Account | None = None
    missing: tuple[Wanted, ...] = ()
    is_another: bool = False


class Visit(NamedTuple):
    """One look at a link: all that its page needs."""

    token: str
    link: Link
    project: Project
    connection: Connection
    credential: StoredCredential | None
    connector: Connector
    branding: Branding
    language: str
    wanted: tuple[Wanted, ...]
    methods: tuple[str, ...]

    @property
    def form_token(self) -> str:
        """Return what every form of this page must carry; only who holds the link can know it."""
        return hmac.new(self.token.encode(), b"connect form", "sha256").hexdigest()

    @property
    def missing(self) -> tuple[Wanted, ...]:
        """Return the permissions that the credential of now is known to lack for the connection's operations."""
        scopes = None if self.credential is None else self.credential.scopes
        if scopes is None or self.connection.status != "authorized":
            return ()
        return tuple(one for one in self.wanted if one.why == "operations" and one.permission not in scopes)


def open_link(connections: Connections, projects: ProjectStore, links: LinkStore, token: str, *languages: str) -> Visit:
    """Return what a link leads to, used ones too; ``languages`` are the person's wishes. Raises ``Ended``."""
    link = links.read(token)
    if link is None:
        raise Ended("unknown", choose(*languages))
    project = projects.find(link.public_key)
    loaded = connections.store.load(link.reference)
    connection = loaded.connection
    if project is None or connection is None or connection.generation != link.generation:
        raise Ended("unknown", choose(*languages))
    branding = Branding.of(project.name, links.branding(project.id), link.branding)
    asked, *others = languages
    language = choose(asked, link.language, branding.language, *others)
    if link.expires_at <= time.time() and link.used_at is None:
        raise Ended("expired", language, branding)
    connector = load_connector(link.reference.connector)
    wanted = _wanted(connections, connection, connector)
    methods = tuple(method for method in link.methods if _offers(method, project, link.reference, wanted))
    return Visit(token, link, project, connection, loaded.credential, connector, branding, language, wanted, methods)


def check(connections: Connections, visit: Visit, key: Secret, deadline: Deadline) -> Checked:
    """Try a key live."""
    try:
        credential = visit.connector.credential({visit.connector.settings[0].key: key.reveal()})
    except Invalid:
        credential = None
    if credential is None:
        return Checked("malformed")
    reference = visit.connection.reference
    try:
        proven = connections.prove(reference, credential, deadline)
    except UnifiedError as failed:
        return Checked("refused" if failed.code == "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID" else "busy")
    account = connections.account(reference, proven, deadline)
    return Checked(
        "valid",
        proven,
        account,
        _lacking(visit.wanted, proven.scopes),
        is_another(visit.connection.witnesses, witnesses(reference, account)),
    )


def connect(connections: Connections, visit: Visit, checked: Checked) -> bool:
    """Put a checked key in place and use the link up, in one transaction; False when either was done meanwhile."""
    if checked.credential is None or checked.account is None:
        raise ValueError("only a valid key connects")
    try:
        connections.keep(
            ACTOR,
            visit.project,
            visit.connection,
            visit.credential,
            checked.credential,
            "connection.authorize",
            account=checked.account,
            also=[used(fingerprint(visit.token))],
        )
    except UnifiedError as refused:
        if refused.code != "MORPH::CONNECTION::UPDATE_FAILED":
            raise
        return False
    return True


def recheck(
    connections: Connections, links: LinkStore, visit: Visit, deadline: Deadline
) -> Literal["complete", "missing", "busy"]:
    """Ask the provider again what the key in place may do, and note it; when it may all, the link is used up."""
    line = Line(connections, visit.project, ACTOR, visit.connection, visit.credential, deadline)
    try:
        scopes = line.run(lambda session: visit.connector.verify(session).scopes)
    except UnifiedError:
        return "busy"
    if scopes is None or visit.credential is None:
        return "busy"
    connections.store.set_scopes(visit.connection.reference, scopes, version=visit.credential.version)
    connections.store.audit(visit.connection.reference, ACTOR, "connection.recheck", "done")
    if any(one.permission not in scopes for one in visit.wanted if one.why == "operations"):
        return "missing"
    links.use(visit.token)
    return "complete"


def consent(connections: Connections, visit: Visit, *, callback_url: str, switch: bool) -> Begun:
    """Begin OAuth; returns where to send the person, and the cookie to bind it by.

    Raises ``Invalid`` where there is no client.
    """
    from unified.connections.clients import oauth_client
    from unified.connections.consent import PageConsent, begin

    client = oauth_client(connections.vault, visit.project, visit.connection.reference)
    if client is None:
        raise Invalid("There is no OAuth client.", code="MORPH::CONNECTION::AUTH_TYPE_NOT_SUPPORTED")
    scopes = [one.permission for one in visit.wanted if one.why == "operations"]
    begun = begin(
        connections,
        visit.project,
        visit.connection,
        client,
        scopes=scopes,
        redirect_url=visit.link.redirect_url,
        callback_url=callback_url,
        page=PageConsent(visit.token, switch),
    )
    connections.store.audit(visit.connection.reference, ACTOR, "connection.authorize", "begun")
    return begun


def _wanted(connections: Connections, connection: Connection, connector: Connector) -> tuple[Wanted, ...]:
    needed = needed_scopes(connections.store, connection.reference, connection.operations)
    guide = connector.key_guide
    reasons: dict[str, Literal["operations", "own", "hooks"]] = dict.fromkeys(needed, "operations")
    reasons.setdefault(guide.own, "own")
    if connection.events:
        reasons.setdefault(connector.hooks.permission, "hooks")
    return tuple(
        Wanted(permission, *guide.permissions.get(permission, (permission, "")), why)
        for permission, why in reasons.items()
    )


def _lacking(wanted: Sequence[Wanted], scopes: Sequence[str] | None) -> tuple[Wanted, ...]:
    """Return what is missing; of a key that may not tell, that it may not."""
    if scopes is None:
        return tuple(one for one in wanted if one.why == "own")
    return tuple(one for one in wanted if one.permission not in scopes)


def _offers(method: str, project: Project, reference: Reference, wanted: Sequence[Wanted]) -> bool:
    """Tell whether there is this way: a form for a key; a client, and something to consent to."""
    from unified.connections.clients import has_client

    if method == "apiKey":
        return bool(load_connector(reference.connector).settings)
    return any(one.why == "operations" for one in wanted) and has_client(project, reference)
