"""Revoking all that was given for a connection: sessions, links and consents end together, whoever made them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.connect_support import (
    FORM,
    FULL,
    OPERATIONS,
    PATH,
    WEAK,
    come_back,
    connected,
    form_token,
    leave,
    look,
    made,
    send,
    status_of,
)
from tests.integration.stack import PUBLIC_URL, Answer, Stack
from tests.integration.test_oauth_callback import begin, consent, returned
from unified.connections.links import links
from unified.connections.records import Reference
from unified.connections.store import store
from unified.grants import Grant
from unified.projects import projects


def revoke(stack: Stack) -> None:
    """Revoke all that was given for the connection."""
    assert stack.call("DELETE", f"{PATH}/sessions").status == 204


def place(stack: Stack) -> Reference:
    return Reference(stack.project_id, "ashby", "acme")


def version(stack: Stack) -> int:
    """Return which credential the connection has."""
    stored = store().read(place(stack))
    return 0 if stored is None else stored.version


def link_by_session(stack: Stack, session: dict[str, str]) -> dict[str, Any]:
    """Have a session make a link."""
    made = stack.call("POST", "/v1/s/connection/authorization", session, body={}, query={"mode": "connect"})
    assert made.status == 200, made.text
    return made.json


def test_links_end_with_the_sessions_and_the_key_that_made_them(stack: Stack) -> None:
    connected(stack)
    secret_id, secret = projects().add_secret(stack.public_key, grant=Grant(operations=(), needs=frozenset({"manage"})))
    holder = {**stack.keys(), "x-api-secret": secret}
    token = stack.call("POST", f"{PATH}/sessions", holder, body={}).json["sessionToken"]
    session = {"x-api-key": stack.public_key, "x-session-token": token}
    given = [
        link_by_session(stack, session)["authorizationUrl"],
        stack.call("POST", f"{PATH}/links", holder, body={"expiresInSeconds": 604_800}).json["url"],
    ]
    opened = {link: form_token(look(stack, link)) for link in (url.removeprefix(PUBLIC_URL) for url in given)}
    before = version(stack)

    projects().revoke_secret(stack.public_key, secret_id)
    revoke(stack)

    assert stack.call("GET", "/v1/s/connection", session).code == "MORPH::SESSION::TOKEN_VALIDATION_FAILED"
    for link, token in opened.items():
        page = look(stack, link)
        assert (page.status, "This link has ended" in page.text) == (410, True)
        checked = stack.call(
            "POST", f"{link}/check", {"sec-fetch-site": "same-origin"}, body={"formToken": token, "key": FULL}
        )
        assert checked.json["status"] == "ended"
        fields = f"formToken={token}&action=key&key={FULL}&switch=1&anyway=1"
        assert stack.call("POST", link, FORM, body=fields).status == 410
    assert version(stack) == before


def test_a_link_that_is_revoked_while_it_connects_does_not(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    link = made(stack)
    store_of, replace = type(store()), type(store()).replace

    def late(*arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(store_of, "replace", replace)
        revoke(stack)
        replace(*arguments, **named)

    monkeypatch.setattr(store_of, "replace", late)
    sent = send(stack, link, key=FULL, switch="1", anyway="1")

    assert sent.status in (409, 410)
    assert status_of(stack) == "unauthorized"


def test_a_link_that_is_made_while_all_are_revoked_is_none(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made by what was read before."""
    links_of, create = type(links()), type(links()).create

    def late(*arguments: Any) -> None:
        revoke(stack)
        create(*arguments)

    monkeypatch.setattr(links_of, "create", late)

    assert look(stack, made(stack)).status == 410


def test_so_is_a_session(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(stack)
    store_of, create = type(store()), type(store()).create_session

    def late(*arguments: Any) -> None:
        revoke(stack)
        create(*arguments)

    monkeypatch.setattr(store_of, "create_session", late)

    assert stack.call("GET", "/v1/s/connection", stack.session()).status == 401


def test_what_is_given_after_all_was_revoked_serves(stack: Stack) -> None:
    connected(stack)
    revoke(stack)
    revoke(stack)

    assert stack.call("GET", "/v1/s/connection", stack.session()).status == 200
    link = made(stack)
    assert send(stack, link, key=WEAK, switch="1", anyway="1").status == 303
    # The server's own key goes on replacing the credential too.
    assert stack.call("POST", f"{PATH}/authorization", body={"settings": {"apiKey": FULL}}).status == 200


def test_a_used_link_goes_on_saying_how_it_ended(stack: Stack) -> None:
    link = made(stack)
    assert send(stack, link, key=FULL, switch="1", anyway="1").status == 303

    revoke(stack)

    assert "has ended" not in look(stack, link, done="1").text


def test_revoking_costs_one_write_however_much_there_is(stack: Stack) -> None:
    connected(stack)
    sessions = [stack.session() for _ in range(5)]
    stack.aws_calls.clear()

    revoke(stack)

    assert stack.aws_calls["UpdateItem"] == 1
    assert stack.aws_calls["DeleteItem"] == 0
    assert {stack.call("GET", "/v1/s/connection", one).status for one in sessions} == {401}


def test_nothing_is_revoked_of_what_is_not_there(stack: Stack) -> None:
    assert stack.call("DELETE", f"{PATH}/sessions").status == 404
    assert store().get(place(stack)) is None


def test_a_consent_under_way_ends_too(oauth: Stack) -> None:
    """Whoever began it, a session perhaps, may no longer."""
    query = consent(begin(oauth))
    revoke(oauth)

    page = returned(oauth, query)

    assert "was not connected" in page.text
    assert status_of(oauth) == "unauthorized"


def test_so_does_one_of_the_page(oauth: Stack) -> None:
    link = made(oauth)
    address, cookie = leave(oauth, link)
    revoke(oauth)

    assert come_back(oauth, address, cookie).status in (302, 303)
    assert status_of(oauth) == "unauthorized"
    assert look(oauth, link).status == 410


# -- how long a session's link lasts -----------------------------------------------------------------------------


def lasts(stack: Stack, url: str) -> float:
    """Return for how many seconds more a link lasts."""
    link = links().read(url.rpartition("/")[2])
    assert link is not None
    return link.expires_at - time.time()


@pytest.mark.parametrize(("session", "link"), [(60, 600), (1800, 1800), (604_800, 86_400)])
def test_a_link_of_a_session_ends_with_it_or_after_the_minutes_that_connecting_takes(
    stack: Stack, session: int, link: int
) -> None:
    stack.call("POST", PATH, body={"operations": OPERATIONS})

    found = lasts(stack, link_by_session(stack, stack.session(expiresIn=session))["authorizationUrl"])

    assert link - 5 < found <= link


def test_a_link_of_a_key_lasts_as_long_as_it_is_told(stack: Stack) -> None:
    stack.call("POST", PATH, body={"operations": OPERATIONS})

    answer: Answer = stack.call("POST", f"{PATH}/links", body={"expiresInSeconds": 604_800})

    ends = datetime.fromisoformat(answer.json["expiresAt"])
    assert timedelta(days=6.99) < ends - datetime.now(UTC) <= timedelta(days=7)
