"""The local stack as a benchmark uses it: ``python -m local`` on free ports, and what its functions are told."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class LocalStack:
    """A running stack."""

    url: str
    sandbox_url: str
    aws_url: str

    def call(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        """Call the API and return its answer. Raises for an error."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - a loopback address
            self.url + path, method=method, data=content, headers={**headers, "content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    def function_environment(self) -> dict[str, str]:
        """Return the environment of the stack's functions, found as an operator would: by looking at AWS."""

        def client(service: str) -> Any:
            access = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
            where: dict[str, Any] = {"endpoint_url": self.aws_url, "region_name": "eu-west-1", **access}
            return cast(Any, boto3).client(service, **where)

        table = client("dynamodb").list_tables()["TableNames"][0]
        key = client("kms").list_keys()["Keys"][0]["KeyArn"]
        secret = client("secretsmanager").list_secrets()["SecretList"][0]["ARN"]
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "TABLE_NAME": table,
            "KEY_ARN": key,
            "OAUTH_CLIENT_SECRET_ARN": secret,
            "ASHBY_API_URL": self.sandbox_url,
            "PUBLIC_URL": self.url,
            "ALLOWED_REDIRECT_URLS": "",
            **dict.fromkeys(("HINT_QUEUE_URL", "SWEEP_QUEUE_URL", "DELIVERY_QUEUE_URL"), ""),
            **dict.fromkeys(("EVENT_BUS_NAME", "DELIVERY_ALLOWED_NETWORKS", "BASE_URLS"), ""),
            "POWERTOOLS_SERVICE_NAME": "resources",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }


@contextlib.contextmanager
def running(**environment: str) -> Generator[LocalStack]:
    """Start the stack on free ports and stop it at the end."""
    with contextlib.ExitStack() as reserved:
        ports = [_reserve(reserved) for _ in range(3)]
    named = dict(zip(("PORT", "SANDBOX_PORT", "AWS_PORT"), map(str, ports), strict=True))
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, **named, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("ready "):
                break
        else:
            raise RuntimeError("the local stack did not start")
        yield LocalStack(*(f"http://127.0.0.1:{port}" for port in ports))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _reserve(stack: contextlib.ExitStack) -> int:
    found = stack.enter_context(socket.socket())
    found.bind(("127.0.0.1", 0))
    return found.getsockname()[1]
