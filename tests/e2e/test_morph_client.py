"""Morph's official client, unmodified, against this API: only the base URL in its environment is ours."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.installing import npm_installed
from tests.e2e.running import CONTACT_OPERATIONS, Exchange, Project, Sandbox, World
from unified.connector import known_operations, load_connector

pytest_plugins = ["tests.e2e.fixtures"]

FOLDER = Path(__file__).parent / "morph"
OPERATIONS = [*CONTACT_OPERATIONS, "genericUser::list"]
NOTHING = {"nothing": True}


class Morph:
    """The client in a Node process of its own, with one project's keys."""

    def __init__(self, process: "subprocess.Popen[str]", world: World, project: Project) -> None:
        self._process = process
        self.world = world
        self.keys = {"publicKey": project.public_key, "secretKey": project.secret_key}

    def call(self, *calls: list[Any], keys: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Make a chain of calls on the client; gives ``value``, ``nothing`` (undefined) or ``thrown``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"keys": keys or self.keys, "calls": calls}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client's process has ended"
        shown_by = "/sessions" if calls[0][0] == "sessions" else calls[-1][0].replace("authorize", "/authorization")
        self.world.exchanges.append(Exchange("Morph's client:", shown_by, line))
        return json.loads(line)


@pytest.fixture(scope="session")
def client_folder() -> Path:
    """Install the client."""
    return npm_installed(FOLDER)


