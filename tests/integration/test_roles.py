"""The watch over roles sees what IAM would refuse, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.quick_table import hasten
from tests.integration.roles import Asked, Roles, allows, what_is_asked
from tests.integration.stack import Stack
from unified import aws
from unified.settings import settings

WORK: dict[str, Callable[[], Any]] = {
    "reads a credential": lambda: item("get_item", "CREDENTIAL#p#ashby#o"),
    "writes a key": lambda: aws.client("dynamodb").put_item(
        TableName="unified-test", Item={"pk": {"S": "KEY#pk_test"}, "sk": {"S": "SECRET#x"}}
    ),
    "reads an event": lambda: item("get_item", "EVENT#p#2026-11-24"),
    "reads the whole table": lambda: aws.client("dynamodb").scan(TableName="unified-test"),
    "sends a delivery": lambda: aws.client("sqs").send_message(
        QueueUrl=settings().delivery_queue_url, MessageBody="{}"
    ),
}


def item(call: str, pk: str) -> Any:
    """Ask for one item."""
    key = {"pk": {"S": pk}, "sk": {"S": "x"}}
    return getattr(aws.client("dynamodb"), call)(TableName="unified-test", Key=key)


def invoked(function: str, work: Callable[[], Any]) -> Roles:
    """Do work as a function would, watched."""
    roles = Roles()
    for service in ("dynamodb", "sqs", "kms"):
        aws.client(service).meta.events.register("before-parameter-build", roles.judge, unique_id="test")

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        work()
        return {}

    try:
        roles.held(function, handler)({}, None)
    finally:
        for service in ("dynamodb", "sqs", "kms"):
            aws.client(service).meta.events.unregister("before-parameter-build", unique_id="test")
    return roles


def test_what_a_role_allows_passes(stack: Stack) -> None:
    assert invoked("resources", WORK["reads a credential"]).refused == []


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("writes a key", "resources may not dynamodb:PutItem on Table, dynamodb:LeadingKeys KEY#pk_test"),
        ("reads an event", "resources may not dynamodb:GetItem on Table, dynamodb:LeadingKeys EVENT#p#2026-11-24"),
        ("reads the whole table", "resources may not dynamodb:Scan on Table"),
        ("sends a delivery", "resources may not sqs:SendMessage on DeliveryQueue"),
    ],
)
def test_what_it_does_not_allow_fails_by_name(stack: Stack, work: str, said: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="no role of template") as failed:
        invoked("resources", WORK[work])
    assert said in str(failed.value)


def test_threads_of_a_function_are_its_own(stack: Stack) -> None:
    def spread() -> None:
        thread = threading.Thread(target=WORK["reads an event"])
        thread.start()
        thread.join()

    with pytest.raises(pytest.fail.Exception, match="EVENT#"):
        invoked("resources", spread)
    assert invoked("events", spread).refused == []


def test_what_a_test_does_itself_is_not_judged(stack: Stack) -> None:
    roles = invoked("docs", lambda: None)
    roles.judge({"TableName": "unified-test"}, aws.client("dynamodb").meta.service_model.operation_model("Scan"))
    assert roles.refused == []


def context(purpose: str, **changes: str) -> Asked:
    """Ask KMS to open a data key."""
    of = {"purpose": purpose, "project": "p", "connector": "ashby", "owner": "o", **changes}
    (asked,) = what_is_asked("kms", "Decrypt", {"EncryptionContext": {name: of[name] for name in of if of[name]}})
    return asked


def test_data_keys_are_opened_for_what_they_are_for_and_whose(stack: Stack) -> None:
    assert allows("deliver", context("event"))
    assert not allows("deliver", context("credential"))
    assert allows("resources", context("credential"))
    assert not allows("resources", context("credential", owner=""))
    # Through another service is another right: the encrypted table's is none to open credentials.
    assert not allows("docs", context("credential"))


def transaction(**writes: tuple[str, ...]) -> list[Asked]:
    """Ask for a transaction of writes to partitions, by the kind of write."""
    items = [
        {kind: {"TableName": "t", place: {"pk": {"S": pk}, "sk": {"S": "x"}}}}
        for kind, pks in writes.items()
        for place in ["Item" if kind == "Put" else "Key"]
        for pk in pks
    ]
    return list(what_is_asked("dynamodb", "TransactWriteItems", {"TransactItems": items}))


def test_a_transaction_is_judged_write_by_write(stack: Stack) -> None:
    asked = transaction(Update=("PROJECT#p",), Delete=("CREDENTIAL#p#ashby#o",))

    assert [one.action for one in asked] == ["dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    assert [allows("resources", one) for one in asked] == [True, False]
    assert [allows("connections", one) for one in asked] == [True, True]


def test_and_action_by_action_over_all_its_keys(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two statements that allow one write each do not allow both at once."""
    asked = transaction(Put=("LEDGER#p#ashby#g#o", "EVENT#p#2026-11-24"), Update=("SYNC#p#ashby#g#o",) * 2)

    assert [len(one.about["dynamodb:LeadingKeys"]) for one in asked] == [1, 1, 1, 1, 2]
    assert all(allows("observe", one) for one in asked)

    rights = [
        (["dynamodb:PutItem"], {"Table"}, [("ForAllValues:StringLike", "dynamodb:LeadingKeys", [pattern])])
        for pattern in ("LEDGER#*", "EVENT#*")
    ]
    monkeypatch.setattr("tests.integration.roles._rights", lambda _function: rights)
    puts = [one for one in asked if one.action == "dynamodb:PutItem"]
    assert [allows("observe", one) for one in puts] == [True, True, False]


def test_a_batch_is_judged_as_a_whole(stack: Stack) -> None:
    keys = [{"pk": {"S": pk}, "sk": {"S": "x"}} for pk in ("PROJECT#p", "EVENT#p#2026-11-24")]
    (asked,) = what_is_asked("dynamodb", "BatchGetItem", {"RequestItems": {"t": {"Keys": keys}}})

    assert not allows("resources", asked)
    assert not allows("observe", asked)


def test_the_deployments_own_handlers_are_watched(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of this would hold for nothing."""

    def forged(*_args: Any, **_rest: Any) -> dict[str, Any]:
        WORK["writes a key"]()
        return json.loads("{}")

    monkeypatch.setattr("unified.api.connections.list_connections", forged)
    with pytest.raises(pytest.fail.Exception, match="connections may not dynamodb:PutItem"):
        stack.call("GET", "/v1/connections")


def test_so_is_the_short_way_to_the_table(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """By which the long tests go: reads and writes, and a function that fails of it is not all there is to see."""
    hasten(monkeypatch)

    for work in ("reads an event", "writes a key", "reads the whole table"):

        def forged(*_args: Any, work: str = work, **_rest: Any) -> dict[str, Any]:
            WORK[work]()
            return {}

        monkeypatch.setattr("unified.api.connections.list_connections", forged)
        with pytest.raises(pytest.fail.Exception, match="connections may not dynamodb:"):
            stack.call("GET", "/v1/connections")
