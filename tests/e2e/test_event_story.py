"""What a newcomer sees of events, and what nobody sees: functions that die in the middle of their work."""

import json
import os
import random
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.account import Account
from tests.e2e.installing import needed
from tests.e2e.processes import descendants
from tests.e2e.receiving import Receiver, subscribe
from tests.e2e.running import ROOT, Connection, Project, Sandbox, World
from tests.e2e.waiting import wait_for

pytest_plugins = ["tests.e2e.fixtures"]

PATTERNS = ["genericContact::created", "atsApplication::created"]
KEYS = {"x-api-key": "pk_local", "x-api-secret": "sk_local"}


def test_a_newcomer_changes_something_and_sees_the_event_come(start_local: Any) -> None:
    """``make dev``, the three commands that it prints, a change in the sandbox: the terminal shows a verified event."""
    needed("curl")
    with start_local(ROOT, {"LOCAL_RELOAD": "0", "LOCAL_RECEIVER": "1"}) as stack, httpx.Client(timeout=40) as http:
        account = Account(World(stack.url, Sandbox(stack.sandbox_url, http), stack.aws_url, stack.log_file, http))
        commands = [shlex.split(line) for line in stack.lines if line.startswith("  curl ")]
        connection, *_ = [
            json.loads(subprocess.run([*command, "-sS"], capture_output=True, check=True).stdout)
            for command in commands
        ]
        sync = f"{stack.url}/v1/connections/ashby/{connection['ownerId']}/sync"

        def watched() -> bool:
            read = http.get(sync, headers=KEYS).json()
            return read["status"] == "watching" and not read["waiting"] and bool(read["webhooks"]["actions"])

        wait_for("the connection is watched", watched)
        candidate = account.ashby("candidate.create", name="Grace Hopper")["id"]
        account.ashby("application.create", candidateId=candidate, jobId=account.job()["id"])
        line = wait_for("the event's line", lambda: [line for line in stack.lines if candidate in line])[0]
        assert line.startswith("receiver")
        assert f"event genericContact::created owner {connection['ownerId']} record {candidate} version 1" in line
        assert line.endswith(" verified")
        assert "NOT verified" not in stack.log()
        assert "Hopper" not in stack.log()


# -- with functions that die ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(world: World) -> str:
    """Make a key that nobody else reads the account with."""
    return world.keep_secret(world.sandbox.key())


@pytest.fixture(scope="module")
def mortal(world: World, receiver: Receiver, key: str) -> Connection:
    """Connect a customer whose new candidates and applications are wanted."""
    project: Project = world.project("Mortal")
    subscribe(world, project, receiver, events=PATTERNS)
    customer = world.connected(project, ["genericContact::list"], key)

    def watched() -> bool:
        sync = customer.send("GET", "/sync").json()
        return len(sync["models"]) == len(PATTERNS) and all(one["isComplete"] for one in sync["models"])

    wait_for("the first sweep", watched)
    return customer


@pytest.fixture
def impatient(world: World) -> Iterator[None]:
    """Let Ashby send what was not taken again after half a second instead of ten."""
    account = Account(world)
    account.steer("POST", "webhooks/speed", speed=20)
    yield
    account.steer("POST", "webhooks/speed", speed=1)


def kill(stack: Any, function: str) -> int:
    """End every process of a function as a failing machine does; returns how many there were."""
    folder = ROOT / "functions" / function
    victims = [pid for pid in descendants(stack.process.pid) if working_folder(pid) == folder]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    return len(victims)


def working_folder(pid: int) -> Path | None:
    """Return where a process works, None for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True)
    except OSError:
        return None


def events_about(customer: Connection, *record_ids: str) -> dict[str, list[str]]:
    """Return the ids of the events that were kept about some records."""
    answer = customer.call("GET", "/events", params={"limit": 100, "ownerId": customer.owner})
    assert answer.status_code == 200, answer.text
    about: dict[str, list[str]] = {record_id: [] for record_id in record_ids}
    for event in answer.json()["data"]:
        if event["data"]["id"] in about:
            about[event["data"]["id"]].append(event["id"])
    return about


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are found in /proc")


@needs_proc
def test_a_function_killed_while_it_looks_leaves_one_event(
    local_stack: Any, world: World, sandbox: Sandbox, mortal: Connection, key: str, receiver: Receiver
) -> None:
    """The webhook stays in its queue, and the next process looks again."""
    sandbox.fault("candidate.info", "latency", milliseconds=3000, times=1, key=key)
    application = Account(world).application()
    candidate = application["candidate"]["id"]
    faults = f"{sandbox.url}/_sandbox/faults"
    wait_for("the record is being read", lambda: not world.http.get(faults).json()["faults"])
    assert kill(local_stack, "observe") > 0
    receiver.wait("genericContact::created", candidate, mortal.owner)
    receiver.wait("atsApplication::created", application["id"], mortal.owner)
    about = events_about(mortal, candidate, application["id"])
    assert [len(found) for found in about.values()] == [1, 1]


@needs_proc
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("function", ["webhook_ingest", "observe", "deliver"])
def test_functions_killed_at_random_leave_one_event_for_each_change(
    local_stack: Any, world: World, mortal: Connection, receiver: Receiver, function: str
) -> None:
    """What was taken in is done once; an event may be delivered twice, and has the same id then."""
    chance = random.Random(function)
    wanted: list[tuple[str, str]] = []
    for _ in range(3):
        application = Account(world).application()
        wanted += [("atsApplication::created", application["id"])]
        wanted += [("genericContact::created", application["candidate"]["id"])]
        time.sleep(chance.uniform(0, 0.2))
        kill(local_stack, function)
    # An attempt that died between its claim and its outcome is claimed again after a minute.
    delivered = [receiver.wait(name, record_id, mortal.owner, 90) for name, record_id in wanted]
    about = events_about(mortal, *(record_id for _, record_id in wanted))
    assert {one.record_id: [one.event["id"]] for one in delivered} == about
    for name, record_id in wanted:
        assert len({one.event["id"] for one in receiver.taken(name, record_id, mortal.owner)}) == 1
