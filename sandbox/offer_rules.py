"""What state an offer is in, and how its approval goes.

Of the two statuses only `acceptanceStatus` is kept; `offerStatus` follows from it and, while nothing was decided, from
the approval of the latest version. Source: offer.setStatus, offer.startApprovalProcess, offer.approve.
"""

from typing import Any

from sandbox.organisation import Organisation
from sandbox.seed.jobs import approval_rule
from sandbox.table import Record

ACCEPTANCE_STATUSES = ("Accepted", "Declined", "Pending", "Created", "Cancelled", "WaitingOnResponse")
OFFER_STATUSES = (
    "WaitingOnApprovalStart", "WaitingOnOfferApproval", "WaitingOnApprovalDefinition", "WaitingOnCandidateResponse",
    "CandidateRejected", "CandidateAccepted", "OfferCancelled",
)  # fmt: skip
_FROM_ACCEPTANCE = {
    "Accepted": "CandidateAccepted",
    "Declined": "CandidateRejected",
    "Cancelled": "OfferCancelled",
    "WaitingOnResponse": "WaitingOnCandidateResponse",
}
OVER = frozenset({"CandidateAccepted", "CandidateRejected", "OfferCancelled"})
_UNAPPROVED = frozenset({"WaitingOnApprovalStart", "WaitingOnOfferApproval", "WaitingOnApprovalDefinition"})


def offer_status(offer: Record) -> str:
    """Return the derived status of an offer."""
    if offer["acceptanceStatus"] in _FROM_ACCEPTANCE:
        return _FROM_ACCEPTANCE[offer["acceptanceStatus"]]
    latest = offer["versions"][-1]
    if latest["approvalStatus"] is not None:
        approved = latest["approvalStatus"] == "Approved"
        return "WaitingOnCandidateResponse" if approved else "WaitingOnOfferApproval"
    return "WaitingOnApprovalDefinition" if latest["approvalRule"] == "undefined" else "WaitingOnApprovalStart"


def process_status(organisation: Organisation, process: Record) -> str:
    """Return the status of an offer process: that of its offer, of which it knows one kind less."""
    offers = organisation.where("offer", "offerProcessId", process["id"])
    if not offers:
        return "WaitingOnOfferCreation"
    status = offer_status(offers[-1])
    return "WaitingOnApprovalStart" if status == "WaitingOnApprovalDefinition" else status


def approval_is_missing(organisation: Organisation, application_id: str) -> bool:
    """Tell whether an application has an offer that is still to be approved."""
    offers = organisation.where("offer", "applicationId", application_id)
    return any(offer_status(offer) in _UNAPPROVED for offer in offers)


def with_version(organisation: Organisation, offer: Record, fields: dict[str, Any], author_id: str) -> Record:
    """Return an offer with a further version, not yet saved; `start_approval` begins what it needs again."""
    application = organisation.applications.get(offer["applicationId"])
    rule = approval_rule(organisation.jobs.get(application["jobId"]) if application else None)
    version: Record = {
        "id": organisation.new_identifier("offer_version"),
        "createdAt": organisation.now(),
        "fileHandles": [],
        "authorId": author_id,
        "approvalRule": rule,
        "approvalStatus": None,
        **fields,
    }
    acceptance = "WaitingOnResponse" if rule == "none" else "Created"
    return {**offer, "versions": [*offer["versions"], version], "acceptanceStatus": acceptance, "decidedAt": None}


def with_latest(offer: Record, *, acceptance: str, **changes: Any) -> Record:
    """Return an offer with its latest version changed."""
    *earlier, latest = offer["versions"]
    return {**offer, "acceptanceStatus": acceptance, "versions": [*earlier, {**latest, **changes}]}


def start_approval(organisation: Organisation, offer: Record, note: str | None = None) -> Record:
    """Send the latest version to its approvers and save both; returns the offer."""
    now = organisation.now()
    approval: Record = {
        "id": organisation.new_identifier("approval"),
        "approvalDefinitionId": organisation.new_identifier("approval_definition"),
        "entityId": offer["versions"][-1]["id"],
        "entityType": "offer",
        "createdAt": now,
        "updatedAt": now,
        "submittedAt": now,
        "completedAt": None,
        "note": note,
        "steps": [
            _step(organisation, approvers, now if number == 0 else None)
            for number, approvers in enumerate(_approvers(organisation, offer))
        ],
    }
    organisation.save("approval", approval)
    return organisation.save("offer", with_latest(offer, acceptance="Pending", approvalStatus="WaitingOnApprovals"))


def approve(organisation: Organisation, offer: Record, approval: Record, user_id: str | None) -> Record:
    """Approve the current step for a user, or everything that is left; saves both and returns the offer."""
    now = organisation.now()
    steps = [dict(step) for step in approval["steps"]]
    for step in [step for step in steps if step["completedAt"] is None]:
        step["approvers"] = [
            {**approver, "decision": "approve", "decidedAt": now, "requestedAt": approver["requestedAt"] or now}
            if user_id in {None, approver["userId"]}
            else approver
            for approver in step["approvers"]
        ]
        given = sum(approver["decision"] == "approve" for approver in step["approvers"])
        if user_id is None or given >= step["approvalsRequired"]:
            step["completedAt"] = now
        if user_id is not None:
            break
    _request_next(steps, now)
    done = all(step["completedAt"] is not None for step in steps)
    organisation.save("approval", {**approval, "steps": steps, "completedAt": now if done else None})
    if not done:
        return organisation.save("offer", offer)
    return organisation.save("offer", with_latest(offer, acceptance="WaitingOnResponse", approvalStatus="Approved"))


def current_step(approval: Record) -> Record | None:
    """Return the first step that is not completed."""
    return next((step for step in approval["steps"] if step["completedAt"] is None), None)


def _request_next(steps: list[Record], now: int) -> None:
    """Note when the approvers of the step that is now current were asked."""
    waiting = next((step for step in steps if step["completedAt"] is None), None)
    if waiting is not None:
        waiting["approvers"] = [
            {**approver, "requestedAt": approver["requestedAt"] or now} for approver in waiting["approvers"]
        ]


def _approvers(organisation: Organisation, offer: Record) -> list[list[str]]:
    """Return the approvers of each step: the job's hiring manager, then either of the first two users."""
    application = organisation.applications.get(offer["applicationId"])
    job = organisation.jobs.get(application["jobId"]) if application else None
    first, second = [user["id"] for user, _ in zip(organisation.users, range(2), strict=False)]
    manager = job["hiringTeam"][0]["userId"] if job and job["hiringTeam"] else first
    return [[manager], [first, second]]


def _step(organisation: Organisation, approvers: list[str], requested_at: int | None) -> Record:
    return {
        "id": organisation.new_identifier("approval_step"),
        "approvalsRequired": 1,
        "completedAt": None,
        "approvers": [
            {
                "id": organisation.new_identifier("approver"),
                "userId": user_id,
                "decision": "pending",
                "decidedAt": None,
                "requestedAt": requested_at,
            }
            for user_id in approvers
        ],
    }
