"""A customer connected by OAuth: a person in a real browser, tokens that end, answers that are lost."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import MILLISECONDS
from tests.e2e.listening import Listener
from tests.e2e.running import (
    CONTACT_OPERATIONS,
    TABLE,
    Connection,
    Project,
    Sandbox,
    TokenRelay,
    World,
    assert_problem,
    assets_of,
)
from unified.secret import fingerprint

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.browser"]

CONTACTS = "/resources/genericContact"
SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give the person a window without a past."""
    context = browser.new_context(viewport={"width": 900, "height": 640})
    context.set_default_timeout(MILLISECONDS)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def redirect_url(application: Listener) -> str:
    """Return an address of the application that has a query of its own."""
    return f"{application.url}/connected?tab=settings"


@pytest.fixture(scope="module")
def company(world: World, redirect_url: str) -> Project:
    """Make a project that people return to."""
    return world.project("Company", redirect_url)


def returned(page: Page, application: Listener) -> dict[str, str]:
    """Wait until the person is back at the application; returns what the address says."""
    page.wait_for_url(f"{application.url}/**")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def screenshot(page: Page, name: str) -> None:
    """Keep a picture to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def assert_plain_page(answer: httpx.Response, status: int, text: str) -> None:
    """Check that an answer is one of our pages: no script, nothing from elsewhere, not to be framed or kept."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert assets_of(answer.text) == []
    assert text in answer.text


# -- a person in a browser -----------------------------------------------------------------------------------------


def test_a_person_consents_and_returns_to_the_application(
    world: World, company: Project, application: Listener, redirect_url: str, page: Page
) -> None:
    """The connection works at once."""
    connection = world.connection(company)
    page.goto(connection.begin(redirect_url))
    assert page.locator("h1").inner_text() == "Local app"
    page.click("#allow")
    assert returned(page, application) == {
        "tab": "settings",
        "status": "authorized",
        "connectorId": "ashby",
        "ownerId": connection.owner,
    }
    assert page.locator("h1").inner_text() == "Welcome back"
    assert connection.status() == "authorized"
    assert len(connection.call("GET", CONTACTS, params={"limit": 5}).json()["data"]) == 5
    assert connection.call("GET", "/resources/genericUser").status_code == 200


def test_a_person_who_refuses_returns_with_an_error_and_nothing_changes(
    world: World, company: Project, application: Listener, redirect_url: str, page: Page
) -> None:
    """A new connection stays unauthorized; one that works goes on working."""
    fresh, working = world.connection(company), world.connected(company)
    for connection, status in ((fresh, "unauthorized"), (working, "authorized")):
        page.goto(connection.begin(redirect_url))
        page.click("#deny")
        said = returned(page, application)
        assert (said["status"], said["error"]) == ("error", "access_denied")
        assert said["ownerId"] == connection.owner
        assert connection.status() == status
        page.goto("about:blank")
    assert working.call("GET", CONTACTS).status_code == 200


def test_without_a_redirect_url_the_person_is_told_on_a_plain_page(world: World, company: Project, page: Page) -> None:
    """Success and refusal each have one, readable and without a script."""
    connection = world.connection(company)
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer) if "/v1/callback/" in answer.url else None)
    for button, told, status in (("#allow", "Ashby is connected", 200), ("#deny", "Ashby was not connected", 400)):
        page.goto(connection.begin())
        page.click(button)
        page.wait_for_url("**/v1/callback/**")
        assert page.locator("h1").inner_text() == told
        assert answers[-1].status == status
        screenshot(page, "connected" if status == 200 else "not-connected")
    assert connection.status() == "authorized"


def test_a_permission_that_was_not_given_is_named_at_once_and_when_needed(
    world: World, company: Project, application: Listener, redirect_url: str, page: Page
) -> None:
    """In the return address, in the authorization, and by the call that needs it."""
    connection = world.connection(company, CONTACT_OPERATIONS)
    page.goto(connection.begin(redirect_url))
    page.uncheck("input[value=candidatesWrite]")
    page.click("#allow")
    assert returned(page, application)["missingScopes"] == "candidatesWrite"
    assert connection.call("GET", CONTACTS).status_code == 200
    refused = connection.call("POST", CONTACTS, json={"firstName": "Ada"})
    problem = assert_problem(refused, 403, "MORPH::CONNECTION::PROXY::FORBIDDEN")
    assert problem["permission"] == "candidatesWrite"
    again = connection.send("POST", "/authorization", json={}).json()
    assert (again["status"], again["missingScopes"]) == ("awaitingAuthorization", ["candidatesWrite"])
    assert connection.status() == "authorized"


