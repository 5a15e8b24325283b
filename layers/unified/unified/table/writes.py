"""Writes to the table as values, their conditions, and the two ways in which DynamoDB says that one did not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from unified.table.keys import Key
from unified.table.values import Item, decode_item, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ConditionFailed(Exception):
    """A conditional write did not apply. ``item`` is what was there instead, or None where nothing was."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition not met")
        self.item = item


class Contention(Exception):
    """Another transaction was writing one of the same items at the same moment: nothing was written."""


class Throttled(Exception):
    """DynamoDB takes no more for the moment, of this table or of this part of it: nothing was written."""


# Why a transaction is cancelled that botocore would repeat if it were a single write
# (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"})


class Condition(NamedTuple):
    """A ConditionExpression with its values; ``#name`` aliases are made for every name in ``names``."""

    expression: str
    values: Mapping[str, Any]
    names: Sequence[str] = ()

    def arguments(self, verb: str = "ConditionExpression") -> dict[str, Any]:
        """Spell the condition as DynamoDB's request arguments."""
        arguments: dict[str, Any] = {verb: self.expression}
        if self.values:
            arguments["ExpressionAttributeValues"] = {f":{k}": encode(v) for k, v in self.values.items()}
        if self.names:
            arguments["ExpressionAttributeNames"] = {f"#{name}": name for name in self.names}
        return arguments


ABSENT = Condition("attribute_not_exists(pk)", {})
PRESENT = Condition("attribute_exists(pk)", {})


class Put(NamedTuple):
    """One write of a transaction: put ``item`` at ``key``."""

    key: Key
    item: Item
    condition: Condition | None = None


class Delete(NamedTuple):
    """One write of a transaction: delete what is at ``key``."""

    key: Key
    condition: Condition | None = None


class Update(NamedTuple):
    """One write of a transaction: set attributes of what is at ``key``."""

    key: Key
    changes: Mapping[str, Any]
    condition: Condition | None = None


# The item that stood in the way comes back with the refusal, so nobody needs to read it again.
RETURN_OLD: Any = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


class conditions:  # noqa: N801 - reads as the statement it is: with conditions(client)
    """Turn what DynamoDB says of a write that did not apply into ``ConditionFailed``, ``Contention``, ``Throttled``."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        exceptions = self._client.exceptions
        if isinstance(error, exceptions.ConditionalCheckFailedException):
            raise ConditionFailed(decode_item(cast(Any, error).response.get("Item"))) from None
        if isinstance(error, exceptions.TransactionCanceledException):
            reasons = cast(Any, error).response.get("CancellationReasons", [])
            for reason in reasons:
                if reason.get("Code") == "ConditionalCheckFailed":
                    raise ConditionFailed(decode_item(reason.get("Item"))) from None
            codes = {reason.get("Code") for reason in reasons}
            if codes & _THROTTLED:
                raise Throttled from None
            if "TransactionConflict" in codes:
                raise Contention from None
        if isinstance(error, exceptions.TransactionConflictException):
            raise Contention from None
