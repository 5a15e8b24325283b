"""What holds whatever is asked: what a request costs, what a fault says, how fast a revoked key ends."""

from __future__ import annotations

import importlib
import io
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.cloud import FUNCTIONS, forget
from tests.integration.stack import ROOT, Stack, event
from unified.projects import CACHE_SECONDS, projects

CONTACTS = "/v1/resources/genericContact"
PATH = "/v1/connections/ashby/acme"
SECRET_TEXT = "the-text-of-the-exception"


def _first(stack: Stack) -> str:
    return next(iter(stack.sandbox.organisation.candidates))["id"]


@pytest.mark.parametrize("by_session", [False, True])
def test_a_warm_retrieve_costs_one_read_no_kms_call_and_one_upstream_call(stack: Stack, by_session: bool) -> None:
    stack.connect("acme")
    headers = stack.session() if by_session else stack.of("acme")
    path = f"{CONTACTS}/{_first(stack)}"
    assert stack.call("GET", path, headers).status == 200
    stack.aws_calls.clear()
    before = stack.upstream("candidate.info")

    assert stack.call("GET", path, headers).status == 200

    assert stack.aws_calls == {"BatchGetItem": 1}
    assert stack.upstream("candidate.info") == before + 1


def test_a_cold_retrieve_costs_two_reads_one_kms_call_and_the_note_that_the_key_was_used(stack: Stack) -> None:
    stack.connect("acme")
    forget()
    stack.aws_calls.clear()

    assert stack.call("GET", f"{CONTACTS}/{_first(stack)}", stack.of("acme")).status == 200

    assert stack.aws_calls == {"Query": 1, "BatchGetItem": 1, "Decrypt": 1, "PutItem": 1}
    (noted,) = [sk for pk, sk in stack.items() if pk.startswith("USED#")]
    assert noted == stack.secret_id


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "", "x-api-secret": "x"},
        {"x-api-key": "k" * 3000, "x-api-secret": "x"},
        {"x-api-key": "k" * 3000, "x-session-token": "sess_x.YQ"},
    ],
)
def test_what_cannot_be_a_key_costs_no_read(stack: Stack, headers: dict[str, str]) -> None:
    assert stack.call("GET", CONTACTS, headers).code == "MORPH::UNAUTHENTICATED"

    assert not stack.aws_calls


def test_guessing_keys_costs_one_read_for_each_public_key(stack: Stack) -> None:
    for secret in ("a", "b", "c"):
        stack.call("GET", "/v1/connections", {"x-api-key": "pk_guess", "x-api-secret": secret})

    assert stack.aws_calls == {"Query": 1}


def test_a_session_token_of_no_possible_owner_costs_no_read_of_it(stack: Stack) -> None:
    import base64

    stack.call("GET", "/v1/connections")
    stack.aws_calls.clear()
    place = base64.urlsafe_b64encode(b"ashby\0" + b"x" * 4000).decode()

    headers = {"x-api-key": stack.public_key, "x-session-token": f"sess_x.{place}"}
    assert stack.call("GET", CONTACTS, headers).code == "MORPH::SESSION::TOKEN_VALIDATION_FAILED"

    assert not stack.aws_calls


