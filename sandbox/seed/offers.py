"""The seeded offers and approvals: one for each of the first applications with an offer, in every state.

There are at most `OFFERS`, whatever the size of the organisation.
"""

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.handles import file_handle
from sandbox.identifiers import identifier_at
from sandbox.moments import milliseconds
from sandbox.seed.custom_fields import OFFER_FIELDS
from sandbox.seed.jobs import approval_rule
from sandbox.seed.values import custom_values
from sandbox.table import Record

if TYPE_CHECKING:
    from sandbox.organisation import Organisation

OFFERS = 60
_SEARCHED = 900  # applications looked at for offers
_HOUR = 3_600_000
_DAY = 24 * _HOUR
_START = milliseconds("2026-09-01T08:00:00Z")
# What became of the n-th offer to an application in a stage of a type:
# (acceptance status, approval status per version, or no offer yet).
_OF_OFFER_STAGE: tuple[tuple[str, tuple[str | None, ...]] | None, ...] = (
    ("Created", (None,)),
    ("Pending", ("WaitingOnApprovals",)),
    ("WaitingOnResponse", ("Approved",)),
    None,
    ("Pending", ("Approved", "WaitingOnApprovals")),
    ("Pending", ("Declined",)),
    ("WaitingOnResponse", ("Declined", "Approved")),
)
_OF_ARCHIVED: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    ("Declined", ("Approved",)),
    ("Cancelled", ("WaitingOnApprovals",)),
    ("Cancelled", (None,)),
)


def add_offers(organisation: "Organisation") -> None:
    """Put processes, offers and approvals in place, and one approval each of a job and an opening."""
    seed = organisation.seed
    usable = list(organisation.openings)[1::2]  # the others stay free for offers yet to come
    left = {job["id"]: [one for one in usable if job["id"] in one["jobIds"]] for job in organisation.jobs}
    for number, (application, state) in enumerate(_offered(organisation)):
        process_id = identifier_at(seed, "offer_process", number)
        process: Record = {"id": process_id, "applicationId": application["id"], "createdAt": _START + number * _DAY}
        organisation.offer_processes.put(process)
        if state is not None:
            offer = _offer(organisation, number, application, state)
            offer["versions"][-1]["openingId"] = _take_opening(left, application, offer["acceptanceStatus"])
            organisation.offers.put(offer)
            for version in offer["versions"]:
                if version["approvalStatus"] is not None:
                    organisation.approvals.put(_approval(seed, version["id"], "offer", version["approvalStatus"]))
    for kind, entity in (("job", identifier_at(seed, "job", 12)), ("opening", identifier_at(seed, "opening", 3))):
        state = "WaitingOnApprovals" if kind == "job" else "Approved"
        organisation.approvals.put(_approval(seed, entity, kind, state))


def _offered(organisation: "Organisation") -> Iterator[tuple[Record, tuple[str, tuple[str | None, ...]] | None]]:
    """Return the applications that have an offer process, each with what became of it."""
    seen = {"Offer": 0, "Hired": 0, "Archived": 0}
    for position in range(min(_SEARCHED, len(organisation.applications))):
        application = organisation.applications.at(position)
        stage = organisation.interview_stages.get(application["interviewStageId"]) if application else None
        kind = stage["type"] if stage else ""
        if application is None or kind not in seen or sum(seen.values()) >= OFFERS:
            continue
        if kind == "Archived" and position % 24 != 1:
            continue  # most were archived without an offer
        number = seen[kind]
        seen[kind] += 1
        if kind == "Hired":
            yield application, ("Accepted", ("Approved",))
        elif kind == "Archived":
            yield application, _OF_ARCHIVED[number % len(_OF_ARCHIVED)]
        else:
            yield application, _OF_OFFER_STAGE[number % len(_OF_OFFER_STAGE)]


