"""Creating, changing, finding and anonymizing candidates, with Ashby's drifting parameter names."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.organisation import Organisation
from sandbox.seed.candidates import SHARED_ADDRESS

Ashby = Callable[..., Any]
FULL = {
    "name": "Mary  Ann",
    "email": "Mary@Example.com",
    "alternateEmailAddresses": ["mary@work.example", "MARY@example.com"],
    "phoneNumber": "+1 555",
    "linkedInUrl": "https://linkedin.com/in/mary",
    "githubUrl": "https://github.com/mary",
    "website": "https://mary.example",
    "location": {"city": "Paris", "country": "France"},
    "createdAt": "2024-05-06T07:08:09.100+02:00",
}


def code(answer: dict[str, Any]) -> str:
    """Return the code of a failed answer."""
    assert answer["success"] is False, answer
    return answer["errorInfo"]["code"]


@pytest.fixture
def mary(ashby: Ashby) -> dict[str, Any]:
    """Create a candidate with everything create can set."""
    return ashby("candidate.create", **FULL)["results"]


def test_create_sets_everything_it_was_given(mary: dict[str, Any], ashby: Ashby) -> None:
    assert mary["name"] == "Mary  Ann"
    assert [(mail["value"], mail["isPrimary"]) for mail in mary["emailAddresses"]] == [
        ("Mary@Example.com", True),
        ("mary@work.example", False),
    ]
    assert mary["primaryEmailAddress"] == mary["emailAddresses"][0]
    assert mary["primaryPhoneNumber"]["value"] == "+1 555"
    assert {link["type"]: link["url"] for link in mary["socialLinks"]} == {
        "LinkedIn": "https://linkedin.com/in/mary",
        "GitHub": "https://github.com/mary",
        "Website": "https://mary.example",
    }
    assert mary["location"]["locationSummary"] == "France, Paris"
    assert mary["createdAt"] == "2024-05-06T05:08:09.100Z"
    assert ashby("candidate.info", id=mary["id"])["results"] == mary


def test_only_alternate_addresses_make_the_first_of_them_primary(ashby: Ashby) -> None:
    made = ashby("candidate.create", name="X", alternateEmailAddresses=["a@example.com", "b@example.com"])["results"]
    assert made["primaryEmailAddress"]["value"] == "a@example.com"


def test_two_candidates_may_share_an_address(mary: dict[str, Any], ashby: Ashby) -> None:
    twin = ashby("candidate.create", **FULL)["results"]
    found = ashby("candidate.search", email="mary@example.com")["results"]
    assert {candidate["id"] for candidate in found} == {mary["id"], twin["id"]}


def test_create_and_update_each_ignore_the_other_ones_names(mary: dict[str, Any], ashby: Ashby) -> None:
    made = ashby("candidate.create", name="X", websiteUrl="https://x.example", alternateEmail="x@example.com")[
        "results"
    ]
    assert (made["socialLinks"], made["emailAddresses"]) == ([], [])
    same = ashby(
        "candidate.update",
        candidateId=mary["id"],
        website="https://other.example",
        alternateEmailAddresses=["o@example.com"],
    )["results"]
    assert same["socialLinks"] == mary["socialLinks"]
    assert same["emailAddresses"] == mary["emailAddresses"]
    assert code(ashby("candidate.info", candidateId=mary["id"])) == "invalid_input"
    assert code(ashby("candidate.update", id=mary["id"])) == "invalid_input"


def test_update_changes_only_what_was_sent(mary: dict[str, Any], ashby: Ashby, clock: Any) -> None:
    clock.advance(60)
    changed = ashby("candidate.update", candidateId=mary["id"], name="Mary", websiteUrl="https://new.example")[
        "results"
    ]
    assert changed["updatedAt"] > mary["updatedAt"]
    assert {link["type"]: link["url"] for link in changed["socialLinks"]} == {
        "LinkedIn": "https://linkedin.com/in/mary",
        "GitHub": "https://github.com/mary",
        "Website": "https://new.example",
    }
    kept = {"updatedAt", "name", "socialLinks"}
    assert {k: v for k, v in changed.items() if k not in kept} == {k: v for k, v in mary.items() if k not in kept}


def test_update_email_replaces_the_primary_one_and_keeps_the_others(mary: dict[str, Any], ashby: Ashby) -> None:
    changed = ashby("candidate.update", candidateId=mary["id"], email="new@example.com")["results"]
    assert [mail["value"] for mail in changed["emailAddresses"]] == ["new@example.com", "mary@work.example"]
    promoted = ashby("candidate.update", candidateId=mary["id"], email="MARY@work.example")["results"]
    assert [(mail["value"], mail["isPrimary"]) for mail in promoted["emailAddresses"]] == [
        ("MARY@work.example", True),
        ("new@example.com", False),
    ]


def test_update_adds_one_alternate_email(mary: dict[str, Any], ashby: Ashby) -> None:
    changed = ashby("candidate.update", candidateId=mary["id"], alternateEmail="third@example.com")["results"]
    assert [mail["value"] for mail in changed["emailAddresses"]][2:] == ["third@example.com"]


def test_social_links_replace_all_and_win_over_the_url_parameters(mary: dict[str, Any], ashby: Ashby) -> None:
    links = [{"type": "Medium", "url": "https://medium.com/@m"}]
    changed = ashby(
        "candidate.update", candidateId=mary["id"], socialLinks=links, linkedInUrl="https://linkedin.com/in/ignored"
    )["results"]
    assert changed["socialLinks"] == links
    assert ashby("candidate.update", candidateId=mary["id"], socialLinks=[])["results"]["socialLinks"] == []


def test_null_unsets_source_and_credited_user_and_nothing_else(ashby: Ashby, organisation: Organisation) -> None:
    source, user = next(iter(organisation.sources))["id"], next(iter(organisation.users))["id"]
    made = ashby("candidate.create", name="X", sourceId=source, creditedToUserId=user)["results"]
    assert (made["source"]["id"], made["creditedToUser"]["id"]) == (source, user)
    changed = ashby("candidate.update", candidateId=made["id"], sourceId=None, creditedToUserId=None)["results"]
    assert not {"source", "creditedToUser"} & set(changed)
    assert code(ashby("candidate.update", candidateId=made["id"], name=None)) == "invalid_input"
    assert code(ashby("candidate.create", name="X", sourceId=None)) == "invalid_input"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": 5},
        {"email": "nobody"},
        {"linkedInUrl": "linkedin.com/in/x"},
        {"website": "ftp://x.example"},
        {"alternateEmailAddresses": "a@example.com"},
        {"location": "Paris"},
        {"location": {"city": 5}},
        {"createdAt": "yesterday"},
        {"sourceId": "not-a-uuid"},
    ],
)
def test_create_refuses_and_creates_nothing(wrong: dict[str, Any], ashby: Ashby, organisation: Organisation) -> None:
    answer = ashby("candidate.create", **{"name": "X", **wrong})
    assert code(answer) == "invalid_input"
    assert answer["errors"][0]["parameter"] == next(iter(wrong))
    assert len(organisation.candidates) == 120


def test_strings_are_coerced_where_a_boolean_or_number_is_expected(mary: dict[str, Any], ashby: Ashby) -> None:
    assert len(ashby("candidate.list", limit="25")["results"]) == 25
    assert ashby("candidate.update", candidateId=mary["id"], sendNotifications="false")["success"] is True
    assert code(ashby("candidate.update", candidateId=mary["id"], sendNotifications="no")) == "invalid_input"
    assert code(ashby("candidate.list", limit="many")) == "invalid_input"


def test_notifications_are_sent_unless_declined(mary: dict[str, Any], ashby: Ashby, organisation: Organisation) -> None:
    ashby("candidate.update", candidateId=mary["id"], name="A")
    ashby("candidate.update", candidateId=mary["id"], name="B", sendNotifications=False)
    assert [change.detail["sendNotifications"] for change in list(organisation.recent_changes)[-2:]] == [True, False]


# -- search ------------------------------------------------------------------------------------------------------


def test_ada_is_found_by_address_in_any_case_and_by_part_of_her_name(ashby: Ashby) -> None:
    for search in ({"email": "ADA@example.com"}, {"name": "lovel"}, {"name": "ADA  Lovelace"}):
        assert [one["name"] for one in ashby("candidate.search", **search)["results"]] == ["Ada Lovelace"]


def test_an_address_matches_whole_and_criteria_are_combined(ashby: Ashby) -> None:
    assert ashby("candidate.search", email="da@example.com")["results"] == []
    assert ashby("candidate.search", email="ada@example.com", name="Grace")["results"] == []
    assert len(ashby("candidate.search", email=SHARED_ADDRESS)["results"]) == 2
    assert code(ashby("candidate.search")) == "invalid_input"


def test_search_returns_at_most_a_hundred(ashby: Ashby) -> None:
    for _ in range(105):
        ashby("candidate.create", name="Common Name")
    found = ashby("candidate.search", name="common name")
    assert len(found["results"]) == 100
    assert "moreDataAvailable" not in found


def test_search_follows_changes_made_before_and_after_the_first_search(mary: dict[str, Any], ashby: Ashby) -> None:
    assert len(ashby("candidate.search", name="mary")["results"]) >= 1
    ashby("candidate.update", candidateId=mary["id"], name="Renamed Person", email="renamed@example.com")
    assert [one["id"] for one in ashby("candidate.search", name="renamed p")["results"]] == [mary["id"]]
    assert [one["id"] for one in ashby("candidate.search", email="renamed@example.com")["results"]] == [mary["id"]]
    assert ashby("candidate.search", email="mary@example.com")["results"] == []


# -- anonymizing -------------------------------------------------------------------------------------------------


def test_anonymizing_is_refused_while_an_application_is_open(
    ashby: Ashby, organisation: Organisation, client: Any
) -> None:
    ada = organisation.people.identifier(0)
    assert code(ashby("candidate.anonymize", candidateId=ada)) == "candidate_has_active_applications"
    for application in ashby("candidate.info", id=ada)["results"]["applicationIds"]:
        client.post(f"/_sandbox/applications/{application}", json={"status": "Hired"})
    assert ashby("candidate.anonymize", candidateId=ada)["success"] is True


def test_anonymizing_leaves_the_id_and_applications_and_nothing_personal(
    ashby: Ashby, organisation: Organisation
) -> None:
    person = next(
        one
        for one in organisation.candidates
        if one["company"]
        and one["applicationIds"]
        and all(
            (application := organisation.applications.get(found)) and application["status"] in {"Archived", "Hired"}
            for found in one["applicationIds"]
        )
    )
    before = ashby("candidate.info", id=person["id"])["results"]
    after = ashby("candidate.anonymize", candidateId=person["id"])["results"]
    assert (after["id"], after["applicationIds"]) == (before["id"], before["applicationIds"])
    for name in ("emailAddresses", "phoneNumbers", "socialLinks", "fileHandles", "customFields", "tags"):
        assert after[name] == []
    assert not {"primaryEmailAddress", "company", "location", "resumeFileHandle"} & set(after)
    assert before["name"] not in str(after)
    assert ashby("candidate.search", email=before["emailAddresses"][0]["value"])["results"] == []


# -- tags and notes ----------------------------------------------------------------------------------------------


def test_adding_a_tag_twice_and_removing_it_twice_both_succeed(
    mary: dict[str, Any], ashby: Ashby, organisation: Organisation
) -> None:
    tag = next(iter(organisation.candidate_tags))["id"]
    counts = [
        len(ashby(endpoint, candidateId=mary["id"], tagId=tag)["results"]["tags"])
        for endpoint in ("candidate.addTag", "candidate.addTag", "candidate.removeTag", "candidate.removeTag")
    ]
    assert counts == [1, 1, 0, 0]
    unknown = ashby("candidate.addTag", candidateId=mary["id"], tagId="x")
    assert code(unknown) == "candidate_tag_not_found"


def test_creating_an_existing_tag_returns_it_and_archiving_keeps_it_on_candidates(
    mary: dict[str, Any], ashby: Ashby
) -> None:
    made = ashby("candidateTag.create", title="Rare")["results"]
    assert ashby("candidateTag.create", title="RARE")["results"]["id"] == made["id"]
    ashby("candidate.addTag", candidateId=mary["id"], tagId=made["id"])
    assert ashby("candidateTag.archive", tagId=made["id"])["results"]["isArchived"] is True
    assert made["id"] not in [tag["id"] for tag in ashby("candidateTag.list")["results"]]
    assert made["id"] in [tag["id"] for tag in ashby("candidateTag.list", includeArchived=True)["results"]]
    assert ashby("candidate.info", id=mary["id"])["results"]["tags"] == [{**made, "isArchived": True}]


@pytest.mark.parametrize(
    ("note", "content"),
    [
        ("a < b <script>", "a < b <script>"),
        ({"type": "text/plain", "value": "<p>x</p>"}, "<p>x</p>"),
        (
            {"type": "text/html", "value": '<p>Hi <b>you</b><br/><a href="x">l</a></p><img src=x><blink>!</blink>'},
            'Hi <b>you</b><a href="x">l</a>!',
        ),
    ],
)
def test_a_note_comes_back_as_content(note: Any, content: str, mary: dict[str, Any], ashby: Ashby) -> None:
    made = ashby("candidate.createNote", candidateId=mary["id"], note=note)["results"]
    assert (made["content"], made["isPrivate"]) == (content, False)
    assert ashby("candidate.listNotes", candidateId=mary["id"])["results"] == [made]


@pytest.mark.parametrize("note", [None, 5, ["x"], {"type": "text/markdown", "value": "x"}, {"type": "text/html"}])
def test_a_note_of_another_form_is_refused(note: Any, mary: dict[str, Any], ashby: Ashby) -> None:
    assert code(ashby("candidate.createNote", candidateId=mary["id"], note=note)) == "invalid_input"
