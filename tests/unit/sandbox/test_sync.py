"""Sync tokens: what changed since, no more and no less."""

from collections.abc import Callable
from typing import Any

from sandbox.organisation import Organisation
from sandbox.state import Sandbox

Ashby = Callable[..., Any]


def full_pass(ashby: Ashby, endpoint: str = "candidate.list", **parameters: Any) -> str:
    """List everything and return the sync token."""
    page = ashby(endpoint, **parameters)
    while page["moreDataAvailable"]:
        assert "syncToken" not in page
        page = ashby(endpoint, **parameters, cursor=page["nextCursor"])
    return page["syncToken"]


def changed(ashby: Ashby, token: str, endpoint: str = "candidate.list", **parameters: Any) -> tuple[list[str], str]:
    """Return the ids an incremental pass finds, and its new token."""
    identifiers: list[str] = []
    page = ashby(endpoint, syncToken=token, **parameters)
    while True:
        assert page["success"] is True, page
        identifiers += [record["id"] for record in page["results"]]
        if not page["moreDataAvailable"]:
            return identifiers, page["syncToken"]
        page = ashby(endpoint, syncToken=token, cursor=page["nextCursor"], **parameters)


def code(answer: dict[str, Any]) -> str:
    """Return the code of a failed answer."""
    assert answer["success"] is False
    return answer["errorInfo"]["code"]


def test_nothing_changed_is_an_empty_pass_with_a_new_token(ashby: Ashby) -> None:
    identifiers, token = changed(ashby, full_pass(ashby))
    assert identifiers == []
    assert changed(ashby, token)[0] == []


def test_created_and_updated_candidates_are_returned_once_in_order_of_their_last_change(
    ashby: Ashby, organisation: Organisation
) -> None:
    token = full_pass(ashby)
    first, second = (organisation.people.identifier(position) for position in (4, 9))
    ashby("candidate.update", candidateId=first, name="One")
    ashby("candidate.update", candidateId=second, name="Two")
    new = ashby("candidate.create", name="Three")["results"]["id"]
    ashby("candidate.update", candidateId=first, name="Four")
    identifiers, later = changed(ashby, token)
    assert identifiers == [second, new, first]
    assert changed(ashby, later)[0] == []
    assert changed(ashby, token, limit=1)[0] == [second, new, first]


def test_every_way_of_changing_a_candidate_is_noticed(ashby: Ashby, organisation: Organisation) -> None:
    identifier = organisation.people.identifier(1)
    tag = next(iter(organisation.candidate_tags))["id"]
    field = next(one["id"] for one in organisation.custom_fields if one["fieldType"] == "Boolean")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("candidate.addTag", {"candidateId": identifier, "tagId": tag}),
        ("candidate.removeTag", {"candidateId": identifier, "tagId": tag}),
        (
            "customField.setValue",
            {"objectId": identifier, "objectType": "Candidate", "fieldId": field, "fieldValue": True},
        ),
        ("candidate.update", {"candidateId": identifier, "name": "X"}),
        ("candidate.anonymize", {"candidateId": identifier}),
    ]
    token = full_pass(ashby)
    for endpoint, body in steps:
        assert ashby(endpoint, **body)["success"] is True
        identifiers, token = changed(ashby, token)
        assert identifiers == [identifier], endpoint


def test_reading_and_refused_writes_change_nothing(ashby: Ashby, organisation: Organisation) -> None:
    token = full_pass(ashby)
    ada = organisation.people.identifier(0)
    ashby("candidate.info", id=ada)
    ashby("candidate.search", name="a")
    assert ashby("candidate.anonymize", candidateId=ada)["success"] is False
    ashby(
        "candidate.removeTag",
        candidateId=organisation.people.identifier(1),
        tagId=next(iter(organisation.candidate_tags))["id"],
    )
    assert changed(ashby, token)[0] == []


def test_a_pass_tells_what_changed_not_what_vanished(ashby: Ashby, organisation: Organisation) -> None:
    survivor, loser, deleted = (organisation.people.identifier(position) for position in (10, 11, 12))
    token = full_pass(ashby)
    organisation.merge_candidates(survivor, loser)
    organisation.delete("candidate", deleted)
    assert changed(ashby, token)[0] == [survivor]


