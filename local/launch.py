"""Starts a Python module so that it cannot outlive the local runner, however that one ends.

Run by path: ``python launch.py PARENT_PID MODULE [ARGUMENT…]``. It then behaves as ``python -m MODULE``
in the working folder. It imports nothing of ours: a function's process must not see this package.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """Have this process killed when `parent` ends, or end it now if that has already happened."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def main() -> None:
    """Become the module named on the command line."""
    die_with_parent(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path.cwd())  # as `python -m` has it; here stood this file's folder
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
