"""What a person sees at each step: the form, how it ended, and what to do next, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from unified.connect import sections
from unified.connect.branding import Branding
from unified.connect.document import Document, Words, document
from unified.connect.html import Html, tag
from unified.connect.visits import Checked, Ended, Visit
from unified.connections.links import Link
from unified.connector import NOTHING

# After these the key in place is still the thing to mend; after any other, a person chose another way.
_OF_THE_KEY_IN_PLACE = ("", "missing", "key_unknown", "temporarily_unavailable")


def words(visit: Visit) -> Words:
    """Return the texts for one visit."""
    return Words(visit.language, visit.branding.company_name, visit.connector.name)


def form_page(visit: Visit, *, error: str = "", checked: Checked | None = None, asked_language: str = "") -> Document:
    """Return the page on which one connects. ``error`` is a code, ``checked`` what came of a key that was held back."""
    say = words(visit)
    title = visit.branding.title or say(f"title{_situation(visit)}")
    query = f"?{urlencode({'lang': asked_language})}" if asked_language else ""
    parts = [
        tag("h1", title),
        _for_whom(say, visit.branding.display_name),
        tag("p", visit.branding.intro or say(f"intro{_situation(visit)}"), class_="quiet"),
        sections.alert(say, visit, error, checked),
    ]
    ways: list[Html] = []
    if "oauth" in visit.methods:
        ways.append(sections.oauth_section(say, visit, query, switch=error == "another_account"))
    if len(visit.methods) > 1:
        ways.append(tag("p", say("or"), class_="or"))
    if "apiKey" in visit.methods:
        ways.append(sections.key_section(say, visit, query, error, checked))
    if visit.missing and visit.credential is not None and visit.credential.kind == "apiKey":
        parts.append(sections.permissions_section(say, visit, query))
        is_open = checked is not None or error not in _OF_THE_KEY_IN_PLACE
        parts.append(tag("details", tag("summary", say("more")), *ways, class_="more", open=is_open))
    else:
        parts += ways
    parts.append(_leave(say, visit, error))
    data = {
        f"data_{name}": say(key)
        for name, key in (
            *(("checking", "key.checking"), ("offline", "key.offline"), ("show", "key.show"), ("hide", "key.hide")),
            *(("missing", "missing"), ("granted", "granted"), ("sending", "sending")),
        )
    }
    data |= _message(visit.link, "error", error) if error else _message(visit.link)
    if error == "expired_consent":
        data |= {"data_wait": "1"}
    heading = f"{say('problem')}: {title}" if error or checked else title
    return _page(visit, heading, parts, data=data, choice=True)


def done_page(visit: Visit) -> Document:
    """Return the page that says that the account is connected, and leads back."""
    say = words(visit)
    lacking = visit.missing
    parts = [
        tag("div", Html("&#10003;"), class_="mark", aria_hidden="true"),
        tag("h1", say("done.title")),
        tag("p", say("done.text")),
    ]
    if lacking:
        parts.append(tag("p", say("done.missing", missing=sections.names(lacking)), class_="note"))
    data = _message(visit.link, "authorized")
    if visit.link.redirect_url:
        href = return_url(visit)
        soon = not lacking
        link = tag("a", say("done.return"), id="return", class_="button", href=href, data_soon=soon or None)
        parts.append(tag("p", link, class_="unframed"))
        if soon:
            parts.append(tag("p", say("done.moment"), class_="hint unframed"))
    else:
        parts.append(tag("p", say("done.close"), class_="quiet unframed"))
        data |= {"data_close": "1"} if visit.link.origin and not lacking else {}
    return _page(visit, say("done.title"), parts, data=data)


def used_page(visit: Visit) -> Document:
    """Return the page for a link that has done its work."""
    say = words(visit)
    parts = _ended_parts(say, "used")
    if visit.link.redirect_url:
        href = visit.link.redirect_url
        parts.append(tag("p", tag("a", say("done.return"), class_="button", href=href), class_="unframed"))
    return _page(visit, say("used.title"), parts, data=_message(visit.link, "error", "used"))


def ended_page(ended: Ended) -> Document:
    """Return the page for a link that leads nowhere; of one that was a link, the application hears of it."""
    branding = ended.branding or Branding("")
    say = Words(ended.language, branding.company_name, "")
    title, parts = say(f"{ended.kind}.title"), _ended_parts(say, ended.kind)
    if ended.link is None:
        return document(branding, ended.language, title, parts)
    data = _message(ended.link, "error", "expired" if ended.kind == "expired" else "connection_removed")
    return document(branding, ended.language, title, parts, data=data, script=bool(data), embedder=ended.link.origin)


def ended_message(ended: Ended) -> str:
    """Say in a sentence why a link leads nowhere."""
    return Words(ended.language, ended.branding.company_name if ended.branding else "", "")(f"{ended.kind}.text")


def leaving_page(visit: Visit, url: str) -> Document:
    """Return the page that sends a person to the provider at once.

    A redirect would do, but ``form-action`` would then have to name every host that the provider's own sign-in may
    lead over, which nobody knows.
    """
    say = words(visit)
    parts = [
        tag("h1", say("oauth.leaving")),
        tag("p", tag("a", say("oauth.leaving.link"), class_="button", href=url)),
    ]
    head = tag("meta", http_equiv="refresh", content=f"0;url={url}")
    return document(visit.branding, visit.language, say("oauth.leaving"), parts, head=head, embedder=visit.link.origin)


def return_url(visit: Visit, *, error: str = "") -> str:
    """Return the application's address, which was on the allow-list, with the outcome in its query."""
    parts = urlsplit(visit.link.redirect_url or "")
    reference = visit.connection.reference
    said = {
        "status": "error" if error else "authorized",
        "connectorId": reference.connector,
        "ownerId": reference.owner,
        **({"error": error} if error else {}),
    }
    if not error and visit.missing:
        said["missingScopes"] = ",".join(one.permission for one in visit.missing)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, urlencode(said)) if part)))


