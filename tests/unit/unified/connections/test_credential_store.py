"""What refreshing asks of a credential store, asked of the real one on DynamoDB and of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unified.connections.records import Connection, Reference, StoredCredential
from unified.connections.refresh import LeaseHeld, VersionMoved
from unified.connections.store import ConnectionStore, StoredSession
from unified.connections.vault import Sealed
from unified.connections.watch import Watch
from unified.table import Table

from .memory_store import MemoryCredentialStore

ACCOUNT = Reference("prj_1", "ashby", "acme")
OTHER = Reference("prj_1", "ashby", "other")
WATCH = Watch(ACCOUNT, "g1", "pk_test")
SEALED = Sealed(1, "key", b"wrapped", b"nonce", b"ciphertext")
STORED = StoredCredential(1, "oauth2", SEALED, 100, ("candidatesRead",), generation="g1")
SECOND = STORED._replace(version=2)


class SeededStore(ConnectionStore):
    """The real store, seeded as an authorization would."""

    def seed(self, reference: Reference, stored: StoredCredential) -> None:
        connection = Connection(reference, "g1", ("genericContact::list",), "unauthorized", "t", "t", "neverAuthorized")
        self.create(connection)
        before = self.read(reference)
        self.replace(Watch(reference, "g1", "pk_test"), stored, expected=None if before is None else before.version)

    def status(self, reference: Reference) -> str | None:
        connection = self.get(reference)
        assert connection is not None
        return connection.reason


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryCredentialStore()
        return
    request.getfixturevalue("aws_in_process")
    from unified import aws

    yield SeededStore(Table("unified", aws.client("dynamodb")))


@pytest.fixture
def real(aws_in_process: None) -> SeededStore:
    from unified import aws

    return SeededStore(Table("unified", aws.client("dynamodb")))


def test_what_was_seeded_is_read_whole(store: Any) -> None:
    store.seed(ACCOUNT, STORED)

    assert store.read(ACCOUNT) == STORED
    assert store.read(OTHER) is None


def test_one_holder_at_a_time(store: Any) -> None:
    first = store.acquire(ACCOUNT, "a", now=10, until=40)

    with pytest.raises(LeaseHeld) as held:
        store.acquire(ACCOUNT, "b", now=40, until=70)

    assert held.value.cooling_until is None
    assert store.acquire(OTHER, "b", now=10, until=40).fence == 1
    assert first.fence == 1


def test_a_dead_holder_is_followed_with_a_greater_fence(store: Any) -> None:
    first = store.acquire(ACCOUNT, "a", now=10, until=40)
    second = store.acquire(ACCOUNT, "b", now=41, until=71)

    assert second.fence == first.fence + 1


def test_a_released_lease_is_free_at_once_and_its_fence_goes_on(store: Any) -> None:
    first = store.acquire(ACCOUNT, "a", now=10, until=40)
    store.release(ACCOUNT, first)

    assert store.acquire(ACCOUNT, "b", now=10, until=40).fence == 2


def test_a_stale_holder_cannot_release_anothers_lease(store: Any) -> None:
    stale = store.acquire(ACCOUNT, "a", now=10, until=40)
    store.acquire(ACCOUNT, "b", now=41, until=71)
    store.release(ACCOUNT, stale)

    with pytest.raises(LeaseHeld):
        store.acquire(ACCOUNT, "c", now=50, until=80)


def test_a_pause_keeps_everybody_off_and_says_until_when(store: Any) -> None:
    lease = store.acquire(ACCOUNT, "a", now=10, until=40)
    store.release(ACCOUNT, lease, cooling_until=25)

    with pytest.raises(LeaseHeld) as held:
        store.acquire(ACCOUNT, "b", now=20, until=50)

    assert held.value.cooling_until == 25
    assert store.acquire(ACCOUNT, "b", now=26, until=56).fence == 2


def test_beginning_marks_the_credential_and_needs_its_version(store: Any) -> None:
    store.seed(ACCOUNT, STORED)
    store.begin(ACCOUNT, STORED, fence=3, at=77)

    assert store.read(ACCOUNT) == STORED._replace(fence=3, refresh_began_at=77)
    with pytest.raises(VersionMoved):
        store.begin(ACCOUNT, SECOND, fence=4, at=78)


def test_an_earlier_or_equal_fence_cannot_begin(store: Any) -> None:
    store.seed(ACCOUNT, STORED)
    store.begin(ACCOUNT, STORED, fence=3, at=77)

    for fence in (2, 3):
        with pytest.raises(VersionMoved):
            store.begin(ACCOUNT, STORED, fence=fence, at=78)


def test_only_the_last_to_begin_commits(store: Any) -> None:
    store.seed(ACCOUNT, STORED)
    store.begin(ACCOUNT, STORED, fence=1, at=1)
    store.begin(ACCOUNT, STORED, fence=2, at=2)
    renewed = STORED._replace(version=2, expires_at=200)

    with pytest.raises(VersionMoved):
        store.commit(ACCOUNT, STORED, renewed, fence=1)
    store.commit(ACCOUNT, STORED, renewed, fence=2)

    assert store.read(ACCOUNT) == renewed
    with pytest.raises(VersionMoved):
        store.commit(ACCOUNT, STORED, renewed, fence=2)


def test_nothing_begins_or_commits_on_a_credential_that_is_gone(store: Any) -> None:
    with pytest.raises(VersionMoved):
        store.begin(ACCOUNT, STORED, fence=1, at=1)
    with pytest.raises(VersionMoved):
        store.commit(ACCOUNT, STORED, SECOND, fence=1)
    assert store.read(ACCOUNT) is None


def test_marking_dead_needs_the_version_that_was_refused(store: Any) -> None:
    store.seed(ACCOUNT, SECOND)

    assert store.mark_unauthorized(ACCOUNT, STORED, "grantRejected") is False
    assert store.status(ACCOUNT) is None
    assert store.mark_unauthorized(ACCOUNT, SECOND, "grantRejected") is True
    assert store.status(ACCOUNT) == "grantRejected"


@pytest.mark.parametrize("before", ["g0", ""], ids=["made anew", "of before generations were kept"])
def test_the_same_version_of_another_life_of_the_connection_is_another_credential(store: Any, before: str) -> None:
    """Its versions begin at 1 too."""
    earlier = STORED._replace(generation=before)
    store.seed(ACCOUNT, STORED)

    assert store.mark_unauthorized(ACCOUNT, earlier, "grantRejected") is False
    assert store.status(ACCOUNT) is None
    with pytest.raises(VersionMoved):
        store.begin(ACCOUNT, earlier, fence=1, at=77)
    store.begin(ACCOUNT, STORED, fence=1, at=77)
    with pytest.raises(VersionMoved):
        store.commit(ACCOUNT, earlier, SECOND._replace(generation=before), fence=1)
    assert store.read(ACCOUNT) == STORED._replace(fence=1, refresh_began_at=77)


# What only the real store does


def test_a_credential_is_kept_for_the_connection_that_it_was_proven_for(real: SeededStore) -> None:
    real.seed(ACCOUNT, STORED._replace(generation=""))

    assert real.read(ACCOUNT) == STORED


def test_one_of_another_life_is_neither_rewrapped_nor_noted_on(real: SeededStore) -> None:
    earlier = STORED._replace(generation="g0")
    real.seed(ACCOUNT, STORED)

    assert real.rewrap(ACCOUNT, earlier, SEALED._replace(key_id="new")) is False
    real.set_scopes(ACCOUNT, earlier, ("offersRead",))

    assert real.read(ACCOUNT) == STORED
    assert real.rewrap(ACCOUNT, STORED, SEALED._replace(key_id="new")) is True
    real.set_scopes(ACCOUNT, STORED, ("offersRead",))
    changed = real.read(ACCOUNT)
    assert changed is not None
    assert (changed.sealed.key_id, changed.scopes) == ("new", ("offersRead",))


def test_a_credential_of_before_generations_were_kept_goes_on(real: SeededStore) -> None:
    """It is renewed and marked as ever, until it is replaced."""
    from unified import aws
    from unified.table import credential_key

    real.seed(ACCOUNT, STORED)
    Table("unified", aws.client("dynamodb")).update(credential_key(*ACCOUNT), {"generation": None})
    old = STORED._replace(generation="")
    renewed = old._replace(version=2)
    assert real.read(ACCOUNT) == old

    real.begin(ACCOUNT, old, fence=1, at=1)
    real.commit(ACCOUNT, old, renewed, fence=1)
    assert real.read(ACCOUNT) == renewed
    assert real.mark_unauthorized(ACCOUNT, renewed, "grantRejected") is True
    real.replace(WATCH, SECOND._replace(version=3), expected=2)
    assert real.read(ACCOUNT) == SECOND._replace(version=3)


def test_a_new_credential_takes_the_place_of_the_expected_version_only(real: SeededStore) -> None:
    real.seed(ACCOUNT, STORED)
    for expected in (None, 7):
        with pytest.raises(VersionMoved):
            real.replace(WATCH, SECOND, expected=expected)
    assert real.read(ACCOUNT) == STORED

    real.replace(WATCH, SECOND, expected=1)
    assert real.read(ACCOUNT) == SECOND


def test_a_credential_for_an_earlier_connection_of_the_same_name_is_not_kept(real: SeededStore) -> None:
    real.seed(ACCOUNT, STORED)

    with pytest.raises(VersionMoved):
        real.replace(WATCH._replace(generation="g0"), SECOND, expected=1)


def test_authorizing_mends_an_unauthorized_connection(real: SeededStore) -> None:
    real.seed(ACCOUNT, STORED)
    real.mark_unauthorized(ACCOUNT, STORED, "grantRejected")
    real.replace(WATCH, SECOND, expected=1)

    connection = real.get(ACCOUNT)
    assert connection is not None
    assert (connection.status, connection.reason) == ("authorized", None)


def test_removing_a_connection_removes_all_that_was_given_to_it(real: SeededStore) -> None:
    real.seed(ACCOUNT, STORED)
    real.seed(OTHER, STORED)
    real.acquire(ACCOUNT, "a", now=1, until=2)
    for token in ("sess_one", "sess_two"):
        real.create_session(ACCOUNT, token, StoredSession((), 100, "g1"))

    connection = real.get(ACCOUNT)
    assert connection is not None
    assert real.delete(connection, "pk_test") is True

    loaded = real.load(ACCOUNT, session_token="sess_one")
    assert (loaded.connection, loaded.credential, loaded.session) == (None, None, None)
    assert real.acquire(ACCOUNT, "b", now=1, until=2).fence == 1
    assert real.read(OTHER) == STORED
    assert real.delete(connection, "pk_test") is False


def test_many_sessions_hold_up_no_removal_and_those_of_a_connection_made_anew_stay(real: SeededStore) -> None:
    from unified import aws

    real.seed(ACCOUNT, STORED)
    connection = real.get(ACCOUNT)
    assert connection is not None
    for number in range(250):
        real.create_session(ACCOUNT, f"sess_{number}", StoredSession((), 100, connection.generation))
    real.create_session(ACCOUNT, "sess_new", StoredSession((), 100, "a later one"))
    calls: list[str] = []
    aws.client("dynamodb").meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    assert real.delete(connection, "pk_test") is True

    assert len(calls) == 5, calls  # the removal, the look, and a hundred sessions at once
    assert real.load(ACCOUNT, session_token="sess_249").session is None
    assert real.load(ACCOUNT, session_token="sess_new").session is not None


def test_one_read_finds_connection_credential_and_session(real: SeededStore) -> None:
    from unified import aws

    real.seed(ACCOUNT, STORED)
    real.create_session(ACCOUNT, "sess_one", StoredSession(("genericContact::list",), 100, "g1"))
    calls: list[str] = []
    client = aws.client("dynamodb")
    client.meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    loaded = real.load(ACCOUNT, session_token="sess_one")

    assert calls == ["BatchGetItem"]
    assert loaded.connection is not None
    assert loaded.connection.status == "authorized"
    assert loaded.credential == STORED
    assert loaded.session == StoredSession(("genericContact::list",), 100, "g1")


def test_a_state_is_consumed_once_and_never_after_its_time(real: SeededStore) -> None:
    real.put_state("state-one", {"owner": "acme"}, expires_at=100)
    real.put_state("state-two", {"owner": "acme"}, expires_at=100)

    taken = real.take_state("state-one", now=99)
    assert taken is not None
    assert taken["owner"] == "acme"
    assert real.take_state("state-one", now=99) is None
    assert real.take_state("state-two", now=100) is None
    assert real.take_state("never-made", now=1) is None


def test_no_token_and_no_state_lies_in_the_table_in_clear(real: SeededStore) -> None:
    from unified import aws

    real.seed(ACCOUNT, STORED)
    real.create_session(ACCOUNT, "sess_canary", StoredSession((), 100, "g1"))
    real.put_state("state_canary", {}, expires_at=100)

    assert "canary" not in repr(aws.client("dynamodb").scan(TableName="unified")["Items"])


def test_connections_are_listed_page_by_page_and_only_of_their_project(real: SeededStore) -> None:
    for owner in ("a", "b", "c"):
        real.seed(Reference("prj_1", "ashby", owner), STORED)
    real.seed(Reference("prj_2", "ashby", "z"), STORED)

    first, after = real.page("prj_1", "ashby", limit=2, after=None)
    rest, end = real.page("prj_1", "ashby", limit=2, after=after)

    assert [connection.reference.owner for connection in (*first, *rest)] == ["a", "b", "c"]
    assert end is None


def test_an_owner_with_separators_in_its_id_is_nobody_else(real: SeededStore) -> None:
    real.seed(Reference("prj_1", "ashby", "a#CREDENTIAL"), STORED)

    assert real.read(Reference("prj_1", "ashby", "a")) is None
    assert real.get(Reference("prj_1", "ashby", "a")) is None
