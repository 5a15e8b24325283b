"""`/_sandbox/records/...` and what else happens to records in Ashby's own interface only."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from sandbox import parameters, pipeline, records, removal
from sandbox.admin_routes import number, route
from sandbox.errors import invalid_input
from sandbox.parameters import InvalidValue, optional, required
from sandbox.state import Sandbox

_MOST_LISTED = 1000


def _fields(value: Any) -> dict[str, Any]:
    """Read an object as it is."""
    if not isinstance(value, dict):
        raise InvalidValue("Expected an object")
    return cast("dict[str, Any]", value)


def _quietly(sandbox: Sandbox, body: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Hold webhooks back while a change is made that Ashby would not tell, as one by an integration's sync."""
    return sandbox.webhooks.silence() if body.get("quiet", False) else nullcontext()


def _list(sandbox: Sandbox, _body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return raw records; `next` is the `offset` of the following page, or null."""
    organisation = sandbox.organisation
    table = organisation.tables[records.checked_kind(organisation, given["kind"])]
    limit = min(max(number(given, "limit", 100), 1), _MOST_LISTED)
    found, following = table.page(number(given, "offset", 0), limit)
    return {"records": found, "ids": [record["id"] for record in found], "next": following, "total": len(table)}


def _read(sandbox: Sandbox, _body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    return records.find(sandbox.organisation, given["kind"], given["id"])


def _create(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    changes = body.get("changes", {})
    with _quietly(sandbox, body):
        return records.create(sandbox.organisation, given["kind"], changes, copy_of=body.get("copyOf"))


def _change(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    with _quietly(sandbox, body):
        return records.change(sandbox.organisation, given["kind"], given["id"], body["changes"])


def _remove(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    with _quietly(sandbox, body):
        removal.remove(sandbox.organisation, given["kind"], given["id"])
    return {"id": given["id"]}


def _transition(sandbox: Sandbox, body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    organisation = sandbox.organisation
    job = records.find(organisation, "job", given["id"])
    plan = records.find(organisation, "interview_plan", body["interviewPlanId"])
    if job["defaultInterviewPlanId"] in {None, plan["id"]}:
        raise invalid_input(("interviewPlanId", "The job has no other plan to leave"))
    return pipeline.change_plan(organisation, job, plan)


def _push(sandbox: Sandbox, _body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    application = records.find(sandbox.organisation, "application", given["id"])
    return sandbox.organisation.save("application", application, action="pushed")


_QUIET = {"quiet": optional(parameters.flag)}
ROUTES = [
    route("/records/{kind}", "GET", _list),
    route(
        "/records/{kind}",
        "POST",
        _create,
        {"copyOf": optional(parameters.identifier), "changes": optional(_fields), **_QUIET},
    ),
    route("/records/{kind}/{id}", "GET", _read),
    route("/records/{kind}/{id}", "PATCH", _change, {"changes": required(_fields), **_QUIET}),
    route("/records/{kind}/{id}", "DELETE", _remove, _QUIET),
    route("/jobs/{id}/transition", "POST", _transition, {"interviewPlanId": required(parameters.identifier)}),
    route("/applications/{id}/push", "POST", _push),
]
