"""``Idempotency-Key`` over HTTP: writes of several steps go on where they stopped."""

from __future__ import annotations

from tests.integration.idempotency.support import ADA, CONTACTS, EMAIL, keyed, people
from tests.integration.stack import Stack
from tests.integration.test_lifecycle import fault


def test_a_rest_is_written_by_the_same_key_and_nothing_else(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "customField.setValues", "failure", code="invalid_input", times=2)
    body = {**ADA, "grade": "A"}

    first = stack.call("POST", CONTACTS, keyed(acme), body=body).json
    second = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json
    third = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert first["id"] == second["id"] == third["id"]
    for partly in (first, second):
        assert [one["code"] for one in partly["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
        assert partly["warnings"][0]["message"].startswith("grade was not written")
    assert "warnings" not in third
    assert third["fields"]["grade"] == "A"
    assert second["fields"]["email"] == EMAIL
    assert (stack.upstream("candidate.create"), stack.upstream("candidate.update")) == (1, 0)
    assert stack.upstream("customField.setValues") == 3


def test_only_the_links_that_were_left_out_are_written(stack: Stack, acme: dict[str, str], grade: str) -> None:
    fault(stack, "candidate.update", "failure", code="invalid_input", times=1)
    links = [{"type": "YouTube", "url": "https://y.example/"}]
    body = {**ADA, "links": links, "grade": "A"}
    first = stack.call("POST", CONTACTS, keyed(acme), body=body).json
    assert [one["message"].split()[0] for one in first["warnings"]] == ["links"]

    second = stack.call("POST", CONTACTS, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert "warnings" not in second
    assert second["fields"]["links"] == links
    assert (stack.upstream("candidate.create"), stack.upstream("customField.setValues")) == (1, 1)


def test_a_change_goes_on_where_it_stopped(stack: Stack, acme: dict[str, str], grade: str) -> None:
    made = stack.call("POST", CONTACTS, acme, body=ADA).json["id"]
    fault(stack, "customField.setValues", "failure", code="invalid_input", times=1)
    path, body = f"{CONTACTS}/{made}", {"lastName": "King", "grade": "B"}

    first = stack.call("PATCH", path, keyed(acme), body=body).json
    second = stack.call("PATCH", path, keyed(acme), body=body, query={"returnResource": "true"}).json

    assert [one["code"] for one in first["warnings"]] == ["CONNECTOR::OPERATION::PARTLY_WRITTEN"]
    assert "warnings" not in second
    assert (second["fields"]["lastName"], second["fields"]["grade"]) == ("King", "B")
    assert stack.upstream("candidate.update") == 1


def test_values_that_are_written_are_not_said_to_be_missing(stack: Stack, acme: dict[str, str], grade: str) -> None:
    # The key may write candidates and not read them.
    scopes = ("candidatesWrite", "apiKeysRead")
    stack.sandbox.keys.add("write_only", title="Write only", granted=scopes)
    stack.call("POST", "/v1/connections/ashby/acme/authorization", body={"settings": {"apiKey": "write_only"}})

    made = stack.call("POST", CONTACTS, acme, body={**ADA, "grade": "A"}, query={"returnResource": "true"})
    changed = stack.call("PATCH", f"{CONTACTS}/{made.json['id']}", acme, body={"grade": "B"})

    assert (made.status, made.json["object"]) == (200, "resourceRef")
    assert [one["code"] for one in made.json["warnings"]] == ["CONNECTOR::OPERATION::NOT_READ"]
    assert (changed.status, changed.json.get("warnings")) == (200, None)
    assert people(stack)[0]["customFieldValues"][grade] == "B"
