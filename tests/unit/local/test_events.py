"""The events that tests and ``sam local invoke`` use, against the template and the gateway."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.intrinsics import Reference
from local.payload import Request, to_event
from local.pool import label_of
from local.routing import Router
from local.settings import ACCOUNT_ID, REGION
from local.template import LAYER, Function, Template

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "events").glob("*/*.json"))
# What is not a request: made by local.event_sources.
REQUESTS = [file for file in FILES if "routeKey" in json.loads(file.read_text(encoding="utf-8"))]


def functions() -> list[Function]:
    """Read the functions of this repository's template."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    template = Template(text, {}, region=REGION, account=ACCOUNT_ID)
    attributes = {"StreamArn": "arn:aws:dynamodb:eu-west-1:1:table/Table/stream/1", "ApiEndpoint": "http://api"}
    return template.functions(
        lambda name: (
            Reference(name, {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}", **attributes})
            if template.resources[name].type != LAYER
            else Reference(name, {"Arn": name})
        )
    )


def test_every_function_has_an_event() -> None:
    """A function that nobody can invoke by hand is hard to understand."""
    assert {label_of(function) for function in functions()} == {file.parent.name for file in FILES}


@pytest.mark.parametrize("file", REQUESTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_event_is_what_the_gateway_sends_that_function(file: Path) -> None:
    """The request it stands for takes the route it names, and gives the same event again."""
    event: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    http = event["requestContext"]["http"]
    variables = event.get("pathParameters", {})
    path = "/" + event["routeKey"].partition(" /")[2]
    for name, value in variables.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}+}}", quote(value))
    if event["routeKey"] == "$default":
        path = event["rawPath"]
    match = Router([route for function in functions() for route in function.routes]).match(http["method"], path)
    assert match is not None
    assert match.route.key == event["routeKey"]
    assert {function.name: label_of(function) for function in functions()}[match.route.function] == file.parent.name
    body = event.get("body", "").encode()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in event["headers"].items()]
    headers = [header for header in headers if header[0] != b"x-forwarded-for"]
    if "cookies" in event:
        headers.append((b"cookie", "; ".join(event["cookies"]).encode()))
    again = to_event(
        Request(
            http["method"],
            path,
            event["rawQueryString"],
            headers,
            base64.b64decode(body) if event["isBase64Encoded"] else body,
            http["sourceIp"],
            http["protocol"],
            "https",
        ),
        match,
        request_id=event["requestContext"]["requestId"],
        trace_id=event["headers"]["x-amzn-trace-id"],
        now=datetime.fromtimestamp(event["requestContext"]["timeEpoch"] / 1000, UTC),
    )
    again["requestContext"]["apiId"] = event["requestContext"]["apiId"]
    assert again == event
