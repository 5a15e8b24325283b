"""Connecting by OAuth, from the page to the provider and back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.connect_support import (
    FULL,
    OPERATIONS,
    PATH,
    call_back,
    come_back,
    connected,
    decided,
    leave,
    look,
    made,
    send,
    status_of,
    told,
    was_of_another_account,
    witnesses_of,
)
from tests.integration.stack import PUBLIC_URL, REDIRECT_URL, Stack
from tests.integration.test_lifecycle import fault
from unified.connections.consent import cookie_name


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
    was_of_another_account(oauth)
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


@pytest.mark.parametrize("fault_of", [{"status": 500}, {"status": 429}])
def test_no_consent_takes_the_place_of_a_credential_while_nobody_can_tell_whose_it_is(
    oauth: Stack, fault_of: dict[str, Any]
) -> None:
    connected(oauth)
    was_of_another_account(oauth)
    link = made(oauth)
    for endpoint in ("brand.list", "department.list"):
        fault(oauth, endpoint, "status", **fault_of)
    address, cookie = leave(oauth, link)

    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?error=temporarily_unavailable"

    assert len(witnesses_of(oauth)) == 2
    assert [token.family.revoked for token in oauth.sandbox.authorization._refresh_tokens.values()] == [True]
    address, cookie = leave(oauth, link, switch="1")
    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?done=1"
    assert witnesses_of(oauth) == []


@pytest.mark.parametrize(("decision", "outcome"), [("allow", "done=1"), ("deny", "error=access_denied")])
def test_the_language_that_was_chosen_is_kept_on_the_way(oauth: Stack, decision: str, outcome: str) -> None:
    link = made(oauth)
    address, cookie = leave(oauth, link, language="de")

    assert come_back(oauth, address, cookie, decision=decision).headers["location"] == f"{link}?lang=de&{outcome}"


def test_a_language_that_there_is_none_of_goes_nowhere(oauth: Stack) -> None:
    link = made(oauth)
    address, cookie = leave(oauth, link, language="x.y;")

    assert come_back(oauth, address, cookie).headers["location"] == f"{link}?done=1"


def test_who_comes_back_twice_is_led_to_what_the_first_time_did(oauth: Stack) -> None:
    link = made(oauth)
    address, cookie = leave(oauth, link, language="de")
    query = decided(address)
    call_back(oauth, query, cookie)

    again = call_back(oauth, query, cookie)

    assert again.headers["location"] == f"{link}?lang=de&done=1&error=expired_consent"
    assert "Ashby ist verbunden" in told(oauth, again).text


def test_who_comes_back_too_late_is_led_to_the_page_to_start_again(
    oauth: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = made(oauth)
    address, cookie = leave(oauth, link)
    query = decided(address)
    later = time.time() + 601
    monkeypatch.setattr("unified.connections.callback.time.time", lambda: later)

    late = call_back(oauth, query, cookie)

    page = told(oauth, late)
    assert (page.status, "had ended already" in page.text) == (200, True)
    # The first of two may still be under way: the page looks whether it connects.
    assert 'data-wait="1"' in page.text
    assert status_of(oauth) == "unauthorized"


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "//evil.example", f"{'r' * 43}..//evil.example"),
        *(f"{'r' * 43}.de&x=.lnk_{'t' * 43}", f"{'r' * 43}..lnk_t"),
    ],
)
def test_a_cookie_of_no_consent_leads_nowhere(oauth: Stack, value: str) -> None:
    name = cookie_name("st_" + "x" * 43, "http://")

    answer = call_back(oauth, {"state": "st_" + "x" * 43, "code": "x"}, f"{name}={value}")

    assert (answer.status, "location" in answer.headers) == (400, False)
