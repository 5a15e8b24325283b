"""How webhooks are delivered: signed, again after failures, and as badly as a test asks for."""

import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from sandbox import courier, pinging
from sandbox.config import SandboxConfig
from sandbox.courier import retry_seconds
from sandbox.organisation import Organisation
from sandbox.state import Sandbox
from sandbox.table import Record
from tests.unit.sandbox.hiring import Ashby
from tests.unit.sandbox.receiving import SECRET, Receiver, Steering

FAST = 100_000


def touch(organisation: Organisation, record: Record, times: int = 1) -> None:
    """Change an application, which sends applicationUpdate."""
    for _ in range(times):
        with organisation.lock:
            organisation.save("application", record)


def test_a_delivery_is_signed_over_its_raw_body(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    [setting] = steering.listen(["applicationUpdate"])
    touch(organisation, first)
    [delivery] = steering.quiet()
    [(headers, body)] = receiver.received
    assert headers["ashby-signature"] == f"sha256={hmac.new(SECRET.encode(), body, sha256).hexdigest()}"
    assert (headers["user-agent"], headers["content-type"]) == ("Ashby-Webhook", "application/json")
    content = json.loads(body)
    assert sorted(content) == ["action", "data", "webhookActionId"]
    assert delivery == {
        "number": 1,
        "at": delivery["at"],
        "webhookId": setting,
        "action": "applicationUpdate",
        "webhookActionId": content["webhookActionId"],
        "attempts": 1,
        "lastStatus": 200,
        "state": "delivered",
    }


def test_a_setting_without_a_secret_gets_no_signature(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.listen(["applicationUpdate"], secretToken=None)
    touch(organisation, first)
    steering.quiet()
    assert "ashby-signature" not in receiver.received[0][0]


def test_a_setting_made_by_an_integration_gets_its_webhooks(
    steering: Steering, receiver: Receiver, organisation: Organisation, ashby: Ashby, first: Record
) -> None:
    ashby("webhook.create", webhookType="applicationUpdate", requestUrl=steering.url, secretToken="first")
    [setting] = steering.get("webhooks")["webhooks"]
    assert setting["enabled"] is True
    touch(organisation, first)
    steering.quiet()
    assert receiver.actions == ["applicationUpdate"]


def test_the_waits_before_retries_grow_as_published() -> None:
    assert [retry_seconds(number) for number in range(1, 10)] == [10, 30, 70, 150, 310, 630, 1270, 2550, 5110]


def test_retries_follow_the_curve_at_the_speed_asked_for(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.post("webhooks/speed", speed=500)
    steering.listen(["applicationUpdate"])
    receiver.scripted = [500, 302, 429]
    touch(organisation, first)
    [delivery] = steering.quiet()
    assert (delivery["state"], delivery["attempts"], delivery["lastStatus"]) == ("delivered", 4, 200)
    waits = [after - before for before, after in zip(receiver.times, receiver.times[1:], strict=False)]
    assert all(wait >= least for wait, least in zip(waits, (0.02, 0.06, 0.14), strict=True))
    assert len({body for _, body in receiver.received}) == 1


def test_ten_attempts_are_all_there_are(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.post("webhooks/speed", speed=FAST)
    steering.listen(["applicationUpdate"])
    receiver.status = 503
    touch(organisation, first)
    [delivery] = steering.quiet()
    assert (delivery["state"], delivery["attempts"], delivery["lastStatus"]) == ("failed", 10, 503)


@pytest.mark.parametrize("status", sorted(courier.FINAL_STATUSES))
def test_some_statuses_end_it_at_once(
    status: int, steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.post("webhooks/speed", speed=FAST)
    steering.listen(["applicationUpdate"])
    receiver.status = status
    touch(organisation, first)
    [delivery] = steering.quiet()
    assert (delivery["state"], delivery["attempts"], delivery["lastStatus"]) == ("failed", 1, status)


def test_no_answer_in_time_is_tried_again(
    steering: Steering,
    receiver: Receiver,
    organisation: Organisation,
    first: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pinging, "TIMEOUT_SECONDS", 0.05)
    # Waits that grow to seconds: on a busy machine even a receiver that does answer takes its time.
    steering.post("webhooks/speed", speed=500)
    steering.listen(["applicationUpdate"])
    receiver.is_hanging = True
    touch(organisation, first)
    steering.until(lambda: len(receiver.received) > 1)
    receiver.is_hanging = False
    [delivery] = steering.quiet()
    assert delivery["state"] == "delivered"
    assert delivery["attempts"] > 1


def test_a_receiver_that_is_away_gets_its_webhooks_later_with_the_secret_of_then(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    [setting] = steering.listen(["applicationUpdate"], requestUrl="http://127.0.0.1:9/hook")
    touch(organisation, first)
    steering.until(lambda: steering.get("webhooks/deliveries")["deliveries"][0]["attempts"] == 1)
    assert steering.get("webhooks/deliveries")["deliveries"][0]["lastStatus"] is None
    steering.post(f"webhooks/{setting}", requestUrl=steering.url, secretToken="new")
    steering.post("webhooks/speed", speed=FAST)  # hurries what already waits, too
    [delivery] = steering.quiet()
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 2)
    [(headers, body)] = receiver.received
    assert headers["ashby-signature"] == pinging.signature("new", body)


def test_what_is_held_is_delivered_on_resuming(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.listen(["applicationUpdate"])
    assert steering.post("webhooks/pause")["paused"] is True
    touch(organisation, first, 3)
    status = steering.get("webhooks/idle")
    assert (status["idle"], status["pending"], receiver.received) == (False, 3, [])
    steering.post("webhooks/resume")
    assert {delivery["state"] for delivery in steering.quiet()} == {"delivered"}
    assert len(receiver.received) == 3


def test_pausing_holds_what_waits_for_a_busy_receiver(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.listen(["applicationUpdate"])
    receiver.is_hanging = True
    touch(organisation, first, 30)
    steering.until(lambda: len(receiver.received) == courier._AT_ONCE)
    steering.post("webhooks/pause")
    receiver.is_hanging = False
    # Once these are done, those that waited for them could go.
    steering.until(lambda: steering.get("webhooks/idle")["pending"] == 30 - courier._AT_ONCE)
    time.sleep(0.15)
    assert len(receiver.received) == courier._AT_ONCE
    steering.post("webhooks/resume")
    steering.quiet()
    assert len(receiver.received) == 30


def test_a_setting_disabled_or_deleted_meanwhile_gets_nothing(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    disabled, deleted = steering.listen(["applicationUpdate", "applicationUpdate"])
    steering.post("webhooks/pause")
    touch(organisation, first)
    steering.post(f"webhooks/{disabled}", enabled=False)
    assert steering.client.delete(f"/_sandbox/webhooks/{deleted}").json() == {"id": deleted}
    touch(organisation, first)
    steering.post("webhooks/resume")
    assert [delivery["state"] for delivery in steering.quiet()] == ["dropped", "dropped"]
    assert receiver.received == []
    assert steering.client.post(f"/_sandbox/webhooks/{deleted}", json={}).status_code == 404


def test_everything_twice(steering: Steering, receiver: Receiver, organisation: Organisation, first: Record) -> None:
    steering.listen(["applicationUpdate"])
    steering.post("webhooks/chaos", double=1)
    touch(organisation, first, 2)
    deliveries = steering.quiet()
    assert len(deliveries) == len(receiver.received) == 4
    assert len({body for _, body in receiver.received}) == 2


def test_some_lost_for_good_the_same_ones_with_the_same_seed(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    steering.listen(["applicationUpdate"])
    lost: list[list[bool]] = []
    for _ in range(2):
        steering.post("webhooks/chaos", drop=0.5, seed=3)
        touch(organisation, first, 20)
        lost.append([delivery["state"] == "dropped" for delivery in steering.quiet()[-20:]])
    assert lost[0] == lost[1]
    assert 0 < sum(lost[0]) < 20
    assert len(receiver.received) == 40 - 2 * sum(lost[0])
    steering.post("webhooks/chaos")
    touch(organisation, first, 20)
    assert {delivery["state"] for delivery in steering.quiet()[-20:]} == {"delivered"}


def test_shuffled_and_late(steering: Steering, receiver: Receiver, organisation: Organisation, first: Record) -> None:
    steering.listen(["applicationUpdate"])
    steering.post("webhooks/chaos", shuffle=150, delayMs=30, seed=1)
    began = time.monotonic()
    touch(organisation, first, 10)
    deliveries = steering.quiet()
    assert min(receiver.times) - began >= 0.03
    made = [delivery["webhookActionId"] for delivery in deliveries]
    got = [body["webhookActionId"] for body in receiver.bodies]
    assert sorted(made) == sorted(got)
    assert made != got
    assert steering.post("webhooks/chaos", shuffle=True)["chaos"]["shuffle"] == 1000


def test_a_receiver_that_hangs_does_not_hold_up_others(
    steering: Steering,
    receiver: Receiver,
    organisation: Organisation,
    first: Record,
    serve: Callable[[Any], str],
) -> None:
    hanging = Receiver()
    hanging.is_hanging = True
    steering.listen(["applicationUpdate"], requestUrl=serve(hanging.app) + "/hook")
    steering.listen(["applicationUpdate"])
    touch(organisation, first, 12)
    steering.until(lambda: len(receiver.received) == 12)
    assert len(hanging.received) < 12
    hanging.is_hanging = False


def test_reset_drops_what_is_pending(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record, sandbox: Sandbox
) -> None:
    steering.listen(["applicationUpdate"])
    steering.post("webhooks/chaos", delayMs=60_000)
    touch(organisation, first, 3)
    before = sandbox.webhooks.courier
    assert before.pending == 3
    steering.post("reset")
    status = steering.get("webhooks/idle")
    assert (status["idle"], status["chaos"]["delayMs"], status["speed"]) == (True, 0, 1)
    assert steering.get("webhooks") == {"webhooks": []}
    assert steering.get("webhooks/deliveries") == {"deliveries": []}
    # While it had something to deliver, its thread would stay.
    steering.until(lambda: before._loop is None)
    assert receiver.received == []


def test_the_thread_ends_when_there_is_nothing_to_do_and_begins_again(
    steering: Steering,
    receiver: Receiver,
    organisation: Organisation,
    first: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier, "_LINGER_SECONDS", 0.001)
    steering.listen(["applicationUpdate"])
    for number in range(1, 20):
        touch(organisation, first)
        assert len(steering.quiet()) == number
        time.sleep(0.001 * (number % 5))
    assert len(receiver.received) == 19


def test_thousands_of_changes_stay_cheap(
    steering: Steering, receiver: Receiver, organisation: Organisation, first: Record
) -> None:
    began = time.perf_counter()
    touch(organisation, first, 5000)
    unheard = time.perf_counter() - began
    steering.listen(["applicationUpdate"])
    steering.post("webhooks/pause")
    began = time.perf_counter()
    touch(organisation, first, 5000)
    heard = time.perf_counter() - began
    assert unheard < 1
    assert heard < 10
    assert steering.get("webhooks/idle")["pending"] == 5000


def test_only_so_many_deliveries_wait(
    steering: Steering, organisation: Organisation, first: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.webhooks._MOST_PENDING", 2)
    steering.listen(["applicationUpdate"])
    steering.post("webhooks/pause")
    touch(organisation, first, 3)
    deliveries = steering.get("webhooks/deliveries?after=1&limit=5")["deliveries"]
    assert [(delivery["number"], delivery["state"]) for delivery in deliveries] == [(2, "pending"), (3, "dropped")]


def test_a_setting_made_by_hand_is_pinged_only_on_request(steering: Steering, receiver: Receiver) -> None:
    receiver.status = 500
    [unasked] = steering.listen(["jobCreate"])
    [failing] = steering.listen(["jobUpdate"], ping=True)
    receiver.status = 200
    [answering] = steering.listen(["openingCreate"], ping=True)
    [off] = steering.listen(["candidateHire"], ping=True, enabled=False)
    settings = {setting["id"]: setting["enabled"] for setting in steering.get("webhooks")["webhooks"]}
    assert settings == {unasked: True, failing: False, answering: True, off: False}
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("webhooks", {"webhookType": "candidateUpdate", "requestUrl": "http://127.0.0.1/"}),
        ("webhooks/chaos", {"drop": 1.5}),
        ("webhooks/speed", {"speed": 0}),
        ("webhooks/speed", {}),
    ],
)
def test_wrong_steering_is_refused(path: str, body: dict[str, object], steering: Steering) -> None:
    assert steering.client.post(f"/_sandbox/{path}", json=body).status_code == 400


def test_the_speed_is_read_from_the_environment() -> None:
    assert SandboxConfig.from_environment({"SANDBOX_WEBHOOK_SPEED": "2.5"}).webhook_speed == 2.5
    for wrong in ("0", "-1", "nan", "fast"):
        with pytest.raises(ValueError, match=r"SANDBOX_WEBHOOK_SPEED|could not convert"):
            SandboxConfig.from_environment({"SANDBOX_WEBHOOK_SPEED": wrong})
