"""Five kinds of write, and what lets a function die at any step of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.idempotency.support import ADA, APPLICATIONS, CONTACTS, JOBS, Died, keyed, people
from tests.integration.stack import Answer, Stack
from unified import table as t
from unified import transport


class Steps:
    """Every call that leaves the process, counted; dies before or after the one that is named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.die: tuple[int, bool] | None = None
        for name in ("get", "get_many", "put", "update", "delete", "transact"):
            monkeypatch.setattr(t.Table, name, self._wrap(f"table.{name}", getattr(t.Table, name)))
        monkeypatch.setattr(transport, "send", self._wrap("upstream", transport.send))

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **rest: Any) -> Any:
            position = len(self.done)
            self.done.append(name)
            if self.die == (position, False):
                raise Died
            try:
                return real(*args, **rest)
            finally:
                if self.die == (position, True):
                    raise Died

        return call

    def run(self, work: Callable[[], Any], die: tuple[int, bool] | None = None) -> Any:
        """Do ``work`` from step 0; returns what it does, or None when it died."""
        self.done, self.die = [], die
        try:
            return work()
        except Died:
            return None
        finally:
            self.die = None


class Case:
    """One kind of write: how it is sent for the n-th time, and what is in Ashby afterwards."""

    lookup = True

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        self.stack = stack
        self.headers = headers

    def send(self, number: int, **rest: Any) -> Answer:
        raise NotImplementedError

    def found(self, number: int) -> list[str]:
        """Return the ids of what there is in Ashby of the n-th."""
        raise NotImplementedError

    def whole(self, record_id: str) -> bool:
        """Whether nothing is missing of it."""
        raise NotImplementedError


class Person(Case):
    """A contact with a link that takes a second call, and a custom value that takes a third."""

    def body(self, number: int) -> dict[str, Any]:
        links = [{"type": "YouTube", "url": "https://y.example/"}]
        return {**ADA, "email": f"n{number}@claims.example.com", "links": links, "grade": "A"}

    def send(self, number: int, **rest: Any) -> Answer:
        return self.stack.call("POST", CONTACTS, keyed(self.headers, f"k{number}"), body=self.body(number), **rest)

    def found(self, number: int) -> list[str]:
        return [one["id"] for one in people(self.stack, f"n{number}@claims.example.com")]

    def whole(self, record_id: str) -> bool:
        record = self.stack.sandbox.organisation.candidates.get(record_id)
        assert record is not None
        return bool(record["socialLinks"]) and "A" in record["customFieldValues"].values()


class Nameless(Person):
    """A contact that cannot be looked up: without an address."""

    lookup = False

    def body(self, number: int) -> dict[str, Any]:
        return {"firstName": "Ada", "lastName": f"Claims{number}"}

    def found(self, number: int) -> list[str]:
        return [one["id"] for one in self.stack.sandbox.organisation.candidates if one["name"] == f"Ada Claims{number}"]

    def whole(self, record_id: str) -> bool:
        return True


class Application(Case):
    """An application with a stage, and a recruiter who is added by a second call."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        super().__init__(stack, headers)
        organisation = stack.sandbox.organisation
        self.organisation = organisation
        self.job = next(job for job in organisation.jobs if job["title"] == "Software Engineer")
        plan = self.job["defaultInterviewPlanId"]
        stages = organisation.where("interview_stage", "interviewPlanId", plan)
        self.stage = next(stage["id"] for stage in stages if stage["type"] == "Active")
        self.recruiter = next(user["id"] for user in organisation.users if user["isEnabled"])
        self.people: dict[int, str] = {}

    def send(self, number: int, **rest: Any) -> Answer:
        if number not in self.people:
            made = self.organisation.blank_candidate(f"Applicant {number}", created_at=1_700_000_000_000)
            self.people[number] = self.organisation.save("candidate", made)["id"]
        body = {
            "candidate": {"id": self.people[number]},
            "job": {"id": self.job["id"]},
            "stage": {"id": self.stage},
            "recruiter": {"id": self.recruiter},
        }
        return self.stack.call("POST", APPLICATIONS, keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        candidate = self.organisation.candidates.get(self.people[number])
        assert candidate is not None
        return candidate["applicationIds"]

    def whole(self, record_id: str) -> bool:
        read = self.stack.call("GET", f"{APPLICATIONS}/{record_id}", self.headers).json["fields"]
        return (read["stage"]["id"], read["recruiter"]["id"]) == (self.stage, self.recruiter)


class Job(Case):
    """A job whose requisition id and team take further calls."""

    def send(self, number: int, **rest: Any) -> Answer:
        organisation = self.stack.sandbox.organisation
        user = next(user["id"] for user in organisation.users if user["isEnabled"])
        template = next(job for job in organisation.jobs if job["departmentId"] and job["locationId"])
        body = {
            "title": f"Claimant {number}",
            "departmentId": template["departmentId"],
            "locationId": template["locationId"],
            "requisitionId": f"R{number}",
            "hiringTeam": [{"user": {"id": user}, "role": "Recruiter"}],
        }
        return self.stack.call("POST", JOBS, keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        return [job["id"] for job in self.stack.sandbox.organisation.jobs if job["title"] == f"Claimant {number}"]

    def whole(self, record_id: str) -> bool:
        read = self.stack.call("GET", f"{JOBS}/{record_id}", self.headers).json["fields"]
        return bool(read["requisitionId"] and read["hiringTeam"])


class Change(Case):
    """A change of a contact and of its custom value."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        super().__init__(stack, headers)
        self.id = stack.call("POST", CONTACTS, headers, body=ADA).json["id"]

    def send(self, number: int, **rest: Any) -> Answer:
        body = {"lastName": f"King{number}", "grade": f"G{number}"}
        self.wanted = (f"Ada King{number}", f"G{number}")
        return self.stack.call("PATCH", f"{CONTACTS}/{self.id}", keyed(self.headers, f"k{number}"), body=body, **rest)

    def found(self, number: int) -> list[str]:
        return [self.id]

    def whole(self, record_id: str) -> bool:
        record = self.stack.sandbox.organisation.candidates.get(record_id)
        assert record is not None
        return record["name"] == self.wanted[0] and self.wanted[1] in record["customFieldValues"].values()
