"""The API's description, the page to read it on, and the answer to every path that nothing serves."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from functools import lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api.docs import swagger_page, unserved
from unified.api.http import create_app, documented, entry


@lru_cache(maxsize=1)
def document() -> str:
    return (Path(__file__).parent / "openapi.json").read_text(encoding="utf-8")


app = create_app(lambda method, path: unserved(document(), method, path))


@app.get("/openapi.json", **documented("Read this document", answer="Document", auth="none"))
def openapi(_request: Request) -> Response[Any]:
    return Response(status_code=200, content_type="application/json", body=document())


@app.get("/docs", **documented("Read this document as a page", answer="Page", auth="none"))
def docs(_request: Request) -> Response[Any]:
    return swagger_page(document())


handler = entry(app)
