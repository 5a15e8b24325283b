"""Cursors: every record once, whatever happens between the pages, and the errors of bad ones."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.organisation import Organisation
from sandbox.state import Sandbox

Ashby = Callable[..., Any]


def walk(ashby: Ashby, endpoint: str, between: Callable[[], Any] = lambda: None, **parameters: Any) -> list[Any]:
    """Return the results of a whole pass, calling `between` after each page."""
    results: list[Any] = []
    while True:
        page = ashby(endpoint, **parameters)
        assert page["success"] is True, page
        results += page["results"]
        if not page["moreDataAvailable"]:
            return results
        parameters["cursor"] = page["nextCursor"]
        between()


def code(answer: dict[str, Any]) -> str:
    """Return the code of a failed answer."""
    assert answer["success"] is False
    return answer["errorInfo"]["code"]


@pytest.mark.parametrize("limit", [1, 7, 60, 100])
def test_a_pass_returns_every_candidate_once_in_order(limit: int, ashby: Ashby, organisation: Organisation) -> None:
    identifiers = [candidate["id"] for candidate in walk(ashby, "candidate.list", limit=limit)]
    assert identifiers == [candidate["id"] for candidate in organisation.candidates]


def test_the_limit_defaults_to_a_hundred_and_cannot_exceed_it(ashby: Ashby) -> None:
    assert len(ashby("candidate.list")["results"]) == 100
    assert code(ashby("candidate.list", limit=101)) == "invalid_input"
    assert code(ashby("candidate.list", limit=0)) == "invalid_input"


def test_a_last_page_that_is_exactly_full_says_so(ashby: Ashby) -> None:
    page = ashby("candidate.list", limit=60, cursor=ashby("candidate.list", limit=60)["nextCursor"])
    assert (len(page["results"]), page["moreDataAvailable"]) == (60, False)


def test_deleting_and_adding_between_pages_neither_skips_nor_repeats(ashby: Ashby, organisation: Organisation) -> None:
    before = [candidate["id"] for candidate in organisation.candidates]
    seen_first = before[:10]

    def disturb() -> None:
        organisation.delete("candidate", seen_first.pop())
        ashby("candidate.create", name="Late")

    listed = [candidate["id"] for candidate in walk(ashby, "candidate.list", disturb, limit=30)]
    assert listed[:120] == before
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("key", ["createdAfter", "createdBefore"])
def test_a_window_of_creation_times_holds_exactly_what_it_says(
    key: str, ashby: Ashby, organisation: Organisation
) -> None:
    everyone = list(organisation.candidates)
    moment = everyone[70]["createdAt"]
    expected = {
        one["id"]
        for one in everyone
        if (one["createdAt"] > moment if key == "createdAfter" else one["createdAt"] < moment)
    }
    assert {one["id"] for one in walk(ashby, "candidate.list", limit=11, **{key: moment})} == expected


def test_created_after_sees_a_candidate_whose_creation_time_was_moved(ashby: Ashby, organisation: Organisation) -> None:
    everyone = list(organisation.candidates)
    moment = everyone[70]["createdAt"]
    ashby("candidate.update", candidateId=everyone[3]["id"], createdAt="2026-12-01T00:00:00Z")
    ashby("candidate.update", candidateId=everyone[90]["id"], createdAt="2020-01-01T00:00:00Z")
    listed = [one["id"] for one in walk(ashby, "candidate.list", limit=10, createdAfter=moment)]
    assert everyone[3]["id"] in listed
    assert everyone[90]["id"] not in listed
    assert len(listed) == len(set(listed)) == 49


def test_a_window_in_the_future_or_inverted_is_invalid(ashby: Ashby) -> None:
    assert code(ashby("candidate.list", createdAfter=1_900_000_000_000)) == "invalid_input"
    assert code(ashby("candidate.list", createdAfter=1_700_000_000_000, createdBefore=1_600_000_000_000)) == (
        "invalid_input"
    )


@pytest.mark.parametrize("cursor", ["G8", "!!!", "é", "AAAAAAAAAAAAAAAA"])
def test_a_made_up_cursor_is_invalid(cursor: str, ashby: Ashby) -> None:
    assert code(ashby("candidate.list", cursor=cursor)) == "invalid_next_cursor"


def test_a_cursor_is_bound_to_its_endpoint_and_filters(ashby: Ashby) -> None:
    cursor = ashby("user.list", limit=2)["nextCursor"]
    assert code(ashby("candidate.list", cursor=cursor)) == "invalid_next_cursor"
    assert code(ashby("user.list", cursor=cursor, includeDeactivated=True)) == "invalid_next_cursor"
    assert ashby("user.list", cursor=cursor, limit=5)["success"] is True


def test_a_cursor_expires(ashby: Ashby, clock: Any) -> None:
    cursor = ashby("candidate.list", limit=2)["nextCursor"]
    clock.advance(3600)
    assert ashby("candidate.list", limit=2, cursor=cursor)["success"] is True
    clock.advance(1)
    assert code(ashby("candidate.list", limit=2, cursor=cursor)) == "next_cursor_expired"


def test_a_cursor_of_an_earlier_life_is_invalid(ashby: Ashby, sandbox: Sandbox) -> None:
    cursor = ashby("candidate.list", limit=2)["nextCursor"]
    sandbox.reset()
    assert code(ashby("candidate.list", cursor=cursor)) == "invalid_next_cursor"


def test_brands_are_paged_without_a_sync_token(ashby: Ashby) -> None:
    first = ashby("brand.list", limit=1)
    last = ashby("brand.list", limit=1, cursor=first["nextCursor"])
    assert "syncToken" not in last
    assert [first["results"][0]["name"], last["results"][0]["name"]] == ["Analytical Engines", "Difference Works"]
