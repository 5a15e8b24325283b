"""A project's connect page: how it looks, and whom it may talk to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from admin.commands import RefusedError
from unified.connect.branding import checked, logo_of
from unified.connections.links import METHODS, is_origin, links
from unified.errors import UnifiedError
from unified.projects import Project, projects

_LOOKS = {
    "companyName": "the name people know the company by",
    "title": "heading, instead of the usual one",
    "intro": "first paragraph, instead of the usual one",
    "supportUrl": "where people find help: an https or mailto address",
    "accentColor": "colour of buttons, such as #3b4cca",
    "backgroundColor": "colour around the page's card, by day",
    "language": "language for people whose link names none, such as de",
}


def add_to(groups: Any) -> None:
    """Add the commands to the admin command line."""
    commands = groups.add_parser("connect-page", help="the page on which customers connect").add_subparsers(
        required=True
    )
    show = commands.add_parser("show", help="show how the page is set up")
    show.add_argument("public_key")
    show.set_defaults(run=show_page)
    change = commands.add_parser("set", help="change what is given; an empty text takes a setting away")
    change.add_argument("public_key")
    for name, told in _LOOKS.items():
        change.add_argument(_option(name), dest=name, help=told)
    change.add_argument("--logo", type=Path, help="PNG, JPEG or WebP file of at most 20 kB")
    change.add_argument("--no-logo", action="store_true", help="take the logo away")
    change.add_argument("--origin", nargs="*", help="origins that may frame the page and hear how it ended")
    change.add_argument("--method", nargs="*", choices=METHODS, help="ways to connect; none means every one")
    change.add_argument("--base-url", help="one of the deployment's BaseUrls, for the page and the OAuth callback")
    change.set_defaults(run=set_page)


def show_page(asked: argparse.Namespace) -> dict[str, Any]:
    """Show how a project's page is set up; of the logo, only that there is one."""
    project = _project(asked.public_key)
    look = links().branding(project.id)
    return {**look, **({"logo": f"{len(look['logo'])} characters"} if "logo" in look else {}), **project.connect}


def set_page(asked: argparse.Namespace) -> dict[str, Any]:
    """Change a project's page. Raises ``RefusedError`` that names what is not valid."""
    project = _project(asked.public_key)
    look = {name: getattr(asked, name) for name in _LOOKS if getattr(asked, name) is not None}
    if asked.origin is not None and not all(is_origin(origin) for origin in asked.origin):
        raise RefusedError("an origin is exact, such as https://app.example.com: no path, no slash, no wildcard")
    if asked.base_url and not (is_origin(asked.base_url) and asked.base_url.startswith("https://")):
        raise RefusedError("the base URL is an https origin, such as https://connect.example.com")
    try:
        if asked.logo is not None:
            look["logo"] = logo_of(asked.logo.read_bytes())
        elif asked.no_logo:
            look["logo"] = ""
        kept = checked({**links().branding(project.id), **look})
    except UnifiedError as refused:
        told = "; ".join(f"{problem.field.removeprefix('branding.')} {problem.message}" for problem in refused.fields)
        raise RefusedError(told or refused.detail) from None
    except OSError as failed:
        raise RefusedError(f"the logo cannot be read: {failed.strerror}") from None
    links().put_branding(project.id, kept)
    given = {"origins": asked.origin, "methods": asked.method, "baseUrl": asked.base_url}
    settings = {**project.connect, **{name: value for name, value in given.items() if value is not None}}
    projects().update(asked.public_key, {"connect": {name: value for name, value in settings.items() if value}})
    return show_page(asked)


def _project(public_key: str) -> Project:
    project = projects().find(public_key)
    if project is None:
        raise RefusedError("there is no project with this public key")
    return project


def _option(name: str) -> str:
    return "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
