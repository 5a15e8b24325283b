"""How records that appear in several endpoints are written on the wire, and what a key may see of them."""

from typing import Any

from sandbox import custom_values, visibility
from sandbox.credentials import Principal
from sandbox.endpoints import published
from sandbox.organisation import Organisation
from sandbox.table import Record


def user(organisation: Organisation, principal: Principal, record: Record) -> dict[str, Any]:
    """Write a User (user.info). E-mail and manager are optional; custom fields are an organisation's feature."""
    view = published(
        record, "id", "firstName", "lastName", "email", "globalRole", "isEnabled", "updatedAt", "managerId"
    )
    view["customFields"] = custom_field_values(organisation, principal, record)
    return view


def user_named(organisation: Organisation, principal: Principal, user_id: str | None) -> dict[str, Any] | None:
    """Write the user with an id, or None if there is none."""
    record = organisation.users.get(user_id or "")
    return None if record is None else user(organisation, principal, record)


def hiring_team(organisation: Organisation, members: list[Record]) -> list[dict[str, Any]]:
    """Write the members of a hiring team: the role is its title, and there is no role id."""
    return [written for member in members if (written := team_member(organisation, member["userId"], member["roleId"]))]


def team_member(organisation: Organisation, user_id: str, role_id: str) -> dict[str, Any] | None:
    """Write a member of a hiring team; None if the user or the role is unknown. Its e-mail is always there."""
    person, role = organisation.users.get(user_id), organisation.hiring_team_roles.get(role_id)
    if person is None or role is None:
        return None
    return {
        "userId": person["id"],
        "firstName": person["firstName"],
        "lastName": person["lastName"],
        "email": person["email"] or "",
        "role": role["title"],
    }


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
    view |= primary_contacts(record)
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
        if principal.confidential or visibility.application_by_id(organisation, principal, application_id)
    ]
    view["customFields"] = custom_field_values(organisation, principal, record)
    view["profileUrl"] = f"https://app.ashbyhq.com/candidate-searches/new/right-side/candidates/{record['id']}"
    if (found := organisation.sources.get(record["sourceId"] or "")) is not None:
        view["source"] = source(found)
    if (credited := user_named(organisation, principal, record["creditedToUserId"])) is not None:
        view["creditedToUser"] = credited
    return view


def primary_contacts(candidate: Record) -> dict[str, Any]:
    """Write a candidate's primary e-mail address and telephone number, where it has them."""
    contacts = {"primaryEmailAddress": candidate["emailAddresses"], "primaryPhoneNumber": candidate["phoneNumbers"]}
    return {
        name: primary
        for name, listed in contacts.items()
        if (primary := next((contact for contact in listed if contact["isPrimary"]), None)) is not None
    }
