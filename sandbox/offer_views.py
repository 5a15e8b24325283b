"""How offers, offer processes and approvals are written on the wire.

Webhooks send an offer as `offer` writes it.
"""

from typing import Any

from sandbox import custom_values, moments, offer_forms, offer_rules, views
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.organisation import Organisation
from sandbox.table import Record


def summary(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write an offer as offer.list does, with its latest version only."""
    return {
        **published(record, "id", "applicationId", "acceptanceStatus", "decidedAt"),
        "offerStatus": offer_rules.offer_status(record),
        "latestVersion": _version(organisation, principal, record["versions"][-1]),
    }


def offer(
    organisation: Organisation, principal: Principal, record: Record, *, with_form: bool = True
) -> dict[str, Any]:
    """Write an offer with all its versions and, unless it is left out, the definition of the form."""
    view = summary(organisation, principal, record)
    view["versions"] = [_version(organisation, principal, version) for version in record["versions"]]
    if with_form:
        view["formDefinition"] = offer_forms.definition(organisation)
    return view


def process(organisation: Organisation, record: Record) -> dict[str, Any]:
    """Write an offer process."""
    return {
        **published(record, "id", "applicationId"),
        "status": offer_rules.process_status(organisation, record),
    }


def approval(record: Record) -> dict[str, Any]:
    """Write an approval with its steps in order."""
    return {
        **published(
            record, "id", "approvalDefinitionId", "entityId", "entityType", "createdAt", "submittedAt", "completedAt"
        ),
        "steps": [
            {
                **published(step, "id", "approvalsRequired", "completedAt"),
                "approvers": [
                    published(approver, "id", "userId", "decision", "decidedAt", "requestedAt")
                    for approver in step["approvers"]
                ],
            }
            for step in record["steps"]
        ],
    }


def _version(organisation: Organisation, principal: Principal, version: Record) -> dict[str, Any]:
    """Write a version. The key's switch for private fields is about other fields than those of offers."""
    view = published(version, "id", "createdAt", "salary", "openingId", "fileHandles")
    view["startDate"] = moments.iso(version["startDate"])
    view["customFields"] = [
        custom_values.written(field, value)
        for field_id, value in version["customFieldValues"].items()
        if (field := organisation.custom_fields.get(field_id))
    ]
    if (author := views.user_named(organisation, principal, version["authorId"])) is not None:
        view["author"] = author
    view["approvalStatus"] = version["approvalStatus"]
    return view
