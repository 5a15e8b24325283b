"""The one DynamoDB table: every key pattern, the value codec, and conditional writes with named outcomes.

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
| ``IDEMPOTENCY#<project>#<connector>#<owner>`` | ``<sha256>`` | one write under an ``Idempotency-Key`` | ``ttl`` |
| ``AUDIT#<project>#<connector>#<owner>`` | ``<time>#<random>`` | who did what, with what outcome | ``ttl`` |
| ``ENDPOINTS#<project>`` | ``ENDPOINT#<endpoint>`` | where events are delivered to | removed |
| same | ``SETTINGS`` | how a project wants its events: thin or whole, cadences | replaced |
| ``HOOK#<hook>`` | ``HOOK`` | whose webhooks arrive under an address, the sealed secret | ``ttl`` |
| ``SWEEP`` | ``<project>#<connector>#<generation>#<owner>`` | one watched connection: what is due when | purged |
| ``SYNC#<project>#<connector>#<generation>#<owner>`` | ``STATE`` | how a connection is watched: hook, pause | purged |
| same | ``KEY`` | the wrapped key of its events' bodies | disconnected |
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

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from unified import aws
from unified.codec import Item, decode, decode_item, encode
from unified.settings import settings
from unified.writes import RETURN_OLD, Condition, Contention, Delete, Key, Put, Update, conditions

# isort: split
# Whoever writes to the table takes what that needs from here.
from unified.writes import ABSENT, PRESENT, ConditionFailed  # noqa: F401 # pyright: ignore[reportUnusedImport]

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


def branding_key(project: str) -> Key:
    """Where lies how a project's connect page looks; apart from the project, which every function reads."""
    return Key(f"BRANDING#{project}", "BRANDING")


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


_ATTEMPTS = 4
Result = TypeVar("Result")


