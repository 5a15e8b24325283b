"""Two clients of Ashby's API that others wrote: ``ashby`` from PyPI, and ``ashby-mcp`` from npm by its own protocol."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.account import Record
from tests.e2e.installing import npm_installed

FOLDER = Path(__file__).parent / "ashby_mcp"
STATUSES = ["Draft", "Open", "Closed", "Archived"]


@contextmanager
def python_client(url: str, key: str) -> Generator[Any]:
    """Give PyPI's client of an address; it may read no ``.env`` file of this machine and use no proxy of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_DOTENV_DISABLED", "1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        from ashby_sdk import AshbyClient

        patch.setattr(AshbyClient, "BASE_URL", url)
        yield AshbyClient(api_key=key)


class Mcp:
    """The server of ``ashby-mcp`` in a Node process of its own, spoken to in JSON-RPC, a line a message."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._number = 0
        self._ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _send(self, message: Record) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process has ended"
        answer = json.loads(line)
        assert answer["id"] == self._number, line
        return answer["result"]

    def say(self, tool: str, **arguments: Any) -> list[str]:
        """Call a tool; gives its texts."""
        result = self._ask("tools/call", name=f"ashby_{tool}", arguments=arguments)
        assert not result.get("isError"), result
        return [content["text"] for content in result["content"]]

    def use(self, tool: str, **arguments: Any) -> Any:
        """Call a tool; gives the data that it found."""
        said = self.say(tool, **arguments)
        assert len(said) == 2, said
        return json.loads(said[1])

    def every(self, tool: str, **arguments: Any) -> list[Record]:
        """Call a tool that lists, to the end."""
        found: list[Record] = []
        while True:
            page = self.use(tool, **arguments)
            found += page["items"]
            if not page["has_more"]:
                return found
            arguments["cursor"] = page["next_cursor"]


@contextmanager
def mcp_server(url: str, key: str) -> Generator[Mcp]:
    """Start npm's client of an address."""
    process = subprocess.Popen(
        ["node", "--import", "./redirect.mjs", "node_modules/ashby-mcp/dist/index.js"],
        cwd=npm_installed(FOLDER),
        env={**os.environ, "ASHBY_API_KEY": key, "ASHBY_BASE_URL": url, "LOG_LEVEL": "error"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield Mcp(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)
