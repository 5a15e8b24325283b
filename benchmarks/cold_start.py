"""How long each function takes from nothing to ready, and how much memory it then holds.

Each run is a new process of AWS's own runtime client (awslambdaric) with the layers as built for Lambda and
nothing else: no .venv. It is ready when it first asks for an event. Beside our functions runs a naive one
(``benchmarks/naive``) with the same layers, in turn with ours, so that a busy machine slows all alike; what counts
is the ratio. `make bench` builds the layers first.

Not measured: fetching and unpacking the zip files, and a processor of Lambda's size. CPU time is the steadier
figure on a shared machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.runtime_api import RuntimeApi

ROOT = Path(__file__).resolve().parents[1]
NAIVE = ROOT / "benchmarks" / "naive"
RESULTS = ROOT / "benchmarks" / "results"
RATIO_TARGET = 0.6
MEMORY_TARGET = 80.0
FLOOR = "naive"
UNCOMPILED = "naive, no bytecode"
READY_SECONDS = 60

# What template.yaml gives every function, and deliver beside; the values only have to be well formed.
ENVIRONMENT = {
    "TABLE_NAME": "benchmark",
    "KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000",
    "OAUTH_CLIENT_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:benchmark",
    "PUBLIC_URL": "",
    "ASHBY_API_URL": "https://api.ashbyhq.com",
    "ALLOWED_REDIRECT_URLS": "",
    "HINT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/hints",
    "SWEEP_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/sweeps",
    "DELIVERY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/deliveries",
    "EVENT_BUS_NAME": "benchmark",
    "DELIVERY_ALLOWED_NETWORKS": "",
    "BASE_URLS": "",
    "DELIVERY_DEAD_LETTER_QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:dead-letters",
    "SCHEDULE_GROUP": "benchmark",
    "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": "UnifiedAshby",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "TZ": ":UTC",
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    # /var/task is read-only on Lambda: nothing that a run compiles may help the next.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
}


class BenchmarkError(Exception):
    """A function did not start, or did not answer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a folder with an ``app.py``, perhaps an event for it, perhaps other environment."""

    name: str
    folder: Path
    event: dict[str, Any] | None = None
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One start: milliseconds to ready, CPU milliseconds, peak megabytes, and the first event's milliseconds."""

    init: float
    cpu: float
    memory: float
    first: float | None = None
    status: int | None = None


