"""moto's DynamoDB as exclusive as AWS's.

moto checks a condition and writes without a lock: of several threads that claim the same item two may win.
"""

from __future__ import annotations

import threading
from typing import Any


def serialize(client: Any) -> None:
    """Let the calls of a client come to moto one after another, whichever threads make them."""
    call, lock = client._make_api_call, threading.RLock()

    def alone(operation: str, given: Any) -> Any:
        with lock:
            return call(operation, given)

    client._make_api_call = alone
