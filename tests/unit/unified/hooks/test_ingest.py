"""The way in for webhooks, given anything: it answers, keeps what is genuine, and never more of it than ids."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.unified.strategies import any_text, json_values
from unified import aws
from unified.ashby import CONNECTOR
from unified.connections.records import Reference
from unified.connections.watch import Watch
from unified.hooks import ingest
from unified.hooks.store import Hook, OpenHook
from unified.secret import Secret

SECRET = Secret("a secret")
HOOK_ID = "hk_" + "x" * 43
WATCH = Watch(Reference("p", "ashby", "acme"), "g1", "pk")
FOUND = OpenHook(Hook(HOOK_ID, WATCH, (), "2026-11-24T08:00:00.000Z"), (SECRET,))
ID = "10000000-0000-4000-8000-000000000000"

_names = st.sampled_from(["id", "applicationId", "candidate", "name", "requestIds", "Id"]) | any_text
_data = st.recursive(
    st.dictionaries(_names, json_values, max_size=4),
    lambda inner: st.dictionaries(_names, inner | json_values, max_size=4),
    max_leaves=6,
)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what was queued, by a function that knows one hook."""
    queued: list[Any] = []

    class Known:
        def read(self, hook_id: str, *, anew: bool = False) -> OpenHook | None:
            return FOUND if hook_id == HOOK_ID else None

    def send_message(**sent: Any) -> None:
        assert sent["MessageBody"].isascii()
        queued.append(json.loads(sent["MessageBody"]))

    monkeypatch.setattr(ingest, "hooks", Known)
    monkeypatch.setattr(ingest, "settings", lambda: SimpleNamespace(hint_queue_url="q"))
    monkeypatch.setattr(aws, "client", lambda _service: SimpleNamespace(send_message=send_message))
    return queued


def _event(body: bytes | str, *, hook_id: str = HOOK_ID, signature: str | None = None) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    right = "sha256=" + hmac.new(SECRET.reveal().encode(), raw, hashlib.sha256).hexdigest()
    is_bytes = isinstance(body, bytes)
    return {
        "requestContext": {"requestId": "r1"},
        "pathParameters": {"connectorId": "ashby", "hookId": hook_id},
        "headers": {"ashby-signature": right if signature is None else signature},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_bytes,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary() | any_text | json_values.map(json.dumps))
def test_any_signed_body_is_taken_or_refused(queue: list[Any], body: bytes | str) -> None:
    queue.clear()

    answer = ingest.handle(_event(body), None)

    assert answer["statusCode"] in (200, 400)
    assert len(queue) <= (answer["statusCode"] == 200)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signature=any_text, hook_id=any_text | st.just(HOOK_ID))
def test_whatever_stands_in_header_and_address_nothing_unsigned_is_taken(
    queue: list[Any], signature: str, hook_id: str
) -> None:
    answer = ingest.handle(_event(b'{"action":"ping"}', hook_id=hook_id, signature=signature), None)

    assert answer["statusCode"] == 400
    assert queue == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(any_text, json_values, max_size=4))
def test_what_is_queued_is_what_was_sent(queue: list[Any], data: dict[str, Any]) -> None:
    queue.clear()
    body = json.dumps({"action": "offerUpdate", "data": data, "webhookActionId": "w"}).encode()

    answer = ingest.handle(_event(body), None)

    if answer["statusCode"] == 200:
        assert [message["data"] for message in queue] == [json.loads(body)["data"]]
    else:
        assert any(name in body for name in (b"NaN", b"Infinity"))


@given(_data)
def test_of_what_is_reduced_only_ids_are_left(data: dict[str, Any]) -> None:
    def check(kept: dict[str, Any], whole: dict[str, Any], depth: int) -> None:
        for name, value in kept.items():
            if isinstance(value, dict):
                assert value
                assert depth > 1
                check(cast(dict[str, Any], value), whole[name], depth - 1)
            else:
                assert isinstance(value, str)
                assert name == "id" or name.endswith("Id")
                assert value == whole[name]

    check(ingest.reduced(data), data, 3)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("candidateMerge", {"deletedCandidate": {"id": ID, "x": 1}, "mergedCandidate": {"id": ID}}),
        ("interviewScheduleUpdate", {"interviewSchedule": {"id": ID, "applicationId": ID, "interviewEvents": [{}]}}),
        ("interviewPlanTransition", {"jobId": ID, "fromInterviewPlan": {"id": ID, "title": "x"}}),
        ("jobPostingDelete", {"jobPosting": {"id": ID, "jobId": ID}}),
        ("candidateHire", {"application": {"id": ID, "candidate": {"id": ID}}, "offer": {"id": ID}}),
        ("applicationSubmit", {"application": {"id": ID, "candidate": {"id": ID, "name": "x"}}}),
    ],
)
def test_what_is_reduced_hints_at_the_same_records(action: str, data: dict[str, Any]) -> None:
    whole, less = CONNECTOR.hints(action, data), CONNECTOR.hints(action, ingest.reduced(data))

    assert whole
    assert less == whole


def test_a_large_webhook_is_reduced(queue: list[Any]) -> None:
    data = {"offer": {"id": ID, "notes": "x" * ingest.MAX_MESSAGE_BYTES}}

    answer = ingest.handle(_event(json.dumps({"action": "offerUpdate", "data": data}).encode()), None)

    assert answer["statusCode"] == 200
    assert (queue[0]["data"], queue[0]["ids"]) == (None, {"offer": {"id": ID}})
