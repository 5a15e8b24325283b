"""No process outlives the runner, however the runner ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import local.launch

LAUNCHER = str(Path(local.launch.__file__))
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, {launcher!r}, str(os.getpid()), "sleeper"], stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip(), flush=True)
child.wait()
"""


def wait_until_gone(pid: int) -> None:
    """Wait until a process has ended; fails after five seconds."""
    for _ in range(250):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return  # ended; whoever adopted it has not asked yet
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.02)
    pytest.fail(f"process {pid} is still there")


def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL gives the runner no chance to clean up."""
    (tmp_path / "sleeper.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)")
    code = PARENT.format(launcher=LAUNCHER)
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_until_gone(child)


def test_a_child_whose_parent_has_gone_does_not_begin(tmp_path: Path) -> None:
    """Between the start of a process and its request to be killed the parent may end."""
    (tmp_path / "sleeper.py").write_text("print('begun')")
    ran = subprocess.run([sys.executable, LAUNCHER, "1", "sleeper"], cwd=tmp_path, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, b"")


def test_the_module_sees_what_python_m_gives_it(tmp_path: Path) -> None:
    """Its arguments, its name and the working folder first on the path; nothing of the launcher's."""
    (tmp_path / "shown.py").write_text(
        "import json, sys\nprint(json.dumps([__name__, sys.argv[1:], sys.path[0], 'local' in sys.modules]))"
    )
    command = [sys.executable, LAUNCHER, str(os.getpid()), "shown", "a", "--b"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(ran.stdout) == ["__main__", ["a", "--b"], str(tmp_path), False]
