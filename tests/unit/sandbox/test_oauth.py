"""The authorization server: consent, codes, rotating refresh tokens, revocation."""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.oauth.server import challenge_of
from sandbox.state import Sandbox

CALLBACK = "http://127.0.0.1:8787/v1/callback/ashby"
VERIFIER = "v" * 43
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
Asked = dict[str, str]


def asked(**changes: str | None) -> Asked:
    """Return the parameters of a good authorization request, with changes; None removes one."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "sandbox-client",
        "redirect_uri": CALLBACK,
        "scope": "candidatesRead organizationRead",
        "state": "s&=t 1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def landed(answer: httpx.Response) -> dict[str, str]:
    """Return the query parameters of a redirect to the callback."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def decide(client: httpx.Client, page: str, decision: str, *, untick: str = "") -> httpx.Response:
    """Submit the consent form the way a browser without JavaScript would."""
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    boxes = re.findall(r'<input type="checkbox" name="granted" value="([^"]*)" checked>', page)
    fields: dict[str, Any] = {name: value.replace("&amp;", "&") for name, value in hidden}
    fields["granted"] = [box for box in boxes if box != untick]
    fields["decision"] = decision
    return client.post("/oauth/authorize", data=fields)


def consent(client: httpx.Client, **changes: str | None) -> str:
    """Allow everything and return the code."""
    page = client.get("/oauth/authorize", params=asked(**changes)).text
    return landed(decide(client, page, "allow"))["code"]


