"""The admin command sets up a project's connect page, and refuses what the page could not show safely."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from admin import connect_page
from admin.__main__ import parser
from admin.commands import RefusedError
from unified.connect.branding import logo_of
from unified.projects import Project

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


class Kept:
    """What the stores would keep, of one project."""

    def __init__(self) -> None:
        # By connection; the project's own under no name.
        self.looks: dict[str, dict[str, Any]] = {}
        self.project = Project("prj", "Acme", "pk")

    def find(self, public_key: str) -> Project | None:
        return self.project if public_key == "pk" else None

    def update(self, public_key: str, changes: Mapping[str, Any]) -> None:
        assert public_key == "pk"
        self.project = self.project._replace(**changes)

    @property
    def look(self) -> dict[str, Any]:
        return self.looks.get("", {})

    def branding(self, project: str, connection: str = "") -> dict[str, Any]:
        assert project == "prj"
        return self.looks.get(connection, {})

    def put_branding(self, project: str, branding: Mapping[str, Any], connection: str = "") -> None:
        assert project == "prj"
        self.looks[connection] = dict(branding)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    found = Kept()
    monkeypatch.setattr(connect_page, "links", lambda: found)
    monkeypatch.setattr(connect_page, "projects", lambda: found)
    return found


def run(*arguments: str) -> Any:
    asked = parser().parse_args(["connect-page", *arguments])
    return asked.run(asked)


def test_what_is_given_is_changed_and_the_rest_stays(kept: Kept, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG)
    run("set", "pk", "--company-name", "Acme Inc.", "--accent-color", "#123456", "--logo", str(logo))

    run("set", "pk", "--title", "Hello", "--accent-color", "", "--origin", "https://app.acme.example")
    shown = run("set", "pk", "--method", "apiKey", "--base-url", "https://connect.acme.example")

    assert kept.look == {"companyName": "Acme Inc.", "title": "Hello", "logo": logo_of(PNG)}
    assert kept.project.connect == {
        "origins": ["https://app.acme.example"],
        "methods": ["apiKey"],
        "baseUrl": "https://connect.acme.example",
    }
    assert shown == run("show", "pk")
    assert "base64" not in str(shown)


def test_a_setting_is_taken_away_by_nothing(kept: Kept) -> None:
    run("set", "pk", "--origin", "https://app.acme.example", "--method", "oauth", "--base-url", "https://a.example")
    kept.looks[""] = {"logo": logo_of(PNG)}

    run("set", "pk", "--origin", "--method", "--base-url", "", "--no-logo")

    assert (kept.look, kept.project.connect) == ({}, {})


@pytest.mark.parametrize(
    "arguments",
    [
        ("--origin", "*"),
        ("--origin", "https://*.acme.example"),
        ("--origin", "https://app.acme.example", "https://app.acme.example/path"),
        ("--origin", "null"),
        ("--origin", "https://a.example:99999"),
        ("--origin", "https://a..b"),
        ("--origin", "https://-a.example"),
        ("--origin", "http://evil.example"),
        ("--company-name", "   "),
        ("--display-name", "Globex"),
        ("--owner", "globex", "--origin", "https://app.acme.example"),
        ("--owner", "globex", "--method", "oauth"),
        ("--base-url", "http://connect.acme.example"),
        ("--base-url", "https://connect.acme.example/"),
        ("--accent-color", "red"),
        ("--support-url", "javascript:alert(1)"),
        ("--language", "tlh"),
        ("--logo", "/nothing/there.png"),
    ],
)
def test_what_is_not_safe_is_refused_and_changes_nothing(kept: Kept, arguments: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError):
        run("set", "pk", *arguments)

    assert (kept.look, kept.project) == ({}, Project("prj", "Acme", "pk"))


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", PNG + b"\0" * 30_000])
def test_a_file_that_is_no_small_picture_is_no_logo(kept: Kept, tmp_path: Path, content: bytes) -> None:
    logo = tmp_path / "logo"
    logo.write_bytes(content)

    with pytest.raises(RefusedError, match="PNG, JPEG or WebP"):
        run("set", "pk", "--logo", str(logo))


def test_a_project_that_is_not_there_is_refused(kept: Kept) -> None:
    with pytest.raises(RefusedError):
        run("show", "pk_nobody")


def test_a_list_grows_by_every_time_that_it_is_named(kept: Kept) -> None:
    run("set", "pk", "--origin", "https://a.example", "https://b.example", "--origin", "http://localhost:3000")
    run("set", "pk", "--method", "apiKey", "--method", "oauth")

    assert kept.project.connect == {
        "origins": ["https://a.example", "https://b.example", "http://localhost:3000"],
        "methods": ["apiKey", "oauth"],
    }


def test_a_connection_has_a_page_of_its_own_beside_the_projects(kept: Kept) -> None:
    run("set", "pk", "--company-name", "Acme", "--base-url", "https://connect.acme.example")
    run("set", "pk", "--owner", "globex", "--display-name", "Globex", "--base-url", "https://connect.globex.example")
    shown = run("set", "pk", "--owner", "initech", "--accent-color", "#123456")

    assert shown == {"accentColor": "#123456"}
    assert kept.looks == {
        "": {"companyName": "Acme"},
        "ashby#globex": {"displayName": "Globex"},
        "ashby#initech": {"accentColor": "#123456"},
    }
    assert kept.project.connect == {
        "baseUrl": "https://connect.acme.example",
        "connections": {"ashby#globex": {"baseUrl": "https://connect.globex.example"}, "ashby#initech": {}},
    }
    assert run("show", "pk", "--owner", "globex") == {
        "displayName": "Globex",
        "baseUrl": "https://connect.globex.example",
    }
    assert run("show", "pk") == {"companyName": "Acme", "baseUrl": "https://connect.acme.example"}


def test_what_a_connection_has_of_its_own_is_taken_away_whole(kept: Kept) -> None:
    run("set", "pk", "--owner", "globex", "--display-name", "Globex", "--base-url", "https://connect.globex.example")

    run("set", "pk", "--owner", "globex", "--display-name", "", "--base-url", "")

    assert (kept.looks["ashby#globex"], kept.project.connect) == ({}, {})
