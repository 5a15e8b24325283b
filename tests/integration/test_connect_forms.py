"""Forms and checks that no page of ours sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.connect_support import (
    FORM,
    FULL,
    form_token,
    look,
    made,
    send,
    status_of,
)
from tests.integration.stack import Stack


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
