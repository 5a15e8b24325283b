"""Waiting for what a running stack does by itself."""

import time
from collections.abc import Callable
from typing import Any

import pytest

SECONDS = 90.0
"""A small machine does other things too; alone it is about one. Waiting long costs only what fails anyway."""


def wait_for(told: str, happens: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until `happens` gives something true, and give it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = happens()
        if found:
            return found
        time.sleep(0.05)
    return pytest.fail(f"did not happen within {seconds} s: {told}")
