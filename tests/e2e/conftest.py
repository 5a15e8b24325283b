"""The local stack as tests use it: ``python -m local`` on free ports, started once per test process."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60  # several may start at once on a small machine


@dataclass
class LocalStack:
    """A running ``python -m local``.

    `log_file` holds every line of every function and of the gateway, `lines` what the terminal showed.
    """

    url: str
    sandbox_url: str
    aws_url: str
    log_file: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list[str])
    ready: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Collect the terminal's lines until the process ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == f"ready {self.url}\n":
                self.ready.set()
        self.ready.set()

    def log(self) -> str:
        """Read the whole log so far."""
        return self.log_file.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


StartLocal = Callable[..., contextlib.AbstractContextManager[LocalStack]]


def free_ports(count: int) -> list[int]:
    """Find ports that nothing listens on.

    None of those that the system gives to whoever asks for any: until the stack listens, another test might get it.
    """
    found: set[int] = set()
    while len(found) < count:
        port = 12_000 + secrets.randbelow(20_000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)


@contextlib.contextmanager
def run_local(
    folder: Path, log_file: Path, environ: Mapping[str, str] | None = None, *, ready: bool = True
) -> Generator[LocalStack, None, None]:
    """Run the stack of the template in `folder`; with `ready` wait until it is.

    Its webhook receiver is off unless `environ` says otherwise. A project on its own may have ``sandbox`` and
    ``admin`` packages of its own, which come first.
    """
    port, sandbox_port, aws_port, receiver_port = free_ports(4)
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "AWS_PORT": str(aws_port),
        "RECEIVER_PORT": str(receiver_port),
        "LOCAL_RECEIVER": "0",
        "LOCAL_LOG_FILE": str(log_file),
        **(environ or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    urls = [f"http://127.0.0.1:{number}" for number in (port, sandbox_port, aws_port)]
    stack = LocalStack(*urls, log_file=log_file, process=process)
    reader = threading.Thread(target=stack.read)
    reader.start()
    try:
        if ready:
            stack.ready.wait(START_SECONDS)
            if process.poll() is not None or not stack.ready.is_set():
                pytest.fail("the local stack did not start:\n" + "\n".join(stack.lines))
        yield stack
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Run this repository's stack for all tests of the process, with its sandbox and its first project.

    Keys: ``pk_local``, ``sk_local``. It does not reload: a test must not meet code that changes meanwhile.
    """
    log_file = tmp_path_factory.mktemp("local") / "log"
    with run_local(ROOT, log_file, {"LOCAL_RELOAD": "0"}) as stack:
        yield stack


@pytest.fixture
def start_local(tmp_path: Path) -> StartLocal:
    """Give what starts a stack of its own: of the template in a folder, by default the test's own."""

    def start(
        folder: Path = tmp_path, environ: Mapping[str, str] | None = None, *, ready: bool = True
    ) -> contextlib.AbstractContextManager[LocalStack]:
        return run_local(folder, tmp_path / "local.log", environ, ready=ready)

    return start
