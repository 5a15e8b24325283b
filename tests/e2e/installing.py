"""What only end-to-end tests need on a machine: programs, and packages from npm."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def needed(*programs: str) -> str:
    """Find one of some programs that only end-to-end tests need.

    A newcomer's machine without it skips what needs it, and is told so; CI may not (``.ci/run`` sets it up).
    """
    for program in programs:
        found = shutil.which(program)
        if found is not None:
            return found
    told = f"there is no {' or '.join(programs)} on this machine"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


def npm_installed(folder: Path) -> Path:
    """Install a folder's packages as its lock file says, once for each state of that file.

    One process at a time: ``npm ci`` begins by deleting what another one may be installing or using.
    """
    npm = needed("npm")
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "node_modules" / f".installed-{hashlib.sha256(lock.read()).hexdigest()[:16]}"
        if not stamp.exists():
            subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
            stamp.touch()
    return folder
