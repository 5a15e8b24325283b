"""AWS for the tests of this folder."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from local.aws import SerialDatabase
from local.emulator import mend


@pytest.fixture
def aws_url() -> Iterator[str]:
    """Serve an empty moto, as `local.aws` does, and give its address."""
    mend()
    application = SerialDatabase(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()
