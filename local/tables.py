"""Write the tables of the documentation from the code: ``python -m local.tables [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from unified.connector import Connector, Operation, connector_ids, load_connector
from unified.errors import CATALOGUE

ROOT = Path(__file__).parent.parent
SHOWN = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)


def table() -> str:
    """Return the capability table in Markdown, with a note for every cell that is not native."""
    return "\n".join(_table(load_connector(connector_id)) for connector_id in connector_ids())


def _table(connector: Connector) -> str:
    lines = [
        f"| {connector.name} | " + " | ".join(SHOWN) + " | search and filters | Ashby permissions |",
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
