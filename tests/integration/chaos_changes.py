"""Random changes of an account, of every kind of record that a model reads, as people and integrations make them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sandbox import pipeline, records, removal
from sandbox.categories.candidate import ANONYMOUS_NAME
from sandbox.errors import ApiError
from sandbox.state import Sandbox
from sandbox.table import Record

_WORDS = ("Amber", "Basalt", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbour", "Iris", "Jade", "Ω-Kite", "Łąka")
# What an account of this size may grow to: beyond, nothing new is made of a kind.
_MOST = {
    "candidate": 40,
    "application": 60,
    "offer": 20,
    "interview_schedule": 20,
    "interview_event": 40,
    "job": 24,
    "user": 24,
    "interviewer_pool": 12,
    "interview": 24,
    "interview_stage": 36,
    "brand": 4,
}
# Below this nothing is taken away.
_FEWEST = {"candidate": 12, "application": 16, "offer": 4, "interview_schedule": 6, "user": 12, "interview": 10}


class Changes:
    """Makes changes, one after the other; ``made`` counts them by what they were."""

    def __init__(self, sandbox: Sandbox, lots: random.Random) -> None:
        self._sandbox = sandbox
        self._organisation = sandbox.organisation
        self._lots = lots
        self.made: Counter[str] = Counter()
        weighed: list[tuple[int, Callable[[], str | None]]] = [
            (14, self._change_candidate),
            (3, lambda: self._make("candidate", name=self._name())),
            (1, lambda: self._remove("candidate")),
            (1, self._merge),
            (1, self._anonymize),
            (6, self._apply),
            (16, self._move),
            (8, self._change_application),
            (1, lambda: self._remove("application")),
            (4, self._offer),
            (8, self._change_offer),
            (1, lambda: self._remove("offer")),
            (3, self._schedule),
            (4, self._add_event),
            (10, self._change_event),
            (3, lambda: self._remove("interview_event")),
            (1, lambda: self._remove("interview_schedule")),
            (1, lambda: self._make("job", title=self._word())),
            (6, self._change_job),
            (1, lambda: self._make("user", lastName=self._word(), email=f"{self._number()}@example.com")),
            (3, self._change_user),
            (1, lambda: self._make("interviewer_pool", title=self._word())),
            (3, lambda: self._change("interviewer_pool", title=self._word())),
            (1, lambda: self._change("interviewer_pool", isArchived=self._lots.random() < 0.5)),
            (1, lambda: self._make("interview", title=self._word())),
            (3, lambda: self._change("interview", title=self._word(), isArchived=self._lots.random() < 0.2)),
            (1, lambda: self._make("interview_stage", title=self._word(), orderInInterviewPlan=self._number())),
            (2, lambda: self._change("interview_stage", title=self._word())),
            (1, lambda: self._remove("interview_stage")),
            (1, lambda: self._change("interview_plan", title=self._word())),
            (2, lambda: self._change("brand", name=self._word())),
        ]
        self._weights = [weight for weight, _ in weighed]
        self._kinds = [change for _, change in weighed]

    def make(self, count: int, *, quiet: bool = False) -> int:
        """Make so many changes, ``quiet`` without webhooks, as a bulk import does."""
        done = 0
        silence: AbstractContextManager[None] = self._sandbox.webhooks.silence() if quiet else nullcontext()
        with silence:
            while done < count:
                (change,) = self._lots.choices(self._kinds, self._weights)
                with self._organisation.lock:
                    try:
                        what = change()
                    except ApiError:  # refused as in Ashby, e.g. the last of its kind
                        what = None
                if what is not None:
                    self.made[what + (" quietly" if quiet else "")] += 1
                    done += 1
        return done

    # What is made of any kind

    def _pick(self, kind: str) -> Record | None:
        found = list(self._organisation.tables[kind])
        return self._lots.choice(found) if found else None

    def _make(self, kind: str, **changes: Any) -> str | None:
        original = self._pick(kind)
        if original is None or len(self._organisation.tables[kind]) >= _MOST[kind]:
            return None
        records.create(self._organisation, kind, changes, copy_of=original["id"])
        return f"{kind} created"

    def _change(self, kind: str, **changes: Any) -> str | None:
        record = self._pick(kind)
        if record is None:
            return None
        records.change(self._organisation, kind, record["id"], changes)
        return f"{kind} changed"

    def _remove(self, kind: str) -> str | None:
        record = self._pick(kind)
        if record is None or len(self._organisation.tables[kind]) <= _FEWEST.get(kind, 3):
            return None
        removal.remove(self._organisation, kind, record["id"])
        return f"{kind} removed"

    # What is made of one kind

    def _change_candidate(self) -> str | None:
        what = self._lots.randrange(4)
        if what == 0:
            return self._change("candidate", name=self._name())
        if what == 1:
            address = {"value": f"{self._number()}@example.com", "type": "Work", "isPrimary": True}
            return self._change("candidate", emailAddresses=[address])
        return self._change("candidate", **{("company", "position")[what - 2]: self._word()})

    def _merge(self) -> str | None:
        survivor, loser = self._pick("candidate"), self._pick("candidate")
        few = len(self._organisation.candidates) <= _FEWEST["candidate"]
        if survivor is None or loser is None or survivor["id"] == loser["id"] or few:
            return None
        self._organisation.merge_candidates(survivor["id"], loser["id"])
        return "candidate merged"

    def _anonymize(self) -> str | None:
        """Take everything personal from a candidate, as `candidate.anonymize` does."""
        record = self._pick("candidate")
        if record is None or len(self._organisation.candidates) <= _FEWEST["candidate"]:
            return None
        applications = [self._organisation.applications.get(name) for name in record["applicationIds"]]
        if any(one is not None and one["status"] not in ("Archived", "Hired") for one in applications):
            return None
        blank = self._organisation.blank_candidate(ANONYMOUS_NAME, created_at=record["createdAt"])
        kept = {"id": record["id"], "applicationIds": record["applicationIds"], "isAnonymized": True}
        self._organisation.save("candidate", {**blank, **kept}, action="anonymized")
        return "candidate anonymized"

    def _apply(self) -> str | None:
        candidate = self._pick("candidate")
        return None if candidate is None else self._make("application", candidateId=candidate["id"])

    def _move(self) -> str | None:
        """Move an application to another stage of its plan: on, into the archive, or to the hired."""
        application = self._pick("application")
        if application is None:
            return None
        stages = pipeline.stages_of(self._organisation, application["interviewPlanId"])
        others = [stage for stage in stages if stage["id"] != application["interviewStageId"]]
        if not others:
            return None
        stage = self._lots.choice(others)
        reason = self._pick("archive_reason") if stage["type"] == "Archived" else None
        pipeline.moved(self._organisation, application, stage, reason_id=None if reason is None else reason["id"])
        return f"application moved to {stage['type']}"

    def _change_application(self) -> str | None:
        if self._lots.random() < 0.5:
            source = self._pick("source")
            return None if source is None else self._change("application", sourceId=source["id"])
        user = self._pick("user")
        return None if user is None else self._change("application", creditedToUserId=user["id"])

    def _offer(self) -> str | None:
        application = self._pick("application")
        return None if application is None else self._make("offer", applicationId=application["id"])

    def _change_offer(self) -> str | None:
        offer = self._pick("offer")
        if offer is None:
            return None
        if self._lots.random() < 0.3:
            accepted = self._lots.choice(("Accepted", "Declined", "WaitingOnResponse"))
            records.change(self._organisation, "offer", offer["id"], {"acceptanceStatus": accepted})
            return "offer answered"
        latest = offer["versions"][-1]
        version = {**latest, "salary": {**latest["salary"], "value": 50_000 + self._number()}}
        records.change(self._organisation, "offer", offer["id"], {"versions": [*offer["versions"][:-1], version]})
        return "offer changed"

    def _schedule(self) -> str | None:
        application = self._pick("application")
        return None if application is None else self._make("interview_schedule", applicationId=application["id"])

    def _add_event(self) -> str | None:
        schedule = self._pick("interview_schedule")
        return None if schedule is None else self._make("interview_event", interviewScheduleId=schedule["id"])

    def _change_event(self) -> str | None:
        if self._lots.random() < 0.5:
            return self._change("interview_event", location=self._word())
        starts = 1_900_000_000_000 + 60_000 * self._number()
        return self._change("interview_event", startTime=starts, endTime=starts + 3_600_000)

    def _change_job(self) -> str | None:
        if self._lots.random() < 0.3:
            return self._change("job", status=self._lots.choice(("Open", "Closed", "Draft", "Archived")))
        return self._change("job", title=self._word())

    def _change_user(self) -> str | None:
        if self._lots.random() < 0.4:
            return self._change("user", isEnabled=self._lots.random() < 0.7)
        return self._change("user", lastName=self._word())

    # Values

    def _number(self) -> int:
        return self._lots.randrange(100_000)

    def _word(self) -> str:
        return f"{self._lots.choice(_WORDS)} {self._number()}"

    def _name(self) -> str:
        return f"{self._lots.choice(_WORDS)} {self._lots.choice(_WORDS)} {self._number()}"
