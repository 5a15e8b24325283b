"""The admin routes: looking at the state and steering it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.organisation import Organisation

Ashby = Callable[..., Any]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_the_summary_counts_records_and_calls(client: httpx.Client, ashby: Ashby) -> None:
    ashby("candidate.create", name="X")
    ashby("candidate.list")
    ashby("candidate.list")
    summary = client.get("/_sandbox/").json()
    assert summary["counts"]["candidate"] == 121
    assert summary["calls"]["byEndpoint"] == {"candidate.create": 1, "candidate.list": 2}
    assert list(summary["calls"]["byKey"].values()) == [summary["calls"]["byEndpoint"]]
    assert summary["lastChange"] == 1
    assert client.get("/_sandbox").json() == summary


def test_the_call_log_holds_the_latest_and_no_bodies(client: httpx.Client, ashby: Ashby) -> None:
    for _ in range(3):
        ashby("candidate.search", email="secret@example.com")
    calls = client.get("/_sandbox/calls?limit=2").json()["calls"]
    assert [sorted(call) for call in calls] == [["at", "endpoint", "fault", "key", "status"]] * 2
    assert client.get("/_sandbox/calls?limit=0").json() == {"calls": []}
    assert client.get("/_sandbox/calls?limit=x").status_code == 400


def test_reset_restores_the_seeded_organisation_and_forgets_everything(
    client: httpx.Client, ashby: Ashby, organisation: Organisation
) -> None:
    before = ashby("candidate.list")["results"]
    ashby("candidate.update", candidateId=before[0]["id"], name="Changed")
    client.post("/_sandbox/keys", json={"key": "mine"})
    client.post("/_sandbox/faults", json={"endpoint": "*", "kind": "status"})
    assert client.post("/_sandbox/reset").json() == {"candidates": 120, "seed": 7}
    assert ashby("candidate.list")["results"] == before
    assert ashby("candidate.list", key="mine")["success"] is False
    assert client.post("/_sandbox/reset", json={"candidates": 5, "seed": 9}).json() == {"candidates": 5, "seed": 9}
    assert len(ashby("candidate.list")["results"]) == 5


def test_a_bulk_import_adds_candidates(client: httpx.Client, ashby: Ashby) -> None:
    given = [{"name": "A", "email": "a@import.example"}, {"name": "B"}]
    assert len(client.post("/_sandbox/candidates", json={"candidates": given}).json()["ids"]) == 2
    assert len(client.post("/_sandbox/candidates", json={"count": 150}).json()["ids"]) == 150
    assert ashby("candidate.search", email="a@import.example")["results"][0]["name"] == "A"
    assert client.get("/_sandbox/").json()["counts"]["candidate"] == 272


def test_the_raw_state_of_a_candidate_shows_its_applications_and_notes(
    client: httpx.Client, organisation: Organisation
) -> None:
    raw = client.get(f"/_sandbox/candidates/{organisation.people.identifier(0)}").json()
    assert [application["id"] for application in raw["applications"]] == raw["applicationIds"]
    assert len(raw["notes"]) == 3
    assert client.get(f"/_sandbox/candidates/{UNKNOWN}").status_code == 404


def test_touching_a_candidate_changes_it(client: httpx.Client, organisation: Organisation, ashby: Ashby) -> None:
    identifier = organisation.people.identifier(1)
    before = ashby("candidate.info", id=identifier)["results"]
    client.post(f"/_sandbox/candidates/{identifier}/touch")
    touched = ashby("candidate.info", id=identifier)["results"]
    assert touched["updatedAt"] > before["updatedAt"]
    client.post(f"/_sandbox/candidates/{identifier}/touch", json={"company": "New Ltd"})
    assert ashby("candidate.info", id=identifier)["results"]["company"] == "New Ltd"
    assert [change["action"] for change in client.get("/_sandbox/changes?after=1").json()["changes"]] == ["updated"]


def test_deleting_a_candidate_takes_its_applications_along(
    client: httpx.Client, organisation: Organisation, ashby: Ashby
) -> None:
    identifier = organisation.people.identifier(0)
    applications = ashby("candidate.info", id=identifier)["results"]["applicationIds"]
    assert client.delete(f"/_sandbox/candidates/{identifier}").json() == {"id": identifier}
    assert ashby("candidate.info", id=identifier)["success"] is False
    assert [organisation.applications.get(application) for application in applications] == [None, None]
    assert client.delete(f"/_sandbox/candidates/{identifier}").status_code == 404


def test_merging_two_candidates(client: httpx.Client, organisation: Organisation) -> None:
    one, other = (organisation.people.identifier(position) for position in (5, 6))

    def merge(survivor: str, loser: str) -> httpx.Response:
        return client.post("/_sandbox/candidates/merge", json={"survivorId": survivor, "loserId": loser})

    assert merge(one, other).json()["id"] == one
    assert client.get("/_sandbox/").json()["merged"][other] == one
    assert merge(one, other).status_code == 404
    assert merge(one, one).status_code == 400


def test_a_user_can_be_changed(client: httpx.Client, organisation: Organisation, ashby: Ashby) -> None:
    user = next(iter(organisation.users))["id"]
    client.post(f"/_sandbox/users/{user}", json={"isEnabled": False, "lastName": "Changed"})
    shown = ashby("user.info", userId=user)["results"]
    assert (shown["isEnabled"], shown["lastName"]) == (False, "Changed")
    assert user not in [one["id"] for one in ashby("user.list")["results"]]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sandbox/keys", {"key": "x", "permissions": ["everything"]}),
        ("/_sandbox/reset", {"candidates": -1}),
        ("/_sandbox/reset", []),
        ("/_sandbox/rate-limit", {"perMinut": 5}),
        ("/_sandbox/tokens/lifetime", {}),
    ],
)
def test_a_wrong_body_is_a_400_that_says_why(path: str, body: Any, client: httpx.Client) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["errorInfo"]["message"]


def test_a_job_made_confidential_takes_its_applications_out_of_sight(
    ashby: Ashby, client: httpx.Client, organisation: Organisation
) -> None:
    client.post("/_sandbox/keys", json={"key": "limited"})
    application = next(iter(organisation.applications))
    body = {"applicationId": application["id"]}
    assert ashby("application.info", key="limited", **body)["success"] is True
    assert client.post(f"/_sandbox/jobs/{application['jobId']}", json={"confidential": True}).status_code == 200
    assert ashby("application.info", key="limited", **body)["errorInfo"]["code"] == "application_not_found"
    assert ashby("application.info", **body)["results"]["job"]["id"] == application["jobId"]


def test_setting_a_status_moves_the_application_to_a_stage_that_has_it(
    ashby: Ashby, client: httpx.Client, organisation: Organisation
) -> None:
    application = next(iter(organisation.applications))
    for status in ("Archived", "Lead", "Hired", "Active", "Active"):
        client.post(f"/_sandbox/applications/{application['id']}", json={"status": status})
        view = ashby("application.info", applicationId=application["id"])["results"]
        assert view["status"] == status
        assert view["currentInterviewStage"]["type"] == status
        assert view["currentInterviewStage"]["interviewPlanId"] == application["interviewPlanId"]
        assert ("archiveReason" in view) is (status == "Archived")


def test_a_key_is_widened_and_narrowed_while_it_is_in_use(
    ashby: Ashby, client: httpx.Client, organisation: Organisation
) -> None:
    job = next(job for job in organisation.jobs if job["confidential"] and job["status"] == "Open")
    client.post("/_sandbox/keys", json={"key": "mine", "confidential": True})
    assert ashby("job.info", key="mine", id=job["id"])["success"] is True
    client.post("/_sandbox/keys", json={"key": "mine", "confidential": False})
    assert ashby("job.info", key="mine", id=job["id"])["errorInfo"]["code"] == "job_not_found"
    client.post("/_sandbox/keys", json={"key": "mine", "permissions": ["candidatesRead"]})
    assert ashby("job.info", key="mine", id=job["id"])["errorInfo"]["code"] == "missing_endpoint_permission"
