"""What a function costs that is written without thought for its cold start: the floor to compare with.

It imports and makes up front what such an API needs, as its tutorials show it, and has one route.
"""

from __future__ import annotations

from typing import Any

import boto3
import httpx
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

app = APIGatewayHttpResolver(enable_validation=True)
dynamodb = boto3.client("dynamodb")  # pyright: ignore[reportUnknownMemberType] - stubs are partial
kms = boto3.client("kms")  # pyright: ignore[reportUnknownMemberType] - stubs are partial
http = httpx.Client()


@app.get("/v1/resources/<model>")
def list_resources(model: str) -> dict[str, str]:
    """Answer something."""
    return {"model": model}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
