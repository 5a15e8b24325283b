"""Reading and writing the table: typed, consistent, with named outcomes for what may go wrong."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from unified.table.keys import Key
from unified.table.values import Item, decode, decode_item, encode
from unified.table.writes import RETURN_OLD, Condition, Contention, Delete, Put, Throttled, Update, conditions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Result = TypeVar("Result")

# How long to wait at most (seconds) before each repetition, a random part of it: whoever collided or came too often
# together shall not come together again. What DynamoDB has no room for takes longer than another's transaction.
_AFTER_CONFLICT = (0.05, 0.1, 0.2)
_AFTER_THROTTLING = (0.1, 0.2, 0.4, 0.8, 1.6)


class Table:
    """Typed, consistent access to the table. Errors that have no name here pass through untouched."""

    def __init__(self, name: str, client: DynamoDBClient) -> None:
        self._name = name
        self._client = client

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return decode_item(answer.get("Item"))

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read up to 100 items in one round trip, consistently each; the answer keeps the order of ``keys``.

        Raises ``Throttled``.
        """
        found: dict[Key, Item] = {}
        for raw in self._batch({"Keys": [_key(key) for key in keys], "ConsistentRead": True}):
            item = cast(Item, decode_item(raw))
            found[Key(item["pk"], item["sk"])] = item
        return [found.get(key) for key in keys]

    def get_values(self, pk: str, sks: Sequence[str], name: str) -> dict[str, Any]:
        """Read one attribute of up to 100 items under ``pk`` in one round trip, consistently each; by sk.

        For the many small items of which nothing else is wanted: botocore takes its time over every attribute.
        Raises ``Throttled``.
        """
        wanted = {
            "Keys": [_key(Key(pk, sk)) for sk in sks],
            "ConsistentRead": True,
            "ProjectionExpression": "sk, #value",
            "ExpressionAttributeNames": {"#value": name},
        }
        return {cast(str, decode(raw["sk"])): decode(raw[name]) for raw in self._batch(wanted)}

    def _batch(self, wanted: Any) -> Iterator[Any]:
        """Yield what a batch finds, asking again for what DynamoDB left out. Raises ``Throttled`` in the end.

        It leaves out what does not fit into one answer (16 MB), and what the table's throughput does not allow
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
        """
        asked: Any = {self._name: wanted}
        for longest in (*_AFTER_THROTTLING, None):
            answer = self._client.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(self._name, [])
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return
            if longest is not None:
                _rest(longest)
        raise Throttled

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

        Raises ``Contention`` when other transactions on the same items go on and on, ``Throttled`` when there is no
        room for it. Without writes nothing is done.
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
        if items:
            self._patiently(lambda: self._client.transact_write_items(TransactItems=items))

    def _patiently(self, write: Callable[[], Result]) -> Result:
        """Make a write, again where a transaction on the same item was under way or one found no room.

        Raises ``Contention``, ``Throttled`` in the end. DynamoDB refuses single writes for a transaction under way too,
        and botocore repeats neither them nor a transaction that was cancelled for whatever reason
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html).
        """
        waits = {Contention: iter(_AFTER_CONFLICT), Throttled: iter(_AFTER_THROTTLING)}
        while True:
            try:
                with conditions(self._client):
                    return write()
            except (Contention, Throttled) as busy:
                longest = next(waits[type(busy)], None)
                if longest is None:
                    raise
                _rest(longest)

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


def _arguments(condition: Condition | None) -> dict[str, Any]:
    return condition.arguments() if condition else {}


def _rest(longest: float) -> None:
    time.sleep(random.uniform(longest / 4, longest))  # noqa: S311 - spreads load, hides nothing


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
