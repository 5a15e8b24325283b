"""Connecting by OAuth in a real browser: to the provider, back to the page, on to the application."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.e2e.connecting import (
    CONTACTS,
    OPERATIONS,
    back,
    of_another_account,
    screenshot,
    staying,
    window,
)
from tests.e2e.listening import Listener
from tests.e2e.running import Project, Sandbox, World
from tests.e2e.waiting import wait_for

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.browser", "tests.e2e.connecting"]


def test_a_person_consents_and_returns(world: World, company: Project, application: Listener, page: Page) -> None:
    """By the page to the provider, back to the page, on to the application."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link(**back(company, application)))
    page.click("button[value=oauth]")
    with staying(page, application):
        page.click("#allow")
        expect(page.locator("h1")).to_have_text("Ashby is connected")
        with page.expect_request(f"{application.url}/**"):
            page.click("#return")
    page.wait_for_url(f"{application.url}/**")
    assert connection.call("GET", CONTACTS).status_code == 200


def test_a_person_who_refuses_is_told_and_may_try_again(
    world: World, company: Project, application: Listener, page: Page
) -> None:
    """The link is as good as before; the way back says how it ended."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link(**back(company, application)))
    page.click("button[value=oauth]")
    page.click("#deny")
    expect(page.locator("[role=alert]")).to_contain_text("Access was not granted at Ashby. Nothing has changed.")
    screenshot(page, "denied", whole=False)
    leave = page.locator(".actions a").get_attribute("href") or ""
    assert parse_qs(urlsplit(leave).query)["error"] == ["access_denied"]
    page.click("button[value=oauth]")
    with staying(page, application):
        page.click("#allow")
        expect(page.locator("h1")).to_have_text("Ashby is connected")
    assert connection.status() == "authorized"


def test_a_consent_ends_only_in_the_browser_that_began_it(
    world: World, company: Project, browser: Browser, page: Page
) -> None:
    """Somebody else's browser with the same address of return connects nothing."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link())
    page.click("button[value=oauth]")
    page.wait_for_url(f"{world.sandbox.url}/**")
    address = world.consent(page.url)
    context = window(browser)
    other = context.new_page()
    other.goto(address)
    expect(other.locator("h1")).to_have_text("This was begun in another browser")
    context.close()
    assert connection.status() == "unauthorized"


def test_another_account_by_oauth_is_taken_only_when_the_person_says_so(
    world: World, company: Project, page: Page
) -> None:
    """What worked before goes on working."""
    connection = world.connected(company, OPERATIONS)
    of_another_account(world, connection)
    page.goto(connection.link())
    page.click("button[value=oauth]")
    page.click("#allow")
    expect(page.locator("[role=alert]")).to_contain_text("another Ashby account than the one connected before")
    assert connection.call("GET", CONTACTS).status_code == 200
    page.check("#oauth-switch")
    page.click("button[value=oauth]")
    page.click("#allow")
    expect(page.locator("h1")).to_have_text("Ashby is connected")


def test_the_language_that_was_chosen_is_kept_on_the_way(world: World, company: Project, page: Page) -> None:
    """Refused or allowed, the person comes back to the page as it was left."""
    page.goto(world.connection(company, OPERATIONS).link())
    page.click("text=Deutsch")
    page.click("button[value=oauth]")
    page.click("#deny")
    expect(page.locator("[role=alert]")).to_contain_text("Der Zugriff wurde bei Ashby nicht erlaubt")
    page.click("button[value=oauth]")
    page.click("#allow")
    expect(page.locator("h1")).to_have_text("Ashby ist verbunden")


def test_a_consent_that_comes_back_twice_ends_well(
    world: World, company: Project, sandbox: Sandbox, page: Page
) -> None:
    """The second overtakes the first, as when “allow” was pressed twice; the page looks until the first connects."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link())
    page.click("button[value=oauth]")
    page.wait_for_url(f"{world.sandbox.url}/**")
    address = world.consent(page.url)
    sandbox.fault("oauth.token", "latency", milliseconds=3000, times=1)
    page.evaluate("address => { location.href = address }", address)
    faults = f"{sandbox.url}/_sandbox/faults"
    wait_for("the first exchanges the code", lambda: not world.http.get(faults).json()["faults"])
    page.goto(address)
    expect(page.locator("[role=alert]")).to_contain_text("had ended already")
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    assert connection.status() == "authorized"
