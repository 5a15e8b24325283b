"""What a person who opens a link is shown, and what they are not."""

from __future__ import annotations

import io
import json
import re
import time
from html import unescape
from typing import Any

import pytest

from tests.integration.connect_support import (
    FORM,
    FULL,
    OPERATIONS,
    PATH,
    WEAK,
    allow,
    look,
    made,
    send,
)
from tests.integration.stack import Answer, Stack
from unified.connections.records import Reference
from unified.connections.store import store


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
    began = time.process_time()  # work, whatever else the machine does

    for _ in range(5):
        assert look(stack, link).status == 200

    assert (time.process_time() - began) / 5 < 0.1
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
    checked = stack.call("POST", f"{link}/check", {}, body={"formToken": "", "key": FULL})
    assert checked.json["status"] == "ended"
    assert stack.call("POST", link, FORM, body="").status == 410


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


def test_where_a_link_has_ended_its_application_may_frame_the_page_and_hears_of_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(stack, origins=["https://app.example.com"])
    link, used, removed = (made(stack, origin="https://app.example.com") for _ in range(3))
    send(stack, used, key=FULL)
    later = time.time() + 90_000
    with monkeypatch.context() as patch:
        patch.setattr("unified.connect.visits.time.time", lambda: later)
        expired = look(stack, link)
    pages = [(expired, "expired"), (look(stack, used), "used")]
    stack.call("DELETE", PATH)
    pages.append((look(stack, removed), "connection_removed"))

    for page, error in pages:
        assert page.headers["content-security-policy"].endswith("frame-ancestors https://app.example.com")
        assert said(page) == {
            "type": "unified.connect",
            "status": "error",
            "connectorId": "ashby",
            "ownerId": "acme",
            "error": error,
        }


def test_an_address_in_a_history_does_not_claim_what_is_no_longer_so(stack: Stack) -> None:
    link = made(stack)
    send(stack, link, key=FULL)
    assert "Ashby is connected" in look(stack, link, done="1").text
    place = Reference(stack.project_id, "ashby", "acme")
    stored = store().read(place)
    assert stored is not None
    store().mark_unauthorized(place, stored, "credentialRefused")

    page = look(stack, link, done="1")

    assert (page.status, "Ashby is connected" in page.text) == (410, False)


def test_whom_a_link_is_for_is_said_where_one_connects(stack: Stack) -> None:
    assert "For Globex &amp; Co. If that is not you" in look(stack, made(stack, displayName="Globex & Co")).text
    assert "If that is not you" not in look(stack, made(stack)).text


@pytest.mark.parametrize("name", [" ", "two\nlines", "x" * 81])
def test_a_name_that_cannot_be_shown_is_refused(stack: Stack, name: str) -> None:
    made(stack)

    answer = stack.call("POST", f"{PATH}/links", body={"displayName": name})

    assert (answer.status, answer.json["fields"][0]["field"]) == (400, "displayName")


def test_what_the_key_in_place_lacks_comes_first_and_other_ways_are_folded_away(stack: Stack) -> None:
    stack.connect(key=WEAK, operations=OPERATIONS)
    page = look(stack, made(stack)).text

    above, folded = page.split('<details class="more">')
    assert "it lacks:" in above
    assert "Candidates: Write" in above
    assert 'value="recheck"' in above
    assert "new key has proven itself" not in page
    assert 'id="key-form"' in folded


def test_a_page_by_https_asks_for_https_alone(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "strict-transport-security" not in look(stack, made(stack)).headers
    monkeypatch.setattr("unified.api.connect.public_url", lambda _request: "https://api.example.com")
    assert look(stack, made(stack)).headers["strict-transport-security"] == "max-age=31536000"


def test_help_opens_beside_the_page(stack: Stack) -> None:
    by_web = look(stack, made(stack, branding={"supportUrl": "https://help.example.com"})).text
    by_mail = look(stack, made(stack, branding={"supportUrl": "mailto:help@example.com"})).text

    assert '<a href="https://help.example.com" target="_blank" rel="noreferrer noopener">Help</a>' in by_web
    assert '<a href="mailto:help@example.com">Help</a>' in by_mail


def said(page: Answer) -> Any:
    """Read what the page would tell the application."""
    found = re.search(r'data-said="([^"]*)"', page.text)
    assert found is not None
    return json.loads(unescape(found[1]))
