"""Logs: structured, and redacted by allow-list.

A line holds only the keys named here, and of an exception its type and where it happened, never its text:
what an upstream said, a header or a record can only be logged by adding a key to this list.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ALLOWED_KEYS = frozenset(
    {
        "level", "location", "message", "timestamp", "service", "correlation_id", "function_name",
        "function_request_id", "cold_start", "xray_trace_id", "project", "connector", "model", "operation",
        "method", "route", "status", "code", "reason", "milliseconds", "exception_name", "frames",
    }
)  # fmt: skip


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Drops every key that is not allowed and every exception's text."""

    def serialize(self, log: dict[str, Any]) -> str:  # type: ignore[override] - a narrower argument than the library declares
        """Write one line."""
        kept = {key: value for key, value in log.items() if key in ALLOWED_KEYS}
        if not isinstance(kept.get("message"), str):
            # An object or an exception given as the message would be written out whole.
            kept["message"] = type(kept.get("message")).__name__
        return super().serialize(kept)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        """Say nothing: ``frames`` has what may be said."""
        return ""


def frames(error: BaseException) -> list[str]:
    """Return where an error happened, innermost last, as file, line and function only."""
    return [
        f"{frame.filename.rpartition('/python/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    ]


logger = Logger(logger_formatter=RedactingFormatter())
# Libraries log URLs and headers at debug level: that is never wanted here, whatever level is chosen for us.
for _name in ("httpx", "httpcore", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
