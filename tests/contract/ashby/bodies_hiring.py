"""Valid bodies of the endpoints about applications, plans, jobs, postings, openings and hiring teams."""

from typing import Any

from sandbox import application_views, pipeline
from sandbox.organisation import Organisation
from tests.contract.ashby.bodies import Body, first

APPLICATION, JOB, USER, CANDIDATE = first("application"), first("job"), first("user"), first("candidate")


def submitted_form(organisation: Organisation) -> str:
    """Return the id of a form that was submitted through a job board."""
    return next(
        submission["id"]
        for application in organisation.applications
        for submission in application_views.submissions(organisation, application)
    )


def member(organisation: Organisation) -> dict[str, str]:
    """Return a user and a role for a hiring team."""
    return {"teamMemberId": USER(organisation), "roleId": first("hiring_team_role")(organisation)}


def present_member(kind: str, organisation: Organisation) -> dict[str, str]:
    """Return a user and a role that the first record of a kind has in its hiring team."""
    found = next(iter(organisation.tables[kind]))["hiringTeam"][0]
    return {"teamMemberId": found["userId"], "roleId": found["roleId"]}


def stage(organisation: Organisation, stage_type: str) -> str:
    """Return the first stage of a type in the first application's plan."""
    plan = next(iter(organisation.applications))["interviewPlanId"]
    return pipeline.first_stage(organisation, plan, stage_type)["id"]


def other_job(organisation: Organisation) -> dict[str, Any]:
    """Return another job with its plan and a stage of it, as a transfer names them."""
    job = list(organisation.jobs)[1]
    plan = job["defaultInterviewPlanId"]
    target = pipeline.first_stage(organisation, plan, "Active")["id"]
    return {"jobId": job["id"], "interviewPlanId": plan, "interviewStageId": target}


