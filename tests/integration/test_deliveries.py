"""From the outbox to a receiver on a real socket, through the function, the queue and the schedules."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.integration.deliveries_support import ENDPOINTS, Deployment, deployment, sqs_record
from tests.integration.stack import ROOT
from tests.unit.unified.deliveries.receiver import Receiver, receiver, says
from unified import aws, egress
from unified import table as t
from unified.deliveries.states import CLAIM_SECONDS
from unified.events.records import Event
from unified.settings import settings

__all__ = ["deployment"]

# DeliveryQueue's, in template.yaml.
VISIBILITY_SECONDS = 720
NOTHING_FAILED = {"batchItemFailures": []}
RESOURCE = {"object": "resource", "model": "genericContact", "id": "rec_1", "fields": {"firstName": "Zoë"}}


def state_of(deployment: Deployment, event: Event) -> dict[str, Any]:
    """Return what became of an event at its one endpoint."""
    (delivery,) = deployment.call("GET", f"/v1/events/{event.id}").json["deliveries"]
    return delivery


def last_attempt(deployment: Deployment, event: Event) -> dict[str, Any]:
    """Return the last attempt to deliver an event."""
    return deployment.call("GET", f"/v1/events/{event.id}/attempts").json["data"][-1]


def test_an_event_arrives_signed_with_its_record(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        event = deployment.event(resource=RESOURCE)
        assert deployment.stream(event) == NOTHING_FAILED
        assert deployment.deliver() == NOTHING_FAILED

    received = Webhook(endpoint["secret"]).verify(there.body(), there.headers())
    assert received == event.to_wire(RESOURCE)
    assert there.headers()["webhook-id"] == there.headers()["x-idempotency-key"] == event.id
    assert state_of(deployment, event)["state"] == "delivered"
    assert last_attempt(deployment, event)["status"] == 200


def test_an_event_of_a_removed_connection_arrives_as_a_reference(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        deployment.endpoint(there.url)
        event = deployment.event(resource=RESOURCE)
        t.table().delete(event.watch.sync_key("KEY"))
        deployment.stream(event)
        deployment.deliver()

    assert json.loads(there.body())["data"] == {"object": "resourceRef", "model": "genericContact", "id": "rec_1"}


def test_both_secrets_sign_during_a_rotation(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        new = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/rotate").json["secret"]
        deployment.stream(deployment.event())
        deployment.deliver()
        deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/rotate", body={"overlapSeconds": 0})
        deployment.stream(deployment.event())
        deployment.deliver()

    for secret in (endpoint["secret"], new):
        Webhook(secret).verify(there.body(0), there.headers(0))
    assert there.headers(1)["webhook-signature"].count("v1,") == 1


def test_a_batch_is_delivered_side_by_side(deployment: Deployment) -> None:
    together = threading.Barrier(4, timeout=egress.SECONDS - 1)

    def answer(connection: Any, request: bytes) -> None:
        together.wait()
        says("200 OK")(connection, request)

    with receiver(answer) as there:
        deployment.endpoint(there.url)
        events = [deployment.event() for _ in range(4)]
        deployment.stream(*events)
        assert deployment.deliver() == NOTHING_FAILED

    # Had one waited for another, the barrier would have broken and nobody would have been answered.
    assert {state_of(deployment, event)["state"] for event in events} == {"delivered"}


def test_an_event_of_the_stream_that_comes_again_is_delivered_once(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        deployment.endpoint(there.url)
        event = deployment.event()
        for _ in range(3):
            deployment.stream(event)
        deployment.deliver()
        deployment.deliver()

    assert len(there.requests) == 1


def test_part_of_a_batch_that_failed_is_reported_and_the_rest_done(deployment: Deployment, log: io.StringIO) -> None:
    with receiver(says("200 OK")) as there:
        deployment.endpoint(there.url)
        deployment.stream(deployment.event())
        records = [sqs_record("no message", "bad"), *deployment.messages()]
        assert deployment.invoke(records) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}

    assert len(there.requests) == 1
    assert "no message" not in log.getvalue()
    assert '"not done"' in log.getvalue()


def test_an_event_that_could_not_be_put_on_the_bus_is_reported_and_comes_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.endpoint()
    event = deployment.event()
    with monkeypatch.context() as patch:
        patch.setattr(aws.client("events"), "put_events", lambda **_: {"FailedEntryCount": 1})
        assert deployment.stream(event) == {"batchItemFailures": [{"itemIdentifier": f"{1:020}"}]}
    assert deployment.messages() == []

    assert deployment.stream(event) == NOTHING_FAILED
    assert len(deployment.messages()) == 1


# -- attempts that fail ------------------------------------------------------------------------------------------


def failing(deployment: Deployment, there: Receiver, attempts: int) -> Event:
    """Let an event fail so often, each message given to the function as soon as it was sent."""
    deployment.endpoint(there.url)
    event = deployment.event()
    deployment.stream(event)
    (message,) = deployment.messages()
    for attempt in range(1, attempts + 1):
        body = {**json.loads(message["body"]), "attempt": attempt}
        assert deployment.invoke([sqs_record(json.dumps(body))]) == NOTHING_FAILED
    return event


def scheduled(schedule: Any) -> dict[str, Any]:
    """Return the message that a schedule will send."""
    return json.loads(json.loads(schedule["Target"]["Input"])["MessageBody"])


def test_a_failed_attempt_waits_in_the_queue_and_later_as_a_schedule(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    sqs = aws.client("sqs")
    send = sqs.send_message_batch
    monkeypatch.setattr(sqs, "send_message_batch", lambda **rest: (sent.append(rest), send(**rest))[1])

    with receiver(says("500 Internal Server Error")) as there:
        event = failing(deployment, there, attempts=4)

    attempts = [call for call in sent if call["QueueUrl"] == settings().delivery_queue_url]
    delays = [entry["DelaySeconds"] for call in attempts for entry in call["Entries"]]
    assert len(delays) == 3
    assert delays[0] == 0
    assert 4 < delays[1] <= 6
    assert 270 <= delays[2] <= 331
    waiting = [scheduled(one) for one in deployment.schedules()]
    assert sorted(one["attempt"] for one in waiting) == [4, 5]
    assert {one["event"] for one in waiting} == {event.id}
    assert (state_of(deployment, event)["state"], state_of(deployment, event)["attempts"]) == ("pending", 4)


def test_a_message_of_a_schedule_is_one_like_any_other(deployment: Deployment) -> None:
    with receiver(says("500 Internal Server Error")) as there:
        event = failing(deployment, there, attempts=3)
        body = json.dumps(scheduled(deployment.schedules()[0]))
        assert deployment.invoke([sqs_record(body)]) == NOTHING_FAILED
        # It may come again: the schedule's and the queue's promise is at least once.
        assert deployment.invoke([sqs_record(body)]) == NOTHING_FAILED

    assert len(there.requests) == 4
    assert state_of(deployment, event)["attempts"] == 4


def test_410_disables_the_endpoint_and_the_bus_hears_of_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[Any] = []
    monkeypatch.setattr(
        aws.client("events"),
        "put_events",
        lambda **rest: (put.extend(rest["Entries"]), {"FailedEntryCount": 0})[1],
    )

    with receiver(says("410 Gone")) as there:
        endpoint = deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()
        deployment.stream(deployment.event())
        deployment.deliver()

    found = deployment.call("GET", f"{ENDPOINTS}/{endpoint['id']}").json
    assert (found["status"], found["reason"]) == ("disabled", "gone")
    assert state_of(deployment, event)["state"] == "cancelled"
    assert len(there.requests) == 1
    disabled = [json.loads(one["Detail"]) for one in put if one["DetailType"] == "webhookEndpoint.disabled"]
    assert [(one["id"], one["reason"]) for one in disabled] == [(endpoint["id"], "gone")]


def closing(connection: Any, _request: bytes) -> None:
    """Close the connection without an answer."""


def endless(connection: Any, _request: bytes) -> None:
    """Answer with more headers than anybody reads."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"x-padding: " + b"a" * 200_000)


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (says("500 Internal Server Error", body=b"a stack trace of theirs"), 500, "status"),
        (says("301 Moved Permanently", "location: http://169.254.169.254/"), 301, "redirect"),
        (closing, None, "connection"),
        (endless, None, "protocol"),
    ],
    ids=["failing", "redirecting", "closing early", "huge head"],
)
def test_what_a_receiver_does_wrong_is_noted_and_nothing_of_what_it_said(
    deployment: Deployment, log: io.StringIO, answer: Any, status: int | None, kind: str
) -> None:
    with receiver(answer) as there:
        deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        assert deployment.deliver() == NOTHING_FAILED

    attempt = last_attempt(deployment, event)
    assert (attempt["outcome"], attempt["status"], attempt["errorKind"]) == ("failed", status, kind)
    kept = str(deployment.stack.items()) + log.getvalue()
    for said in ("stack trace", "169.254", "padding"):
        assert said not in kept


