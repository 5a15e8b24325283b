"""Sweeps: what ends a token, schedules as groups, and one unified record whichever way it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from sandbox.organisation import Change, Organisation
from sandbox.webhook_payloads import data_of
from tests.unit.unified.conftest import Script, good, refused
from unified.ashby import CONNECTOR
from unified.ashby.client import AshbySession
from unified.ashby.event import MODEL as EVENTS
from unified.connector import ConnectorModel, Credential, ListQuery, Record
from unified.deadline import Deadline
from unified.errors import Invalid, Refused, SyncTokenExpired, UnifiedError
from unified.models.events import TRIGGERS
from unified.secret import Secret
from unified.transport import Reply

SYNCED = ("genericContact", "genericUser", "scheduleEventType", "scheduleEvent", "atsJob", "atsApplication", "atsOffer")
A, B, C = (f"{number}{'0' * 7}-0000-4000-8000-000000000000" for number in (1, 2, 3))
# Of the models with hundreds of records, so many are read one by one.
READ = 40


# Tokens


@pytest.mark.parametrize("code", ["sync_token_expired", "sync_token_invalid", "incremental_sync_too_large"])
@pytest.mark.parametrize("model_id", SYNCED)
def test_a_token_that_serves_no_longer_is_told(ashby: Script, model_id: str, code: str) -> None:
    ashby.answers = [refused(code)]

    with pytest.raises(SyncTokenExpired):
        CONNECTOR.load(model_id).sweep(ashby.session(), ListQuery(100, sync_token="t"))


@pytest.mark.parametrize("code", ["next_cursor_expired", "invalid_next_cursor", "cursor_invalid"])
@pytest.mark.parametrize("model_id", SYNCED)
def test_a_cursor_that_serves_no_longer_is_another_thing(ashby: Script, model_id: str, code: str) -> None:
    ashby.answers = [refused(code)]

    with pytest.raises(Invalid):
        CONNECTOR.load(model_id).sweep(ashby.session(), ListQuery(100, "c", sync_token="t"))


@pytest.mark.parametrize("answer", [refused("invalid_input"), refused("missing_endpoint_permission", 403)])
def test_no_other_refusal_ends_a_token(ashby: Script, answer: Reply) -> None:
    ashby.answers = [answer]

    with pytest.raises(UnifiedError) as failed:
        EVENTS.sweep(ashby.session(), ListQuery(100, sync_token="t"))

    assert not isinstance(failed.value, SyncTokenExpired | Invalid)


def test_a_sweep_takes_no_filters(ashby: Script) -> None:
    ashby.answers = [good([])]

    CONNECTOR.load("genericContact").sweep(ashby.session(), ListQuery(10, q="ada", filters={"email": "a@example.com"}))

    assert ashby.calls == [("candidate.list", {"limit": 10})]


def _departments(*operations: str) -> ConnectorModel:
    endpoints = {
        "list": {"endpoint": "department.list"},
        "retrieve": {"endpoint": "department.info", "idParameter": "x"},
    }
    definition = {
        "name": "Department",
        "endpoints": {operation: endpoints[operation] for operation in operations},
        "fields": [{"key": "name", "type": "text", "source": {"path": "name"}}],
    }
    return CONNECTOR.define("atsDepartment", definition)


def test_a_projects_own_model_is_swept(ashby: Script) -> None:
    ashby.answers = [good([{"id": A, "name": "Engineering"}], syncToken="t2"), refused("sync_token_expired")]
    model = _departments("list")

    page = model.sweep(ashby.session(), ListQuery(100, sync_token="t1"))

    assert (page.sync_token, len(page.records)) == ("t2", 1)
    assert ashby.calls == [("department.list", {"limit": 100, "syncToken": "t1"})]
    with pytest.raises(SyncTokenExpired):
        model.sweep(ashby.session(), ListQuery(100, sync_token="t1"))
    assert tuple(model.event_sources) == TRIGGERS
    assert {source.mode for source in model.event_sources.values()} == {"sweep"}
    assert CONNECTOR.hooks.actions(["atsDepartment", "genericUser"]) == ((), ())


def test_a_projects_own_model_without_a_list_cannot_be_swept(ashby: Script) -> None:
    with pytest.raises(Refused):
        _departments("retrieve").sweep(ashby.session(), ListQuery(100))


# Schedules


def _schedule(schedule_id: str, *events: str) -> Record:
    return {"id": schedule_id, "applicationId": A, "interviewEvents": [{"id": event} for event in events]}


def test_schedules_come_whole_and_empty_ones_are_named(ashby: Script) -> None:
    ashby.answers = [good([_schedule(B, "1", "2", "3"), _schedule(C), {"id": None}], syncToken="t2")]

    page = EVENTS.sweep(ashby.session(), ListQuery(1, sync_token="t1"))

    assert [record["id"] for record in page.records] == [f"{A}.{B}.{event}" for event in "123"]
    assert list(page.groups) == [f"{A}.{B}.", f"{A}.{C}."]
    assert (page.next, page.sync_token) == (None, "t2")
    assert ashby.calls == [("interviewSchedule.list", {"limit": 1, "syncToken": "t1"})]


def test_the_members_of_a_group_are_the_events_of_one_schedule(ashby: Script) -> None:
    ashby.answers = [good([_schedule(B, "1"), _schedule(C, "2")])]

    assert [record["id"] for record in EVENTS.members(ashby.session(), f"{A}.{C}.")] == [f"{A}.{C}.2"]


def test_a_group_that_is_gone_has_no_members(ashby: Script) -> None:
    ashby.answers = [refused("application_not_found"), good([_schedule(B, "1")])]

    assert EVENTS.members(ashby.session(), f"{A}.{B}.") == []
    assert EVENTS.members(ashby.session(), f"{A}.{C}.") == []
    for group in ("", ".", "x.y.", f"{A}"[:-1] + "."):
        assert EVENTS.members(ashby.session(), group) == []


def test_other_failures_say_nothing_of_the_members(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)]

    with pytest.raises(UnifiedError):
        EVENTS.members(ashby.session(), f"{A}.{B}.")


def test_confidential_jobs_are_restricted_and_nothing_else() -> None:
    job = CONNECTOR.load("atsJob")

    assert job.is_restricted({"confidential": True})
    assert not any(job.is_restricted({"confidential": value}) for value in (False, None, "true", 1))
    for model_id in CONNECTOR.model_ids:
        assert not CONNECTOR.load(model_id).is_restricted({"id": A})


# One record, whichever way it came


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[AshbySession, Organisation]]:
    app = create_app(SandboxConfig(candidates=300, requests_per_minute=1_000_000))
    with in_process_client(app) as client:

        def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes, timeout: float) -> Reply:
            answer: httpx.Response = client.request(method, url, headers=dict(headers), content=content)
            return Reply(answer.status_code, dict(answer.headers), answer.content)

        credential = Credential("apiKey", Secret("ashby_local_full"))
        session = AshbySession("http://127.0.0.1:8788", credential, Deadline(300), send=send)
        yield session, app.state.sandbox.organisation


def _unified(model: ConnectorModel, record: Record) -> dict[str, Any]:
    """Return what a hash is made of, and the times."""
    return model.mapper.resource(record, only=set(model.mapper.rows) - model.unhashed)


def _swept(model: ConnectorModel, session: AshbySession) -> list[Record]:
    found: list[Record] = []
    query = ListQuery(100)
    while True:
        page = model.sweep(session, query)
        found.extend(page.records)
        if page.next is None:
            assert (page.sync_token is not None) == (model.model.id in SYNCED)
            return found
        query = ListQuery(100, page.next)


def _listed(model: ConnectorModel, session: AshbySession) -> list[Record]:
    found: list[Record] = []
    cursor = None
    while True:
        page = model.list(session, ListQuery(100, cursor))
        found.extend(page.records)
        if page.next is None:
            return found
        cursor = page.next


@pytest.mark.parametrize("model_id", CONNECTOR.model_ids)
def test_a_record_is_the_same_from_sweep_list_and_retrieve(
    served: tuple[AshbySession, Organisation], model_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = served
    # The sandbox runs on one event loop: what calls it from several threads at once must take turns.
    for module in ("calendar", "stage"):
        monkeypatch.setattr(f"unified.ashby.{module}.together", lambda read, items: [read(item) for item in items])
    model = CONNECTOR.load(model_id)
    swept = _swept(model, session)
    assert swept
    assert len({record["id"] for record in swept}) == len(swept)
    listed = {record["id"]: record for record in _listed(model, session)}

    assert listed.keys() == {record["id"] for record in swept}
    for record in swept[:READ] + swept[-READ:]:
        wanted = _unified(model, record)
        assert _unified(model, model.retrieve(session, record["id"])) == wanted
        assert _unified(model, listed[record["id"]]) == wanted


def test_an_application_is_the_same_from_a_webhook(served: tuple[AshbySession, Organisation]) -> None:
    session, organisation = served
    model = CONNECTOR.load("atsApplication")
    swept = _swept(model, session)

    assert swept
    for record in swept:
        change = Change(1, "application", record["id"], "updated", "2026-11-24T00:00:00.000Z", {})
        for action in ("applicationSubmit", "applicationUpdate", "candidateHire", "candidateStageChange", "pushToHRIS"):
            hints = CONNECTOR.hints(action, data_of(organisation, action, change)) or ()
            (hint,) = [hint for hint in hints if hint.model == "atsApplication"]
            assert hint.record_id == record["id"]
            assert hint.record is not None
            assert _unified(model, hint.record) == _unified(model, record)


def test_a_schedules_group_from_a_webhook_is_that_of_the_sweep(served: tuple[AshbySession, Organisation]) -> None:
    session, organisation = served
    page = EVENTS.sweep(session, ListQuery(100))
    schedules = list(organisation.interview_schedules)
    assert page.next is None

    told: list[str] = []
    for schedule in schedules:
        change = Change(1, "interview_schedule", schedule["id"], "updated", "2026-11-24T00:00:00.000Z", {})
        data = data_of(organisation, "interviewScheduleUpdate", change)
        told += [hint.record_id for hint in CONNECTOR.hints("interviewScheduleUpdate", data) or ()]
    assert sorted(told) == sorted(page.groups) != []
    for group in page.groups[:READ]:
        members = EVENTS.members(session, group)
        assert [_unified(EVENTS, record) for record in members] == [
            _unified(EVENTS, record) for record in page.records if record["id"].startswith(group)
        ]
