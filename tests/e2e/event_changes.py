"""One change in the account for each event that there is: ten models, each created, updated and deleted."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.account import KEY, Account
from tests.e2e.receiving import Receiver
from tests.e2e.running import Connection, Project
from tests.e2e.waiting import wait_for


@dataclass(frozen=True)
class Scene(Account):
    """A connection all of whose events are wanted, its account, and who receives them.

    `known` holds what the first sweep has seen and no test has touched: one record of each model to change, one to
    remove. `told` is what the tests have seen: owner, event, record and the event's id.
    """

    project: Project
    customer: Connection
    receiver: Receiver
    known: Mapping[tuple[str, str], Any]
    told: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])

    def sync(self, customer: Connection) -> Mapping[str, Any]:
        """Read how a connection is watched."""
        answer = customer.send("GET", "/sync")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def watched(self, customer: Connection) -> Mapping[str, Any]:
        """Wait until the first sweep of a connection is over."""

        def complete() -> Any:
            sync = self.sync(customer)
            return not sync["waiting"] and all(one["isComplete"] for one in sync["models"]) and sync

        return wait_for("the first sweep", complete)

    def ask(self, customer: Connection, body: Mapping[str, Any]) -> None:
        """Ask for a sweep, once the one that was asked for before is over."""

        def idle() -> bool:
            return all(one["sweptAt"] and one["running"] is None for one in self.sync(customer)["models"])

        wait_for("the sweep before", idle)
        asked = customer.send("POST", "/sync", json=body)
        assert asked.status_code == 200, asked.text

    def new(self, *events: str) -> Connection:
        """Connect one more customer to the account."""
        customer = self.world.connection(self.project, ["genericContact::list"])
        assert customer.send("PATCH", "", json={"events": list(events)}).status_code == 200
        assert customer.authorize_by_key(KEY).status_code == 200
        return customer


# What happens in the account: gives the connection and the record that the event is about.
Change = Callable[[Scene], tuple[Connection, str]]
CHANGES: dict[tuple[str, str], Change] = {}


def happens(model: str, trigger: str) -> Callable[[Callable[[Scene, Any], str]], None]:
    """Keep the change of a cell; it gets the record that was there before, and returns the record's id."""

    def keep(change: Callable[[Scene, Any], str]) -> None:
        assert (model, trigger) not in CHANGES
        CHANGES[model, trigger] = lambda scene: (scene.customer, change(scene, scene.known.get((model, trigger))))

    return keep


def a_word() -> str:
    """Return a word that nothing else has."""
    return f"Word {secrets.token_hex(4)}"


# -- what is there before ---------------------------------------------------------------------------------------------


def a_user(account: Account) -> str:
    """Add a user."""
    return account.copy("user", email=f"{secrets.token_hex(6)}@example.com", lastName=a_word())


def a_job(account: Account) -> str:
    """Make a job."""
    job = account.job()
    return account.ashby("job.create", title=a_word(), teamId=job["departmentId"], locationId=job["locationId"])["id"]


BEFORE: Mapping[str, Callable[[Account], Any]] = {
    "genericContact": lambda account: account.candidate()["id"],
    "genericUser": a_user,
    "scheduleCalendar": lambda account: account.pool()["id"],
    "scheduleEventType": lambda account: account.copy("interview", title=a_word()),
    "scheduleEvent": lambda account: account.schedule(),
    "atsJob": a_job,
    "atsApplication": lambda account: account.application(),
    "atsApplicationStage": lambda account: account.copy("interview_stage", title=a_word()),
    "atsOffer": lambda account: account.offer()["id"],
}


def event_id_of(schedule: Mapping[str, Any]) -> str:
    """Return our id of a schedule's one event."""
    return f"{schedule['applicationId']}.{schedule['id']}.{schedule['interviewEvents'][0]['id']}"


# -- what happens -----------------------------------------------------------------------------------------------------


@happens("genericContact", "created")
def _(scene: Scene, _: Any) -> str:
    return scene.application()["candidate"]["id"]


@happens("genericContact", "updated")
def _(scene: Scene, candidate_id: str) -> str:
    scene.ashby("candidate.update", candidateId=candidate_id, name=a_word())
    return candidate_id


@happens("genericContact", "deleted")
def _(scene: Scene, candidate_id: str) -> str:
    scene.steer("DELETE", f"candidates/{candidate_id}")
    return candidate_id


@happens("genericUser", "created")
def _(scene: Scene, _: Any) -> str:
    return a_user(scene)


@happens("genericUser", "updated")
def _(scene: Scene, user_id: str) -> str:
    scene.steer("POST", f"users/{user_id}", firstName=a_word())
    return user_id


