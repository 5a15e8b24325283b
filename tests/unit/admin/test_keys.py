"""Keys by the admin command: given rights by name, shown with them, rotated, ended by themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest

from admin.__main__ import main
from tests.unit.admin.test_commands import Admin, admin, everything, forget, keys
from unified import table as t
from unified.grants import FULL
from unified.projects import Key, projects
from unified.secret import Secret

__all__ = ["admin", "keys"]

DAY = 86_400


def works(made: dict[str, Any]) -> Key | None:
    """Return what a function that knows nothing yet makes of a key."""
    forget()
    found = projects().check("pk_acme", Secret(made["secretKey"]))
    return None if found is None else found[1]


@pytest.fixture
def acme(admin: Admin) -> dict[str, Any]:
    """Make a project; returns what was printed."""
    return admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")


def shown(admin: Admin) -> dict[str, dict[str, Any]]:
    """Return the project's keys as they are shown, by id."""
    return {key["secretId"]: key for key in admin("projects", "show", "pk_acme")["secretKeys"]}


def test_a_key_without_rights_named_may_do_everything(admin: Admin, acme: dict[str, Any]) -> None:
    made = admin("keys", "add", "pk_acme")

    everywhere = {"connections": None, "operations": None, "proxy": None, "expiresAt": None}
    assert made["grant"] == {**everywhere, "may": ["admin", "events", "manage"]}
    key = works(made)
    assert key is not None
    assert key.grant == FULL