@pytest.fixture(scope="module")
def morph(client_folder: Path, world: World, project: Project) -> Iterator[Morph]:
    """Start the client."""
    process = subprocess.Popen(
        ["node", "driver.mjs"],
        cwd=client_folder,
        env={**os.environ, "MORPH_CLOUD_API_BASE_URL": world.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Morph(process, world, project)
        assert process.stdin is not None
        process.stdin.close()


class Customer:
    """One connection by the client."""

    def __init__(self, morph: Morph) -> None:
        self.morph = morph
        self.ids = {"connectorId": "ashby", "ownerId": f"owner-{secrets.token_hex(6)}"}

    def call(self, *calls: list[Any]) -> dict[str, Any]:
        """Call ``morph.connections({connectorId, ownerId})…``."""
        return self.morph.call(["connections", self.ids], *calls)

    def contacts(self, *call: Any) -> dict[str, Any]:
        """Call ``….resources("genericContact")…``."""
        return self.call(["resources", "genericContact"], list(call))

    def session_token(self) -> str:
        """Call ``morph.sessions().create``."""
        made = self.morph.call(["sessions"], ["create", {"connection": self.ids}])
        token: str = made["value"]["data"]["sessionToken"]
        self.morph.world.keep_secret(token.partition(".")[0], "/sessions")
        return token


@pytest.fixture
def customer(morph: Morph) -> Customer:
    """Create a connection."""
    customer = Customer(morph)
    made = customer.call(["create", {"operations": OPERATIONS}])
    assert made["value"]["data"]["status"] == "unauthorized"
    return customer


@pytest.fixture
def connected(customer: Customer, world: World, sandbox: Sandbox) -> Customer:
    """Create a connection and authorize it by key."""
    key = world.keep_secret(sandbox.key())
    answer = customer.call(["authorize", {"settings": {"apiKey": key}}])
    assert answer["value"]["data"]["status"] == "authorized"
    return customer


def test_a_connection_is_created_read_updated_and_deleted(customer: Customer) -> None:
    """The shapes are those that the client's types promise."""
    read = customer.call(["retrieve"])["value"]["data"]
    assert {key: read[key] for key in ("object", "connectorId", "ownerId", "status", "operations")} == {
        "object": "connection",
        **customer.ids,
        "status": "unauthorized",
        "operations": OPERATIONS,
    }
    assert read["createdAt"]
    assert read["updatedAt"]
    updated = customer.call(["update", {"operations": ["genericContact::list"]}])["value"]["data"]
    assert updated["operations"] == ["genericContact::list"]
    assert customer.call(["delete"]) == NOTHING
    gone = customer.call(["retrieve"])["value"]
    assert "data" not in gone
    assert gone["error"]["code"]["code"] == "MORPH::CONNECTION::NOT_FOUND"


def test_authorizing_by_key_needs_no_redirect(customer: Customer, world: World, sandbox: Sandbox) -> None:
    """The key is not in the answer."""
    key = world.keep_secret(sandbox.key())
    data = customer.call(["authorize", {"settings": {"apiKey": key}}])["value"]["data"]
    assert (data["object"], data["status"]) == ("connectionAuthorization", "authorized")
    assert "authorizationUrl" not in data
    assert customer.call(["retrieve"])["value"]["data"]["status"] == "authorized"


def test_authorizing_by_oauth_gives_where_to_send_the_person(customer: Customer, world: World) -> None:
    """And the connection works once that person has consented."""
    data = customer.call(["authorize", {"mode": "direct"}])["value"]["data"]
    assert data["status"] == "awaitingAuthorization"
    state = parse_qs(urlsplit(data["authorizationUrl"]).query)["state"][0]
    world.keep_secret(state, "/authorization")
    assert world.http.get(world.consent(data["authorizationUrl"])).status_code == 200
    assert customer.call(["retrieve"])["value"]["data"]["status"] == "authorized"
    assert customer.contacts("list")["value"]["data"]


@pytest.mark.parametrize("parameters", [{}, {"limit": 7}])
def test_contacts_are_listed_to_the_end(connected: Customer, sandbox: Sandbox, parameters: dict[str, Any]) -> None:
    """By ``next`` as the client has it."""
    ids: list[str] = []
    cursor: str | None = None
    wanted = sandbox.state()["counts"]["candidate"]
    while cursor is not None or not ids:
        page = connected.contacts("list", {**parameters, **({"cursor": cursor} if cursor else {})})["value"]
        assert all(one["object"] == "resource" and one["fields"] for one in page["data"])
        ids += [one["id"] for one in page["data"]]
        cursor = page["next"]
    assert len(set(ids)) == len(ids) == wanted


@pytest.fixture(scope="module")
def with_all_models(morph: Morph, world: World) -> Customer:
    """Connect a customer with every operation of every model."""
    customer = Customer(morph)
    made = customer.call(["create", {"operations": sorted(known_operations(load_connector("ashby")))}])
    assert made["value"]["data"]["status"] == "unauthorized"
    answer = customer.call(["authorize", {"settings": {"apiKey": "ashby_local_full"}}])
    assert answer["value"]["data"]["status"] == "authorized"
    return customer


# The sandbox's own kinds of records, for each model; the workspace is none of them.
KINDS = {
    "genericContact": ("candidate",),
    "genericUser": ("user",),
    "genericWorkspace": (),
    "scheduleCalendar": ("user", "interviewer_pool"),
    "scheduleEventType": ("interview",),
    "scheduleEvent": ("interview_event",),
    "atsJob": ("job",),
    "atsApplication": ("application",),
    "atsApplicationStage": ("interview_stage",),
    "atsOffer": ("offer",),
}


@pytest.mark.parametrize("model", load_connector("ashby").model_ids)
def test_all_ten_models_are_listed_and_retrieved(with_all_models: Customer, sandbox: Sandbox, model: str) -> None:
    """All that the account has, each once; and each of a page by itself as in the list."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = with_all_models.call(["resources", model], ["list", {"limit": 50, **cursor}])["value"]
        found += page["data"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    counts = sandbox.state()["counts"]
    assert len(found) == (sum(counts[kind] for kind in KINDS[model]) or 1)
    assert len({one["id"] for one in found}) == len(found)
    for listed in (found[0], found[len(found) // 2], found[-1]):
        read = with_all_models.call(["resources", model], ["retrieve", listed["id"]])["value"]["data"]
        assert (read["object"], read["model"], read["id"]) == ("resource", model, listed["id"])
        assert read["fields"]
        assert listed["fields"].items() <= read["fields"].items()
        assert read["remote"] == {"id": listed["id"]}


def test_a_contact_is_created_read_updated_and_deleted(connected: Customer) -> None:
    """Writes answer with a reference, or with the resource when asked to."""
    email = f"ada.{secrets.token_hex(6)}@example.com"
    made = connected.contacts("create", {"firstName": "Ada", "lastName": "Lovelace", "email": email})["value"]["data"]
    assert (made["object"], made["model"]) == ("resourceRef", "genericContact")
    contact = made["id"]
    read = connected.contacts("retrieve", contact, {"fields": ["firstName", "email"]})["value"]["data"]
    assert (read["object"], read["fields"]) == ("resource", {"firstName": "Ada", "email": email})
    updated = connected.contacts("update", contact, {"lastName": "King"}, {"returnResource": True})["value"]["data"]
    assert updated["fields"]["lastName"] == "King"
    found = connected.contacts("list", {"q": email})["value"]["data"]
    assert [one["id"] for one in found] == [contact]
    found = connected.contacts("list", {"filter[email]": email})["value"]["data"]
    assert [one["id"] for one in found] == [contact]
    assert connected.contacts("delete", contact) in (NOTHING, {"value": {}})
    assert connected.contacts("list", {"q": email})["value"]["data"] == []


def test_custom_fields_are_listed(connected: Customer) -> None:
    """With the properties of the client's ``UnifiedField``."""
    page = connected.call(["models", "genericContact"], ["listFields", {"isCustom": True}])["value"]
    assert page["next"] is None
    for one in page["data"]:
        assert one["isCustom"] is True
        assert {"key", "name", "description", "type", "format", "unit", "optionSource", "options"} <= set(one)
        assert {"isRequired", "isFieldReadOnly", "isValueReadOnly", "remote"} <= set(one)
    assert "Seniority" in [one["name"] for one in page["data"]]


def test_the_connector_is_found_although_the_client_asks_for_an_object(connected: Customer) -> None:
    """It calls ``/v1/connectors/[object Object]``; the header says which is meant."""
    connector = connected.call(["getConnector"])["value"]["data"]
    assert (connector["object"], connector["id"], connector["name"]) == ("connector", "ashby", "Ashby")
    assert [one["key"] for one in connector["settings"]] == ["apiKey"]
    assert set(OPERATIONS) <= set(connector["operations"])


def test_a_session_makes_its_connection(morph: Morph) -> None:
    """Morph's components read the connection right after they have the session."""
    customer = Customer(morph)
    # The duration is that of the README of Morph's client.
    wanted = {"connection": {**customer.ids, "operations": ["genericContact::list"]}, "expiresIn": 30 * 60 * 60}
    session = morph.call(["sessions"], ["create", wanted])["value"]["data"]
    token = session["sessionToken"]
    morph.world.keep_secret(token.partition(".")[0], "/sessions")
    assert (session["object"], session["connectorId"], session["ownerId"]) == ("session", *customer.ids.values())
    assert session["connection"]["operations"] == ["genericContact::list"]
    assert session["expiresAt"]
    browser = {"publicKey": morph.keys["publicKey"]}
    read = morph.call(["connections", {"sessionToken": token}], ["retrieve"], keys=browser)["value"]["data"]
    assert (read["ownerId"], read["status"]) == (customer.ids["ownerId"], "unauthorized")


def test_a_connection_and_a_session_subscribe_to_events(morph: Morph) -> None:
    """The list is Morph's ``events``, and what is not named stays as it is."""
    customer = Customer(morph)
    wanted = {"operations": ["genericContact::list"], "events": ["genericContact::created"]}
    assert customer.call(["create", wanted])["value"]["data"]["events"] == ["genericContact::created"]
    updated = customer.call(["update", {"operations": OPERATIONS}])["value"]["data"]
    assert updated["events"] == ["genericContact::created"]
    updated = customer.call(["update", {"events": ["atsOffer::*"]}])["value"]["data"]
    assert (updated["operations"], updated["events"]) == (OPERATIONS, ["atsOffer::*"])
    wanted = {"connection": {**customer.ids, "events": ["*::deleted"]}}
    session = morph.call(["sessions"], ["create", wanted])["value"]["data"]
    morph.world.keep_secret(session["sessionToken"].partition(".")[0], "/sessions")
    assert customer.call(["retrieve"])["value"]["data"]["events"] == ["*::deleted"]


@pytest.mark.parametrize("with_secret", [False, True])
def test_a_session_reads_resources(connected: Customer, with_secret: bool) -> None:
    """From a browser with the public key alone, and from a server that has the secret key besides."""
    morph = connected.morph
    keys = morph.keys if with_secret else {"publicKey": morph.keys["publicKey"]}
    session = ["connections", {"sessionToken": connected.session_token()}]
    contacts = ["resources", "genericContact"]
    listed = morph.call(session, contacts, ["list", {"limit": 2}], keys=keys)["value"]
    assert len(listed["data"]) == 2
    one = morph.call(session, contacts, ["retrieve", listed["data"][0]["id"]], keys=keys)["value"]["data"]
    assert one == listed["data"][0]
    fields = morph.call(session, ["models", "genericContact"], ["listFields"], keys=keys)["value"]
    assert fields["data"]


def test_a_browser_authorizes_and_removes_its_connection(
    customer: Customer, morph: Morph, world: World, sandbox: Sandbox
) -> None:
    """All that Morph's components call."""
    keys = {"publicKey": morph.keys["publicKey"]}
    session = ["connections", {"sessionToken": customer.session_token()}]
    assert morph.call(session, ["getConnector"], keys=keys)["value"]["data"]["id"] == "ashby"
    key = world.keep_secret(sandbox.key())
    authorized = morph.call(session, ["authorize", {"settings": {"apiKey": key}}], keys=keys)["value"]["data"]
    assert authorized["status"] == "authorized"
    assert morph.call(session, ["delete"], keys=keys) == NOTHING
    assert customer.call(["retrieve"])["value"]["error"]["code"]["code"] == "MORPH::CONNECTION::NOT_FOUND"


def test_the_error_of_a_list_is_a_code_and_a_message(customer: Customer) -> None:
    """The connection is not authorized yet."""
    error = customer.contacts("list")["value"]["error"]
    assert error == {
        "code": "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN",
        "message": "The connection is not authorized. Let its owner authorize it first.",
    }
    fields = customer.call(["models", "genericContact"], ["listFields", {"isCustom": True}])["value"]["error"]
    assert fields == error


def test_the_error_of_one_record_holds_code_and_message_where_the_client_puts_them(connected: Customer) -> None:
    """It wraps every error but a list's once more; Morph's own cloud gets the same."""
    missing = "00000000-0000-4000-8000-000000000000"
    for call in (["retrieve", missing], ["update", missing, {"email": "a@example.com"}], ["delete", missing]):
        wrapped = connected.contacts(*call)["value"]["error"]["code"]
        assert wrapped == {
            "code": "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND",
            "message": "Ashby has no such record.",
        }, call


def test_a_session_client_that_creates_makes_no_connection_called_undefined(
    connected: Customer, morph: Morph, project: Project, world: World
) -> None:
    """With a secret key it asks for ``/v1/connections/undefined/undefined``: that is nobody's id."""
    session = ["connections", {"sessionToken": connected.session_token()}]
    answer = morph.call(session, ["create", {"operations": OPERATIONS}])["value"]
    assert answer["error"]["code"]["code"] in ("CONNECTOR::NOT_FOUND", "MORPH::BAD_REQUEST")
    listed = world.http.get(f"{world.url}/v1/connections", headers=project.headers, params={"limit": 100}).json()
    assert "undefined" not in [connection["ownerId"] for connection in listed["data"]]


def test_wrong_keys_are_an_error_not_an_exception(customer: Customer, morph: Morph) -> None:
    """As for every other refusal."""
    keys = {**morph.keys, "secretKey": "sk_wrong"}
    answer = morph.call(["connections", customer.ids], ["resources", "genericContact"], ["list"], keys=keys)
    assert answer["value"]["error"]["code"] == "MORPH::UNAUTHENTICATED"
