"""The connect page's answers: links, forms, checks, and all that should not work."""

from __future__ import annotations

import io
import re
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.integration.conftest import PUBLIC_URL, REDIRECT_URL, Answer, Stack
from tests.integration.test_lifecycle import fault
from unified import aws
from unified.connections import links as link_store
from unified.connections.clients import client_context, client_name
from unified.connections.links import MAX_TRIES, links
from unified.connections.vault import vault
from unified.projects import projects
from unified.secret import Secret

PATH = "/v1/connections/ashby/acme"
LIST = "genericContact::list"
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
FULL, WEAK = "ashby_local_full", "ashby_local_readonly"
OPERATIONS = [LIST, "genericContact::create"]


def made(stack: Stack, **body: Any) -> str:
    """Make a link to a connection, which is made where there is none; returns its path."""
    stack.call("PATCH", PATH, query={"createIfMissing": "true"}, body={"operations": OPERATIONS})
    answer = stack.call("POST", f"{PATH}/links", body=body)
    assert answer.status == 200, answer.text
    assert answer.json["object"] == "connectLink"
    return answer.json["url"].removeprefix(PUBLIC_URL)


def look(stack: Stack, link: str, **query: str) -> Answer:
    """Open a link."""
    return stack.call("GET", link, {"accept": "text/html"}, query=query)


