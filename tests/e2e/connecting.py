"""A person at the connect page: windows, pictures of them, and what accessibility asks, as a plugin and helpers."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e.browser import MILLISECONDS
from tests.e2e.installing import npm_installed
from tests.e2e.listening import Listener
from tests.e2e.running import TABLE, Connection, Project, World

CONTACTS = "/resources/genericContact"
OPERATIONS = ["genericContact::list", "genericContact::create", "genericUser::list"]
SCREENSHOTS = Path(__file__).parent / "screenshots"
DESK = {"width": 1000, "height": 900}
PHONE = {"width": 390, "height": 844}


def window(browser: Browser, **more: Any) -> BrowserContext:
    """Open a window without a past, as of an English person."""
    asked: dict[str, Any] = {"viewport": DESK, "locale": "en-GB", **more}
    context = browser.new_context(**asked)
    context.set_default_timeout(MILLISECONDS)
    return context


def watch(page: Page) -> list[str]:
    """Collect what the browser complains of in the page."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text) if "Content Security" in said.text or "Refused" in said.text else None
        ),
    )
    return complaints


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give the person a window on a desk; nothing in it may break the page's policy or its script."""
    context = window(browser)
    opened = context.new_page()
    complaints = watch(opened)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def company(world: World, application: Listener) -> Project:
    """Make a project that people return to."""
    return world.project("Acme", f"{application.url}/connected?tab=settings")


@pytest.fixture(scope="module")
def axe() -> str:
    """Install the accessibility engine; returns its source."""
    return (npm_installed(Path(__file__).parent / "axe") / "node_modules/axe-core/axe.min.js").read_text()


def back(company: Project, application: Listener) -> dict[str, str]:
    """Return what a link's body says of the way back."""
    return {"redirectUrl": f"{application.url}/connected?tab=settings"}


def screenshot(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"connect-{name}.png", full_page=whole)


def assert_accessible(page: Page, axe: str) -> None:
    """Have the engine look at the page; it finds nothing."""
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def paste(page: Page, key: str) -> None:
    """Put a key into its field as a paste does."""
    page.locator("#key").fill(key)


@contextmanager
def staying(page: Page, application: Listener) -> Generator[None]:
    """Turn the person back from the application until the block ends, then let them go where the page has led them.

    The page that says that all is well leads away by itself after three seconds: on a slow machine too soon to be read.
    """
    led: list[str] = []

    def turn_back(route: Route) -> None:
        led.append(route.request.url)
        # An answer of no content leaves the browser where it is.
        route.fulfill(status=204)

    way = f"{application.url}/**"
    page.route(way, turn_back)
    yield
    page.unroute(way)
    if led:
        page.goto(led[-1])


def of_another_account(world: World, connection: Connection) -> None:
    """Make the table say that the connection was to another account."""
    world.aws("dynamodb").update_item(
        TableName=TABLE,
        Key={
            "pk": {"S": f"PROJECT#{connection.project.id}"},
            "sk": {"S": f"CONNECTION#ashby#{connection.owner}"},
        },
        UpdateExpression="SET witnesses = :other",
        ExpressionAttributeValues={":other": {"L": [{"S": "brand:0"}, {"S": "department:1"}]}},
    )
