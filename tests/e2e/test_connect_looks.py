"""How the connect page looks: in a project's own colours, in every state, by day and night, on a desk and a phone."""

import struct
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.connecting import (
    DESK,
    OPERATIONS,
    PHONE,
    assert_accessible,
    paste,
    screenshot,
    window,
)
from tests.e2e.listening import Listener
from tests.e2e.running import Project, Sandbox, World

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.browser", "tests.e2e.connecting"]


FIRST_PAINT = """new Promise(told => new PerformanceObserver(list => {
  const paint = list.getEntriesByName("first-contentful-paint")[0]; if (paint) told(paint.startTime)
}).observe({type: "paint", buffered: true}))"""


@pytest.fixture(params=["desk", "phone"])
def width(request: pytest.FixtureRequest) -> str:
    """Name a width of the window."""
    return request.param


def test_a_project_has_its_own_look_and_a_link_may_override_it(
    world: World, application: Listener, page: Page, tmp_path: Path
) -> None:
    """Name, texts, colours, logo, language."""
    project = world.project("Whitelabel", f"{application.url}/done")
    logo = tmp_path / "logo.png"
    logo.write_bytes(of_logo())
    world.admin(
        *("connect-page", "set", project.public_key, "--company-name", "Verdant Talent", "--logo", str(logo)),
        *("--accent-color", "#0b6e4f", "--background-color", "#e8f3ee"),
        *("--intro", "Verdant reads your candidates and writes back who was hired. Nothing else leaves Ashby."),
        *("--support-url", "https://help.verdant.example/ashby", "--method", "apiKey"),
    )
    connection = world.connection(project, OPERATIONS)
    page.goto(connection.link())
    expect(page.locator("h1")).to_have_text("Connect Ashby to Verdant Talent")
    assert page.locator(".brand img").evaluate("image => image.naturalWidth") == 48
    colour = page.locator("button[value=key]").evaluate("button => getComputedStyle(button).backgroundColor")
    assert colour == "rgb(11, 110, 79)"
    assert page.locator("button[value=oauth]").count() == 0
    screenshot(page, "whitelabel", whole=False)

    page.goto(connection.link(language="de", branding={"companyName": "<b>Grün & Co</b>", "accentColor": "#ffd400"}))
    expect(page.locator("h1")).to_have_text("Ashby mit <b>Grün & Co</b> verbinden")
    assert page.locator("html").get_attribute("lang") == "de"
    text = page.locator("button[value=key]").evaluate("button => getComputedStyle(button).color")
    assert text == "rgb(0, 0, 0)"
    page.click("text=English")
    expect(page.locator("h1")).to_have_text("Connect Ashby to <b>Grün & Co</b>")


def of_logo() -> bytes:
    """Draw a small PNG: a white ring on green."""
    side, rows = 48, b""
    for y in range(side):
        row = b"\x00"
        for x in range(side):
            distance = ((x - 23.5) ** 2 + (y - 23.5) ** 2) ** 0.5
            row += b"\xff\xff\xff\xff" if 9 < distance < 15 else b"\x0b\x6e\x4f\xff" if distance < 23 else b"\0\0\0\0"
        rows += row

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_accessibility_and_width(
    world: World, company: Project, sandbox: Sandbox, browser: Browser, axe: str, width: str
) -> None:
    """Every state of the page, by day and by night: the engine finds nothing, and nothing sticks out."""
    connection = world.connection(company, OPERATIONS)
    weak, full = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"])), world.keep_secret(sandbox.key())
    url = connection.link()
    for scheme in ("light", "dark"):
        context = window(browser, viewport=PHONE if width == "phone" else DESK, color_scheme=scheme)
        page = context.new_page()
        page.goto(url)
        assert_accessible(page, axe)
        screenshot(page, f"{width}-{scheme}")
        paste(page, weak)
        expect(page.locator("#key-status")).to_contain_text("are missing")
        assert_accessible(page, axe)
        if width == "phone" and scheme == "light":
            screenshot(page, "phone-missing")
        page.goto(f"{url}?error=access_denied&lang=de")
        assert_accessible(page, axe)
        page.goto(f"{world.url}/connect/lnk_nothing")
        assert_accessible(page, axe)
        if scheme == "dark":
            page.goto(url)
            paste(page, full)
            expect(page.locator("#key-status")).to_contain_text("This key works")
            page.click("button[value=key]")
            expect(page.locator("h1")).to_have_text("Ashby is connected")
            assert_accessible(page, axe)
            page.goto(url)
            assert_accessible(page, axe)
        context.close()


def test_the_page_is_small_quick_and_loads_nothing_from_elsewhere(world: World, company: Project, page: Page) -> None:
    """One request, under 50 kB, and under 100 ms to the first paint on this machine."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link())
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it marks what it is given
    paints: list[float] = []
    # More often where something else keeps the machine busy: the quickest counts.
    while len(paints) < 5 or (min(paints) >= 100 and len(paints) < 40):
        page.goto(connection.link())
        paints.append(page.evaluate(FIRST_PAINT))
    assert {urlsplit(answer.url).netloc for answer in answers} == {urlsplit(world.url).netloc}
    assert len(answers) == len(paints)
    assert len(answers[-1].body()) < 50_000
    assert min(paints) < 100


def test_accessibility_of_what_is_asked_for_later(
    world: World, company: Project, sandbox: Sandbox, browser: Browser, axe: str
) -> None:
    """More permissions, the ways that are folded away, and what may have gone wrong."""
    key = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"]))
    connection = world.connected(company, ["genericContact::list"], key=key)
    connection.send("PATCH", "", json={"operations": ["genericContact::list", "genericUser::list"]})
    url = connection.link(displayName="Globex")
    context = window(browser, viewport=PHONE)
    page = context.new_page()
    for query in (
        "",
        "?error=missing",
        "?error=expired_consent",
        "?error=key_held_back&lacks=organizationRead&another=1",
    ):
        page.goto(url + query)
        assert_accessible(page, axe)
        expect(page.locator(".for")).to_contain_text("Globex")
    expect(page.locator("details.more")).to_have_attribute("open", "")
    context.close()


def test_no_name_however_long_sticks_out_of_the_smallest_screen(world: World, browser: Browser) -> None:
    """One long word is broken, in every language."""
    project = world.project("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft")
    connection = world.connection(project, ["genericContact::list", "scheduleEvent::create", "atsJob::list"])
    context = window(browser, viewport={"width": 320, "height": 640})
    page = context.new_page()
    url = connection.link(displayName="Bundesversicherungsanstaltsangestelltengenossenschaft")
    for language in ("en", "de"):
        page.goto(f"{url}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    screenshot(page, "smallest")
    context.close()
