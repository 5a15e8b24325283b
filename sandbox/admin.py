"""`/_sandbox/...`: look at the sandbox and steer it. JSON, no authentication: it listens on loopback only.

Bodies and answers are listed in docs/sandbox.md.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sandbox import parameters, permissions, pipeline, records, removal
from sandbox.admin_routes import number, route
from sandbox.credentials import ApiKey, masked
from sandbox.errors import ErrorShape, invalid_input, not_found
from sandbox.faults import Fault, FaultKind
from sandbox.organisation import Organisation
from sandbox.parameters import optional, required
from sandbox.state import Sandbox
from sandbox.table import Record

# -- looking -----------------------------------------------------------------------------------------------------


def _summary(sandbox: Sandbox, _body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    organisation = sandbox.organisation
    return {
        "seed": organisation.seed,
        "counts": {kind: len(table) for kind, table in organisation.tables.items()},
        "merged": organisation.merged,
        "lastChange": organisation.last_change,
        "calls": {"byEndpoint": dict(sandbox.calls.by_endpoint), "byKey": sandbox.calls.by_key},
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
    return {"calls": sandbox.calls.latest(number(query, "limit", 100))}


def _changes(sandbox: Sandbox, _body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    after = number(query, "after", 0)
    return {"changes": [asdict(change) for change in sandbox.organisation.recent_changes if change.number > after]}


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
    key = None if fault.key is None else masked(fault.key)
    return {wire: getattr(fault, name) for name, wire in names.items()} | {"key": key}


_FAULT = {
    "endpoint": required(parameters.text),
    "kind": required(parameters.one_of(*FaultKind)),
    "key": optional(parameters.text),
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


def _candidate(sandbox: Sandbox, _body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    record = records.find(sandbox.organisation, "candidate", path["id"])
    applications = [sandbox.organisation.applications.get(identifier) for identifier in record["applicationIds"]]
    return {**record, "applications": applications, "notes": list(sandbox.organisation.notes(record["id"]))}


def _touch(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save(
        "candidate", {**records.find(sandbox.organisation, "candidate", path["id"]), **body}
    )


def _delete(sandbox: Sandbox, _body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    removal.remove(sandbox.organisation, "candidate", path["id"])
    return {"id": path["id"]}


def _merge(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    try:
        return sandbox.organisation.merge_candidates(body["survivorId"], body["loserId"])
    except KeyError as problem:
        raise not_found("candidate") from problem
    except ValueError as problem:
        raise invalid_input(("loserId", str(problem))) from problem


def _import(sandbox: Sandbox, body: dict[str, Any], _path: Mapping[str, str]) -> dict[str, Any]:
    """Add candidates the way a bulk import does: no notification of any kind but the change log.

    With a job each of them gets an application for it too.
    """
    organisation = sandbox.organisation
    made: list[str] = []
    rows = body.get("candidates", []) + [
        {"name": f"Imported {number}", "email": f"imported.{number}@example.com"}
        for number in range(1, body.get("count", 0) + 1)
    ]
    job = records.find(organisation, "job", body["jobId"]) if "jobId" in body else None
    if job is not None and job["defaultInterviewPlanId"] is None:
        raise invalid_input(("jobId", "The job has no interview plan"))
    with sandbox.webhooks.silence():
        for row in rows:
            record = organisation.blank_candidate(row["name"], created_at=organisation.now())
            if "email" in row:
                record["emailAddresses"] = [{"value": row["email"], "type": "Personal", "isPrimary": True}]
            candidate = organisation.save("candidate", record)
            made.append(candidate["id"])
            if job is not None:
                _apply(organisation, candidate, job)
    return {"ids": made}


def _apply(organisation: Organisation, candidate: Record, job: Record) -> None:
    stage = pipeline.first_stage(organisation, job["defaultInterviewPlanId"], "Lead")
    blank = pipeline.blank(organisation, candidate["id"], job, organisation.now())
    entered = pipeline.entered(organisation, blank, stage, reason_id=None, actor_id=None)
    saved = organisation.save("application", entered)
    organisation.save("candidate", {**candidate, "applicationIds": [*candidate["applicationIds"], saved["id"]]})


def _application(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return pipeline.set_status(
        sandbox.organisation, records.find(sandbox.organisation, "application", path["id"]), body["status"]
    )


def _event(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return records.change_event(
        sandbox.organisation, {**records.find(sandbox.organisation, "interview_event", path["id"]), **body}
    )


def _job(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("job", {**records.find(sandbox.organisation, "job", path["id"]), **body})


def _user(sandbox: Sandbox, body: dict[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
    return sandbox.organisation.save("user", {**records.find(sandbox.organisation, "user", path["id"]), **body})


_TEXT = optional(parameters.text, nullable=True)
ROUTES = [
    route("", "GET", _summary),
    route("/", "GET", _summary),
    route("/calls", "GET", _calls),
    route("/changes", "GET", _changes),
    route("/reset", "POST", _reset, _RESET),
    route("/faults", "GET", _list_faults),
    route("/faults", "POST", _add_fault, _FAULT),
    route("/faults", "DELETE", _clear_faults, {"id": optional(parameters.whole(1, 10**9))}),
    route("/keys", "POST", _save_key, _KEY),
    route("/tokens/expire", "POST", _expire_tokens),
    route("/tokens/lifetime", "POST", _token_lifetime, {"seconds": required(parameters.whole(1, 10**9))}),
    route("/rate-limit", "POST", _rate_limit, _RATE_LIMIT),
    route("/paging", "POST", _paging, _PAGING),
    route("/paging/expire", "POST", _expire_paging),
    route(
        "/candidates",
        "POST",
        _import,
        {
            "count": optional(parameters.whole(1, 1_000_000)),
            "jobId": optional(parameters.identifier),
            "candidates": optional(
                parameters.list_of(
                    parameters.structure({"name": required(parameters.text), "email": optional(parameters.email)})
                )
            ),
        },
    ),
    route(
        "/candidates/merge",
        "POST",
        _merge,
        {"survivorId": required(parameters.identifier), "loserId": required(parameters.identifier)},
    ),
    route("/candidates/{id}", "GET", _candidate),
    route("/candidates/{id}", "DELETE", _delete),
    route(
        "/candidates/{id}/touch",
        "POST",
        _touch,
        dict.fromkeys(("position", "company", "school", "timezone"), _TEXT) | {"name": optional(parameters.text)},
    ),
    route(
        "/applications/{id}",
        "POST",
        _application,
        {"status": required(parameters.one_of("Active", "Archived", "Hired", "Lead"))},
    ),
    route("/interview-events/{id}", "POST", _event, {"hasSubmittedFeedback": required(parameters.flag)}),
    route("/jobs/{id}", "POST", _job, {"confidential": required(parameters.flag)}),
    route(
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
