"""Whether a new credential opens the account that a connection had before: asked before one takes the other's place.

A provider may give no id of an account (Ashby gives none), so ids that only this account has bear witness: they are
kept with the connection as hashes, which say nothing of the account to who reads the table. They are always those of
the credential in place: one that brings none leaves none, so the next is not measured by somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unified.connector import Account, Credential, load_connector
from unified.errors import UnifiedError
from unified.secret import fingerprint
from unified.settings import settings

if TYPE_CHECKING:
    from unified.connections.records import Reference
    from unified.deadline import Deadline

UNKNOWN = Account(None, ())

_HASH_CHARACTERS = 24
# Whose account it is comes after whether the credential works, and must leave time to keep it.
_LOOK_SECONDS = 4.0


def account_of(reference: Reference, credential: Credential, deadline: Deadline) -> Account | None:
    """Return which account a proven credential opens, None when the provider does not tell in a few seconds.

    One that may not tell is of the ``UNKNOWN`` account.
    """
    connector = load_connector(reference.connector)
    session = connector.open(
        settings().upstream_urls[reference.connector], credential, deadline.within(_LOOK_SECONDS), None
    )
    try:
        return connector.account(session)
    except UnifiedError:
        return None


def witnesses(reference: Reference, account: Account) -> tuple[str, ...]:
    """Return the account's ids as this connection keeps them: ``kind:hash``."""
    found: list[str] = []
    for one in account.ids:
        kind, _, identity = one.partition(":")
        found.append(f"{kind}:{fingerprint(chr(0).join((*reference, identity)))[:_HASH_CHARACTERS]}")
    return tuple(found)


def is_another(before: Sequence[str], now: Sequence[str]) -> bool:
    """Tell whether these are witnesses of two accounts: both have some of one kind, and none in common of any."""
    kinds_before, kinds_now = ({one.partition(":")[0] for one in these} for these in (before, now))
    return bool(kinds_before & kinds_now) and not set(before) & set(now)
