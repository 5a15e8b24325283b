"""Puts the first project and its keys into the local stack, by the same command as for a deployed one."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from local.errors import LocalError
from local.processes import run
from local.settings import PUBLIC_KEY, REGION, SECRET_KEY

Seed: TypeAlias = Callable[[Path, str, str], Awaitable[None]]


async def seed_project(root: Path, aws_url: str, table: str) -> None:
    """Create the project ``Local`` with its known keys. Raises `LocalError` if the command fails."""
    arguments = ["--endpoint-url", aws_url, "--table", table, "projects", "create", "--name", "Local"]
    keys = ["--public-key", PUBLIC_KEY, "--secret-key", SECRET_KEY]
    variables = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "PYTHONPATH": str(root / "layers" / "unified"),
        "PYTHONUNBUFFERED": "1",
    }
    code, written = await run("admin", [*arguments, *keys], cwd=root, env=variables)
    if code != 0:  # only then is its output of interest: it repeats the keys
        raise LocalError(f"`python -m admin {' '.join(arguments)} …` failed with exit code {code}:\n{written}")