def test_going_back_and_consenting_again_shows_that_the_link_is_used(
    world: World, company: Project, application: Listener, redirect_url: str, page: Page
) -> None:
    """The connection is that of the first consent."""
    connection = world.connection(company)
    page.goto(connection.begin(redirect_url))
    page.click("#allow")
    returned(page, application)
    page.go_back()
    page.click("#allow")
    page.wait_for_url("**/v1/callback/**")
    assert page.locator("h1").inner_text() == "This link has ended"
    assert "Start again" in page.locator("p").inner_text()
    screenshot(page, "used-link")
    assert connection.call("GET", CONTACTS).status_code == 200


def test_a_project_with_its_own_client_sends_people_to_it(
    world: World, whitelabel: Project, application: Listener, redirect_url: str, page: Page
) -> None:
    """They consent to the company's own name."""
    world.admin("projects", "redirect-urls", whitelabel.public_key, redirect_url)
    connection = world.connection(whitelabel)
    url = connection.begin(redirect_url)
    assert parse_qs(urlsplit(url).query)["client_id"] == ["whitelabel-client"]
    page.goto(url)
    assert page.locator("h1").inner_text() == "Acme Recruiting"
    screenshot(page, "consent")
    page.click("#allow")
    assert returned(page, application)["status"] == "authorized"
    assert connection.call("GET", CONTACTS).status_code == 200


# -- what comes in by the callback ---------------------------------------------------------------------------------


def test_the_authorization_address_asks_for_what_the_operations_need(world: World, company: Project) -> None:
    """With PKCE, a fresh state each time, and further scopes when told."""
    connection = world.connection(company, ["genericContact::list", "genericUser::list"])
    first, second = (
        parse_qs(urlsplit(url).query) for url in (connection.begin(), connection.begin(scopes=["jobsRead"]))
    )
    assert first["scope"] == ["candidatesRead organizationRead"]
    assert second["scope"] == ["candidatesRead jobsRead organizationRead"]
    assert (first["response_type"], first["code_challenge_method"]) == (["code"], ["S256"])
    assert first["redirect_uri"] == [f"{world.url}/v1/callback/ashby"]
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("settings", "settings&more=1"),
        ("/connected", "/connected/../elsewhere"),
        ("127.0.0.1", "evil.example"),
        ("http://", "http://someone@"),
        ("settings", "settings#fragment"),
        ("http://", "javascript:"),
    ],
)
def test_a_redirect_url_that_is_not_on_the_list_is_refused(
    world: World, company: Project, redirect_url: str, old: str, new: str
) -> None:
    """It must be the same to the letter."""
    connection = world.connection(company)
    parameters = {"redirectUrl": redirect_url.replace(old, new)}
    answer = connection.send("POST", "/authorization", json={}, params=parameters)
    assert_problem(answer, 400, "MORPH::BAD_REQUEST")


def test_a_state_works_once(world: World, company: Project) -> None:
    """The second use of the same link shows a page and changes nothing."""
    connection = world.connection(company)
    link = world.consent(connection.begin())
    assert_plain_page(world.http.get(link), 200, "Ashby is connected")
    assert_plain_page(world.http.get(link), 400, "This link has ended")
    assert connection.call("GET", CONTACTS).status_code == 200


@pytest.mark.parametrize(
    "state",
    [
        "st_" + "A" * 43,
        '{"connectorId":"ashby","ownerId":"o1","redirectUrl":"https://evil.example/"}',
        "<img src=x onerror=alert(1)>",
        "",
    ],
)
def test_a_forged_state_shows_a_page_that_repeats_nothing(world: World, state: str) -> None:
    """Nobody is redirected."""
    answer = world.http.get(f"{world.url}/v1/callback/ashby", params={"state": state, "code": "a-code-of-mine"})
    assert_plain_page(answer, 400, "This link has ended")
    assert "evil" not in answer.text
    assert "<img" not in answer.text
    assert "a-code-of-mine" not in answer.text


def test_a_callback_without_anything_shows_the_page(world: World) -> None:
    """Somebody has typed the address."""
    assert_plain_page(world.http.get(f"{world.url}/v1/callback/ashby"), 400, "This link has ended")


def test_an_expired_state_is_refused_even_while_it_is_stored(world: World, company: Project) -> None:
    """The database removes what has expired days later."""
    connection = world.connection(company)
    link = world.consent(connection.begin())
    (state,) = parse_qs(urlsplit(link).query)["state"]
    world.aws("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"STATE#{fingerprint(state)}"}, "sk": {"S": "STATE"}},
        ConditionExpression="attribute_exists(pk)",
        UpdateExpression="SET expiresAt = :past, #ttl = :past",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":past": {"N": "1000000000"}},
    )
    assert_plain_page(world.http.get(link), 400, "This link has ended")
    assert connection.status() == "unauthorized"


