"""moto's DynamoDB without the way to it: nine tenths of what a call costs is spelling it as HTTP and reading it again.

Reads are answered from moto's own items, writes given to moto's own handlers. Whatever moto refuses, and whatever is
not known here, goes the whole way, so every error is the one that botocore makes of moto's answer. Whoever listens for
botocore's event ``before-parameter-build`` (``roles``) hears of every call, whichever way it goes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from unified import aws

from .cloud import REGION

_ACCOUNT = "123456789012"
_QUERIES = ("pk = :pk", "pk = :pk AND begins_with(sk, :prefix)")

Call = Callable[[str, Mapping[str, Any]], Any]


def quick(call: Call, tell: Call) -> Call:
    """Return a stand-in for a botocore client's way to make an API call, with ``call`` for the whole way.

    ``tell`` is told of what goes the short way; of the others botocore tells.
    """

    def made(operation: str, given: Mapping[str, Any]) -> Any:
        known = given.get("KeyConditionExpression", _QUERIES[0]) in _QUERIES and "Select" not in given
        if operation in _READS and known:
            tell(operation, given)
            return _READS[operation](given)
        if operation in _WRITES:
            tell(operation, given)
            try:
                return _WRITES[operation](given)
            except Exception:  # told again by moto itself, which has changed nothing
                return call(operation, given)
        return call(operation, given)

    return made


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Have this process's client of DynamoDB go the short way."""
    client = aws._client("dynamodb")

    def tell(operation: str, given: Mapping[str, Any]) -> None:
        model = client.meta.service_model.operation_model(operation)
        client.meta.events.emit(f"before-parameter-build.dynamodb.{operation}", params=given, model=model, context={})

    patch.setattr(client, "_make_api_call", quick(client._make_api_call, tell))


def _table(name: str) -> Any:
    return dynamodb_backends[_ACCOUNT][REGION].tables[name]


def _read_one(table: Any, key: Mapping[str, Any]) -> dict[str, Any] | None:
    item = table.get_item(DynamoType(key["pk"]), DynamoType(key["sk"]))
    return None if item is None else _item(item)


def _get(given: Mapping[str, Any]) -> dict[str, Any]:
    found = _read_one(_table(given["TableName"]), given["Key"])
    return {} if found is None else {"Item": found}


def _batch_get(given: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, wanted in given["RequestItems"].items():
        table = _table(name)
        found = [_read_one(table, key) for key in wanted["Keys"]]
        answers[name] = [item for item in found if item is not None]
    return {"Responses": answers, "UnprocessedKeys": {}}


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    values = given["ExpressionAttributeValues"]
    prefix = values[":prefix"]["S"] if ":prefix" in values else ""
    partition: Any = _table(given["TableName"]).items.get(DynamoType(values[":pk"]), {})
    # A copy: while a sweep's other thread reads, its first one writes.
    held = {key.value: item for key, item in list(partition.items()) if key.value.startswith(prefix)}
    sorts = sorted(held, reverse=not given.get("ScanIndexForward", True))
    if "ExclusiveStartKey" in given:
        after = given["ExclusiveStartKey"]["sk"]["S"]
        forward = given.get("ScanIndexForward", True)
        sorts = [sort for sort in sorts if (sort > after if forward else sort < after)]
    limit = given.get("Limit", len(sorts))
    answer: dict[str, Any] = {"Items": [_item(held[sort]) for sort in sorts[:limit]]}
    if len(sorts) > limit:
        answer["LastEvaluatedKey"] = {"pk": values[":pk"], "sk": {"S": sorts[limit - 1]}}
    return answer


def _scan(given: Mapping[str, Any]) -> dict[str, Any]:
    partitions: list[Any] = list(_table(given["TableName"]).items.values())
    return {"Items": [_item(item) for held in partitions for item in list(held.values())]}


def _put(given: Mapping[str, Any]) -> dict[str, Any]:
    _handled("put_item", given)
    return {}


def _update(given: Mapping[str, Any]) -> dict[str, Any]:
    put = _as_put(given)
    _handled("put_item", put)
    return {"Attributes": put["Item"]}


def _transact(given: Mapping[str, Any]) -> dict[str, Any]:
    items = [{"Put": _as_put(item["Update"])} if "Update" in item else item for item in given["TransactItems"]]
    _handled("transact_write_items", {**given, "TransactItems": items})
    return {}


def _as_put(update: Mapping[str, Any]) -> dict[str, Any]:
    """Spell an update of `unified.table` as the put of what it makes: moto takes its time over update expressions."""
    names, values = update["ExpressionAttributeNames"], update.get("ExpressionAttributeValues", {})
    item = _read_one(_table(update["TableName"]), update["Key"]) or dict(update["Key"])
    for clause in re.findall(r"(?:SET|REMOVE|ADD) .*?(?= SET | REMOVE | ADD |$)", update["UpdateExpression"]):
        verb, _, rest = clause.partition(" ")
        for part in rest.split(", "):
            name, *value = part.replace(" = ", " ").split(" ")
            if verb == "REMOVE":
                item.pop(names[name], None)
            elif verb == "SET":
                item[names[name]] = values[value[0]]
            else:
                item[names[name]] = {"N": str(int(item.get(names[name], {"N": "0"})["N"]) + int(values[value[0]]["N"]))}
    condition = update.get("ConditionExpression")
    used = set(re.findall(r"[#:]\w+", condition or ""))
    put: dict[str, Any] = {"TableName": update["TableName"], "Item": item}
    if condition is not None:
        put["ConditionExpression"] = condition
        put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    for field, given in (("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)):
        if kept := {name: value for name, value in given.items() if name in used}:
            put[field] = kept
    return put


def _handled(method: str, given: Mapping[str, Any]) -> None:
    """Have one of moto's handlers do it. Raises what it refuses, told otherwise than by botocore."""
    handler: Any = DynamoHandler()
    handler.region, handler.current_account, handler.body = REGION, _ACCOUNT, _spelled(given)
    getattr(handler, method)()


def _spelled(value: Any) -> Any:
    """Copy what is sent, with bytes as moto keeps them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _spelled(part) for name, part in value.items()}
    return [_spelled(part) for part in value] if isinstance(value, list | tuple) else value


def _item(item: Any) -> dict[str, Any]:
    return _read({name: value.to_json() for name, value in item.attrs.items()})


def _read(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: Any) -> dict[str, Any]:
    ((kind, held),) = (value.to_json() if isinstance(value, DynamoType) else value).items()
    if kind == "B":
        return {"B": base64.b64decode(held)}
    if kind == "M":
        return {"M": _read(held)}
    return {"L": [_value(part) for part in held]} if kind == "L" else {kind: held}


_READS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "GetItem": _get,
    "BatchGetItem": _batch_get,
    "Query": _query,
    "Scan": _scan,
}
_WRITES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "PutItem": _put,
    "UpdateItem": _update,
    "TransactWriteItems": _transact,
}
