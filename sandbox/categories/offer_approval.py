"""offer.startApprovalProcess, offer.approve, approval.list."""

from typing import Any

from sandbox import offer_rules, offer_views, parameters, visibility
from sandbox.categories.offer import WITHOUT_FORM, view
from sandbox.endpoints import Call, endpoint
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.organisation import Organisation
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required
from sandbox.table import Record


@endpoint(
    "offer.startApprovalProcess",
    permission="offersWrite",
    parameters={
        "offerVersionId": required(parameters.identifier),
        "note": optional(parameters.any_text),
        **WITHOUT_FORM,
    },
    strict=True,
)
def start_approval(call: Call) -> dict[str, Any]:
    """Send an offer's latest version to its approvers.

    Raises `offer_version_not_found`, and `offer_not_waiting_on_approval_start` (inferred) in any other state.
    """
    offer = _offer_of_version(call)
    if offer_rules.offer_status(offer) != "WaitingOnApprovalStart":
        raise ApiError("offer_not_waiting_on_approval_start", "The offer must be in state WaitingOnApprovalStart.")
    return view(call, offer_rules.start_approval(call.organisation, offer, call.parameters.get("note")))


@endpoint(
    "offer.approve",
    permission="offersWrite",
    parameters={
        "offerVersionId": required(parameters.identifier),
        "approvalStepId": optional(parameters.identifier),
        "userId": optional(parameters.identifier),
        **WITHOUT_FORM,
    },
)
def approve(call: Call) -> dict[str, Any]:
    """Force the approval of the whole process, or of its current step for one of that step's approvers.

    An approval that was not started is started first; what is approved stays so. Raises `offer_version_not_found`,
    `approval_step_not_found`, and `invalid_input` for a step without a user or the other way round, a step that is
    not the current one, or a user who does not approve it.
    """
    organisation, sent = call.organisation, call.parameters
    if ("approvalStepId" in sent) != ("userId" in sent):
        raise invalid_input(("userId", "approvalStepId and userId belong together"))
    offer = _offer_of_version(call)
    approval = _approval(organisation, offer)
    if "approvalStepId" in sent:
        _check_step(call, approval)
        return view(call, offer_rules.approve(organisation, offer, approval or {}, sent["userId"]))
    if offer["versions"][-1]["approvalStatus"] == "Approved" or offer_rules.offer_status(offer) in offer_rules.OVER:
        return view(call, offer)
    if approval is None:
        offer = offer_rules.start_approval(organisation, offer)
        approval = _approval(organisation, offer)
    return view(call, offer_rules.approve(organisation, offer, approval or {}, None))


@endpoint(
    "approval.list",
    permission="approvalsRead",
    parameters={
        "entityType": optional(parameters.one_of("offer", "job", "opening")),
        "entityId": optional(parameters.identifier),
        **SYNCED,
    },
)
def list_approvals(call: Call) -> Listing:
    """Return a page of approvals; of an offer's, `entityId` is the id of the version."""
    organisation = call.organisation
    kind, entity_id = call.parameters.get("entityType"), call.parameters.get("entityId")
    owners = {version["id"]: offer["applicationId"] for offer in organisation.offers for version in offer["versions"]}

    def visible(approval: Record) -> bool:
        match approval["entityType"]:
            case "offer":
                owner = owners.get(approval["entityId"], "")
                return visibility.application_by_id(organisation, call.principal, owner)
            case "job":
                return visibility.job_by_id(organisation, call.principal, approval["entityId"])
            case _:
                return True

    return call.page(
        Listed(
            table=organisation.approvals,
            write=offer_views.approval,
            keep=lambda approval: (
                kind in {None, approval["entityType"]}
                and entity_id in {None, approval["entityId"]}
                and visible(approval)
            ),
            filters={"entityType": kind, "entityId": entity_id},
        )
    )


def _offer_of_version(call: Call) -> Record:
    """Return the offer whose latest version the call names; an earlier version is `invalid_input`."""
    version_id = call.parameters["offerVersionId"]
    for offer in call.organisation.offers:
        if version_id in {version["id"] for version in offer["versions"]}:
            if not visibility.application_by_id(call.organisation, call.principal, offer["applicationId"]):
                break
            if offer["versions"][-1]["id"] != version_id:
                raise invalid_input(("offerVersionId", "Not the latest version of its offer"))
            return offer
    raise not_found("offer_version")


def _approval(organisation: Organisation, offer: Record) -> Record | None:
    """Return the approval of an offer's latest version, if it was started."""
    found = organisation.where("approval", "entityId", offer["versions"][-1]["id"])
    return found[-1] if found else None


def _check_step(call: Call, approval: Record | None) -> None:
    step_id, user_id = call.parameters["approvalStepId"], call.parameters["userId"]
    if approval is None or step_id not in {step["id"] for step in approval["steps"]}:
        raise not_found("approval_step")
    current = offer_rules.current_step(approval)
    if current is None or current["id"] != step_id:
        raise invalid_input(("approvalStepId", "Not the current step"))
    if user_id not in {approver["userId"] for approver in current["approvers"]}:
        raise invalid_input(("userId", "Not an approver of this step"))
