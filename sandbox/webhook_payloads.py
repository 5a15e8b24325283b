"""Which webhooks a change sends, and what each one carries.

Source: the webhook reference and its payload schemas; what they leave open is in docs/sandbox.md. Webhooks belong to
no key: they show private fields and confidential jobs.
"""

from collections.abc import Callable
from typing import Any

from sandbox import application_views, interview_views, job_views, offer_views, posting_views
from sandbox.credentials import Principal
from sandbox.organisation import Change, Organisation
from sandbox.table import Record

_EVERYTHING = Principal(
    key_id="webhook",
    title="Webhooks",
    created_at=0,
    permissions=frozenset(),
    private_fields=True,
    confidential=True,
)

# By kind and action of a change: the webhooks it sends, the one it is about first. Those of one change share their
# webhookActionId. A candidate's own change sends none, and neither does the deletion of an application.
_SENT: dict[tuple[str, str], tuple[str, ...]] = {
    ("application", "created"): ("applicationSubmit",),
    ("application", "updated"): ("applicationUpdate",),
    ("application", "source_changed"): ("applicationUpdate",),
    ("application", "transferred"): ("applicationUpdate",),
    ("application", "stage_changed"): ("candidateStageChange", "applicationUpdate"),
    ("application", "pushed"): ("pushToHRIS",),
    ("candidate", "deleted"): ("candidateDelete",),
    ("candidate", "merged"): ("candidateMerge",),
    ("interview_schedule", "created"): ("interviewScheduleCreate", "interviewScheduleUpdate"),
    ("interview_schedule", "updated"): ("interviewScheduleUpdate",),
    ("interview_schedule", "cancelled"): ("interviewScheduleUpdate",),
    ("job", "created"): ("jobCreate",),
    ("job", "updated"): ("jobUpdate",),
    ("job", "plan_changed"): ("interviewPlanTransition", "jobUpdate"),
    ("job_posting", "updated"): ("jobPostingUpdate",),
    ("job_posting", "published"): ("jobPostingPublish", "jobPostingUpdate"),
    ("job_posting", "unpublished"): ("jobPostingUnpublish", "jobPostingUpdate"),
    ("job_posting", "deleted"): ("jobPostingDelete",),
    ("offer", "created"): ("offerCreate",),
    ("offer", "updated"): ("offerUpdate",),
    ("offer", "deleted"): ("offerDelete",),
    ("opening", "created"): ("openingCreate",),
}


def actions_of(change: Change) -> tuple[str, ...]:
    """Return the webhooks a change sends, if there is a setting for them."""
    sent = _SENT.get((change.kind, change.action), ())
    return ("candidateHire", *sent) if change.detail.get("hired") else sent


def data_of(organisation: Organisation, action: str, change: Change) -> dict[str, Any]:
    """Return the `data` of one of the webhooks of a change that was just made."""
    if action in _GONE:
        return _GONE[action](change)
    record = organisation.tables[change.kind].get(change.identifier)
    if record is None:
        raise LookupError(f"{change.kind} {change.identifier} is gone")
    return _KEPT[action](organisation, record, change)


def _application(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"application": application_views.application(organisation, _EVERYTHING, record)}


def _hire(organisation: Organisation, record: Record, change: Change) -> dict[str, Any]:
    """Write the application and, if there is one, the offer that was accepted last."""
    data = _application(organisation, record, change)
    offers = organisation.where("offer", "applicationId", record["id"])
    accepted = [offer for offer in offers if offer["acceptanceStatus"] == "Accepted"]
    if accepted:
        latest = max(accepted, key=lambda offer: offer["decidedAt"] or 0)
        data["offer"] = offer_views.offer(organisation, _EVERYTHING, latest)
    return data


def _schedule(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"interviewSchedule": interview_views.schedule(organisation, _EVERYTHING, record)}


def _updated_schedule(organisation: Organisation, record: Record, change: Change) -> dict[str, Any]:
    data = _schedule(organisation, record, change)
    application = organisation.applications.get(record["applicationId"])
    if application is not None:
        data["interviewSchedule"]["candidateId"] = application["candidateId"]
    return data


def _plan_transition(organisation: Organisation, record: Record, change: Change) -> dict[str, Any]:
    def named(plan_id: str) -> dict[str, Any]:
        plan = organisation.interview_plans.get(plan_id)
        return {"id": plan_id, "title": plan["title"] if plan else ""}

    return {
        "jobId": record["id"],
        "fromInterviewPlan": named(change.detail["fromPlanId"]),
        "toInterviewPlan": named(change.detail["toPlanId"]),
        "interviewStageMappings": [
            {"fromInterviewStageId": before, "toInterviewStageId": after}
            for before, after in change.detail["stages"].items()
        ],
    }


def _job(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"job": job_views.job(organisation, _EVERYTHING, record)}


def _posting(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"jobPosting": posting_views.summary(organisation, record)}


def _offer(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"offer": offer_views.offer(organisation, _EVERYTHING, record)}


def _opening(organisation: Organisation, record: Record, _change: Change) -> dict[str, Any]:
    return {"opening": job_views.opening(organisation, _EVERYTHING, record)}


_KEPT: dict[str, Callable[[Organisation, Record, Change], dict[str, Any]]] = {
    "applicationSubmit": _application,
    "applicationUpdate": _application,
    "candidateStageChange": _application,
    "candidateHire": _hire,
    "pushToHRIS": _application,
    "interviewPlanTransition": _plan_transition,
    "interviewScheduleCreate": _schedule,
    "interviewScheduleUpdate": _updated_schedule,
    "jobCreate": _job,
    "jobUpdate": _job,
    "jobPostingUpdate": _posting,
    "jobPostingPublish": _posting,
    "jobPostingUnpublish": _posting,
    "offerCreate": _offer,
    "offerUpdate": _offer,
    "openingCreate": _opening,
}
# Their records are gone by then: only ids are left to tell.
_GONE: dict[str, Callable[[Change], dict[str, Any]]] = {
    "candidateDelete": lambda change: {"candidate": {"id": change.identifier}},
    "candidateMerge": lambda change: {
        "deletedCandidate": {"id": change.identifier},
        "mergedCandidate": {"id": change.detail["survivorId"]},
    },
    "jobPostingDelete": lambda change: {"jobPosting": {"id": change.identifier, "jobId": change.detail["jobId"]}},
    "offerDelete": lambda change: {"offer": {"id": change.identifier, "applicationId": change.detail["applicationId"]}},
}
