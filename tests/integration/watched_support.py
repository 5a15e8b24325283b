"""A deployment that watches accounts in simulated time, for tests of what becomes of it when something goes wrong."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sandbox import permissions, pipeline, removal
from sandbox.table import Record

from .chaos_support import Clock, PostOffice
from .hooks_support import hooked, posted
from .pump import Pump
from .quick_table import hasten
from .stack import Stack

KEY = "ashby_watching"


@dataclass
class Watched:
    """A deployment that watches accounts, in simulated time."""

    stack: Stack
    clock: Clock
    pump: Pump
    post: PostOffice
    paths: list[str] = field(default_factory=list[str])

    def watch(self, *events: str, owner: str = "acme", key: str = KEY) -> str:
        """Connect an account, ask for events, and sweep it for the first time."""
        path = self.stack.connect(owner, key=key)
        assert self.stack.call("PATCH", path, body={"events": list(events)}).status == 200
        self.paths.append(path)
        self.later()
        return path

    def key(self, *without: str, key: str = KEY, confidential: bool = True) -> None:
        """Give a key all permissions but these; changes it where there is one."""
        granted = permissions.ALL - set(without)
        self.stack.sandbox.keys.add(key, title="Watching", granted=granted, confidential=confidential)

    def later(self, seconds: float = 120) -> None:
        """Let time pass, and everything that is due then be done."""
        self.clock.advance(seconds)
        self.post.deliver()
        self.pump.tick()
        self.pump.run()

    def sweep(self, path: str, **asked: Any) -> None:
        """Have an account looked through."""
        self.clock.advance(60)
        assert self.stack.call("POST", f"{path}/sync", body=asked).status == 200
        self.pump.run()

    def events(self, of: str = "") -> list[dict[str, Any]]:
        """Return the events whose names begin so, oldest first."""
        found: list[dict[str, Any]] = []
        query = {"limit": "100"}
        while True:
            page = self.stack.call("GET", "/v1/events", query=query).json
            found += page["data"]
            if page["next"] is None:
                return [event for event in found[::-1] if event["event"].startswith(of)]
            query["cursor"] = page["next"]

    def names(self) -> list[str]:
        """Return the names of all events, oldest first."""
        return [event["event"] for event in self.events()]

    def held(self, path: str) -> list[str]:
        """Return why models are held."""
        models = self.stack.call("GET", f"{path}/sync").json["models"]
        return [model["held"]["reason"] for model in models if model["held"]]

    def remove(self, kind: str, count: int) -> set[str]:
        """Remove the last records of a kind, as nobody tells of."""
        organisation = self.stack.sandbox.organisation
        found = [record["id"] for record in organisation.tables[kind]][-count:]
        with self.stack.sandbox.webhooks.silence():
            for identity in found:
                removal.remove(organisation, kind, identity)
        return set(found)

    def application(self) -> Record:
        """Return an application that can be moved on."""
        applications = self.stack.sandbox.organisation.applications
        return next(one for one in applications if one["status"] == "Active")

    def move(self, application: Record, kind: str) -> Record:
        """Move an application to a stage of a kind that it is not in."""
        organisation = self.stack.sandbox.organisation
        stages = pipeline.stages_of(organisation, application["interviewPlanId"])
        stage = next(one for one in stages if one["type"] == kind and one["id"] != application["interviewStageId"])
        return pipeline.moved(organisation, application, stage)


@contextmanager
def watching(stack: Stack) -> Generator[Watched]:
    """Give a deployment that watches nothing yet."""
    clock, pump = Clock(), Pump(stack)

    def ingest(url: str, headers: Any, body: bytes) -> int:
        return stack.send("webhook_ingest", posted(url.rpartition("/")[2], body, headers)).status

    with pytest.MonkeyPatch.context() as patch, hooked(stack, patch):
        clock.rule(patch)
        hasten(patch)
        patch.setattr(stack.sandbox, "config", replace(stack.sandbox.config, clock=clock))
        stack.sandbox.reset()
        post = PostOffice(stack.sandbox.organisation.webhooks.get, clock, ingest)
        stack.sandbox.webhooks.courier = post
        found = Watched(stack, clock, pump, post)
        found.key()
        yield found
        stack.sandbox.webhooks.close()


def counted(text: str, metric: str) -> list[dict[str, Any]]:
    """Return the lines of a function's output that count something of ``metric``."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if metric in line]
