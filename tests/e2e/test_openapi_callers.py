"""The API keeps to its own description whoever asks: every route by every kind of caller, with generated requests.

The requests are those of ``test_openapi_contract``; the callers meet each route in an order of its own.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from schemathesis import GenerationMode

from tests.e2e.test_openapi_contract import DOCUMENT, ROUTES, SCHEMA, TRIES, Customer, customer, try_out

__all__ = ["customer"]

pytest_plugins = ["tests.e2e.fixtures"]

# Who asks: headers for a customer, from junk where something is to be wrong in any way.
Caller = Callable[[Customer, str], Mapping[str, str]]
# Nobody that the API knows.
STRANGERS: Mapping[str, Caller] = {
    "nobody": lambda *_: {},
    "a public key": lambda c, _: {"x-api-key": c.connection.project.public_key},
    "a secret key of nobody's": lambda c, junk: {**c.connection.headers, "x-api-secret": junk},
    "a public key of nobody's": lambda c, junk: {**c.connection.headers, "x-api-key": junk},
    "half a secret key": lambda c, _: {**c.connection.headers, "x-api-secret": c.connection.project.secret_key[:-9]},
    "another project's secret key": lambda c, _: {**c.connection.headers, "x-api-secret": c.other.secret_key},
    "a key that has ended": lambda c, _: c.limited("--expires-in-days", "0.000001"),
    "a session of nobody's": lambda c, junk: {**c.session(), "x-session-token": junk},
    "a session with another project's key": lambda c, _: {**c.session(), "x-api-key": c.other.public_key},
}
# Those that it knows. Beside a session, a secret key does not count.
KNOWN: Mapping[str, Caller] = {
    "another project": lambda c, _: {**c.connection.headers, **c.other.headers},
    "an owner of nobody's": lambda c, junk: {**c.connection.headers, "x-owner-id": junk},
    "a connector of nobody's": lambda c, junk: {**c.connection.headers, "x-connector-id": junk},
    "a project that names no connection": lambda c, _: c.connection.project.headers,
    "a key that reads": lambda c, _: c.limited("--operation", "*::list", "--operation", "*::retrieve"),
    "a key that manages": lambda c, _: c.limited("--may", "manage", "--operation", "genericContact::*"),
    "a key of events": lambda c, _: c.limited("--may", "events"),
    "a key that administers": lambda c, _: c.limited("--may", "admin", "--operation", "*::fieldRead"),
    "a key that reads by the proxy": lambda c, _: c.limited("--proxy", "read"),
    "a key of others": lambda c, _: c.limited("--connection", "ashby/of-others-*", "--operation", "*", "--proxy", "*"),
    "a session": lambda c, _: c.session(),
    "a session that may nothing": lambda c, _: c.session(operations=[]),
    "a session beside a secret key": lambda c, _: {**c.connection.headers, **c.session()},
    "a session of another's": lambda c, junk: {**c.session(), "x-owner-id": junk},
}
CALLERS = {**STRANGERS, **KNOWN}
# What a header can carry.
JUNK = strategies.text(strategies.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@pytest.mark.parametrize(("path", "method", "mode"), ROUTES)
def test_answers_are_as_described_whoever_asks(
    customer: Customer, path: str, method: str, mode: GenerationMode
) -> None:
    """Known or not, with few rights or all: the same holds, and a stranger learns that it is one, and nothing else."""
    asked: list[str] = []
    order = Random(f"{method} {path} {mode.value}").sample(sorted(CALLERS), len(CALLERS))
    customer.restore()
    is_guarded = bool(DOCUMENT["paths"][path][method.lower()]["security"])

    @settings(TRIES, max_examples=len(CALLERS))
    @given(junk=JUNK, case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def run(junk: str, case: Any) -> None:
        name = order[len(asked) % len(order)]
        number = len(asked)
        asked.append(name)
        answer = try_out(customer, case, mode, number, CALLERS[name](customer, junk))
        if is_guarded and name in STRANGERS and mode is GenerationMode.POSITIVE:
            assert answer.status_code == 401, name

    run()
    assert {*asked} == {*CALLERS}
