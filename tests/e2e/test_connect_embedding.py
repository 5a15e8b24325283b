"""The connect page in a frame or a window of the application, which hears how it ended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e.connecting import OPERATIONS, screenshot
from tests.e2e.listening import Listener
from tests.e2e.running import TABLE, Connection, Sandbox, World, form_token_of
from unified.secret import fingerprint

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.browser", "tests.e2e.connecting"]

EMBEDDING = """<!doctype html><title>App</title><body style="background:#dde"><iframe src="%s" width="700" height="600">
</iframe><script>window.heard=[];window.heights=[];addEventListener("message",e=>e.data.type==="unified.connect"
  ?heard.push([e.origin,e.data]):heights.push(e.data.height))</script>"""


class Embedding:
    """An application with the page in a frame: ``frame`` is what it shows, ``heard`` what it was told."""

    def __init__(self, world: World, app: Listener, shown: dict[str, str], page: Page) -> None:
        self._world, self._app, self._shown, self._page = world, app, shown, page
        self.project = world.project("Embedding", f"{app.url}/done")
        world.admin("connect-page", "set", self.project.public_key, "--origin", app.url)
        self.origin = app.url

    def show(self, url: str, window: Page | None = None) -> FrameLocator:
        """Open the application with a link in its frame, in the person's window unless told."""
        self._shown["url"] = url
        opened = window or self._page
        opened.goto(self.origin)
        return opened.frame_locator("iframe")

    def heard(self) -> list[dict[str, str]]:
        """Wait until the application has been told something; returns it all."""
        self._page.wait_for_function("window.heard.length > 0")
        told = self._page.evaluate("window.heard")
        assert {origin for origin, _ in told} == {self._world.url}
        return [said for _, said in told]


@pytest.fixture
def embedding(world: World, page: Page) -> Iterator[Embedding]:
    """Run an application that frames what it is given."""
    shown = {"url": "about:blank"}
    with Listener(lambda *_: (200, "text/html", (EMBEDDING % shown["url"]).encode())) as app:
        yield Embedding(world, app, shown, page)


def said(connection: Connection, status: str, **more: str) -> dict[str, str]:
    """Spell what the page tells."""
    return {"type": "unified.connect", "status": status, "connectorId": "ashby", "ownerId": connection.owner, **more}


def test_only_the_links_own_origin_may_frame_the_page_and_hears_how_it_ended(
    world: World, sandbox: Sandbox, page: Page, embedding: Embedding
) -> None:
    """Another origin, be it the same machine by another name, sees nothing and hears nothing."""
    connection = world.connection(embedding.project, OPERATIONS)
    refused = connection.send("POST", "/links", json={"origin": "https://evil.example"})
    assert refused.status_code == 400
    frame = embedding.show(connection.link(origin=embedding.origin))
    other = page.context.new_page()
    other.goto(embedding.origin.replace("127.0.0.1", "localhost"))
    expect(other.frame_locator("iframe").locator("#key")).to_have_count(0)
    frame.locator("#key").fill(world.keep_secret(sandbox.key()))
    expect(frame.locator("#key-status")).to_contain_text("This key works")
    screenshot(page, "embedded")
    frame.locator("button[value=key]").click()
    expect(frame.locator("h1")).to_have_text("Ashby is connected")
    assert embedding.heard() == [said(connection, "authorized")]
    frame = embedding.show(world.connection(embedding.project, OPERATIONS).link(), other)
    expect(frame.locator("#key")).to_have_count(0)


def test_a_frame_is_told_how_high_the_page_is(world: World, sandbox: Sandbox, page: Page, embedding: Embedding) -> None:
    """At first, and whenever that changes; a frame of just that height shows all of it."""
    connection = world.connection(embedding.project, OPERATIONS)
    frame = embedding.show(connection.link(origin=embedding.origin))
    expect(frame.locator("#key")).to_be_visible()
    page.wait_for_function("heights.length > 0")
    first = page.evaluate("heights.at(-1)")
    page.evaluate("height => { document.querySelector('iframe').style.height = height + 'px' }", first)
    assert page.frames[1].evaluate("document.documentElement.scrollHeight") <= first
    frame.locator("#key").fill("no key")
    expect(frame.locator("#key-status")).not_to_be_empty()
    page.wait_for_function("first => heights.at(-1) > first", arg=first)


