"""Every endpoint succeeds, and what it returns has the published form."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.endpoints import load_endpoints
from sandbox.organisation import Organisation

Ashby = Callable[..., tuple[int, dict[str, Any]]]
ValidBodies = Callable[[str], list[dict[str, Any]]]


@pytest.mark.parametrize("endpoint", sorted(load_endpoints()))
def test_valid_calls_succeed(endpoint: str, ashby: Ashby, valid_bodies: ValidBodies) -> None:
    for body in valid_bodies(endpoint):
        status, answer = ashby(endpoint, body)
        assert status == 200
        assert answer["success"] is True, answer


@pytest.mark.parametrize("key", ["ashby_local_full", "ashby_local_readonly", "ashby_local_noscopes"])
def test_every_candidate_is_listed_and_retrieved_alike(key: str, ashby: Ashby) -> None:
    listed: list[dict[str, Any]] = []
    body: dict[str, Any] = {"limit": 37}
    while True:
        _, page = ashby("candidate.list", body, key=key)
        listed += page["results"]
        if not page["moreDataAvailable"]:
            break
        body["cursor"] = page["nextCursor"]
    assert len({candidate["id"] for candidate in listed}) == len(listed) == 300
    for candidate in listed:
        assert ashby("candidate.info", {"id": candidate["id"]}, key=key)[1]["results"] == candidate
        ashby("candidate.listNotes", {"candidateId": candidate["id"]}, key=key)


def test_every_file_handle_leads_to_a_file(ashby: Ashby, client: httpx.Client) -> None:
    files = [
        file
        for page in ({"limit": 100},)
        for one in ashby("candidate.list", page)[1]["results"]
        for file in one["fileHandles"]
    ]
    assert len(files) > 20
    for file in files:
        _, answer = ashby("file.info", {"fileHandle": file["handle"]})
        assert client.get(answer["results"]["url"]).content.startswith(b"%PDF")


@pytest.mark.parametrize("kind", ["custom_field", "user", "candidate_tag", "department", "location", "project"])
def test_every_record_of_a_kind_is_retrieved(kind: str, ashby: Ashby, organisation: Organisation) -> None:
    endpoints = {
        "custom_field": ("customField.info", "customFieldId"),
        "user": ("user.info", "userId"),
        "candidate_tag": ("candidateTag.archive", "tagId"),
        "department": ("department.info", "departmentId"),
        "location": ("location.info", "locationId"),
        "project": ("project.info", "projectId"),
    }
    endpoint, parameter = endpoints[kind]
    for record in organisation.tables[kind]:
        assert ashby(endpoint, {parameter: record["id"]})[1]["results"]["id"] == record["id"]
