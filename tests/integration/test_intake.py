"""What disturbs the intake of changes, and must disturb only what it concerns: limits, silence, faults of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.faults import Fault, FaultKind
from unified import aws, transport
from unified.ashby.client import AshbySession
from unified.connections.records import Reference
from unified.connections.refresh import EXCHANGE_SECONDS, Refresher
from unified.connections.watch import Watch
from unified.deadline import Deadline
from unified.errors import UnifiedError
from unified.hooks import settings as hook_settings
from unified.ledger import tasks
from unified.ledger import watched as opened
from unified.ledger.registry import LEASE_SECONDS, Desk
from unified.ledger.subject import Subject
from unified.settings import settings
from unified.table import Key, table

from .stack import Stack
from .watched_support import Watched, counted, watching


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment that watches nothing yet."""
    with watching(stack) as made:
        yield made


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch, watched: Watched) -> list[float]:
    """Return how long sessions slept. After ``watched``, whose sessions do not sleep."""
    found: list[float] = []
    monkeypatch.setitem(AshbySession.__init__.__kwdefaults__ or {}, "sleep", found.append)
    return found


def watch_of(watched: Watched, owner: str = "acme") -> Watch:
    item = table().get(Key(f"PROJECT#{watched.stack.project_id}", f"CONNECTION#ashby#{owner}"))
    assert item is not None
    place = Reference(watched.stack.project_id, "ashby", owner)
    return Watch(place, item["generation"], watched.stack.public_key)


def change_offer(watched: Watched, number: int = 0, salary: int = 1) -> None:
    """Change an offer, and have its webhook delivered."""
    organisation = watched.stack.sandbox.organisation
    offer = organisation.offers.at(number)
    assert offer is not None
    version = {**offer["versions"][-1], "salary": {"value": salary, "currencyCode": "EUR"}}
    organisation.save("offer", {**offer, "versions": [version]})
    watched.post.deliver()


def fail(watched: Watched, endpoint: str, status: int = 429, **how: Any) -> None:
    watched.stack.sandbox.faults.add(Fault(endpoint, FaultKind.STATUS, status=status, **how))


def waiting(queue: str = "hint") -> int:
    """Return how many messages a queue holds, those that are delayed too."""
    url = getattr(settings(), f"{queue}_queue_url")
    found: Any = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesDelayed"])


def sync(watched: Watched) -> dict[str, Any]:
    return watched.stack.call("GET", f"{watched.paths[0]}/sync").json


# Limits of the account


def test_a_hint_does_not_sleep_through_a_limit_and_the_accounts_others_do_not_try(
    watched: Watched, slept: list[float]
) -> None:
    watched.key(key="ashby_watching_too")
    watched.watch("atsOffer::*")
    watched.watch("atsOffer::*", owner="globex", key="ashby_watching_too")
    fail(watched, "offer.info", retry_after=25, times=1)
    before = watched.stack.upstream("offer.info")
    watched.pump.held.add("hint")
    change_offer(watched, 0)
    change_offer(watched, 1)
    watched.pump.held.clear()

    watched.pump.queue("hint")
    assert slept == []
    # One of the limited account's two, and both of the other's.
    assert watched.stack.upstream("offer.info") == before + 3

    watched.later(60)
    assert watched.names() == ["atsOffer::updated"] * 4
    assert sync(watched)["pausedUntil"] is None


def test_a_sweep_does_not_sleep_through_a_limit(watched: Watched, slept: list[float]) -> None:
    path = watched.watch("atsOffer::*")
    before = watched.stack.upstream("offer.list")
    fail(watched, "offer.list", retry_after=130, times=1)

    watched.sweep(path)
    assert (slept, watched.stack.upstream("offer.list")) == ([], before + 1)
    assert sync(watched)["pausedUntil"] is not None

    watched.later(140)
    assert watched.stack.upstream("offer.list") > before + 1


def test_a_limit_of_all_integrations_holds_up_hints_whoever_meets_it(watched: Watched) -> None:
    watched.key(key="ashby_watching_too")
    path = watched.watch("atsOffer::*")
    watched.watch("atsOffer::*", owner="globex", key="ashby_watching_too")
    fail(watched, "offer.info", retry_after=600, partner=True, times=1)
    before = (watched.stack.upstream("offer.info"), watched.stack.upstream("offer.list"))

    change_offer(watched)
    watched.pump.run()
    watched.sweep(path)
    assert watched.stack.upstream("offer.info") == before[0] + 1
    assert watched.stack.upstream("offer.list") == before[1]

    watched.later(700)
    assert watched.names() == ["atsOffer::updated"] * 2


