"""Holds the functions to their roles: what a function asks of AWS must be what template.yaml lets its role do.

moto refuses nothing and the local stack refuses nothing, so a right that is missing would show on Lambda and nowhere
else. Here each call that a function makes while it is invoked is judged as IAM would judge it: action, resource, and
the conditions on partition keys and encryption contexts. What tests do themselves, outside of an invocation, is not
judged.

Of a transaction each write is judged by the action that it would be alone
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html). AWS does not say whether
each with its own key or all of one action with all their keys, so a role must allow both.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from tests.unit.bundle.deployed import FUNCTIONS, actions, folder, resources, statements

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_QUEUES = {
    "hint": "HintQueue",
    "sweep": "SweepQueue",
    "delivery": "DeliveryQueue",
    "delivery-dead-letters": "DeliveryDeadLetterQueue",
}
_KEYS = "dynamodb:LeadingKeys"


class Asked(NamedTuple):
    """One action that IAM decides on: on what of the template's, and what conditions can look at."""

    action: str
    resource: str
    about: Mapping[str, tuple[str, ...]] = {}


class Roles:
    """Watches clients (``judge``) while functions are invoked (``held``). A call that no right covers fails a test."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._own = threading.local()
        self._running: Counter[str] = Counter()

    def held(self, function: str, handler: Handler) -> Handler:
        """Return a handler during which calls are judged by the function's role."""

        def invoked(event: dict[str, Any], context: Any) -> dict[str, Any]:
            before = getattr(self._own, "function", None)
            self._own.function = function
            self._running[function] += 1
            try:
                answer = handler(event, context)
            finally:
                self._own.function = before
                self._running[function] -= 1
            self.report()
            return answer

        return invoked

    def judge(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """Judge one call, as botocore's event ``before-parameter-build`` tells of it: asked, and not yet spelled."""
        functions = self._callers()
        if not functions:
            return
        for asked in what_is_asked(model.service_model.service_name, model.name, params):
            if not any(allows(function, asked) for function in functions):
                about = "".join(f", {name} {', '.join(values)}" for name, values in asked.about.items())
                names = " or ".join(sorted(functions))
                self.refused.append(f"{names} may not {asked.action} on {asked.resource}{about}")

    def report(self) -> None:
        """Fail with what was refused since the last time: a function may have taken it for AWS being down.

        Raises what pytest does for a failed test, which no ``except Exception`` takes for a failed invocation.
        """
        found, self.refused = self.refused, []
        if found:
            pytest.fail("no role of template.yaml allows this:\n" + "\n".join(dict.fromkeys(found)), pytrace=False)

    def _callers(self) -> list[str]:
        """Name the function that calls; in a thread of a function's own making, those that are running."""
        own = getattr(self._own, "function", None)
        if own is not None:
            return [own]
        if threading.current_thread() is threading.main_thread():
            return []
        return [function for function, count in list(self._running.items()) if count]


def what_is_asked(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[Asked]:
    """Yield the actions that a call to AWS needs."""
    match service:
        case "dynamodb":
            for action, keys in _leading_keys(operation, params):
                yield Asked(f"dynamodb:{action}", "Table", {_KEYS: tuple(sorted(keys))} if keys else {})
        case "kms":
            context = params.get("EncryptionContext", {})
            yield Asked(
                f"kms:{operation}",
                "Key",
                {f"kms:EncryptionContext:{name}": (value,) for name, value in context.items()},
            )
        case "sqs":
            queue = params.get("QueueUrl", "").rpartition("/")[2]
            yield Asked(f"sqs:{operation.removesuffix('Batch')}", _QUEUES.get(queue, "no queue of the stack's"))
        case "events":
            yield Asked(f"events:{operation}", "EventBus")
        case "secretsmanager":
            yield Asked(f"secretsmanager:{operation}", "AshbyOAuthClient")
        case "scheduler":
            yield Asked(f"scheduler:{operation}", "DeliverySchedules")
            passed = {"iam:PassedToService": ("scheduler.amazonaws.com",)}
            yield Asked("iam:PassRole", "DeliverySchedulesRole", passed)
        case _:
            yield Asked(f"{service}:{operation}", "nothing of the stack's")


def allows(function: str, asked: Asked) -> bool:
    """Tell whether one statement of a function's role allows what is asked, all its keys included."""
    return any(
        asked.action in said and asked.resource in on and all(_holds(*one, asked.about) for one in conditions)
        for said, on, conditions in _rights(function)
    )


@lru_cache(maxsize=32)
def _rights(function: str) -> list[tuple[list[str], set[str], list[tuple[str, str, Any]]]]:
    """Read a role: each statement's actions, the template's names of its resources, its conditions."""
    name = next((name for name in FUNCTIONS if folder(name) == function), None)
    assert name is not None, f"template.yaml has no function of functions/{function}"
    return [
        (
            actions(statement),
            {named for resource in resources(statement) for named in _names(resource)},
            [
                (operator, key, value)
                for operator, by_key in statement.get("Condition", {}).items()
                for key, value in by_key.items()
            ],
        )
        for statement in statements(name)
    ]


def _names(resource: Any) -> Iterator[str]:
    """Yield the template's own names of a resource, however an intrinsic function makes its ARN of them."""
    if isinstance(resource, dict):
        for function, argument in resource.items():
            match function:
                case "Ref":
                    yield argument
                case "Fn::GetAtt":
                    # A table's stream is another resource than the table.
                    yield argument[0] if argument[1] == "Arn" else ".".join(argument)
                case "Fn::Sub":
                    yield from (part.partition("}")[0] for part in argument.split("${")[1:])
                case _:
                    for inner in argument:
                        yield from _names(inner)


def _holds(operator: str, key: str, wanted: Any, about: Mapping[str, tuple[str, ...]]) -> bool:
    """Judge one condition (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)."""
    values = about.get(key)
    patterns: list[Any] = wanted if isinstance(wanted, list) else [wanted]
    match operator:
        case "Null":
            return (values is None) == (wanted == "true")
        case "StringEquals":
            return values is not None and all(value in patterns for value in values)
        case "ForAllValues:StringLike":
            return all(any(fnmatchcase(value, pattern) for pattern in patterns) for value in values or ())
        case _:
            raise AssertionError(f"a condition that nobody here can judge: {operator}")


def _leading_keys(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each action that a call to DynamoDB is judged by, with the partition keys that it names."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        together: dict[str, set[str]] = {}
        for item in params["TransactItems"]:
            for kind, part in item.items():
                action, key = _IN_TRANSACTIONS[kind], (part.get("Key") or part["Item"])["pk"]["S"]
                together.setdefault(action, set()).add(key)
                yield action, {key}
        yield from ((action, keys) for action, keys in together.items() if len(keys) > 1)
    elif operation == "BatchGetItem":
        yield operation, {key["pk"]["S"] for wanted in params["RequestItems"].values() for key in wanted["Keys"]}
    elif operation == "Query":
        assert params["KeyConditionExpression"].split(" AND ")[0] == "pk = :pk"
        yield operation, {params["ExpressionAttributeValues"][":pk"]["S"]}
    else:
        key = params.get("Key") or params.get("Item")
        yield operation, {key["pk"]["S"]} if key else set()
