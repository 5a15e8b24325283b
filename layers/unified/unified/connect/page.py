"""What a person sees at each step: the form, how it ended, and what to do next, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from unified.connect.branding import Branding
from unified.connect.document import Document, Words, document
from unified.connect.html import Html, tag
from unified.connect.visits import Checked, Ended, Visit, Wanted
from unified.connector import NOTHING


def words(visit: Visit) -> Words:
    """Return the texts for one visit."""
    return Words(visit.language, visit.branding.company_name, visit.connector.name)


def form_page(visit: Visit, *, error: str = "", checked: Checked | None = None, asked_language: str = "") -> Document:
    """Return the page on which one connects. ``error`` is a code, ``checked`` what came of a key that was sent."""
    say = words(visit)
    again = visit.connection.reason not in (None, "neverAuthorized")
    lacks = bool(visit.missing)
    title = visit.branding.title or say("title.permissions" if lacks else "title.again" if again else "title")
    if visit.branding.intro:
        intro = visit.branding.intro
    elif visit.connection.status == "authorized":
        intro = say("intro.connected")
    else:
        intro = say("intro.again" if again else "intro")
    query = f"?{urlencode({'lang': asked_language})}" if asked_language else ""
    parts = [tag("h1", title), tag("p", intro, class_="quiet"), _alert(say, visit, error, checked)]
    if lacks and visit.credential is not None and visit.credential.kind == "apiKey":
        parts.append(_permissions_section(say, visit, query))
    if "oauth" in visit.methods:
        parts.append(_oauth_section(say, visit, query, switch=error == "another_account"))
    if len(visit.methods) > 1:
        parts.append(tag("p", say("or"), class_="or"))
    if "apiKey" in visit.methods:
        parts.append(_key_section(say, visit, query, checked))
    if visit.link.redirect_url:
        leave = return_url(visit, error=error or "access_denied")
        parts.append(tag("p", tag("a", say("cancel"), href=leave), class_="actions quiet"))
    data = {
        f"data_{name}": say(key)
        for name, key in (
            *(("checking", "key.checking"), ("offline", "key.offline"), ("show", "key.show"), ("hide", "key.hide")),
            *(("missing", "missing"), ("granted", "granted")),
        )
    }
    if error:
        data |= _message(visit, "error", error)
    heading = f"{say('problem')}: {title}" if error or checked else title
    return _page(visit, heading, parts, data=data, script=True, choice=True)


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
        parts.append(tag("p", say("done.missing", missing=_names(lacking)), class_="note"))
    data = _message(visit, "authorized", "")
    if visit.link.redirect_url:
        href = return_url(visit)
        soon = not lacking
        parts.append(
            tag("p", tag("a", say("done.return"), id="return", class_="button", href=href, data_soon=soon or None))
        )
        if soon:
            parts.append(tag("p", say("done.moment"), class_="hint"))
    else:
        parts.append(tag("p", say("done.close"), class_="quiet"))
        data |= {"data_close": "1"} if visit.link.origin and not lacking else {}
    return _page(visit, say("done.title"), parts, data=data, script=True)


def used_page(visit: Visit) -> Document:
    """Return the page for a link that has done its work."""
    say = words(visit)
    parts = _ended_parts(say, "used")
    if visit.link.redirect_url:
        href = visit.link.redirect_url
        parts.append(tag("p", tag("a", say("done.return"), class_="button", href=href)))
    return _page(visit, say("used.title"), parts)


def ended_page(ended: Ended) -> Document:
    """Return the page for a link that leads nowhere."""
    branding = ended.branding or Branding("")
    say = Words(ended.language, branding.company_name, "")
    return document(branding, ended.language, say(f"{ended.kind}.title"), _ended_parts(say, ended.kind))


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
    return _page(visit, say("oauth.leaving"), parts, head=head)


def key_message(visit: Visit, checked: Checked) -> str:
    """Say in plain words what came of a check."""
    say = words(visit)
    if checked.status != "valid" or checked.account is None or checked.credential is None:
        return say(f"key.{checked.status}")
    parts: list[str] = []
    if checked.is_another:
        parts.append(say("key.another", account=checked.account.name or say("key.another.unnamed")))
    if checked.missing:
        known = checked.credential.scopes is not None
        parts.append(say("key.missing" if known else "key.unknown", missing=_names(checked.missing)))
    if not parts and checked.account.name:
        parts.append(say("key.valid.account", account=checked.account.name))
    return " ".join(parts) or say("key.valid")


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


def _alert(say: Words, visit: Visit, error: str, checked: Checked | None) -> Html | None:
    if error == "another_account":
        text = say("another.oauth")
    elif error == "missing":
        text = say("permissions.still", missing=_names(visit.missing))
    elif error:
        text = say.error(error)
    elif checked is not None:
        text = key_message(visit, checked)
    else:
        return None
    works = checked is not None and checked.status == "valid"
    heading = tag("h2", say("problem"))
    return tag("div", heading, tag("p", text), class_="alert warn" if works else "alert", role="alert")


def _permissions_section(say: Words, visit: Visit, query: str) -> Html:
    return tag(
        "section",
        tag("p", say("permissions.text", missing=_names(visit.missing))),
        tag("p", say("permissions.how"), class_="quiet"),
        _form(visit, query, tag("button", say("permissions.button"), class_="button", name="action", value="recheck")),
        aria_label=say("title.permissions"),
    )


def _oauth_section(say: Words, visit: Visit, query: str, *, switch: bool) -> Html:
    button = tag("button", say("oauth.button"), class_="button", name="action", value="oauth")
    confirm = _choice("oauth-switch", "switch", say("key.switch"), shown=True) if switch else None
    return tag(
        "section",
        tag("h2", say("oauth.heading"), id="oauth-heading"),
        tag("p", say("oauth.text"), class_="quiet"),
        _form(visit, query, confirm, button, id="oauth"),
        aria_labelledby="oauth-heading",
    )


def _key_section(say: Words, visit: Visit, query: str, checked: Checked | None) -> Html:
    guide = visit.connector.key_guide
    steps = guide.steps.get(visit.language) or guide.steps["en"]
    notes = guide.notes.get(visit.language) or guide.notes["en"]
    open_keys = tag(
        "a",
        *(say("key.open"), " ", tag("span", say("key.new.window"), class_="quiet")),
        href=guide.address,
        target="_blank",
        rel="noreferrer noopener",
    )
    works = checked is not None and checked.status == "valid"
    refused = checked is not None and checked.status in ("malformed", "refused")
    return tag(
        "section",
        tag("h2", say("key.heading"), id="key-heading"),
        tag("ol", *(tag("li", step) for step in steps)),
        tag("p", open_keys),
        tag("h3", say("key.permissions")),
        tag("p", say("key.permissions.text"), class_="quiet"),
        tag("ul", *(_permission(say, one, checked) for one in visit.wanted), class_="permissions"),
        *(tag("p", note, class_="note") for note in notes),
        _form(
            visit,
            query,
            tag("label", say("key.label"), for_="key"),
            tag(
                "div",
                tag(
                    "input",
                    id="key",
                    name="key",
                    type="password",
                    required=True,
                    maxlength="600",
                    autocomplete="off",
                    autocapitalize="off",
                    spellcheck="false",
                    aria_describedby="key-hint key-status",
                    aria_invalid="true" if refused else None,
                    data_1p_ignore=True,
                ),
                tag(
                    "button",
                    say("key.show"),
                    **{"id": "reveal", "type": "button", "class": "button plain", "aria-pressed": "false"},
                    hidden=True,
                ),
                class_="field",
            ),
            tag("p", say("key.hint"), id="key-hint", class_="hint"),
            tag("div", id="key-status", class_="status", role="status"),
            _choice("anyway", "anyway", say("key.anyway"), shown=works and bool(checked and checked.missing)),
            _choice("switch", "switch", say("key.switch"), shown=works and bool(checked and checked.is_another)),
            tag(
                "div",
                tag("button", say("key.button"), class_="button", name="action", value="key"),
                class_="actions",
            ),
            id="key-form",
            data_check=f"/connect/{visit.token}/check{query}",
        ),
        aria_labelledby="key-heading",
    )


def _permission(say: Words, one: Wanted, checked: Checked | None) -> Html:
    state = ""
    if checked is not None and checked.credential is not None:
        lacks = one in checked.missing
        known = checked.credential.scopes is not None
        state = "missing" if lacks else "granted" if known else ""
    return tag(
        "li",
        tag("span", one.name, class_="name"),
        tag("span", say(state) if state else "", class_=f"state {state}".strip(), data_permission=one.permission),
        tag("span", say(f"key.why.{one.why}"), class_="why") if one.why != "operations" else None,
    )


def _choice(identity: str, name: str, text: str, *, shown: bool) -> Html:
    box = tag("input", id=identity, type="checkbox", name=name, value="1")
    return tag("label", box, tag("span", text), class_="choice", hidden=not shown)


def _form(visit: Visit, query: str, *children: Html | None, **attributes: str) -> Html:
    token = tag("input", type="hidden", name="formToken", value=visit.form_token)
    return tag("form", token, *children, method="post", action=f"/connect/{visit.token}{query}", **attributes)


def _names(wanted: Sequence[Wanted]) -> str:
    return ", ".join(one.name for one in wanted)


def _message(visit: Visit, status: str, error: str) -> dict[str, str]:
    """Return what the page tells the window that opened or frames it, if the link names that window's origin."""
    if visit.link.origin is None:
        return {}
    reference = visit.connection.reference
    said = {
        "type": "unified.connect",
        "status": status,
        "connectorId": reference.connector,
        "ownerId": reference.owner,
        **({"error": error} if error else {}),
    }
    return {"data_origin": visit.link.origin, "data_said": json.dumps(said)}


def _ended_parts(say: Words, kind: str) -> list[Html | None]:
    return [
        tag("div", Html("&#8211;"), class_="mark ended", aria_hidden="true"),
        tag("h1", say(f"{kind}.title")),
        tag("p", say(f"{kind}.text"), class_="quiet"),
    ]


def _page(
    visit: Visit,
    title: str,
    parts: Sequence[Html | None],
    *,
    data: Mapping[str, str] = NOTHING,
    head: Html | None = None,
    script: bool = False,
    choice: bool = False,
) -> Document:
    embedder = visit.link.origin
    return document(
        visit.branding,
        visit.language,
        title,
        parts,
        data=data,
        head=head,
        script=script,
        choice=choice,
        embedder=embedder,
    )
