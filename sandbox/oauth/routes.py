"""The HTTP side of the authorization server.

`GET|POST /oauth/authorize` (RFC 6749 section 4.1.1 and OAuth 2.1), `POST /oauth/token`, `POST /oauth/revoke`
(RFC 7009) and the metadata document (RFC 8414). Redirects carry `iss` (RFC 9207).
"""

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import permissions
from sandbox.oauth import pages
from sandbox.oauth.server import AuthorizationServer, Client, OAuthError, TokenGrant, parse_scopes

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _server(request: Request) -> AuthorizationServer:
    return request.app.state.sandbox.authorization


# -- authorization -----------------------------------------------------------------------------------------------


class _Untrusted(Exception):
    """The client or its redirect address is wrong: tell the user, never redirect."""


@dataclass(frozen=True)
class _AuthorizationRequest:
    client: Client
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    error: tuple[str, str] | None = None


async def authorize(request: Request) -> Response:
    """Show the consent page, or redirect with the user's decision or an error."""
    server = _server(request)
    if request.method == "POST":
        pairs = await _form(request)
    else:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
    granted = [value for name, value in pairs if name == "granted"]
    pairs = [pair for pair in pairs if pair[0] != "granted"]
    try:
        asked = _read_authorization(server, pairs)
    except _Untrusted as problem:
        return HTMLResponse(pages.error_page(str(problem)), status_code=400, headers=pages.HEADERS)
    values = dict(pairs)
    decision = values.pop("decision", None)
    if asked.error is not None:
        return _redirect(server, asked, {"error": asked.error[0], "error_description": asked.error[1]})
    if request.method != "POST":
        return HTMLResponse(pages.consent_page(asked.client.name, asked.scopes, values), headers=pages.HEADERS)
    allowed = tuple(scope for scope in asked.scopes if scope in granted)
    if decision != "allow" or not allowed:
        return _redirect(server, asked, {"error": "access_denied", "error_description": "The user said no."})
    code = server.issue_code(asked.client, asked.redirect_uri, allowed, asked.challenge)
    return _redirect(server, asked, {"code": code})


def _read_authorization(server: AuthorizationServer, pairs: list[tuple[str, str]]) -> _AuthorizationRequest:
    values = dict(pairs)
    client = server.clients.get(values.get("client_id", ""))
    if client is None:
        raise _Untrusted("The application that sent you here is not known.")
    redirect_uri = values.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise _Untrusted(f"{client.name} asked to return to an address that is not registered: {redirect_uri}")
    scopes = parse_scopes(values.get("scope", ""))
    error: tuple[str, str] | None = None
    if len(values) != len(pairs):
        error = ("invalid_request", "A parameter was sent twice.")
    elif "response_type" not in values:
        error = ("invalid_request", "response_type is missing.")
    elif values["response_type"] != "code":
        error = ("unsupported_response_type", "Only code is supported.")
    elif values.get("code_challenge_method") != "S256" or not values.get("code_challenge"):
        error = ("invalid_request", "PKCE with S256 is required.")
    elif not scopes:
        error = ("invalid_scope", "scope must list known permissions.")
    return _AuthorizationRequest(
        client, redirect_uri, values.get("state"), scopes or (), values.get("code_challenge", ""), error
    )


def _redirect(server: AuthorizationServer, asked: _AuthorizationRequest, answer: Mapping[str, str]) -> RedirectResponse:
    values = {**answer, "iss": server.issuer}
    if asked.state is not None:
        values["state"] = asked.state
    separator = "&" if "?" in asked.redirect_uri else "?"
    # 303 so that the POST of the consent form becomes a GET of the callback.
    return RedirectResponse(f"{asked.redirect_uri}{separator}{urlencode(values)}", status_code=303, headers=_NO_STORE)


# -- tokens ------------------------------------------------------------------------------------------------------

_Answer = Callable[[AuthorizationServer, Client, Mapping[str, str]], Response]