def form_token(page: Answer) -> str:
    found = re.search(r'name="formToken" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def send(stack: Stack, link: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
    """Send the page's form, as a browser does."""
    body = urlencode({"formToken": form_token(look(stack, link)), "action": "key", **fields})
    return stack.call("POST", link, FORM if headers is None else headers, body=body, base64_body=True)


def check(stack: Stack, link: str, **body: Any) -> Any:
    sent = {"formToken": form_token(look(stack, link)), **body}
    return stack.call("POST", f"{link}/check", {"sec-fetch-site": "same-origin"}, body=sent).json


def allow(stack: Stack, **connect: Any) -> None:
    """Set up what the project's page may do."""
    projects().update(stack.public_key, {"connect": connect})


def status_of(stack: Stack) -> str:
    return stack.call("GET", PATH).json["status"]


# -- looking -------------------------------------------------------------------------------------------------------


def test_a_page_is_held_to_a_strict_policy_and_loads_nothing(stack: Stack) -> None:
    page = look(stack, made(stack))

    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "data:"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.findall(r'(?:src|href)="(?!data:|https://app\.ashbyhq\.com/|\?lang=)[^"]*"', page.text)
    assert not re.findall(r"\son\w+=|\sstyle=", page.text.partition("<script>")[0].rpartition("</style>")[2])
    assert len(page.text.encode()) < 50_000


def test_looking_changes_nothing_and_is_quick(stack: Stack) -> None:
    link = made(stack)
    look(stack, link)
    before = stack.items()
    stack.aws_calls.clear()
    began = time.perf_counter()

    for _ in range(5):
        assert look(stack, link).status == 200

    assert (time.perf_counter() - began) / 5 < 0.1
    assert stack.items() == before
    assert stack.aws_calls["Decrypt"] == stack.aws_calls["GenerateDataKey"] == 0


@pytest.mark.parametrize(
    ("token", "status"),
    [("lnk_" + "x" * 43, 404), ("lnk_", 404), ("x" * 5000, 404), ("sess_x.y", 404), ("%3Cscript%3E", 404)],
)
def test_what_is_no_link_leads_nowhere(stack: Stack, token: str, status: int) -> None:
    page = look(stack, f"/connect/{token}")

    assert page.status == status
    assert "This link does not work" in page.text
    assert "<script" not in page.text
    assert stack.call("POST", f"/connect/{token}", FORM, body="action=key&key=x").status == status


def test_a_link_ends_in_time_even_while_its_item_is_still_there(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    link = made(stack, expiresInSeconds=60)
    later = time.time() + 61
    monkeypatch.setattr("unified.connect.visits.time.time", lambda: later)

    page = look(stack, link)

    assert (page.status, "This link has ended" in page.text) == (410, True)
    assert check_raw(stack, link)["status"] == "ended"
    assert stack.call("POST", link, FORM, body="").status == 410


def check_raw(stack: Stack, link: str) -> Any:
    return stack.call("POST", f"{link}/check", {}, body={"formToken": "", "key": FULL}).json


def test_a_link_of_a_connection_that_was_removed_or_made_anew_leads_nowhere(stack: Stack) -> None:
    link = made(stack)
    stack.call("DELETE", PATH)
    assert look(stack, link).status == 404

    stack.call("POST", PATH, body={"operations": OPERATIONS})
    assert look(stack, link).status == 404


def test_a_link_is_kept_as_a_fingerprint_alone(stack: Stack, log: io.StringIO) -> None:
    token = made(stack).rpartition("/")[2]
    look(stack, f"/connect/{token}")

    assert "request" in log.getvalue()
    assert token not in str(stack.items()) + log.getvalue()


def test_a_person_is_addressed_in_a_language_of_theirs(stack: Stack) -> None:
    german = {"accept-language": "de-CH,de;q=0.9,en;q=0.5"}
    link = made(stack)
    assert '<html lang="de">' in stack.call("GET", link, german).text
    assert '<html lang="en">' in stack.call("GET", link, german, query={"lang": "en"}).text
    assert '<html lang="en">' in stack.call("GET", made(stack, language="en"), german).text


# -- a key ---------------------------------------------------------------------------------------------------------


def test_a_key_connects_and_uses_the_link_up(stack: Stack, log: io.StringIO) -> None:
    link = made(stack)

    sent = send(stack, link, key=f"  {FULL} ")

    assert (sent.status, sent.headers["location"]) == (303, f"{link}?done=1")
    assert status_of(stack) == "authorized"
    assert "Ashby is connected" in look(stack, link, done="1").text
    used = look(stack, link)
    assert (used.status, "This link has been used" in used.text) == (410, True)
    assert stack.call("POST", link, FORM, body=urlencode({"action": "key", "key": FULL})).status == 410
    assert FULL not in str(stack.items()) + log.getvalue()
    assert [item["actor"]["S"] for (pk, _), item in stack.items().items() if pk.startswith("AUDIT#")].count("link") == 1


def test_a_key_that_lacks_permissions_connects_only_when_the_person_says_so(stack: Stack) -> None:
    link = made(stack)

    told = send(stack, link, key=WEAK)

    assert told.status == 400
    assert "Candidates: Write" in told.text
    assert WEAK not in told.text
    assert status_of(stack) == "unauthorized"
    assert send(stack, link, key=WEAK, anyway="1").status == 303
    assert "Candidates: Write" in look(stack, link, done="1").text


def test_a_check_tells_what_a_key_is_worth_and_keeps_nothing(stack: Stack) -> None:
    link = made(stack)

    full, weak = check(stack, link, key=FULL), check(stack, link, key=WEAK)

    assert (full["valid"], full["missing"], full["organization"]) == (True, [], "Analytical Engines")
    assert weak["missing"] == [{"permission": "candidatesWrite", "name": "Candidates: Write"}]
    assert [check(stack, link, key=key)["status"] for key in ("nope", "a b", "")] == [
        "refused",
        "malformed",
        "malformed",
    ]
    assert status_of(stack) == "unauthorized"


def test_a_key_that_may_not_tell_its_permissions_is_asked_to(stack: Stack) -> None:
    httpx.post(
        f"{stack.sandbox_url}/_sandbox/keys", json={"key": "ashby_silent_key", "permissions": ["candidatesRead"]}
    )
    link = made(stack)

    found = check(stack, link, key="ashby_silent_key")

    assert (found["status"], found["scopesKnown"], found["organization"]) == ("valid", False, None)
    assert [one["name"] for one in found["missing"]] == ["API Keys: Read"]


def test_an_ashby_that_fails_is_not_blamed_on_the_key(stack: Stack) -> None:
    link = made(stack)
    fault(stack, "apiKey.info", "drop_before", times=10)

    sent = send(stack, link, key=FULL)

    assert sent.status == 400
    assert "Nothing is wrong with your key" in sent.text
    assert status_of(stack) == "unauthorized"


def test_events_ask_for_what_makes_them_quick(stack: Stack) -> None:
    link = made(stack)
    assert "API Keys: Write" not in look(stack, link).text
    stack.call("PATCH", PATH, body={"events": ["genericContact::created"]})
    assert "API Keys: Write" in look(stack, link).text


def test_another_account_is_taken_only_when_the_person_says_so(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": OPERATIONS})
    stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": FULL}})
    link = made(stack)
    assert check(stack, link, key=FULL)["another"] is False
    _was_of_another_account(stack)

    told = send(stack, link, key=FULL)

    assert (told.status, "another Ashby account (Analytical Engines)" in told.text) == (400, True)
    assert send(stack, link, key=FULL, switch="1").status == 303
    assert check_another_link(stack) is False


def check_another_link(stack: Stack) -> bool:
    return check(stack, made(stack), key=FULL)["another"]


def _was_of_another_account(stack: Stack) -> None:
    aws.client("dynamodb").update_item(
        TableName="unified-test",
        Key={"pk": {"S": f"PROJECT#{stack.project_id}"}, "sk": {"S": "CONNECTION#ashby#acme"}},
        UpdateExpression="SET witnesses = :other",
        ExpressionAttributeValues={":other": {"L": [{"S": "brand:0"}, {"S": "department:0"}]}},
    )


def test_two_that_connect_at_once_end_with_one_of_them(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    link = made(stack)
    token = form_token(look(stack, link))
    body = urlencode({"formToken": token, "action": "key", "key": FULL})
    inner: list[Answer] = []
    prove = link_store.Connections.prove

    def slow(self: Any, *arguments: Any) -> Any:
        monkeypatch.setattr(link_store.Connections, "prove", prove)
        inner.append(stack.call("POST", link, FORM, body=body))
        return prove(self, *arguments)

    monkeypatch.setattr(link_store.Connections, "prove", slow)
    outer = stack.call("POST", link, FORM, body=body)

    assert (inner[0].status, outer.status) == (303, 409)
    assert "changed in another window" in outer.text


def test_a_link_has_so_many_tries_and_no_more(stack: Stack) -> None:
    link = made(stack)
    token = link.rpartition("/")[2]
    assert [links().count(token) for _ in range(MAX_TRIES)] == [True] * MAX_TRIES

    assert check(stack, link, key=FULL)["status"] == "tries"
    assert send(stack, link, key=FULL).status == 429
    assert status_of(stack) == "unauthorized"


def test_the_key_in_place_is_checked_again(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    link = made(stack)
    assert "Give Test the permissions it lacks" in look(stack, link).text

    still = send(stack, link, action="recheck")

    assert (still.status, "Still missing: Candidates: Write" in still.text) == (400, True)


# -- forms from elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(stack: Stack, headers: dict[str, str]) -> None:
    link = made(stack)

    sent = send(stack, link, {"content-type": FORM["content-type"], **headers}, key=FULL)

    assert (sent.status, status_of(stack)) == (403, "unauthorized")
    checked = stack.call(
        "POST", f"{link}/check", headers, body={"formToken": form_token(look(stack, link)), "key": FULL}
    )
    assert checked.json["status"] == "form"


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"origin": "https://api.example.com"}])
def test_a_browser_that_says_less_is_believed_for_the_token(stack: Stack, headers: dict[str, str]) -> None:
    assert send(stack, made(stack), {"content-type": FORM["content-type"], **headers}, key=FULL).status == 303


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "formToken=" + "0" * 64),
        ("application/x-www-form-urlencoded", "a=1&" * 50),
        ("application/x-www-form-urlencoded", "key=" + "x" * 9000),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("text/plain", "formToken=x"),
        ("application/json", "{}"),
    ],
)
def test_a_form_that_is_none_is_refused(stack: Stack, content_type: str, body: Any) -> None:
    link = made(stack)
    before = stack.items()

    sent = stack.call("POST", link, {"content-type": content_type, "sec-fetch-site": "same-origin"}, body=body)

    assert (sent.status, stack.items()) == (403, before)


