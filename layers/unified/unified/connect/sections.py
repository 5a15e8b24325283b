"""The parts of the page on which one connects: what went wrong, and each way to connect."""

from __future__ import annotations

from collections.abc import Sequence

from unified.connect.document import Words
from unified.connect.html import Html, tag
from unified.connect.visits import Checked, Visit, Wanted

# What the check of a key ends with, as codes in the page's address and to the application.
KEY_ERRORS = {f"key_{name}": f"key.{name}" for name in ("malformed", "encoded", "refused", "busy", "unknown")}


def alert(say: Words, visit: Visit, error: str, checked: Checked | None) -> Html | None:
    """Say what came of the last try; nothing when there was none."""
    if error == "another_account":
        text = say("another.oauth")
    elif error == "missing":
        if not visit.missing:
            # An address of before, opened again when all is well.
            return None
        text = say("permissions.still", missing=names(visit.missing))
    elif error == "key_unknown":
        text = say("key.unknown", missing=names([one for one in visit.wanted if one.why == "own"]))
    elif error in KEY_ERRORS:
        text = say(KEY_ERRORS[error])
    elif checked is not None:
        text = key_message(say, checked)
    elif error:
        text = say.error(error)
    else:
        return None
    heading = tag("h2", say("problem"))
    return tag("div", heading, tag("p", text), class_="alert" if checked is None else "alert warn", role="alert")


def key_message(say: Words, checked: Checked) -> str:
    """Say in plain words what came of the check of a key."""
    if checked.status != "valid":
        return say(f"key.{checked.status}")
    account = None if checked.account is None else checked.account.name
    parts: list[str] = []
    if checked.is_another:
        parts.append(say("key.another", account=account or say("key.another.unnamed")))
    if checked.missing:
        parts.append(say("key.missing" if checked.tells_scopes else "key.unknown", missing=names(checked.missing)))
    if not parts and account:
        parts.append(say("key.valid.account", account=account))
    return " ".join(parts) or say("key.valid")


def permissions_section(say: Words, visit: Visit, query: str) -> Html:
    """Ask for what the key in place lacks, which takes no new key."""
    return tag(
        "section",
        tag("p", say("permissions.text")),
        tag("ul", *(tag("li", tag("span", one.name, class_="name")) for one in visit.missing), class_="permissions"),
        tag("p", say("permissions.how")),
        tag("p", _open_keys(say, visit)),
        form(visit, query, _button(say("permissions.button"), "recheck")),
        aria_label=say("title.permissions"),
    )


def oauth_section(say: Words, visit: Visit, query: str, *, switch: bool) -> Html:
    """Lead to the provider's own consent; with ``switch`` after saying so of another account."""
    return tag(
        "section",
        tag("h2", say("oauth.heading"), id="oauth-heading"),
        tag("p", say("oauth.text"), class_="quiet"),
        form(
            visit,
            query,
            _choice("oauth-switch", "switch", say("key.switch"), shown=True) if switch else None,
            _button(say("oauth.button"), "oauth"),
            id="oauth",
        ),
        aria_labelledby="oauth-heading",
    )


def key_section(say: Words, visit: Visit, query: str, error: str, checked: Checked | None) -> Html:
    """Tell how a key is made, and take one."""
    guide = visit.connector.key_guide
    steps = guide.steps.get(visit.language) or guide.steps["en"]
    notes = guide.notes.get(visit.language) or guide.notes["en"]
    return tag(
        "section",
        tag("h2", say("key.heading"), id="key-heading"),
        tag("ol", *(tag("li", step) for step in steps)),
        tag("p", _open_keys(say, visit)),
        tag("h3", say("key.permissions")),
        tag("p", say("key.permissions.text"), class_="quiet"),
        tag("ul", *(_permission(say, one, checked) for one in visit.wanted), class_="permissions"),
        *(tag("p", note, class_="note") for note in notes),
        form(
            visit,
            query,
            tag("label", say("key.label"), for_="key"),
            _key_field(say, refused=error in ("key_malformed", "key_encoded", "key_refused")),
            tag("p", say("key.hint"), id="key-hint", class_="hint"),
            tag("div", id="key-status", class_="status", role="status"),
            _choice("anyway", "anyway", say("key.anyway"), shown=bool(checked and checked.missing)),
            _choice("switch", "switch", say("key.switch"), shown=bool(checked and checked.is_another)),
            tag("div", _button(say("key.button"), "key"), class_="actions"),
            id="key-form",
            data_check=f"/connect/{visit.token}/check{query}",
        ),
        aria_labelledby="key-heading",
    )


def form(visit: Visit, query: str, *children: Html | None, **attributes: str) -> Html:
    """Return a form of this page, with the token that it must carry."""
    token = tag("input", type="hidden", name="formToken", value=visit.form_token)
    return tag("form", token, *children, method="post", action=f"/connect/{visit.token}{query}", **attributes)


def names(wanted: Sequence[Wanted]) -> str:
    """Return permissions as a person reads them."""
    return ", ".join(one.name for one in wanted)


def _key_field(say: Words, *, refused: bool) -> Html:
    # Password managers would fill in a password of somebody's, or keep the key: to them it is a new one, and theirs
    # are the marks that make them leave it alone.
    field = tag(
        "input",
        id="key",
        name="key",
        type="password",
        required=True,
        maxlength="600",
        autocomplete="new-password",
        autocapitalize="off",
        spellcheck="false",
        aria_describedby="key-hint key-status",
        aria_invalid="true" if refused else None,
        data_1p_ignore=True,
        data_bwignore=True,
        data_lpignore="true",
    )
    reveal = tag(
        "button",
        say("key.show"),
        **{"id": "reveal", "type": "button", "class": "button plain", "aria-pressed": "false"},
        hidden=True,
    )
    return tag("div", field, reveal, class_="field")


def _open_keys(say: Words, visit: Visit) -> Html:
    where = (say("key.open"), " ", tag("span", say("key.new.window"), class_="quiet"))
    return tag("a", *where, href=visit.connector.key_guide.address, target="_blank", rel="noreferrer noopener")


def _permission(say: Words, one: Wanted, checked: Checked | None) -> Html:
    state = ""
    if checked is not None:
        state = "missing" if one in checked.missing else "granted" if checked.tells_scopes else ""
    return tag(
        "li",
        tag("span", one.name, class_="name"),
        tag("span", say(state) if state else "", class_=f"state {state}".strip(), data_permission=one.permission),
        tag("span", say(f"key.why.{one.why}"), class_="why") if one.why != "operations" else None,
    )


def _choice(identity: str, name: str, text: str, *, shown: bool) -> Html:
    box = tag("input", id=identity, type="checkbox", name=name, value="1")
    return tag("label", box, tag("span", text), class_="choice", hidden=not shown)


def _button(text: str, action: str) -> Html:
    return tag("button", text, class_="button", name="action", value=action)
