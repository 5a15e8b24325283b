"""Connecting by a key, on the page: what is taken, what is held back, what is told."""

from __future__ import annotations

import base64
import io
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.integration.connect_support import (
    FORM,
    FULL,
    OPERATIONS,
    PATH,
    WEAK,
    check,
    connected,
    form_token,
    look,
    made,
    send,
    status_of,
    told,
    was_of_another_account,
    witnesses_of,
)
from tests.integration.stack import Answer, Stack
from tests.integration.test_lifecycle import fault
from unified.ashby import AshbyConnector
from unified.ashby.client import AshbySession
from unified.connections.links import MAX_TRIES, links
from unified.connector import Verification


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

    sent = send(stack, link, key=WEAK)
    page = told(stack, sent)

    assert "these permissions are missing: Candidates: Write" in page.text
    assert 'class="state missing" data-permission="candidatesWrite"' in page.text
    assert WEAK not in page.text + sent.headers["location"]
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

    assert "Nothing is wrong with your key" in told(stack, sent).text
    assert status_of(stack) == "unauthorized"


def test_events_ask_for_what_makes_them_quick(stack: Stack) -> None:
    link = made(stack)
    assert "API Keys: Write" not in look(stack, link).text
    stack.call("PATCH", PATH, body={"events": ["genericContact::created"]})
    assert "API Keys: Write" in look(stack, link).text


def test_another_account_is_taken_only_when_the_person_says_so(stack: Stack) -> None:
    connected(stack)
    link = made(stack)
    assert check(stack, link, key=FULL)["another"] is False
    was_of_another_account(stack)

    asked, sent = check(stack, link, key=FULL), send(stack, link, key=FULL)

    assert "another Ashby account (Analytical Engines)" in asked["message"]
    assert "another Ashby account" in told(stack, sent).text
    assert "Analytical" not in sent.headers["location"]
    assert send(stack, link, key=FULL, switch="1").status == 303
    assert check(stack, made(stack), key=FULL)["another"] is False


def pressed(stack: Stack, monkeypatch: pytest.MonkeyPatch, link: str, action: str, *, meanwhile: str = "") -> Answer:
    """Send the form; while its key is tried, ``meanwhile`` (a form token, or the form's own) uses the link up."""
    own = form_token(look(stack, link))
    verify = AshbyConnector.verify

    def slow(self: AshbyConnector, session: AshbySession) -> Verification:
        assert links().use(link.rpartition("/")[2], meanwhile or own)
        return verify(self, session)

    monkeypatch.setattr(AshbyConnector, "verify", slow)
    return stack.call("POST", link, FORM, body=urlencode({"formToken": own, "action": action, "key": FULL}))


