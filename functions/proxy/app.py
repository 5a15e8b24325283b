"""The connected account's own API, with the account's credential: for what no model covers, and for its own clients.

Each route serves two doors, as those of resources: ``/v1`` by secret key, proxy key or session, ``/v1/s`` beside it.
"""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api import proxy
from unified.api.http import create_app, documented, entry, raw
from unified.api.proxy_body import METHODS

app = create_app()

_DESCRIBED = documented("Send a described request to the connected account's API", answer="Upstream", body="Proxied")
_AS_IT_IS = documented("Send a request to the connected account's API as it is", answer="Upstream")


@app.post("/v1/proxy", **_DESCRIBED)
@app.post("/v1/s/proxy", **_DESCRIBED)
def proxy_described(request: Request) -> Response[Any]:
    return raw(*proxy.pass_described(request))


@app.route("/v1/proxy/<path+>", [*METHODS], **_AS_IT_IS)
@app.route("/v1/s/proxy/<path+>", [*METHODS], **_AS_IT_IS)
def proxy_as_it_is(request: Request, path: str) -> Response[Any]:
    return raw(*proxy.pass_through(request, path))


handler = entry(app)
