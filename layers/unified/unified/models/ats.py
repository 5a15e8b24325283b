"""The applicant tracking family: jobs, applications to them, the stages these pass, and offers.

Fixed sets of values are in capitals throughout the family, as the wire has them for an offer's status. Where the
account has a list of its own (departments, sources), the name is one field and its id another; the id is written.
"""

from __future__ import annotations

from unified.models import Field, Model
from unified.models.types import Boolean, Choice, DateTime, ListOf, Number, Ref, Struct, Text, email, url

JOB_STATUSES = ("DRAFT", "OPEN", "CLOSED", "ARCHIVED")
EMPLOYMENT_TYPES = ("FULL_TIME", "PART_TIME", "INTERN", "CONTRACT", "TEMPORARY")
APPLICATION_STATUSES = ("LEAD", "ACTIVE", "HIRED", "ARCHIVED")
ARCHIVE_REASON_TYPES = ("REJECTED_BY_CANDIDATE", "REJECTED_BY_ORG", "OTHER")
STAGE_TYPES = ("LEAD", "PRE_INTERVIEW_SCREEN", "ACTIVE", "OFFER", "HIRED", "ARCHIVED")
OFFER_STATUSES = ("DRAFT", "SENT", "ACCEPTED", "DECLINED", "EXPIRED", "CANCELLED")
APPROVAL_STATUSES = ("WAITING", "APPROVED", "DECLINED")

_ID = Text(200)
_TEAM = ListOf(
    Struct({"user": Ref("genericUser"), "role": Text(), "name": Text(500), "email": email()}, ("user", "role"))
)

ATS_JOB = Model(
    id="atsJob",
    name="Job",
    description="A position that the account hires for.",
    fields=(
        Field("title", Text(), "What the position is called inside the account."),
        Field("description", Text(100_000, "html"), "The job's own text, as HTML."),
        Field("postingUrl", url(), "Where the job is published."),
        Field("department", Text(), "The name of the department or team."),
        Field("departmentId", _ID, "The account's id of the department or team."),
        Field("location", Text(), "The name of the place."),
        Field("locationId", _ID, "The account's id of the place."),
        Field("status", Choice(JOB_STATUSES), "Whether the account hires for it."),
        Field("employmentType", Choice(EMPLOYMENT_TYPES), "The kind of employment."),
        Field(
            "hiringTeam",
            _TEAM,
            "Who hires, each in a role of the account's own. Writing replaces the team: user and role are written.",
        ),
        Field("planId", _ID, "The account's id of the plan whose stages applications pass unless another is chosen."),
        Field("requisitionId", Text(), "The account's own number for the position."),
        Field("isConfidential", Boolean(), "Whether the job is hidden from most members."),
        Field("openedAt", DateTime(), "When it was last opened."),
        Field("closedAt", DateTime(), "When it was last closed."),
    ),
)

ATS_APPLICATION = Model(
    id="atsApplication",
    name="Application",
    description="A person being considered for a job.",
    fields=(
        Field("candidate", Ref("genericContact"), "Who is considered."),
        Field("job", Ref("atsJob"), "For which job. Changing it moves the application, to the stage given with it."),
        Field("stage", Ref("atsApplicationStage"), "Where in the job's plan it stands."),
        Field("status", Choice(APPLICATION_STATUSES), "What its stage means: it changes with the stage."),
        Field("appliedDate", DateTime(), "When the person applied, or was first considered."),
        Field("recruiter", Ref("genericUser"), "The hiring team's member in the role Recruiter."),
        Field("creditedTo", Ref("genericUser"), "The member who brought the person."),
        Field("source", Text(), "How the person came to the job."),
        Field("sourceId", _ID, "The account's id of the source."),
        Field("archiveReason", Text(), "Why the application was archived."),
        Field("archiveReasonId", _ID, "The account's id of that reason; written together with an ARCHIVED stage."),
        Field("archiveReasonType", Choice(ARCHIVE_REASON_TYPES), "Who decided against."),
        Field("archivedAt", DateTime(), "When it was archived."),
        Field("hiringTeam", _TEAM, "Who handles the application, each in a role of the account's own."),
        Field("offers", ListOf(Ref("atsOffer")), "The offers made."),
    ),
)

ATS_APPLICATION_STAGE = Model(
    id="atsApplicationStage",
    name="Application stage",
    description="A step that applications pass, in one plan of the account.",
    fields=(
        Field("name", Text(), "What the stage is called."),
        Field("order", Number(whole=True), "Its place in the plan: stages sort by it, with gaps between."),
        Field("type", Choice(STAGE_TYPES), "What being in it means for the application."),
        Field("isActive", Boolean(), "Whether its plan is still in use."),
        Field("plan", Text(), "The name of the plan."),
        Field("planId", _ID, "The account's id of the plan."),
    ),
)

ATS_OFFER = Model(
    id="atsOffer",
    name="Offer",
    description="An offer of employment, in its present version.",
    fields=(
        Field("application", Ref("atsApplication"), "For which application."),
        Field("offerDate", DateTime(), "When its present version was made."),
        Field("status", Choice(OFFER_STATUSES), "How far it has come."),
        Field("approvalStatus", Choice(APPROVAL_STATUSES), "How far its approval inside the account has come."),
        Field("startDate", DateTime(), "The first day of work; the time of day is not kept."),
        Field("salary", Number(minimum=0, maximum=1e15), "The salary, in whole units of the currency."),
        Field("currency", Text(3), "The currency of the salary: an ISO 4217 code."),
        Field("bonusAmount", Number(minimum=0, maximum=1e15), "The bonus, where the account's offers have one."),
        Field("bonusCurrency", Text(3), "The currency of the bonus: that of the salary unless another is written."),
        Field("benefits", Text(5000), "The benefits, where the account's offers list them; a comma between two."),
        Field("expirationDate", DateTime(), "Until when it can be accepted, where the account's offers say."),
        Field("decidedAt", DateTime(), "When the candidate decided."),
        Field("creator", Ref("genericUser"), "Who made the present version."),
        Field("openingId", _ID, "The account's id of the opening that it fills."),
        Field("processId", _ID, "The account's id of a process that was begun earlier and has no offer yet."),
    ),
)
