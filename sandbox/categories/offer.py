"""offerProcess.start, offer.start, offer.create, offer.update, offer.info, offer.list, offer.setStatus, setDecidedAt.

An offer has four ids: of its process, of the form it is filled out with, of itself, and of each version.
"""

from typing import Any

from sandbox import offer_forms, offer_rules, offer_views, parameters, visibility
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import ApiError, not_found
from sandbox.offer_forms import OFFER_FORM
from sandbox.paging import Listed, Listing
from sandbox.parameters import MILLISECONDS, SYNCED, InvalidValue, Parameter, optional, required
from sandbox.table import Record

WITHOUT_FORM: dict[str, Parameter] = {"excludeFormDefinition": optional(parameters.flag)}
_APPROVAL_STATUSES = ("Approved", "WaitingOnApprovals", "Declined")


def view(call: Call, record: Record) -> dict[str, Any]:
    """Write an offer as the call wants it, with its form definition or without."""
    with_form = not call.parameters.get("excludeFormDefinition", False)
    return offer_views.offer(call.organisation, call.principal, record, with_form=with_form)


@endpoint("offerProcess.start", permission="offersWrite", parameters={"applicationId": required(parameters.identifier)})
def start_process(call: Call) -> dict[str, Any]:
    """Begin making an offer; raises `application_not_found`, `offer_process_in_progress` (inferred)."""
    organisation = call.organisation
    application = visibility.find_application(call, call.parameters["applicationId"])
    for process in organisation.where("offer_process", "applicationId", application["id"]):
        if offer_rules.process_status(organisation, process) not in offer_rules.OVER:
            raise ApiError("offer_process_in_progress", "The application has an offer process under way.")
    record: Record = {
        "id": organisation.new_identifier("offer_process"),
        "applicationId": application["id"],
        "createdAt": organisation.now(),
    }
    return offer_views.process(organisation, organisation.save("offer_process", record))


@endpoint("offer.start", permission="offersWrite", parameters={"offerProcessId": required(parameters.identifier)})
def start(call: Call) -> dict[str, Any]:
    """Return a fresh form `{id, formDefinition}` for a first or a further version of the process's offer."""
    organisation, process = call.organisation, _process(call)
    form: Record = {
        "id": organisation.new_identifier("offer_form"),
        "offerProcessId": process["id"],
        "isSubmitted": False,
    }
    return {
        "id": organisation.save("offer_form", form)["id"],
        "formDefinition": offer_forms.definition(organisation),
    }


@endpoint(
    "offer.create",
    permission="offersWrite",
    parameters={
        "offerProcessId": required(parameters.identifier),
        "offerFormId": required(parameters.identifier),
        **OFFER_FORM,
        **WITHOUT_FORM,
    },
)
def create(call: Call) -> dict[str, Any]:
    """Fill out a form: makes the offer of a process, or the next version of it.

    Raises `offer_process_not_found`, `offer_form_not_found`, `offer_form_already_submitted` (inferred), and what
    `offer_forms.submitted` raises.
    """
    organisation, process = call.organisation, _process(call)
    form = call.find("offer_form", call.parameters["offerFormId"])
    if form["offerProcessId"] != process["id"]:
        raise not_found("offer_form")
    if form["isSubmitted"]:
        raise ApiError("offer_form_already_submitted", "Start another version with offer.start.")
    fields = offer_forms.submitted(call, application_id=process["applicationId"])
    organisation.save("offer_form", {**form, "isSubmitted": True})
    existing = organisation.where("offer", "offerProcessId", process["id"])
    if existing:
        return view(call, _add_version(call, existing[-1], fields))
    blank: Record = {
        "id": organisation.new_identifier("offer"),
        "applicationId": process["applicationId"],
        "offerProcessId": process["id"],
        "acceptanceStatus": "Created",
        "decidedAt": None,
        "createdAt": organisation.now(),
        "updatedAt": organisation.now(),
        "versions": [],
    }
    return view(call, organisation.save("offer", offer_rules.with_version(organisation, blank, fields, _author(call))))


@endpoint(
    "offer.update",
    permission="offersWrite",
    parameters={"offerId": required(parameters.identifier), **OFFER_FORM, **WITHOUT_FORM},
)
def update(call: Call) -> dict[str, Any]:
    """Make a new version from a whole form; approvals that had begun begin again.

    Raises `offer_not_found`, `offer_already_decided` (inferred), and what `offer_forms.submitted` raises.
    """
    offer = find_offer(call, call.parameters["offerId"])
    if offer_rules.offer_status(offer) in offer_rules.OVER:
        raise ApiError("offer_already_decided", "The offer was accepted, declined or cancelled.")
    fields = offer_forms.submitted(call, application_id=offer["applicationId"])
    return view(call, _add_version(call, offer, fields))


@endpoint(
    "offer.info",
    permission="offersRead",
    parameters={"offerId": required(parameters.identifier), **WITHOUT_FORM},
)
def info(call: Call) -> dict[str, Any]:
    """Return one offer with all versions; raises `offer_not_found`."""
    return view(call, find_offer(call, call.parameters["offerId"]))