def test_two_that_connect_at_once_end_with_one_of_them(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    link = made(stack)

    second = pressed(stack, monkeypatch, link, "key", meanwhile=form_token(look(stack, link)))

    assert second.headers["location"] == f"{link}?error=moved"
    assert "This link has been used" in told(stack, second).text
    assert status_of(stack) == "unauthorized"


@pytest.mark.parametrize("action", ["key", "recheck"])
def test_a_button_that_is_pressed_twice_ends_well(stack: Stack, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    connected(stack)
    link = made(stack)

    assert pressed(stack, monkeypatch, link, action).headers["location"] == f"{link}?done=1"


def test_a_form_that_was_sent_again_later_ends_as_the_first_time(stack: Stack) -> None:
    link = made(stack)
    body = urlencode({"formToken": form_token(look(stack, link)), "action": "key", "key": FULL})

    first, second = (stack.call("POST", link, FORM, body=body) for _ in range(2))

    assert first.headers["location"] == second.headers["location"] == f"{link}?done=1"
    assert send_from_elsewhere(stack, link).status == 410


def send_from_elsewhere(stack: Stack, link: str) -> Answer:
    """Send a form whose token is of no page of this link."""
    return stack.call("POST", link, FORM, body=urlencode({"formToken": "0" * 64, "action": "key", "key": FULL}))


def test_a_link_has_so_many_tries_and_no_more(stack: Stack) -> None:
    link = made(stack)
    token = link.rpartition("/")[2]
    assert [links().count(token) for _ in range(MAX_TRIES)] == [True] * MAX_TRIES

    assert check(stack, link, key=FULL)["status"] == "tries"
    assert "tried too often" in told(stack, send(stack, link, key=FULL)).text
    assert status_of(stack) == "unauthorized"


def test_the_key_in_place_is_checked_again(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    link = made(stack)
    assert "Give Test the permissions it lacks" in look(stack, link).text

    still = send(stack, link, action="recheck")

    assert "Still missing: Candidates: Write" in told(stack, still).text
    stack.call("PATCH", PATH, body={"operations": ["genericContact::list"]})
    assert "Still missing" not in told(stack, still).text


def test_a_key_in_place_that_is_dead_is_said_to_be(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    link = made(stack)
    stack.sandbox.keys.set_enabled(WEAK, enabled=False)

    sent = send(stack, link, action="recheck")

    assert "Ashby does not accept this key" in told(stack, sent).text
    assert status_of(stack) == "unauthorized"


def test_a_key_in_place_that_may_no_longer_tell_is_asked_to(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    link = made(stack)
    fault(stack, "apiKey.info", "status", status=403, code="missing_endpoint_permission")

    sent = send(stack, link, action="recheck")

    page = told(stack, sent).text
    assert "it may not tell its permissions. In Ashby, tick API Keys: Read" in page


def test_an_ashby_that_fails_is_not_blamed_on_the_key_in_place(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    link = made(stack)
    fault(stack, "apiKey.info", "status", status=500)

    assert "Ashby did not answer. Nothing has changed" in told(stack, send(stack, link, action="recheck")).text


@pytest.mark.parametrize(
    ("kind", "more"), [("status", {"status": 500}), ("status", {"status": 429}), ("malformed", {})]
)
def test_no_key_takes_the_place_of_another_while_nobody_can_tell_whose_it_is(
    stack: Stack, kind: str, more: dict[str, Any]
) -> None:
    connected(stack)
    was_of_another_account(stack)
    link = made(stack)
    for endpoint in ("brand.list", "department.list"):
        fault(stack, endpoint, kind, **more)

    asked, sent = check(stack, link, key=FULL), send(stack, link, key=FULL)

    assert (asked["status"], asked["valid"]) == ("busy", False)
    assert "Nothing is wrong with your key" in told(stack, sent).text
    assert len(witnesses_of(stack)) == 2


def test_a_first_key_connects_even_when_nobody_can_tell_whose_it_is(stack: Stack) -> None:
    link = made(stack)
    fault(stack, "brand.list", "status", status=500)

    assert send(stack, link, key=FULL).headers["location"] == f"{link}?done=1"


def test_a_key_of_an_unknown_account_leaves_no_witness_of_the_one_before(stack: Stack) -> None:
    connected(stack)
    was_of_another_account(stack)
    fault(stack, "brand.list", "status", status=500)

    stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": FULL}})

    assert witnesses_of(stack) == []


@pytest.mark.parametrize(
    ("pasted", "status"),
    [
        ('"{key}"', "valid"),
        ("“{key}”", "valid"),
        ("\u200b{key}\u00a0", "valid"),
        ("{key}:", "valid"),
        ("Basic {encoded}", "encoded"),
        ("Authorization: Basic {encoded}", "encoded"),
        ("{encoded}", "encoded"),
        ("{key} {key}", "malformed"),
        ("\ud800", "malformed"),
    ],
)
def test_what_was_pasted_around_a_key_does_not_count(stack: Stack, pasted: str, status: str) -> None:
    encoded = base64.b64encode(f"{FULL}:".encode()).decode()

    found = check(stack, made(stack), key=pasted.format(key=FULL, encoded=encoded))

    assert found["status"] == status
    assert ("as programs send it" in found["message"]) == (status == "encoded")
