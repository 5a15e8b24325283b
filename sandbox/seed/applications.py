"""The seeded applications: how many a candidate has, and their states, follow from positions alone."""

from typing import TYPE_CHECKING

from sandbox.identifiers import identifier_at, position_of
from sandbox.table import Record

if TYPE_CHECKING:
    from sandbox.seed.candidates import CandidateGenerator

# Applications of eight candidates in a row; the pattern repeats, so either position gives the other.
PATTERN = (2, 0, 1, 1, 3, 1, 0, 1)
BLOCK = len(PATTERN)
PER_BLOCK = sum(PATTERN)
STATUSES = ("Active", "Archived", "Hired")


def first_position(candidate: int) -> int:
    """Return the position of a candidate's first application (or of where it would be)."""
    block, place = divmod(candidate, BLOCK)
    return block * PER_BLOCK + sum(PATTERN[:place])


def identifiers_of(seed: int, candidate: int) -> list[str]:
    """Return the ids of the applications of the candidate at a position."""
    first = first_position(candidate)
    count = PATTERN[candidate % BLOCK]
    return [identifier_at(seed, "application", position) for position in range(first, first + count)]


class ApplicationGenerator:
    """Computes applications: `{id, candidateId, status, isConfidential, createdAt, updatedAt, customFieldValues}`."""

    def __init__(self, people: "CandidateGenerator") -> None:
        self._people = people

    @property
    def size(self) -> int:
        """How many applications there are at first."""
        return first_position(self._people.size)

    def position_of(self, identifier: str) -> int | None:
        """Return the position of an application's id, else None."""
        return position_of(self._people.seed, "application", identifier)

    def build(self, position: int) -> Record:
        """Compute the application at a position. Those of anonymized candidates are archived."""
        block, place = divmod(position, PER_BLOCK)
        offset = 0
        while place >= PATTERN[offset]:
            place -= PATTERN[offset]
            offset += 1
        candidate = block * BLOCK + offset
        created = self._people.created_at(candidate) + place * 3_600_000
        archived = self._people.is_anonymized(candidate)
        return {
            "id": identifier_at(self._people.seed, "application", position),
            "candidateId": self._people.identifier(candidate),
            "status": "Archived" if archived else STATUSES[(candidate + place) % 3],
            "isConfidential": position % 11 == 8,
            "createdAt": created,
            "updatedAt": created,
            "customFieldValues": {},
        }
