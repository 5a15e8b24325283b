"""The connect page as a browser meets it: links opened, forms sent, keys checked, consent given."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.integration.stack import PUBLIC_URL, Answer, Stack, event
from unified import aws
from unified.projects import projects

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


def told(stack: Stack, sent: Answer) -> Answer:
    """Follow a form's answer to the page that says how it ended."""
    assert sent.status in (302, 303), sent.text
    address = urlsplit(sent.headers["location"])
    return look(stack, address.path, **dict(parse_qsl(address.query)))


def check(stack: Stack, link: str, **body: Any) -> Any:
    sent = {"formToken": form_token(look(stack, link)), **body}
    return stack.call("POST", f"{link}/check", {"sec-fetch-site": "same-origin"}, body=sent).json


def allow(stack: Stack, **connect: Any) -> None:
    """Set up what the project's page may do."""
    projects().update(stack.public_key, {"connect": connect})


def status_of(stack: Stack) -> str:
    return stack.call("GET", PATH).json["status"]


def connected(stack: Stack) -> None:
    """Make the connection and authorize it by a key, past the page."""
    stack.call("POST", PATH, body={"operations": OPERATIONS})
    stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": FULL}})


def witnesses_of(stack: Stack) -> list[str]:
    """Read from the table by what the connection's account is known."""
    item = stack.items()[f"PROJECT#{stack.project_id}", "CONNECTION#ashby#acme"]
    return [one["S"] for one in item.get("witnesses", {"L": []})["L"]]


def was_of_another_account(stack: Stack) -> None:
    """Make the table say that the connection was to another account."""
    aws.client("dynamodb").update_item(
        TableName="unified-test",
        Key={"pk": {"S": f"PROJECT#{stack.project_id}"}, "sk": {"S": "CONNECTION#ashby#acme"}},
        UpdateExpression="SET witnesses = :other",
        ExpressionAttributeValues={":other": {"L": [{"S": "brand:0"}, {"S": "department:0"}]}},
    )


def leave(stack: Stack, link: str, *, language: str = "", **fields: str) -> tuple[str, str]:
    """Go to the provider; returns its address and the cookie that the browser was given."""
    built = send_raw(stack, link, {"action": "oauth", **fields}, {"lang": language} if language else {})
    found = re.search(r'content="0;url=([^"]+)"', built["body"])
    assert found is not None, built
    (cookie,) = built["cookies"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age=3600" in cookie
    return found[1].replace("&amp;", "&"), cookie.partition(";")[0]


def send_raw(stack: Stack, link: str, fields: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Send the page's form; returns the handler's own answer, with its cookies."""
    body = urlencode({"formToken": form_token(look(stack, link)), **fields})
    return stack.handlers["connect"](event("POST", link, headers=FORM, body=body, query=query), stack.context)


def come_back(stack: Stack, address: str, *cookies: str, decision: str = "allow") -> Answer:
    """Decide at the provider, and come back with some cookies."""
    return call_back(stack, decided(address, decision), *cookies)


def decided(address: str, decision: str = "allow") -> dict[str, str]:
    """Decide at the provider; returns the query that it sends back."""
    asked = dict(parse_qsl(urlsplit(address).query))
    form = {**asked, "decision": decision, "granted": asked["scope"].split()}
    location = httpx.post(address.partition("?")[0], data=form).headers["location"]
    return dict(parse_qsl(urlsplit(location).query))


def call_back(stack: Stack, query: dict[str, str], *cookies: str) -> Answer:
    """Come back from the provider with some cookies."""
    built = event("GET", "/v1/callback/ashby", headers={}, query=query)
    return stack.send("oauth_callback", {**built, "cookies": list(cookies)})
