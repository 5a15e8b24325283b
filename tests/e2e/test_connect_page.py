"""The connect page in a real browser: a customer with a link and a key, with and without a script."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.account import Account
from tests.e2e.connecting import (
    CONTACTS,
    OPERATIONS,
    back,
    of_another_account,
    paste,
    screenshot,
    staying,
    window,
)
from tests.e2e.listening import Listener
from tests.e2e.running import Project, Sandbox, World

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.browser", "tests.e2e.connecting"]


def test_a_key_that_lacks_permissions_is_mended_and_connects(
    world: World, company: Project, application: Listener, sandbox: Sandbox, page: Page
) -> None:
    """What is missing is said while the key is pasted, by Ashby's own names; once ticked, the same key connects."""
    connection = world.connection(company, OPERATIONS)
    key = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"]))
    seen: list[str] = []
    page.on("response", lambda answer: seen.append(answer.url))
    page.goto(connection.link(**back(company, application)))
    expect(page.locator("h1")).to_have_text("Connect Ashby to Acme")
    screenshot(page, "start")
    assert page.locator(".permissions .name").all_inner_texts() == [
        *("Candidates: Read", "Candidates: Write", "Organization: Read"),
        "API Keys: Read",
    ]

    paste(page, key)
    status = page.locator("#key-status")
    expect(status).to_contain_text("these permissions are missing")
    expect(status).to_contain_text("Candidates: Write")
    expect(page.locator("[data-permission=candidatesWrite]")).to_have_text("missing")
    expect(page.locator("[data-permission=candidatesRead]")).to_have_text("granted")
    screenshot(page, "missing")
    page.click("button[value=key]")
    expect(page.locator("#key")).to_be_focused()
    expect(page.locator("#key")).to_have_value(key)
    assert connection.status() == "unauthorized"

    sandbox.permissions(key, ["candidatesRead", "candidatesWrite", "organizationRead", "apiKeysRead"])
    paste(page, "")
    paste(page, key)
    expect(status).to_contain_text(f"It belongs to {Account(world).name()}")
    with staying(page, application):
        page.click("button[value=key]")
        expect(page.locator("h1")).to_have_text("Ashby is connected")
        screenshot(page, "done", whole=False)
    page.wait_for_url(f"{application.url}/**")
    said = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert said == {"tab": "settings", "status": "authorized", "connectorId": "ashby", "ownerId": connection.owner}
    assert connection.call("GET", CONTACTS).status_code == 200
    assert not [url for url in seen if key in url]


