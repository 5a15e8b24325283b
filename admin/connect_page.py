"""A project's connect page, or one connection's: how it looks, and whom it may talk to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from admin.commands import RefusedError
from unified.connect.branding import checked, logo_of
from unified.connections.links import METHODS, connection_name, is_origin, links
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
    "displayName": "with --owner: the customer's own name, which the page says it is for",
}


def add_to(groups: Any) -> None:
    """Add the commands to the admin command line."""
    commands = groups.add_parser("connect-page", help="the page on which customers connect").add_subparsers(
        required=True
    )
    show = commands.add_parser("show", help="show how the page is set up")
    change = commands.add_parser("set", help="change what is given; an empty text takes a setting away")
    for command in (show, change):
        command.add_argument("public_key")
        command.add_argument("--connector", default="ashby")
        command.add_argument("--owner", help="what this owner's connection has of its own, beside the project's page")
    show.set_defaults(run=show_page)
    for name, told in _LOOKS.items():
        change.add_argument(_option(name), dest=name, help=told)
    change.add_argument("--logo", type=Path, help="PNG, JPEG or WebP file of at most 20 kB")
    change.add_argument("--no-logo", action="store_true", help="take the logo away")
    _add_list(change, "--origin", "an origin that may frame the page and hear how it ended")
    _add_list(change, "--method", "a way to connect; none means every one", choices=METHODS)
    change.add_argument("--base-url", help="one of the deployment's BaseUrls, for the page and the OAuth callback")
    change.set_defaults(run=set_page)


def _add_list(change: argparse.ArgumentParser, name: str, told: str, **more: Any) -> None:
    """Add an option that takes any number of values, and may be given again for more of them."""
    change.add_argument(name, nargs="*", action="extend", help=f"{told}; repeatable, and alone takes all away", **more)


def show_page(asked: argparse.Namespace) -> dict[str, Any]:
    """Show how a page is set up; of the logo, only that there is one."""
    project = _project(asked.public_key)
    look = links().branding(project.id, _name(asked))
    return {**look, **({"logo": f"{len(look['logo'])} characters"} if "logo" in look else {}), **_kept(project, asked)}


def set_page(asked: argparse.Namespace) -> dict[str, Any]:
    """Change a page. Raises ``RefusedError`` that names what is not valid."""
    project = _project(asked.public_key)
    _check(asked)
    look = {name: getattr(asked, name) for name in _LOOKS if getattr(asked, name) is not None}
    try:
        if asked.logo is not None:
            look["logo"] = logo_of(asked.logo.read_bytes())
        elif asked.no_logo:
            look["logo"] = ""
        look = checked({**links().branding(project.id, _name(asked)), **look})
    except UnifiedError as refused:
        told = "; ".join(f"{problem.field.removeprefix('branding.')} {problem.message}" for problem in refused.fields)
        raise RefusedError(told or refused.detail) from None
    except OSError as failed:
        raise RefusedError(f"the logo cannot be read: {failed.strerror}") from None
    links().put_branding(project.id, look, _name(asked))
    given = {"origins": asked.origin, "methods": asked.method, "baseUrl": asked.base_url}
    kept = {**_kept(project, asked), **{name: value for name, value in given.items() if value is not None}}
    settings = {name: value for name, value in kept.items() if value}
    if asked.owner:
        connections = {**project.connect.get("connections", {}), _name(asked): settings}
        if not look and not settings:
            # Its name here is what makes the page look for a look of its own.
            del connections[_name(asked)]
        settings = {**project.connect, "connections": connections}
    else:
        settings = {**settings, "connections": project.connect.get("connections", {})}
    projects().update(asked.public_key, {"connect": {name: value for name, value in settings.items() if value}})
    return show_page(asked)


def _check(asked: argparse.Namespace) -> None:
    """Refuse addresses that are none, and what only a project has, or only a connection."""
    if asked.origin is not None and not all(is_origin(origin) for origin in asked.origin):
        raise RefusedError(
            "an origin is exact and https (http for this machine alone), such as https://app.example.com: no path, no"
            " slash, no wildcard"
        )
    if asked.base_url and not (is_origin(asked.base_url) and asked.base_url.startswith("https://")):
        raise RefusedError("the base URL is an https origin, such as https://connect.example.com")
    if asked.owner and (asked.origin is not None or asked.method is not None):
        raise RefusedError("origins and methods are the project's; a link may be given less")
    if asked.displayName and not asked.owner:
        raise RefusedError("a display name is one customer's: say whose by --owner")


def _kept(project: Project, asked: argparse.Namespace) -> dict[str, Any]:
    """Return what is set beside the look, of the connection that was asked for or else of the project."""
    connections = project.connect.get("connections", {})
    if asked.owner:
        return dict(connections.get(_name(asked), {}))
    return {name: value for name, value in project.connect.items() if name != "connections"}


def _name(asked: argparse.Namespace) -> str:
    return connection_name(asked.connector, asked.owner) if asked.owner else ""


def _project(public_key: str) -> Project:
    project = projects().find(public_key)
    if project is None:
        raise RefusedError("there is no project with this public key")
    return project


def _option(name: str) -> str:
    return "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
