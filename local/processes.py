"""Child processes of the local stack: started so that none is left behind, their output told apart."""

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

_LAUNCHER = Path(__file__).with_name("launch.py")
_COLOURS = (36, 33, 35, 32, 34, 31)


class Log:
    """Where every line goes: the terminal, prefixed with who wrote it, and a file if there is one."""

    def __init__(self, file: Path | None = None, terminal: TextIO | None = None) -> None:
        self._terminal = terminal or sys.stdout
        self._file = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = file.open("w", encoding="utf-8", buffering=1)
        self._names: list[str] = []

    def line(self, source: str, text: str) -> None:
        """Write one line that `source` (a function's name, ``aws``, ``sandbox``, ``local``) said."""
        if source not in self._names:
            self._names.append(source)
        label = f"{source:<14}"
        if self._terminal.isatty():
            label = f"\x1b[{_COLOURS[self._names.index(source) % len(_COLOURS)]}m{label}\x1b[0m"
        self._show(f"{label} {text}")
        if self._file is not None:
            self._file.write(f"{source} {text}\n")

    def plain(self, text: str) -> None:
        """Show text of the runner itself: on the terminal only, for it may hold the local keys."""
        self._show(text)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _show(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever read the terminal has gone; the stack goes on
            print(text, file=self._terminal, flush=True)


class Child:
    """A running ``python -m module``, leader of its own process group."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, log: Log) -> None:
        self._process = process
        self._output = asyncio.create_task(self._pump(name, log))

    @classmethod
    async def start(
        cls,
        name: str,
        module: str,
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str],
        log: Log,
    ) -> "Child":
        """Start `module` in `cwd` with exactly `env`; its output goes to `log` under `name`.

        A group of its own keeps the terminal's Ctrl-C from it: the runner decides when it ends.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_LAUNCHER),
            str(os.getpid()),
            module,
            *arguments,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return cls(process, name, log)

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as the kernel knows it: asyncio learns it a moment later."""
        if self._process.returncode is not None or not hasattr(os, "waitid"):
            return self._process.returncode is None
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def wait(self) -> int:
        """Its exit code, once it has ended (negative: the signal that ended it)."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def close(self) -> None:
        """End it and wait until it is gone and its last words are written."""
        self.kill()
        await self._process.wait()
        await self._output

    async def _pump(self, name: str, log: Log) -> None:
        assert self._process.stdout is not None  # noqa: S101 (asked for above)
        rest = b""
        while chunk := await self._process.stdout.read(65536):
            # The Lambda runtime separates the lines of a traceback by a carriage return.
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                if line.strip():
                    log.line(name, line.decode(errors="replace").replace("\u00a0", " "))
        if rest.strip():
            log.line(name, rest.decode(errors="replace"))


async def run(module: str, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run ``python -m module`` to its end and give its exit code and what it wrote."""
    written = io.StringIO()
    child = await Child.start(module, module, *arguments, cwd=cwd, env=env, log=Log(terminal=written))
    try:
        code = await child.wait()
    finally:
        await child.close()
    return code, written.getvalue()
