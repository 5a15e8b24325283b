"""The provider's redirect back: the authorization is finished, and the person sent on or told how it ended."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api.http import create_app, documented, entry
from unified.api.pages import CONTENT_SECURITY_POLICY, outcome_page
from unified.api.requests import cookies, deadline, query
from unified.connections.lifecycle import connections
from unified.connector import load_connector
from unified.projects import projects

app = create_app()


@app.get(
    "/v1/callback/<connector_id>",
    **documented("Finish an authorization (the provider's redirect)", answer="Page", auth="none"),
)
def finish(request: Request, connector_id: str) -> Response[Any]:
    from unified.connections import callback

    connector = load_connector(connector_id)
    outcome = callback.finish(
        connections(), projects(), connector.id, query(request), deadline(request), cookies(request)
    )
    if outcome.redirect_url is not None:
        return Response(status_code=302, headers={"location": outcome.redirect_url})
    return Response(
        status_code=200 if outcome.error is None else 400,
        content_type="text/html; charset=utf-8",
        headers={"content-security-policy": CONTENT_SECURITY_POLICY, "referrer-policy": "no-referrer"},
        body=outcome_page(outcome.title, outcome.message, good=outcome.error is None),
    )


handler = entry(app)
