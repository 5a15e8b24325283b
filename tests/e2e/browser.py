"""A real browser, and an application that people return to in it: fixtures, as a plugin (``pytest_plugins``)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.installing import needed
from tests.e2e.listening import Listener

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# How long to wait for what a page shall do: a small machine does other things too.
MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium."""
    found = needed("chromium", "google-chrome")
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def application() -> Iterator[Listener]:
    """Run the company's own application, where people return to."""
    with Listener(lambda *_: (200, "text/html", b"<!doctype html><title>Acme</title><h1>Welcome back</h1>")) as found:
        yield found
