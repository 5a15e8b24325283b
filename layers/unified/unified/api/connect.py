"""The connect page over HTTP: a link's token in the path, forms in, pages out, and a live check for the page's script.

The token is all the authority there is, and it is in the path alone: pages send no referrer and are not kept. A form
is taken only from this very page: browsers say where it came from, and it carries a token that only the page knows.
The key comes in a body and goes nowhere but to the provider and the vault. However a form ends, the browser is sent on
to the page by an address, so that going back or reloading sends nothing again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from unified.api.requests import deadline, public_url, query
from unified.connect import page
from unified.connect.document import Document
from unified.connect.sections import key_message
from unified.connect.texts import LANGUAGES
from unified.connect.visits import Checked, Ended, Visit, check, connect, consent, open_link, recheck
from unified.connections.consent import COOKIE_SECONDS
from unified.connections.lifecycle import connections
from unified.connections.links import base_of, links
from unified.connections.watch import Watch
from unified.projects import projects
from unified.secret import Secret

MAX_FORM_BYTES = 8192
_HSTS_SECONDS = 365 * 86_400
_ERROR = re.compile(r"[a-z_]{1,60}")
_RECHECKED = {
    "missing": "missing",
    "refused": "key_refused",
    "unknown": "key_unknown",
    "busy": "temporarily_unavailable",
}


def show(request: Request, token: str) -> Response[Any]:
    """Answer with the page as it stands. Looking at it changes nothing."""
    try:
        visit = _visit(request, token)
    except Ended as ended:
        return _ended(request, ended)
    asked = query(request)
    if visit.link.used_at is not None:
        # An address in a history outlives the key.
        if "done" in asked and visit.connection.status == "authorized":
            return _page(request, page.done_page(visit))
        return _page(request, page.used_page(visit), 410)
    error = asked.get("error", "")
    # Whatever else stands in the address goes no further, neither onto the page nor to the application.
    told = error if not error or _ERROR.fullmatch(error) else "other"
    checked = Checked.from_query(visit.wanted, asked)
    return _page(request, page.form_page(visit, error=told, checked=checked, asked_language=_language(request)))


def submit(request: Request, token: str) -> Response[Any]:
    """Do what the page's form asks: connect by a key, begin OAuth, or check the key in place again."""
    try:
        visit = _visit(request, token)
    except Ended as ended:
        return _ended(request, ended)
    form = _form(request)
    form_token = form.get("formToken", "")
    if visit.was_sent_before(form_token):
        return _see(request, visit, done="1")
    if visit.link.used_at is not None:
        return _page(request, page.used_page(visit), 410)
    if not _is_own(request, visit, form_token):
        return _page(request, page.form_page(visit, error="form", asked_language=_language(request)), 403)
    action = form.get("action", "key")
    if not links().count(token):
        return _see(request, visit, error="tries")
    if action == "oauth" and "oauth" in visit.methods:
        return _leave(request, visit, switch=form.get("switch") == "1")
    if action == "recheck":
        return _recheck(request, visit, form_token)
    if "apiKey" not in visit.methods:
        return _see(request, visit, error="other")
    checked = check(connections(), visit, Secret(form.get("key", "")), deadline(request))
    held_back = (checked.missing and form.get("anyway") != "1") or (checked.is_another and form.get("switch") != "1")
    if checked.status != "valid" or held_back:
        return _see(request, visit, **checked.to_query())
    if not connect(connections(), visit, checked, form_token):
        return _lost(request, visit, form_token)
    return _done(request, visit)


