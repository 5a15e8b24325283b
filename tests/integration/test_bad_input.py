"""What cannot be right is refused by name: a specific code and status, in the one shape, and nothing is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.state import Sandbox
from tests.integration.conftest import Stack, new_stack

CONNECTION = "/v1/connections/ashby/new"
AUTHORIZATION = "/v1/connections/ashby/acme/authorization"
SESSIONS = "/v1/connections/ashby/acme/sessions"
CONTACTS = "/v1/resources/genericContact"
INVALID = (400, "MORPH::BAD_REQUEST")
BAD_FIELDS = (400, "CONNECTOR::OPERATION::BAD_REQUEST")
NO_ROUTE = (404, "MORPH::ROUTE_NOT_FOUND")
NO_CONNECTOR = (404, "CONNECTOR::NOT_FOUND")
NO_MODEL = (404, "CONNECTOR::RESOURCE_MODEL::NOT_FOUND")
NO_CONNECTION = (404, "MORPH::CONNECTION::NOT_FOUND")
NOT_OFFERED = (501, "CONNECTOR::OPERATION::NOT_FOUND")
NO_RECORD = (404, "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND")
NO_KEY = (401, "MORPH::UNAUTHENTICATED")
BAD_SESSION = (401, "MORPH::SESSION::TOKEN_VALIDATION_FAILED")


@dataclass(frozen=True)
class Bad:
    """A request that is refused: how, and which words the answer names the trouble by."""

    name: str
    method: str
    path: str
    expected: tuple[int, str]
    says: str = ""
    owner: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    base64_body: bool = False


def _token(place: str, token: str = "sess_" + "x" * 43) -> str:
    return f"{token}.{base64.urlsafe_b64encode(place.encode()).decode().rstrip('=')}"


DEEP = "[" * 60_000 + "]" * 60_000
CURSOR = base64.urlsafe_b64encode(json.dumps([1, "0" * 20, "100"]).encode()).decode().rstrip("=")

LIFECYCLE = [
    Bad("unknown connector", "POST", "/v1/connections/nope/new", NO_CONNECTOR, body={}),
    Bad("connector in another case", "POST", "/v1/connections/Ashby/new", NO_CONNECTOR, body={}),
    Bad(
        "unknown model in an operation", "POST", CONNECTION, INVALID, "nope::list", body={"operations": ["nope::list"]}
    ),
    Bad(
        "unknown verb in an operation",
        "POST",
        CONNECTION,
        INVALID,
        "genericContact::fly",
        body={"operations": ["genericContact::list", "genericContact::fly"]},
    ),
    Bad("an empty operation", "POST", CONNECTION, INVALID, "operations.0", body={"operations": [""]}),
    Bad(
        "operations that are a text",
        "POST",
        CONNECTION,
        INVALID,
        "operations",
        body={"operations": "genericContact::list"},
    ),
    Bad("operations that are null", "POST", CONNECTION, INVALID, "operations", body={"operations": None}),
    Bad("an operation that is a number", "POST", CONNECTION, INVALID, "operations.0", body={"operations": [1]}),
    Bad(
        "too many operations",
        "POST",
        CONNECTION,
        INVALID,
        "operations",
        body={"operations": ["genericContact::list"] * 201},
    ),
    Bad("an unknown field", "POST", CONNECTION, INVALID, "operation", body={"operation": []}),
    Bad("half a surrogate pair", "POST", CONNECTION, INVALID, body='{"operations": ["\\ud800"]}'),
    Bad("half a surrogate pair as a name", "POST", CONNECTION, INVALID, body='{"\\ud800": 1}'),
    Bad("malformed JSON", "POST", CONNECTION, INVALID, "not valid JSON", body='{"operations": ['),
    Bad("NaN", "POST", CONNECTION, INVALID, "not valid JSON", body='{"operations": NaN}'),
    Bad("Infinity", "POST", CONNECTION, INVALID, "not valid JSON", body='{"operations": -Infinity}'),
    Bad(
        "a number of 5,000 digits",
        "POST",
        CONNECTION,
        INVALID,
        "not valid JSON",
        body='{"operations": ' + "9" * 5000 + "}",
    ),
    Bad("deep nesting", "POST", CONNECTION, INVALID, "not valid JSON", body=DEEP),
    Bad("deep nesting within", "POST", CONNECTION, INVALID, "not valid JSON", body='{"operations": ' + DEEP + "}"),
    Bad(
        "a key given twice",
        "POST",
        CONNECTION,
        INVALID,
        body='{"operations": [], "operations": ["genericContact::list"]}',
    ),
    Bad("a list as body", "POST", CONNECTION, INVALID, "JSON object", body="[]"),
    Bad("a text as body", "POST", CONNECTION, INVALID, "JSON object", body='"operations"'),
    Bad("null as body", "POST", CONNECTION, INVALID, "JSON object", body="null"),
    Bad("a blank body", "POST", CONNECTION, INVALID, "not valid JSON", body=" "),
    Bad("bytes that are not UTF-8", "POST", CONNECTION, INVALID, "not valid JSON", body=b'{"operations": ["\xff"]}'),
    Bad(
        "a body over the limit",
        "POST",
        CONNECTION,
        (413, "MORPH::PAYLOAD_TOO_LARGE"),
        body={"operations": ["x" * 262_144]},
    ),
    Bad(
        "a body over the limit in bytes, not in characters",
        "POST",
        CONNECTION,
        (413, "MORPH::PAYLOAD_TOO_LARGE"),
        body=json.dumps({"operations": ["é" * 140_000]}, ensure_ascii=False),
    ),
    Bad(
        "a form",
        "POST",
        CONNECTION,
        (415, "MORPH::UNSUPPORTED_MEDIA_TYPE"),
        headers={"content-type": "application/x-www-form-urlencoded"},
        body="operations=x",
    ),
    Bad(
        "JSON called text",
        "POST",
        CONNECTION,
        (415, "MORPH::UNSUPPORTED_MEDIA_TYPE"),
        headers={"content-type": "text/plain"},
        body={},
    ),
    # Morph's client, given a session beside a secret key, asks for these; no owner of such a name may come of it.
    Bad("the client's undefined", "POST", "/v1/connections/undefined/undefined", NO_CONNECTOR, body={}),
    Bad("the client's undefined, to read", "GET", "/v1/connections/undefined/undefined", NO_CONNECTOR),
    Bad("the client's undefined, to remove", "DELETE", "/v1/connections/undefined/undefined", NO_CONNECTOR),
    *(
        Bad(f"an owner id that is {name}", "POST", f"/v1/connections/ashby/{quote(owner, safe='')}", expected, body={})
        for name, owner, expected in (
            ("undefined", "undefined", INVALID),
            ("null", "null", INVALID),
            ("NaN", "NaN", INVALID),
            ("an object of JavaScript's", "[object Object]", INVALID),
            ("a space", " ", INVALID),
            ("led by a space", " user", INVALID),
            ("followed by a space", "user ", INVALID),
            ("251 characters", "x" * 251, INVALID),
            ("2,000 characters", "x" * 2000, INVALID),
            ("a no-break space", "a\u00a0b", INVALID),
            ("a right-to-left mark", "a\u202eb", INVALID),
            ("a line break inside", "us\ner", INVALID),
            ("a line break at the end", "user\n", INVALID),
            ("a NUL", "a\0b", INVALID),
            ("empty", "", NO_ROUTE),
        )
    ),
    Bad(
        "a connection that is not authorized",
        "GET",
        CONTACTS,
        (409, "MORPH::CONNECTION::ACCESS_TOKEN_MISSIN"),
        owner="bare",
    ),
    Bad("a duplicate", "POST", "/v1/connections/ashby/acme", (409, "MORPH::CONNECTION::CREATION_FAILED"), body={}),
    Bad("reading what is not there", "GET", CONNECTION, NO_CONNECTION),
    Bad("changing what is not there", "PATCH", CONNECTION, NO_CONNECTION, body={"operations": []}),
    Bad("removing what is not there", "DELETE", CONNECTION, NO_CONNECTION),
    Bad("authorizing what is not there", "POST", f"{CONNECTION}/authorization", NO_CONNECTION, body={}),
    Bad("revoking sessions of what is not there", "DELETE", f"{CONNECTION}/sessions", NO_CONNECTION),
    Bad(
        "createIfMissing=yes",
        "PATCH",
        CONNECTION,
        INVALID,
        "createIfMissing",
        query={"createIfMissing": "yes"},
        body={},
    ),
    Bad("an unknown parameter of update", "PATCH", CONNECTION, INVALID, "upsert", query={"upsert": "true"}, body={}),
    Bad("an unknown path", "GET", "/v1/nothing", NO_ROUTE),
    Bad("an unknown method", "PUT", "/v1/connections/ashby/acme", NO_ROUTE, body={}),
    # Morph's client does not encode what it puts into a path: a slash in an owner's id is one to API Gateway too.
    Bad("an owner id of two segments", "POST", "/v1/connections/ashby/user%201/%C3%A9", NO_ROUTE, body={}),
    Bad("a deeper path", "GET", "/v1/connections/ashby/acme/keys", NO_ROUTE),
    Bad("an unknown connector to describe", "GET", "/v1/connectors/nope", NO_CONNECTOR),
    Bad("an object of JavaScript's without the header", "GET", "/v1/connectors/[object%20Object]", NO_CONNECTOR),
    Bad("an unknown parameter of connectors", "GET", "/v1/connectors", INVALID, "page", query={"page": "2"}),
]

PAGES = [
    Bad("limit 0", "GET", "/v1/connections", INVALID, "limit", query={"limit": "0"}),
    Bad("limit 101", "GET", "/v1/connections", INVALID, "limit", query={"limit": "101"}),
    Bad("limit -1", "GET", "/v1/connections", INVALID, "limit", query={"limit": "-1"}),
    Bad("limit 1.5", "GET", "/v1/connections", INVALID, "limit", query={"limit": "1.5"}),
    Bad("limit in other digits", "GET", "/v1/connections", INVALID, "limit", query={"limit": "٣"}),
    Bad("limit of 5,000 digits", "GET", "/v1/connections", INVALID, "limit", query={"limit": "9" * 5000}),
    Bad("an unknown parameter", "GET", "/v1/connections", INVALID, "owner", query={"owner": "x"}),
    Bad("an unknown connector", "GET", "/v1/connections", NO_CONNECTOR, query={"connectorId": "nope"}),
    *(
        Bad(f"a cursor that is {name}", "GET", "/v1/connections", INVALID, "cursor", query={"cursor": cursor, **more})
        for name, cursor, more in (
            ("no base64", "é", {}),
            ("empty", "", {}),
            ("of a list of contacts", CURSOR, {}),
            ("another kind of key", base64.urlsafe_b64encode(b"SECRET#x").decode(), {}),
            ("not text", base64.urlsafe_b64encode(b"CONNECTION#\xff").decode(), {}),
            ("too long for a key", base64.urlsafe_b64encode(b"CONNECTION#" + b"x" * 1100).decode(), {}),
            (
                "of another connector's list",
                base64.urlsafe_b64encode(b"CONNECTION#aaa#x").decode(),
                {"connectorId": "ashby"},
            ),
        )
    ),
]

AUTHORIZING = [
    Bad(
        "a key that Ashby does not know",
        "POST",
        AUTHORIZATION,
        (400, "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID"),
        body={"settings": {"apiKey": "wrong"}},
    ),
    Bad(
        "a disabled key",
        "POST",
        AUTHORIZATION,
        (400, "MORPH::ADAPTER::AUTHORIZATION_DATA_INVALID"),
        body={"settings": {"apiKey": "ashby_local_disabled"}},
    ),
    Bad("a key that cannot be one", "POST", AUTHORIZATION, INVALID, body={"settings": {"apiKey": "a:b"}}),
    Bad("a key with a line break", "POST", AUTHORIZATION, INVALID, body={"settings": {"apiKey": "a\r\nx-evil: 1"}}),
    Bad("a key beyond ASCII", "POST", AUTHORIZATION, INVALID, body={"settings": {"apiKey": "schlüssel"}}),
    Bad("an unknown setting", "POST", AUTHORIZATION, INVALID, "subdomain", body={"settings": {"subdomain": "x"}}),
    Bad(
        "a setting that is no text", "POST", AUTHORIZATION, INVALID, "settings.apiKey", body={"settings": {"apiKey": 5}}
    ),
    Bad(
        "no setting and no OAuth client",
        "POST",
        "/v1/connections/ashby/bare/authorization",
        (400, "MORPH::CONNECTION::MISSING_REQUIRED_AUTHORIZATION_SETTINGS"),
        "apiKey",
        body={},
    ),
    Bad("an unknown mode", "POST", AUTHORIZATION, INVALID, "mode", query={"mode": "popup"}, body={}),
    Bad("an unknown parameter", "POST", AUTHORIZATION, INVALID, "redirect", query={"redirect": "x"}, body={}),
    Bad("scopes that OAuth cannot carry", "POST", AUTHORIZATION, INVALID, "scopes.0", body={"scopes": ["a b"]}),
    *(
        Bad(
            f"a redirectUrl that is {name}",
            "POST",
            AUTHORIZATION,
            INVALID,
            "redirectUrl",
            query={"redirectUrl": url},
            body={},
        )
        for name, url in (
            ("not on the list", "https://evil.example/"),
            ("longer than one on the list", "https://app.example.com/connected/more"),
            ("one on the list with a query", "https://app.example.com/connected?next=evil"),
            ("one on the list in another case", "https://APP.example.com/connected"),
            ("one on the list with a user before it", "https://app.example.com@evil.example/connected"),
            ("a path", "/connected"),
            ("a script", "javascript:alert(1)"),
            ("one with a fragment", "https://app.example.com/connected#x"),
            ("not an address", "http://[::1"),
            ("very long", "https://app.example.com/" + "x" * 2000),
        )
    ),
]

SESSION = [
    Bad("expiresIn as text", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": "60", "connection": {}}),
    Bad("expiresIn true", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": True, "connection": {}}),
    Bad("expiresIn 59", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": 59, "connection": {}}),
    Bad("expiresIn 86401", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": 86_401, "connection": {}}),
    Bad("an infinite expiresIn", "POST", SESSIONS, INVALID, "expiresIn", body='{"expiresIn": 1e999}'),
    Bad("an unknown operation", "POST", SESSIONS, INVALID, "x::y", body={"connection": {"operations": ["x::y"]}}),
    Bad("an unknown part", "POST", SESSIONS, INVALID, "connection.owner", body={"connection": {"owner": "x"}}),
]

CALLERS = [
    Bad("no keys", "GET", "/v1/connections", NO_KEY, headers={"x-api-key": "", "x-api-secret": ""}),
    Bad("no secret key", "GET", "/v1/connections", NO_KEY, headers={"x-api-secret": ""}),
    Bad("a wrong secret key", "GET", "/v1/connections", NO_KEY, headers={"x-api-secret": "sk_wrong"}),
    Bad("a secret key beyond ASCII", "GET", "/v1/connections", NO_KEY, headers={"x-api-secret": "schlüssel"}),
    Bad("an unknown public key", "GET", "/v1/connections", NO_KEY, headers={"x-api-key": "pk_other"}),
    Bad("a public key too long for a key", "GET", "/v1/connections", NO_KEY, headers={"x-api-key": "x" * 5000}),
    Bad("resources without keys", "GET", CONTACTS, NO_KEY, headers={"x-api-key": "", "x-api-secret": ""}),
    Bad("resources without a connection", "GET", CONTACTS, INVALID, "x-owner-id"),
    Bad(
        "an unknown connector", "GET", CONTACTS, NO_CONNECTOR, headers={"x-connector-id": "nope", "x-owner-id": "acme"}
    ),
    Bad("an unknown owner", "GET", CONTACTS, NO_CONNECTION, owner="nobody"),
    Bad("an owner that is undefined", "GET", CONTACTS, INVALID, owner="undefined"),
    Bad("an owner too long", "GET", CONTACTS, INVALID, owner="x" * 251),
    Bad("an owner with a control character", "GET", CONTACTS, INVALID, owner="ac\tme"),
    Bad("a session for a session's route", "GET", "/v1/s/connection", INVALID, "x-owner-id"),
    Bad("ending a session without one", "DELETE", "/v1/s/session", BAD_SESSION, owner="acme"),
    *(
        Bad(f"a session token that is {name}", "GET", CONTACTS, BAD_SESSION, headers={"x-session-token": token})
        for name, token in (
            ("empty", ""),
            ("a secret key", "sk_x"),
            ("of nowhere", "sess_" + "x" * 43),
            ("of a connection that is there", _token("ashby\0acme")),
            ("of an unknown connector", _token("nope\0acme")),
            ("of an owner too long for a key", _token("ashby\0" + "x" * 4000)),
            ("of an empty owner", _token("ashby\0")),
            ("not base64", "sess_x.é"),
            ("not text", "sess_x._w"),
            ("cut in two by a NUL too many", _token("ashby\0a\0b")),
        )
    ),
]

RECORD = f"{CONTACTS}/11111111-2222-4333-8444-555555555555"
RESOURCES = [
    Bad("an unknown model", "GET", "/v1/resources/nope", NO_MODEL, owner="acme"),
    Bad("an unknown model to create", "POST", "/v1/resources/nope", NO_MODEL, owner="acme", body={}),
    Bad("an unknown model to read", "GET", "/v1/resources/nope/x", NO_MODEL, owner="acme"),
    Bad("an unknown model's fields", "GET", "/v1/models/nope/fields", NO_MODEL, owner="acme"),
    Bad("a model in another case", "GET", "/v1/resources/genericcontact", NO_MODEL, owner="acme"),
    Bad(
        "creating a user",
        "POST",
        "/v1/resources/genericUser",
        NOT_OFFERED,
        "invite",
        owner="acme",
        body={},
    ),
    Bad(
        "changing a user",
        "PATCH",
        "/v1/resources/genericUser/x",
        NOT_OFFERED,
        "proxy",
        owner="acme",
        body={},
    ),
    Bad(
        "removing the workspace",
        "DELETE",
        "/v1/resources/genericWorkspace/organization",
        NOT_OFFERED,
        owner="acme",
    ),
    Bad("an unknown record", "GET", RECORD, NO_RECORD, owner="acme"),
    Bad(
        "an unknown record to change",
        "PATCH",
        RECORD,
        NO_RECORD,
        owner="acme",
        body={"email": "a@example.com"},
    ),
    Bad("an unknown record to remove", "DELETE", RECORD, NO_RECORD, owner="acme"),
    Bad(
        "another workspace",
        "GET",
        "/v1/resources/genericWorkspace/other",
        NO_RECORD,
        owner="acme",
    ),
    *(
        Bad(
            f"an id that is {name}",
            method,
            f"{CONTACTS}/{quote(identity, safe='')}",
            expected,
            owner="acme",
            body={"email": "a@example.com"} if method == "PATCH" else None,
        )
        for method in ("GET", "PATCH", "DELETE")
        for name, identity, expected in (
            ("201 characters", "x" * 201, INVALID),
            ("with a space", "a b", INVALID),
            ("beyond ASCII", "é", INVALID),
            ("a path upwards", "..", INVALID),
            ("with a line break at its end", "abc\n", INVALID),
            ("with a control character", "a\x07b", INVALID),
            ("with a slash", "a/b", INVALID),
        )
    ),
    *(
        Bad(f"a list with {name}", "GET", CONTACTS, INVALID, says, owner="acme", query=query)
        for name, says, query in (
            ("limit=x", "limit", {"limit": "x"}),
            ("limit=101", "limit", {"limit": "101"}),
            ("limit in other digits", "limit", {"limit": "٣"}),
            ("an unknown parameter", "page", {"page": "2"}),
            ("a parameter in another case", "Limit", {"Limit": "2"}),
            ("sort", "sort", {"sort": "name"}),
            ("an unknown filter", "filter[phone]", {"filter[phone]": "1"}),
            ("a filter without a value", "filter[email]", {"filter[email]": ""}),
            ("filters from the client's object", "filters", {"filters": "[object Object]"}),
            ("filters that are a list", "filters", {"filters": "[]"}),
            ("filters that are too deep", "filters", {"filters": DEEP}),
            ("filters of an unknown field", "filter[x]", {"filters": '{"x": "y"}'}),
            ("an unknown field", "nope", {"fields": "firstName,nope"}),
            ("an unknown include", "include", {"include": "everything"}),
            ("an empty q", "q", {"q": " "}),
            ("a long q", "q", {"q": "x" * 251}),
            ("q and a filter that disagree", "different", {"q": "a@example.com", "filter[email]": "b@example.com"}),
            ("a foreign cursor", "cursor", {"cursor": CURSOR}),
            ("an empty cursor", "cursor", {"cursor": ""}),
            ("a cursor beyond ASCII", "cursor", {"cursor": "é"}),
            ("a cursor that is an object", "cursor", {"cursor": base64.urlsafe_b64encode(b'{"a":1}').decode()}),
            ("a cursor too deep", "cursor", {"cursor": base64.urlsafe_b64encode(DEEP.encode()).decode()}),
        )
    ),
    Bad("q on workspaces", "GET", "/v1/resources/genericWorkspace", INVALID, "q", owner="acme", query={"q": "x"}),
    Bad(
        "a filter on workspaces",
        "GET",
        "/v1/resources/genericWorkspace",
        INVALID,
        "filter[name]",
        owner="acme",
        query={"filter[name]": "x"},
    ),
    Bad(
        "q that is no address on users",
        "GET",
        "/v1/resources/genericUser",
        INVALID,
        "q",
        owner="acme",
        query={"q": "Ada"},
    ),
    Bad(
        "isActive=false",
        "GET",
        "/v1/resources/genericUser",
        INVALID,
        "isActive",
        owner="acme",
        query={"filter[isActive]": "false"},
    ),
    Bad("expand of what is no reference", "GET", RECORD, INVALID, "expand", owner="acme", query={"expand": "job"}),
    Bad(
        "an unknown property of fields",
        "GET",
        "/v1/models/genericContact/fields",
        INVALID,
        "colour",
        owner="acme",
        query={"colour": "red"},
    ),
    Bad(
        "returnResource=yes",
        "POST",
        CONTACTS,
        INVALID,
        "returnResource",
        owner="acme",
        query={"returnResource": "yes"},
        body={"firstName": "A"},
    ),
    Bad(
        "a parameter of a create",
        "POST",
        CONTACTS,
        INVALID,
        "returnResource",
        owner="acme",
        query={"dryRun": "true"},
        body={"firstName": "A"},
    ),
    *(
        Bad(f"a contact with {name}", "POST", CONTACTS, BAD_FIELDS, says, owner="acme", body=body)
        for name, says, body in (
            ("nothing", "firstName", {}),
            ("no name", "firstName", {"email": "a@example.com"}),
            ("an unknown field", "nickname", {"firstName": "A", "nickname": "B"}),
            ("Morph's wrapper", "fields", {"fields": {"firstName": "A"}}),
            ("a read-only field", "company", {"firstName": "A", "company": "B"}),
            ("a wrong address", "email", {"firstName": "A", "email": "nobody"}),
            ("a number as name", "firstName", {"firstName": 5}),
            ("null", "email", {"firstName": "A", "email": None}),
            ("two phone numbers", "phone", {"firstName": "A", "phone": "+4912345", "phoneNumber": "+4954321"}),
            ("a wrong link", "links", {"firstName": "A", "links": [{"type": "Blog", "url": "https://x.example"}]}),
            ("half a surrogate pair", "firstName", '{"firstName": "A\\ud800"}'),
            ("half a surrogate pair as a field", "is not a field", '{"firstName": "A", "\\udfff": 1}'),
            ("half a surrogate pair as a part", "links", '{"firstName": "A", "links": [{"\\udfff": 1}]}'),
            ("deep nesting that JSON bears", "links", '{"firstName": "A", "links": ' + "[" * 700 + "]" * 700 + "}"),
        )
    ),
    Bad("a contact in NaN", "POST", CONTACTS, INVALID, "not valid JSON", owner="acme", body='{"firstName": NaN}'),
    Bad("a contact given twice", "POST", CONTACTS, INVALID, owner="acme", body='{"firstName": "A", "firstName": "B"}'),
    Bad("a list of contacts", "POST", CONTACTS, INVALID, "JSON object", owner="acme", body='[{"firstName": "A"}]'),
    Bad("changing nothing", "PATCH", RECORD, BAD_FIELDS, "at least one", owner="acme", body={}),
]

TABLE = [
    pytest.param(one, id=f"{group}: {one.method} {one.name}")
    for group, rows in (
        ("connections", LIFECYCLE),
        ("pages", PAGES),
        ("authorization", AUTHORIZING),
        ("sessions", SESSION),
        ("callers", CALLERS),
        ("resources", RESOURCES),
    )
    for one in rows
]


@pytest.fixture(scope="module")
def shared(cloud: SimpleNamespace, sandbox_server: tuple[str, Sandbox]) -> Iterator[Stack]:
    """Return one deployment for all rows, which is right as long as no row writes: each row checks that."""
    with new_stack(cloud, *sandbox_server) as made:
        made.connect("acme")
        made.connect("bare", key=None)
        yield made


@pytest.mark.parametrize("bad", TABLE)
def test_a_bad_request_is_refused_by_name_and_writes_nothing(shared: Stack, bad: Bad) -> None:
    stack = shared
    before = stack.items()
    last_change = stack.sandbox.organisation.last_change

    headers = {**(stack.keys() if bad.owner is None else stack.of(bad.owner)), **bad.headers}
    answer = stack.call(bad.method, bad.path, headers, query=bad.query, body=bad.body, base64_body=bad.base64_body)

    assert (answer.status, answer.code) == bad.expected, answer.text
    assert bad.says in answer.text
    assert stack.items() == before
    assert stack.sandbox.organisation.last_change == last_change
