"""Ashby's signatures, and its webhook settings call by call."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.conftest import Script, good, lost, refused
from unified.ashby import CONNECTOR
from unified.connector_hooks import HookSetting
from unified.errors import HookExists, OutcomeUnknown, UnifiedError, UpstreamFailure
from unified.secret import Secret

HOOKS = CONNECTOR.hooks
NEW, OLD, OTHER = Secret("new"), Secret("old"), Secret("other")
BODY = '{"action":"ping","data":{"name":"Zoë 🙂"}}'.encode()
URL = "https://api.example.com/v1/hooks/ashby/hk_1"
SETTING = {"id": "s1", "enabled": True, "requestUrl": URL, "webhookType": "offerCreate"}
FOUND = HookSetting("s1", "offerCreate", URL, is_enabled=True)


def _signed(secret: Secret, body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("secret", [NEW, OLD])
@pytest.mark.parametrize("name", ["ashby-signature", "Ashby-Signature"])
def test_each_secret_that_serves_is_good(secret: Secret, name: str) -> None:
    assert HOOKS.is_genuine({"host": "x", name: _signed(secret)}, BODY, (NEW, OLD))


def test_hex_digits_may_be_large() -> None:
    assert HOOKS.is_genuine({"ashby-signature": "sha256=" + _signed(NEW)[7:].upper()}, BODY, (NEW,))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha256=",
        _signed(OTHER),
        _signed(NEW)[7:],
        _signed(NEW)[:-1],
        _signed(NEW) + "0",
        _signed(NEW) + "\n",
        " " + _signed(NEW),
        f"{_signed(OTHER)},{_signed(NEW)}",
        _signed(NEW).replace("sha256", "SHA256"),
        _signed(NEW).replace("sha256", "sha1"),
        "sha256=" + "é" * 64,
        "sha256=" + "٣" * 64,
        _signed(NEW, BODY + b" "),
        _signed(Secret("")),
    ],
)
def test_anything_else_is_no_signature(value: str) -> None:
    assert not HOOKS.is_genuine({"ashby-signature": value}, BODY, (NEW, OLD))


def test_without_header_or_without_secret_nothing_is_genuine() -> None:
    assert not HOOKS.is_genuine({}, BODY, (NEW,))
    assert not HOOKS.is_genuine({"x-ashby-signature": _signed(NEW)}, BODY, (NEW,))
    assert not HOOKS.is_genuine({"ashby-signature": _signed(NEW)}, BODY, ())


@given(st.text(), st.binary())
def test_rubbish_is_no_signature_and_no_error(value: str, body: bytes) -> None:
    assert not HOOKS.is_genuine({"ashby-signature": value}, body, (NEW, OLD))


@given(st.binary())
def test_the_raw_bytes_are_what_is_signed(body: bytes) -> None:
    assert HOOKS.is_genuine({"ashby-signature": _signed(NEW, body)}, body, (OLD, NEW))
    assert not HOOKS.is_genuine({"ashby-signature": _signed(NEW, body)}, body + b"\n", (OLD, NEW))


def test_the_actions_of_models_are_told_by_who_can_set_them_up() -> None:
    by_api, by_hand = HOOKS.actions(["atsJob", "atsOffer", "genericUser"])

    assert {"offerCreate", "offerUpdate", "offerDelete", "candidateHire", "interviewPlanTransition"} <= set(by_api)
    assert by_hand == ("jobCreate", "jobPostingDelete", "jobUpdate")
    assert HOOKS.actions(["genericUser"]) == ((), ())


def test_a_signature_is_checked_without_what_calls_and_models_need() -> None:
    script = (
        "import sys; from unified.ashby import CONNECTOR; CONNECTOR.hooks.is_genuine({}, b'', ())\n"
        "print(sorted({'httpx', 'pydantic', 'cryptography', 'unified.mapping', 'unified.transport',"
        " 'unified.ashby.client', 'unified.ashby.base'} & set(sys.modules)))"
    )
    layer = Path(__file__).parents[4] / "layers" / "unified"

    done = subprocess.run(
        [sys.executable, "-P", "-c", script], env={"PYTHONPATH": str(layer)}, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


# Settings


def test_a_setting_is_made(ashby: Script) -> None:
    ashby.answers = [good({**SETTING, "secretToken": "new"})]

    assert HOOKS.create(ashby.session(), "offerCreate", URL, NEW) == FOUND
    assert ashby.calls == [("webhook.create", {"webhookType": "offerCreate", "requestUrl": URL, "secretToken": "new"})]


@pytest.mark.parametrize("code", ["duplicate_webhook", "webhook_already_exists"])
def test_a_second_one_of_an_address_is_told(ashby: Script, code: str) -> None:
    ashby.answers = [refused(code), refused(code)]

    with pytest.raises(HookExists):
        HOOKS.create(ashby.session(), "offerCreate", URL, NEW)
    with pytest.raises(HookExists):
        HOOKS.repair(ashby.session(), FOUND, URL, NEW)


@pytest.mark.parametrize("answer", [lost(), good({"id": "s1"}), good({"requestUrl": URL}), refused("x_y", 500)])
def test_an_answer_without_the_id_leaves_it_open(ashby: Script, answer: Any) -> None:
    ashby.answers = [answer]

    with pytest.raises(OutcomeUnknown):
        HOOKS.create(ashby.session(), "offerCreate", URL, NEW)


def test_a_setting_is_read_or_gone(ashby: Script) -> None:
    ashby.answers = [good({**SETTING, "enabled": False}), refused("webhook_not_found")]

    assert HOOKS.read(ashby.session(), "offerCreate", "s1") == FOUND._replace(is_enabled=False)
    assert HOOKS.read(ashby.session(), "offerCreate", "s1") is None


def test_a_setting_is_put_right(ashby: Script) -> None:
    ashby.answers = [good(SETTING)]

    assert HOOKS.repair(ashby.session(), FOUND._replace(is_enabled=False), URL, NEW) == FOUND
    assert ashby.calls == [
        ("webhook.update", {"webhookId": "s1", "enabled": True, "requestUrl": URL, "secretToken": "new"})
    ]


def test_removing_what_is_gone_is_no_error(ashby: Script) -> None:
    ashby.answers = [good({"webhookId": "s1"}), refused("webhook_not_found"), refused("x_y")]

    HOOKS.remove(ashby.session(), "s1")
    HOOKS.remove(ashby.session(), "s1")
    with pytest.raises(UnifiedError):
        HOOKS.remove(ashby.session(), "s1")


def test_a_missing_permission_is_named(ashby: Script) -> None:
    ashby.answers = [refused("missing_endpoint_permission", 403)] * 2

    with pytest.raises(UpstreamFailure) as writing:
        HOOKS.create(ashby.session(), "offerCreate", URL, NEW)
    with pytest.raises(UpstreamFailure) as reading:
        HOOKS.read(ashby.session(), "offerCreate", "s1")

    assert (writing.value.permission, reading.value.permission) == ("apiKeysWrite", "apiKeysRead")
