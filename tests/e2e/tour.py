"""Runs the tour of a Markdown text as its reader would: every ``sh`` block between two marks, in one shell.

The marks are ``<!-- tour -->`` and ``<!-- /tour -->``. A line ``# => text`` says what the commands since the last
such line (or since the block's begin) print: `text` must be in it, whatever the spaces; ``…`` stands for anything.
Blocks of another language are not run.
"""

import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_EXPECTATION = re.compile(r"\s*# =>\s?(.*)")


class TourFailed(Exception):
    """The tour does not do what it says; the text tells the line of the Markdown."""


@dataclass(frozen=True)
class Step:
    """One line of a block: its number in the Markdown, and what it says."""

    number: int
    text: str


def steps(markdown: str) -> list[list[Step]]:
    """Return the blocks of the tour. Raises `TourFailed` if there is none, or a mark or a fence is left open."""
    blocks: list[list[Step]] = []
    inside, fence = False, ""
    for number, line in enumerate(markdown.splitlines(), 1):
        text = line.strip()
        if fence:
            if text == "```":
                fence = ""
            elif fence == "```sh" and inside:
                blocks[-1].append(Step(number, line))
        elif text.startswith("```"):
            fence = text
            if inside and fence == "```sh":
                blocks.append([])
        elif text in ("<!-- tour -->", "<!-- /tour -->"):
            if inside is (text == "<!-- tour -->"):
                raise TourFailed(f"line {number}: {text} is not where it can be")
            inside = not inside
    if inside or fence:
        raise TourFailed("the end of the text is inside of the tour or of a block")
    if not blocks:
        raise TourFailed("there is no tour")
    return blocks


def script_of(blocks: list[list[Step]], mark: str) -> tuple[str, list[list[Step]]]:
    """Return a script whose lines are those of the Markdown, and the expectations in order of their marks.

    A group of expectations becomes one line that prints `mark`; so does the begin of a block, for none.
    """
    lines: dict[int, str] = {}
    expected: list[list[Step]] = []
    for block in blocks:
        # Stands on the line of the fence, so that what an earlier block printed is not taken for this one's.
        lines[block[0].number - 1 if block else 0] = f"printf '%s\\n' {mark}"
        expected.append([])
        group: list[Step] | None = None
        for step in block:
            told = _EXPECTATION.fullmatch(step.text)
            if told is None:
                lines[step.number] = step.text
                group = None
            else:
                if group is None:
                    group = []
                    expected.append(group)
                    lines[step.number] = f"printf '%s\\n' {mark}"
                group.append(Step(step.number, told[1]))
    last = max(lines, default=0)
    return "\n".join(lines.get(number, "") for number in range(1, last + 1)) + "\n", expected


def run_tour(markdown: str, folder: Path, ports: Mapping[str, str], environ: Mapping[str, str] | None = None) -> str:
    """Run the tour in `folder`, each port number of `ports` replaced by another; returns all that it printed.

    Raises `TourFailed`.
    """
    mark = f"=={secrets.token_hex(8)}=="
    for port, other in ports.items():
        markdown = re.sub(rf"\b{port}\b", other, markdown)
    script, expected = script_of(steps(markdown), mark)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", 'trap \'echo "line $LINENO" >&2\' ERR; eval "$1"', "tour", script],
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    said = done.stdout.split(f"{mark}\n")
    if done.returncode != 0:
        raise TourFailed(
            f"a command has failed with exit code {done.returncode}:\n{done.stderr[-2000:]}\n{said[-1][-2000:]}"
        )
    for output, group in zip(said, expected, strict=False):
        for step in group:
            if not _holds(output, step.text):
                raise TourFailed(f"line {step.number}: expected {step.text!r}, but it printed:\n{output[-3000:]}")
    return done.stdout.replace(f"{mark}\n", "")


def _holds(output: str, text: str) -> bool:
    wanted = ".*".join(re.escape(re.sub(r"\s", "", part)) for part in text.split("…"))
    return re.search(wanted, re.sub(r"\s", "", output)) is not None
