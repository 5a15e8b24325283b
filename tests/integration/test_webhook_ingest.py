"""The way in for webhooks: what is taken, what is refused and how, and that our own faults make Ashby try again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.integration.hooks_support import World, hooked, posted, signed, webhook
from tests.integration.stack import Stack, event
from unified.ashby import CONNECTOR
from unified.connections.watch import Watch
from unified.hooks import ingest
from unified.hooks.store import Hook, Hooks, OpenHook, hooks
from unified.hooks.store import hooks as all_hooks
from unified.secret import Secret

NAME = "Grace-Hopper-whom-no-log-may-name"
A = "10000000-0000-4000-8000-000000000000"
B = "20000000-0000-4000-8000-000000000000"


@pytest.fixture
def world(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a deployment that takes webhooks in."""
    with hooked(stack, monkeypatch) as made:
        yield made


def _hook(world: World, owner: str = "acme") -> tuple[str, Secret]:
    hook = hooks().create(world.watch(owner))
    return hook.id, hooks().secrets(hook)[0]


@pytest.mark.parametrize("as_text", [True, False])
def test_a_genuine_webhook_is_queued_before_it_is_answered(world: World, as_text: bool) -> None:
    watch = world.watch()
    hook = hooks().create(watch)
    body = webhook("offerCreate", {"offer": {"id": A, "note": "Zoë 🙂 \x7f"}}, webhookActionId="w1")
    began = time.time()

    answer = world.take(posted(hook.id, body, signed(hooks().secrets(hook)[0], body), as_text=as_text))

    assert answer.status == 200
    (message,) = world.messages()
    assert Watch.from_message(message["watch"]) == watch
    assert began <= message.pop("receivedAt") <= time.time()
    assert message == {
        "watch": watch.to_message(),
        "hookId": hook.id,
        "action": "offerCreate",
        "actionId": "w1",
        "data": {"offer": {"id": A, "note": "Zoë 🙂 \x7f"}},
        "tries": 0,
    }


def test_a_ping_is_answered_and_goes_nowhere(world: World) -> None:
    hook_id, secret = _hook(world)
    body = webhook("ping", {"webhookActionType": "ping"})

    assert world.take(posted(hook_id, body, signed(secret, body))).status == 200
    assert world.take(posted(hook_id, body, {})).status == 400
    assert world.messages() == []


def test_what_is_sent_twice_is_queued_twice_under_one_id(world: World) -> None:
    hook_id, secret = _hook(world)
    body = webhook("offerCreate", {"offer": {"id": A}}, webhookActionId="w1")

    statuses = [world.take(posted(hook_id, body, signed(secret, body))).status for _ in range(2)]

    assert statuses == [200, 200]
    assert [message["actionId"] for message in world.messages()] == ["w1", "w1"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ashby-signature": ""},
        {"ashby-signature": "sha256="},
        {"ashby-signature": "sha256=" + "0" * 64},
        {"ashby-signature": "sha256=\x00"},
        {"ashby-signature": "sha256=" + "ü" * 64},
        {"x-ashby-signature": "sha256=" + "0" * 64},
        signed(Secret("another"), webhook()),
    ],
)
def test_without_the_right_signature_nothing_is_taken(world: World, headers: dict[str, str]) -> None:
    hook_id, _ = _hook(world)

    answer = world.take(posted(hook_id, webhook(), headers))

    assert (answer.status, answer.code) == (400, "MORPH::BAD_REQUEST")
    assert world.messages() == []


def test_another_connections_secret_does_not_serve(world: World) -> None:
    (mine, _), (_, theirs) = _hook(world), _hook(world, "globex")
    body = webhook()

    assert world.take(posted(mine, body, signed(theirs, body))).status == 400
    assert world.messages() == []


def test_a_body_that_was_changed_on_the_way_is_not_taken(world: World) -> None:
    hook_id, secret = _hook(world)
    body = webhook()

    for changed in (body[:-1], body[1:], body + b" ", body.replace(b"offer", b"Offer"), b""):
        assert world.take(posted(hook_id, changed, signed(secret, body))).status == 400
    assert world.messages() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"offerCreate"',
        b"{}",
        b'{"action":7,"data":{}}',
        b'{"action":"","data":{}}',
        b'{"action":"' + b"x" * 101 + b'","data":{}}',
        b'{"action":"offerCreate","data":"x"}',
        b'{"action":"offerCreate","data":[]}',
        b'{"action":"offerCreate","data":{"x":NaN}}',
        b'{"action":"offerCreate","data":{"x":1e999}}',
        b'{"action":"offerCreate","data":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"action":"offerCreate","data":{"x":' + b"1" * 5000 + b"}}",
    ],
    ids=range(16),
)
def test_what_is_signed_and_no_webhook_is_not_taken(world: World, body: bytes) -> None:
    hook_id, secret = _hook(world)

    assert world.take(posted(hook_id, body, signed(secret, body))).status == 400
    assert world.messages() == []


