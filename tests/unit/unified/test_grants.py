"""What a grant says: each pattern, what it does not reach, and what cannot be said."""

from __future__ import annotations

import pytest

from unified.errors import Invalid
from unified.grants import FULL, Grant, Need, checked

NONE = Grant((), (), (), frozenset())


def test_a_key_without_a_grant_may_do_everything() -> None:
    assert Grant.from_item(None) == FULL
    assert FULL.covers("ashby", "acme")
    assert FULL.allows("genericContact::delete")
    assert FULL.allows_proxy("candidate.create", reads=False)
    assert all(FULL.meets(need) for need in Need)


def test_what_a_grant_does_not_say_it_does_not_allow() -> None:
    assert Grant.from_item({"connections": [], "operations": [], "proxy": []}) == NONE
    assert not NONE.covers("ashby", "acme")
    assert not NONE.allows("genericContact::list")
    assert not NONE.allows_proxy("candidate.list", reads=True)
    assert [need for need in Need if NONE.meets(need)] == [Need.ANY]


@pytest.mark.parametrize(
    ("pattern", "connector", "owner", "fits"),
    [
        ("ashby/acme", "ashby", "acme", True),
        ("ashby/acme", "ashby", "acme2", False),
        ("ashby/acme", "ashby", "Acme", False),
        ("ashby/acme", "other", "acme", False),
        ("ashby/eu-*", "ashby", "eu-acme", True),
        ("ashby/eu-*", "ashby", "eu-", True),
        ("ashby/eu-*", "ashby", "us-eu-acme", False),
        ("ashby/*", "ashby", "whoever", True),
        ("ashby/*", "ashby2", "whoever", False),
        # An owner's id is the caller's own, and may hold whatever a pattern is written with.
        ("ashby/acme", "ashby", "*", False),
        ("ashby/a/b", "ashby", "a/b", True),
        ("ashby/a/*", "ashby", "a/b/c", True),
        ("ashby/a[b]c?", "ashby", "abcd", False),
        ("ashby/a[b]c?", "ashby", "a[b]c?", True),
    ],
)
def test_connections_are_named_or_begin_alike(pattern: str, connector: str, owner: str, fits: bool) -> None:
    assert Grant(connections=("ashby/none", pattern)).covers(connector, owner) is fits


@pytest.mark.parametrize(
    ("pattern", "operation", "fits"),
    [
        ("genericContact::list", "genericContact::list", True),
        ("genericContact::list", "genericContact::listed", False),
        ("genericContact::list", "genericContacts::list", False),
        ("genericContact::*", "genericContact::delete", True),
        ("genericContact::*", "genericUser::delete", False),
        ("*::retrieve", "atsJob::retrieve", True),
        ("*::retrieve", "atsJob::update", False),
        ("*::*", "atsJob::update", False),
        ("*", "atsJob::update", True),
    ],
)
def test_operations_are_named_or_any_of_a_model_or_of_a_kind(pattern: str, operation: str, fits: bool) -> None:
    assert Grant(operations=("scheduleEvent::list", pattern)).allows(operation) is fits


@pytest.mark.parametrize(
    ("proxy", "endpoint", "reads", "fits"),
    [
        (None, "candidate.create", False, True),
        (("*",), "candidate.create", False, True),
        (("read",), "candidate.list", True, True),
        (("read",), "candidate.create", False, False),
        (("candidate.create",), "candidate.create", False, True),
        (("candidate.create",), "candidate.createNote", False, False),
        (("candidate.create",), "candidate.list", True, False),
        (("read", "candidate.create"), "candidate.list", True, True),
        ((), "candidate.list", True, False),
        # An endpoint of that name would be no right to read.
        (("candidate.list",), "read", False, False),
    ],
)
def test_the_proxy_is_all_what_reads_or_endpoints_by_name(
    proxy: tuple[str, ...] | None, endpoint: str, reads: bool, fits: bool
) -> None:
    assert Grant(proxy=proxy).allows_proxy(endpoint, reads=reads) is fits


@pytest.mark.parametrize(
    ("grant", "gives"),
    [
        (FULL, {"proxy", "proxy::read", "genericContact::list"}),
        (Grant(operations=("*",), proxy=()), {"genericContact::list"}),
        (Grant(operations=("*::read", "*"), proxy=()), {"genericContact::list"}),
        (Grant(operations=(), proxy=("read",)), {"proxy::read"}),
        # To name endpoints is less than all that reads, and there is no operation that says it.
        (Grant(operations=(), proxy=("candidate.list",)), set[str]()),
        (Grant(operations=(), proxy=("*",)), {"proxy", "proxy::read"}),
        (Grant(operations=("genericContact::*",), proxy=()), {"genericContact::list"}),
    ],
)
def test_a_key_gives_what_it_has_and_the_proxy_only_by_its_right_to_the_proxy(grant: Grant, gives: set[str]) -> None:
    assert {one for one in ("proxy", "proxy::read", "genericContact::list") if grant.may_give(one)} == gives


@pytest.mark.parametrize(
    "grant",
    [
        FULL,
        NONE,
        Grant(("ashby/acme",), ("*::list",), ("read",), frozenset({"manage"}), 1_800_000_000),
        FULL._replace(expires_at=1_800_000_000),
    ],
)
def test_a_grant_is_read_as_it_was_written(grant: Grant) -> None:
    assert Grant.from_item(grant.to_item()) == grant


@pytest.mark.parametrize(
    ("grant", "field"),
    [
        (Grant(connections=("acme",)), "connections"),
        (Grant(connections=("*",)), "connections"),
        (Grant(connections=("*/acme",)), "connections"),
        (Grant(connections=("ashby/",)), "connections"),
        (Grant(connections=("/acme",)), "connections"),
        (Grant(connections=("ashby/a*b",)), "connections"),
        (Grant(connections=("ashby/a**",)), "connections"),
        (Grant(operations=("list",)), "operations"),
        (Grant(operations=("",)), "operations"),
        (Grant(operations=("::",)), "operations"),
        (Grant(operations=("genericContact::",)), "operations"),
        (Grant(operations=("generic*::list",)), "operations"),
        (Grant(operations=("*::*",)), "operations"),
        (Grant(proxy=("write",)), "proxy"),
        (Grant(proxy=("candidate.*",)), "proxy"),
        (Grant(needs=frozenset({"any"})), "may"),
        (Grant(needs=frozenset({"everything"})), "may"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(next(p for p in value if p not in (None, FULL.needs))),
)
def test_what_would_mean_nothing_is_refused_and_named(grant: Grant, field: str) -> None:
    """A pattern that no request can fit looks like a right and is none."""
    with pytest.raises(Invalid) as refused:
        checked(grant)
    assert [problem.field for problem in refused.value.fields] == [field]


def test_what_can_be_said_passes_as_it_is() -> None:
    grant = Grant(("ashby/acme", "ashby/eu-*"), ("*", "*::list", "atsJob::*"), ("read", "job.list"), FULL.needs)
    assert checked(grant) is grant