class Bench:
    """Starts subjects with one interpreter and one set of layers."""

    def __init__(self, python: Path, layers: Path, runtime_client: Path) -> None:
        self._python = python
        self._path = [layers / "dependencies" / "python", layers / "unified" / "python", runtime_client]
        for folder in self._path:
            if not folder.is_dir():
                raise BenchmarkError(f"{folder} is missing: make layers ARCH={architecture()}")

    def run(self, subject: Subject) -> Run:
        """Start ``subject`` once and end it."""
        with RuntimeApi(subject.event) as api:
            environment = {
                **ENVIRONMENT,
                **dict(subject.environment),
                "PYTHONPATH": os.pathsep.join(map(str, self._path)),
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "LAMBDA_TASK_ROOT": str(subject.folder),
                "_HANDLER": "app.handler",
            }
            command = [str(self._python), "-m", "awslambdaric", "app.handler"]
            started = time.perf_counter()
            with subprocess.Popen(
                command, cwd=subject.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                try:
                    if not api.ready.wait(READY_SECONDS) or api.failure:
                        raise BenchmarkError(f"{subject.name} did not start: {api.failure}")
                    cpu, memory = usage(process.pid)
                    first = status = None
                    if subject.event is not None:
                        api.go.set()
                        if not api.answered.wait(READY_SECONDS) or api.failure:
                            raise BenchmarkError(f"{subject.name} did not answer: {api.failure}")
                        first = (api.answered_at - api.sent_at) * 1000
                        status = api.answer.get("statusCode")
                finally:
                    process.kill()
            return Run((api.ready_at - started) * 1000, cpu, memory, first, status)


def usage(pid: int) -> tuple[float, float]:
    """Return a process's CPU time in milliseconds and its peak resident memory in megabytes (Linux only)."""
    # proc(5): each thread's schedstat begins with its nanoseconds on a CPU; stat counts in steps of 10 ms.
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    nanoseconds = sum(int(thread.read_text().split()[0]) for thread in threads)
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return nanoseconds / 1e6, int(peak.split()[1]) * 1024 / 1e6


def architecture() -> str:
    """Name this machine's processor as Lambda does."""
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def install_runtime_client(target: Path, python: Path) -> None:
    """Put awslambdaric and what it needs, in the versions of uv.lock, into ``target``: on Lambda, /var/runtime."""
    packages = [f"{name}=={version(name)}" for name in ("awslambdaric", "simplejson", "snapshot-restore-py")]
    uv = ROOT / ".tools" / "bin" / "uv"
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--compile-bytecode"]
    subprocess.run([*command, "--python", str(python), "--target", str(target), *packages], check=True)


def subjects(only: list[str], events: dict[str, Path]) -> list[Subject]:
    """List our functions, all or ``only`` some, and the naive one with bytecode and without."""
    folders = sorted(path.parent for path in (ROOT / "functions").glob("*/app.py"))
    ours = [
        Subject(folder.name, folder, json.loads(events[folder.name].read_text()) if folder.name in events else None)
        for folder in folders
        if not only or folder.name in only
    ]
    # With another place to look for bytecode there is none: what `sam build` alone would deploy.
    uncompiled = Subject(UNCOMPILED, NAIVE, environment=(("PYTHONPYCACHEPREFIX", "/nonexistent"),))
    return [Subject(FLOOR, NAIVE), *ours, uncompiled]


def ratio(own: list[Run], floor: list[Run], what: str) -> float:
    """Return the median, over the rounds, of a figure beside the naive one's of the same round."""
    return median(getattr(run, what) / getattr(base, what) for run, base in zip(own, floor, strict=True))


def report(runs: dict[str, list[Run]]) -> tuple[str, bool]:
    """Draw the table of medians; also tell whether every function meets both targets."""
    floor = runs[FLOOR]
    lines = [
        "| function | init ms | min | of naive | CPU ms | of naive | peak MB | first event ms | targets |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    met = True
    for name, own in runs.items():
        init, cpu, memory = (median(getattr(run, what) for run in own) for what in ("init", "cpu", "memory"))
        init_ratio, cpu_ratio = ratio(own, floor, "init"), ratio(own, floor, "cpu")
        firsts = [run.first for run in own if run.first is not None]
        first = f"{median(firsts):.0f} (HTTP {own[0].status})" if firsts else ""
        verdict = ""
        if name not in (FLOOR, UNCOMPILED):
            good = init_ratio <= RATIO_TARGET and memory <= MEMORY_TARGET
            met = met and good
            verdict = "met" if good else "missed"
        lines.append(
            f"| {name} | {init:.0f} | {min(run.init for run in own):.0f} | {init_ratio:.2f} "
            f"| {cpu:.0f} | {cpu_ratio:.2f} | {memory:.0f} | {first} | {verdict} |"
        )
    lines.append(
        f"\nTargets: init at most {RATIO_TARGET} of naive, at most {MEMORY_TARGET:.0f} MB. Medians of the rounds."
    )
    return "\n".join(lines), met


def main(arguments: list[str]) -> int:
    """Run the benchmark; with --check, fail when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description="Measure cold starts.")
    parser.add_argument("functions", nargs="*", help="only these (default: all of functions/)")
    parser.add_argument("--runs", type=int, default=15, help="starts of each (default: %(default)s)")
    parser.add_argument("--layers", type=Path, default=ROOT / ".aws-sam" / "layers" / architecture())
    parser.add_argument("--event", action="append", default=[], metavar="FUNCTION=FILE", help="also time this event")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args(arguments)
    events = {name: Path(file) for name, _, file in (pair.partition("=") for pair in options.event)}

    found = subprocess.run([ROOT / "tools" / "find-python", "3.13"], check=True, capture_output=True, text=True)
    python = Path(found.stdout.strip())
    chosen = subjects(options.functions, events)
    runs: dict[str, list[Run]] = {subject.name: [] for subject in chosen}
    with tempfile.TemporaryDirectory() as runtime_client:
        install_runtime_client(Path(runtime_client), python)
        bench = Bench(python, options.layers.resolve(), Path(runtime_client))
        for subject in chosen:
            bench.run(subject)  # not counted: it only brings the files into memory
        for _ in range(options.runs):
            for subject in chosen:
                runs[subject.name].append(bench.run(subject))

    table, met = report(runs)
    print(f"{options.runs} starts of each, in turn; CPython {sys.version.split()[0]} runs the benchmark.\n\n{table}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    raw = {name: [[run.init, run.cpu, run.memory, run.first] for run in own] for name, own in runs.items()}
    (RESULTS / "cold_start.json").write_text(json.dumps(raw, indent=1) + "\n")
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
