"""Every key of the one DynamoDB table, and what lies there.

| pk | sk | what | lives until |
|---|---|---|---|
| ``KEY#<public key>`` | ``PROJECT`` | a project: name, redirect URLs, own OAuth clients (sealed) | removed |
| ``KEY#<public key>`` | ``SECRET#<secret id>`` | one secret key, as a SHA-256 | revoked |
| ``USED#<public key>`` | ``<secret id>`` | when a secret key was last used | replaced |
| ``PROJECT#<project>`` | ``CONNECTION#<connector>#<owner>`` | a connection, without its credential | disconnected |
| same | ``MODEL#<connector>#<model>`` | a project's own model, as defined | removed |
| same | ``MAPPING#<connector>#<model>`` | a project's field mapping, which connections may override | replaced |
| ``CREDENTIAL#<project>#<connector>#<owner>`` | ``CREDENTIAL`` | the sealed credential, its version | disconnected |
| same | ``LEASE`` | who refreshes the token, until when, the fence | disconnected |
| same | ``SESSION#<sha256>`` | one session: operations, expiry | ``ttl`` |
| ``STATE#<sha256>`` | ``STATE`` | one authorization under way | ``ttl``, or used once |
| ``LINK#<sha256>`` | ``LINK`` | one link to the connect page: whose, how it looks, whether it was used | ``ttl`` |
| ``BRANDING#<project>`` | ``BRANDING`` | how a project's connect page looks | replaced |
| same | ``CONNECTION#<connector>#<owner>`` | what one connection's changes of that | replaced |
| ``IDEMPOTENCY#<project>#<connector>#<owner>`` | ``<sha256>`` | one write under an ``Idempotency-Key`` | ``ttl`` |
| ``AUDIT#<project>#<connector>#<owner>`` | ``<time>#<random>`` | who did what, with what outcome | ``ttl`` |
| ``ENDPOINTS#<project>`` | ``ENDPOINT#<endpoint>`` | where events are delivered to | removed |
| same | ``SETTINGS`` | how a project wants its events: thin or whole, cadences | replaced |
| ``HOOK#<hook>`` | ``HOOK`` | whose webhooks arrive under an address, the sealed secret | ``ttl`` |
| ``SWEEP`` | ``<project>#<connector>#<generation>#<owner>`` | one watched connection: what is due when | purged |
| same | ``PAUSE#<connector>`` | until when nobody asks a connector that is limited | passed |
| ``SYNC#<project>#<connector>#<generation>#<owner>`` | ``STATE`` | how a connection is watched: hook, pause | purged |
| same | ``KEY`` | the wrapped key of its events' bodies, or that there is to be none | purged |
| same | ``MODEL#<model>`` | how far the model's sweeps are: sync token, checkpoint, what was held back | purged |
| same | ``RUN#<model>#<run>#<page>`` | the ids on one page of a full sweep under way | ``ttl`` |
| same | ``SETTING#<action>`` | one webhook setting of ours in the connected account | purged |
| same | ``ACTION#<action>`` | how often a webhook came that we have no use for | purged |
| same | ``SEEN#<sha256>`` | a webhook that was dealt with | ``ttl`` |
| ``LEDGER#<project>#<connector>#<generation>#<owner>`` | ``<model>#<record>`` | what was last seen: a hash | purged |
| ``EVENT#<project>#<day>`` | ``<event>`` | an event: the outbox, and the list of events | ``ttl`` |
| ``ATTEMPT#<project>#<event>`` | ``<endpoint>`` | an event's delivery to one endpoint | ``ttl`` |
| same | ``<endpoint>#<number>`` | one attempt of it: status and latency | ``ttl`` |

The credential lies apart from the connection so that a role may list connections and never see a
ciphertext (``dynamodb:LeadingKeys``). ``<owner>`` is the caller's own text and always the last part, so no
owner can be read as another key. ``<generation>`` is new whenever a connection is made anew:
what was seen of an earlier one of the same name is never taken for this one's. DynamoDB deletes expired items
late, by days: whoever reads an item with a ``ttl`` compares it
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html).
"""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """An item's place in the table."""

    pk: str
    sk: str


def project_key(public_key: str) -> Key:
    """Where a project lies."""
    return Key(f"KEY#{public_key}", "PROJECT")


def secret_key(public_key: str, secret_id: str) -> Key:
    """Where one of a project's secret keys lies."""
    return Key(f"KEY#{public_key}", f"SECRET#{secret_id}")


