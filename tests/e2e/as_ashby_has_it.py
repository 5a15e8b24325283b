"""What a record of Ashby's is as a resource: written down once more, and apart from the product."""

from typing import Any

from tests.e2e.account import Account, Record


def given(fields: Record) -> Record:
    """Leave out what Ashby does not say."""
    return {key: value for key, value in fields.items() if value is not None}


def ref(model: str, record_id: str | None) -> Record | None:
    """Return a reference as the wire has it."""
    return None if record_id is None else {"object": "resourceRef", "model": model, "id": record_id}


def parts(record: Record, *names: str) -> Record:
    """Return some parts of a record, without those that are null."""
    return given({name: record.get(name) for name in names})


def part(record: Record | None, *path: str) -> Any:
    """Return what lies at a path, None where the way ends before."""
    found: Any = record
    for name in path:
        found = None if found is None else found.get(name)
    return found


def contact(record: Record) -> Record:
    first, _, last = record["name"].partition(" ")
    phone = part(record, "primaryPhoneNumber", "value")
    return {
        "firstName": first,
        "lastName": last or None,
        "email": part(record, "primaryEmailAddress", "value"),
        "phoneNumber": phone,
        "phone": phone,
        "emails": [parts(one, "value", "type", "isPrimary") for one in record["emailAddresses"]],
        "phoneNumbers": [parts(one, "value", "type", "isPrimary") for one in record["phoneNumbers"]],
        "links": [parts(one, "type", "url") for one in record["socialLinks"]],
        "company": record.get("company"),
        "title": record.get("position"),
        "location": part(record, "location", "locationSummary"),
        "tags": [tag["title"] for tag in record["tags"] if not tag.get("isArchived")],
        "source": part(record, "source", "title"),
        "resume": part(record, "resumeFileHandle") and parts(record["resumeFileHandle"], "id", "name"),
    }


def team(record: Record) -> list[Record]:
    return [
        given(
            {
                "user": ref("genericUser", member["userId"]),
                "role": member["role"],
                "name": f"{member['firstName']} {member['lastName']}",
                "email": member.get("email") or None,
            }
        )
        for member in record["hiringTeam"]
    ]


KINDS = {
    "FullTime": "FULL_TIME",
    "PartTime": "PART_TIME",
    "Intern": "INTERN",
    "Contract": "CONTRACT",
    "Temporary": "TEMPORARY",
}


def job(account: Account, record: Record) -> Record:
    postings = record["jobPostingIds"]
    posting = account.ashby("jobPosting.info", jobPostingId=postings[0]) if postings else None
    department = account.named("department", record.get("departmentId"))
    location = account.named("location", record.get("locationId"))
    return {
        "title": record["title"],
        "description": part(posting, "descriptionParts", "descriptionBody", "html"),
        "postingUrl": part(posting, "externalLink"),
        "department": department,
        "departmentId": record.get("departmentId"),
        "location": location,
        "locationId": record.get("locationId"),
        "status": record["status"].upper(),
        "employmentType": KINDS[record["employmentType"]],
        "hiringTeam": team(record),
        "planId": record.get("defaultInterviewPlanId"),
        "requisitionId": record.get("customRequisitionId"),
        "isConfidential": record["confidential"],
        "openedAt": record.get("openedAt"),
        "closedAt": record.get("closedAt"),
    }


def application(account: Account, record: Record) -> Record:
    reason = record.get("archiveReason")
    types = {"RejectedByCandidate": "REJECTED_BY_CANDIDATE", "RejectedByOrg": "REJECTED_BY_ORG", "Other": "OTHER"}
    recruiters = [member["userId"] for member in record["hiringTeam"] if member["role"] == "Recruiter"]
    offers = account.every("offer.list", applicationId=record["id"])
    return {
        "candidate": ref("genericContact", record["candidate"]["id"]),
        "job": ref("atsJob", record["job"]["id"]),
        "stage": ref("atsApplicationStage", record["currentInterviewStage"]["id"]),
        "status": record["status"].upper(),
        "appliedDate": record["createdAt"],
        "recruiter": ref("genericUser", recruiters[0] if recruiters else None),
        "creditedTo": ref("genericUser", part(record, "creditedToUser", "id")),
        "source": part(record, "source", "title"),
        "sourceId": part(record, "source", "id"),
        "archiveReason": part(reason, "text"),
        "archiveReasonId": part(reason, "id"),
        "archiveReasonType": reason and types[reason["reasonType"]],
        "archivedAt": record.get("archivedAt"),
        "hiringTeam": team(record),
        "offers": [ref("atsOffer", offer["id"]) for offer in offers],
    }


