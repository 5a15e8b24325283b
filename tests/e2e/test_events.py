"""Ten models, three triggers: each of the thirty cells makes one event of a change in the account, and delivers it.

Every change is made in the account itself: by Ashby's own endpoints where there is one, else as a person does in
Ashby. A cell that the connector calls native arrives by itself; one that a sweep finds is asked for as the
documentation says, by ``POST …/sync``. A cell that has no change (``event_changes``) fails.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.account import KEY, Account
from tests.e2e.event_changes import BEFORE, CHANGES, Scene
from tests.e2e.receiving import Delivery, Receiver, subscribe
from tests.e2e.running import Connection, World
from unified.connector import EventSource, load_connector
from unified.events.records import TRIGGERS

pytest_plugins = ["tests.e2e.fixtures"]

ASHBY = load_connector("ashby")
SOURCES: Mapping[tuple[str, str], EventSource] = {
    (model, trigger): ASHBY.load(model).event_sources[trigger] for model in ASHBY.model_ids for trigger in TRIGGERS
}
# What to ask for so that a sweep finds it.
SWEEPS: Mapping[str, Mapping[str, Any]] = {"incremental": {}, "full": {"full": True}}


@pytest.fixture(scope="module")
def scene(world: World, receiver: Receiver) -> Scene:
    """Connect an account: what is there before its first sweep is known without events."""
    project = world.project("Events")
    subscribe(world, project, receiver)
    customer = world.connection(project, ["genericContact::list"])
    assert customer.send("PATCH", "", json={"events": ["*"]}).status_code == 200
    account = Account(world)
    known = {(model, trigger): BEFORE[model](account) for model in BEFORE for trigger in ("updated", "deleted")}
    set_up_by_hand(account, customer)
    assert customer.authorize_by_key(KEY).status_code == 200
    scene = Scene(world, project, customer, receiver, known)
    webhooks = scene.watched(customer)["webhooks"]
    assert (webhooks["mode"], webhooks["missing"]) == ("managed", [])
    return scene


def set_up_by_hand(account: Account, customer: Connection) -> None:
    """Do what only an administrator of Ashby can: a webhook setting for each kind that its API does not take."""
    shown = customer.send("POST", "/hook", json={})
    assert shown.status_code == 200, shown.text
    address = shown.json()
    account.world.keep_secret(address["secret"], "/hook")
    actions = {action for source in SOURCES.values() if source.by_hand for action in source.actions}
    assert actions <= set(address["actions"])
    _, by_hand = ASHBY.hooks.actions(list(ASHBY.model_ids))
    for action in by_hand:
        account.steer(
            "POST", "webhooks", webhookType=action, requestUrl=address["url"], secretToken=address["secret"], ping=True
        )


def test_there_is_a_change_for_each_cell_and_for_no_other() -> None:
    """Thirty, and the table of the documentation has the same."""
    assert len(SOURCES) == 30
    assert set(CHANGES) == set(SOURCES)


def test_the_table_that_programs_read_says_how_each_event_comes(scene: Scene) -> None:
    """Whether by webhooks or by a sweep, how late at the latest, and why not at once."""
    answer = scene.customer.call("GET", "/connectors/ashby")
    assert answer.status_code == 200, answer.text
    models = answer.json()["models"]
    for (model, trigger), source in SOURCES.items():
        told = models[model]["events"][trigger]
        assert (told["mode"], told["delay"]) == (source.mode, source.delay)
        assert told.get("webhooks", []) == list(source.actions)
        assert told.get("byHand", False) == source.by_hand
        assert source.actions if source.mode == "native" else told["reason"]


@pytest.mark.parametrize(("model", "trigger"), SOURCES, ids=[f"{model}-{trigger}" for model, trigger in SOURCES])
def test_a_change_in_the_account_is_delivered(scene: Scene, model: str, trigger: str) -> None:
    """Once, signed, and by the way that the capability table names."""
    source = SOURCES[model, trigger]
    customer, record_id = CHANGES[model, trigger](scene)
    name = f"{model}::{trigger}"
    if source.mode == "sweep" and source.delay in SWEEPS:
        scene.ask(customer, SWEEPS[source.delay])
    delivery = scene.receiver.wait(name, record_id, customer.owner)
    assert_whole(delivery, customer, model, name, record_id)
    scene.told.append((customer.owner, name, record_id, delivery.event["id"]))


def assert_whole(delivery: Delivery, customer: Connection, model: str, name: str, record_id: str) -> None:
    """Check an event and its headers, Morph's and Standard Webhooks' ones."""
    event, headers = delivery.event, delivery.headers
    assert {key: event[key] for key in ("object", "event", "connectorId", "ownerId", "data")} == {
        "object": "event",
        "event": name,
        "connectorId": "ashby",
        "ownerId": customer.owner,
        "data": {"object": "resourceRef", "model": model, "id": record_id},
    }
    # Whatever else a cell is about, its event is the first of its record; the organisation was told of before.
    assert event["version"] == (2 if record_id == "organization" and name != "genericWorkspace::created" else 1)
    assert headers["x-conector-id"] == headers["x-connector-id"] == "ashby"
    assert headers["x-owner-id"] == customer.owner
    assert headers["x-idempotency-key"] == headers["webhook-id"] == event["id"]
    assert headers["content-type"] == "application/json"


def test_each_change_has_made_one_event_and_no_more(scene: Scene) -> None:
    """However many webhooks told of it and however many sweeps have seen it since."""
    found: list[tuple[str, str, str, str]] = []
    query: dict[str, Any] = {"limit": 100}
    while query:
        answer = scene.customer.call("GET", "/events", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [(one["ownerId"], one["event"], one["data"]["id"], one["id"]) for one in page["data"]]
        query = {"limit": 100, "cursor": page["next"]} if page["next"] else {}
    for owner, name, record_id, event_id in scene.told:
        assert [one[3] for one in found if one[:3] == (owner, name, record_id)] == [event_id], name
    assert scene.receiver.refused == 0
