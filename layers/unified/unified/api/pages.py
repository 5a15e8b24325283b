"""The plain pages that a person sees: no script, no asset of anybody's, everything escaped."""

from __future__ import annotations

from html import escape

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f5f6f8; color: #16181d;
  font: 1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 26rem; margin: 1rem; padding: 2rem; background: #fff; border: 1px solid #dfe2e8;
  border-radius: 12px; text-align: center }}
.mark {{ width: 3rem; height: 3rem; margin: 0 auto 1rem; border-radius: 50%; display: grid; place-items: center;
  font-size: 1.5rem; color: #fff; background: {colour} }}
h1 {{ font-size: 1.25rem; margin: 0 0 .5rem }}
p {{ margin: 0; color: #4b5160 }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #14161a; color: #eef0f4 }}
  main {{ background: #1d2026; border-color: #31353e }}
  p {{ color: #b3b9c6 }}
}}
</style>
</head>
<body>
<main>
<div class="mark" aria-hidden="true">{mark}</div>
<h1>{title}</h1>
<p>{message}</p>
</main>
</body>
</html>
"""


def outcome_page(title: str, message: str, *, good: bool) -> str:
    """Return a page that says how it ended."""
    return _PAGE.format(
        title=escape(title),
        message=escape(message),
        mark="&#10003;" if good else "!",
        colour="#1a7f4b" if good else "#b3261e",
    )
