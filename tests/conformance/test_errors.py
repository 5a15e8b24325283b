"""However the provider fails, the error says what may have happened, no write is sent twice, and no secret is told."""

from __future__ import annotations

import pytest

from tests.conformance.kit import (
    Fake,
    Trouble,
    every_connector,
    leaked,
    offered,
    offered_reads,
    offered_writes,
    one_of_each,
    refused,
)
from unified.connector import Connector, ConnectorModel, Operation
from unified.deadline import Deadline
from unified.errors import OutcomeUnknown, UnifiedError, UpstreamFailure

PROXY = "MORPH::CONNECTION::PROXY::"
HARMLESS = (Trouble.RATE_LIMITED, Trouble.BROKEN, Trouble.DROPPED_BEFORE)


@offered_reads
@pytest.mark.parametrize("kind", Trouble)
def test_a_read_that_fails_is_the_providers_failure(
    model: ConnectorModel, operation: Operation, fake: Fake, kind: Trouble
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    fake.trouble(kind, "reads")
    with refused(fake, UpstreamFailure) as caught:
        call(fake.open())
    assert not isinstance(caught.value, OutcomeUnknown)
    limited = kind is Trouble.RATE_LIMITED
    assert caught.value.code == PROXY + ("RATE_LIMIT_EXCEEDED" if limited else "SERVER_ERROR")
    assert bool(caught.value.retry_after) is limited


@offered_reads
@pytest.mark.parametrize("kind", Trouble)
def test_a_read_that_fails_once_is_read_again(
    model: ConnectorModel, operation: Operation, fake: Fake, kind: Trouble
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    expected = call(fake.open())
    fake.trouble(kind, "reads", times=1)
    again = call(fake.open())
    if operation is Operation.LIST:  # two cursors may be spelt differently
        assert (again.records, again.warnings) == (expected.records, expected.warnings)
    else:
        assert again == expected


@offered_writes
@pytest.mark.parametrize("kind", [kind for kind in Trouble if kind is not Trouble.RATE_LIMITED])
def test_a_write_whose_answer_is_lost_is_sent_once_and_may_have_happened(
    model: ConnectorModel, operation: Operation, fake: Fake, kind: Trouble
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    sent, before = fake.calls("writes"), fake.effects()
    fake.trouble(kind, "writes")
    with refused(fake, OutcomeUnknown) as caught:
        call(fake.open())
    assert caught.value.code == PROXY + "OUTCOME_UNKNOWN"
    assert fake.calls("writes") == sent + 1
    assert (fake.effects() > before) is (kind not in HARMLESS)


@offered_writes
def test_a_write_over_the_limit_has_no_effect_and_says_when_to_come_again(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    before = fake.effects()
    fake.trouble(Trouble.RATE_LIMITED, "writes")
    with refused(fake, UpstreamFailure) as caught:
        call(fake.open())
    assert caught.value.code == PROXY + "RATE_LIMIT_EXCEEDED"
    assert caught.value.retry_after
    assert fake.effects() == before


@offered_writes
def test_a_write_that_was_turned_away_once_is_done_once(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    """429 says that it was not let in, so that it may be sent again."""
    call = one_of_each(model, fake, operation)
    other = one_of_each(model, fake, operation)
    assert call is not None
    assert other is not None
    start, sent = fake.effects(), fake.calls("writes")
    other(fake.open())
    once, calls = fake.effects() - start, fake.calls("writes") - sent
    fake.trouble(Trouble.RATE_LIMITED, "writes", times=1)
    start = fake.effects()
    call(fake.open())
    assert fake.effects() - start == once > 0
    assert calls >= 1


@offered
def test_a_provider_that_cannot_be_reached_is_told_from_one_that_may_have_heard(
    model: ConnectorModel, operation: Operation, fake: Fake
) -> None:
    call = one_of_each(model, fake, operation)
    assert call is not None
    with refused(fake, UpstreamFailure) as caught:
        call(fake.open_nowhere())
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.code == PROXY + "REQUEST_FAILED"


@every_connector
def test_a_session_and_its_credential_show_no_secret(connector: Connector, fake: Fake) -> None:
    session = connector.open(fake.base_url, fake.credential(), Deadline(5), None)
    assert connector.verify(session).scopes
    assert fake.secret not in f"{session!r} {session!s} {fake.credential()!r} {fake.credential()!s}"


@every_connector
def test_the_suite_would_see_a_leak(fake: Fake) -> None:
    """In the text, or in an error that led to it."""
    with pytest.raises(UnifiedError) as caught:
        _raise_carelessly(fake.secret)
    assert leaked(fake, caught.value)


def _raise_carelessly(secret: str) -> None:
    try:
        int(secret)
    except ValueError:
        raise UnifiedError("MORPH::UNKNOWN_ERROR", "Something went wrong.") from None