def _situation(visit: Visit) -> str:
    """Say what a person is here for, as the end of a text's name: nothing is connected yet where it is empty."""
    if visit.missing:
        return ".permissions"
    if visit.connection.status == "authorized":
        return ".connected"
    return ".again" if visit.connection.reason not in (None, "neverAuthorized") else ""


def _for_whom(say: Words, name: str) -> Html | None:
    """Say whose account is meant: who was lured here by somebody else's link reads a name that is not theirs."""
    return tag("p", say("for", customer=name), class_="for") if name else None


def _leave(say: Words, visit: Visit, error: str) -> Html | None:
    """Return the way out: back to the application, or in a frame or window of its, a word to it (``page.js``)."""
    if visit.link.redirect_url:
        href = return_url(visit, error=error or "access_denied")
        return tag("p", tag("a", say("cancel"), id="leave", href=href), class_="actions quiet")
    if visit.link.origin:
        button = tag("button", say("cancel"), id="leave", type="button", class_="button plain")
        return tag("p", button, id="leaving", class_="actions", hidden=True)
    return None


def _message(link: Link, status: str = "", error: str = "") -> dict[str, str]:
    """Return what the page tells the window that opened or frames it, if the link names that window's origin.

    ``data_closed`` is for a person who leaves; with a status, ``data_said`` is said at once.
    """
    if link.origin is None:
        return {}
    named = {
        "type": "unified.connect",
        "status": "closed",
        "connectorId": link.reference.connector,
        "ownerId": link.reference.owner,
    }
    said = {**named, "status": status, **({"error": error} if error else {})}
    return {
        "data_origin": link.origin,
        "data_closed": json.dumps(named),
        **({"data_said": json.dumps(said)} if status else {}),
    }


def _ended_parts(say: Words, kind: str) -> list[Html | None]:
    return [
        tag("div", Html("&#8211;"), class_="mark ended", aria_hidden="true"),
        tag("h1", say(f"{kind}.title")),
        tag("p", say(f"{kind}.text"), class_="quiet"),
    ]


def _page(
    visit: Visit, title: str, parts: Sequence[Html | None], *, data: Mapping[str, str] = NOTHING, choice: bool = False
) -> Document:
    return document(
        visit.branding,
        visit.language,
        title,
        parts,
        data=data,
        script=True,
        choice=choice,
        embedder=visit.link.origin,
    )
