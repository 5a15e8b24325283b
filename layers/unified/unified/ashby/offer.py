"""``atsOffer`` is Ashby's offer, in its latest version.

Beside a start date and a salary an offer has what the account put on its own form, so the other fields of ours are
those of the form that bear their names (``offer_form``). A change makes a new version and starts approval anew; a
change that changes nothing makes none. The parameters of ``offer.setStatus`` (changelog 2026-07-01) are inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from unified.ashby import offer_form
from unified.ashby.base import AshbyModel, made_since
from unified.ashby.client import PAGE_LIMIT, AshbySession, identity
from unified.ashby.hints import Make, changed, gone
from unified.ashby.queries import milliseconds, page_of, some_of
from unified.ashby.reading import an_object, renamed, texts
from unified.ashby.refusals import Words, invalid, told_in
from unified.ashby.steps import Steps
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, OutcomeUnknown, UnifiedError
from unified.mapping import Mapper, Row
from unified.models.ats import ATS_OFFER

_READ = ("offersRead",)
_WRITE = ("offersWrite",)
_BY_STATUS = {
    "DRAFT": ("WaitingOnApprovalStart", "WaitingOnOfferApproval", "WaitingOnApprovalDefinition"),
    "SENT": ("WaitingOnCandidateResponse",),
    "ACCEPTED": ("CandidateAccepted",),
    "DECLINED": ("CandidateRejected",),
    "CANCELLED": ("OfferCancelled",),
}
_STATUSES = {theirs: ours for ours, group in _BY_STATUS.items() for theirs in group}
# Where an offer has no offerStatus: the acceptance statuses that can mean one thing only.
_BY_ACCEPTANCE = {
    "Accepted": "ACCEPTED",
    "Declined": "DECLINED",
    "Cancelled": "CANCELLED",
    "WaitingOnResponse": "SENT",
}
_SETTABLE = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "CANCELLED": "Cancelled"}
_TO_APPROVAL = {"WAITING": "WaitingOnApprovals", "APPROVED": "Approved", "DECLINED": "Declined"}
_APPROVALS = {theirs: ours for ours, theirs in _TO_APPROVAL.items()}
_by_status = renamed("offerStatus", _STATUSES)
_by_acceptance = renamed("acceptanceStatus", _BY_ACCEPTANCE)
_by_approval = renamed("approvalStatus", _APPROVALS)
_WITHOUT_FORM = {"excludeFormDefinition": True}
_CURRENCY = re.compile(r"[A-Z]{3}")
_WORDS = Words(
    {"applicationId": "application", "offerProcessId": "processId", "acceptanceStatus": "status"},
    {
        "application_not_found": FieldProblem("application", "names an application that Ashby does not have"),
        "offer_process_not_found": FieldProblem("processId", "names an offer process that Ashby does not have"),
        "offer_process_in_progress": FieldProblem("application", "has an offer process under way already"),
        "offer_process_closed": FieldProblem("processId", "names an offer process that is over"),
        "offer_already_decided": FieldProblem("status", "is final: a decided offer cannot change any more"),
        "opening_not_found": FieldProblem("openingId", "names an opening that Ashby does not have"),
        "opening_in_use": FieldProblem("openingId", "names an opening that another offer uses"),
        "opening_state_invalid": FieldProblem("openingId", "names an opening that is closed or filled"),
    },
    conflicts=(
        "offer_process_in_progress",
        "offer_process_closed",
        "offer_already_decided",
        "opening_in_use",
        "opening_state_invalid",
    ),
)
_FILTER_WORDS = Words({"applicationId": "filter[application]", "createdAfter": "filter[createdAfter]"})


def _status(record: Record) -> Any:
    return _by_acceptance(record) if record.get("offerStatus") is None else _by_status(record)


def _approval(record: Record) -> Any:
    version = record.get("latestVersion")
    return None if version is None else _by_approval(version)


def _custom(key: str, read: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """Read the custom field of the latest version that bears the name of our field ``key``."""

    def read_custom(record: Record) -> Any:
        version = record.get("latestVersion")
        if version is None:
            return None
        for field in version.get("customFields") or ():
            if offer_form.our_name(field.get("title")) == key:
                return read(field)
        return None

    return read_custom


def _amount(field: Record) -> Any:
    value = field.get("value")
    return an_object(value).get("value") if isinstance(value, dict) else value


def _benefits(field: Record) -> Any:
    label = field.get("valueLabel", field.get("value"))
    return ", ".join(texts(label)) if isinstance(label, list) else label


def _custom_row(key: str, name: str, read: Callable[[Record], Any]) -> Row:
    return Row(key, _custom(name, read), writable=True, remote="latestVersion.customFields")


class Offers(AshbyModel):
    """Offers of every application, in their latest versions."""

    model = ATS_OFFER
    mapper = Mapper(
        ATS_OFFER,
        (
            Row("application", "applicationId", writable=True, required=True),
            Row("offerDate", "latestVersion.createdAt"),
            Row("status", _status, writable=True, remote="offerStatus"),
            Row("approvalStatus", _approval, remote="latestVersion.approvalStatus"),
            Row("startDate", "latestVersion.startDate", writable=True),
            Row("salary", "latestVersion.salary.value", writable=True),
            Row("currency", "latestVersion.salary.currencyCode", writable=True),
            _custom_row("bonusAmount", "bonusAmount", _amount),
            _custom_row(
                "bonusCurrency", "bonusAmount", lambda field: an_object(field.get("value")).get("currencyCode")
            ),
            _custom_row("benefits", "benefits", _benefits),
            _custom_row("expirationDate", "expirationDate", lambda field: field.get("value")),
            Row("decidedAt", "decidedAt"),
            Row("creator", "latestVersion.author.id"),
            Row("openingId", "latestVersion.openingId", writable=True),
            Row("processId", "offerProcessId", writable=True),
        ),
        created_at=None,
        updated_at=None,
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability("native", _READ),
        Operation.RETRIEVE: Capability("native", _READ),
        Operation.CREATE: Capability("native", _WRITE),
        Operation.UPDATE: Capability("native", _WRITE, sometimes=_READ),
        Operation.DELETE: Capability(
            "emulated",
            _WRITE,
            "Ashby's API cannot delete an offer: it is cancelled.",
        ),
        Operation.FIELD_READ: Capability("native", ("hiringProcessMetadataRead",)),
        Operation.FIELD_WRITE: Capability("native", ("hiringProcessMetadataWrite",)),
    }
    syncs = True
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("native", "incremental", ("offerCreate",)),
        "updated": EventSource("native", "incremental", ("candidateHire", "offerUpdate")),
        "deleted": EventSource("native", "full", ("offerDelete",)),
    }
    # An offer does not say when it was changed, so one in a webhook that comes late could not be told from a newer one.
    hinted_by: Mapping[str, Make] = {
        "candidateHire": changed("offer.id"),
        "offerCreate": changed("offer.id"),
        "offerDelete": gone("offer.id"),
        "offerUpdate": changed("offer.id"),
    }
    filters: Mapping[str, str] = {
        "application": "Offers for this application.",
        "status": "Offers in any of these statuses, with commas between.",
        "approvalStatus": "Offers whose latest version is in any of these approval statuses, with commas between.",
        "createdAfter": "Offers made after this time.",
    }
    custom_object = "Offer"

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List by ``offer.list``."""
        body: dict[str, Any] = {**page_of(query), **milliseconds(query, "createdAfter")}
        statuses = some_of(query, "status", _BY_STATUS)
        if statuses is not None:
            body["offerStatus"] = [theirs for group in statuses for theirs in group]
        approvals = some_of(query, "approvalStatus", _TO_APPROVAL)
        if approvals is not None:
            body["approvalStatus"] = approvals
        if "application" in query.filters:
            body["applicationId"] = query.filters["application"]
        with told_in(_FILTER_WORDS):
            return session.page("offer.list", body, permission="offersRead")

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``offer.info``, without the account's form."""
        return session.record("offer.info", {"offerId": identity(record_id), **_WITHOUT_FORM}, permission="offersRead")

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``offerProcess.start``, ``offer.start`` and ``offer.create``.

        The account's form is known only once a process has begun. A failure after that says so and names the process,
        which a further create takes as ``processId``.
        """
        _check_new(fields)
        process_id = fields.get("processId")
        if process_id is None:
            body = {"applicationId": fields["application"]}
            with told_in(_WORDS):
                process = session.record("offerProcess.start", body, permission="offersWrite")
            process_id = str(process.get("id"))
        try:
            return Written(_submit(session, process_id, fields))
        except UnifiedError as failed:
            raise _left_begun(failed, process_id) from None

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Make a new version by ``offer.update`` where a field of the form changes, then ``offer.setStatus``."""
        _check_change(fields)
        steps = Steps()
        record: Record = {"id": identity(record_id)}
        form = {key: value for key, value in fields.items() if key in offer_form.FIELDS}
        if form:
            record = steps.write(list(form), lambda: self._new_version(session, record_id, form)) or record
        if "status" in fields:
            set_status = steps.write(("status",), lambda: _set_status(session, record_id, fields["status"]))
            record = set_status or record
        return Written(record, steps.not_written)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Cancel by ``offer.setStatus``."""
        _set_status(session, identity(record_id), "CANCELLED")

    def lookup(self, fields: Mapping[str, Any]) -> Callable[[AshbySession, int], str | None] | None:
        """Find an offer for this application whose version was made since then: a create's own."""

        def find(session: AshbySession, since: int) -> str | None:
            body = {"limit": PAGE_LIMIT, "applicationId": fields["application"]}
            for record in session.everything("offer.list", body, permission="offersRead"):
                if made_since(record.get("latestVersion") or {}, since):
                    return str(record.get("id"))
            return None

        return find

    def _new_version(self, session: AshbySession, record_id: str, form: Mapping[str, Any]) -> Record:
        offer = session.record("offer.info", {"offerId": record_id}, permission="offersRead")
        present = self.mapper.resource(offer)["fields"]
        if all(_same(key, present.get(key), value) for key, value in form.items()):
            return offer
        definition = offer.get("formDefinition")
        submissions = offer_form.filled(definition, form, offer.get("latestVersion") or {})
        body = {"offerId": record_id, "offerForm": {"fieldSubmissions": submissions}, **_WITHOUT_FORM}
        with told_in(_in_form(definition)):
            return session.record("offer.update", body, permission="offersWrite")


