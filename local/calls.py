"""Calls to the AWS emulator by the runner's own background work: without boto3, so that waiting costs no thread.

The three services used here speak JSON over HTTP; the emulator checks no signature, it reads the service from it.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from local.errors import LocalError
from local.settings import ACCOUNT_ID, REGION

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
_PROTOCOLS = {
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0"),
    "dynamodb": ("DynamoDBStreams_20120810", "application/x-amz-json-1.0"),
}
SECONDS = 30


class CallFailed(LocalError):
    """The emulator refused a call, or does not answer (any more)."""


class Aws:
    """The emulator at one address. Every method raises `CallFailed` where a call does not succeed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def sqs(self, action: str, queue: str, **arguments: object) -> dict[str, Any]:
        """Call SQS about a queue, given by its ARN or name."""
        return await self._target("sqs", action, {"QueueUrl": self.queue_url(queue), **arguments})

    async def streams(self, action: str, **arguments: object) -> dict[str, Any]:
        """Call DynamoDB Streams. Records come as they go over the wire, which is as Lambda gives them."""
        return await self._target("dynamodb", action, arguments)

    async def schedules(self) -> list[dict[str, Any]]:
        """List all schedules of EventBridge Scheduler, without their targets' details."""
        found: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            query = {"MaxResults": "100", **({"NextToken": token} if token else {})}
            page = await self._request("scheduler", "GET", "/schedules", query=query)
            found += page["Schedules"]
            token = page.get("NextToken")
            if not token:
                return found

    async def schedule(self, group: str, name: str) -> dict[str, Any]:
        """Read one schedule."""
        return await self._request("scheduler", "GET", f"/schedules/{quote(name)}", query={"groupName": group})

    async def delete_schedule(self, group: str, name: str) -> None:
        """Delete one schedule."""
        await self._request("scheduler", "DELETE", f"/schedules/{quote(name)}", query={"groupName": group})

    def queue_url(self, arn: str) -> str:
        """Give the address of a queue, given by its ARN or name."""
        return f"{self.url}/{ACCOUNT_ID}/{arn.rpartition(':')[2]}"

    async def _target(self, service: str, action: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        prefix, kind = _PROTOCOLS[service]
        headers = {"X-Amz-Target": f"{prefix}.{action}", "Content-Type": kind}
        return await self._request(service, "POST", "/", headers=headers, body=arguments)

    async def _request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        scope = f"local/20250101/{REGION}/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local"}
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = await self._client.request(
                method, path, params=query, headers={**signed, **(headers or {})}, content=content
            )
        except httpx.HTTPError as error:
            raise CallFailed(f"AWS (moto) does not answer: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise CallFailed(f"AWS (moto) answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()
