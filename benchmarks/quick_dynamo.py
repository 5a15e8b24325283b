"""A DynamoDB for benchmarks: one table in memory behind DynamoDB's own protocol, as quick as Python allows.

moto takes tens of milliseconds for a batch of a hundred items, and so would be what is measured. This knows just what
``unified.table`` says (``=``, ``<``, ``attribute_exists``; ``SET``, ``REMOVE``, ``ADD``), answers after a delay that
stands for the network and the service, and counts what DynamoDB would bill: a write unit for each KB that is begun, a
read unit for each 4 KB, twice as much in a transaction
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html). It is a process of its
own, so that what it holds is not taken for the memory of a function.

``python -m benchmarks.quick_dynamo PORT SINGLE_MS MANY_MS``: the delay of calls for one item, and for several.
``GET /units`` tells what was counted since it was last asked, ``GET /keys/EVENT`` the keys of items whose pk so begins.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

Raw = dict[str, Any]
_PAGE_BYTES = 1 << 20
_TERM = re.compile(r"(attribute_exists|attribute_not_exists)\((\S+)\)|(\S+) (=|<|>) (\S+)")
_MANY = frozenset({"BatchGetItem", "Query", "TransactWriteItems"})


class Refused(Exception):
    """A condition that does not hold: DynamoDB's error and what comes with it."""

    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(kind)
        self.answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "condition", **more}


class Held(NamedTuple):
    """An item as it is sent, its size as DynamoDB counts it, and it itself."""

    text: bytes
    size: int
    item: Raw
    parts: dict[str, bytes]

    def only(self, asked: Raw) -> bytes:
        """Return the item, or the attributes of it that are asked for."""
        expression = asked.get("ProjectionExpression")
        if expression is None:
            return self.text
        names = asked.get("ExpressionAttributeNames", {})
        wanted = [names.get(name, name) for name in expression.split(", ")]
        key = ",".join(wanted)
        if key not in self.parts:
            part = {name: self.item[name] for name in wanted if name in self.item}
            self.parts[key] = json.dumps(part, separators=(",", ":")).encode()
        return self.parts[key]


