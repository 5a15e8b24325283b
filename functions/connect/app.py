"""The page on which a customer connects its account, behind a link that its company gave it."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api import connect
from unified.api.http import create_app, documented, entry
from unified.api.requests import json_body

app = create_app()


@app.get("/connect/<token>", **documented("Look at a connect page", answer="ConnectPage", auth="none"))
def show(request: Request, token: str) -> Response[Any]:
    return connect.show(request, token)


@app.post("/connect/<token>", **documented("Send a connect page's form", answer="ConnectPage", auth="none"))
def submit(request: Request, token: str) -> Response[Any]:
    return connect.submit(request, token)


@app.post(
    "/connect/<token>/check",
    **documented("Check a key for a connect page", answer="ConnectCheck", body="ConnectCheckBody", auth="none"),
)
def check(request: Request, token: str) -> dict[str, Any]:
    return connect.try_key(request, token, json_body(request))


handler = entry(app)
