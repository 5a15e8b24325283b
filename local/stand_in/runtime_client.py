"""Stands in for awslambdaric's native HTTP client, which AWS builds for Linux only.

On the path of a function's process where the native module is missing (macOS), so that functions run
there through the same runtime code. The names and signatures are the native module's.
"""

import http.client
import os
from email.message import Message

_PREFIX = "/2018-06-01/runtime/invocation"


def initialize_client(user_agent: str) -> None:
    """Nothing to prepare; the native client sets its User-Agent here."""
    del user_agent


def next() -> tuple[bytes, dict[str, str | int]]:  # noqa: A001 (the native module's name)
    """Wait for the next event: its body and its headers, the deadline as a number."""
    body, headers = _request("GET", f"{_PREFIX}/next", None, {})
    deadline = "Lambda-Runtime-Deadline-Ms"
    return body, {**dict(headers.items()), deadline: int(headers[deadline])}


def post_invocation_result(
    invoke_id: str, result_data: bytes, content_type: str, invocation_id: str | None = None
) -> None:
    """Give the function's answer."""
    del invocation_id
    _request("POST", f"{_PREFIX}/{invoke_id}/response", result_data, {"Content-Type": content_type})


def post_error(invoke_id: str, error_data: str, xray_fault: str, invocation_id: str | None = None) -> None:
    """Give the exception that the function ended with."""
    del xray_fault, invocation_id
    _request("POST", f"{_PREFIX}/{invoke_id}/error", error_data.encode(), {"Content-Type": "application/json"})


def _request(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[bytes, Message]:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status not in {200, 202}:
            raise RuntimeError(f"the Runtime API answered {response.status} to {method} {path}")
        return content, response.headers
    finally:
        connection.close()