class Table:
    """Typed, consistent access to the table. Errors that are not a failed condition pass through untouched."""

    def __init__(self, name: str, client: DynamoDBClient) -> None:
        self._name = name
        self._client = client

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return decode_item(answer.get("Item"))

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read up to 100 items in one round trip, consistently each; the answer keeps the order of ``keys``."""
        found: dict[Key, Item] = {}
        wanted: Any = {self._name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        while wanted:
            answer = self._client.batch_get_item(RequestItems=wanted)
            for raw in answer["Responses"].get(self._name, []):
                item = cast(Item, decode_item(raw))
                found[Key(item["pk"], item["sk"])] = item
            wanted = answer.get("UnprocessedKeys")
        return [found.get(key) for key in keys]

    def get_values(self, pk: str, sks: Sequence[str], name: str) -> dict[str, Any]:
        """Read one attribute of up to 100 items under ``pk`` in one round trip, consistently each; by sk.

        For the many small items of which nothing else is wanted: botocore takes its time over every attribute.
        """
        found: dict[str, Any] = {}
        wanted: Any = {
            self._name: {
                "Keys": [_key(Key(pk, sk)) for sk in sks],
                "ConsistentRead": True,
                "ProjectionExpression": "sk, #value",
                "ExpressionAttributeNames": {"#value": name},
            }
        }
        while wanted:
            answer = self._client.batch_get_item(RequestItems=wanted)
            for raw in answer["Responses"].get(self._name, []):
                found[cast(str, decode(raw["sk"]))] = decode(raw[name])
            wanted = answer.get("UnprocessedKeys")
        return found

    def query(self, pk: str, prefix: str = "", only: Sequence[str] = ()) -> Iterator[Item]:
        """Yield every item under ``pk`` whose sk begins with ``prefix``, in order of sk; ``only`` names attributes."""
        start: str | None = None
        while True:
            items, start = self.page(pk, prefix, limit=None, after=start, only=only)
            yield from items
            if start is None:
                return

    def count(self, pk: str, prefix: str, *, without: str) -> int:
        """Count the items under ``pk`` whose sk begins with ``prefix`` and that have no attribute ``without``."""
        arguments: Any = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "FilterExpression": "attribute_not_exists(#without)",
            "ExpressionAttributeNames": {"#without": without},
            "ExpressionAttributeValues": {":pk": encode(pk), ":prefix": encode(prefix)},
            "ConsistentRead": True,
            "Select": "COUNT",
        }
        total = 0
        while True:
            answer = self._client.query(**arguments)
            total += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return total
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def page(
        self,
        pk: str,
        prefix: str,
        *,
        limit: int | None,
        after: str | None,
        newest_first: bool = False,
        only: Sequence[str] = (),
    ) -> tuple[list[Item], str | None]:
        """Read one page under ``pk``; returns the items and the sk to go on after, or None at the end.

        ``after`` need not be an item's: the page begins behind it all the same. ``only`` names the attributes that
        are wanted; none means all.
        """
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else ""),
            "ExpressionAttributeValues": {
                ":pk": encode(pk),
                **({":prefix": encode(prefix)} if prefix else {}),
            },
            "ConsistentRead": True,
        }
        if limit is not None:
            arguments["Limit"] = limit
        if after is not None:
            arguments["ExclusiveStartKey"] = _key(Key(pk, after))
        if newest_first:
            arguments["ScanIndexForward"] = False
        if only:
            arguments["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
            arguments["ExpressionAttributeNames"] = {f"#{name}": name for name in only}
        answer = self._client.query(**arguments)
        last = answer.get("LastEvaluatedKey")
        return (
            [cast(Item, decode_item(raw)) for raw in answer["Items"]],
            None if last is None else cast(str, decode(last["sk"])),
        )

    def put(self, key: Key, item: Item, condition: Condition | None = None) -> None:
        """Write one item whole. Raises ``ConditionFailed``."""
        arguments = self._put(Put(key, item, condition))
        self._patiently(lambda: self._client.put_item(**arguments, **RETURN_OLD))

    def update(
        self,
        key: Key,
        changes: Mapping[str, Any],
        *,
        condition: Condition | None = None,
        increment: str | None = None,
    ) -> Item:
        """Set attributes (None removes one), add one to ``increment``; returns the item as it is now.

        Raises ``ConditionFailed``.
        """
        arguments = self._update(Update(key, changes, condition))
        if increment:
            arguments["UpdateExpression"] += " ADD #increment :one"
            arguments["ExpressionAttributeNames"] = {
                **arguments.get("ExpressionAttributeNames", {}),
                "#increment": increment,
            }
            arguments["ExpressionAttributeValues"] = {
                **arguments.get("ExpressionAttributeValues", {}),
                ":one": {"N": "1"},
            }
        answer = self._patiently(lambda: self._client.update_item(**arguments, ReturnValues="ALL_NEW", **RETURN_OLD))
        return cast(Item, decode_item(answer.get("Attributes")))

    def delete(self, key: Key, condition: Condition | None = None) -> Item | None:
        """Delete one item; returns what it was. Raises ``ConditionFailed``."""
        arguments = self._delete(Delete(key, condition))
        answer = self._patiently(lambda: self._client.delete_item(**arguments, ReturnValues="ALL_OLD", **RETURN_OLD))
        return decode_item(answer.get("Attributes"))

    def transact(self, writes: Iterable[Put | Update | Delete]) -> None:
        """Apply all writes or none. Raises ``ConditionFailed`` with the item of the first that did not hold.

        Raises ``Contention`` when other transactions on the same items go on and on.
        """
        items: list[Any] = []
        for write in writes:
            match write:
                case Put():
                    items.append({"Put": {**self._put(write), **RETURN_OLD}})
                case Update():
                    items.append({"Update": {**self._update(write), **RETURN_OLD}})
                case Delete():
                    items.append({"Delete": {**self._delete(write), **RETURN_OLD}})
        self._patiently(lambda: self._client.transact_write_items(TransactItems=items))

    def _patiently(self, write: Callable[[], Result]) -> Result:
        """Make a write, again where a transaction on the same item was under way. Raises ``Contention`` in the end.

        DynamoDB refuses single writes for that too, and botocore repeats neither
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html).
        """
        for attempt in range(_ATTEMPTS - 1):
            try:
                with conditions(self._client):
                    return write()
            except Contention:
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 - spreads load, hides nothing
        with conditions(self._client):
            return write()

    def transact_all(self, writes: Sequence[Put | Update | Delete]) -> None:
        """Apply all of possibly no writes or none. Raises ``ConditionFailed``, ``Contention``."""
        if writes:
            self.transact(writes)

    def _put(self, write: Put) -> dict[str, Any]:
        item = {"pk": write.key.pk, "sk": write.key.sk, **write.item}
        encoded = {name: encode(value) for name, value in item.items() if value is not None}
        return {"TableName": self._name, "Item": encoded, **_arguments(write.condition)}

    def _delete(self, write: Delete) -> dict[str, Any]:
        return {"TableName": self._name, "Key": _key(write.key), **_arguments(write.condition)}

    def _update(self, write: Update) -> dict[str, Any]:
        sets = {name: value for name, value in write.changes.items() if value is not None}
        removes = [name for name, value in write.changes.items() if value is None]
        expression: list[str] = []
        if sets:
            expression.append("SET " + ", ".join(f"#set_{name} = :set_{name}" for name in sets))
        if removes:
            expression.append("REMOVE " + ", ".join(f"#set_{name}" for name in removes))
        arguments = _arguments(write.condition)
        names = {**arguments.pop("ExpressionAttributeNames", {}), **{f"#set_{n}": n for n in write.changes}}
        values = {
            **arguments.pop("ExpressionAttributeValues", {}),
            **{f":set_{name}": encode(value) for name, value in sets.items()},
        }
        if names:
            arguments["ExpressionAttributeNames"] = names
        if values:
            arguments["ExpressionAttributeValues"] = values
        return {
            "TableName": self._name,
            "Key": _key(write.key),
            "UpdateExpression": " ".join(expression),
            **arguments,
        }


@lru_cache(maxsize=1)
def table() -> Table:
    """Return this environment's table."""
    return Table(settings().table_name, aws.client("dynamodb"))


def _arguments(condition: Condition | None) -> dict[str, Any]:
    return condition.arguments() if condition else {}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