def _offer(
    organisation: "Organisation", number: int, application: Record, state: tuple[str, tuple[str | None, ...]]
) -> Record:
    seed = organisation.seed
    acceptance, approvals = state
    created = _START + number * _DAY
    job = organisation.jobs.get(application["jobId"])
    rule = approval_rule(job)
    identifier = identifier_at(seed, "offer", number)
    versions = [
        _version(organisation, identifier, place, application, rule, status) for place, status in enumerate(approvals)
    ]
    if rule == "none" and acceptance in {"Created", "Pending"}:
        acceptance = "WaitingOnResponse"
    if rule == "undefined" and acceptance == "Pending":
        acceptance = "Created"
    decided = acceptance in {"Accepted", "Declined"}
    return {
        "id": identifier,
        "applicationId": application["id"],
        "offerProcessId": identifier_at(seed, "offer_process", number),
        "acceptanceStatus": acceptance,
        "decidedAt": created + 6 * _DAY if decided else None,
        "createdAt": created,
        "updatedAt": created + 6 * _DAY,
        "versions": versions,
    }


def _version(
    organisation: "Organisation", offer_id: str, place: int, application: Record, rule: str, status: str | None
) -> Record:
    seed = organisation.seed
    random = Random(f"{seed}/{offer_id}/{place}")
    identifier = identifier_at(seed, f"offer_version/{offer_id}", place)
    letter = file_handle(application["candidateId"], f"offer-{identifier}", "Offer letter · 内定通知.pdf")
    approved = status == "Approved" and rule == "needed"
    return {
        "id": identifier,
        "createdAt": _START + (place + random.randrange(60)) * _DAY,
        "startDate": milliseconds("2027-01-04T00:00:00Z") + random.randrange(20) * 7 * _DAY,
        "salary": {
            "value": random.randrange(40, 160) * 1000,
            "currencyCode": random.choice(("GBP", "EUR", "USD", "JPY")),
        },
        "openingId": None,
        "customFieldValues": custom_values(seed, OFFER_FIELDS, random, 1 if place == 0 else 0.7),
        "fileHandles": [letter] if approved else [],
        "authorId": identifier_at(seed, "user", random.randrange(4)),
        "approvalRule": rule,
        "approvalStatus": status if rule == "needed" else None,
    }


def _take_opening(left: dict[str, list[Record]], application: Record, acceptance: str) -> str | None:
    """Return an opening of the application's job that no offer has: a filled one once accepted, an open one before."""
    wanted = {"Accepted": "Filled", "Declined": "", "Cancelled": ""}.get(acceptance, "Open")
    for opening in left.get(application["jobId"], []):
        if opening["openingState"] == wanted:
            for openings in left.values():
                openings[:] = [other for other in openings if other["id"] != opening["id"]]
            return opening["id"]
    return None


def _approval(seed: int, entity_id: str, kind: str, status: str) -> Record:
    identifier = identifier_at(seed, f"approval/{entity_id}", 0)
    created = _START + 2 * _DAY
    done = {"Approved": 2, "WaitingOnApprovals": 1, "Declined": 1}[status]
    decisions = ["approve" if step < done else "pending" for step in range(2)]
    if status == "Declined":
        decisions = ["approve", "reject"]
    steps: list[dict[str, Any]] = [
        {
            "id": identifier_at(seed, f"approval_step/{identifier}", step),
            "approvalsRequired": 1,
            "completedAt": created + (step + 1) * _DAY if decision == "approve" else None,
            "approvers": [
                {
                    "id": identifier_at(seed, f"approver/{identifier}/{step}", user),
                    "userId": identifier_at(seed, "user", user + step),
                    "decision": decision if user == 0 else "pending",
                    "decidedAt": created + (step + 1) * _DAY if decision != "pending" and user == 0 else None,
                    "requestedAt": created + step * _DAY if step <= done else None,
                }
                for user in range(step + 1)
            ],
        }
        for step, decision in enumerate(decisions)
    ]
    return {
        "id": identifier,
        "approvalDefinitionId": identifier_at(seed, "approval_definition", 0),
        "entityId": entity_id,
        "entityType": kind,
        "createdAt": created,
        "updatedAt": created,
        "submittedAt": created,
        "completedAt": created + 2 * _DAY if status == "Approved" else None,
        "note": None,
        "steps": steps,
    }
