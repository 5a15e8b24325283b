"""Takes out of the installed packages what no function can use, then says what that saved.

Run by the Makefile beside it, before bytecode is compiled. Only data and leftovers go, never a module: a module
that looks unused may be imported by a path that no test takes.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

# The AWS services that functions of this stack call, now or planned. botocore describes over 400.
SERVICES = frozenset({"dynamodb", "events", "kms", "lambda", "scheduler", "secretsmanager", "sqs", "sts"})

# Installers' notes to themselves. METADATA, licences and entry points stay.
INSTALLER_NOTES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


def slim(root: Path) -> None:
    """Remove descriptions of services not used, test suites, scripts and installers' notes under ``root``."""
    for description in (root / "botocore" / "data").iterdir():
        if description.is_dir() and description.name not in SERVICES:
            shutil.rmtree(description)
    for description in (root / "boto3" / "data").glob("*"):
        if description.is_dir() and description.name not in SERVICES:
            shutil.rmtree(description)
    _keep_endpoints(root / "botocore" / "data" / "endpoints.json")
    for model in (root / "botocore" / "data").glob("*/*/service-2.json.gz"):
        _drop_documentation(model)
    for example in root.glob("boto*/**/examples-1.json*"):
        example.unlink()
    for package in root.iterdir():
        tests = package / "tests"
        if (tests / "__init__.py").is_file():
            shutil.rmtree(tests)
    for info in root.glob("*.dist-info"):
        for name in INSTALLER_NOTES:
            (info / name).unlink(missing_ok=True)
    shutil.rmtree(root / "bin", ignore_errors=True)
    (root / ".lock").unlink(missing_ok=True)


def _keep_endpoints(path: Path) -> None:
    """Keep the endpoints of ``SERVICES``: each cold start reads this file whole, 1.2 MB for 8 of 300 services."""
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in sorted(services) if name in SERVICES}
    path.write_text(json.dumps(endpoints, separators=(",", ":")))


def _drop_documentation(model: Path) -> None:
    """Write a service's description without its prose, which is four fifths of it and parsed at each cold start."""
    described = json.loads(gzip.decompress(model.read_bytes()))
    model.with_suffix("").write_text(json.dumps(_without_documentation(described), separators=(",", ":")))
    model.unlink()


def _without_documentation(value: Any) -> Any:
    if isinstance(value, dict):
        # A shape may have a member of that name, which is a mapping; prose is a text.
        return {
            name: _without_documentation(inner)
            for name, inner in value.items()
            if not (name == "documentation" and isinstance(inner, str))
        }
    if isinstance(value, list):
        return [_without_documentation(inner) for inner in value]
    return value


def size(root: Path) -> float:
    """Return the megabytes (of a million bytes) in files under ``root``."""
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Lambda runs Python 3.13 and would ignore bytecode of {sys.version_info[0]}.{sys.version_info[1]}")
    target = Path(sys.argv[1])
    before = size(target)
    slim(target)
    print(f"dependencies: {before:.1f} MB installed, {size(target):.1f} MB kept")  # noqa: T201 - a build step's only way to tell
