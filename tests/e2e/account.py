"""The account behind a connection, as somebody works in it: by Ashby's own endpoints and the sandbox's admin routes."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.running import World

KEY = "ashby_local_full"

Record = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """The account, reached by the sandbox's key that may do everything, unless told another."""

    world: World
    key: str = field(default=KEY, kw_only=True)

    def ashby(self, endpoint: str, **body: Any) -> Any:
        """Call Ashby and give its results."""
        results = self.envelope(endpoint, **body)
        assert results["success"], results
        return results["results"]

    def envelope(self, endpoint: str, **body: Any) -> Record:
        """Call Ashby and give its whole answer."""
        answer = self.world.http.post(f"{self.world.sandbox.url}/{endpoint}", json=body, auth=(self.key, ""))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def every(self, endpoint: str, **body: Any) -> list[Record]:
        """Read every page of a list of Ashby's."""
        found: list[Record] = []
        while True:
            page = self.envelope(endpoint, limit=100, **body)
            assert page["success"], page
            found += page["results"]
            if not page["moreDataAvailable"]:
                return found
            body["cursor"] = page["nextCursor"]

    def name(self) -> str:
        """Return the organisation's name, its first brand's: whichever test has changed it last."""
        return self.ashby("brand.list")[0]["name"]

    def named(self, kind: str, record_id: str | None) -> str | None:
        """Return the name of a department or of a location."""
        return None if record_id is None else self.ashby(f"{kind}.info", **{f"{kind}Id": record_id})["name"]

    def last_change(self) -> int:
        """Return the number of the latest change in the account, of whatever kind."""
        return self.world.sandbox.state()["lastChange"]

    def changes(self, after: int) -> set[tuple[str, str, str]]:
        """Return what has changed: kind, id and action.

        Not the settings of webhooks: sweeps of other connections to the account put theirs right at any time.
        """
        answer = self.world.http.get(f"{self.world.sandbox.url}/_sandbox/changes", params={"after": after})
        changes = {(one["kind"], one["identifier"], one["action"]) for one in answer.json()["changes"]}
        return {change for change in changes if change[0] != "webhook"}

    def count(self, kind: str) -> int:
        """Count the records of a kind."""
        return self.world.sandbox.state()["counts"][kind]

    # -- what scenarios begin with --------------------------------------------------------------------------------

    def job(self) -> Record:
        """Return an open job that has a plan and one posting."""
        return next(
            job
            for job in self.every("job.list", status=["Open"])
            if job.get("defaultInterviewPlanId") and len(job["jobPostingIds"]) == 1 and not job["confidential"]
        )

    def user(self, position: int = 0) -> Record:
        """Return an active user with an address."""
        return [one for one in self.every("user.list") if one.get("email")][position]

    def stage(self, job: Record, kind: str) -> str:
        """Return a stage of a type in a job's plan."""
        return next(stage["id"] for stage in self.stages(job) if stage["type"] == kind)

    def stages(self, job: Record) -> list[Record]:
        """Return the stages of a job's plan."""
        return self.ashby("interviewStage.list", interviewPlanId=job["defaultInterviewPlanId"])

    def candidate(self) -> Record:
        """Make a candidate."""
        name = f"Person {secrets.token_hex(4)}"
        return self.ashby("candidate.create", name=name, email=f"{secrets.token_hex(8)}@example.com")

    def application(self) -> Record:
        """Make an application."""
        return self.ashby("application.create", candidateId=self.candidate()["id"], jobId=self.job()["id"])

    def pool(self) -> Record:
        """Make an interviewer pool."""
        return self.ashby("interviewerPool.create", title=f"Pool {secrets.token_hex(4)}")

    def schedule(self, events: int = 1) -> Record:
        """Make an interview schedule."""
        interviewers = [{"email": self.user()["email"]}]
        times = [(f"2032-01-0{day}T09:00:00.000Z", f"2032-01-0{day}T10:00:00.000Z") for day in range(1, events + 1)]
        wanted = [{"startTime": start, "endTime": end, "interviewers": interviewers} for start, end in times]
        return self.ashby("interviewSchedule.create", applicationId=self.application()["id"], interviewEvents=wanted)

    def offer(self) -> Record:
        """Make an offer, with what the account's form requires."""
        process = self.ashby("offerProcess.start", applicationId=self.application()["id"])
        form = self.ashby("offer.start", offerProcessId=process["id"])
        required = [
            one["field"]
            for section in form["formDefinition"]["sections"]
            for one in section["fields"]
            if one["isRequired"]
        ]
        filled = [{"path": field["path"], "value": _FILLED[field["type"]](field)} for field in required]
        ids = {"offerProcessId": process["id"], "offerFormId": form["id"]}
        return self.ashby("offer.create", **ids, offerForm={"fieldSubmissions": filled})

    # -- in Ashby's own interface, by the sandbox's admin routes ------------------------------------------------------

    def steer(self, method: str, path: str, **body: Any) -> Record:
        """Call ``/_sandbox/<path>``."""
        answer = self.world.http.request(method, f"{self.world.sandbox.url}/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def copy(self, kind: str, **changes: Any) -> str:
        """Make a record like the first of its kind, with changes; returns its id."""
        return self.steer("POST", f"records/{kind}", changes=changes)["id"]

    def change(self, kind: str, record_id: str, **changes: Any) -> None:
        """Change a record."""
        self.steer("PATCH", f"records/{kind}/{record_id}", changes=changes)

    def remove(self, kind: str, record_id: str) -> None:
        """Remove a record."""
        self.steer("DELETE", f"records/{kind}/{record_id}")


_FILLED: Mapping[str, Callable[[Record], Any]] = {
    "Date": lambda _: "2027-02-01",
    "Currency": lambda _: {"currencyCode": "EUR", "value": 90_000},
    "MultiValueSelect": lambda field: [field["selectableValues"][0]["value"]],
    "ValueSelect": lambda field: field["selectableValues"][0]["value"],
    "String": lambda _: "Pension",
    "LongText": lambda _: "Pension",
}
