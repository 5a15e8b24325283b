"""Functions run as Lambda runs them: real processes with AWS's own runtime client."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local.pool import RuntimePool
from local.processes import Log
from local.runtime import Failure, Outcome
from local.template import Function

HANDLER = """
import json, os, time

print("loading")
seen = 0


def handler(event, context):
    global seen
    seen += 1
    if event.get("log"):
        print(event["log"])
    if "file" in event:
        open(event["file"], "w").close()
    time.sleep(event.get("sleep", 0))
    if event.get("exit"):
        os._exit(7)
    if event.get("raise"):
        raise RuntimeError("boom")
    if event.get("size"):
        return "x" * event["size"]
    return {
        "pid": os.getpid(),
        "seen": seen,
        "cwd": os.getcwd(),
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "names": sorted(os.environ),
        "value": os.environ.get(event.get("name", "")),
    }
"""

Scenario = Callable[[RuntimePool], Awaitable[None]]


class Lab:
    """A pool with one function in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log_file = root / "log"
        self.code = root / "functions" / "lab" / "app.py"
        self.code.parent.mkdir(parents=True)
        self.code.write_text(HANDLER)
        self.layer = root / "layers" / "own"
        self.layer.mkdir(parents=True)
        self.timeout = 5
        self.limit = 3

    def function(self) -> Function:
        """Describe the function as a template would."""
        return Function(
            name="LabFunction",
            code="functions/lab",
            handler="app.handler",
            timeout=self.timeout,
            memory=256,
            concurrency=None,
            environment={"TABLE_NAME": "things"},
            layers=["layers/own"],
            log_format="Text",
            log_level=None,
            routes=[],
        )

    def run(self, scenario: Scenario) -> str:
        """Run `scenario` and give the log."""

        async def main() -> None:
            log = Log(self.log_file)
            pool = RuntimePool(root=self.root, aws_url="http://127.0.0.1:1", log=log, limit=self.limit)
            pool.use([self.function()])
            try:
                await scenario(pool)
            finally:
                await pool.close()
                log.close()

        asyncio.run(asyncio.wait_for(main(), 60))
        return self.log_file.read_text()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Give each test a function of its own."""
    return Lab(tmp_path)


async def call(pool: RuntimePool, **event: Any) -> Outcome:
    """Send one event to the function."""
    return await pool.invoke("LabFunction", json.dumps(event).encode())


async def answer(pool: RuntimePool, **event: Any) -> dict[str, Any]:
    """Send one event that the function answers."""
    outcome = await call(pool, **event)
    assert outcome.failure is None
    return json.loads(outcome.payload)


def test_an_environment_is_used_again(lab: Lab) -> None:
    """Loading happens once; what a module keeps in memory stays, as in a warm Lambda."""

    async def scenario(pool: RuntimePool) -> None:
        first, second = await answer(pool), await answer(pool)
        assert first["pid"] == second["pid"]
        assert (first["seen"], second["seen"]) == (1, 2)
        assert first["id"] != second["id"]

    assert lab.run(scenario).count("lab loading") == 1


def test_the_process_looks_like_lambda(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees the template's variables and Lambda's, and nothing of the developer's shell."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    lab.timeout = 60

    async def scenario(pool: RuntimePool) -> None:
        got = await answer(pool, name="TABLE_NAME")
        assert got["value"] == "things"
        assert got["cwd"] == str(lab.code.parent)
        assert "AWS_PROFILE" not in got["names"]
        assert {"AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "LAMBDA_TASK_ROOT", "AWS_ENDPOINT_URL"} <= set(got["names"])
        assert got["arn"].endswith(":function:local-LabFunction")
        assert got["trace"].startswith("Root=1-")
        assert 40_000 < got["left"] <= 60_000

    lab.run(scenario)


def test_code_comes_from_the_folder_and_its_layers(lab: Lab) -> None:
    """A layer's module is importable; the runner's own packages are not."""
    (lab.layer / "shared.py").write_text("NAME = 'from the layer'")
    lab.code.write_text(
        "import importlib.util, shared\n"
        "def handler(event, context):\n"
        "    return [shared.NAME, importlib.util.find_spec('local') is None]\n"
    )

    async def scenario(pool: RuntimePool) -> None:
        assert json.loads((await call(pool)).payload) == ["from the layer", True]

    lab.run(scenario)


def test_each_environment_handles_one_event_at_a_time(lab: Lab) -> None:
    """Three events at once need three processes; no process is given a second event."""

    async def scenario(pool: RuntimePool) -> None:
        got = await asyncio.gather(*(answer(pool, sleep=0.5) for _ in range(3)))
        assert len({one["pid"] for one in got}) == 3
        assert [one["seen"] for one in got] == [1, 1, 1]

    lab.run(scenario)


def test_above_the_limit_events_wait(lab: Lab) -> None:
    """The fourth event of three allowed at once is answered, by an environment that became free."""

    async def scenario(pool: RuntimePool) -> None:
        got = await asyncio.gather(*(answer(pool, sleep=0.2) for _ in range(4)))
        assert len({one["pid"] for one in got}) == 3
        assert sorted(one["seen"] for one in got) == [1, 1, 1, 2]

    lab.run(scenario)


def test_an_exception_leaves_the_environment_in_use(lab: Lab) -> None:
    """A raised error is an answer of sorts: the process goes on, its traceback is in the log."""

    async def scenario(pool: RuntimePool) -> None:
        before = await answer(pool)
        outcome = await call(pool, **{"raise": True})
        assert outcome.failure is Failure.ERROR
        assert json.loads(outcome.payload)["errorType"] == "RuntimeError"
        assert (await answer(pool))["pid"] == before["pid"]

    assert "RuntimeError: boom" in lab.run(scenario)


def test_out_of_time_the_environment_is_killed_and_replaced(lab: Lab) -> None:
    """The function is stopped, not only abandoned: nothing of it runs after the answer."""
    lab.timeout = 2

    async def scenario(pool: RuntimePool) -> None:
        before = await answer(pool)
        started = time.monotonic()
        outcome = await call(pool, sleep=30)
        assert outcome.failure is Failure.TIMEOUT
        assert 1.9 < time.monotonic() - started < 20
        with pytest.raises(ProcessLookupError):
            await gone(before["pid"])
        assert (await answer(pool))["pid"] != before["pid"]

    assert "ran out of time" in lab.run(scenario)


async def gone(pid: int) -> None:
    """Wait until a process has ended; `ProcessLookupError` says that it has."""
    for _ in range(200):
        os.kill(pid, 0)
        await asyncio.sleep(0.02)


def test_a_crash_fails_its_event_and_the_next_one_works(lab: Lab) -> None:
    """A process that ends amid an event is not given it again: it may have done half of it."""

    async def scenario(pool: RuntimePool) -> None:
        before = await answer(pool)
        assert (await call(pool, exit=True)).failure is Failure.CRASH
        after = await answer(pool)
        assert (after["pid"] == before["pid"], after["seen"]) == (False, 1)

    lab.run(scenario)


def test_an_environment_killed_while_idle_is_replaced_unnoticed(lab: Lab) -> None:
    """Lambda reclaims idle environments at any time; a caller never learns of it."""

    async def scenario(pool: RuntimePool) -> None:
        before = await answer(pool)
        os.kill(before["pid"], signal.SIGKILL)
        # Until it has ended, and left for asyncio to ask: the loop shall not learn of it first.
        with contextlib.suppress(ChildProcessError):  # before Python 3.12 a thread of asyncio's may have asked
            os.waitid(os.P_PID, before["pid"], os.WEXITED | os.WNOWAIT)
        after = await answer(pool)
        assert (after["pid"] == before["pid"], after["seen"]) == (False, 1)

    lab.run(scenario)


def test_kill_hits_an_environment_amid_its_event(lab: Lab, tmp_path: Path) -> None:
    """The seam for chaos tests: the event fails, the pool recovers."""
    begun = tmp_path / "begun"

    async def scenario(pool: RuntimePool) -> None:
        running = asyncio.create_task(call(pool, sleep=30, file=str(begun)))
        while not begun.exists():
            await asyncio.sleep(0.01)
        assert pool.kill("LabFunction")
        assert (await running).failure is Failure.CRASH
        assert not pool.environments()
        assert not pool.kill()
        assert (await answer(pool))["seen"] == 1

    lab.run(scenario)


@pytest.mark.parametrize("code", ["import nothing_like_it", "1 / 0", "def other(): ...", "def handler(:"])
def test_code_that_does_not_load_fails_every_event(lab: Lab, code: str) -> None:
    """The reason is in the log, and repairing the code is enough."""
    lab.code.write_text(code)

    async def scenario(pool: RuntimePool) -> None:
        assert (await call(pool)).failure is Failure.INIT
        assert (await call(pool)).failure is Failure.INIT
        lab.code.write_text(HANDLER)
        assert (await answer(pool))["seen"] == 1

    assert "[ERROR]" in lab.run(scenario)


def test_a_process_that_ends_while_loading_is_not_tried_for_ever(lab: Lab) -> None:
    """Two starts for one event, then it fails."""
    lab.code.write_text("import os\nprint('loading', flush=True)\nos._exit(4)")

    async def scenario(pool: RuntimePool) -> None:
        assert (await call(pool)).failure is Failure.NOT_STARTED

    assert lab.run(scenario).count("lab loading") == 2


def test_answers_above_6_mb_fail(lab: Lab) -> None:
    """Lambda's limit on what a function returns; just below it all is well."""

    async def scenario(pool: RuntimePool) -> None:
        assert (await call(pool, size=6 * 1024 * 1024)).failure is None
        assert (await call(pool, size=6 * 1024 * 1024 + 200)).failure is Failure.TOO_LARGE
        assert (await answer(pool))["seen"] == 1

    lab.run(scenario)


