"""candidate.list, info, search, create, update, anonymize, addTag, removeTag."""

from typing import Any

from sandbox import parameters, views
from sandbox.endpoints import Call, creation_window, endpoint
from sandbox.errors import ApiError, invalid_input, not_found
from sandbox.paging import Listed, Listing
from sandbox.parameters import CREATED_BETWEEN, SYNCED, optional, required
from sandbox.seed.candidates import ANONYMOUS_NAME, location
from sandbox.table import Record

_LOCATION = parameters.structure(
    {
        "city": optional(parameters.text),
        "region": optional(parameters.text),
        "country": optional(parameters.text),
    }
)
_LINK_TYPES = ("LinkedIn", "GitHub", "Twitter", "Medium", "StackOverflow", "YouTube", "CodePen", "Website")


def _view(call: Call, record: Record) -> dict[str, Any]:
    return views.candidate(call.organisation, call.principal, record)


@endpoint(
    "candidate.list",
    permission="candidatesRead",
    parameters={**CREATED_BETWEEN, **SYNCED},
)
def list_candidates(call: Call) -> Listing:
    """Return a page of candidates in order of creation.

    `createdAfter` and `createdBefore` (changelog 2026-07-09) are Unix milliseconds; a window that lies in the future
    or is inverted is `invalid_input`.
    """
    after, before = creation_window(call)

    def keep(candidate: Record) -> bool:
        created = candidate["createdAt"]
        return (after is None or created > after) and (before is None or created < before)

    people = call.organisation.people
    ceiling = people.size if before is None else people.first_created_from(before)
    return call.page(
        Listed(
            table=call.organisation.candidates,
            write=lambda record: _view(call, record),
            keep=keep,
            filters={"createdAfter": after, "createdBefore": before},
            floor=0 if after is None else people.first_created_from(after),
            likely=lambda position: position < ceiling,
        )
    )


@endpoint(
    "candidate.info",
    permission="candidatesRead",
    parameters={"id": optional(parameters.identifier), "externalMappingId": optional(parameters.text)},
)
def info(call: Call) -> dict[str, Any]:
    """Return one candidate by `id` or, if that is absent, by `externalMappingId`; raises `candidate_not_found`."""
    if "id" in call.parameters:
        return _view(call, call.find("candidate", call.parameters["id"]))
    if "externalMappingId" not in call.parameters:
        raise invalid_input(("id", "Either id or externalMappingId is required"))
    record = call.organisation.candidate_by_external_id(call.parameters["externalMappingId"])
    if record is None:
        raise not_found("candidate")
    return _view(call, record)


@endpoint(
    "candidate.search",
    permission="candidatesRead",
    parameters={"email": optional(parameters.text), "name": optional(parameters.text)},
)
def search(call: Call) -> list[dict[str, Any]]:
    """Return at most 100 candidates matching both the e-mail address and the name, where given."""
    if not call.parameters:
        raise invalid_input(("", "Either email or name is required"))
    found = call.organisation.search.find(email=call.parameters.get("email"), name=call.parameters.get("name"))
    return [_view(call, record) for record in found]


@endpoint(
    "candidate.create",
    permission="candidatesWrite",
    parameters={
        "name": required(parameters.text),
        "email": optional(parameters.email),
        "phoneNumber": optional(parameters.text),
        "linkedInUrl": optional(parameters.url),
        "githubUrl": optional(parameters.url),
        "website": optional(parameters.url),
        "alternateEmailAddresses": optional(parameters.list_of(parameters.email)),
        "sourceId": optional(parameters.identifier),
        "creditedToUserId": optional(parameters.identifier),
        "location": optional(_LOCATION),
        "createdAt": optional(parameters.moment),
    },
)
def create(call: Call) -> dict[str, Any]:
    """Create a candidate; two with the same e-mail address are allowed.

    Custom fields, tags and files are set by their own endpoints. Raises `source_not_found`, `user_not_found`.
    """
    sent = call.parameters
    _check_references(call)
    now = call.organisation.now()
    record = call.organisation.blank_candidate(sent["name"], created_at=sent.get("createdAt", now))
    for address in [*([sent["email"]] if "email" in sent else []), *sent.get("alternateEmailAddresses", [])]:
        _add_contact(record["emailAddresses"], address)
    if "phoneNumber" in sent:
        _add_contact(record["phoneNumbers"], sent["phoneNumber"])
    _set_links(record, {"LinkedIn": "linkedInUrl", "GitHub": "githubUrl", "Website": "website"}, call)
    _set_shared(record, call)
    return _view(call, call.organisation.save("candidate", record))


