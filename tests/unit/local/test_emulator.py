"""What is put right in moto: queries see one partition, transactions leave nothing behind, delays follow the speed."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.emulator import mend
from local.settings import REGION


@pytest.fixture
def fast(aws_url: str) -> Iterator[None]:
    """Divide delays by a hundred for one test."""
    mend(100)
    yield
    mend()


def client(url: str, service: Any) -> Any:
    """Make a client of the emulator."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )


def test_a_query_gives_its_partition_in_order_whatever_else_there_is(aws_url: str) -> None:
    """In both directions and page by page; a scan gives everything, a partition that is not there stays so."""
    database = client(aws_url, "dynamodb")
    database.create_table(
        TableName="q",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    )
    for sk in ("c", "a", "b"):
        for pk in ("one", "two"):
            database.put_item(TableName="q", Item={"pk": {"S": pk}, "sk": {"S": sk}})

    def query(pk: str, **more: Any) -> dict[str, Any]:
        asked = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}}}
        return database.query(TableName="q", **asked, **more)

    def names(answer: dict[str, Any]) -> list[str]:
        return [item["pk"]["S"] + item["sk"]["S"] for item in answer["Items"]]

    assert names(query("one")) == ["onea", "oneb", "onec"]
    assert names(query("two", ScanIndexForward=False)) == ["twoc", "twob", "twoa"]
    assert names(query("none")) == []
    first = query("one", Limit=2)
    assert names(query("one", ExclusiveStartKey=first["LastEvaluatedKey"])) == ["onec"]
    assert len(database.scan(TableName="q")["Items"]) == 6


def test_a_transaction_that_fails_leaves_no_trace(aws_url: str) -> None:
    """Neither in the table nor in its stream; what was there is as it was."""
    database, streams = client(aws_url, "dynamodb"), client(aws_url, "dynamodbstreams")
    made = database.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]

    def key(name: str) -> dict[str, Any]:
        return {"pk": {"S": name}, "sk": {"S": "x"}}

    for name in ("kept", "gone"):
        database.put_item(TableName="t", Item={**key(name), "v": {"N": "1"}})
    update = {
        "TableName": "t",
        "Key": key("kept"),
        "UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": {":v": {"N": "2"}},
    }
    taken = {"TableName": "t", "Item": key("kept2"), "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(database.exceptions.TransactionCanceledException):
        database.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "t", "Item": key("new")}},
                {"Update": update},
                {"Delete": {"TableName": "t", "Key": key("gone")}},
                {"Put": taken},
            ]
        )
    items = {item["pk"]["S"]: item.get("v") for item in database.scan(TableName="t")["Items"]}
    assert items == {"kept": {"N": "1"}, "gone": {"N": "1"}}
    stream = made["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert len(streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]) == 2
    database.transact_write_items(TransactItems=[{"Update": update}])
    assert database.get_item(TableName="t", Key=key("kept"))["Item"]["v"] == {"N": "2"}


@pytest.mark.usefixtures("fast")
def test_a_delay_is_divided_by_the_speed(aws_url: str) -> None:
    """Ten seconds pass in a tenth of one."""
    sqs = client(aws_url, "sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=10)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)
    assert len(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]) == 1


def test_a_queue_is_counted_for_who_asks(aws_url: str) -> None:
    """Not at every message that is sent, as moto does."""
    sqs = client(aws_url, "sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"] == dict.fromkeys(names, "1")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"] == {
        names[0]: "1",
        names[1]: "0",
    }
