"""The seeded custom field definitions: every type for the objects customField.setValue can set, a few for the others.

Ids follow from the position in `CUSTOM_FIELDS` (`sandbox.identifiers`): add only at its end.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CustomFieldSeed:
    """A seeded custom field definition; `options` are (label, value, archived)."""

    title: str
    field_type: str
    object_type: str = "Candidate"
    private: bool = False
    archived: bool = False
    required: bool = False
    options: tuple[tuple[str, str, bool], ...] = ()


def _of_every_type(object_type: str, titles: dict[str, str], private: tuple[str, ...]) -> tuple[CustomFieldSeed, ...]:
    """Return one definition per type from titles by type; the two select types get options."""
    levels = (("High", "high", False), ("Normal", "normal", False), ("低", "low", False), ("Paused", "paused", True))
    return tuple(
        CustomFieldSeed(
            title,
            field_type,
            object_type=object_type,
            private=field_type in private,
            options=levels if field_type in {"ValueSelect", "MultiValueSelect"} else (),
        )
        for field_type, title in titles.items()
    )


CUSTOM_FIELDS = (
    CustomFieldSeed("Open to contracting", "Boolean"),
    CustomFieldSeed("Available from", "Date"),
    CustomFieldSeed("Nickname", "String", required=True),
    CustomFieldSeed("Personal statement", "LongText"),
    CustomFieldSeed(
        "Seniority", "ValueSelect",
        options=(
            ("Junior", "junior", False), ("Senior", "senior", False), ("Lead", "lead", False), ("Guru", "guru", True),
        ),
    ),
    CustomFieldSeed(
        "Preferred teams", "MultiValueSelect",
        options=(
            ("Backend", "backend", False), ("Frontend", "frontend", False), ("研究", "research", False),
            ("Telegraph", "telegraph", True),
        ),
    ),
    CustomFieldSeed("Years of experience", "Number"),
    CustomFieldSeed("Current salary", "Currency", private=True),
    CustomFieldSeed("Team size managed", "NumberRange"),
    CustomFieldSeed("Expected salary", "CompensationRange", private=True),
    CustomFieldSeed("Portfolio", "Url"),
    CustomFieldSeed("Directory entry", "UUID"),
    CustomFieldSeed("Private remark", "LongText", private=True),
    CustomFieldSeed("Fax number", "String", archived=True),
    CustomFieldSeed("Referral programme", "String", object_type="Application"),
    CustomFieldSeed("Cost centre", "String", object_type="Job"),
    CustomFieldSeed("Budget approved", "Boolean", object_type="Opening"),
    CustomFieldSeed("Signing bonus", "Currency", object_type="Offer"),
    CustomFieldSeed("Badge number", "Number", object_type="Employee"),
    *_of_every_type(
        "Application",
        {
            "Boolean": "Relocation needed",
            "Date": "Can start on",
            "LongText": "Panel summary",
            "ValueSelect": "Priority",
            "MultiValueSelect": "Review flags",
            "Number": "Screening score",
            "Currency": "Agency fee",
            "NumberRange": "Notice period in weeks",
            "CompensationRange": "Salary expectation",
            "Url": "Case study",
            "UUID": "Applicant id at the agency",
        },
        private=("Currency", "CompensationRange"),
    ),
    *_of_every_type(
        "Job",
        {
            "Boolean": "Visa sponsorship",
            "Date": "Needed by",
            "LongText": "Notes for recruiters",
            "ValueSelect": "Urgency",
            "MultiValueSelect": "Hiring themes",
            "Number": "Interviews per week",
            "Currency": "Recruiting budget",
            "NumberRange": "Years of experience wanted",
            "CompensationRange": "Internal salary band",
            "Url": "Team page",
            "UUID": "Workforce plan id",
        },
        private=("CompensationRange",),
    ),
    *_of_every_type(
        "Opening",
        {
            "String": "Position code",
            "Date": "Budgeted from",
            "LongText": "Justification",
            "ValueSelect": "Criticality",
            "MultiValueSelect": "Funding",
            "Number": "Grade",
            "Currency": "Yearly cost",
            "NumberRange": "Grade range",
            "CompensationRange": "Approved range",
            "Url": "Business case",
            "UUID": "Position id",
        },
        private=("CompensationRange",),
    ),
    CustomFieldSeed("Bonus amount", "Currency", object_type="Offer", required=True),
    CustomFieldSeed(
        "Benefits", "MultiValueSelect", object_type="Offer", required=True,
        options=(
            ("Health insurance", "health", False), ("Pension", "pension", False), ("通勤手当", "commute", False),
            ("Company horse", "horse", True),
        ),
    ),
    CustomFieldSeed("Expiration date", "Date", object_type="Offer", required=True),
    CustomFieldSeed(
        "Contract type", "ValueSelect", object_type="Offer",
        options=(("Permanent", "permanent", False), ("Fixed term", "fixed_term", False)),
    ),
    CustomFieldSeed("Remote work agreed", "Boolean", object_type="Offer"),
    CustomFieldSeed("Weeks of holiday", "Number", object_type="Offer"),
    CustomFieldSeed("Message to the candidate", "LongText", object_type="Offer"),
    CustomFieldSeed("Old stock plan", "String", object_type="Offer", archived=True),
    CustomFieldSeed(
        "Office day", "ValueSelect", object_type="Employee",
        options=(("Monday", "monday", False), ("Thursday", "thursday", False)),
    ),
    CustomFieldSeed("Home country", "String", object_type="Employee", private=True),
)  # fmt: skip


def fields_of(object_type: str) -> tuple[int, ...]:
    """Return the positions of the definitions in use for a type of object."""
    return tuple(
        position
        for position, field in enumerate(CUSTOM_FIELDS)
        if field.object_type == object_type and not field.archived
    )


CANDIDATE_FIELDS = fields_of("Candidate")
APPLICATION_FIELDS = fields_of("Application")
JOB_FIELDS = fields_of("Job")
OPENING_FIELDS = fields_of("Opening")
OFFER_FIELDS = fields_of("Offer")
EMPLOYEE_FIELDS = fields_of("Employee")
