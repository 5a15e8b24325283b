"""Field mappings over HTTP: every kind of custom field there and back, defaults and overrides, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.cloud import forget
from tests.integration.stack import ALL_OPERATIONS, Stack
from tests.integration.test_lifecycle import fault
from unified.connections import store as store_module
from unified.connections.records import Reference
from unified.projects import projects

CONTACTS = "/v1/resources/genericContact"
DEFAULTS = "/v1/connectors/ashby/mappings/genericContact"
MINE = "/v1/connections/ashby/acme/mappings/genericContact"
BY_SESSION = "/v1/s/connection/mappings/genericContact"
RULE = {"key": "town", "source": {"path": "location.city"}}
NOWHERE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def acme(stack: Stack) -> dict[str, str]:
    """Connect; returns the headers that name the connection."""
    stack.connect("acme")
    return stack.of("acme")


def custom_field(stack: Stack, field_type: str, kind: str = "Candidate") -> str:
    """Return the id of a field of a type; one of a type that the sandbox has not seeded is made."""
    organisation = stack.sandbox.organisation
    for field in organisation.custom_fields:
        if (field["objectType"], field["fieldType"], field["isArchived"]) == (kind, field_type, False):
            return field["id"]
    like = next(field for field in organisation.custom_fields if field["objectType"] == kind)
    made = {**like, "id": organisation.new_identifier("custom_field"), "fieldType": field_type, "title": field_type}
    return organisation.save("custom_field", made)["id"]


def saved(stack: Stack, *rules: dict[str, Any], path: str = MINE, headers: dict[str, str] | None = None) -> Any:
    answer = stack.call("PUT", path, headers, body={"rules": list(rules)})
    assert answer.status == 200, answer.text
    return answer.json


def ada(stack: Stack) -> str:
    """Return the id of the candidate that has a value for every custom field."""
    return next(iter(stack.sandbox.organisation.candidates))["id"]


def candidate(stack: Stack, identity: str) -> Any:
    found = stack.sandbox.organisation.candidates.get(identity)
    assert found is not None
    return found


def people(stack: Stack) -> int:
    return len(stack.sandbox.organisation.candidates)


# -- every type ----------------------------------------------------------------------------------------------------

EVERY_TYPE: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("Boolean", {"type": "boolean"}, True, True),
    ("Boolean", {"type": "boolean"}, False, False),
    ("Boolean", {"options": {"true": "yes", "false": "no"}}, "no", False),
    ("Date", {"type": "datetime"}, "2026-01-04", "2026-01-04T00:00:00.000Z"),
    ("Number", {"type": "number"}, 12.5, 12.5),
    ("Number", {}, 0, 0),
    ("String", {"type": "text"}, "Ω 🚀 <b>", "Ω 🚀 <b>"),
    ("LongText", {"type": "text"}, "first\nsecond " * 400, ("first\nsecond " * 400).strip()),
    ("Url", {"type": "text"}, "https://a.example/b?c=d", "https://a.example/b?c=d"),
    ("UUID", {}, NOWHERE, NOWHERE),
    ("Currency", {}, {"value": 50_000, "currencyCode": "EUR"}, {"value": 50_000, "currencyCode": "EUR"}),
    (
        "NumberRange",
        {},
        {"type": "number-range", "minValue": 1, "maxValue": 9},
        {"type": "number-range", "minValue": 1, "maxValue": 9},
    ),
    (
        "CompensationRange",
        {},
        {"type": "compensation-range", "minValue": 1, "maxValue": 9, "currencyCode": "GBP", "interval": "1 YEAR"},
        {"type": "compensation-range", "minValue": 1, "maxValue": 9, "currencyCode": "GBP", "interval": "1 YEAR"},
    ),
    ("ValueSelect", {}, "lead", "lead"),
    ("ValueSelect", {"options": {"junior": "L1", "lead": "L4"}, "type": "text"}, "L4", "lead"),
    ("ValueSelect", {"options": {"junior": 1, "lead": 4}, "type": "number"}, 4, "lead"),
    ("MultiValueSelect", {"type": "list.text"}, ["research", "backend"], ["research", "backend"]),
    ("MultiValueSelect", {"options": {"backend": "Server", "frontend": "Web"}}, ["Web"], ["frontend"]),
]


@pytest.mark.parametrize(("field_type", "rule", "ours", "theirs"), EVERY_TYPE)
def test_a_value_of_every_type_goes_there_and_comes_back(
    stack: Stack, acme: dict[str, str], field_type: str, rule: dict[str, Any], ours: Any, theirs: Any
) -> None:
    field = custom_field(stack, field_type)
    saved(stack, {"key": "mine", "source": {"customField": field}, "direction": "both", **rule})
    query = {"returnResource": "true"}

    made = stack.call("POST", CONTACTS, acme, body={"firstName": "Ada", "mine": ours}, query=query).json
    changed = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"mine": ours}, query=query).json

    for answer in (made, changed):
        assert "warnings" not in answer
        assert candidate(stack, answer["id"])["customFieldValues"][field] == theirs
        back = answer["fields"]["mine"]
        assert back == (theirs if field_type in ("Date", "LongText") else ours)
        assert type(back) is type(theirs if field_type == "Date" else ours)
        read = stack.call("GET", f"{CONTACTS}/{answer['id']}", acme, query={"fields": "mine"}).json
        assert read["fields"] == {"mine": back}


@pytest.mark.parametrize(
    ("field_type", "value"), [("Email", "ada@custom.example"), ("Phone", "+44 20 7946 0000"), ("Unheard-of", [1, {}])]
)
def test_types_that_ashby_only_shows_are_read(stack: Stack, acme: dict[str, str], field_type: str, value: Any) -> None:
    field = custom_field(stack, field_type)
    person = candidate(stack, ada(stack))
    stack.sandbox.organisation.save("candidate", {**person, "customFieldValues": {field: value}})
    saved(stack, {"key": "mine", "source": {"customField": field}})

    assert stack.call("GET", f"{CONTACTS}/{person['id']}", acme).json["fields"]["mine"] == value
    described = stack.call("GET", "/v1/models/genericContact/fields", acme, query={"key": field}).json["data"]
    assert [one["remote"]["metadata"]["fieldType"] for one in described] == [field_type]


@pytest.mark.parametrize("kind", ["Application", "Job"])
def test_the_fields_of_other_models_are_written_too(stack: Stack, kind: str) -> None:
    model = f"ats{kind}"
    stack.connect("acme", operations=[f"{model}::{verb}" for verb in ("retrieve", "update", "fieldRead")])
    field = custom_field(stack, "String", kind)
    saved(
        stack,
        {"key": "mine", "source": {"customField": field}, "direction": "both"},
        path=f"/v1/connections/ashby/acme/mappings/{model}",
    )
    kept = stack.sandbox.organisation.tables[kind.lower()]
    record = next(one["id"] for one in kept if one.get("status") in ("Active", "Open"))

    path = f"/v1/resources/{model}/{record}"
    done = stack.call("PATCH", path, stack.of("acme"), body={"mine": "x"}, query={"returnResource": "true"})

    assert done.json["fields"]["mine"] == "x", done.text
    assert stack.call("GET", path, stack.of("acme")).json["fields"]["mine"] == "x"


# -- sources, defaults, overrides ----------------------------------------------------------------------------------


def test_a_rule_reads_from_a_path_or_an_expression(stack: Stack, acme: dict[str, str]) -> None:
    rules = [
        {"key": "zone", "source": {"path": "timezone"}},
        {"key": "allMail", "source": {"expression": "join(' ', emailAddresses[].value)"}, "type": "text"},
        {"key": "tagCount", "source": {"expression": "length(tags)"}, "type": "number"},
        # In the place of a field of the model's own.
        {"key": "company", "source": {"path": "position"}},
    ]
    saved(stack, *rules)

    read = stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme, query={"include": "raw"}).json

    raw, fields = read["remote"]["raw"], read["fields"]
    assert fields["zone"] == raw["timezone"]
    assert fields["allMail"].split() == [one["value"] for one in raw["emailAddresses"]]
    assert fields["tagCount"] == len(raw["tags"])
    assert fields["company"] == raw["position"]
    listed = stack.call("GET", CONTACTS, acme, query={"limit": "1"}).json["data"][0]
    assert listed["fields"] == fields


def test_a_projects_rules_hold_for_all_its_connections_but_for_their_own(stack: Stack, acme: dict[str, str]) -> None:
    stack.connect("globex")
    default = [{"key": "a", "source": {"path": "position"}}, {"key": "b", "source": {"path": "timezone"}}]
    own = {"key": "a", "source": {"path": "school"}}
    assert saved(stack, *default, path=DEFAULTS)["rules"] == [
        {**rule, "direction": "read", "origin": "project"} for rule in default
    ]

    merged = saved(stack, own)["rules"]

    assert merged == [
        {**own, "direction": "read", "origin": "connection"},
        {**default[1], "direction": "read", "origin": "project"},
    ]
    assert stack.call("GET", MINE).json == {
        "object": "fieldMapping",
        "model": "genericContact",
        "rules": merged,
        "warnings": [],
    }
    raw = stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme, query={"include": "raw"}).json
    other = stack.call("GET", f"{CONTACTS}/{ada(stack)}", stack.of("globex")).json["fields"]
    remote = raw["remote"]["raw"]
    assert (raw["fields"]["a"], other["a"]) == (remote["school"], remote["position"])
    assert raw["fields"]["b"] == other["b"] == remote["timezone"]

    # Taking its own rules away leaves the project's.
    assert [rule["origin"] for rule in saved(stack)["rules"]] == ["project", "project"]
    assert stack.call("GET", DEFAULTS).json["rules"] == saved(stack, *default, path=DEFAULTS)["rules"]


def test_a_project_and_a_connection_may_have_fifty_rules_each(stack: Stack, acme: dict[str, str]) -> None:
    for path, letter in ((DEFAULTS, "p"), (MINE, "c")):
        saved(stack, *({"key": f"{letter}{number}", "source": {"path": "id"}} for number in range(50)), path=path)

    fields = stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme).json["fields"]

    assert {f"{letter}{number}" for letter in "pc" for number in range(50)} <= fields.keys()


def test_another_projects_rules_are_not_mine(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, RULE, path=DEFAULTS)
    projects().create("Other", public_key="pk_other", redirect_urls=())
    _, secret = projects().add_secret("pk_other")
    other = {"x-api-key": "pk_other", "x-api-secret": secret}

    assert stack.call("GET", DEFAULTS, other).json["rules"] == []
    assert stack.call("GET", MINE, other).status == 404
    assert stack.call("PUT", MINE, other, body={"rules": []}).status == 404


def test_direction_says_what_a_rule_may_do(stack: Stack, acme: dict[str, str]) -> None:
    text, number = custom_field(stack, "String"), custom_field(stack, "Number")
    saved(
        stack,
        {"key": "onlyRead", "source": {"customField": text}},
        {"key": "onlyWritten", "source": {"customField": number}, "direction": "write"},
    )

    refused = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"onlyRead": "x"})
    written = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"onlyWritten": 77})

    assert (refused.status, refused.json["fields"][0]["field"]) == (400, "onlyRead")
    assert written.status == 200
    assert candidate(stack, ada(stack))["customFieldValues"][number] == 77
    fields = stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme).json["fields"]
    assert "onlyRead" in fields
    assert "onlyWritten" not in fields


def test_fields_takes_mapped_keys_and_names_unknown_ones(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, {"key": "zone", "source": {"path": "timezone"}})

    for path in (CONTACTS, f"{CONTACTS}/{ada(stack)}"):
        assert stack.call("GET", path, acme, query={"fields": "zone,email"}).status == 200
        wrong = stack.call("GET", path, acme, query={"fields": "zone,town"})
        assert wrong.json["fields"] == [{"field": "fields", "message": "names an unknown field: town"}]
    only = stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme, query={"fields": "zone"}).json["fields"]
    assert set(only) == {"zone"}


def test_a_mapping_costs_no_read_of_its_own(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, RULE, path=DEFAULTS)
    saved(stack, {"key": "zone", "source": {"path": "timezone"}})
    for headers in (acme, stack.session()):
        assert stack.call("GET", f"{CONTACTS}/{ada(stack)}", headers).status == 200
        before = stack.upstream("candidate.info")
        stack.aws_calls.clear()

        assert "zone" in stack.call("GET", f"{CONTACTS}/{ada(stack)}", headers).json["fields"]

        assert stack.aws_calls == {"BatchGetItem": 1}
        assert stack.upstream("candidate.info") == before + 1


# -- what goes wrong -----------------------------------------------------------------------------------------------


BAD_RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"key": "1x"}, "rules.1", "must have a key of letters"),
    ({"source": {"path": "a", "expression": "b"}}, "rules.1", "must have a source"),
    ({"source": {}}, "rules.1", "must have a source"),
    ({"source": {"path": "a..b"}}, "rules.1", "must have a path"),
    ({"source": {"expression": "a["}}, "rules.1", "valid JMESPath"),
    ({"source": {"expression": "|".join(["[@,@][]"] * 60)}}, "rules.1", "fewer lists"),
    ({"source": {"path": "a"}, "direction": "both"}, "rules.1", "can write to a customField only"),
    ({"options": {"a": 1, "b": 1}}, "rules.1", "the same meaning"),
    ({"key": "good"}, "rules", "map a key twice"),
    (
        {"key": "firstName", "source": {"customField": NOWHERE}, "direction": "write"},
        "rules.firstName",
        "itself writes",
    ),
    ({"direction": "sideways"}, "rules.1.direction", "'read', 'write' or 'both'"),
    ({"type": "date"}, "rules.1.type", "'text'"),
    ({"sourc": {}}, "rules.1.sourc", "is not known"),
    ({"source": None}, "rules.1.source", ""),
    ({"key": None}, "rules.1.key", ""),
    ({"options": {"a": [1]}}, "rules.1.options.a.str", ""),
    ({"description": "x" * 501}, "rules.1.description", "at most 500"),
]


@pytest.mark.parametrize("path", [DEFAULTS, MINE, f"{MINE}/preview"])
def test_a_bad_rule_is_named_with_its_reason_and_nothing_saved(stack: Stack, acme: dict[str, str], path: str) -> None:
    before = stack.items()
    good = {"key": "good", "source": {"path": "position"}}

    for rule, field, told in BAD_RULES:
        body = {"rules": [good, {"key": "k", "source": {"path": "position"}, **rule}]}
        answer = stack.call("POST" if path.endswith("preview") else "PUT", path, body=body)

        assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST"), answer.text
        assert field in [one["field"] for one in answer.json["fields"]], rule
        assert told in " ".join(one["message"] for one in answer.json["fields"]), rule
    assert stack.items() == before


def test_a_body_that_is_no_list_of_rules_is_refused(stack: Stack, acme: dict[str, str]) -> None:
    for body in ({}, {"rules": {}}, {"rules": [RULE] * 51}, {"rules": [], "x": 1}, {"rules": ["a"]}):
        assert stack.call("PUT", MINE, body=body).status == 400


@pytest.mark.parametrize("model", ["nothing", "atsNothing"])
def test_a_model_that_is_not_there_has_no_mapping(stack: Stack, acme: dict[str, str], model: str) -> None:
    for path in (f"/v1/connectors/ashby/mappings/{model}", f"/v1/connections/ashby/acme/mappings/{model}"):
        assert stack.call("GET", path).status == 404
        assert stack.call("PUT", path, body={"rules": []}).status == 404


def test_a_rule_whose_field_is_gone_warns_and_costs_nothing_else(stack: Stack, acme: dict[str, str]) -> None:
    field = custom_field(stack, "String")
    rules = [
        {"key": "nick", "source": {"customField": field}},
        {"key": "nickToo", "source": {"customField": field}, "direction": "write"},
        {"key": "zone", "source": {"path": "timezone"}},
    ]
    saved(stack, *rules)
    assert stack.call("GET", MINE).json["warnings"] == []
    organisation = stack.sandbox.organisation
    person = candidate(stack, ada(stack))
    organisation.save("candidate", {**person, "customFieldValues": {}})
    organisation.delete("custom_field", field)

    told = stack.call("GET", MINE).json["warnings"]
    read = stack.call("GET", f"{CONTACTS}/{person['id']}", acme)
    preview = stack.call("POST", f"{MINE}/preview", body={"rules": rules})

    assert {one["code"] for one in told} == {"CONNECTOR::MAPPING::FIELD_GONE"}
    assert [one["message"].split('"')[1] for one in told] == ["nick", "nickToo"]
    assert read.json["fields"]["zone"]
    assert "nick" not in read.json["fields"]
    assert preview.json["warnings"] == told


def test_a_write_to_a_field_that_is_gone_blames_the_field_and_not_the_record(
    stack: Stack, acme: dict[str, str]
) -> None:
    saved(stack, {"key": "nick", "source": {"customField": NOWHERE}, "direction": "both"})

    alone = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"nick": "x"})
    beside = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"nick": "x", "email": "a@new.example"})
    of_nobody = stack.call("PATCH", f"{CONTACTS}/{NOWHERE}", acme, body={"nick": "x"})

    assert (alone.status, alone.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert alone.json["fields"][0]["field"] == "nick"
    assert "does not have" in alone.json["fields"][0]["message"]
    assert alone.json["upstream"]["code"] == "custom_field_not_found"
    assert beside.status == 200
    assert [one["code"] for one in beside.json["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert beside.json["warnings"][0]["message"].startswith("nick was not written")
    assert of_nobody.status == 404


def test_a_value_that_ashby_refuses_is_named_by_our_key(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, {"key": "years", "source": {"customField": custom_field(stack, "Number")}, "direction": "both"})
    before = stack.sandbox.organisation.last_change

    answer = stack.call("PATCH", f"{CONTACTS}/{ada(stack)}", acme, body={"years": "many"})

    assert (answer.status, answer.code) == (400, "CONNECTOR::OPERATION::BAD_REQUEST")
    assert [one["field"] for one in answer.json["fields"]] == ["years"]
    assert "many" not in answer.text
    assert stack.sandbox.organisation.last_change == before


def test_values_that_fail_after_the_record_was_made_are_told_and_can_be_resumed(
    stack: Stack, acme: dict[str, str]
) -> None:
    text, number = custom_field(stack, "String"), custom_field(stack, "Number")
    saved(
        stack,
        {"key": "nick", "source": {"customField": text}, "direction": "both"},
        {"key": "years", "source": {"customField": number}, "direction": "both"},
    )
    before = people(stack)
    fault(stack, "customField.setValues", "status", status=429, retry_after=60, times=1)
    body = {"firstName": "Ada", "nick": "A", "years": 5}
    headers = {**acme, "Idempotency-Key": "k1"}

    first = stack.call("POST", CONTACTS, headers, body=body)
    second = stack.call("POST", CONTACTS, headers, body=body, query={"returnResource": "true"})

    assert (first.status, second.status) == (200, 200)
    assert sorted(one["message"].split()[0] for one in first.json["warnings"]) == ["nick", "years"]
    assert {one["code"] for one in first.json["warnings"]} == {"CONNECTOR::OPERATION::PARTLY_WRITTEN"}
    assert "warnings" not in second.json
    assert second.json["id"] == first.json["id"]
    assert (second.json["fields"]["nick"], second.json["fields"]["years"]) == ("A", 5)
    assert people(stack) == before + 1


# -- preview and sessions ------------------------------------------------------------------------------------------


def test_a_preview_shows_live_records_and_saves_nothing(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, {"key": "zone", "source": {"path": "timezone"}}, path=DEFAULTS)
    before = stack.items()

    answer = stack.call("POST", f"{MINE}/preview", body={"rules": [{"key": "job", "source": {"path": "position"}}]})

    assert answer.status == 200
    assert len(answer.json["data"]) == 3
    first = answer.json["data"][0]
    assert set(first["fields"]) == {"zone", "job"}
    assert (first["id"], first["fields"]["job"]) == (ada(stack), candidate(stack, ada(stack))["position"])
    assert stack.items() == before
    assert "job" not in stack.call("GET", f"{CONTACTS}/{ada(stack)}", acme).json["fields"]


def test_a_preview_shows_what_does_not_fit(stack: Stack, acme: dict[str, str]) -> None:
    rule = {"key": "job", "source": {"path": "position"}, "type": "boolean"}

    page = stack.call("POST", f"{MINE}/preview", body={"rules": [rule]}).json

    assert page["data"][0]["fields"] == {}
    assert [one["code"] for one in page["data"][0]["warnings"]] == ["CONNECTOR::MAPPER::READ_VALIDATION_FAILED"]


def test_a_preview_needs_what_a_list_needs(stack: Stack) -> None:
    stack.connect("acme", operations=["genericContact::fieldRead"])
    answer = stack.call("POST", f"{MINE}/preview", body={"rules": [RULE]})
    assert (answer.status, answer.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")

    stack.connect("other", operations=["genericContact::list"])
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/preview")):
        url = f"/v1/connections/ashby/other/mappings/genericContact{path}"
        answer = stack.call(method, url, body={"rules": [RULE]})
        assert (answer.status, answer.code) == (403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")


def test_a_session_may_change_its_own_mapping_where_the_project_says_so(stack: Stack, acme: dict[str, str]) -> None:
    stack.connect("globex")
    session = stack.session()
    refused = stack.call("PUT", BY_SESSION, session, body={"rules": [RULE]})
    assert (refused.status, refused.code) == (403, "MORPH::SESSION::FORBIDDEN")
    assert stack.call("GET", BY_SESSION, session).json["rules"] == []

    projects().update("pk_test", {"sessionMappings": True})
    forget()
    rules = saved(stack, RULE, path=BY_SESSION, headers=session)["rules"]

    assert rules == stack.call("GET", MINE).json["rules"] == stack.call("GET", BY_SESSION, session).json["rules"]
    other = stack.call("GET", "/v1/connections/ashby/globex/mappings/genericContact")
    assert other.json["rules"] == []
    # A session names no connection but its own, and no project's defaults.
    assert stack.call("PUT", MINE, session, body={"rules": []}).status == 401
    assert stack.call("PUT", DEFAULTS, session, body={"rules": []}).status == 401
    few = stack.session(connection={"operations": ["genericContact::list"]})
    assert stack.call("PUT", BY_SESSION, few, body={"rules": []}).status == 403


# -- at the same time ----------------------------------------------------------------------------------------------


def test_of_two_that_change_a_connection_at_once_one_is_told(
    stack: Stack, acme: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store_module.ConnectionStore.put_mapping
    met: list[int] = []

    def between(self: Any, connection: Any, model: str, rules: Any) -> bool:
        if not met:
            met.append(1)
            # Somebody else changes the connection between our read of it and our write.
            self.change(Reference(stack.project_id, "ashby", "acme"), [*ALL_OPERATIONS[:5]], None)
        return real(self, connection, model, rules)

    monkeypatch.setattr(store_module.ConnectionStore, "put_mapping", between)

    answer = stack.call("PUT", MINE, body={"rules": [RULE]})

    assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::UPDATE_FAILED")
    assert stack.call("GET", "/v1/connections/ashby/acme").json["operations"] == ALL_OPERATIONS[:5]
    stack.call("PATCH", "/v1/connections/ashby/acme", body={"operations": ALL_OPERATIONS})
    assert saved(stack, RULE)["rules"]


def test_a_changed_mapping_is_audited_without_its_rules(stack: Stack, acme: dict[str, str]) -> None:
    saved(stack, RULE)

    kept = [item for (pk, _), item in stack.items().items() if pk.startswith("AUDIT#")]
    (noted,) = [item for item in kept if item["action"]["S"] == "mapping.update"]
    assert noted["outcome"]["S"] == "genericContact"
    assert "town" not in str(noted)
