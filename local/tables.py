"""Write the tables of the documentation from the code: ``python -m local.tables [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path
from string import ascii_lowercase

from unified.connector import Connector, Operation, connector_ids, load_connector
from unified.errors import CATALOGUE
from unified.models.events import TRIGGERS

ROOT = Path(__file__).parent.parent
_LETTERS = ascii_lowercase
_DELAYS = {"incremental": "next sweep", "full": "daily sweep", "atOnce": "at once"}
_ABOUT_EVENTS = (
    "Events come by webhooks where there are any, and what those miss is found by a sweep: the next, which reads what"
    " has changed, or the daily one, which reads all."
)
SHOWN = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)


def table() -> str:
    """Return the capability table in Markdown, with a note for every cell that is not native."""
    connectors = [load_connector(connector_id) for connector_id in connector_ids()]
    return "\n\n".join(part for connector in connectors for part in (_operations(connector), _events(connector)))


def _operations(connector: Connector) -> str:
    lines = [
        f"| {connector.name} | " + " | ".join(SHOWN) + f" | search and filters | {connector.name} permissions |",
        "|" + "---|" * (len(SHOWN) + 3),
    ]
    notes: list[str] = []
    for model_id in connector.model_ids:
        model = connector.load(model_id)
        cells: list[str] = []
        permissions: set[str] = set()
        for operation in SHOWN:
            capability = model.capabilities[operation]
            permissions.update(capability.permissions, capability.sometimes)
            if capability.reason and capability.reason not in notes:
                notes.append(capability.reason)
            mark = f" [{notes.index(capability.reason) + 1}]" if capability.reason else ""
            cells.append(f"{capability.mode}{mark}")
        searches = [*(["`q`"] if model.searchable else []), *(f"`{name}`" for name in model.filters)]
        named = ", ".join(sorted(permissions))
        lines.append(f"| `{model_id}` | " + " | ".join(cells) + f" | {', '.join(searches) or '-'} | {named} |")
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))])


def _events(connector: Connector) -> str:
    """Return how events come about: by the provider's webhooks, and by which sweep at the latest."""
    lines = [
        _ABOUT_EVENTS,
        "",
        f"| {connector.name} | " + " | ".join(TRIGGERS) + " |",
        "|" + "---|" * (len(TRIGGERS) + 1),
    ]
    notes: list[str] = []
    for model_id in connector.model_ids:
        sources = connector.load(model_id).event_sources
        cells: list[str] = []
        for trigger in TRIGGERS:
            source = sources[trigger]
            if source.reason and source.reason not in notes:
                notes.append(source.reason)
            mark = f" [{_LETTERS[notes.index(source.reason)]}]" if source.reason else ""
            webhook = "webhook, else " if source.mode == "native" else ""
            cells.append(f"{webhook}{_DELAYS[source.delay]}{mark}")
        lines.append(f"| `{model_id}` | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"- [{letter}] {note}" for letter, note in zip(_LETTERS, notes, strict=False))])


def codes() -> str:
    """Return the catalogue of error codes in Markdown."""
    rows = [f"| `{code}` | {kind.status} | {kind.title} |" for code, kind in CATALOGUE.items()]
    return "\n".join(["| Code | Usual status | Title |", "|---|---|---|", *rows])


TABLES = ((ROOT / "README.md", "capabilities", table), (ROOT / "docs" / "errors.md", "codes", codes))


def main(arguments: list[str]) -> int:
    """Write each table between its marks, or with ``--check`` say whether those there are right."""
    stale = False
    for path, name, make in TABLES:
        text = path.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        wanted = f"{before}{begin}\n{make()}\n{end}{after}"
        if wanted == text:
            continue
        if "--check" in arguments:
            sys.stderr.write(f"The table of {name} in {path.name} is out of date: run make docs\n")
            stale = True
        else:
            path.write_text(wanted, encoding="utf-8")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
