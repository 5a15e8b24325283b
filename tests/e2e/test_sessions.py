"""Sessions: what a browser may do with one, and how they end."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.e2e.running import (
    CONTACT_OPERATIONS,
    OPERATIONS,
    TABLE,
    Connection,
    Project,
    Sandbox,
    Session,
    World,
    assert_problem,
)

pytest_plugins = ["tests.e2e.fixtures"]

CONTACTS = "/resources/genericContact"
NOT_VALID = "MORPH::SESSION::TOKEN_VALIDATION_FAILED"


@pytest.fixture(scope="module")
def connected(world: World, project: Project) -> Connection:
    """Connect a customer."""
    return world.connected(project)


@pytest.fixture(scope="module")
def other_project(world: World) -> Project:
    """Make another tenant."""
    return world.project("Others")


def only(*operations: str) -> Mapping[str, Any]:
    """Ask for a session of these operations."""
    return {"connection": {"operations": list(operations)}}


def test_a_session_serves_what_a_secret_key_does(connected: Connection) -> None:
    """On both doors, with the public key alone."""
    session = connected.session()
    listed = session.call("GET", CONTACTS, params={"limit": 2})
    assert listed.status_code == 200
    assert session.call("GET", f"/s{CONTACTS}", params={"limit": 2}).json()["data"] == listed.json()["data"]
    contact = listed.json()["data"][0]["id"]
    assert session.call("GET", f"/s{CONTACTS}/{contact}").json() == listed.json()["data"][0]
    assert session.call("GET", "/s/models/genericContact/fields").status_code == 200
    assert session.call("GET", "/s/connection").json()["ownerId"] == connected.owner
    assert session.call("GET", "/s/connector").json()["id"] == "ashby"


def test_a_session_does_only_the_operations_it_was_given(world: World, project: Project) -> None:
    """Even when the connection is given more later."""
    connection = world.connected(project, ["genericContact::list"])
    session = connection.session()
    connection.send("PATCH", "", json={"operations": list(OPERATIONS)})
    assert session.call("GET", CONTACTS).status_code == 200
    for method, path, body in (
        ("POST", CONTACTS, {"firstName": "Ada"}),
        ("GET", f"{CONTACTS}/some-id", None),
        ("DELETE", f"{CONTACTS}/some-id", None),
        ("GET", "/resources/genericUser", None),
        ("GET", "/models/genericContact/fields", None),
    ):
        answer = session.call(method, path, **({"json": body} if body else {}))
        assert_problem(answer, 403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
    assert connection.call("GET", "/resources/genericUser").status_code == 200


def test_a_session_loses_what_its_connection_loses(world: World, project: Project) -> None:
    """Taking an operation away from a customer's connection takes it from every browser."""
    connection = world.connected(project, CONTACT_OPERATIONS)
    session = connection.session()
    connection.send("PATCH", "", json={"operations": ["genericContact::retrieve"]})
    assert_problem(session.call("GET", CONTACTS), 403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")


def test_operations_given_with_a_session_become_the_connections(world: World, project: Project) -> None:
    """As Morph's wire has it."""
    connection = world.connected(project, CONTACT_OPERATIONS)
    connection.session(only("genericUser::list"))
    assert connection.send("GET", "").json()["operations"] == ["genericUser::list"]


@pytest.mark.parametrize("expires_in", [0, 604_801, -1, "600", 60.5, True])
def test_a_session_lasts_a_second_to_a_week(connected: Connection, expires_in: Any) -> None:
    """Other durations are refused by name."""
    answer = connected.send("POST", "/sessions", json={"expiresIn": expires_in, "connection": {}})
    problem = assert_problem(answer, 400, "MORPH::BAD_REQUEST")
    assert [one["field"] for one in problem["fields"]] == ["expiresIn"]


def test_a_session_that_has_expired_is_refused_even_while_it_is_stored(world: World, connected: Connection) -> None:
    """The database removes what has expired days later."""
    session = connected.session({"expiresIn": 60, "connection": {}})
    assert session.call("GET", "/s/connection").status_code == 200
    table = world.aws("dynamodb")
    key = {":pk": {"S": f"CREDENTIAL#{connected.project.id}#ashby#{connected.owner}"}, ":sk": {"S": "SESSION#"}}
    where = "pk = :pk AND begins_with(sk, :sk)"
    for row in table.query(TableName=TABLE, KeyConditionExpression=where, ExpressionAttributeValues=key)["Items"]:
        past = {name: {"N": "1000000000"} for name in ("expiresAt", "ttl") if name in row}
        assert past
        table.put_item(TableName=TABLE, Item={**row, **past})
    assert_problem(session.call("GET", "/s/connection"), 401, "MORPH::SESSION::EXPIRED")


def test_a_session_ends_itself(connected: Connection) -> None:
    """Others of the same customer go on."""
    ending, staying = connected.session(), connected.session()
    assert ending.call("DELETE", "/s/session").status_code == 204
    assert_problem(ending.call("GET", CONTACTS), 401, NOT_VALID)
    assert_problem(ending.call("DELETE", "/s/session"), 401, NOT_VALID)
    assert staying.call("GET", CONTACTS, params={"limit": 1}).status_code == 200


def test_only_a_session_can_end_itself(connected: Connection) -> None:
    """A secret key has nothing to end there."""
    assert_problem(connected.call("DELETE", "/s/session"), 401, NOT_VALID)


def test_all_sessions_of_a_customer_are_revoked_at_once(world: World, project: Project, connected: Connection) -> None:
    """And nobody else's."""
    connection = world.connected(project)
    sessions = [connection.session() for _ in range(3)]
    bystander = connected.session()
    assert connection.send("DELETE", "/sessions").status_code == 204
    for session in sessions:
        assert_problem(session.call("GET", CONTACTS), 401, NOT_VALID)
    assert bystander.call("GET", CONTACTS, params={"limit": 1}).status_code == 200
    assert connection.session().call("GET", CONTACTS, params={"limit": 1}).status_code == 200


def test_a_session_does_not_outlive_its_connection(world: World, project: Project) -> None:
    """A connection of the same name that is made later is another one."""
    connection = world.connected(project)
    session = connection.session()
    connection.send("DELETE", "")
    assert session.call("GET", CONTACTS).status_code in (401, 404)
    connection.send("POST", "", json={"operations": list(OPERATIONS)})
    connection.authorize_by_key(world.keep_secret(world.sandbox.key()))
    assert connection.call("GET", CONTACTS).status_code == 200
    for method, path in (("GET", CONTACTS), ("GET", "/s/connection"), ("DELETE", "/s/connection")):
        answer = session.call(method, path)
        assert answer.status_code in (401, 404), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert connection.status() == "authorized"


def test_a_session_is_of_its_project_alone(
    world: World, project: Project, other_project: Project, connected: Connection
) -> None:
    """Beside the public key of another project it is nobody's, whatever customer that project has."""
    session = connected.session()
    Connection(world, other_project, connected.owner).send("POST", "", json={"operations": list(OPERATIONS)})
    elsewhere = replace(session, public_key=other_project.public_key)
    for path in (CONTACTS, "/s/connection"):
        assert_problem(elsewhere.call("GET", path), 401, NOT_VALID)
    nowhere = replace(session, public_key="pk_nobody")
    assert_problem(nowhere.call("GET", CONTACTS), 401, "MORPH::UNAUTHENTICATED")


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token[:10] + "AAAA" + token[14:],
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".YXNoYnkAc29tZWJvZHk",
        lambda token: "sess_" + "A" * 43 + "." + token.partition(".")[2],
        lambda _: "",
        lambda token: "." + token,
    ],
    ids=["cut", "changed", "without-place", "with-another-place", "guessed", "empty", "shifted"],
)
def test_a_session_token_that_was_tampered_with_is_refused(connected: Connection, change: Any) -> None:
    """It is one secret and a place, and both must be right."""
    session = connected.session()
    assert_problem(replace(session, token=change(session.token)).call("GET", CONTACTS), 401, NOT_VALID)


