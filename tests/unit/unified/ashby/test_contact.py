"""``genericContact``: a candidate's one name in two, links, searching, and what anonymizing is refused for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.unified.ashby.conftest import listed
from tests.unit.unified.conftest import Script, good, lost, refused, reply
from unified.ashby.contact import MODEL
from unified.connector import Operation
from unified.errors import Invalid, Missing, OutcomeUnknown, UnifiedError, UpstreamFailure

C1 = "c1c1c1c1-0000-4000-8000-000000000001"
GITHUB = {"type": "GitHub", "url": "https://github.com/ada"}
LINKEDIN = {"type": "LinkedIn", "url": "https://linkedin.com/in/ada"}
WEBSITE = {"type": "Website", "url": "https://ada.example"}
TWITTER = {"type": "Twitter", "url": "https://x.example/ada"}


def _names(name: Any) -> dict[str, Any]:
    resource = MODEL.mapper.resource({"id": C1, "name": name})
    assert "warnings" not in resource
    return resource["fields"]


# Names


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ada", "Ada", None),
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Ada King Lovelace", "Ada", "King Lovelace"),
        ("  Ada   King  Lovelace ", "Ada", "King  Lovelace"),
        ("José Núñez", "José", "Núñez"),
        ("名前 山田", "名前", "山田"),
        ("山田\u3000太郎", "山田", "太郎"),
        ("Ada\u00a0Lovelace", "Ada", "Lovelace"),
        ("👩‍💻 Dev", "👩‍💻", "Dev"),
        ("", None, None),
        ("   ", None, None),
        (None, None, None),
    ],
)
def test_a_name_is_split_at_its_first_space(name: Any, first: str | None, last: str | None) -> None:
    fields = _names(name)

    assert (fields.get("firstName"), fields.get("lastName")) == (first, last)


@given(st.text(min_size=1, max_size=30))
def test_no_part_of_a_name_is_lost_or_blank(name: str) -> None:
    fields = _names(name)

    parts = [part for part in (fields.get("firstName"), fields.get("lastName")) if part is not None]
    assert " ".join(parts).split() == name.split()
    assert all(part == part.strip() for part in parts)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_a_name_of_one_word_and_the_rest_comes_back_as_it_was_written(first: str, last: str) -> None:
    assume(len(first.split()) == 1 and last.split())
    ashby = Script([good({"id": C1})])
    clean = {"firstName": first.strip(), "lastName": last.strip()}

    MODEL.create(ashby.session(), clean)

    assert {key: _names(ashby.sent[0].body["name"])[key] for key in clean} == clean


def test_a_name_that_is_no_text_costs_the_name() -> None:
    resource = MODEL.mapper.resource({"id": C1, "name": 5, "company": "C"})

    assert resource["fields"] == {"company": "C"}
    assert len(resource["warnings"]) == 2


# Reading


def test_a_candidate_is_read_whole() -> None:
    address = {"value": "a@b.example", "type": "Personal", "isPrimary": True}
    number = {"value": "+44 20 7946 0000", "type": "Work", "isPrimary": True}
    resource = MODEL.mapper.resource(
        {
            "id": C1,
            "name": "Ada Lovelace",
            "primaryEmailAddress": address,
            "emailAddresses": [address, {"value": "broken"}],
            "primaryPhoneNumber": number,
            "phoneNumbers": [number],
            "socialLinks": [GITHUB, {"type": "Unknown", "url": "https://x.example"}],
            "company": "Analytical Engines",
            "position": "Programmer",
            "location": {"id": "l1", "locationSummary": "United Kingdom, London"},
            "tags": [
                {"id": "1", "title": "Maths", "isArchived": False},
                {"id": "2", "title": "Old", "isArchived": True},
            ],
            "source": {"id": "s", "title": "Referral"},
            "resumeFileHandle": {"id": "f1", "name": "cv.pdf", "handle": "secret-handle"},
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-02T00:00:00.000Z",
        }
    )

    assert resource["fields"] == {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "a@b.example",
        "phoneNumber": "+44 20 7946 0000",
        "phone": "+44 20 7946 0000",
        "emails": [address],
        "phoneNumbers": [number],
        "links": [GITHUB],
        "company": "Analytical Engines",
        "title": "Programmer",
        "location": "United Kingdom, London",
        "tags": ["Maths"],
        "source": "Referral",
        "resume": {"id": "f1", "name": "cv.pdf"},
    }


def test_retrieve_asks_by_id(ashby: Script) -> None:
    ashby.answers = [good({"id": C1})]

    assert MODEL.retrieve(ashby.session(), C1) == {"id": C1}

    assert ashby.calls == [("candidate.info", {"id": C1})]


# Creating


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"firstName": "Ada"}, {"name": "Ada"}),
        ({"lastName": "Lovelace"}, {"name": "Lovelace"}),
        (
            {"firstName": "Ada", "lastName": "Lovelace", "email": "a@b.example", "phoneNumber": "+49 30 1"},
            {"name": "Ada Lovelace", "email": "a@b.example", "phoneNumber": "+49 30 1"},
        ),
        ({"firstName": "Ada", "links": []}, {"name": "Ada"}),
        (
            {"firstName": "Ada", "links": [GITHUB, LINKEDIN, WEBSITE]},
            {
                "name": "Ada",
                "githubUrl": GITHUB["url"],
                "linkedInUrl": LINKEDIN["url"],
                "website": WEBSITE["url"],
            },
        ),
    ],
)
def test_create_sends_one_call_where_one_will_do(ashby: Script, fields: dict[str, Any], body: dict[str, Any]) -> None:
    ashby.answers = [good({"id": C1})]

    written = MODEL.create(ashby.session(), fields)

    assert (written.record, written.not_written) == ({"id": C1}, {})
    assert ashby.calls == [("candidate.create", body)]


@pytest.mark.parametrize("links", [[TWITTER], [GITHUB, TWITTER], [GITHUB, {**GITHUB, "url": "https://github.com/b"}]])
def test_links_that_create_does_not_take_all_follow_by_update(ashby: Script, links: list[dict[str, str]]) -> None:
    ashby.answers = [good({"id": C1}), good({"id": C1, "socialLinks": links})]

    written = MODEL.create(ashby.session(), {"firstName": "Ada", "links": links})

    assert (written.record["socialLinks"], written.not_written) == (links, {})
    assert ashby.calls == [
        ("candidate.create", {"name": "Ada"}),
        ("candidate.update", {"candidateId": C1, "socialLinks": links, "sendNotifications": False}),
    ]


@pytest.mark.parametrize(
    "trouble", [refused("invalid_input"), lost(), reply(500, b""), refused("missing_endpoint_permission", 403)]
)
def test_a_contact_that_was_made_without_its_links_is_reported_and_not_made_again(ashby: Script, trouble: Any) -> None:
    ashby.answers = [good({"id": C1}), trouble]

    written = MODEL.create(ashby.session(), {"firstName": "Ada", "links": [TWITTER]})

    assert written.record == {"id": C1}
    assert list(written.not_written) == ["links"]
    assert written.not_written["links"]
    assert [endpoint for endpoint, _ in ashby.calls] == ["candidate.create", "candidate.update"]


@pytest.mark.parametrize("trouble", [lost(), reply(500, b"")])
def test_a_create_whose_answer_is_lost_sends_no_links_after_it(ashby: Script, trouble: Any) -> None:
    ashby.answers = [trouble]

    with pytest.raises(OutcomeUnknown):
        MODEL.create(ashby.session(), {"firstName": "Ada", "links": [TWITTER]})

    assert len(ashby.sent) == 1


def test_a_contact_needs_a_name(ashby: Script) -> None:
    with pytest.raises(Invalid) as missing:
        MODEL.create(ashby.session(), {"email": "a@b.example"})

    assert missing.value.code == "CONNECTOR::OPERATION::BAD_REQUEST"
    assert [problem.field for problem in missing.value.fields] == ["firstName"]
    assert ashby.sent == []


# Updating


@pytest.mark.parametrize(
    ("fields", "current", "name"),
    [
        ({"firstName": "Grace"}, "Ada Lovelace", "Grace Lovelace"),
        ({"lastName": "King"}, "Ada Lovelace", "Ada King"),
        ({"lastName": "King"}, "Ada", "Ada King"),
        ({"firstName": "Grace"}, "Ada", "Grace"),
        ({"firstName": "Grace"}, "Ada King Lovelace", "Grace King Lovelace"),
        ({"lastName": "太郎"}, "山田\u3000花子", "山田 太郎"),
        ({"firstName": "Grace"}, None, "Grace"),
        ({"firstName": "Grace"}, "  ", "Grace"),
    ],
)
def test_half_of_a_name_is_completed_by_the_other_half(
    ashby: Script, fields: dict[str, str], current: Any, name: str
) -> None:
    ashby.answers = [good({"id": C1, "name": current}), good({"id": C1})]

    MODEL.update(ashby.session(), C1, fields)

    assert ashby.calls == [
        ("candidate.info", {"id": C1}),
        ("candidate.update", {"candidateId": C1, "name": name, "sendNotifications": False}),
    ]


def test_a_whole_name_needs_no_look(ashby: Script) -> None:
    ashby.answers = [good({"id": C1})]

    MODEL.update(ashby.session(), C1, {"firstName": "Grace", "lastName": "Hopper", "links": [], "email": "g@h.example"})

    body = {"name": "Grace Hopper", "email": "g@h.example", "socialLinks": [], "sendNotifications": False}
    assert ashby.calls == [("candidate.update", {"candidateId": C1, **body})]


def test_a_name_of_a_contact_that_is_not_there_is_not_written(ashby: Script) -> None:
    ashby.answers = [refused("candidate_not_found")]

    with pytest.raises(Missing):
        MODEL.update(ashby.session(), C1, {"firstName": "Grace"})

    assert len(ashby.sent) == 1


# Searching


def test_a_list_passes_limit_and_cursor_on(ashby: Script) -> None:
    ashby.answers = [good([{"id": C1}], moreDataAvailable=True, nextCursor="n")]

    page = listed(MODEL, ashby, limit=7, cursor="c")

    assert (page.records, page.next, page.warnings) == ([{"id": C1}], "n", ())
    assert ashby.calls == [("candidate.list", {"limit": 7, "cursor": "c"})]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"q": "ada@b.example"}, {"email": "ada@b.example"}),
        ({"q": "Ada"}, {"name": "Ada"}),
        ({"filters": {"email": "a@b.example"}}, {"email": "a@b.example"}),
        ({"q": "Ada", "filters": {"email": "a@b.example"}}, {"email": "a@b.example", "name": "Ada"}),
        ({"q": "Ada", "filters": {"name": "Ada"}}, {"name": "Ada"}),
    ],
)
def test_a_search_asks_for_address_or_name(ashby: Script, query: dict[str, Any], asked: dict[str, str]) -> None:
    ashby.answers = [good([])]

    assert listed(MODEL, ashby, **query).next is None

    assert ashby.calls == [("candidate.search", asked)]


def test_a_search_that_contradicts_itself_is_not_sent(ashby: Script) -> None:
    with pytest.raises(Invalid):
        listed(MODEL, ashby, q="Ada", filters={"name": "Grace"})

    assert ashby.sent == []


@given(st.integers(0, 100), st.integers(1, 100))
def test_pages_of_a_search_give_each_record_once(found: int, limit: int) -> None:
    records = [{"id": number} for number in range(found)]
    given_out: list[Any] = []
    cursor: str | None = None
    for _ in range(102):
        page = listed(MODEL, Script([good(records)]), q="Ada", limit=limit, cursor=cursor)
        given_out += page.records
        assert len(page.records) <= limit
        assert bool(page.warnings) == (found >= 100)
        cursor = page.next
        if cursor is None:
            break

    assert given_out == records


def test_a_search_past_its_end_is_empty(ashby: Script) -> None:
    ashby.answers = [good([{"id": 1}])]

    assert list(listed(MODEL, ashby, q="Ada", cursor="50").records) == []


# Anonymizing


def test_delete_anonymizes(ashby: Script) -> None:
    ashby.answers = [good({"id": C1})]

    MODEL.delete(ashby.session(), C1)

    assert ashby.calls == [("candidate.anonymize", {"candidateId": C1})]


def test_what_stands_in_the_way_is_named(ashby: Script) -> None:
    ashby.answers = [
        refused("candidate_has_active_applications"),
        good({"id": C1, "applicationIds": ["a1", "a2", "a3", "a4"]}),
        *(good({"id": "a", "status": status}) for status in ("Active", "Archived", "Lead", "Hired")),
    ]

    with pytest.raises(UpstreamFailure) as conflict:
        MODEL.delete(ashby.session(), C1)

    assert (conflict.value.status, conflict.value.code) == (409, "CONNECTOR::OPERATION::CONFLICT")
    assert "a1, a3." in conflict.value.detail
    assert conflict.value.upstream is not None
    assert conflict.value.upstream.code == "candidate_has_active_applications"


@pytest.mark.parametrize(
    "answers",
    [
        [good({"id": C1, "applicationIds": []})],
        [good({"id": C1})],
        [good({"id": C1, "applicationIds": ["a1"]}), good({"status": "Archived"})],
        [good({"id": C1, "applicationIds": ["a1"]}), refused("missing_endpoint_permission", 403)],
        [good({"id": C1, "applicationIds": ["a1"]}), refused("application_not_found")],
        [refused("candidate_not_found")],
    ],
)
def test_a_refusal_whose_cause_cannot_be_found_is_told_without_one(ashby: Script, answers: list[Any]) -> None:
    ashby.answers = [refused("something_else"), *answers]

    with pytest.raises(UnifiedError) as failed:
        MODEL.delete(ashby.session(), C1)

    assert failed.value.status in (400, 409)
    assert "These are not" not in failed.value.detail
    assert failed.value.upstream is not None
    assert failed.value.upstream.code == "something_else"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused("candidate_not_found"), "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND"),
        (refused("missing_endpoint_permission", 403), "MORPH::CONNECTION::PROXY::FORBIDDEN"),
        (lost(), "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN"),
    ],
)
def test_other_failures_are_not_looked_into(ashby: Script, answer: Any, code: str) -> None:
    ashby.answers = [answer]

    with pytest.raises(UnifiedError) as failed:
        MODEL.delete(ashby.session(), C1)

    assert failed.value.code == code
    assert len(ashby.sent) == 1


def test_the_permission_that_is_missing_is_named(ashby: Script) -> None:
    for operation, call in (
        ("candidatesRead", lambda: MODEL.retrieve(ashby.session(), C1)),
        ("candidatesRead", lambda: listed(MODEL, ashby)),
        ("candidatesRead", lambda: listed(MODEL, ashby, q="Ada")),
        ("candidatesWrite", lambda: MODEL.create(ashby.session(), {"firstName": "A"})),
        ("candidatesWrite", lambda: MODEL.update(ashby.session(), C1, {"email": "a@b.example"})),
        ("candidatesWrite", lambda: MODEL.delete(ashby.session(), C1)),
        ("hiringProcessMetadataRead", lambda: MODEL.custom_fields(ashby.session())),
    ):
        ashby.answers = [refused("missing_endpoint_permission", 403)]
        with pytest.raises(UpstreamFailure) as failed:
            call()
        assert failed.value.permission == operation
        assert operation in {name for cell in MODEL.capabilities.values() for name in cell.permissions}


def test_every_operation_has_its_cell() -> None:
    assert set(MODEL.capabilities) == set(Operation)