def test_a_wrong_key_is_refused_in_plain_words(world: World, company: Project, sandbox: Sandbox, page: Page) -> None:
    """Nothing of the connection changes, and the field says that it is wrong."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link())
    paste(page, world.keep_secret("ashby_e2e_no_such_key_at_all"))
    expect(page.locator("#key-status")).to_contain_text("Ashby does not accept this key")
    expect(page.locator("#key")).to_have_attribute("aria-invalid", "true")
    paste(page, "two words")
    expect(page.locator("#key-status")).to_contain_text("does not look like an API key of Ashby")
    sandbox.fault("*", "status", status=500)
    paste(page, world.keep_secret(sandbox.key()))
    expect(page.locator("#key-status")).to_contain_text("Nothing is wrong with your key")
    assert connection.status() == "unauthorized"


def test_the_whole_way_is_possible_by_keyboard(world: World, company: Project, sandbox: Sandbox, page: Page) -> None:
    """Tab leads through the page in its order; the key can be looked at; Enter connects."""
    connection = world.connection(company, OPERATIONS)
    key = world.keep_secret(sandbox.key())
    page.goto(connection.link(methods=["apiKey"]))
    reached: list[str] = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 17)"))
    assert reached == ["Open the API keys", "key", "reveal", "Connect Ashby", "Deutsch"]
    page.focus("#reveal")
    page.keyboard.press("Enter")
    assert page.locator("#key").get_attribute("type") == "text"
    assert page.evaluate("document.activeElement.id") == "key"
    page.focus("#reveal")
    page.keyboard.press("Space")
    assert page.locator("#key").get_attribute("type") == "password"
    page.keyboard.insert_text(key)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    assert connection.status() == "authorized"


def test_without_a_script_the_form_does_the_same(
    world: World, company: Project, sandbox: Sandbox, browser: Browser, axe: str
) -> None:
    """It says what is missing, never shows the key again, takes a decision, and connects."""
    connection = world.connection(company, OPERATIONS)
    key = world.keep_secret(sandbox.key(["candidatesRead", "organizationRead", "apiKeysRead"]))
    context = window(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(connection.link())
    assert not page.locator("#reveal").is_visible()
    paste(page, key)
    page.click("button[value=key]")
    expect(page.locator("[role=alert]")).to_contain_text("Candidates: Write")
    expect(page.locator("[data-permission=candidatesWrite]")).to_have_text("missing")
    assert page.title().startswith("There is a problem")
    assert key not in page.content()
    assert page.locator("#key").input_value() == ""
    paste(page, key)
    page.check("#anyway")
    page.click("button[value=key]")
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    expect(page.locator(".note")).to_contain_text("Candidates: Write")
    assert connection.status() == "authorized"
    context.close()


def test_a_key_that_has_lost_permissions_is_checked_again_without_a_new_one(
    world: World, company: Project, sandbox: Sandbox, page: Page
) -> None:
    """The company asks for more; the person ticks it in Ashby and says so."""
    key = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"]))
    connection = world.connected(company, ["genericContact::list"], key=key)
    connection.send("PATCH", "", json={"operations": ["genericContact::list", "genericUser::list"]})
    page.goto(connection.link())
    expect(page.locator("h1")).to_have_text("Give Acme the permissions it lacks")
    screenshot(page, "permissions", whole=False)
    page.click("button[value=recheck]")
    expect(page.locator("[role=alert]")).to_contain_text("Still missing: Organization: Read")
    sandbox.permissions(key, ["candidatesRead", "apiKeysRead", "organizationRead"])
    page.click("button[value=recheck]")
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    assert connection.call("GET", "/resources/genericUser").status_code == 200


def test_another_account_than_before_is_taken_only_when_the_person_says_so(
    world: World, company: Project, sandbox: Sandbox, page: Page
) -> None:
    """The warning comes while the key is pasted, and names the account."""
    connection = world.connected(company, OPERATIONS, key=world.keep_secret(sandbox.key()))
    of_another_account(world, connection)
    key = world.keep_secret(sandbox.key())
    page.goto(connection.link())
    paste(page, key)
    expect(page.locator("#key-status")).to_contain_text(f"another Ashby account ({Account(world).name()})")
    screenshot(page, "another-account")
    page.click("button[value=key]")
    expect(page.locator("#key")).to_be_focused()
    page.check("#switch")
    page.click("button[value=key]")
    expect(page.locator("h1")).to_have_text("Ashby is connected")


def test_a_link_works_once_in_two_tabs_and_by_the_back_button(
    world: World, company: Project, sandbox: Sandbox, page: Page
) -> None:
    """Opening it uses nothing up; what comes after connecting is told plainly and changes nothing."""
    connection = world.connection(company, OPERATIONS)
    first, second = (world.keep_secret(sandbox.key()) for _ in range(2))
    url = connection.link()
    other = page.context.new_page()
    for opened in (page, other, page):
        opened.goto(url)
    for opened, key in ((page, first), (other, second)):
        paste(opened, key)
        expect(opened.locator("#key-status")).to_contain_text("This key works")
    page.click("button[value=key]")
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    other.click("button[value=key]")
    expect(other.locator("h1")).to_have_text("This link has been used")
    screenshot(other, "used", whole=False)
    page.go_back()
    expect(page.locator("h1")).to_have_text("This link has been used")
    assert connection.status() == "authorized"
    sandbox.enable(second, enabled=False)
    assert connection.call("GET", CONTACTS).status_code == 200


def test_morphs_connect_mode_leads_here(world: World, company: Project, application: Listener, page: Page) -> None:
    """For a server and for a browser with a session; direct leads to the provider."""
    connection = world.connection(company, OPERATIONS)
    where = {"redirectUrl": back(company, application)["redirectUrl"]}
    for answer in (
        connection.send("POST", "/authorization", json={}, params={"mode": "connect", **where}),
        connection.session().call("POST", "/s/connection/authorization", json={}, params={"mode": "connect", **where}),
    ):
        assert answer.json()["status"] == "awaitingAuthorization"
        page.goto(answer.json()["authorizationUrl"])
        expect(page.locator("h1")).to_have_text("Connect Ashby to Acme")
    direct = connection.send("POST", "/authorization", json={}, params={"mode": "direct"}).json()
    assert direct["authorizationUrl"].startswith(f"{world.sandbox.url}/oauth/authorize?")
    world.keep_secret(parse_qs(urlsplit(direct["authorizationUrl"]).query)["state"][0], "/authorization")


@pytest.mark.parametrize("pause", [0, 350])
def test_a_button_that_is_pressed_twice_connects_and_leads_back(
    world: World, company: Project, application: Listener, sandbox: Sandbox, page: Page, pause: int
) -> None:
    """At once, or while the key is kept; the button says that it has been pressed."""
    connection = world.connection(company, OPERATIONS)
    page.goto(connection.link(**back(company, application)))
    paste(page, world.keep_secret(sandbox.key()))
    expect(page.locator("#key-status")).to_contain_text("This key works")
    sandbox.fault("*", "latency", milliseconds=600)
    with staying(page, application):
        label = page.locator("button[value=key]").evaluate(
            """async (button, pause) => {
              button.click(); setTimeout(() => button.click(), pause);
              await new Promise(later => setTimeout(later, 50)); return button.textContent
            }""",
            pause,
        )
        assert label == "One moment…"
        expect(page.locator("h1")).to_have_text("Ashby is connected")
    page.wait_for_url(f"{application.url}/**")
    assert parse_qs(urlsplit(page.url).query)["status"] == ["authorized"]


def test_a_button_that_is_pressed_twice_without_a_script_connects(
    world: World, company: Project, sandbox: Sandbox, browser: Browser
) -> None:
    """The browser gives up the first answer; the second press is answered as the first would have been."""
    connection = world.connection(company, OPERATIONS)
    context = window(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(connection.link())
    paste(page, world.keep_secret(sandbox.key()))
    sandbox.fault("*", "latency", milliseconds=200)
    page.locator("button[value=key]").dblclick(no_wait_after=True)
    expect(page.locator("h1")).to_have_text("Ashby is connected")
    assert connection.status() == "authorized"
    context.close()


def test_going_back_sends_nothing_again(world: World, company: Project, sandbox: Sandbox, page: Page) -> None:
    """After an answer to a form, the browser's own pages of error stay away, and so does a second try."""
    key = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"]))
    connection = world.connected(company, ["genericContact::list"], key=key)
    connection.send("PATCH", "", json={"operations": ["genericContact::list", "genericUser::list"]})
    page.goto(connection.link())
    page.click("button[value=recheck]")
    expect(page.locator("[role=alert]")).to_contain_text("Still missing: Organization: Read")
    page.click("text=Use another key or another way instead")
    page.click("button[value=oauth]")
    page.wait_for_selector("#allow")
    tried = sandbox.calls(key)["apiKey.info"]
    page.go_back()
    expect(page.locator("[role=alert]")).to_contain_text("Still missing: Organization: Read")
    expect(page.locator("button[value=oauth]")).to_have_text("Continue to Ashby")
    page.reload()
    assert sandbox.calls(key)["apiKey.info"] == tried


def test_a_key_is_looked_at_again_when_the_person_comes_back_from_ashby(
    world: World, company: Project, sandbox: Sandbox, page: Page
) -> None:
    """What was missing was ticked in the other tab; nothing has to be pasted again."""
    key = world.keep_secret(sandbox.key(["candidatesRead", "organizationRead", "apiKeysRead"]))
    page.goto(world.connection(company, OPERATIONS).link())
    paste(page, key)
    expect(page.locator("#key-status")).to_contain_text("Candidates: Write")
    sandbox.permissions(key, ["candidatesRead", "candidatesWrite", "organizationRead", "apiKeysRead"])
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#key-status")).to_contain_text("has every permission")


def test_a_link_says_whom_it_is_for(world: World, company: Project, page: Page) -> None:
    """Who was sent somebody else's link sees a name that is not theirs."""
    page.goto(world.connection(company, OPERATIONS).link(displayName="Globex"))
    expect(page.locator(".for")).to_have_text("For Globex. If that is not you, do not go on.")
    screenshot(page, "for", whole=False)
    expect(page.locator("#key")).to_have_attribute("autocomplete", "new-password")
