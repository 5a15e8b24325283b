"""What cannot be right is refused by name: a specific code and status, in the one shape, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from sandbox.state import Sandbox
from tests.integration.bad_connections import AUTHORIZING, CALLERS, LIFECYCLE, PAGES, SESSION
from tests.integration.bad_input import Bad
from tests.integration.bad_resources import RESOURCES
from tests.integration.cloud import new_stack
from tests.integration.stack import Stack

TABLE = [
    pytest.param(one, id=f"{group}: {one.method} {one.name}")
    for group, rows in (
        ("connections", LIFECYCLE),
        ("pages", PAGES),
        ("authorization", AUTHORIZING),
        ("sessions", SESSION),
        ("callers", CALLERS),
        ("resources", RESOURCES),
    )
    for one in rows
]


@pytest.fixture(scope="module")
def shared(cloud: SimpleNamespace, sandbox_server: tuple[str, Sandbox]) -> Iterator[Stack]:
    """Return one deployment for all rows, which is right as long as no row writes: each row checks that."""
    with new_stack(cloud, *sandbox_server) as made:
        made.connect("acme")
        made.connect("bare", key=None)
        yield made


@pytest.mark.parametrize("bad", TABLE)
def test_a_bad_request_is_refused_by_name_and_writes_nothing(shared: Stack, bad: Bad) -> None:
    stack = shared
    before = stack.items()
    last_change = stack.sandbox.organisation.last_change

    headers = {**(stack.keys() if bad.owner is None else stack.of(bad.owner)), **bad.headers}
    answer = stack.call(bad.method, bad.path, headers, query=bad.query, body=bad.body, base64_body=bad.base64_body)

    assert (answer.status, answer.code) == bad.expected, answer.text
    assert bad.says in answer.text
    assert stack.items() == before
    assert stack.sandbox.organisation.last_change == last_change
