"""The page on which the API's description is read and tried, and what is said where nothing else answers.

The page is Swagger UI as Powertools carries it, served whole.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response

from unified.api.http import no_such_route
from unified.errors import NotAllowed, UnifiedError


def swagger_page(document: str) -> Response[Any]:
    """Return the page. It loads nothing from elsewhere; its policy allows only its own inline parts."""
    from aws_lambda_powertools.event_handler.openapi import swagger_ui

    assets = Path(swagger_ui.__file__).parent
    page = swagger_ui.generate_swagger_html(
        # "</" ends a script element wherever it stands (HTML §13.2.5.4).
        document.replace("</", "<\\/"),
        (assets / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        (assets / "swagger-ui.min.css").read_text(encoding="utf-8"),
        "",
        None,
    )
    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Response(
        status_code=200,
        content_type="text/html; charset=utf-8",
        headers={"content-security-policy": policy},
        body=page,
    )


def unserved(document: str, method: str, path: str) -> UnifiedError:
    """Return the answer to what no route takes: the methods of a path that the API has, else that there is none.

    API Gateway sends here whatever fits no route, so the description is the only list of them.
    """
    methods: set[str] = set()
    for template, operations in json.loads(document)["paths"].items():
        rule = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(rule, path):
            methods.update(name.upper() for name in operations)
    return NotAllowed(sorted(methods)) if methods and method not in methods else no_such_route()