def _submit(session: AshbySession, process_id: str, fields: Mapping[str, Any]) -> Record:
    with told_in(_WORDS):
        form = session.record("offer.start", {"offerProcessId": process_id}, permission="offersWrite")
    definition = form.get("formDefinition")
    body = {
        "offerProcessId": process_id,
        "offerFormId": form.get("id"),
        "offerForm": {"fieldSubmissions": offer_form.filled(definition, fields)},
        **_WITHOUT_FORM,
    }
    with told_in(_in_form(definition)):
        return session.record("offer.create", body, permission="offersWrite")


def _set_status(session: AshbySession, record_id: str, status: str) -> Record:
    body = {"offerId": record_id, "acceptanceStatus": _SETTABLE[status], **_WITHOUT_FORM}
    with told_in(_WORDS):
        return session.record("offer.setStatus", body, permission="offersWrite")


def _in_form(definition: Any) -> Words:
    """Return the words in which Ashby's refusal of a filled form is told: it names the form's paths."""
    return _WORDS._replace(parameters={**_WORDS.parameters, **offer_form.our_names(definition)})


def _check_currency(fields: Mapping[str, Any]) -> None:
    given = [key for key in ("currency", "bonusCurrency") if key in fields]
    wrong = [key for key in given if not _CURRENCY.fullmatch(fields[key])]
    if wrong:
        raise invalid(*((key, "must be an ISO 4217 code, such as EUR") for key in wrong))


