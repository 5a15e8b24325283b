"""What a developer may set of the local stack, and how a slip is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from local.errors import LocalError
from local.settings import read_settings


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT", "AWS_PORT", "RECEIVER_PORT"])
@pytest.mark.parametrize("text", ["abc", "", "-1", "65536", "8787 "])
def test_a_port_that_is_none_is_named(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(LocalError, match=f"^{name} is '{text}', not a port$"):
        read_settings((), {name: text}, tmp_path)


def test_ports_come_from_the_environment_or_the_command_line(tmp_path: Path) -> None:
    settings = read_settings(("--port", "5"), {"PORT": "1", "SANDBOX_PORT": "2", "AWS_PORT": "3"}, tmp_path)

    assert (settings.port, settings.sandbox_port, settings.aws_port, settings.receiver_port) == (5, 2, 3, 8790)


def test_the_command_tells_it_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main((), {"PORT": "abc"}) == 1
    said = capsys.readouterr()
    assert "local: PORT is 'abc', not a port" in said.out + said.err
    assert "Traceback" not in said.out + said.err