def try_key(request: Request, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a key is worth, while it is being pasted: ``connectCheck``. Nothing is kept of it."""
    try:
        visit = _visit(request, token)
    except Ended as ended:
        return _verdict("ended", page.ended_message(ended))
    if visit.link.used_at is not None:
        return _verdict("ended", page.words(visit)("used.text"))
    form_token, key = body.get("formToken"), body.get("key")
    if not isinstance(form_token, str) or not isinstance(key, str) or not _is_own(request, visit, form_token):
        return _verdict("form", page.words(visit).error("form"))
    if "apiKey" not in visit.methods or not links().count(token):
        return _verdict("tries", page.words(visit).error("tries"))
    checked = check(connections(), visit, Secret(key), deadline(request))
    return _verdict(checked.status, key_message(page.words(visit), checked), checked)


def _verdict(status: str, message: str, checked: Checked | None = None) -> dict[str, Any]:
    found = Checked("refused") if checked is None else checked
    return {
        "object": "connectCheck",
        "valid": status == "valid",
        "status": status,
        "message": message,
        "missing": [{"permission": one.permission, "name": one.name} for one in found.missing],
        "scopesKnown": found.credential is not None and found.credential.scopes is not None,
        "organization": None if found.account is None else found.account.name,
        "another": found.is_another,
    }


def _visit(request: Request, token: str) -> Visit:
    accepted = request.headers.get("accept-language", "")
    return open_link(connections(), projects(), links(), token, _language(request), accepted)


def _language(request: Request) -> str:
    """Return the language that the person chose on the page, empty for none that there is."""
    asked = query(request).get("lang", "")
    return asked if asked in LANGUAGES else ""


def _recheck(request: Request, visit: Visit, form_token: str) -> Response[Any]:
    outcome = recheck(connections(), links(), visit, deadline(request), form_token)
    if outcome == "complete":
        return _done(request, visit)
    return _see(request, visit, error=_RECHECKED[outcome])


def _lost(request: Request, visit: Visit, form_token: str) -> Response[Any]:
    """Answer a form that came second: the same page's own first try has connected, or somebody else has."""
    try:
        now = _visit(request, visit.token)
    except Ended as ended:
        return _ended(request, ended)
    return _see(request, visit, done="1") if now.was_sent_before(form_token) else _see(request, visit, error="moved")


def _leave(request: Request, visit: Visit, *, switch: bool) -> Response[Any]:
    """Send the person to the provider, with a cookie that binds the way back to this browser."""
    base = base_of(visit.project, visit.connection.reference, public_url(request))
    callback_url = f"{base}/v1/callback/{visit.connector.id}"
    begun = consent(connections(), visit, callback_url=callback_url, switch=switch, language=_language(request))
    cookie = Cookie(
        begun.cookie_name,
        begun.cookie_value,
        path="/",
        secure=callback_url.startswith("https://"),
        http_only=True,
        max_age=COOKIE_SECONDS,
        # Lax: the provider's redirect back is a navigation from another site, and must bring it.
        same_site=SameSite.LAX_MODE,
    )
    return _page(request, page.leaving_page(visit, begun.url), cookies=[cookie])


def _done(request: Request, visit: Visit) -> Response[Any]:
    """Have the connection looked through, and go on to the page that says that it is there."""
    from unified.ledger.tasks import send_soon

    connection = visit.connection
    send_soon(Watch(connection.reference, connection.generation, visit.project.public_key))
    return _see(request, visit, done="1")


def _see(request: Request, visit: Visit, **outcome: str) -> Response[Any]:
    """Send the browser on to the page, which says the outcome."""
    language = _language(request)
    said = urlencode({**outcome, **({"lang": language} if language else {})})
    return Response(status_code=303, headers={"location": f"/connect/{visit.token}?{said}"})


def _ended(request: Request, ended: Ended) -> Response[Any]:
    return _page(request, page.ended_page(ended), 404 if ended.kind == "unknown" else 410)


def _page(
    request: Request, document: Document, status: int = 200, cookies: list[Cookie] | None = None
) -> Response[Any]:
    headers: dict[str, str | list[str]] = {
        "content-security-policy": document.policy,
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if document.embedder is None:
        # For browsers that do not know frame-ancestors; it cannot name an origin, so it cannot stand beside one.
        headers["x-frame-options"] = "DENY"
    if public_url(request).startswith("https://"):
        headers["strict-transport-security"] = f"max-age={_HSTS_SECONDS}"
    return Response(
        status_code=status,
        content_type="text/html; charset=utf-8",
        body=document.body,
        headers=headers,
        cookies=cookies,
    )


def _form(request: Request) -> dict[str, str]:
    """Read the form; what is none is an empty one, which lacks the form's token."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/x-www-form-urlencoded":
        return {}
    try:
        text = request.resolved_event.decoded_body or ""
        if len(text) > MAX_FORM_BYTES:
            return {}
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict"))
    except ValueError:
        return {}


def _is_own(request: Request, visit: Visit, form_token: str) -> bool:
    """Tell whether a request was made by this very page (https://www.w3.org/TR/fetch-metadata/).

    A browser that tells no ``Sec-Fetch-Site`` tells the origin, which is ``null`` for a form of a page that sends no
    referrer; the token then decides alone, as it must anyway.
    """
    if not visit.is_own(form_token):
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "null")
    return origin == "null" or origin.partition("://")[2] == request.headers.get("host")