@pytest.mark.parametrize(
    ("arguments", "grant"),
    [
        (("--connection", "ashby/acme"), {"connections": ["ashby/acme"]}),
        (("--operation", "*::list", "--operation", "atsJob::*"), {"operations": ["*::list", "atsJob::*"]}),
        (("--proxy", "read", "--proxy", "candidate.create"), {"proxy": ["read", "candidate.create"]}),
        (("--may", "manage", "--may", "events"), {"may": ["events", "manage"]}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_one_right_named_takes_all_others_away(
    admin: Admin, acme: dict[str, Any], arguments: tuple[str, ...], grant: dict[str, Any]
) -> None:
    made = admin("keys", "add", "pk_acme", *arguments)

    wanted = {"connections": None, "operations": [], "proxy": [], "may": [], "expiresAt": None, **grant}
    assert made["grant"] == wanted
    assert shown(admin)[made["secretId"]]["grant"] == wanted
    key = works(made)
    assert key is not None
    assert key.grant.to_item() == wanted


@pytest.mark.parametrize(
    "arguments",
    [("--connection", "acme"), ("--connection", "*"), ("--operation", "list"), ("--proxy", "write")],
    ids=" ".join,
)
def test_rights_that_are_not_understood_are_refused_and_make_no_key(
    admin: Admin, acme: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    before = everything()

    status, complaint = admin("keys", "add", "pk_acme", *arguments)

    assert status == 2
    assert "rights" in complaint
    assert everything() == before


def test_a_right_that_there_is_not_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--table", "unified", "keys", "add", "pk_acme", "--may", "any"])
    assert ended.value.code == 2
    assert "--may" in capsys.readouterr().err


def test_a_key_ends_by_itself(admin: Admin, acme: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = admin("keys", "add", "pk_acme", "--expires-in-days", "30", "--connection", "ashby/acme")
    now = time.time()

    assert abs(made["grant"]["expiresAt"] - (now + 30 * DAY)) < 60
    assert works(made) is not None
    monkeypatch.setattr("unified.projects.time.time", lambda: now + 30 * DAY + 60)
    assert works(made) is None
    assert works(acme) is not None


def test_an_expiry_alone_takes_no_right_away(admin: Admin, acme: dict[str, Any]) -> None:
    made = admin("keys", "add", "pk_acme", "--expires-in-days", "0.5")

    assert {**made["grant"], "expiresAt": None} == FULL.to_item()


def test_keys_are_shown_with_who_made_them_and_when_they_were_used(admin: Admin, acme: dict[str, Any]) -> None:
    made = admin("keys", "add", "pk_acme", "--note", "reports", "--created-by", "ada", "--operation", "*::list")
    assert shown(admin)[made["secretId"]]["lastUsedAt"] is None
    key = works(made)
    assert key is not None
    projects().note_use("pk_acme", key)

    one = shown(admin)[made["secretId"]]

    assert (one["note"], one["createdBy"], one["revokedAt"]) == ("reports", "ada", None)
    assert one["lastUsedAt"] >= one["createdAt"]
    assert shown(admin)[acme["secretId"]]["lastUsedAt"] is None
    assert made["secretKey"] not in everything()


def test_rotation_gives_the_same_rights_and_lets_the_old_key_serve_for_a_while(
    admin: Admin, acme: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = admin("keys", "add", "pk_acme", "--note", "reports", "--connection", "ashby/acme", "--may", "events")

    new = admin("keys", "rotate", "pk_acme", made["secretId"], "--overlap-hours", "2", "--created-by", "bob")

    assert new["replaces"] == made["secretId"]
    keys = shown(admin)
    assert keys[new["secretId"]]["grant"] == made["grant"]
    assert (keys[new["secretId"]]["note"], keys[new["secretId"]]["createdBy"]) == ("reports", "bob")
    assert works(made) is not None
    assert works(new) is not None
    ends = keys[made["secretId"]]["grant"]["expiresAt"]
    assert abs(ends - (time.time() + 7200)) < 60
    monkeypatch.setattr("unified.projects.time.time", lambda: ends + 1)
    assert works(made) is None
    assert works(new) is not None


def test_rotation_without_overlap_ends_the_old_key(admin: Admin, acme: dict[str, Any]) -> None:
    new = admin("keys", "rotate", "pk_acme", acme["secretId"], "--overlap-hours", "0")

    assert works(acme) is None
    assert works(new) is not None
    assert shown(admin)[acme["secretId"]]["revokedAt"] is not None


def test_rotation_never_lengthens_a_keys_life(admin: Admin, acme: dict[str, Any]) -> None:
    made = admin("keys", "add", "pk_acme", "--expires-in-days", "0.01", "--operation", "*::list")

    admin("keys", "rotate", "pk_acme", made["secretId"], "--overlap-hours", "24")

    assert shown(admin)[made["secretId"]]["grant"] == made["grant"]


def test_a_key_that_was_revoked_is_not_rotated(admin: Admin, acme: dict[str, Any]) -> None:
    admin("keys", "revoke", "pk_acme", acme["secretId"])
    before = everything()

    assert admin("keys", "rotate", "pk_acme", acme["secretId"])[0] == 2
    assert admin("keys", "rotate", "pk_acme", "nothing")[0] == 2
    assert everything() == before


def test_a_key_that_has_ended_is_not_rotated_into_another_dead_one(
    admin: Admin, acme: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command would print a key that serves nobody."""
    made = admin("keys", "add", "pk_acme", "--expires-in-days", "1", "--operation", "*::list")
    later = time.time() + 2 * DAY
    monkeypatch.setattr("unified.projects.time.time", lambda: later)

    answer = admin("keys", "rotate", "pk_acme", made["secretId"])

    assert isinstance(answer, tuple)


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *(("add", "--expires-in-days", value) for value in ("-1", "0", "-0.0", "nan", "inf", "1e300", "36501")),
        *(("rotate", "--overlap-hours", value) for value in ("-1", "nan", "inf", "-inf", "1e300")),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_and_makes_no_key(
    admin: Admin, acme: dict[str, Any], command: str, option: str, value: str
) -> None:
    before = everything()
    place = ("pk_acme",) if command == "add" else ("pk_acme", acme["secretId"])

    status, complaint = admin("keys", command, *place, f"{option}={value}")

    assert status == 2
    assert option in complaint
    assert everything() == before


def test_the_audit_says_who_gave_and_took_a_key(admin: Admin, acme: dict[str, Any]) -> None:
    made = admin("keys", "add", "pk_acme", "--created-by", "ada")["secretId"]
    new = admin("keys", "rotate", "pk_acme", made, "--created-by", "bob", "--overlap-hours", "1")["secretId"]
    admin("keys", "revoke", "pk_acme", new, "--revoked-by", "cleo")

    records = t.table().query(f"AUDIT#{acme['projectId']}#*#*")
    assert sorted((one["actor"], one["action"], one["outcome"]) for one in records) == [
        ("admin:ada", "key.create", made),
        ("admin:bob", "key.rotate", f"{made} to {new}"),
        ("admin:cleo", "key.revoke", new),
    ]
    assert shown(admin)[new]["revokedBy"] == "cleo"


def test_rotating_twice_gives_a_key_that_outlives_the_overlap(admin: Admin, acme: dict[str, Any]) -> None:
    """By then the old one has an end, which is the overlap's and none of its rights."""
    admin("keys", "rotate", "pk_acme", acme["secretId"], "--overlap-hours", "1")

    again = admin("keys", "rotate", "pk_acme", acme["secretId"], "--overlap-hours", "1")

    assert isinstance(again, tuple) or shown(admin)[again["secretId"]]["grant"]["expiresAt"] is None