def test_a_frame_stays_when_the_person_is_done_and_the_application_takes_over(
    world: World, sandbox: Sandbox, page: Page, embedding: Embedding
) -> None:
    """The application's own page is not loaded into its frame, though the link names it."""
    connection = world.connection(embedding.project, OPERATIONS)
    frame = embedding.show(connection.link(origin=embedding.origin, redirectUrl=f"{embedding.origin}/done"))
    frame.locator("#key").fill(world.keep_secret(sandbox.key()))
    expect(frame.locator("#key-status")).to_contain_text("This key works")
    frame.locator("button[value=key]").click()
    expect(frame.locator("h1")).to_have_text("Ashby is connected")
    expect(frame.locator("#return")).not_to_be_visible()
    page.wait_for_timeout(3300)
    assert embedding.heard() == [said(connection, "authorized")]
    expect(frame.locator("h1")).to_have_text("Ashby is connected")


@pytest.mark.parametrize("returns", [True, False])
def test_a_person_who_leaves_tells_the_application(
    world: World, page: Page, embedding: Embedding, returns: bool
) -> None:
    """The frame stays as it is: the application takes it away."""
    connection = world.connection(embedding.project, OPERATIONS)
    more = {"redirectUrl": f"{embedding.origin}/done"} if returns else {}
    frame = embedding.show(connection.link(origin=embedding.origin, **more))
    frame.locator("text=Return to Embedding without connecting").click()
    assert embedding.heard() == [said(connection, "closed")]
    expect(frame.locator("#key")).to_be_visible()


def test_a_link_that_has_ended_is_told_in_words_and_to_the_application(
    world: World, sandbox: Sandbox, page: Page, embedding: Embedding
) -> None:
    """Used, out of time, or of a connection that was removed: no broken frame."""
    connection = world.connection(embedding.project, OPERATIONS)
    used, expired, removed = (connection.link(origin=embedding.origin) for _ in range(3))
    form = {"formToken": form_token_of(world.http.get(used)), "key": world.keep_secret(sandbox.key())}
    assert world.http.post(used, headers={"sec-fetch-site": "same-origin"}, data=form).status_code == 303
    world.aws("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"LINK#{fingerprint(expired.rpartition('/')[2])}"}, "sk": {"S": "LINK"}},
        UpdateExpression="SET expiresAt = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    for url, title, error in (
        (used, "This link has been used", "used"),
        (expired, "This link has ended", "expired"),
        (removed, "This link does not work", "connection_removed"),
    ):
        if url == removed:
            connection.send("DELETE", "")
        expect(embedding.show(url).locator("h1")).to_have_text(title)
        assert embedding.heard() == [said(connection, "error", error=error)]


def test_a_frame_signs_in_by_a_window_of_its_own(world: World, page: Page, embedding: Embedding) -> None:
    """A provider's page does not let itself be framed; the frame tells how it ended, though the person looked back."""
    connection = world.connection(embedding.project, OPERATIONS)
    frame = embedding.show(connection.link(origin=embedding.origin))
    with page.expect_popup() as opened:
        frame.locator("button[value=oauth]").click()
    opened.value.wait_for_selector("#allow")
    for _ in range(2):
        page.frames[1].evaluate("window.dispatchEvent(new Event('focus'))")
        page.wait_for_timeout(200)
    expect(frame.locator("#key")).to_be_visible()
    with opened.value.expect_event("close"):
        opened.value.click("#allow")
    page.frames[1].evaluate("window.dispatchEvent(new Event('focus'))")
    expect(frame.locator("h1")).to_have_text("Ashby is connected")
    assert embedding.heard() == [said(connection, "authorized")]


def test_a_window_of_the_application_is_closed_by_who_leaves_it(world: World, page: Page, embedding: Embedding) -> None:
    """A window that the application opened speaks to it as a frame does, and closes."""
    connection = world.connection(embedding.project, OPERATIONS)
    url = connection.link(origin=embedding.origin)
    page.goto(embedding.origin)
    with page.expect_popup() as opened:
        page.evaluate("url => { window.own = window.open(url, 'connect', 'width=600,height=700') }", url)
    with opened.value.expect_event("close"):
        opened.value.locator("#leave").evaluate("button => { setTimeout(() => button.click(), 100) }")
    assert embedding.heard() == [said(connection, "closed")]
    page.wait_for_function("window.own.closed")
