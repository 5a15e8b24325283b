"""Wrapping every data key of a project anew, by the deployment's current KMS key.

All that is sealed: credentials, the project's OAuth clients, its endpoints' secrets, and of each watched connection the
hook's secrets and the key of its events' bodies. Readers go on meanwhile. What was replaced in between is counted as
skipped: it was sealed under the current key already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from unified import table as t
from unified.connections.clients import client_context
from unified.connections.store import store
from unified.connections.vault import Context, Sealed, vault
from unified.deliveries.endpoints import endpoint_context, endpoints
from unified.ledger.registry import Registry
from unified.projects import Project, projects


class Change(NamedTuple):
    """An item's attribute in its new wrapping, to be put in the place of what was read."""

    key: t.Key
    name: str
    before: Any
    after: Any


def rewrap_all(project: Project) -> dict[str, int]:
    """Wrap a project's data keys anew; returns how many items were done and how many skipped."""
    done = _clients(project)
    skipped = 0
    for one in (*_credentials(project), *_endpoints(project), *_watched(project)):
        if one is True:
            done += 1
        elif one is False:
            skipped += 1
        else:
            replaced = _replace(one)
            done, skipped = done + replaced, skipped + (not replaced)
    return {"rewrapped": done, "skipped": skipped}


def _clients(project: Project) -> int:
    clients = {
        connector: {**client, "sealed": _rewrapped(client_context(project.id, connector), client["sealed"])}
        for connector, client in project.oauth_clients.items()
    }
    if clients:
        projects().update(project.public_key, {"oauthClients": clients})
    return len(clients)


def _credentials(project: Project) -> Iterator[bool | Change]:
    after: str | None = None
    while True:
        found, after = store().page(project.id, None, limit=100, after=after)
        for connection in found:
            stored = store().read(connection.reference)
            if stored is not None:
                sealed = vault().rewrap(connection.reference.context(), stored.sealed)
                yield store().rewrap(connection.reference, stored, sealed)
        if after is None:
            return


def _endpoints(project: Project) -> Iterator[bool | Change]:
    for endpoint in endpoints().all(project.id):
        before = list(endpoint.secrets)
        after = [{**one, **_rewrapped(endpoint_context(project.id), one)} for one in before]
        yield Change(t.endpoint_key(project.id, endpoint.id), "secrets", before, after)


def _watched(project: Project) -> Iterator[bool | Change]:
    for due in Registry(t.table()).all():
        watch = due.watch
        if watch.reference.project != project.id or due.is_removed:
            continue
        state = t.table().get(watch.sync_key("STATE")) or {}
        hook = t.table().get(t.hook_key(state["hookId"])) if "hookId" in state else None
        if hook is not None and hook.get("secrets"):
            before = hook["secrets"]
            context = watch.reference.context("hook")
            after = [{**one, "sealed": _rewrapped(context, one["sealed"])} for one in before]
            yield Change(t.hook_key(state["hookId"]), "secrets", before, after)
        bodies = t.table().get(watch.sync_key("KEY"))
        # One that was removed this very moment has no key any more.
        if bodies is not None and "wrappedKey" in bodies:
            key_id, wrapped = vault().rewrap_key(watch.reference.context("event"), bodies["wrappedKey"])
            yield Change(watch.sync_key("KEY"), "wrappedKey", bodies["wrappedKey"], wrapped)
            yield Change(watch.sync_key("KEY"), "keyId", bodies["keyId"], key_id)


def _replace(change: Change) -> bool:
    same = t.Condition(f"#{change.name} = :before", {"before": change.before}, (change.name,))
    try:
        t.table().update(change.key, {change.name: change.after}, condition=same)
    except t.ConditionFailed:
        return False
    return True


def _rewrapped(context: Context, sealed: Mapping[str, Any]) -> dict[str, Any]:
    return vault().rewrap(context, Sealed.from_item(sealed)).to_item()