def redeem(client: httpx.Client, code: str, /, **changes: str) -> httpx.Response:
    """Exchange a code for tokens."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return client.post("/oauth/token", data={**form, **CLIENT, **changes})


def renew(client: httpx.Client, token: str, **changes: str) -> httpx.Response:
    """Exchange a refresh token for new ones."""
    return client.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token, **CLIENT, **changes}
    )


def call(client: httpx.Client, token: str, endpoint: str = "candidate.list") -> httpx.Response:
    """Call the API with an access token."""
    return client.post(f"/{endpoint}", json={"limit": 1}, headers={"authorization": f"Bearer {token}"})


@pytest.fixture
def tokens(client: httpx.Client) -> dict[str, Any]:
    """Return a fresh grant."""
    return redeem(client, consent(client)).json()


# -- consent -----------------------------------------------------------------------------------------------------


def test_the_consent_page_names_the_application_and_scopes_and_works_without_scripts(client: httpx.Client) -> None:
    answer = client.get("/oauth/authorize", params=asked())
    assert answer.status_code == 200
    assert "<h1>Local app</h1>" in answer.text
    assert "candidatesRead" in answer.text
    assert "organizationRead" in answer.text
    assert 'id="allow"' in answer.text
    assert 'id="deny"' in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_other_client_has_its_own_name(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=asked(client_id="whitelabel-client")).text
    assert "<h1>Acme Recruiting</h1>" in page


def test_allowing_returns_code_state_and_issuer(client: httpx.Client) -> None:
    answer = landed(decide(client, client.get("/oauth/authorize", params=asked()).text, "allow"))
    assert answer["state"] == "s&=t 1"
    assert answer["iss"] == "http://127.0.0.1:8788"
    assert answer["iss"] == client.get("/.well-known/oauth-authorization-server").json()["issuer"]
    assert set(answer) == {"code", "state", "iss"}


def test_denying_or_unticking_everything_is_access_denied(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=asked(scope="jobsRead")).text
    for answer in (decide(client, page, "deny"), decide(client, page, "allow", untick="jobsRead")):
        values = landed(answer)
        assert values["error"] == "access_denied"
        assert (values["state"], values["iss"]) == ("s&=t 1", "http://127.0.0.1:8788")


def test_an_unticked_scope_is_not_granted(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=asked()).text
    code = landed(decide(client, page, "allow", untick="organizationRead"))["code"]
    grant = redeem(client, code).json()
    assert grant["scope"] == "candidatesRead"
    assert call(client, grant["access_token"]).json()["success"] is True
    refused = call(client, grant["access_token"], "user.list")
    assert (refused.status_code, refused.json()["errorInfo"]["code"]) == (403, "missing_endpoint_permission")


def test_a_form_cannot_grant_more_than_was_asked_for(client: httpx.Client) -> None:
    form = {**asked(scope="jobsRead"), "granted": ["jobsRead", "candidatesWrite"], "decision": "allow"}
    code = landed(client.post("/oauth/authorize", data=form))["code"]
    assert redeem(client, code).json()["scope"] == "jobsRead"


def test_state_is_optional(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=asked(state=None)).text
    assert set(landed(decide(client, page, "allow"))) == {"code", "iss"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "candidatesRead everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
    ],
)
def test_a_wrong_request_of_a_known_client_is_redirected_back(
    changes: dict[str, str | None], error: str, client: httpx.Client
) -> None:
    values = landed(client.get("/oauth/authorize", params=asked(**changes)))
    assert (values["error"], values["state"]) == (error, "s&=t 1")
    assert "code" not in values


def test_a_repeated_parameter_is_invalid(client: httpx.Client) -> None:
    query = {**asked(), "scope": ["candidatesRead", "jobsRead"]}
    assert landed(client.get("/oauth/authorize", params=query))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?next=1"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "javascript:alert(1)//<script>alert(1)</script>"},
    ],
)
def test_an_unknown_client_or_address_is_a_page_and_never_a_redirect(
    changes: dict[str, str | None], client: httpx.Client
) -> None:
    answer = client.get("/oauth/authorize", params=asked(**changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script" not in answer.text


def test_what_the_request_carries_is_escaped_on_the_consent_page(client: httpx.Client) -> None:
    page = client.get("/oauth/authorize", params=asked(state='"><script>alert(1)</script>')).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


# -- codes -------------------------------------------------------------------------------------------------------


def test_a_code_gives_tokens_that_open_the_api(client: httpx.Client) -> None:
    answer = redeem(client, consent(client))
    grant = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 3600)
    assert grant["scope"] == "candidatesRead organizationRead"
    assert call(client, grant["access_token"]).json()["success"] is True


def test_the_second_use_of_a_code_fails_and_revokes_what_the_first_one_gave(client: httpx.Client) -> None:
    code = consent(client)
    grant = redeem(client, code).json()
    again = redeem(client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert call(client, grant["access_token"]).status_code == 401
    assert renew(client, grant["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_lives_sixty_seconds(client: httpx.Client, clock: Any) -> None:
    early, late = consent(client), consent(client)
    clock.advance(60)
    assert redeem(client, early).status_code == 200
    clock.advance(1)
    assert redeem(client, late).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "http://localhost:8787/v1/callback/ashby"}, "invalid_grant"),
        ({"code": "guess"}, "invalid_grant"),
        ({"client_id": "whitelabel-client", "client_secret": "whitelabel-secret"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_code_needs_its_verifier_address_and_client(
    changes: dict[str, str], error: str, client: httpx.Client
) -> None:
    code = consent(client)
    answer = redeem(client, code, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert redeem(client, code).status_code == 200


# -- client authentication ---------------------------------------------------------------------------------------


def basic(identifier: str, secret: str) -> dict[str, str]:
    """Return a Basic header."""
    return {"authorization": "Basic " + b64encode(f"{identifier}:{secret}".encode()).decode()}


def test_a_client_may_authenticate_by_basic_instead(client: httpx.Client) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": consent(client),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    answer = client.post("/oauth/token", data=form, headers=basic("sandbox%2Dclient", "sandbox-secret"))
    assert answer.status_code == 200


def test_a_wrong_secret_is_401_invalid_client(client: httpx.Client) -> None:
    by_post = redeem(client, "x", client_secret="wrong")
    by_basic = client.post("/oauth/token", data={"grant_type": "x"}, headers=basic("sandbox-client", "wrong"))
    unreadable = client.post("/oauth/token", data={"grant_type": "x"}, headers={"authorization": "Basic !"})
    for answer in (by_post, by_basic, unreadable):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" in by_basic.headers
    assert "www-authenticate" not in by_post.headers


def test_a_client_must_not_authenticate_twice_nor_repeat_parameters(client: httpx.Client) -> None:
    twice = client.post("/oauth/token", data=CLIENT, headers=basic("sandbox-client", "sandbox-secret"))
    repeated = client.post("/oauth/token", data={**CLIENT, "grant_type": ["refresh_token", "refresh_token"]})
    assert twice.json()["error"] == repeated.json()["error"] == "invalid_request"


def test_the_token_endpoint_takes_forms_not_json(client: httpx.Client) -> None:
    assert client.post("/oauth/token", json={"grant_type": "refresh_token", **CLIENT}).json()["error"] == (
        "invalid_client"
    )


# -- refreshing --------------------------------------------------------------------------------------------------


def test_refresh_tokens_rotate_and_each_works_once(client: httpx.Client, tokens: dict[str, Any]) -> None:
    second = renew(client, tokens["refresh_token"]).json()
    third = renew(client, second["refresh_token"]).json()
    assert len({tokens["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert third["scope"] == tokens["scope"]
    assert call(client, third["access_token"]).status_code == 200


def test_reuse_of_a_spent_refresh_token_revokes_the_whole_family(client: httpx.Client, tokens: dict[str, Any]) -> None:
    second = renew(client, tokens["refresh_token"]).json()
    replayed = renew(client, tokens["refresh_token"])
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    assert call(client, tokens["access_token"]).status_code == 401
    assert call(client, second["access_token"]).status_code == 401
    assert renew(client, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_another_consent_survives_the_end_of_a_family(client: httpx.Client, tokens: dict[str, Any]) -> None:
    other = redeem(client, consent(client)).json()
    renew(client, tokens["refresh_token"])
    renew(client, tokens["refresh_token"])
    assert call(client, other["access_token"]).status_code == 200


def test_a_refresh_may_narrow_but_not_widen_the_scopes(client: httpx.Client, tokens: dict[str, Any]) -> None:
    assert renew(client, tokens["refresh_token"], scope="candidatesWrite").json()["error"] == "invalid_scope"
    assert renew(client, tokens["refresh_token"], scope="nonsense").json()["error"] == "invalid_scope"
    narrow = renew(client, tokens["refresh_token"], scope="candidatesRead").json()
    assert narrow["scope"] == "candidatesRead"
    assert call(client, narrow["access_token"], "user.list").status_code == 403
    assert renew(client, narrow["refresh_token"]).json()["scope"] == tokens["scope"]


def test_a_refresh_token_belongs_to_its_client(client: httpx.Client, tokens: dict[str, Any]) -> None:
    stolen = renew(client, tokens["refresh_token"], client_id="whitelabel-client", client_secret="whitelabel-secret")
    assert stolen.json()["error"] == "invalid_grant"
    assert renew(client, tokens["refresh_token"]).status_code == 200


# -- access tokens -----------------------------------------------------------------------------------------------


def test_an_access_token_expires_and_says_so(client: httpx.Client, tokens: dict[str, Any], clock: Any) -> None:
    clock.advance(3599)
    assert call(client, tokens["access_token"]).status_code == 200
    clock.advance(1)
    refused = call(client, tokens["access_token"])
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["www-authenticate"]
    assert renew(client, tokens["refresh_token"]).status_code == 200


def test_all_access_tokens_can_be_expired_now(client: httpx.Client, tokens: dict[str, Any]) -> None:
    assert client.post("/_sandbox/tokens/expire").json() == {"expired": 1}
    assert call(client, tokens["access_token"]).status_code == 401
    assert call(client, renew(client, tokens["refresh_token"]).json()["access_token"]).status_code == 200


def test_the_lifetime_can_be_changed_while_running(client: httpx.Client, clock: Any) -> None:
    client.post("/_sandbox/tokens/lifetime", json={"seconds": 5})
    grant = redeem(client, consent(client)).json()
    assert grant["expires_in"] == 5
    clock.advance(5)
    assert call(client, grant["access_token"]).status_code == 401


def test_an_access_token_reads_its_own_scopes(client: httpx.Client) -> None:
    grant = redeem(client, consent(client, scope="apiKeysRead jobsRead")).json()
    answer = call(client, grant["access_token"], "apiKey.info").json()
    assert answer["results"]["scopes"] == ["apiKeys:read", "jobs:read"]
    assert answer["results"]["title"] == "Local app"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_family(kind: str, client: httpx.Client, tokens: dict[str, Any]) -> None:
    assert client.post("/oauth/revoke", data={"token": tokens[kind], **CLIENT}).status_code == 200
    assert call(client, tokens["access_token"]).status_code == 401
    assert renew(client, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_revoking_needs_the_client_and_ignores_unknown_and_foreign_tokens(
    client: httpx.Client, tokens: dict[str, Any]
) -> None:
    other = {"client_id": "whitelabel-client", "client_secret": "whitelabel-secret"}
    assert client.post("/oauth/revoke", data={"token": tokens["access_token"]}).status_code == 401
    assert client.post("/oauth/revoke", data={"token": tokens["access_token"], **other}).status_code == 200
    assert client.post("/oauth/revoke", data={"token": "unknown", **CLIENT}).status_code == 200
    assert client.post("/oauth/revoke", data=CLIENT).json()["error"] == "invalid_request"
    assert call(client, tokens["access_token"]).status_code == 200


def test_calls_of_the_token_endpoint_are_counted(
    client: httpx.Client, tokens: dict[str, Any], sandbox: Sandbox
) -> None:
    renew(client, tokens["refresh_token"])
    renew(client, tokens["refresh_token"])
    counts = client.get("/_sandbox/").json()["tokenEndpoint"]
    assert counts == {
        "requests": 3,
        "refused": 1,
        "byGrantType": {"authorization_code": 1, "refresh_token": 2},
    }
    assert sandbox.calls.by_endpoint["oauth.token"] == 3


def test_the_challenge_is_the_published_example() -> None:
    # RFC 7636 appendix B.
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
