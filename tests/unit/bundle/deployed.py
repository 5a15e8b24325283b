"""What template.yaml deploys, in the words that the tests beside this speak."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from local.intrinsics import parse

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE: dict[str, Any] = parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]
FUNCTIONS = {name: body for name, body in RESOURCES.items() if body["Type"] == "AWS::Serverless::Function"}
KEY = {"Fn::If": ["CreateKey", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "KmsKeyArn"}]}

each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def folder(name: str) -> str:
    """Name the folder of functions/ that a function runs."""
    return FUNCTIONS[name]["Properties"]["CodeUri"].removeprefix("functions/")


def logical(of_folder: str) -> str:
    """Name the function that runs a folder of functions/."""
    return next(name for name in FUNCTIONS if folder(name) == of_folder)


def role(name: str) -> dict[str, Any]:
    """Return the properties of a function's role."""
    reference = FUNCTIONS[name]["Properties"]["Role"]
    return RESOURCES[reference["Fn::GetAtt"][0]]["Properties"]


def statements(name: str) -> list[dict[str, Any]]:
    """List all that a function's role says."""
    return [statement for policy in role(name)["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return a statement's actions, as a list however they are written."""
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def partitions(statement: dict[str, Any]) -> list[str]:
    """Return the partition key patterns that a statement is limited to."""
    return statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


def allows(of_folder: str, action: str, pk: str) -> bool:
    """Tell whether a function may take an action on the item of a partition."""
    return any(
        action in actions(statement) and any(fnmatchcase(pk, pattern) for pattern in partitions(statement))
        for statement in statements(logical(of_folder))
        if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
    )


def sources(name: str, kind: str) -> list[dict[str, Any]]:
    """List the properties of a function's events of one kind, such as ``SQS``."""
    events = FUNCTIONS[name]["Properties"]["Events"].values()
    return [event["Properties"] for event in events if event["Type"] == kind]


def timeout(name: str) -> int:
    """Return the seconds that a function has."""
    return FUNCTIONS[name]["Properties"].get("Timeout", GLOBALS["Timeout"])


def resources(statement: dict[str, Any]) -> list[Any]:
    """Return a statement's resources, as a list however they are written."""
    resource = statement["Resource"]
    return resource if isinstance(resource, list) else [resource]


def granted(of_folder: str, action: str) -> list[Any]:
    """List the resources that a function may take an action on, however often each is named."""
    return [
        resource
        for statement in statements(logical(of_folder))
        if action in actions(statement)
        for resource in resources(statement)
    ]


def walk(value: Any) -> Iterator[Any]:
    """Yield every value within a value."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def routes(name: str) -> list[str]:
    """List API Gateway's names of the routes that lead to a function."""
    found = sources(name, "HttpApi")
    return [f"{route['Method']} {route['Path']}" if "Path" in route else "$default" for route in found]
