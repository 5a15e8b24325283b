"""A connection that is removed, and perhaps connected again, while something is at work on it: the two are not mixed.

Its token is revoked, so work under way is refused by the account and asks for a new one in the middle of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from unified.ashby.client import AshbySession
from unified.connections.records import Reference, StoredCredential
from unified.connections.refresh import Refresher
from unified.connections.store import store
from unified.ledger import tasks
from unified.ledger.subject import Subject
from unified.settings import settings

from .cloud import give_oauth_client
from .stack import PUBLIC_URL, Stack
from .test_disconnecting import before, watch_of
from .test_oauth_callback import PATH, begin, consent, returned
from .watched_support import KEY, Watched, watching

MODELS = ("atsOffer", "genericContact", "scheduleEvent")
OPERATIONS = [f"{model}::{operation}" for model in MODELS for operation in ("list", "retrieve")]
ANOTHER_KEY = "ashby_another"


@pytest.fixture
def watched(stack: Stack) -> Iterator[Watched]:
    """Return a deployment with an OAuth client that watches nothing yet."""
    with watching(stack) as made:
        give_oauth_client(stack)
        yield made


def connect(stack: Stack) -> None:
    """Connect by OAuth: consents come back to the address that the client is registered with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBLIC_URL", PUBLIC_URL)
        settings.cache_clear()
        assert returned(stack, consent(begin(stack, operations=OPERATIONS))).status == 200
    settings.cache_clear()


def watch(watched: Watched, *events: str) -> None:
    """Connect, ask for events, and sweep for the first time."""
    connect(watched.stack)
    assert watched.stack.call("PATCH", PATH, body={"events": list(events)}).status == 200
    watched.later()
    assert watched.names() == []


def remove(stack: Stack) -> None:
    assert stack.call("DELETE", PATH).status == 204


def again(stack: Stack) -> None:
    """Remove the connection and make it anew, by OAuth."""
    remove(stack)
    connect(stack)


def kept(watched: Watched) -> StoredCredential:
    stored = store().read(Reference(watched.stack.project_id, "ashby", "acme"))
    assert stored is not None
    return stored


def hint(watched: Watched, action: str, **data: Any) -> None:
    """Put a webhook into the queue as ``webhook_ingest`` would."""
    message = {"watch": watch_of(watched).to_message(), "receivedAt": watched.clock(), "tries": 0}
    tasks.send_hint({**message, "action": action, "data": data}, 0)


def offer_hint(watched: Watched) -> None:
    offer = next(iter(watched.stack.sandbox.organisation.offers))
    hint(watched, "offerUpdate", offer={"id": offer["id"]})


def schedule_hint(watched: Watched) -> None:
    schedule = next(iter(watched.stack.sandbox.organisation.tables["interview_schedule"]))
    told = {"id": schedule["id"], "applicationId": schedule["applicationId"]}
    hint(watched, "interviewScheduleUpdate", interviewSchedule=told)


# Removed


@pytest.mark.parametrize("makes", [remove, again], ids=["removed", "made anew"])
@pytest.mark.parametrize(
    ("events", "tell", "begins"),
    [("atsOffer::*", offer_hint, "settle"), ("scheduleEvent::*", schedule_hint, "settle_group")],
    ids=["a record", "a group"],
)
def test_a_hint_under_way_takes_no_record_for_deleted(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    events: str,
    tell: Callable[[Watched], None],
    begins: str,
    makes: Callable[[Stack], None],
) -> None:
    watch(watched, events)
    asked = asking(monkeypatch)
    tell(watched)

    with before(Subject, begins, lambda: makes(watched.stack)):
        watched.pump.queue("hint")

    assert asked == ["MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"]
    assert watched.names() == []
    # It is dealt with: nothing comes back to a connection that is gone.
    assert watched.pump.queue("hint") == 0


@pytest.mark.parametrize("makes", [remove, again], ids=["removed", "made anew"])
def test_nor_does_a_sweep(watched: Watched, monkeypatch: pytest.MonkeyPatch, makes: Callable[[Stack], None]) -> None:
    """One that looks for what a whole list did not show."""
    watch(watched, "genericContact::*")
    asked = asking(monkeypatch)
    watched.remove("candidate", 1)

    with before(Subject, "settle", lambda: makes(watched.stack)):
        watched.sweep(PATH, full=True)

    assert asked == ["MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"]
    assert watched.names() == []


def test_a_caller_is_told_that_the_connection_was_removed(watched: Watched) -> None:
    """Not that the record is: it may be there."""
    connect(watched.stack)
    offer = next(iter(watched.stack.sandbox.organisation.offers))

    with before(AshbySession, "_once", lambda: remove(watched.stack)):
        answer = watched.stack.call("GET", f"/v1/resources/atsOffer/{offer['id']}", watched.stack.of("acme"))

    assert (answer.status, answer.code) == (409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")
    assert answer.json["detail"] == "The connection was removed meanwhile."


# Made anew


def test_work_on_the_one_before_leaves_the_next_one_s_credential_alone(watched: Watched) -> None:
    """Both have a first version."""
    watch(watched, "atsOffer::*")
    first, stands = kept(watched), list[StoredCredential]()

    def make() -> None:
        again(watched.stack)
        stands.append(kept(watched))

    offer_hint(watched)
    with before(Subject, "settle", make):
        watched.pump.queue("hint")

    assert first.version == stands[0].version
    assert kept(watched) == stands[0]
    assert watched.stack.call("GET", PATH).json["status"] == "authorized"


def test_a_key_that_is_refused_for_the_one_before_marks_nothing_of_the_next(watched: Watched) -> None:
    path = watched.watch("atsOffer::*")
    first = kept(watched)
    offer_hint(watched)

    def make() -> None:
        remove(watched.stack)
        watched.stack.sandbox.keys.set_enabled(KEY, enabled=False)
        watched.key(key=ANOTHER_KEY)
        watched.stack.connect("acme", key=ANOTHER_KEY)

    with before(Subject, "settle", make):
        watched.pump.queue("hint")

    assert first.version == kept(watched).version
    assert watched.stack.call("GET", path).json["status"] == "authorized"


def asking(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what becomes of each token that is asked for because the account refused one."""
    asked: list[str] = []
    working = Refresher.working

    def seen(*arguments: Any, rejected: bool = False) -> Any:
        try:
            done = working(*arguments, rejected=rejected)
        except Exception as failed:
            asked.append(getattr(failed, "code", type(failed).__name__))
            raise
        if rejected:
            asked.append("given")
        return done

    monkeypatch.setattr(Refresher, "working", seen)
    return asked
