"""Samples of Ashby's contacts, users, workspace and scheduling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from sandbox.table import Record
from tests.conformance.ashby_account import Account, titles, words
from tests.conformance.kit import Creating, Sample, Updating
from unified.ashby.client import AshbySession

_emails = st.integers(0, 10**9).map(lambda number: f"person.{number}@example.com")
_phones = st.integers(10**6, 10**10).map(lambda number: f"+44 {number}")
_LINK_TYPES = ("LinkedIn", "GitHub", "Twitter", "Medium", "StackOverflow", "YouTube", "CodePen", "Website")
_links = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(_LINK_TYPES), "url": words.map(lambda word: f"https://example.com/{word}")}
    ),
    max_size=4,
)


def contacts(account: Account) -> Sample:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "lastName": titles,
        "email": _emails,
        "phoneNumber": _phones,
        "links": _links,
    }
    made = st.fixed_dictionaries({"firstName": words}, optional={**fields})
    by_other_name = st.fixed_dictionaries({"firstName": words, "phone": _phones})
    changed = st.fixed_dictionaries({}, optional={"firstName": words, **fields}).filter(bool)
    renamed = st.fixed_dictionaries({"phone": _phones})

    def known(session: AshbySession) -> str:
        number = account.number()
        body = {
            "name": f"Person {number}",
            "email": f"known.{number}@example.com",
            "phoneNumber": f"+1 555 {number:07}",
            "linkedInUrl": f"https://linkedin.com/in/{number}",
        }
        return session.record("candidate.create", body)["id"]

    first = next(iter(account.organisation.candidates))
    return Sample(
        creating=(Creating(made | by_other_name, {"firstName": "Ada"}, account.reachable),),
        updating=(Updating(changed | renamed, {"firstName": "Grace"}, known),),
        deletable=account.candidate,
        filters={"email": "ada@example.com", "name": first["name"]},
        follows={
            "email": ("emails",),
            "phoneNumber": ("phone", "phoneNumbers"),
            "phone": ("phoneNumber", "phoneNumbers"),
        },
    )


def calendars(account: Account) -> Sample:
    members = st.lists(account.some_user(), max_size=4, unique_by=lambda member: member["id"])
    fields = {"members": members, "isActive": st.booleans()}
    changed = st.fixed_dictionaries({}, optional={"name": titles, **fields}).filter(bool)

    def pool(session: AshbySession) -> str:
        made = session.record("interviewerPool.create", {"title": f"Pool {account.number()}"})
        body = {"interviewerPoolId": made["id"], "userId": account.user()["id"]}
        return f"pool:{session.record('interviewerPool.addUser', body)['id']}"

    return Sample(
        creating=(Creating(st.fixed_dictionaries({"name": titles}, optional=fields), {"name": "Night shift"}),),
        updating=(Updating(changed, {"members": [], "isActive": False}, pool),),
        deletable=pool,
        filters={"kind": "pool", "isActive": "true"},
    )


def events(account: Account) -> Sample:
    attendee: st.SearchStrategy[dict[str, Any]] = st.sampled_from(account.users()).flatmap(
        lambda user: st.fixed_dictionaries(
            {"user": st.just({"id": user["id"]})},
            optional={"email": st.just(user["email"]), "isFeedbackRequired": st.booleans()},
        )
    )
    attendees = st.lists(attendee, min_size=1, max_size=3, unique_by=lambda one: one["user"]["id"])
    times = st.tuples(st.integers(1, 27), st.integers(0, 22), st.integers(1, 59)).map(
        lambda parts: {
            "startTime": f"2033-03-{parts[0]:02}T{parts[1]:02}:00:00.000Z",
            "endTime": f"2033-03-{parts[0]:02}T{parts[1] + 1:02}:{parts[2]:02}:00.000Z",
        }
    )
    interviews = [
        {"id": one["id"]} for one in account.organisation.interviews if not one["isArchived"] and one["jobId"] is None
    ]
    rest = st.fixed_dictionaries({"attendees": attendees}, optional={"eventType": st.sampled_from(interviews)})
    made = st.builds(lambda when, other: {**when, **other}, times, rest)
    optional = {"attendees": attendees, "eventType": st.sampled_from(interviews)}
    changed = st.builds(
        lambda when, other: {**when, **other}, times, st.fixed_dictionaries({}, optional=optional)
    ) | st.fixed_dictionaries({}, optional=optional).filter(bool)

    def schedule(session: AshbySession) -> Record:
        interviewers = [{"email": account.user()["email"]}]
        event = {
            "startTime": "2032-01-01T09:00:00.000Z",
            "endTime": "2032-01-01T10:00:00.000Z",
            "interviewers": interviewers,
        }
        body = {"applicationId": account.application(session), "interviewEvents": [event]}
        return session.record("interviewSchedule.create", body)

    def event(session: AshbySession) -> str:
        found = schedule(session)
        return f"{found['applicationId']}.{found['id']}.{found['interviewEvents'][0]['id']}"

    def with_sibling(session: AshbySession) -> str:
        record_id = event(session)
        interviewers = [{"email": account.user()["email"]}]
        times = {"startTime": "2032-01-02T09:00:00.000Z", "endTime": "2032-01-02T10:00:00.000Z"}
        other = {"interviewEvent": {**times, "interviewers": interviewers}}
        session.record("interviewSchedule.update", {"interviewScheduleId": record_id.split(".")[1], **other})
        return record_id

    plain = {
        "startTime": "2034-01-01T09:00:00.000Z",
        "endTime": "2034-01-01T09:30:00.000Z",
        "attendees": [{"user": {"id": account.user(1)["id"]}}],
    }
    first = next(iter(account.organisation.interview_schedules))
    return Sample(
        creating=(
            Creating(made, plain, lambda session: {"application": {"id": account.application(session)}}),
            Creating(made, plain, lambda session: {"schedule": schedule(session)["id"]}),
        ),
        updating=(Updating(changed, plain, event),),
        deletable=with_sibling,
        filters={"application": first["applicationId"], "stage": first["interviewStageId"]},
        follows={"eventType": ("title", "description")},
    )


SAMPLES: Mapping[str, Callable[[Account], Sample]] = {
    "genericContact": contacts,
    "genericUser": lambda account: Sample(filters={"isActive": "true", "email": account.user()["email"]}),
    "genericWorkspace": lambda _account: Sample(),
    "scheduleCalendar": calendars,
    "scheduleEventType": lambda _account: Sample(filters={"isActive": "true"}),
    "scheduleEvent": events,
}