def test_a_code_of_another_customer_is_not_taken(world: World, company: Project) -> None:
    """A code that somebody else was given does not fit this state: PKCE binds them."""
    victim, attacker = world.connection(company), world.connection(company)
    stolen = parse_qs(urlsplit(world.consent(attacker.begin())).query)
    own = parse_qs(urlsplit(victim.begin()).query)
    mixed = {"state": own["state"][0], "code": stolen["code"][0], "iss": stolen["iss"][0]}
    answer = world.http.get(f"{world.url}/v1/callback/ashby", params=mixed)
    assert_plain_page(answer, 400, "did not accept the code")
    assert (victim.status(), attacker.status()) == ("unauthorized", "unauthorized")


def test_an_answer_of_another_issuer_is_refused(world: World, whitelabel: Project) -> None:
    """RFC 9207: a client that knows its issuer believes no other."""
    connection = world.connection(whitelabel)
    link = httpx.URL(world.consent(connection.begin())).copy_set_param("iss", "https://evil.example")
    assert_plain_page(world.http.get(link), 400, "expected place")
    assert connection.status() == "unauthorized"


def test_a_connection_made_anew_is_not_authorized_by_an_old_consent(world: World, company: Project) -> None:
    """Whoever consented did so for the connection that was removed."""
    connection = world.connection(company)
    link = world.consent(connection.begin())
    connection.send("DELETE", "")
    connection.send("POST", "", json={"operations": ["genericContact::list"]})
    assert_plain_page(world.http.get(link), 400, "removed")
    assert connection.status() == "unauthorized"


def test_an_abandoned_consent_leaves_the_working_connection(world: World, company: Project) -> None:
    """Beginning is not authorizing."""
    connection = world.connected(company)
    connection.begin()
    assert connection.status() == "authorized"
    assert connection.call("GET", CONTACTS).status_code == 200


def test_a_code_whose_exchange_fails_leaves_the_working_connection(
    world: World, company: Project, sandbox: Sandbox
) -> None:
    """The person is told to start again, and can."""
    connection = world.connected(company)
    sandbox.fault("oauth.token", "status", status=503)
    assert_plain_page(connection.authorize_by_oauth(), 400, "Start again")
    assert connection.status() == "authorized"
    sandbox.calm()
    assert_plain_page(connection.authorize_by_oauth(), 200, "Ashby is connected")


# -- tokens that end -----------------------------------------------------------------------------------------------


@pytest.fixture
def authorized(world: World, company: Project) -> Connection:
    """Connect a customer by OAuth."""
    connection = world.connection(company)
    assert_plain_page(connection.authorize_by_oauth(), 200, "Ashby is connected")
    return connection


def test_a_token_that_the_provider_has_ended_is_renewed_unseen(authorized: Connection, sandbox: Sandbox) -> None:
    """Reads and writes go on; each token is spent once."""
    before = sandbox.refreshes()
    sandbox.expire_tokens()
    assert authorized.call("GET", CONTACTS).status_code == 200
    sandbox.expire_tokens()
    made = authorized.call("POST", CONTACTS, json={"firstName": "Grace", "lastName": "Hopper"})
    assert made.status_code == 200, made.text
    assert authorized.call("GET", CONTACTS).status_code == 200
    assert sandbox.refreshes() - before == 2
    assert authorized.status() == "authorized"


def test_a_token_that_ends_soon_is_renewed_before_it_does(world: World, company: Project, sandbox: Sandbox) -> None:
    """No call is made with it."""
    connection = world.connection(company)
    sandbox.token_lifetime(4)
    connection.authorize_by_oauth()
    sandbox.token_lifetime(3600)
    before = sandbox.refreshes()
    time.sleep(2.2)  # half of its life
    assert connection.call("GET", CONTACTS).status_code == 200
    assert connection.call("GET", CONTACTS).status_code == 200
    assert sandbox.refreshes() - before == 1


def test_a_token_with_a_short_life_is_used_while_it_lasts(world: World, company: Project, sandbox: Sandbox) -> None:
    """A provider that gives tokens for a minute is not asked for one at every call."""
    connection = world.connection(company)
    sandbox.token_lifetime(60)
    connection.authorize_by_oauth()
    before = sandbox.refreshes()
    for _ in range(4):
        assert connection.call("GET", CONTACTS, params={"limit": 1}).status_code == 200
    assert sandbox.refreshes() - before <= 1


