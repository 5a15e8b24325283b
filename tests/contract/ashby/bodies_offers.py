"""Valid bodies of the endpoints about offers and approvals."""

from typing import Any

from sandbox import offer_rules
from sandbox.organisation import Organisation
from tests.contract.ashby.bodies import Body, first


def whole_form(organisation: Organisation) -> dict[str, Any]:
    """Return a submission that fills every kind of field."""

    def path(field_type: str, *, title: str | None = None) -> str:
        return next(
            record["id"]
            for record in organisation.custom_fields
            if record["objectType"] == "Offer"
            and record["fieldType"] == field_type
            and title in {None, record["title"]}
        )

    values = {
        "_systemfield_start_date": "2027-02-01",
        "_systemfield_salary": {"currencyCode": "EUR", "value": 90_000},
        path("Currency", title="Bonus amount"): {"currencyCode": "EUR", "value": 5_000},
        path("MultiValueSelect"): ["health", "commute"],
        path("Date"): "2026-12-31T00:00:00Z",
        path("ValueSelect"): "permanent",
        path("Boolean"): True,
        path("Number"): 30,
        path("LongText"): "Willkommen",
    }
    return {"fieldSubmissions": [{"path": name, "value": value} for name, value in values.items()]}


def started(organisation: Organisation) -> dict[str, str]:
    """Start a process and a form for an application that has none; returns both ids."""
    taken = {process["applicationId"] for process in organisation.offer_processes}
    application = next(one["id"] for one in organisation.applications if one["id"] not in taken)
    process = organisation.save(
        "offer_process",
        {"id": organisation.new_identifier("offer_process"), "applicationId": application, "createdAt": 0},
    )
    form = {
        "id": organisation.new_identifier("offer_form"),
        "offerProcessId": process["id"],
        "isSubmitted": False,
    }
    return {"offerProcessId": process["id"], "offerFormId": organisation.save("offer_form", form)["id"]}


def in_state(organisation: Organisation, status: str) -> dict[str, Any]:
    """Return a seeded offer in a state."""
    return next(offer for offer in organisation.offers if offer_rules.offer_status(offer) == status)


def version_to_start(organisation: Organisation) -> str:
    """Take an offer back to before its approval; returns its latest version."""
    offer = next(one for one in organisation.offers if one["versions"][-1]["approvalRule"] == "needed")
    back = offer_rules.with_latest(offer, acceptance="Created", approvalStatus=None)
    return organisation.save("offer", back)["versions"][-1]["id"]


def version_in_state(organisation: Organisation, status: str) -> str:
    """Return the latest version of a seeded offer in a state."""
    return in_state(organisation, status)["versions"][-1]["id"]


def step_to_approve(organisation: Organisation) -> dict[str, str]:
    """Return a version, its current approval step and an approver of it."""
    for offer in organisation.offers:
        version = offer["versions"][-1]
        if version["approvalStatus"] == "WaitingOnApprovals" and offer["acceptanceStatus"] == "Pending":
            approval = organisation.where("approval", "entityId", version["id"])[0]
            step = offer_rules.current_step(approval)
            assert step is not None
            return {
                "offerVersionId": version["id"],
                "approvalStepId": step["id"],
                "userId": step["approvers"][0]["userId"],
            }
    raise AssertionError("no offer waits for approval")


OFFERS: dict[str, list[Body]] = {
    "approval.list": [
        {},
        {"entityType": "job", "limit": 1},
        lambda o: {"entityId": next(iter(o.approvals))["entityId"], "entityType": "offer"},
    ],
    "offer.approve": [
        lambda o: {"offerVersionId": version_in_state(o, "WaitingOnOfferApproval")},
        step_to_approve,
    ],
    "offer.create": [
        lambda o: {**started(o), "offerForm": whole_form(o)},
        lambda o: {**started(o), "offerForm": whole_form(o), "excludeFormDefinition": True},
    ],
    "offer.info": [
        lambda o: {"offerId": first("offer")(o)},
        lambda o: {"offerId": first("offer")(o), "excludeFormDefinition": True},
    ],
    "offer.list": [
        {},
        {"limit": 2, "createdAfter": 0},
        {
            "offerStatus": ["CandidateAccepted", "WaitingOnCandidateResponse"],
            "acceptanceStatus": ["Accepted"],
            "approvalStatus": ["Approved"],
        },
        lambda o: {"applicationId": next(iter(o.offers))["applicationId"]},
    ],
    "offer.setDecidedAt": [lambda o: {"offerId": first("offer")(o), "decidedAt": "2026-10-01T00:00:00Z"}],
    "offer.setStatus": [lambda o: {"offerId": first("offer")(o), "acceptanceStatus": "Declined"}],
    "offer.start": [lambda o: {"offerProcessId": started(o)["offerProcessId"]}],
    "offer.startApprovalProcess": [lambda o: {"offerVersionId": version_to_start(o), "note": "Please"}],
    "offer.update": [
        lambda o: {
            "offerId": in_state(o, "WaitingOnCandidateResponse")["id"],
            "offerForm": whole_form(o),
            "excludeFormDefinition": True,
        }
    ],
    "offerProcess.start": [
        lambda o: {
            "applicationId": next(
                one["id"]
                for one in o.applications
                if one["id"] not in {process["applicationId"] for process in o.offer_processes}
            )
        }
    ],
}
