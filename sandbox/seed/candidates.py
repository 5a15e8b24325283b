"""The seeded candidates, each computed from the seed and its position.

The first ones are fixed and documented in docs/sandbox.md; the rest vary at random, reproducibly.
"""

import re
import unicodedata
from random import Random
from typing import Any

from sandbox import moments
from sandbox.handles import file_handle
from sandbox.identifiers import identifier_at, position_of
from sandbox.seed import applications, catalogue, names
from sandbox.seed.custom_fields import CANDIDATE_FIELDS, CUSTOM_FIELDS
from sandbox.seed.values import custom_value
from sandbox.table import Record

FIRST_CREATED = moments.milliseconds("2023-01-02T09:00:00Z")
LAST_CREATED = moments.milliseconds("2026-10-30T17:00:00Z")
ADA = 0
PLATO = 1  # nothing but a name
ANONYMIZED = 2
MANY_CONTACTS = 3
SHARED_ADDRESS = "shared.inbox@example.org"
ANONYMOUS_NAME = "Anonymized Candidate"
# Every tenth candidate has an id in the organisation's HRIS, made of its position.
EXTERNAL_EVERY = 10
EXTERNAL_PREFIX = "hris-"
_UPDATED_WITHIN = 86_400_000 * 20
MERGED_SHARE = 50  # one merged-away id for so many candidates


