"""Events by the API: listed, read with what became of them, delivered again, and how a project wants them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.deliveries_support import ENDPOINTS, Deployment, deployment
from tests.integration.test_lifecycle import second_project
from tests.unit.unified.deliveries.receiver import receiver, says
from unified import table as t
from unified.events.records import Event

__all__ = ["deployment"]

DAY = 86_400
RESOURCE = {"object": "resource", "model": "genericContact", "id": "rec_1", "fields": {"firstName": "Ada"}}


def moment(at: float) -> str:
    """Spell a moment for a query."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def listed(deployment: Deployment, **query: str) -> list[str]:
    """List events, all pages of them."""
    found: list[str] = []
    asked = dict(query)
    while True:
        answer = deployment.call("GET", "/v1/events", query=asked)
        assert answer.status == 200, answer.text
        found += [one["id"] for one in answer.json["data"]]
        if answer.json["next"] is None:
            return found
        asked = {**query, "cursor": answer.json["next"]}


def ids(*events: Event) -> list[str]:
    """Return the events' ids."""
    return [event.id for event in events]


def test_events_are_listed_the_newest_first(deployment: Deployment) -> None:
    now = time.time()
    events = [deployment.event(at=now - days * DAY) for days in (0, 0.5, 1, 3, 29)]

    assert listed(deployment) == listed(deployment, limit="2") == ids(*events)
    page = deployment.call("GET", "/v1/events", query={"limit": "1"}).json
    assert page["data"] == [events[0].to_wire(None)]


def test_events_are_filtered(deployment: Deployment) -> None:
    acme = deployment.event("acme")
    other = deployment.event("globex", model="atsJob", trigger="deleted")
    # By time, then: both may be of one millisecond.
    both = sorted(ids(acme, other), reverse=True)

    assert listed(deployment, connectorId="ashby") == both
    assert listed(deployment, ownerId="globex") == ids(other)
    assert listed(deployment, model="genericContact") == ids(acme)
    assert listed(deployment, event="atsJob::deleted") == ids(other)
    assert listed(deployment, event="*::updated") == ids(acme)
    assert listed(deployment, event="*", ownerId="acme") == ids(acme)


def test_events_of_a_span_of_time(deployment: Deployment) -> None:
    now = time.time()
    events = [deployment.event(at=now - days * DAY) for days in (0, 1, 2, 3)]

    assert listed(deployment, since=moment(now - 2.5 * DAY), until=moment(now - 0.5 * DAY)) == ids(*events[1:3])


def test_no_limit_and_zero_mean_the_usual(deployment: Deployment) -> None:
    deployment.event()

    for path in ("/v1/events", ENDPOINTS, "/v1/connections"):
        assert deployment.call("GET", path, query={"limit": "0"}).json == deployment.call("GET", path).json


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"model": "contact"}, "model"),
        ({"model": ""}, "model"),
        ({"model": "contact", "connectorId": "ashby"}, "model"),
        ({"event": "contact::created"}, "event"),
        ({"event": "genericContact::changed"}, "event"),
        ({"since": "2026-11-24T08:00:01Z", "until": "2026-11-24T08:00:00Z"}, "until"),
    ],
)
def test_what_no_event_can_fit_is_named(deployment: Deployment, query: dict[str, str], field: str) -> None:
    answer = deployment.call("GET", "/v1/events", query=query)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert [problem["field"] for problem in answer.json["fields"]] == [field]


def test_nor_is_there_a_connector_of_that_name(deployment: Deployment) -> None:
    answer = deployment.call("GET", "/v1/events", query={"connectorId": "greenhouse"})

    assert (answer.status, answer.code) == (404, "CONNECTOR::NOT_FOUND")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "101"},
        {"cursor": "x"},
        {"cursor": "ZXZ0Xw=="},
        {"since": "yesterday"},
        {"since": "2026-11-24T08:00:00"},
        {"until": "9999-12-31T23:59:59Z"},
        {"until": "1960-01-01T00:00:00Z"},
        {"event": "genericContact"},
        {"sort": "asc"},
    ],
)
def test_a_list_that_cannot_be_right_is_refused(deployment: Deployment, query: dict[str, str]) -> None:
    answer = deployment.call("GET", "/v1/events", query=query)

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")