@endpoint(
    "offer.list",
    permission="offersRead",
    parameters={
        "offerStatus": optional(parameters.list_of(parameters.one_of(*offer_rules.OFFER_STATUSES), minimum=1)),
        "acceptanceStatus": optional(
            parameters.list_of(parameters.one_of(*offer_rules.ACCEPTANCE_STATUSES), minimum=1)
        ),
        "approvalStatus": optional(parameters.list_of(parameters.one_of(*_APPROVAL_STATUSES), minimum=1)),
        "applicationId": optional(parameters.identifier),
        "createdAfter": optional(MILLISECONDS),
        **SYNCED,
    },
)
def list_offers(call: Call) -> Listing:
    """Return a page of offers with their latest versions, of which `approvalStatus` is asked."""
    sent, organisation = call.parameters, call.organisation
    after, _ = creation_window(call)
    application_id = sent.get("applicationId")
    chosen = {name: sent.get(name) for name in ("offerStatus", "acceptanceStatus", "approvalStatus")}

    def keep(offer: Record) -> bool:
        states = {
            "offerStatus": offer_rules.offer_status(offer),
            "acceptanceStatus": offer["acceptanceStatus"],
            "approvalStatus": offer["versions"][-1]["approvalStatus"],
        }
        return (
            all(wanted is None or states[name] in wanted for name, wanted in chosen.items())
            and application_id in {None, offer["applicationId"]}
            and (after is None or offer["createdAt"] > after)
            and visibility.application_by_id(organisation, call.principal, offer["applicationId"])
        )

    return call.page(
        Listed(
            table=organisation.offers,
            write=lambda offer: offer_views.summary(organisation, call.principal, offer),
            keep=keep,
            filters={**chosen, "applicationId": application_id, "createdAfter": after},
        )
    )


@endpoint(
    "offer.setStatus",
    permission="offersWrite",
    parameters={
        "offerId": required(parameters.identifier),
        "acceptanceStatus": required(parameters.one_of(*offer_rules.ACCEPTANCE_STATUSES)),
        **WITHOUT_FORM,
    },
)
def set_status(call: Call) -> dict[str, Any]:
    """Set the acceptance status, from which the offer status follows; a decision is dated now (changelog 2026-07-01).

    Parameter names are inferred. Accepting does not hire: that is application.changeStage.
    """
    offer, status = find_offer(call, call.parameters["offerId"]), call.parameters["acceptanceStatus"]
    decided = offer["decidedAt"] or call.organisation.now() if status in {"Accepted", "Declined"} else None
    return view(call, call.organisation.save("offer", {**offer, "acceptanceStatus": status, "decidedAt": decided}))


def _utc_moment(value: Any) -> int:
    """Read a date-time that ends in Z, as this endpoint alone demands."""
    moment = parameters.moment(value)
    if not str(value).endswith("Z"):
        raise InvalidValue("Expected a date-time in UTC that ends in Z")
    return moment


@endpoint(
    "offer.setDecidedAt",
    permission="offersWrite",
    parameters={"offerId": required(parameters.identifier), "decidedAt": required(_utc_moment), **WITHOUT_FORM},
)
def set_decided_at(call: Call) -> dict[str, Any]:
    """Set when the candidate decided (changelog 2026-07-01)."""
    offer = find_offer(call, call.parameters["offerId"])
    return view(call, call.organisation.save("offer", {**offer, "decidedAt": call.parameters["decidedAt"]}))


def find_offer(call: Call, identifier: str) -> Record:
    """Return an offer whose application the caller sees, or raise `offer_not_found`."""
    offer = call.find("offer", identifier)
    if not visibility.application_by_id(call.organisation, call.principal, offer["applicationId"]):
        raise not_found("offer")
    return offer


def _process(call: Call) -> Record:
    """Return the process named; raises `offer_process_closed` (inferred) for one that is over."""
    process = call.find("offer_process", call.parameters["offerProcessId"])
    if not visibility.application_by_id(call.organisation, call.principal, process["applicationId"]):
        raise not_found("offer_process")
    if offer_rules.process_status(call.organisation, process) in offer_rules.OVER:
        raise ApiError("offer_process_closed", "The offer was accepted, declined or cancelled.")
    return process


def _author(call: Call) -> str:
    return call.user_id or next(iter(call.organisation.users))["id"]


def _add_version(call: Call, offer: Record, fields: dict[str, Any]) -> Record:
    """Save an offer with a further version, and send it for approval again if an earlier one had been."""
    begun = offer["versions"][-1]["approvalStatus"] is not None
    after = offer_rules.with_version(call.organisation, offer, fields, _author(call))
    saved = call.organisation.save("offer", after)
    if begun and saved["versions"][-1]["approvalRule"] == "needed":
        return offer_rules.start_approval(call.organisation, saved)
    return saved