@happens("genericUser", "deleted")
def _(scene: Scene, user_id: str) -> str:
    scene.remove("user", user_id)
    return user_id


def _first_sight(scene: Scene) -> tuple[Connection, str]:
    return scene.new("genericWorkspace::*"), "organization"


def _parting(scene: Scene) -> tuple[Connection, str]:
    customer = scene.new("genericWorkspace::*")
    scene.watched(customer)
    assert customer.send("DELETE", "").status_code == 204
    return customer, "organization"


CHANGES["genericWorkspace", "created"] = _first_sight
CHANGES["genericWorkspace", "deleted"] = _parting


@happens("genericWorkspace", "updated")
def _(scene: Scene, _: Any) -> str:
    (brand, *_rest) = scene.steer("GET", "records/brand")["ids"]
    scene.change("brand", brand, name=a_word())
    return "organization"


@happens("scheduleCalendar", "created")
def _(scene: Scene, _: Any) -> str:
    return f"pool:{scene.pool()['id']}"


@happens("scheduleCalendar", "updated")
def _(scene: Scene, pool_id: str) -> str:
    scene.ashby("interviewerPool.update", interviewerPoolId=pool_id, title=a_word())
    return f"pool:{pool_id}"


@happens("scheduleCalendar", "deleted")
def _(scene: Scene, pool_id: str) -> str:
    scene.remove("interviewer_pool", pool_id)
    return f"pool:{pool_id}"


@happens("scheduleEventType", "created")
def _(scene: Scene, _: Any) -> str:
    return scene.copy("interview", title=a_word())


@happens("scheduleEventType", "updated")
def _(scene: Scene, interview_id: str) -> str:
    scene.change("interview", interview_id, title=a_word())
    return interview_id


@happens("scheduleEventType", "deleted")
def _(scene: Scene, interview_id: str) -> str:
    scene.remove("interview", interview_id)
    return interview_id


@happens("scheduleEvent", "created")
def _(scene: Scene, _: Any) -> str:
    return event_id_of(scene.schedule())


@happens("scheduleEvent", "updated")
def _(scene: Scene, schedule: Mapping[str, Any]) -> str:
    times = {"startTime": "2032-02-01T09:00:00.000Z", "endTime": "2032-02-01T10:00:00.000Z"}
    event = schedule["interviewEvents"][0]["id"]
    changed = {**times, "interviewEventId": event, "interviewers": [{"email": scene.user()["email"]}]}
    scene.ashby("interviewSchedule.update", interviewScheduleId=schedule["id"], interviewEvent=changed)
    return event_id_of(schedule)


@happens("scheduleEvent", "deleted")
def _(scene: Scene, schedule: Mapping[str, Any]) -> str:
    scene.ashby("interviewSchedule.cancel", id=schedule["id"])
    return event_id_of(schedule)


@happens("atsJob", "created")
def _(scene: Scene, _: Any) -> str:
    return a_job(scene)


@happens("atsJob", "updated")
def _(scene: Scene, job_id: str) -> str:
    scene.ashby("job.update", jobId=job_id, title=a_word())
    return job_id


@happens("atsJob", "deleted")
def _(scene: Scene, job_id: str) -> str:
    scene.remove("job", job_id)
    return job_id


@happens("atsApplication", "created")
def _(scene: Scene, _: Any) -> str:
    return scene.application()["id"]


@happens("atsApplication", "updated")
def _(scene: Scene, application: Mapping[str, Any]) -> str:
    stage = scene.stage(scene.job(), "Offer")
    scene.ashby("application.changeStage", applicationId=application["id"], interviewStageId=stage)
    return application["id"]


@happens("atsApplication", "deleted")
def _(scene: Scene, application: Mapping[str, Any]) -> str:
    scene.ashby("application.delete", applicationId=application["id"])
    return application["id"]


@happens("atsApplicationStage", "created")
def _(scene: Scene, _: Any) -> str:
    return scene.copy("interview_stage", title=a_word())


@happens("atsApplicationStage", "updated")
def _(scene: Scene, stage_id: str) -> str:
    scene.change("interview_stage", stage_id, title=a_word())
    return stage_id


@happens("atsApplicationStage", "deleted")
def _(scene: Scene, stage_id: str) -> str:
    scene.remove("interview_stage", stage_id)
    return stage_id


@happens("atsOffer", "created")
def _(scene: Scene, _: Any) -> str:
    return scene.offer()["id"]


@happens("atsOffer", "updated")
def _(scene: Scene, offer_id: str) -> str:
    scene.ashby("offer.setStatus", offerId=offer_id, acceptanceStatus="Declined")
    return offer_id


@happens("atsOffer", "deleted")
def _(scene: Scene, offer_id: str) -> str:
    scene.remove("offer", offer_id)
    return offer_id
