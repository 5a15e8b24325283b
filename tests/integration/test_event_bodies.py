"""Bodies of events that cannot be opened break nothing around them, and keys are read once for an answer, no longer."""

from __future__ import annotations

import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.cloud import forget
from tests.integration.deliveries_support import Deployment, deployment
from tests.unit.unified.deliveries.receiver import receiver, says
from unified import aws
from unified import table as t
from unified.connections.vault import vault
from unified.events.bodies import Bodies
from unified.events.records import Event

__all__ = ["deployment"]

RESOURCE = {"object": "resource", "model": "genericContact", "id": "rec_1", "fields": {"firstName": "Ada"}}
REFERENCE = {"object": "resourceRef", "model": "genericContact", "id": "rec_1"}
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


def damage(event: Event, **changes: Any) -> None:
    """Change what is kept of an event's body."""
    assert event.body is not None
    t.table().update(event.key(), {"body": {**event.body, **changes}})


def flipped(data: bytes) -> bytes:
    """Change one bit."""
    return bytes((data[0] ^ 1, *data[1:]))


@contextmanager
def refusing(code: str) -> Generator[None]:
    """Let KMS open no key, and nobody remember one."""
    kms = aws.client("kms")
    error = getattr(kms.exceptions, code, ClientError)({"Error": {"Code": code, "Message": "injected"}}, "Decrypt")

    def decrypt(**_: Any) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        forget()
        patch.setattr(kms, "decrypt", decrypt)
        yield
    forget()


def whole(deployment: Deployment) -> dict[str, Any]:
    """List the events, by id."""
    answer = deployment.call("GET", "/v1/events")
    assert answer.status == 200, answer.text
    return {event["id"]: event for event in answer.json["data"]}


@pytest.mark.parametrize(
    "changes",
    [{"ciphertext": b"\x00" * 40}, {"ciphertext": b""}, {"nonce": b"\x00" * 12}, {"nonce": b""}, {"nonce": None}],
    ids=["ciphertext", "empty ciphertext", "nonce", "empty nonce", "no nonce"],
)
def test_a_damaged_body_is_a_reference_with_a_warning_among_others_that_are_whole(
    deployment: Deployment, changes: dict[str, Any], log: io.StringIO
) -> None:
    events = [deployment.event(resource=RESOURCE) for _ in range(3)]
    kept = {name: value for name, value in {**(events[1].body or {}), **changes}.items() if value is not None}
    t.table().update(events[1].key(), {"body": kept})

    shown = whole(deployment)

    assert [shown[event.id]["data"] for event in events] == [RESOURCE, REFERENCE, RESOURCE]
    (warning,) = shown[events[1].id]["warnings"]
    assert warning["code"] == "MORPH::EVENT::UNREADABLE"
    assert "credential" not in warning["message"]
    assert [event.id for event in events if "warnings" in shown[event.id]] == [events[1].id]
    one = deployment.call("GET", f"/v1/events/{events[1].id}").json
    assert one == {**shown[events[1].id], "deliveries": []}
    assert "Ada" not in log.getvalue()
    assert log.getvalue().count("event body unreadable") == 2


def test_an_event_without_a_body_needs_no_warning(deployment: Deployment) -> None:
    thin, gone = deployment.event(), deployment.event("globex", resource=RESOURCE)
    t.table().update(gone.watch.sync_key("KEY"), {"keyId": None, "wrappedKey": None, "removed": True})

    shown = whole(deployment)

    assert [shown[event.id] for event in (thin, gone)] == [thin.to_wire(None), gone.to_wire(None)]


def test_the_stream_goes_on_with_a_reference(deployment: Deployment) -> None:
    with receiver(says("204 No Content")) as there:
        deployment.endpoint(there.url)
        event = deployment.event(resource=RESOURCE)
        damage(event, ciphertext=flipped((event.body or {})["ciphertext"]))

        assert deployment.stream(event) == NOTHING_FAILED
        assert deployment.deliver() == NOTHING_FAILED

    assert json.loads(there.body())["data"] == REFERENCE


@pytest.mark.parametrize(
    "code", ["DisabledException", "NotFoundException", "KMSInvalidStateException", "InvalidCiphertextException"]
)
def test_a_wrapping_key_that_is_gone_or_disabled_holds_nothing_up(deployment: Deployment, code: str) -> None:
    event = deployment.event(resource=RESOURCE)

    with refusing(code):
        assert deployment.stream(event) == NOTHING_FAILED
        assert whole(deployment)[event.id]["data"] == REFERENCE

    # Enabled again, it opens what was kept all the while.
    assert whole(deployment)[event.id] == event.to_wire(RESOURCE)


def test_what_passes_by_itself_is_tried_again(deployment: Deployment) -> None:
    event = deployment.event(resource=RESOURCE)

    with refusing("ThrottlingException"):
        assert deployment.stream(event) != NOTHING_FAILED
        assert deployment.call("GET", f"/v1/events/{event.id}").status == 500

    assert deployment.stream(event) == NOTHING_FAILED


def test_a_connections_key_is_read_once_for_an_answer(deployment: Deployment) -> None:
    for owner in ("acme", "globex"):
        for _ in range(20):
            deployment.event(owner, resource=RESOURCE)
    whole(deployment)
    deployment.stack.aws_calls.clear()

    assert all(event["data"] == RESOURCE for event in whole(deployment).values())

    assert deployment.stack.aws_calls["GetItem"] <= 2


def test_no_answer_opens_what_an_earlier_one_read_the_key_of(deployment: Deployment) -> None:
    event = deployment.event(resource=RESOURCE)
    assert whole(deployment)[event.id]["data"] == RESOURCE

    t.table().delete(event.watch.sync_key("KEY"))

    assert whole(deployment)[event.id]["data"] == REFERENCE


def test_who_still_knows_a_key_of_a_connection_that_is_gone_seals_what_nobody_reads(deployment: Deployment) -> None:
    bodies = Bodies(t.table(), vault())
    event = deployment.event()
    assert bodies.seal(event.watch, RESOURCE) is not None
    t.table().update(event.watch.sync_key("KEY"), {"keyId": None, "wrappedKey": None, "removed": True})

    late = event._replace(body=bodies.seal(event.watch, RESOURCE))

    assert late.body is not None
    assert bodies.open(late) is None
    assert Bodies(t.table(), vault()).seal(event.watch, RESOURCE) is None
