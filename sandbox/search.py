"""Finding candidates by e-mail address and name without building every record."""

from sandbox.seed.candidates import CandidateGenerator
from sandbox.table import Record, Table

SEARCH_LIMIT = 100


class CandidateSearch:
    """Names and e-mail addresses of all candidates by position, read from the generator at the first search.

    100,000 candidates take about 20 MB and a second once; a search is then a scan of two lists of strings, some
    milliseconds. Ashby does not say how it matches: see "Inferred" in docs/sandbox.md.
    """

    def __init__(self, candidates: Table, people: CandidateGenerator) -> None:
        self._candidates = candidates
        self._people = people
        self._names: list[str] | None = None
        self._emails: list[str] = []

    def find(self, *, email: str | None, name: str | None) -> list[Record]:
        """Return up to 100 candidates having the whole e-mail address and a part of the name, in any case."""
        names, emails = self._index()
        wanted_email = None if email is None else f"\n{email.strip().casefold()}\n"
        wanted_name = None if name is None else " ".join(name.casefold().split())
        found: list[Record] = []
        for position in range(len(names)):
            if wanted_email is not None and wanted_email not in emails[position]:
                continue
            if wanted_name is not None and wanted_name not in names[position]:
                continue
            record = self._candidates.at(position)
            if record is not None:
                found.append(record)
                if len(found) == SEARCH_LIMIT:
                    break
        return found

    def refresh(self, candidate: Record) -> None:
        """Take in a candidate that was added or changed."""
        if self._names is None:
            return  # the first search reads the changed record anyway
        position = self._candidates.position_of(candidate["id"])
        if position is None:
            return
        while len(self._names) <= position:
            self._names.append("")
            self._emails.append("\n")
        self._names[position], self._emails[position] = _entry(
            candidate["name"], [contact["value"] for contact in candidate["emailAddresses"]]
        )

    def _index(self) -> tuple[list[str], list[str]]:
        if self._names is None:
            entries = [_entry(*self._people.identity(position)) for position in range(self._people.size)]
            self._names = [entry[0] for entry in entries]
            self._emails = [entry[1] for entry in entries]
            for candidate in self._candidates.changed_records():
                self.refresh(candidate)
        return self._names, self._emails


def _entry(name: str, emails: list[str]) -> tuple[str, str]:
    """Return the folded name, and the folded addresses each between line breaks, so that `in` matches them whole."""
    return " ".join(name.casefold().split()), "\n" + "".join(f"{email.casefold()}\n" for email in emails)
