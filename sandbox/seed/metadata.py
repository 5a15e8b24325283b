"""Fills an organisation's small tables from the catalogue, and gives some candidates notes."""

from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.identifiers import identifier_at
from sandbox.seed import catalogue, custom_fields, interviews, jobs, offers, plans, postings
from sandbox.seed.candidates import ADA, FIRST_CREATED
from sandbox.seed.values import custom_values
from sandbox.table import Record

if TYPE_CHECKING:
    from sandbox.organisation import Organisation

_HOUR = 3_600_000


def fill(organisation: "Organisation") -> None:
    """Put the seeded records into their tables, without recording changes: they were always there."""
    for tables in (_records, plans.records, jobs.records, postings.records, interviews.records):
        for kind, records in tables(organisation.seed).items():
            for record in records:
                organisation.tables[kind].put(record)
    _add_notes(organisation)
    interviews.add_schedules(organisation)
    offers.add_offers(organisation)


def _records(seed: int) -> dict[str, list[Record]]:
    def named(kind: str, position: int | None) -> str | None:
        return None if position is None else identifier_at(seed, kind, position)

    def each(kind: str, rows: tuple[Any, ...]) -> list[tuple[str, int, Any]]:
        return [
            (identifier_at(seed, kind, position), FIRST_CREATED + position * _HOUR, row)
            for position, row in enumerate(rows)
        ]

    source_types = [
        {"id": identifier, "title": title, "isArchived": archived}
        for identifier, _, (title, archived) in each("source_type", catalogue.SOURCE_TYPES)
    ]
    return {
        "candidate_tag": [
            {"id": identifier, "title": title, "isArchived": archived}
            for identifier, _, (title, archived) in each("candidate_tag", catalogue.TAGS)
        ],
        "source": [
            {
                "id": identifier,
                "title": title,
                "isArchived": archived,
                "sourceType": None if kind is None else source_types[kind],
            }
            for identifier, _, (title, kind, archived) in each("source", catalogue.SOURCES)
        ],
        "archive_reason": [
            {"id": identifier, "text": text, "reasonType": kind, "isArchived": archived}
            for identifier, _, (text, kind, archived) in each("archive_reason", catalogue.ARCHIVE_REASONS)
        ],
        "brand": [
            {"id": identifier, "name": name, "hostedJobsPageSlug": page}
            for identifier, _, (name, page) in each("brand", catalogue.BRANDS)
        ],
        "department": [
            {
                "id": identifier,
                "name": name,
                "externalName": external,
                "parentId": named("department", parent),
                "isArchived": archived,
                "createdAt": created,
                "updatedAt": created,
            }
            for identifier, created, (name, external, parent, archived) in each("department", catalogue.DEPARTMENTS)
        ],
        "location": [
            {
                "id": identifier,
                "name": name,
                "type": kind,
                "parentLocationId": named("location", parent),
                "workplaceType": workplace,
                "place": place,
                "isArchived": archived,
            }
            for identifier, _, (name, kind, parent, workplace, place, archived) in each("location", catalogue.LOCATIONS)
        ],
        "user": [
            {
                "id": identifier,
                "firstName": given,
                "lastName": family,
                "email": None if mailbox is None else f"{mailbox}@analytical-engines.example",
                "globalRole": role,
                "isEnabled": enabled,
                "managerId": named("user", manager),
                "updatedAt": created,
                "customFieldValues": custom_values(
                    seed, custom_fields.EMPLOYEE_FIELDS, Random(f"{seed}/{identifier}"), 0.6
                ),
            }
            for identifier, created, (given, family, mailbox, role, enabled, manager) in each("user", catalogue.USERS)
        ],
        "custom_field": [
            _custom_field(identifier, field)
            for identifier, _, field in each("custom_field", custom_fields.CUSTOM_FIELDS)
        ],
        "project": [
            {
                "id": identifier,
                "title": title,
                "description": description,
                "isArchived": archived,
                "confidential": confidential,
                "authorId": named("user", 0),
                "createdAt": created,
            }
            for identifier, created, (title, description, archived, confidential) in each("project", catalogue.PROJECTS)
        ],
    }


def _custom_field(identifier: str, field: custom_fields.CustomFieldSeed) -> Record:
    return {
        "id": identifier,
        "title": field.title,
        "description": None,
        "isPrivate": field.private,
        "objectType": field.object_type,
        "isArchived": field.archived,
        "fieldType": field.field_type,
        "isRequired": field.required,
        "selectableValues": [
            {"label": label, "value": value, "isArchived": archived} for label, value, archived in field.options
        ],
    }


def _add_notes(organisation: "Organisation") -> None:
    """Give Ada a few notes (one private), and a few more candidates one each."""
    texts = [("Met her at the exhibition.", False), ("Asks for £500.", True), ("素晴らしい 🚀", False)]
    for position in range(ADA, min(organisation.people.size, 20), 5):
        candidate_id = organisation.people.identifier(position)
        for index, (content, private) in enumerate(texts if position == ADA else texts[:1]):
            organisation.notes(candidate_id).put(
                {
                    "id": identifier_at(organisation.seed, f"note/{candidate_id}", index),
                    "createdAt": organisation.people.created_at(position) + index * _HOUR,
                    "isPrivate": private,
                    "content": content,
                    "authorId": identifier_at(organisation.seed, "user", index),
                }
            )
