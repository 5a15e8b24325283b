"""Whether a new credential opens the account that a connection had before: asked before one takes the other's place.

A provider may give no id of an account (Ashby gives none), so ids that only this account has bear witness: they are
kept with the connection as hashes, which say nothing of the account to who reads the table.
"""

from __future__ import annotations

from collections.abc import Sequence

from unified.connections.records import Reference
from unified.connector import Account
from unified.secret import fingerprint

_HASH_CHARACTERS = 24


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
