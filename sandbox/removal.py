"""What goes away with a record, and what lets go of it."""

from collections.abc import Callable

from sandbox import pipeline, scheduling
from sandbox.errors import invalid_input
from sandbox.organisation import Organisation
from sandbox.records import find
from sandbox.table import Record


def remove(organisation: Organisation, kind: str, identifier: str) -> None:
    """Remove a record with all that belongs to it.

    Raises its `..._not_found`, and `invalid_input` for a stage or plan that is in use and for the last user or brand.
    """
    record = find(organisation, kind, identifier)
    if kind in _REMOVED:
        _REMOVED[kind](organisation, record)
    else:
        organisation.delete(kind, identifier)


def _candidate(organisation: Organisation, record: Record) -> None:
    for application_id in record["applicationIds"]:
        application = organisation.applications.get(application_id)
        if application is not None:
            pipeline.remove(organisation, application, keep_candidate=False)
    organisation.delete("candidate", record["id"])


def _job(organisation: Organisation, record: Record) -> None:
    job_id = record["id"]
    for application in organisation.where("application", "jobId", job_id):
        pipeline.remove(organisation, application)
    for posting in organisation.where("job_posting", "jobId", job_id):
        _posting(organisation, posting)
    for interview in organisation.where("interview", "jobId", job_id):
        organisation.delete("interview", interview["id"])
    for approval in organisation.where("approval", "entityId", job_id):
        organisation.delete("approval", approval["id"])
    for opening in [opening for opening in organisation.openings if job_id in opening["jobIds"]]:
        left = [other for other in opening["jobIds"] if other != job_id]
        organisation.save("opening", {**opening, "jobIds": left})
    organisation.delete("job", job_id)


def _posting(organisation: Organisation, record: Record) -> None:
    organisation.delete("job_posting", record["id"], detail={"jobId": record["jobId"]})


def _offer(organisation: Organisation, record: Record) -> None:
    process = organisation.offer_processes.get(record["offerProcessId"])
    if process is not None:
        pipeline.remove_process(organisation, process)
    else:
        pipeline.remove_offer(organisation, record)


def _event(organisation: Organisation, record: Record) -> None:
    organisation.delete("interview_event", record["id"], action="cancelled")
    schedule = organisation.interview_schedules.get(record["interviewScheduleId"])
    if schedule is not None:
        left = [event_id for event_id in schedule["eventIds"] if event_id != record["id"]]
        scheduling.refresh(organisation, {**schedule, "eventIds": left})


def _user(organisation: Organisation, record: Record) -> None:
    """Take a user out of pools, interviews and teams; whom they managed has no manager then."""
    user_id = record["id"]
    _refuse_last(organisation, "user")
    for pool in list(organisation.interviewer_pools):
        groups = {
            group: [entry for entry in pool[group] if entry["userId"] != user_id] for group in ("qualified", "trainees")
        }
        if any(groups[group] != pool[group] for group in groups):
            organisation.save("interviewer_pool", {**pool, **groups})
    for event in list(organisation.interview_events):
        left = [entry for entry in event["interviewers"] if entry["userId"] != user_id]
        if left != event["interviewers"]:
            organisation.save("interview_event", {**event, "interviewers": left})
            schedule = find(organisation, "interview_schedule", event["interviewScheduleId"])
            scheduling.refresh(organisation, schedule)
    for managed in organisation.where("user", "managerId", user_id):
        organisation.save("user", {**managed, "managerId": None})
    organisation.delete("user", user_id)


def _brand(organisation: Organisation, record: Record) -> None:
    _refuse_last(organisation, "brand")
    _let_go(organisation, "job", "brandId", record["id"])
    organisation.delete("brand", record["id"])


def _department(organisation: Organisation, record: Record) -> None:
    _let_go(organisation, "job", "departmentId", record["id"])
    _let_go(organisation, "department", "parentId", record["id"])
    organisation.delete("department", record["id"])


def _stage(organisation: Organisation, record: Record) -> None:
    users = (application["interviewStageId"] for application in organisation.applications)
    if record["id"] in users:
        raise invalid_input(("", "There are applications in this stage"))
    organisation.delete("interview_stage", record["id"])


def _plan(organisation: Organisation, record: Record) -> None:
    if any(record["id"] in job["interviewPlanIds"] for job in organisation.jobs):
        raise invalid_input(("", "There are jobs with this plan"))
    for stage in organisation.where("interview_stage", "interviewPlanId", record["id"]):
        _stage(organisation, stage)
    organisation.delete("interview_plan", record["id"])


def _let_go(organisation: Organisation, kind: str, name: str, identifier: str) -> None:
    for record in organisation.where(kind, name, identifier):
        organisation.save(kind, {**record, name: None})


def _refuse_last(organisation: Organisation, kind: str) -> None:
    if len(organisation.tables[kind]) == 1:
        raise invalid_input(("", f"The last {kind} cannot be removed"))


_REMOVED: dict[str, Callable[[Organisation, Record], None]] = {
    "application": pipeline.remove,
    "brand": _brand,
    "candidate": _candidate,
    "department": _department,
    "interview_event": _event,
    "interview_plan": _plan,
    "interview_schedule": pipeline.remove_schedule,
    "interview_stage": _stage,
    "job": _job,
    "job_posting": _posting,
    "offer": _offer,
    "offer_process": pipeline.remove_process,
    "user": _user,
}