class Database:
    """The table. ``units`` counts reads, writes and calls by name."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Held]] = {}
        self._order: dict[str, list[str]] = {}
        self.units: Counter[str] = Counter()

    def answer(self, operation: str, asked: Raw) -> bytes:
        """Answer one call. Raises ``Refused``."""
        self.units[operation] += 1
        return getattr(self, f"_{operation}")(asked)

    def keys(self, prefix: str) -> list[tuple[str, str]]:
        """Return the keys of all items whose pk begins with ``prefix``, in order."""
        return [(pk, sk) for pk in sorted(self._items) if pk.startswith(prefix) for sk in self._sorted(pk)]

    def _GetItem(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        held = self._read(asked["Key"])
        return b"{}" if held is None else b'{"Item":' + held.text + b"}"

    def _BatchGetItem(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        ((name, wanted),) = asked["RequestItems"].items()
        found = [held.only(wanted) for key in wanted["Keys"] if (held := self._read(key)) is not None]
        return b'{"Responses":{"%s":[%s]},"UnprocessedKeys":{}}' % (name.encode(), b",".join(found))

    def _Query(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        values = asked["ExpressionAttributeValues"]
        pk, prefix = values[":pk"]["S"], values.get(":prefix", {"S": ""})["S"]
        after = asked.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        found: list[bytes] = []
        size, last = 0, ""
        more = False
        for sk in self._sorted(pk):
            if sk <= after or not sk.startswith(prefix):
                continue
            if size >= _PAGE_BYTES or len(found) == asked.get("Limit"):
                more = True
                break
            held = self._items[pk][sk]
            if _holds(asked.get("FilterExpression", ""), held.item, asked):
                found.append(held.only(asked))
            size += held.size
            last = sk
        self.units["reads"] += max(1, math.ceil(size / 4096))
        key = json.dumps({"pk": {"S": pk}, "sk": {"S": last}}).encode()
        listed = b"" if asked.get("Select") == "COUNT" else b'"Items":[%s],' % b",".join(found)
        return b'{%s"Count":%d%s}' % (listed, len(found), b',"LastEvaluatedKey":' + key if more else b"")

    def _PutItem(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        self._write({"Put": asked}, 1)()
        return b"{}"

    def _UpdateItem(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        self._write({"Update": asked}, 1)()
        held = self._held(asked["Key"])
        assert held is not None
        return b'{"Attributes":' + held.text + b"}"

    def _DeleteItem(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        self._write({"Delete": asked}, 1)()
        return b"{}"

    def _TransactWriteItems(self, asked: Raw) -> bytes:  # noqa: N802 - DynamoDB's name
        ready: list[Any] = []
        for write in asked["TransactItems"]:
            try:
                ready.append(self._write(write, 2))
            except Refused as refused:
                reasons: list[Raw] = [{"Code": "None"} for _ in asked["TransactItems"]]
                reasons[len(ready)] = {"Code": "ConditionalCheckFailed", **refused.answer}
                raise Refused("TransactionCanceledException", CancellationReasons=reasons) from None
        for write in ready:
            write()
        return b"{}"

    def _write(self, write: Mapping[str, Raw], factor: int) -> Any:
        """Check one write and return what does it. Raises ``Refused``."""
        ((kind, asked),) = write.items()
        key: Raw = asked["Item"] if kind == "Put" else asked["Key"]
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        held = self._held(key)
        before: Raw = {} if held is None else json.loads(held.text)
        if not _holds(asked.get("ConditionExpression", ""), before, asked):
            raise Refused("ConditionalCheckFailedException", **({"Item": before} if before else {}))
        after: Raw | None = None if kind == "Delete" else asked["Item"] if kind == "Put" else _updated(before, asked)
        size = 0 if after is None else _size(after)
        self.units["writes"] += factor * max(1, math.ceil(max(size, held.size if held else 0) / 1024))

        def do() -> None:
            if after is None:
                self._items.get(pk, {}).pop(sk, None)
                self._order.pop(pk, None)
                return
            if held is None:
                self._order.pop(pk, None)
            self._items.setdefault(pk, {})[sk] = Held(
                json.dumps(after, separators=(",", ":")).encode(), size, after, {}
            )

        return do

    def _held(self, key: Raw) -> Held | None:
        return self._items.get(key["pk"]["S"], {}).get(key["sk"]["S"])

    def _read(self, key: Raw) -> Held | None:
        held = self._held(key)
        self.units["reads"] += max(1, math.ceil((held.size if held else 0) / 4096))
        return held

    def _sorted(self, pk: str) -> list[str]:
        if pk not in self._order:
            self._order[pk] = sorted(self._items.get(pk, ()))
        return self._order[pk]


def _holds(expression: str, item: Raw, asked: Raw) -> bool:
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})

    def term(text: str) -> bool:
        found = _TERM.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        exists, of, left, sign, right = found.groups()
        if exists:
            return (names.get(of, of) in item) == (exists == "attribute_exists")
        one, other = _value(item.get(names.get(left, left))), _value(values[right])
        if one is None:
            return False
        return one == other if sign == "=" else one < other if sign == "<" else one > other

    return not expression or any(all(term(part) for part in one.split(" AND ")) for one in expression.split(" OR "))


def _value(raw: Any) -> Any:
    return None if raw is None else float(raw["N"]) if "N" in raw else next(iter(raw.values()))


def _updated(before: Raw, asked: Raw) -> Raw:
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    after = {**before, **asked["Key"]}
    for verb, clause in re.findall(r"(SET|REMOVE|ADD) (.*?)(?= SET | REMOVE | ADD |$)", asked["UpdateExpression"]):
        for part in clause.split(", "):
            name, _, value = part.replace(" = ", " ").partition(" ")
            name = names.get(name, name)
            if verb == "REMOVE":
                after.pop(name, None)
            elif verb == "SET":
                after[name] = values[value]
            else:
                after[name] = {"N": str(int(after.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))}
    return after


def _size(raw: Any) -> int:
    """Return an item's size: names and texts in UTF-8, numbers by their digits, binary decoded."""
    total = 0
    for name, value in raw.items():
        ((kind, content),) = value.items()
        total += len(name.encode()) + _content(kind, content)
    return total


def _content(kind: str, content: Any) -> int:
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 1
        case "B":
            return len(content) * 3 // 4
        case "L":
            return 3 + sum(1 + _content(*next(iter(one.items()))) for one in content)
        case "M":
            return 3 + len(content) + _size(content)
        case _:
            return 1


class Connection(asyncio.Protocol):
    """One kept connection: requests one after another, as botocore sends them."""

    def __init__(self, database: Database, single: float, many: float) -> None:
        self._database = database
        self._delays = (single, many)
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            line, *lines = self._received[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
            length = int(headers.get("content-length", "0"))
            if len(self._received) < end + 4 + length:
                return
            body, self._received = self._received[end + 4 : end + 4 + length], self._received[end + 4 + length :]
            method, path, _ = line.split(" ")
            if method == "GET":
                self._send(200, self._told(unquote(path)))
                continue
            operation = headers["x-amz-target"].partition(".")[2]
            try:
                status, answer = 200, self._database.answer(operation, json.loads(body))
            except Refused as refused:
                status, answer = 400, json.dumps(refused.answer).encode()
            delay = self._delays[operation in _MANY]
            asyncio.get_running_loop().call_later(delay, self._send, status, answer)

    def _told(self, path: str) -> bytes:
        if path.startswith("/keys/"):
            return json.dumps(self._database.keys(path.removeprefix("/keys/"))).encode()
        told = json.dumps(self._database.units).encode()
        self._database.units.clear()
        return told

    def _send(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def serve(port: int, single: float, many: float) -> None:
    """Serve until killed; the delays are in seconds."""
    database = Database()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(database, single, many), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000))