# -- OAuth ---------------------------------------------------------------------------------------------------------


def leave(stack: Stack, link: str, **fields: str) -> tuple[str, str]:
    """Go to the provider; returns its address and the cookie that the browser was given."""
    built = send_raw(stack, link, {"action": "oauth", **fields})
    found = re.search(r'content="0;url=([^"]+)"', built["body"])
    assert found is not None, built
    (cookie,) = built["cookies"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    return found[1].replace("&amp;", "&"), cookie.partition(";")[0]


def send_raw(stack: Stack, link: str, fields: dict[str, str]) -> dict[str, Any]:
    from tests.integration.conftest import event

    body = urlencode({"formToken": form_token(look(stack, link)), **fields})
    return stack.handlers["connect"](event("POST", link, headers=FORM, body=body), stack.context)


def come_back(stack: Stack, address: str, *cookies: str, decision: str = "allow") -> Answer:
    """Decide at the provider, and come back with some cookies."""
    from tests.integration.conftest import event

    asked = dict(parse_qsl(urlsplit(address).query))
    form = {**asked, "decision": decision, "granted": asked["scope"].split()}
    location = httpx.post(address.partition("?")[0], data=form).headers["location"]
    query = dict(parse_qsl(urlsplit(location).query))
    built = event("GET", "/v1/callback/ashby", headers={}, query=query)
    return stack.send("oauth_callback", {**built, "cookies": list(cookies)})


def test_consent_comes_back_to_the_page_and_uses_the_link_up(oauth: Stack) -> None:
    link = made(oauth, redirectUrl=REDIRECT_URL)
    address, cookie = leave(oauth, link)

    answer = come_back(oauth, address, "other=1", cookie)

    assert (answer.status, answer.headers["location"]) == (302, f"{link}?done=1")
    assert status_of(oauth) == "authorized"
    done = look(oauth, link, done="1")
    assert f'{REDIRECT_URL}?status=authorized&amp;connectorId=ashby&amp;ownerId=acme"' in done.text
    assert look(oauth, link).status == 410
    assert link.rpartition("/")[2] not in str(oauth.items())


@pytest.mark.parametrize("cookies", [(), ("connect-x=1",)])
def test_consent_without_its_cookie_connects_nothing(oauth: Stack, cookies: tuple[str, ...]) -> None:
    address, cookie = leave(oauth, made(oauth))
    forged = (*cookies, f"{cookie.partition('=')[0]}=forged.{'x' * 20}") if cookies else ()

    answer = come_back(oauth, address, *forged)

    assert (answer.status, "begun in another browser" in answer.text) == (400, True)
    assert status_of(oauth) == "unauthorized"
    assert oauth.sandbox.authorization.counts.requests == 0


def test_two_tabs_come_back_each_to_its_own(oauth: Stack) -> None:
    first, second = leave(oauth, made(oauth)), leave(oauth, made(oauth))

    for address, _ in (second, first):
        answer = come_back(oauth, address, first[1], second[1], decision="deny")
        assert answer.headers["location"].endswith("?error=access_denied")


def test_a_denied_consent_is_told_and_the_link_stays_good(oauth: Stack) -> None:
    link = made(oauth, redirectUrl=REDIRECT_URL)
    address, cookie = leave(oauth, link)

    answer = come_back(oauth, address, cookie, decision="deny")
    page = look(oauth, link, error="access_denied")

    assert answer.headers["location"] == f"{link}?error=access_denied"
    assert "Access was not granted" in page.text
    assert "status=error" in page.text
    assert send(oauth, link, key=FULL).status == 303


def test_another_account_by_oauth_is_refused_until_the_person_says_so(oauth: Stack) -> None:
    oauth.connect(key=FULL, operations=OPERATIONS)
    _was_of_another_account(oauth)
    wide = ["genericContact::list", "genericUser::list"]
    oauth.call("PATCH", PATH, body={"operations": wide})
    answer = oauth.call("POST", f"{PATH}/links", body={})
    link = answer.json["url"].removeprefix(PUBLIC_URL)
    address, cookie = leave(oauth, link)

    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?error=another_account"

    address, cookie = leave(oauth, link, switch="1")
    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?done=1"


def test_an_error_in_the_address_is_no_text_of_the_page(oauth: Stack) -> None:
    page = look(oauth, made(oauth), error="<img src=x onerror=alert(1)>")

    assert "<img" not in page.text
    assert "Ashby was not connected" in page.text


# -- making links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"redirectUrl": "https://evil.example/"}, "redirectUrl"),
        ({"redirectUrl": "https://app.example.com/*"}, "redirectUrl"),
        ({"origin": "https://evil.example"}, "origin"),
        ({"origin": "*"}, "origin"),
        ({"origin": "https://*.example.com"}, "origin"),
        ({"origin": "https://app.example.com/"}, "origin"),
        ({"methods": ["oauth"]}, "methods"),
        ({"methods": ["password"]}, "methods.0"),
        ({"language": "tlh"}, "language"),
        ({"branding": {"companyName": "x" * 90}}, "branding.companyName"),
        ({"branding": {"style": "body{}"}}, "branding.style"),
        ({"branding": {"logo": "data:image/svg+xml;base64,PHN2Zy8+"}}, "branding.logo"),
        ({"expiresInSeconds": 59}, "expiresInSeconds"),
        ({"expiresInSeconds": 604_801}, "expiresInSeconds"),
        ({"shape": "round"}, "shape"),
    ],
)
def test_a_link_that_is_not_allowed_is_not_made(stack: Stack, body: dict[str, Any], field: str) -> None:
    made(stack)
    allow(stack, origins=["https://app.example.com", "https://*.example.com"], methods=["apiKey"])
    before = stack.items()

    answer = stack.call("POST", f"{PATH}/links", body=body)

    assert (answer.status, answer.json["fields"][0]["field"]) == (400, field)
    assert {key for key in stack.items() if not key[0].startswith("USED#")} == {
        key for key in before if not key[0].startswith("USED#")
    }


