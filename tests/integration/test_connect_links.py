"""Links: what they may hold, whom their page is for, and whose look it has."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.connect_support import (
    FULL,
    PATH,
    allow,
    come_back,
    leave,
    look,
    made,
)
from tests.integration.stack import PUBLIC_URL, REDIRECT_URL, Stack
from unified.connections.clients import client_context, client_name
from unified.connections.links import links
from unified.connections.vault import vault
from unified.projects import projects
from unified.secret import Secret


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


def own(stack: Stack, look: dict[str, str], **settings: str) -> None:
    """Set up the page of one connection alone, as the admin command does."""
    allow(stack, connections={"ashby#acme": settings})
    links().put_branding(stack.project_id, look, "ashby#acme")


def test_a_connection_may_have_a_look_of_its_own_which_connect_mode_shows_too(stack: Stack) -> None:
    stack.connect(key=None)
    stack.connect("other", key=None)
    links().put_branding(stack.project_id, {"companyName": "Umbrella", "accentColor": "#111111"})
    own(stack, {"companyName": "Umbrella North", "displayName": "Globex"})

    def shown(path: str, body: dict[str, Any], **query: str) -> str:
        answer = stack.call("POST", path, query=query, body=body).json
        address = answer["url"] if "url" in answer else answer["authorizationUrl"]
        return look(stack, address.removeprefix(PUBLIC_URL)).text

    for page in (shown(f"{PATH}/links", {}), shown(f"{PATH}/authorization", {}, mode="connect")):
        assert "Umbrella North" in page
        assert "For Globex." in page
        assert "#111111" in page
    assert "Umbrella South" in shown(f"{PATH}/links", {"branding": {"companyName": "Umbrella South"}})
    assert "North" not in shown("/v1/connections/ashby/other/links", {})


def test_a_connection_may_have_an_address_of_its_own_among_the_deployments(oauth: Stack) -> None:
    oauth.connect(key=None)
    oauth.connect("other", key=None)
    own(oauth, {}, baseUrl="https://connect.acme.example")

    for owner, used in (("acme", "https://connect.acme.example"), ("other", PUBLIC_URL)):
        path = f"/v1/connections/ashby/{owner}"
        assert oauth.call("POST", f"{path}/links", body={}).json["url"].startswith(f"{used}/connect/lnk_")
        begun = oauth.call("POST", f"{path}/authorization", body={}).json["authorizationUrl"]
        assert parse_qs(urlsplit(begun).query)["redirect_uri"] == [f"{used}/v1/callback/ashby"]
