"""Which webhooks a change sends and what they carry: the same as the endpoints show."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.categories.webhook import SET_BY_HAND, WEBHOOK_TYPES
from sandbox.organisation import Organisation
from sandbox.table import Record
from tests.unit.sandbox.hiring import EVENT, SALARY, Ashby, everyone, free_application
from tests.unit.sandbox.receiving import Receiver, Steering


@pytest.fixture
def listening(steering: Steering) -> Steering:
    """Have a setting for every type there is."""
    steering.listen((*WEBHOOK_TYPES, *SET_BY_HAND))
    return steering


@pytest.fixture
def sent(listening: Steering, receiver: Receiver) -> Callable[[], list[str]]:
    """Return the actions received since the last call, which must share one webhookActionId."""

    def collect() -> list[str]:
        listening.quiet()
        actions = receiver.actions
        assert len({body["webhookActionId"] for body in receiver.bodies}) <= 1
        receiver.received.clear()
        return actions

    return collect


def test_an_application_is_sent_as_lists_show_it(
    listening: Steering, receiver: Receiver, ashby: Ashby, organisation: Organisation
) -> None:
    candidate, job = organisation.people.identifier(1), next(iter(organisation.jobs))["id"]
    made = ashby("application.create", candidateId=candidate, jobId=job)["results"]
    listening.quiet()
    [shown] = [one for one in everyone(ashby) if one["id"] == made["id"]]
    assert receiver.body("applicationSubmit")["data"] == {"application": shown}
    assert "applicationHistory" not in shown
    assert receiver.actions == ["applicationSubmit"]


def test_what_an_application_goes_through(
    sent: Callable[[], list[str]],
    ashby: Ashby,
    organisation: Organisation,
    client: httpx.Client,
    first: Record,
    stages: dict[str, str],
) -> None:
    identifier = first["id"]
    ashby("application.update", applicationId=identifier, sourceId=None)
    assert sent() == ["applicationUpdate"]
    ashby("application.changeSource", applicationId=identifier, sourceId=next(iter(organisation.sources))["id"])
    assert sent() == ["applicationUpdate"]
    ashby("application.changeStage", applicationId=identifier, interviewStageId=stages["Offer"])
    assert sent() == ["applicationUpdate", "candidateStageChange"]
    client.post(f"/_sandbox/applications/{identifier}", json={"status": "Hired"})
    assert sent() == ["applicationUpdate", "candidateHire", "candidateStageChange"]
    client.post(f"/_sandbox/applications/{identifier}/push")
    assert sent() == ["pushToHRIS"]
    ashby("application.delete", applicationId=identifier)
    assert sent() == []


def test_only_what_is_set_up_is_sent(
    steering: Steering, receiver: Receiver, client: httpx.Client, first: Record
) -> None:
    steering.listen(["candidateHire", "candidateHire", "applicationUpdate"])
    client.post(f"/_sandbox/applications/{first['id']}", json={"status": "Hired"})
    steering.quiet()
    assert receiver.actions == ["applicationUpdate", "candidateHire", "candidateHire"]
    assert len({body["webhookActionId"] for body in receiver.bodies}) == 1


def test_a_hire_carries_the_offer_accepted_last(
    listening: Steering,
    receiver: Receiver,
    ashby: Ashby,
    client: httpx.Client,
    make: Callable[..., Any],
    form: dict[str, Any],
) -> None:
    offer = make(form, rule="none")["results"]
    ashby("offer.setStatus", offerId=offer["id"], acceptanceStatus="Accepted")
    client.post(f"/_sandbox/applications/{offer['applicationId']}", json={"status": "Hired"})
    listening.quiet()
    data = receiver.body("candidateHire")["data"]
    assert data["application"]["status"] == "Hired"
    assert data["offer"] == ashby("offer.info", offerId=offer["id"])["results"]
    assert "offer" not in receiver.body("candidateStageChange")["data"]


def test_offers(
    sent: Callable[[], list[str]],
    listening: Steering,
    receiver: Receiver,
    ashby: Ashby,
    client: httpx.Client,
    make: Callable[..., Any],
    form: dict[str, Any],
) -> None:
    offer = make(form)["results"]
    listening.quiet()
    assert receiver.body("offerCreate")["data"] == {"offer": offer}
    assert {"versions", "latestVersion", "formDefinition"} <= set(offer)
    assert sent() == ["offerCreate"]
    submitted = [
        {"path": path, "value": value}
        for path, value in {**form, SALARY: {"currencyCode": "EUR", "value": 95_000}}.items()
    ]
    ashby("offer.update", offerId=offer["id"], offerForm={"fieldSubmissions": submitted})
    assert sent() == ["offerUpdate"]
    client.delete(f"/_sandbox/records/offer/{offer['id']}")
    listening.quiet()
    gone = receiver.body("offerDelete")["data"]
    assert gone == {"offer": {"id": offer["id"], "applicationId": offer["applicationId"]}}
    assert sent() == ["offerDelete"]


def test_interview_schedules(
    sent: Callable[[], list[str]],
    listening: Steering,
    receiver: Receiver,
    ashby: Ashby,
    organisation: Organisation,
    client: httpx.Client,
    first: Record,
) -> None:
    made = ashby("interviewSchedule.create", applicationId=first["id"], interviewEvents=[EVENT])["results"]
    listening.quiet()
    assert receiver.body("interviewScheduleCreate")["data"] == {"interviewSchedule": made}
    updated = receiver.body("interviewScheduleUpdate")["data"]
    assert updated == {"interviewSchedule": {**made, "candidateId": first["candidateId"]}}
    assert sent() == ["interviewScheduleCreate", "interviewScheduleUpdate"]
    ashby("interviewSchedule.update", interviewScheduleId=made["id"], interviewEvent=EVENT)
    assert sent() == ["interviewScheduleUpdate"]
    event = made["interviewEvents"][0]["id"]
    client.post(f"/_sandbox/interview-events/{event}", json={"hasSubmittedFeedback": True})
    assert sent() == ["interviewScheduleUpdate"]
    ashby("interviewSchedule.cancel", id=made["id"])
    assert sent() == ["interviewScheduleUpdate"]


def test_jobs_and_postings(
    sent: Callable[[], list[str]],
    listening: Steering,
    receiver: Receiver,
    ashby: Ashby,
    organisation: Organisation,
    client: httpx.Client,
) -> None:
    job = next(job for job in organisation.jobs if organisation.where("job_posting", "jobId", job["id"]))
    made = ashby(
        "job.create", title="New", teamId=job["departmentId"], locationId=next(iter(organisation.locations))["id"]
    )["results"]
    listening.quiet()
    assert receiver.body("jobCreate")["data"] == {"job": made}
    assert sent() == ["jobCreate"]
    changed = ashby("job.update", jobId=job["id"], title="Changed")["results"]
    listening.quiet()
    assert receiver.body("jobUpdate")["data"] == {"job": changed}
    assert sent() == ["jobUpdate"]
    posting = organisation.where("job_posting", "jobId", job["id"])[0]
    ashby("jobPosting.update", jobPostingId=posting["id"], title="Other")
    listening.quiet()
    listed = next(one for one in ashby("jobPosting.list")["results"] if one["id"] == posting["id"])
    assert receiver.body("jobPostingUpdate")["data"] == {"jobPosting": listed}
    assert sent() == ["jobPostingUpdate"]
    for published, action in ((False, "jobPostingUnpublish"), (True, "jobPostingPublish")):
        client.patch(f"/_sandbox/records/job_posting/{posting['id']}", json={"changes": {"isPublished": published}})
        assert sent() == [action, "jobPostingUpdate"] if action < "jobPostingUpdate" else ["jobPostingUpdate", action]
    client.delete(f"/_sandbox/records/job_posting/{posting['id']}")
    listening.quiet()
    gone = receiver.body("jobPostingDelete")["data"]
    assert gone == {"jobPosting": {"id": posting["id"], "jobId": job["id"]}}
    receiver.received.clear()
    opening = listening.post("records/opening")["id"]
    listening.quiet()
    shown = ashby("opening.info", openingId=opening)["results"]
    assert receiver.body("openingCreate")["data"] == {"opening": shown}


def test_a_job_switched_to_another_plan_takes_its_applications_along(
    listening: Steering, receiver: Receiver, ashby: Ashby, organisation: Organisation, first: Record
) -> None:
    job_id, before = first["jobId"], first["interviewPlanId"]
    plan = next(plan for plan in organisation.interview_plans if plan["id"] != before and not plan["isArchived"])
    listening.post(f"jobs/{job_id}/transition", interviewPlanId=plan["id"])
    listening.quiet()
    assert receiver.actions == ["interviewPlanTransition", "jobUpdate"]
    assert len({body["webhookActionId"] for body in receiver.bodies}) == 1
    data = receiver.body("interviewPlanTransition")["data"]
    assert (data["jobId"], data["fromInterviewPlan"]["id"]) == (job_id, before)
    assert data["toInterviewPlan"] == {"id": plan["id"], "title": plan["title"]}
    mapped = {pair["fromInterviewStageId"]: pair["toInterviewStageId"] for pair in data["interviewStageMappings"]}
    shown = ashby("application.info", applicationId=first["id"])["results"]
    assert shown["currentInterviewStage"]["id"] == mapped[first["interviewStageId"]]
    assert shown["currentInterviewStage"]["interviewPlanId"] == plan["id"]
    assert ashby("job.info", id=job_id)["results"]["defaultInterviewPlanId"] == plan["id"]
    refused = listening.client.post(f"/_sandbox/jobs/{job_id}/transition", json={"interviewPlanId": plan["id"]})
    assert refused.status_code == 400


def test_candidates_send_only_that_they_are_gone(
    sent: Callable[[], list[str]],
    listening: Steering,
    receiver: Receiver,
    ashby: Ashby,
    organisation: Organisation,
    client: httpx.Client,
) -> None:
    one, other, third = (organisation.people.identifier(position) for position in (5, 6, 7))
    ashby("candidate.create", name="New")
    ashby("candidate.update", candidateId=one, name="Changed")
    ashby("candidate.anonymize", candidateId=third)
    assert sent() == []
    client.post("/_sandbox/candidates/merge", json={"survivorId": one, "loserId": other})
    listening.quiet()
    merged = receiver.body("candidateMerge")["data"]
    assert merged == {"deletedCandidate": {"id": other}, "mergedCandidate": {"id": one}}
    assert sent() == ["candidateMerge"]
    client.delete(f"/_sandbox/candidates/{organisation.people.identifier(1)}")
    listening.quiet()
    assert receiver.body("candidateDelete")["data"] == {"candidate": {"id": organisation.people.identifier(1)}}


def test_a_bulk_import_sends_nothing(
    sent: Callable[[], list[str]], listening: Steering, ashby: Ashby, first: Record
) -> None:
    made = listening.post("candidates", count=3, jobId=first["jobId"])["ids"]
    assert sent() == []
    listed = ashby("candidate.info", id=made[0])["results"]["applicationIds"]
    assert ashby("application.info", applicationId=listed[0])["results"]["job"]["id"] == first["jobId"]
    assert listening.client.post("/_sandbox/candidates", json={"count": 1, "jobId": made[0]}).status_code == 404


def test_a_quiet_change_sends_nothing(
    sent: Callable[[], list[str]], listening: Steering, client: httpx.Client, first: Record
) -> None:
    path = f"/_sandbox/records/application/{first['id']}"
    client.patch(path, json={"changes": {"sourceId": None}, "quiet": True})
    listening.post("records/job", quiet=True)
    client.request("DELETE", path, json={"quiet": True})
    assert sent() == []
    listening.post("records/job")
    assert sent() == ["jobCreate"]


def test_webhooks_show_confidential_jobs_and_private_fields(
    listening: Steering, receiver: Receiver, ashby: Ashby, organisation: Organisation, limited: str
) -> None:
    confidential = next(job for job in organisation.jobs if job["confidential"] and job["status"] == "Open")
    application = next(one for one in organisation.applications if one["jobId"] == confidential["id"])
    ashby("application.update", applicationId=application["id"], sourceId=None)
    listening.quiet()
    assert receiver.body("applicationUpdate")["data"]["application"]["job"]["id"] == confidential["id"]
    assert ashby("application.info", key=limited, applicationId=application["id"])["success"] is False


def test_an_offer_process_without_an_offer_sends_nothing(
    sent: Callable[[], list[str]], ashby: Ashby, organisation: Organisation, client: httpx.Client
) -> None:
    application = free_application(organisation, "needed")
    process = ashby("offerProcess.start", applicationId=application["id"])["results"]
    client.delete(f"/_sandbox/records/offer_process/{process['id']}")
    assert sent() == []
