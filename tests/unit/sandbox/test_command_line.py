"""`python -m sandbox`: settings, and a real process that answers."""

import os
import socket
import subprocess
import sys
import time

import httpx
import pytest

from sandbox.__main__ import configuration
from sandbox.config import SandboxConfig


def test_settings_come_from_the_environment_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CANDIDATES", "12")
    monkeypatch.setenv("SANDBOX_SEED", "3")
    monkeypatch.setenv("SANDBOX_PORT", "9999")
    monkeypatch.setenv("PORT", "5000")
    config = configuration(["--seed", "4"])
    assert (config.candidates, config.seed, config.port, config.application_port) == (12, 4, 9999, 5000)


def test_a_setting_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="many"):
        SandboxConfig.from_environment({"SANDBOX_CANDIDATES": "many"})


def test_the_process_serves_on_loopback() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--candidates", "3"]
    with subprocess.Popen(command, env=os.environ) as process:
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    answer = httpx.post(
                        f"http://127.0.0.1:{port}/candidate.list",
                        json={},
                        auth=("ashby_local_full", ""),
                        trust_env=False,
                    )
                    break
                except httpx.ConnectError:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            assert len(answer.json()["results"]) == 3
        finally:
            process.terminate()
