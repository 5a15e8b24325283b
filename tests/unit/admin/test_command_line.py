"""The commands that the documentation prints run from a checkout, in an environment that says nothing of it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def deploying() -> list[str]:
    """Return the README's command that makes the first project, as a shell would split it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^(\.venv/bin/python -m admin(?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert found is not None, "the README makes no project"
    return shlex.split(found[1].replace("\\\n", " "), comments=True)


def run(command: list[str], home: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a printed command with nothing around it: no PYTHONPATH, no credentials, no machine's metadata."""
    assert command[0] == ".venv/bin/python"
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, *command[1:]],
        cwd=ROOT,
        env={**bare, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "admin: AWS: You must specify a region. Name it by --region, or in AWS_REGION.\n"),
        ({"AWS_REGION": "eu-west-1"}, "admin: AWS: Unable to locate credentials"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "admin: AWS: Unable to locate credentials"),
        ({"AWS_REGION": "eu-west-1", "AWS_PROFILE": "nobody"}, "admin: AWS: The config profile (nobody)"),
    ],
)
def test_the_readme_s_command_says_in_one_line_what_it_lacks(
    tmp_path: Path, environ: Mapping[str, str], told: str
) -> None:
    """Nothing but AWS is missing: neither our code nor a package."""
    done = run(deploying(), tmp_path, environ)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_what_aws_refuses_is_one_line_too(tmp_path: Path) -> None:
    """A refused connection stands for all that botocore raises once it has a region and credentials."""
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "eu-west-1"}
    command = [*deploying()[:3], "--endpoint-url", "http://127.0.0.1:9", *deploying()[3:]]

    done = run(command, tmp_path, {**keys, "AWS_MAX_ATTEMPTS": "1"})

    assert done.returncode == 2
    assert done.stderr.startswith("admin: AWS: Could not connect to the endpoint URL")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documentation_spells_our_commands_in_one_way(page: Path) -> None:
    """As they run from the folder of the checkout, whatever `python` is there."""
    spelled = re.findall(r"([\w./]*)python3? -m (?:admin|sandbox|local|benchmarks)\b", page.read_text(encoding="utf-8"))

    assert set(spelled) <= {".venv/bin/"}