def test_an_account_that_stays_limited_is_told_by_its_sweep_and_no_longer_by_hints(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.watch("atsOffer::*")
    fail(watched, "offer.info", retry_after=60)
    change_offer(watched)
    watched.pump.run()
    assert waiting() == 1

    capsys.readouterr()
    for _ in range(3 * 24):
        watched.later(1800)

    assert waiting() == 0
    assert len(counted(capsys.readouterr().out, "HintGivenUp")) == 1
    # The list of what has changed is not limited.
    assert watched.names() == ["atsOffer::updated"]


def test_limited_webhook_settings_stop_no_sweep(watched: Watched) -> None:
    fail(watched, "webhook.create", retry_after=60)
    watched.watch("genericContact::*")
    for _ in range(3):
        watched.later(300)
    tried = watched.stack.upstream("webhook.create")

    assert sync(watched)["models"][0]["sweptAt"] is not None
    assert tried == 2

    watched.stack.sandbox.faults.clear()
    watched.later(1000)
    assert sync(watched)["webhooks"]["mode"] == "managed"


# Accounts that do not answer, or oddly


def test_a_hint_takes_a_part_of_the_time_that_its_batch_has(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.watch("atsOffer::*")
    timeouts: list[float] = []
    send = transport.send

    def timed(*args: Any, timeout: float, **rest: Any) -> Any:
        timeouts.append(timeout)
        return send(*args, timeout=timeout, **rest)

    monkeypatch.setattr(transport, "send", timed)
    watched.pump.seconds = 60
    change_offer(watched)
    watched.pump.queue("hint")

    assert timeouts
    assert max(timeouts) <= 10


def test_a_hint_for_which_no_time_is_left_is_put_back_untouched(watched: Watched) -> None:
    watched.watch("atsOffer::*")
    before = watched.stack.upstream("offer.info")
    change_offer(watched)

    watched.pump.seconds = 3
    assert watched.pump.queue("hint") == 1
    assert (waiting(), watched.stack.upstream("offer.info")) == (1, before)

    watched.pump.seconds = 60
    watched.later(1)
    assert watched.names() == ["atsOffer::updated"]


def test_a_hint_that_the_account_refuses_is_given_up_at_once(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.watch("atsOffer::*")
    watched.stack.sandbox.faults.add(Fault("offer.info", FaultKind.FAILURE, code="offer_is_restricted"))
    capsys.readouterr()
    change_offer(watched)

    assert watched.pump.queue("hint") == 1
    assert waiting() == 0
    assert len(counted(capsys.readouterr().out, "HintGivenUp")) == 1


def test_a_hint_that_fails_is_tried_again_for_a_while(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.watch("atsOffer::*")
    fail(watched, "offer.info", 500)
    before = watched.stack.upstream("offer.info")
    change_offer(watched)
    capsys.readouterr()

    for _ in range(24):
        watched.later(900)

    assert waiting() == 0
    assert len(counted(capsys.readouterr().out, "HintGivenUp")) == 1
    # Eleven tries, each of three attempts.
    assert watched.stack.upstream("offer.info") == before + 33


def test_webhook_settings_that_cannot_be_looked_at_still_stand(watched: Watched) -> None:
    watched.watch("atsOffer::*")
    assert sync(watched)["webhooks"]["mode"] == "managed"

    fail(watched, "webhook.*", 500)
    watched.later(7 * 3600)

    assert sync(watched)["webhooks"]["mode"] == "managed"


def test_the_lease_is_kept_while_webhooks_are_set_up(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    ensure = hook_settings._Work.ensure

    def slow(self: Any, action: str, known: Any) -> None:
        watched.clock.advance(LEASE_SECONDS - 20)
        taken.append(Desk(table(), watch_of(watched)).take(watched.clock()) is not None)
        ensure(self, action, known)

    monkeypatch.setattr(hook_settings._Work, "ensure", slow)
    watched.watch("atsOffer::*", "atsApplication::*")

    assert len(taken) > 3
    assert not any(taken)


# Faults of our own


@pytest.mark.parametrize("place", ["take_page", "load"])
def test_a_model_that_breaks_holds_up_no_other_and_raises_an_alarm(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    owner: Any = Subject if place == "take_page" else opened.Watched
    name = "take_page" if place == "take_page" else "subject"
    original = getattr(owner, name)

    def broken(self: Any, first: Any, *rest: Any) -> Any:
        model_id = self.model.model.id if isinstance(self, Subject) else first
        if model_id == "genericContact":
            raise ValueError("a record that breaks us")
        return original(self, first, *rest)

    monkeypatch.setattr(owner, name, broken)
    watched.watch("*")
    told = counted(capsys.readouterr().out, "SweepFailed")
    assert {line["model"] for line in told} == {"genericContact"}
    assert all(model["sweptAt"] for model in sync(watched)["models"] if model["model"] != "genericContact")
    assert (len(sync(watched)["models"]), sync(watched)["waiting"]) == (10, [])

    for _ in range(6):
        watched.later(1000)
    assert watched.held(watched.paths[0]) == ["pageFailed"]
    assert len(counted(capsys.readouterr().out, "SweepHeld")) == 1

    monkeypatch.setattr(owner, name, original)
    watched.later(1000)
    assert watched.held(watched.paths[0]) == []


def test_a_sweep_that_breaks_gives_the_lease_back(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    path = watched.watch("atsOffer::*")

    def broken(*_: Any) -> Any:
        raise ValueError("a state that breaks us")

    with monkeypatch.context() as patch:
        patch.setattr("unified.ledger.worker._witness", broken)
        watched.stack.call("POST", f"{path}/sync", body={})
        assert watched.pump.queue("sweep") == 0

    before = watched.stack.upstream("offer.list")
    assert watched.pump.queue("sweep") == 1
    assert watched.stack.upstream("offer.list") > before


def test_webhook_settings_that_break_stop_no_sweep(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("a state that breaks us")

    monkeypatch.setattr(hook_settings, "prepare", broken)
    watched.watch("atsOffer::*")

    assert sync(watched)["models"][0]["sweptAt"] is not None
    assert len(counted(capsys.readouterr().out, "SweepFailed")) == 1


# Webhooks that are odd


def send_hint(watched: Watched, **message: Any) -> None:
    """Put a hint into the queue as ``webhook_ingest`` would."""
    told = {"watch": watch_of(watched).to_message(), "receivedAt": watched.clock(), "tries": 0, "data": {}, **message}
    tasks.send_hint(told, 0)


def test_a_token_may_be_renewed_before_a_hint_is_looked_into(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal that could be cut short does not begin: what one hint may take is not what its token may."""
    watched.watch("atsOffer::*")
    left: list[float] = []
    working = Refresher.working

    def seen(self: Refresher, place: Reference, stored: Any, deadline: Deadline, **rest: Any) -> Any:
        left.append(deadline.remaining())
        return working(self, place, stored, deadline, **rest)

    monkeypatch.setattr(Refresher, "working", seen)
    watched.pump.seconds = 60
    change_offer(watched)
    watched.pump.queue("hint")

    assert min(left) > 2 * EXCHANGE_SECONDS


def test_a_hint_waits_while_somebody_else_renews_the_token(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.watch("atsOffer::*")

    def renewing(*_: Any, **__: Any) -> Any:
        raise UnifiedError("MORPH::CONNECTION::REFRESH_IN_PROGRESS", "The token is being refreshed.")

    with monkeypatch.context() as patch:
        patch.setattr(Refresher, "working", renewing)
        change_offer(watched)
        watched.pump.queue("hint")
    assert waiting() == 1

    watched.later()
    assert watched.names() == ["atsOffer::updated"]


def test_an_id_that_is_no_text_is_an_id_all_the_same(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.watch("atsOffer::*")
    capsys.readouterr()
    for _ in range(2):
        send_hint(watched, action="offerUpdate", actionId="\ud800")
        assert watched.pump.queue("hint") == 1

    assert len(counted(capsys.readouterr().out, "WebhookRepeated")) == 1


def test_one_id_for_several_records_is_no_repetition(watched: Watched) -> None:
    watched.watch("atsOffer::*")
    organisation = watched.stack.sandbox.organisation
    offers = [organisation.offers.at(number) for number in (0, 1)]
    watched.pump.held.add("hint")
    for number in (0, 1):
        change_offer(watched, number)
    aws.client("sqs").purge_queue(QueueUrl=settings().hint_queue_url)
    watched.pump.held.clear()

    for offer in offers:
        assert offer is not None
        send_hint(watched, action="offerUpdate", actionId="shared", data={"offer": {"id": offer["id"]}})
        watched.pump.queue("hint")

    assert watched.names() == ["atsOffer::updated"] * 2
