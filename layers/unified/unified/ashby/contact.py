"""``genericContact`` is Ashby's candidate.

Ashby keeps a name as one text: the first word is our ``firstName``, the rest ``lastName``. Its searches
(``candidate.search``) give at most 100 and are unpaged; we page through what they give and say when that may
be cut. Ashby has no way to delete a candidate, and none to clear a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from unified.ashby.base import AshbyModel, made_since
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity
from unified.ashby.hints import Make, changed, gone, several
from unified.ashby.queries import page_of, position
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, Invalid, UnifiedError, UpstreamFailure
from unified.mapping import Mapper, Row
from unified.models.generic import GENERIC_CONTACT

_READ = ("candidatesRead",)
_WRITE = ("candidatesWrite",)
_CREATE_LINKS: Mapping[str, str] = {"LinkedIn": "linkedInUrl", "GitHub": "githubUrl", "Website": "website"}
# candidate.anonymize: "all applications must be archived or hired".
_CLOSED = frozenset({"Archived", "Hired"})


def _first_name(record: Record) -> str | None:
    name = record.get("name")
    if not isinstance(name, str):
        return name
    parts = name.split(maxsplit=1)
    return parts[0] if parts else None


def _last_name(record: Record) -> str | None:
    name = record.get("name")
    if not isinstance(name, str):
        return name
    parts = name.split(maxsplit=1)
    return parts[1].rstrip() if len(parts) == 2 else None


def _tags(record: Record) -> list[Any] | None:
    tags = record.get("tags")
    return None if tags is None else [tag["title"] for tag in tags if not tag.get("isArchived")]


class Contacts(AshbyModel):
    """Candidates as contacts."""

    model = GENERIC_CONTACT
    mapper = Mapper(
        GENERIC_CONTACT,
        (
            Row("firstName", _first_name, writable=True, remote="name"),
            Row("lastName", _last_name, writable=True, remote="name"),
            Row("email", "primaryEmailAddress.value", writable=True),
            Row("phoneNumber", "primaryPhoneNumber.value", writable=True),
            Row("phone", "primaryPhoneNumber.value", writable=True, alias_of="phoneNumber"),
            Row("emails", "emailAddresses"),
            Row("phoneNumbers", "phoneNumbers"),
            Row("links", "socialLinks", writable=True),
            Row("company", "company"),
            Row("title", "position"),
            Row("location", "location.locationSummary"),
            Row("tags", _tags, remote="tags"),
            Row("source", "source.title"),
            Row("resume", "resumeFileHandle"),
        ),
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ),
        Operation.RETRIEVE: Capability("native", _READ),
        Operation.CREATE: Capability("native", _WRITE),
        Operation.UPDATE: Capability("native", _WRITE, sometimes=_READ),
        Operation.DELETE: Capability(
            "emulated",
            _WRITE,
            "Ashby cannot delete a candidate: it is anonymized, for good, and only once every application is"
            " archived or hired.",
            sometimes=_READ,
        ),
        Operation.FIELD_READ: Capability("native", ("hiringProcessMetadataRead",)),
        Operation.FIELD_WRITE: Capability("native", ("hiringProcessMetadataWrite",)),
    }
    filters: Mapping[str, str] = {
        "email": "Candidates with this e-mail address (candidate.search).",
        "name": "Candidates with this name (candidate.search).",
    }
    searchable = True
    syncs = True
    custom_object = "Candidate"
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource(
            "native",
            "incremental",
            ("applicationSubmit",),
            reason="Ashby tells of a new candidate only with an application; the sweep finds the others.",
        ),
        "updated": EventSource(
            "sweep",
            "incremental",
            ("applicationSubmit", "candidateMerge"),
            reason="Ashby has no webhook for a candidate's change; it is read at once when merged or applying anew.",
        ),
        "deleted": EventSource("native", "full", ("candidateDelete", "candidateMerge")),
    }
    hinted_by: Mapping[str, Make] = {
        "applicationSubmit": changed("application.candidate.id"),
        "candidateDelete": gone("candidate.id"),
        "candidateMerge": several(
            changed("mergedCandidate.id"), gone("deletedCandidate.id", into="mergedCandidate.id")
        ),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``candidate.list``, or search by ``candidate.search`` when anything is asked for."""
        wanted = _search_terms(query)
        if wanted:
            return _search(session, wanted, query)
        return session.page("candidate.list", page_of(query), permission=self.permission(Operation.LIST))

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``candidate.info``."""
        return session.record(
            "candidate.info", {"id": identity(record_id)}, permission=self.permission(Operation.RETRIEVE)
        )

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``candidate.create``; links that it does not take follow by ``candidate.update``."""
        name = _join(fields.get("firstName"), fields.get("lastName"))
        if not name:
            raise Invalid(
                "A contact needs a name.",
                code="CONNECTOR::OPERATION::BAD_REQUEST",
                fields=[FieldProblem("firstName", "is required, or lastName")],
            )
        links: list[dict[str, str]] = fields.get("links", [])
        simple = {link["type"] for link in links} <= set(_CREATE_LINKS) and _no_type_twice(links)
        body = {"name": name, **_reach(fields)}
        if simple:
            body.update({_CREATE_LINKS[link["type"]]: link["url"] for link in links})
        record = session.record("candidate.create", body, permission="candidatesWrite")
        if simple:
            return Written(record)
        try:
            return Written(self._send_update(session, str(record.get("id")), {"socialLinks": links}))
        except UnifiedError as refused:
            # The contact exists: saying "failed" would make the caller create it twice.
            return Written(record, {"links": refused.detail})

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change by ``candidate.update``, without telling the candidate's followers in Ashby.

        Half of a name is completed by the half that Ashby has.
        """
        body = _reach(fields)
        if "firstName" in fields or "lastName" in fields:
            body["name"] = self._name(session, record_id, fields)
        if "links" in fields:
            body["socialLinks"] = fields["links"]
        return Written(self._send_update(session, record_id, body))

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Anonymize by ``candidate.anonymize``. Raises a conflict that names the applications in its way."""
        try:
            session.call("candidate.anonymize", {"candidateId": identity(record_id)}, permission="candidatesWrite")
        except UnifiedError as refused:
            misspelt = refused.upstream is not None and refused.upstream.code == "invalid_input"
            if refused.code != "CONNECTOR::OPERATION::BAD_REQUEST" or misspelt:
                raise
            raise UpstreamFailure(
                "CONNECTOR::OPERATION::CONFLICT",
                "Ashby anonymizes a candidate only when every application is archived or hired."
                + self._open_applications(session, record_id),
                upstream=refused.upstream,
            ) from None

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Find a candidate of this e-mail address and name that was made since then: a create's own."""
        email = fields.get("email")
        if email is None:
            return None
        name = _join(fields.get("firstName"), fields.get("lastName"))

        def find(session: AshbySession, since: int) -> str | None:
            found = session.page("candidate.search", {"email": email}, permission="candidatesRead").records
            made = [record for record in found if record.get("name") == name and made_since(record, since)]
            return str(made[0].get("id")) if made else None

        return find

    def _send_update(self, session: AshbySession, record_id: str, body: Mapping[str, Any]) -> Record:
        return session.record(
            "candidate.update",
            {"candidateId": identity(record_id), **body, "sendNotifications": False},
            permission="candidatesWrite",
        )

    def _name(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> str:
        if "firstName" in fields and "lastName" in fields:
            return _join(fields["firstName"], fields["lastName"])
        current = self.retrieve(session, record_id)
        return _join(fields.get("firstName", _first_name(current)), fields.get("lastName", _last_name(current)))

    def _open_applications(self, session: AshbySession, record_id: str) -> str:
        """Name the applications in the way, as far as the key may read them."""
        found: list[str] = []
        try:
            candidate = self.retrieve(session, record_id)
            for application_id in cast(list[Any], candidate.get("applicationIds") or []):
                application = session.record(
                    "application.info", {"applicationId": application_id}, permission="candidatesRead"
                )
                if application.get("status") not in _CLOSED:
                    found.append(str(application_id))
        except UnifiedError:
            return ""
        return f" These are not: {', '.join(found)}." if found else ""


def _join(first: Any, last: Any) -> str:
    return " ".join(part for part in (first, last) if part)


def _no_type_twice(links: list[dict[str, str]]) -> bool:
    return len({link["type"] for link in links}) == len(links)


def _reach(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: fields[key] for key in ("email", "phoneNumber") if key in fields}


def _search_terms(query: ListQuery) -> dict[str, str]:
    """Find what to search for: a ``q`` with an ``@`` is an e-mail address, any other a name."""
    wanted = dict(query.filters)
    if query.q is not None:
        key = "email" if "@" in query.q else "name"
        if wanted.get(key, query.q) != query.q:
            raise Invalid(f"q and filter[{key}] ask for different things.")
        wanted[key] = query.q
    return wanted


def _search(session: AshbySession, wanted: Mapping[str, str], query: ListQuery) -> Page:
    """Search, and give the page of the unpaged answer that begins at the cursor, which is a position."""
    start = position(query)
    records = session.page("candidate.search", wanted, permission="candidatesRead").records
    end = start + query.limit
    cut = len(records) >= PAGE_LIMIT
    return Page(
        records[start:end],
        str(end) if end < len(records) else None,
        (f"Ashby's search gives at most {PAGE_LIMIT} candidates: there may be more.",) if cut else (),
    )


MODEL = Contacts()