def test_a_link_needs_a_connection_and_the_secret_key(stack: Stack) -> None:
    absent = stack.call("POST", f"{PATH}/links", body={})
    assert (absent.status, absent.code) == (404, "MORPH::CONNECTION::NOT_FOUND")
    stack.connect(key=None)
    by_session = stack.call("POST", f"{PATH}/links", stack.session(), body={})
    assert by_session.status == 401


def test_an_allowed_origin_may_frame_the_page_and_nobody_else(stack: Stack) -> None:
    allow(stack, origins=["https://app.example.com"])

    page = look(stack, made(stack, origin="https://app.example.com"))

    assert page.headers["content-security-policy"].endswith("frame-ancestors https://app.example.com")
    assert "x-frame-options" not in page.headers
    assert "frame-ancestors 'none'" in look(stack, made(stack)).headers["content-security-policy"]


def test_a_script_in_a_look_is_text(stack: Stack) -> None:
    evil = '</style><script>alert(1)</script>"'
    links().put_branding(stack.project_id, {"companyName": evil, "title": "{company}"})

    page = look(stack, made(stack, branding={"intro": "<svg onload=alert(1)>"}))

    assert page.text.count("<script") == 1
    assert "<svg" not in page.text
    assert "<h1>{company}</h1>" in page.text


