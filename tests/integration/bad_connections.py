"""Requests about connections, authorization and sessions, and callers, that cannot be right."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from tests.integration.bad_input import (
    AUTHORIZATION,
    BAD_SESSION,
    CONNECTION,
    CONTACTS,
    CURSOR,
    DEEP,
    INVALID,
    NO_CONNECTION,
    NO_CONNECTOR,
    NO_KEY,
    NO_METHOD,
    NO_ROUTE,
    SESSIONS,
    Bad,
    token,
)

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
    Bad("an unknown method", "PUT", "/v1/connections/ashby/acme", NO_METHOD, body={}),
    # Morph's client does not encode what it puts into a path: a slash in an owner's id is one to API Gateway too.
    Bad("an owner id of two segments", "POST", "/v1/connections/ashby/user%201/%C3%A9", NO_ROUTE, body={}),
    Bad("a deeper path", "GET", "/v1/connections/ashby/acme/keys", NO_ROUTE),
    Bad("an unknown connector to describe", "GET", "/v1/connectors/nope", NO_CONNECTOR),
    Bad("an object of JavaScript's without the header", "GET", "/v1/connectors/[object%20Object]", NO_CONNECTOR),
    Bad("an unknown parameter of connectors", "GET", "/v1/connectors", INVALID, "page", query={"page": "2"}),
]

PAGES = [
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
    Bad("expiresIn 0", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": 0, "connection": {}}),
    Bad("expiresIn 604801", "POST", SESSIONS, INVALID, "expiresIn", body={"expiresIn": 604_801, "connection": {}}),
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
            ("of a connection that is there", token("ashby\0acme")),
            ("of an unknown connector", token("nope\0acme")),
            ("of an owner too long for a key", token("ashby\0" + "x" * 4000)),
            ("of an empty owner", token("ashby\0")),
            ("not base64", "sess_x.é"),
            ("not text", "sess_x._w"),
            ("cut in two by a NUL too many", token("ashby\0a\0b")),
        )
    ),
]
