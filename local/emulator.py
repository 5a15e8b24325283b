"""What moto needs to stand for AWS in a stack at work: exclusive queues, and costs that do not grow with the data.

As it comes, moto loses a message that is sent while another is deleted, walks through a whole queue for each
receipt, sorts the whole table for each query, copies it for each transaction and keeps every iterator of a stream.
`mend` puts that right in this process. Its state is moto's own, so everything else of moto works as before.
"""

import copy
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

from moto.core.utils import unix_time, unix_time_millis
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.sqs.models import Message, Queue, SQSBackend

# AWS lets an iterator expire after 15 minutes; the oldest of this many is older than any in use.
ITERATORS = 1000
LOOK_SECONDS = 0.05
_LOCKED = (
    "send_message",
    "send_message_batch",
    "delete_message",
    "delete_message_batch",
    "change_message_visibility",
    "change_message_visibility_batch",
    "purge_queue",
)
_ORIGINALS: dict[str, Callable[..., Any]] = {name: getattr(SQSBackend, name) for name in (*_LOCKED, "receive_message")}
_TRANSACT = DynamoDBBackend.transact_write_items
_QUERY = Table.query
_ALL_ITEMS = Table.all_items
_GET_RECORDS = DynamoDBStreamsBackend.get_records
_COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)
_COUNTERS: dict[str, property] = {name: vars(Queue)[name] for name in _COUNTS}
_queues = threading.RLock()
_transactions = threading.RLock()
_at_work = threading.local()


def mend(speed: float = 1.0) -> None:
    """Change moto in this process; a message sent with a delay then waits that time divided by `speed`."""

    def delay(message: Message, delay_seconds: int) -> None:
        message.delayed_until = unix_time_millis() + int(delay_seconds) * 1000 / speed

    for name in _LOCKED:
        setattr(SQSBackend, name, _exclusive(_ORIGINALS[name]))
    for name in _COUNTS:
        setattr(Queue, name, property(_unless_at_work(_COUNTERS[name])))
    changes: list[tuple[type, str, object]] = [
        (Message, "delay", delay),
        (SQSBackend, "receive_message", _receive),
        (SQSBackend, "is_message_valid_based_on_retention_period", _is_kept),
        (Queue, "messages", property(_Visible)),
        (Queue, "delete_message", _delete),
        (Table, "query", _query),
        (Table, "all_items", _all_items),
        (DynamoDBBackend, "transact_write_items", _transact),
        (DynamoDBStreamsBackend, "get_records", _get_records),
    ]
    for owner, name, value in changes:
        setattr(owner, name, value)


