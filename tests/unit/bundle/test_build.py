"""What the layers hold: what the lock says, what the functions need, and bytecode that Lambda accepts."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"
BOTOCORE_DATA = Path(botocore.__file__).parent / "data"
MAGIC_313 = (3571).to_bytes(2, "little") + b"\r\n"
UNCHECKED_HASH = 1
MACHINES = {"x86_64": 62, "arm64": 183}  # e_machine of ELF


def load_slim() -> ModuleType:
    """Load the script beside the dependencies' makefile, which is no package."""
    spec = importlib.util.spec_from_file_location("slim", ROOT / "layers" / "dependencies" / "slim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


slim = load_slim()


# --- The lock


def locked() -> dict[str, dict[str, Any]]:
    """Read the packages of uv.lock by name, every one with a single version."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {package["name"]: package for package in packages}


def required() -> dict[str, tuple[str, set[str]]]:
    """Read what the layer's requirements name: version and hashes by package."""
    blocks = re.split(r"\n(?=\S)", REQUIREMENTS.read_text())
    found: dict[str, tuple[str, set[str]]] = {}
    for block in blocks:
        if match := re.match(r"([\w.-]+)==(\S+)", block):
            found[match[1]] = (match[2], set(re.findall(r"--hash=(\S+)", block)))
    return found


def test_the_layer_gets_what_the_lock_holds_for_the_functions() -> None:
    """Each package that the project's own dependencies lead to, in the locked version, with all its hashes."""
    packages = locked()
    pending = [dependency["name"] for dependency in packages["unified-ashby"]["dependencies"]]
    wanted: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += [dependency["name"] for dependency in packages[name].get("dependencies", [])]
    assert required() == {
        name: (
            packages[name]["version"],
            {file["hash"] for file in [*packages[name].get("wheels", []), packages[name].get("sdist")] if file},
        )
        for name in wanted
    }


def test_requirements_name_no_index() -> None:
    """Which mirror a machine uses is its own affair, and a second index could supply another package."""
    assert not re.search(r"://|^--?(index|extra|find|i\b)", REQUIREMENTS.read_text(), re.MULTILINE)


# --- Slimming


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder as uv leaves it, with what slimming looks at, and slim it."""
    root = tmp_path_factory.mktemp("installed")
    data = root / "botocore" / "data"
    data.mkdir(parents=True)
    for path in BOTOCORE_DATA.iterdir():
        # Of the 400 services that nobody asks for, two stand for all.
        if path.name in {*slim.SERVICES, "ec2", "sns"}:
            shutil.copytree(path, data / path.name)
        elif path.is_file():
            shutil.copy(path, data)
    for file in (
        "boto3/data/dynamodb/2012-08-10/resources-1.json",
        "boto3/data/ec2/2016-11-15/resources-1.json",
        "some/tests/__init__.py",
        "some/testing.py",
        "some-1.dist-info/METADATA",
        "some-1.dist-info/licenses/LICENSE",
        "some-1.dist-info/RECORD",
        "bin/some",
        ".lock",
    ):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    slim.slim(root)
    return root


def test_services_that_functions_ask_for_are_kept() -> None:
    """A service whose description is cut away fails only on Lambda, on the first call."""
    sources = [*(ROOT / "layers/unified/unified").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    asked = {name for file in sources for name in re.findall(r'aws\.client\("([\w-]+)"\)', file.read_text())}
    assert asked >= {"dynamodb", "kms", "secretsmanager"}
    assert asked <= slim.SERVICES


def test_slimming_keeps_used_services_and_what_botocore_always_reads(installed: Path) -> None:
    """All descriptions of a kept service, and every file beside the services."""
    data = installed / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(slim.SERVICES)
    assert {path.name for path in data.iterdir() if path.is_file()} == {
        path.name for path in BOTOCORE_DATA.iterdir() if path.is_file()
    }
    assert (installed / "boto3/data/dynamodb").is_dir()
    assert not (installed / "boto3/data/ec2").exists()


def test_slimming_keeps_modules_metadata_and_licences(installed: Path) -> None:
    """Only leftovers go."""
    kept = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert {"some/testing.py", "some-1.dist-info/METADATA", "some-1.dist-info/licenses/LICENSE"} <= kept
    assert not kept & {"some/tests/__init__.py", "some-1.dist-info/RECORD", "bin/some", ".lock"}


def test_kept_services_have_the_same_endpoints_in_every_region(installed: Path) -> None:
    """Endpoints are cut by service, so no region of any partition may change."""
    whole, cut = (
        EndpointResolver(json.loads((data / "endpoints.json").read_text()))
        for data in (BOTOCORE_DATA, installed / "botocore" / "data")
    )
    regions = [(part, region) for part in whole.get_available_partitions() for region in part_regions(whole, part)]
    assert len(regions) > 30
    for service in sorted(slim.SERVICES):
        for partition, region in regions:
            assert cut.construct_endpoint(service, region, partition) == whole.construct_endpoint(
                service, region, partition
            )


@pytest.mark.parametrize("service", sorted(slim.SERVICES))
def test_kept_services_have_the_same_operations_and_shapes(installed: Path, service: str) -> None:
    """Prose is cut out of the descriptions, and nothing that a request or an answer is made by."""
    whole, cut = (
        ServiceModel(Loader([str(data)], include_default_search_paths=False).load_service_model(service, "service-2"))
        for data in (BOTOCORE_DATA, installed / "botocore" / "data")
    )
    assert cut.metadata == whole.metadata
    assert cut.operation_names == whole.operation_names
    assert cut.shape_names == whole.shape_names
    for name in whole.shape_names:
        assert describe(cut.shape_for(name)) == describe(whole.shape_for(name))


def describe(shape: Any) -> tuple[Any, ...]:
    """Return what a shape says of requests and answers, its members too."""
    members = getattr(shape, "members", {})
    inner = {name: (member.name, member.serialization) for name, member in members.items()}
    return shape.type_name, shape.serialization, shape.metadata, inner


def part_regions(resolver: EndpointResolver, partition: str) -> list[str]:
    """List the regions that a partition has for the service that every region has."""
    return resolver.get_available_endpoints("dynamodb", partition)


# --- What was built


def bytecode(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Each source file below a folder with its compiled file's bytes, empty if there is none."""
    for source in root.rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        yield source, compiled.read_bytes() if compiled.exists() else b""


def assert_accepted_by_lambda(root: Path) -> int:
    """Check that Python 3.13 takes every compiled file as it is; returns how many there are."""
    count = 0
    for source, compiled in bytecode(root):
        assert compiled[:4] == MAGIC_313, f"{source} has no bytecode of Python 3.13"
        # Any other mode compares the source's time, which the zip file sets to 1980, or reads the source again.
        assert int.from_bytes(compiled[4:8], "little") == UNCHECKED_HASH, f"{source} would be compiled again"
        count += 1
    return count


def test_our_layer_is_compiled_for_lambda(tmp_path: Path) -> None:
    """Built here and now with its own makefile: every module, unchecked, and naming its place on Lambda."""
    found = subprocess.run([ROOT / "tools/find-python", "3.13"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("there is no Python 3.13 here to compile with")
    subprocess.run(
        ["make", "-C", ROOT / "layers/unified", "build-UnifiedLayer", f"ARTIFACTS_DIR={tmp_path}"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": found.stdout.strip()},
        check=True,
        capture_output=True,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["python"]
    assert assert_accepted_by_lambda(tmp_path) == len(list((ROOT / "layers/unified/unified").rglob("*.py")))
    compiled = (tmp_path / "python/unified/__pycache__/errors.cpython-313.pyc").read_bytes()
    assert b"/opt/python/unified/errors.py" in compiled
    assert str(tmp_path).encode() not in compiled


def built() -> list[Any]:
    """List the dependencies layers that were built on this machine, with the processor each is for."""
    found = [pytest.param(arch, ROOT / ".aws-sam/layers" / arch / "dependencies", id=arch) for arch in MACHINES]
    template = ROOT / ".aws-sam/build/template.yaml"
    if template.exists() and (match := re.search(r"BuildArchitecture: (\w+)", template.read_text())):
        found.append(pytest.param(match[1], ROOT / ".aws-sam/build/DependenciesLayer", id=f"sam-build-{match[1]}"))
    return [parameter for parameter in found if Path(str(parameter.values[1])).is_dir()]


@pytest.mark.parametrize(("arch", "layer"), built())
def test_a_built_dependencies_layer_runs_on_lambda(arch: str, layer: Path) -> None:
    """Bytecode of the right Python, machine code of the right processor, within Lambda's size."""
    assert assert_accepted_by_lambda(layer) > 500
    libraries = list(layer.rglob("*.so"))
    assert libraries
    for library in libraries:
        assert int.from_bytes(library.read_bytes()[18:20], "little") == MACHINES[arch], library
    assert slim.size(layer) < 60