def _check_new(fields: Mapping[str, Any]) -> None:
    """Check what needs no form: once a process has begun, a mistake leaves it begun."""
    _check_currency(fields)
    if "status" in fields:
        raise invalid(("status", "cannot be given yet: a new offer's status follows from the account's approvals"))
    if "salary" in fields and "currency" not in fields:
        raise invalid(("currency", "is required with a salary"))


def _check_change(fields: Mapping[str, Any]) -> None:
    _check_currency(fields)
    problems = [
        (key, f"cannot be changed: an offer stays its {whose}'s")
        for key, whose in (("application", "application"), ("processId", "process"))
        if key in fields
    ]
    if "status" in fields and fields["status"] not in _SETTABLE:
        problems.append(
            ("status", f"can be set to {', '.join(_SETTABLE)}; the others follow from what is done in Ashby")
        )
    if problems:
        raise invalid(*problems)


def _same(key: str, present: Any, wanted: Any) -> bool:
    """Whether a field says what it should; of a start or expiration date only the day is kept."""
    if key in ("startDate", "expirationDate"):
        return str(present)[:10] == wanted[:10]
    if key == "openingId":
        return str(present).lower() == wanted.lower()
    return bool(present == wanted)


def _left_begun(failed: UnifiedError, process_id: str) -> UnifiedError:
    """Add to a failure that an offer process stands begun."""
    note = (
        f" The offer process {process_id} was begun in Ashby and may still have no offer:"
        " give it as processId to go on with it."
    )
    kind = OutcomeUnknown if isinstance(failed, OutcomeUnknown) else UnifiedError
    return kind(
        failed.code,
        failed.detail + note,
        status=failed.status,
        fields=failed.fields,
        upstream=failed.upstream,
        retry_after=failed.retry_after,
        permission=failed.permission,
    )


MODEL = Offers()