def used_key(public_key: str, secret_id: str) -> Key:
    """Where lies when a secret key was last used."""
    return Key(f"USED#{public_key}", secret_id)


def connection_key(project: str, connector: str, owner: str) -> Key:
    """Where a connection lies."""
    return Key(f"PROJECT#{project}", f"CONNECTION#{connector}#{owner}")


def mapping_key(project: str, connector: str, model: str) -> Key:
    """Where a project's field mapping of one model lies."""
    return Key(f"PROJECT#{project}", f"MAPPING#{connector}#{model}")


def model_key(project: str, connector: str, model: str) -> Key:
    """Where a project's own model lies."""
    return Key(f"PROJECT#{project}", f"MODEL#{connector}#{model}")


def credential_key(project: str, connector: str, owner: str) -> Key:
    """Where a connection's sealed credential lies."""
    return Key(f"CREDENTIAL#{project}#{connector}#{owner}", "CREDENTIAL")


def lease_key(project: str, connector: str, owner: str) -> Key:
    """Where the lease for refreshing a connection's token lies."""
    return Key(f"CREDENTIAL#{project}#{connector}#{owner}", "LEASE")


def session_key(project: str, connector: str, owner: str, token_hash: str) -> Key:
    """Where a session lies: found only by who holds the token and knows the project."""
    return Key(f"CREDENTIAL#{project}#{connector}#{owner}", f"SESSION#{token_hash}")


def state_key(state_hash: str) -> Key:
    """Where an authorization under way lies."""
    return Key(f"STATE#{state_hash}", "STATE")


def link_key(link_hash: str) -> Key:
    """Where a link to the connect page lies: found only by who holds its token."""
    return Key(f"LINK#{link_hash}", "LINK")


def branding_key(project: str, connection: str = "") -> Key:
    """Where lies how a project's connect page looks; apart from the project, which every function reads.

    With ``connection`` (its connector and owner) what that one's changes of it.
    """
    return Key(f"BRANDING#{project}", f"CONNECTION#{connection}" if connection else "BRANDING")


def idempotency_key(project: str, connector: str, owner: str, key_hash: str) -> Key:
    """Where the outcome of a write under an ``Idempotency-Key`` lies."""
    return Key(f"IDEMPOTENCY#{project}#{connector}#{owner}", key_hash)


def audit_key(project: str, connector: str, owner: str, at: str, unique: str) -> Key:
    """Where an audit record lies, in order of time."""
    return Key(f"AUDIT#{project}#{connector}#{owner}", f"{at}#{unique}")


def endpoint_key(project: str, endpoint: str) -> Key:
    """Where one of a project's webhook endpoints lies."""
    return Key(f"ENDPOINTS#{project}", f"ENDPOINT#{endpoint}")


def event_settings_key(project: str) -> Key:
    """Where lies how a project wants its events."""
    return Key(f"ENDPOINTS#{project}", "SETTINGS")


def hook_key(hook: str) -> Key:
    """Where lies whose webhooks arrive under an address."""
    return Key(f"HOOK#{hook}", "HOOK")


def sweep_key(project: str, connector: str, generation: str, owner: str) -> Key:
    """Where lies what is due for a watched connection."""
    return Key("SWEEP", f"{project}#{connector}#{generation}#{owner}")


def pause_key(connector: str) -> Key:
    """Where lies until when all connections of a connector are left alone."""
    return Key("SWEEP", f"PAUSE#{connector}")


def sync_key(project: str, connector: str, generation: str, owner: str, sk: str) -> Key:
    """Where something of how a connection is watched lies."""
    return Key(f"SYNC#{project}#{connector}#{generation}#{owner}", sk)


def ledger_key(project: str, connector: str, generation: str, owner: str, sk: str) -> Key:
    """Where lies what was last seen of a record; ``sk`` is ``<model>#<record>``."""
    return Key(f"LEDGER#{project}#{connector}#{generation}#{owner}", sk)


def event_key(project: str, day: str, event: str) -> Key:
    """Where an event lies, in order of time within its day (UTC, ``YYYY-MM-DD``)."""
    return Key(f"EVENT#{project}#{day}", event)


def attempt_key(project: str, event: str, endpoint: str, number: int | None = None) -> Key:
    """Where an event's delivery to one endpoint lies, or one attempt of it, in order."""
    return Key(f"ATTEMPT#{project}#{event}", endpoint if number is None else f"{endpoint}#{number:04}")