def at_once(connection: Connection, count: int) -> Sequence[httpx.Response]:
    """Make the same call several times at the same moment."""
    barrier = threading.Barrier(count)

    def call(_: int) -> httpx.Response:
        barrier.wait()
        return connection.call("GET", CONTACTS, params={"limit": 1})

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_ten_calls_with_an_ended_token_refresh_it_once(authorized: Connection, sandbox: Sandbox) -> None:
    """All ten succeed: nobody spends the token that another has spent.

    Slow answers make them meet: first ten environments run side by side, then all want the same refresh.
    """
    sandbox.fault("candidate.list", "latency", milliseconds=700, times=10)
    assert [answer.status_code for answer in at_once(authorized, 10)] == [200] * 10
    before = sandbox.refreshes()
    sandbox.expire_tokens()
    sandbox.fault("oauth.token", "latency", milliseconds=400)
    assert [answer.status_code for answer in at_once(authorized, 10)] == [200] * 10
    assert sandbox.refreshes() - before == 1
    assert authorized.status() == "authorized"


def test_a_refresh_whose_answer_is_lost_ends_in_a_clear_state(authorized: Connection, sandbox: Sandbox) -> None:
    """The sandbox forgives no second use of a refresh token: the connection says so, and a person mends it."""
    sandbox.expire_tokens()
    sandbox.fault("oauth.token", "drop_after", times=1)
    problem = assert_problem(authorized.call("GET", CONTACTS), 409, "MORPH::CONNECTION::REFRESHING_TOKEN_FAILED")
    assert "Connect the account again" in problem["detail"]
    assert authorized.status() == "unauthorized"
    assert_problem(authorized.call("GET", CONTACTS), 409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")

    assert_plain_page(authorized.authorize_by_oauth(), 200, "Ashby is connected")
    assert authorized.status() == "authorized"
    assert authorized.call("GET", CONTACTS).status_code == 200


def test_a_refresh_that_was_not_sent_is_sent_later(authorized: Connection, sandbox: Sandbox) -> None:
    """A provider that is away for a moment costs no connection."""
    sandbox.expire_tokens()
    sandbox.fault("oauth.token", "status", status=503)
    answer = authorized.call("GET", CONTACTS)
    problem = assert_problem(answer, 503, "MORPH::CONNECTION::PROXY::REQUEST_FAILED")
    assert int(answer.headers["retry-after"]) == problem["retryAfter"]
    assert authorized.status() == "authorized"


def test_a_grant_that_was_withdrawn_makes_the_connection_unauthorized(
    world: World, whitelabel: Project, relay: tuple[TokenRelay, str], sandbox: Sandbox
) -> None:
    """The customer has removed the application in Ashby."""
    tokens, _ = relay
    connection = world.connection(whitelabel)
    connection.authorize_by_oauth()
    client = {"client_id": "whitelabel-client", "client_secret": "whitelabel-secret"}
    world.http.post(f"{sandbox.url}/oauth/revoke", data={**client, "token": tokens.refresh_tokens[-1]})
    assert_problem(connection.call("GET", CONTACTS), 409, "MORPH::CONNECTION::REFRESHING_TOKEN_FAILED")
    assert connection.status() == "unauthorized"


def test_removing_a_connection_ends_its_token_at_the_provider(
    world: World, whitelabel: Project, relay: tuple[TokenRelay, str], sandbox: Sandbox
) -> None:
    """What was given is given back."""
    tokens, _ = relay
    connection = world.connection(whitelabel)
    connection.authorize_by_oauth()
    bearer = {"authorization": f"Bearer {tokens.access_tokens[-1]}"}
    assert world.http.post(f"{sandbox.url}/candidate.list", json={}, headers=bearer).status_code == 200
    assert connection.send("DELETE", "").status_code == 204
    assert world.http.post(f"{sandbox.url}/candidate.list", json={}, headers=bearer).status_code == 401


def test_removing_a_connection_succeeds_while_the_provider_is_away(authorized: Connection, sandbox: Sandbox) -> None:
    """A token that cannot be ended does not keep the connection."""
    sandbox.fault("oauth.revoke", "drop_before")
    assert authorized.send("DELETE", "").status_code == 204
    assert_problem(authorized.send("GET", ""), 404, "MORPH::CONNECTION::NOT_FOUND")


def test_a_new_consent_replaces_the_token_and_ends_the_old_one(
    world: World, whitelabel: Project, relay: tuple[TokenRelay, str], sandbox: Sandbox
) -> None:
    """No token is left behind that nobody uses."""
    tokens, _ = relay
    connection = world.connection(whitelabel)
    connection.authorize_by_oauth()
    old = tokens.access_tokens[-1]
    connection.authorize_by_oauth()
    new = tokens.access_tokens[-1]
    assert old != new
    for token, status in ((old, 401), (new, 200)):
        bearer = {"authorization": f"Bearer {token}"}
        assert world.http.post(f"{sandbox.url}/candidate.list", json={}, headers=bearer).status_code == status
    assert connection.call("GET", CONTACTS).status_code == 200