def test_a_receiver_that_is_slow_is_given_up_on(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert egress.SECONDS == 15
    assert egress.post.__kwdefaults__ is not None
    monkeypatch.setitem(egress.post.__kwdefaults__, "seconds", 0.1)

    is_given_up = threading.Event()

    def silent(_connection: Any, _request: bytes) -> None:
        is_given_up.wait(60)  # however long a busy machine takes over it

    with receiver(silent) as there:
        deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()
        is_given_up.set()

    attempt = last_attempt(deployment, event)
    assert (attempt["outcome"], attempt["status"], attempt["errorKind"]) == ("failed", None, "timeout")
    assert 90 <= attempt["latencyMs"] < 5000


# -- processes that die ------------------------------------------------------------------------------------------


def test_a_process_that_dies_between_sending_and_noting_it_sends_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        messages = deployment.messages()
        with monkeypatch.context() as patch:
            patch.setattr(aws.client("dynamodb"), "transact_write_items", lambda **_: 1 / 0)
            assert len(deployment.invoke(messages)["batchItemFailures"]) == 1
        assert state_of(deployment, event)["state"] == "pending"
        # By the time that SQS gives the message again, the claim has long run out.
        assert CLAIM_SECONDS < VISIBILITY_SECONDS
        t.table().update(
            t.attempt_key(deployment.stack.project_id, event.id, endpoint["id"]), {"claimedUntil": time.time() - 1}
        )
        assert deployment.invoke(messages) == NOTHING_FAILED

    assert len(there.requests) == 2
    assert there.headers(0)["webhook-id"] == there.headers(1)["webhook-id"]
    assert (state_of(deployment, event)["state"], state_of(deployment, event)["attempts"]) == ("delivered", 1)


def test_a_copy_that_comes_while_an_attempt_is_under_way_is_put_back(deployment: Deployment) -> None:
    with receiver(says("200 OK")) as there:
        deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        (message,) = deployment.messages()
        copies = [{**message, "messageId": str(number)} for number in range(5)]
        assert deployment.invoke(copies) == NOTHING_FAILED

    assert len(there.requests) == 1
    assert state_of(deployment, event)["attempts"] == 1


def test_nothing_secret_is_logged(deployment: Deployment, log: io.StringIO) -> None:
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        deployment.stream(deployment.event(owner="a-customer", resource=RESOURCE))
        deployment.deliver()

    assert '"delivery"' in log.getvalue()
    for said in (endpoint["secret"], there.headers()["webhook-signature"], "Zo", "a-customer", there.url):
        assert said not in log.getvalue()


# -- the documentation's own code ----------------------------------------------------------------------------------


def documented(language: str) -> str:
    """Return the verification that docs/webhooks.md gives for a language."""
    text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    return text.partition(f"<!-- verify-{language} -->\n```{language}\n")[2].partition("\n```")[0]


def forged(headers: dict[str, str]) -> list[dict[str, str]]:
    """Return headers that nobody who signs would send: without one of them, or with what is no such thing."""
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    without = [{name: value for name, value in headers.items() if name != left_out} for left_out in signed]
    strange = {"webhook-signature": ["v1,é", ""], "webhook-timestamp": ["soon", "9" * 400], "webhook-id": ["é"]}
    return without + [{**headers, name: value} for name, values in strange.items() for value in values]


def test_the_documented_verification_in_python_takes_ours_and_no_other(deployment: Deployment) -> None:
    code: dict[str, Any] = {}
    exec(documented("python"), code)  # noqa: S102 - what the reader is told to run
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        new = deployment.call("POST", f"{ENDPOINTS}/{endpoint['id']}/rotate").json["secret"]
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()

    for secret in (endpoint["secret"], new):
        assert code["verify"](secret, there.headers(), there.body()) == event.to_wire(None)
    with pytest.raises(ValueError, match="fits"):
        code["verify"](endpoint["secret"], there.headers(), there.body() + b" ")
    with pytest.raises(ValueError, match="old"):
        code["verify"](endpoint["secret"], {**there.headers(), "webhook-timestamp": "1"}, there.body())
    for headers in forged(there.headers()):
        with pytest.raises(ValueError, match=r"fits|literal|old"):
            code["verify"](endpoint["secret"], headers, there.body())


def test_the_documented_verification_in_javascript_takes_ours_and_no_other(deployment: Deployment) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    with receiver(says("200 OK")) as there:
        endpoint = deployment.endpoint(there.url)
        event = deployment.event()
        deployment.stream(event)
        deployment.deliver()

    program = documented("javascript") + (
        "\nconst [secret, headers, body] = JSON.parse(require('fs').readFileSync(0));"
        "\nconsole.log(JSON.stringify(verify(secret, headers, Buffer.from(body))));"
    )
    given = json.dumps([endpoint["secret"], there.headers(), there.body().decode()])
    run = subprocess.run([node, "-e", program], input=given, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == event.to_wire(None)
    changed = [(there.headers(), there.body().decode() + " ")]
    for headers, body in changed + [(headers, there.body().decode()) for headers in forged(there.headers())]:
        given = json.dumps([endpoint["secret"], headers, body])
        run = subprocess.run([node, "-e", program], input=given, capture_output=True, text=True, check=False)
        assert run.returncode
        assert "no signature fits" in run.stderr or "too old" in run.stderr
