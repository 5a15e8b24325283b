"""No secret leaves by the connect page either: not the key that is pasted, not the link, nothing of the way by OAuth.

Each path is walked with secrets of its own, and searched as in ``test_secrets_stay_secret``.
"""

import re
import secrets
from html import unescape
from typing import Any

import httpx
import pytest

from tests.e2e.running import Project, Sandbox, World, form_token_of
from tests.e2e.test_secrets_stay_secret import nothing_leaks

__all__ = ["nothing_leaks"]

pytest_plugins = ["tests.e2e.fixtures"]


def pasted(world: World, url: str, key: str) -> list[httpx.Response]:
    """Paste a key into the connect page and send its form, as a browser does; returns both answers."""
    form_token = form_token_of(world.http.get(url))
    here = {"sec-fetch-site": "same-origin"}
    checked = world.http.post(f"{url}/check", headers=here, json={"formToken": form_token, "key": key})
    form = {"formToken": form_token, "action": "key", "key": key}
    return [checked, world.http.post(url, headers=here, data=form)]


def test_when_a_key_is_pasted_into_the_connect_page(world: World, project: Project, sandbox: Sandbox) -> None:
    """Wrong, lacking permissions, no key at all or right: it is in no page, no address and no line of the log."""
    connection = world.connection(project)
    url = connection.link()
    lacking = sandbox.key(["candidatesRead", "apiKeysRead"])
    for key in (f"pw_{secrets.token_hex(16)}", lacking, f"two words {secrets.token_hex(16)}", "x" * 5000):
        assert [answer.status_code for answer in pasted(world, url, world.keep_secret(key))] == [200, 303]
    checked, done = pasted(world, url, world.keep_secret(sandbox.key()))
    assert (checked.json()["valid"], done.status_code) == (True, 303)
    assert connection.status() == "authorized"
    world.http.get(httpx.URL(url).join(done.headers["location"]))
    connection.send("GET", "/sync")
    connection.send("DELETE", "")


def test_when_a_key_is_put_where_the_page_has_no_place_for_it(world: World, project: Project, sandbox: Sandbox) -> None:
    """Whatever field, header or part of the address it stands in, the page does not say it back."""
    url = world.connection(project).link(language="de")
    key = world.keep_secret(sandbox.key())
    form_token = form_token_of(world.http.get(url))
    here = {"sec-fetch-site": "same-origin"}
    for name in ("formToken", "action", "switch", "anyway", "lang", "language", key):
        form = {"formToken": form_token, "action": "key", "key": "wrong-key-of-nobody", name: key}
        world.http.post(url, headers=here, data=form)
        world.http.get(url, params={name: key})
        world.http.post(f"{url}/check", headers=here, json={"formToken": form_token, "key": [key], name: key})
    for name in ("error", "done", "key", "apiKey", "formToken"):
        world.http.get(url, params={name: key}, headers={"accept-language": key, "cookie": f"connect={key}"})
    world.http.post(url, headers={**here, "content-type": "text/plain"}, content=f"key={key}")
    world.http.post(f"{url}/check", headers=here, content=f'{{"key": "{key}"')
    world.http.get(f"{url.rpartition('/')[0]}/{key}")


@pytest.mark.parametrize(
    ("kind", "more"),
    [("status", {"status": 500}), ("failure", {"code": "invalid_input"}), ("malformed", {}), ("drop_after", {})],
)
def test_when_ashby_fails_while_a_key_is_pasted(
    world: World, project: Project, sandbox: Sandbox, kind: str, more: dict[str, Any]
) -> None:
    """Even when Ashby itself repeats the key in what it says."""
    for endpoint in ("apiKey.info", "brand.list", "*"):
        url = world.connection(project).link()
        key = world.keep_secret(sandbox.key())
        sandbox.fault(endpoint, kind, **more, message=f"The key {key} did not work")
        pasted(world, url, key)
        sandbox.calm()


def test_when_a_link_is_asked_for_wrongly_ends_or_is_gone(world: World, project: Project) -> None:
    """Nobody but its page and who asked for it is told a link's token, and no line of the log."""
    connection = world.connection(project)
    used, removed = connection.link(), connection.link()
    pasted(world, used, world.keep_secret(world.sandbox.key()))
    canary = world.keep_secret(f"canary_{secrets.token_hex(16)}")
    for wrong in ({"redirectUrl": f"https://{canary}.example/"}, {"origin": canary}, {"language": canary}):
        assert connection.send("POST", "/links", json=wrong).status_code == 400
    connection.send("POST", "/links", json={"branding": {"companyName": [canary], "accentColor": canary}})
    connection.send("GET", "")
    connection.send("DELETE", "")
    for url in (used, removed):
        for address in (url, f"{url}x", f"{url}/check", f"{url}?lang={canary}"):
            world.http.get(address)
            world.http.post(address, data={"key": canary})


def test_when_the_connect_page_leads_to_the_provider(world: World, whitelabel: Project) -> None:
    """Neither the state nor the cookie that binds it to a browser, but for the page that sets them."""
    connection = world.connection(whitelabel)
    url = connection.link()
    form = {"formToken": form_token_of(world.http.get(url)), "action": "oauth"}
    left = world.http.post(url, headers={"sec-fetch-site": "same-origin"}, data=form)
    found = re.search(r"state=(st_[A-Za-z0-9_-]{20,})", left.text)
    assert found is not None
    page = url.rpartition("/")[2]
    world.keep_secret(found[1], page)
    (cookie,) = left.cookies.values()
    world.keep_secret(cookie, page)
    authorization = re.search(r'"(http[^"]*/oauth/authorize[^"]*)"', left.text)
    assert authorization is not None
    back = world.consent(unescape(authorization[1]))
    world.http.get(back, headers={"cookie": "another=1"})
    world.http.cookies.clear()
    world.http.get(back)