@pytest.mark.parametrize("body", ["%", "e30", "e30=\n=", "ü"])
def test_base64_that_is_none_is_not_taken(world: World, body: str) -> None:
    hook_id, secret = _hook(world)
    built = {**posted(hook_id, b"", signed(secret, b"")), "body": body, "isBase64Encoded": True}

    assert world.take(built).status == 400


def test_a_webhook_without_body_or_headers_is_not_taken(world: World) -> None:
    hook_id, _ = _hook(world)
    built = event("POST", f"/v1/hooks/ashby/{hook_id}")

    assert world.take({name: value for name, value in built.items() if name not in ("headers", "body")}).status == 400


def test_half_a_surrogate_pair_and_a_lone_action_go_through(world: World) -> None:
    hook_id, secret = _hook(world)
    bodies = [
        b'{"action":"offerCreate","data":{"offer":{"id":"\\ud800"}}}',
        b'{"action":"somethingNew"}',
        '{"action":"neu·es \uffff","webhookActionId":7}'.encode(),
    ]

    assert [world.take(posted(hook_id, body, signed(secret, body))).status for body in bodies] == [200, 200, 200]
    assert [(message["actionId"], message["data"]) for message in world.messages()] == [
        (None, {"offer": {"id": "\ud800"}}),
        (None, {}),
        (None, {}),
    ]


# Size


def test_of_a_large_webhook_the_ids_are_queued_and_say_what_to_read(world: World) -> None:
    hook_id, secret = _hook(world)
    application = {
        "id": A,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "status": "Active",
        "candidate": {"id": B, "name": "名" * 80_000},
        "job": {"id": A},
        "customFields": [{"id": "x", "value": NAME}],
    }
    body = webhook("applicationSubmit", {"application": application})
    assert ingest.MAX_MESSAGE_BYTES < len(body) < ingest.MAX_BODY_BYTES

    assert world.take(posted(hook_id, body, signed(secret, body))).status == 200

    (message,) = world.messages()
    assert message["data"] is None
    assert message["ids"] == {"application": {"id": A, "candidate": {"id": B}, "job": {"id": A}}}
    told = CONNECTOR.hints(message["action"], message["ids"]) or ()
    assert {(hint.model, hint.record_id, hint.record) for hint in told} == {
        ("atsApplication", A, None),
        ("genericContact", B, None),
    }


@pytest.mark.parametrize("as_text", [True, False])
def test_more_than_a_megabyte_is_too_much(world: World, as_text: bool) -> None:
    hook_id, secret = _hook(world)
    fits = webhook(data={"x": "y" * (ingest.MAX_BODY_BYTES - 200)})
    large = webhook(data={"x": "y" * ingest.MAX_BODY_BYTES})
    larger = webhook(data={"x": "y" * (3 * ingest.MAX_BODY_BYTES)})

    assert world.take(posted(hook_id, fits, signed(secret, fits), as_text=as_text)).status == 200
    for body in (large, larger):
        answer = world.take(posted(hook_id, body, signed(secret, body), as_text=as_text))
        assert (answer.status, answer.code) == (413, "MORPH::PAYLOAD_TOO_LARGE")


def test_what_cannot_be_made_small_is_too_much(world: World) -> None:
    hook_id, secret = _hook(world)
    body = webhook(data={f"{number}Id": "x" * 90 for number in range(3000)})

    assert world.take(posted(hook_id, body, signed(secret, body))).status == 413


# Hooks


@pytest.mark.parametrize("hook_id", ["hk_" + "x" * 43, "x", "x" * 65, "../" + "x" * 40, "%00" + "x" * 40])
def test_an_unknown_hook_is_not_taken_and_may_be_tried_again(world: World, hook_id: str) -> None:
    body = webhook()

    assert world.take(posted(hook_id, body, signed(Secret("x"), body))).status == 400


def test_an_address_that_can_be_no_hooks_is_not_looked_up(world: World) -> None:
    hook_id, secret = _hook(world)
    world.stack.aws_calls.clear()
    body = webhook()
    built = posted(hook_id, body, signed(secret, body))

    for connector_id, name in (("other", hook_id), ("ashby", "short")):
        built["pathParameters"] = {"connectorId": connector_id, "hookId": name}
        assert world.take(built).status == 400
    built["pathParameters"] = {}
    assert world.take(built).status == 400
    assert world.stack.aws_calls["GetItem"] == 0


def test_the_hook_of_a_removed_connection_tells_ashby_to_stop(world: World) -> None:
    hook_id, secret = _hook(world)
    hooks().bury(hook_id)
    world.forget()
    body = webhook()

    answer = world.take(posted(hook_id, body, signed(secret, body)))

    assert answer.status == 410
    assert world.messages() == []
    assert "ciphertext" not in repr(world.stack.items()[(f"HOOK#{hook_id}", "HOOK")])


