"""The two HTML pages of the authorization server. Everything from outside is escaped."""

from collections.abc import Iterable, Mapping
from html import escape

from sandbox.permissions import DESCRIPTIONS

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 30rem; margin: 10vh auto; padding: 0 1rem; }
fieldset { border: 1px solid #8884; border-radius: .5rem; margin: 1rem 0; }
label { display: block; padding: .25rem 0; }
small { opacity: .7; display: block; margin-left: 1.6rem; }
button { font: inherit; padding: .5rem 1.5rem; border-radius: .5rem; border: 1px solid #8886; cursor: pointer; }
#allow { background: #4338ca; color: #fff; }
"""
# The page never loads anything and must not be framed; the inline style is its only resource.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


def consent_page(application: str, scopes: Iterable[str], hidden: Mapping[str, str]) -> str:
    """Return the page that asks the user to allow `application` the `scopes`; `hidden` comes back with the answer."""
    boxes = "\n".join(
        f'<label><input type="checkbox" name="granted" value="{escape(scope)}" checked> {escape(scope)}'
        f"<small>{escape(DESCRIPTIONS[scope])}</small></label>"
        for scope in scopes
    )
    fields = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
    )
    return _page(
        "Allow access?",
        f"""<h1>{escape(application)}</h1>
<p><strong>{escape(application)}</strong> asks for access to your organisation.</p>
<form method="post" action="/oauth/authorize">
{fields}
<fieldset><legend>It would be able to</legend>
{boxes}
</fieldset>
<button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form>""",
    )


def error_page(message: str) -> str:
    """Return the page for a request that must not be answered by a redirect (RFC 6749 section 4.1.2.1)."""
    return _page("Cannot continue", f"<h1>Cannot continue</h1>\n<p>{escape(message)}</p>")


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body>
{content}
</body></html>"""
