"""Which changes count as wanted: since when a model is watched, and whose endpoints are still to be told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import admin
from unified.deliveries.endpoints import endpoints
from unified.events.records import EVENT_DAYS

from .stack import Stack
from .watched_support import KEY, Watched, watching

_DAY = 86_400


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment that watches nothing yet."""
    with watching(stack) as made:
        yield made


# From when on changes count


def test_what_is_made_while_earlier_models_are_filled_is_told(watched: Watched) -> None:
    path = watched.stack.connect("acme", key=KEY)
    watched.stack.call("PATCH", path, body={"events": ["genericContact::*", "atsApplication::*"]})
    watched.clock.advance(120)
    # Time for the webhooks, and for no pass: as if the contacts took all of it.
    watched.pump.seconds = 45
    watched.pump.queue("sweep")
    watched.clock.advance(300)
    assert submit(watched)
    watched.clock.advance(2)
    watched.post.deliver()
    watched.pump.queue("hint")
    assert watched.names() == ["atsApplication::created"]

    assert submit(watched)
    watched.post.take_all()
    watched.pump.seconds = 300
    watched.later()
    # The second's webhook was lost; the first pass knows all the same that it is new.
    assert watched.names() == ["atsApplication::created"] * 2


def test_of_a_model_that_is_wanted_later_only_what_is_made_from_then_on_is_told(watched: Watched) -> None:
    path = watched.watch("genericContact::*")
    watched.clock.advance(3600)
    assert submit(watched)
    watched.clock.advance(60)
    watched.stack.call("PATCH", path, body={"events": ["genericContact::*", "atsApplication::*"]})
    watched.later()

    assert watched.events("atsApplication") == []


def submit(watched: Watched) -> set[str]:
    """Have somebody apply for a job; returns the application's id."""
    organisation = watched.stack.sandbox.organisation
    before = {application["id"] for application in organisation.applications}
    candidate = next(iter(organisation.candidates))
    job = next(job for job in organisation.jobs if job["status"] == "Open")
    admin._apply(organisation, candidate, job)
    return {application["id"] for application in organisation.applications} - before


# Endpoints that we disabled


@pytest.mark.parametrize("other", [False, True])
def test_what_happens_while_an_endpoint_is_disabled_for_its_failures_can_be_replayed(
    watched: Watched, *, other: bool
) -> None:
    def made(*events: str) -> str:
        body = {"url": "https://hooks.example.com/", "events": list(events)}
        return watched.stack.call("POST", "/v1/webhook-endpoints", body=body).json["id"]

    endpoint = made("genericContact::*")
    if other:
        made("genericContact::created")
    path = watched.watch()
    found = endpoints().get(watched.stack.project_id, endpoint)
    assert found is not None
    assert endpoints().failed(found, watched.clock(), gone=True) == "gone"

    contact = watched.stack.sandbox.organisation.candidates.at(3)
    assert contact is not None
    watched.stack.sandbox.organisation.save("candidate", {**contact, "name": "Changed Meanwhile"})
    watched.sweep(path)
    assert watched.names() == ["genericContact::updated"]

    # Nobody cares for it any more: by then what was made first is gone.
    watched.clock.advance(EVENT_DAYS * _DAY)
    contact = watched.stack.sandbox.organisation.candidates.at(4)
    assert contact is not None
    watched.stack.sandbox.organisation.save("candidate", {**contact, "name": "Changed Later"})
    asked = watched.stack.call("GET", f"{path}/sync").json["events"]
    assert asked == (["genericContact::created"] if other else [])


def test_an_endpoint_that_a_person_disabled_wants_no_events(watched: Watched) -> None:
    body = {"url": "https://hooks.example.com/", "events": ["genericContact::*"]}
    endpoint = watched.stack.call("POST", "/v1/webhook-endpoints", body=body).json["id"]
    path = watched.watch()
    paused = watched.stack.call("PATCH", f"/v1/webhook-endpoints/{endpoint}", body={"status": "disabled"})

    assert paused.status == 200
    assert watched.stack.call("GET", f"{path}/sync").json["events"] == []
