"""What a person with a link can do: see what is wanted, have a key checked, connect by it, be sent to consent."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from unified.connect.branding import Branding
from unified.connect.pasted import is_encoded, key_in
from unified.connect.texts import choose
from unified.connections.accounts import UNKNOWN, account_of, is_another, witnesses
from unified.connections.lifecycle import Connections
from unified.connections.line import Line
from unified.connections.links import Link, LinkStore, connection_name, own_settings, used
from unified.connections.records import Connection, Reference, StoredCredential
from unified.connections.requested import needed_scopes
from unified.connector import Account, Connector, Credential, load_connector
from unified.deadline import Deadline
from unified.errors import Invalid, Unauthorized, UnifiedError
from unified.projects import Project, ProjectStore
from unified.secret import Secret, fingerprint

if TYPE_CHECKING:
    from unified.connections.consent import Begun

ACTOR = "link"
_HELD_BACK = "key_held_back"
_FORM_TOKEN = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})")


class Ended(Exception):
    """A link that leads nowhere: it was never one, its time is over, it was revoked, or its connection is gone."""

    def __init__(
        self,
        kind: Literal["unknown", "expired"],
        language: str,
        branding: Branding | None = None,
        link: Link | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.language = language
        self.branding = branding
        self.link = link


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
    """What came of a live check of a key: of a valid one also what it opens and what it lacks."""

    status: Literal["valid", "malformed", "encoded", "refused", "busy"]
    credential: Credential | None = None
    account: Account | None = None
    missing: tuple[Wanted, ...] = ()
    is_another: bool = False

    @property
    def tells_scopes(self) -> bool:
        """Tell whether the key may say what it may do; one that may not lacks just that (``_lacking``)."""
        return self.status == "valid" and not any(one.why == "own" for one in self.missing)

    def to_query(self) -> dict[str, str]:
        """Spell why the key did not connect for the page's address: what it lacks and nothing of the key itself."""
        if self.status != "valid":
            return {"error": f"key_{self.status}"}
        lacks = ",".join(one.permission for one in self.missing)
        return {"error": _HELD_BACK, "lacks": lacks, **({"another": "1"} if self.is_another else {})}

    @classmethod
    def from_query(cls, wanted: Sequence[Wanted], query: Mapping[str, str]) -> Checked | None:
        """Read a key that was held back from the address, None where it tells of none. What is not known is dropped."""
        lacks = query.get("lacks", "").split(",")
        missing = tuple(one for one in wanted if one.permission in lacks)
        is_another = query.get("another") == "1"
        is_held_back = query.get("error") == _HELD_BACK and (missing or is_another)
        return cls("valid", missing=missing, is_another=is_another) if is_held_back else None


class Visit(NamedTuple):
    """One look at a link: all that its page needs. ``form_token`` is what every form of the page must carry."""

    token: str
    form_token: str
    link: Link
    project: Project
    connection: Connection
    credential: StoredCredential | None
    connector: Connector
    branding: Branding
    language: str
    wanted: tuple[Wanted, ...]
    methods: tuple[str, ...]

    def is_own(self, form_token: str) -> bool:
        """Tell whether a form was made by a page of this link, at whatever time."""
        found = _FORM_TOKEN.fullmatch(form_token)
        return found is not None and Secret(found[2]) == Secret(_sign(self.token, found[1]))

    def was_sent_before(self, form_token: str) -> bool:
        """Tell whether this very page has used the link up: a button that was pressed twice."""
        return self.link.used_by == fingerprint(form_token) and self.is_own(form_token)

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
        raise Ended("unknown", choose(*languages), link=link)
    branding = _branding(links, project, link)
    asked, *others = languages
    language = choose(asked, link.language, branding.language, *others)
    is_over = link.expires_at <= time.time() or link.revocations != connection.revocations
    if is_over and link.used_at is None:
        raise Ended("expired", language, branding, link)
    connector = load_connector(link.reference.connector)
    wanted = _wanted(connections, connection, connector)
    methods = tuple(method for method in link.methods if _offers(method, project, link.reference, wanted))
    return Visit(
        token,
        _new_form_token(token),
        link,
        project,
        connection,
        loaded.credential,
        connector,
        branding,
        language,
        wanted,
        methods,
    )


def check(connections: Connections, visit: Visit, pasted: Secret, deadline: Deadline) -> Checked:
    """Try a key live. Where it cannot be told whether it opens the account of before, that is no verdict."""
    key = key_in(pasted.reveal())
    try:
        credential = visit.connector.credential({visit.connector.settings[0].key: key})
    except Invalid:
        credential = None
    if is_encoded(key):
        return Checked("encoded")
    if credential is None:
        return Checked("malformed")
    reference = visit.connection.reference
    try:
        proven = connections.prove(reference, credential, deadline)
    except UnifiedError as failed:
        return Checked("refused" if failed.code == "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID" else "busy")
    account = account_of(reference, proven, deadline)
    if account is None and visit.connection.witnesses:
        return Checked("busy")
    account = account or UNKNOWN
    return Checked(
        "valid",
        proven,
        account,
        _lacking(visit.wanted, proven.scopes),
        is_another(visit.connection.witnesses, witnesses(reference, account)),
    )


def connect(connections: Connections, visit: Visit, checked: Checked, form_token: str) -> bool:
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
            also=[used(fingerprint(visit.token), form_token)],
        )
    except UnifiedError as refused:
        if refused.code != "MORPH::CONNECTION::UPDATE_FAILED":
            raise
        return False
    return True


def recheck(
    connections: Connections, links: LinkStore, visit: Visit, deadline: Deadline, form_token: str
) -> Literal["complete", "missing", "refused", "unknown", "busy"]:
    """Ask the provider again what the key in place may do, and note it; when it may all, the link is used up.

    ``unknown`` is a key that may no longer tell.
    """
    line = Line(connections, visit.project, ACTOR, visit.connection, visit.credential, deadline)
    try:
        scopes = line.run(lambda session: visit.connector.verify(session).scopes)
    except Unauthorized:
        return "refused"
    except UnifiedError:
        return "busy"
    if scopes is None or visit.credential is None:
        return "unknown"
    connections.store.set_scopes(visit.connection.reference, visit.credential, scopes)
    connections.store.audit(visit.connection.reference, ACTOR, "connection.recheck", "done")
    if any(one.permission not in scopes for one in visit.wanted if one.why == "operations"):
        return "missing"
    links.use(visit.token, form_token)
    return "complete"


def consent(connections: Connections, visit: Visit, *, callback_url: str, switch: bool, language: str) -> Begun:
    """Begin OAuth; returns where to send the person, and the cookie to bind it by and to find back in ``language``.

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
        page=PageConsent(visit.token, switch, language),
    )
    connections.store.audit(visit.connection.reference, ACTOR, "connection.authorize", "begun")
    return begun


def _branding(links: LinkStore, project: Project, link: Link) -> Branding:
    """Put together how the page looks: the project's look, what is the connection's own, the link's."""
    looks = [links.branding(project.id)]
    if own_settings(project, link.reference) is not None:
        looks.append(links.branding(project.id, connection_name(link.reference.connector, link.reference.owner)))
    return Branding.of(project.name, *looks, link.branding)


def _new_form_token(token: str) -> str:
    """Return a form token for one more page of a link: a random half and its seal, which takes the link to make."""
    page = secrets.token_hex(16)
    return page + _sign(token, page)


def _sign(token: str, page: str) -> str:
    return hmac.new(token.encode(), f"connect form {page}".encode(), "sha256").hexdigest()[:32]


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
