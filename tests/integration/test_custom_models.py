"""A project's own model works wherever a built-in one does, and is tried on a live account before it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.stack import Stack

DEPARTMENT: dict[str, Any] = {
    "name": "Department",
    "endpoints": {
        "list": {
            "endpoint": "department.list",
            "body": {"includeArchived": True},
            "permission": "organizationRead",
        },
        "retrieve": {
            "endpoint": "department.info",
            "idParameter": "departmentId",
            "permission": "organizationRead",
        },
    },
    "createdAtPath": "createdAt",
    "updatedAtPath": "updatedAt",
    "fields": [
        {"key": "name", "type": "text", "source": {"path": "name"}},
        {"key": "isActive", "type": "boolean", "source": {"expression": "!isArchived"}},
    ],
}
# candidateTag has a create, and an archive that stands for a delete.
TAG: dict[str, Any] = {
    "name": "Tag",
    "endpoints": {
        "list": {"endpoint": "candidateTag.list", "permission": "hiringProcessMetadataRead"},
        "create": {"endpoint": "candidateTag.create", "permission": "hiringProcessMetadataWrite"},
        "delete": {
            "endpoint": "candidateTag.archive",
            "idParameter": "tagId",
            "permission": "hiringProcessMetadataWrite",
        },
    },
    "fields": [
        {"key": "title", "type": "text", "source": {"path": "title"}, "parameter": "title", "required": True},
        {"key": "isArchived", "type": "boolean", "source": {"path": "isArchived"}},
    ],
}


def define(stack: Stack, name: str, definition: dict[str, Any], owner: str = "acme") -> Any:
    """Define a model, tried on a connection."""
    return stack.call("PUT", f"/v1/connections/ashby/{owner}/models/{name}", body=definition)


def give(stack: Stack, *operations: str) -> None:
    """Give the connection these operations and no others."""
    assert stack.call("PATCH", "/v1/connections/ashby/acme", body={"operations": list(operations)}).status == 200


@pytest.fixture
def defined(stack: Stack) -> Stack:
    """Have a connected account and both models."""
    stack.connect()
    assert define(stack, "atsDepartment", DEPARTMENT).status == 200
    assert define(stack, "atsTag", TAG).status == 200
    return stack


def test_a_definition_is_tried_and_shows_what_it_reads(stack: Stack) -> None:
    stack.connect()
    before = stack.upstream("department.list")
    answer = define(stack, "atsDepartment", DEPARTMENT)

    assert answer.status == 200
    tried = answer.json["tried"]
    assert tried[0]["model"] == "atsDepartment"
    assert tried[0]["fields"].keys() == {"name", "isActive"}
    assert stack.upstream("department.list") == before + 1


def test_a_definition_whose_list_fails_is_not_kept(stack: Stack) -> None:
    stack.connect()
    before = stack.items()
    wrong = {**DEPARTMENT, "endpoints": {"list": {"endpoint": "nothing.list"}}}

    assert define(stack, "atsDepartment", wrong).status == 400
    assert stack.items() == before


def test_a_custom_model_is_listed_in_pages_read_and_described(defined: Stack) -> None:
    give(defined, "atsDepartment::list", "atsDepartment::retrieve", "atsDepartment::fieldRead")
    headers = defined.of("acme")
    ids: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = defined.call("GET", "/v1/resources/atsDepartment", headers, query=query).json
        ids += [resource["id"] for resource in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert ids == [department["id"] for department in defined.sandbox.organisation.departments]
    one = defined.call("GET", f"/v1/resources/atsDepartment/{ids[0]}", headers).json
    assert one["fields"]["name"] == _held(defined.sandbox.organisation.departments, ids[0])["name"]
    fields = defined.call("GET", "/v1/models/atsDepartment/fields", headers).json["data"]
    assert [field["key"] for field in fields] == ["name", "isActive"]


def test_a_custom_model_writes_by_its_parameters_and_deletes_by_its_endpoint(defined: Stack) -> None:
    give(defined, "atsTag::create", "atsTag::delete")
    headers = defined.of("acme")
    made = defined.call("POST", "/v1/resources/atsTag", headers, body={"title": "Met at PyCon"})

    assert made.status == 200
    tag = _held(defined.sandbox.organisation.candidate_tags, made.json["id"])
    assert tag["title"] == "Met at PyCon"
    assert defined.call("DELETE", f"/v1/resources/atsTag/{tag['id']}", headers).status == 204
    assert _held(defined.sandbox.organisation.candidate_tags, tag["id"])["isArchived"] is True


def test_what_the_definition_does_not_name_is_refused(defined: Stack) -> None:
    give(defined, "atsTag::create")
    headers = defined.of("acme")

    assert defined.call("PATCH", "/v1/resources/atsTag/x", headers, body={"title": "t"}).status == 501
    wrong = defined.call("POST", "/v1/resources/atsTag", headers, body={"title": "t", "isArchived": True})
    assert [field["field"] for field in wrong.json["fields"]] == ["isArchived"]
    assert defined.call("POST", "/v1/resources/atsTag", headers, body={}).json["fields"][0]["field"] == "title"


def test_operations_of_custom_models_are_known_and_enforced(defined: Stack) -> None:
    give(defined, "atsTag::list")
    headers = defined.of("acme")

    assert defined.call("GET", "/v1/resources/atsTag", headers).status == 200
    assert defined.call("GET", "/v1/resources/atsDepartment", headers).status == 403
    unknown = {"operations": ["atsTag::update", "atsNothing::list"]}
    assert defined.call("PATCH", "/v1/connections/ashby/acme", body=unknown).status == 400


def test_a_key_without_the_definitions_permission_is_told_which(defined: Stack) -> None:
    give(defined, "atsTag::create")
    connection = "/v1/connections/ashby/acme/authorization"
    defined.call("POST", connection, body={"settings": {"apiKey": "ashby_local_readonly"}})

    answer = defined.call("POST", "/v1/resources/atsTag", defined.of("acme"), body={"title": "t"})

    assert (answer.status, answer.json["permission"]) == (403, "hiringProcessMetadataWrite")
    assert defined.upstream("candidateTag.create") == 0


def test_definitions_are_listed_read_and_removed(defined: Stack) -> None:
    listed = defined.call("GET", "/v1/connectors/ashby/models").json["data"]
    assert {found["model"] for found in listed} == {"atsDepartment", "atsTag"}
    path = "/v1/connectors/ashby/models/atsTag"
    assert defined.call("GET", path).json["definition"]["name"] == "Tag"

    assert defined.call("DELETE", path).status == 204
    assert defined.call("GET", path).status == 404
    assert defined.call("DELETE", path).status == 404


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        ("genericContact", {}, "model"),
        ("Ats", {}, "model"),
        ("atsThing", {"endpoints": {"list": {"endpoint": "department.create"}}}, "endpoints.list"),
        ("atsThing", {"endpoints": {"list": {"endpoint": "../x"}}}, "endpoints.list"),
        ("atsThing", {"endpoints": {"retrieve": {"endpoint": "department.info"}}}, "endpoints.retrieve"),
        ("atsThing", {"endpoints": {"create": {"endpoint": "department.list"}}}, "endpoints.create"),
        ("atsThing", {"fields": [{"key": "a b", "type": "text", "source": {"path": "a"}}]}, "fields.0"),
        ("atsThing", {"fields": [{"key": "a", "type": "money", "source": {"path": "a"}}]}, "fields.0"),
        ("atsThing", {"fields": [{"key": "a", "type": "reference:x", "source": {"path": "a"}}]}, "fields.0"),
        ("atsThing", {"fields": [{"key": "a", "type": "text", "source": {"expression": "a["}}]}, "fields.0"),
        ("atsThing", {"fields": [{"key": "a", "type": "text", "source": {}}]}, "fields.0"),
        ("atsThing", {"fields": [{"key": "a", "type": "text", "source": {"path": "a"}}] * 2}, "fields"),
        ("atsThing", {"fields": []}, "fields"),
        ("atsThing", {"colour": "red"}, "colour"),
    ],
)
def test_a_definition_that_cannot_be_is_named_and_nothing_is_kept(
    stack: Stack, name: str, change: dict[str, Any], named: str
) -> None:
    stack.connect()
    before = stack.items()

    answer = define(stack, name, {**DEPARTMENT, **change})

    assert answer.status == 400
    assert named in {field["field"] for field in answer.json["fields"]}
    assert stack.items() == before


def test_another_project_has_no_part_in_it(defined: Stack) -> None:
    defined.public_key, defined.secret_key = _another_project()

    assert defined.call("GET", "/v1/connectors/ashby/models").json["data"] == []
    assert defined.call("GET", "/v1/connectors/ashby/models/atsTag").status == 404
    assert define(defined, "atsTag", TAG).status == 404


def _held(table: Any, record_id: str) -> Any:
    found = table.get(record_id)
    assert found is not None
    return found


def _another_project() -> tuple[str, str]:
    from unified.projects import projects

    project = projects().create("Other", public_key=None, redirect_urls=())
    return project.public_key, projects().add_secret(project.public_key)[1]