def stage(account: Account, record: Record) -> Record:
    plans = {plan["id"]: plan for plan in account.every("interviewPlan.list", includeArchived=True)}
    plan = plans[record["interviewPlanId"]]
    types = {"PreInterviewScreen": "PRE_INTERVIEW_SCREEN"}
    return {
        "name": record["title"],
        "order": record["orderInInterviewPlan"],
        "type": types.get(record["type"], record["type"].upper()),
        "isActive": not plan["isArchived"],
        "plan": plan["title"],
        "planId": plan["id"],
    }


OFFER_STATUSES = {
    "WaitingOnApprovalStart": "DRAFT",
    "WaitingOnOfferApproval": "DRAFT",
    "WaitingOnApprovalDefinition": "DRAFT",
    "WaitingOnCandidateResponse": "SENT",
    "CandidateAccepted": "ACCEPTED",
    "CandidateRejected": "DECLINED",
    "OfferCancelled": "CANCELLED",
}
APPROVALS = {None: None, "WaitingOnApprovals": "WAITING", "Approved": "APPROVED", "Declined": "DECLINED"}


def offer(record: Record) -> Record:
    version = record["latestVersion"]
    custom = {field["title"]: field for field in version["customFields"]}
    return {
        "application": ref("atsApplication", record["applicationId"]),
        "offerDate": version["createdAt"],
        "status": OFFER_STATUSES[record["offerStatus"]],
        "approvalStatus": APPROVALS[version.get("approvalStatus")],
        "startDate": version["startDate"],
        "salary": version["salary"]["value"],
        "currency": version["salary"]["currencyCode"],
        "bonusAmount": part(custom.get("Bonus amount"), "value", "value"),
        "bonusCurrency": part(custom.get("Bonus amount"), "value", "currencyCode"),
        "benefits": ", ".join(custom["Benefits"]["valueLabel"]) if "Benefits" in custom else None,
        "expirationDate": _day(part(custom.get("Expiration date"), "value")),
        "decidedAt": record.get("decidedAt"),
        "creator": ref("genericUser", part(version, "author", "id")),
        "openingId": version.get("openingId"),
    }


def _day(value: str | None) -> str | None:
    return f"{value}T00:00:00.000Z" if value and len(value) == 10 else value


def event(account: Account, schedule: Record, found: Record) -> Record:
    interview = account.ashby("interview.info", id=found["interviewId"])
    statuses = {
        "Scheduled": "planned",
        "WaitingOnFeedback": "awaitingFeedback",
        "Complete": "completed",
        "Cancelled": "canceled",
        "OnHold": "onHold",
    }
    return {
        "title": interview["title"],
        "description": interview.get("instructionsPlain") or None,
        "startTime": found["startTime"],
        "endTime": found["endTime"],
        "location": found.get("location"),
        "meetingUrl": found.get("meetingLink"),
        "status": statuses.get(schedule["status"], "requested"),
        "eventType": ref("scheduleEventType", found["interviewId"]),
        "application": ref("atsApplication", schedule["applicationId"]),
        "schedule": schedule["id"],
        "stage": ref("atsApplicationStage", schedule["interviewStageId"]),
        "organizer": ref("genericUser", part(schedule, "scheduledBy", "id")),
        "attendees": [
            given(
                {
                    "user": ref("genericUser", one["id"]),
                    "email": one.get("email"),
                    "name": f"{one['firstName']} {one['lastName']}",
                    "role": {None: "interviewer", "Shadow": "shadow"}.get(one.get("trainingRole"), "reverseShadow"),
                    "isFeedbackRequired": one["isFeedbackRequired"],
                }
            )
            for one in found["interviewers"]
        ],
        "hasFeedback": found["hasSubmittedFeedback"],
    }
