"""How the AWS emulator takes requests."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.aws import SerialDatabase


@pytest.mark.parametrize(
    ("target", "at_once"),
    [
        ("DynamoDB_20120810.PutItem", 1),
        ("DynamoDBStreams_20120810.GetRecords", 1),
        ("TrentService.Decrypt", 4),
        (None, 4),
    ],
    ids=["DynamoDB", "its streams", "KMS", "SQS and others"],
)
def test_only_database_requests_wait_for_each_other(target: str | None, at_once: int) -> None:
    """A queue's long poll may take twenty seconds, and nothing else may wait for it."""
    running = 0
    most = 0
    lock = threading.Lock()
    together = threading.Barrier(at_once, timeout=20)  # a thread may begin late on a busy machine

    def application(_: dict[str, Any], __: Any) -> list[bytes]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        time.sleep(0.05)  # in which another would come if it could
        with lock:
            running -= 1
        return [b"done"]

    serial = SerialDatabase(application)
    environ = {} if target is None else {"HTTP_X_AMZ_TARGET": target}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: list(serial(dict(environ), None)), range(4)))
    assert (most, answers) == (at_once, [[b"done"]] * 4)
