"""API keys: who gets in, and what each key may see."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.organisation import Organisation
from sandbox.permissions import ALL, printed

Ashby = Callable[..., Any]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Basic", 401),
        ("Basic !!!", 401),
        ("Basic " + b64encode(b":").decode(), 401),
        ("Bearer ", 401),
        ("Bearer unknown", 401),
        ("Digest x", 401),
        ("Basic " + b64encode(b"wrong:").decode(), 403),
        ("Basic " + b64encode(b"ashby_local_disabled:").decode(), 403),
        ("Basic " + b64encode(b"ashby_local_full").decode(), 200),
        ("basic " + b64encode(b"ashby_local_full:").decode(), 200),
        ("Basic " + b64encode(b"ashby_local_full:ignored").decode(), 200),
    ],
)
def test_an_authorization_header_gets(header: str | None, status: int, client: httpx.Client) -> None:
    headers = {} if header is None else {"authorization": header}
    assert client.post("/brand.list", json={}, headers=headers).status_code == status


def test_the_full_key_has_every_permission_as_api_key_info_prints_them(ashby: Ashby) -> None:
    assert set(ashby("apiKey.info")["results"]["scopes"]) == {printed(permission) for permission in ALL}


def test_the_readonly_key_reads_and_knows_it_but_cannot_write(ashby: Ashby) -> None:
    scopes = ashby("apiKey.info", key="ashby_local_readonly")["results"]["scopes"]
    assert scopes
    assert all(scope.endswith(":read") for scope in scopes)
    refused = ashby("candidate.create", key="ashby_local_readonly", name="X")
    assert refused["errorInfo"]["code"] == "missing_endpoint_permission"


def test_the_key_without_scopes_cannot_read_its_own(ashby: Ashby) -> None:
    assert ashby("apiKey.info", key="ashby_local_noscopes")["errorInfo"]["code"] == "missing_endpoint_permission"
    assert ashby("candidate.list", key="ashby_local_noscopes")["success"] is True


def test_a_key_made_by_the_admin_route_works_and_can_be_disabled(client: httpx.Client, ashby: Ashby) -> None:
    made = client.post("/_sandbox/keys", json={"key": "mine", "title": "Mine", "permissions": ["apiKeysRead"]}).json()
    assert made["enabled"] is True
    assert ashby("apiKey.info", key="mine")["results"]["scopes"] == ["apiKeys:read"]
    client.post("/_sandbox/keys", json={"key": "mine", "enabled": False})
    assert ashby("apiKey.info", key="mine")["errorInfo"]["code"] == "forbidden"
    client.post("/_sandbox/keys", json={"key": "mine", "enabled": True})
    assert ashby("apiKey.info", key="mine")["results"]["title"] == "Mine"


def test_private_fields_are_shown_only_to_keys_with_the_switch(
    client: httpx.Client, ashby: Ashby, organisation: Organisation
) -> None:
    ada = organisation.people.identifier(0)

    def seen(key: str) -> set[bool]:
        return {value["isPrivate"] for value in ashby("candidate.info", key=key, id=ada)["results"]["customFields"]}

    def defined(key: str) -> set[bool]:
        return {field["isPrivate"] for field in ashby("customField.list", key=key)["results"]}

    assert seen("ashby_local_full") == defined("ashby_local_full") == {True, False}
    assert seen("ashby_local_readonly") == defined("ashby_local_readonly") == {False}
    client.post("/_sandbox/keys", json={"key": "ashby_local_readonly", "privateFields": True})
    assert seen("ashby_local_readonly") == {True, False}


def test_a_private_field_does_not_exist_for_a_key_without_the_switch(
    client: httpx.Client, ashby: Ashby, organisation: Organisation
) -> None:
    client.post("/_sandbox/keys", json={"key": "writer"})
    private = next(field["id"] for field in organisation.custom_fields if field["isPrivate"])
    ada = organisation.people.identifier(0)
    answers = [
        ashby("customField.info", key="writer", customFieldId=private),
        ashby(
            "customField.setValue",
            key="writer",
            objectId=ada,
            objectType="Candidate",
            fieldId=private,
            fieldValue={"value": 1, "currencyCode": "EUR"},
        ),
    ]
    assert [answer["errorInfo"]["code"] for answer in answers] == ["custom_field_not_found"] * 2


def test_private_notes_need_the_switch_to_read_and_to_write(
    client: httpx.Client, ashby: Ashby, organisation: Organisation
) -> None:
    client.post("/_sandbox/keys", json={"key": "writer"})
    ada = organisation.people.identifier(0)
    everything = ashby("candidate.listNotes", candidateId=ada)["results"]
    visible = ashby("candidate.listNotes", key="writer", candidateId=ada)["results"]
    assert [note for note in everything if not note["isPrivate"]] == visible
    assert len(visible) < len(everything)
    refused = ashby("candidate.createNote", key="writer", candidateId=ada, note="x", isPrivate=True)
    assert refused["errorInfo"]["code"] == "insufficient_permissions"


def test_confidential_applications_and_projects_need_the_switch(ashby: Ashby, organisation: Organisation) -> None:
    application = next(
        one
        for one in organisation.applications
        if organisation.jobs.get(one["jobId"])["confidential"]  # type: ignore[index] - it is there
    )
    candidate = application["candidateId"]
    full = ashby("candidate.info", id=candidate)["results"]["applicationIds"]
    limited = ashby("candidate.info", key="ashby_local_readonly", id=candidate)["results"]["applicationIds"]
    assert set(full) - set(limited) == {application["id"]}
    secret = next(project for project in organisation.projects if project["confidential"])
    titles = [project["title"] for project in ashby("project.list", key="ashby_local_readonly")["results"]]
    assert secret["title"] not in titles
    hidden = ashby("project.info", key="ashby_local_readonly", projectId=secret["id"])
    assert hidden["errorInfo"]["code"] == "project_not_found"
    assert ashby("project.info", projectId=secret["id"])["success"] is True


def test_acting_on_behalf_of_a_user_makes_them_the_author(client: httpx.Client, organisation: Organisation) -> None:
    users = list(organisation.users)
    body = {"candidateId": organisation.people.identifier(0), "note": "Mine"}

    def create(key: str, user_id: str) -> Any:
        answer = client.post("/candidate.createNote", json=body, auth=(key, ""), headers={"x-on-behalf-of": user_id})
        return answer.json()

    assert create("ashby_local_full", users[5]["id"])["results"]["author"]["id"] == users[5]["id"]
    assert create("ashby_local_full", "nobody")["errorInfo"]["code"] == "user_not_found"
    deactivated = next(user["id"] for user in users if not user["isEnabled"])
    assert create("ashby_local_full", deactivated)["errorInfo"]["code"] == "user_not_found"
    client.post("/_sandbox/keys", json={"key": "writer"})
    assert create("writer", users[5]["id"])["errorInfo"]["code"] == "insufficient_permissions"


def test_the_call_log_tells_keys_apart_without_giving_them_away(client: httpx.Client, ashby: Ashby) -> None:
    ashby("brand.list")
    ashby("user.list", key="ashby_local_readonly")
    client.post("/brand.list", json={})
    calls = client.get("/_sandbox/calls").json()["calls"]
    assert [(call["endpoint"], call["status"]) for call in calls] == [
        ("brand.list", 200),
        ("user.list", 200),
        ("brand.list", 401),
    ]
    names = [call["key"] for call in calls]
    assert len(set(names)) == 3
    assert names[2] == "-"
    assert not any("ashby_local" in name for name in names)
    known = {key["keyId"] for key in client.get("/_sandbox/").json()["keys"]}
    assert set(names[:2]) <= known
