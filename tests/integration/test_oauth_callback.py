"""The provider's redirect back: what finishes an authorization, and everything else that comes in by this door."""

from __future__ import annotations

import io
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from tests.integration.cloud import give_oauth_client
from tests.integration.stack import PUBLIC_URL, REDIRECT_URL, Answer, Stack
from tests.integration.test_lifecycle import fault
from unified.projects import projects

PATH = "/v1/connections/ashby/acme"
CALLBACK = "/v1/callback/ashby"
LIST = "genericContact::list"


def begin(stack: Stack, *, redirect_url: str | None = None, operations: list[str] | None = None) -> str:
    """Make a connection and begin OAuth; returns the address of the consent page."""
    stack.call("PATCH", PATH, query={"createIfMissing": "true"}, body={"operations": operations or [LIST]})
    query = {"redirectUrl": redirect_url} if redirect_url else {}
    return stack.call("POST", f"{PATH}/authorization", query=query, body={}).json["authorizationUrl"]


def consent(address: str, *, decision: str = "allow", but: str = "") -> dict[str, str]:
    """Decide on the consent page; returns the query that the provider sends back."""
    asked = dict(parse_qsl(urlsplit(address).query))
    granted = [scope for scope in asked["scope"].split() if scope != but]
    form = {**asked, "decision": decision, "granted": granted}
    answer = httpx.post(address.partition("?")[0], data=form)
    assert answer.headers["location"].startswith(f"{PUBLIC_URL}{CALLBACK}?")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def connect_by_oauth(stack: Stack) -> None:
    """Connect by OAuth from beginning to end."""
    assert returned(stack, consent(begin(stack))).status == 200


def returned(stack: Stack, query: dict[str, str]) -> Answer:
    """Come back from the provider, as a browser: without any key."""
    return stack.call("GET", CALLBACK, {"accept": "text/html"}, query=query)


def test_consent_authorizes_the_connection(oauth: Stack) -> None:
    page = returned(oauth, consent(begin(oauth)))

    assert page.status == 200
    assert "Ashby is connected" in page.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert oauth.call("GET", PATH).json["status"] == "authorized"
    listed = oauth.call("GET", "/v1/resources/genericContact", oauth.of("acme"), query={"limit": "1"})
    assert len(listed.json["data"]) == 1


def test_the_person_is_sent_back_with_the_outcome(oauth: Stack) -> None:
    answer = returned(oauth, consent(begin(oauth, redirect_url=REDIRECT_URL)))

    assert answer.status == 302
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == REDIRECT_URL
    assert dict(parse_qsl(address.query)) == {"status": "authorized", "connectorId": "ashby", "ownerId": "acme"}


def test_scopes_that_were_not_granted_are_said(oauth: Stack) -> None:
    address = begin(oauth, redirect_url=REDIRECT_URL, operations=[LIST, "genericUser::list"])

    answer = returned(oauth, consent(address, but="organizationRead"))

    said = parse_qs(urlsplit(answer.headers["location"]).query)
    assert said["missingScopes"] == ["organizationRead"]


def test_tokens_are_nowhere_to_be_seen(oauth: Stack, log: io.StringIO) -> None:
    query = consent(begin(oauth, redirect_url=REDIRECT_URL))
    answer = returned(oauth, query)

    authorization = oauth.sandbox.authorization
    tokens = [*authorization._access_tokens, *authorization._refresh_tokens]
    seen = str(oauth.items()) + log.getvalue() + str(answer)
    assert len(tokens) == 2
    assert "request" in log.getvalue()
    assert not [secret for secret in (*tokens, query["code"], query["state"], "sandbox-secret") if secret in seen]


def test_a_state_works_once(oauth: Stack) -> None:
    query = consent(begin(oauth))
    returned(oauth, query)
    before = oauth.items()

    again = returned(oauth, query)

    _refused(again)
    assert oauth.items() == before
    assert oauth.call("GET", PATH).json["status"] == "authorized"


@pytest.mark.parametrize(
    "state",
    [
        "",
        "x",
        "st_" + "x" * 43,
        "x" * 5000,
        '{"connectorId":"ashby","ownerId":"acme","redirectUrl":"https://evil.example/"}',
        "<script>alert(1)</script>",
    ],
)
def test_a_forged_state_is_refused_and_writes_nothing(oauth: Stack, state: str) -> None:
    query = consent(begin(oauth, redirect_url=REDIRECT_URL))
    before = oauth.items()

    page = returned(oauth, {**query, "state": state})

    _refused(page)
    assert "evil" not in page.text
    assert "<script" not in page.text
    assert oauth.items() == before
    assert oauth.call("GET", PATH).json["status"] == "unauthorized"


def test_a_callback_without_anything_is_refused(oauth: Stack) -> None:
    _refused(returned(oauth, {}))