def _exclusive(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        with _queues:
            outer = getattr(_at_work, "yes", False)
            _at_work.yes = True
            try:
                return method(*arguments, **named)
            finally:
                _at_work.yes = outer

    return call


def _unless_at_work(counter: property) -> Callable[[Queue], int]:
    """Count only for who asks: moto counts the whole queue for each message that is sent, and drops the result."""

    def count(queue: Queue) -> int:
        return 0 if getattr(_at_work, "yes", False) else counter.__get__(queue)

    return count


def _receive(backend: SQSBackend, queue_name: str, count: int, wait: int, *rest: Any, **named: Any) -> list[Message]:
    """Wait for messages without keeping others from sending some."""
    deadline = time.monotonic() + wait
    while True:
        with _queues:
            found: list[Message] = _ORIGINALS["receive_message"](backend, queue_name, count, 0, *rest, **named)
        if found or time.monotonic() >= deadline:
            return found
        time.sleep(LOOK_SECONDS)


def _query(table: Table, hash_key: DynamoType | None, *rest: Any, **named: Any) -> Any:
    """Have a query look at its own partition alone. Tables with an index are moto's own matter."""
    _at_work.partition = None if table.all_indexes() or hash_key is None else (table, hash_key)
    try:
        return _QUERY(table, hash_key, *rest, **named)
    finally:
        _at_work.partition = None


def _all_items(table: Table) -> list[Item]:
    asked: tuple[Table, DynamoType] | None = getattr(_at_work, "partition", None)
    if asked is None or asked[0] is not table or table.range_key_attr is None:
        return _ALL_ITEMS(table)
    items: dict[DynamoType, dict[DynamoType, Item]] = vars(table)["items"]
    # Not by subscription: that would make the partition.
    return list(items.get(asked[1], {}).values())


def _is_kept(backend: SQSBackend, queue_name: str, message: Message) -> bool:
    """Say whether a message is within its queue's retention. moto counts the queue's messages to find that out."""
    queue: Any = backend.get_queue(queue_name)
    return queue.message_retention_period + (message.sent_timestamp or 0) / 1000 > unix_time()


def _delete(queue: Queue, receipt_handle: str) -> None:
    """Delete one message. What is received lies near the front, so it is found soon."""
    if receipt_handle in queue.deleted_messages:
        return
    kept = _kept(queue)
    for position, message in enumerate(kept):
        if message.receipt_handle == receipt_handle or message.had_receipt_handle(receipt_handle):
            del kept[position]
            queue.pending_messages.discard(message)
            queue.deleted_messages.add(receipt_handle)
            return


class _Visible(Sequence[Message]):
    """A queue's messages that may be received now; whoever needs one looks no further than that."""

    def __init__(self, queue: Queue) -> None:
        self._kept = _kept(queue)

    def __iter__(self) -> Iterator[Message]:
        now = unix_time_millis()
        return (message for message in self._kept if now > message.visible_at and now >= message.delayed_until)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        return list(self)[index]


def _kept(queue: Queue) -> list[Message]:
    return vars(queue)["_messages"]


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write all or nothing, keeping for that what the transaction touches instead of the whole table.

    Requests to the local stack's database come one after another (`local.aws.SerialDatabase`), so nobody sees the
    halves. Where moto answers in the caller's own process, only transactions wait for each other.
    """
    with _transactions:
        _transact_alone(backend, transact_items)


def _transact_alone(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    touched: list[tuple[Table, DynamoType, DynamoType | None, Any]] = []
    streams: dict[str, int] = {}
    for item in transact_items:
        for operation in item.values():
            table = backend.tables.get(operation.get("TableName", ""))
            key: dict[str, Any] = operation.get("Key") or operation.get("Item") or {}
            names = [name for name in (table.hash_key_attr, table.range_key_attr) if name] if table else []
            if table is None or any(name not in key for name in names):
                continue
            hash_key, range_key = (*(DynamoType(key[name]) for name in names), None)[:2]
            assert hash_key is not None  # noqa: S101 (every table has one)
            touched.append((table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))))
            streams[table.name] = len(table.stream_shard.items) if table.stream_shard else 0
    setattr(Table, "__deepcopy__", _same)  # noqa: B010 (moto's own copy, for the time of the call)
    try:
        _TRANSACT(backend, transact_items)
    except BaseException:
        for table, hash_key, range_key, before in touched:
            _put_back(table, hash_key, range_key, before)
            if table.stream_shard:
                del table.stream_shard.items[streams[table.name] :]
        raise
    finally:
        delattr(Table, "__deepcopy__")


def _same(table: Table, _: object) -> Table:
    return table


def _put_back(table: Table, hash_key: DynamoType, range_key: DynamoType | None, before: Any) -> None:
    items: Any = vars(table)["items"]
    holder, key = (items, hash_key) if range_key is None else (items[hash_key], range_key)
    if before is None:
        holder.pop(key, None)
    else:
        holder[key] = before


def _get_records(backend: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    """Give records, and forget the oldest iterators."""
    answer = _GET_RECORDS(backend, iterator_arn, limit)
    iterators = backend.shard_iterators
    for name in list(itertools.islice(iterators, max(0, len(iterators) - ITERATORS))):
        iterators.pop(name, None)
    return answer
