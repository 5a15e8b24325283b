"""What the conformance suite needs to know of Ashby: the sandbox on a free port, and samples of the ten models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from itertools import count
from typing import Any

import httpx
import uvicorn
from hypothesis import strategies as st

from sandbox import permissions
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.faults import Fault, FaultKind
from sandbox.state import Sandbox
from sandbox.table import Record
from tests.conformance.kit import Creating, Sample, Trouble, Updating
from unified import transport
from unified.ashby.client import AshbySession
from unified.connector import Credential
from unified.deadline import Deadline
from unified.secret import Secret

KEY = "ashby_conformance_key_that_nobody_may_see"
_READS = ("*.list", "*.info", "*.search")
_FAULTS: Mapping[Trouble, dict[str, Any]] = {
    Trouble.RATE_LIMITED: {"kind": FaultKind.STATUS, "status": 429, "retry_after": 1},
    Trouble.BROKEN: {"kind": FaultKind.STATUS, "status": 500},
    Trouble.DROPPED_BEFORE: {"kind": FaultKind.DROP_BEFORE},
    Trouble.DROPPED_AFTER: {"kind": FaultKind.DROP_AFTER},
    Trouble.MALFORMED: {"kind": FaultKind.MALFORMED},
}

_numbers = count(1)
_words = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=12)
_titles = st.lists(_words, min_size=1, max_size=3).map(" ".join)
_emails = st.integers(0, 10**9).map(lambda number: f"person.{number}@example.com")
_phones = st.integers(10**6, 10**10).map(lambda number: f"+44 {number}")
_past = st.datetimes(datetime(2015, 1, 1), datetime(2026, 1, 1)).map(  # noqa: DTZ001 - the zone is in the text
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
)
_days = st.dates(date(2027, 1, 1), date(2080, 1, 1)).map(lambda day: f"{day}T00:00:00.000Z")
_LINK_TYPES = ("LinkedIn", "GitHub", "Twitter", "Medium", "StackOverflow", "YouTube", "CodePen", "Website")
_links = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(_LINK_TYPES), "url": _words.map(lambda word: f"https://example.com/{word}")}
    ),
    max_size=4,
)
_money = st.integers(0, 10**9)
_currencies = st.sampled_from(("EUR", "USD", "JPY"))


class AshbyFake:
    """The sandbox, and one key of every permission and switch."""

    secret = KEY

    def __init__(self, sandbox: Sandbox, base_url: str, client: httpx.Client) -> None:
        self.base_url = base_url
        self._sandbox = sandbox
        self._client = client
        self._sample: Mapping[str, Callable[[], Sample]] = {
            "genericContact": self._contacts,
            "scheduleCalendar": self._calendars,
            "scheduleEventType": lambda: Sample(filters={"isActive": "true"}),
            "scheduleEvent": self._events,
            "genericUser": lambda: Sample(filters={"isActive": "true", "email": self._user()["email"]}),
            "genericWorkspace": Sample,
            "atsJob": self._jobs,
            "atsApplication": self._applications,
            "atsApplicationStage": lambda: Sample(
                filters={"plan": self._job["defaultInterviewPlanId"], "job": self._job["id"]}
            ),
            "atsOffer": self._offers,
        }

    # -- the account ---------------------------------------------------------------------------------------------

    def credential(self) -> Credential:
        """Return the key."""
        return Credential("apiKey", Secret(KEY))

    def open(self) -> AshbySession:
        """Open a line that never waits."""
        return self._open(self.base_url)

    def open_nowhere(self) -> AshbySession:
        """Open a line to a port that is closed."""
        return self._open("http://127.0.0.1:1")

    def _open(self, url: str) -> AshbySession:
        send = partial(transport.send, client=self._client)
        return AshbySession(url, self.credential(), Deadline(60), None, send=send, sleep=lambda _seconds: None)

    def permit(self, permissions: Collection[str] | None) -> None:
        """Change the key's permissions."""
        granted = self.all_permissions() if permissions is None else permissions
        switches = {"private_fields": True, "confidential": True, "on_behalf_of": True}
        self._sandbox.keys.add(KEY, title="Conformance", granted=granted, **switches)

    def all_permissions(self) -> Collection[str]:
        """Return Ashby's permissions."""
        return permissions.ALL

    def disable(self) -> None:
        """Disable the key."""
        self._sandbox.keys.set_enabled(KEY, enabled=False)

    def trouble(self, kind: Trouble, operations: str, times: int | None = None) -> None:
        """Add a fault; the first one that matches a call applies, so reads go past one of writes."""
        for endpoint in self._sandbox.endpoints:
            if _reads(endpoint) == (operations == "reads"):
                self._sandbox.faults.add(Fault(endpoint=endpoint, times=times, **_FAULTS[kind]))

    def calm(self) -> None:
        """Remove every fault and restore the key."""
        self._sandbox.faults.clear(None)
        self.permit(None)

    def effects(self) -> int:
        """Return the number of the latest change."""
        return self._sandbox.organisation.last_change

    def calls(self, operations: str) -> int:
        """Count calls by the endpoint's name."""
        calls = self._sandbox.calls.by_endpoint
        return sum(number for endpoint, number in calls.items() if _reads(endpoint) == (operations == "reads"))

    def sample(self, model_id: str) -> Sample:
        """Return a model's sample."""
        return self._sample[model_id]()

    # -- what is in it -------------------------------------------------------------------------------------------

    @property
    def _job(self) -> Record:
        """The first job: open, with a plan and one posting."""
        return next(iter(self._sandbox.organisation.jobs))

    def _user(self, position: int = 0) -> Record:
        return self._users()[position]

    def _users(self) -> list[Record]:
        return [user for user in self._sandbox.organisation.users if user["isEnabled"] and user["email"]]

    def _some(self, kind: str) -> st.SearchStrategy[str]:
        """Choose an id of a record that is not archived."""
        table = self._sandbox.organisation.tables[kind]
        return st.sampled_from([record["id"] for record in table if not record.get("isArchived")])

    def _some_user(self) -> st.SearchStrategy[dict[str, str]]:
        return st.sampled_from([{"id": user["id"]} for user in self._users()])

    def _stages(self, job: Record) -> list[Record]:
        plan = job["defaultInterviewPlanId"]
        return list(self._sandbox.organisation.where("interview_stage", "interviewPlanId", plan))

    def _open_stages(self, job: Record) -> st.SearchStrategy[dict[str, str]]:
        types = ("Lead", "PreInterviewScreen", "Active")
        return st.sampled_from([{"id": stage["id"]} for stage in self._stages(job) if stage["type"] in types])

    def _candidate(self, session: AshbySession) -> str:
        return session.record("candidate.create", {"name": f"Person {next(_numbers)}"})["id"]

    def _reachable(self, _session: AshbySession) -> Mapping[str, Any]:
        """Return an address that nobody else has: a lost candidate is found by it."""
        return {"email": f"unique.{next(_numbers)}@example.com"}

    def _application(self, session: AshbySession) -> str:
        body = {"candidateId": self._candidate(session), "jobId": self._job["id"]}
        return session.record("application.create", body)["id"]

    # -- the models ----------------------------------------------------------------------------------------------

    def _contacts(self) -> Sample:
        fields: dict[str, st.SearchStrategy[Any]] = {
            "lastName": _titles,
            "email": _emails,
            "phoneNumber": _phones,
            "links": _links,
        }
        made = st.fixed_dictionaries({"firstName": _words}, optional={**fields})
        by_other_name = st.fixed_dictionaries({"firstName": _words, "phone": _phones})
        changed = st.fixed_dictionaries({}, optional={"firstName": _words, **fields}).filter(bool)
        renamed = st.fixed_dictionaries({"phone": _phones})

        def known(session: AshbySession) -> str:
            number = next(_numbers)
            body = {
                "name": f"Person {number}",
                "email": f"known.{number}@example.com",
                "phoneNumber": f"+1 555 {number:07}",
                "linkedInUrl": f"https://linkedin.com/in/{number}",
            }
            return session.record("candidate.create", body)["id"]

        first = next(iter(self._sandbox.organisation.candidates))
        return Sample(
            creating=(Creating(made | by_other_name, {"firstName": "Ada"}, self._reachable),),
            updating=(Updating(changed | renamed, {"firstName": "Grace"}, known),),
            deletable=self._candidate,
            filters={"email": "ada@example.com", "name": first["name"]},
            follows={
                "email": ("emails",),
                "phoneNumber": ("phone", "phoneNumbers"),
                "phone": ("phoneNumber", "phoneNumbers"),
            },
        )

    def _calendars(self) -> Sample:
        members = st.lists(self._some_user(), max_size=4, unique_by=lambda member: member["id"])
        fields = {"members": members, "isActive": st.booleans()}
        changed = st.fixed_dictionaries({}, optional={"name": _titles, **fields}).filter(bool)

        def pool(session: AshbySession) -> str:
            made = session.record("interviewerPool.create", {"title": f"Pool {next(_numbers)}"})
            body = {"interviewerPoolId": made["id"], "userId": self._user()["id"]}
            return f"pool:{session.record('interviewerPool.addUser', body)['id']}"

        return Sample(
            creating=(Creating(st.fixed_dictionaries({"name": _titles}, optional=fields), {"name": "Night shift"}),),
            updating=(Updating(changed, {"members": [], "isActive": False}, pool),),
            deletable=pool,
            filters={"kind": "pool", "isActive": "true"},
        )

    def _events(self) -> Sample:
        attendee: st.SearchStrategy[dict[str, Any]] = st.sampled_from(self._users()).flatmap(
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
            {"id": one["id"]}
            for one in self._sandbox.organisation.interviews
            if not one["isArchived"] and one["jobId"] is None
        ]
        rest = st.fixed_dictionaries({"attendees": attendees}, optional={"eventType": st.sampled_from(interviews)})
        made = st.builds(lambda when, other: {**when, **other}, times, rest)
        optional = {"attendees": attendees, "eventType": st.sampled_from(interviews)}
        changed = st.builds(
            lambda when, other: {**when, **other}, times, st.fixed_dictionaries({}, optional=optional)
        ) | st.fixed_dictionaries({}, optional=optional).filter(bool)

        def schedule(session: AshbySession) -> Record:
            interviewers = [{"email": self._user()["email"]}]
            event = {
                "startTime": "2032-01-01T09:00:00.000Z",
                "endTime": "2032-01-01T10:00:00.000Z",
                "interviewers": interviewers,
            }
            body = {"applicationId": self._application(session), "interviewEvents": [event]}
            return session.record("interviewSchedule.create", body)

        def event(session: AshbySession) -> str:
            found = schedule(session)
            return f"{found['applicationId']}.{found['id']}.{found['interviewEvents'][0]['id']}"

        def with_sibling(session: AshbySession) -> str:
            record_id = event(session)
            interviewers = [{"email": self._user()["email"]}]
            times = {"startTime": "2032-01-02T09:00:00.000Z", "endTime": "2032-01-02T10:00:00.000Z"}
            other = {"interviewEvent": {**times, "interviewers": interviewers}}
            session.record("interviewSchedule.update", {"interviewScheduleId": record_id.split(".")[1], **other})
            return record_id

        plain = {
            "startTime": "2034-01-01T09:00:00.000Z",
            "endTime": "2034-01-01T09:30:00.000Z",
            "attendees": [{"user": {"id": self._user(1)["id"]}}],
        }
        first = next(iter(self._sandbox.organisation.interview_schedules))
        return Sample(
            creating=(
                Creating(made, plain, lambda session: {"application": {"id": self._application(session)}}),
                Creating(made, plain, lambda session: {"schedule": schedule(session)["id"]}),
            ),
            updating=(Updating(changed, plain, event),),
            deletable=with_sibling,
            filters={"application": first["applicationId"], "stage": first["interviewStageId"]},
            follows={"eventType": ("title", "description")},
        )

    def _jobs(self) -> Sample:
        roles = [role["title"] for role in self._sandbox.organisation.hiring_team_roles]
        member = st.fixed_dictionaries({"user": self._some_user(), "role": st.sampled_from(roles)})
        fields = {
            "requisitionId": _words,
            "hiringTeam": st.lists(member, max_size=3, unique_by=lambda one: (one["user"]["id"], one["role"])),
        }
        places = {"departmentId": self._some("department"), "locationId": self._some("location")}
        plan = {"planId": self._some("interview_plan")}
        made = st.fixed_dictionaries(
            places,
            optional={**fields, **plan, "status": st.sampled_from(("DRAFT", "ARCHIVED"))},
        )
        opened = st.fixed_dictionaries({**places, "status": st.just("OPEN")}, optional=fields)

        def draft(session: AshbySession) -> str:
            body = {
                "title": f"Job {next(_numbers)}",
                "teamId": self._job["departmentId"],
                "locationId": self._job["locationId"],
                "defaultInterviewPlanId": self._job["defaultInterviewPlanId"],
            }
            return session.record("job.create", body)["id"]

        changed = st.fixed_dictionaries(
            {},
            optional={
                "title": _titles,
                **places,
                **plan,
                **fields,
                "status": st.sampled_from(("OPEN", "ARCHIVED")),
            },
        ).filter(bool)
        plain = {key: self._job[key] for key in ("departmentId", "locationId")}

        def title(_session: AshbySession) -> Mapping[str, Any]:
            """Return a title that no other job has: a lost job is found by it."""
            return {"title": f"Job {next(_numbers)}"}

        def planned(session: AshbySession) -> Mapping[str, Any]:
            return {**title(session), "planId": self._job["defaultInterviewPlanId"]}

        described = st.fixed_dictionaries({"description": _titles.map(lambda text: f"<h2>{text}</h2>")})
        return Sample(
            creating=(Creating(made, plain, title), Creating(opened, {**plain, "status": "OPEN"}, planned)),
            updating=(
                Updating(changed, {"title": "Other"}, draft),
                Updating(described, {"description": "<h2>New</h2>"}, lambda _session: self._job["id"]),
            ),
            deletable=draft,
            filters={
                "status": "OPEN,DRAFT",
                "createdAfter": self._middle("job", "createdAt"),
                "openedAfter": self._middle("job", "openedAt"),
                "openedBefore": self._middle("job", "openedAt"),
                "closedAfter": self._middle("job", "closedAt"),
                "closedBefore": self._middle("job", "closedAt"),
                "requisitionId": "REQ-2471",
            },
            follows={"status": ("openedAt", "closedAt"), "departmentId": ("department",), "locationId": ("location",)},
        )

    def _middle(self, kind: str, key: str) -> str:
        """Return a time between the earliest and the latest one of records."""
        table = self._sandbox.organisation.tables[kind]
        times = sorted(value for record in table if (value := record.get(key)) is not None)
        middle = times[len(times) // 2] + (1 if times[len(times) // 2] < times[-1] else -1)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle / 1000)) + f".{middle % 1000:03}Z"

    def _applications(self) -> Sample:
        job = self._job
        archived = next(stage for stage in self._stages(job) if stage["type"] == "Archived")
        reason = {
            "stage": st.just({"id": archived["id"]}),
            "archiveReasonId": self._some("archive_reason"),
        }
        free = {"sourceId": self._some("source"), "creditedTo": self._some_user(), "appliedDate": _past}
        team = {"recruiter": self._some_user()}
        placed = {"stage": self._open_stages(job)}
        other = next(
            one
            for one in self._sandbox.organisation.jobs
            if one["defaultInterviewPlanId"] not in (None, job["defaultInterviewPlanId"])
        )
        moved = st.fixed_dictionaries({"job": st.just({"id": other["id"]}), "stage": self._open_stages(other)})

        def given(session: AshbySession) -> Mapping[str, Any]:
            return {"candidate": {"id": self._candidate(session)}, "job": {"id": job["id"]}}

        anything = {**free, **team, **placed}
        rejected = {
            "stage": {"id": archived["id"]},
            "archiveReasonId": next(iter(self._sandbox.organisation.archive_reasons))["id"],
        }
        from_stage = ("status", "archiveReason", "archiveReasonId", "archiveReasonType", "archivedAt")
        first = next(iter(self._sandbox.organisation.applications))
        return Sample(
            creating=(
                Creating(st.fixed_dictionaries({}, optional=anything), {}, given),
                Creating(st.fixed_dictionaries(reason, optional=free), rejected, given),
            ),
            updating=(
                Updating(
                    st.fixed_dictionaries({}, optional=anything).filter(bool),
                    {"creditedTo": {"id": self._user()["id"]}},
                    self._application,
                ),
                Updating(st.fixed_dictionaries(reason, optional=free), rejected, self._application),
                Updating(moved, {}, self._application),
            ),
            deletable=self._application,
            filters={
                "job": first["jobId"],
                "candidate": first["candidateId"],
                "status": "ARCHIVED",
                "createdAfter": self._middle("application", "createdAt"),
                "createdBefore": self._middle("application", "createdAt"),
            },
            follows={
                "stage": from_stage,
                "archiveReasonId": from_stage,
                "job": ("hiringTeam", "recruiter", *from_stage),
                "recruiter": ("hiringTeam",),
                "sourceId": ("source",),
            },
        )

    def _offers(self) -> Sample:
        organisation = self._sandbox.organisation
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
            made = {**some, "id": organisation.new_identifier("opening"), "identifier": f"O-{next(_numbers)}"}
            return organisation.save("opening", made)["id"]

        def application(session: AshbySession) -> Mapping[str, Any]:
            return {"application": {"id": self._application(session)}}

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
                "createdAfter": self._middle("offer", "createdAt"),
            },
            follows={**dict.fromkeys((*fields, *more), version), "status": ("decidedAt",)},
            write_only=("processId",),  # offer.info does not say of which process an offer is
        )


def _reads(endpoint: str) -> bool:
    return endpoint.rpartition(".")[2] in ("list", "info", "search")


@contextmanager
def start() -> Generator[AshbyFake]:
    """Serve a sandbox from this process."""
    app = create_app(SandboxConfig(candidates=60, requests_per_minute=10**6))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the sandbox did not start"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=50)) as client:
            yield AshbyFake(app.state.sandbox, f"http://127.0.0.1:{port}", client)
    finally:
        if transport._client.cache_info().currsize:  # of a session that the connector itself opened
            transport._client().close()
            transport._client.cache_clear()
        server.should_exit = True
        thread.join(10)