def test_a_session_decides_beside_a_secret_key(world: World, project: Project) -> None:
    """It may less, so nobody gains by adding one; and it must not name another customer than the headers do."""
    connection = world.connected(project, ["genericContact::list"])
    session = connection.session()
    connection.send("PATCH", "", json={"operations": list(OPERATIONS)})
    both = {**connection.headers, **session.headers}
    assert session.call("GET", CONTACTS, headers=both).status_code == 200
    answer = session.call("GET", "/resources/genericUser", headers=both)
    assert_problem(answer, 403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
    elsewhere = {**both, "x-owner-id": world.connection(project).owner}
    assert_problem(session.call("GET", CONTACTS, headers=elsewhere), 400, "MORPH::BAD_REQUEST")


def test_a_session_has_no_way_into_the_servers_routes(connected: Connection) -> None:
    """Neither to other customers nor to more rights of its own."""
    session = connected.session()
    own = f"/connections/ashby/{connected.owner}"
    for method, path in (
        ("GET", "/connections"),
        ("GET", own),
        ("PATCH", own),
        ("DELETE", own),
        ("POST", f"{own}/sessions"),
        ("POST", f"{own}/authorization"),
        ("POST", f"/connections/ashby/owner-{secrets.token_hex(4)}"),
        ("GET", "/connectors"),
    ):
        body = {} if method in ("GET", "DELETE") else {"json": {}}
        assert_problem(session.call(method, path, **body), 401, "MORPH::UNAUTHENTICATED")
    assert connected.status() == "authorized"


def test_a_browser_authorizes_and_removes_its_own_connection(world: World, project: Project, sandbox: Sandbox) -> None:
    """As Morph's components do."""
    connection = world.connection(project)
    session: Session = connection.session()
    assert_problem(session.call("GET", CONTACTS), 409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")
    key = world.keep_secret(sandbox.key())
    authorized = session.call("POST", "/s/connection/authorization", json={"settings": {"apiKey": key}})
    assert authorized.json()["status"] == "authorized"
    assert session.call("GET", CONTACTS, params={"limit": 1}).status_code == 200
    assert session.call("DELETE", "/s/connection").status_code == 204
    assert_problem(connection.send("GET", ""), 404, "MORPH::CONNECTION::NOT_FOUND")