def _client_endpoint(answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Wrap what a token endpoint does in form parsing, client authentication and OAuth's error answers."""

    async def handle(request: Request) -> Response:
        server = _server(request)
        try:
            values = _single_values(await _form(request))
            return answer(server, _client_of(server, request, values), values)
        except OAuthError as problem:
            headers = dict(_NO_STORE)
            if problem.status == 401 and "authorization" in request.headers:
                headers["WWW-Authenticate"] = 'Basic realm="OAuth"'
            body = {"error": problem.error, "error_description": problem.description}
            return JSONResponse(body, status_code=problem.status, headers=headers)

    return handle


def _token(server: AuthorizationServer, client: Client, values: Mapping[str, str]) -> Response:
    """Answer `POST /oauth/token`."""
    counts, kind = server.counts, values.get("grant_type", "")
    counts.requests += 1
    counts.by_grant_type[kind] = counts.by_grant_type.get(kind, 0) + 1
    try:
        grant = _grant(server, client, kind, values)
    except OAuthError:
        counts.refused += 1
        raise
    return JSONResponse(grant.body(), headers=_NO_STORE)


def _grant(server: AuthorizationServer, client: Client, kind: str, values: Mapping[str, str]) -> TokenGrant:
    match kind:
        case "authorization_code":
            code, redirect_uri, verifier = _needed(values, "code", "redirect_uri", "code_verifier")
            return server.redeem_code(client, code, redirect_uri, verifier)
        case "refresh_token":
            (token,) = _needed(values, "refresh_token")
            scopes = parse_scopes(values["scope"]) if values.get("scope") else None
            if values.get("scope") and scopes is None:
                raise OAuthError("invalid_scope", "scope must list known permissions.")
            return server.refresh(client, token, scopes)
        case "":
            raise OAuthError("invalid_request", "grant_type is missing.")
        case _:
            raise OAuthError("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")


def _revoke(server: AuthorizationServer, client: Client, values: Mapping[str, str]) -> Response:
    """Answer `POST /oauth/revoke`: 200 whether or not the token was known (RFC 7009 section 2.2)."""
    (token,) = _needed(values, "token")
    server.revoke(client, token)
    return Response(headers=_NO_STORE)


def _needed(values: Mapping[str, str], *names: str) -> list[str]:
    if missing := [name for name in names if not values.get(name)]:
        raise OAuthError("invalid_request", f"Missing: {', '.join(missing)}.")
    return [values[name] for name in names]


def _client_of(server: AuthorizationServer, request: Request, values: Mapping[str, str]) -> Client:
    """Authenticate the client by client_secret_basic or client_secret_post (RFC 6749 section 2.3.1), not both."""
    header = request.headers.get("authorization")
    if header is None:
        return server.authenticate_client(values.get("client_id", ""), values.get("client_secret", ""))
    if "client_secret" in values:
        raise OAuthError("invalid_request", "Authenticate the client in one way only.")
    scheme, _, encoded = header.partition(" ")
    try:
        identifier, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        identifier = secret = ""
    if scheme.lower() != "basic":
        raise OAuthError("invalid_client", "Only the Basic scheme is supported.", status=401)
    return server.authenticate_client(unquote_plus(identifier), unquote_plus(secret))


async def _form(request: Request) -> list[tuple[str, str]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return []
    return parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)


def _single_values(pairs: list[tuple[str, str]]) -> dict[str, str]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise OAuthError("invalid_request", "A parameter was sent twice.")
    return values


async def metadata(request: Request) -> Response:
    """Answer the authorization server metadata (RFC 8414)."""
    issuer = _server(request).issuer
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "scopes_supported": list(permissions.DESCRIPTIONS),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


ROUTES = [
    Route("/oauth/authorize", authorize, methods=["GET", "POST"]),
    Route("/oauth/token", _client_endpoint(_token), methods=["POST"]),
    Route("/oauth/revoke", _client_endpoint(_revoke), methods=["POST"]),
    Route("/.well-known/oauth-authorization-server", metadata),
]