HIRING: dict[str, list[Body]] = {
    "application.info": [
        lambda o: {"applicationId": APPLICATION(o)},
        lambda o: {
            "applicationId": APPLICATION(o),
            "expand": ["openings", "applicationFormSubmissions", "referrals"],
        },
        lambda o: {"submittedFormInstanceId": submitted_form(o), "expand": ["applicationFormSubmissions"]},
    ],
    "application.list": [
        {},
        {"limit": 7, "expand": ["openings"]},
        {"status": "Lead", "createdAfter": 1_700_000_000_000},
        lambda o: {"jobId": JOB(o), "status": "Archived", "createdBefore": 1_790_000_000_000},
    ],
    "application.create": [
        lambda o: {"candidateId": CANDIDATE(o), "jobId": JOB(o)},
        lambda o: {
            "candidateId": CANDIDATE(o),
            "jobId": JOB(o),
            "interviewPlanId": next(iter(o.jobs))["defaultInterviewPlanId"],
            "interviewStageId": "FirstPreInterviewScreen",
            "sourceId": first("source")(o),
            "creditedToUserId": USER(o),
            "createdAt": "2024-02-29T00:00:00Z",
        },
        lambda o: {
            "candidateId": CANDIDATE(o),
            "jobId": JOB(o),
            "applicationHistory": [
                {
                    "stageId": stage(o, "Archived"),
                    "stageNumber": 1,
                    "enteredStageAt": "2024-03-02T00:00:00Z",
                    "archiveReasonId": first("archive_reason")(o),
                },
                {"stageId": stage(o, "Lead"), "stageNumber": 0, "enteredStageAt": "2024-03-01T00:00:00Z"},
            ],
        },
    ],
    "application.update": [
        lambda o: {"applicationId": APPLICATION(o)},
        lambda o: {
            "applicationId": APPLICATION(o),
            "sourceId": None,
            "creditedToUserId": None,
            "createdAt": "2024-02-29T00:00:00Z",
            "sendNotifications": False,
        },
    ],
    "application.changeSource": [
        lambda o: {"applicationId": APPLICATION(o), "sourceId": None},
        lambda o: {"applicationId": APPLICATION(o), "sourceId": first("source")(o)},
    ],
    "application.changeStage": [
        lambda o: {"applicationId": APPLICATION(o), "interviewStageId": stage(o, "Offer")},
        lambda o: {
            "applicationId": APPLICATION(o),
            "interviewStageId": stage(o, "Archived"),
            "archiveReasonId": first("archive_reason")(o),
        },
        lambda o: {"applicationId": APPLICATION(o), "interviewStageId": stage(o, "Hired")},
    ],
    "application.transfer": [
        lambda o: {"applicationId": APPLICATION(o), **other_job(o), "startAutomaticActivities": False}
    ],
    "application.listHistory": [
        lambda o: {"applicationId": APPLICATION(o)},
        lambda o: {"applicationId": APPLICATION(o), "limit": 1},
    ],
    "application.delete": [lambda o: {"applicationId": APPLICATION(o)}],
    "application.addHiringTeamMember": [lambda o: {"applicationId": APPLICATION(o), **member(o)}],
    "application.removeHiringTeamMember": [
        lambda o: {"applicationId": APPLICATION(o), **present_member("application", o)}
    ],
    "applicationHiringTeamRole.list": [{}],
    "closeReason.list": [{}, {"includeArchived": True}],
    "hiringTeam.addMember": [
        lambda o: {"jobId": JOB(o), **member(o)},
        lambda o: {"openingId": first("opening")(o), **member(o)},
        lambda o: {"applicationId": APPLICATION(o), **member(o)},
    ],
    "hiringTeam.removeMember": [lambda o: {"jobId": JOB(o), **present_member("job", o)}],
    "hiringTeamRole.list": [{}, {"namesOnly": False}],
    "interviewPlan.list": [{}, {"includeArchived": True, "limit": 2}],
    "interviewStage.info": [lambda o: {"interviewStageId": first("interview_stage")(o)}],
    "interviewStage.list": [lambda o: {"interviewPlanId": first("interview_plan")(o)}],
    "interviewStageGroup.list": [{}],
    "job.create": [
        lambda o: {"title": "Новая", "teamId": first("department")(o), "locationId": first("location")(o)},
        lambda o: {
            "title": "From a template",
            "teamId": first("department")(o),
            "locationId": first("location")(o),
            "jobTemplateId": first("job_template")(o),
            "brandId": first("brand")(o),
        },
    ],
    "job.info": [
        lambda o: {"id": JOB(o)},
        lambda o: {
            "id": JOB(o),
            "includeUnpublishedJobPostingsIds": True,
            "expand": ["location", "openings", "compensation"],
        },
    ],
    "job.list": [
        {},
        {"status": ["Draft", "Open"], "limit": 3, "expand": ["location", "openings", "compensation"]},
        {"openedAfter": 1_600_000_000_000, "closedBefore": 1_900_000_000_000, "createdAfter": 0},
    ],
    "job.search": [{"title": "engineer"}, {"requisitionId": "REQ-2471"}],
    "job.setStatus": [lambda o: {"jobId": JOB(o), "status": "Closed"}],
    "job.update": [
        lambda o: {"jobId": JOB(o)},
        lambda o: {
            "jobId": JOB(o),
            "title": "New",
            "teamId": first("department")(o),
            "locationId": first("location")(o),
            "defaultInterviewPlanId": first("interview_plan")(o),
            "customRequisitionId": "R-1",
        },
    ],
    "jobInterviewPlan.info": [lambda o: {"jobId": JOB(o)}],
    "jobPosting.info": [
        lambda o: {"jobPostingId": first("job_posting")(o)},
        lambda o: {"jobPostingId": first("job_posting")(o), "expand": ["job"]},
    ],
    "jobPosting.list": [{}, {"listedOnly": True, "location": "London office", "department": "Engineering"}],
    "jobPosting.update": [
        lambda o: {
            "jobPostingId": first("job_posting")(o),
            "title": "New",
            "workplaceType": "Remote",
            "suppressDescriptionOpening": True,
            "suppressDescriptionClosing": False,
            "description": {"type": "text/html", "content": "<h1>Neu</h1><script>x</script>"},
        }
    ],
    "jobTemplate.list": [{}, {"expand": ["location"]}],
    "opening.info": [lambda o: {"openingId": first("opening")(o)}],
    "opening.list": [{}, {"createdAfter": 0, "limit": 2}],
}
