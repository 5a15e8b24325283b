"""A whole list ends with a token; the next list with it gives what has changed since, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.stack import Answer, Stack
from unified.connector import load_connector

CONNECTOR = load_connector("ashby")
SYNCED = [model_id for model_id in CONNECTOR.model_ids if CONNECTOR.load(model_id).syncs]


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect an account that may list everything; returns the headers that name it."""
    stack.connect(operations=[f"{model_id}::list" for model_id in CONNECTOR.model_ids])
    return stack.of("acme")


def page(stack: Stack, headers: dict[str, str], model: str, **query: str) -> Answer:
    """List one page."""
    return stack.call("GET", f"/v1/resources/{model}", headers, query=query)


def whole(stack: Stack, headers: dict[str, str], model: str, **query: str) -> tuple[list[str], str]:
    """List to the end; returns the ids and the token."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found: Any = page(stack, headers, model, limit="10", **query, **cursor).json
        ids += [resource["id"] for resource in found["data"]]
        if found["next"] is None:
            return ids, found["syncToken"]
        assert "syncToken" not in found
        cursor = {"cursor": found["next"]}


@pytest.mark.parametrize("model", SYNCED)
def test_nothing_has_changed_right_after_a_whole_list(stack: Stack, acme: dict[str, str], model: str) -> None:
    ids, token = whole(stack, acme, model)

    assert ids
    again, next_token = whole(stack, acme, model, syncToken=token)
    assert again == []
    assert whole(stack, acme, model, syncToken=next_token)[0] == []


def test_what_changed_and_what_is_new_comes_once(stack: Stack, acme: dict[str, str]) -> None:
    ids, token = whole(stack, acme, "genericContact")
    organisation = stack.sandbox.organisation
    changed = organisation.candidates.get(ids[0])
    assert changed is not None
    assert stack.call(
        "PATCH", "/v1/connections/ashby/acme", body={"operations": ["genericContact::list", "genericContact::create"]}
    )
    made = stack.call("POST", "/v1/resources/genericContact", acme, body={"firstName": "Neu"}).json["id"]

    assert whole(stack, acme, "genericContact", syncToken=token)[0] == [made]


def test_a_list_of_changes_is_paged_with_its_token(stack: Stack, acme: dict[str, str]) -> None:
    _, token = whole(stack, acme, "genericContact")
    stack.call(
        "PATCH", "/v1/connections/ashby/acme", body={"operations": ["genericContact::list", "genericContact::create"]}
    )
    made = [
        stack.call("POST", "/v1/resources/genericContact", acme, body={"firstName": f"Neu{number}"}).json["id"]
        for number in range(12)
    ]

    assert sorted(whole(stack, acme, "genericContact", syncToken=token)[0]) == sorted(made)
    first = page(stack, acme, "genericContact", limit="5", syncToken=token).json
    alone = page(stack, acme, "genericContact", limit="5", cursor=first["next"])
    assert (alone.status, alone.json["fields"][0]["field"]) == (400, "cursor")


def test_a_token_fits_its_own_list_only(stack: Stack, acme: dict[str, str]) -> None:
    _, token = whole(stack, acme, "genericContact")
    stack.connect("globex", operations=["genericContact::list"])

    for answer in (
        page(stack, acme, "genericUser", syncToken=token),
        page(stack, stack.of("globex"), "genericContact", syncToken=token),
        page(stack, acme, "genericContact", syncToken="nonsense"),
        page(stack, acme, "genericContact", syncToken=token, q="Ada"),
        page(stack, acme, "genericWorkspace", syncToken=token),
    ):
        assert answer.status == 400
        assert [field["field"] for field in answer.json["fields"]] == ["syncToken"]


def test_a_token_that_ashby_no_longer_takes_says_to_begin_again(stack: Stack, acme: dict[str, str]) -> None:
    _, token = whole(stack, acme, "genericContact")
    stack.sandbox.pager.expire_all()

    answer = page(stack, acme, "genericContact", syncToken=token)

    assert answer.status == 400
    assert answer.json["upstream"]["code"].startswith("sync_token_")
    assert "from the start" in answer.json["detail"]


def test_a_search_gives_no_token(stack: Stack, acme: dict[str, str]) -> None:
    assert "syncToken" not in page(stack, acme, "genericContact", q="Ada").json
    assert "syncToken" not in page(stack, acme, "genericUser", **{"filter[isActive]": "true"}).json
