"""What must make no event, or just one: lost access, failed pages, repeated and late webhooks, removed connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.webhooks import Chaos
from unified.connections.watch import QUIET_SECONDS

from .stack import Stack
from .watched_support import KEY, Watched, counted, watching

_DAY = 86_400


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment that watches nothing yet."""
    with watching(stack) as made:
        yield made


def held_lines(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """Return model and reason of each metric line that says that a sweep is held."""
    return [(line["model"], line["reason"]) for line in counted(capsys.readouterr().out, "SweepHeld")]


# Held sweeps


def test_a_lost_permission_deletes_nothing_and_is_told_once(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    path = watched.watch("genericContact::*")
    watched.remove("candidate", 2)
    watched.key("candidatesRead")
    capsys.readouterr()

    for _ in range(4):
        watched.sweep(path, full=True)
        watched.later(_DAY)

    assert watched.names() == []
    assert held_lines(capsys) == [("genericContact", "permissionMissing")]
    assert watched.held(path) == ["permissionMissing"]

    watched.key()
    watched.sweep(path, full=True)
    assert watched.names() == ["genericContact::deleted"] * 2
    assert watched.held(path) == []


def test_a_page_that_fails_deletes_nothing_and_is_told_once(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    path = watched.watch("genericContact::*")
    removed = watched.remove("candidate", 2)
    watched.stack.sandbox.faults.add(Fault("candidate.list", FaultKind.STATUS, status=500))
    capsys.readouterr()

    for _ in range(15):
        watched.sweep(path, full=True)

    assert watched.names() == []
    assert held_lines(capsys) == [("genericContact", "pageFailed")]
    assert watched.held(path) == ["pageFailed"]

    watched.stack.sandbox.faults.clear()
    watched.sweep(path, full=True)
    assert {event["data"]["id"] for event in watched.events("genericContact::deleted")} == removed
    assert watched.held(path) == []


def test_special_access_that_is_lost_deletes_nothing(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = watched.stack.sandbox.organisation.jobs
    assert any(job["confidential"] for job in jobs)
    path = watched.watch("atsJob::*")
    capsys.readouterr()

    watched.key(confidential=False)
    for _ in range(3):
        watched.sweep(path, full=True)

    assert watched.names() == []
    assert held_lines(capsys) == [("atsJob", "restrictedAccessLost")]
    assert watched.held(path) == ["restrictedAccessLost"]

    watched.key()
    watched.sweep(path, full=True)
    assert (watched.names(), watched.held(path)) == ([], [])


def test_an_implausible_drop_is_held_until_somebody_accepts_it(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    path = watched.watch("genericContact::*")
    removed = watched.remove("candidate", 25)
    capsys.readouterr()

    for _ in range(3):
        watched.sweep(path, full=True)
    assert watched.names() == []
    assert held_lines(capsys) == [("genericContact", "implausible")]
    model = watched.stack.call("GET", f"{path}/sync").json["models"][0]
    assert (model["held"]["missing"], model["held"]["known"]) == (25, 30)

    watched.sweep(path, accept=True)
    assert {event["data"]["id"] for event in watched.events("genericContact::deleted")} == removed
    assert watched.held(path) == []
    # What was accepted is accepted once.
    watched.remove("candidate", 5)
    watched.sweep(path, full=True)
    assert len(watched.names()) == 30


def test_a_full_sweep_that_is_asked_for_while_another_is_under_way_is_made(watched: Watched) -> None:
    path = watched.watch("genericContact::*")
    # One call in three attempts: a pass over what has changed fails once, and stays under way.
    watched.stack.sandbox.faults.add(Fault("candidate.list", FaultKind.STATUS, status=500, times=3))
    watched.sweep(path)
    model = watched.stack.call("GET", f"{path}/sync").json["models"][0]
    assert model["running"]["kind"] == "incremental"
    removed = watched.remove("candidate", 2)

    watched.sweep(path, full=True)
    watched.later(3600)

    assert {event["data"]["id"] for event in watched.events("genericContact::deleted")} == removed


# Webhooks


def test_a_merge_updates_the_survivor_and_deletes_the_other_into_it(watched: Watched) -> None:
    watched.watch("genericContact::*")
    organisation = watched.stack.sandbox.organisation
    survivor, loser, *_ = [one["id"] for one in organisation.candidates if one["emailAddresses"]]

    organisation.merge_candidates(survivor, loser)
    watched.later(1)

    told = {event["event"]: event["data"] for event in watched.events()}
    assert sorted(told) == ["genericContact::deleted", "genericContact::updated"]
    assert told["genericContact::updated"]["id"] == survivor
    assert told["genericContact::deleted"]["id"] == loser
    merged = {"object": "resourceRef", "model": "genericContact", "id": survivor}
    assert told["genericContact::deleted"]["mergedInto"] == merged


def test_a_hire_is_one_update_though_three_webhooks_tell_of_it(watched: Watched) -> None:
    watched.watch("atsApplication::*")
    before = len(watched.stack.sandbox.webhooks.deliveries)
    application = watched.application()

    watched.move(application, "Hired")
    watched.later(1)

    sent = sorted(one.action for one in watched.stack.sandbox.webhooks.deliveries)[before:]
    assert sent == ["applicationUpdate", "candidateHire", "candidateStageChange"]
    (event,) = watched.events()
    assert (event["event"], event["data"]["id"]) == ("atsApplication::updated", application["id"])


def test_a_webhook_that_comes_twice_makes_one_event(watched: Watched) -> None:
    watched.watch("atsApplication::*")
    watched.stack.sandbox.webhooks.disturb(Chaos(double=1))

    watched.move(watched.application(), "Offer")
    for _ in range(3):
        watched.later(1)

    assert len(watched.stack.sandbox.webhooks.deliveries) == 4
    assert watched.names() == ["atsApplication::updated"]


def test_a_webhook_that_comes_late_makes_no_event(watched: Watched) -> None:
    path = watched.watch("atsApplication::*")
    application = watched.move(watched.application(), "Offer")
    late = watched.post.take_all()
    watched.clock.advance(60)
    watched.move(application, "Hired")
    watched.later(1)
    assert watched.names() == ["atsApplication::updated"]

    for delivery in late:
        watched.post.send(delivery, delay=0)
    watched.later(1)
    watched.sweep(path, full=True)

    assert watched.names() == ["atsApplication::updated"]


def test_a_throttled_account_holds_up_no_other(watched: Watched) -> None:
    watched.key(key="ashby_watching_too")
    watched.watch("atsOffer::*")
    watched.watch("atsOffer::*", owner="globex", key="ashby_watching_too")
    organisation, limiter = watched.stack.sandbox.organisation, watched.stack.sandbox.limiter
    offer = organisation.offers.at(0)
    assert offer is not None
    principal = watched.stack.sandbox.keys.find(KEY)
    assert principal is not None
    limiter._buckets[principal.principal.key_id] = (0.0, watched.clock() + 20)

    version = {**offer["versions"][-1], "salary": {"value": 1, "currencyCode": "EUR"}}
    organisation.save("offer", {**offer, "versions": [version]})
    watched.post.deliver()
    watched.pump.run()
    assert [event["ownerId"] for event in watched.events()] == ["globex"]

    watched.later(60)
    assert [event["ownerId"] for event in watched.events()] == ["globex", "acme"]


# The end of a connection


def test_a_webhook_of_a_connection_before_makes_nothing(watched: Watched) -> None:
    path = watched.watch("atsApplication::*")
    watched.move(watched.application(), "Offer")
    watched.pump.held.add("hint")
    watched.later(1)

    assert watched.stack.call("DELETE", path).status == 204
    watched.watch("atsApplication::*")
    watched.pump.held.clear()
    watched.later()

    assert watched.names() == []


def test_a_removed_connection_tells_that_its_workspace_is_gone_and_leaves_nothing(watched: Watched) -> None:
    path = watched.watch("genericWorkspace::*", "genericContact::*")
    assert watched.names() == ["genericWorkspace::created"]

    assert watched.stack.call("DELETE", path).status == 204
    watched.later()

    (_, event) = watched.events()
    assert (event["event"], event["version"]) == ("genericWorkspace::deleted", 2)
    watched.later(QUIET_SECONDS)
    left = {pk.partition("#")[0] for pk, _ in watched.stack.items()}
    assert not left & {"LEDGER", "SYNC", "SWEEP"}
    assert not len(watched.stack.sandbox.organisation.webhooks)


def test_a_limit_of_all_integrations_holds_up_every_account_and_people_go_first(watched: Watched) -> None:
    path = watched.watch("genericContact::*")
    watched.watch("genericContact::*", owner="globex")
    faults = watched.stack.sandbox.faults
    faults.add(Fault("candidate.list", FaultKind.STATUS, status=429, retry_after=600, partner=True, times=3))
    watched.sweep(path)
    faults.clear()
    before = watched.stack.upstream("candidate.list")

    watched.later(300)
    assert watched.stack.upstream("candidate.list") == before
    assert watched.stack.call("GET", "/v1/resources/genericContact", watched.stack.of("globex")).status == 200
    watched.later(1200)

    # Both accounts again, and the person in between.
    assert watched.stack.upstream("candidate.list") == before + 3