def test_changed_code_is_met_by_the_next_event(lab: Lab, tmp_path: Path) -> None:
    """An event in progress is finished by the code that began it."""
    begun = tmp_path / "begun"

    async def scenario(pool: RuntimePool) -> None:
        running = asyncio.create_task(answer(pool, sleep=0.5, file=str(begun)))
        while not begun.exists():
            await asyncio.sleep(0.01)
        lab.code.write_text("def handler(event, context):\n    return 'new'\n")
        pool.recycle()
        assert json.loads((await call(pool)).payload) == "new"
        assert (await running)["seen"] == 1

    lab.run(scenario)


def test_a_warm_environment_is_the_one_that_answers(lab: Lab) -> None:
    """Warming starts one process, and the first event does not start another."""

    async def scenario(pool: RuntimePool) -> None:
        await pool.warm()
        (warm,) = pool.environments()
        assert (await answer(pool))["pid"] == warm.pid

    assert lab.run(scenario).count("lab loading") == 1


def test_nothing_is_left_running(lab: Lab) -> None:
    """Closing ends idle and busy environments alike."""
    pids: list[int] = []

    async def scenario(pool: RuntimePool) -> None:
        pids.append((await answer(pool))["pid"])
        running = asyncio.create_task(call(pool, sleep=30))
        await asyncio.sleep(0.5)
        pids.extend(environment.pid or 0 for environment in pool.environments())
        await pool.close()
        assert (await running).failure is Failure.CRASH

    lab.run(scenario)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_output_is_in_the_log_under_the_functions_name(lab: Lab) -> None:
    """Tests search the log for secrets, so it must hold all that a function says."""

    async def scenario(pool: RuntimePool) -> None:
        await answer(pool, log="hello é " + "y" * 100_000)

    assert "lab hello é " + "y" * 100_000 + "\n" in lab.run(scenario)


def test_functions_run_where_the_native_client_is_missing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS the same runtime code runs over the stand-in, errors included."""
    lab.code.write_text(
        "import runtime_client\n"
        "def handler(event, context):\n"
        "    if event.get('raise'):\n"
        "        raise RuntimeError('boom')\n"
        "    return [runtime_client.__file__, context.aws_request_id, context.get_remaining_time_in_millis()]\n"
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    lab.timeout = 60

    async def scenario(pool: RuntimePool) -> None:
        file, request_id, left = json.loads((await call(pool)).payload)
        assert Path(file).parent.name == "stand_in"
        assert request_id
        assert 40_000 < left <= 60_000
        outcome = await call(pool, **{"raise": True})
        assert (outcome.failure, json.loads(outcome.payload)["errorMessage"]) == (Failure.ERROR, "boom")
        assert (await call(pool)).failure is None

    lab.run(scenario)