@endpoint(
    "candidate.update",
    permission="candidatesWrite",
    parameters={
        "candidateId": required(parameters.identifier),
        "name": optional(parameters.text),
        "email": optional(parameters.email),
        "phoneNumber": optional(parameters.text),
        "linkedInUrl": optional(parameters.url),
        "githubUrl": optional(parameters.url),
        "websiteUrl": optional(parameters.url),
        "alternateEmail": optional(parameters.email),
        "socialLinks": optional(
            parameters.list_of(
                parameters.structure(
                    {"type": required(parameters.one_of(*_LINK_TYPES)), "url": required(parameters.url)}
                )
            )
        ),
        "sourceId": optional(parameters.identifier, nullable=True),
        "creditedToUserId": optional(parameters.identifier, nullable=True),
        "location": optional(_LOCATION),
        "createdAt": optional(parameters.moment),
        "sendNotifications": optional(parameters.flag),
    },
)
def update(call: Call) -> dict[str, Any]:
    """Change the given fields of a candidate.

    `socialLinks` replaces all links, and the three URL parameters are then ignored; null for `sourceId` or
    `creditedToUserId` unsets it (changelog 2026-08). Raises `candidate_not_found`, `source_not_found`,
    `user_not_found`.
    """
    sent = call.parameters
    record = call.find("candidate", sent["candidateId"])
    _check_references(call)
    record = {
        **record,
        "emailAddresses": list(record["emailAddresses"]),
        "phoneNumbers": list(record["phoneNumbers"]),
        "socialLinks": list(record["socialLinks"]),
    }
    if "name" in sent:
        record["name"] = sent["name"]
    if "email" in sent:
        _set_primary(record["emailAddresses"], sent["email"])
    if "alternateEmail" in sent:
        _add_contact(record["emailAddresses"], sent["alternateEmail"])
    if "phoneNumber" in sent:
        _set_primary(record["phoneNumbers"], sent["phoneNumber"])
    if "socialLinks" in sent:
        record["socialLinks"] = sent["socialLinks"]
    else:
        _set_links(record, {"LinkedIn": "linkedInUrl", "GitHub": "githubUrl", "Website": "websiteUrl"}, call)
    if "createdAt" in sent:
        record["createdAt"] = sent["createdAt"]
    _set_shared(record, call)
    notify = sent.get("sendNotifications", True)
    return _view(call, call.organisation.save("candidate", record, detail={"sendNotifications": notify}))


@endpoint(
    "candidate.anonymize", permission="candidatesWrite", parameters={"candidateId": required(parameters.identifier)}
)
def anonymize(call: Call) -> dict[str, Any]:
    """Remove everything personal from a candidate, for good.

    Refused while one of its applications is neither archived nor hired.
    """
    organisation = call.organisation
    record = call.find("candidate", call.parameters["candidateId"])
    applications = [organisation.applications.get(application) for application in record["applicationIds"]]
    if any(application and application["status"] not in {"Archived", "Hired"} for application in applications):
        raise ApiError(
            "candidate_has_active_applications",
            "All applications of a candidate must be archived or hired before it can be anonymized.",
        )
    blank = organisation.blank_candidate(ANONYMOUS_NAME, created_at=record["createdAt"])
    kept = {"id": record["id"], "applicationIds": record["applicationIds"], "isAnonymized": True}
    return _view(call, organisation.save("candidate", {**blank, **kept}, action="anonymized"))


_TAGGING = {"candidateId": required(parameters.text), "tagId": required(parameters.text)}


@endpoint("candidate.addTag", permission="candidatesWrite", parameters=_TAGGING)
def add_tag(call: Call) -> dict[str, Any]:
    """Add a tag; one that is there already stays. Raises `candidate_not_found`, `candidate_tag_not_found`."""
    record, tag = _tagged(call)
    if tag["id"] not in record["tagIds"]:
        record = call.organisation.save("candidate", {**record, "tagIds": [*record["tagIds"], tag["id"]]})
    return _view(call, record)


@endpoint("candidate.removeTag", permission="candidatesWrite", parameters=_TAGGING, strict=True)
def remove_tag(call: Call) -> dict[str, Any]:
    """Remove a tag; one that is not there changes nothing and is no error (changelog 2026-02-27)."""
    record, tag = _tagged(call)
    if tag["id"] in record["tagIds"]:
        left = [tag_id for tag_id in record["tagIds"] if tag_id != tag["id"]]
        record = call.organisation.save("candidate", {**record, "tagIds": left})
    return _view(call, record)


def _tagged(call: Call) -> tuple[Record, Record]:
    return call.find("candidate", call.parameters["candidateId"]), call.find("candidate_tag", call.parameters["tagId"])


def _check_references(call: Call) -> None:
    for name, kind in (("sourceId", "source"), ("creditedToUserId", "user")):
        if call.parameters.get(name) is not None:
            call.find(kind, call.parameters[name])


def _set_shared(record: Record, call: Call) -> None:
    """Set what create and update name alike: source, credited user, location."""
    for name in ("sourceId", "creditedToUserId"):
        if name in call.parameters:
            record[name] = call.parameters[name]
    if "location" in call.parameters:
        place = call.parameters["location"]
        parts = [place.get(part, "") for part in ("country", "region", "city")]
        record["location"] = (
            location(call.organisation.new_identifier("candidate_location"), *parts) if any(parts) else None
        )


def _set_links(record: Record, names: dict[str, str], call: Call) -> None:
    """Set or replace the one link of each type whose parameter was sent."""
    for kind, name in names.items():
        if name in call.parameters:
            others = [link for link in record["socialLinks"] if link["type"] != kind]
            record["socialLinks"] = [*others, {"type": kind, "url": call.parameters[name]}]


def _add_contact(contacts: list[Record], value: str) -> None:
    """Add an address or number that is not there yet; the first one is primary."""
    if all(contact["value"].casefold() != value.casefold() for contact in contacts):
        contacts.append({"value": value, "type": "Personal", "isPrimary": not contacts})


def _set_primary(contacts: list[Record], value: str) -> None:
    """Make a value the primary contact, keeping a known one's type and replacing the old primary otherwise."""
    known = next((contact for contact in contacts if contact["value"].casefold() == value.casefold()), None)
    others = [
        {**contact, "isPrimary": False}
        for contact in contacts
        if contact is not known and (known is not None or not contact["isPrimary"])
    ]
    kind = known["type"] if known else "Personal"
    contacts[:] = [{"value": value, "type": kind, "isPrimary": True}, *others]