def test_a_revoked_secret_key_ends_within_the_time_that_is_promised(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unified.projects import ProjectStore
    from unified.table import table

    stack.connect("acme")
    assert stack.call("GET", CONTACTS, stack.of("acme")).status == 200
    # As the admin command does it, in another process.
    ProjectStore(table()).revoke_secret(stack.public_key, stack.secret_id)

    later = time.time() + CACHE_SECONDS + 0.01
    monkeypatch.setattr(projects()._remembered, "_clock", lambda: later)

    assert stack.call("GET", CONTACTS, stack.of("acme")).code == "MORPH::UNAUTHENTICATED"
    assert CACHE_SECONDS <= 30


def test_a_project_may_have_two_secret_keys_and_lose_one(stack: Stack) -> None:
    second_id, second = projects().add_secret(stack.public_key)
    both = {"x-api-key": stack.public_key, "x-api-secret": second}
    assert stack.call("GET", "/v1/connections", both).status == 200

    projects().revoke_secret(stack.public_key, second_id)

    assert stack.call("GET", "/v1/connections", both).status == 401
    assert stack.call("GET", "/v1/connections").status == 200


class _Strange(Exception):
    """Not foreseen anywhere."""


_FAULTS = (
    "unified.api.access._is_owner",
    "unified.connections.store.ConnectionStore.load",
    "unified.connections.refresh.Refresher.working",
    "unified.ashby.contact.Contacts.retrieve",
    "unified.mapping.Mapper.resource",
    "unified.transport.send",
)


@pytest.mark.parametrize("place", _FAULTS)
@pytest.mark.parametrize(
    "error", [_Strange(SECRET_TEXT), KeyError(SECRET_TEXT), RecursionError(SECRET_TEXT), MemoryError(SECRET_TEXT)]
)
def test_an_unforeseen_fault_says_nothing_of_itself(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, place: str, error: Exception
) -> None:
    stack.connect("acme")
    identity = _first(stack)

    def broken(*_args: Any, **_rest: Any) -> Any:
        raise error from ValueError(f"because of {SECRET_TEXT}")

    _patch(monkeypatch, place, broken)
    answer = stack.call("GET", f"{CONTACTS}/{identity}", stack.of("acme"))

    assert (answer.status, answer.code) == (500, "MORPH::UNKNOWN_ERROR")
    assert SECRET_TEXT not in answer.text
    assert SECRET_TEXT not in log.getvalue()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    fault = next(line for line in lines if line["message"] == "unforeseen")
    assert fault["exception_name"] == type(error).__name__
    assert fault["frames"][-1].endswith(" broken")


def test_an_aws_that_fails_is_our_fault_and_says_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    stack.connect("acme")
    monkeypatch.setenv("TABLE_NAME", "no-such-table")
    forget()

    answer = stack.call("GET", PATH)

    assert (answer.status, answer.code) == (500, "MORPH::UNKNOWN_ERROR")
    assert "no-such-table" not in answer.text + log.getvalue()
    assert "unforeseen" in log.getvalue()


def test_a_log_line_of_a_request_names_its_outcome_and_no_person(stack: Stack, log: io.StringIO) -> None:
    stack.connect("acme-the-owner")
    stack.call("POST", CONTACTS, stack.of("acme-the-owner"), body={"firstName": "Ada", "email": "ada@example.com"})
    stack.call("GET", CONTACTS, stack.of("acme-the-owner"), query={"q": "ada@example.com"})
    stack.call("GET", f"{CONTACTS}/11111111-2222-4333-8444-555555555555", stack.of("acme-the-owner"))

    printed = log.getvalue()
    requests = [line for line in map(json.loads, printed.splitlines()) if line["message"] == "request"]
    assert [line["status"] for line in requests] == [200, 200, 200, 200, 404]
    assert not [
        word
        for word in ("ada@example.com", "Ada", "acme-the-owner", stack.secret_key, "ashby_local_full")
        if word in printed
    ]


def test_a_request_with_no_time_left_asks_ashby_nothing(stack: Stack) -> None:
    stack.connect("acme")
    stack.context.get_remaining_time_in_millis = lambda: 500

    answer = stack.call("GET", CONTACTS, stack.of("acme"))

    assert (answer.status, answer.code) == (502, "MORPH::CONNECTION::PROXY::REQUEST_FAILED")
    assert stack.upstream("candidate.list") == 0


@pytest.mark.parametrize("path", ["/", "/v1", "/favicon.ico", "/.env", "/v1/proxy/x"])
def test_what_nothing_serves_is_not_found_in_the_one_shape(stack: Stack, path: str) -> None:
    answer = stack.call("GET", path, {})

    assert (answer.status, answer.code) == (404, "MORPH::ROUTE_NOT_FOUND")


EVENTS = sorted((ROOT / "events").glob("*/*.json"))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_event_is_one_that_its_function_understands(stack: Stack, path: Path) -> None:
    built = json.loads(path.read_text(encoding="utf-8"))
    if "routeKey" not in built:
        _works(stack, path.parent.name, built)
        return

    answer = stack.send(path.parent.name, built)

    assert answer.status < 500, answer.text
    assert set(event("GET", "/")) <= set(built)
    # Only the function that answers what nothing serves may say that nothing does.
    unrouted = answer.status == 404 and "MORPH::ROUTE_NOT_FOUND" in answer.text
    assert unrouted == (path.stem == "unknown")


def _works(stack: Stack, function: str, built: dict[str, Any]) -> None:
    """Hold a queue's, a stream's or a schedule's event to what its function does: all of it, or what has failed."""
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, function_name=function, aws_request_id="1")

    answer = stack.handlers[function](built, context)

    assert answer == ({"batchItemFailures": []} if "Records" in built else {"sent": 0})


def test_there_is_a_sample_event_for_every_function() -> None:
    assert {path.parent.name for path in EVENTS} == set(FUNCTIONS)


def _patch(monkeypatch: pytest.MonkeyPatch, place: str, value: Any) -> None:
    """Replace an attribute of a module, or of a class in it."""
    parts = place.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            target: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:-1]:
            target = getattr(target, part)
        monkeypatch.setattr(target, parts[-1], value)
        return
    raise AssertionError(place)