def test_an_event_is_read_whole_where_the_project_wanted_it_so(deployment: Deployment) -> None:
    thin, whole = deployment.event(), deployment.event(resource=RESOURCE)

    assert deployment.call("GET", f"/v1/events/{thin.id}").json == {**thin.to_wire(None), "deliveries": []}
    assert deployment.call("GET", f"/v1/events/{whole.id}").json["data"] == RESOURCE
    assert "Ada" not in str(deployment.stack.items())


def test_a_page_of_large_records_is_cut_where_an_answer_ends(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unified.api import events as events_api

    monkeypatch.setattr(events_api, "MAX_PAGE_BYTES", 2500)
    large = {**RESOURCE, "fields": {"about": "x" * 1000}}
    now = time.time()
    events = [deployment.event(at=now - hours, resource=large) for hours in range(5)]

    assert len(deployment.call("GET", "/v1/events").json["data"]) == 1
    assert listed(deployment) == ids(*events)


def test_another_projects_event_is_missing(deployment: Deployment) -> None:
    event = deployment.event()
    other = second_project(deployment.stack)

    assert deployment.call("GET", "/v1/events", other).json == {"data": [], "next": None}
    for method, path in (("GET", ""), ("GET", "/attempts"), ("POST", "/replay")):
        answer = deployment.call(method, f"/v1/events/{event.id}{path}", other)
        assert (answer.status, answer.code) == (404, "MORPH::EVENT::NOT_FOUND")


@pytest.mark.parametrize("event_id", ["evt_1", "undefined", "evt_" + "0" * 26, "x" * 2000])
def test_what_is_not_there_is_missing(deployment: Deployment, event_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/attempts"), ("POST", "/replay")):
        assert deployment.call(method, f"/v1/events/{event_id}{path}").code == "MORPH::EVENT::NOT_FOUND"


# -- what became of it -------------------------------------------------------------------------------------------


def test_an_event_tells_what_became_of_it_at_each_endpoint(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as well, receiver(says("503 Service Unavailable", "retry-after: 60")) as badly:
        good, bad = deployment.endpoint(well.url), deployment.endpoint(badly.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()

    answer = deployment.call("GET", f"/v1/events/{event.id}").json
    by_endpoint = {one["endpointId"]: one for one in answer["deliveries"]}
    delivered, waiting = by_endpoint[good["id"]], by_endpoint[bad["id"]]
    assert (delivered["state"], delivered["attempts"], delivered["lastStatus"]) == ("delivered", 1, 200)
    assert (waiting["state"], waiting["attempts"], waiting["lastStatus"]) == ("pending", 1, 503)
    wait = datetime.fromisoformat(waiting["nextAttemptAt"]).timestamp() - time.time()
    assert 50 < wait <= 60

    path = f"/v1/events/{event.id}/attempts"
    assert len(deployment.call("GET", path).json["data"]) == 2
    (attempt,) = deployment.call("GET", path, query={"endpointId": bad["id"]}).json["data"]
    assert attempt == {
        "object": "deliveryAttempt",
        "endpointId": bad["id"],
        "number": 1,
        "at": attempt["at"],
        "status": 503,
        "latencyMs": attempt["latencyMs"],
        "outcome": "failed",
        "errorKind": "status",
    }


def test_attempts_have_pages(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        for _ in range(3):
            deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()

    path = f"/v1/events/{event.id}/attempts"
    first = deployment.call("GET", path, query={"limit": "2"}).json
    second = deployment.call("GET", path, query={"limit": "2", "cursor": first["next"]}).json
    assert (len(first["data"]), len(second["data"]), second["next"]) == (2, 1, None)
    assert deployment.call("GET", path, query={"cursor": "x"}).status == 400


# -- again -------------------------------------------------------------------------------------------------------


def test_an_event_is_delivered_again_under_its_id(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()
        again = deployment.call("POST", f"/v1/events/{event.id}/replay")
        deployment.deliver()

    assert again.status == 202
    assert again.json == {"object": "replay", "id": again.json["id"], "enqueued": 1, "next": None}
    assert [there.headers(number)["webhook-id"] for number in (0, 1)] == [event.id, event.id]
    (state,) = deployment.call("GET", f"/v1/events/{event.id}").json["deliveries"]
    assert (state["state"], state["attempts"]) == ("delivered", 2)


def test_an_event_goes_again_to_whoever_takes_it_or_to_the_one_that_is_named(deployment: Deployment) -> None:
    takes = deployment.endpoint(events=["genericContact::*"])
    other = deployment.endpoint(events=["atsJob::*"])
    disabled = deployment.endpoint(status="disabled")
    path = f"/v1/events/{deployment.event().id}/replay"

    assert deployment.call("POST", path).json["enqueued"] == 1
    deployment.messages()
    assert [message["endpoint"] for message in deployment.taken] == [takes["id"]]
    assert deployment.call("POST", path, body={"endpointId": other["id"]}).json["enqueued"] == 1
    refused = deployment.call("POST", path, body={"endpointId": disabled["id"]})
    assert (refused.status, refused.code) == (409, "MORPH::WEBHOOK_ENDPOINT::CONFLICT")
    missing = deployment.call("POST", path, body={"endpointId": "ep_" + "0" * 32})
    assert missing.code == "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND"


def test_an_event_of_another_connection_is_not_sent_to_an_endpoint_that_is_named(deployment: Deployment) -> None:
    of_globex = deployment.endpoint(connections=[{"connectorId": "ashby", "ownerId": "globex"}])
    path = f"/v1/events/{deployment.event('acme').id}/replay"

    refused = deployment.call("POST", path, body={"endpointId": of_globex["id"]})

    assert (refused.status, refused.code) == (409, "MORPH::WEBHOOK_ENDPOINT::CONFLICT")
    assert "connections" in refused.json["detail"]
    assert deployment.messages() == []
    assert deployment.call("POST", path).json["enqueued"] == 0


def test_only_what_has_not_arrived_is_listed_and_delivered_again(deployment: Deployment) -> None:
    """Delivered, waiting, given up, and never sent, as after a time in which an endpoint was away."""
    now = time.time()
    since = moment(now - DAY)
    with receiver(says("200 OK")) as there:
        endpoint, other = deployment.endpoint(there.url), deployment.endpoint(events=["atsJob::*"])
        arrived = deployment.event(at=now - 50)
        deployment.stream(arrived)
        deployment.deliver()
    waiting, failed = deployment.event(at=now - 40), deployment.event(at=now - 30)
    # There is nobody any more.
    deployment.stream(waiting, failed)
    deployment.deliver()
    t.table().update(
        t.attempt_key(deployment.stack.project_id, failed.id, endpoint["id"]), {"state": "failed", "nextAt": None}
    )
    never = deployment.event(at=now - 20)
    job = deployment.event(at=now - 10, model="atsJob")
    deployment.messages()
    deployment.taken.clear()

    missing = ids(job, never, failed, waiting)
    assert listed(deployment, undelivered=endpoint["id"]) == missing
    assert listed(deployment, undelivered=endpoint["id"], limit="1") == missing
    assert listed(deployment, undelivered=endpoint["id"], model="genericContact") == missing[1:]
    assert listed(deployment, undelivered=other["id"]) == ids(job)
    path = f"{ENDPOINTS}/{endpoint['id']}/replay"
    again = deployment.call("POST", path, body={"since": since, "only": "undelivered"}).json
    assert (again["enqueued"], again["next"]) == (4, None)
    deployment.messages()
    assert sorted(message["event"] for message in deployment.taken) == sorted(missing)
    assert deployment.call("POST", path, body={"since": since}).json["enqueued"] == 5


def test_nothing_of_an_endpoint_that_is_not_there_is_listed(deployment: Deployment) -> None:
    for endpoint_id in ("ep_" + "0" * 32, "x"):
        answer = deployment.call("GET", "/v1/events", query={"undelivered": endpoint_id})
        assert answer.code == "MORPH::WEBHOOK_ENDPOINT::NOT_FOUND"


def test_everything_since_a_moment_is_delivered_again(deployment: Deployment) -> None:
    now = time.time()
    events = [deployment.event(at=now - hours * 3600) for hours in (1, 20, 30, 60, 100)]
    deployment.event(at=now - 2 * 3600, model="atsJob")
    endpoint = deployment.endpoint(events=["genericContact::*"])
    path = f"{ENDPOINTS}/{endpoint['id']}/replay"

    answer = deployment.call("POST", path, body={"since": moment(now - 61 * 3600), "until": moment(now - 10 * 3600)})

    assert answer.json == {"object": "replay", "id": answer.json["id"], "enqueued": 3, "next": None}
    deployment.messages()
    assert sorted(message["event"] for message in deployment.taken) == sorted(ids(*events[1:4]))
    assert {(message["replay"], message["attempt"]) for message in deployment.taken} == {(answer.json["id"], 1)}


def test_a_long_span_is_gone_through_in_several_calls(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    from unified.deliveries import replays

    monkeypatch.setattr(replays, "_PAGE", 2)
    monkeypatch.setattr(replays, "_ENOUGH_SECONDS", 1000)
    events = [deployment.event(at=time.time() - hours * 3600) for hours in (50, 40, 30, 20, 10)]
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}/replay"
    body: dict[str, Any] = {"since": moment(time.time() - 60 * 3600)}

    enqueued: list[int] = []
    while True:
        answer = deployment.call("POST", path, body=body).json
        enqueued.append(answer["enqueued"])
        if answer["next"] is None:
            break
        body["cursor"] = answer["next"]

    assert enqueued == [2, 2, 1]
    deployment.messages()
    assert sorted(message["event"] for message in deployment.taken) == sorted(ids(*events))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"since": "soon"},
        {"since": "2026-01-01T00:00:00Z", "cursor": "x"},
        {"from": ""},
        {"since": "2026-01-01T00:00:00Z", "only": "failed"},
        {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_span_that_cannot_be_right_is_refused(deployment: Deployment, body: dict[str, str]) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint()['id']}/replay"

    assert deployment.call("POST", path, body=body).status == 400


def test_nothing_is_delivered_again_to_a_disabled_endpoint(deployment: Deployment) -> None:
    path = f"{ENDPOINTS}/{deployment.endpoint(status='disabled')['id']}/replay"

    answer = deployment.call("POST", path, body={"since": "2026-01-01T00:00:00Z"})

    assert (answer.status, answer.code) == (409, "MORPH::WEBHOOK_ENDPOINT::CONFLICT")


# -- settings ----------------------------------------------------------------------------------------------------


def test_how_events_are_wanted_is_read_and_changed(deployment: Deployment) -> None:
    usual = {"object": "eventSettings", "thin": True, "backfill": False, "sweepMinutes": 15, "fullSweepHours": 24}

    assert deployment.call("GET", "/v1/event-settings").json == usual
    changed = deployment.call("PATCH", "/v1/event-settings", body={"thin": False, "sweepMinutes": 5}).json
    assert changed == {**usual, "thin": False, "sweepMinutes": 5}
    assert deployment.call("PATCH", "/v1/event-settings", body={"backfill": True}).json == {**changed, "backfill": True}
    assert deployment.call("GET", "/v1/event-settings", second_project(deployment.stack)).json == usual


@pytest.mark.parametrize(
    "body",
    [
        {"thin": "no"},
        {"sweepMinutes": 4},
        {"sweepMinutes": 1441},
        {"sweepMinutes": True},
        {"fullSweepHours": 0},
        {"fullSweepHours": 169},
        {"fullSweepHours": None},
        {"often": True},
    ],
)
def test_settings_out_of_bounds_are_refused(deployment: Deployment, body: dict[str, Any]) -> None:
    assert deployment.call("PATCH", "/v1/event-settings", body=body).status == 400