def test_what_changes_during_a_full_pass_is_returned_by_the_next_one(ashby: Ashby, organisation: Organisation) -> None:
    seen, unseen = organisation.people.identifier(0), organisation.people.identifier(119)
    page = ashby("candidate.list", limit=60)
    ashby("candidate.update", candidateId=seen, name="After it was listed")
    ashby("candidate.update", candidateId=unseen, name="Before it is listed")
    last = ashby("candidate.list", limit=60, cursor=page["nextCursor"])
    assert set(changed(ashby, last["syncToken"])[0]) == {seen, unseen}


def test_what_changes_again_during_an_incremental_pass_is_not_lost(ashby: Ashby, organisation: Organisation) -> None:
    token = full_pass(ashby)
    first, second = (organisation.people.identifier(position) for position in (20, 21))
    for identifier in (first, second):
        ashby("candidate.update", candidateId=identifier, name="Once")
    page = ashby("candidate.list", syncToken=token, limit=1)
    ashby("candidate.update", candidateId=second, name="Twice")
    last = ashby("candidate.list", syncToken=token, limit=1, cursor=page["nextCursor"])
    following, _ = changed(ashby, last["syncToken"])
    assert second in [record["id"] for record in last["results"]] + following


def test_other_lists_have_their_own_changes(ashby: Ashby, organisation: Organisation) -> None:
    tags, users = full_pass(ashby, "candidateTag.list"), full_pass(ashby, "user.list")
    made = ashby("candidateTag.create", title="Fresh")["results"]["id"]
    assert changed(ashby, tags, "candidateTag.list")[0] == [made]
    assert changed(ashby, users, "user.list")[0] == []
    user = next(iter(organisation.users))
    organisation.save("user", {**user, "isEnabled": False})
    assert changed(ashby, users, "user.list")[0] == []
    assert changed(ashby, users, "user.list", includeDeactivated=True)[0] == [user["id"]]


def test_notes_are_synced_per_candidate(ashby: Ashby, organisation: Organisation) -> None:
    one, other = (organisation.people.identifier(position) for position in (0, 1))
    token = full_pass(ashby, "candidate.listNotes", candidateId=one)
    made = ashby("candidate.createNote", candidateId=one, note="New")["results"]["id"]
    ashby("candidate.createNote", candidateId=other, note="Elsewhere")
    assert changed(ashby, token, "candidate.listNotes", candidateId=one)[0] == [made]


def test_a_token_expires_and_a_made_up_one_is_invalid(ashby: Ashby, clock: Any) -> None:
    token = full_pass(ashby)
    assert code(ashby("user.list", syncToken=token)) == "sync_token_invalid"
    assert code(ashby("candidate.list", syncToken="6W05prn4d")) == "sync_token_invalid"
    clock.advance(7 * 86_400 + 1)
    assert code(ashby("candidate.list", syncToken=token)) == "sync_token_expired"


def test_all_tokens_can_be_expired_at_once(ashby: Ashby, client: Any, clock: Any) -> None:
    cursor, token = ashby("candidate.list", limit=1)["nextCursor"], full_pass(ashby)
    client.post("/_sandbox/paging/expire")
    assert code(ashby("candidate.list", cursor=cursor)) == "next_cursor_expired"
    assert code(ashby("candidate.list", syncToken=token)) == "sync_token_expired"
    clock.advance(1)
    assert changed(ashby, full_pass(ashby))[0] == []


def test_too_many_pages_of_changes_ask_for_a_full_list(ashby: Ashby, sandbox: Sandbox) -> None:
    token = full_pass(ashby)
    sandbox.pager.rules.incremental_pages = 2
    for number in range(3):
        ashby("candidate.create", name=f"N{number}")
    page = ashby("candidate.list", syncToken=token, limit=1)
    page = ashby("candidate.list", syncToken=token, limit=1, cursor=page["nextCursor"])
    refused = ashby("candidate.list", syncToken=token, limit=1, cursor=page["nextCursor"])
    assert code(refused) == "incremental_sync_too_large"
    assert len(changed(ashby, token, limit=2)[0]) == 3


def test_an_incremental_cursor_needs_its_sync_token_beside_it(ashby: Ashby) -> None:
    token = full_pass(ashby)
    for number in range(2):
        ashby("candidate.create", name=f"N{number}")
    cursor = ashby("candidate.list", syncToken=token, limit=1)["nextCursor"]
    assert code(ashby("candidate.list", cursor=cursor)) == "invalid_next_cursor"
