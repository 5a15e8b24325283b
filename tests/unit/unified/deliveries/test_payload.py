"""What an endpoint receives, held against the reference library's own verifier."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.unit.unified.deliveries.conftest import World
from unified.connections.records import Reference
from unified.deliveries.payload import body_of, headers_of
from unified.secret import Secret

ACME = Reference("prj_1", "ashby", "acme")
# The fixed vector of the reference libraries' tests.
VECTOR_SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_the_specifications_vector(prefix: str) -> None:
    headers = headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        [Secret(prefix + VECTOR_SECRET)],
        1614265330.9,
        ACME,
    )

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == VECTOR_SIGNATURE


def test_a_delivery_passes_the_reference_verifier(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.run(world.message(event, endpoint))
    (secret,) = world.store.secrets(endpoint, world.clock.now)
    posted = world.posted[0]

    assert Webhook(secret.reveal()).verify(posted.body, posted.headers) == event.to_wire(None)
    assert posted.headers["webhook-id"] == event.id


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "evt_other"),
        ("webhook-id", ""),
        # Named: workers that collect in different seconds must agree on the tests' names.
        pytest.param("webhook-timestamp", str(int(time.time()) - 600), id="webhook-timestamp-ten-minutes-old"),
        pytest.param("webhook-timestamp", str(int(time.time()) + 600), id="webhook-timestamp-ten-minutes-early"),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", ""),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", VECTOR_SIGNATURE),
        ("webhook-signature", VECTOR_SIGNATURE.replace("v1", "v1a")),
        ("webhook-signature", ""),
    ],
    ids=str,
)
def test_what_was_changed_on_its_way_does_not_pass(world: World, header: str, value: str) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.run(world.message(event, endpoint))
    (secret,) = world.store.secrets(endpoint, world.clock.now)
    posted = world.posted[0]

    with pytest.raises(WebhookVerificationError):
        Webhook(secret.reveal()).verify(posted.body, {**posted.headers, header: value})
    with pytest.raises(WebhookVerificationError):
        Webhook(secret.reveal()).verify(posted.body + b" ", posted.headers)


def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new_one(world: World) -> None:
    endpoint = world.endpoint()
    (old,) = world.store.secrets(endpoint, world.clock.now)
    rotated = world.store.rotate(endpoint, 3600, world.clock.now)
    assert rotated is not None
    new = rotated[1]
    world.run(world.message(world.event(), endpoint))
    world.after(3601)
    world.run(world.message(world.event(), endpoint))

    during, after = world.posted
    assert during.headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Webhook(secret.reveal()).verify(during.body, during.headers)
    assert after.headers["webhook-signature"].count("v1,") == 1
    expected = headers_of(after.headers["webhook-id"], after.body, [new], world.clock.now, ACME)
    assert after.headers["webhook-signature"] == expected["webhook-signature"]


def test_morphs_headers_and_body(world: World) -> None:
    endpoint, event = world.endpoint(), world.event()
    world.bodies[event.id] = {"object": "resource", "model": "genericContact", "id": "rec_1", "fields": {"a": "ö"}}

    world.run(world.message(event, endpoint))

    headers = world.posted[0].headers
    assert headers["content-type"] == "application/json"
    assert (headers["x-connector-id"], headers["x-conector-id"], headers["x-owner-id"]) == ("ashby", "ashby", "acme")
    assert headers["x-idempotency-key"] == event.id
    body = json.loads(world.posted[0].body)
    assert (body["event"], body["data"]) == ("genericContact::updated", world.bodies[event.id])
    assert (body["version"], body["connectorId"], body["ownerId"]) == (3, "ashby", "acme")
    assert world.posted[0].body.isascii()
    assert b": " not in world.posted[0].body


@pytest.mark.parametrize(
    ("owner", "header"),
    [("acme", "acme"), ("a/b c", "a/b c"), ("Bücher", "B%C3%BCcher"), ("a\u2028b", "a%E2%80%A8b")],
)
def test_an_owner_that_a_header_cannot_carry_is_percent_encoded(owner: str, header: str) -> None:
    headers = headers_of("evt_1", b"{}", [Secret(VECTOR_SECRET)], 0, Reference("prj_1", "ashby", owner))

    assert headers["x-owner-id"] == header


def test_a_ping_is_of_no_connection() -> None:
    headers = headers_of("evt_1", b"{}", [Secret(VECTOR_SECRET)], 0, None)

    assert not [name for name in headers if name.startswith(("x-con", "x-owner"))]


def test_half_a_surrogate_pair_is_sent_as_an_escape() -> None:
    assert body_of({"a": "\ud800"}) == b'{"a":"\\ud800"}'
