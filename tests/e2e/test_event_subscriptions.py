"""Who gets which events, and as what: subscriptions the Morph way, patterns, secrets that change, whole records."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.e2e.account import KEY, Account
from tests.e2e.receiving import Delivery, Receiver, subscribe
from tests.e2e.running import Connection, Project, Sandbox, World
from tests.e2e.waiting import wait_for

pytest_plugins = ["tests.e2e.fixtures"]

CREATED = "genericContact::created"


@pytest.fixture
def owner_of_events(world: World) -> Project:
    """Make a project: endpoints are a project's own."""
    return world.project("Subscriptions")


def api(world: World, project: Project, method: str, path: str, **body: Any) -> Any:
    """Call ``/v1/<path>`` as the project's server, and give the answer of a call that succeeded."""
    answer = world.http.request(method, f"{world.url}/v1/{path}", headers=project.headers, json=body or None)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def subscribed(world: World, project: Project, *events: str) -> Connection:
    """Connect a customer whose connection asks for events itself."""
    customer = Connection(world, project, f"owner-{secrets.token_hex(6)}")
    made = customer.send("POST", "", json={"operations": ["genericContact::list"], "events": list(events)})
    assert made.status_code == 200, made.text
    assert made.json()["events"] == list(events)
    assert customer.authorize_by_key(KEY).status_code == 200
    return customer


def ready(customer: Connection, *models: str) -> None:
    """Wait until the first sweep of a connection is over and its webhooks are set up."""

    def watched() -> bool:
        sync = customer.send("GET", "/sync").json()
        return {one["model"] for one in sync["models"] if one["isComplete"] and not one["running"]} == set(models)

    wait_for("the first sweep", watched)


def applicant(account: Account) -> str:
    """Let somebody apply; returns the candidate's id."""
    return account.application()["candidate"]["id"]


def fits(delivery: Delivery, *wanted: str) -> bool:
    """Tell whether a delivery is signed with these secrets and no other that the receiver knows."""
    return delivery.fits == frozenset(wanted)