class CandidateGenerator:
    """Computes candidates of the stored form (see `docs/sandbox.md`, "Records") and their ids."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self._size = size

    @property
    def size(self) -> int:
        """How many candidates there are at first."""
        return self._size

    def identifier(self, position: int) -> str:
        """Return the id of the candidate at a position."""
        return identifier_at(self.seed, "candidate", position)

    def position_of(self, identifier: str) -> int | None:
        """Return the position of a candidate's id, else None."""
        return position_of(self.seed, "candidate", identifier)

    def position_of_external(self, external_id: str) -> int | None:
        """Return the position of the candidate that may have this HRIS id, else None."""
        digits = external_id.removeprefix(EXTERNAL_PREFIX)
        if digits == external_id or not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
            return None
        return int(digits)

    def created_at(self, position: int) -> int:
        """Return the creation time in milliseconds, which grows with the position."""
        return FIRST_CREATED + (LAST_CREATED - FIRST_CREATED) * position // max(self._size, 1)

    def first_created_from(self, moment: int) -> int:
        """Return the first position created at `moment` or later: where a filter on creation time may begin."""
        span = LAST_CREATED - FIRST_CREATED
        position = -((FIRST_CREATED - moment) * self._size // span)
        return min(max(position, 0), self._size)

    def is_anonymized(self, position: int) -> bool:
        """Tell whether the candidate at a position was anonymized before the sandbox started."""
        return position % 61 == ANONYMIZED

    def merged_identifiers(self) -> dict[str, str]:
        """Return ids that once existed and were merged away, each with the candidate that survived."""
        losers = range(self._size, self._size + self._size // MERGED_SHARE)
        return {self.identifier(loser): self.identifier((loser * 7) % self._size) for loser in losers}

    def identity(self, position: int) -> tuple[str, list[str]]:
        """Return a candidate's name and e-mail addresses, cheaper than `build`."""
        return self._identity(position, self._random(position))

    def card(self, position: int) -> Record:
        """Return what an application says of its candidate, cheaper than `build`.

        That is `{id, name, emailAddresses, phoneNumbers}`, the same as in the whole record.
        """
        random = self._random(position)
        name, emails = self._identity(position, random)
        random.randrange(_UPDATED_WITHIN)  # what `build` draws in between
        known = position != PLATO and not self.is_anonymized(position)
        return {
            "id": self.identifier(position),
            "name": name,
            "emailAddresses": _contacts(emails),
            "phoneNumbers": _phones(position, random) if known else [],
        }

    def build(self, position: int) -> Record:
        """Compute the candidate at a position."""
        random = self._random(position)
        name, emails = self._identity(position, random)
        created = self.created_at(position)
        record = blank(self.identifier(position), name, created)
        record["updatedAt"] = created + random.randrange(_UPDATED_WITHIN)
        record["emailAddresses"] = _contacts(emails)
        record["applicationIds"] = applications.identifiers_of(self.seed, position)
        record["isAnonymized"] = self.is_anonymized(position)
        if position % EXTERNAL_EVERY == 0:
            record["externalMappingId"] = f"{EXTERNAL_PREFIX}{position}"
        if not record["isAnonymized"] and position != PLATO:
            self._fill(record, position, random)
        return record

    def _random(self, position: int) -> Random:
        return Random(self.seed << 32 | position)

    def _identity(self, position: int, random: Random) -> tuple[str, list[str]]:
        if position == ADA:
            return "Ada Lovelace", ["ada@example.com", "ada.lovelace@example.org"]
        if position == PLATO:
            return "Plato", []
        if self.is_anonymized(position):
            return ANONYMOUS_NAME, []
        if random.random() < 0.18:
            name = random.choice(names.UNUSUAL_NAMES)
        else:
            name = f"{random.choice(names.GIVEN_NAMES)} {random.choice(names.FAMILY_NAMES)}"
        if position == MANY_CONTACTS:
            return name, [f"{slug(name)}.{label}@example.com" for label in ("home", "work", "old", "alumni")]
        count = random.choices((0, 1, 2, 3), weights=(9, 70, 15, 6))[0]
        domains = random.sample(names.DOMAINS, count)
        emails = [f"{slug(name)}.{position}@{domain}" for domain in domains]
        if position % 83 == 5:
            emails.append(SHARED_ADDRESS)
        return name, emails

    def _fill(self, record: Record, position: int, random: Random) -> None:
        """Add what a candidate may have beside a name and e-mail addresses; Ada has all of it."""
        every = position == ADA
        link_name = f"{slug(record['name'])}-{position}"

        def chance(share: float) -> bool:
            return random.random() < share or every

        record["phoneNumbers"] = _phones(position, random)
        kinds = list(names.LINK_PATTERNS) if every else random.sample(list(names.LINK_PATTERNS), random.randrange(4))
        record["socialLinks"] = [
            {"type": kind, "url": names.LINK_PATTERNS[kind].format(slug=link_name)} for kind in kinds
        ]
        tags = random.sample(range(len(catalogue.TAGS)), 3 if every else random.choice((0, 0, 1, 2)))
        record["tagIds"] = [identifier_at(self.seed, "candidate_tag", tag) for tag in tags]
        for key, choices in (
            ("position", names.POSITIONS),
            ("company", names.COMPANIES),
            ("school", names.SCHOOLS),
            ("timezone", names.TIMEZONES),
        ):
            picked = choices[0] if every else random.choice(choices)
            record[key] = picked if chance(0.6) else None
        if chance(0.65):
            place = names.PLACES[0] if every else random.choice(names.PLACES)
            record["location"] = location(identifier_at(self.seed, "candidate_location", position), *place)
        if chance(0.8):
            record["sourceId"] = identifier_at(self.seed, "source", random.randrange(len(catalogue.SOURCES)))
        if chance(0.4):
            record["creditedToUserId"] = identifier_at(self.seed, "user", random.randrange(len(catalogue.USERS)))
        if chance(0.15) and not every:
            record["fraudStatus"] = random.choice(("Unreviewed", "PassedFraudCheck", "NotFraudulent", "Fraudulent"))
        if chance(0.5):
            record["resumeFileHandle"] = file_handle(record["id"], f"resume-{position}", f"Résumé {position}.pdf")
            record["fileHandles"] = [record["resumeFileHandle"]]
        if chance(0.1):
            record["fileHandles"] = [
                *record["fileHandles"],
                file_handle(record["id"], f"portfolio-{position}", "ポートフォリオ.pdf"),
            ]
        record["customFieldValues"] = {
            identifier_at(self.seed, "custom_field", field): custom_value(CUSTOM_FIELDS[field], random)
            for field in CANDIDATE_FIELDS
            if chance(0.3)
        }


def blank(identifier: str, name: str, created_at: int) -> Record:
    """Return a candidate of the stored form with nothing but a name."""
    return {
        "id": identifier,
        "createdAt": created_at,
        "updatedAt": created_at,
        "name": name,
        "emailAddresses": [],
        "phoneNumbers": [],
        "socialLinks": [],
        "tagIds": [],
        "position": None,
        "company": None,
        "school": None,
        "applicationIds": [],
        "resumeFileHandle": None,
        "fileHandles": [],
        "customFieldValues": {},
        "sourceId": None,
        "creditedToUserId": None,
        "timezone": None,
        "location": None,
        "fraudStatus": None,
        "externalMappingId": None,
        "isAnonymized": False,
    }


def location(identifier: str, country: str, region: str, city: str) -> dict[str, Any]:
    """Return a candidate's location of the published form; empty parts are left out."""
    parts = (("Country", country), ("Region", region), ("City", city))
    components = [{"type": kind, "name": name} for kind, name in parts if name]
    return {
        "id": identifier,
        "locationSummary": ", ".join(component["name"] for component in components),
        "locationComponents": components,
    }


def slug(name: str) -> str:
    """Return the ASCII letters of a name joined by dots; `candidate` if it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", plain))[:40].strip(".") or "candidate"


def _contacts(values: list[str]) -> list[dict[str, Any]]:
    kinds = ("Personal", "Work", "Other")
    return [{"value": value, "type": kinds[index % 3], "isPrimary": index == 0} for index, value in enumerate(values)]


def _phones(position: int, random: Random) -> list[dict[str, Any]]:
    if random.random() >= 0.7 and position != ADA:
        return []
    count = 3 if position == MANY_CONTACTS else random.choice((1, 1, 1, 2))
    return _contacts([f"+44 20 7946 {random.randrange(10_000):04d}" for _ in range(count)])
