"""Samples of Ashby's jobs, applications, stages and offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from tests.conformance.ashby_account import Account, titles, words
from tests.conformance.kit import Creating, Sample, Updating
from unified.ashby.client import AshbySession

_past = st.datetimes(datetime(2015, 1, 1), datetime(2026, 1, 1)).map(  # noqa: DTZ001 - the zone is in the text
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
)
_days = st.dates(date(2027, 1, 1), date(2080, 1, 1)).map(lambda day: f"{day}T00:00:00.000Z")
_money = st.integers(0, 10**9)
_currencies = st.sampled_from(("EUR", "USD", "JPY"))


def jobs(account: Account) -> Sample:
    roles = [role["title"] for role in account.organisation.hiring_team_roles]
    member = st.fixed_dictionaries({"user": account.some_user(), "role": st.sampled_from(roles)})
    fields = {
        "requisitionId": words,
        "hiringTeam": st.lists(member, max_size=3, unique_by=lambda one: (one["user"]["id"], one["role"])),
    }
    places = {"departmentId": account.some("department"), "locationId": account.some("location")}
    plan = {"planId": account.some("interview_plan")}
    made = st.fixed_dictionaries(
        places,
        optional={**fields, **plan, "status": st.sampled_from(("DRAFT", "ARCHIVED"))},
    )
    opened = st.fixed_dictionaries({**places, "status": st.just("OPEN")}, optional=fields)

    def draft(session: AshbySession) -> str:
        body = {
            "title": f"Job {account.number()}",
            "teamId": account.job["departmentId"],
            "locationId": account.job["locationId"],
            "defaultInterviewPlanId": account.job["defaultInterviewPlanId"],
        }
        return session.record("job.create", body)["id"]

    changed = st.fixed_dictionaries(
        {},
        optional={
            "title": titles,
            **places,
            **plan,
            **fields,
            "status": st.sampled_from(("OPEN", "ARCHIVED")),
        },
    ).filter(bool)
    plain = {key: account.job[key] for key in ("departmentId", "locationId")}

    def title(_session: AshbySession) -> Mapping[str, Any]:
        """Return a title that no other job has: a lost job is found by it."""
        return {"title": f"Job {account.number()}"}

    def planned(session: AshbySession) -> Mapping[str, Any]:
        return {**title(session), "planId": account.job["defaultInterviewPlanId"]}

    described = st.fixed_dictionaries({"description": titles.map(lambda text: f"<h2>{text}</h2>")})
    return Sample(
        creating=(Creating(made, plain, title), Creating(opened, {**plain, "status": "OPEN"}, planned)),
        updating=(
            Updating(changed, {"title": "Other"}, draft),
            Updating(described, {"description": "<h2>New</h2>"}, lambda _session: account.job["id"]),
        ),
        deletable=draft,
        filters={
            "status": "OPEN,DRAFT",
            "createdAfter": account.middle("job", "createdAt"),
            "openedAfter": account.middle("job", "openedAt"),
            "openedBefore": account.middle("job", "openedAt"),
            "closedAfter": account.middle("job", "closedAt"),
            "closedBefore": account.middle("job", "closedAt"),
            "requisitionId": "REQ-2471",
        },
        follows={"status": ("openedAt", "closedAt"), "departmentId": ("department",), "locationId": ("location",)},
    )


def applications(account: Account) -> Sample:
    job = account.job
    archived = next(stage for stage in account.stages(job) if stage["type"] == "Archived")
    reason = {
        "stage": st.just({"id": archived["id"]}),
        "archiveReasonId": account.some("archive_reason"),
    }
    free = {"sourceId": account.some("source"), "creditedTo": account.some_user(), "appliedDate": _past}
    team = {"recruiter": account.some_user()}
    placed = {"stage": account.open_stages(job)}
    other = next(
        one
        for one in account.organisation.jobs
        if one["defaultInterviewPlanId"] not in (None, job["defaultInterviewPlanId"])
    )
    moved = st.fixed_dictionaries({"job": st.just({"id": other["id"]}), "stage": account.open_stages(other)})

    def given(session: AshbySession) -> Mapping[str, Any]:
        return {"candidate": {"id": account.candidate(session)}, "job": {"id": job["id"]}}

    anything = {**free, **team, **placed}
    rejected = {
        "stage": {"id": archived["id"]},
        "archiveReasonId": next(iter(account.organisation.archive_reasons))["id"],
    }
    from_stage = ("status", "archiveReason", "archiveReasonId", "archiveReasonType", "archivedAt")
    first = next(iter(account.organisation.applications))
    return Sample(
        creating=(
            Creating(st.fixed_dictionaries({}, optional=anything), {}, given),
            Creating(st.fixed_dictionaries(reason, optional=free), rejected, given),
        ),
        updating=(
            Updating(
                st.fixed_dictionaries({}, optional=anything).filter(bool),
                {"creditedTo": {"id": account.user()["id"]}},
                account.application,
            ),
            Updating(st.fixed_dictionaries(reason, optional=free), rejected, account.application),
            Updating(moved, {}, account.application),
        ),
        deletable=account.application,
        filters={
            "job": first["jobId"],
            "candidate": first["candidateId"],
            "status": "ARCHIVED",
            "createdAfter": account.middle("application", "createdAt"),
            "createdBefore": account.middle("application", "createdAt"),
        },
        follows={
            "stage": from_stage,
            "archiveReasonId": from_stage,
            "job": ("hiringTeam", "recruiter", *from_stage),
            "recruiter": ("hiringTeam",),
            "sourceId": ("source",),
        },
    )


def stages(account: Account) -> Sample:
    return Sample(filters={"plan": account.job["defaultInterviewPlanId"], "job": account.job["id"]})


def offers(account: Account) -> Sample:
    organisation = account.organisation
    field = next(
        one for one in organisation.custom_fields if one["objectType"] == "Offer" and one["title"] == "Benefits"
    )
    labels = [value["label"] for value in field["selectableValues"] if not value.get("isArchived")]
    benefits = st.lists(st.sampled_from(labels), min_size=1, unique=True).map(", ".join)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "startDate": _days,
        "salary": _money,
        "currency": _currencies,
        "bonusAmount": _money,
        "benefits": benefits,
        "expirationDate": _days,
    }
    more = {"bonusCurrency": _currencies}
    made = st.fixed_dictionaries(fields, optional=more)
    full = {
        "startDate": "2027-01-01T00:00:00.000Z",
        "salary": 90_000,
        "currency": "EUR",
        "bonusAmount": 1_000,
        "benefits": labels[0],
        "expirationDate": "2026-12-31T00:00:00.000Z",
    }

    def opening() -> str:
        """Make an opening that no other offer has."""
        some = next(one for one in organisation.openings if one["openingState"] == "Open" and not one["isArchived"])
        made = {**some, "id": organisation.new_identifier("opening"), "identifier": f"O-{account.number()}"}
        return organisation.save("opening", made)["id"]

    def application(session: AshbySession) -> Mapping[str, Any]:
        return {"application": {"id": account.application(session)}}

    def with_opening(session: AshbySession) -> Mapping[str, Any]:
        return {**application(session), "openingId": opening()}

    def process(session: AshbySession) -> Mapping[str, Any]:
        found = application(session)
        begun = session.record("offerProcess.start", {"applicationId": found["application"]["id"]})
        return {**found, "processId": begun["id"]}

    def offer(session: AshbySession) -> str:
        from unified.ashby.offer import MODEL

        written = MODEL.create(session, MODEL.mapper.check_write({**full, **application(session)}, creating=True))
        return str(written.record["id"])

    changed = st.fixed_dictionaries({}, optional={**fields, **more}).filter(bool)
    decided = st.fixed_dictionaries({"status": st.sampled_from(("ACCEPTED", "DECLINED", "CANCELLED"))})
    version = ("offerDate", "status", "approvalStatus", "creator", "bonusCurrency")
    first = next(iter(organisation.offers))
    return Sample(
        creating=(
            Creating(made, full, application),
            Creating(made, full, with_opening),
            Creating(made, full, process),
        ),
        updating=(Updating(changed, {"salary": 95_000}, offer), Updating(decided, {"status": "DECLINED"}, offer)),
        deletable=offer,
        filters={
            "application": first["applicationId"],
            "status": "DRAFT",
            "approvalStatus": "APPROVED",
            "createdAfter": account.middle("offer", "createdAt"),
        },
        follows={**dict.fromkeys((*fields, *more), version), "status": ("decidedAt",)},
        write_only=("processId",),  # offer.info does not say of which process an offer is
    )


SAMPLES: Mapping[str, Callable[[Account], Sample]] = {
    "atsJob": jobs,
    "atsApplication": applications,
    "atsApplicationStage": stages,
    "atsOffer": offers,
}