def test_a_connection_subscribes_and_an_endpoint_without_patterns_gets_just_that(
    world: World, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """An endpoint with patterns of its own gets those, whatever the connection asks for."""
    plain, of_its_own = receivers(), receivers()
    subscribe(world, owner_of_events, plain)
    subscribe(world, owner_of_events, of_its_own, events=["atsApplication::created"])
    customer = subscribed(world, owner_of_events, CREATED)
    ready(customer, "genericContact", "atsApplication")
    application = Account(world).application()
    of_its_own.wait("atsApplication::created", application["id"], customer.owner)
    plain.wait(CREATED, application["candidate"]["id"], customer.owner)
    assert {one.name for one in plain.taken()} == {CREATED}
    assert {one.name for one in of_its_own.taken()} == {"atsApplication::created"}


def test_a_session_subscribes_its_connection(
    world: World, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """What a session is made with holds for the connection, and for events from then on."""
    receiver = receivers()
    subscribe(world, owner_of_events, receiver)
    customer = world.connection(owner_of_events, ["genericContact::list"])
    session = customer.session({"connection": {"events": [CREATED]}})
    authorized = session.call("POST", "/s/connection/authorization", json={"settings": {"apiKey": KEY}})
    assert authorized.status_code == 200, authorized.text
    assert customer.send("GET", "").json()["events"] == [CREATED]
    ready(customer, "genericContact")
    receiver.wait(CREATED, applicant(Account(world)), customer.owner)


def test_an_endpoint_for_one_connection_hears_of_no_other(
    world: World, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """And its patterns are what makes that connection watched."""
    receiver = receivers()
    one, other = (world.connected(owner_of_events, ["genericContact::list"], KEY) for _ in range(2))
    places = [{"connectorId": "ashby", "ownerId": one.owner}]
    subscribe(world, owner_of_events, receiver, events=[CREATED], connections=places)
    ready(one, "genericContact")
    assert other.send("GET", "/sync").json()["status"] == "notWanted"
    candidate = applicant(Account(world))
    receiver.wait(CREATED, candidate, one.owner)
    assert {delivery.event["ownerId"] for delivery in receiver.taken()} == {one.owner}


def test_a_secret_is_replaced_while_both_sign(
    world: World, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """A receiver may change its secret at any moment of the overlap; then the old one is worth nothing."""
    receiver = receivers()
    endpoint = subscribe(world, owner_of_events, receiver)
    (old,) = receiver.secrets
    customer = subscribed(world, owner_of_events, CREATED)
    ready(customer, "genericContact")

    def rotate(seconds: int) -> str:
        path = f"webhook-endpoints/{endpoint}/rotate"
        secret = api(world, owner_of_events, "POST", path, overlapSeconds=seconds)["secret"]
        receiver.secrets.append(world.keep_secret(secret, "/rotate"))
        return secret

    new = rotate(3600)  # longer than any delivery takes
    account = Account(world)
    assert fits(receiver.wait(CREATED, applicant(account), customer.owner), old, new)
    assert api(world, owner_of_events, "POST", f"webhook-endpoints/{endpoint}/test")["status"] == 204
    newest = rotate(0)
    assert fits(receiver.wait(CREATED, applicant(account), customer.owner), newest)
    assert receiver.refused == 0
    shown = world.http.get(f"{world.url}/v1/webhook-endpoints/{endpoint}", headers=owner_of_events.headers).text
    assert "whsec_" not in shown


def test_a_whole_event_holds_the_record_until_its_connection_is_removed(
    world: World, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """Delivered and kept, sealed; once disconnected nobody can read it, and the event is a reference again."""
    receiver = receivers()
    subscribe(world, owner_of_events, receiver)
    assert api(world, owner_of_events, "PATCH", "event-settings", thin=False)["thin"] is False
    customer = subscribed(world, owner_of_events, CREATED)
    ready(customer, "genericContact")
    candidate = applicant(Account(world))
    delivery = receiver.wait(CREATED, candidate, customer.owner)
    name = Account(world).ashby("candidate.info", id=candidate)["name"]
    data: Mapping[str, Any] = delivery.event["data"]
    assert (data["object"], data["model"], data["id"]) == ("resource", "genericContact", candidate)
    assert " ".join((data["fields"]["firstName"], data["fields"]["lastName"])) == name

    def read() -> Any:
        return api(world, owner_of_events, "GET", f"events/{delivery.event['id']}")

    kept = wait_for("the delivery's state", lambda: (found := read())["deliveries"][0]["attempts"] and found)
    assert kept["data"] == data
    assert [one["state"] for one in kept["deliveries"]] == ["delivered"]
    assert customer.send("DELETE", "").status_code == 204
    reference = {"object": "resourceRef", "model": "genericContact", "id": candidate}
    assert read()["data"] == reference
    answer = world.http.get(f"{world.url}/v1/events", headers=owner_of_events.headers)
    assert [one["data"] for one in answer.json()["data"] if one["id"] == delivery.event["id"]] == [reference]
    assert name not in answer.text


def test_a_sweep_that_is_asked_for_while_one_is_under_way_is_not_lost(
    world: World, sandbox: Sandbox, owner_of_events: Project, receivers: Callable[[], Receiver]
) -> None:
    """What changed behind the back of the one that runs is found by the one that was asked for."""
    receiver = receivers()
    subscribe(world, owner_of_events, receiver, events=["genericContact::updated", "genericUser::updated"])
    key = world.keep_secret(sandbox.key())
    customer = world.connected(owner_of_events, ["genericContact::list"], key)
    account = Account(world)
    candidate = account.candidate()["id"]
    ready(customer, "genericContact", "genericUser")
    sandbox.fault("user.list", "latency", milliseconds=1500, times=1, key=key)
    assert customer.send("POST", "/sync", json={}).status_code == 200
    wait_for("its contacts are read", lambda: swept(customer, "genericContact"))
    account.ashby("candidate.update", candidateId=candidate, name="Somebody Else")
    assert customer.send("POST", "/sync", json={}).status_code == 200
    receiver.wait("genericContact::updated", candidate, customer.owner)


def swept(customer: Connection, model: str) -> bool:
    """Tell whether a model was swept since it was asked for."""
    answer: httpx.Response = customer.send("GET", "/sync")
    return any(one["model"] == model and one["sweptAt"] for one in answer.json()["models"])
