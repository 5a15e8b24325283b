"""How records that appear in several endpoints are written on the wire, and what a key may see of them."""

from typing import Any

from sandbox import custom_values
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.organisation import Organisation
from sandbox.table import Record


def user(record: Record) -> dict[str, Any]:
    """Write a User (user.info). E-mail and manager are optional."""
    return published(
        record, "id", "firstName", "lastName", "email", "globalRole", "isEnabled", "updatedAt", "managerId"
    )


def tag(record: Record) -> dict[str, Any]:
    """Write a candidate Tag."""
    return published(record, "id", "title", "isArchived")


def source(record: Record) -> dict[str, Any]:
    """Write a Source; its type is optional."""
    return published(record, "id", "title", "isArchived", "sourceType")


def custom_field(record: Record) -> dict[str, Any]:
    """Write a custom field definition; only the two select types have `selectableValues`."""
    view = published(
        record, "id", "title", "description", "isPrivate", "objectType", "isArchived", "fieldType", "isRequired"
    )
    if record["fieldType"] in custom_values.SELECT_TYPES:
        view["selectableValues"] = record["selectableValues"]
    return view


def custom_field_values(organisation: Organisation, principal: Principal, record: Record) -> list[dict[str, Any]]:
    """Write the custom field values of a record, without private fields unless the key may see them."""
    values: list[dict[str, Any]] = []
    for field_id, value in record["customFieldValues"].items():
        field = organisation.custom_fields.get(field_id)
        if field is not None and (principal.private_fields or not field["isPrivate"]):
            values.append(custom_values.written(field, value))
    return values


def candidate(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write a Candidate (candidate.info). What is not set is absent, not null.

    Applications to confidential jobs are listed only for keys with that switch.
    """
    view = published(record, "id", "createdAt", "updatedAt", "name", "emailAddresses", "phoneNumbers", "socialLinks")
    for name, contacts in (
        ("primaryEmailAddress", record["emailAddresses"]),
        ("primaryPhoneNumber", record["phoneNumbers"]),
    ):
        primary = next((contact for contact in contacts if contact["isPrimary"]), None)
        if primary is not None:
            view[name] = primary
    view |= published(
        record,
        "position",
        "company",
        "school",
        "resumeFileHandle",
        "fileHandles",
        "timezone",
        "location",
        "fraudStatus",
    )
    view["tags"] = [tag(found) for tag_id in record["tagIds"] if (found := organisation.candidate_tags.get(tag_id))]
    view["applicationIds"] = [
        application_id
        for application_id in record["applicationIds"]
        if (application := organisation.applications.get(application_id))
        and (principal.confidential or not application["isConfidential"])
    ]
    view["customFields"] = custom_field_values(organisation, principal, record)
    view["profileUrl"] = f"https://app.ashbyhq.com/candidate-searches/new/right-side/candidates/{record['id']}"
    if (found := organisation.sources.get(record["sourceId"] or "")) is not None:
        view["source"] = source(found)
    if (found := organisation.users.get(record["creditedToUserId"] or "")) is not None:
        view["creditedToUser"] = user(found)
    return view
