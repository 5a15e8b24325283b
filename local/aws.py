"""AWS on one machine: ``python -m local.aws PORT`` serves moto over HTTP, empty at each start."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.emulator import mend
from local.settings import HOST, read_speed

_Environ: TypeAlias = dict[str, Any]
_Application: TypeAlias = Callable[[_Environ, Any], Iterable[bytes]]


class SerialDatabase:
    """Answers requests to DynamoDB and its streams one after another.

    moto checks a condition and then writes, without a lock, so two threads could both win a conditional
    write. In AWS such writes are serialised per item; leases and one-time tokens depend on it. A stream never
    shows half of a transaction, nor one that is taken back.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
    """

    def __init__(self, application: _Application) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: _Environ, start_response: Any) -> Iterable[bytes]:
        """Serve one WSGI request."""
        if not str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith("DynamoDB"):
            return self._application(environ, start_response)
        with self._lock:
            return list(self._application(environ, start_response))


def main(port: int) -> None:
    """Serve until killed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    mend(read_speed(os.environ))
    application = SerialDatabase(DomainDispatcherApplication(create_backend_app))
    make_server(HOST, port, application, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
