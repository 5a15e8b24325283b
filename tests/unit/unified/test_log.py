"""Logs by allow-list: what is not named is not printed, and an exception's text never is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unified.log import ALLOWED_KEYS, frames, logger

SECRET = "the-text-that-nobody-may-see"


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """Return what the logger writes."""
    handler = cast(Any, logger.registered_handler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    yield lines
    handler.setStream(before)


def _line(printed: io.StringIO) -> dict[str, Any]:
    return json.loads(printed.getvalue().splitlines()[-1])


def test_a_line_holds_the_keys_that_are_allowed(printed: io.StringIO) -> None:
    logger.info("request", extra={"route": "GET /v1/connections", "status": 200, "milliseconds": 5})

    line = _line(printed)
    assert (line["message"], line["route"], line["status"], line["level"]) == (
        "request",
        "GET /v1/connections",
        200,
        "INFO",
    )
    assert set(line) <= ALLOWED_KEYS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.from_regex(r"\A[a-z][a-z_]{3,14}\Z").filter(lambda key: key not in ALLOWED_KEYS | {"args", "name"}))
def test_an_unknown_key_is_dropped(printed: io.StringIO, key: str) -> None:
    if key in vars(logging.makeLogRecord({})):
        return
    more: dict[str, Any] = {"extra_" + key: SECRET}
    logger.info("request", extra={key: SECRET, "nested": {key: SECRET}}, **more)

    assert SECRET not in printed.getvalue()
    assert key not in _line(printed)


@pytest.mark.parametrize("how", ["exception", "exc_info", "extra", "stack_info", "keys"])
def test_an_exceptions_text_is_never_printed(printed: io.StringIO, how: str) -> None:
    def fail() -> None:
        raise KeyError(SECRET) from ValueError(SECRET)

    try:
        fail()
    except KeyError as error:
        if how == "exception":
            logger.exception("broken")
        elif how == "exc_info":
            logger.error("broken", exc_info=True)
        elif how == "extra":
            logger.error("broken", extra={"error": error, "exception": str(error), "exception_name": "KeyError"})
        elif how == "stack_info":
            logger.error("broken", stack_info=True)
        else:
            logger.append_keys(error=str(error))
            logger.error("broken")
            logger.remove_keys(["error"])

    assert _line(printed)["message"] == "broken"
    assert SECRET not in printed.getvalue()


def test_frames_say_where_and_not_what() -> None:
    def inner() -> None:
        raise ValueError(SECRET)

    with pytest.raises(ValueError, match=SECRET) as failed:
        inner()
    told = frames(failed.value)

    assert told[-1].endswith(" inner")
    assert not [line for line in told if SECRET in line]
    assert all(line.rpartition(":")[2].split()[0].isdecimal() for line in told)


def test_frames_are_few() -> None:
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError(SECRET)
        down(depth - 1)

    with pytest.raises(ValueError, match=SECRET) as failed:
        down(50)

    assert len(frames(failed.value)) == 8


@pytest.mark.parametrize("name", ["httpx", "httpcore", "botocore", "urllib3"])
def test_libraries_that_log_headers_are_kept_quiet(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