def test_a_state_ends_in_time_even_while_its_item_is_still_there(oauth: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    query = consent(begin(oauth))
    before = oauth.items()
    later = time.time() + 601
    monkeypatch.setattr("unified.connections.callback.time.time", lambda: later)

    _refused(returned(oauth, query))

    monkeypatch.undo()
    assert oauth.items() == before


def test_an_answer_from_another_issuer_is_refused(oauth: Stack) -> None:
    query = consent(begin(oauth))

    page = returned(oauth, {**query, "iss": "https://evil.example"})

    _refused(page)
    assert oauth.sandbox.authorization.counts.requests == 0
    assert oauth.call("GET", PATH).json["status"] == "unauthorized"


@pytest.mark.parametrize("connector", ["nope", "ashby2"])
def test_a_callback_of_an_unknown_connector_is_not_served(oauth: Stack, connector: str) -> None:
    query = consent(begin(oauth))
    before = oauth.items()

    answer = oauth.call("GET", f"/v1/callback/{connector}", {}, query=query)

    assert (answer.status, answer.code) == (404, "CONNECTOR::NOT_FOUND")
    assert oauth.items() == before


def test_a_refusal_is_said_and_passed_on(oauth: Stack) -> None:
    answer = returned(oauth, consent(begin(oauth, redirect_url=REDIRECT_URL), decision="deny"))

    said = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert said == {"status": "error", "connectorId": "ashby", "ownerId": "acme", "error": "access_denied"}
    assert oauth.call("GET", PATH).json["status"] == "unauthorized"


def test_a_providers_error_is_shown_only_if_it_looks_like_one(oauth: Stack) -> None:
    query = consent(begin(oauth))
    del query["code"]

    page = returned(oauth, {**query, "error": "<img src=x onerror=alert(1)>"})

    _refused(page)
    assert "<img" not in page.text
    assert "provider_error" in page.text


def test_a_wrong_code_is_refused(oauth: Stack) -> None:
    page = returned(oauth, {**consent(begin(oauth)), "code": "wrong"})

    _refused(page)
    assert oauth.call("GET", PATH).json["status"] == "unauthorized"


def test_a_callback_for_a_connection_made_anew_is_refused(oauth: Stack) -> None:
    query = consent(begin(oauth))
    oauth.call("DELETE", PATH)
    oauth.call("POST", PATH, body={"operations": [LIST]})

    _refused(returned(oauth, query))

    assert oauth.call("GET", PATH).json["status"] == "unauthorized"
    assert oauth.sandbox.authorization.counts.requests == 0


def test_a_client_changed_meanwhile_is_refused(oauth: Stack) -> None:
    query = consent(begin(oauth))
    give_oauth_client(oauth, clientId="whitelabel-client", clientSecret="whitelabel-secret")

    _refused(returned(oauth, query))

    assert oauth.sandbox.authorization.counts.requests == 0


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed"])
def test_a_token_endpoint_that_fails_leaves_the_connection_as_it_was(oauth: Stack, kind: str) -> None:
    connect_by_oauth(oauth)
    query = consent(begin(oauth))
    fault(oauth, "oauth.token", kind)

    _refused(returned(oauth, query))

    assert oauth.call("GET", PATH).json["status"] == "authorized"
    assert oauth.call("GET", "/v1/resources/genericContact", oauth.of("acme")).status == 200


def test_an_abandoned_consent_changes_nothing(oauth: Stack) -> None:
    connect_by_oauth(oauth)

    begin(oauth)

    assert oauth.call("GET", PATH).json["status"] == "authorized"
    assert oauth.call("GET", "/v1/resources/genericContact", oauth.of("acme")).status == 200


def test_an_expired_token_is_renewed_in_passing(oauth: Stack) -> None:
    connect_by_oauth(oauth)
    oauth.sandbox.authorization.expire_access_tokens()

    listed = oauth.call("GET", "/v1/resources/genericContact", oauth.of("acme"), query={"limit": "1"})

    assert len(listed.json["data"]) == 1
    assert oauth.sandbox.authorization.counts.by_grant_type == {"authorization_code": 1, "refresh_token": 1}


def test_a_projects_own_client_goes_before_the_deployments(oauth: Stack) -> None:
    from unified.connections.clients import client_context
    from unified.connections.vault import vault
    from unified.secret import Secret

    sealed = vault().seal(client_context(oauth.project_id, "ashby"), Secret("whitelabel-secret")).to_item()
    own = {
        "clientId": "whitelabel-client",
        "authorizeUrl": f"{oauth.sandbox_url}/oauth/authorize",
        "tokenUrl": f"{oauth.sandbox_url}/oauth/token",
        "sealed": sealed,
    }
    projects().update("pk_test", {"oauthClients": {"ashby": own}})

    address = begin(oauth)

    assert "client_id=whitelabel-client" in address
    assert returned(oauth, consent(address)).status == 200


def test_a_projects_redirect_urls_stand_in_for_the_deployments(oauth: Stack) -> None:
    projects().update("pk_test", {"redirectUrls": ["https://own.example/back?from=ashby"]})

    answer = returned(oauth, consent(begin(oauth, redirect_url="https://own.example/back?from=ashby")))

    assert answer.headers["location"].startswith("https://own.example/back?from=ashby&status=authorized&")
    refused = oauth.call("POST", f"{PATH}/authorization", query={"redirectUrl": REDIRECT_URL}, body={})
    assert (refused.status, refused.json["fields"][0]["field"]) == (400, "redirectUrl")


def _refused(page: Answer) -> None:
    assert page.status == 400
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>" in page.text
    assert "is connected" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "location" not in page.headers
