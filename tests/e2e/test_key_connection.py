"""A customer connected by an API key: its life from creation to removal, over sockets."""

import secrets
from typing import Any

import pytest

from tests.e2e.account import KEY, Account
from tests.e2e.running import CONTACT_OPERATIONS, Connection, Project, Sandbox, World, assert_problem

pytest_plugins = ["tests.e2e.fixtures"]

CONTACTS = "/resources/genericContact"


@pytest.fixture(scope="module")
def connected(world: World, project: Project) -> Connection:
    """Connect a customer by the sandbox's key of every permission."""
    return world.connected(project, key=KEY)


def some_contact() -> dict[str, str]:
    """Make up a person."""
    unique = secrets.token_hex(6)
    return {"firstName": "Ada", "lastName": f"Lovelace {unique}", "email": f"ada.{unique}@example.com"}


def pages(connection: Connection, path: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    """List every page to the end."""
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        answer = connection.call("GET", path, params={**parameters, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["data"])
        cursor = answer.json()["next"]
    return found


def with_open_applications(sandbox: Sandbox, contacts: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Find a candidate with applications that are under way; gives its id and theirs."""
    for contact in reversed(contacts):
        applications = sandbox.candidate(contact["id"])["applications"]
        still_open = [one["id"] for one in applications if one["status"] not in ("Archived", "Hired")]
        if still_open:
            return contact["id"], still_open
    return pytest.fail("no candidate has an open application")


def test_a_connection_is_made_authorized_and_removed(world: World, project: Project) -> None:
    """The key that was given appears in no answer."""
    connection = world.connection(project, ["genericContact::list"])
    made = connection.send("GET", "").json()
    assert made["object"] == "connection"
    assert (made["connectorId"], made["ownerId"]) == ("ashby", connection.owner)
    assert (made["status"], made["operations"]) == ("unauthorized", ["genericContact::list"])
    assert_problem(connection.call("GET", CONTACTS), 409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")

    authorized = connection.authorize_by_key(KEY).json()
    assert (authorized["object"], authorized["status"]) == ("connectionAuthorization", "authorized")
    assert authorized["missingScopes"] == []
    assert connection.status() == "authorized"
    assert connection.call("GET", CONTACTS).status_code == 200

    assert connection.send("DELETE", "").status_code == 204
    assert_problem(connection.send("GET", ""), 404, "MORPH::CONNECTION::NOT_FOUND")
    assert_problem(connection.call("GET", CONTACTS), 404, "MORPH::CONNECTION::NOT_FOUND")


def test_a_second_creation_is_refused_and_changes_nothing(world: World, project: Project) -> None:
    """Creating is not updating."""
    connection = world.connection(project, ["genericUser::list"])
    again = connection.send("POST", "", json={"operations": ["genericContact::list"]})
    assert_problem(again, 409, "MORPH::CONNECTION::CREATION_FAILED")
    assert connection.send("GET", "").json()["operations"] == ["genericUser::list"]


def test_an_operation_that_was_not_given_is_refused_until_it_is(world: World, project: Project) -> None:
    """Operations bind, and updating replaces them."""
    connection = world.connected(project, ["genericUser::list"])
    refused = assert_problem(connection.call("GET", CONTACTS), 403, "MORPH::CONNECTION::OPERATION_NOT_GRANTED")
    assert "genericContact::list" in refused["detail"]
    assert connection.send("PATCH", "", json={"operations": ["genericContact::list"]}).status_code == 200
    assert connection.call("GET", CONTACTS).status_code == 200
    assert connection.call("GET", "/resources/genericUser").status_code == 403


def test_updating_makes_a_connection_only_when_asked_to(world: World, project: Project) -> None:
    """``createIfMissing`` is for callers that keep no record of what they have made."""
    connection = Connection(world, project, f"owner-{secrets.token_hex(6)}")
    wanted = {"operations": ["genericContact::list"]}
    assert_problem(connection.send("PATCH", "", json=wanted), 404, "MORPH::CONNECTION::NOT_FOUND")
    made = connection.send("PATCH", "", json=wanted, params={"createIfMissing": "true"})
    assert (made.status_code, made.json()["status"]) == (200, "unauthorized")


def test_all_connections_of_the_project_are_listed_in_pages(world: World) -> None:
    """Every one once, whatever the size of a page."""
    project = world.project("With several customers")
    owners = {world.connection(project).owner for _ in range(5)}
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        parameters = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = world.http.get(f"{world.url}/v1/connections", headers=project.headers, params=parameters).json()
        seen += [connection["ownerId"] for connection in answer["data"]]
        cursor = answer["next"]
    assert sorted(seen) == sorted(owners)


@pytest.mark.parametrize("limit", [100, 33])
def test_contacts_are_listed_in_pages_to_the_end(connected: Connection, sandbox: Sandbox, limit: int) -> None:
    """Every candidate once."""
    found = pages(connected, CONTACTS, limit=limit)
    ids = [contact["id"] for page in found for contact in page]
    assert len(set(ids)) == len(ids) == sandbox.state()["counts"]["candidate"]
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)


def test_a_cursor_fits_only_its_own_list(world: World, project: Project, connected: Connection) -> None:
    """Neither another customer's list nor another model's takes it."""
    cursor = connected.call("GET", CONTACTS, params={"limit": 1}).json()["next"]
    other = world.connected(project)
    assert connected.call("GET", CONTACTS, params={"cursor": cursor}).status_code == 200
    assert_problem(other.call("GET", CONTACTS, params={"cursor": cursor}), 400, "MORPH::BAD_REQUEST")
    for_users = connected.call("GET", "/resources/genericUser", params={"cursor": cursor})
    assert_problem(for_users, 400, "MORPH::BAD_REQUEST")


def test_a_contact_is_created_found_changed_and_read_back(connected: Connection) -> None:
    """By its e-mail address, by its name and by its id."""
    person = some_contact()
    made = connected.call("POST", CONTACTS, json=person, params={"returnResource": "true"})
    assert made.status_code == 200, made.text
    contact = made.json()
    assert {key: contact["fields"][key] for key in person} == person

    for parameters in (
        {"q": person["email"]},
        {"filter[email]": person["email"]},
        {"filter[name]": f"{person['firstName']} {person['lastName']}"},
    ):
        found = connected.call("GET", CONTACTS, params=parameters).json()
        assert [one["id"] for one in found["data"]] == [contact["id"]], parameters

    changed = connected.call(
        "PATCH", f"{CONTACTS}/{contact['id']}", json={"lastName": "King", "phone": "+44 20 7946 0000"}
    )
    assert changed.json() == {
        "object": "resourceRef",
        "model": "genericContact",
        "id": contact["id"],
        "remote": {"id": contact["id"]},
    }
    read = connected.call("GET", f"{CONTACTS}/{contact['id']}", params={"fields": "firstName,lastName,phoneNumber"})
    assert read.json()["fields"] == {"firstName": "Ada", "lastName": "King", "phoneNumber": "+44 20 7946 0000"}


def test_a_contact_with_wrong_fields_is_refused_by_name(connected: Connection, sandbox: Sandbox) -> None:
    """Nothing is sent to Ashby."""
    before = sandbox.calls(KEY).get("candidate.create")
    refused = connected.call("POST", CONTACTS, json={"firstName": "A", "email": "no address", "shoeSize": 43})
    assert {problem["field"] for problem in refused.json()["fields"]} == {"email", "shoeSize"}
    assert (refused.status_code, sandbox.calls(KEY).get("candidate.create")) == (400, before)


def test_a_contact_with_open_applications_is_not_deleted(connected: Connection, sandbox: Sandbox) -> None:
    """The answer names the applications in the way; once they are closed, the contact is anonymized."""
    contacts = connected.call("GET", CONTACTS, params={"limit": 100}).json()["data"]
    contact, applications = with_open_applications(sandbox, contacts)
    path = f"{CONTACTS}/{contact}"
    name = sandbox.candidate(contact)["name"]
    refused = assert_problem(connected.call("DELETE", path), 409, "CONNECTOR::OPERATION::CONFLICT")
    assert all(application in refused["detail"] for application in applications)
    assert sandbox.candidate(contact)["name"] == name

    sandbox.close_applications(contact)
    assert connected.call("DELETE", path).status_code == 204
    left = sandbox.candidate(contact)
    assert left["name"] != name
    assert left["emailAddresses"] == []


def test_a_contact_without_applications_is_deleted(connected: Connection, sandbox: Sandbox) -> None:
    """The answer has no body."""
    person = some_contact()
    contact = connected.call("POST", CONTACTS, json=person).json()["id"]
    deleted = connected.call("DELETE", f"{CONTACTS}/{contact}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert person["email"] not in str(sandbox.candidate(contact))
    assert connected.call("GET", CONTACTS, params={"q": person["email"]}).json()["data"] == []


def test_users_are_listed_found_and_read(connected: Connection, sandbox: Sandbox) -> None:
    """All of them, the deactivated ones too."""
    users = [user for page in pages(connected, "/resources/genericUser", limit=6) for user in page]
    assert len({user["id"] for user in users}) == len(users) == sandbox.state()["counts"]["user"]
    assert {user["fields"]["isActive"] for user in users} == {True, False}
    someone = users[0]
    found = connected.call("GET", "/resources/genericUser", params={"filter[email]": someone["fields"]["email"]})
    assert [user["id"] for user in found.json()["data"]] == [someone["id"]]
    assert connected.call("GET", f"/resources/genericUser/{someone['id']}").json() == someone


def test_the_workspace_is_the_organisation(world: World, connected: Connection) -> None:
    """There is one."""
    (workspace,) = connected.call("GET", "/resources/genericWorkspace").json()["data"]
    assert workspace["fields"] == {"name": Account(world).name()}


def test_custom_fields_are_described(connected: Connection) -> None:
    """With Ashby's own id as the remote key; standard ones are told apart."""
    custom = connected.call("GET", "/models/genericContact/fields", params={"isCustom": "true"}).json()["data"]
    every = connected.call("GET", "/models/genericContact/fields").json()["data"]
    assert custom
    assert all(one["isCustom"] and one["remote"]["key"] for one in custom)
    assert [one for one in every if one["isCustom"]] == custom
    assert {"firstName", "email"} <= {one["key"] for one in every if not one["isCustom"]}


@pytest.mark.parametrize("query", ["isCustom=maybe", "isCustom=", "limit=many", "shape=round"])
def test_fields_are_not_filtered_by_nonsense(connected: Connection, query: str) -> None:
    """An empty list would say that there are none."""
    answer = connected.call("GET", f"/models/genericContact/fields?{query}")
    assert_problem(answer, 400, "MORPH::BAD_REQUEST")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/resources/genericUser"),
        ("PATCH", "/resources/genericUser/some-id"),
        ("DELETE", "/resources/genericUser/some-id"),
        ("POST", "/resources/genericWorkspace"),
    ],
)
def test_what_ashby_does_not_offer_is_refused_with_a_reason(connected: Connection, method: str, path: str) -> None:
    """Never a success that is none."""
    body = {} if method == "DELETE" else {"json": {"firstName": "Ada"}}
    refused = assert_problem(connected.call(method, path, **body), 501, "CONNECTOR::OPERATION::NOT_FOUND")
    assert "Ashby" in refused["detail"]


def test_a_record_that_is_not_there_is_missing(connected: Connection) -> None:
    """In every operation on one record."""
    path = f"{CONTACTS}/00000000-0000-4000-8000-000000000000"
    for method, more in (("GET", {}), ("PATCH", {"json": {"email": "a@example.com"}}), ("DELETE", {})):
        assert_problem(connected.call(method, path, **more), 404, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND")


def test_a_read_only_key_is_told_which_permission_a_write_needs(world: World, project: Project) -> None:
    """The connection stays as it is: nothing is wrong with the key."""
    connection = world.connected(project, CONTACT_OPERATIONS, key="ashby_local_readonly")
    refused = connection.call("POST", CONTACTS, json=some_contact())
    problem = assert_problem(refused, 403, "MORPH::CONNECTION::PROXY::FORBIDDEN")
    assert problem["permission"] == "candidatesWrite"
    assert "candidatesWrite" in problem["detail"]
    assert connection.status() == "authorized"
    assert connection.call("GET", CONTACTS).status_code == 200


def test_authorizing_tells_which_permissions_are_missing(world: World, project: Project, sandbox: Sandbox) -> None:
    """Before anything has failed for it."""
    key = world.keep_secret(sandbox.key(["candidatesRead", "apiKeysRead"]))
    connection = world.connection(project, CONTACT_OPERATIONS)
    answer = connection.authorize_by_key(key).json()
    assert answer["scopes"] == ["apiKeysRead", "candidatesRead"]
    assert answer["missingScopes"] == ["candidatesWrite", "hiringProcessMetadataRead"]


def test_a_disabled_key_makes_the_connection_unauthorized(world: World, project: Project, sandbox: Sandbox) -> None:
    """A new authorization mends it."""
    key = world.keep_secret(sandbox.key())
    connection = world.connected(project, key=key)
    sandbox.enable(key, enabled=False)
    assert_problem(connection.call("GET", CONTACTS), 409, "MORPH::CONNECTION::PROXY::UNAUTHORIZED")
    assert connection.status() == "unauthorized"

    before = sandbox.calls(key)
    assert_problem(connection.call("GET", CONTACTS), 409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN")
    assert sandbox.calls(key) == before

    assert connection.authorize_by_key(world.keep_secret(sandbox.key())).status_code == 200
    assert connection.status() == "authorized"
    assert connection.call("GET", CONTACTS).status_code == 200


def test_a_wrong_key_leaves_the_working_one_in_place(connected: Connection) -> None:
    """A typing error must not cut off a customer."""
    for wrong in ("ashby_local_disabled", "ashby_no_such_key"):
        refused = connected.authorize_by_key(wrong)
        assert_problem(refused, 400, "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID")
    assert connected.status() == "authorized"
    assert connected.call("GET", CONTACTS).status_code == 200


def test_a_rate_limit_is_passed_on_with_when_to_come_back(connected: Connection, sandbox: Sandbox) -> None:
    """In the header and in the body."""
    sandbox.fault("candidate.list", "status", status=429, retryAfter=40)
    answer = connected.call("GET", CONTACTS)
    problem = assert_problem(answer, 429, "MORPH::CONNECTION::PROXY::RATE_LIMIT_EXCEEDED")
    assert int(answer.headers["retry-after"]) == problem["retryAfter"] >= 40


def test_a_write_whose_answer_was_lost_is_not_called_a_failure(connected: Connection, sandbox: Sandbox) -> None:
    """It is sent once, and the caller is told to look first."""
    person = some_contact()
    sandbox.fault("candidate.create", "drop_after")
    answer = connected.call("POST", CONTACTS, json=person)
    assert_problem(answer, 504, "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN")
    found = connected.call("GET", CONTACTS, params={"q": person["email"]}).json()["data"]
    assert [one["fields"]["email"] for one in found] == [person["email"]]


def test_a_read_whose_answer_was_lost_is_tried_again(connected: Connection, sandbox: Sandbox) -> None:
    """The caller does not notice."""
    sandbox.fault("candidate.list", "drop_after", times=1)
    assert connected.call("GET", CONTACTS, params={"limit": 1}).status_code == 200


def test_removing_a_connection_that_is_not_there_is_told(world: World, project: Project) -> None:
    """Twice is not once."""
    connection = world.connection(project)
    assert connection.send("DELETE", "").status_code == 204
    assert_problem(connection.send("DELETE", ""), 404, "MORPH::CONNECTION::NOT_FOUND")
