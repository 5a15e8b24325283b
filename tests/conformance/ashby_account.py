"""What samples of Ashby's models are made from: what is in the sandbox, what is made there, and common values."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from hypothesis import strategies as st

from sandbox.organisation import Organisation
from sandbox.state import Sandbox
from sandbox.table import Record
from unified.ashby.client import AshbySession

words = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=12)
titles = st.lists(words, min_size=1, max_size=3).map(" ".join)


class Account:
    """The account that the sandbox is, seen from inside."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers = count(1)

    @property
    def organisation(self) -> Organisation:
        """What is in it."""
        return self._sandbox.organisation

    def number(self) -> int:
        """Return a number that nothing else has."""
        return next(self._numbers)

    @property
    def job(self) -> Record:
        """The first job: open, with a plan and one posting."""
        return next(iter(self.organisation.jobs))

    def user(self, position: int = 0) -> Record:
        """Return an active user with an address."""
        return self.users()[position]

    def users(self) -> list[Record]:
        """Return the active users with an address."""
        return [user for user in self.organisation.users if user["isEnabled"] and user["email"]]

    def some(self, kind: str) -> st.SearchStrategy[str]:
        """Choose an id of a record that is not archived."""
        table = self.organisation.tables[kind]
        return st.sampled_from([record["id"] for record in table if not record.get("isArchived")])

    def some_user(self) -> st.SearchStrategy[dict[str, str]]:
        """Choose an active user."""
        return st.sampled_from([{"id": user["id"]} for user in self.users()])

    def stages(self, job: Record) -> list[Record]:
        """Return the stages of a job's plan."""
        plan = job["defaultInterviewPlanId"]
        return list(self.organisation.where("interview_stage", "interviewPlanId", plan))

    def open_stages(self, job: Record) -> st.SearchStrategy[dict[str, str]]:
        """Choose a stage of a job's plan in which an application is open."""
        types = ("Lead", "PreInterviewScreen", "Active")
        return st.sampled_from([{"id": stage["id"]} for stage in self.stages(job) if stage["type"] in types])

    def candidate(self, session: AshbySession) -> str:
        """Make a candidate; returns its id."""
        return session.record("candidate.create", {"name": f"Person {self.number()}"})["id"]

    def reachable(self, _session: AshbySession) -> Mapping[str, Any]:
        """Return an address that nobody else has: a lost candidate is found by it."""
        return {"email": f"unique.{self.number()}@example.com"}

    def application(self, session: AshbySession) -> str:
        """Make an application to the first job; returns its id."""
        body = {"candidateId": self.candidate(session), "jobId": self.job["id"]}
        return session.record("application.create", body)["id"]

    def middle(self, kind: str, key: str) -> str:
        """Return a time between the earliest and the latest one of records."""
        table = self.organisation.tables[kind]
        times = sorted(value for record in table if (value := record.get(key)) is not None)
        middle = times[len(times) // 2] + (1 if times[len(times) // 2] < times[-1] else -1)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle / 1000)) + f".{middle % 1000:03}Z"