def test_connect_mode_gives_a_link_and_direct_mode_the_providers_address(oauth: Stack) -> None:
    oauth.connect(key=None)
    query = {"mode": "connect", "redirectUrl": REDIRECT_URL}

    by_key = oauth.call("POST", f"{PATH}/authorization", query=query, body={}).json
    by_session = oauth.call("POST", "/v1/s/connection/authorization", oauth.session(), query=query, body={}).json

    for answer in (by_key, by_session):
        assert (answer["object"], answer["status"]) == ("connectionAuthorization", "awaitingAuthorization")
        link = answer["authorizationUrl"].removeprefix(PUBLIC_URL)
        assert REDIRECT_URL in look(oauth, link).text
    direct = oauth.call("POST", f"{PATH}/authorization", query={"mode": "direct"}, body={}).json
    assert urlsplit(direct["authorizationUrl"]).path == "/oauth/authorize"
    settings = {"settings": {"apiKey": FULL}}
    with_key = oauth.call("POST", f"{PATH}/authorization", query={"mode": "connect"}, body=settings).json
    assert with_key["status"] == "authorized"


def test_a_project_may_have_an_address_of_its_own_among_the_deployments(oauth: Stack) -> None:
    oauth.connect(key=None)
    for own, used in (
        ("https://connect.acme.example", "https://connect.acme.example"),
        ("https://connect.evil.example", PUBLIC_URL),
    ):
        allow(oauth, baseUrl=own)
        link = oauth.call("POST", f"{PATH}/links", body={}).json["url"]
        assert link.startswith(f"{used}/connect/lnk_")
        begun = oauth.call("POST", f"{PATH}/authorization", body={}).json["authorizationUrl"]
        assert parse_qs(urlsplit(begun).query)["redirect_uri"] == [f"{used}/v1/callback/ashby"]
        _, cookie = leave(oauth, link.removeprefix(used))
        assert cookie.startswith("__Host-connect-") == used.startswith("https")


def test_a_connection_may_have_an_oauth_client_of_its_own(oauth: Stack) -> None:
    oauth.connect(key=None)
    oauth.connect("other", key=None)
    name = client_name("ashby", "acme")
    sealed = vault().seal(client_context(oauth.project_id, name), Secret("whitelabel-secret")).to_item()
    own = {
        "clientId": "whitelabel-client",
        "authorizeUrl": f"{oauth.sandbox_url}/oauth/authorize",
        "tokenUrl": f"{oauth.sandbox_url}/oauth/token",
        "sealed": sealed,
    }
    projects().update(oauth.public_key, {"oauthClients": {name: own}})
    link = made(oauth)

    address, cookie = leave(oauth, link)

    assert parse_qs(urlsplit(address).query)["client_id"] == ["whitelabel-client"]
    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?done=1"
    of_other = oauth.call("POST", "/v1/connections/ashby/other/authorization", body={}).json["authorizationUrl"]
    assert parse_qs(urlsplit(of_other).query)["client_id"] == ["sandbox-client"]
