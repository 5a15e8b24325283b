"""`/_sandbox/...`: look at the sandbox and steer it. JSON, no authentication: it listens on loopback only.

Bodies and answers are listed in docs/sandbox.md.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import parameters, permissions, pipeline
from sandbox.credentials import ApiKey
from sandbox.errors import ApiError, ErrorShape, invalid_input, not_found
from sandbox.faults import Fault, FaultKind
from sandbox.parameters import Parameter, optional, read_parameters, required
from sandbox.state import Sandbox

_Action = Callable[[Sandbox, dict[str, Any], Mapping[str, str]], Any]


def _route(path: str, method: str, action: _Action, declared: Mapping[str, Parameter] | None = None) -> Route:
    """Make a route from an action that gets the sandbox, the checked body and the path and query parameters."""

    async def handle(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        try:
            body: Any = await request.json() if await request.body() else {}
        except ValueError:
            body = None
        try:
            if not isinstance(body, dict):
                raise invalid_input(("", "The body must be a JSON object"))
            read = read_parameters(declared or {}, cast("dict[str, Any]", body), strict=True)
            with sandbox.organisation.lock:
                return JSONResponse(action(sandbox, read, {**request.query_params, **request.path_params}))
        except ApiError as error:
            return JSONResponse(error.body("ADMIN"), status_code=404 if error.code.endswith("_not_found") else 400)

    endpoint: Callable[[Request], Awaitable[Response]] = handle
    return Route(f"/_sandbox{path}", endpoint, methods=[method])


# -- looking -----------------------------------------------------------------------------------------------------


def _summary(sandbox: Sandbox, _body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    organisation = sandbox.organisation
    return {
        "seed": organisation.seed,
        "counts": {kind: len(table) for kind, table in organisation.tables.items()},
        "merged": organisation.merged,
        "lastChange": organisation.last_change,
        "calls": {"byEndpoint": dict(sandbox.calls.by_endpoint), "byKey": dict(sandbox.calls.by_key)},
        "tokenEndpoint": {
            "requests": sandbox.authorization.counts.requests,
            "refused": sandbox.authorization.counts.refused,
            "byGrantType": sandbox.authorization.counts.by_grant_type,
        },
        "accessTokenSeconds": sandbox.authorization.access_token_seconds,
        "rateLimit": asdict(sandbox.limiter.rules),
        "paging": asdict(sandbox.pager.rules),
        "keys": [_key(key) for key in sandbox.keys.all()],
        "faults": [_fault(fault) for fault in sandbox.faults.all()],
    }


def _calls(sandbox: Sandbox, _body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    return {"calls": sandbox.calls.latest(_number(query, "limit", 100))}


def _changes(sandbox: Sandbox, _body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    after = _number(query, "after", 0)
    return {"changes": [asdict(change) for change in sandbox.organisation.recent_changes if change.number > after]}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return parameters.whole(0, 10**9)(query.get(name, default))
    except parameters.InvalidValue as problem:
        raise invalid_input((name, str(problem))) from problem


# -- steering ----------------------------------------------------------------------------------------------------


def _reset(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    sandbox.reset(candidates=body.get("candidates"), seed=body.get("seed"))
    return {"candidates": len(sandbox.organisation.candidates), "seed": sandbox.organisation.seed}


_RESET = {"candidates": optional(parameters.whole(0, 10_000_000)), "seed": optional(parameters.whole(0, 2**31))}


def _fault(fault: Fault) -> dict[str, Any]:
    names = {
        "identifier": "id",
        "endpoint": "endpoint",
        "kind": "kind",
        "times": "times",
        "skip": "skip",
        "status": "status",
        "retry_after": "retryAfter",
        "partner": "partner",
        "milliseconds": "milliseconds",
        "code": "code",
        "message": "message",
        "shape": "shape",
    }
    return {wire: getattr(fault, name) for name, wire in names.items()}


_FAULT = {
    "endpoint": required(parameters.text),
    "kind": required(parameters.one_of(*FaultKind)),
    "times": optional(parameters.whole(1, 10**9), nullable=True),
    "skip": optional(parameters.whole(0, 10**9)),
    "status": optional(parameters.whole(400, 599)),
    "retryAfter": optional(parameters.whole(0, 10**6)),
    "partner": optional(parameters.flag),
    "milliseconds": optional(parameters.whole(0, 600_000)),
    "code": optional(parameters.text),
    "message": optional(parameters.any_text),
    "shape": optional(parameters.one_of(*ErrorShape.__members__)),
}


def _add_fault(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {**body, "kind": FaultKind(body["kind"])}
    if "retryAfter" in values:
        values["retry_after"] = values.pop("retryAfter")
    return _fault(sandbox.faults.add(Fault(**values)))


def _list_faults(sandbox: Sandbox, _body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    return {"faults": [_fault(fault) for fault in sandbox.faults.all()]}


def _clear_faults(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    return {"removed": sandbox.faults.clear(body.get("id"))}


def _key(key: ApiKey) -> dict[str, Any]:
    principal = key.principal
    return {
        "key": key.secret,
        "keyId": principal.key_id,
        "title": principal.title,
        "permissions": sorted(principal.permissions),
        "privateFields": principal.private_fields,
        "confidential": principal.confidential,
        "onBehalfOf": principal.on_behalf_of,
        "enabled": key.enabled,
    }


_KEY = {
    "key": required(parameters.text),
    "title": optional(parameters.text),
    "permissions": optional(parameters.list_of(parameters.one_of(*sorted(permissions.ALL)))),
    "privateFields": optional(parameters.flag),
    "confidential": optional(parameters.flag),
    "onBehalfOf": optional(parameters.flag),
    "enabled": optional(parameters.flag),
}


def _save_key(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    """Create a key, or change the given properties of the one with this secret."""
    known = sandbox.keys.find(body["key"])
    old: dict[str, Any] = _key(known) if known else {"title": "Made by a test", "permissions": sorted(permissions.ALL)}
    new = {**old, **body}
    key = sandbox.keys.add(
        body["key"],
        title=new["title"],
        granted=new["permissions"],
        private_fields=new.get("privateFields", False),
        confidential=new.get("confidential", False),
        on_behalf_of=new.get("onBehalfOf", False),
        enabled=new.get("enabled", True),
    )
    return _key(key)


def _expire_tokens(sandbox: Sandbox, _body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    return {"expired": sandbox.authorization.expire_access_tokens()}


def _token_lifetime(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    sandbox.authorization.access_token_seconds = body["seconds"]
    return {"seconds": sandbox.authorization.access_token_seconds}


def _rate_limit(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    rules = sandbox.limiter.rules
    rules.per_minute = body.get("perMinute", rules.per_minute)
    rules.burst = body.get("burst", rules.burst)
    rules.partner_retry_after = body.get("partnerRetryAfter", rules.partner_retry_after)
    return asdict(rules)


_RATE_LIMIT = {
    "perMinute": optional(parameters.whole(1, 10**9)),
    "burst": optional(parameters.whole(0, 10**9)),
    "partnerRetryAfter": optional(parameters.whole(0, 10**6), nullable=True),
}


def _paging(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    rules = sandbox.pager.rules
    rules.cursor_seconds = body.get("cursorSeconds", rules.cursor_seconds)
    rules.sync_token_seconds = body.get("syncTokenSeconds", rules.sync_token_seconds)
    rules.incremental_pages = body.get("incrementalPages", rules.incremental_pages)
    return asdict(rules)


_PAGING = {
    "cursorSeconds": optional(parameters.number),
    "syncTokenSeconds": optional(parameters.number),
    "incrementalPages": optional(parameters.whole(0, 10**6)),
}


def _expire_paging(sandbox: Sandbox, _body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    sandbox.pager.expire_all()
    return {"expired": True}


# -- records -----------------------------------------------------------------------------------------------------


def _record(sandbox: Sandbox, kind: str, path: Mapping[str, str]) -> dict[str, Any]:
    record = sandbox.organisation.tables[kind].get(path["id"])
    if record is None:
        raise not_found(kind)
    return record


def _candidate(sandbox: Sandbox, _body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    record = _record(sandbox, "candidate", path)
    applications = [sandbox.organisation.applications.get(identifier) for identifier in record["applicationIds"]]
    return {**record, "applications": applications, "notes": list(sandbox.organisation.notes(record["id"]))}


def _touch(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("candidate", {**_record(sandbox, "candidate", path), **body})


def _delete(sandbox: Sandbox, _body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    record = _record(sandbox, "candidate", path)
    for application_id in record["applicationIds"]:
        application = sandbox.organisation.applications.get(application_id)
        if application is not None:
            pipeline.remove(sandbox.organisation, application, keep_candidate=False)
    sandbox.organisation.delete("candidate", record["id"])
    return {"id": record["id"]}


def _merge(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    try:
        return sandbox.organisation.merge_candidates(body["survivorId"], body["loserId"])
    except KeyError as problem:
        raise not_found("candidate") from problem
    except ValueError as problem:
        raise invalid_input(("loserId", str(problem))) from problem


def _import(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    """Add candidates the way a bulk import does: no notification of any kind but the change log."""
    made: list[str] = []
    rows = body.get("candidates", []) + [
        {"name": f"Imported {number}", "email": f"imported.{number}@example.com"}
        for number in range(1, body.get("count", 0) + 1)
    ]
    for row in rows:
        record = sandbox.organisation.blank_candidate(row["name"], created_at=sandbox.organisation.now())
        if "email" in row:
            record["emailAddresses"] = [{"value": row["email"], "type": "Personal", "isPrimary": True}]
        made.append(sandbox.organisation.save("candidate", record)["id"])
    return {"ids": made}


def _application(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return pipeline.set_status(sandbox.organisation, _record(sandbox, "application", path), body["status"])


def _event(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("interview_event", {**_record(sandbox, "interview_event", path), **body})


def _job(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("job", {**_record(sandbox, "job", path), **body})


def _user(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("user", {**_record(sandbox, "user", path), **body})


_TEXT = optional(parameters.text, nullable=True)
ROUTES = [
    _route("", "GET", _summary),
    _route("/", "GET", _summary),
    _route("/calls", "GET", _calls),
    _route("/changes", "GET", _changes),
    _route("/reset", "POST", _reset, _RESET),
    _route("/faults", "GET", _list_faults),
    _route("/faults", "POST", _add_fault, _FAULT),
    _route("/faults", "DELETE", _clear_faults, {"id": optional(parameters.whole(1, 10**9))}),
    _route("/keys", "POST", _save_key, _KEY),
    _route("/tokens/expire", "POST", _expire_tokens),
    _route("/tokens/lifetime", "POST", _token_lifetime, {"seconds": required(parameters.whole(1, 10**9))}),
    _route("/rate-limit", "POST", _rate_limit, _RATE_LIMIT),
    _route("/paging", "POST", _paging, _PAGING),
    _route("/paging/expire", "POST", _expire_paging),
    _route(
        "/candidates",
        "POST",
        _import,
        {
            "count": optional(parameters.whole(1, 1_000_000)),
            "candidates": optional(
                parameters.list_of(
                    parameters.structure({"name": required(parameters.text), "email": optional(parameters.email)})
                )
            ),
        },
    ),
    _route(
        "/candidates/merge",
        "POST",
        _merge,
        {"survivorId": required(parameters.identifier), "loserId": required(parameters.identifier)},
    ),
    _route("/candidates/{id}", "GET", _candidate),
    _route("/candidates/{id}", "DELETE", _delete),
    _route(
        "/candidates/{id}/touch",
        "POST",
        _touch,
        dict.fromkeys(("position", "company", "school", "timezone"), _TEXT) | {"name": optional(parameters.text)},
    ),
    _route(
        "/applications/{id}",
        "POST",
        _application,
        {"status": required(parameters.one_of("Active", "Archived", "Hired", "Lead"))},
    ),
    _route("/interview-events/{id}", "POST", _event, {"hasSubmittedFeedback": required(parameters.flag)}),
    _route("/jobs/{id}", "POST", _job, {"confidential": required(parameters.flag)}),
    _route(
        "/users/{id}",
        "POST",
        _user,
        {
            "firstName": optional(parameters.text),
            "lastName": optional(parameters.text),
            "email": optional(parameters.email, nullable=True),
            "isEnabled": optional(parameters.flag),
            "globalRole": optional(
                parameters.one_of("Organization Admin", "Elevated Access", "Limited Access", "External Recruiter")
            ),
        },
    ),
]
