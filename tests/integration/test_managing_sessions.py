"""Sessions that may change their connection, as Morph's all may, and those that may only use it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.stack import ALL_OPERATIONS, Stack
from tests.integration.test_key_rights import CONTACTS, FORBIDDEN, kept, key
from unified.grants import Grant
from unified.projects import projects

OWN = "/v1/s/connection"
MAPPING = {"rules": [{"key": "level", "source": {"path": "position"}}]}
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", f"{OWN}/authorization", {"settings": {"apiKey": "ashby_local_full"}}),
    ("POST", f"{OWN}/authorization?mode=connect", {}),
    ("DELETE", OWN, None),
    ("PUT", f"{OWN}/mappings/genericContact", MAPPING),
    ("POST", f"{OWN}/mappings/genericContact/preview", MAPPING),
]


def send(stack: Stack, session: dict[str, str], method: str, target: str, body: Any) -> Any:
    path, _, query = target.partition("?")
    return stack.call(method, path, session, body=body, query=dict([query.split("=")]) if query else None)


@pytest.mark.parametrize(("method", "target", "body"), CHANGES)
def test_a_session_without_manage_changes_nothing_of_its_connection(
    stack: Stack, method: str, target: str, body: Any
) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    projects().update(stack.public_key, {"sessionMappings": True})
    session = stack.session(manage=False)
    before = kept(stack)

    refused = send(stack, session, method, target, body)

    assert (refused.status, refused.code) == (403, "MORPH::SESSION::FORBIDDEN")
    assert "manage" in refused.json["detail"]
    assert kept(stack) == before


def test_it_uses_the_connection_and_ends_itself(stack: Stack) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    session = stack.session(manage=False)

    for path in (OWN, f"{OWN}/permissions", f"{OWN}/mappings/genericContact", "/v1/s/connector"):
        assert stack.call("GET", path, session).status == 200, path
    assert stack.call("GET", CONTACTS, session, query={"limit": "1"}).status == 200
    assert stack.call("DELETE", "/v1/s/session", session).status == 204
    assert stack.call("GET", OWN, session).status == 401


@pytest.mark.parametrize("body", [{}, {"manage": True}])
@pytest.mark.parametrize(("method", "target", "sent"), CHANGES)
def test_a_session_may_change_its_connection_unless_told_otherwise(
    stack: Stack, body: dict[str, Any], method: str, target: str, sent: Any
) -> None:
    stack.connect("acme", operations=ALL_OPERATIONS)
    projects().update(stack.public_key, {"sessionMappings": True})

    assert send(stack, stack.session(**body), method, target, sent).status in (200, 204)


@pytest.mark.parametrize("value", ["false", 0, None])
def test_manage_is_true_or_false(stack: Stack, value: Any) -> None:
    refused = stack.call("POST", "/v1/connections/ashby/acme/sessions", body={"manage": value})

    assert refused.status == 400
    assert [problem["field"] for problem in refused.json["fields"]] == ["manage"]


@pytest.mark.parametrize("body", [{}, {"manage": False}])
def test_a_key_without_manage_makes_no_session_at_all(stack: Stack, body: dict[str, Any]) -> None:
    path = stack.connect("acme")
    holder = key(stack, Grant(needs=frozenset({"events", "admin"})))

    refused = stack.call("POST", f"{path}/sessions", holder, body=body)

    assert (refused.status, refused.code) == FORBIDDEN