def test_a_hook_is_read_once_a_minute_and_so_is_that_there_is_none(world: World) -> None:
    hook_id, secret = _hook(world)
    now = [1_000_000_000.0]
    kept = Hooks(hooks()._table, hooks()._vault, clock=lambda: now[0], capacity=2)
    world.patch.setattr(ingest, "hooks", lambda: kept)
    body = webhook()
    world.stack.aws_calls.clear()

    def reads() -> int:
        for one in (hook_id, "hk_" + "x" * 43):
            world.take(posted(one, body, signed(secret, body)))
        return world.stack.aws_calls["GetItem"]

    assert reads() == reads() == 2
    now[0] += 59
    assert reads() == 2
    now[0] += 2
    assert reads() == reads() == 4
    # Of any number that are asked for it remembers the last two.
    others = [f"hk_{number}" + "x" * 42 for number in range(5)]
    for other in (*others, *others[-2:]):
        world.take(posted(other, body, signed(secret, body)))
    assert world.stack.aws_calls["GetItem"] == 4 + 5
    assert reads() == 4 + 5 + 2


# Our own faults

FAULTS: list[tuple[str, str, Exception]] = [
    ("sqs", "send_message", EndpointConnectionError(endpoint_url="https://sqs")),
    ("sqs", "send_message", ClientError({"Error": {"Code": "OverLimit", "Message": NAME}}, "SendMessage")),
    ("kms", "decrypt", ClientError({"Error": {"Code": "ThrottlingException", "Message": NAME}}, "Decrypt")),
    ("dynamodb", "get_item", EndpointConnectionError(endpoint_url="https://dynamodb")),
]


@pytest.mark.parametrize(("service", "operation", "error"), FAULTS, ids=["sqs-away", "sqs-refuses", "kms", "table"])
def test_our_own_fault_makes_ashby_try_again(world: World, service: str, operation: str, error: Exception) -> None:
    hook_id, secret = _hook(world)
    world.forget()
    body = webhook()
    sent = posted(hook_id, body, signed(secret, body))
    with pytest.MonkeyPatch.context() as patch:
        before, world.patch = world.patch, patch
        world.fail(service, operation, error)
        failed = world.take(sent)
        world.patch = before

    assert failed.status == 503
    assert NAME not in failed.text
    assert world.take(sent).status == 200
    assert len(world.messages()) == 1


def test_a_hook_that_cannot_be_opened_is_our_fault_and_not_kept(world: World) -> None:
    hook_id, secret = _hook(world)
    body = webhook()
    calls: list[str] = []

    class Failing(Hooks):
        def secrets(self, hook: Hook) -> tuple[Secret, ...]:
            calls.append(hook.id)
            if len(calls) == 1:
                raise RuntimeError(NAME)
            return super().secrets(hook)

    kept = Failing(hooks()._table, hooks()._vault)
    world.patch.setattr(ingest, "hooks", lambda: kept)

    statuses = [world.take(posted(hook_id, body, signed(secret, body))).status for _ in range(3)]
    assert statuses == [503, 200, 200]
    assert len(calls) == 2


# What is told of it


def test_nothing_of_a_webhook_is_logged_and_all_are_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    hook_id, secret = _hook(world)
    good = webhook("offerCreate", {"offer": {"id": A, "name": NAME}})
    odd = webhook(NAME + "-", {})
    capsys.readouterr()

    world.take(posted(hook_id, good, signed(secret, good)))
    world.take(posted(hook_id, odd, signed(secret, odd)))
    world.take(posted(hook_id, good, {}))
    world.take(posted("hk_" + "x" * 43, good, {}))
    world.fail("sqs", "send_message", RuntimeError(NAME))
    world.take(posted(hook_id, good, signed(secret, good)))

    said = capsys.readouterr()
    counted = [json.loads(line) for line in said.out.splitlines() if "_aws" in line]
    names = [(one["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], one.get("reason")) for one in counted]
    assert names == [
        ("WebhookReceived", None),
        ("WebhookReceived", None),
        ("WebhookRefused", "signature"),
        ("WebhookRefused", "unknown"),
        ("WebhookRefused", "fault"),
    ]
    assert counted[0]["action"] == "offerCreate"
    assert counted[1]["action"] == "other"
    for text in (NAME, hook_id, secret.reveal(), A):
        assert text not in said.out + said.err


def test_a_hook_prints_no_secret(world: World) -> None:
    hook_id, secret = _hook(world)

    found = all_hooks().read(hook_id)

    assert isinstance(found, OpenHook)
    assert secret.reveal() not in repr(found)
